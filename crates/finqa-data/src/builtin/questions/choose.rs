//! What a question may be about, and when a candidate is dropped.

use crate::builtin::draw::Draw;
use crate::builtin::grid::{Role, Shape, Written};

pub(super) fn any_table<'a>(tables: &'a [Written], draw: &mut Draw) -> &'a Written {
    &tables[draw.below(tables.len())]
}

/// A row with values whose label names it and no other.
pub(super) fn any_row(table: &Written, draw: &mut Draw) -> Option<usize> {
    let row = draw.below(table.labels.len());
    (table.grid.rows[row].role != Role::Section && table.is_unique(row)).then_some(row)
}

/// A row of amounts and two neighbouring years, the newer one first.
pub(super) fn two_years<'a>(
    tables: &'a [Written],
    draw: &mut Draw,
) -> Option<(&'a Written, usize, usize, usize)> {
    let table = any_table(tables, draw);
    if matches!(table.grid.shape, Shape::Rate | Shape::Ladder) {
        return None;
    }
    let row = any_row(table, draw)?;
    let new = draw.below(table.headers.len() - 1);
    Some((table, row, new, new + 1))
}

/// The total row, if every other row is a part of it and none is negative.
pub(super) fn composition(table: &Written, column: usize) -> Option<usize> {
    let rows = &table.grid.rows;
    let total = rows.iter().position(|r| r.role == Role::Total)?;
    let parts_only = rows
        .iter()
        .enumerate()
        .all(|(i, r)| i == total || (r.role == Role::Part && r.values[column] >= 0));
    let added: i64 = rows
        .iter()
        .filter(|r| r.role == Role::Part)
        .map(|r| r.values[column])
        .sum();
    let sums = added == rows[total].values[column] && added > 0;
    (table.grid.shape != Shape::Rate && parts_only && sums && table.is_unique(total))
        .then_some(total)
}

/// Would a 1 % tolerance take one for the other?
pub(super) fn close(a: i128, b: i128) -> bool {
    (a - b).abs() * 50 <= a.abs().max(b.abs())
}

/// `numerator / denominator` in units of 10^-decimals, rounded half away from zero; `None` for a tie, where binary
/// floating point might round the other way, and for a zero denominator.
pub(super) fn divide(numerator: i128, denominator: i128, decimals: u8) -> Option<i128> {
    if denominator == 0 {
        return None;
    }
    let scaled = numerator.abs() * 10i128.pow(decimals.into());
    let (quotient, rest) = (scaled / denominator.abs(), scaled % denominator.abs());
    let twice = rest * 2;
    if twice == denominator.abs() {
        return None;
    }
    let rounded = quotient + i128::from(twice > denominator.abs());
    Some(if (numerator < 0) == (denominator < 0) {
        rounded
    } else {
        -rounded
    })
}

impl Written {
    pub(super) fn value(&self, row: usize, column: usize) -> i64 {
        self.grid.rows[row].values[column]
    }

    pub(super) fn is_unique(&self, row: usize) -> bool {
        self.labels
            .iter()
            .filter(|l| **l == self.labels[row])
            .count()
            == 1
    }

    pub(super) fn period(&self, column: usize) -> String {
        let year = self.grid.years[column];
        if self.grid.shape == Shape::Stock {
            format!("as of December 31, {year}")
        } else {
            format!("in fiscal {year}")
        }
    }
}

/// How a question calls a row of a ladder.
pub(super) fn due(table: &Written, row: usize) -> String {
    match table.grid.rows[row].label.as_str() {
        "thereafter" => "the years thereafter".to_owned(),
        year => format!("fiscal {year}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn division_rounds_half_away_and_refuses_ties() {
        assert_eq!(divide(1, 3, 3), Some(333));
        assert_eq!(divide(2, 3, 3), Some(667));
        assert_eq!(divide(-2, 3, 3), Some(-667));
        assert_eq!(divide(1, -3, 3), Some(-333));
        assert_eq!(divide(1, 2000, 3), None);
        assert_eq!(divide(1, 0, 3), None);
    }
}
