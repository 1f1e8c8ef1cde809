//! Stems and the words beside them.

use std::sync::LazyLock;

use super::{Industry, blocked, owner};
use crate::split::SplitName;

/// First morphemes.
const HEADS: [&str; 128] = [
    "Abel", "Adel", "Alder", "Alm", "Amber", "Ander", "Arc", "Ard", "Ash", "Astor", "Aven", "Bal",
    "Bar", "Bel", "Ber", "Bex", "Bor", "Bram", "Bren", "Bryn", "Cal", "Cam", "Car", "Cass", "Ced",
    "Chal", "Clar", "Col", "Cor", "Corv", "Cran", "Cres", "Dal", "Dar", "Del", "Den", "Dral",
    "Dun", "Ed", "El", "Elm", "Em", "Ever", "Fal", "Far", "Fen", "Fer", "Fin", "Flor", "Gal",
    "Gar", "Gel", "Glen", "Gran", "Grey", "Hal", "Ham", "Har", "Haver", "Hel", "Hol", "Ing",
    "Ister", "Ith", "Jar", "Jor", "Kal", "Kel", "Ken", "Kes", "Kor", "Lan", "Lar", "Len", "Lin",
    "Lor", "Lum", "Mal", "Mar", "Mel", "Mer", "Mir", "Mon", "Mor", "Nar", "Nav", "Nel", "Nor",
    "Nov", "Oak", "Or", "Ost", "Pal", "Par", "Pel", "Per", "Pol", "Quil", "Quor", "Rad", "Ral",
    "Rav", "Ren", "Ros", "Sal", "Sar", "Sel", "Sil", "Sol", "Stan", "Ster", "Tal", "Tam", "Ter",
    "Thal", "Tor", "Tram", "Ul", "Val", "Ver", "Vin", "Vor", "Wal", "Wes", "Wil", "Yar", "Yel",
    "Zan",
];

/// Second morphemes.
const TAILS: [&str; 120] = [
    "ace", "adon", "ale", "amar", "andra", "ane", "anta", "arc", "aris", "ary", "aston", "bane",
    "beck", "berg", "bourne", "brand", "bridge", "brook", "burn", "bury", "by", "cade", "cairn",
    "castle", "cliff", "combe", "cote", "crest", "dahl", "dane", "dell", "den", "dine", "don",
    "dora", "dray", "dyne", "edge", "ella", "elle", "emar", "enza", "era", "eris", "ette", "ex",
    "fair", "fax", "fell", "field", "flow", "ford", "gard", "gate", "gen", "glen", "grove", "hall",
    "ham", "haven", "heim", "hold", "holm", "hurst", "iant", "idan", "igo", "ina", "inex", "ion",
    "iro", "isle", "ith", "iva", "ker", "lake", "land", "lark", "leaf", "leigh", "line", "lock",
    "low", "mark", "mere", "mint", "mond", "mont", "more", "nell", "net", "nix", "ora", "oria",
    "oris", "path", "pine", "point", "port", "quist", "rell", "ridge", "rock", "shaw", "side",
    "sted", "stone", "strand", "tera", "thorpe", "tide", "tree", "vale", "vance", "vane", "vion",
    "wick", "wold", "worth", "yard",
];

/// Words of one industry, about as many as it has companies.
const WORDS: [(Industry, &[&str]); 10] = [
    (
        Industry::Software,
        &[
            "Software",
            "Analytics",
            "Cloud",
            "Data",
            "Digital",
            "Cybersecurity",
            "Informatics",
            "Interactive",
            "Platforms",
            "Computing",
            "Automation",
            "Apps",
        ],
    ),
    (
        Industry::Semiconductors,
        &[
            "Semiconductor",
            "Microsystems",
            "Devices",
            "Photonics",
            "Circuits",
            "Silicon",
            "Memory",
            "Optoelectronics",
        ],
    ),
    (
        Industry::Industrial,
        &[
            "Industries",
            "Manufacturing",
            "Aerospace",
            "Machinery",
            "Controls",
            "Tool Works",
            "Engineering",
            "Fabrication",
            "Motion",
            "Rail",
            "Hydraulics",
            "Coatings",
            "Dynamics",
        ],
    ),
    (
        Industry::ConsumerGoods,
        &[
            "Foods",
            "Brands",
            "Beverages",
            "Consumer Products",
            "Home",
            "Apparel",
            "Cosmetics",
            "Snacks",
            "Footwear",
            "Household",
        ],
    ),
    (
        Industry::Retail,
        &[
            "Stores",
            "Outfitters",
            "Markets",
            "Retail",
            "Outlets",
            "Supply",
            "Furnishings",
            "Auto Parts",
            "Grocers",
        ],
    ),
    (
        Industry::Pharma,
        &[
            "Pharmaceuticals",
            "Therapeutics",
            "Biosciences",
            "Laboratories",
            "Biopharma",
            "Medicines",
            "Life Sciences",
            "Genetics",
            "Biologics",
            "Vaccines",
            "Health Sciences",
        ],
    ),
    (
        Industry::ManagedCare,
        &[
            "Health Plans",
            "Healthcare",
            "Benefits",
            "Care Partners",
            "Wellness",
        ],
    ),
    (
        Industry::Utility,
        &[
            "Power",
            "Electric",
            "Utilities",
            "Gas and Electric",
            "Water",
            "Light",
            "Transmission",
            "Public Service",
        ],
    ),
    (
        Industry::Energy,
        &[
            "Energy",
            "Petroleum",
            "Resources",
            "Midstream",
            "Exploration",
            "Oil and Gas",
            "Refining",
            "Drilling",
        ],
    ),
    (
        Industry::Telecom,
        &[
            "Communications",
            "Telecom",
            "Wireless",
            "Broadband",
            "Fiber",
            "Telephone",
        ],
    ),
];

/// Words that say nothing about what a company does.
const PLAIN_WORDS: [&str; 25] = [
    "Partners",
    "Global",
    "Solutions",
    "Technologies",
    "Systems",
    "Ventures",
    "Works",
    "Sciences",
    "Innovations",
    "Worldwide Services",
    "First",
    "Horizon",
    "Summit",
    "Central",
    "Northern",
    "Coastal",
    "Heritage",
    "Premier",
    "Pioneer Group",
    "Capitol",
    "Crossing",
    "Frontier Group",
    "Meridian",
    "Keystone",
    "Trust Services",
];

/// Names with `&`, `'` or digits: 8 of 100.
const ODD: [(&str, Option<Industry>); 10] = [
    ("{} & Sons", None),
    ("{} & Company", None),
    ("{} & Associates", None),
    ("{}'s", Some(Industry::Retail)),
    ("{}'s Kitchen", Some(Industry::ConsumerGoods)),
    ("{} 360", Some(Industry::Software)),
    ("{} 24", None),
    ("J&R {}", Some(Industry::Industrial)),
    ("T&C {}", Some(Industry::Telecom)),
    ("D&K {} Health", Some(Industry::ManagedCare)),
];

/// How a name is built around its stem.
pub(super) struct Form {
    /// `{}` stands for the stem.
    pub(super) pattern: String,
    /// The industry that the words name, if they do.
    pub(super) industry: Option<Industry>,
}

/// Every form; the order is part of the seed.
pub(super) fn forms() -> &'static [Form] {
    static FORMS: LazyLock<Vec<Form>> = LazyLock::new(|| {
        let of_industry = WORDS
            .iter()
            .flat_map(|&(industry, words)| words.iter().map(move |w| (*w, Some(industry))));
        of_industry
            .chain(PLAIN_WORDS.iter().map(|w| (*w, None)))
            .map(|(word, industry)| Form {
                pattern: format!("{{}} {word}"),
                industry,
            })
            .chain(ODD.iter().map(|&(pattern, industry)| Form {
                pattern: pattern.to_owned(),
                industry,
            }))
            .collect()
    });
    &FORMS
}

/// The stems of a split; the order is part of the seed.
pub(super) fn stems(split: SplitName) -> &'static [String] {
    static STEMS: LazyLock<[Vec<String>; 4]> = LazyLock::new(|| {
        let mut pools: [Vec<String>; 4] = Default::default();
        for head in HEADS {
            for tail in TAILS {
                let stem = format!("{head}{tail}");
                if is_free(&stem) {
                    pools[owner(&stem.to_lowercase()).code() as usize - 1].push(stem);
                }
            }
        }
        // Two pairs of morphemes may give one stem ("Al" + "mond", "Alm" + "ond").
        for pool in &mut pools {
            pool.sort_unstable();
            pool.dedup();
        }
        pools
    });
    &STEMS[split.code() as usize - 1]
}

/// Nobody's name, nor the beginning of one, and easy on the eye: no letter three times in a row.
fn is_free(stem: &str) -> bool {
    let lower = stem.to_lowercase();
    let real = |prefix: &str| blocked::NAMES.binary_search(&prefix).is_ok();
    let bytes = lower.as_bytes();
    lower.len() >= 5
        && !(5..=lower.len()).any(|n| real(&lower[..n]))
        && !bytes.windows(3).any(|w| w[0] == w[1] && w[1] == w[2])
}
