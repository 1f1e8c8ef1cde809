//! A connection for episodes: read-only, sandboxed, on one thread.

use std::cell::Cell;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use finqa_core::sql::QueryLimits;
use rusqlite::Connection;
use rusqlite::config::DbConfig;
use rusqlite::limits::Limit;

use crate::authorizer;
use crate::ffi::{self, SharedConnection};
use crate::image::Image;
use crate::meter;

/// A number of connections and the process that it is about, in one word: a forked child inherits the memory of the
/// count but not the threads that hold the connections, so that it would never fall again.
#[derive(Debug)]
struct OpenCount(AtomicU64);

impl OpenCount {
    fn split(word: u64) -> (u32, u32) {
        ((word >> 32) as u32, word as u32)
    }

    fn get(&self, process: u32) -> usize {
        let (owner, count) = Self::split(self.0.load(Ordering::Relaxed));
        if owner == process { count as usize } else { 0 }
    }

    /// Counts a connection that `process` opened; what another process counted is forgotten.
    fn add(&self, process: u32) {
        self.update(|owner, count| (process, if owner == process { count + 1 } else { 1 }));
    }

    /// Takes a connection off that `process` opened; one of another process is not in the count.
    fn remove(&self, process: u32) {
        self.update(|owner, count| (owner, count - u32::from(owner == process && count > 0)));
    }

    fn update(&self, change: impl Fn(u32, u32) -> (u32, u32)) {
        let mut word = self.0.load(Ordering::Relaxed);
        loop {
            let (owner, count) = Self::split(word);
            let (owner, count) = change(owner, count);
            let next = u64::from(owner) << 32 | u64::from(count);
            match self
                .0
                .compare_exchange_weak(word, next, Ordering::Relaxed, Ordering::Relaxed)
            {
                Ok(_) => return,
                Err(seen) => word = seen,
            }
        }
    }
}

/// Episode connections open in this process.
static OPEN: OpenCount = OpenCount(AtomicU64::new(0));

/// Open episode connections of all backends and threads. After a fork, only those that the child opened.
pub(crate) fn open_connections() -> usize {
    OPEN.get(std::process::id())
}

/// Limits that no setting of a corpus changes. `SQLITE_LIMIT_COLUMN`, `_LENGTH` and `_SQL_LENGTH` are set apart.
const FIXED_LIMITS: [(Limit, i32); 11] = [
    (Limit::SQLITE_LIMIT_EXPR_DEPTH, 100),
    (Limit::SQLITE_LIMIT_COMPOUND_SELECT, 16),
    (Limit::SQLITE_LIMIT_VDBE_OP, 20_000),
    (Limit::SQLITE_LIMIT_FUNCTION_ARG, 16),
    (Limit::SQLITE_LIMIT_ATTACHED, 0),
    (Limit::SQLITE_LIMIT_LIKE_PATTERN_LENGTH, 100),
    (Limit::SQLITE_LIMIT_VARIABLE_NUMBER, 0),
    (Limit::SQLITE_LIMIT_TRIGGER_DEPTH, 0),
    (Limit::SQLITE_LIMIT_WORKER_THREADS, 0),
    (Limit::SQLITE_LIMIT_PARSER_DEPTH, 200),
    (Limit::SQLITE_LIMIT_TRIGGER_STEPS, 0),
];

/// Result and table columns that are always allowed.
const MIN_COLUMNS: usize = 64;

const SETTINGS: [(DbConfig, bool); 11] = [
    (DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true),
    (DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false),
    (DbConfig::SQLITE_DBCONFIG_ENABLE_TRIGGER, false),
    (DbConfig::SQLITE_DBCONFIG_ENABLE_VIEW, false),
    (DbConfig::SQLITE_DBCONFIG_ENABLE_ATTACH_CREATE, false),
    (DbConfig::SQLITE_DBCONFIG_ENABLE_ATTACH_WRITE, false),
    (DbConfig::SQLITE_DBCONFIG_DQS_DDL, false),
    (DbConfig::SQLITE_DBCONFIG_DQS_DML, false),
    (DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true),
    (DbConfig::SQLITE_DBCONFIG_WRITABLE_SCHEMA, false),
    (DbConfig::SQLITE_DBCONFIG_ENABLE_FTS3_TOKENIZER, false),
];

/// An open connection to one image.
#[derive(Debug)]
pub(crate) struct EpisodeConnection {
    shared: SharedConnection,
    /// The process that opened it.
    process: u32,
    /// `max_value_bytes` and `max_sql_bytes` as they are set now.
    sizes: Cell<(u32, u32)>,
    /// No query has run on it yet.
    pub(crate) is_fresh: bool,
}

impl EpisodeConnection {
    /// Opens `image`. The order matters: pragmas before the authorizer, limits after the schema was read.
    pub(crate) fn open(image: Arc<Image>) -> rusqlite::Result<Self> {
        let image_bytes = image.bytes().len();
        let columns = MIN_COLUMNS.max(image.widest_table());
        let mut shared = ffi::open_shared(image)?;
        let connection = shared.connection();
        // With mmap the pages are read where they lie; temporary results stay in (counted) memory.
        connection.execute_batch(&format!(
            "PRAGMA mmap_size={image_bytes}; PRAGMA temp_store=2; PRAGMA cache_size=16; \
             PRAGMA threads=0; PRAGMA query_only=1"
        ))?;
        for (setting, value) in SETTINGS {
            connection.set_db_config(setting, value)?;
        }
        connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| {
            row.get::<_, i64>(0)
        })?;
        for (limit, value) in FIXED_LIMITS {
            connection.set_limit(limit, value)?;
        }
        connection.set_limit(Limit::SQLITE_LIMIT_COLUMN, columns as i32)?;
        shared.set_hooks(authorizer::authorize, meter::OPS_PER_TICK, meter::tick)?;
        let process = std::process::id();
        OPEN.add(process);
        Ok(Self {
            shared,
            process,
            sizes: Cell::new((0, 0)),
            is_fresh: true,
        })
    }

    /// The connection with the sizes of `limits`.
    pub(crate) fn with_limits(&self, limits: &QueryLimits) -> rusqlite::Result<&Connection> {
        let connection = self.shared.connection();
        let sizes = (limits.max_value_bytes, limits.max_sql_bytes);
        if self.sizes.get() != sizes {
            let clamp = |value: u32| i32::try_from(value).unwrap_or(i32::MAX);
            connection.set_limit(Limit::SQLITE_LIMIT_LENGTH, clamp(sizes.0))?;
            connection.set_limit(Limit::SQLITE_LIMIT_SQL_LENGTH, clamp(sizes.1))?;
            self.sizes.set(sizes);
        }
        Ok(connection)
    }
}

impl Drop for EpisodeConnection {
    fn drop(&mut self) {
        OPEN.remove(self.process);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_forked_child_counts_its_own_connections_only() {
        let (parent, child) = (10, 11);
        let count = OpenCount(AtomicU64::new(0));
        (0..3).for_each(|_| count.add(parent));
        count.remove(parent);
        assert_eq!(count.get(parent), 2);
        // From here on as in a copy of the parent's memory.
        assert_eq!(count.get(child), 0);
        count.remove(parent);
        count.add(child);
        count.remove(parent);
        assert_eq!(
            count.get(child),
            1,
            "an inherited connection was not counted"
        );
        count.remove(child);
        count.remove(child);
        assert_eq!(count.get(child), 0);
    }
}
