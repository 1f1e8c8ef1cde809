//! Counters of an environment. Workers count locally and add up once a chunk.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use finqa_core::error::ToolErrorCode;
use finqa_core::tool::ToolKind;

const NUM_TOOLS: usize = ToolKind::ALL.len();
const NUM_CODES: usize = ToolErrorCode::ALL.len();
/// Latency buckets: four per doubling, from 2^6 ns (64 ns) to 2^34 ns (17 s).
const NUM_BUCKETS: usize = 4 * 28;

/// Counts of one worker since it last added up.
#[derive(Clone)]
pub struct Delta {
    /// Messages handled.
    pub steps: u64,
    /// Episodes that terminated.
    pub terminated: u64,
    /// Episodes that were truncated.
    pub truncated: u64,
    /// Episodes whose answer was right.
    pub correct: u64,
    /// Episodes ended by an infrastructure fault.
    pub infra_faults: u64,
    /// Panics caught.
    pub panics: u64,
    /// Calls by tool kind.
    pub calls: [u64; NUM_TOOLS],
    /// Mistakes by code.
    pub errors: [u64; NUM_CODES],
    /// Latency histogram by tool kind, empty unless latencies are measured.
    pub latency: Vec<[u64; NUM_BUCKETS]>,
}

impl Delta {
    /// All zero; with room for latencies if `measure_latency`.
    pub fn new(measure_latency: bool) -> Self {
        Self {
            steps: 0,
            terminated: 0,
            truncated: 0,
            correct: 0,
            infra_faults: 0,
            panics: 0,
            calls: [0; NUM_TOOLS],
            errors: [0; NUM_CODES],
            latency: if measure_latency {
                vec![[0; NUM_BUCKETS]; NUM_TOOLS]
            } else {
                Vec::new()
            },
        }
    }

    /// Counts one latency.
    pub fn record_latency(&mut self, kind: ToolKind, nanos: u64) {
        if let Some(histogram) = self.latency.get_mut(kind as usize) {
            histogram[bucket(nanos)] += 1;
        }
    }
}

fn bucket(nanos: u64) -> usize {
    let nanos = nanos.max(64);
    let exponent = 63 - nanos.leading_zeros() as usize;
    let quarter = ((nanos >> (exponent - 2)) & 3) as usize;
    ((exponent - 6) * 4 + quarter).min(NUM_BUCKETS - 1)
}

/// Upper bound of a bucket in nanoseconds.
fn bucket_bound(index: usize) -> u64 {
    let exponent = index / 4 + 6;
    let quarter = (index % 4) as u64;
    (1 << exponent) + (quarter + 1) * (1 << (exponent - 2))
}

/// The counters. See [`Snapshot`] for their meaning.
#[derive(Default)]
pub struct Stats {
    scalars: [AtomicU64; 6],
    calls: [AtomicU64; NUM_TOOLS],
    errors: [AtomicU64; NUM_CODES],
    latency: std::sync::Mutex<Vec<[u64; NUM_BUCKETS]>>,
}

impl Stats {
    /// Adds a worker's counts.
    pub fn add(&self, delta: &Delta) {
        let scalars = [
            delta.steps,
            delta.terminated,
            delta.truncated,
            delta.correct,
            delta.infra_faults,
            delta.panics,
        ];
        for (total, n) in self.scalars.iter().zip(scalars) {
            total.fetch_add(n, Relaxed);
        }
        for (total, n) in self.calls.iter().zip(delta.calls) {
            total.fetch_add(n, Relaxed);
        }
        for (total, n) in self.errors.iter().zip(delta.errors) {
            if n > 0 {
                total.fetch_add(n, Relaxed);
            }
        }
        if !delta.latency.is_empty() {
            let mut latency = self
                .latency
                .lock()
                .unwrap_or_else(std::sync::PoisonError::into_inner);
            latency.resize(NUM_TOOLS, [0; NUM_BUCKETS]);
            for (total, part) in latency.iter_mut().zip(&delta.latency) {
                for (t, p) in total.iter_mut().zip(part) {
                    *t += p;
                }
            }
        }
    }

    /// The counts so far.
    pub fn snapshot(&self) -> Snapshot {
        let load = |a: &AtomicU64| a.load(Relaxed);
        let latency = self
            .latency
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        Snapshot {
            steps: load(&self.scalars[0]),
            terminated: load(&self.scalars[1]),
            truncated: load(&self.scalars[2]),
            correct: load(&self.scalars[3]),
            infra_faults: load(&self.scalars[4]),
            panics: load(&self.scalars[5]),
            tools: ToolKind::ALL
                .into_iter()
                .map(|kind| {
                    let histogram = latency.get(kind as usize);
                    ToolStats {
                        kind,
                        calls: load(&self.calls[kind as usize]),
                        p50_ns: histogram.and_then(|h| percentile(h, 0.50)),
                        p99_ns: histogram.and_then(|h| percentile(h, 0.99)),
                    }
                })
                .collect(),
            errors: ToolErrorCode::ALL
                .iter()
                .map(|&code| (code, load(&self.errors[code as usize])))
                .filter(|&(_, n)| n > 0)
                .collect(),
        }
    }
}

fn percentile(histogram: &[u64; NUM_BUCKETS], q: f64) -> Option<u64> {
    let total: u64 = histogram.iter().sum();
    if total == 0 {
        return None;
    }
    let wanted = (total as f64 * q).ceil() as u64;
    let mut seen = 0;
    for (i, n) in histogram.iter().enumerate() {
        seen += n;
        if seen >= wanted {
            return Some(bucket_bound(i));
        }
    }
    None
}

/// Counts at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snapshot {
    /// Messages handled.
    pub steps: u64,
    /// Episodes that terminated (an answer was submitted).
    pub terminated: u64,
    /// Episodes that were truncated, whatever the reason.
    pub truncated: u64,
    /// Episodes whose answer was right.
    pub correct: u64,
    /// Episodes ended by an infrastructure fault, panics included.
    pub infra_faults: u64,
    /// Panics caught.
    pub panics: u64,
    /// By tool.
    pub tools: Vec<ToolStats>,
    /// Mistakes of the policy by code; only codes that occurred.
    pub errors: Vec<(ToolErrorCode, u64)>,
}

/// Counts of one tool.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ToolStats {
    /// The tool.
    pub kind: ToolKind,
    /// Calls that ran.
    pub calls: u64,
    /// Median latency in nanoseconds (upper bound of its bucket, at most 25 % high); `None` if not measured.
    pub p50_ns: Option<u64>,
    /// 99th percentile, likewise.
    pub p99_ns: Option<u64>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_grow_with_latency_and_bound_it() {
        let mut last = 0;
        for nanos in [
            0,
            63,
            64,
            79,
            80,
            100,
            1_000,
            50_000,
            1_000_000,
            20_000_000_000,
        ] {
            let b = bucket(nanos);
            assert!(b >= last);
            last = b;
            if (64..17_000_000_000).contains(&nanos) {
                assert!(
                    bucket_bound(b) > nanos && bucket_bound(b) <= nanos + nanos / 2,
                    "{nanos}"
                );
            }
        }
    }

    #[test]
    fn percentiles_come_from_counts() {
        let mut delta = Delta::new(true);
        for _ in 0..98 {
            delta.record_latency(ToolKind::SqlQuery, 1_000);
        }
        delta.record_latency(ToolKind::SqlQuery, 1_000_000);
        delta.record_latency(ToolKind::SqlQuery, 1_000_000);
        let stats = Stats::default();
        stats.add(&delta);
        let sql = &stats.snapshot().tools[ToolKind::SqlQuery as usize];
        assert!(sql.p50_ns.is_some_and(|ns| (1_000..1_300).contains(&ns)));
        assert!(sql.p99_ns.is_some_and(|ns| ns >= 1_000_000));
    }
}
