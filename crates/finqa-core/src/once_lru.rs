//! A bounded cache whose entries are made once, outside its locks, however many threads ask at the same time.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use rustc_hash::FxHashMap;

/// Parts with a lock of their own; keys that follow each other lie in different ones.
const MAX_SHARDS: usize = 8;

/// The values of the keys that were asked for last.
///
/// A value is made under its entry's own lock: others who ask for it wait, everybody else goes on. Whoever asks for a
/// key that was dropped makes it again, so a cache like this may hold only what is a function of its key.
///
/// ```
/// use finqa_core::once_lru::OnceLru;
///
/// let squares = OnceLru::new(100);
/// let nine: Result<u64, String> = squares.get_or_make(3, || Ok(3 * 3));
/// assert_eq!(nine, Ok(9));
/// assert_eq!(squares.get(3), Some(9));
/// ```
pub struct OnceLru<V> {
    shards: Box<[Mutex<Shard<V>>]>,
    max_entries_per_shard: usize,
}

struct Shard<V> {
    entries: FxHashMap<u32, (Arc<Entry<V>>, u64)>,
    /// Time of last use to key.
    order: BTreeMap<u64, u32>,
    clock: u64,
}

struct Entry<V> {
    value: OnceLock<V>,
    /// Held while the value is made: `OnceLock` alone cannot make a value that may fail.
    making: Mutex<()>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Nothing that can panic runs under a shard's lock, and a maker's panic leaves its entry empty.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<V: Clone> OnceLru<V> {
    /// A cache of about `max_entries` entries, at least 1. Entries that are being made count, but are never dropped,
    /// so that there may be as many more as threads.
    pub fn new(max_entries: usize) -> Self {
        let num_shards = max_entries.clamp(1, MAX_SHARDS);
        let shard = || Shard {
            entries: FxHashMap::default(),
            order: BTreeMap::new(),
            clock: 0,
        };
        Self {
            shards: (0..num_shards).map(|_| Mutex::new(shard())).collect(),
            max_entries_per_shard: max_entries.div_ceil(num_shards).max(1),
        }
    }

    fn shard(&self, key: u32) -> MutexGuard<'_, Shard<V>> {
        lock(&self.shards[key as usize % self.shards.len()])
    }

    /// The value of `key` if it is there; its time of use does not change.
    pub fn get(&self, key: u32) -> Option<V> {
        let shard = self.shard(key);
        shard.entries.get(&key)?.0.value.get().cloned()
    }

    /// The value of `key`, made by `make` if it is not there. Two threads never make it at the same time.
    ///
    /// # Errors
    /// Whatever `make` returns; the next one who asks tries again.
    pub fn get_or_make<E>(&self, key: u32, make: impl FnOnce() -> Result<V, E>) -> Result<V, E> {
        let entry = self.shard(key).entry(key, self.max_entries_per_shard);
        if let Some(value) = entry.value.get() {
            return Ok(value.clone());
        }
        let _making = lock(&entry.making);
        if let Some(value) = entry.value.get() {
            return Ok(value.clone());
        }
        let value = make()?;
        Ok(entry.value.get_or_init(|| value).clone())
    }

    /// Entries that are there or being made.
    pub fn len(&self) -> usize {
        self.shards.iter().map(|s| lock(s).entries.len()).sum()
    }

    /// Whether nothing was made yet.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl<V> Shard<V> {
    fn entry(&mut self, key: u32, max_entries: usize) -> Arc<Entry<V>> {
        self.clock += 1;
        let clock = self.clock;
        if let Some((entry, used_at)) = self.entries.get_mut(&key) {
            self.order.remove(used_at);
            *used_at = clock;
            self.order.insert(clock, key);
            return Arc::clone(entry);
        }
        let entry = Arc::new(Entry {
            value: OnceLock::new(),
            making: Mutex::new(()),
        });
        self.entries.insert(key, (Arc::clone(&entry), clock));
        self.order.insert(clock, key);
        while self.entries.len() > max_entries {
            // Somebody holds an entry only while it is read or made: then dropping it could have it made twice.
            let oldest_at_rest = self.order.iter().find(|(_, key)| {
                self.entries
                    .get(key)
                    .is_none_or(|(entry, _)| Arc::strong_count(entry) == 1)
            });
            let Some((&used_at, &oldest)) = oldest_at_rest else {
                break;
            };
            self.order.remove(&used_at);
            self.entries.remove(&oldest);
        }
        entry
    }
}

impl<V> fmt::Debug for OnceLru<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OnceLru")
            .field("shards", &self.shards.len())
            .field("max_entries_per_shard", &self.max_entries_per_shard)
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;
    use std::sync::Barrier;
    use std::sync::atomic::{AtomicU32, Ordering};
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_value_is_made_once_by_threads_that_ask_at_the_same_time() {
        let (cache, made, barrier) = (OnceLru::new(1), AtomicU32::new(0), Barrier::new(8));
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    barrier.wait();
                    let value = cache.get_or_make(7, || {
                        // Long enough that the others arrive while it is made.
                        std::thread::sleep(Duration::from_millis(20));
                        Ok::<_, Infallible>(made.fetch_add(1, Ordering::Relaxed))
                    });
                    assert_eq!(value, Ok(0));
                });
            }
        });
        assert_eq!(made.load(Ordering::Relaxed), 1);
    }

    #[test]
    fn two_values_are_made_at_the_same_time() {
        // Both makers wait for each other: with a lock around making this would never end.
        let (cache, barrier) = (OnceLru::new(1), Barrier::new(2));
        std::thread::scope(|scope| {
            for key in 0..2 {
                let (cache, barrier) = (&cache, &barrier);
                scope.spawn(move || {
                    cache.get_or_make(key, || {
                        barrier.wait();
                        Ok::<_, Infallible>(key)
                    })
                });
            }
        });
    }

    #[test]
    fn the_least_recently_used_goes_first_and_the_size_is_bounded() {
        let cache = OnceLru::new(16);
        let get = |key| cache.get_or_make(key, || Ok::<_, Infallible>(key));
        for key in 0..1000 {
            assert_eq!(get(key), Ok(key));
            assert_eq!(get(0), Ok(0));
            assert!(cache.len() <= 16);
        }
        assert_eq!(cache.get(0), Some(0));
        assert_eq!(cache.get(999), Some(999));
        assert_eq!(cache.get(500), None);
    }

    #[test]
    fn a_failure_is_not_kept() {
        let cache = OnceLru::new(4);
        assert_eq!(cache.get_or_make(1, || Err("no")), Err("no"));
        assert_eq!(cache.get(1), None);
        assert_eq!(cache.get_or_make(1, || Ok::<_, &str>(5)), Ok(5));
    }
}
