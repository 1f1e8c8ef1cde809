//! Fixtures and measurements.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use finqa_core::sql::{QueryLimits, QueryOutcome, SqlBackend};
use finqa_core::{Company, Table, Value};
use finqa_sqlite::{BackendConfig, SqliteBackend};
use rusqlite::Connection;
use rusqlite::types::ValueRef;

/// A backend whose results are never cached, so that each call runs.
pub(crate) fn backend() -> SqliteBackend {
    SqliteBackend::new(BackendConfig {
        result_cache_bytes: 0,
        ..BackendConfig::default()
    })
    .unwrap()
}

/// Runs a query with the default limits.
pub(crate) fn query(backend: &SqliteBackend, company: &Arc<Company>, sql: &str) -> QueryOutcome {
    backend
        .query(company, sql, &QueryLimits::default())
        .unwrap()
}

/// A company with one table of texts.
pub(crate) fn company(name: &str, columns: &[&str], rows: &[&[&str]]) -> Arc<Company> {
    let cells = rows
        .iter()
        .flat_map(|row| row.iter().map(|&cell| Value::text(cell)))
        .collect();
    let columns = columns.iter().map(|&c| c.to_owned()).collect();
    let table = Table::new(name, "t", columns, cells).unwrap();
    Arc::new(Company {
        name: name.to_owned(),
        tables: vec![table],
    })
}

/// Splits the tables of a fixture in those of the company under test and those of another one.
pub(crate) fn fixture(path: &Path, foreign_prefix: &str) -> (Arc<Company>, Arc<Company>) {
    drop(backend()); // SQLite must be set up before the first plain connection.
    let connection = Connection::open_in_memory().unwrap();
    connection
        .execute_batch(&std::fs::read_to_string(path).unwrap())
        .unwrap();
    let mut list = connection
        .prepare("SELECT name FROM sqlite_schema WHERE type='table' ORDER BY rowid")
        .unwrap();
    let names: Vec<String> = list
        .query_map([], |row| row.get(0))
        .unwrap()
        .map(Result::unwrap)
        .collect();
    let (mut own, mut foreign) = (Vec::new(), Vec::new());
    for name in names {
        let mut statement = connection
            .prepare(&format!("SELECT * FROM \"{name}\""))
            .unwrap();
        let columns: Vec<String> = statement.column_names().map(str::to_owned).collect();
        let mut cells = Vec::new();
        let mut rows = statement.query([]).unwrap();
        while let Some(row) = rows.next().unwrap() {
            for index in 0..columns.len() {
                cells.push(match row.get_ref(index).unwrap() {
                    ValueRef::Null => Value::Null,
                    ValueRef::Integer(i) => Value::Integer(i),
                    ValueRef::Real(r) => Value::Real(r),
                    ValueRef::Text(t) => Value::text(std::str::from_utf8(t).unwrap()),
                    ValueRef::Blob(_) => panic!("fixtures hold no blobs"),
                });
            }
        }
        let table = Table::new("fixture", &*name, columns, cells).unwrap();
        if name.starts_with(foreign_prefix) {
            foreign.push(table);
        } else {
            own.push(table);
        }
    }
    (
        Arc::new(Company {
            name: "own".into(),
            tables: own,
        }),
        Arc::new(Company {
            name: "foreign".into(),
            tables: foreign,
        }),
    )
}

/// The folder with shared test data, or `None` with a printed reason.
pub(crate) fn shared() -> Option<PathBuf> {
    let folder = std::env::var_os("FINQA_SHARED").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared"),
        PathBuf::from,
    );
    if folder.is_dir() {
        return Some(folder);
    }
    println!(
        "SKIPPED: no shared data; set FINQA_SHARED or put it beside the repository as `shared`"
    );
    None
}

/// The project's own test data.
pub(crate) fn data(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/data")
        .join(name)
}

/// CPU seconds of this thread; `None` where the system does not tell.
pub(crate) fn thread_cpu_s() -> Option<f64> {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    let nanoseconds: f64 = text.split_ascii_whitespace().next()?.parse().ok()?;
    Some(nanoseconds / 1e9)
}

/// Resident bytes of this process; `None` where the system does not tell.
pub(crate) fn resident_bytes() -> Option<u64> {
    let text = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = text.lines().find(|line| line.starts_with("VmRSS:"))?;
    let kib: u64 = line.split_ascii_whitespace().nth(1)?.parse().ok()?;
    Some(kib * 1024)
}
