//! Catalogues of attacks and benign queries: the project's own and, where it is at hand, the shared one.

use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use finqa_core::Company;
use finqa_core::sql::{QueryLimits, QueryOutcome};
use finqa_sqlite::{SqliteBackend, last_call_usage};
use serde_json::Value as Json;

use crate::support::{backend, data, fixture, query, shared, thread_cpu_s};

/// Of a build that is not optimised throughout, on a core that may be shared.
const MAX_CPU_S: f64 = if cfg!(debug_assertions) { 0.300 } else { 0.100 };
const MAX_EXTRA_BYTES: i64 = 32 << 20;
const CHILD: &str = "FINQA_SQLITE_PRINT_OUTCOMES_OF";

struct Suite {
    own: Arc<Company>,
    cases: Vec<Json>,
    foreign_prefix: &'static str,
    canary: &'static str,
}

fn load(
    fixture_path: &Path,
    list: &Path,
    foreign_prefix: &'static str,
    canary: &'static str,
) -> Suite {
    let (own, foreign) = fixture(fixture_path, foreign_prefix);
    assert!(!own.tables.is_empty() && !foreign.tables.is_empty());
    let text = std::fs::read_to_string(list).unwrap();
    let cases = text
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    Suite {
        own,
        cases,
        foreign_prefix,
        canary,
    }
}

fn own_suite() -> Suite {
    load(
        &data("fixture.sql"),
        &data("attacks.jsonl"),
        "tidewater_",
        "CANARY-TIDEWATER-51",
    )
}

fn shared_suite() -> Option<Suite> {
    let folder = shared()?.join("attacks");
    Some(load(
        &folder.join("fixture.sql"),
        &folder.join("sql_attacks.jsonl"),
        "globex_",
        "CANARY-7F3A9-GLOBEX",
    ))
}

fn text(outcome: &QueryOutcome) -> String {
    match outcome {
        Ok(result) => format!(
            "{} {} {}",
            result.text, result.shown_rows, result.total_rows
        ),
        Err(error) => format!("{}: {}", error.code, error.message),
    }
}

/// All cells of all tables, by queries.
fn checksum(backend: &SqliteBackend, company: &Arc<Company>) -> String {
    let mut all = String::new();
    for table in &company.tables {
        let sql = format!("SELECT * FROM \"{}\"", table.name);
        write!(all, "{}", query(backend, company, &sql).unwrap().text).unwrap();
    }
    all
}

fn same_cell(a: &Json, b: &Json) -> bool {
    match (a.as_f64(), b.as_f64()) {
        (Some(a), Some(b)) => (a - b).abs() <= 1e-9 * a.abs().max(b.abs()),
        _ => a == b,
    }
}

fn same_row(a: &[Json], b: &[Json]) -> bool {
    a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same_cell(a, b))
}

fn check_ok(case: &Json, outcome: &QueryOutcome) -> Result<(), String> {
    let result = outcome.as_ref().map_err(|error| error.message.clone())?;
    let records: Vec<serde_json::Map<String, Json>> =
        serde_json::from_str(&result.text).map_err(|e| e.to_string())?;
    let mut rows: Vec<Vec<Json>> = Vec::new();
    for record in &records {
        let names: Vec<&str> = record.keys().map(String::as_str).collect();
        let wanted: Vec<&str> = case["columns"]
            .as_array()
            .unwrap()
            .iter()
            .map(|c| c.as_str().unwrap())
            .collect();
        if names != wanted {
            return Err(format!("columns {names:?}, expected {wanted:?}"));
        }
        rows.push(record.values().cloned().collect());
    }
    let mut expected: Vec<Vec<Json>> = case["rows"]
        .as_array()
        .unwrap()
        .iter()
        .map(|r| r.as_array().unwrap().clone())
        .collect();
    if result.total_rows as usize != expected.len() {
        return Err(format!(
            "{} rows, expected {}",
            result.total_rows,
            expected.len()
        ));
    }
    if case["row_order"] == "exact" {
        let same = rows.iter().zip(&expected).all(|(a, b)| same_row(a, b));
        return if same {
            Ok(())
        } else {
            Err(format!("{rows:?}, expected {expected:?}"))
        };
    }
    for row in &rows {
        let found = expected.iter().position(|wanted| same_row(row, wanted));
        let Some(index) = found else {
            return Err(format!("unexpected row {row:?}"));
        };
        expected.swap_remove(index);
    }
    Ok(())
}

fn check(suite: &Suite, backend: &SqliteBackend, case: &Json) -> Result<(), String> {
    let sql = case["sql"].as_str().unwrap();
    let cpu = thread_cpu_s();
    let outcome = query(backend, &suite.own, sql);
    let used_cpu = thread_cpu_s()
        .zip(cpu)
        .map_or(0.0, |(after, before)| after - before);
    let bytes = last_call_usage().peak_bytes;
    if used_cpu > MAX_CPU_S {
        return Err(format!("{used_cpu} s CPU"));
    }
    if bytes > MAX_EXTRA_BYTES {
        return Err(format!("{bytes} bytes of memory"));
    }
    if let Ok(result) = &outcome {
        let limits = QueryLimits::default();
        if result.text.len() > limits.max_result_bytes as usize
            || result.shown_rows > limits.max_rows
        {
            return Err("output caps".to_owned());
        }
        serde_json::from_str::<Json>(&result.text).map_err(|error| format!("JSON: {error}"))?;
    }
    let shown = text(&outcome);
    if shown.contains(suite.canary) {
        return Err(format!("canary: {shown}"));
    }
    match case["expect"].as_str().unwrap_or("ok") {
        "ok" => check_ok(case, &outcome),
        "reject" if outcome.is_ok() => Err(format!("not refused: {shown}")),
        "valid_output" if outcome.is_err() => Err(shown),
        "no_leak" if outcome.is_ok() && shown.contains(suite.foreign_prefix) => Err(shown),
        "deterministic" if text(&query(backend, &suite.own, sql)) != shown => {
            Err("another outcome when repeated".to_owned())
        }
        "reject" | "valid_output" | "no_leak" | "deterministic" | "bounded" => Ok(()),
        other => Err(format!("unknown expectation {other}")),
    }
}

fn leftovers() -> Vec<String> {
    let mut found: Vec<String> = std::fs::read_dir("/tmp")
        .map(|entries| {
            entries
                .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
                .filter(|name| name.starts_with("sql_attack_"))
                .collect()
        })
        .unwrap_or_default();
    found.sort();
    found
}

fn run_all(suite: &Suite) {
    let backend = backend();
    let benign: Vec<&Json> = suite
        .cases
        .iter()
        .filter(|c| c["kind"] == "benign")
        .collect();
    let before = checksum(&backend, &suite.own);
    let files_before = leftovers();
    let mut failures = Vec::new();
    for (index, case) in suite.cases.iter().enumerate() {
        let name = case["name"].as_str().unwrap();
        if let Err(reason) = check(suite, &backend, case) {
            failures.push(format!("{name}: {reason}"));
        }
        if case["kind"] == "attack" {
            let after = benign[index % benign.len()];
            if let Err(reason) = check(suite, &backend, after) {
                failures.push(format!("{} after {name}: {reason}", after["name"]));
            }
            if checksum(&backend, &suite.own) != before {
                failures.push(format!("{name}: the data changed"));
            }
        }
    }
    assert_eq!(leftovers(), files_before, "files were made");
    assert!(
        failures.is_empty(),
        "{} of {}:\n{}",
        failures.len(),
        suite.cases.len(),
        failures.join("\n")
    );
}

fn count(suite: &Suite, kind: &str) -> usize {
    suite
        .cases
        .iter()
        .filter(|case| case["kind"] == kind)
        .count()
}

#[test]
fn own_catalogue() {
    let suite = own_suite();
    assert!(count(&suite, "attack") >= 60 && count(&suite, "benign") >= 30);
    run_all(&suite);
}

#[test]
fn shared_catalogue() {
    let Some(suite) = shared_suite() else { return };
    println!(
        "{} attacks, {} benign",
        count(&suite, "attack"),
        count(&suite, "benign")
    );
    run_all(&suite);
}

#[test]
fn shared_catalogue_on_one_warm_and_on_fresh_connections() {
    let Some(suite) = shared_suite() else { return };
    let warm = backend();
    for case in &suite.cases {
        let sql = case["sql"].as_str().unwrap();
        let fresh = query(&backend(), &suite.own, sql);
        assert_eq!(
            text(&query(&warm, &suite.own, sql)),
            text(&fresh),
            "{}",
            case["name"]
        );
    }
}

fn all_outcomes(suite: &Suite) -> String {
    let backend = backend();
    let mut all = String::new();
    for case in &suite.cases {
        let outcome = query(&backend, &suite.own, case["sql"].as_str().unwrap());
        writeln!(all, "{} {}", case["name"], text(&outcome).escape_debug()).unwrap();
    }
    all
}

/// Not a test by itself: what a child process of the next tests prints.
#[test]
fn child() {
    let suite = match std::env::var(CHILD).as_deref() {
        Ok("own") => own_suite(),
        Ok("shared") => shared_suite().unwrap(),
        _ => return,
    };
    println!("\nBEGIN\n{}END", all_outcomes(&suite));
}

fn outcomes_under(time_zone: &str, which: &str) -> String {
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "catalogue::child", "--nocapture"])
        .env(CHILD, which)
        .env("TZ", time_zone)
        .output()
        .unwrap();
    let printed = String::from_utf8(output.stdout).unwrap();
    let (_, rest) = printed.split_once("\nBEGIN\n").unwrap();
    rest.split_once("END").unwrap().0.to_owned()
}

#[test]
fn the_time_zone_changes_nothing() {
    let own = all_outcomes(&own_suite());
    assert_eq!(outcomes_under("UTC", "own"), own);
    assert_eq!(outcomes_under("Asia/Tokyo", "own"), own);
    let Some(suite) = shared_suite() else { return };
    let shared = all_outcomes(&suite);
    assert_eq!(outcomes_under("UTC", "shared"), shared);
    assert_eq!(outcomes_under("Asia/Tokyo", "shared"), shared);
}
