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
            let stacked = note
                .rows
                .iter()
                .any(|r| r.role == Role::Section && r.due.is_some())
                || note
                    .stem
                    .contains("RevenuesFromExternalCustomersAndLongLived")
                || note
                    .rows
                    .first()
                    .is_some_and(|r| r.label.text.starts_with("fiscal "));
            for block in note.rows.split(|r| stacked && r.role == Role::Section) {
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

/// A concept names one quantity of a company, whatever the table.
#[test]
fn concepts_mean_one_quantity() {
    for index in 0..400 {
        let (_, notes) = notes(index, false);
        let mut seen: BTreeMap<&str, (i64, &str)> = BTreeMap::new();
        for note in notes
            .iter()
            .filter(|n| n.columns.iter().all(|c| c.words.is_empty()))
        {
            for (r, row) in note.rows.iter().enumerate() {
                let (Some(value), concept) = (note.number(r, 0), row.label.concept) else {
                    continue;
                };
                if concept.is_empty() {
                    continue;
                }
                let (first, table) = *seen.entry(concept).or_insert((value, note.stem));
                assert_eq!(
                    first, value,
                    "{concept:?} in {table} and {} of company {index}",
                    note.stem
                );
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
    let mut by_stem: BTreeMap<&str, (usize, usize, usize, usize, usize)> = BTreeMap::new();
    for index in 0..800 {
        let (_, notes) = notes(index, true);
        for note in &notes {
            rows.push(note.rows.len());
            {
                let e = by_stem.entry(note.stem).or_default();
                e.0 += 1;
                e.1 += note.rows.len();
            }
            for row in &note.rows {
                let values: Vec<i64> = row
                    .cells
                    .iter()
                    .filter_map(crate::note::Cell::number)
                    .collect();
                numbers += values.len();
                let e = by_stem.entry(note.stem).or_default();
                e.2 += values.len();
                e.3 += values.iter().filter(|v| **v == 0).count();
                e.4 += values.iter().filter(|v| **v < 0).count();
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
    for (stem, (n, r, v, z, neg)) in &by_stem {
        println!(
            "STEM {stem}: n {n} rows {} numbers {v} zero {} neg {}",
            r / n,
            z * 1000 / v.max(&1),
            neg * 1000 / v.max(&1)
        );
    }
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
    for i in [1u32, 5, 9] {
        let (id, ns) = notes(i, true);
        println!("SHOW {} {:?}", id.slug, id.industry);
        for n in ns {
            println!(
                "SHOW == {} | {:?}",
                n.stem,
                n.columns
                    .iter()
                    .map(|c| format!("{} {}", c.period.year(), c.words))
                    .collect::<Vec<_>>()
            );
            for r in &n.rows {
                println!(
                    "SHOW {:?} {:<60} {:?} {:?}",
                    r.role,
                    r.label.text,
                    r.cells
                        .iter()
                        .map(|c| match c {
                            crate::note::Cell::Number(n) => n.to_string(),
                            crate::note::Cell::Empty => ".".into(),
                            crate::note::Cell::Text(t) => t.clone(),
                        })
                        .collect::<Vec<_>>(),
                    r.due
                );
            }
        }
    }
    assert!((6..=9).contains(&rows[rows.len() / 2]), "{shape}");
    assert!(
        (80..=180).contains(&(negatives * 1000 / numbers)),
        "{shape}"
    );
    assert!((20..=90).contains(&(zeros * 1000 / numbers)), "{shape}");
    assert!((0..=70).contains(&at(&growth, 50)), "{shape}");
}
