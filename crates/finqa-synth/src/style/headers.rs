//! Column names: periods, words, units, and the name of the label column.

use super::calendar::{quarter_end, year_end};
use super::house::House;
use super::names::{self, slug};
use super::scale_words;
use super::units::{Place, is_shares};
use crate::config::{HeaderStyle, SynthConfig};
use crate::draw::Draw;
use crate::note::{Display, Note, Period};

/// How a table names its periods.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    /// `2024`
    Year,
    /// `december_31_2024`
    Date,
    /// `year_ended_december_31_2024`, `as_of_december_31_2024`
    Ended,
    /// `fiscal_2024`
    Fiscal,
    /// `fy2024`
    Short,
}

/// Column names, label column first.
pub(super) struct Headers {
    pub(super) columns: Vec<String>,
    /// Years do not stand in the columns (`fair_value`, `fair_value_2`), so the description must name them.
    pub(super) years_are_lost: bool,
}

pub(super) fn write(
    note: &Note,
    display: Display,
    place: Place,
    has_description: bool,
    house: &House,
    config: &SynthConfig,
    draw: &mut Draw,
) -> Headers {
    let is_filing = config.header_style == HeaderStyle::Filing;
    let unit = scale_words(display.scale);
    let mut titles = vec![label_title(note, unit, place, is_filing, draw)];
    // Drawn always, so that a note's other columns change nothing else.
    let (form, years_are_lost, words_first) = (form(note, draw), draw.chance(10), draw.chance(45));
    let unit_form = draw.pick(&["in", "USD", "in"]);
    let bare_words = draw.chance(65);
    let years_are_lost = years_are_lost && has_description && can_lose_years(note);
    let values = |form: Form| -> Vec<String> {
        note.columns
            .iter()
            .map(|column| {
                let words = column.words;
                let mut period = period_title(column.period, form, house);
                if column.restated {
                    period.push_str(" as restated");
                }
                let one_period = note
                    .columns
                    .iter()
                    .all(|c| c.period == column.period && !c.words.is_empty());
                let title = if words.is_empty() && period.is_empty() {
                    "amount".to_owned()
                } else if period.is_empty()
                    || years_are_lost
                    || one_period && bare_words && !column.restated
                {
                    words.to_owned()
                } else if words.is_empty() {
                    period
                } else if words_first {
                    format!("{words} {period}")
                } else {
                    format!("{period} {words}")
                };
                match place {
                    Place::Columns => format!("{title} {unit_form} {unit}"),
                    _ => title,
                }
            })
            .collect()
    };
    let mut rest = values(form);
    if !years_are_lost && repeats(&rest) {
        // Amounts of a year beside amounts at its end: only this form tells them apart.
        rest = values(Form::Ended);
    }
    titles.extend(rest);
    let columns = if is_filing {
        titles.iter().map(|t| capitals(t)).collect()
    } else {
        titles.iter().map(|t| slug(t)).collect()
    };
    Headers {
        columns: names::columns(columns),
        years_are_lost,
    }
}

fn repeats(titles: &[String]) -> bool {
    (1..titles.len()).any(|i| titles[..i].contains(&titles[i]))
}

/// Rates of the design: `2024` 40 %, december_31_2024 25 %, year_ended_… 12 %, fiscal_2024 8 %, other 5 %;
/// the last 10 % are [`Place::Columns`]. Dates at which a year ended stand mostly over balances.
fn form(note: &Note, draw: &mut Draw) -> Form {
    let is_balance = matches!(
        note.columns.first().map(|c| c.period),
        Some(Period::YearEnd(_))
    );
    let weights = if is_balance {
        [36, 54, 6, 0, 4]
    } else {
        [50, 8, 21, 15, 6]
    };
    [
        Form::Year,
        Form::Date,
        Form::Ended,
        Form::Fiscal,
        Form::Short,
    ][draw.weighted(&weights)]
}

/// Every column has words, and the same words stand over two years or more, in one order.
fn can_lose_years(note: &Note) -> bool {
    let has_words = note
        .columns
        .iter()
        .all(|c| !c.words.is_empty() && !c.restated);
    let first = note.columns.first();
    has_words
        && first.is_some_and(|first| {
            let same = note.columns.iter().filter(|c| c.words == first.words);
            same.count() > 1 && note.columns.iter().any(|c| c.period != first.period)
        })
}

fn period_title(period: Period, form: Form, house: &House) -> String {
    match period {
        Period::Year(year) => match form {
            Form::Year => year.to_string(),
            Form::Date => year_end(&house.calendar, year),
            Form::Ended => format!("Year Ended {}", year_end(&house.calendar, year)),
            Form::Fiscal => format!("Fiscal {year}"),
            Form::Short => format!("FY{year}"),
        },
        Period::YearEnd(year) => match form {
            Form::Year => year.to_string(),
            Form::Date | Form::Fiscal => year_end(&house.calendar, year),
            Form::Ended => format!("As of {}", year_end(&house.calendar, year)),
            Form::Short => format!("FY{year}"),
        },
        Period::Quarter(year, quarter) => {
            match (form, quarter_end(house.calendar, year, quarter)) {
                (Form::Date | Form::Ended, Some(end)) => format!("Three Months Ended {end}"),
                (Form::Fiscal, _) => {
                    let name = ["First", "Second", "Third", "Fourth"][usize::from(quarter - 1)];
                    format!("{name} Quarter {year}")
                }
                _ => format!("Q{quarter} {year}"),
            }
        }
        Period::Of(_) => String::new(),
    }
}

fn label_title(note: &Note, unit: &str, place: Place, is_filing: bool, draw: &mut Draw) -> String {
    let form = draw.weighted(&[40, 30, 30]);
    let name = [
        "category",
        "description",
        "line item",
        "item",
        "component",
        "",
    ][draw.weighted(&[38, 20, 14, 14, 12, 2])];
    // 211 of the 278 tables of TAT-QA dev; those whose label column states the unit are named.
    let is_empty = draw.chance(86);
    if let Some(fixed) = note.label_header {
        // Over years a filing leaves the place empty as well; over dates it names them.
        let is_empty = is_filing && is_empty && fixed == "year";
        return if is_empty {
            String::new()
        } else {
            fixed.replace('_', " ")
        };
    }
    if place == Place::LabelHeader {
        return match form {
            _ if is_filing => format!("(in {unit})"),
            0 => format!("{name} in {unit}").trim().to_owned(),
            1 => format!("in {unit}"),
            _ if is_shares(note) => format!("in {unit}"),
            _ => format!("dollars in {unit}"),
        };
    }
    if is_filing && is_empty {
        return String::new();
    }
    name.to_owned()
}

/// Words with a capital each, as over the columns of a filing.
fn capitals(title: &str) -> String {
    let words: Vec<String> = title
        .split(' ')
        .map(|word| {
            if ["of", "in", "and", "as", "to", "or"].contains(&word) {
                return word.to_owned();
            }
            let mut chars = word.chars();
            chars
                .next()
                .map_or_else(String::new, |c| c.to_uppercase().chain(chars).collect())
        })
        .collect();
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use finqa_core::answer::Scale;

    use super::super::cells::tests::house;
    use super::*;
    use crate::draw::{Key, Stream};
    use crate::note::{Column, year_columns, year_end_columns};
    use crate::split::SplitName;

    const DISPLAY: Display = Display {
        scale: Scale::Million,
        decimals: 0,
        share_decimals: 1,
    };

    fn draw(index: u32) -> Draw {
        let key = Key {
            seed: 1,
            split: SplitName::Val,
            index,
        };
        Draw::new(key, Stream::Style)
    }

    fn headers(note: &Note, place: Place, style: HeaderStyle, index: u32) -> Headers {
        let config = SynthConfig {
            header_style: style,
            ..SynthConfig::default()
        };
        write(
            note,
            DISPLAY,
            place,
            true,
            &house(),
            &config,
            &mut draw(index),
        )
    }

    fn seen(note: &Note, place: Place, style: HeaderStyle) -> Vec<Vec<String>> {
        (0..400)
            .map(|i| headers(note, place, style, i).columns)
            .collect()
    }

    #[test]
    fn periods_have_their_forms() {
        let flows = Note::new("A", "a", year_columns(2024, 2));
        let all = seen(&flows, Place::Description, HeaderStyle::Cleaned);
        for want in [
            "2024",
            "december_31_2024",
            "year_ended_december_31_2024",
            "fiscal_2024",
            "fy2024",
        ] {
            assert!(all.iter().any(|c| c[1] == want), "{want}");
        }
        let years = all.iter().filter(|c| c[1] == "2024").count();
        assert!((160..240).contains(&years), "{years} of 400");
        let balances = Note::new("A", "a", year_end_columns(2024, 2));
        let all = seen(&balances, Place::Description, HeaderStyle::Cleaned);
        assert!(all.iter().any(|c| c[2] == "as_of_december_31_2023"));
        assert!(all.iter().all(|c| !c[2].starts_with("year_ended")));
    }

    #[test]
    fn the_unit_stands_where_it_was_placed() {
        let note = Note::new("A", "a", year_columns(2024, 2));
        for columns in seen(&note, Place::Columns, HeaderStyle::Cleaned) {
            assert!(columns[1].ends_with("_millions"), "{columns:?}");
        }
        for columns in seen(&note, Place::LabelHeader, HeaderStyle::Cleaned) {
            assert!(columns[0].ends_with("in_millions"), "{columns:?}");
        }
        let ladder = Note::new("A", "a", vec![Column::named(Period::Of(2024), "amount")]);
        let all = seen(&ladder, Place::Columns, HeaderStyle::Cleaned);
        assert!(all.iter().any(|c| c[1] == "amount_in_millions"));
    }

    #[test]
    fn filings_leave_the_label_column_without_a_name() {
        let note = Note::new("A", "a", year_end_columns(2024, 2));
        let all = seen(&note, Place::Description, HeaderStyle::Filing);
        let empty = all.iter().filter(|c| c[0] == "col_0").count();
        assert!((320..376).contains(&empty), "{empty} of 400");
        assert!(all.iter().any(|c| c[1] == "December 31, 2024"));
        let cleaned = seen(&note, Place::Description, HeaderStyle::Cleaned);
        let empty = cleaned.iter().filter(|c| c[0] == "col_0").count();
        assert!((1..20).contains(&empty), "{empty} of 400");
    }

    #[test]
    fn words_stand_beside_periods_or_repeat_with_a_number() {
        let columns = [2024, 2023]
            .into_iter()
            .flat_map(|y| {
                ["gross carrying amount", "fair value"]
                    .map(|w| Column::named(Period::YearEnd(y), w))
            })
            .collect();
        let note = Note::new("A", "a", columns);
        let mut lost = 0;
        for i in 0..400 {
            let headers = headers(&note, Place::Description, HeaderStyle::Cleaned, i);
            if headers.years_are_lost {
                lost += 1;
                let want = [
                    "gross_carrying_amount",
                    "fair_value",
                    "gross_carrying_amount_2",
                    "fair_value_2",
                ];
                assert_eq!(headers.columns[1..], want);
            } else {
                assert!(headers.columns[1].contains("gross_carrying_amount"));
                assert!(headers.columns[1].contains("2024"));
                assert!(headers.columns[4].contains("2023"));
            }
        }
        assert!((20..65).contains(&lost), "{lost} of 400");
    }

    #[test]
    fn a_year_and_its_end_are_told_apart() {
        let note = Note::new(
            "A",
            "a",
            vec![
                Column::of(Period::Year(2024)),
                Column::of(Period::YearEnd(2024)),
            ],
        );
        for columns in seen(&note, Place::Description, HeaderStyle::Cleaned) {
            assert_ne!(columns[1], columns[2]);
            assert!(!columns[2].ends_with("_2"), "{columns:?}");
        }
    }

    #[test]
    fn restated_years_and_quarters_say_so() {
        let mut column = Column::of(Period::Year(2023));
        column.restated = true;
        let note = Note::new("A", "a", vec![column, Column::of(Period::Quarter(2024, 1))]);
        for columns in seen(&note, Place::Description, HeaderStyle::Cleaned) {
            assert!(columns[1].ends_with("2023_as_restated"), "{columns:?}");
            let quarters = [
                "q1_2024",
                "first_quarter_2024",
                "three_months_ended_march_31_2024",
            ];
            assert!(quarters.contains(&columns[2].as_str()), "{columns:?}");
        }
    }

    #[test]
    fn every_table_can_be_made() {
        let note = Note::new("A", "a", year_columns(2024, 3));
        for style in [HeaderStyle::Cleaned, HeaderStyle::Filing] {
            for columns in seen(&note, Place::LabelHeader, style) {
                assert!(finqa_core::Table::new("c", "t", columns, Vec::new()).is_ok());
            }
        }
    }
}
