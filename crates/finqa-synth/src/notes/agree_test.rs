//! What two tables of a company both show must agree.

use std::collections::{BTreeMap, BTreeSet};

use super::AREAS;
use crate::draw::{Draw, Key, Stream};
use crate::identity::identity;
use crate::ledger::Ledger;
use crate::note::{Note, Period};
use crate::split::SplitName;

fn notes(index: u32) -> Vec<Note> {
    let key = Key {
        seed: 9,
        split: SplitName::Train,
        index,
    };
    let identity = identity(key);
    let ledger = Ledger::new(key, &identity);
    let kinds = AREAS.iter().flat_map(|area| area.iter()).enumerate();
    kinds
        .filter(|(_, kind)| (kind.presence_pct)(&identity) > 0)
        .map(|(i, kind)| {
            let mut draw = Draw::nth(key, Stream::Selection, 500 + i as u32);
            (kind.make)(&ledger, &identity, &mut draw)
        })
        .collect()
}

#[test]
fn dump() {
    let mut concept: BTreeMap<String, u32> = BTreeMap::new();
    let mut text: BTreeMap<String, (u32, u32)> = BTreeMap::new();
    for index in 0..400 {
        for by_concept in [true, false] {
            let mut seen: BTreeMap<(String, i32, bool, u8), Vec<(i64, &str, usize)>> =
                BTreeMap::new();
            for note in notes(index) {
                for (c, column) in note.columns.iter().enumerate() {
                    let (year, end) = match column.period {
                        Period::Year(y) => (y, false),
                        Period::YearEnd(y) => (y, true),
                        _ => continue,
                    };
                    if !column.words.is_empty() {
                        continue;
                    }
                    for (r, row) in note.rows.iter().enumerate() {
                        let Some(value) = note.number(r, c).map(i64::abs) else {
                            continue;
                        };
                        let name = if by_concept {
                            row.label.concept.to_owned()
                        } else {
                            row.label.text.to_lowercase()
                        };
                        if name.is_empty() {
                            continue;
                        }
                        seen.entry((name, year, end, row.quantity as u8))
                            .or_default()
                            .push((value, note.stem, r));
                    }
                }
            }
            for ((name, ..), list) in seen {
                let (first, stem, _) = list[0];
                for (value, other, _) in &list[1..] {
                    if by_concept {
                        if *value != first {
                            *concept
                                .entry(format!("{name:?}: {stem}, {other}"))
                                .or_default() += 1;
                        }
                    } else if *other != stem {
                        let e = text
                            .entry(format!("{name:?}: {stem}, {other}"))
                            .or_default();
                        e.0 += 1;
                        e.1 += u32::from(*value != first);
                    }
                }
            }
        }
    }
    let _: BTreeSet<u8> = BTreeSet::new();
    println!("CONCEPT {concept:#?}");
    for (k, v) in text {
        if v.1 > 0 {
            println!("TEXT {k} {v:?}");
        }
    }
}
