//! What a company does the same way in all its tables: dashes, signs, dates, capitals.
//!
//! Rates are near those that `benches/realism` counts on published files.

use super::phrases::Phrases;
use crate::draw::Draw;
use crate::ledger::Calendar;

/// How negative numbers are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Minus {
    /// `(1,234)`
    Parentheses,
    /// `-1,234`
    Hyphen,
}

/// A company's habits.
#[expect(
    clippy::struct_excessive_bools,
    reason = "independent habits, each drawn and read by itself"
)]
#[derive(Clone, Debug)]
pub(super) struct House {
    pub(super) calendar: Calendar,
    /// What stands for zero.
    pub(super) dash: &'static str,
    /// Between `$` and the number.
    pub(super) dollar_gap: &'static str,
    pub(super) minus: Minus,
    /// Between a number and its `%`.
    pub(super) percent_gap: &'static str,
    /// `(9.9%)` instead of `(9.9)%`.
    pub(super) percent_inside: bool,
    /// Zero percent is `—%`, not `0.0%`.
    pub(super) dash_for_zero_percent: bool,
    /// `0.34`, not `.34`.
    pub(super) leading_zero: bool,
    /// Amounts per share have `$` in every row.
    pub(super) per_share_dollar: bool,
    /// Labels In Capitals, where they keep their case at all.
    pub(super) title_case: bool,
    /// Headings inside a table end with a colon.
    pub(super) heading_colon: bool,
    /// Footnotes are `(a)`, not `(1)`.
    pub(super) footnote_letters: bool,
    /// Years run from left to right.
    pub(super) oldest_first: bool,
    pub(super) phrases: Phrases,
}

impl House {
    pub(super) fn new(calendar: Calendar, draw: &mut Draw) -> Self {
        Self {
            calendar,
            dash: ["—", "–", "-"][draw.weighted(&[80, 10, 10])],
            dollar_gap: ["", " ", "  "][draw.weighted(&[88, 11, 1])],
            minus: [Minus::Parentheses, Minus::Hyphen][draw.weighted(&[96, 4])],
            percent_gap: ["", " "][draw.weighted(&[93, 7])],
            percent_inside: draw.chance(30),
            dash_for_zero_percent: draw.chance(60),
            leading_zero: draw.chance(95),
            per_share_dollar: draw.chance(75),
            title_case: draw.chance(22),
            heading_colon: draw.chance(70),
            footnote_letters: draw.chance(20),
            oldest_first: draw.chance(8),
            phrases: Phrases::new(draw),
        }
    }
}
