//! Notes, loans, commercial paper, maturities and interest (I10).

mod facility;
mod instrument;

pub(crate) use facility::Facility;
pub(crate) use instrument::Instrument;

use super::{Base, ByYear, YEARS, rates};
use crate::draw::{Draw, Key, Stream, apportion, scale};
use crate::identity::Industry;
use instrument::{Habit, round_size};

/// Amounts due in each of the next five fiscal years, and thereafter.
pub(crate) type Ladder = [i64; 6];

/// Borrowings.
#[derive(Clone, Debug)]
pub(crate) struct Debt {
    /// Notes and loans that stood at the end of any of the years, by maturity. Few companies have none.
    pub(crate) instruments: Vec<Instrument>,
    /// Principal of each instrument at each year end.
    pub(crate) principals: Vec<ByYear>,
    /// Unamortised discount and issuance cost of each instrument.
    pub(crate) costs: Vec<ByYear>,
    /// Fair value of each instrument.
    pub(crate) fair_values: Vec<ByYear>,
    /// Principal of all instruments at each year end.
    pub(crate) principal: ByYear,
    /// Principal a year before, issues, repayments (negative) and exchange effect: they end in `principal`.
    pub(crate) opening: ByYear,
    pub(crate) issued: ByYear,
    pub(crate) repaid: ByYear,
    pub(crate) exchange_effect: ByYear,
    /// Unamortised discount and issuance cost of all instruments, positive.
    pub(crate) unamortised: ByYear,
    /// What the short-term borrowings are: "commercial paper", "revolving credit facility".
    pub(crate) short_term_label: &'static str,
    /// Short-term borrowings, zero in every year for some companies.
    pub(crate) short_term: ByYear,
    /// Rate of the short-term borrowings, hundredths of a percent.
    pub(crate) short_term_rate: ByYear,
    /// Principal less unamortised costs, with the short-term borrowings.
    pub(crate) carrying: ByYear,
    /// Short-term borrowings and principal due within a year.
    pub(crate) current: ByYear,
    /// Carrying amount less current part.
    pub(crate) long_term: ByYear,
    /// Principal of the instruments by fiscal year of maturity, as of each year end.
    pub(crate) maturities: [Ladder; YEARS],
    /// Coupons still to be paid on the newest principal.
    pub(crate) future_interest: Ladder,
    /// Interest on notes and loans, on short-term borrowings, amortisation of costs, and capitalised interest
    /// (negative): the parts of `interest_expense`.
    pub(crate) interest_on_notes: ByYear,
    pub(crate) interest_on_short_term: ByYear,
    pub(crate) cost_amortised: ByYear,
    pub(crate) capitalised: ByYear,
    /// Interest expense, positive.
    pub(crate) interest_expense: ByYear,
    pub(crate) facilities: Vec<Facility>,
}

impl Debt {
    pub(crate) fn new(key: Key, base: &Base, industry: Industry) -> Self {
        let mut draw = Draw::new(key, Stream::Debt);
        let latest = base.calendar.latest_year;
        let income = usual_income(base);
        let multiple = match industry {
            Industry::Utility | Industry::Telecom => draw.range(18, 40),
            Industry::Energy | Industry::Industrial => draw.range(8, 34),
            Industry::Software | Industry::Semiconductors => draw.range(2, 26),
            _ => draw.range(4, 30),
        };
        let target = scale(income, multiple, 10);
        let habit = habit(&mut draw, industry);
        // Companies too small for a market, and a few others, borrow from their banks only.
        let bank_only = target < 120 || draw.chance(4);
        let instruments = if bank_only {
            Vec::new()
        } else {
            instruments(&mut draw, habit, latest, target)
        };
        // One year more than the books, for averages and changes.
        let exchange = exchange_rates(&mut draw);
        let at = |i: &Instrument, y: usize| i.principal(latest - y as i32, exchange[y]);
        let principals = by_instrument(&instruments, at);
        let costs = by_instrument(&instruments, |i, y| i.unamortised(latest - y as i32));
        let fair_values = by_instrument(&instruments, |i, y| {
            let price = i.price(latest - y as i32, habit.spread);
            scale(at(i, y), price, 100_000)
        });
        let principal = total(&principals);
        let unamortised = total(&costs);
        let sum_of = |of: &dyn Fn(&Instrument, usize) -> i64| -> ByYear {
            std::array::from_fn(|y| instruments.iter().map(|i| of(i, y)).sum())
        };
        let opening = sum_of(&|i, y| at(i, y + 1));
        let issued = sum_of(&|i, y| {
            if i.issued == latest - y as i32 {
                at(i, y)
            } else {
                0
            }
        });
        let exchange_effect = sum_of(&|i, y| {
            let before = latest - y as i32 - 1;
            i.principal(before, exchange[y]) - i.principal(before, exchange[y + 1])
        });
        let repaid =
            std::array::from_fn(|y| principal[y] - opening[y] - issued[y] - exchange_effect[y]);
        let maturities = std::array::from_fn(|y| {
            let now = latest - y as i32;
            ladder(|year| {
                instruments
                    .iter()
                    .map(|i| i.left(now, year, exchange[y]))
                    .sum()
            })(now)
        });
        let (short_term_label, short_term) = short_term(&mut draw, bank_only, target);
        let short_rate = |y: usize| (rates::short(latest - y as i32) + habit.spread / 2 + 200) / 10;
        let short_term_rate: ByYear = std::array::from_fn(short_rate);
        let carrying: ByYear =
            std::array::from_fn(|y| principal[y] - unamortised[y] + short_term[y]);
        let current: ByYear = std::array::from_fn(|y| short_term[y] + maturities[y][0]);

        let interest_on_notes: ByYear = std::array::from_fn(|y| {
            let twice: i128 = instruments
                .iter()
                .map(|i| i128::from(i.coupon) * i128::from(at(i, y) + at(i, y + 1)))
                .sum();
            ((twice + 100_000) / 200_000) as i64
        });
        let interest_on_short_term: ByYear = std::array::from_fn(|y| {
            let before = short_term[(y + 1).min(YEARS - 1)];
            scale(short_term[y] + before, short_term_rate[y], 20_000)
                .max(i64::from(instruments.is_empty()))
        });
        let cost_amortised: ByYear = std::array::from_fn(|y| {
            let year = latest - y as i32;
            instruments
                .iter()
                .map(|i| i.unamortised(year - 1) + i.new_cost(year) - i.unamortised(year))
                .sum()
        });
        let builds = matches!(
            industry,
            Industry::Utility | Industry::Energy | Industry::Telecom | Industry::Semiconductors
        );
        let has_projects = draw.chance(if builds { 70 } else { 15 });
        let capitalised: ByYear = std::array::from_fn(|y| {
            let per_mille = draw.range(2, 10);
            if has_projects {
                -scale(interest_on_notes[y], per_mille, 1000)
            } else {
                0
            }
        });
        let interest_expense = std::array::from_fn(|y| {
            interest_on_notes[y] + interest_on_short_term[y] + cost_amortised[y] + capitalised[y]
        });
        let future_interest = future_interest(&instruments, latest, exchange[0]);
        let drawn = if short_term_label == "commercial paper" {
            0
        } else {
            short_term[0]
        };
        let facilities = facility::facilities(&mut draw, latest, income, drawn);
        Self {
            principals,
            costs,
            fair_values,
            principal,
            opening,
            issued,
            repaid,
            exchange_effect,
            unamortised,
            short_term_label,
            short_term,
            short_term_rate,
            carrying,
            current,
            long_term: super::subtract(&carrying, &current),
            maturities,
            future_interest,
            interest_on_notes,
            interest_on_short_term,
            cost_amortised,
            capitalised,
            interest_expense,
            facilities,
            instruments,
        }
    }

    /// What breaks I10.
    pub(crate) fn violations(&self) -> Vec<String> {
        let mut out = Vec::new();
        for y in 0..YEARS {
            let sum = |of: &[ByYear]| of.iter().map(|v| v[y]).sum::<i64>();
            let mut check = |holds: bool, what: &str| {
                if !holds {
                    out.push(format!("I10: {what} of year {y}"));
                }
            };
            check(sum(&self.principals) == self.principal[y], "principal");
            check(
                sum(&self.principals) - sum(&self.costs) + self.short_term[y] == self.carrying[y],
                "carrying amount",
            );
            check(
                self.opening[y] + self.issued[y] + self.repaid[y] + self.exchange_effect[y]
                    == self.principal[y]
                    && self.repaid[y] <= 0
                    && (y + 1 == YEARS || self.opening[y] == self.principal[y + 1]),
                "issue and repayment",
            );
            check(
                self.current[y] + self.long_term[y] == self.carrying[y] && self.long_term[y] >= 0,
                "current and long-term part",
            );
            check(
                self.maturities[y].iter().sum::<i64>() == self.principal[y]
                    && self.maturities[y].iter().all(|m| *m >= 0),
                "maturities",
            );
            check(
                self.interest_on_notes[y]
                    + self.interest_on_short_term[y]
                    + self.cost_amortised[y]
                    + self.capitalised[y]
                    == self.interest_expense[y],
                "parts of interest expense",
            );
            if y + 1 < YEARS {
                // In hundred-thousandths; each instrument adds a rounding of its costs.
                let coupons: i128 = (self.instruments.iter().zip(&self.principals))
                    .map(|(i, p)| i128::from(i.coupon) * i128::from(p[y] + p[y + 1]) / 2)
                    .sum();
                let paper = self.short_term_rate[y] * (self.short_term[y] + self.short_term[y + 1]);
                let wanted = coupons + i128::from(paper) * 5;
                let off = (i128::from(self.interest_expense[y]) * 100_000 - wanted).abs();
                let rounding = 100_000 * (self.instruments.len() as i128 + 3);
                check(off * 50 <= wanted + rounding * 50, "interest expense");
            }
            check(self.interest_expense[y] > 0, "sign of interest expense");
        }
        let drawn: i64 = self.facilities.iter().map(|f| f.drawn).sum();
        if self.short_term_label != "commercial paper" && drawn != self.short_term[0] {
            out.push("I10: borrowings under the credit lines".to_owned());
        }
        out
    }
}

/// Operating income of an ordinary year: the mean, at least 4 % of revenue.
pub(super) fn usual_income(base: &Base) -> i64 {
    let mean = base.operating_income.iter().sum::<i64>() / YEARS as i64;
    mean.max(base.revenue[0] / 25)
}

fn habit(draw: &mut Draw, industry: Industry) -> Habit {
    let nouns: &[&str] = match industry {
        Industry::Utility => &[
            "first mortgage bonds",
            "senior notes",
            "notes",
            "debentures",
        ],
        Industry::Software | Industry::Semiconductors => &["notes", "senior notes", "notes"],
        _ => &[
            "notes",
            "senior notes",
            "notes",
            "debentures",
            "unsecured notes",
        ],
    };
    Habit {
        noun: draw.pick(nouns),
        loan: draw.pick(&["term loan", "term loan facility", "bank loan"]),
        two_digits: draw.chance(60),
        spread: draw.range(500, 2200),
        loan_pct: draw.pick(&[0, 20, 40, 70]),
        foreign_pct: draw.pick(&[0, 0, 0, 15, 30]),
    }
}

/// Notes that stand at the newest year end, and those that newer ones replaced.
fn instruments(draw: &mut Draw, habit: Habit, latest: i32, target: i64) -> Vec<Instrument> {
    let most = if target < 400 { 5 } else { 12 };
    let n = draw.range(4, most) as usize;
    let mut terms = vec![(
        latest - draw.range(6, 9) as i32,
        latest + draw.range(7, 18) as i32,
        draw.range(6, 12),
    )];
    for _ in 1..n {
        let tenor = draw.pick(&[3, 5, 5, 7, 7, 10, 10, 10, 15, 20, 30]);
        // Treasurers spread maturities: more than half of the time a year in which little else falls due.
        let mut due = latest + draw.range(1, 20) as i32;
        if draw.chance(60) {
            let free = (1..=5).map(|k| latest + k);
            due = free
                .filter(|year| terms.iter().all(|t: &(i32, i32, i64)| t.1 != *year))
                .nth(draw.below(2))
                .unwrap_or(due);
        }
        let issued = (due - tenor).min(latest - draw.range(0, 3) as i32);
        terms.push((issued, due, draw.range(2, 12)));
    }
    let weights: Vec<i64> = terms.iter().map(|t| t.2).collect();
    let mut out: Vec<Instrument> = Vec::new();
    let add = |draw: &mut Draw, out: &mut Vec<Instrument>, issued, due, face| {
        let made = Instrument::new(draw, habit, issued, due, face);
        let made = made.renamed(habit, |label| out.iter().any(|i| i.label == label));
        out.push(made);
    };
    for ((issued, due, _), share) in terms.into_iter().zip(apportion(target, &weights)) {
        let face = round_size(share.max(10));
        add(draw, &mut out, issued, due, face);
        if draw.chance(8) && issued < latest - 1 {
            let year = latest - draw.range(0, 2) as i32;
            if let Some(last) = out.last_mut().filter(|i| i.issued < year) {
                last.redeem(year, draw.range(15, 60));
            }
        }
        // What a new issue refinances.
        if issued > latest - 5 && out.len() < 13 && draw.chance(80) {
            let due = (issued + draw.range(0, 1) as i32).min(latest);
            let before = due - draw.pick(&[5, 6, 7, 10]);
            let face = round_size(scale(face, draw.range(50, 115), 100).max(10));
            if due > latest - 4 {
                add(draw, &mut out, before, due, face);
            }
        }
    }
    // Leftovers of subsidiaries, repaid bit by bit.
    if target >= 400 && draw.chance(55) {
        let share = scale(target, draw.range(8, 40), 1000).max(24);
        let due = latest + draw.range(7, 14) as i32;
        out.push(Instrument::various(
            latest - draw.range(5, 9) as i32,
            due,
            share,
            habit.spread,
        ));
    }
    out.sort_by_key(|i| (i.due, i.coupon));
    out
}

/// Dollars for the euro as a company's history of them goes, per mille of the newest; one year more than the books.
fn exchange_rates(draw: &mut Draw) -> [i64; YEARS + 1] {
    let mut rate = 1000;
    std::array::from_fn(|_| {
        let now = rate;
        rate = (rate + draw.normal(45)).clamp(800, 1250);
        now
    })
}

fn by_instrument(
    instruments: &[Instrument],
    of: impl Fn(&Instrument, usize) -> i64,
) -> Vec<ByYear> {
    instruments
        .iter()
        .map(|i| std::array::from_fn(|y| of(i, y)))
        .collect()
}

fn total(parts: &[ByYear]) -> ByYear {
    std::array::from_fn(|y| parts.iter().map(|p| p[y]).sum())
}

/// From what is left at the end of each year to what falls due in each of the next.
fn ladder(left: impl Fn(i32) -> i64) -> impl Fn(i32) -> Ladder {
    move |now| {
        std::array::from_fn(|k| {
            let from = left(now + k as i32);
            if k < 5 {
                from - left(now + k as i32 + 1)
            } else {
                from
            }
        })
    }
}

fn short_term(draw: &mut Draw, bank_only: bool, target: i64) -> (&'static str, ByYear) {
    let (label, level) = if bank_only {
        ("revolving credit facility", target.max(12))
    } else {
        let label = if draw.chance(70) {
            "commercial paper"
        } else {
            "revolving credit facility"
        };
        let has = draw.chance(65);
        (
            label,
            if has {
                target * draw.range(2, 16) / 100
            } else {
                0
            },
        )
    };
    let amounts = std::array::from_fn(|y| {
        let swing = scale(level, draw.range(30, 190), 100);
        // Paper is not always out; a company that has nothing else always owes something.
        if !bank_only && y > 0 && draw.chance(15) {
            0
        } else {
            swing
        }
    });
    (label, amounts)
}

fn future_interest(instruments: &[Instrument], latest: i32, exchange: i64) -> Ladder {
    let mut out = [0i64; 6];
    let mut twice = [0i128; 6];
    for instrument in instruments {
        for year in latest..instrument.due {
            let left = |year| instrument.left(latest, year, exchange);
            let slot = ((year - latest) as usize).min(5);
            twice[slot] += i128::from(instrument.coupon) * i128::from(left(year) + left(year + 1));
        }
    }
    for (amount, twice) in out.iter_mut().zip(twice) {
        *amount = ((twice + 100_000) / 200_000) as i64;
    }
    out
}
