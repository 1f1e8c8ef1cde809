//! Layouts that many kinds of tables share.

use crate::ledger::items::{Item, Items, RollForward};
use crate::ledger::{Calendar, Ledger, MONTHS};
use crate::note::{
    Cell, Column, Label, Note, Period, Prefix, Quantity, Role, Row, year_columns, year_end_columns,
};

/// Name of a table: stem, prefix and how questions call it.
pub(super) struct Name {
    pub(super) stem: &'static str,
    pub(super) prefix: Prefix,
    pub(super) topic: &'static str,
}

/// A us-gaap name.
pub(super) const fn gaap(stem: &'static str, topic: &'static str) -> Name {
    Name {
        stem,
        prefix: Prefix::UsGaap,
        topic,
    }
}

/// A name under the company's own tag.
pub(super) const fn own(stem: &'static str, topic: &'static str) -> Name {
    Name {
        stem,
        prefix: Prefix::Ticker,
        topic,
    }
}

impl Name {
    /// An empty note with these columns.
    pub(super) fn note(&self, columns: Vec<Column>) -> Note {
        let mut note = Note::new(self.stem, self.topic, columns);
        note.prefix = self.prefix;
        note
    }

    /// An empty note over the newest `years` year ends.
    pub(super) fn balances(&self, ledger: &Ledger, years: usize) -> Note {
        self.note(year_end_columns(ledger.base.calendar.latest_year, years))
    }

    /// An empty note over the newest `years` years.
    pub(super) fn flows(&self, ledger: &Ledger, years: usize) -> Note {
        self.note(year_columns(ledger.base.calendar.latest_year, years))
    }
}

/// Appends items as parts, as many years as the note has columns; their rows with sign +1.
pub(super) fn parts<'a>(
    note: &mut Note,
    items: impl IntoIterator<Item = &'a Item>,
) -> Vec<(usize, i8)> {
    let years = note.columns.len();
    items
        .into_iter()
        .map(|item| (note.part(item.word.label(), &item.amounts[..years]), 1))
        .collect()
}

/// Items and their total at the newest `years` year ends.
pub(super) fn schedule(
    name: &Name,
    ledger: &Ledger,
    items: &Items,
    years: usize,
    total: Label,
) -> Note {
    let mut note = name.balances(ledger, years);
    let rows = parts(&mut note, &items.items);
    note.total(total, &rows);
    note
}

/// A roll-forward over the newest `years` years.
pub(super) fn roll(
    name: &Name,
    ledger: &Ledger,
    roll: &RollForward,
    years: usize,
    labels: (Label, Label),
) -> Note {
    let mut note = name.flows(ledger, years);
    let (opening, closing) = labels;
    let mut rows = vec![(opening_row(&mut note, opening, &roll.opening[..years]), 1)];
    rows.extend(parts(&mut note, &roll.moves));
    note.closing(closing, &rows);
    note
}

/// Appends an opening balance.
pub(super) fn opening_row(note: &mut Note, label: Label, values: &[i64]) -> usize {
    note.push(Row::numbers(label, Role::Opening, Quantity::Money, values))
}

/// A ladder: amounts by the fiscal year in which they fall due, the last one after all others, and their total.
pub(super) fn ladder(note: &mut Note, latest: i32, amounts: &[Vec<i64>], total: Label) {
    note.label_header = Some("year");
    let mut rows = Vec::new();
    for (i, values) in amounts.iter().enumerate() {
        let last = i + 1 == amounts.len();
        let year = latest + 1 + i as i32;
        let label = if last {
            Label::new("thereafter").also(&["later years"])
        } else {
            Label::new(year.to_string())
        };
        let row = note.part(label, values);
        note.rows[row].due = (!last).then_some(year);
        rows.push((row, 1));
    }
    note.total(total, &rows);
}

/// Columns of which none is a year; the table reports on `year`.
pub(super) fn named_columns(period: Period, words: &[&'static str]) -> Vec<Column> {
    words.iter().map(|w| Column::named(period, w)).collect()
}

/// A year end in words: "December 31, 2024"; "fiscal 2024" where the day changes from year to year.
pub(super) fn year_end_words(calendar: Calendar, year: i32) -> String {
    if calendar.weeks {
        return format!("fiscal {year}");
    }
    let month = MONTHS[usize::from(calendar.end_month.clamp(1, 12)) - 1];
    format!("{month} {}, {year}", calendar.end_day)
}

/// Takes the concepts from the rows from `first` on: another table or block of the company shows the same, and a
/// concept names one row of a company.
pub(super) fn without_concepts(note: &mut Note, first: usize) {
    for row in &mut note.rows[first..] {
        row.label.concept = "";
    }
}

/// Leaves zero cells of parts blank instead of showing them as zeros. Totals keep theirs, so it comes after them.
pub(super) fn blank_zeros(note: &mut Note) {
    for row in note.rows.iter_mut().filter(|row| row.role == Role::Part) {
        for cell in &mut row.cells {
            if *cell == Cell::Number(0) {
                *cell = Cell::Empty;
            }
        }
    }
}
