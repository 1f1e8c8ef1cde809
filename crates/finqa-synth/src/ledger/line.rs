//! Named rows of the books and how they move from year to year.

pub(crate) use super::items::Word;
use super::{ByYear, YEARS};
use crate::draw::{Draw, apportion, scale};

/// A named amount by year.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Line {
    pub(crate) term: Word,
    pub(crate) values: ByYear,
}

/// How much the lines of a total move against each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pace {
    /// Functions, channels: some percent a year, and every line is there in every year.
    Settled,
    /// Products, regions: as much, and some lines end or begin.
    Steady,
}

/// A year-on-year change in thousandths with the quantiles measured on filings' rows: a tenth below −35 %, a quarter
/// below −9 %, half below +4 %, a tenth above +70 %, one in twenty above +186 %.
pub(crate) fn jump(draw: &mut Draw) -> i64 {
    const QUANTILES: [(i64, i64); 9] = [
        (0, -880),
        (50, -620),
        (100, -350),
        (250, -90),
        (500, 40),
        (750, 220),
        (900, 700),
        (950, 1860),
        (1000, 4000),
    ];
    let at = draw.range(0, 999);
    let upper = QUANTILES
        .iter()
        .position(|q| q.0 > at)
        .unwrap_or(QUANTILES.len() - 1);
    let ((low, a), (high, b)) = (QUANTILES[upper - 1], QUANTILES[upper]);
    a + (b - a) * (at - low) / (high - low)
}

/// An amount that is `newest` in the newest year and before that moves by [`jump`], within a twelfth and six times of
/// `newest`.
pub(crate) fn jumping(newest: i64, draw: &mut Draw) -> ByYear {
    let mut out = [newest; YEARS];
    let size = newest.abs();
    for y in 1..YEARS {
        let before = scale(out[y - 1].abs(), 1000, 1000 + jump(draw));
        out[y] = before.clamp(size / 12, size * 6) * newest.signum();
    }
    out
}

/// Splits a total among terms so that the lines add up to it exactly in every year. The first of a company's terms is
/// always there; others may be born or die within the years of the books.
pub(crate) fn split(total: &ByYear, terms: &[Word], pace: Pace, draw: &mut Draw) -> Vec<Line> {
    let weights: Vec<ByYear> = (0..terms.len())
        .map(|i| {
            // Squares: a few large lines, more small ones.
            let newest = draw.range(14, 100).pow(2) * 100;
            let mut weights = [newest; YEARS];
            let trend = draw.normal(70);
            for y in 1..YEARS {
                let mut growth = trend + draw.normal(105);
                if pace == Pace::Steady && draw.chance(36) {
                    growth += jump(draw);
                }
                let growth = growth.clamp(-700, 2500);
                weights[y] = scale(weights[y - 1], 1000, 1000 + growth).max(1);
            }
            let ends_pct = match pace {
                Pace::Settled => 0,
                Pace::Steady => 11,
            };
            if i > 0 {
                lifetime(&mut weights, ends_pct, draw);
            }
            weights
        })
        .collect();
    let mut lines: Vec<Line> = terms
        .iter()
        .map(|&term| Line {
            term,
            values: [0; YEARS],
        })
        .collect();
    for y in 0..YEARS {
        let of_year: Vec<i64> = weights.iter().map(|w| w[y]).collect();
        for (line, part) in lines.iter_mut().zip(apportion(total[y], &of_year)) {
            line.values[y] = part;
        }
    }
    lines
}

/// In `pct` of 100 cases zeros before some year (the line is new) or, half as often, from some year on (it ended).
pub(crate) fn lifetime(values: &mut ByYear, pct: u32, draw: &mut Draw) {
    if !draw.chance(pct) {
        return;
    }
    let at = 1 + draw.below(YEARS - 2);
    if draw.below(3) < 2 {
        values[at..].fill(0);
    } else {
        values[..at].fill(0);
    }
}

/// Sum of lines by year.
pub(crate) fn sum(lines: &[Line]) -> ByYear {
    std::array::from_fn(|y| lines.iter().map(|l| l.values[y]).sum())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::draw::{Key, Stream};
    use crate::split::SplitName;

    #[test]
    fn jumps_have_the_measured_quantiles() {
        let key = Key {
            seed: 0,
            split: SplitName::Train,
            index: 0,
        };
        let mut draw = Draw::new(key, Stream::Base);
        let mut jumps: Vec<i64> = (0..10_000).map(|_| jump(&mut draw)).collect();
        jumps.sort_unstable();
        for (at, low, high) in [
            (1000, -390, -310),
            (2500, -105, -75),
            (5000, 30, 50),
            (7500, 200, 240),
            (9000, 640, 780),
        ] {
            assert!((low..=high).contains(&jumps[at]), "{at}: {}", jumps[at]);
        }
    }

    #[test]
    fn lines_add_up_in_every_year() {
        let terms = [
            Word::new("a", &[], ""),
            Word::new("b", &[], ""),
            Word::new("c", &[], ""),
        ];
        for index in 0..200 {
            let key = Key {
                seed: 0,
                split: SplitName::Train,
                index,
            };
            let mut draw = Draw::new(key, Stream::Base);
            let total = [1000, 900, 1, 0, 77];
            for pace in [Pace::Settled, Pace::Steady] {
                assert_eq!(sum(&split(&total, &terms, pace, &mut draw)), total);
            }
        }
    }
}
