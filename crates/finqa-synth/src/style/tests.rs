//! What holds for every written table.

use finqa_core::answer::cell_number;

use super::*;
use crate::config::{HeaderStyle, LabelStyle};
use crate::identity::identity;
use crate::note::{Cell, Role};
use crate::notes;
use crate::split::SplitName;

fn written(index: u32, config: &SynthConfig) -> Vec<Written> {
    let key = Key {
        seed: 7,
        split: SplitName::Train,
        index,
    };
    let identity = identity(key);
    let ledger = Ledger::new(key, &identity);
    let notes = notes::of_company(key, config, &identity, &ledger);
    write_all(notes, key, &ledger, &identity, config)
}

fn configs() -> Vec<SynthConfig> {
    let base = SynthConfig::default();
    vec![
        base.clone(),
        SynthConfig {
            header_style: HeaderStyle::Filing,
            label_style: LabelStyle::Original,
            section_pct: 100,
            repeated_label_pct: 100,
            dash_pct: 0,
            ..base.clone()
        },
        SynthConfig {
            label_style: LabelStyle::Snake,
            unit_mismatch_pct: 100,
            missing_metadata_pct: 100,
            section_pct: 0,
            ..base
        },
    ]
}

/// `12.50` and `12.5` are one number.
fn bare(text: &str) -> &str {
    if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.')
    } else {
        text
    }
}

#[test]
fn every_number_reads_back_as_the_notes() {
    let mut numbers = 0;
    for config in configs() {
        for w in (0..120).flat_map(|i| written(i, &config)) {
            for (r, row) in w.note.rows.iter().enumerate() {
                for (c, cell) in row.cells.iter().enumerate() {
                    let shown = w.shown(r, c);
                    match cell {
                        Cell::Number(n) => {
                            let want = plain((*n).into(), w.display.decimals_of(row.quantity));
                            let read = cell_number(shown);
                            let read = read.as_deref().map(bare);
                            assert_eq!(read, Some(bare(&want)), "{shown:?} of {:?}", row.label);
                            numbers += 1;
                        }
                        Cell::Text(text) => assert_eq!(shown, text),
                        Cell::Empty => assert_eq!(shown, ""),
                    }
                }
                if row.role == Role::Section {
                    assert!((0..w.note.columns.len()).all(|c| w.shown(r, c).is_empty()));
                }
            }
        }
    }
    assert!(numbers > 5_000, "{numbers}");
}

#[test]
fn tables_are_valid_and_their_notes_hold() {
    for config in configs() {
        for i in 0..120 {
            let tables = written(i, &config);
            for w in &tables {
                assert!(w.table.check("c").is_ok(), "{:?}", w.table.columns);
                assert_eq!(w.table.num_rows(), w.note.rows.len());
                assert_eq!(w.table.columns.len(), w.note.columns.len() + 1);
                assert_eq!(w.note.violations(), [""; 0]);
            }
            let mut names: Vec<String> =
                tables.iter().map(|w| w.table.name.to_lowercase()).collect();
            names.sort();
            names.dedup();
            assert_eq!(names.len(), tables.len(), "a name repeats in company {i}");
        }
    }
}

#[test]
fn the_scale_is_stated_exactly_where_it_says_so() {
    for config in configs() {
        for w in (0..120).flat_map(|i| written(i, &config)) {
            let mut texts = w.table.columns.clone();
            texts.push(w.table.description.clone());
            let stated: Vec<&str> = ["thousand", "million"]
                .into_iter()
                .filter(|word| texts.iter().any(|t| t.to_lowercase().contains(word)))
                .collect();
            let want: Vec<&str> = Some(w.table.scale.as_str())
                .filter(|s| !s.is_empty())
                .into_iter()
                .collect();
            assert_eq!(stated, want, "{texts:?}");
            if !stated.is_empty() {
                assert!(w.scale_stated);
                assert_eq!(stated[0], scale_word(w.display.scale));
            }
        }
    }
}

#[test]
fn tables_in_thousands_say_so() {
    let config = SynthConfig {
        unit_mismatch_pct: 100,
        ..SynthConfig::default()
    };
    let (mut refined, mut kept) = (0, 0);
    for i in 0..60 {
        let key = Key {
            seed: 7,
            split: SplitName::Train,
            index: i,
        };
        let company = Ledger::new(key, &identity(key)).base.display;
        for w in written(i, &config) {
            if w.display.scale == company.scale {
                kept += 1;
            } else {
                assert!(w.scale_stated, "{:?}", w.table);
                assert_eq!(w.display.scale, Scale::Thousand);
                refined += 1;
            }
        }
    }
    assert!(refined > 20 && kept > 0, "{refined} {kept}");
}

#[test]
fn a_table_does_not_depend_on_the_others() {
    let config = SynthConfig::default();
    let key = Key {
        seed: 7,
        split: SplitName::Train,
        index: 3,
    };
    let identity = identity(key);
    let ledger = Ledger::new(key, &identity);
    let notes = notes::of_company(key, &config, &identity, &ledger);
    let all = write_all(notes.clone(), key, &ledger, &identity, &config);
    for note in notes {
        let alone = write_all(vec![note], key, &ledger, &identity, &config);
        let same = all.iter().find(|w| w.table.name == alone[0].table.name);
        assert_eq!(same.map(|w| &w.table), Some(&alone[0].table));
    }
}

#[test]
fn tables_are_listed_in_no_order() {
    let config = SynthConfig::default();
    let unsorted = (0..20).filter(|&i| {
        let tables = written(i, &config);
        !tables.is_sorted_by_key(|w| w.table.name.clone())
    });
    assert!(unsorted.count() > 3);
}
