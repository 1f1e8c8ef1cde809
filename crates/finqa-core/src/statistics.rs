//! Statistics of graded episodes: pass@k, and intervals that resample whole questions.
//!
//! Episodes of one question resemble each other, so what is drawn with replacement is the *cluster* (the question with
//! all its episodes), never the single episode. The numbers come from a counter-based generator with a fixed seed, and
//! clusters are sorted by what they hold before any is drawn: a result depends on the values alone, not on the order
//! of rows, the names of clusters or the machine.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use crate::error::{Error, Result};

/// How intervals are made.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bootstrap {
    /// How often all clusters are drawn anew.
    pub resamples: u32,
    /// Share of the resampled means that the interval holds.
    pub level: f64,
    /// Seed of the generator.
    pub seed: u64,
}

impl Default for Bootstrap {
    fn default() -> Self {
        Self {
            resamples: 1000,
            level: 0.95,
            seed: 0,
        }
    }
}

impl Bootstrap {
    /// Most resamples that may be asked for.
    pub const MAX_RESAMPLES: u32 = 100_000;

    fn check(&self) -> Result<()> {
        if !(self.level > 0.0 && self.level < 1.0) {
            return Err(Error::InvalidConfig(format!(
                "level is {}; it must lie between 0 and 1, as 0.95",
                self.level
            )));
        }
        if !(1..=Self::MAX_RESAMPLES).contains(&self.resamples) {
            return Err(Error::InvalidConfig(format!(
                "resamples is {}; it must be from 1 to {}",
                self.resamples,
                Self::MAX_RESAMPLES
            )));
        }
        Ok(())
    }
}

/// A mean and where it could as well have come out.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Interval {
    /// Mean of all values.
    pub mean: f64,
    /// Lower end; `None` with fewer than two clusters, which say nothing about the spread.
    pub low: Option<f64>,
    /// Upper end.
    pub high: Option<f64>,
    /// How many clusters there are.
    pub num_clusters: usize,
}

/// Two runs on the questions that both answered.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PairedDifference {
    /// Mean over the shared questions of the second run's mean minus the first's.
    pub difference: Interval,
    /// Mean over the shared questions of the first run's mean.
    pub mean_a: f64,
    /// The second run's.
    pub mean_b: f64,
    /// Shared questions on which the second run is better.
    pub num_better: usize,
    /// On which it is worse.
    pub num_worse: usize,
    /// Questions of the first run alone: left out.
    pub num_only_a: usize,
    /// Questions of the second run alone: left out.
    pub num_only_b: usize,
}

/// The unbiased estimate that at least one of `k` episodes of a question is right, after `num_correct` of
/// `num_episodes` were: `1 - C(n-c, k) / C(n, k)`.
///
/// `None` where it cannot be estimated: `k` is 0, or it or `num_correct` is above `num_episodes`.
///
/// ```
/// use finqa_core::statistics::pass_at_k;
/// assert_eq!(pass_at_k(4, 1, 1), Some(0.25));
/// assert_eq!(pass_at_k(4, 1, 2), Some(0.5)); // 1 - C(3,2) / C(4,2) = 1 - 3/6
/// assert_eq!(pass_at_k(4, 1, 8), None);
/// ```
pub fn pass_at_k(num_episodes: u32, num_correct: u32, k: u32) -> Option<f64> {
    if k == 0 || k > num_episodes || num_correct > num_episodes {
        return None;
    }
    let is_one = k == 1;
    let [n, c, k] = [num_episodes, num_correct, k].map(f64::from);
    if is_one {
        return Some(c / n);
    }
    // C(n-c, k) / C(n, k) is the chance that k draws without replacement miss all c right ones. It is symmetric in
    // c and k, so the shorter of two equal products will do.
    let (few, many) = (c.min(k), c.max(k));
    let mut all_wrong = 1.0;
    let mut drawn = 0.0;
    while drawn < few && all_wrong > f64::MIN_POSITIVE {
        all_wrong *= (n - many - drawn).max(0.0) / (n - drawn);
        drawn += 1.0;
    }
    Some(1.0 - all_wrong)
}

/// Mean of `values` with a percentile interval, clusters resampled; `clusters[i]` is that of `values[i]`, and without
/// `clusters` each value is its own.
///
/// # Errors
/// If there is no value, a value is not finite, the lengths differ or the options are out of range.
///
/// ```
/// use finqa_core::statistics::{Bootstrap, bootstrap_mean};
/// let right = [1.0, 1.0, 0.0, 0.0, 1.0, 0.0];
/// let interval = bootstrap_mean(&right, Some(&[7, 7, 8, 8, 9, 9]), &Bootstrap::default())?;
/// assert_eq!(interval.mean, 0.5);
/// assert_eq!((interval.low, interval.high), (Some(0.0), Some(1.0)));
/// # Ok::<(), finqa_core::Error>(())
/// ```
pub fn bootstrap_mean(
    values: &[f64],
    clusters: Option<&[i64]>,
    options: &Bootstrap,
) -> Result<Interval> {
    options.check()?;
    let mut summed: Vec<Sum> = match clusters {
        None => {
            check_values(values, values.len())?;
            values
                .iter()
                .map(|&total| Sum { total, count: 1.0 })
                .collect()
        }
        Some(clusters) => by_cluster(values, clusters)?.into_values().collect(),
    };
    if summed.is_empty() {
        return Err(Error::InvalidConfig(
            "there are no values to take the mean of".to_string(),
        ));
    }
    summed.sort_by(Sum::order);
    Ok(interval(&summed, options))
}

/// The difference of two runs, question by question: of the clusters in both, the mean of the second minus that of
/// the first, with the questions resampled.
///
/// # Errors
/// If the runs share no cluster, a value is not finite, lengths differ or the options are out of range.
pub fn paired_difference(
    a: (&[f64], &[i64]),
    b: (&[f64], &[i64]),
    options: &Bootstrap,
) -> Result<PairedDifference> {
    options.check()?;
    let first = by_cluster(a.0, a.1)?;
    let second = by_cluster(b.0, b.1)?;
    let mut pairs: Vec<(f64, f64)> = first
        .iter()
        .filter_map(|(cluster, sum)| Some((sum.mean(), second.get(cluster)?.mean())))
        .collect();
    if pairs.is_empty() {
        return Err(Error::InvalidConfig(format!(
            "the two have no question in common: {} in the first, {} in the second",
            first.len(),
            second.len()
        )));
    }
    pairs.sort_by(|x, y| {
        (x.1 - x.0)
            .total_cmp(&(y.1 - y.0))
            .then(x.0.total_cmp(&y.0))
    });
    let differences: Vec<Sum> = pairs
        .iter()
        .map(|(a, b)| Sum {
            total: b - a,
            count: 1.0,
        })
        .collect();
    let count = pairs.len() as f64;
    Ok(PairedDifference {
        difference: interval(&differences, options),
        mean_a: pairs.iter().map(|pair| pair.0).sum::<f64>() / count,
        mean_b: pairs.iter().map(|pair| pair.1).sum::<f64>() / count,
        num_better: pairs.iter().filter(|(a, b)| b > a).count(),
        num_worse: pairs.iter().filter(|(a, b)| b < a).count(),
        num_only_a: first.len() - pairs.len(),
        num_only_b: second.len() - pairs.len(),
    })
}

/// What a cluster adds to a mean.
#[derive(Clone, Copy, Debug)]
struct Sum {
    total: f64,
    count: f64,
}

impl Sum {
    fn mean(self) -> f64 {
        self.total / self.count
    }

    fn order(&self, other: &Self) -> Ordering {
        self.total
            .total_cmp(&other.total)
            .then(self.count.total_cmp(&other.count))
    }
}

fn check_values(values: &[f64], num_clusters: usize) -> Result<()> {
    if values.len() != num_clusters {
        return Err(Error::InvalidConfig(format!(
            "{} values, but clusters for {num_clusters}",
            values.len()
        )));
    }
    match values.iter().position(|value| !value.is_finite()) {
        Some(at) => Err(Error::InvalidConfig(format!(
            "value {at} is {}; leave out what is not known",
            values[at]
        ))),
        None => Ok(()),
    }
}

/// Sums the values of each cluster, smallest first: the last digits must not depend on the order of rows.
fn by_cluster(values: &[f64], clusters: &[i64]) -> Result<BTreeMap<i64, Sum>> {
    check_values(values, clusters.len())?;
    let mut rows: Vec<(i64, f64)> = clusters
        .iter()
        .copied()
        .zip(values.iter().copied())
        .collect();
    rows.sort_unstable_by(|a, b| a.0.cmp(&b.0).then(a.1.total_cmp(&b.1)));
    let mut sums = BTreeMap::new();
    for same in rows.chunk_by(|a, b| a.0 == b.0) {
        let total = same.iter().map(|row| row.1).sum();
        let count = same.len() as f64;
        sums.insert(same[0].0, Sum { total, count });
    }
    Ok(sums)
}

fn interval(clusters: &[Sum], options: &Bootstrap) -> Interval {
    let total: f64 = clusters.iter().map(|c| c.total).sum();
    let count: f64 = clusters.iter().map(|c| c.count).sum();
    let ends = (clusters.len() > 1).then(|| {
        let mut means: Vec<f64> = (0..options.resamples)
            .map(|resample| resampled_mean(clusters, options.seed, resample))
            .collect();
        means.sort_by(f64::total_cmp);
        let tail = (1.0 - options.level) / 2.0;
        (quantile(&means, tail), quantile(&means, 1.0 - tail))
    });
    Interval {
        mean: total / count,
        low: ends.map(|e| e.0),
        high: ends.map(|e| e.1),
        num_clusters: clusters.len(),
    }
}

/// Mean of as many clusters as there are, drawn with replacement.
fn resampled_mean(clusters: &[Sum], seed: u64, resample: u32) -> f64 {
    let stream = mix(seed ^ (u64::from(resample) << 32));
    let len = clusters.len() as u64;
    let (mut total, mut count) = (0.0, 0.0);
    for draw in 0..len {
        let random = mix(stream.wrapping_add(draw.wrapping_mul(GOLDEN)));
        let drawn = clusters[((u128::from(random) * u128::from(len)) >> 64) as usize];
        total += drawn.total;
        count += drawn.count;
    }
    total / count
}

const GOLDEN: u64 = 0x9E37_79B9_7F4A_7C15;

/// A bijection of 64 bits without visible pattern (the finaliser of SplitMix64).
const fn mix(mut bits: u64) -> u64 {
    bits = bits.wrapping_add(GOLDEN);
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    bits ^ (bits >> 31)
}

/// The quantile of sorted values, interpolated between neighbours.
fn quantile(sorted: &[f64], share: f64) -> f64 {
    let at = share * (sorted.len() - 1) as f64;
    let below = at.floor() as usize;
    let above = (below + 1).min(sorted.len() - 1);
    sorted[below] + (sorted[above] - sorted[below]) * (at - below as f64)
}
