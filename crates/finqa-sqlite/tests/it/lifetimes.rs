//! What is dropped is freed. Each test runs in a process of its own, so that others do not disturb the numbers.

use std::process::Command;
use std::sync::Arc;

use finqa_core::sql::QueryLimits;
use finqa_core::sql::SqlBackend;
use finqa_core::{Company, Table, Value};
use finqa_sqlite::{BackendConfig, SqliteBackend, thread_heap_bytes};

use crate::support::{backend, company, query, resident_bytes};

const CHILD: &str = "FINQA_SQLITE_LIFETIMES_CHILD";

/// Runs the calling test again in a child process; true in the child.
fn in_child(name: &str) -> bool {
    if std::env::var_os(CHILD).is_some() {
        return true;
    }
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", &format!("lifetimes::{name}"), "--nocapture"])
        .env(CHILD, "1")
        .output()
        .unwrap();
    let printed = String::from_utf8_lossy(&output.stdout);
    eprintln!("{printed}");
    assert!(
        output.status.success() && printed.contains("1 passed"),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    false
}

fn numbered(n: usize) -> Arc<Company> {
    let cells = (0..200)
        .map(|i| Value::text(format!("company {n} cell {i} with some words")))
        .collect();
    let columns = vec!["a".to_owned(), "b".to_owned()];
    let tables = (0..3)
        .map(|t| Table::new("c", format!("t{t}"), columns.clone(), Vec::clone(&cells)).unwrap())
        .collect();
    Arc::new(Company {
        name: format!("company_{n}"),
        tables,
    })
}

fn grown_mib(before: Option<u64>) -> u64 {
    let Some((after, before)) = resident_bytes().zip(before) else {
        return 0;
    };
    after.saturating_sub(before) >> 20
}

#[test]
fn opening_and_dropping_1000_backends_does_not_grow() {
    if !in_child("opening_and_dropping_1000_backends_does_not_grow") {
        return;
    }
    let round = |n: usize| {
        let backend = SqliteBackend::new(BackendConfig::default()).unwrap();
        for c in 0..3 {
            query(&backend, &numbered(n * 3 + c), "SELECT a FROM t1 LIMIT 3").unwrap();
        }
    };
    (0..50).for_each(round);
    SqliteBackend::release_dropped();
    let (heap, resident) = (thread_heap_bytes(), resident_bytes());
    (50..1050).for_each(round);
    SqliteBackend::release_dropped();
    assert_eq!(thread_heap_bytes(), heap, "bytes of SQLite's heap");
    let grown = grown_mib(resident);
    println!("1000 backends: {grown} MiB more resident");
    assert!(grown < 16, "{grown} MiB");
}

#[test]
fn streaming_5000_companies_stays_bounded() {
    if !in_child("streaming_5000_companies_stays_bounded") {
        return;
    }
    let config = BackendConfig {
        max_connections_per_thread: 64,
        image_cache_bytes: 8 << 20,
        result_cache_bytes: 4 << 20,
        ..BackendConfig::default()
    };
    let backend = SqliteBackend::new(config).unwrap();
    let visit = |n: usize| {
        let sql = "SELECT a FROM t2 WHERE b LIKE '%cell 7 %' OR a LIKE '%cell 8 %'";
        let result = query(&backend, &numbered(n), sql).unwrap();
        assert_eq!(
            &*result.text,
            format!(
                r#"[{{"a":"company {n} cell 6 with some words"}},{{"a":"company {n} cell 8 with some words"}}]"#
            )
        );
    };
    (0..500).for_each(visit);
    let resident = resident_bytes();
    (500..5000).for_each(visit);
    let stats = backend.stats();
    assert!(stats.image_bytes <= 8 << 20, "{stats:?}");
    assert!(stats.connections_open <= 64, "{stats:?}");
    assert!(stats.result_bytes <= 4 << 20, "{stats:?}");
    let grown = grown_mib(resident);
    println!("4500 companies: {grown} MiB more resident; {stats:?}");
    assert!(grown < 32, "{grown} MiB");
}

#[test]
fn threads_close_their_connections_when_they_end() {
    if !in_child("threads_close_their_connections_when_they_end") {
        return;
    }
    let backend = backend();
    let companies: Vec<_> = (0..10).map(numbered).collect();
    for _ in 0..20 {
        std::thread::scope(|scope| {
            scope
                .spawn(|| {
                    for company in &companies {
                        query(&backend, company, "SELECT a FROM t0 LIMIT 1").unwrap();
                    }
                    assert_eq!(backend.stats().connections_open, 10);
                })
                .join()
                .unwrap();
        });
    }
    assert_eq!(backend.stats().connections_open, 0);
    assert_eq!(backend.stats().images_built, 10);
}

#[test]
fn the_process_keeps_no_more_connections_than_it_may() {
    if !in_child("the_process_keeps_no_more_connections_than_it_may") {
        return;
    }
    let config = BackendConfig {
        max_connections: 5,
        result_cache_bytes: 0,
        ..BackendConfig::default()
    };
    let backend = SqliteBackend::new(config).unwrap();
    let companies: Vec<_> = (0..12).map(numbered).collect();
    for _ in 0..3 {
        for company in &companies {
            query(&backend, company, "SELECT a FROM t0 LIMIT 1").unwrap();
        }
    }
    assert_eq!(backend.stats().connections_open, 5);
}

#[test]
fn an_evicted_image_lives_as_long_as_its_connection() {
    let config = BackendConfig {
        image_cache_bytes: 1,
        result_cache_bytes: 0,
        ..BackendConfig::default()
    };
    let backend = SqliteBackend::new(config).unwrap();
    let (a, b) = (
        company("a", &["x"], &[&["1"]]),
        company("b", &["x"], &[&["2"]]),
    );
    for _ in 0..5 {
        assert_eq!(
            &*query(&backend, &a, "SELECT x FROM t").unwrap().text,
            r#"[{"x":"1"}]"#
        );
        assert_eq!(
            &*query(&backend, &b, "SELECT x FROM t").unwrap().text,
            r#"[{"x":"2"}]"#
        );
    }
    let stats = backend.stats();
    assert_eq!(
        (
            stats.images_cached,
            stats.images_built,
            stats.connections_opened
        ),
        (0, 2, 2)
    );
}

#[test]
fn a_table_that_sql_cannot_hold_is_an_infrastructure_fault_with_its_name() {
    let table = Table::new("c", "sqlite_mine", vec!["a".into()], vec![]).unwrap();
    let company = Arc::new(Company {
        name: "c".into(),
        tables: vec![table],
    });
    let backend = backend();
    let fault = backend
        .query(&company, "SELECT 1", &QueryLimits::default())
        .unwrap_err();
    assert_eq!(fault.kind, "infra_backend");
    assert!(fault.message.contains("sqlite_mine"), "{}", fault.message);
    assert!(backend.prepare_company(&company).is_err());
}
