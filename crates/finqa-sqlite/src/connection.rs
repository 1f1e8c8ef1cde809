//! A connection for episodes: read-only, sandboxed, on one thread.

use std::cell::Cell;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use finqa_core::sql::QueryLimits;
use rusqlite::Connection;
use rusqlite::config::DbConfig;
use rusqlite::limits::Limit;

use crate::authorizer;
use crate::ffi::{self, SharedConnection};
use crate::image::Image;
use crate::meter;

/// Episode connections open in this process.
static OPEN: AtomicUsize = AtomicUsize::new(0);

/// Open episode connections of all backends and threads.
pub(crate) fn open_connections() -> usize {
    OPEN.load(Ordering::Relaxed)
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
        OPEN.fetch_add(1, Ordering::Relaxed);
        Ok(Self {
            shared,
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
        OPEN.fetch_sub(1, Ordering::Relaxed);
    }
}
