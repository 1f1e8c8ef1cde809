//! Labels: case, capitals, footnote marks, totals that are called just "total".

use super::house::House;
use super::order::sections;
use crate::config::{LabelStyle, SynthConfig};
use crate::draw::Draw;
use crate::note::{Note, Role};

/// How a table writes its labels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Case {
    Original,
    Lower,
    Snake,
}

/// Words that stay small in titles.
const SMALL_WORDS: [&str; 16] = [
    "a", "an", "and", "at", "by", "due", "for", "from", "in", "of", "on", "or", "the", "to",
    "under", "with",
];

/// Calls the subtotals of several headings "total", and their other items "other", in some tables.
///
/// The heading above tells such rows apart, so this happens under headings only.
pub(super) fn repeat(note: &mut Note, config: &SynthConfig, draw: &mut Draw) {
    let sections = sections(note);
    // Few tables have two headings with a subtotal each, so those that do make up for the others.
    if sections.iter().all(Option::is_none)
        || !draw.chance((config.repeated_label_pct * 3).min(100))
    {
        return;
    }
    let last = note.rows.len().saturating_sub(1);
    let totals = |r: usize| note.rows[r].role == Role::Total && r != last;
    let others =
        |r: usize| note.rows[r].role == Role::Part && note.rows[r].label.text.starts_with("other ");
    for (text, rows) in [
        ("total", one_a_heading(note.rows.len(), &sections, totals)),
        ("other", one_a_heading(note.rows.len(), &sections, others)),
    ] {
        let is_taken = note.rows.iter().any(|r| r.label.text == text);
        if rows.len() < 2 || is_taken {
            continue;
        }
        for row in rows {
            text.clone_into(&mut note.rows[row].label.text);
        }
    }
}

/// Rows that fit if each stands under a heading of its own; else none.
fn one_a_heading(
    rows: usize,
    sections: &[Option<usize>],
    fits: impl Fn(usize) -> bool,
) -> Vec<usize> {
    let found: Vec<usize> = (0..rows).filter(|&r| fits(r)).collect();
    let mut heads: Vec<Option<usize>> = found.iter().map(|&r| sections[r]).collect();
    heads.dedup();
    if heads.len() == found.len() && heads.iter().all(Option::is_some) {
        found
    } else {
        Vec::new()
    }
}

/// The labels of a table as they stand in it, one a row.
pub(super) fn write(
    note: &Note,
    house: &House,
    config: &SynthConfig,
    draw: &mut Draw,
) -> Vec<String> {
    let wanted = match config.label_style {
        LabelStyle::Mixed => {
            [Case::Original, Case::Lower, Case::Snake][draw.weighted(&[45, 35, 20])]
        }
        LabelStyle::Original => Case::Original,
        LabelStyle::Lower => Case::Lower,
        LabelStyle::Snake => Case::Snake,
    };
    let mut out = cased(note, wanted, house);
    // Two labels that only a comma or a capital told apart would become one.
    let before = distinct(note.rows.iter().map(|r| r.label.text.as_str()));
    let mut case = wanted;
    while distinct(out.iter().map(String::as_str)) < before && case != Case::Original {
        case = if case == Case::Snake {
            Case::Lower
        } else {
            Case::Original
        };
        out = cased(note, case, house);
    }
    if case != Case::Snake && draw.chance(20) {
        footnotes(note, &mut out, house, draw);
    }
    out
}

fn distinct<'a>(labels: impl Iterator<Item = &'a str>) -> usize {
    let mut seen: Vec<&str> = Vec::new();
    for label in labels {
        if !seen.contains(&label) {
            seen.push(label);
        }
    }
    seen.len()
}

fn cased(note: &Note, case: Case, house: &House) -> Vec<String> {
    note.rows
        .iter()
        .map(|row| {
            let text = row.label.text.as_str();
            let mut out = match case {
                Case::Original if house.title_case => title(text),
                Case::Original => capitalised(text),
                Case::Lower => text.to_lowercase(),
                Case::Snake => snake(text),
            };
            if row.role == Role::Section
                && case != Case::Snake
                && house.heading_colon
                && !out.ends_with(':')
            {
                out.push(':');
            }
            out
        })
        .collect()
}

/// Marks one to three labels `(1)`, `(2)`, …
fn footnotes(note: &Note, labels: &mut [String], house: &House, draw: &mut Draw) {
    let rows: Vec<usize> = (0..labels.len())
        .filter(|&r| note.rows[r].role != Role::Section && note.rows[r].due.is_none())
        .collect();
    let count = 1 + draw.weighted(&[50, 30, 20]);
    // Some refer to a note of the report instead.
    let to_note = draw.chance(15).then(|| 2 + draw.below(17));
    for (n, row) in draw.choose(&rows, count).into_iter().enumerate() {
        let mark = match to_note {
            Some(first) => format!("Note {}", first + n),
            None if house.footnote_letters => char::from(b'a' + n as u8).to_string(),
            None => (n + 1).to_string(),
        };
        labels[row] = format!("{} ({mark})", labels[row]);
    }
}

fn capitalised(text: &str) -> String {
    let mut chars = text.chars();
    chars
        .next()
        .map_or_else(String::new, |c| c.to_uppercase().chain(chars).collect())
}

fn title(text: &str) -> String {
    let words: Vec<String> = text
        .split(' ')
        .enumerate()
        .map(|(i, word)| {
            if i > 0 && SMALL_WORDS.contains(&word) {
                word.to_owned()
            } else {
                capitalised(word)
            }
        })
        .collect();
    words.join(" ")
}

/// `3.625%_notes_due_2031`, `research_and_development`: as an LLM cleans labels.
fn snake(text: &str) -> String {
    let chars: Vec<char> = text.to_lowercase().chars().collect();
    let is_digit = |i: usize| chars.get(i).is_some_and(char::is_ascii_digit);
    let mut out = String::with_capacity(text.len());
    for (i, &c) in chars.iter().enumerate() {
        let in_number = i > 0 && is_digit(i - 1) && is_digit(i + 1);
        match c {
            '&' => out.push_str("and"),
            '.' if in_number => out.push('.'),
            '%' => out.push('%'),
            c if c.is_alphanumeric() => out.push(c),
            ' ' | '-' | '/' | '–' | '—' if !out.is_empty() && !out.ends_with('_') => {
                out.push('_');
            }
            _ => {}
        }
    }
    out.truncate(out.trim_end_matches('_').len());
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::draw::{Key, Stream};
    use crate::note::{Column, Period};
    use crate::split::SplitName;

    fn draw(index: u32) -> Draw {
        let key = Key {
            seed: 1,
            split: SplitName::Val,
            index,
        };
        Draw::new(key, Stream::Style)
    }

    #[test]
    fn cases() {
        assert_eq!(capitalised("total current"), "Total current");
        assert_eq!(capitalised("U.S. federal"), "U.S. federal");
        assert_eq!(
            title("cost of revenue, net of tax"),
            "Cost of Revenue, Net of Tax"
        );
        assert_eq!(title("3.625% notes due 2031"), "3.625% Notes due 2031");
        for (text, want) in [
            ("3.625% notes due 2031", "3.625%_notes_due_2031"),
            ("U.S. federal", "us_federal"),
            ("research & development", "research_and_development"),
            ("held-to-maturity, net", "held_to_maturity_net"),
            ("provision for (benefit from)", "provision_for_benefit_from"),
        ] {
            assert_eq!(snake(text), want);
        }
    }

    fn balance() -> Note {
        let mut note = Note::new("A", "a", vec![Column::of(Period::Year(2024))]);
        for name in ["assets", "liabilities"] {
            note.section(name);
            let a = note.part("cash".into(), &[1]);
            let b = note.part(format!("other {name}").as_str().into(), &[2]);
            note.total(format!("total {name}").as_str().into(), &[(a, 1), (b, 1)]);
        }
        note.total("net".into(), &[(3, 1), (7, -1)]);
        note
    }

    fn config(repeated_label_pct: u32, label_style: LabelStyle) -> SynthConfig {
        SynthConfig {
            label_style,
            repeated_label_pct,
            ..SynthConfig::default()
        }
    }

    #[test]
    fn subtotals_under_headings_can_share_a_label() {
        let mut note = balance();
        repeat(&mut note, &config(100, LabelStyle::Mixed), &mut draw(0));
        let texts: Vec<&str> = note.rows.iter().map(|r| r.label.text.as_str()).collect();
        assert_eq!(texts[2..4], ["other", "total"]);
        assert_eq!(texts[6..], ["other", "total", "net"]);
        let mut same = balance();
        repeat(&mut same, &config(0, LabelStyle::Mixed), &mut draw(0));
        assert_eq!(same.rows[3].label.text, "total assets");
    }

    #[test]
    fn two_subtotals_of_one_heading_keep_their_names() {
        let mut note = balance();
        note.rows.remove(4);
        note.sums.clear();
        repeat(&mut note, &config(100, LabelStyle::Mixed), &mut draw(0));
        assert_eq!(note.rows[3].label.text, "total assets");
    }

    #[test]
    fn one_style_a_table() {
        let house = super::super::cells::tests::house();
        for (style, want) in [
            (LabelStyle::Original, ["Assets:", "Cash", "Other assets"]),
            (LabelStyle::Lower, ["assets:", "cash", "other assets"]),
            (LabelStyle::Snake, ["assets", "cash", "other_assets"]),
        ] {
            // A stream that draws no footnotes.
            let labels = (0..9)
                .map(|i| write(&balance(), &house, &config(0, style), &mut draw(i)))
                .find(|labels| labels.iter().all(|l| !l.ends_with(')')))
                .unwrap();
            assert_eq!(labels[..3], want, "{style:?}");
        }
    }

    #[test]
    fn labels_that_would_become_one_keep_their_difference() {
        let mut note = Note::new("A", "a", vec![Column::of(Period::Year(2024))]);
        note.part("notes, due 2025".into(), &[1]);
        note.part("notes due 2025".into(), &[2]);
        let house = super::super::cells::tests::house();
        let labels = write(&note, &house, &config(0, LabelStyle::Snake), &mut draw(0));
        assert!(labels[0].starts_with("notes, due"), "{labels:?}");
    }

    #[test]
    fn footnotes_are_numbered_from_top_to_bottom() {
        let house = super::super::cells::tests::house();
        let mut marked = 0;
        for i in 0..200 {
            let labels = write(
                &balance(),
                &house,
                &config(0, LabelStyle::Original),
                &mut draw(i),
            );
            let marks: Vec<&str> = labels
                .iter()
                .filter_map(|l| l.rsplit_once(" (").map(|(_, m)| m))
                .collect();
            if marks.iter().all(|m| !m.starts_with("Note")) {
                assert_eq!(marks, ["1)", "2)", "3)"][..marks.len()]);
            }
            marked += usize::from(!marks.is_empty());
        }
        assert!((22..60).contains(&marked), "{marked} of 200");
    }
}
