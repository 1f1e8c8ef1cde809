//! What every table of assets, liabilities, securities and purchases must keep to.

use std::collections::BTreeMap;

use super::{
    Kind, acquisitions, assets, balances, comprehensive, intangibles, investments, reserves,
};
use crate::draw::{Draw, Key, Stream};
use crate::identity::{Identity, identity};
use crate::ledger::Ledger;
use crate::note::{Note, Role};
use crate::split::SplitName;

const AREAS: [&[Kind]; 7] = [
    assets::KINDS,
    intangibles::KINDS,
    balances::KINDS,
    reserves::KINDS,
    comprehensive::KINDS,
    investments::KINDS,
    acquisitions::KINDS,
];

fn key(index: u32) -> Key {
    Key {
        seed: 7,
        split: SplitName::Train,
        index,
    }
}

/// Every note that company `index` can have; `selected`: as often as real companies have it.
fn notes(index: u32, selected: bool) -> (Identity, Vec<Note>) {
    let key = key(index);
    let identity = identity(key);
    let ledger = Ledger::new(key, &identity);
    let notes = AREAS
        .iter()
        .flat_map(|area| area.iter())
        .enumerate()
        .filter(|(i, kind)| {
            let presence = (kind.presence_pct)(&identity);
            let mut draw = Draw::nth(key, Stream::Selection, 2000 + *i as u32);
            presence > 0 && (!selected || draw.chance(presence))
        })
        .map(|(i, kind)| {
            let mut draw = Draw::nth(key, Stream::Selection, 1000 + i as u32);
            (kind.make)(&ledger, &identity, &mut draw)
        })
        // The company has no such thing.
        .filter(|note| !note.rows.is_empty())
        .collect();
    (identity, notes)
}

#[test]
fn identities_hold_for_ten_thousand_companies() {
    std::thread::scope(|scope| {
        for part in 0..2 {
            scope.spawn(move || {
                for index in (part..10_000).step_by(2) {
                    let key = key(index);
                    let ledger = Ledger::new(key, &identity(key));
                    assert_eq!(ledger.violations(), Vec::<String>::new(), "company {index}");
                }
            });
        }
    });
}

/// The inventories of a company.
fn inventories_of(index: u32) -> Option<crate::ledger::items::Items> {
    let key = key(index);
    Ledger::new(key, &identity(key)).assets.inventory
}

/// A wrong cell in any section breaks an identity, so that the test above can fail.
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
    let key = key((0..50).find(with_goods).unwrap());
    for (name, wrong) in breaks {
        let mut ledger = Ledger::new(key, &identity(key));
        wrong(&mut ledger);
        let found = ledger.violations();
        assert!(
            found.iter().any(|v| v.starts_with(name)),
            "{name}: {found:?}"
        );
    }
}

#[test]
fn every_note_adds_up_and_fits_its_kind() {
    for index in 0..800 {
        let (_, notes) = notes(index, false);
        for note in &notes {
            assert_eq!(note.violations(), Vec::<String>::new(), "company {index}");
            assert!(
                (2..=27).contains(&note.rows.len()),
                "{} of company {index} has {} rows",
                note.stem,
                note.rows.len()
            );
            assert!(
                !note.sums.is_empty()
                    || note.stem == "PurchaseConsideration"
                    || note.stem == "ContractWithCustomerAssetAndLiability",
                "{}",
                note.stem
            );
        }
    }
}

/// A label or synonym names one row of the table; under headings, one row of its block.
#[test]
fn names_are_unambiguous() {
    for index in 0..800 {
        let (_, notes) = notes(index, false);
        for note in &notes {
            for block in note.rows.split(|r| r.role == Role::Section) {
                let mut seen = BTreeMap::new();
                for row in block.iter().filter(|r| r.role != Role::Section) {
                    for name in std::iter::once(row.label.text.as_str())
                        .chain(row.label.also.iter().copied())
                    {
                        if let Some(other) = seen.insert(name.to_lowercase(), &row.label.text) {
                            panic!(
                                "{}: {name:?} names {other:?} and {:?}",
                                note.stem, row.label.text
                            );
                        }
                    }
                    if !row.label.concept.is_empty()
                        && let Some(other) =
                            seen.insert(row.label.concept.to_owned(), &row.label.text)
                    {
                        panic!(
                            "{}: concept of {other:?} and {:?}",
                            note.stem, row.label.text
                        );
                    }
                }
            }
        }
    }
}

/// A concept names one row of a company, whatever tables it has.
#[test]
fn a_concept_names_one_row() {
    for index in 0..400 {
        let (_, notes) = notes(index, false);
        let mut seen: BTreeMap<&str, &str> = BTreeMap::new();
        for note in &notes {
            for row in note.rows.iter().filter(|r| !r.label.concept.is_empty()) {
                if let Some(other) = seen.insert(row.label.concept, note.stem) {
                    panic!("{:?} is in {other} and {}", row.label.concept, note.stem);
                }
            }
        }
    }
}

/// A table made twice is the same, and another company's differs.
#[test]
fn notes_depend_on_the_key_alone() {
    let again = notes(3, false).1;
    let first = notes(3, false).1;
    let other = notes(4, false).1;
    let cells = |notes: &[Note]| format!("{notes:?}");
    assert_eq!(cells(&first), cells(&again));
    assert_ne!(cells(&first), cells(&other));
}

/// The measured ranges of real tables: rows, negatives, zeros.
#[test]
fn shapes_are_like_real_tables() {
    let (mut rows, mut numbers, mut negatives, mut zeros) = (Vec::new(), 0, 0, 0);
    let mut growth = Vec::new();
    for index in 0..800 {
        let (_, notes) = notes(index, true);
        for note in &notes {
            rows.push(note.rows.len());
            for row in &note.rows {
                let values: Vec<i64> = row
                    .cells
                    .iter()
                    .filter_map(crate::note::Cell::number)
                    .collect();
                numbers += values.len();
                negatives += values.iter().filter(|v| **v < 0).count();
                zeros += values.iter().filter(|v| **v == 0).count();
                let years = note.columns.iter().all(|c| c.words.is_empty());
                if years
                    && let [new, old, ..] = values[..]
                    && old != 0
                {
                    growth.push((new - old) * 1000 / old.abs());
                }
            }
        }
    }
    rows.sort_unstable();
    growth.sort_unstable();
    let at = |list: &[i64], pct: usize| list[list.len() * pct / 100];
    let shape = format!(
        "rows {} {} {}; negatives {} of 1000, zeros {}; growth p10 {} q1 {} median {} q3 {} p90 {}",
        rows[rows.len() / 4],
        rows[rows.len() / 2],
        rows[rows.len() * 3 / 4],
        negatives * 1000 / numbers,
        zeros * 1000 / numbers,
        at(&growth, 10),
        at(&growth, 25),
        at(&growth, 50),
        at(&growth, 75),
        at(&growth, 90),
    );
    println!("{shape}");
    assert!((6..=9).contains(&rows[rows.len() / 2]), "{shape}");
    assert!(
        (80..=180).contains(&(negatives * 1000 / numbers)),
        "{shape}"
    );
    assert!((30..=70).contains(&(zeros * 1000 / numbers)), "{shape}");
    for (pct, low, high) in [
        (10, -420, -250),
        (25, -120, -50),
        (50, 0, 60),
        (75, 110, 260),
        (90, 400, 900),
    ] {
        assert!((low..=high).contains(&at(&growth, pct)), "{shape}");
    }
}
