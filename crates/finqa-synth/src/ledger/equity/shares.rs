//! Shares outstanding, weighted and diluted, and earnings per share (I7).

use super::{amount, per_share_cents, shares_for};
use crate::draw::{Draw, scale};
use crate::identity::{Identity, Industry};
use crate::ledger::{Base, ByYear, Income, YEARS};

/// Share counts in the unit that the company shows; per-share amounts in cents.
#[derive(Clone, Debug, Default)]
pub(crate) struct Shares {
    /// beginning + issued − repurchased = ending.
    pub(crate) beginning: ByYear,
    pub(crate) issued: ByYear,
    pub(crate) repurchased: ByYear,
    pub(crate) ending: ByYear,
    pub(crate) basic: ByYear,
    /// Options alone; the rest of the dilution are stock units. Zero in loss years, when they would be antidilutive.
    pub(crate) dilutive_options: ByYear,
    pub(crate) dilutive_units: ByYear,
    /// basic + options + units.
    pub(crate) diluted: ByYear,
    /// Left out of the dilution because they would reduce it.
    pub(crate) antidilutive: ByYear,
    pub(crate) basic_eps: ByYear,
    pub(crate) diluted_eps: ByYear,
    /// Average price of the year.
    pub(crate) price: ByYear,
    /// Average price paid for repurchased shares; 0 where none were.
    pub(crate) paid_per_share: ByYear,
    /// repurchased × paid per share, rounded.
    pub(crate) repurchase_cost: ByYear,
    /// What the board allowed to be spent in addition.
    pub(crate) authorization_added: ByYear,
    /// What the program leaves at each year end: last year's + added − cost.
    pub(crate) authorization_left: ByYear,
}

impl Shares {
    pub(super) fn new(identity: &Identity, base: &Base, income: &Income, draw: &mut Draw) -> Self {
        let mut out = Self::default();
        let display = base.display;
        // Sales a share in cents: 12 to 150 dollars.
        let sales_per_share = draw.range(350, 1000) * draw.range(350, 1500) / 100;
        out.ending[0] = shares_for(base.revenue[0], sales_per_share, display).max(40);
        out.price = prices(identity.industry, sales_per_share, draw);
        let issue = draw.range(2, 16);
        let pace = if identity.repurchases_shares {
            draw.range(4, 45)
        } else {
            0
        };
        for y in 0..YEARS {
            let end = out.ending[y];
            out.issued[y] = scale(
                end,
                (issue + draw.range(-issue / 2, issue / 2)).max(1),
                1000,
            )
            .max(1);
            if draw.chance(4) {
                // Shares given for a company that was bought.
                out.issued[y] += scale(end, draw.range(20, 90), 1000);
            }
            if pace > 0 && !(y > 0 && draw.chance(9)) {
                let share = draw.range(pace / 4, pace * 7 / 4).max(1);
                let paid = scale(out.price[y], draw.range(930, 1050), 1000).max(1);
                // Where shares are dear, what operations bring decides how many are bought.
                let most = shares_for(base.revenue[y] / 5, paid, display);
                out.repurchased[y] = scale(end, share, 1000).min(most).max(1);
                out.paid_per_share[y] = paid;
            }
            out.repurchase_cost[y] = amount(out.repurchased[y], out.paid_per_share[y], display);
            out.beginning[y] = end - out.issued[y] + out.repurchased[y];
            if y + 1 < YEARS {
                out.ending[y + 1] = out.beginning[y];
            }
        }
        out.weigh(income, draw);
        out.basic_eps =
            std::array::from_fn(|y| per_share_cents(income.net_income[y], out.basic[y], display));
        out.diluted_eps =
            std::array::from_fn(|y| per_share_cents(income.net_income[y], out.diluted[y], display));
        out.authorize(draw);
        out
    }

    fn weigh(&mut self, income: &Income, draw: &mut Draw) {
        let dilution = draw.range(2, 24);
        let options = draw.range(150, 700);
        for y in 0..YEARS {
            let weight = draw.range(380, 620);
            let (from, to) = (self.beginning[y], self.ending[y]);
            self.basic[y] = from + scale(to - from, weight, 1000);
            let possible = scale(self.basic[y], dilution + draw.range(-2, 4), 1000).max(2);
            let of_options = scale(possible, options + draw.range(-60, 60), 1000).max(1);
            if income.net_income[y] > 0 {
                self.dilutive_options[y] = of_options;
                self.dilutive_units[y] = possible - of_options;
                self.antidilutive[y] = scale(possible, draw.range(50, 900), 1000);
            } else {
                self.antidilutive[y] = possible + scale(possible, draw.range(50, 900), 1000);
            }
            self.diluted[y] = self.basic[y] + self.dilutive_options[y] + self.dilutive_units[y];
        }
    }

    /// What is left of the board's authorizations: less what was spent, more where it would run out.
    fn authorize(&mut self, draw: &mut Draw) {
        let spent: i64 = self.repurchase_cost.iter().sum();
        let size = spent / YEARS as i64 * draw.range(15, 40) / 10;
        let mut left = size;
        for y in (0..YEARS).rev() {
            if left < self.repurchase_cost[y] {
                self.authorization_added[y] = size.max(self.repurchase_cost[y]);
            }
            left += self.authorization_added[y] - self.repurchase_cost[y];
            self.authorization_left[y] = left;
        }
    }

    /// What the program left at the beginning of a year.
    pub(crate) fn authorization_opening(&self, year: usize) -> i64 {
        self.authorization_left[year] + self.repurchase_cost[year] - self.authorization_added[year]
    }

    pub(super) fn violations(&self, base: &Base, income: &Income) -> Vec<String> {
        let mut out = Vec::new();
        for y in 0..YEARS {
            let mut check = |holds: bool, what: &str| {
                if !holds {
                    out.push(format!("I7: {what} of year {y}"));
                }
            };
            let rolled = self.beginning[y] + self.issued[y] - self.repurchased[y];
            check(rolled == self.ending[y] && rolled > 0, "shares outstanding");
            check(
                y + 1 == YEARS || self.beginning[y] == self.ending[y + 1],
                "opening shares",
            );
            let dilution = self.dilutive_options[y] + self.dilutive_units[y];
            check(
                self.basic[y] + dilution == self.diluted[y],
                "diluted shares",
            );
            check(
                income.net_income[y] > 0 || dilution == 0,
                "dilution in a loss year",
            );
            for (shares, eps) in [
                (self.basic[y], self.basic_eps[y]),
                (self.diluted[y], self.diluted_eps[y]),
            ] {
                let exact = per_share_cents(income.net_income[y], shares, base.display);
                check(exact == eps, "earnings per share");
            }
            let cost = amount(self.repurchased[y], self.paid_per_share[y], base.display);
            check(cost == self.repurchase_cost[y], "repurchases");
            check(self.authorization_opening(y) >= 0, "authorization");
            check(
                y + 1 == YEARS || self.authorization_opening(y) == self.authorization_left[y + 1],
                "opening authorization",
            );
        }
        out
    }
}

/// Prices by year: a multiple of sales that goes with the industry, and a market that moves by a fifth a year.
fn prices(industry: Industry, sales_per_share: i64, draw: &mut Draw) -> ByYear {
    let (low, high) = match industry {
        Industry::Software | Industry::Semiconductors | Industry::Pharma => (30, 75),
        Industry::Retail | Industry::ManagedCare => (5, 14),
        _ => (11, 32),
    };
    let mut price = (sales_per_share * draw.range(low, high) / 10).max(200);
    std::array::from_fn(|_| {
        let value = price;
        let growth = (70 + draw.normal(190)).clamp(-450, 700);
        price = scale(price, 1000, 1000 + growth).max(150);
        value
    })
}
