//! Contractual obligations by fiscal year: what debt, leases and purchase contracts will cost.

use super::debt::{Debt, Ladder};
use super::{Base, Leases};
use crate::draw::{Draw, Key, Stream, scale};
use crate::identity::Industry;

/// Obligations at the newest year end.
#[derive(Clone, Debug)]
pub(crate) struct Obligations {
    pub(crate) debt: Ladder,
    pub(crate) interest: Ladder,
    pub(crate) operating_leases: Ladder,
    pub(crate) finance_leases: Ladder,
    /// Purchase contracts by kind.
    pub(crate) purchases: Vec<(&'static str, Ladder)>,
    pub(crate) purchase: Ladder,
    pub(crate) other: Ladder,
    pub(crate) total: Ladder,
}

impl Obligations {
    pub(crate) fn new(
        key: Key,
        base: &Base,
        industry: Industry,
        debt: &Debt,
        leases: &Leases,
    ) -> Self {
        // Purchase contracts come after the numbers of the debt section, in a stream of their own.
        let mut draw = Draw::nth(key, Stream::Debt, 1);
        let names: &[&'static str] = match industry {
            Industry::Software => &["cloud hosting", "marketing", "data center", "sponsorships"],
            Industry::Semiconductors => &[
                "wafer supply",
                "capital equipment",
                "substrates",
                "software licenses",
            ],
            Industry::Industrial => &[
                "raw materials",
                "components",
                "capital equipment",
                "services",
            ],
            Industry::ConsumerGoods => &[
                "ingredients",
                "packaging",
                "advertising",
                "co-manufacturing",
            ],
            Industry::Retail => &[
                "merchandise",
                "transportation",
                "information technology",
                "advertising",
            ],
            Industry::Pharma => &[
                "clinical trials",
                "contract manufacturing",
                "active ingredients",
                "licenses",
            ],
            Industry::ManagedCare => &[
                "information technology",
                "pharmacy services",
                "outsourcing",
                "real estate services",
            ],
            Industry::Utility => &["fuel", "purchased power", "transmission", "construction"],
            Industry::Energy => &[
                "transportation and storage",
                "drilling rigs",
                "processing",
                "power and water",
            ],
            Industry::Telecom => &["network equipment", "content", "handsets", "tower services"],
        };
        let n = draw.range(2, 4) as usize;
        let level = draw.range(10, 160);
        let chosen = draw.choose(names, n);
        let purchases: Vec<(&'static str, Ladder)> = chosen
            .into_iter()
            .map(|name| {
                let first = scale(
                    base.cost_of_revenue[0],
                    level * draw.range(15, 200),
                    100_000,
                );
                (name, decline(&mut draw, first.max(4)))
            })
            .collect();
        let other = if draw.chance(70) {
            let first = scale(base.revenue[0], draw.range(1, 12), 1000).max(3);
            decline(&mut draw, first)
        } else {
            [0; 6]
        };
        let purchase = std::array::from_fn(|k| purchases.iter().map(|p| p.1[k]).sum());
        let debt_due = debt.maturities[0];
        let operating_leases = leases.operating.payments[0];
        let finance_leases = leases.finance.as_ref().map_or([0; 6], |f| f.payments[0]);
        let total = std::array::from_fn(|k| {
            debt_due[k]
                + debt.future_interest[k]
                + operating_leases[k]
                + finance_leases[k]
                + purchase[k]
                + other[k]
        });
        Self {
            debt: debt_due,
            interest: debt.future_interest,
            operating_leases,
            finance_leases,
            purchases,
            purchase,
            other,
            total,
        }
    }

    /// Where the obligations do not agree with the sections that they come from, or do not add up.
    pub(crate) fn violations(&self, debt: &Debt, leases: &Leases) -> Vec<String> {
        let mut out = Vec::new();
        let sum = |ladder: &Ladder| ladder.iter().sum::<i64>();
        let parts = [
            &self.debt,
            &self.interest,
            &self.operating_leases,
            &self.finance_leases,
            &self.purchase,
            &self.other,
        ];
        for k in 0..6 {
            let purchases: i64 = self.purchases.iter().map(|p| p.1[k]).sum();
            if parts.iter().map(|p| p[k]).sum::<i64>() != self.total[k]
                || purchases != self.purchase[k]
            {
                out.push(format!("obligations: total of slot {k}"));
            }
        }
        let finance = leases.finance.as_ref().map_or(0, |f| f.undiscounted[0]);
        if sum(&self.debt) != debt.principal[0]
            || sum(&self.operating_leases) != leases.operating.undiscounted[0]
            || sum(&self.finance_leases) != finance
        {
            out.push("obligations: debt or leases differ from their own sections".to_owned());
        }
        out
    }
}

/// Amounts that fall off from year to year; some contracts end before the fifth year.
fn decline(draw: &mut Draw, first: i64) -> Ladder {
    let keep = draw.range(30, 92);
    let end = draw.range(3, 9) as usize;
    let mut due = first;
    std::array::from_fn(|k| {
        let now = if k < end { due } else { 0 };
        due = scale(due, keep + draw.range(-15, 12), 100);
        if k == 5 {
            scale(now, draw.range(5, 40), 10)
        } else {
            now
        }
    })
}
