//! Names of rows in tables of operations, taxes and equity: other names and concepts must be unambiguous.

use std::collections::{BTreeMap, BTreeSet};

use super::{Kind, awards, operations, results, shares, summaries, taxes};
use crate::draw::{Draw, Key, Stream};
use crate::identity::identity;
use crate::ledger::Ledger;
use crate::note::{Note, Period, Role};
use crate::split::SplitName;

const AREAS: [&[Kind]; 6] = [
    operations::KINDS,
    results::KINDS,
    taxes::KINDS,
    shares::KINDS,
    awards::KINDS,
    summaries::KINDS,
];

/// Every note that company `index` can have.
fn notes(index: u32) -> Vec<Note> {
    let key = Key {
        seed: 2,
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
fn every_note_adds_up_and_has_its_stem() {
    for index in 0..600 {
        for note in notes(index) {
            assert_eq!(note.violations(), Vec::<String>::new(), "company {index}");
            let rows = note.rows.len();
            assert!((3..=27).contains(&rows), "{} has {rows} rows", note.stem);
        }
    }
}

#[test]
fn other_names_of_a_row_name_no_other_row_of_its_table() {
    let mut ambiguous = BTreeSet::new();
    for note in (0..600).flat_map(notes) {
        let mut owner: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        for (r, row) in note.rows.iter().enumerate() {
            if row.role == Role::Section {
                continue;
            }
            let label = &row.label;
            let names = [label.text.as_str(), label.concept];
            let names = names.into_iter().chain(label.also.iter().copied());
            for name in names.filter(|n| !n.is_empty()) {
                owner.entry(name.to_lowercase()).or_default().push(r);
            }
        }
        for (name, rows) in owner {
            // The text of a label may repeat under two headings; what stands for it may not.
            let repeated_text = rows
                .iter()
                .all(|&r| note.rows[r].label.text.to_lowercase() == name);
            if rows.len() > 1 && !repeated_text {
                ambiguous.insert(format!("{}: {name:?}", note.stem));
            }
        }
    }
    assert!(ambiguous.is_empty(), "{ambiguous:#?}");
}

#[test]
fn a_concept_means_one_amount_of_a_company_and_year() {
    let mut ambiguous = BTreeSet::new();
    for index in 0..600 {
        let mut seen: BTreeMap<(&str, i32), (i64, &str)> = BTreeMap::new();
        for note in notes(index) {
            for (c, column) in note.columns.iter().enumerate() {
                let (Period::Year(year) | Period::YearEnd(year)) = column.period else {
                    continue;
                };
                for (r, row) in note.rows.iter().enumerate() {
                    let Some(value) = note.number(r, c).map(i64::abs) else {
                        continue;
                    };
                    if row.label.concept.is_empty() {
                        continue;
                    }
                    let key = (row.label.concept, year);
                    let (other, stem) = *seen.entry(key).or_insert((value, note.stem));
                    if value != other {
                        ambiguous.insert(format!("{:?}: {stem}, {}", row.label.concept, note.stem));
                    }
                }
            }
        }
    }
    assert!(ambiguous.is_empty(), "{ambiguous:#?}");
}
