//! Operating and finance leases (I11).

use super::debt::Ladder;
use super::{Base, ByYear, YEARS, rates, subtract};
use crate::draw::{Draw, Key, Stream, scale};
use crate::identity::Industry;

/// The leases of one class.
#[derive(Clone, Debug)]
pub(crate) struct LeaseBook {
    /// Undiscounted payments by fiscal year, as of each year end.
    pub(crate) payments: [Ladder; YEARS],
    pub(crate) undiscounted: ByYear,
    /// Undiscounted payments less liability, positive.
    pub(crate) imputed: ByYear,
    pub(crate) liability: ByYear,
    pub(crate) current: ByYear,
    pub(crate) non_current: ByYear,
    /// Right-of-use assets.
    pub(crate) assets: ByYear,
    /// Right-of-use assets obtained in exchange for new liabilities.
    pub(crate) obtained: ByYear,
    /// Weighted average remaining term, tenths of years.
    pub(crate) term: ByYear,
    /// Weighted average discount rate, hundredths of a percent.
    pub(crate) rate: ByYear,
}

/// All leases and what they cost.
#[derive(Clone, Debug)]
pub(crate) struct Leases {
    pub(crate) operating: LeaseBook,
    pub(crate) finance: Option<LeaseBook>,
    /// Parts of `total_cost`; sublease income is negative.
    pub(crate) operating_cost: ByYear,
    pub(crate) finance_amortisation: ByYear,
    pub(crate) finance_interest: ByYear,
    pub(crate) variable_cost: ByYear,
    pub(crate) short_term_cost: ByYear,
    pub(crate) sublease_income: ByYear,
    pub(crate) total_cost: ByYear,
    /// Cash paid for operating leases, and the principal paid on finance leases.
    pub(crate) operating_paid: ByYear,
    pub(crate) finance_principal_paid: ByYear,
    /// Whether one table shows the maturities of both classes.
    pub(crate) maturities_together: bool,
}

impl Leases {
    pub(crate) fn new(key: Key, base: &Base, industry: Industry) -> Self {
        let mut draw = Draw::new(key, Stream::Leases);
        let latest = base.calendar.latest_year;
        // Operating lease cost in tenths of a percent of revenue; percent of companies with finance leases.
        let (cost, finance_pct) = match industry {
            Industry::Retail => ((25, 60), 85),
            Industry::Telecom => ((20, 45), 75),
            Industry::Utility | Industry::Energy => ((5, 20), 65),
            Industry::Software => ((10, 30), 35),
            _ => ((8, 30), 55),
        };
        let level = draw.range(cost.0, cost.1);
        let anchor = base.revenue.iter().sum::<i64>() / YEARS as i64;
        let mut drift = 1000;
        let operating_cost: ByYear = std::array::from_fn(|y| {
            // Rents follow the size of the company at three quarters of its pace.
            let size = (3 * base.revenue[y] + anchor) / 4;
            drift = (drift + draw.normal(90)).clamp(600, 1600);
            scale(scale(size, level, 1000), drift, 1000).max(12)
        });
        let spread = draw.range(600, 2600);
        let operating = book(&mut draw, &operating_cost, latest, spread, (92, 106));

        let share = draw.range(4, 45);
        let rents = operating_cost.map(|c| scale(c, share * draw.range(80, 125), 10_000));
        let finance = (draw.chance(finance_pct) && rents[0].min(rents[1]) >= 6).then(|| {
            book(
                &mut draw,
                &rents.map(|r| r.max(3)),
                latest,
                spread,
                (85, 115),
            )
        });
        let none = [0; YEARS];
        let (finance_amortisation, finance_interest, finance_principal_paid) =
            finance.as_ref().map_or((none, none, none), |f| {
                let life = draw.range(60, 160);
                (
                    f.assets.map(|a| scale(a, life, 1000).max(1)),
                    std::array::from_fn(|y| scale(f.liability[y], f.rate[y], 10_000).max(1)),
                    f.current.map(|c| scale(c, draw.range(70, 130), 100).max(1)),
                )
            });
        let mut minor = |percent: u32, low: i64, high: i64, gap: u32| -> ByYear {
            let level = if draw.chance(percent) {
                draw.range(low, high)
            } else {
                0
            };
            operating_cost.map(|c| {
                let jitter = (100 + draw.normal(42)).clamp(12, 300);
                let there = !draw.chance(gap);
                scale(c, level * jitter * i64::from(there), 100_000)
            })
        };
        let variable_cost = minor(85, 60, 420, 0);
        let short_term_cost = minor(70, 10, 150, 3);
        let sublease_income = minor(50, 8, 120, 6).map(|v| -v);
        let total_cost = std::array::from_fn(|y| {
            operating_cost[y]
                + finance_amortisation[y]
                + finance_interest[y]
                + variable_cost[y]
                + short_term_cost[y]
                + sublease_income[y]
        });
        let operating_paid = operating_cost.map(|c| scale(c, draw.range(94, 107), 100));
        Self {
            operating,
            finance,
            operating_cost,
            finance_amortisation,
            finance_interest,
            variable_cost,
            short_term_cost,
            sublease_income,
            total_cost,
            operating_paid,
            finance_principal_paid,
            maturities_together: draw.chance(55),
        }
    }

    /// What breaks I11.
    pub(crate) fn violations(&self) -> Vec<String> {
        let mut out = Vec::new();
        let books = [
            ("operating", Some(&self.operating)),
            ("finance", self.finance.as_ref()),
        ];
        for (name, book) in books {
            for y in (0..YEARS).filter(|_| book.is_some()) {
                let Some(b) = book else { continue };
                if b.payments[y].iter().sum::<i64>() != b.undiscounted[y]
                    || b.undiscounted[y] - b.imputed[y] != b.liability[y]
                    || b.current[y] + b.non_current[y] != b.liability[y]
                    || [b.imputed[y], b.current[y], b.non_current[y], b.assets[y]]
                        .iter()
                        .any(|v| *v <= 0)
                {
                    out.push(format!("I11: {name} lease liability of year {y}"));
                }
            }
        }
        for y in 0..YEARS {
            let parts = [
                &self.operating_cost,
                &self.finance_amortisation,
                &self.finance_interest,
                &self.variable_cost,
                &self.short_term_cost,
                &self.sublease_income,
            ];
            if parts.iter().map(|p| p[y]).sum::<i64>() != self.total_cost[y] {
                out.push(format!("I11: lease cost of year {y}"));
            }
        }
        out
    }
}

/// Leases with yearly rents near `rent`; `first` is the percent of it that falls due in the next year.
fn book(draw: &mut Draw, rent: &ByYear, latest: i32, spread: i64, first: (i64, i64)) -> LeaseBook {
    let keep = draw.range(760, 920);
    let tail = draw.range(8, 45);
    let mut imputed_share = draw.range(85, 235);
    let new_share = draw.range(40, 160);
    let asset_share = draw.range(880, 985);
    let mut payments = [[0; 6]; YEARS];
    let mut undiscounted = [0; YEARS];
    let mut imputed = [0; YEARS];
    let mut current = [0; YEARS];
    let mut term = [0; YEARS];
    let mut rate = [0; YEARS];
    for y in 0..YEARS {
        let mut due = scale(rent[y], draw.range(first.0, first.1), 100).max(2);
        let mut weighted = 0;
        for (k, slot) in payments[y].iter_mut().enumerate() {
            if k == 5 {
                *slot = scale(due, tail + draw.range(-3, 3), 10).max(2);
                weighted += *slot * (65 + tail / 3);
            } else {
                *slot = due;
                weighted += due * (5 + 10 * k as i64);
                due = scale(due, keep + draw.range(-70, 50), 1000).max(1);
            }
        }
        undiscounted[y] = payments[y].iter().sum();
        imputed_share = (imputed_share + draw.range(-12, 12)).clamp(80, 250);
        imputed[y] = scale(undiscounted[y], imputed_share, 1000).max(1);
        let share = draw.range(780, 900);
        current[y] = scale(payments[y][0], share, 1000).max(1);
        // Rents fall due before their leases end: the terms are longer than the payments' mean age.
        term[y] = (weighted * 17 / (undiscounted[y] * 10)).clamp(12, 240);
        let year = latest - y as i32;
        let past: i64 = (0..4).map(|back| rates::long(year - back)).sum();
        rate[y] = (past / 4 + spread + draw.range(-60, 60)) / 10;
    }
    let liability = subtract(&undiscounted, &imputed);
    LeaseBook {
        non_current: subtract(&liability, &current),
        assets: liability.map(|l| scale(l, asset_share + draw.range(-25, 25), 1000).max(1)),
        obtained: liability.map(|l| scale(l, new_share * draw.range(30, 220), 100_000)),
        payments,
        undiscounted,
        imputed,
        liability,
        current,
        term,
        rate,
    }
}
