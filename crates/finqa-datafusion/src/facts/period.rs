//! Dates and periods of facts.

/// The end of a period and its length in quarters: 0 for a point in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Period {
    /// YYYYMMDD.
    pub(crate) date: i32,
    pub(crate) quarters: i32,
}

/// Reads YYYYMMDD or YYYY-MM-DD (a time behind it is passed over).
pub(super) fn date(text: &str) -> Option<i32> {
    let text = text.trim();
    let day = text.split(['T', ' ']).next()?;
    let digits: String = match day.len() {
        8 => day.to_owned(),
        10 if day.as_bytes()[4] == b'-' && day.as_bytes()[7] == b'-' => day.replace('-', ""),
        _ => return None,
    };
    if digits.len() != 8 || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let date: i32 = digits.parse().ok()?;
    let (year, month, day) = (date / 10_000, date / 100 % 100, date % 100);
    let fits = (1900..2200).contains(&year) && (1..=12).contains(&month) && (1..=31).contains(&day);
    fits.then_some(date)
}

/// Reads a period: a date, "2024", "FY2024", "2024Q3", "2024-Q3", "Q3 2024". The length is the one that the text
/// implies; a date implies none.
pub(super) fn period(text: &str) -> Option<(i32, Option<i32>)> {
    let text = text.trim();
    if let Some(date) = date(text) {
        return Some((date, None));
    }
    let upper = text.to_ascii_uppercase();
    let bare = upper.strip_prefix("FY").unwrap_or(&upper).trim_start();
    if let Some(year) = year(bare) {
        return Some((year * 10_000 + 12_31, Some(4)));
    }
    let (year, quarter) = match upper.split_once('Q') {
        Some(("", rest)) => {
            let (quarter, year) = rest.split_once([' ', '-'])?;
            (year.to_owned(), quarter.to_owned())
        }
        Some((year, quarter)) => (
            year.trim_end_matches(['-', ' ']).to_owned(),
            quarter.to_owned(),
        ),
        None => return None,
    };
    let year = self::year(&year)?;
    let end = match quarter.as_str() {
        "1" => 3_31,
        "2" => 6_30,
        "3" => 9_30,
        "4" => 12_31,
        _ => return None,
    };
    Some((year * 10_000 + end, Some(1)))
}

fn year(text: &str) -> Option<i32> {
    let fits = text.len() == 4 && text.bytes().all(|b| b.is_ascii_digit());
    let year = fits.then(|| text.parse().ok()).flatten()?;
    (1900..2200).contains(&year).then_some(year)
}

/// When the fiscal years of a company end, and how they are numbered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Calendar {
    /// Month of the year's end.
    pub(super) end_month: i32,
    /// Number of a fiscal year less the calendar year in which it ends.
    pub(super) offset: i32,
}

/// Where a period stands in a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Column {
    /// A fiscal year, or its end.
    Year(i32),
    /// A quarter of a fiscal year, or its end.
    Quarter(i32, i32),
}

impl Column {
    pub(super) const fn year(self) -> i32 {
        match self {
            Self::Year(year) | Self::Quarter(year, _) => year,
        }
    }

    pub(super) fn header(self) -> String {
        match self {
            Self::Year(year) => year.to_string(),
            Self::Quarter(year, quarter) => format!("Q{quarter} {year}"),
        }
    }
}

impl Calendar {
    /// The column of a period; the reason if it has none.
    pub(super) fn column(self, period: Period) -> Result<Column, &'static str> {
        let (year, month) = (period.date / 10_000, period.date / 100 % 100);
        // Months after the year's end: -1 and 1 are years of 52 or 53 weeks that end beside it.
        let after = (month - self.end_month).rem_euclid(12);
        let at_year_end = matches!(after, 0 | 1 | 11);
        let ends = |shift: i32| {
            // The year in which the fiscal year that is meant ends, by calendar.
            let months = year * 12 + (month - 1) + shift;
            months.div_euclid(12)
        };
        match period.quarters {
            0 | 4 if at_year_end => {
                let shift = match after {
                    1 => -1,
                    11 => 1,
                    _ => 0,
                };
                Ok(Column::Year(ends(shift) + self.offset))
            }
            4 => Err("year_ends_elsewhere"),
            0 | 1 => {
                // The quarter whose end is nearest.
                let quarter = (after + 1) / 3;
                let (quarter, shift) = match quarter {
                    0 | 4 => (4, if after == 11 { 1 } else { -after }),
                    q => (q, 12 - after),
                };
                Ok(Column::Quarter(ends(shift) + self.offset, quarter))
            }
            2 | 3 => Err("year_to_date"),
            _ => Err("other_duration"),
        }
    }
}

#[cfg(test)]
#[expect(
    clippy::inconsistent_digit_grouping,
    reason = "dates are grouped as dates"
)]
mod tests {
    use super::*;

    #[test]
    fn periods_are_read() {
        for (text, want) in [
            ("20231231", Some((2023_12_31, None))),
            ("2023-12-31", Some((2023_12_31, None))),
            ("2023-12-31T00:00:00", Some((2023_12_31, None))),
            ("2023", Some((2023_12_31, Some(4)))),
            ("FY 2023", Some((2023_12_31, Some(4)))),
            ("2023Q3", Some((2023_09_30, Some(1)))),
            ("2023-Q1", Some((2023_03_31, Some(1)))),
            ("Q2 2023", Some((2023_06_30, Some(1)))),
            ("2023Q5", None),
            ("20231331", None),
            ("last year", None),
            ("", None),
        ] {
            assert_eq!(period(text), want, "{text}");
        }
    }

    #[test]
    fn periods_find_their_fiscal_year() {
        let january = Calendar {
            end_month: 1,
            offset: -1,
        };
        let december = Calendar {
            end_month: 12,
            offset: 0,
        };
        let september = Calendar {
            end_month: 9,
            offset: 0,
        };
        for (calendar, date, quarters, want) in [
            (december, 2023_12_31, 4, Ok(Column::Year(2023))),
            (december, 2023_12_31, 0, Ok(Column::Year(2023))),
            (december, 2023_12_31, 1, Ok(Column::Quarter(2023, 4))),
            // A year of 52 weeks that ends in the first days of January is the year before.
            (december, 2024_01_31, 4, Ok(Column::Year(2023))),
            (december, 2023_11_30, 4, Ok(Column::Year(2023))),
            (december, 2023_03_31, 1, Ok(Column::Quarter(2023, 1))),
            (december, 2023_09_30, 0, Ok(Column::Quarter(2023, 3))),
            (december, 2023_09_30, 3, Err("year_to_date")),
            (december, 2023_06_30, 4, Err("year_ends_elsewhere")),
            (december, 2023_12_31, 8, Err("other_duration")),
            (january, 2024_01_31, 4, Ok(Column::Year(2023))),
            (january, 2023_04_30, 1, Ok(Column::Quarter(2023, 1))),
            (january, 2024_01_31, 1, Ok(Column::Quarter(2023, 4))),
            (september, 2023_12_31, 1, Ok(Column::Quarter(2024, 1))),
            (september, 2023_06_30, 0, Ok(Column::Quarter(2023, 3))),
            (september, 2023_10_31, 0, Ok(Column::Year(2023))),
        ] {
            let got = calendar.column(Period { date, quarters });
            assert_eq!(got, want, "{date} {quarters}");
        }
    }
}
