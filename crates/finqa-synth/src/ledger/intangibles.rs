//! Intangible assets and goodwill.

use super::income::shows_wear;
use super::items::{Items, Word, sometimes, trail, words};
use super::{Acquisitions, Base, ByYear, Revenue, YEARS, terms};
use crate::draw::{Draw, Key, Stream, apportion, scale};
use crate::identity::Industry;

/// Intangible assets and goodwill.
#[derive(Clone, Debug)]
pub(crate) struct Intangibles {
    pub(crate) classes: Vec<Class>,
    /// Amortization of all classes, positive.
    pub(crate) amortization: ByYear,
    /// The part of `amortization` that is cost of revenue, none where the expenses have a line for it; the rest is
    /// operating expense.
    pub(crate) amortization_in_cost: ByYear,
    /// I9: the newest net amount of all classes by the year in which it will be expensed: five years, then the rest.
    pub(crate) future: [i64; 6],
    /// Classes that are not amortized.
    pub(crate) lasting: Items,
    pub(crate) goodwill: Vec<Segment>,
    /// Goodwill of all segments at each year end.
    pub(crate) goodwill_total: ByYear,
}

/// A class of finite-lived intangible assets.
#[derive(Clone, Debug)]
pub(crate) struct Class {
    pub(crate) word: Word,
    pub(crate) gross: ByYear,
    /// Positive.
    pub(crate) accumulated: ByYear,
    /// I9: gross less accumulated amortization.
    pub(crate) net: ByYear,
    /// Useful life in tenths of years.
    pub(crate) life: i64,
}

/// Goodwill of a segment.
#[derive(Clone, Debug)]
pub(crate) struct Segment {
    pub(crate) name: &'static str,
    pub(crate) opening: ByYear,
    pub(crate) acquired: ByYear,
    /// Zero or negative.
    pub(crate) impairment: ByYear,
    /// Currency translation and other moves, of either sign.
    pub(crate) translation: ByYear,
    /// I6: the rest added up.
    pub(crate) closing: ByYear,
}

impl Intangibles {
    /// Goodwill stands in the segments of the revenue.
    pub(crate) fn new(
        key: Key,
        base: &Base,
        industry: Industry,
        acquisitions: &Acquisitions,
        words: &[Word],
        revenue: &Revenue,
    ) -> Self {
        let mut draw = Draw::nth(key, Stream::Assets, 2);
        let (classes, amortized) = classes(&mut draw, base, acquisitions, words);
        let amortization: ByYear = std::array::from_fn(|y| amortized.iter().map(|a| a[y]).sum());
        let share = draw.range(250, 800);
        let amortization_in_cost = if shows_wear(industry) {
            [0; YEARS]
        } else {
            amortization.map(|a| scale(a, share + draw.range(-30, 30), 1000))
        };
        let net: i64 = classes.iter().map(|class| class.net[0]).sum();
        let future = future(&mut draw, net, amortization[0]);
        let lasting = lasting(&mut draw, base, industry);
        let segments: Vec<&'static str> =
            revenue.segments.iter().map(|line| line.term.text).collect();
        let goodwill = goodwill(&mut draw, base, acquisitions, &segments);
        let goodwill_total = std::array::from_fn(|y| goodwill.iter().map(|s| s.closing[y]).sum());
        Self {
            classes,
            amortization,
            amortization_in_cost,
            future,
            lasting,
            goodwill,
            goodwill_total,
        }
    }

    /// Net finite-lived intangible assets.
    pub(crate) fn net(&self) -> ByYear {
        std::array::from_fn(|y| self.classes.iter().map(|class| class.net[y]).sum())
    }

    pub(crate) fn violations(&self, acquisitions: &Acquisitions) -> Vec<String> {
        let mut out = self
            .lasting
            .violations("I9: indefinite-lived intangible assets");
        for y in 0..YEARS {
            for class in &self.classes {
                let net = class.gross[y] - class.accumulated[y];
                if net != class.net[y] || net < 0 {
                    out.push(format!("I9: {} of year {y}", class.word.text));
                }
            }
            for s in &self.goodwill {
                let moved = s.acquired[y] + s.impairment[y] + s.translation[y];
                if s.opening[y] + moved != s.closing[y] || s.closing[y] < 0 {
                    out.push(format!("I6: goodwill of {} in year {y}", s.name));
                }
                if y + 1 < YEARS && s.opening[y] != s.closing[y + 1] {
                    out.push(format!(
                        "I6: goodwill of {} opens apart in year {y}",
                        s.name
                    ));
                }
            }
            let acquired: i64 = self.goodwill.iter().map(|s| s.acquired[y]).sum();
            if acquired != acquisitions.goodwill[y] {
                out.push(format!("I17: goodwill acquired in year {y}"));
            }
        }
        if self.future.iter().sum::<i64>() != self.net()[0] {
            out.push("I9: future amortization".to_owned());
        }
        out
    }
}

/// Classes with their amortization by year.
fn classes(
    draw: &mut Draw,
    base: &Base,
    acquisitions: &Acquisitions,
    words: &[Word],
) -> (Vec<Class>, Vec<ByYear>) {
    let mut size = draw.range(200, 1800);
    let usual = base.usual_expenses();
    let mut amortized = Vec::new();
    let mut out = Vec::new();
    for word in words {
        let life = draw.range(60, 200);
        let brought = acquisitions.brought(word);
        let oldest = scale(base.revenue[YEARS - 1], size, 10_000).max(20);
        size = size * draw.range(150, 900) / 1000 + 8;
        let mut gross = [oldest; YEARS];
        let mut accumulated = [scale(oldest, draw.range(100, 480), 1000); YEARS];
        let mut amortization = [0; YEARS];
        for y in (0..YEARS).rev() {
            let (before, worn) = if y + 1 < YEARS {
                (gross[y + 1], accumulated[y + 1])
            } else {
                (oldest, accumulated[y])
            };
            // Fully amortized items leave both columns.
            let retired = if draw.chance(45) {
                scale(worn, draw.range(10, 350), 1000)
            } else {
                0
            };
            // Licences and small purchases that no other table names, and translation.
            let small = scale(before, draw.range(-20, 170), 1000);
            gross[y] = (before + brought[y] + small - retired).max(1);
            amortization[y] = scale(before + brought[y] / 2, 10, life)
                .min(gross[y] - (worn - retired))
                .min(usual[y] / (4 * words.len() as i64))
                .max(0);
            accumulated[y] = (worn - retired + amortization[y]).clamp(0, gross[y]);
        }
        out.push(Class {
            word: *word,
            gross,
            accumulated,
            net: super::subtract(&gross, &accumulated),
            life,
        });
        amortized.push(amortization);
    }
    (out, amortized)
}

/// Expected amortization of the net amount, falling year by year from about the newest year's.
fn future(draw: &mut Draw, net: i64, newest: i64) -> [i64; 6] {
    let mut weights = [1; 6];
    let mut yearly = scale(newest, draw.range(850, 1080), 1000).max(1);
    let mut left = net.max(1);
    for weight in weights.iter_mut().take(5) {
        *weight = yearly.min(left * 4 / 5).max(1);
        left -= *weight;
        yearly = scale(yearly, draw.range(620, 1000), 1000).max(1);
    }
    weights[5] = left.max(0);
    let mut out = [0; 6];
    out.copy_from_slice(&apportion(net, &weights));
    out
}

fn lasting(draw: &mut Draw, base: &Base, industry: Industry) -> Items {
    let pool = terms::lasting(industry);
    let n = 1 + draw.below(pool.len());
    let names = words(draw, &pool.iter().collect::<Vec<_>>(), n);
    let share = draw.range(60, 1500);
    let total = trail(draw, &base.revenue, share, 20, 5);
    Items::split_calmly(draw, &total, &names)
}

fn goodwill(
    draw: &mut Draw,
    base: &Base,
    acquisitions: &Acquisitions,
    names: &[&'static str],
) -> Vec<Segment> {
    let level = draw.range(400, 6000);
    let oldest = scale(base.revenue[YEARS - 1], level, 10_000).max(20);
    let weights: Vec<i64> = names.iter().map(|_| draw.range(8, 100)).collect();
    let shares = apportion(oldest, &weights);
    let mut acquired = vec![[0; YEARS]; names.len()];
    for (y, total) in acquisitions.goodwill.iter().enumerate() {
        let mut weights: Vec<i64> = names
            .iter()
            .map(|_| {
                if draw.chance(45) {
                    0
                } else {
                    draw.range(5, 60)
                }
            })
            .collect();
        let main = draw.below(names.len());
        weights[main] += 80;
        for (s, part) in apportion(*total, &weights).into_iter().enumerate() {
            acquired[s][y] = part;
        }
    }
    names
        .iter()
        .enumerate()
        .map(|(s, name)| {
            let mut segment = Segment {
                name,
                opening: [0; YEARS],
                acquired: acquired[s],
                impairment: [0; YEARS],
                translation: [0; YEARS],
                closing: [0; YEARS],
            };
            let level = shares[s].max(4);
            let share = draw.range(20, 220);
            let drift = sometimes(draw, &[level; YEARS], share, 45);
            let mut balance = level;
            for y in (0..YEARS).rev() {
                segment.opening[y] = balance;
                if draw.chance(4) {
                    segment.impairment[y] = -scale(balance, draw.range(60, 420), 1000);
                }
                // Translation never eats the balance.
                segment.translation[y] = drift[y].max(-balance / 5);
                balance += segment.acquired[y] + segment.impairment[y] + segment.translation[y];
                segment.closing[y] = balance;
            }
            segment
        })
        .collect()
}
