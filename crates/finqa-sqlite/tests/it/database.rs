//! Reading a user's own SQLite file.

use finqa_core::Value;
use finqa_sqlite::{ReadDatabaseError, read_database};
use rusqlite::Connection;

use crate::support::backend;

fn write(path: &std::path::Path, sql: &str) {
    drop(backend());
    Connection::open(path).unwrap().execute_batch(sql).unwrap();
}

#[test]
fn tables_and_views_of_any_schema_are_read_with_their_types() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("my filings?#%.sqlite");
    write(
        &path,
        "CREATE TABLE facts(id INTEGER PRIMARY KEY, tag TEXT NOT NULL, amount REAL, raw BLOB) STRICT;
         INSERT INTO facts VALUES (1,'Revenue',12.5,x'6162'), (2,'Ratio',9e999,x'00ff'), (3,'Loss',-9e999,NULL);
         CREATE TABLE \"odd name\"(\"a b\", \"c\"\"d\") ;
         INSERT INTO \"odd name\" VALUES (1, 'x'), ('y', 2.5);
         CREATE TABLE no_rowid(k TEXT PRIMARY KEY, v) WITHOUT ROWID;
         INSERT INTO no_rowid VALUES ('k', NULL);
         CREATE VIEW big AS SELECT tag FROM facts WHERE amount > 10;
         CREATE VIEW broken AS SELECT absent FROM facts;
         CREATE VIEW endless AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n) SELECT max(i) AS m FROM n;
         CREATE VIEW twins(x, X2) AS SELECT 1, 2;
         CREATE TABLE accents(é TEXT, É TEXT);",
    );
    let bytes = std::fs::read(&path).unwrap();
    let import = read_database(&path).unwrap();
    assert_eq!(import.company.name, "my filings?#%");
    let names: Vec<&str> = import
        .company
        .tables
        .iter()
        .map(|t| t.name.as_str())
        .collect();
    assert_eq!(names, ["facts", "odd name", "no_rowid", "big", "twins"]);
    let facts = import.company.table("facts").unwrap();
    assert_eq!(
        facts.rows,
        [
            Value::Integer(1),
            Value::text("Revenue"),
            Value::Real(12.5),
            Value::text("ab"),
            Value::Integer(2),
            Value::text("Ratio"),
            Value::text("Infinity"),
            Value::text("00ff"),
            Value::Integer(3),
            Value::text("Loss"),
            Value::text("-Infinity"),
            Value::Null,
        ]
    );
    assert_eq!(
        import.company.table("odd name").unwrap().columns,
        ["a b", "c\"d"]
    );
    let refused: Vec<(&str, &str)> = import
        .refused
        .iter()
        .map(|r| (r.name.as_str(), r.reason.as_str()))
        .collect();
    assert_eq!(refused.len(), 3, "{refused:?}");
    assert!(
        refused[0].0 == "broken" && refused[0].1.contains("no such column: absent"),
        "{refused:?}"
    );
    assert!(
        refused[1].0 == "endless" && refused[1].1.contains("operations"),
        "{refused:?}"
    );
    assert!(
        refused[2].0 == "accents" && refused[2].1.contains("repeats"),
        "{refused:?}"
    );
    assert_eq!(std::fs::read(&path).unwrap(), bytes, "the file was changed");
    assert_eq!(
        std::fs::read_dir(folder.path()).unwrap().count(),
        1,
        "files were made"
    );
}

#[test]
fn changes_in_a_write_ahead_log_are_seen() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("live.db");
    drop(backend());
    let writer = Connection::open(&path).unwrap();
    writer
        .execute_batch(
            "PRAGMA journal_mode=WAL; CREATE TABLE t(a); INSERT INTO t VALUES ('in the log')",
        )
        .unwrap();
    let import = read_database(&path).unwrap();
    assert_eq!(
        import.company.table("t").unwrap().rows,
        [Value::text("in the log")]
    );
}

#[test]
fn the_insides_of_a_full_text_index_are_left_out() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("index.db");
    // As FTS5 leaves it; our SQLite is built without it.
    write(
        &path,
        "CREATE TABLE pages_data(id INTEGER PRIMARY KEY, block BLOB);
         CREATE TABLE pages_config(k PRIMARY KEY, v) WITHOUT ROWID;
         CREATE TABLE web_data(a);
         PRAGMA writable_schema = ON;
         INSERT INTO sqlite_schema VALUES ('table','pages','pages',0,'CREATE VIRTUAL TABLE pages USING fts5(body)');",
    );
    let import = read_database(&path).unwrap();
    let names: Vec<&str> = import
        .company
        .tables
        .iter()
        .map(|t| t.name.as_str())
        .collect();
    assert_eq!(names, ["web_data"]);
    assert_eq!(import.refused.len(), 3);
}

#[test]
fn what_is_no_database_is_an_error_that_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("table.csv");
    std::fs::write(&path, "item,2023\nRevenue,5\n").unwrap();
    let error = read_database(&path).unwrap_err();
    assert!(matches!(error, ReadDatabaseError::NotADatabase { .. }));
    assert!(error.to_string().contains("item,2023"), "{error}");
    std::fs::write(&path, "").unwrap();
    assert!(
        read_database(&path)
            .unwrap_err()
            .to_string()
            .contains("empty")
    );
    std::fs::write(&path, [&b"SQLite format 3\0"[..], &[7; 5000]].concat()).unwrap();
    assert!(matches!(
        read_database(&path),
        Err(ReadDatabaseError::Database { .. })
    ));
    let missing = read_database(&folder.path().join("missing.db")).unwrap_err();
    assert!(matches!(missing, ReadDatabaseError::Io { .. }), "{missing}");
}
