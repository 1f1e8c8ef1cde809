//! Invented names, one for each index.

/// First parts; 32, so that five bits of an index choose one.
const FIRST: [&str; 32] = [
    "bram", "cald", "dorv", "eskel", "fenn", "garr", "holv", "istar", "jorn", "kelm", "lund",
    "morv", "norr", "ostr", "pell", "quind", "rask", "selv", "torb", "ulm", "varn", "wex", "yarr",
    "zell", "ambr", "brisk", "corv", "drev", "elt", "frost", "grim", "hask",
];
/// Second parts; 32.
const SECOND: [&str; 32] = [
    "aline", "amont", "bury", "croft", "dale", "den", "ester", "field", "gate", "hurst", "ingham",
    "kirk", "land", "mere", "ness", "over", "port", "quay", "ridge", "stead", "thorpe", "vale",
    "ville", "wick", "wold", "yard", "bridge", "combe", "firth", "holm", "march", "moor",
];
/// Last words and the industry each belongs to; 16.
const LAST: [(&str, Industry); 16] = [
    ("dynamics", Industry::Industrial),
    ("software", Industry::Technology),
    ("holdings", Industry::Consumer),
    ("systems", Industry::Technology),
    ("materials", Industry::Industrial),
    ("foods", Industry::Consumer),
    ("energy", Industry::Energy),
    ("health", Industry::Health),
    ("logistics", Industry::Services),
    ("networks", Industry::Technology),
    ("brands", Industry::Consumer),
    ("instruments", Industry::Health),
    ("packaging", Industry::Industrial),
    ("water", Industry::Energy),
    ("services", Industry::Services),
    ("devices", Industry::Health),
];

/// What a company sells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Industry {
    Industrial,
    Technology,
    Consumer,
    Energy,
    Health,
    Services,
}

/// Who a company is.
pub(super) struct Identity {
    /// Name for the tools: `corvmere_dynamics`.
    pub(super) slug: String,
    /// Prefix of the company's own tags: `cmdy`.
    pub(super) ticker: String,
    pub(super) industry: Industry,
}

/// Names in one round of the index: the parts are 5 + 5 + 4 bits.
const ROUND: u64 = 1 << 14;

/// The identity of company `index`; no two indices of a seed share a slug.
pub(super) fn identity(seed: u64, index: u32) -> Identity {
    // An odd factor permutes the numbers below 2^14, so neighbours have unlike names and none repeats in a round.
    let mixed = (u64::from(index) * 10_007).wrapping_add(seed.wrapping_mul(7_919)) % ROUND;
    let (first, second) = (
        FIRST[(mixed & 31) as usize],
        SECOND[(mixed >> 5 & 31) as usize],
    );
    let (last, industry) = LAST[(mixed >> 10) as usize];
    let round = u64::from(index) / ROUND;
    let again = if round > 0 {
        format!("_{}", round + 1)
    } else {
        String::new()
    };
    let slug = format!("{first}{second}_{last}{again}");
    let ticker = [&first[..1], &second[..1], &last[..2]].concat();
    Identity {
        slug,
        ticker,
        industry,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn no_slug_repeats() {
        for seed in [0, 1, u64::MAX] {
            let slugs: HashSet<String> = (0..40_000).map(|i| identity(seed, i).slug).collect();
            assert_eq!(slugs.len(), 40_000, "seed {seed}");
        }
    }
}
