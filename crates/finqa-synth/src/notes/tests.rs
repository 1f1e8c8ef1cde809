use std::collections::BTreeMap;

use super::*;
use crate::identity::identity;
use crate::note::{Cell, Period, Role};
use crate::split::SplitName;

fn made(index: u32, config: &SynthConfig) -> Vec<Note> {
    let key = Key {
        seed: 3,
        split: SplitName::Train,
        index,
    };
    let identity = identity(key);
    let ledger = Ledger::new(key, &identity);
    of_company(key, config, &identity, &ledger)
}

/// Borrowings, leases, plans and obligations.
fn ours(note: &Note) -> bool {
    let areas = [
        debt::KINDS,
        leases::KINDS,
        pension::KINDS,
        obligations::KINDS,
    ];
    areas.iter().any(|a| a.iter().any(|k| k.stem == note.stem))
}

#[test]
fn under_a_heading_every_label_names_one_row() {
    for index in 0..150 {
        for note in made(index, &SynthConfig::default()) {
            assert_eq!(note.violations(), Vec::<String>::new());
            assert!((1..=27).contains(&note.rows.len()), "{}", note.stem);
            for block in note.rows.split(|r| r.role == Role::Section) {
                let mut words: Vec<&str> = Vec::new();
                for row in block {
                    let filled = row.cells.iter().any(|c| *c != Cell::Empty);
                    assert!(filled || !ours(&note), "{}: {}", note.stem, row.label.text);
                    words.push(&row.label.text);
                    words.extend(row.label.also);
                }
                let n = words.len();
                words.sort_unstable();
                words.dedup();
                assert_eq!(words.len(), n, "{}: {words:?}", note.stem);
            }
        }
    }
}

/// In tables of borrowings, leases and plans a concept may stand in several tables of a company, but then for the
/// same amount, whatever its sign.
#[test]
fn a_concept_means_one_amount_a_year() {
    for index in 0..150 {
        let mut seen: BTreeMap<(&str, i32), (i64, &str)> = BTreeMap::new();
        for note in made(index, &SynthConfig::default()) {
            if !ours(&note) {
                continue;
            }
            for (c, column) in note.columns.iter().enumerate() {
                let plain = matches!(column.period, Period::Year(_) | Period::YearEnd(_))
                    && column.words.is_empty()
                    && !column.restated;
                for row in note.rows.iter().filter(|_| plain) {
                    let concept = row.label.concept;
                    let Some(value) = row.cells.get(c).and_then(Cell::number) else {
                        continue;
                    };
                    if concept.is_empty() {
                        continue;
                    }
                    let (other, stem) = *seen
                        .entry((concept, column.period.year()))
                        .or_insert((value.abs(), note.stem));
                    assert_eq!(
                        value.abs(),
                        other,
                        "company {index}: {concept} in {} and {stem}",
                        note.stem
                    );
                }
            }
        }
    }
}

#[test]
fn the_number_of_tables_keeps_to_the_configuration() {
    let all: usize = AREAS.iter().map(|a| a.len()).sum();
    for (min, max) in [(8, 8), (8, 14), (20, 45)] {
        let config = SynthConfig {
            min_tables: min,
            max_tables: max,
            ..SynthConfig::default()
        };
        for index in 0..200 {
            let notes = made(index, &config);
            assert!(notes.len() <= max as usize);
            // Companies without debt or plans run out of kinds as long as there are few.
            assert!(
                notes.len() >= (min as usize).min(all / 3),
                "{}",
                notes.len()
            );
            let mut stems: Vec<&str> = notes.iter().map(|n| n.stem).collect();
            stems.sort_unstable();
            stems.dedup();
            assert_eq!(stems.len(), notes.len(), "two tables of one name");
            for stem in ["DisaggregationOfRevenue", "LeaseCost"] {
                assert!(stems.contains(&stem), "{stem} is not there");
            }
        }
    }
}

#[test]
fn custom_tags_come_as_often_as_configured() {
    for percent in [0, 30, 100] {
        let config = SynthConfig {
            custom_tag_pct: percent,
            ..SynthConfig::default()
        };
        let (mut own, mut all) = (0, 0);
        for note in (0..200).flat_map(|i| made(i, &config)) {
            own += u32::from(note.prefix == Prefix::Ticker);
            all += 1;
        }
        let off = i64::from(100 * own / all) - i64::from(percent);
        assert!((-2..=5).contains(&off), "{own} of {all}");
    }
}

#[test]
fn columns_show_no_more_years_than_configured() {
    let config = SynthConfig {
        max_years: 2,
        ..SynthConfig::default()
    };
    for note in (0..200).flat_map(|i| made(i, &config)) {
        let mut years: Vec<i32> = Vec::new();
        for column in &note.columns {
            if let Period::Year(y) | Period::YearEnd(y) = column.period {
                years.push(y);
            }
        }
        years.sort_unstable();
        years.dedup();
        let to_come = note.stem.contains("MaturitySchedule");
        assert!(to_come || years.len() <= 2, "{}: {years:?}", note.stem);
        assert_eq!(note.violations(), Vec::<String>::new());
    }
}

#[test]
fn variants_come_as_often_as_configured() {
    let count = |config: &SynthConfig, of: &dyn Fn(&Note) -> bool| {
        (0..200).filter(|i| made(*i, config).iter().any(of)).count()
    };
    let restated = |note: &Note| note.columns.iter().any(|c| c.restated);
    let quarterly = |note: &Note| matches!(note.columns[0].period, Period::Quarter(..));
    let twin = |note: &Note| note.twin_of.is_some() && !note.stem.contains("Previously");
    let none = SynthConfig {
        distractor_pct: 0,
        restated_pct: 0,
        ..SynthConfig::default()
    };
    let default = SynthConfig::default();
    assert_eq!(count(&none, &restated), 0);
    assert_eq!(count(&none, &quarterly), 0);
    assert_eq!(count(&none, &twin), 0);
    assert!((10..=32).contains(&count(&default, &restated)));
    let quarters = count(&default, &quarterly);
    assert!((100..=140).contains(&quarters), "{quarters}");
    assert!(count(&default, &twin) > 75);
}

#[test]
fn a_restated_year_differs_and_both_values_are_shown() {
    let config = SynthConfig {
        restated_pct: 100,
        ..SynthConfig::default()
    };
    let (mut columns, mut tables) = (0, 0);
    for index in 0..200 {
        let notes = made(index, &config);
        let Some(note) = notes.iter().find(|n| n.columns.iter().any(|c| c.restated)) else {
            continue;
        };
        let year = note.columns[1].period;
        if note.columns[1].restated {
            let older = notes
                .iter()
                .find(|n| n.twin_of == Some(note.stem) && n.stem.contains("Previously"))
                .unwrap();
            assert_eq!(older.columns[0].period, year);
            assert!(!older.columns[0].restated);
            assert_eq!(older.rows.len(), note.rows.len());
            let differs = (0..note.rows.len()).any(|r| note.number(r, 1) != older.number(r, 0));
            assert!(differs);
            tables += 1;
        } else {
            assert!(note.columns[2].restated);
            assert_eq!(note.columns[2].period, year);
            assert!((0..note.rows.len()).any(|r| note.number(r, 1) != note.number(r, 2)));
            columns += 1;
        }
    }
    assert!(columns > 40 && tables > 40, "{columns}, {tables}");
}
