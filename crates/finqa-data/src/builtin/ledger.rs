//! The books of one company: the totals that several tables share.

use finqa_core::answer::Scale;

use super::draw::{Draw, Stream, apportion};
use super::grid::Display;

/// Years of the books, newest first.
pub(super) const YEARS: usize = 3;
/// One amount a year, newest first.
pub(super) type ByYear = [i64; YEARS];

/// Totals in the smallest unit shown.
pub(super) struct Ledger {
    pub(super) latest_year: i32,
    pub(super) display: Display,
    pub(super) revenue: ByYear,
    pub(super) pretax: ByYear,
    pub(super) foreign_pretax: ByYear,
    pub(super) tax: ByYear,
    pub(super) interest_expense: ByYear,
    pub(super) debt: ByYear,
}

impl Ledger {
    pub(super) fn new(seed: u64, index: u32) -> Self {
        let mut draw = Draw::new(seed, index, Stream::Ledger);
        let scale = if draw.chance(70) {
            Scale::Million
        } else {
            Scale::Thousand
        };
        let decimals = u8::from(draw.chance(20));
        let size = draw.range(1000, 9999) * draw.pick(&[1, 4, 10]);
        let size = if scale == Scale::Thousand {
            size * draw.pick(&[100, 400]) + draw.range(0, 99)
        } else {
            size
        };
        let size = if decimals == 1 {
            size * 10 + draw.range(0, 9)
        } else {
            size
        };
        let latest_year = draw.range(2019, 2025) as i32;
        let mut revenue = [size; YEARS];
        for year in 1..YEARS {
            revenue[year] = revenue[year - 1] * 100 / draw.range(90, 122);
        }
        // One level a company, which drifts by up to a quarter from year to year.
        let rate = |of: &ByYear, draw: &mut Draw, low: i64, high: i64| {
            let base = draw.range(low, high);
            of.map(|v| v * base * draw.range(80, 125) / 100_000)
        };
        let loss_year = draw.chance(15).then(|| draw.below(YEARS));
        let mut pretax = rate(&revenue, &mut draw, 60, 220);
        if let Some(year) = loss_year {
            pretax[year] = -pretax[year] / 3;
        }
        let foreign_pretax = rate(&pretax, &mut draw, 90, 600);
        let tax = rate(&pretax, &mut draw, 120, 280);
        let interest_expense = rate(&revenue, &mut draw, 8, 30);
        let debt = rate(&revenue, &mut draw, 250, 900);
        Self {
            latest_year,
            display: Display { scale, decimals },
            revenue,
            pretax,
            foreign_pretax,
            tax,
            interest_expense,
            debt,
        }
    }

    /// The newest `n` years.
    pub(super) fn years(&self, n: usize) -> Vec<i32> {
        (0..n as i32).map(|i| self.latest_year - i).collect()
    }
}

/// Rows whose values add up to `totals` in each year, with shares that drift from year to year.
pub(super) fn parts(totals: &[i64], n: usize, draw: &mut Draw) -> Vec<Vec<i64>> {
    let base: Vec<i64> = (0..n)
        .map(|i| draw.range(60, 400) * (n - i) as i64)
        .collect();
    let by_year: Vec<Vec<i64>> = totals
        .iter()
        .map(|total| {
            let weights: Vec<i64> = base.iter().map(|w| w * draw.range(70, 130)).collect();
            apportion(*total, &weights)
        })
        .collect();
    (0..n)
        .map(|row| by_year.iter().map(|year| year[row]).collect())
        .collect()
}
