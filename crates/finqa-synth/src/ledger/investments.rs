//! Cash, securities, fair values by level, maturities and derivatives.

use super::items::{Item, Items, Word, jumpy, pool, sometimes, trail, words};
use super::{Acquisitions, Base, ByYear, YEARS, terms};
use crate::draw::{Draw, Key, Stream, apportion, scale};
use crate::identity::Industry;

/// Cash, securities, what is measured at fair value, and derivatives.
#[derive(Clone, Debug)]
pub(crate) struct Investments {
    /// Money in banks: a cost without gains or losses.
    pub(crate) cash: Item,
    pub(crate) securities: Vec<Security>,
    /// Other assets at fair value.
    pub(crate) measured_assets: Vec<Measured>,
    pub(crate) measured_liabilities: Vec<Measured>,
    /// Debt securities by contractual maturity at the newest year end.
    pub(crate) maturities: Maturities,
    /// Notional amounts of derivatives under hedge accounting.
    pub(crate) designated: Items,
    /// Notional amounts of the others.
    pub(crate) undesignated: Items,
}

/// A class of securities.
#[derive(Clone, Debug)]
pub(crate) struct Security {
    pub(crate) cost: ByYear,
    pub(crate) gains: ByYear,
    /// Positive.
    pub(crate) losses: ByYear,
    /// `cost + gains − losses` by level.
    pub(crate) fair: Measured,
    /// Whether it has a contractual maturity; money market funds have none.
    pub(crate) debt: bool,
}

/// A fair value by level of its inputs; I13: the levels add up to the total.
#[derive(Clone, Debug)]
pub(crate) struct Measured {
    pub(crate) word: Word,
    pub(crate) levels: [ByYear; 3],
    pub(crate) total: ByYear,
}

/// Cost and fair value of debt securities due within one, five, ten years and later.
#[derive(Clone, Debug)]
pub(crate) struct Maturities {
    pub(crate) cost: [i64; 4],
    pub(crate) fair: [i64; 4],
}

impl Investments {
    pub(crate) fn new(
        key: Key,
        base: &Base,
        industry: Industry,
        acquisitions: &Acquisitions,
    ) -> Self {
        let mut draw = Draw::new(key, Stream::Investments);
        let draw = &mut draw;
        let rich = matches!(
            industry,
            Industry::Software
                | Industry::Semiconductors
                | Industry::Pharma
                | Industry::ManagedCare
        );
        let share = if rich {
            draw.range(400, 2500)
        } else {
            draw.range(150, 900)
        };
        let cash = trail(draw, &base.revenue, share, 130, 25);
        let cash = terms::CASH.word(draw).item(cash);
        let n = if rich {
            draw.range(4, 7)
        } else {
            draw.range(2, 4)
        } as usize;
        let share = if rich {
            draw.range(1200, 7000)
        } else {
            draw.range(120, 900)
        };
        let securities = securities(draw, base, n, share);
        let maturities = maturities(draw, &securities);
        let measured_assets = measured(draw, base, &[&terms::MEASURED_ASSETS], 1, 3);
        let sources: &[&'static [super::items::Term]] = if acquisitions.deals.is_empty() {
            &[&terms::MEASURED_LIABILITIES[..2]]
        } else {
            &[&terms::MEASURED_LIABILITIES]
        };
        let measured_liabilities = measured(draw, base, sources, 1, 3);
        let n = 2 + draw.below(3);
        let names = words(draw, &pool(&[&terms::DESIGNATED]), n);
        let share = draw.range(200, 2500);
        let total = trail(draw, &base.revenue, share, 90, 30);
        let designated = Items::split(draw, &total, &names);
        let n = 1 + draw.below(3);
        let names = words(draw, &pool(&[&terms::UNDESIGNATED]), n);
        let share = draw.range(100, 1500);
        let total = trail(draw, &base.revenue, share, 110, 20);
        let undesignated = Items::split(draw, &total, &names);
        Self {
            cash,
            securities,
            measured_assets,
            measured_liabilities,
            maturities,
            designated,
            undesignated,
        }
    }

    /// Everything with a fair value, assets first.
    fn all_measured(&self) -> impl Iterator<Item = &Measured> {
        let own = self.securities.iter().map(|s| &s.fair);
        own.chain(&self.measured_assets)
            .chain(&self.measured_liabilities)
    }

    pub(crate) fn violations(&self) -> Vec<String> {
        let mut out = self.designated.violations("designated derivatives");
        out.extend(self.undesignated.violations("other derivatives"));
        for m in self.all_measured() {
            for y in 0..YEARS {
                if m.levels.iter().map(|level| level[y]).sum::<i64>() != m.total[y] {
                    out.push(format!("I13: {} of year {y}", m.word.text));
                }
            }
        }
        for s in &self.securities {
            for y in 0..YEARS {
                if s.cost[y] + s.gains[y] - s.losses[y] != s.fair.total[y] {
                    out.push(format!("I13: cost of {} in year {y}", s.fair.word.text));
                }
            }
        }
        let debt = || self.securities.iter().filter(|s| s.debt);
        if self.maturities.cost.iter().sum::<i64>() != debt().map(|s| s.cost[0]).sum::<i64>()
            || self.maturities.fair.iter().sum::<i64>()
                != debt().map(|s| s.fair.total[0]).sum::<i64>()
        {
            out.push("I13: maturities of debt securities".to_owned());
        }
        out
    }
}

fn securities(draw: &mut Draw, base: &Base, n: usize, share: i64) -> Vec<Security> {
    let mut names = vec![terms::SECURITIES[0].word(draw)];
    let least = terms::SECURITIES[1].word(draw);
    names.push(least);
    names.extend(words(draw, &pool(&[&terms::SECURITIES[2..]]), n - 1));
    let cost = trail(draw, &base.revenue, share, 90, 60);
    let cost = Items::split(draw, &cost, &names);
    cost.items
        .into_iter()
        .enumerate()
        .map(|(i, item)| {
            let debt = i > 0;
            let (gains, losses) = if debt {
                let (up, down) = (draw.range(15, 140), draw.range(15, 300));
                let cap = |amounts: ByYear| -> ByYear {
                    std::array::from_fn(|y| amounts[y].min(item.amounts[y] / 8))
                };
                let gains = cap(jumpy(draw, &item.amounts, up));
                (gains, cap(jumpy(draw, &item.amounts, down)))
            } else {
                ([0; YEARS], [0; YEARS])
            };
            let total: ByYear = std::array::from_fn(|y| item.amounts[y] + gains[y] - losses[y]);
            // Money funds and Treasuries have quoted prices; the rest has observable inputs.
            let level = usize::from(i > 1 || (i == 1 && draw.chance(30)));
            let mut levels = [[0; YEARS]; 3];
            levels[level] = total;
            if level == 1 && draw.chance(8) {
                levels[2] = total.map(|t| t / 6);
                levels[1] = super::subtract(&total, &levels[2]);
            }
            Security {
                cost: item.amounts,
                gains,
                losses,
                fair: Measured {
                    word: item.word,
                    levels,
                    total,
                },
                debt,
            }
        })
        .collect()
}

fn maturities(draw: &mut Draw, securities: &[Security]) -> Maturities {
    let debt: Vec<&Security> = securities.iter().filter(|s| s.debt).collect();
    let cost: i64 = debt.iter().map(|s| s.cost[0]).sum();
    let fair: i64 = debt.iter().map(|s| s.fair.total[0]).sum();
    let weights = [
        draw.range(250, 600),
        draw.range(250, 600),
        if draw.chance(70) {
            draw.range(20, 150)
        } else {
            0
        },
        if draw.chance(45) {
            draw.range(5, 80)
        } else {
            0
        },
    ];
    let mut out = Maturities {
        cost: [0; 4],
        fair: [0; 4],
    };
    out.cost.copy_from_slice(&apportion(cost, &weights));
    // The gap between cost and fair value grows with the term.
    let gaps: Vec<i64> = weights
        .iter()
        .zip([1, 4, 9, 14])
        .map(|(w, t)| w * t)
        .collect();
    for (i, gap) in apportion(fair - cost, &gaps).into_iter().enumerate() {
        out.fair[i] = out.cost[i] + gap;
    }
    out
}

fn measured(
    draw: &mut Draw,
    base: &Base,
    terms: &[&'static [super::items::Term]],
    least: i64,
    most: i64,
) -> Vec<Measured> {
    let terms = pool(terms);
    let n = draw.range(least, most) as usize;
    let names = words(draw, &terms, n);
    names
        .into_iter()
        .map(|word| {
            let share = draw.range(10, 220);
            let total = if draw.chance(50) {
                trail(draw, &base.revenue, share, 160, 4)
            } else {
                sometimes(draw, &base.revenue, share, 100)
            };
            let level = level_of(word);
            let mut levels = [[0; YEARS]; 3];
            levels[level] = total;
            if level == 1 && draw.chance(10) {
                levels[2] = total.map(|t| scale(t, 12, 100));
                levels[1] = super::subtract(&total, &levels[2]);
            }
            Measured {
                word,
                levels,
                total,
            }
        })
        .collect()
}

/// Level of the inputs: quoted prices 0, observable 1, models 2.
fn level_of(word: Word) -> usize {
    if terms::MEASURED_ASSETS[0].says(word.text) {
        0
    } else if terms::MEASURED_ASSETS[3].says(word.text)
        || terms::MEASURED_LIABILITIES[2].says(word.text)
    {
        2
    } else {
        1
    }
}
