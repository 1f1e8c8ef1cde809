//! SQL that means harm: it is refused or ends at a limit, nothing is written and nothing else is read.

use std::time::{Duration, Instant};

use crate::fixture::{Runs, snapshot, tight};

/// What is refused before anything runs, or finds nothing to read.
const REFUSED: &[&str] = &[
    // Writing.
    "COPY episodes TO '{dir}/stolen.parquet'",
    "COPY (SELECT * FROM episodes) TO '{dir}/stolen.csv' STORED AS CSV",
    "COPY (SELECT 1) TO 's3://bucket/x.parquet'",
    "EXPLAIN COPY (SELECT 1) TO '{dir}/stolen.parquet'",
    "EXPLAIN ANALYZE COPY (SELECT 1) TO '{dir}/stolen.parquet'",
    "INSERT INTO episodes SELECT * FROM episodes",
    "INSERT INTO runs VALUES ('x')",
    "EXPLAIN ANALYZE INSERT INTO runs SELECT * FROM runs",
    "DELETE FROM episodes",
    "UPDATE episodes SET reward = 1",
    "TRUNCATE TABLE episodes",
    "CREATE TABLE t AS SELECT * FROM episodes",
    "EXPLAIN ANALYZE CREATE TABLE t AS SELECT 1",
    "CREATE VIEW v AS SELECT 1",
    "CREATE OR REPLACE VIEW pass_at_1 AS SELECT 1 AS pass_at_1",
    "CREATE SCHEMA s",
    "CREATE DATABASE d",
    "CREATE INDEX i ON runs (run)",
    "CREATE FUNCTION f(x INT) RETURNS INT RETURN x",
    "DROP TABLE episodes",
    "DROP VIEW IF EXISTS pass_at_1",
    "DROP SCHEMA public CASCADE",
    "ALTER TABLE episodes RENAME TO gone",
    // Other files, stores and the network.
    "CREATE EXTERNAL TABLE t STORED AS CSV LOCATION '/etc/passwd'",
    "CREATE EXTERNAL TABLE t STORED AS PARQUET LOCATION 'https://example.org/x.parquet'",
    "CREATE UNBOUNDED EXTERNAL TABLE t (x INT) STORED AS CSV LOCATION '{dir}'",
    "SELECT * FROM '/etc/passwd'",
    "SELECT * FROM 'file:///etc/passwd'",
    "SELECT * FROM '{dir}/base/run.json'",
    "SELECT * FROM '{dir}/base/episodes-0001-0.parquet'",
    "SELECT * FROM \"../../../../etc/passwd\"",
    "SELECT * FROM 'run=base/../../etc/passwd'",
    "SELECT * FROM 's3://bucket/key.parquet'",
    "SELECT * FROM read_csv('/etc/passwd')",
    "SELECT * FROM read_parquet('{dir}/base/episodes-0001-0.parquet')",
    "SELECT * FROM parquet_metadata('{dir}/base/episodes-0001-0.parquet')",
    "SELECT read_file('/etc/passwd')",
    "SELECT pg_read_file('/etc/passwd')",
    "SELECT load_extension('x')",
    "SELECT getenv('HOME')",
    "SELECT env('HOME')",
    "SELECT @@version",
    "SELECT @home",
    // Settings and what is defined.
    "SET datafusion.execution.batch_size = 1",
    "SET datafusion.catalog.information_schema = true",
    "RESET datafusion.execution.batch_size",
    "SHOW ALL",
    "SHOW TABLES",
    "SHOW COLUMNS FROM episodes",
    "SHOW CREATE TABLE episodes",
    "SELECT * FROM information_schema.tables",
    "SELECT * FROM information_schema.df_settings",
    "SELECT * FROM datafusion.information_schema.columns",
    "SELECT * FROM pg_catalog.pg_tables",
    // Statements that run others, and more than one.
    "PREPARE p AS SELECT 1",
    "EXECUTE p",
    "DEALLOCATE p",
    "BEGIN",
    "COMMIT",
    "ROLLBACK",
    "SELECT 1; DROP TABLE episodes",
    "SELECT 1; SELECT 2",
    "USE other",
    "KILL 1",
    "CALL p()",
    // Much out of little.
    "SELECT repeat('x', 2000000000)",
    "SELECT lpad('x', 2000000000, 'y'), rpad('x', 2000000000)",
    "SELECT replace(prompt, 'a', prompt) FROM episodes",
    "SELECT array_repeat('x', 2000000000)",
    "SELECT array_resize([1], 2000000000, 1)",
    "SELECT count(arrow_try_cast(arrow_cast(task_id, 'Binary'), 'FixedSizeBinary(2000000000)')) FROM episodes",
    "SELECT arrow_cast(NULL, 'FixedSizeList(2000000000, Int64)')",
    "SELECT count(TRY_CAST(failures AS TEXT[2000000000])) FROM episodes",
    "SELECT CAST(NULL AS BIGINT[2000000000])",
    "SELECT NULL::STRUCT<a BIGINT[2000000000]>",
    "SELECT NULL::ARRAY<BIGINT[2000000000]>",
    "SELECT array_to_string(string_to_array(prompt, NULL), prompt) FROM episodes",
    "SELECT list_join([prompt, prompt], prompt) FROM episodes",
    "SELECT unnest(string_to_list(prompt, NULL)) FROM episodes",
    "SELECT array_replace_all(failures, 'x', prompt), list_replace_n(failures, 'x', prompt, 9) FROM episodes",
    "SELECT array_transform(failures, x -> prompt) FROM episodes",
    "SELECT array_agg(prompt) OVER () FROM episodes",
    "SELECT * FROM (SELECT 1 + length(string_agg(prompt, ',') OVER (ORDER BY episode)) AS n FROM episodes) WHERE n > 3",
    "SELECT 1 WHERE 1 IN (SELECT array_length(array_agg(prompt) OVER ()) FROM episodes)",
    "SELECT range(1, 100000000000)",
    "SELECT * FROM generate_series(1, 100000000000)",
    "SELECT * FROM range(100000000000)",
    "WITH RECURSIVE t AS (SELECT 1 AS x UNION ALL SELECT x + 1 FROM t) SELECT count(*) FROM t",
    "WITH RECURSIVE t AS (SELECT 'x' AS x UNION ALL SELECT x || x FROM t) SELECT * FROM t",
    // Not SQL at all.
    "",
    ";",
    "SELECT",
    "\u{0}",
    "SELECT * FROM episode_files_that_are_not",
    "SELECT '\u{202e}' FROM nowhere",
];

#[test]
fn it_is_refused_and_nothing_changes() {
    assert!(REFUSED.len() >= 30);
    let runs = Runs::new();
    let folder = runs.folder.path();
    let before = snapshot(folder);
    for sql in REFUSED {
        let sql = sql.replace("{dir}", &folder.display().to_string());
        let start = Instant::now();
        let answer = runs.try_ask(&sql, &tight());
        assert!(
            matches!(&answer, Err(e) if ["sql", "refused"].contains(&e.code())),
            "{sql}: {answer:?}"
        );
        assert!(
            start.elapsed() < Duration::from_secs(1),
            "{sql}: {:?}",
            start.elapsed()
        );
    }
    assert_eq!(
        snapshot(folder),
        before,
        "a file was made, changed or removed"
    );
    assert_eq!(runs.ask("SELECT count(*) FROM episodes"), ["21"]);
}

/// What is a query and would take for ever, or all memory.
const BOMBS: &[&str] = &[
    "SELECT count(*) FROM calls a, calls b, calls c, calls d, calls e, calls f, calls g",
    "SELECT sum(a.call * b.call) FROM calls a, calls b, calls c, calls d, calls e, calls f, calls g",
    "SELECT a.action FROM turns a, turns b, turns c, turns d, turns e, turns f",
    "SELECT a.prompt, count(*) FROM episodes a, episodes b, episodes c, episodes d, episodes e, episodes f, episodes g
     GROUP BY a.prompt",
    "SELECT a.episode + b.episode * 100 + c.episode * 10000 + d.episode * 1000000 AS x, count(*)
     FROM episodes a, episodes b, episodes c, episodes d, episodes e GROUP BY x",
    "SELECT a.turn FROM calls a, calls b, calls c, calls d, calls e ORDER BY a.turn + b.turn * random()",
    "SELECT array_agg(a.prompt) FROM episodes a, episodes b, episodes c, episodes d, episodes e, episodes f",
    "SELECT string_agg(a.prompt, ',') FROM episodes a, episodes b, episodes c, episodes d, episodes e, episodes f",
    "SELECT bootstrap_interval(a.call, b.task_id) FROM calls a, calls b, calls c, calls d, calls e",
    "SELECT count(DISTINCT a.prompt || b.prompt || c.prompt || d.prompt || e.turn)
     FROM episodes a, episodes b, episodes c, episodes d, calls e, calls f",
    "SELECT row_number() OVER (ORDER BY a.call * b.call) FROM calls a, calls b, calls c, calls d, calls e",
    "SELECT a.* FROM calls a JOIN calls b ON a.call < b.call + 100 JOIN calls c ON true JOIN calls d ON true
     JOIN calls e ON true JOIN calls f ON true",
    "SELECT max(n) FROM (SELECT sum(e.call) OVER () AS n FROM calls a, calls b, calls c, calls d, calls e)",
    "SELECT max(n) FROM (SELECT lead(e.call, 1000000000) OVER () AS n FROM calls a, calls b, calls c, calls d, calls e)",
    "SELECT count(*) FROM (SELECT d.call AS k FROM calls a, calls b, calls c, calls d) a
     JOIN (SELECT d.call AS k FROM calls a, calls b, calls c, calls d) b ON a.k = b.k",
    "SELECT count(*) FROM episodes WHERE EXISTS (SELECT 1 FROM calls a, calls b, calls c, calls d, calls e, calls f)",
];

#[test]
fn it_ends_at_a_limit_and_the_next_query_is_answered() {
    let runs = Runs::new();
    let before = snapshot(runs.folder.path());
    for sql in BOMBS {
        let start = Instant::now();
        let answer = runs.try_ask(sql, &tight());
        assert!(
            matches!(&answer, Err(e) if ["memory", "timeout", "too_many_rows"].contains(&e.code())),
            "{sql}: {answer:?}"
        );
        assert!(
            start.elapsed() < Duration::from_secs(6),
            "{sql}: {:?}",
            start.elapsed()
        );
        let limits = tight();
        let next = runs.try_ask("SELECT count(*) FROM calls", &limits);
        assert!(next.is_ok(), "after {sql}: {next:?}");
    }
    assert_eq!(snapshot(runs.folder.path()), before);
    // What was given up does not go on computing.
    let start = Instant::now();
    while working_threads() > 0 && start.elapsed() < Duration::from_mins(1) {
        std::thread::sleep(Duration::from_millis(50));
    }
    assert_eq!(
        working_threads(),
        0,
        "threads still work for queries that are over"
    );
}

/// Both catalogues in a process that may hold 3 GiB: whatever they try, memory past the pool stays small.
#[cfg(target_os = "linux")]
#[test]
fn it_needs_little_memory_past_the_pool() {
    let limited = std::process::Command::new("sh")
        .args(["-c", "ulimit -v 3145728 && exec \"$0\" \"$@\""])
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", "--test-threads=1"])
        .args([
            "hostile::it_is_refused_and_nothing_changes",
            "hostile::it_ends_at_a_limit_and_the_next_query_is_answered",
        ])
        // Each would reserve 64 MiB of addresses for nothing.
        .env("MALLOC_ARENA_MAX", "2")
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&limited.stdout).into_owned();
    assert!(
        limited.status.success() && told.contains("2 passed"),
        "{:?} {told} {}",
        limited.status,
        String::from_utf8_lossy(&limited.stderr)
    );
}

/// Threads of queries that this process still has (0 where the system does not tell).
fn working_threads() -> usize {
    let Ok(tasks) = std::fs::read_dir("/proc/self/task") else {
        return 0;
    };
    tasks
        .filter_map(|task| std::fs::read_to_string(task.ok()?.path().join("comm")).ok())
        .filter(|name| name.starts_with("finqa-datafusio"))
        .count()
}

/// Long, deep or strange SQL.
#[test]
fn deep_and_long_sql_ends_well() {
    let runs = Runs::new();
    let deep = format!("SELECT {}1{}", "(".repeat(100_000), ")".repeat(100_000));
    let nots = format!("SELECT {} true", "NOT ".repeat(100_000));
    let sums = format!("SELECT {}1", "1 + ".repeat(50_000));
    let columns = format!("SELECT {}1", "1, ".repeat(20_000));
    let unions = format!("{}SELECT 1", "SELECT 1 UNION ALL ".repeat(2_000));
    let doubled = (0..40).fold("SELECT 'xxxxxxxx' AS x".to_string(), |sql, _| {
        format!("SELECT x || x AS x FROM ({sql})")
    });
    let long = format!("SELECT '{}'", "x".repeat(2 << 20));
    for sql in [deep, nots, sums, columns, unions, doubled, long] {
        let start = Instant::now();
        let answer = runs.try_ask(&sql, &tight());
        let shown: String = sql.chars().take(60).collect();
        assert!(
            start.elapsed() < Duration::from_secs(6),
            "{shown}: {:?}",
            start.elapsed()
        );
        if let Err(error) = answer {
            assert!(!error.to_string().is_empty(), "{shown}");
        }
    }
    assert_eq!(runs.ask("SELECT count(*) FROM episodes"), ["21"]);
}
