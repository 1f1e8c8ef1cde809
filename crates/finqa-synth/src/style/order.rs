//! Which way the years run, and which headings a table keeps. Both move rows or columns of the note itself.

use crate::config::SynthConfig;
use crate::draw::Draw;
use crate::note::{Note, Period, Role, Row, Sum};

/// Puts the oldest year first: columns with the same words change places among themselves.
pub(super) fn oldest_first(note: &mut Note) {
    let key = |c: usize| match note.columns[c].period {
        Period::Quarter(year, quarter) => (year, quarter),
        period => (period.year(), 0),
    };
    let mut old_at: Vec<usize> = (0..note.columns.len()).collect();
    for c in 0..note.columns.len() {
        let words = note.columns[c].words;
        if note.columns[..c].iter().any(|other| other.words == words) {
            continue;
        }
        let places: Vec<usize> = (c..note.columns.len())
            .filter(|&i| note.columns[i].words == words)
            .collect();
        let mut sorted = places.clone();
        sorted.sort_by_key(|&i| key(i));
        for (place, old) in places.into_iter().zip(sorted) {
            old_at[place] = old;
        }
    }
    note.columns = old_at.iter().map(|&i| note.columns[i].clone()).collect();
    for row in note.rows.iter_mut().filter(|r| !r.cells.is_empty()) {
        row.cells = old_at.iter().map(|&i| row.cells[i].clone()).collect();
    }
    let new_of = |old: usize| old_at.iter().position(|&o| o == old).unwrap_or(old);
    renumber(&mut note.column_sums, new_of);
}

/// Headings that read on before a label: "current federal".
const ADJECTIVES: [&str; 8] = [
    "current",
    "deferred",
    "domestic",
    "foreign",
    "operating",
    "finance",
    "basic",
    "diluted",
];

/// Drops the headings of some tables; labels that only a heading told apart take its word, if it is one that reads on.
///
/// About one table in four has headings to drop, so they stay in twice the wanted share of those, and [`lead`] makes up
/// for the rest.
pub(super) fn thin(note: &mut Note, config: &SynthConfig, draw: &mut Draw) {
    let has_sections = note.rows.iter().any(|r| r.role == Role::Section);
    // Headings that are dates ("December 31, 2024") say what no column says.
    let is_date = |r: &Row| r.role == Role::Section && r.label.text.contains("20");
    if !has_sections
        || note.rows.iter().any(is_date)
        || draw.chance((config.section_pct * 2).min(100))
    {
        return;
    }
    let sections = sections(note);
    let kept: Vec<usize> = (0..note.rows.len())
        .filter(|&i| note.rows[i].role != Role::Section)
        .collect();
    let mut labels: Vec<String> = kept
        .iter()
        .map(|&i| note.rows[i].label.text.clone())
        .collect();
    for (k, &i) in kept.iter().enumerate() {
        let repeats = kept
            .iter()
            .filter(|&&other| note.rows[other].label.text == note.rows[i].label.text)
            .count();
        if let (true, Some(section)) = (repeats > 1, sections[i]) {
            let heading = note.rows[section].label.text.trim_end_matches(':');
            if !ADJECTIVES.contains(&heading) {
                return;
            }
            labels[k] = format!("{heading} {}", note.rows[i].label.text);
        }
    }
    if (1..labels.len()).any(|k| labels[..k].contains(&labels[k])) {
        return;
    }
    let mut rows = std::mem::take(&mut note.rows);
    rows.retain(|r| r.role != Role::Section);
    for (row, label) in rows.iter_mut().zip(labels) {
        row.label.text = label;
    }
    note.rows = rows;
    let new_of = |old: usize| kept.binary_search(&old).unwrap_or(old);
    renumber(&mut note.sums, new_of);
}

/// For every row the index of the heading above it.
pub(super) fn sections(note: &Note) -> Vec<Option<usize>> {
    let mut section = None;
    note.rows
        .iter()
        .enumerate()
        .map(|(i, row)| {
            if row.role == Role::Section {
                section = Some(i);
            }
            section
        })
        .collect()
}

/// Puts a heading over all rows of some tables that have none: what the table shows.
pub(super) fn lead(note: &mut Note, config: &SynthConfig, draw: &mut Draw) {
    let wanted = draw.chance(config.section_pct / 3);
    let has_sections = note.rows.iter().any(|r| r.role == Role::Section);
    let is_ladder = note.rows.iter().any(|r| r.due.is_some());
    let is_label = note.rows.iter().any(|r| r.label.text == note.topic);
    if !wanted || has_sections || is_ladder || is_label || note.rows.len() < 3 {
        return;
    }
    note.section(note.topic);
    note.rows.rotate_right(1);
    renumber(&mut note.sums, |old| old + 1);
}

fn renumber(sums: &mut [Sum], new_of: impl Fn(usize) -> usize) {
    for sum in sums {
        sum.total = new_of(sum.total);
        for (part, _) in &mut sum.parts {
            *part = new_of(*part);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::draw::{Key, Stream};
    use crate::note::{Cell, Column};
    use crate::split::SplitName;

    fn draw() -> Draw {
        let key = Key {
            seed: 1,
            split: SplitName::Val,
            index: 0,
        };
        Draw::new(key, Stream::Style)
    }

    fn tax() -> Note {
        let mut note = Note::new(
            "Tax",
            "tax",
            vec![
                Column::of(Period::Year(2024)),
                Column::of(Period::Year(2023)),
            ],
        );
        note.section("current");
        let a = note.part("federal".into(), &[5, 6]);
        let b = note.part("state".into(), &[1, 2]);
        let current = note.total("total current".into(), &[(a, 1), (b, 1)]);
        note.section("deferred");
        let c = note.part("federal".into(), &[-3, 4]);
        let d = note.part("other".into(), &[1, 1]);
        let deferred = note.total("total deferred".into(), &[(c, 1), (d, 1)]);
        note.total("provision".into(), &[(current, 1), (deferred, 1)]);
        note
    }

    fn labels(note: &Note) -> Vec<&str> {
        note.rows.iter().map(|r| r.label.text.as_str()).collect()
    }

    #[test]
    fn labels_take_the_words_of_a_dropped_heading() {
        let mut note = tax();
        let config = SynthConfig {
            section_pct: 0,
            ..SynthConfig::default()
        };
        thin(&mut note, &config, &mut draw());
        assert_eq!(
            labels(&note),
            [
                "current federal",
                "state",
                "total current",
                "deferred federal",
                "other",
                "total deferred",
                "provision"
            ]
        );
        assert_eq!(note.violations(), [""; 0]);
        assert_eq!(note.sums[2].total, 6);
        assert_eq!(note.sums[2].parts, [(2, 1), (5, 1)]);
    }

    #[test]
    fn a_table_can_have_its_topic_as_heading() {
        let config = SynthConfig {
            section_pct: 100,
            ..SynthConfig::default()
        };
        let mut led = 0;
        for i in 0..100 {
            let mut note = tax();
            note.rows.remove(4);
            note.rows.remove(0);
            note.sums = vec![Sum {
                total: 2,
                parts: vec![(0, 1), (1, 1)],
            }];
            assert_eq!(note.violations(), [""; 0]);
            let key = Key {
                seed: i,
                split: SplitName::Val,
                index: 0,
            };
            lead(&mut note, &config, &mut Draw::new(key, Stream::Style));
            assert_eq!(note.violations(), [""; 0]);
            if note.rows[0].role == Role::Section {
                led += 1;
                assert_eq!(labels(&note)[..2], ["tax", "federal"]);
                assert_eq!(note.sums[0].total, 3);
            }
        }
        assert!((15..55).contains(&led), "{led}");
    }

    #[test]
    fn headings_stay_where_the_knob_says_so_or_labels_would_repeat() {
        let config = |section_pct| SynthConfig {
            section_pct,
            ..SynthConfig::default()
        };
        let mut note = tax();
        thin(&mut note, &config(100), &mut draw());
        assert_eq!(labels(&note), labels(&tax()));
        let mut note = tax();
        note.rows[4].label.text = "deferred taxes".into();
        let before: Vec<String> = labels(&note).into_iter().map(str::to_owned).collect();
        thin(&mut note, &config(0), &mut draw());
        assert_eq!(labels(&note), before);
    }

    #[test]
    fn years_turn_round_with_their_numbers() {
        let mut note = tax();
        oldest_first(&mut note);
        assert_eq!(note.columns[0].period, Period::Year(2023));
        assert_eq!(note.rows[1].cells, [Cell::Number(6), Cell::Number(5)]);
        assert_eq!(note.rows[0].cells, []);
        assert_eq!(note.violations(), [""; 0]);
    }

    #[test]
    fn words_keep_their_places_in_both_layouts() {
        let at = |year, words| Column::named(Period::YearEnd(year), words);
        for (before, after) in [
            (
                vec![
                    at(2024, "gross"),
                    at(2024, "net"),
                    at(2023, "gross"),
                    at(2023, "net"),
                ],
                vec![
                    at(2023, "gross"),
                    at(2023, "net"),
                    at(2024, "gross"),
                    at(2024, "net"),
                ],
            ),
            (
                vec![at(2024, "a"), at(2023, "a"), at(2024, "b"), at(2023, "b")],
                vec![at(2023, "a"), at(2024, "a"), at(2023, "b"), at(2024, "b")],
            ),
        ] {
            let mut note = Note::new("A", "a", before);
            note.part("x".into(), &[1, 2, 3, 3]);
            note.column_sums.push(Sum {
                total: 2,
                parts: vec![(0, 1), (1, 1)],
            });
            assert_eq!(note.violations(), [""; 0]);
            oldest_first(&mut note);
            assert_eq!(note.columns, after);
            assert_eq!(note.violations(), [""; 0]);
        }
    }
}
