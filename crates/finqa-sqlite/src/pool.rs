//! The connections of a thread. They are never moved to another one and end with it.

use std::cell::RefCell;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Weak};

use finqa_core::Company;
use rustc_hash::FxHashMap;

use crate::connection::EpisodeConnection;
use crate::image::CompanySlot;

/// Counts backends that were dropped; a thread that sees it change lets go of their connections.
static DROPPED_BACKENDS: AtomicU64 = AtomicU64::new(0);

/// Slots that a thread remembers before it forgets them all; they are quickly found again.
const MAX_SLOTS: usize = 1024;

/// Connections to companies that are gone are looked for on every n-th insertion of a new one.
const OPENS_PER_SWEEP: u32 = 64;

/// The life of a backend, shared with the pools of all threads.
#[derive(Debug)]
pub(crate) struct Life {
    pub(crate) backend: u64,
}

impl Drop for Life {
    fn drop(&mut self) {
        DROPPED_BACKENDS.fetch_add(1, Ordering::Release);
    }
}

#[derive(Debug)]
struct Pooled {
    connection: EpisodeConnection,
    life: Weak<Life>,
    slot: Arc<CompanySlot>,
    used_at: u64,
}

#[derive(Debug, Default)]
struct Pool {
    connections: FxHashMap<(u64, u64), Pooled>,
    slots: FxHashMap<(u64, usize), Arc<CompanySlot>>,
    clock: u64,
    opens: u32,
    dropped_seen: u64,
}

thread_local! {
    static POOL: RefCell<Pool> = RefCell::default();
}

impl Pool {
    fn sweep_backends(&mut self) {
        let dropped = DROPPED_BACKENDS.load(Ordering::Acquire);
        if dropped != self.dropped_seen {
            self.dropped_seen = dropped;
            self.connections
                .retain(|_, pooled| pooled.life.strong_count() > 0);
            self.slots.clear();
        }
    }

    fn evict_oldest(&mut self) -> bool {
        let oldest = self
            .connections
            .iter()
            .min_by_key(|(_, p)| p.used_at)
            .map(|(key, _)| *key);
        oldest.is_some_and(|key| self.connections.remove(&key).is_some())
    }
}

/// The slot of `company` if this thread has seen it before, else the one that `find` gives.
pub(crate) fn slot(
    life: &Arc<Life>,
    company: &Arc<Company>,
    find: impl FnOnce() -> Arc<CompanySlot>,
) -> Arc<CompanySlot> {
    POOL.with(|pool| {
        let mut pool = pool.borrow_mut();
        pool.sweep_backends();
        let key = (life.backend, Arc::as_ptr(company).addr());
        if let Some(slot) = pool.slots.get(&key) {
            return Arc::clone(slot);
        }
        let slot = find();
        if pool.slots.len() >= MAX_SLOTS {
            pool.slots.clear();
        }
        pool.slots.insert(key, Arc::clone(&slot));
        slot
    })
}

/// Takes this thread's connection to a company out of the pool; a query that panics so loses it.
pub(crate) fn take(life: &Arc<Life>, slot: &Arc<CompanySlot>) -> Option<EpisodeConnection> {
    POOL.with(|pool| {
        let pooled = pool
            .borrow_mut()
            .connections
            .remove(&(life.backend, slot.id))?;
        Some(pooled.connection)
    })
}

/// Makes room before a connection is opened: `max_per_thread` in this thread, and one out for one in when the process
/// has `is_full`.
pub(crate) fn make_room(max_per_thread: usize, is_full: impl Fn() -> bool) {
    POOL.with(|pool| {
        let mut pool = pool.borrow_mut();
        pool.opens = pool.opens.wrapping_add(1);
        if pool.opens.is_multiple_of(OPENS_PER_SWEEP) {
            pool.connections
                .retain(|_, pooled| !pooled.slot.is_orphaned());
        }
        while pool.connections.len() >= max_per_thread.max(1) || is_full() {
            if !pool.evict_oldest() {
                break;
            }
        }
    });
}

/// Puts a connection (back) into the pool.
pub(crate) fn put(life: &Arc<Life>, slot: &Arc<CompanySlot>, connection: EpisodeConnection) {
    POOL.with(|pool| {
        let mut pool = pool.borrow_mut();
        pool.clock += 1;
        let pooled = Pooled {
            connection,
            life: Arc::downgrade(life),
            slot: Arc::clone(slot),
            used_at: pool.clock,
        };
        pool.connections.insert((life.backend, slot.id), pooled);
    });
}

/// Closes this thread's connections of dropped backends now instead of at its next query.
pub(crate) fn release_dropped() {
    POOL.with(|pool| pool.borrow_mut().sweep_backends());
}
