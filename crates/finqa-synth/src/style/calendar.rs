//! The days on which fiscal years and quarters end.
//!
//! A fiscal year has the number of the calendar year in which it ends, also where it ends in January, so that a
//! header never names another year than the question.

use crate::ledger::{Calendar, MONTHS};

/// The last day of a fiscal year in words: `December 31, 2024`.
#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "those who ask hold a ledger's calendar"
)]
pub(crate) fn year_end(calendar: &Calendar, year: i32) -> String {
    let (month, day) = last_day(*calendar, year);
    format!("{} {day}, {year}", MONTHS[usize::from(month) - 1])
}

/// The last day of a quarter in words, where quarters end with calendar months; `None` for other companies.
pub(super) fn quarter_end(calendar: Calendar, year: i32, quarter: u8) -> Option<String> {
    let month = usize::from(quarter) * 3;
    (calendar.end_month == 12 && !calendar.weeks).then(|| {
        format!(
            "{} {}, {year}",
            MONTHS[month - 1],
            days_in(month as u8, year)
        )
    })
}

/// Month and day on which a fiscal year ends.
///
/// Years of 52 or 53 weeks end on the weekday on which the newest one ends, on the date nearest to it.
fn last_day(calendar: Calendar, year: i32) -> (u8, u8) {
    let (month, day) = (calendar.end_month, calendar.end_day);
    if !calendar.weeks {
        return (month, day.min(days_in(month, year)));
    }
    let anchor = day_number(year, month, day);
    let newest = day_number(calendar.latest_year, month, day);
    let off = (newest - anchor).rem_euclid(7);
    month_and_day(year, anchor + if off > 3 { off - 7 } else { off })
}

fn is_leap(year: i32) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

fn days_in(month: u8, year: i32) -> u8 {
    match month {
        2 => 28 + u8::from(is_leap(year)),
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days since the end of the year −1 of the Gregorian calendar carried back.
fn day_number(year: i32, month: u8, day: u8) -> i32 {
    let before = year - 1;
    let years = before * 365 + before / 4 - before / 100 + before / 400;
    let months: i32 = (1..month).map(|m| i32::from(days_in(m, year))).sum();
    years + months + i32::from(day)
}

fn month_and_day(year: i32, number: i32) -> (u8, u8) {
    let mut left = number - day_number(year, 1, 1);
    let mut month = 1;
    while month < 12 && left >= i32::from(days_in(month, year)) {
        left -= i32::from(days_in(month, year));
        month += 1;
    }
    (month, left as u8 + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn calendar(end_month: u8, end_day: u8, weeks: bool) -> Calendar {
        Calendar {
            latest_year: 2024,
            end_month,
            end_day,
            weeks,
        }
    }

    #[test]
    fn months_end_on_their_last_day() {
        assert_eq!(
            year_end(&calendar(12, 31, false), 2023),
            "December 31, 2023"
        );
        assert_eq!(year_end(&calendar(6, 30, false), 2022), "June 30, 2022");
        assert_eq!(
            quarter_end(calendar(12, 31, false), 2024, 3).as_deref(),
            Some("September 30, 2024")
        );
        assert_eq!(quarter_end(calendar(6, 30, false), 2024, 3), None);
    }

    #[test]
    fn years_of_weeks_end_on_one_weekday() {
        // 27 January 2024 was a Saturday; the Saturdays nearest to that day of the years before are these.
        let weeks = calendar(1, 27, true);
        assert_eq!(year_end(&weeks, 2024), "January 27, 2024");
        assert_eq!(year_end(&weeks, 2023), "January 28, 2023");
        assert_eq!(year_end(&weeks, 2022), "January 29, 2022");
        for year in 2015..2030 {
            let (month, day) = last_day(weeks, year);
            let apart = day_number(2024, 1, 27) - day_number(year, month, day);
            assert_eq!(apart % 7, 0, "{year}-{month}-{day}");
        }
        // It may fall into the next month, never into another year.
        let february = calendar(2, 28, true);
        assert_eq!(year_end(&february, 2023), "March 1, 2023");
    }

    #[test]
    fn day_numbers_run_without_gaps() {
        for year in 2018..2027 {
            assert_eq!(
                day_number(year, 12, 31) + 1,
                day_number(year + 1, 1, 1),
                "{year}"
            );
            assert_eq!(month_and_day(year, day_number(year, 3, 1)), (3, 1));
        }
    }
}
