//! Pension and other postretirement plans (I6 for obligations and assets).

use super::{Base, ByYear, YEARS, rates, subtract};
use crate::draw::{Draw, Key, Stream, apportion, scale};
use crate::identity::Industry;

/// One group of plans. Payments and other reductions are negative where a roll-forward shows them so.
#[derive(Clone, Debug, Default)]
pub(crate) struct Plan {
    /// Benefit obligation: opening + service + interest + participants + amendments + actuarial + paid + settled +
    /// currency = closing.
    pub(crate) obligation_opening: ByYear,
    pub(crate) service: ByYear,
    pub(crate) interest: ByYear,
    pub(crate) participants: ByYear,
    pub(crate) amendments: ByYear,
    pub(crate) actuarial: ByYear,
    pub(crate) paid: ByYear,
    pub(crate) settled: ByYear,
    pub(crate) currency: ByYear,
    pub(crate) obligation: ByYear,
    /// Plan assets: opening + return + employer + participants + paid + settled + currency = closing.
    pub(crate) assets_opening: ByYear,
    pub(crate) actual_return: ByYear,
    pub(crate) employer: ByYear,
    pub(crate) assets_currency: ByYear,
    pub(crate) assets: ByYear,
    /// Assets less obligation.
    pub(crate) funded: ByYear,
    /// Net periodic cost: service + interest + expected return (negative) + the two amortisations + settlement loss.
    pub(crate) expected_return: ByYear,
    pub(crate) loss_amortised: ByYear,
    pub(crate) prior_service: ByYear,
    pub(crate) settlement_loss: ByYear,
    pub(crate) net_cost: ByYear,
    /// Expected payments: each of the next five years, and the five years after them.
    pub(crate) payments: [i64; 6],
    /// Hundredths of a percent.
    pub(crate) discount_rate: ByYear,
    pub(crate) return_rate: ByYear,
    pub(crate) growth_rate: ByYear,
    /// Assets by class.
    pub(crate) classes: Vec<(&'static str, ByYear)>,
}

/// The plans of a company that has any.
#[derive(Clone, Debug)]
pub(crate) struct Pension {
    pub(crate) pension: Plan,
    /// Retiree health care and the like.
    pub(crate) other: Option<Plan>,
}

/// How one group of plans behaves.
struct Shape {
    size: i64,
    /// Percent of the obligation covered by assets; 0 for unfunded plans.
    funding: i64,
    /// Hundredths of a percent of the obligation.
    service: i64,
    paid: i64,
    foreign: bool,
    participants: bool,
}

impl Pension {
    /// The plans; `None` for companies without.
    pub(crate) fn new(key: Key, base: &Base, industry: Industry) -> Option<Self> {
        let mut draw = Draw::new(key, Stream::Pension);
        // Percent of companies with plans; size of the obligation in percent of revenue.
        let (has, size) = match industry {
            Industry::Utility => (95, (20, 60)),
            Industry::Telecom => (85, (10, 55)),
            Industry::Industrial => (88, (10, 55)),
            Industry::Energy => (72, (4, 18)),
            Industry::ConsumerGoods => (70, (6, 30)),
            Industry::Pharma => (62, (6, 30)),
            Industry::Semiconductors => (36, (3, 14)),
            Industry::Retail => (32, (3, 10)),
            Industry::ManagedCare => (28, (3, 8)),
            Industry::Software => (18, (3, 8)),
        };
        let obligation = scale(base.revenue[YEARS - 1], draw.range(size.0, size.1), 100);
        if !draw.chance(has) || obligation < 150 {
            return None;
        }
        let latest = base.calendar.latest_year;
        let shape = Shape {
            size: obligation,
            funding: draw.range(68, 104),
            // Frozen plans earn no new benefits.
            service: if draw.chance(25) {
                0
            } else {
                draw.range(40, 320)
            },
            paid: draw.range(380, 720),
            foreign: draw.chance(45),
            participants: draw.chance(30),
        };
        let pension = Plan::new(&mut draw, latest, &shape);
        let retirees = scale(obligation, draw.range(8, 35), 100);
        let other = (retirees >= 60 && draw.chance(70)).then(|| {
            let shape = Shape {
                size: retirees,
                funding: if draw.chance(35) {
                    draw.range(20, 75)
                } else {
                    0
                },
                service: draw.range(20, 140),
                paid: draw.range(450, 900),
                foreign: false,
                participants: draw.chance(60),
            };
            Plan::new(&mut draw, latest, &shape)
        });
        Some(Self { pension, other })
    }

    /// The groups of plans, pension first.
    pub(crate) fn plans(&self) -> impl Iterator<Item = &Plan> {
        std::iter::once(&self.pension).chain(self.other.as_ref())
    }

    /// What breaks I6 and the sums of the section.
    pub(crate) fn violations(&self) -> Vec<String> {
        self.plans().flat_map(Plan::violations).collect()
    }
}

impl Plan {
    fn new(draw: &mut Draw, latest: i32, shape: &Shape) -> Self {
        let mut plan = Self::default();
        let spread = draw.range(300, 1300);
        let expected = draw.range(500, 775);
        let growth = draw.range(250, 425);
        let loss_share = draw.range(100, 700);
        let mut obligation = shape.size;
        let mut assets = scale(shape.size, shape.funding, 100);
        let rate = |draw: &mut Draw, year: i32| {
            let world = (rates::long(year) + rates::long(year + 1) + spread) / 2;
            ((world + 800 + draw.range(-60, 60)) / 10).clamp(180, 560)
        };
        let mut before = rate(draw, latest - YEARS as i32);
        for y in (0..YEARS).rev() {
            let year = latest - y as i32;
            let now = rate(draw, year);
            plan.discount_rate[y] = now;
            plan.return_rate[y] = expected + draw.range(-2, 2) * 25;
            plan.growth_rate[y] = growth + draw.range(-1, 1) * 10;
            plan.obligation_opening[y] = obligation;
            plan.assets_opening[y] = assets;
            let of = |draw: &mut Draw, base: i64, level: i64| {
                scale(base, level * draw.range(76, 124), 1_000_000)
            };
            plan.service[y] = of(draw, obligation, shape.service);
            plan.interest[y] = scale(obligation, before, 10_000);
            plan.paid[y] = -of(draw, obligation, shape.paid).max(1);
            if shape.participants {
                plan.participants[y] = of(draw, obligation, 60);
            }
            // Eleven years of duration, and what else actuaries get wrong.
            let noise = draw.normal(160);
            let shift = ((before - now) * 11 + noise).clamp(-2500, 2500);
            plan.actuarial[y] = scale(obligation, shift, 10_000);
            if draw.chance(15) {
                plan.amendments[y] = scale(obligation, draw.range(-150, 90), 10_000);
            }
            if shape.foreign {
                let move_ = draw.normal(110);
                plan.currency[y] = scale(obligation, move_, 10_000);
                plan.assets_currency[y] = scale(assets, move_, 10_000);
            }
            let settles = shape.funding > 60 && draw.chance(18);
            if settles {
                plan.settled[y] = -scale(obligation.min(assets), draw.range(100, 900), 10_000);
                plan.settlement_loss[y] = -scale(plan.settled[y], draw.range(12, 32), 100);
            }
            plan.expected_return[y] = -scale(assets, plan.return_rate[y], 10_000);
            let shock = draw.normal(850) + (before - now) * 4;
            let surprise = scale(assets, shock.clamp(-2600, 2200), 10_000);
            plan.actual_return[y] = -plan.expected_return[y] + surprise;
            plan.loss_amortised[y] =
                scale(obligation, loss_share * draw.range(20, 190), 10_000_000);
            plan.prior_service[y] = scale(obligation, draw.range(-14, 8), 10_000);
            let outgo = -(plan.paid[y] + plan.settled[y]) - plan.participants[y];
            let gap = obligation - assets;
            plan.employer[y] = if shape.funding == 0 {
                outgo
            } else {
                let usual = of(draw, obligation, 25).max(1);
                let topped = scale(gap.max(0), draw.range(5, 30), 100);
                // Assets never run out.
                let short = outgo - assets - plan.actual_return[y] - plan.assets_currency[y];
                topped.max(short + shape.size / 20).max(usual)
            };
            obligation += plan.service[y]
                + plan.interest[y]
                + plan.participants[y]
                + plan.amendments[y]
                + plan.actuarial[y]
                + plan.paid[y]
                + plan.settled[y]
                + plan.currency[y];
            assets += plan.actual_return[y]
                + plan.employer[y]
                + plan.participants[y]
                + plan.paid[y]
                + plan.settled[y]
                + plan.assets_currency[y];
            plan.obligation[y] = obligation;
            plan.assets[y] = assets;
            plan.net_cost[y] = plan.service[y]
                + plan.interest[y]
                + plan.expected_return[y]
                + plan.loss_amortised[y]
                + plan.prior_service[y]
                + plan.settlement_loss[y];
            before = now;
        }
        plan.funded = subtract(&plan.assets, &plan.obligation);
        plan.payments = payments(draw, -plan.paid[0], shape.size);
        plan.classes = classes(draw, &plan.assets);
        plan
    }

    /// How the funded status stands in the balance sheet: 0 non-current assets, 1 current liabilities, 2 non-current
    /// liabilities (both negative). The three add up to the funded status.
    pub(crate) fn recognised(&self, part: usize) -> ByYear {
        std::array::from_fn(|y| {
            let funded = self.funded[y];
            // Only what assets do not cover next year is current: a tenth of a shortfall at most.
            let current = (self.paid[y] / 8).max(funded / 10).min(0);
            match part {
                0 => funded.max(0),
                1 => current,
                _ => funded.min(0) - current,
            }
        })
    }

    /// What the net cost takes out of accumulated other comprehensive income, losses positive: actuarial losses, prior
    /// service, settlements.
    pub(crate) fn reclassified(&self) -> [ByYear; 3] {
        [
            self.loss_amortised,
            self.prior_service,
            self.settlement_loss,
        ]
    }

    fn violations(&self) -> Vec<String> {
        let mut out = Vec::new();
        for y in 0..YEARS {
            let mut check = |holds: bool, what: &str| {
                if !holds {
                    out.push(format!("I6: {what} of year {y}"));
                }
            };
            let obligation = self.obligation_opening[y]
                + self.service[y]
                + self.interest[y]
                + self.participants[y]
                + self.amendments[y]
                + self.actuarial[y]
                + self.paid[y]
                + self.settled[y]
                + self.currency[y];
            check(obligation == self.obligation[y], "benefit obligation");
            let assets = self.assets_opening[y]
                + self.actual_return[y]
                + self.employer[y]
                + self.participants[y]
                + self.paid[y]
                + self.settled[y]
                + self.assets_currency[y];
            check(assets == self.assets[y], "plan assets");
            if y + 1 < YEARS {
                check(
                    self.obligation_opening[y] == self.obligation[y + 1]
                        && self.assets_opening[y] == self.assets[y + 1],
                    "opening balances",
                );
            }
            let recognised: i64 = (0..3).map(|part| self.recognised(part)[y]).sum();
            check(
                self.assets[y] - self.obligation[y] == self.funded[y]
                    && recognised == self.funded[y],
                "funded status",
            );
            check(
                self.obligation[y] > 0 && self.assets[y] >= 0,
                "sign of balances",
            );
            let cost = self.service[y]
                + self.interest[y]
                + self.expected_return[y]
                + self.loss_amortised[y]
                + self.prior_service[y]
                + self.settlement_loss[y];
            check(cost == self.net_cost[y], "net periodic cost");
            let classes: i64 = self.classes.iter().map(|c| c.1[y]).sum();
            check(classes == self.assets[y], "assets by class");
        }
        out
    }
}

/// Payments grow a little from this year's; the last slot holds five years.
fn payments(draw: &mut Draw, paid: i64, size: i64) -> [i64; 6] {
    let mut now = paid.max(size / 40).max(2);
    std::array::from_fn(|k| {
        now = scale(now, draw.range(96, 106), 100).max(1);
        if k == 5 {
            scale(now, draw.range(485, 535), 100)
        } else {
            now
        }
    })
}

fn classes(draw: &mut Draw, assets: &ByYear) -> Vec<(&'static str, ByYear)> {
    let all: [(&'static str, i64); 9] = [
        ("U.S. equity securities", 22),
        ("international equity securities", 14),
        ("corporate bonds", 26),
        ("government bonds", 18),
        ("real estate", 6),
        ("private equity", 6),
        ("hedge funds", 5),
        ("insurance contracts", 4),
        ("cash and cash equivalents", 3),
    ];
    let n = draw.range(5, 9) as usize;
    let chosen = draw.choose(&all, n);
    let mut weights: Vec<i64> = chosen.iter().map(|c| c.1 * draw.range(40, 160)).collect();
    let mut out: Vec<(&'static str, ByYear)> = chosen.iter().map(|c| (c.0, [0; YEARS])).collect();
    for (y, total) in assets.iter().enumerate() {
        for (slot, part) in out.iter_mut().zip(apportion(*total, &weights)) {
            slot.1[y] = part;
        }
        for weight in &mut weights {
            *weight = scale(*weight, draw.range(80, 125), 100).max(1);
        }
    }
    out
}
