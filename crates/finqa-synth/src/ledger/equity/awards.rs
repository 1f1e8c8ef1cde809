//! Restricted stock units and what paying with shares costs (I6, I15).

use super::{Shares, amount};
use crate::draw::{Draw, scale};
use crate::identity::Industry;
use crate::ledger::line::{Line, Pace, Word, jump, split, sum};
use crate::ledger::{Base, ByYear, YEARS};

/// Units in the unit of share counts; fair values in cents.
#[derive(Clone, Debug, Default)]
pub(crate) struct Awards {
    /// beginning + granted − vested − forfeited = ending.
    pub(crate) beginning: ByYear,
    pub(crate) granted: ByYear,
    pub(crate) vested: ByYear,
    pub(crate) forfeited: ByYear,
    pub(crate) ending: ByYear,
    /// Weighted-average grant-date fair values.
    pub(crate) beginning_value: ByYear,
    pub(crate) granted_value: ByYear,
    pub(crate) vested_value: ByYear,
    pub(crate) forfeited_value: ByYear,
    pub(crate) ending_value: ByYear,
    /// What the vested units were worth when they vested: money.
    pub(crate) vested_worth: ByYear,
    /// Compensation cost by line of the income statement; adds up to `expense`.
    pub(crate) by_line: Vec<Line>,
    pub(crate) expense: ByYear,
    /// The income tax benefit on `expense`.
    pub(crate) tax_benefit: ByYear,
}

const LINES: [Word; 4] = [
    Word::new("cost of revenue", &["cost of sales"], ""),
    Word::new(
        "research and development",
        &["R&D"],
        "pay of those who invent",
    ),
    Word::new(
        "sales and marketing",
        &["selling expenses"],
        "pay of those who sell",
    ),
    Word::new("general and administrative", &["G&A"], "pay of head office"),
];
const LINES_WITHOUT_RESEARCH: [Word; 3] = [
    Word::new("cost of sales", &["cost of goods sold"], ""),
    Word::new(
        "selling, general and administrative",
        &["SG&A"],
        "pay of overhead staff",
    ),
    Word::new(
        "restructuring charges",
        &["reorganization charges"],
        "awards sped up by layoffs",
    ),
];

impl Awards {
    pub(super) fn new(industry: Industry, base: &Base, shares: &Shares, draw: &mut Draw) -> Self {
        let mut out = Self::default();
        out.roll(shares, draw);
        out.vested_worth = std::array::from_fn(|y| {
            let cents = scale(shares.price[y], draw.range(900, 1100), 1000);
            amount(out.vested[y], cents, base.display)
        });
        let (low, high) = match industry {
            Industry::Software => (45, 140),
            Industry::Semiconductors => (20, 75),
            Industry::Pharma => (12, 40),
            _ => (5, 16),
        };
        // Thousandths of revenue; a walk, so that costs grow faster or slower than sales.
        let mut level = draw.range(low, high) * 10;
        out.expense = base.revenue.map(|r| {
            let value = scale(r, level, 10_000).max(4);
            level = scale(level, 1000, 1000 + draw.normal(120).clamp(-350, 500)).clamp(20, 1500);
            value
        });
        let terms: &[Word] = match industry {
            Industry::Software | Industry::Semiconductors | Industry::Pharma => &LINES,
            _ => &LINES_WITHOUT_RESEARCH[..2 + usize::from(draw.chance(20))],
        };
        out.by_line = split(&out.expense, terms, Pace::Settled, draw);
        let rate = draw.range(120, 230);
        out.tax_benefit = out
            .expense
            .map(|e| scale(e, rate + draw.range(-20, 20), 1000));
        out
    }

    fn roll(&mut self, shares: &Shares, draw: &mut Draw) {
        let oldest = YEARS - 1;
        let mut units = scale(shares.ending[oldest], draw.range(5, 38), 1000).max(8);
        let mut value = scale(shares.price[oldest], draw.range(700, 980), 1000).max(1);
        for y in (0..YEARS).rev() {
            self.beginning[y] = units;
            self.beginning_value[y] = value;
            let moved = |usual: i64, draw: &mut Draw| {
                let of = scale(units, usual + draw.range(-usual / 4, usual / 4), 1000);
                scale(of, 1000 + jump(draw).clamp(-300, 400), 1000)
            };
            self.granted[y] = moved(450, draw).max(1);
            self.vested[y] = moved(340, draw).clamp(1, units / 2);
            self.forfeited[y] = moved(60, draw).min(units / 5);
            self.granted_value[y] = scale(shares.price[y], draw.range(880, 1060), 1000).max(1);
            self.vested_value[y] = scale(value, draw.range(880, 1060), 1000).max(1);
            self.forfeited_value[y] = scale(value, draw.range(930, 1080), 1000).max(1);
            let ending = units + self.granted[y] - self.vested[y] - self.forfeited[y];
            let worth = units * value + self.granted[y] * self.granted_value[y]
                - self.vested[y] * self.vested_value[y]
                - self.forfeited[y] * self.forfeited_value[y];
            units = ending;
            value = scale(worth, 1, ending);
            self.ending[y] = units;
            self.ending_value[y] = value;
        }
    }

    pub(super) fn violations(&self) -> Vec<String> {
        let mut out = Vec::new();
        for y in 0..YEARS {
            let rolled = self.beginning[y] + self.granted[y] - self.vested[y] - self.forfeited[y];
            if rolled != self.ending[y]
                || rolled <= 0
                || self.ending_value[y] <= 0
                || (y + 1 < YEARS
                    && (self.beginning[y] != self.ending[y + 1]
                        || self.beginning_value[y] != self.ending_value[y + 1]))
            {
                out.push(format!("I6: stock units of year {y}"));
            }
            if sum(&self.by_line)[y] != self.expense[y] {
                out.push(format!("I15: stock compensation of year {y}"));
            }
        }
        out
    }
}
