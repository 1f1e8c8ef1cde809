//! How the SQLite inside this crate was compiled.

use rusqlite::Connection;

use crate::ffi;

/// The compile options of this crate's SQLite, sorted, without their `SQLITE_` prefix (`"THREADSAFE=2"`).
///
/// # Errors
/// [`finqa_core::Error::Backend`] if SQLite cannot be started.
pub fn build_options() -> finqa_core::Result<Vec<String>> {
    ffi::start().map_err(finqa_core::Error::Backend)?;
    let read = || -> rusqlite::Result<Vec<String>> {
        let connection = Connection::open_in_memory()?;
        let mut statement = connection.prepare("PRAGMA compile_options")?;
        statement.query_map([], |row| row.get(0))?.collect()
    };
    let mut options = read().map_err(|error| finqa_core::Error::Backend(error.to_string()))?;
    options.sort_unstable();
    Ok(options)
}

/// What must be compiled in, and why.
const WANTED: [(&str, &str); 7] = [
    (
        "THREADSAFE=2",
        "otherwise threads wait for each other in every query",
    ),
    (
        "DEFAULT_MEMSTATUS=0",
        "otherwise each allocation takes a global lock",
    ),
    (
        "MAX_ATTACHED=0",
        "otherwise ATTACH is kept out by fewer layers",
    ),
    (
        "OMIT_LOAD_EXTENSION",
        "otherwise extensions are kept out by fewer layers",
    ),
    (
        "TEMP_STORE=3",
        "otherwise temporary results may be meant for files",
    ),
    (
        "ENABLE_MATH_FUNCTIONS",
        "otherwise ceil, floor and trunc are missing",
    ),
    (
        "OMIT_SHARED_CACHE",
        "otherwise a global lock is compiled in",
    ),
];

/// What must not be compiled in, and why.
const UNWANTED: [(&str, &str); 2] = [
    (
        "ENABLE_MEMORY_MANAGEMENT",
        "it makes all threads share one page cache and its lock",
    ),
    ("ENABLE_LOAD_EXTENSION", "it lets SQL load native code"),
];

/// Compares the compile options with what `.cargo/config.toml` asks for: one text per difference, none if all is well.
/// A build from another workspace does not see that file; it works, but slower and with fewer layers.
///
/// # Errors
/// [`finqa_core::Error::Backend`] if SQLite cannot be started.
pub fn check_build() -> finqa_core::Result<Vec<String>> {
    let options = build_options()?;
    let has = |name: &str| options.iter().any(|option| option == name);
    let missing = WANTED
        .iter()
        .filter(|(name, _)| !has(name))
        .map(|(name, why)| format!("SQLite was compiled without {name}: {why}"));
    let surplus = UNWANTED
        .iter()
        .filter(|(name, _)| has(name))
        .map(|(name, why)| format!("SQLite was compiled with {name}: {why}"));
    Ok(missing.chain(surplus).collect())
}

/// Live bytes of SQLite's heap that the calling thread allocated; for tests that look for leaks.
pub fn thread_heap_bytes() -> i64 {
    crate::meter::thread_heap_bytes()
}

/// What the last query of a thread used. A query that is answered from the result cache uses nothing and changes
/// nothing here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct CallUsage {
    /// Highest number of live heap bytes of the call.
    pub peak_bytes: i64,
    /// Bytes that the call allocated in all.
    pub total_bytes: i64,
    /// VM operations (counted in steps of 500) plus fuel.
    pub ops: u64,
}

/// What the last query of the calling thread used; for tests and for choosing limits.
pub fn last_call_usage() -> CallUsage {
    let usage = crate::meter::last_usage();
    CallUsage {
        peak_bytes: usage.peak_bytes,
        total_bytes: usage.total_bytes,
        ops: usage.ops,
    }
}
