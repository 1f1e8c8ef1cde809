//! Memory, time, rows and interruption.

use std::time::{Duration, Instant};

use finqa_datafusion::query::{Limits, QueryError, query};
use finqa_datafusion::runtime::Stopped;

use crate::fixture::{Runs, lines, tight};

const ENDLESS: &str =
    "SELECT count(*) FROM calls a, calls b, calls c, calls d, calls e, calls f, calls g";

#[test]
fn more_rows_than_allowed_are_an_error_that_says_what_to_do() {
    let runs = Runs::new();
    let limits = Limits {
        max_rows: Some(20),
        ..Limits::default()
    };
    let error = runs
        .try_ask("SELECT episode FROM episodes", &limits)
        .unwrap_err();
    assert!(matches!(error, QueryError::TooManyRows(20)));
    assert!(error.to_string().contains("add a LIMIT"), "{error}");
    let few = runs
        .try_ask("SELECT episode FROM episodes LIMIT 20", &limits)
        .unwrap();
    assert_eq!(few.num_rows(), 20);
}

#[test]
fn more_memory_than_allowed_is_an_error_that_names_the_limit() {
    let runs = Runs::new();
    let sql = "SELECT a.prompt || b.prompt || c.prompt AS x, count(*) FROM calls o, episodes a, episodes b, episodes c GROUP BY x";
    let error = runs
        .try_ask(
            sql,
            &Limits {
                memory_bytes: 100_000,
                ..Limits::default()
            },
        )
        .unwrap_err();
    assert!(
        matches!(error, QueryError::Memory { limit: 100_000, .. }),
        "{error:?}"
    );
    assert!(
        error.to_string().contains("memory_limit_bytes = 100000"),
        "{error}"
    );
}

#[test]
fn a_result_counts_against_the_memory() {
    let runs = Runs::new();
    let sql = "SELECT a.prompt AS a, b.prompt AS b, c.prompt AS c FROM episodes a, episodes b, episodes c, calls d";
    let error = runs
        .try_ask(
            sql,
            &Limits {
                memory_bytes: 4 << 20,
                ..Limits::default()
            },
        )
        .unwrap_err();
    assert_eq!(error.code(), "memory", "{error}");
}

#[test]
fn rows_that_window_functions_hold_count_against_the_memory() {
    let runs = Runs::new();
    let limits = Limits {
        memory_bytes: 512 << 10,
        ..Limits::default()
    };
    let ask = |window: &str| {
        let sql = format!(
            "SELECT max(n) FROM (SELECT {window} AS n FROM calls a, calls b, (SELECT random() AS r, call FROM calls) c)"
        );
        runs.try_ask(&sql, &limits)
    };
    for window in [
        "count(*) OVER ()",
        "sum(c.call) OVER ()",
        "sum(c.call) OVER (PARTITION BY c.call)",
        "lead(c.call, 1000000) OVER ()",
        "sum(c.call) OVER (ROWS BETWEEN CURRENT ROW AND 1000000 FOLLOWING)",
        "count(DISTINCT c.r) OVER (ROWS UNBOUNDED PRECEDING)",
    ] {
        let error = ask(window).expect_err(window);
        assert_eq!(error.code(), "memory", "{window}: {error}");
    }
    // Those that let go of a row before the next ones come may see any number.
    for window in [
        "row_number() OVER ()",
        "count(*) OVER (ROWS UNBOUNDED PRECEDING)",
    ] {
        let counted = ask(window).unwrap_or_else(|e| panic!("{window}: {e}"));
        assert_eq!(lines(&counted), ["74088"], "{window}");
    }
}

#[test]
fn a_join_keeps_rows_without_columns_as_their_number() {
    let runs = Runs::new();
    let sql = "EXPLAIN ANALYZE SELECT count(*) FROM calls a, calls b, calls c, episodes d";
    let told = runs.ask(sql).join("\n");
    let joins: Vec<_> = told
        .lines()
        .filter(|line| line.contains("CrossJoinExec"))
        .collect();
    assert_eq!(joins.len(), 3, "{told}");
    for join in joins {
        assert!(join.contains("build_input_batches=1,"), "{join}");
    }
}

#[test]
fn an_interrupt_is_answered_at_once() {
    let runs = Runs::new();
    let start = Instant::now();
    let mut asked = 0;
    let stopped = query(ENDLESS, &runs.paths(), &Limits::default(), &mut || {
        asked += 1;
        asked < 4
    });
    assert!(
        matches!(stopped, Err(QueryError::Stopped(Stopped::Interrupted))),
        "{stopped:?}"
    );
    assert!(
        start.elapsed() < Duration::from_secs(3),
        "{:?}",
        start.elapsed()
    );
}

#[test]
fn a_time_limit_ends_the_query() {
    let runs = Runs::new();
    let limits = Limits {
        timeout: Some(Duration::from_millis(300)),
        ..Limits::default()
    };
    let start = Instant::now();
    let error = runs.try_ask(ENDLESS, &limits).unwrap_err();
    assert_eq!(error.code(), "timeout");
    assert!(
        start.elapsed() < Duration::from_secs(3),
        "{:?}",
        start.elapsed()
    );
}

#[test]
fn queries_of_many_threads_do_not_disturb_each_other() {
    let runs = Runs::new();
    std::thread::scope(|scope| {
        let asked: Vec<_> = (0..8)
            .map(|i| {
                let runs = &runs;
                scope.spawn(move || {
                    let sql = format!("SELECT count(*) + {i} FROM calls WHERE run = 'base'");
                    lines(&runs.try_ask(&sql, &tight()).unwrap())
                })
            })
            .collect();
        for (i, thread) in asked.into_iter().enumerate() {
            assert_eq!(thread.join().unwrap(), [(24 + i).to_string()]);
        }
    });
}

#[test]
fn a_mistake_in_the_sql_is_one_line_that_names_it() {
    let runs = Runs::new();
    let error = runs
        .try_ask("SELECT nosuch FROM episodes", &Limits::default())
        .unwrap_err();
    assert_eq!(error.code(), "sql");
    let text = error.to_string();
    assert!(text.contains("nosuch") && !text.contains('\n'), "{text}");
    let error = runs
        .try_ask("SELECT * FROM episode", &Limits::default())
        .unwrap_err();
    assert!(error.to_string().contains("episode"), "{error}");
    let error = runs
        .try_ask("SELECT 1 / 0", &Limits::default())
        .unwrap_err();
    assert!(
        error.to_string().to_lowercase().contains("divide by zero"),
        "{error}"
    );
}
