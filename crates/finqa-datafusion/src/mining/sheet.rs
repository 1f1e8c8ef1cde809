//! What is known of a table: which columns are periods, which rows are amounts.

use std::collections::HashMap;

use finqa_core::answer::{Scale, Unit, cell_number};
use finqa_core::{Table, Value};

/// What a row counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Measure {
    Amount,
    PerShare,
    Count,
    Percent,
}

/// A table that can be asked about.
#[derive(Clone, Debug)]
pub(super) struct Sheet {
    /// (column, period) of each column that is a period; the period is year * 10, or year * 10 + quarter.
    pub(super) periods: Vec<(usize, i32)>,
    /// Measure of each row; `None` for rows that cannot be asked about.
    pub(super) rows: Vec<Option<Measure>>,
}

impl Sheet {
    /// `None` if no column is a period, or no row has a label of its own.
    pub(super) fn of(table: &Table) -> Option<Self> {
        let mut periods: Vec<(usize, i32)> = Vec::new();
        for (column, header) in table.columns.iter().enumerate().skip(1) {
            if let Some(period) = period(header) {
                periods.push((column, period));
            }
        }
        // Two columns of one period show two things; the question could not say which is meant.
        let all = periods.clone();
        periods.retain(|(_, period)| all.iter().filter(|(_, other)| other == period).count() == 1);
        if periods.is_empty() {
            return None;
        }
        let mut counts: HashMap<String, u32> = HashMap::new();
        for row in 0..table.num_rows() {
            if let Some(label) = label(table, row) {
                *counts.entry(label.to_lowercase()).or_default() += 1;
            }
        }
        let units = table.extra.get("units").and_then(|units| units.as_object());
        let rows: Vec<Option<Measure>> = (0..table.num_rows())
            .map(|row| {
                let label = label(table, row)?;
                if counts[&label.to_lowercase()] != 1 {
                    return None;
                }
                let unit = units
                    .and_then(|units| units.get(label))
                    .and_then(|unit| unit.as_str());
                measure(table, row, label, unit, &periods)
            })
            .collect();
        rows.iter()
            .any(Option::is_some)
            .then_some(Self { periods, rows })
    }

    /// The column of a period.
    pub(super) fn column(&self, period: i32) -> Option<usize> {
        self.periods
            .iter()
            .find(|(_, p)| *p == period)
            .map(|(column, _)| *column)
    }
}

/// The label of a row, if it has one.
pub(super) fn label(table: &Table, row: usize) -> Option<&str> {
    let label = table.row(row)[0].as_str()?;
    (!label.trim().is_empty()).then_some(label)
}

/// A cell as its text.
pub(super) fn text(table: &Table, row: usize, column: usize) -> String {
    match &table.row(row)[column] {
        Value::Null => String::new(),
        Value::Integer(i) => i.to_string(),
        Value::Real(x) => x.to_string(),
        Value::Text(text) => text.to_string(),
    }
}

/// The number that a cell shows, as plain decimal.
pub(super) fn number(table: &Table, row: usize, column: usize) -> Option<String> {
    cell_number(&text(table, row, column))
}

/// A header as period: "2024" and "Q3 2024".
fn period(header: &str) -> Option<i32> {
    let header = header.trim();
    let year = |text: &str| {
        let fits = text.len() == 4 && text.bytes().all(|b| b.is_ascii_digit());
        let year: i32 = fits.then(|| text.parse().ok()).flatten()?;
        (1950..2100).contains(&year).then_some(year)
    };
    if let Some(year) = year(header.strip_prefix("FY").unwrap_or(header)) {
        return Some(year * 10);
    }
    let rest = header.strip_prefix('Q')?;
    let (quarter, rest) = rest.split_once(' ')?;
    let quarter: i32 = quarter.parse().ok().filter(|q| (1..=4).contains(q))?;
    Some(year(rest)? * 10 + quarter)
}

fn measure(
    table: &Table,
    row: usize,
    label: &str,
    unit: Option<&str>,
    periods: &[(usize, i32)],
) -> Option<Measure> {
    let lower = label.to_lowercase();
    let shown = || periods.iter().map(|(column, _)| text(table, row, *column));
    if shown().all(|text| text.trim().is_empty()) {
        return None;
    }
    match unit {
        Some(unit) if unit.ends_with(" per share") => Some(Measure::PerShare),
        // In the table's scale only where that is the shares' too.
        Some(unit) if unit.starts_with("shares") => {
            let scale = if table.scale.is_empty() {
                "shares".to_owned()
            } else {
                format!("shares, in {}s", table.scale)
            };
            (unit == scale).then_some(Measure::Count)
        }
        Some(_) => None,
        None if shown().any(|text| text.contains('%')) => shown()
            .all(|text| text.contains('%') || text.trim().is_empty())
            .then_some(Measure::Percent),
        None if lower.contains("per share") => Some(Measure::PerShare),
        None if lower.contains("shares") || lower.contains("number of") => None,
        None => Some(Measure::Amount),
    }
}

impl Measure {
    pub(super) const fn unit(self) -> Unit {
        match self {
            Self::Amount => Unit::Amount,
            Self::PerShare => Unit::PerShare,
            Self::Count => Unit::Count,
            Self::Percent => Unit::Percent,
        }
    }

    pub(super) const fn code(self) -> i32 {
        match self {
            Self::Amount => 0,
            Self::PerShare => 1,
            Self::Count => 2,
            Self::Percent => 3,
        }
    }
}

/// The scale of a table's amounts.
pub(super) fn scale(table: &Table) -> Scale {
    match table.scale.as_str() {
        "thousand" => Scale::Thousand,
        "million" => Scale::Million,
        "billion" => Scale::Billion,
        _ => Scale::One,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_are_periods_or_not() {
        for (header, want) in [
            ("2024", Some(20240)),
            ("FY2024", Some(20240)),
            ("Q3 2024", Some(20243)),
            ("Q5 2024", None),
            ("item", None),
            ("1234567", None),
            ("change 2024", None),
        ] {
            assert_eq!(period(header), want, "{header}");
        }
    }
}
