//! Dividends: so many cents a share each quarter (I14).

use super::{Shares, amount, per_share_cents};
use crate::draw::{Draw, scale};
use crate::identity::Identity;
use crate::ledger::{Base, ByYear, Income, MONTHS, YEARS};

/// Dividends declared; all zero for companies that pay none.
#[derive(Clone, Debug, Default)]
pub(crate) struct Dividends {
    /// Cents a share by quarter, first quarter first.
    pub(crate) per_share: [[i64; 4]; YEARS],
    /// Shares entitled at each declaration.
    pub(crate) entitled: [[i64; 4]; YEARS],
    /// per share × entitled, rounded.
    pub(crate) amounts: [[i64; 4]; YEARS],
    /// Days in which the quarter's dividend is declared, recorded and paid; see [`Dividends::date`].
    pub(crate) days: [[(i64, i64, i64); 4]; YEARS],
    end_month: i64,
    latest_year: i64,
}

impl Dividends {
    pub(super) fn new(
        identity: &Identity,
        base: &Base,
        income: &Income,
        shares: &Shares,
        draw: &mut Draw,
    ) -> Self {
        let mut out = Self {
            end_month: base.calendar.end_month.into(),
            latest_year: base.calendar.latest_year.into(),
            ..Self::default()
        };
        if !identity.pays_dividends {
            return out;
        }
        let usual = income.net_income.iter().sum::<i64>() / YEARS as i64;
        let earned = usual.max(scale(base.revenue[0], 30, 1000));
        let payout = draw.range(100, 600);
        let yearly = per_share_cents(scale(earned, payout, 1000), shares.basic[0], base.display);
        let mut cents = (yearly / 4).max(2);
        let raised_in = draw.below(4);
        let raise = draw.range(0, 110);
        let day = draw.range(8, 22);
        for y in 0..YEARS {
            for q in (0..4).rev() {
                out.per_share[y][q] = cents;
                if q == raised_in && !draw.chance(12) {
                    let usual = (raise + draw.range(-25, 25)).max(0);
                    cents = scale(cents, 1000, 1000 + usual).max(1);
                }
                let (from, to) = (shares.beginning[y], shares.ending[y]);
                out.entitled[y][q] = from + (to - from) * q as i64 / 4;
                out.amounts[y][q] = amount(out.entitled[y][q], out.per_share[y][q], base.display);
                let declared = day + draw.range(-5, 5);
                out.days[y][q] = (declared, draw.range(2, 12), draw.range(13, 27));
            }
        }
        out
    }

    /// What was declared in the last quarter of a year, paid in the next.
    pub(crate) fn unpaid(&self) -> ByYear {
        self.amounts.map(|quarters| quarters[3])
    }

    /// Cents a share declared in a year.
    pub(crate) fn yearly_per_share(&self) -> ByYear {
        self.per_share.map(|q| q.iter().sum())
    }

    /// Amount declared in a year.
    pub(crate) fn yearly_amount(&self) -> ByYear {
        self.amounts.map(|q| q.iter().sum())
    }

    /// "February 12, 2024", `months` after the first month of quarter `quarter` (0 to 3) of year `year` (0: newest).
    pub(crate) fn date(&self, year: usize, quarter: usize, months: i64, day: i64) -> String {
        // Months since January of year 0; the fiscal year's first month is the one after the last year's end.
        let first = (self.latest_year - year as i64) * 12 + self.end_month - 12;
        let month = first + 3 * quarter as i64 + months;
        let name = MONTHS[month.rem_euclid(12) as usize];
        format!("{name} {day}, {}", month.div_euclid(12))
    }

    pub(super) fn violations(&self, base: &Base) -> Vec<String> {
        let mut out = Vec::new();
        for y in 0..YEARS {
            for q in 0..4 {
                let exact = amount(self.entitled[y][q], self.per_share[y][q], base.display);
                if exact != self.amounts[y][q] {
                    out.push(format!("I14: dividend of year {y}, quarter {q}"));
                }
            }
        }
        out
    }
}
