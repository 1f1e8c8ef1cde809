//! What companies sell and through whom.

use super::{Industry, Word};
use crate::draw::Draw;

pub(super) const OTHER: [Word; 3] = [
    Word::new("other", &["everything else"], "lines too small to be named"),
    Word::new("other revenue", &["miscellaneous sales"], ""),
    Word::new("all other", &["remaining lines"], ""),
];

/// What an industry sells.
pub(super) const fn of(industry: Industry) -> &'static [Word] {
    match industry {
        Industry::Software => SOFTWARE,
        Industry::Semiconductors => SEMICONDUCTORS,
        Industry::Industrial => INDUSTRIAL,
        Industry::ConsumerGoods => CONSUMER_GOODS,
        Industry::Retail => RETAIL,
        Industry::Pharma => PHARMA,
        Industry::ManagedCare => MANAGED_CARE,
        Industry::Utility => UTILITY,
        Industry::Energy => ENERGY,
        Industry::Telecom => TELECOM,
    }
}

/// Through whom a company sells, or when it recognises revenue.
pub(super) fn channels(industry: Industry, draw: &mut Draw) -> &'static [Word] {
    match industry {
        Industry::Retail | Industry::ConsumerGoods => draw.pick({
            const WAYS: &[&[Word]] = &[
                &[
                    Word::new(
                        "stores",
                        &["brick-and-mortar sales"],
                        "sales over the counter",
                    ),
                    Word::new(
                        "digital",
                        &["online sales"],
                        "what customers order on the web",
                    ),
                    Word::new("wholesale", &["sales to other retailers"], ""),
                ],
                &[
                    Word::new("direct-to-consumer", &["own channels"], ""),
                    Word::new(
                        "distributors",
                        &["sales through distributors"],
                        "business done by intermediaries",
                    ),
                    Word::new(
                        "licensing",
                        &["license fees"],
                        "income from lending out the brands",
                    ),
                ],
            ];
            WAYS
        }),
        Industry::Utility | Industry::ManagedCare | Industry::Telecom => draw.pick({
            const WAYS: &[&[Word]] = &[
                &[
                    Word::new("residential", &["households"], "what private homes pay"),
                    Word::new("commercial", &["business customers"], ""),
                    Word::new("government", &["public sector"], ""),
                ],
                &[
                    Word::new("consumer", &["private customers"], ""),
                    Word::new("business", &["corporate customers"], ""),
                    Word::new("wholesale and other", &["resale"], ""),
                ],
            ];
            WAYS
        }),
        Industry::Pharma => draw.pick({
            const WAYS: &[&[Word]] = &[
                &[
                    Word::new(
                        "wholesalers",
                        &["drug wholesalers"],
                        "business done by intermediaries",
                    ),
                    Word::new("hospitals and clinics", &["sales to hospitals"], ""),
                    Word::new("government programs", &["sales to agencies"], ""),
                    Word::new("specialty pharmacies", &["sales to pharmacies"], ""),
                ],
                &[
                    Word::new(
                        "net product sales",
                        &["product revenue"],
                        "medicines sold under own label",
                    ),
                    Word::new("alliance revenue", &["income from partners"], ""),
                    Word::new("royalties and licensing", &["license fees"], ""),
                ],
            ];
            WAYS
        }),
        Industry::Energy => draw.pick({
            const WAYS: &[&[Word]] = &[
                &[
                    Word::new(
                        "affiliates",
                        &["sales to related companies"],
                        "business with related companies",
                    ),
                    Word::new("third parties", &["sales to outsiders"], ""),
                ],
                &[
                    Word::new("contract revenue", &["sales under long-term contracts"], ""),
                    Word::new(
                        "spot sales",
                        &["sales at daily prices"],
                        "what is sold at the day's price",
                    ),
                    Word::new("other services", &["service fees"], ""),
                ],
            ];
            WAYS
        }),
        _ => draw.pick({
            const WAYS: &[&[Word]] = &[
                &[
                    Word::new("direct sales", &["own sales force"], ""),
                    Word::new("resellers", &["channel partners"], "sales made by partners"),
                    Word::new("original equipment manufacturers", &["OEM customers"], ""),
                ],
                &[
                    Word::new(
                        "transferred at a point in time",
                        &["point-in-time revenue"],
                        "revenue booked on delivery",
                    ),
                    Word::new(
                        "transferred over time",
                        &["over-time revenue"],
                        "revenue booked as work progresses",
                    ),
                ],
                &[
                    Word::new("direct", &["direct channel"], ""),
                    Word::new(
                        "indirect",
                        &["indirect channel"],
                        "business won through third parties",
                    ),
                ],
            ];
            WAYS
        }),
    }
}

const SOFTWARE: &[Word] = &[
    Word::new(
        "subscription",
        &["subscription revenue"],
        "recurring fees for access",
    ),
    Word::new("term licenses", &["licenses for a term"], ""),
    Word::new(
        "perpetual licenses",
        &["licenses without end"],
        "software sold once and for good",
    ),
    Word::new("maintenance and support", &["support contracts"], ""),
    Word::new(
        "professional services",
        &["consulting"],
        "work billed by people rather than code",
    ),
    Word::new(
        "platform usage",
        &["usage-based fees"],
        "what customers pay as they go",
    ),
    Word::new("advertising", &["ad sales"], ""),
    Word::new("payment processing", &["transaction fees"], ""),
    Word::new("training", &["education services"], ""),
    Word::new(
        "appliances",
        &["hardware sales"],
        "the boxes that the software runs on",
    ),
    Word::new("security products", &["security offerings"], ""),
    Word::new("data services", &["data feeds"], ""),
];

const SEMICONDUCTORS: &[Word] = &[
    Word::new("data center", &["server chips"], "chips for server farms"),
    Word::new("client computing", &["PC chips"], ""),
    Word::new(
        "automotive",
        &["chips for cars"],
        "parts that go into vehicles",
    ),
    Word::new("industrial", &["factory electronics"], ""),
    Word::new("communications infrastructure", &["network chips"], ""),
    Word::new("mobile", &["handset chips"], "parts for phones"),
    Word::new("memory", &["memory products"], ""),
    Word::new("analog", &["analog products"], ""),
    Word::new("embedded processing", &["microcontrollers"], ""),
    Word::new("gaming", &["graphics for games"], ""),
    Word::new(
        "foundry services",
        &["contract manufacturing"],
        "wafers made for others",
    ),
    Word::new(
        "intellectual property licensing",
        &["royalties and licenses"],
        "",
    ),
];

const INDUSTRIAL: &[Word] = &[
    Word::new("equipment", &["machines sold"], "new machines"),
    Word::new(
        "aftermarket parts",
        &["spare parts"],
        "parts for machines already in use",
    ),
    Word::new("service contracts", &["maintenance contracts"], ""),
    Word::new("flow control", &["valves and pumps"], ""),
    Word::new("motion systems", &["drives and motors"], ""),
    Word::new("filtration", &["filters"], ""),
    Word::new(
        "aerospace components",
        &["aircraft parts"],
        "parts that fly",
    ),
    Word::new("defense systems", &["military systems"], ""),
    Word::new("electrical products", &["electrical equipment"], ""),
    Word::new("fastening systems", &["fasteners"], ""),
    Word::new("coatings and adhesives", &["coatings"], ""),
    Word::new("software and controls", &["control systems"], ""),
    Word::new("rentals", &["rental income"], "machines let to customers"),
];

const CONSUMER_GOODS: &[Word] = &[
    Word::new("snacks", &["snack foods"], ""),
    Word::new("beverages", &["drinks"], ""),
    Word::new("frozen meals", &["frozen foods"], ""),
    Word::new(
        "personal care",
        &["toiletries"],
        "what people use in the bathroom",
    ),
    Word::new("home care", &["cleaning products"], ""),
    Word::new("pet food", &["food for animals"], ""),
    Word::new("baby products", &["infant care"], ""),
    Word::new("apparel", &["clothing"], ""),
    Word::new("footwear", &["shoes"], ""),
    Word::new("cosmetics", &["make-up"], ""),
    Word::new("small appliances", &["kitchen appliances"], ""),
    Word::new("confectionery", &["sweets"], ""),
    Word::new("dairy", &["milk products"], ""),
];

const RETAIL: &[Word] = &[
    Word::new("grocery", &["food sales"], ""),
    Word::new("fuel", &["gasoline sales"], "what the pumps sell"),
    Word::new("pharmacy", &["prescription counters"], ""),
    Word::new("apparel and accessories", &["fashion"], ""),
    Word::new("home furnishings", &["furniture and decor"], ""),
    Word::new("electronics", &["consumer electronics"], ""),
    Word::new("seasonal", &["holiday merchandise"], ""),
    Word::new("health and beauty", &["beauty products"], ""),
    Word::new("hardlines", &["durable goods"], ""),
    Word::new(
        "membership fees",
        &["fees from members"],
        "what shoppers pay just to get in",
    ),
    Word::new("building materials", &["lumber and materials"], ""),
    Word::new("auto parts", &["car parts"], ""),
    Word::new(
        "credit card income",
        &["card program income"],
        "money from the house card",
    ),
];

const PHARMA: &[Word] = &[
    Word::new(
        "oncology",
        &["cancer medicines"],
        "treatments against tumors",
    ),
    Word::new("immunology", &["immune system medicines"], ""),
    Word::new("vaccines", &["immunization products"], ""),
    Word::new("cardiovascular", &["heart medicines"], ""),
    Word::new("neuroscience", &["brain and nerve medicines"], ""),
    Word::new("rare diseases", &["orphan drugs"], ""),
    Word::new("diabetes care", &["insulin and related products"], ""),
    Word::new("anti-infectives", &["antibiotics and antivirals"], ""),
    Word::new("animal health", &["veterinary products"], ""),
    Word::new(
        "royalties",
        &["royalty income"],
        "fees on what partners sell",
    ),
    Word::new("collaboration revenue", &["income from alliances"], ""),
    Word::new("established brands", &["older brands"], ""),
    Word::new("ophthalmology", &["eye care"], ""),
];

const MANAGED_CARE: &[Word] = &[
    Word::new("commercial premiums", &["employer plan premiums"], ""),
    Word::new(
        "Medicare Advantage premiums",
        &["senior plan premiums"],
        "premiums for members over 65",
    ),
    Word::new("Medicaid premiums", &["state program premiums"], ""),
    Word::new(
        "individual exchange premiums",
        &["marketplace premiums"],
        "",
    ),
    Word::new(
        "administrative service fees",
        &["fees from self-insured employers"],
        "income without insurance risk",
    ),
    Word::new("pharmacy services", &["prescription benefits"], ""),
    Word::new("care delivery", &["clinics and physicians"], ""),
    Word::new("specialty products", &["dental and vision"], ""),
    Word::new("investment income", &["income on the float"], ""),
    Word::new("behavioral health", &["mental health services"], ""),
];

const UTILITY: &[Word] = &[
    Word::new(
        "residential electric",
        &["household electricity"],
        "power sold to homes",
    ),
    Word::new("commercial electric", &["electricity for businesses"], ""),
    Word::new("industrial electric", &["electricity for factories"], ""),
    Word::new(
        "wholesale energy",
        &["off-system sales"],
        "power sold to other utilities",
    ),
    Word::new("residential gas", &["household gas"], ""),
    Word::new("commercial gas", &["gas for businesses"], ""),
    Word::new("gas transportation", &["gas carried for others"], ""),
    Word::new("transmission services", &["grid fees"], ""),
    Word::new(
        "alternative revenue programs",
        &["decoupling mechanisms"],
        "",
    ),
    Word::new("water service", &["water sales"], ""),
    Word::new("renewable generation", &["wind and solar"], ""),
];

const ENERGY: &[Word] = &[
    Word::new("crude oil", &["oil sales"], ""),
    Word::new("natural gas", &["gas sales"], ""),
    Word::new("natural gas liquids", &["NGL sales"], ""),
    Word::new(
        "refined products",
        &["gasoline and distillates"],
        "what leaves the refineries",
    ),
    Word::new("petrochemicals", &["chemical products"], ""),
    Word::new("gathering and processing", &["gathering fees"], ""),
    Word::new(
        "pipeline transportation",
        &["pipeline tariffs"],
        "fees for moving other people's barrels",
    ),
    Word::new("storage and terminals", &["terminal fees"], ""),
    Word::new("drilling services", &["rig services"], ""),
    Word::new("marketing and trading", &["purchased commodity sales"], ""),
    Word::new("lubricants", &["lubricant sales"], ""),
    Word::new("renewable fuels", &["biofuels"], ""),
];

const TELECOM: &[Word] = &[
    Word::new(
        "wireless service",
        &["mobile service"],
        "monthly bills of phone customers",
    ),
    Word::new("wireless equipment", &["handset sales"], "phones sold"),
    Word::new("broadband", &["internet access"], ""),
    Word::new("video", &["pay television"], ""),
    Word::new("voice", &["fixed-line calls"], ""),
    Word::new("business services", &["enterprise connectivity"], ""),
    Word::new("advertising", &["ad sales"], ""),
    Word::new("wholesale carrier services", &["carrier services"], ""),
    Word::new("data center and hosting", &["hosting"], ""),
    Word::new("roaming", &["roaming fees"], ""),
];
