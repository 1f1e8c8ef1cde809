//! [`SqliteBackend`]: where a query goes through.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use finqa_core::sql::{InfraError, QueryLimits, QueryOutcome, SqlBackend};
use finqa_core::{Company, Error, ToolError};
use rustc_hash::FxHashMap;

use crate::connection::{EpisodeConnection, open_connections};
use crate::image::{CompanySlot, ImageCache};
use crate::lex::{Statements, statements};
use crate::pool::{self, Life};
use crate::result_cache::{Key, ResultCache};
use crate::run::{Run, run};
use crate::{explain, ffi};

/// Sizes of caches and pools. None of them can change a result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BackendConfig {
    /// Connections that one thread keeps open, about 90 KB each; at least 1.
    pub max_connections_per_thread: usize,
    /// Connections that all threads together keep open, in the whole process. A thread that needs one when there are
    /// so many closes one of its own first; each thread may have one in any case.
    pub max_connections: usize,
    /// Bytes of company images that are kept; images in use by connections live on beyond it.
    pub image_cache_bytes: usize,
    /// Bytes of query results that are kept; 0 switches the cache off.
    pub result_cache_bytes: usize,
    /// The wall guard for infrastructure faults, per call; `None` switches it off. Not a budget: those are counted.
    pub query_timeout: Option<Duration>,
}

impl Default for BackendConfig {
    fn default() -> Self {
        Self {
            max_connections_per_thread: 512,
            max_connections: 4096,
            image_cache_bytes: 512 << 20,
            result_cache_bytes: 256 << 20,
            query_timeout: Some(Duration::from_secs(2)),
        }
    }
}

/// Counters of a backend since it was made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct BackendStats {
    /// Queries answered from the result cache.
    pub result_hits: u64,
    /// Queries that were not in the result cache.
    pub result_misses: u64,
    /// Results in the cache.
    pub result_entries: usize,
    /// Bytes of the results in the cache, with their keys and book-keeping.
    pub result_bytes: usize,
    /// Images built, counting again those that were evicted and came back.
    pub images_built: u64,
    /// Images in the cache.
    pub images_cached: usize,
    /// Bytes of the images in the cache.
    pub image_bytes: usize,
    /// Connections opened.
    pub connections_opened: u64,
    /// Connections open now in the whole process, of this and other backends.
    pub connections_open: usize,
    /// Queries decided on a fresh connection because they came close to the memory cap.
    pub memory_reruns: u64,
    /// Queries that ended as an infrastructure fault.
    pub infra_errors: u64,
}

/// Runs queries of episodes on SQLite, each company in a read-only database of its own.
///
/// ```
/// use std::sync::Arc;
/// use finqa_core::sql::{QueryLimits, SqlBackend};
/// use finqa_core::{Company, Table, Value};
/// use finqa_sqlite::{BackendConfig, SqliteBackend};
///
/// let table = Table::new(
///     "acme",
///     "income",
///     vec!["item".into(), "2023".into()],
///     vec![Value::text("Revenue"), Value::text("$ 1,699.7")],
/// )?;
/// let acme = Arc::new(Company { name: "acme".into(), tables: vec![table] });
/// let backend = SqliteBackend::new(BackendConfig::default())?;
///
/// let sql = r#"SELECT "2023" FROM income WHERE item = 'Revenue'"#;
/// let result = backend.query(&acme, sql, &QueryLimits::default()).unwrap().unwrap();
/// assert_eq!(&*result.text, r#"[{"2023":"$ 1,699.7"}]"#);
///
/// let error = backend.query(&acme, "DROP TABLE income", &QueryLimits::default()).unwrap().unwrap_err();
/// assert_eq!(error.code.name(), "sql_not_readonly");
/// # Ok::<(), finqa_core::Error>(())
/// ```
#[derive(Debug)]
pub struct SqliteBackend {
    config: BackendConfig,
    life: Arc<Life>,
    companies: Mutex<Companies>,
    images: ImageCache,
    results: ResultCache,
    connections_opened: AtomicU64,
    memory_reruns: AtomicU64,
    infra_errors: AtomicU64,
}

#[derive(Debug, Default)]
struct Companies {
    slots: FxHashMap<usize, Arc<CompanySlot>>,
    /// Number of slots at which those of dropped companies are removed.
    sweep_at: usize,
}

/// Ids of backends and companies, never given twice in a process.
fn next_id() -> u64 {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    NEXT.fetch_add(1, Ordering::Relaxed)
}

fn backend_error(message: String) -> InfraError {
    InfraError {
        kind: "infra_backend",
        message,
    }
}

impl SqliteBackend {
    /// Makes a backend; images are built when a company is first asked for.
    ///
    /// # Errors
    /// [`Error::Backend`] if this crate's SQLite was already initialised by somebody else in the process, so that its
    /// memory cannot be counted.
    pub fn new(config: BackendConfig) -> finqa_core::Result<Self> {
        ffi::start().map_err(Error::Backend)?;
        Ok(Self {
            images: ImageCache::new(config.image_cache_bytes),
            results: ResultCache::new(config.result_cache_bytes),
            config,
            life: Arc::new(Life { backend: next_id() }),
            companies: Mutex::default(),
            connections_opened: AtomicU64::new(0),
            memory_reruns: AtomicU64::new(0),
            infra_errors: AtomicU64::new(0),
        })
    }

    /// Counters since the start.
    pub fn stats(&self) -> BackendStats {
        let results = self.results.counts();
        let images = self.images.counts();
        BackendStats {
            result_hits: results.hits,
            result_misses: results.misses,
            result_entries: results.entries,
            result_bytes: results.bytes,
            images_built: images.built,
            images_cached: images.cached,
            image_bytes: images.bytes,
            connections_opened: self.connections_opened.load(Ordering::Relaxed),
            connections_open: open_connections(),
            memory_reruns: self.memory_reruns.load(Ordering::Relaxed),
            infra_errors: self.infra_errors.load(Ordering::Relaxed),
        }
    }

    /// Builds the image of `company` now, so that its first query does not pay for it.
    ///
    /// # Errors
    /// [`Error::Backend`] if a table cannot become an SQL table (a reserved name, more than 2,000 columns); the text
    /// names it.
    pub fn prepare_company(&self, company: &Arc<Company>) -> finqa_core::Result<()> {
        let slot = self.slot(company);
        self.images
            .get(&slot, company)
            .map(drop)
            .map_err(Error::Backend)
    }

    /// Closes the calling thread's connections of backends that were dropped. Happens by itself at the thread's next
    /// query and when it ends; threads that may do neither for long can call it.
    pub fn release_dropped() {
        pool::release_dropped();
    }

    fn slot(&self, company: &Arc<Company>) -> Arc<CompanySlot> {
        pool::slot(&self.life, company, || {
            let mut companies = self
                .companies
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            let Companies { slots, sweep_at } = &mut *companies;
            if slots.len() >= *sweep_at {
                slots.retain(|_, slot| !slot.is_orphaned());
                *sweep_at = slots.len() * 2 + 64;
            }
            let slot = slots
                .entry(Arc::as_ptr(company).addr())
                .or_insert_with(|| Arc::new(CompanySlot::new(next_id(), company)));
            Arc::clone(slot)
        })
    }

    fn open(
        &self,
        slot: &Arc<CompanySlot>,
        company: &Company,
    ) -> Result<EpisodeConnection, InfraError> {
        let image = self.images.get(slot, company).map_err(backend_error)?;
        pool::make_room(self.config.max_connections_per_thread, || {
            open_connections() >= self.config.max_connections
        });
        self.connections_opened.fetch_add(1, Ordering::Relaxed);
        EpisodeConnection::open(image).map_err(|error| {
            backend_error(format!(
                "company {:?}: opening its database: {error}",
                company.name
            ))
        })
    }

    fn run_on(
        &self,
        connection: &EpisodeConnection,
        company: &Company,
        sql: &str,
        limits: &QueryLimits,
    ) -> Result<Run, InfraError> {
        let connection = connection.with_limits(limits).map_err(|error| {
            backend_error(format!(
                "company {:?}: setting limits: {error}",
                company.name
            ))
        })?;
        let deadline = self
            .config
            .query_timeout
            .and_then(|t| Instant::now().checked_add(t));
        Ok(run(connection, company, sql, limits, deadline))
    }

    fn run_query(
        &self,
        slot: &Arc<CompanySlot>,
        company: &Company,
        sql: &str,
        limits: &QueryLimits,
    ) -> Result<QueryOutcome, InfraError> {
        let mut connection = match pool::take(&self.life, slot) {
            Some(connection) => connection,
            None => self.open(slot, company)?,
        };
        let mut done = self.run_on(&connection, company, sql, limits)?;
        if done.depends_on_history && !connection.is_fresh {
            // Whether the call fits must not depend on the calls before it.
            self.memory_reruns.fetch_add(1, Ordering::Relaxed);
            drop(connection);
            connection = self.open(slot, company)?;
            done = self.run_on(&connection, company, sql, limits)?;
        }
        if !done.spoiled {
            connection.is_fresh = false;
            pool::put(&self.life, slot, connection);
        }
        done.outcome
    }
}

impl SqlBackend for SqliteBackend {
    fn query(
        &self,
        company: &Arc<Company>,
        sql: &str,
        limits: &QueryLimits,
    ) -> Result<QueryOutcome, InfraError> {
        let refused = |error: ToolError| Ok(Err(Arc::new(error)));
        if sql.len() > limits.max_sql_bytes as usize {
            return refused(explain::too_long(sql, limits));
        }
        if memchr::memchr(0, sql.as_bytes()).is_some() {
            return refused(explain::nul());
        }
        let statement = match statements(sql) {
            Statements::One(statement) => statement,
            Statements::None => return refused(explain::empty()),
            Statements::Several => return refused(explain::several()),
        };
        let slot = self.slot(company);
        let key = Key {
            company: slot.id,
            limits,
            sql: statement,
        };
        if let Some(outcome) = self.results.get(key) {
            return Ok(outcome);
        }
        let outcome = self.run_query(&slot, company, statement, limits);
        match &outcome {
            Ok(outcome) => self.results.put(key, outcome),
            Err(_) => {
                self.infra_errors.fetch_add(1, Ordering::Relaxed);
            }
        }
        outcome
    }

    fn version(&self) -> String {
        format!("SQLite {}", rusqlite::version())
    }
}
