//! What notes of several areas build rows from.

use crate::draw::Draw;
use crate::ledger::{ByYear, Ledger, Line};
use crate::note::{Column, Label, Note, Quantity, Role, Row, year_columns, year_end_columns};

/// How many years a table of flows shows: mostly two or three, three the more often the higher `three`; a few tables
/// go back further.
pub(super) fn years_shown(draw: &mut Draw, three: u32) -> usize {
    match draw.weighted(&[400 - 3 * three, 3 * three, 14, 14]) {
        0 => 2,
        1 => 3,
        2 => 4,
        _ => 5,
    }
}

/// Columns of flows for the newest `n` years.
pub(super) fn flows(ledger: &Ledger, n: usize) -> Vec<Column> {
    year_columns(ledger.base.calendar.latest_year, n)
}

/// Columns of balances for the newest `n` year ends.
pub(super) fn balances(ledger: &Ledger, n: usize) -> Vec<Column> {
    year_end_columns(ledger.base.calendar.latest_year, n)
}

/// The negatives.
pub(super) fn negative(values: &ByYear) -> ByYear {
    values.map(|v| -v)
}

/// Appends a row of money for the years shown.
pub(super) fn part(note: &mut Note, label: impl Into<Label>, values: &ByYear) -> (usize, i8) {
    let n = note.columns.len();
    (note.part(label.into(), &values[..n]), 1)
}

/// Appends a row of any role and quantity for the years shown.
pub(super) fn row(
    note: &mut Note,
    label: impl Into<Label>,
    role: Role,
    quantity: Quantity,
    values: &ByYear,
) -> usize {
    let n = note.columns.len();
    note.push(Row::numbers(label.into(), role, quantity, &values[..n]))
}

/// Appends the lines that have anything to show, `sign` times their amounts.
pub(super) fn lines(note: &mut Note, lines: &[Line], sign: i64) -> Vec<(usize, i8)> {
    lines_as(note, lines, sign, Quantity::Money, |line| line.term.into())
}

/// The same with labels of one's own.
pub(super) fn lines_as(
    note: &mut Note,
    lines: &[Line],
    sign: i64,
    quantity: Quantity,
    label: impl Fn(&Line) -> Label,
) -> Vec<(usize, i8)> {
    let n = note.columns.len();
    let mut parts = Vec::with_capacity(lines.len());
    for line in lines {
        if line.values[..n].iter().any(|v| *v != 0) {
            let values = line.values.map(|v| v * sign);
            parts.push((row(note, label(line), Role::Part, quantity, &values), 1));
        }
    }
    parts
}

/// The label of a line without its other names: for tables that show the line twice.
pub(super) fn bare(line: &Line) -> Label {
    Label::new(line.term.text)
}
