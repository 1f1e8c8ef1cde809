//! Invented names, one for each company.
//!
//! A name is a stem put together from two morphemes and a word that says what the company does. The stems are dealt to
//! the splits by their hash, and so are tickers; within a split, (stem, word) number `index` of a keyed shuffle belongs
//! to company `index`, so that no two share a slug and none needs to know the others.

mod blocked;
mod find;
mod names;
mod shuffle;
mod ticker;

pub(crate) use self::find::find;
use self::names::{Form, forms, stems};
use self::shuffle::shuffled;
use crate::draw::{Draw, Key, Stream};
use crate::split::SplitName;

/// What a company does; sets margins, the tables it has and the words of its rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Industry {
    Software,
    Semiconductors,
    Industrial,
    ConsumerGoods,
    Retail,
    Pharma,
    ManagedCare,
    Utility,
    Energy,
    Telecom,
}

impl Industry {
    /// All, in the order of [`WEIGHTS`].
    pub(crate) const ALL: [Self; 10] = [
        Self::Software,
        Self::Semiconductors,
        Self::Industrial,
        Self::ConsumerGoods,
        Self::Retail,
        Self::Pharma,
        Self::ManagedCare,
        Self::Utility,
        Self::Energy,
        Self::Telecom,
    ];
}

/// How often an industry comes, of 100, where the name does not say it.
const WEIGHTS: [u32; 10] = [14, 9, 15, 11, 10, 12, 5, 9, 9, 6];

/// Who a company is.
pub(crate) struct Identity {
    /// Name for the tools: `corvmere_dynamics`.
    pub(crate) slug: String,
    /// Prefix of the company's own tags, 3 or 4 letters, lower case: `cmdy`. One company in twenty had another name
    /// when it chose them.
    pub(crate) ticker: String,
    pub(crate) industry: Industry,
    /// Whether the books have dividends.
    pub(crate) pays_dividends: bool,
    /// Whether the books have a share repurchase program.
    pub(crate) repurchases_shares: bool,
}

/// The identity of a company; no two indices of a split share a slug, no two splits a stem or ticker.
pub(crate) fn identity(key: Key) -> Identity {
    let mut draw = Draw::new(key, Stream::Identity);
    let (core, named_industry) = name_of(key);
    let industry = named_industry.unwrap_or_else(|| Industry::ALL[draw.weighted(&WEIGHTS)]);
    let former;
    let ticker_source = if draw.chance(5) {
        let stems = stems(key.split);
        former = stems[draw.below(stems.len())].clone();
        &former
    } else {
        &core
    };
    let payer_pct = match industry {
        Industry::Software | Industry::Semiconductors => 45,
        Industry::Utility | Industry::Telecom => 95,
        _ => 68,
    };
    Identity {
        slug: slug(&core),
        ticker: ticker::ticker(ticker_source, key.split, &mut draw),
        industry,
        pays_dividends: draw.chance(payer_pct),
        repurchases_shares: draw.chance(if industry == Industry::Utility {
            35
        } else {
            78
        }),
    }
}

/// The name without a legal suffix, "Corvmere Dynamics", and the industry that it names, if it does.
fn name_of(key: Key) -> (String, Option<Industry>) {
    let stems = stems(key.split);
    let forms = forms();
    let names = stems.len() as u64 * forms.len() as u64;
    let index = u64::from(key.index);
    let (round, place) = (
        index / names,
        shuffled(key.seed, key.split, index % names, names) as usize,
    );
    let stem = &stems[place / forms.len()];
    let form: &Form = &forms[place % forms.len()];
    (core_name(stem, form, round), form.industry)
}

/// Words that set rounds apart.
const ROUNDS: [&str; 11] = [
    "International",
    "Worldwide",
    "Americas",
    "Enterprises",
    "Associates",
    "United",
    "Continental",
    "Alliance",
    "Pacific",
    "Atlantic",
    "National",
];

/// The name without its legal suffix. When a split has used all pairs, a word or a number sets the next round apart.
fn core_name(stem: &str, form: &Form, round: u64) -> String {
    let core = form.pattern.replace("{}", stem);
    match round {
        0 => core,
        1..=11 => format!("{core} {}", ROUNDS[round as usize - 1]),
        _ => format!("{core} {round}"),
    }
}

/// A folder's name: letters and digits in lower case, one `_` for each run of anything else (`AT&T` gives `at_t`).
fn slug(core: &str) -> String {
    let mut out = String::with_capacity(core.len());
    for c in core.chars() {
        if c.is_ascii_alphanumeric() {
            out.push(c.to_ascii_lowercase());
        } else if !out.ends_with('_') {
            out.push('_');
        }
    }
    out.trim_end_matches('_').to_owned()
}

/// The split that owns a text: 64 of 100 go to `train`, 12 to each other split.
fn owner(text: &str) -> SplitName {
    match hash(text) % 100 {
        0..64 => SplitName::Train,
        64..76 => SplitName::Val,
        76..88 => SplitName::Eval290,
        _ => SplitName::Reason79,
    }
}

/// FNV-1a, its bits mixed once more: short texts that differ in the last letter would else differ in few bits.
fn hash(text: &str) -> u64 {
    let sum = text.bytes().fold(0xcbf2_9ce4_8422_2325u64, |h, b| {
        (h ^ u64::from(b)).wrapping_mul(0x0100_0000_01b3)
    });
    let mixed = (sum ^ (sum >> 32)).wrapping_mul(0xd6e8_feb8_6659_fd93);
    mixed ^ (mixed >> 32)
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeSet, HashSet};

    use super::*;

    fn key(seed: u64, split: SplitName, index: u32) -> Key {
        Key { seed, split, index }
    }

    #[test]
    fn a_million_places_of_a_split_are_a_million_slugs() {
        // Slugs follow from (stem, form, round); all of a round are different if these are, so it is enough to compare
        // them instead of a million strings.
        for split in SplitName::ALL {
            let names = stems(split).len() as u64 * forms().len() as u64;
            let mut seen = vec![false; names as usize];
            for index in 0..names.min(1_000_000) {
                let place = shuffled(3, split, index, names) as usize;
                assert!(
                    !std::mem::replace(&mut seen[place], true),
                    "{split:?} {index}"
                );
            }
        }
        let slugs: HashSet<String> = stems(SplitName::Val)
            .iter()
            .take(150)
            .flat_map(|s| forms().iter().map(move |f| (s, f)))
            .flat_map(|(s, f)| (0..14).map(move |round| slug(&core_name(s, f, round))))
            .collect();
        assert_eq!(slugs.len(), 150 * forms().len() * 14);
        let distinct: BTreeSet<&String> = stems(SplitName::Train).iter().collect();
        assert_eq!(distinct.len(), stems(SplitName::Train).len());
        assert!(stems(SplitName::Train).len() * forms().len() > 1_000_000);
    }

    #[test]
    fn no_two_companies_share_a_slug() {
        let mut seen = HashSet::new();
        for split in SplitName::ALL {
            for n in 0..2000 {
                // The last of them in the second and the eighth round of the small splits.
                for index in [n, n + 250_000, n + 1_700_000] {
                    let slug = identity(key(9, split, index)).slug;
                    assert!(seen.insert(slug.clone()), "{split:?} {index}: {slug}");
                }
            }
        }
    }

    #[test]
    fn splits_share_no_stem_and_no_ticker() {
        let mut tickers: Vec<HashSet<String>> = Vec::new();
        for (i, a) in SplitName::ALL.into_iter().enumerate() {
            for b in SplitName::ALL.into_iter().skip(i + 1) {
                let of_a: HashSet<&String> = stems(a).iter().collect();
                assert!(stems(b).iter().all(|s| !of_a.contains(s)));
            }
            tickers.push((0..2000).map(|n| identity(key(0, a, n)).ticker).collect());
        }
        for (i, a) in tickers.iter().enumerate() {
            for b in &tickers[i + 1..] {
                assert!(a.is_disjoint(b));
            }
        }
    }

    #[test]
    fn no_name_is_a_real_one() {
        for split in SplitName::ALL {
            for stem in stems(split) {
                let stem = stem.to_lowercase();
                assert!(
                    blocked::NAMES.binary_search(&stem.as_str()).is_err(),
                    "{stem}"
                );
            }
            for n in 0..3000 {
                let who = identity(key(0, split, n));
                assert!(blocked::NAMES.binary_search(&who.slug.as_str()).is_err());
                assert!(
                    blocked::TICKERS
                        .binary_search(&who.ticker.as_str())
                        .is_err()
                );
                assert!((3..=4).contains(&who.ticker.len()), "{}", who.ticker);
                assert!(who.ticker.bytes().all(|b| b.is_ascii_lowercase()));
                assert!(
                    who.slug
                        .bytes()
                        .all(|b| b.is_ascii_alphanumeric() || b == b'_'),
                    "{}",
                    who.slug
                );
            }
        }
        assert!(blocked::NAMES.is_sorted() && blocked::TICKERS.is_sorted());
        assert!(blocked::NAMES.len() + blocked::TICKERS.len() >= 300);
    }

    #[test]
    fn a_seed_gives_its_own_companies_again_and_again() {
        let slugs = |seed| -> Vec<String> {
            (0..50)
                .map(|n| identity(key(seed, SplitName::Train, n)).slug)
                .collect()
        };
        assert_eq!(slugs(1), slugs(1));
        assert_ne!(slugs(1), slugs(2));
    }

    #[test]
    fn odd_names_and_renamed_companies_come_as_often_as_they_should() {
        let mut odd = 0;
        let mut renamed = 0;
        let mut industries = [0; 10];
        for n in 0..4000 {
            let who = identity(key(0, SplitName::Train, n));
            let (name, _) = name_of(key(0, SplitName::Train, n));
            odd += u32::from(
                name.contains(['&', '\'']) || name.contains(|c: char| c.is_ascii_digit()),
            );
            renamed += u32::from(!who.slug.starts_with(&who.ticker[..1]));
            industries[who.industry as usize] += 1;
        }
        assert!((250..400).contains(&odd), "{odd}");
        // A former name may begin with the same letter.
        assert!((120..260).contains(&renamed), "{renamed}");
        assert!(
            industries.iter().all(|n| (120..800).contains(n)),
            "{industries:?}"
        );
    }
}
