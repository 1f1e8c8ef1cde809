//! Cells: `$ 1,234.5`, `(56)`, `$(56)`, `—`, `21.0%`, `1.23`.

use super::house::{House, Minus};
use super::plain;
use crate::config::SynthConfig;
use crate::draw::Draw;
use crate::note::{Cell, Display, Note, Quantity, Role, Row};

/// Which rows of money have a `$`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Dollars {
    FirstAndLast,
    None,
    FirstAndTotals,
    All,
    First,
    Last,
}

/// How one table writes its numbers.
pub(super) struct Cells<'a> {
    house: &'a House,
    display: Display,
    /// One a row of the note.
    dollars: Vec<bool>,
    /// Zeros are dashes.
    dashes: bool,
    /// Every rate is whole and shown without decimals.
    whole_rates: bool,
}

impl<'a> Cells<'a> {
    pub(super) fn new(
        note: &Note,
        display: Display,
        house: &'a House,
        config: &SynthConfig,
        draw: &mut Draw,
    ) -> Self {
        // Measured on TAT-QA dev: the last two are the rest.
        let pattern = [
            Dollars::FirstAndLast,
            Dollars::None,
            Dollars::FirstAndTotals,
            Dollars::All,
            Dollars::First,
            Dollars::Last,
        ][draw.weighted(&[39, 30, 14, 8, 5, 4])];
        let mut rates = note
            .rows
            .iter()
            .filter(|r| r.quantity == Quantity::Rate)
            .flat_map(|r| r.cells.iter().filter_map(Cell::number));
        let whole_rates = rates.all(|n| n % 10 == 0) && draw.chance(70);
        Self {
            house,
            display,
            dollars: dollar_rows(note, pattern, house),
            dashes: draw.chance(config.dash_pct),
            whole_rates,
        }
    }

    /// The text of a cell of row `row`.
    pub(super) fn text(&self, note: &Note, row: usize, column: usize) -> String {
        match note.rows[row].cells.get(column) {
            Some(Cell::Number(n)) => self.number(*n, note.rows[row].quantity, self.dollars[row]),
            Some(Cell::Text(text)) => text.clone(),
            Some(Cell::Empty) | None => String::new(),
        }
    }

    fn number(&self, value: i64, quantity: Quantity, dollar: bool) -> String {
        let house = self.house;
        let decimals = self.display.decimals_of(quantity);
        let is_percent = matches!(quantity, Quantity::Rate | Quantity::FineRate);
        if value == 0 && self.dashes && (!is_percent || house.dash_for_zero_percent) {
            return match (dollar, is_percent) {
                (true, _) => format!("${}{}", house.dollar_gap, house.dash),
                (_, true) => format!("{}{}%", house.dash, house.percent_gap),
                _ => house.dash.to_owned(),
            };
        }
        let digits = if quantity == Quantity::Rate && self.whole_rates {
            grouped(value / 10, 0)
        } else {
            grouped(value, decimals)
        };
        let digits = match digits.strip_prefix("0.") {
            Some(fraction) if !house.leading_zero && !is_percent => format!(".{fraction}"),
            _ => digits,
        };
        let sign = |body: String| match (value < 0, house.minus) {
            (false, _) => body,
            (true, Minus::Parentheses) => format!("({body})"),
            (true, Minus::Hyphen) => format!("-{body}"),
        };
        if is_percent {
            let percent = format!("{}%", house.percent_gap);
            return if house.percent_inside {
                sign(digits + &percent)
            } else {
                sign(digits) + &percent
            };
        }
        match (dollar, house.minus) {
            (true, Minus::Hyphen) => sign(format!("${}{digits}", house.dollar_gap)),
            (true, Minus::Parentheses) => format!("${}{}", house.dollar_gap, sign(digits)),
            (false, _) => sign(digits),
        }
    }
}

fn dollar_rows(note: &Note, pattern: Dollars, house: &House) -> Vec<bool> {
    let is_money = |r: &Row| r.role != Role::Section && r.quantity == Quantity::Money;
    let first = note.rows.iter().position(is_money);
    let last = note.rows.iter().rposition(is_money);
    note.rows
        .iter()
        .enumerate()
        .map(|(i, row)| {
            let at = Some(i);
            match row.quantity {
                Quantity::PerShare => house.per_share_dollar,
                Quantity::Money => match pattern {
                    Dollars::None => false,
                    Dollars::All => true,
                    Dollars::First => at == first,
                    Dollars::Last => at == last,
                    Dollars::FirstAndLast => at == first || at == last,
                    Dollars::FirstAndTotals => {
                        at == first || matches!(row.role, Role::Total | Role::Closing)
                    }
                },
                _ => false,
            }
        })
        .collect()
}

/// The digits of a number with commas between thousands, without its sign.
fn grouped(value: i64, decimals: u8) -> String {
    let digits = plain(i128::from(value).abs(), decimals);
    let (whole, fraction) = digits
        .split_once('.')
        .map_or((digits.as_str(), None), |(w, f)| (w, Some(f)));
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (i, digit) in whole.chars().enumerate() {
        if i > 0 && (whole.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    if let Some(fraction) = fraction {
        out.push('.');
        out.push_str(fraction);
    }
    out
}

/// Leaves nil cells empty in some of the tables that have many of them.
///
/// Filings do both: a table of fair values by level shows dashes or nothing where an instrument has no such level.
pub(super) fn blank_nils(note: &mut Note, draw: &mut Draw) {
    let is_blank = draw.chance(60);
    let numbers = || {
        note.rows
            .iter()
            .flat_map(|r| r.cells.iter().filter_map(Cell::number))
    };
    let (nils, all) = (numbers().filter(|n| *n == 0).count(), numbers().count());
    if !is_blank || nils * 100 < all * 15 {
        return;
    }
    for row in note.rows.iter_mut().filter(|r| r.role == Role::Part) {
        // A row of nothing but nils says that there was such an item; it keeps its dashes.
        if row.cells.iter().all(|c| c.number().is_none_or(|n| n == 0)) {
            continue;
        }
        for cell in &mut row.cells {
            if *cell == Cell::Number(0) {
                *cell = Cell::Empty;
            }
        }
    }
}

/// Fills the gaps of a few tables with a mark instead of nothing.
pub(super) fn mark_gaps(note: &mut Note, draw: &mut Draw) {
    // 15 of 10,411 cells of TAT-QA dev are such marks.
    if !draw.chance(10) {
        return;
    }
    let mark = ["N/A", "NM", "*", "n/a"][draw.weighted(&[45, 25, 15, 15])];
    // A total has no rate or no level because it is a total; nothing is left out there.
    let is_item = |r: &&mut Row| matches!(r.role, Role::Part | Role::Single);
    for row in note.rows.iter_mut().filter(is_item) {
        for cell in &mut row.cells {
            if *cell == Cell::Empty {
                *cell = Cell::Text(mark.to_owned());
            }
        }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use finqa_core::answer::Scale;

    use super::*;
    use crate::ledger::Calendar;
    use crate::note::{Column, Label, Period};

    pub(in crate::style) fn house() -> House {
        House {
            calendar: Calendar {
                latest_year: 2024,
                end_month: 12,
                end_day: 31,
                weeks: false,
            },
            dash: "—",
            dollar_gap: "",
            minus: Minus::Parentheses,
            percent_gap: "",
            percent_inside: false,
            dash_for_zero_percent: true,
            leading_zero: true,
            per_share_dollar: true,
            title_case: false,
            heading_colon: true,
            footnote_letters: false,
            oldest_first: false,
            phrases: crate::style::phrases::tests::plain(),
        }
    }

    fn cells(house: &House, decimals: u8) -> Cells<'_> {
        Cells {
            house,
            display: Display {
                scale: Scale::Million,
                decimals,
                share_decimals: 1,
            },
            dollars: Vec::new(),
            dashes: true,
            whole_rates: false,
        }
    }

    #[test]
    fn numbers_look_like_filings() {
        let plain = house();
        let spaced = House {
            dollar_gap: " ",
            percent_gap: " ",
            percent_inside: true,
            leading_zero: false,
            ..house()
        };
        let hyphen = House {
            minus: Minus::Hyphen,
            dash: "-",
            ..house()
        };
        for (house, value, decimals, quantity, dollar, want) in [
            (&plain, 1_234_567, 0, Quantity::Money, false, "1,234,567"),
            (&plain, 12_345, 1, Quantity::Money, true, "$1,234.5"),
            (&plain, -56, 0, Quantity::Money, false, "(56)"),
            (&plain, -56, 0, Quantity::Money, true, "$(56)"),
            (&plain, 0, 0, Quantity::Money, true, "$—"),
            (&plain, 210, 0, Quantity::Rate, false, "21.0%"),
            (&plain, -12, 0, Quantity::Rate, false, "(1.2)%"),
            (&plain, 0, 0, Quantity::Rate, false, "—%"),
            (&plain, 3625, 0, Quantity::FineRate, false, "36.25%"),
            (&plain, 123, 0, Quantity::PerShare, true, "$1.23"),
            (&plain, 4_567, 0, Quantity::Shares, false, "456.7"),
            (&plain, 45, 0, Quantity::Years, false, "4.5"),
            (&spaced, -56, 0, Quantity::Money, true, "$ (56)"),
            (&spaced, 34, 0, Quantity::PerShare, true, "$ .34"),
            (&spaced, -12, 0, Quantity::Rate, false, "(1.2 %)"),
            (&hyphen, -1234, 0, Quantity::Money, true, "-$1,234"),
            (&hyphen, -1234, 0, Quantity::Money, false, "-1,234"),
            (&hyphen, 0, 0, Quantity::Money, false, "-"),
        ] {
            assert_eq!(
                cells(house, decimals).number(value, quantity, dollar),
                want,
                "{value} {quantity:?}"
            );
        }
    }

    #[test]
    fn zeros_are_digits_where_the_table_has_no_dashes() {
        let house = house();
        let digits = Cells {
            dashes: false,
            ..cells(&house, 1)
        };
        assert_eq!(digits.number(0, Quantity::Money, true), "$0.0");
        assert_eq!(digits.number(0, Quantity::Rate, false), "0.0%");
    }

    #[test]
    fn dollars_stand_where_the_pattern_says() {
        let mut note = Note::new("A", "a", vec![Column::of(Period::Year(2024))]);
        note.section("assets");
        let a = note.part("a".into(), &[1]);
        let b = note.part("b".into(), &[2]);
        let t = note.total("total".into(), &[(a, 1), (b, 1)]);
        let c = note.part("c".into(), &[2]);
        note.total("net".into(), &[(t, 1), (c, 1)]);
        note.push(Row::numbers(
            Label::new("per share"),
            Role::Single,
            Quantity::PerShare,
            &[5],
        ));
        let house = house();
        let rows = |pattern| -> Vec<usize> {
            let marks = dollar_rows(&note, pattern, &house);
            (0..marks.len()).filter(|&i| marks[i]).collect()
        };
        assert_eq!(rows(Dollars::FirstAndLast), [1, 5, 6]);
        assert_eq!(rows(Dollars::None), [6]);
        assert_eq!(rows(Dollars::FirstAndTotals), [1, 3, 5, 6]);
        assert_eq!(rows(Dollars::First), [1, 6]);
        assert_eq!(rows(Dollars::Last), [5, 6]);
    }

    proptest::proptest! {
        /// Whatever a company's habits, a cell reads back as the number that it shows.
        #[test]
        fn cells_read_back(
            value in -99_999_999_i64..99_999_999,
            seed in 0_u64..10_000,
            decimals in 0_u8..3,
            dashes: bool,
            dollar: bool,
        ) {
            let key = crate::draw::Key {
                seed,
                split: crate::split::SplitName::Train,
                index: 0,
            };
            let mut draw = Draw::new(key, crate::draw::Stream::Style);
            let house = House::new(house().calendar, &mut draw);
            let cells = Cells { dashes, ..cells(&house, decimals) };
            for quantity in [
                Quantity::Money,
                Quantity::Shares,
                Quantity::PerShare,
                Quantity::Rate,
                Quantity::FineRate,
                Quantity::Years,
            ] {
                let is_money = matches!(quantity, Quantity::Money | Quantity::PerShare);
                for value in [value, value % 100, 0] {
                    let shown = cells.number(value, quantity, dollar && is_money);
                    let read = finqa_core::answer::cell_number(&shown);
                    let want = plain(value.into(), cells.display.decimals_of(quantity));
                    let read = read.map(|r| r.parse::<f64>().unwrap());
                    proptest::prop_assert_eq!(read, Some(want.parse().unwrap()), "{}", shown);
                }
            }
        }
    }
}
