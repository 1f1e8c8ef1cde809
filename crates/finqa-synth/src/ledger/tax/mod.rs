//! Income taxes: what is owed now and later, to whom, at which rate, and what is disputed.

mod deferred;
mod reconciliation;
mod uncertain;

pub(crate) use deferred::Deferred;
pub(crate) use reconciliation::Reconciliation;
pub(crate) use uncertain::Uncertain;

use super::{Base, ByYear, Income, YEARS, revenue::Revenue};
use crate::draw::{Draw, Key, Stream, scale};
use crate::identity::Industry;

/// Taxes of a kind by who levies them; negative for benefits.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ByAuthority {
    pub(crate) federal: ByYear,
    pub(crate) state: ByYear,
    /// Zero for companies without foreign business.
    pub(crate) foreign: ByYear,
}

impl ByAuthority {
    pub(crate) fn total(&self) -> ByYear {
        std::array::from_fn(|y| self.federal[y] + self.state[y] + self.foreign[y])
    }
}

/// The tax note.
#[derive(Clone, Debug)]
pub(crate) struct Tax {
    /// current + deferred = [`Income::tax_expense`] (I3).
    pub(crate) current: ByAuthority,
    pub(crate) deferred: ByAuthority,
    /// I4.
    pub(crate) reconciliation: Reconciliation,
    /// I5.
    pub(crate) balances: Deferred,
    /// I6.
    pub(crate) uncertain: Uncertain,
}

impl Tax {
    pub(crate) fn new(
        key: Key,
        industry: Industry,
        base: &Base,
        revenue: &Revenue,
        income: &Income,
    ) -> Self {
        let mut draw = Draw::new(key, Stream::Tax);
        let international = revenue.is_international();
        let (current, deferred) = provision(industry, income, international, &mut draw);
        let reconciliation = Reconciliation::new(industry, base, income, international, &mut draw);
        let balances = Deferred::new(industry, base, &deferred.total(), &mut draw);
        let uncertain = Uncertain::new(base, &mut draw);
        Self {
            current,
            deferred,
            reconciliation,
            balances,
            uncertain,
        }
    }

    pub(crate) fn violations(&self, base: &Base, income: &Income) -> Vec<String> {
        let mut out = Vec::new();
        for y in 0..YEARS {
            if self.current.total()[y] + self.deferred.total()[y] != income.tax_expense[y] {
                out.push(format!("I3: provision of year {y}"));
            }
        }
        out.extend(self.reconciliation.violations(base, income));
        out.extend(self.balances.violations(&self.deferred.total()));
        out.extend(self.uncertain.violations());
        out
    }
}

fn provision(
    industry: Industry,
    income: &Income,
    international: bool,
    draw: &mut Draw,
) -> (ByAuthority, ByAuthority) {
    let zero = ByAuthority {
        federal: [0; YEARS],
        state: [0; YEARS],
        foreign: [0; YEARS],
    };
    let (mut current, mut deferred) = (zero, zero);
    // Plants are written off faster for taxes than in the books: their owners pay later.
    let (low, high) = match industry {
        Industry::Utility | Industry::Energy | Industry::Telecom => (-60, 620),
        _ => (-420, 160),
    };
    let level = draw.range(low, high);
    let (state, abroad) = (draw.range(40, 150), draw.range(90, 230));
    let later_abroad = draw.normal(70);
    for y in 0..YEARS {
        let expense = income.tax_expense[y];
        let size = scale(income.pretax[y].abs(), 210, 1000);
        deferred.federal[y] = if expense < 0 {
            scale(expense, draw.range(450, 950), 1000)
        } else {
            scale(size, level + draw.normal(70), 1000)
        };
        deferred.state[y] = scale(size, level / 7 + draw.normal(18), 1000);
        current.state[y] = scale(size, state + draw.range(-35, 35), 1000);
        if international {
            if !draw.chance(8) {
                deferred.foreign[y] = scale(size, later_abroad + draw.normal(30), 1000);
            }
            let earned = income.foreign[y].max(income.pretax[y].abs() / 40);
            current.foreign[y] = scale(earned, abroad + draw.range(-30, 30), 1000);
        }
        current.federal[y] = expense - deferred.total()[y] - current.state[y] - current.foreign[y];
    }
    (current, deferred)
}
