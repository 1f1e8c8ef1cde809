//! Revenue cut by product, channel, region, segment and quarter (I1), and operating income by segment.

mod products;
mod regions;
mod segments;

use super::line::{Line, Pace, Word, split, sum};
use super::{Base, ByYear, YEARS};
use crate::draw::{Draw, Key, Stream, apportion, scale};
use crate::identity::Industry;

const TOTALS: [Word; 4] = [
    Word::new(
        "total revenue",
        &["net sales", "total sales"],
        "the top line",
    ),
    Word::new(
        "total net sales",
        &["revenue", "total sales"],
        "the top line",
    ),
    Word::new("total revenues", &["sales", "net sales"], "the top line"),
    Word::new("net revenue", &["sales", "total sales"], "the top line"),
];

/// Quarters of the newest two years, newest year first.
pub(crate) type ByQuarter = [[i64; 4]; 2];

/// The cuts of [`Base::revenue`].
#[derive(Clone, Debug)]
pub(crate) struct Revenue {
    /// How the company calls the sum.
    pub(crate) total: Word,
    pub(crate) products: Vec<Line>,
    /// Empty where the industry has no channels to speak of.
    pub(crate) channels: Vec<Line>,
    /// Home country first; a single line for companies that sell at home only.
    pub(crate) regions: Vec<Line>,
    /// Before eliminations.
    pub(crate) segments: Vec<Line>,
    /// Sales between segments, negative or zero: segments + eliminations = revenue.
    pub(crate) eliminations: ByYear,
    /// By segment, same order as `segments`.
    pub(crate) segment_income: Vec<Line>,
    /// What no segment bears, mostly negative: segment income + corporate = operating income.
    pub(crate) corporate: ByYear,
    pub(crate) quarterly: ByQuarter,
    pub(crate) quarterly_gross_profit: ByQuarter,
    pub(crate) quarterly_operating_income: ByQuarter,
}

impl Revenue {
    pub(crate) fn new(key: Key, industry: Industry, base: &Base) -> Self {
        let mut draw = Draw::new(key, Stream::Revenue);
        let total = &base.revenue;
        let count = 2 + draw.weighted(&[4, 10, 20, 24, 22, 20]);
        let mut terms = draw.choose(products::of(industry), count);
        draw.shuffle(&mut terms);
        if draw.chance(45) {
            terms.push(products::OTHER[draw.below(products::OTHER.len())]);
        }
        let mut products = split(total, &terms, Pace::Steady, &mut draw);
        biggest_first(&mut products);
        let channels = split(
            total,
            products::channels(industry, &mut draw),
            Pace::Settled,
            &mut draw,
        );
        let regions = regions::of(industry, total, &mut draw);
        let (segments, eliminations) = segment_revenue(industry, total, &mut draw);
        let (segment_income, corporate) = segment_income(base, &segments, &mut draw);
        let seasons = seasons(industry, &mut draw);
        let quarterly = quarters(total, &seasons, 25, &mut draw);
        let quarterly_gross_profit = quarters_by(&base.gross_profit, &quarterly, 30, &mut draw);
        let quarterly_operating_income =
            quarters_by(&base.operating_income, &quarterly, 120, &mut draw);
        Self {
            total: draw.pick(&TOTALS),
            products,
            channels,
            regions,
            segments,
            eliminations,
            segment_income,
            corporate,
            quarterly,
            quarterly_gross_profit,
            quarterly_operating_income,
        }
    }

    /// Whether revenue comes from more than one country.
    pub(crate) fn is_international(&self) -> bool {
        self.regions.len() > 1
    }

    pub(crate) fn violations(&self, base: &Base) -> Vec<String> {
        let mut out = Vec::new();
        let mut check = |holds: bool, what: &str, y: usize| {
            if !holds {
                out.push(format!("I1: {what} of year {y}"));
            }
        };
        for y in 0..YEARS {
            let of = |lines: &[Line]| sum(lines)[y];
            check(of(&self.products) == base.revenue[y], "products", y);
            check(of(&self.regions) == base.revenue[y], "regions", y);
            check(of(&self.channels) == base.revenue[y], "channels", y);
            check(
                of(&self.segments) + self.eliminations[y] == base.revenue[y],
                "segments",
                y,
            );
            check(
                of(&self.segment_income) + self.corporate[y] == base.operating_income[y],
                "segment income",
                y,
            );
        }
        for y in 0..2 {
            for (quarters, total) in [
                (&self.quarterly, &base.revenue),
                (&self.quarterly_gross_profit, &base.gross_profit),
                (&self.quarterly_operating_income, &base.operating_income),
            ] {
                check(quarters[y].iter().sum::<i64>() == total[y], "quarters", y);
            }
        }
        out
    }
}

/// Orders lines by their newest value; "other" lines stay last.
fn biggest_first(lines: &mut [Line]) {
    lines.sort_by_key(|l| {
        (
            l.term.text.contains("other"),
            std::cmp::Reverse(l.values[0]),
        )
    });
}

fn segment_revenue(industry: Industry, total: &ByYear, draw: &mut Draw) -> (Vec<Line>, ByYear) {
    let terms = segments::of(industry, draw);
    let eliminated = if draw.chance(45) {
        draw.range(4, 60)
    } else {
        0
    };
    let eliminations = total.map(|t| -scale(t, eliminated + draw.range(0, eliminated / 6), 1000));
    let gross = std::array::from_fn(|y| total[y] - eliminations[y]);
    (split(&gross, terms, Pace::Steady, draw), eliminations)
}

/// Segments earn at margins of their own; what is left to the operating income is corporate.
fn segment_income(base: &Base, segments: &[Line], draw: &mut Draw) -> (Vec<Line>, ByYear) {
    let lines: Vec<Line> = segments
        .iter()
        .map(|segment| {
            let better = draw.range(60, 175);
            let values = std::array::from_fn(|y| {
                // Thousandths, so that a year's overall margin shows in every segment without deciding it.
                let overall = scale(base.operating_income[y], 1000, base.revenue[y].max(1));
                let margin = overall * better / 100 + draw.range(-25, 45);
                scale(segment.values[y], margin.clamp(-400, 700), 1000)
            });
            Line {
                term: segment.term,
                values,
            }
        })
        .collect();
    let of_segments = sum(&lines);
    let corporate = std::array::from_fn(|y| base.operating_income[y] - of_segments[y]);
    (lines, corporate)
}

/// Weights of the quarters.
fn seasons(industry: Industry, draw: &mut Draw) -> [i64; 4] {
    let level: [i64; 4] = match industry {
        Industry::Retail => [225, 235, 235, 305],
        Industry::ConsumerGoods => [235, 240, 255, 270],
        Industry::Utility => [275, 225, 265, 235],
        Industry::Software => [240, 246, 252, 262],
        _ => [246, 250, 250, 254],
    };
    level.map(|w| (w + draw.range(-8, 8)) * 10)
}

fn quarters(total: &ByYear, seasons: &[i64; 4], noise: i64, draw: &mut Draw) -> ByQuarter {
    std::array::from_fn(|y| {
        let weights = seasons.map(|s| (s * (1000 + draw.range(-noise, noise)) / 1000).max(1));
        into_four(&apportion(total[y], &weights))
    })
}

/// Quarters of an amount that goes with another one, in thousandths of noise.
fn quarters_by(total: &ByYear, like: &ByQuarter, noise: i64, draw: &mut Draw) -> ByQuarter {
    std::array::from_fn(|y| {
        let weights =
            like[y].map(|q| (q.max(1) * 1000 + draw.range(-noise, noise) * q.max(1)).max(1));
        into_four(&apportion(total[y], &weights))
    })
}

fn into_four(parts: &[i64]) -> [i64; 4] {
    std::array::from_fn(|q| parts[q])
}
