//! Rows of a total that is still growing.

use crate::draw::Draw;
use crate::note::{Column, Label, Note, Period, Quantity, Role, Row};

/// The parts of a total, in the order of the table.
#[derive(Default)]
pub(super) struct Parts(Vec<(usize, i8)>);

impl Parts {
    /// Appends a row of the total unless it is zero throughout: such rows are not shown.
    pub(super) fn add(&mut self, note: &mut Note, label: impl Into<Label>, values: &[i64]) {
        if values.iter().any(|v| *v != 0) {
            let row = note.part(label.into(), values);
            self.0.push((row, 1));
        }
    }

    /// Starts with the opening balance of a roll-forward.
    pub(super) fn open(&mut self, note: &mut Note, label: impl Into<Label>, values: &[i64]) {
        let row = Row::numbers(label.into(), Role::Opening, Quantity::Money, values);
        self.0.push((note.push(row), 1));
    }

    /// Counts in a row that is there already (a subtotal).
    pub(super) fn count(&mut self, row: usize) {
        self.0.push((row, 1));
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// Ends with the total.
    pub(super) fn total(self, note: &mut Note, label: impl Into<Label>) -> usize {
        note.total(label.into(), &self.0)
    }

    /// Ends with the closing balance of a roll-forward.
    pub(super) fn close(self, note: &mut Note, label: impl Into<Label>) -> usize {
        note.closing(label.into(), &self.0)
    }
}

/// A row of numbers that belong to no total.
pub(super) fn single(note: &mut Note, label: impl Into<Label>, quantity: Quantity, values: &[i64]) {
    note.push(Row::numbers(label.into(), Role::Single, quantity, values));
}

/// How many years a table of flows shows.
pub(super) fn flow_years(draw: &mut Draw) -> usize {
    [2, 3, 5][draw.weighted(&[46, 46, 8])]
}

/// How many year ends a table of balances shows: mostly 2.
pub(super) fn balance_years(draw: &mut Draw) -> usize {
    [2, 3][draw.weighted(&[95, 5])]
}

/// One column of amounts at the newest year end.
pub(super) fn amount_column(latest: i32, words: &'static str) -> Column {
    Column::named(Period::Of(latest), words)
}

/// Rows for the next five fiscal years and what comes after; `values` has one column of six a class.
pub(super) fn ladder(note: &mut Note, latest: i32, later: &str, values: &[[i64; 6]]) -> Parts {
    let mut parts = Parts::default();
    for k in 0..6 {
        let year = latest + 1 + k as i32;
        let cells: Vec<i64> = values.iter().map(|v| v[k]).collect();
        let label = if k < 5 {
            year.to_string()
        } else {
            later.to_owned()
        };
        let row = Row::numbers(Label::new(label), Role::Part, Quantity::Money, &cells);
        let row = note.push(if k < 5 { row.due_in(year) } else { row });
        parts.count(row);
    }
    parts
}
