//! Unrecognised tax benefits (I6).

use crate::draw::{Draw, scale};
use crate::ledger::line::jump;
use crate::ledger::{Base, ByYear, YEARS};

/// The roll-forward; reductions are positive numbers that are taken away.
#[derive(Clone, Debug, Default)]
pub(crate) struct Uncertain {
    pub(crate) beginning: ByYear,
    pub(crate) current_additions: ByYear,
    pub(crate) prior_additions: ByYear,
    pub(crate) prior_reductions: ByYear,
    pub(crate) settlements: ByYear,
    pub(crate) lapses: ByYear,
    pub(crate) ending: ByYear,
}

impl Uncertain {
    pub(super) fn new(base: &Base, draw: &mut Draw) -> Self {
        let mut out = Self::default();
        let level = draw.range(3, 22);
        let mut balance = scale(base.revenue[YEARS - 1], level, 1000).max(12);
        let part = |of: i64, low: i64, high: i64, none_pct: u32, draw: &mut Draw| {
            if draw.chance(none_pct) {
                return 0;
            }
            let usual = scale(of, draw.range(low, high), 1000);
            scale(usual, 1000 + jump(draw).clamp(-800, 1500), 1000)
        };
        for y in (0..YEARS).rev() {
            out.beginning[y] = balance;
            out.current_additions[y] = part(balance, 60, 150, 0, draw);
            out.prior_additions[y] = part(balance, 10, 90, 6, draw);
            // At most three quarters of the balance leave in a year.
            out.prior_reductions[y] = part(balance, 10, 70, 6, draw).min(balance / 4);
            out.settlements[y] = part(balance, 8, 90, 18, draw).min(balance / 4);
            out.lapses[y] = part(balance, 10, 60, 10, draw).min(balance / 4);
            balance += out.change(y);
            out.ending[y] = balance;
        }
        out
    }

    fn change(&self, y: usize) -> i64 {
        self.current_additions[y] + self.prior_additions[y]
            - self.prior_reductions[y]
            - self.settlements[y]
            - self.lapses[y]
    }

    pub(super) fn violations(&self) -> Vec<String> {
        (0..YEARS)
            .filter(|&y| {
                self.beginning[y] + self.change(y) != self.ending[y]
                    || self.ending[y] <= 0
                    || (y + 1 < YEARS && self.beginning[y] != self.ending[y + 1])
            })
            .map(|y| format!("I6: unrecognized tax benefits of year {y}"))
            .collect()
    }
}
