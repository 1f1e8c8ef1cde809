//! Ways of saying the same that a company keeps to in all its labels.

use super::house::House;
use crate::draw::Draw;
use crate::note::{Note, Role};

/// Groups of habits; a habit has its forms in the order of the other habits of its group.
const GROUPS: [&[&[&str]]; 8] = [
    &[
        &["beginning of period", "end of period"],
        &["beginning of year", "end of year"],
        &["beginning of the year", "end of the year"],
        &["beginning of the period", "end of the period"],
    ],
    &[&["noncurrent"], &["non-current"]],
    &[
        &["property, plant and equipment"],
        &["property and equipment"],
    ],
    &[&["income taxes"], &["taxes on income"]],
    &[&["foreign exchange"], &["foreign currency"]],
    &[&["weighted average"], &["weighted-average"]],
    &[&["share-based"], &["stock-based"]],
    &[&["U.S."], &["US"]],
];

/// Which habit of each group a company has, and how it writes "and" and years due.
#[derive(Clone, Debug)]
pub(super) struct Phrases {
    chosen: [usize; GROUPS.len()],
    /// "&" for "and".
    ampersand: bool,
    due: Due,
    after: After,
}

/// How rows of years due are labelled.
#[derive(Clone, Copy, Debug)]
enum Due {
    /// `2026`
    Year,
    /// `fiscal 2026`
    Fiscal,
    /// `fiscal year 2026`
    FiscalYear,
    /// `due in 2026`
    In,
}

/// How the row after the years due is labelled.
#[derive(Clone, Copy, Debug)]
enum After {
    Word,
    /// `2030 and thereafter`
    Thereafter,
    /// `2030 and beyond`
    Beyond,
    /// `later years`
    LaterYears,
}

impl Phrases {
    pub(super) fn new(draw: &mut Draw) -> Self {
        Self {
            // The first habit is the common one.
            chosen: GROUPS.map(|habits| {
                if draw.chance(50) {
                    0
                } else {
                    draw.below(habits.len())
                }
            }),
            ampersand: draw.chance(8),
            due: [Due::Year, Due::Fiscal, Due::FiscalYear, Due::In][draw.weighted(&[88, 6, 2, 4])],
            after: [
                After::Word,
                After::Thereafter,
                After::Beyond,
                After::LaterYears,
            ][draw.weighted(&[68, 16, 8, 8])],
        }
    }
}

/// Puts the company's phrases into the labels of a note; a table whose labels would become alike keeps its own.
pub(super) fn apply(note: &mut Note, house: &House) {
    let phrases = &house.phrases;
    let last_due = note.rows.iter().filter_map(|r| r.due).max();
    let texts: Vec<String> = note
        .rows
        .iter()
        .map(|row| {
            let text = &row.label.text;
            match (row.due, last_due) {
                (Some(year), _) if *text == year.to_string() => due(phrases.due, year),
                (None, Some(last)) if text == "thereafter" => thereafter(phrases.after, last + 1),
                _ => reworded(text, phrases),
            }
        })
        .collect();
    let heading = |i: usize| note.rows[i].role == Role::Section;
    let clash = (0..texts.len()).any(|i| {
        (0..i).any(|j| {
            texts[i] == texts[j]
                && note.rows[i].label.text != note.rows[j].label.text
                && !heading(i)
                && !heading(j)
        })
    });
    if clash {
        return;
    }
    for (row, text) in note.rows.iter_mut().zip(texts) {
        row.label.text = text;
    }
}

fn due(form: Due, year: i32) -> String {
    match form {
        Due::Year => year.to_string(),
        Due::Fiscal => format!("fiscal {year}"),
        Due::FiscalYear => format!("fiscal year {year}"),
        Due::In => format!("due in {year}"),
    }
}

fn thereafter(form: After, first: i32) -> String {
    match form {
        After::Word => "thereafter".to_owned(),
        After::Thereafter => format!("{first} and thereafter"),
        After::Beyond => format!("{first} and beyond"),
        After::LaterYears => "later years".to_owned(),
    }
}

fn reworded(text: &str, phrases: &Phrases) -> String {
    let mut out = text.to_owned();
    for (habits, &chosen) in GROUPS.iter().zip(&phrases.chosen) {
        let wanted = habits[chosen];
        let found = habits.iter().enumerate().find_map(|(h, forms)| {
            let at = |form: &str| whole_words(&out, form);
            (h != chosen).then_some(())?;
            forms
                .iter()
                .zip(wanted)
                .find_map(|(form, want)| Some((at(form)?, form.len(), *want)))
        });
        if let Some((at, len, want)) = found {
            out.replace_range(at..at + len, want);
        }
    }
    if phrases.ampersand {
        out = out.replace(" and ", " & ");
    }
    out
}

/// Where a phrase stands, not inside of longer words or of a form that already has more words ("the year").
fn whole_words(text: &str, phrase: &str) -> Option<usize> {
    text.match_indices(phrase).find_map(|(at, _)| {
        let before = text[..at].chars().next_back();
        let after = text[at + phrase.len()..].chars().next();
        let is_word = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '-');
        (!is_word(before) && !is_word(after)).then_some(at)
    })
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::note::{Column, Label, Period};

    /// The first habit of every group.
    pub(in crate::style) fn plain() -> Phrases {
        Phrases {
            chosen: [0; GROUPS.len()],
            ampersand: false,
            due: Due::Year,
            after: After::Word,
        }
    }

    #[test]
    fn habits_replace_each_other() {
        let mut phrases = plain();
        assert_eq!(
            reworded("balance at end of year", &phrases),
            "balance at end of period"
        );
        phrases.chosen = [2, 1, 1, 0, 0, 1, 0, 1];
        phrases.ampersand = true;
        for (text, want) in [
            ("balance at end of period", "balance at end of the year"),
            (
                "deferred revenue, noncurrent",
                "deferred revenue, non-current",
            ),
            (
                "property, plant and equipment and other",
                "property & equipment & other",
            ),
            ("brand names in USD", "brand names in USD"),
            ("U.S. Treasury bills", "US Treasury bills"),
        ] {
            assert_eq!(reworded(text, &phrases), want);
        }
    }

    #[test]
    fn every_habit_can_be_taken_back() {
        for (g, habits) in GROUPS.iter().enumerate() {
            for (chosen, forms) in habits.iter().enumerate() {
                for other in *habits {
                    for (from, want) in other.iter().zip(*forms) {
                        let mut phrases = plain();
                        phrases.chosen[g] = chosen;
                        assert_eq!(
                            reworded(&format!("x {from}"), &phrases),
                            format!("x {want}")
                        );
                    }
                }
            }
        }
    }

    fn ladder() -> Note {
        let mut note = Note::new("A", "a", vec![Column::of(Period::Of(2024))]);
        for year in [2025, 2026] {
            let row = note.part(Label::new(year.to_string()), &[1]);
            note.rows[row].due = Some(year);
        }
        note.part("thereafter".into(), &[3]);
        note
    }

    #[test]
    fn years_due_have_their_forms() {
        let mut house = super::super::cells::tests::house();
        house.phrases.due = Due::Fiscal;
        house.phrases.after = After::Thereafter;
        let mut note = ladder();
        apply(&mut note, &house);
        let texts: Vec<&str> = note.rows.iter().map(|r| r.label.text.as_str()).collect();
        assert_eq!(texts, ["fiscal 2025", "fiscal 2026", "2027 and thereafter"]);
    }

    #[test]
    fn labels_stay_apart() {
        let mut house = super::super::cells::tests::house();
        house.phrases.chosen[1] = 1;
        let mut note = Note::new("A", "a", vec![Column::of(Period::Of(2024))]);
        note.part("debt, noncurrent".into(), &[1]);
        note.part("debt, non-current".into(), &[2]);
        apply(&mut note, &house);
        assert_eq!(note.rows[0].label.text, "debt, noncurrent");
    }
}
