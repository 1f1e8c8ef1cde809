//! Reading a user's own SQLite file.

use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use finqa_core::{Company, Table, Value};
use rusqlite::types::ValueRef;
use rusqlite::{Connection, OpenFlags};

use crate::ffi;
use crate::image::quoted;

/// The first bytes of every SQLite database.
const MAGIC: &[u8; 16] = b"SQLite format 3\0";

/// VM operations that a view may take; reading a table takes none of it.
const MAX_VIEW_TICKS: u32 = 100_000;
const OPS_PER_VIEW_TICK: i32 = 1000;

/// The tables of a database file.
#[derive(Clone, Debug)]
pub struct DatabaseImport {
    /// All tables and views that could be read, in the order of their creation; named after the file.
    pub company: Company,
    /// Those that could not, each with its reason.
    pub refused: Vec<RefusedTable>,
}

/// A table or view that was left out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefusedTable {
    /// Its name in the database.
    pub name: String,
    /// Why it was left out.
    pub reason: String,
}

/// Why a database file could not be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReadDatabaseError {
    /// The file cannot be opened or read.
    #[error("{path}: {source}", path = path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// The file is something else.
    #[error(
        "{path} is no SQLite database: it starts with {seen:?}, a database starts with \"SQLite format 3\"",
        path = path.display()
    )]
    NotADatabase {
        /// The file.
        path: PathBuf,
        /// Its first bytes.
        seen: String,
    },
    /// SQLite cannot read it (damaged, encrypted, or written by something newer).
    #[error("{path}: {reason}", path = path.display())]
    Database {
        /// The file.
        path: PathBuf,
        /// What SQLite said.
        reason: String,
    },
}

/// Reads all tables and views of the SQLite file `path`, of any schema, and changes nothing.
///
/// Integers, reals and texts keep their type. Blobs become text: as it stands if it is UTF-8, else hexadecimal.
/// Infinite numbers become the texts `"Infinity"` and `"-Infinity"`, since a [`Value`] is finite; SQLite itself stores
/// NaN as NULL. A table that cannot be part of a corpus is left out with its reason.
///
/// # Errors
/// [`ReadDatabaseError`] if the file cannot be read, is no database, or is damaged in its schema.
///
/// ```no_run
/// let import = finqa_sqlite::read_database("filings.sqlite".as_ref())?;
/// for table in &import.company.tables {
///     println!("{}: {} rows", table.name, table.num_rows());
/// }
/// # Ok::<(), finqa_sqlite::ReadDatabaseError>(())
/// ```
pub fn read_database(path: &Path) -> Result<DatabaseImport, ReadDatabaseError> {
    let failed = |reason: String| ReadDatabaseError::Database {
        path: path.to_owned(),
        reason,
    };
    ffi::start().map_err(failed)?;
    check_magic(path)?;
    let mut connection = open(path).map_err(|error| failed(error.to_string()))?;
    let names = table_names(&connection).map_err(|error| failed(error.to_string()))?;
    let virtuals: Vec<String> = names
        .iter()
        .filter(|listed| listed.kind == "virtual")
        .map(|listed| listed.name.to_lowercase())
        .collect();
    let company = path.file_stem().map_or_else(
        || "database".to_owned(),
        |stem| stem.to_string_lossy().into_owned(),
    );
    let mut tables: Vec<Table> = Vec::new();
    let mut refused = Vec::new();
    for Listed { name, kind } in names {
        let read = match kind.as_str() {
            "table" if is_shadow(&name, &virtuals) => {
                Err("it is part of a virtual table".to_owned())
            }
            "table" | "view" => {
                let max_ticks = (kind == "view").then_some(MAX_VIEW_TICKS);
                guard(&mut connection, max_ticks).map_err(|error| failed(error.to_string()))?;
                read_table(&connection, &company, &name)
            }
            "virtual" => Err("virtual tables are not read".to_owned()),
            other => Err(format!("it is a {other} table, part of a virtual one")),
        };
        match read {
            Ok(table) => tables.push(table),
            Err(reason) => refused.push(RefusedTable { name, reason }),
        }
    }
    Ok(DatabaseImport {
        company: Company {
            name: company,
            tables,
        },
        refused,
    })
}

fn check_magic(path: &Path) -> Result<(), ReadDatabaseError> {
    let io = |source| ReadDatabaseError::Io {
        path: path.to_owned(),
        source,
    };
    let mut head = Vec::new();
    File::open(path)
        .map_err(io)?
        .take(MAGIC.len() as u64)
        .read_to_end(&mut head)
        .map_err(io)?;
    if head == MAGIC {
        return Ok(());
    }
    let seen = if head.is_empty() {
        "(the file is empty)".to_owned()
    } else {
        String::from_utf8_lossy(&head).into_owned()
    };
    Err(ReadDatabaseError::NotADatabase {
        path: path.to_owned(),
        seen,
    })
}

/// Opens read-only. `immutable` takes no locks and makes no files beside the database, but would not see changes that
/// still wait in a journal: then a plain read-only connection is used.
fn open(path: &Path) -> rusqlite::Result<Connection> {
    let beside = |suffix: &str| {
        let mut name = path.as_os_str().to_owned();
        name.push(suffix);
        std::fs::metadata(name).is_ok_and(|found| found.len() > 0)
    };
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    if beside("-wal") || beside("-journal") {
        return Connection::open_with_flags(path, flags);
    }
    let Some(text) = path.to_str() else {
        return Connection::open_with_flags(path, flags);
    };
    let uri = format!("file:{}?immutable=1", percent_encoded(text));
    Connection::open_with_flags(uri, flags | OpenFlags::SQLITE_OPEN_URI)
}

fn percent_encoded(path: &str) -> String {
    use std::fmt::Write as _;
    let mut encoded = String::with_capacity(path.len());
    for byte in path.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'/' | b'.' | b'-' | b'_' | b'~') {
            encoded.push(char::from(byte));
        } else {
            let written = write!(encoded, "%{byte:02X}");
            debug_assert!(written.is_ok(), "a String takes every write");
        }
    }
    encoded
}

struct Listed {
    name: String,
    kind: String,
}

/// Whether a table holds the insides of a full-text or R*Tree index.
///
/// SQLite tells such tables apart only when it knows the module of the virtual table, and ours knows none. The endings
/// are those of FTS3, FTS4, FTS5 and R*Tree (<https://sqlite.org/vtab.html#shadow_tables>).
fn is_shadow(name: &str, virtuals: &[String]) -> bool {
    const ENDINGS: [&str; 11] = [
        "data", "idx", "content", "docsize", "config", "segments", "segdir", "stat", "node",
        "rowid", "parent",
    ];
    let name = name.to_lowercase();
    name.rsplit_once('_')
        .is_some_and(|(of, ending)| ENDINGS.contains(&ending) && virtuals.iter().any(|v| v == of))
}

fn table_names(connection: &Connection) -> rusqlite::Result<Vec<Listed>> {
    let mut statement = connection.prepare(
        "SELECT s.name, l.type FROM sqlite_schema AS s \
         JOIN pragma_table_list AS l ON l.name = s.name AND l.schema = 'main' \
         WHERE s.type IN ('table', 'view') AND s.name NOT LIKE 'sqlite\\_%' ESCAPE '\\' \
         ORDER BY s.rowid",
    )?;
    let listed = statement.query_map([], |row| {
        Ok(Listed {
            name: row.get(0)?,
            kind: row.get(1)?,
        })
    })?;
    listed.collect()
}

/// Stops a view that takes too long; `None` lifts the guard again.
fn guard(connection: &mut Connection, max_ticks: Option<u32>) -> rusqlite::Result<()> {
    let mut ticks = 0_u32;
    connection.progress_handler(
        OPS_PER_VIEW_TICK,
        max_ticks.map(|max| {
            move || {
                ticks = ticks.saturating_add(1);
                ticks > max
            }
        }),
    )
}

fn read_table(connection: &Connection, company: &str, name: &str) -> Result<Table, String> {
    let text = |error: rusqlite::Error| match error.sqlite_error_code() {
        Some(rusqlite::ErrorCode::OperationInterrupted) => format!(
            "the view takes more than {} operations",
            u64::from(MAX_VIEW_TICKS) * OPS_PER_VIEW_TICK as u64
        ),
        _ => error.to_string(),
    };
    let mut statement = connection
        .prepare(&format!("SELECT * FROM {}", quoted(name)))
        .map_err(text)?;
    let columns: Vec<String> = statement
        .column_names()
        .enumerate()
        .map(|(index, column)| {
            if column.is_empty() {
                format!("col_{index}")
            } else {
                column.to_owned()
            }
        })
        .collect();
    let width = columns.len();
    let mut rows = statement.raw_query();
    let mut cells = Vec::new();
    while let Some(row) = rows.next().map_err(text)? {
        for index in 0..width {
            cells.push(value(row.get_ref(index).map_err(text)?));
        }
    }
    Table::new(company, name, columns, cells).map_err(|error| error.to_string())
}

fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |nibble: u8| char::from(DIGITS[usize::from(nibble)]);
    bytes
        .iter()
        .flat_map(|byte| [digit(byte >> 4), digit(byte & 15)])
        .collect()
}

fn value(value: ValueRef<'_>) -> Value {
    match value {
        ValueRef::Null => Value::Null,
        ValueRef::Integer(i) => Value::Integer(i),
        ValueRef::Real(r) if r.is_finite() => Value::Real(r),
        ValueRef::Real(r) => Value::text(if r > 0.0 { "Infinity" } else { "-Infinity" }),
        ValueRef::Text(bytes) => Value::text(String::from_utf8_lossy(bytes)),
        ValueRef::Blob(bytes) => match std::str::from_utf8(bytes) {
            Ok(text) if !text.contains('\0') => Value::text(text),
            _ => Value::text(hex(bytes)),
        },
    }
}
