//! From a slug back to its company.

use std::sync::LazyLock;

use super::names::{Form, forms, stems};
use super::shuffle::unshuffled;
use super::{ROUNDS, identity, owner, slug};
use crate::draw::Key;

/// A form as slugs have it: what stands before and behind the stem.
struct Around {
    before: String,
    behind: String,
}

fn arounds() -> &'static [Around] {
    static AROUNDS: LazyLock<Vec<Around>> = LazyLock::new(|| {
        // The stem is letters only, so a digit can stand for it.
        let around = |form: &Form| {
            let text = slug(&form.pattern.replace("{}", "0"));
            let (before, behind) = text.split_once('0').unwrap_or((text.as_str(), ""));
            Around {
                before: before.to_owned(),
                behind: behind.to_owned(),
            }
        };
        forms().iter().map(around).collect()
    });
    &AROUNDS
}

/// The company of any split that has this slug in lower case; `None` if there is none.
pub(crate) fn find(seed: u64, wanted: &str) -> Option<Key> {
    for (form, around) in arounds().iter().enumerate() {
        let Some(rest) = wanted.strip_prefix(around.before.as_str()) else {
            continue;
        };
        let letters = rest.bytes().take_while(u8::is_ascii_lowercase).count();
        let (stem, rest) = rest.split_at(letters);
        let Some(rest) = rest.strip_prefix(around.behind.as_str()) else {
            continue;
        };
        let Some(round) = round(rest) else { continue };
        let Some(key) = key(seed, stem, form, round) else {
            continue;
        };
        if identity(key).slug == wanted {
            return Some(key);
        }
    }
    None
}

/// The round that the end of a slug tells.
fn round(end: &str) -> Option<u64> {
    let Some(end) = end.strip_prefix('_') else {
        return end.is_empty().then_some(0);
    };
    match ROUNDS.iter().position(|word| slug(word) == end) {
        Some(position) => Some(position as u64 + 1),
        None => end.parse().ok(),
    }
}

fn key(seed: u64, stem: &str, form: usize, round: u64) -> Option<Key> {
    let split = owner(stem);
    let stems = stems(split);
    let mut name = stem.to_owned();
    name.get_mut(..1)?.make_ascii_uppercase();
    let stem = stems.binary_search(&name).ok()?;
    let names = stems.len() as u64 * arounds().len() as u64;
    let place = (stem * arounds().len() + form) as u64;
    let index = round
        .checked_mul(names)?
        .checked_add(unshuffled(seed, split, place, names))?;
    Some(Key {
        seed,
        split,
        index: index.try_into().ok()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::split::SplitName;

    #[test]
    fn every_slug_leads_back_to_its_company() {
        for seed in [0, 7] {
            for split in SplitName::ALL {
                let near = 0..2000;
                // Rounds with a word and rounds with a number, and the far end.
                let far = (0..2000).map(|i| 9_999_999 - i * 4987);
                for index in near.chain(far) {
                    let key = Key { seed, split, index };
                    let slug = identity(key).slug;
                    assert_eq!(find(seed, &slug), Some(key), "{slug}");
                }
            }
        }
    }

    #[test]
    fn what_is_no_slug_leads_nowhere() {
        let slug = identity(Key {
            seed: 0,
            split: SplitName::Train,
            index: 5,
        })
        .slug;
        for wrong in [
            String::new(),
            "_".into(),
            "apple".into(),
            "é_software".into(),
            format!("{slug}_"),
            format!("{slug}_0"),
            format!("{slug}_99999999999999999999"),
            format!("x{slug}"),
            slug.to_uppercase(),
        ] {
            assert_eq!(find(0, &wrong), None, "{wrong}");
        }
        assert_ne!(find(1, &slug), find(0, &slug));
    }
}
