//! Prints how long queries take that are not in the result cache: `cargo run --release --example query_rate`.
#![expect(clippy::print_stdout, reason = "an example that prints its result")]

use std::sync::Arc;
use std::time::Instant;

use finqa_core::sql::{QueryLimits, SqlBackend};
use finqa_core::{Company, Table, Value};
use finqa_sqlite::{BackendConfig, SqliteBackend};

const TABLES: usize = 33;
const ROWS: usize = 12;
const ROUNDS: usize = 20_000;
const COMPANIES: usize = 400;

const QUERIES: [(&str, &str); 6] = [
    (
        "where =",
        r#"SELECT item, "2023" FROM t7 WHERE item = 'Line 4'"#,
    ),
    (
        "like",
        r#"SELECT item, "2022" FROM t7 WHERE item LIKE '%line 1%' LIMIT 5"#,
    ),
    ("12 rows", r#"SELECT item, "2022", "2023" FROM t7"#),
    (
        "cleaned sum",
        r#"SELECT SUM(CAST(REPLACE(REPLACE("2023", '$', ''), ',', '') AS REAL)) AS s FROM t7"#,
    ),
    (
        "join",
        r#"SELECT a.item, b."2023" FROM t7 a JOIN t8 b ON a.item = b.item WHERE a."2022" LIKE '%7%'"#,
    ),
    ("syntax error", "SELEC item FROM t7"),
];

fn company(number: usize) -> finqa_core::Result<Arc<Company>> {
    let columns: Vec<String> = ["item", "2019", "2020", "2021", "2022", "2023", "note"]
        .map(str::to_owned)
        .to_vec();
    let tables = (0..TABLES)
        .map(|t| {
            let cells = (0..ROWS).flat_map(|row| {
                let mut cells = vec![Value::text(format!("Line {row}"))];
                cells.extend(
                    (0..5).map(|year| Value::text(format!("$ {},{:03}.{year}", row + 1, t * 17))),
                );
                cells.push(Value::Null);
                cells
            });
            Table::new("c", format!("t{t}"), columns.clone(), cells.collect())
        })
        .collect::<finqa_core::Result<Vec<_>>>()?;
    Ok(Arc::new(Company {
        name: format!("company {number}"),
        tables,
    }))
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let limits = QueryLimits::default();
    let fault = |error: finqa_core::sql::InfraError| error.message;
    let uncached = SqliteBackend::new(BackendConfig {
        result_cache_bytes: 0,
        ..BackendConfig::default()
    })?;
    let acme = company(0)?;
    for (name, sql) in QUERIES {
        let _warm = uncached.query(&acme, sql, &limits).map_err(fault)?;
        let start = Instant::now();
        for _ in 0..ROUNDS {
            let _outcome = uncached.query(&acme, sql, &limits).map_err(fault)?;
        }
        println!(
            "{name:<14} {:>7.2} us",
            start.elapsed().as_secs_f64() * 1e6 / ROUNDS as f64
        );
    }
    let cached = SqliteBackend::new(BackendConfig::default())?;
    let (_, sql) = QUERIES[2];
    let _warm = cached.query(&acme, sql, &limits).map_err(fault)?;
    let start = Instant::now();
    for _ in 0..ROUNDS {
        let _outcome = cached.query(&acme, sql, &limits).map_err(fault)?;
    }
    println!(
        "{:<14} {:>7.2} us",
        "cached result",
        start.elapsed().as_secs_f64() * 1e6 / ROUNDS as f64
    );
    let companies = (0..COMPANIES)
        .map(company)
        .collect::<finqa_core::Result<Vec<_>>>()?;
    let each =
        |name: &str, work: &dyn Fn(&Arc<Company>) -> Result<(), String>| -> Result<(), String> {
            let start = Instant::now();
            companies.iter().try_for_each(work)?;
            println!(
                "{name:<14} {:>7.1} us",
                start.elapsed().as_secs_f64() * 1e6 / COMPANIES as f64
            );
            Ok(())
        };
    each("build image", &|c| {
        uncached.prepare_company(c).map_err(|e| e.to_string())
    })?;
    each("first query", &|c| {
        uncached.query(c, sql, &limits).map(drop).map_err(fault)
    })?;
    each("second query", &|c| {
        uncached.query(c, sql, &limits).map(drop).map_err(fault)
    })?;
    Ok(())
}
