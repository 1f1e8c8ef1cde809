//! Plant, inventory and intangible assets.

use crate::identity::Industry;
use crate::ledger::items::{Term, term};

const LAND: Term = term(
    &["land", "land and land improvements"],
    "the ground the company owns",
);
const BUILDINGS: Term = term(
    &[
        "buildings and improvements",
        "buildings",
        "buildings and building improvements",
    ],
    "the cost of structures the company owns",
);
const MACHINERY: Term = term(
    &[
        "machinery and equipment",
        "machinery, equipment and tooling",
        "production equipment",
    ],
    "the cost of production machines",
);
const FURNITURE: Term = term(
    &[
        "furniture and fixtures",
        "office furniture and equipment",
        "furniture and office equipment",
    ],
    "the cost of office furnishings",
);
const COMPUTERS: Term = term(
    &[
        "computer equipment and software",
        "computer hardware and software",
        "computers and software",
    ],
    "the cost of information technology in use",
);
const LEASEHOLD: Term = term(
    &["leasehold improvements", "improvements to leased property"],
    "the cost of fitting out rented premises",
);
const PROGRESS: Term = term(
    &[
        "construction in progress",
        "construction in process",
        "construction-in-progress",
    ],
    "the assets still being built",
);
const VEHICLES: Term = term(
    &[
        "vehicles",
        "transportation equipment",
        "vehicles and transportation equipment",
    ],
    "the cost of the fleet",
);

static OFFICE: [Term; 8] = [
    COMPUTERS,
    term(
        &["servers and network equipment", "data center equipment"],
        "the cost of data center hardware",
    ),
    term(
        &[
            "capitalized internal-use software",
            "internal-use software",
            "capitalized software",
        ],
        "the cost of software built for own use",
    ),
    BUILDINGS,
    LEASEHOLD,
    FURNITURE,
    LAND,
    PROGRESS,
];
static PLANT: [Term; 9] = [
    MACHINERY,
    BUILDINGS,
    COMPUTERS,
    term(
        &["tools, dies and molds", "tooling", "molds and dies"],
        "the cost of tools and molds",
    ),
    LEASEHOLD,
    VEHICLES,
    FURNITURE,
    LAND,
    PROGRESS,
];
static STORES: [Term; 8] = [
    BUILDINGS,
    term(
        &[
            "store fixtures and equipment",
            "fixtures and equipment",
            "store equipment",
        ],
        "the cost of fitting out the stores",
    ),
    LEASEHOLD,
    COMPUTERS,
    term(
        &["distribution center equipment", "warehouse equipment"],
        "the cost of equipment in warehouses",
    ),
    VEHICLES,
    LAND,
    PROGRESS,
];
static GRID: [Term; 7] = [
    term(
        &[
            "distribution",
            "distribution plant",
            "distribution lines and stations",
        ],
        "the local delivery network",
    ),
    term(
        &["transmission", "transmission plant"],
        "the high-voltage network",
    ),
    term(
        &[
            "generation",
            "generation plant",
            "electric generation plant",
        ],
        "the power stations",
    ),
    term(
        &["natural gas plant", "gas distribution plant"],
        "the gas network",
    ),
    term(
        &["general and common plant", "general plant"],
        "the plant used by all businesses",
    ),
    term(
        &["nuclear fuel", "nuclear fuel, at amortized cost"],
        "the fuel of the reactors",
    ),
    term(
        &["construction work in progress", "construction in progress"],
        "the utility plant being built",
    ),
];
static FIELDS: [Term; 8] = [
    term(
        &["proved oil and gas properties", "proved properties"],
        "the capitalized cost of proved reserves",
    ),
    term(
        &[
            "refining facilities",
            "refineries",
            "refining and processing plant",
        ],
        "the cost of the refineries",
    ),
    term(
        &[
            "pipelines and gathering systems",
            "pipelines",
            "midstream assets",
        ],
        "the cost of the pipelines",
    ),
    term(
        &["unproved oil and gas properties", "unproved properties"],
        "the capitalized cost of acreage without proved reserves",
    ),
    BUILDINGS,
    VEHICLES,
    LAND,
    PROGRESS,
];
static NETWORK: [Term; 8] = [
    term(
        &[
            "network and other equipment",
            "network equipment",
            "central office equipment",
        ],
        "the cost of the network hardware",
    ),
    term(
        &["cable, wiring and conduit", "outside plant", "cable plant"],
        "the cost of lines in the ground",
    ),
    term(
        &["wireless towers and sites", "cell site equipment", "towers"],
        "the cost of the radio sites",
    ),
    COMPUTERS,
    BUILDINGS,
    VEHICLES,
    LAND,
    PROGRESS,
];

/// Classes of property, plant and equipment.
pub(in crate::ledger) fn plant(industry: Industry) -> &'static [Term] {
    match industry {
        Industry::Software | Industry::ManagedCare => &OFFICE,
        Industry::Semiconductors
        | Industry::Industrial
        | Industry::ConsumerGoods
        | Industry::Pharma => &PLANT,
        Industry::Retail => &STORES,
        Industry::Utility => &GRID,
        Industry::Energy => &FIELDS,
        Industry::Telecom => &NETWORK,
    }
}

const FINISHED: Term = term(
    &["finished goods", "finished products"],
    "the goods ready for sale",
);
const RAW: Term = term(
    &["raw materials", "raw materials and supplies", "materials"],
    "the inputs not yet in production",
);
const WIP: Term = term(
    &["work in process", "work in progress", "work-in-process"],
    "the goods half made",
);
const SUPPLIES: Term = term(
    &[
        "materials and supplies",
        "supplies",
        "spare parts and supplies",
    ],
    "the stock of supplies",
);

static MADE: [Term; 3] = [FINISHED, WIP, RAW];
static GOODS: [Term; 4] = [
    FINISHED,
    RAW,
    WIP,
    term(
        &[
            "packaging and other materials",
            "packaging materials",
            "packaging",
        ],
        "the packaging in stock",
    ),
];
static SOLD: [Term; 3] = [
    term(
        &[
            "merchandise inventories",
            "store merchandise",
            "merchandise",
        ],
        "the goods on the shelves",
    ),
    term(
        &["inventory in transit", "goods in transit"],
        "the goods on their way to the stores",
    ),
    SUPPLIES,
];
static FUELS: [Term; 4] = [
    term(
        &["coal and fuel oil", "fuel", "fossil fuel"],
        "the fuel in stock",
    ),
    term(
        &["natural gas in storage", "gas held in storage"],
        "the gas in stock",
    ),
    term(
        &["emission allowances", "renewable energy credits"],
        "the allowances held for use",
    ),
    SUPPLIES,
];
static BARRELS: [Term; 4] = [
    term(
        &["crude oil", "crude oil and condensate"],
        "the oil in stock",
    ),
    term(
        &["refined products", "petroleum products"],
        "the refined fuels in stock",
    ),
    term(
        &["natural gas liquids", "liquefied gas"],
        "the gas liquids in stock",
    ),
    SUPPLIES,
];
static DEVICES: [Term; 3] = [
    term(
        &[
            "devices and accessories",
            "handsets and accessories",
            "customer devices",
        ],
        "the phones in stock",
    ),
    term(
        &["network spare parts", "network materials"],
        "the spare parts of the network in stock",
    ),
    SUPPLIES,
];

/// Parts of inventories; none for industries without.
pub(in crate::ledger) fn inventory(industry: Industry) -> &'static [Term] {
    match industry {
        Industry::Software | Industry::ManagedCare => &[],
        Industry::Semiconductors | Industry::Industrial | Industry::Pharma => &MADE,
        Industry::ConsumerGoods => &GOODS,
        Industry::Retail => &SOLD,
        Industry::Utility => &FUELS,
        Industry::Energy => &BARRELS,
        Industry::Telecom => &DEVICES,
    }
}

pub(in crate::ledger) static INVENTORY_RESERVE: Term = term(
    &[
        "less: inventory reserves",
        "reserve for excess and obsolete inventory",
        "less: obsolescence reserve",
    ],
    "the write-down for goods that may not sell",
);

/// Finite-lived intangible assets.
pub(in crate::ledger) static FINITE: [Term; 6] = [
    term(
        &[
            "customer relationships",
            "customer lists and relationships",
            "customer-related intangibles",
        ],
        "the value of acquired customers",
    ),
    term(
        &[
            "developed technology",
            "acquired technology",
            "completed technology",
        ],
        "the value of acquired know-how",
    ),
    term(
        &["trade names and trademarks", "trademarks", "trade names"],
        "the value of acquired brands",
    ),
    term(
        &["patents", "patents and licensed technology"],
        "the value of acquired patents",
    ),
    term(
        &["non-compete agreements", "covenants not to compete"],
        "the value of promises not to compete",
    ),
    term(
        &["other intangible assets", "other finite-lived intangibles"],
        "",
    ),
];
static FINITE_PHARMA: [Term; 5] = [
    term(
        &[
            "marketed product rights",
            "product rights",
            "acquired product rights",
        ],
        "the value of rights to marketed drugs",
    ),
    term(
        &["developed technology", "acquired technology platforms"],
        "the value of acquired know-how",
    ),
    term(
        &["license agreements", "licensing agreements"],
        "the value of licences from others",
    ),
    term(
        &["customer relationships", "customer-related intangibles"],
        "the value of acquired customers",
    ),
    term(
        &["other intangible assets", "other finite-lived intangibles"],
        "",
    ),
];
static FINITE_RIGHTS: [Term; 5] = [
    term(
        &[
            "customer relationships",
            "customer contracts",
            "acquired customer base",
        ],
        "the value of acquired customers",
    ),
    term(
        &["franchise and access rights", "rights of way", "easements"],
        "the value of rights to use land and routes",
    ),
    term(
        &["supply and purchase contracts", "favorable contracts"],
        "the value of contracts better than the market",
    ),
    term(
        &["trade names", "trademarks and trade names"],
        "the value of acquired brands",
    ),
    term(
        &["other intangible assets", "other finite-lived intangibles"],
        "",
    ),
];

/// Classes of finite-lived intangible assets.
pub(in crate::ledger) fn finite(industry: Industry) -> &'static [Term] {
    match industry {
        Industry::Pharma => &FINITE_PHARMA,
        Industry::Utility | Industry::Energy | Industry::Telecom => &FINITE_RIGHTS,
        _ => &FINITE,
    }
}

static LASTING_BRANDS: [Term; 3] = [
    term(
        &[
            "indefinite-lived trade names",
            "indefinite-lived trademarks and brands",
            "trade names not amortized",
        ],
        "the value of brands held forever",
    ),
    term(
        &["distribution rights", "perpetual franchise rights"],
        "the value of lasting rights to distribute",
    ),
    term(
        &[
            "other indefinite-lived intangibles",
            "other intangibles not amortized",
        ],
        "",
    ),
];
static LASTING_RESEARCH: [Term; 3] = [
    term(
        &[
            "in-process research and development",
            "IPR&D",
            "acquired in-process research and development",
        ],
        "the value of research not yet finished",
    ),
    term(
        &["indefinite-lived trade names", "trade names not amortized"],
        "the value of brands held forever",
    ),
    term(
        &[
            "other indefinite-lived intangibles",
            "other intangibles not amortized",
        ],
        "",
    ),
];
static LASTING_LICENSES: [Term; 3] = [
    term(
        &[
            "spectrum licenses",
            "wireless licenses",
            "operating licenses",
        ],
        "the value of licences to operate",
    ),
    term(
        &["water and emission rights", "perpetual easements"],
        "the value of lasting rights",
    ),
    term(
        &[
            "other indefinite-lived intangibles",
            "other intangibles not amortized",
        ],
        "",
    ),
];

/// Classes of indefinite-lived intangible assets.
pub(in crate::ledger) fn lasting(industry: Industry) -> &'static [Term] {
    match industry {
        Industry::Software | Industry::Semiconductors | Industry::Pharma => &LASTING_RESEARCH,
        Industry::Utility | Industry::Energy | Industry::Telecom => &LASTING_LICENSES,
        _ => &LASTING_BRANDS,
    }
}
