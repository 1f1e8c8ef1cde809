//! Queries through the SQLite backend on a warm connection: `fresh` runs every query (result cache off), `cached`
//! answers it from the result cache, `refused` is a statement that must not run.
//!
//! Run with `cargo bench -p finqa-benches --bench sql`.

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use finqa_core::sql::{QueryLimits, SqlBackend as _};
use finqa_sqlite::{BackendConfig, SqliteBackend};

fn sql(c: &mut Criterion) {
    let corpus = finqa_benches::corpus();
    let limits = QueryLimits::default();
    let task = corpus
        .stored()
        .expect("the corpus is stored")
        .tasks()
        .iter()
        .find(|task| {
            task.gold
                .as_ref()
                .is_some_and(|gold| !gold.queries.is_empty())
        })
        .expect("the corpus has gold programs");
    let gold = task.gold.as_ref().expect("it was chosen by it");
    let query = &gold.queries[0];
    let company = corpus
        .company_index(&query.company)
        .map(|i| &corpus.stored().expect("the corpus is stored").companies()[i])
        .expect("gold programs name companies of the corpus");
    let fresh = SqliteBackend::new(BackendConfig {
        result_cache_bytes: 0,
        ..BackendConfig::default()
    })
    .expect("SQLite starts");
    let cached = SqliteBackend::new(BackendConfig::default()).expect("SQLite starts");
    let drop = format!("DROP TABLE {}", query.table);
    let mut group = c.benchmark_group("sql");
    for (name, backend, sql) in [
        ("fresh", &fresh, query.sql.as_str()),
        ("cached", &cached, query.sql.as_str()),
        ("refused", &fresh, &drop),
    ] {
        group.bench_function(name, |b| {
            b.iter(|| backend.query(black_box(company), black_box(sql), &limits));
        });
    }
    group.finish();
}

criterion_group!(benches, sql);
criterion_main!(benches);
