//! What companies sell and through whom.

use super::{Industry, Term, term};
use crate::draw::Draw;

pub(super) const OTHER: [Term; 3] = [
    term("other", &["everything else"], "lines too small to be named"),
    term("other revenue", &["miscellaneous sales"], ""),
    term("all other", &["remaining lines"], ""),
];

/// What an industry sells.
pub(super) const fn of(industry: Industry) -> &'static [Term] {
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
pub(super) fn channels(industry: Industry, draw: &mut Draw) -> &'static [Term] {
    match industry {
        Industry::Retail | Industry::ConsumerGoods => draw.pick({
            const WAYS: &[&[Term]] = &[
                &[
                    term(
                        "stores",
                        &["brick-and-mortar sales"],
                        "sales over the counter",
                    ),
                    term(
                        "digital",
                        &["online sales"],
                        "what customers order on the web",
                    ),
                    term("wholesale", &["sales to other retailers"], ""),
                ],
                &[
                    term("direct-to-consumer", &["own channels"], ""),
                    term(
                        "distributors",
                        &["sales through distributors"],
                        "business done by intermediaries",
                    ),
                    term(
                        "licensing",
                        &["license fees"],
                        "income from lending out the brands",
                    ),
                ],
            ];
            WAYS
        }),
        Industry::Utility | Industry::ManagedCare | Industry::Telecom => draw.pick({
            const WAYS: &[&[Term]] = &[
                &[
                    term("residential", &["households"], "what private homes pay"),
                    term("commercial", &["business customers"], ""),
                    term("government", &["public sector"], ""),
                ],
                &[
                    term("consumer", &["private customers"], ""),
                    term("business", &["corporate customers"], ""),
                    term("wholesale and other", &["resale"], ""),
                ],
            ];
            WAYS
        }),
        Industry::Pharma => draw.pick({
            const WAYS: &[&[Term]] = &[
                &[
                    term(
                        "wholesalers",
                        &["drug wholesalers"],
                        "business done by intermediaries",
                    ),
                    term("hospitals and clinics", &["sales to hospitals"], ""),
                    term("government programs", &["sales to agencies"], ""),
                    term("specialty pharmacies", &["sales to pharmacies"], ""),
                ],
                &[
                    term(
                        "net product sales",
                        &["product revenue"],
                        "medicines sold under own label",
                    ),
                    term("alliance revenue", &["income from partners"], ""),
                    term("royalties and licensing", &["license fees"], ""),
                ],
            ];
            WAYS
        }),
        Industry::Energy => draw.pick({
            const WAYS: &[&[Term]] = &[
                &[
                    term(
                        "affiliates",
                        &["sales to related companies"],
                        "business with related companies",
                    ),
                    term("third parties", &["sales to outsiders"], ""),
                ],
                &[
                    term("contract revenue", &["sales under long-term contracts"], ""),
                    term(
                        "spot sales",
                        &["sales at daily prices"],
                        "what is sold at the day's price",
                    ),
                    term("other services", &["service fees"], ""),
                ],
            ];
            WAYS
        }),
        _ => draw.pick({
            const WAYS: &[&[Term]] = &[
                &[
                    term("direct sales", &["own sales force"], ""),
                    term("resellers", &["channel partners"], "sales made by partners"),
                    term("original equipment manufacturers", &["OEM customers"], ""),
                ],
                &[
                    term(
                        "transferred at a point in time",
                        &["point-in-time revenue"],
                        "revenue booked on delivery",
                    ),
                    term(
                        "transferred over time",
                        &["over-time revenue"],
                        "revenue booked as work progresses",
                    ),
                ],
                &[
                    term("direct", &["direct channel"], ""),
                    term(
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

const SOFTWARE: &[Term] = &[
    term(
        "subscription",
        &["subscription revenue"],
        "recurring fees for access",
    ),
    term("term licenses", &["licenses for a term"], ""),
    term(
        "perpetual licenses",
        &["licenses without end"],
        "software sold once and for good",
    ),
    term("maintenance and support", &["support contracts"], ""),
    term(
        "professional services",
        &["consulting"],
        "work billed by people rather than code",
    ),
    term(
        "platform usage",
        &["usage-based fees"],
        "what customers pay as they go",
    ),
    term("advertising", &["ad sales"], ""),
    term("payment processing", &["transaction fees"], ""),
    term("training", &["education services"], ""),
    term(
        "appliances",
        &["hardware sales"],
        "the boxes that the software runs on",
    ),
    term("security products", &["security offerings"], ""),
    term("data services", &["data feeds"], ""),
];

const SEMICONDUCTORS: &[Term] = &[
    term("data center", &["server chips"], "chips for server farms"),
    term("client computing", &["PC chips"], ""),
    term(
        "automotive",
        &["chips for cars"],
        "parts that go into vehicles",
    ),
    term("industrial", &["factory electronics"], ""),
    term("communications infrastructure", &["network chips"], ""),
    term("mobile", &["handset chips"], "parts for phones"),
    term("memory", &["memory products"], ""),
    term("analog", &["analog products"], ""),
    term("embedded processing", &["microcontrollers"], ""),
    term("gaming", &["graphics for games"], ""),
    term(
        "foundry services",
        &["contract manufacturing"],
        "wafers made for others",
    ),
    term(
        "intellectual property licensing",
        &["royalties and licenses"],
        "",
    ),
];

const INDUSTRIAL: &[Term] = &[
    term("equipment", &["machines sold"], "new machines"),
    term(
        "aftermarket parts",
        &["spare parts"],
        "parts for machines already in use",
    ),
    term("service contracts", &["maintenance contracts"], ""),
    term("flow control", &["valves and pumps"], ""),
    term("motion systems", &["drives and motors"], ""),
    term("filtration", &["filters"], ""),
    term(
        "aerospace components",
        &["aircraft parts"],
        "parts that fly",
    ),
    term("defense systems", &["military systems"], ""),
    term("electrical products", &["electrical equipment"], ""),
    term("fastening systems", &["fasteners"], ""),
    term("coatings and adhesives", &["coatings"], ""),
    term("software and controls", &["control systems"], ""),
    term("rentals", &["rental income"], "machines let to customers"),
];

const CONSUMER_GOODS: &[Term] = &[
    term("snacks", &["snack foods"], ""),
    term("beverages", &["drinks"], ""),
    term("frozen meals", &["frozen foods"], ""),
    term(
        "personal care",
        &["toiletries"],
        "what people use in the bathroom",
    ),
    term("home care", &["cleaning products"], ""),
    term("pet food", &["food for animals"], ""),
    term("baby products", &["infant care"], ""),
    term("apparel", &["clothing"], ""),
    term("footwear", &["shoes"], ""),
    term("cosmetics", &["make-up"], ""),
    term("small appliances", &["kitchen appliances"], ""),
    term("confectionery", &["sweets"], ""),
    term("dairy", &["milk products"], ""),
];

const RETAIL: &[Term] = &[
    term("grocery", &["food sales"], ""),
    term("fuel", &["gasoline sales"], "what the pumps sell"),
    term("pharmacy", &["prescription counters"], ""),
    term("apparel and accessories", &["fashion"], ""),
    term("home furnishings", &["furniture and decor"], ""),
    term("electronics", &["consumer electronics"], ""),
    term("seasonal", &["holiday merchandise"], ""),
    term("health and beauty", &["beauty products"], ""),
    term("hardlines", &["durable goods"], ""),
    term(
        "membership fees",
        &["fees from members"],
        "what shoppers pay just to get in",
    ),
    term("building materials", &["lumber and materials"], ""),
    term("auto parts", &["car parts"], ""),
    term(
        "credit card income",
        &["card program income"],
        "money from the house card",
    ),
];

const PHARMA: &[Term] = &[
    term(
        "oncology",
        &["cancer medicines"],
        "treatments against tumors",
    ),
    term("immunology", &["immune system medicines"], ""),
    term("vaccines", &["immunization products"], ""),
    term("cardiovascular", &["heart medicines"], ""),
    term("neuroscience", &["brain and nerve medicines"], ""),
    term("rare diseases", &["orphan drugs"], ""),
    term("diabetes care", &["insulin and related products"], ""),
    term("anti-infectives", &["antibiotics and antivirals"], ""),
    term("animal health", &["veterinary products"], ""),
    term(
        "royalties",
        &["royalty income"],
        "fees on what partners sell",
    ),
    term("collaboration revenue", &["income from alliances"], ""),
    term("established brands", &["older brands"], ""),
    term("ophthalmology", &["eye care"], ""),
];

const MANAGED_CARE: &[Term] = &[
    term("commercial premiums", &["employer plan premiums"], ""),
    term(
        "Medicare Advantage premiums",
        &["senior plan premiums"],
        "premiums for members over 65",
    ),
    term("Medicaid premiums", &["state program premiums"], ""),
    term(
        "individual exchange premiums",
        &["marketplace premiums"],
        "",
    ),
    term(
        "administrative service fees",
        &["fees from self-insured employers"],
        "income without insurance risk",
    ),
    term("pharmacy services", &["prescription benefits"], ""),
    term("care delivery", &["clinics and physicians"], ""),
    term("specialty products", &["dental and vision"], ""),
    term("investment income", &["income on the float"], ""),
    term("behavioral health", &["mental health services"], ""),
];

const UTILITY: &[Term] = &[
    term(
        "residential electric",
        &["household electricity"],
        "power sold to homes",
    ),
    term("commercial electric", &["electricity for businesses"], ""),
    term("industrial electric", &["electricity for factories"], ""),
    term(
        "wholesale energy",
        &["off-system sales"],
        "power sold to other utilities",
    ),
    term("residential gas", &["household gas"], ""),
    term("commercial gas", &["gas for businesses"], ""),
    term("gas transportation", &["gas carried for others"], ""),
    term("transmission services", &["grid fees"], ""),
    term(
        "alternative revenue programs",
        &["decoupling mechanisms"],
        "",
    ),
    term("water service", &["water sales"], ""),
    term("renewable generation", &["wind and solar"], ""),
];

const ENERGY: &[Term] = &[
    term("crude oil", &["oil sales"], ""),
    term("natural gas", &["gas sales"], ""),
    term("natural gas liquids", &["NGL sales"], ""),
    term(
        "refined products",
        &["gasoline and distillates"],
        "what leaves the refineries",
    ),
    term("petrochemicals", &["chemical products"], ""),
    term("gathering and processing", &["gathering fees"], ""),
    term(
        "pipeline transportation",
        &["pipeline tariffs"],
        "fees for moving other people's barrels",
    ),
    term("storage and terminals", &["terminal fees"], ""),
    term("drilling services", &["rig services"], ""),
    term("marketing and trading", &["purchased commodity sales"], ""),
    term("lubricants", &["lubricant sales"], ""),
    term("renewable fuels", &["biofuels"], ""),
];

const TELECOM: &[Term] = &[
    term(
        "wireless service",
        &["mobile service"],
        "monthly bills of phone customers",
    ),
    term("wireless equipment", &["handset sales"], "phones sold"),
    term("broadband", &["internet access"], ""),
    term("video", &["pay television"], ""),
    term("voice", &["fixed-line calls"], ""),
    term("business services", &["enterprise connectivity"], ""),
    term("advertising", &["ad sales"], ""),
    term("wholesale carrier services", &["carrier services"], ""),
    term("data center and hosting", &["hosting"], ""),
    term("roaming", &["roaming fees"], ""),
];
