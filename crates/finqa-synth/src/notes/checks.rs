//! What every kind of table must keep to, whether or not a company of the kind shows it.

use std::collections::{BTreeMap, BTreeSet};

use super::AREAS;
use crate::draw::{Draw, Key, Stream};
use crate::identity::identity;
use crate::ledger::Ledger;
use crate::note::{Note, Role};
use crate::split::SplitName;

fn key(index: u32) -> Key {
    Key {
        seed: 7,
        split: SplitName::Train,
        index,
    }
}

/// The books of company `index`.
pub(super) fn ledger(index: u32) -> Ledger {
    Ledger::new(key(index), &identity(key(index)))
}

/// Every note that company `index` can have.
pub(super) fn notes(index: u32) -> Vec<Note> {
    let identity = identity(key(index));
    let ledger = ledger(index);
    let kinds = AREAS.iter().flat_map(|area| area.iter()).enumerate();
    kinds
        .filter(|(_, kind)| (kind.presence_pct)(&identity) > 0)
        .map(|(i, kind)| {
            let mut draw = Draw::nth(key(index), Stream::Selection, 1000 + i as u32);
            (kind.make)(&ledger, &identity, &mut draw)
        })
        // The company has no such thing.
        .filter(|note| !note.rows.is_empty())
        .collect()
}

/// The inventories of a company.
fn inventories_of(index: u32) -> Option<crate::ledger::items::Items> {
    ledger(index).assets.inventory
}

/// A wrong cell in any section breaks an identity, so that `tests/books.rs` can fail.
#[test]
fn a_wrong_cell_breaks_an_identity() {
    type Break = (&'static str, fn(&mut Ledger));
    let breaks: [Break; 12] = [
        ("I9", |l| l.assets.net[1] += 1),
        ("I16", |l| l.assets.long_lived.items[0].amounts[2] += 1),
        ("I8", |l| {
            if let Some(items) = &mut l.assets.inventory {
                items.items[0].amounts[0] += 1;
            }
        }),
        ("I9", |l| l.intangibles.classes[0].accumulated[3] += 1),
        ("I9", |l| l.intangibles.future[5] += 1),
        ("I6", |l| l.intangibles.goodwill[0].closing[1] += 1),
        ("I12", |l| l.liabilities.accrued.items[0].amounts[4] += 1),
        ("I12", |l| l.liabilities.contracts.current[0] += 1),
        ("I6", |l| l.liabilities.allowance.opening[0] += 1),
        ("I6", |l| l.aoci.components[0].closing[2] += 1),
        ("I13", |l| {
            l.investments.securities[0].fair.levels[0][0] += 1;
        }),
        ("I17", |l| l.acquisitions.deals[0].goodwill += 1),
    ];
    let with_goods = |i: &u32| inventories_of(*i).is_some();
    let index = (0..50).find(with_goods).unwrap();
    for (name, wrong) in breaks {
        let mut ledger = ledger(index);
        wrong(&mut ledger);
        let found = ledger.violations();
        assert!(
            found.iter().any(|v| v.starts_with(name)),
            "{name}: {found:?}"
        );
    }
}

#[test]
fn every_note_adds_up_and_has_rows_and_columns() {
    for index in 0..800 {
        for note in notes(index) {
            assert_eq!(note.violations(), Vec::<String>::new(), "company {index}");
            let (rows, columns) = (note.rows.len(), note.columns.len());
            assert!(
                (2..=27).contains(&rows) && (1..=9).contains(&columns),
                "{} of company {index} has {rows} rows, {columns} columns",
                note.stem
            );
        }
    }
}

/// A label, another name or a concept names one row of the table; under headings, one row of its block.
#[test]
fn names_are_unambiguous() {
    let mut ambiguous = BTreeSet::new();
    for note in (0..600).flat_map(notes) {
        for block in note.rows.split(|r| r.role == Role::Section) {
            let mut seen = BTreeMap::new();
            for (r, row) in block.iter().enumerate() {
                let label = &row.label;
                let names = [label.text.as_str(), label.concept].into_iter();
                for name in names.chain(label.also.iter().copied()) {
                    let other = seen.insert(name.to_lowercase(), r);
                    if !name.is_empty() && other.is_some() {
                        ambiguous.insert(format!("{}: {name:?}", note.stem));
                    }
                }
            }
        }
    }
    assert!(ambiguous.is_empty(), "{ambiguous:#?}");
}

/// A table made twice is the same, and another company's differs.
#[test]
fn notes_depend_on_the_key_alone() {
    let cells = |index| format!("{:?}", notes(index));
    assert_eq!(cells(3), cells(3));
    assert_ne!(cells(3), cells(4));
}
