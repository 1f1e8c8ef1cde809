//! What a process takes for a query that would run for ever: each is run in a process of its own, which is measured.

use std::time::Duration;

use finqa_datafusion::query::{Limits, query};

use crate::fixture::{Runs, lines};

const MIB: usize = 1 << 20;

/// Joins of which nothing is left but the number of rows.
const COUNTED: &[&str] = &[
    "SELECT count(*) FROM episodes a, calls b, calls c, calls d, calls e, calls f, calls g",
    "SELECT 1 AS x FROM calls a, calls b, calls c, calls d, calls e, calls f",
    "SELECT count(*) FROM episodes
     WHERE EXISTS (SELECT 1 FROM calls a, calls b, calls c, calls d, calls e, calls f)",
    "SELECT count(*) FROM (SELECT 1 AS x UNION ALL SELECT 2 UNION ALL SELECT 3 FROM calls) a,
     calls b, calls c, calls d, calls e, calls f",
    "SELECT count(*) FROM (SELECT unnest([1, 2, 3, 4, 5, 6, 7, 8, 9]) FROM calls) a,
     (SELECT unnest([1, 2, 3]) FROM calls) b, calls c, calls d, calls e, calls f",
    "SELECT count(*) FROM (SELECT 1 FROM calls a, calls b, calls c, calls d, calls e) a
     LEFT JOIN calls b ON random() < 0.5",
];

#[test]
fn rows_that_are_only_counted_take_no_memory_however_many_they_are() {
    for sql in COUNTED {
        is_bounded(sql, 4 * MIB);
    }
}

#[test]
fn batches_of_few_bytes_take_no_more_than_the_limit() {
    is_bounded(
        "SELECT NULL AS x FROM calls a, calls b, calls c, calls d, calls e",
        4 * MIB,
    );
    // As many runs to be merged as there are batches, unless they are put together first.
    is_bounded(
        "SELECT e.call AS x FROM calls a, calls b, calls c, calls d, calls e ORDER BY e.call",
        16 * MIB,
    );
}

fn is_bounded(sql: &str, limit: usize) {
    let child = std::process::Command::new(std::env::current_exe().expect("this program"))
        .args(["--exact", "growth::one_query", "--ignored", "--nocapture"])
        .env("FINQA_GROWTH_SQL", sql)
        .env("FINQA_GROWTH_LIMIT", limit.to_string())
        // Each would keep memory of its own.
        .env("MALLOC_ARENA_MAX", "2")
        .output()
        .expect("a process of its own");
    let told = String::from_utf8_lossy(&child.stdout).into_owned();
    let (grown, code) = told
        .lines()
        .find_map(|line| line.strip_prefix("grew by ")?.split_once(" bytes: "))
        .unwrap_or_else(|| panic!("{sql}: {told}"));
    assert!(["memory", "timeout"].contains(&code), "{sql}: {code}");
    // Besides: plans, threads and what the allocator keeps.
    let grown: usize = grown.parse().expect("a number of bytes");
    assert!(
        grown <= limit + 8 * MIB,
        "{sql}: {grown} bytes under a limit of {limit}"
    );
}

#[test]
#[ignore = "run by those above, for one query"]
fn one_query() {
    let (Ok(sql), Ok(limit)) = (
        std::env::var("FINQA_GROWTH_SQL"),
        std::env::var("FINQA_GROWTH_LIMIT"),
    ) else {
        return;
    };
    let limits = Limits {
        memory_bytes: limit.parse().unwrap(),
        timeout: Some(Duration::from_secs(3)),
        max_rows: None,
    };
    let runs = Runs::new();
    // What is allocated once.
    let first = runs.try_ask("SELECT count(*) FROM calls a, calls b", &limits);
    assert_eq!(lines(&first.unwrap()), ["1764"]);
    let before = resident();
    let mut most = before;
    let answer = query(&sql, &runs.paths(), &limits, &mut || {
        most = most.max(resident());
        true
    });
    most = most.max(resident());
    let code = answer.map_or_else(|error| error.code(), |_| "answered");
    println!("\ngrew by {} bytes: {code}", most - before);
}

/// Bytes of this process that are in memory.
fn resident() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").expect("a system that tells");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kilobytes = line.and_then(|line| line.trim().strip_suffix(" kB")?.parse::<usize>().ok());
    kilobytes.expect("a number of kilobytes") << 10
}
