//! What a written table lets one ask: the cells whose number can be read, and how rows and columns hang together.

use finqa_core::answer::cell_number;

use super::exact::Ratio;
use crate::note::{Column, Period, Quantity, Role, Row};
use crate::style::Written;

/// A cell of a company: table, row, value column.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct At {
    pub(crate) table: usize,
    pub(crate) row: usize,
    pub(crate) column: usize,
}

/// A table as question makers see it.
pub(crate) struct Sheet<'a> {
    pub(crate) written: &'a Written,
    pub(crate) index: usize,
    /// By row and column: the number, if the cell shows it so that it can be read back.
    values: Vec<Vec<Option<i64>>>,
    /// The heading above each row.
    sections: Vec<Option<usize>>,
}

impl<'a> Sheet<'a> {
    pub(crate) fn new(written: &'a Written, index: usize) -> Self {
        let note = &written.note;
        let values = note
            .rows
            .iter()
            .enumerate()
            .map(|(r, row)| {
                let decimals = written.display.decimals_of(row.quantity);
                (0..note.columns.len())
                    .map(|c| {
                        let value = note.number(r, c)?;
                        let shown = cell_number(written.shown(r, c))?;
                        (units(&shown, decimals) == Some(value) && !written.label(r).is_empty())
                            .then_some(value)
                    })
                    .collect()
            })
            .collect();
        let mut heading = None;
        let sections = note
            .rows
            .iter()
            .enumerate()
            .map(|(r, row)| {
                if row.role == Role::Section {
                    heading = Some(r);
                }
                heading
            })
            .collect();
        Self {
            written,
            index,
            values,
            sections,
        }
    }

    pub(crate) fn rows(&self) -> &[Row] {
        &self.written.note.rows
    }

    pub(crate) fn columns(&self) -> &[Column] {
        &self.written.note.columns
    }

    pub(crate) fn at(&self, row: usize, column: usize) -> At {
        At {
            table: self.index,
            row,
            column,
        }
    }

    /// The number of a cell in the smallest unit shown, if it can be read.
    pub(crate) fn value(&self, row: usize, column: usize) -> Option<i64> {
        *self.values.get(row)?.get(column)?
    }

    /// The number of a cell as the table shows it.
    pub(crate) fn ratio(&self, row: usize, column: usize) -> Option<Ratio> {
        let quantity = self.rows().get(row)?.quantity;
        let decimals = self.written.display.decimals_of(quantity);
        Some(Ratio::scaled(self.value(row, column)?, decimals))
    }

    pub(crate) fn quantity(&self, row: usize) -> Quantity {
        self.rows()[row].quantity
    }

    /// The heading above a row.
    pub(crate) fn section(&self, row: usize) -> Option<usize> {
        self.sections[row]
    }

    /// Columns that show the same thing for several periods: newest period first, never restated ones.
    pub(crate) fn lanes(&self) -> Vec<Vec<usize>> {
        let mut lanes: Vec<Vec<usize>> = Vec::new();
        for (c, column) in self.columns().iter().enumerate() {
            if column.restated || matches!(column.period, Period::Of(_)) {
                continue;
            }
            let same = |lane: &Vec<usize>| {
                let first = &self.columns()[lane[0]];
                first.words == column.words && kind(first.period) == kind(column.period)
            };
            match lanes.iter_mut().find(|lane| same(lane)) {
                Some(lane) => lane.push(c),
                None => lanes.push(vec![c]),
            }
        }
        for lane in &mut lanes {
            lane.sort_by_key(|&c| std::cmp::Reverse(order(self.columns()[c].period)));
            lane.dedup_by_key(|c| order(self.columns()[*c].period));
        }
        lanes
    }

    /// The column that shows the same thing for the period `years` later.
    pub(crate) fn shifted(&self, column: usize, years: i32) -> Option<usize> {
        let from = &self.columns()[column];
        let wanted = match from.period {
            Period::Year(y) => Period::Year(y + years),
            Period::YearEnd(y) => Period::YearEnd(y + years),
            Period::Quarter(y, q) => Period::Quarter(y + years, q),
            Period::Of(_) => return None,
        };
        self.columns()
            .iter()
            .position(|c| c.period == wanted && c.words == from.words && !c.restated)
    }

    /// The restated column beside `column`, or the one first reported beside a restated one.
    pub(crate) fn other_version(&self, column: usize) -> Option<usize> {
        let from = &self.columns()[column];
        self.columns().iter().position(|c| {
            c.period == from.period && c.words == from.words && c.restated != from.restated
        })
    }

    /// Rows due in consecutive years, first year first, in a column: years stand in the rows.
    pub(crate) fn ladder(&self, column: usize) -> Vec<usize> {
        let mut rows: Vec<usize> = Vec::new();
        for (r, row) in self.rows().iter().enumerate() {
            let Some(due) = row.due else { continue };
            let fits = rows
                .last()
                .is_none_or(|&before| self.rows()[before].due == Some(due - 1));
            if !fits || self.value(r, column).is_none() {
                return Vec::new();
            }
            rows.push(r);
        }
        if rows.len() < 3 { Vec::new() } else { rows }
    }

    /// The parts of a total whose numbers can all be read, all of them added.
    pub(crate) fn parts_of(&self, total: usize, column: usize) -> Option<Vec<usize>> {
        let sum = self.written.note.sums.iter().find(|s| s.total == total)?;
        sum.parts
            .iter()
            .map(|&(row, sign)| (sign == 1 && self.value(row, column).is_some()).then_some(row))
            .collect()
    }

    /// Totals of which `row` is a part.
    pub(crate) fn totals_with(&self, row: usize) -> impl Iterator<Item = usize> {
        self.written
            .note
            .sums
            .iter()
            .filter(move |s| s.parts.iter().any(|(r, _)| *r == row))
            .map(|s| s.total)
    }

    /// Rows that can be asked about in a column.
    pub(crate) fn askable(&self, column: usize) -> Vec<usize> {
        (0..self.rows().len())
            .filter(|&r| self.value(r, column).is_some())
            .collect()
    }

    /// Whether other columns of the same period show other things about the row, so that a question must say which.
    pub(crate) fn words_matter(&self, row: usize, column: usize) -> bool {
        let own = &self.columns()[column];
        !own.words.is_empty()
            && self.columns().iter().enumerate().any(|(c, other)| {
                other.period == own.period
                    && other.words != own.words
                    && self.written.note.number(row, c).is_some()
            })
    }
}

/// Kinds of periods that one lane does not mix.
fn kind(period: Period) -> u8 {
    match period {
        Period::Year(_) => 0,
        Period::YearEnd(_) => 1,
        Period::Quarter(..) => 2,
        Period::Of(_) => 3,
    }
}

fn order(period: Period) -> (i32, u8) {
    match period {
        Period::Quarter(year, quarter) => (year, quarter),
        other => (other.year(), 0),
    }
}

/// A plain decimal in units of 10^-decimals; `None` if it has further digits.
pub(crate) fn units(text: &str, decimals: u8) -> Option<i64> {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let width = usize::from(decimals);
    let (kept, beyond) = fraction.split_at(fraction.len().min(width));
    if beyond.bytes().any(|b| b != b'0') {
        return None;
    }
    let value: i64 = format!("{whole}{kept:0<width$}").parse().ok()?;
    Some(if negative { -value } else { value })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_become_units() {
        for (text, decimals, want) in [
            ("1234.5", 1, Some(12345)),
            ("-12", 2, Some(-1200)),
            ("0", 1, Some(0)),
            ("1.25", 1, None),
            ("1.50", 1, Some(15)),
            ("7", 0, Some(7)),
        ] {
            assert_eq!(units(text, decimals), want, "{text}");
        }
    }
}
