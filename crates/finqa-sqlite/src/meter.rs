//! What the running call of this thread has used: operations, fuel, heap bytes.
//!
//! The counters are thread-local cells without destructors, so that SQLite's allocator may use them at any time, also
//! while a thread ends. A connection never leaves its thread, so the cells need no synchronisation.

use std::cell::Cell;
use std::time::Instant;

/// VM operations between two calls of the progress handler; the grain of the operation budget.
pub(crate) const OPS_PER_TICK: u32 = 500;

/// The wall guard reads the clock on every n-th tick only: a clock read costs as much as a short query's step.
const TICKS_PER_CLOCK_READ: u32 = 64;

/// What a call may use.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Allowance {
    /// VM operations plus fuel.
    pub(crate) max_ops: u64,
    /// Bytes allocated and not yet freed by this call.
    pub(crate) max_live_bytes: i64,
    /// Bytes allocated by this call in all, freed or not: bounds copying, which costs no operations.
    pub(crate) max_total_bytes: i64,
    /// The wall guard, for infrastructure faults only.
    pub(crate) deadline: Option<Instant>,
}

/// What a call has used.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Usage {
    /// Highest number of live bytes.
    pub(crate) peak_bytes: i64,
    /// Bytes allocated in all.
    pub(crate) total_bytes: i64,
    /// VM operations (in ticks of [`OPS_PER_TICK`]) plus fuel.
    pub(crate) ops: u64,
    /// An allocation was refused.
    pub(crate) out_of_memory: bool,
    /// The operation budget was used up.
    pub(crate) out_of_ops: bool,
    /// The wall guard struck.
    pub(crate) timed_out: bool,
}

struct Meter {
    /// Live bytes of everything this thread allocated, counted always.
    heap: Cell<i64>,
    armed: Cell<bool>,
    live: Cell<i64>,
    peak: Cell<i64>,
    total: Cell<i64>,
    max_live: Cell<i64>,
    max_total: Cell<i64>,
    out_of_memory: Cell<bool>,
    ticks: Cell<u32>,
    fuel: Cell<u64>,
    max_ops: Cell<u64>,
    out_of_ops: Cell<bool>,
    deadline: Cell<Option<Instant>>,
    timed_out: Cell<bool>,
}

thread_local! {
    static METER: Meter = const {
        Meter {
            heap: Cell::new(0),
            armed: Cell::new(false),
            live: Cell::new(0),
            peak: Cell::new(0),
            total: Cell::new(0),
            max_live: Cell::new(i64::MAX),
            max_total: Cell::new(i64::MAX),
            out_of_memory: Cell::new(false),
            ticks: Cell::new(0),
            fuel: Cell::new(0),
            max_ops: Cell::new(u64::MAX),
            out_of_ops: Cell::new(false),
            deadline: Cell::new(None),
            timed_out: Cell::new(false),
        }
    };
}

/// Arms the meter until it is dropped, also by a panic.
pub(crate) struct Metered(());

impl Metered {
    /// Starts counting from zero against `allowance`.
    pub(crate) fn start(allowance: &Allowance) -> Self {
        METER.with(|m| {
            m.live.set(0);
            m.peak.set(0);
            m.total.set(0);
            m.max_live.set(allowance.max_live_bytes);
            m.max_total.set(allowance.max_total_bytes);
            m.out_of_memory.set(false);
            m.deadline.set(allowance.deadline);
            m.timed_out.set(false);
            m.armed.set(true);
        });
        let metered = Self(());
        metered.restart_ops(allowance.max_ops);
        metered
    }

    /// Counts operations from zero again, up to `max_ops`: before every run of a statement.
    #[expect(
        clippy::unused_self,
        reason = "only an armed meter has operations to restart"
    )]
    pub(crate) fn restart_ops(&self, max_ops: u64) {
        METER.with(|m| {
            m.max_ops.set(max_ops);
            m.ticks.set(0);
            m.fuel.set(0);
            m.out_of_ops.set(false);
        });
    }

    /// What was used since the start.
    #[expect(clippy::unused_self, reason = "only an armed meter has a usage")]
    pub(crate) fn usage(&self) -> Usage {
        METER.with(usage)
    }
}

fn usage(m: &Meter) -> Usage {
    Usage {
        peak_bytes: m.peak.get(),
        total_bytes: m.total.get(),
        ops: used_ops(m),
        out_of_memory: m.out_of_memory.get(),
        out_of_ops: m.out_of_ops.get(),
        timed_out: m.timed_out.get(),
    }
}

/// What the last call of this thread used.
pub(crate) fn last_usage() -> Usage {
    METER.with(usage)
}

impl Drop for Metered {
    fn drop(&mut self) {
        METER.with(|m| {
            m.armed.set(false);
            m.deadline.set(None);
        });
    }
}

fn used_ops(m: &Meter) -> u64 {
    u64::from(m.ticks.get())
        .saturating_mul(u64::from(OPS_PER_TICK))
        .saturating_add(m.fuel.get())
}

/// Called by SQLite every [`OPS_PER_TICK`] operations; true stops the statement. Never panics: rusqlite would read
/// a panic as "go on".
pub(crate) fn tick() -> bool {
    METER.with(|m| {
        if !m.armed.get() {
            return false;
        }
        let ticks = m.ticks.get().saturating_add(1);
        m.ticks.set(ticks);
        if used_ops(m) >= m.max_ops.get() {
            m.out_of_ops.set(true);
            return true;
        }
        if ticks.is_multiple_of(TICKS_PER_CLOCK_READ)
            && let Some(deadline) = m.deadline.get()
            && Instant::now() >= deadline
        {
            m.timed_out.set(true);
            return true;
        }
        false
    })
}

/// Charges `units` of the operation budget for work inside one operation; false if the budget does not hold them.
pub(crate) fn burn(units: u64) -> bool {
    METER.with(|m| {
        if !m.armed.get() {
            return true;
        }
        m.fuel.set(m.fuel.get().saturating_add(units));
        let within = used_ops(m) < m.max_ops.get();
        if !within {
            m.out_of_ops.set(true);
        }
        within
    })
}

/// Accounts for an allocation of `bytes`; false if the cap of the running call does not hold it.
pub(crate) fn allocate(bytes: i64) -> bool {
    METER.with(|m| {
        if !m.armed.get() {
            m.heap.set(m.heap.get().saturating_add(bytes));
            return true;
        }
        let live = m.live.get().saturating_add(bytes);
        let total = m.total.get().saturating_add(bytes);
        if live > m.max_live.get() || total > m.max_total.get() {
            m.out_of_memory.set(true);
            return false;
        }
        m.heap.set(m.heap.get().saturating_add(bytes));
        m.live.set(live);
        m.total.set(total);
        if live > m.peak.get() {
            m.peak.set(live);
        }
        true
    })
}

/// Accounts for `bytes` given back.
pub(crate) fn release(bytes: i64) {
    METER.with(|m| {
        m.heap.set(m.heap.get().saturating_sub(bytes));
        if m.armed.get() {
            m.live.set(m.live.get().saturating_sub(bytes));
        }
    });
}

/// Live bytes of SQLite's heap that this thread allocated. Connections stay on their thread, so it returns to its
/// earlier value when they are closed.
pub(crate) fn thread_heap_bytes() -> i64 {
    METER.with(|m| m.heap.get())
}

#[cfg(test)]
mod tests {
    use super::*;

    const SMALL: Allowance = Allowance {
        max_ops: 1_000,
        max_live_bytes: 100,
        max_total_bytes: 250,
        deadline: None,
    };

    #[test]
    fn live_bytes_are_capped_and_given_back() {
        let metered = Metered::start(&SMALL);
        assert!(allocate(100));
        assert!(!allocate(1));
        release(100);
        assert!(allocate(100));
        assert_eq!(metered.usage().peak_bytes, 100);
        assert!(metered.usage().out_of_memory);
    }

    #[test]
    fn total_bytes_are_capped_although_freed() {
        let _metered = Metered::start(&SMALL);
        for _ in 0..2 {
            assert!(allocate(100));
            release(100);
        }
        assert!(!allocate(100));
    }

    #[test]
    fn ticks_and_fuel_share_one_budget() {
        let metered = Metered::start(&SMALL);
        assert!(!tick());
        assert!(burn(499));
        assert!(!burn(1));
        assert!(metered.usage().out_of_ops);
        metered.restart_ops(1_000);
        assert!(!tick());
        assert!(tick());
    }

    #[test]
    fn nothing_is_counted_outside_a_call() {
        drop(Metered::start(&SMALL));
        assert!(allocate(1 << 40));
        assert!(burn(u64::MAX));
        assert!(!tick());
    }
}
