//! One borrowing with a term: notes, bonds, loans.

use super::super::rates;
use crate::draw::{Draw, scale};

/// A borrowing with a term. Amounts by fiscal year, not by index.
#[derive(Clone, Debug)]
pub(crate) struct Instrument {
    /// "3.625% notes due 2031"; no two of a company are the same.
    pub(crate) label: String,
    /// "3.625%" or "variable".
    pub(crate) rate_text: String,
    /// Thousandths of a percent.
    pub(crate) coupon: i64,
    /// Fiscal year of issue.
    pub(crate) issued: i32,
    /// Fiscal year in which the last of it is repaid.
    pub(crate) due: i32,
    /// Owed in a foreign currency.
    pub(crate) foreign: bool,
    face: i64,
    /// Repaid each year after the year of issue; 0 for bullets.
    instalment: i64,
    /// Fiscal year and percent of an early redemption.
    tender: Option<(i32, i64)>,
    /// Discount and issuance cost at issue.
    cost: i64,
}

/// Company-wide habits: what its notes are called and how coupons are written.
#[derive(Clone, Copy, Debug)]
pub(super) struct Habit {
    pub(super) noun: &'static str,
    pub(super) loan: &'static str,
    /// Coupons with at least two digits after the point.
    pub(super) two_digits: bool,
    /// Over the ten-year rate, thousandths of a percent.
    pub(super) spread: i64,
    /// Percent of instruments that are loans, and in foreign currency.
    pub(super) loan_pct: u32,
    pub(super) foreign_pct: u32,
}

impl Instrument {
    pub(super) fn new(draw: &mut Draw, habit: Habit, issued: i32, due: i32, face: i64) -> Self {
        let tenor = i64::from(due - issued);
        let foreign = draw.chance(habit.foreign_pct);
        let loan = !foreign && tenor <= 7 && draw.chance(habit.loan_pct);
        let curve = (tenor - 10) * if tenor < 10 { 70 } else { 35 };
        let rate = rates::long(issued) + habit.spread + curve + draw.normal(350)
            - if foreign { 1200 } else { 0 };
        let coupon = (rate + 62) / 125 * 125;
        let coupon = coupon.clamp(1500, 7000);
        let (label, rate_text) = if loan {
            (format!("{} due {due}", habit.loan), "variable".to_owned())
        } else {
            named(habit, coupon, due, foreign)
        };
        let instalment = if loan && tenor > 2 && draw.chance(60) {
            face * draw.pick(&[5, 5, 10]) / 100
        } else {
            0
        };
        // Yearly amortisation is a part of the yearly coupon, so that interest stays near coupon x principal.
        let cost = scale(face * tenor, coupon * draw.range(3, 9), 100_000_000);
        Self {
            label,
            rate_text,
            coupon,
            issued,
            due,
            foreign,
            face,
            instalment,
            tender: None,
            cost,
        }
    }

    /// Small debts of one rate under one line, repaid evenly until `due`.
    pub(super) fn various(issued: i32, due: i32, face: i64, spread: i64) -> Self {
        Self {
            label: format!("other debt due through {due}"),
            rate_text: "various".to_owned(),
            coupon: (rates::long(issued) + spread).clamp(1500, 7000),
            issued,
            due,
            foreign: false,
            face,
            instalment: face / i64::from(due - issued),
            tender: None,
            cost: 0,
        }
    }

    /// The same with the coupon moved by eighths until `taken` does not know the label.
    pub(super) fn renamed(mut self, habit: Habit, taken: impl Fn(&str) -> bool) -> Self {
        let mut step = 1;
        while taken(&self.label) {
            if self.rate_text == "variable" {
                let letter = char::from(b'A' + (step as u8 % 26));
                self.label = format!("{} {letter} due {}", habit.loan, self.due);
            } else {
                let coupon = 1500 + (self.coupon - 1500 + 125 * step) % 5500;
                (self.label, self.rate_text) = named(habit, coupon, self.due, self.foreign);
                self.coupon = coupon;
            }
            step += 1;
        }
        self
    }

    /// `percent` of it is bought back in fiscal `year`, ahead of its term.
    pub(super) fn redeem(&mut self, year: i32, percent: i64) {
        self.tender = Some((year, percent));
    }

    /// What the terms leave at the end of `year`, as the lender sees it at the end of `now`.
    fn outstanding(&self, now: i32, year: i32) -> i64 {
        if now < self.issued || year < self.issued || year >= self.due {
            return 0;
        }
        let left = self.face - self.instalment * i64::from(year - self.issued);
        match self.tender {
            Some((tender, percent)) if now >= tender => scale(left, 100 - percent, 100),
            _ => left,
        }
    }

    /// Principal at the end of fiscal `year`; `exchange` is the rate for foreign principal, per mille.
    pub(crate) fn principal(&self, year: i32, exchange: i64) -> i64 {
        self.left(year, year, exchange)
    }

    /// What will be left at the end of `year` of the principal at the end of `now`.
    pub(super) fn left(&self, now: i32, year: i32, exchange: i64) -> i64 {
        let left = self.outstanding(now, year);
        if self.foreign {
            scale(left, exchange, 1000)
        } else {
            left
        }
    }

    /// Discount and issuance cost not yet expensed at the end of `year`.
    pub(crate) fn unamortised(&self, year: i32) -> i64 {
        if year < self.issued || year >= self.due {
            return 0;
        }
        scale(
            self.cost,
            (self.due - year).into(),
            (self.due - self.issued).into(),
        )
    }

    /// Fair value of 100,000 of principal at the end of `year`.
    pub(super) fn price(&self, year: i32, spread: i64) -> i64 {
        let left = i64::from((self.due - year).max(0));
        if !self.rate_text.ends_with('%') {
            return 100_000;
        }
        // Duration falls short of the term as the term grows.
        let duration_tenths = left * 1000 / (100 + left * 3);
        let discount = if self.foreign { 1200 } else { 0 };
        let market = rates::long(year) + spread - discount + (left.min(20) - 10) * 50;
        let price = 100_000 + (self.coupon - market) * duration_tenths / 10;
        price.clamp(62_000, 138_000)
    }

    /// Cost that comes up in fiscal `year` because the instrument is issued.
    pub(super) fn new_cost(&self, year: i32) -> i64 {
        if year == self.issued { self.cost } else { 0 }
    }
}

fn named(habit: Habit, coupon: i64, due: i32, foreign: bool) -> (String, String) {
    let mut text = format!("{}.{:03}", coupon / 1000, coupon % 1000);
    let least = if habit.two_digits { 4 } else { 3 };
    while text.ends_with('0') && text.len() > least {
        text.pop();
    }
    let currency = if foreign { "euro " } else { "" };
    (
        format!("{text}% {currency}{} due {due}", habit.noun),
        format!("{text}%"),
    )
}

/// An issue size as markets know it: one or two leading digits.
pub(super) fn round_size(value: i64) -> i64 {
    let mut step = 1;
    while value / step >= 100 {
        step *= 10;
    }
    let step = step * if value / step >= 20 { 5 } else { 1 };
    ((value + step / 2) / step * step).max(1)
}
