//! Outcomes of queries by exact text, shared by all threads and bounded by bytes.
//!
//! Calls are pure, so that neither a hit nor an eviction can change a result. Errors are kept too.

use std::collections::VecDeque;
use std::hash::{BuildHasher, Hash, Hasher};
use std::mem::size_of;
use std::sync::{Mutex, PoisonError};

use finqa_core::sql::{QueryLimits, QueryOutcome};
use rustc_hash::{FxBuildHasher, FxHashMap};

const SHARDS: usize = 256;

/// Book-keeping of one entry beside its texts: key, map slot, queue slot, counts of the shared outcome.
const ENTRY_OVERHEAD: usize = size_of::<Entry>() + 96;

#[derive(Debug)]
struct Entry {
    company: u64,
    limits: QueryLimits,
    sql: Box<str>,
    outcome: QueryOutcome,
    /// Asked for since the clock hand passed.
    recent: bool,
    bytes: usize,
}

#[derive(Debug, Default)]
struct Shard {
    entries: FxHashMap<u64, Entry>,
    /// The clock: keys in order of insertion, asked-for ones get a second round.
    queue: VecDeque<u64>,
    bytes: usize,
    hits: u64,
    misses: u64,
}

/// Counters over all shards.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct ResultCounts {
    pub(crate) hits: u64,
    pub(crate) misses: u64,
    pub(crate) entries: usize,
    pub(crate) bytes: usize,
}

/// The cache. A size of 0 switches it off; it then counts misses only.
#[derive(Debug)]
pub(crate) struct ResultCache {
    shards: Box<[Mutex<Shard>]>,
    max_shard_bytes: usize,
}

/// A query as the cache knows it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Key<'a> {
    pub(crate) company: u64,
    pub(crate) limits: &'a QueryLimits,
    pub(crate) sql: &'a str,
}

impl Key<'_> {
    fn hash(&self) -> u64 {
        let mut hasher = FxBuildHasher.build_hasher();
        self.company.hash(&mut hasher);
        self.limits.hash(&mut hasher);
        self.sql.hash(&mut hasher);
        hasher.finish()
    }

    fn is(&self, entry: &Entry) -> bool {
        entry.company == self.company && *entry.sql == *self.sql && entry.limits == *self.limits
    }
}

fn outcome_bytes(outcome: &QueryOutcome) -> usize {
    match outcome {
        Ok(result) => result.text.len(),
        Err(error) => error.message.len(),
    }
}

impl ResultCache {
    pub(crate) fn new(max_bytes: usize) -> Self {
        Self {
            shards: (0..SHARDS).map(|_| Mutex::default()).collect(),
            max_shard_bytes: max_bytes / SHARDS,
        }
    }

    fn shard(&self, hash: u64) -> std::sync::MutexGuard<'_, Shard> {
        // The low bits choose the slot inside the shard's map.
        let index = (hash >> 48) as usize % SHARDS;
        self.shards[index]
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// The outcome of the same query, if it is kept.
    pub(crate) fn get(&self, key: Key<'_>) -> Option<QueryOutcome> {
        let hash = key.hash();
        let mut shard = self.shard(hash);
        if let Some(entry) = shard.entries.get_mut(&hash).filter(|entry| key.is(entry)) {
            entry.recent = true;
            let outcome = entry.outcome.clone();
            shard.hits += 1;
            return Some(outcome);
        }
        shard.misses += 1;
        None
    }

    /// Keeps an outcome. One of another query with the same hash gives way.
    pub(crate) fn put(&self, key: Key<'_>, outcome: &QueryOutcome) {
        let bytes = key.sql.len() + outcome_bytes(outcome) + ENTRY_OVERHEAD;
        if bytes > self.max_shard_bytes {
            return;
        }
        let hash = key.hash();
        let entry = Entry {
            company: key.company,
            limits: key.limits.clone(),
            sql: key.sql.into(),
            outcome: outcome.clone(),
            recent: false,
            bytes,
        };
        let mut shard = self.shard(hash);
        shard.bytes += bytes;
        match shard.entries.insert(hash, entry) {
            Some(old) => shard.bytes -= old.bytes,
            None => shard.queue.push_back(hash),
        }
        while shard.bytes > self.max_shard_bytes {
            let Some(candidate) = shard.queue.pop_front() else {
                break;
            };
            match shard.entries.get_mut(&candidate) {
                Some(entry) if entry.recent => {
                    entry.recent = false;
                    shard.queue.push_back(candidate);
                }
                _ => {
                    if let Some(entry) = shard.entries.remove(&candidate) {
                        shard.bytes -= entry.bytes;
                    }
                }
            }
        }
    }

    pub(crate) fn counts(&self) -> ResultCounts {
        let mut counts = ResultCounts::default();
        for shard in &self.shards {
            let shard = shard.lock().unwrap_or_else(PoisonError::into_inner);
            counts.hits += shard.hits;
            counts.misses += shard.misses;
            counts.entries += shard.entries.len();
            counts.bytes += shard.bytes;
        }
        counts
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use finqa_core::{ToolError, ToolErrorCode};
    use std::sync::Arc;

    fn outcome(text: &str) -> QueryOutcome {
        Err(Arc::new(ToolError::new(ToolErrorCode::SqlSyntax, text)))
    }

    #[test]
    fn the_key_is_company_limits_and_exact_text() {
        let cache = ResultCache::new(1 << 20);
        let limits = QueryLimits::default();
        let other = QueryLimits {
            max_rows: 1,
            ..QueryLimits::default()
        };
        let key = Key {
            company: 1,
            limits: &limits,
            sql: "SELECT 1",
        };
        cache.put(key, &outcome("a"));
        assert_eq!(cache.get(key), Some(outcome("a")));
        assert!(cache.get(Key { company: 2, ..key }).is_none());
        assert!(
            cache
                .get(Key {
                    limits: &other,
                    ..key
                })
                .is_none()
        );
        assert!(
            cache
                .get(Key {
                    sql: "select 1",
                    ..key
                })
                .is_none()
        );
        assert_eq!((cache.counts().hits, cache.counts().misses), (1, 3));
    }

    #[test]
    fn bytes_are_bounded() {
        let max_bytes = 512 * 1024;
        let cache = ResultCache::new(max_bytes);
        let limits = QueryLimits::default();
        for n in 0..20_000 {
            let sql = format!("SELECT {n}");
            cache.put(
                Key {
                    company: 1,
                    limits: &limits,
                    sql: &sql,
                },
                &outcome(&"x".repeat(100)),
            );
        }
        let counts = cache.counts();
        assert!(counts.bytes <= max_bytes, "{counts:?}");
        assert!(counts.entries > 500, "{counts:?}");
    }

    #[test]
    fn size_zero_keeps_nothing() {
        let cache = ResultCache::new(0);
        let key = Key {
            company: 1,
            limits: &QueryLimits::default(),
            sql: "SELECT 1",
        };
        cache.put(key, &outcome("a"));
        assert!(cache.get(key).is_none());
    }
}
