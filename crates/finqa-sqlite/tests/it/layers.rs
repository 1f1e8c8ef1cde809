//! Each layer does its part, and errors say what they should.

use std::sync::Arc;
use std::time::Duration;

use finqa_core::sql::{QueryLimits, SqlBackend};
use finqa_core::{Company, ToolErrorCode as Code};
use finqa_sqlite::{BackendConfig, SqliteBackend, build_options, check_build, last_call_usage};

use crate::support::{backend, data, fixture, query, thread_cpu_s};

fn harbor() -> Arc<Company> {
    fixture(&data("fixture.sql"), "tidewater_").0
}

fn error(sql: &str) -> (Code, String) {
    let outcome = query(&backend(), &harbor(), sql);
    let error = outcome.expect_err(sql);
    (error.code, error.message.clone())
}

const CROSS: &str =
    "SELECT COUNT(*) FROM fleet a, fleet b, fleet c, fleet d, fleet e, fleet f, fleet g, fleet h";

#[test]
fn the_operation_budget_stops_at_the_same_operation_each_time() {
    let (backend, harbor) = (backend(), harbor());
    let mut used = Vec::new();
    for _ in 0..3 {
        let error = query(&backend, &harbor, CROSS).unwrap_err();
        assert_eq!(error.code, Code::SqlBudget);
        assert!(
            error.message.contains("200000 operations"),
            "{}",
            error.message
        );
        used.push(last_call_usage().ops);
    }
    assert_eq!(used, [200_000; 3]);
}

#[test]
fn a_larger_budget_lets_the_same_query_end() {
    let (backend, harbor) = (backend(), harbor());
    let sql = "SELECT COUNT(*) AS n FROM fleet a, fleet b, fleet c, fleet d";
    let small = QueryLimits {
        max_ops: 2_000,
        ..QueryLimits::default()
    };
    assert_eq!(
        backend
            .query(&harbor, sql, &small)
            .unwrap()
            .unwrap_err()
            .code,
        Code::SqlBudget
    );
    assert_eq!(
        &*query(&backend, &harbor, sql).unwrap().text,
        r#"[{"n":1296}]"#
    );
}

#[test]
fn the_memory_cap_is_a_cap_of_the_call() {
    let (backend, harbor) = (backend(), harbor());
    let sql = "SELECT COUNT(*) AS n FROM (SELECT DISTINCT PRINTF('%.900c', 'x')||a.vessel||b.vessel||c.vessel||d.vessel||e.rank \
               AS s FROM fleet a, fleet b, fleet c, fleet d, crew e)";
    for _ in 0..2 {
        let error = query(&backend, &harbor, sql).unwrap_err();
        assert_eq!(error.code, Code::SqlMemory);
        assert!(error.message.contains("4194304 bytes"), "{}", error.message);
        assert!(last_call_usage().peak_bytes <= 4 << 20);
    }
    let large = QueryLimits {
        max_memory_bytes: 64 << 20,
        ..QueryLimits::default()
    };
    let result = backend.query(&harbor, sql, &large).unwrap().unwrap();
    assert_eq!(&*result.text, r#"[{"n":5184}]"#);
    assert!(last_call_usage().peak_bytes > 4 << 20);
}

#[test]
fn whether_a_call_fits_does_not_depend_on_the_calls_before_it() {
    let (warm, harbor) = (backend(), harbor());
    let sql = "SELECT COUNT(*) AS n FROM (SELECT DISTINCT PRINTF('%.900c', 'x')||a.vessel||b.vessel||c.vessel \
               AS s FROM fleet a, fleet b, fleet c)";
    query(&backend(), &harbor, sql).unwrap();
    let peak = last_call_usage().peak_bytes;
    let mut fitted = 0;
    for step in -40..40_i64 {
        let max_memory_bytes = u32::try_from(peak + step * 512).unwrap();
        let limits = QueryLimits {
            max_memory_bytes,
            ..QueryLimits::default()
        };
        let fresh = backend().query(&harbor, sql, &limits).unwrap();
        // The warm connection holds the pages of other queries.
        query(
            &warm,
            &harbor,
            "SELECT * FROM voyage_results ORDER BY days, vessel",
        )
        .unwrap();
        query(&warm, &harbor, "SELECT * FROM fleet a JOIN crew b").unwrap();
        assert_eq!(
            warm.query(&harbor, sql, &limits).unwrap(),
            fresh,
            "cap {max_memory_bytes}"
        );
        fitted += u32::from(fresh.is_ok());
    }
    assert!(
        (20..60).contains(&fitted),
        "{fitted} of 80 caps are large enough"
    );
    assert!(warm.stats().memory_reruns > 0);
}

#[test]
fn copying_is_capped_although_it_is_freed() {
    let (backend, harbor) = (backend(), harbor());
    let sql = "WITH m AS MATERIALIZED (SELECT PRINTF('%.15000c','x') AS s) \
               SELECT COUNT(UPPER(LOWER(UPPER(LOWER(m.s||a.vessel))))) FROM m, fleet a, fleet b, fleet c, fleet d, crew e";
    assert_eq!(
        query(&backend, &harbor, sql).unwrap_err().code,
        Code::SqlMemory
    );
    assert!(last_call_usage().total_bytes > 60 << 20);
}

#[test]
fn operations_on_long_values_cost_more() {
    let (backend, harbor) = (backend(), harbor());
    // One addition reads all digits of the text, and no operation budget can count inside it.
    let digits = |n: usize| {
        format!(
            "WITH m AS MATERIALIZED (SELECT PRINTF('%.{n}c', '7') AS s) \
             SELECT SUM(m.s + 1) > 0 AS v FROM m, fleet a, fleet b, fleet c, fleet d, crew e, crew f"
        )
    };
    assert_eq!(
        &*query(&backend, &harbor, &digits(300)).unwrap().text,
        r#"[{"v":1}]"#
    );
    let before = thread_cpu_s();
    assert_eq!(
        query(&backend, &harbor, &digits(15_000)).unwrap_err().code,
        Code::SqlBudget
    );
    assert!(last_call_usage().ops <= 13_000, "{:?}", last_call_usage());
    if let Some((after, before)) = thread_cpu_s().zip(before) {
        assert!(after - before < 0.5, "{} s", after - before);
    }
    // A long value by itself is fine.
    let one = "SELECT LENGTH(GROUP_CONCAT(a.vessel||b.vessel||c.vessel)) AS n FROM fleet a, fleet b, fleet c";
    assert_eq!(
        &*query(&backend, &harbor, one).unwrap().text,
        r#"[{"n":4427}]"#
    );
}

#[test]
fn fuel_stops_work_inside_one_operation() {
    let (backend, harbor) = (backend(), harbor());
    let sql = "SELECT SUM(LENGTH(TRIM(PRINTF('%.15000c','a')||a.vessel||'a', CAST(x'ff' AS TEXT)||PRINTF('%.1300c','b')||'a'))) \
               FROM fleet a, fleet b, fleet c";
    let before = thread_cpu_s();
    assert_eq!(
        query(&backend, &harbor, sql).unwrap_err().code,
        Code::SqlBudget
    );
    if let Some((after, before)) = thread_cpu_s().zip(before) {
        assert!(after - before < 0.1, "{} s", after - before);
    }
}

#[test]
fn a_query_with_more_rows_than_fit_is_counted_as_far_as_the_budget_goes() {
    let (backend, harbor) = (backend(), harbor());
    let cut = query(
        &backend,
        &harbor,
        "SELECT a.heads FROM crew a, crew b, crew c, crew d, crew e",
    )
    .unwrap();
    assert_eq!(
        (cut.shown_rows, cut.total_rows, cut.total_is_lower_bound),
        (200, 1024, false)
    );
    let endless = query(
        &backend,
        &harbor,
        "SELECT a.heads FROM fleet f, fleet g, fleet h, crew a, crew b, crew c, crew d, crew e",
    )
    .unwrap();
    assert_eq!(endless.shown_rows, 200);
    assert!(
        endless.total_is_lower_bound && endless.total_rows > 10_000,
        "{}",
        endless.total_rows
    );
    let again = query(
        &backend,
        &harbor,
        "SELECT a.heads FROM fleet f, fleet g, fleet h, crew a, crew b, crew c, crew d, crew e",
    )
    .unwrap();
    assert_eq!(again, endless);
}

#[test]
fn what_is_no_query_is_refused_by_name() {
    for (sql, verb) in [
        ("VACUUM", "VACUUM"),
        ("REINDEX", "REINDEX"),
        ("explain select 1", "EXPLAIN"),
        ("Drop TABLE fleet", "DROP"),
    ] {
        let (code, message) = error(sql);
        assert_eq!(code, Code::SqlNotReadonly, "{sql}");
        assert!(
            message.ends_with(&format!("starts with {verb}")),
            "{message}"
        );
    }
    assert_eq!(error("SELECT 1; SELECT 2").0, Code::SqlMultiple);
    assert_eq!(error("  ").0, Code::SqlSyntax);
    assert_eq!(error("SELECT :v").0, Code::SqlNotAllowed);
    assert_eq!(error("SELEC 1").0, Code::SqlSyntax);
}

#[test]
fn functions_and_tables_outside_are_named() {
    assert_eq!(
        error("SELECT random()"),
        (Code::SqlNotAllowed, "function not allowed: random()".into())
    );
    assert_eq!(
        error("SELECT substrng('a', 1)"),
        (
            Code::SqlNotAllowed,
            "no such function: substrng(); did you mean substring()?".into()
        )
    );
    let (code, message) = error("SELECT name FROM sqlite_master");
    assert_eq!(code, Code::SqlNotAllowed);
    assert!(
        message.starts_with("table sqlite_master cannot be read"),
        "{message}"
    );
    assert_eq!(
        error("SELECT value FROM json_each('[1]')").0,
        Code::SqlNoSuchTable
    );
    let (code, message) = error(
        "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x+1 FROM c) SELECT x FROM c LIMIT 3",
    );
    assert_eq!(code, Code::SqlNotAllowed);
    assert!(message.contains("recursive"), "{message}");
}

#[test]
fn names_that_do_not_exist_come_with_those_that_do() {
    assert_eq!(
        error("SELECT heds FROM crew"),
        (
            Code::SqlNoSuchColumn,
            r#"no such column: heds. Table "crew" has the columns: "rank", "heads", "wage"."#
                .into()
        )
    );
    let (code, message) = error("SELECT f.tons FROM fleet AS f JOIN crew c ON 1");
    assert_eq!(code, Code::SqlNoSuchColumn);
    assert!(
        message.contains("Table \"fleet\"") && message.contains("Table \"crew\""),
        "{message}"
    );
    let (code, message) = error("SELECT vessel FROM voyages");
    assert_eq!(code, Code::SqlNoSuchTable);
    assert!(
        message.contains("voyages; similar names: \"voyage_results\""),
        "{message}"
    );
    assert!(
        !error("SELECT route FROM tidewater_route")
            .1
            .contains("tidewater_routes")
    );
}

#[test]
fn syntax_errors_say_what_would_be_right() {
    for (sql, expected) in [
        (
            "SELECT 2024_usd FROM fleet LIMIT 1",
            "unrecognized token: \"2024_usd\". Write one SQLite SELECT: names with blanks, signs or a digit at the \
             start in double quotes",
        ),
        (
            "SELEC built FROM fleet",
            "near \"SELEC\": syntax error. Write one SQLite SELECT",
        ),
        (
            "SELECT built, FROM fleet",
            "A comma too many or an expression too few stands before FROM",
        ),
        (
            "SELECT built::int FROM fleet",
            "CAST(column AS REAL), not with ::",
        ),
        (
            "SELECT built FROM fleet WHERE vessel ILIKE 'd%'",
            "SQLite has LIKE, which ignores case",
        ),
        (
            "SELECT built FROM fleet WHERE vessel = 'Captain's'",
            "write an apostrophe inside it twice",
        ),
        (
            "SELECT built FROM fleet WHERE (vessel = 'x'",
            "The query ends too early",
        ),
        (
            "```sql\nSELECT built FROM fleet\n```",
            "without a code fence",
        ),
    ] {
        let (code, message) = error(sql);
        assert_eq!(code, Code::SqlSyntax, "{sql}");
        assert!(message.contains(expected), "{sql}: {message}");
    }
    let (_, message) = error(r#"SELECT "2031" FROM crew"#);
    assert_eq!(
        message,
        r#"no such column: "2031". Table "crew" has the columns: "rank", "heads", "wage"."#
    );
}

#[test]
fn double_quotes_are_read_as_text_only_where_a_value_is_meant() {
    let (backend, harbor) = (backend(), harbor());
    let sql = r#"SELECT built FROM fleet WHERE vessel = "Draco""#;
    assert_eq!(
        &*query(&backend, &harbor, sql).unwrap().text,
        r#"[{"built":"2011"}]"#
    );
    let strict = QueryLimits {
        repair_double_quotes: false,
        ..QueryLimits::default()
    };
    let refused = backend.query(&harbor, sql, &strict).unwrap().unwrap_err();
    assert_eq!(refused.code, Code::SqlNoSuchColumn);
    assert!(
        refused.message.contains("should this be a string literal"),
        "{}",
        refused.message
    );
    assert_eq!(
        error(r#"SELECT vessel, "2024" FROM fleet"#).0,
        Code::SqlNoSuchColumn
    );
    let quoted = r#"SELECT COUNT(*) AS n FROM fleet WHERE vessel IN ("it's", "Aurora")"#;
    assert_eq!(
        &*query(&backend, &harbor, quoted).unwrap().text,
        r#"[{"n":1}]"#
    );
}

#[test]
fn time_stands_still_and_has_no_place() {
    let (backend, harbor) = (backend(), harbor());
    let result = query(&backend, &harbor, "SELECT datetime('now') AS t").unwrap();
    assert_eq!(&*result.text, r#"[{"t":"2024-01-01 00:00:00"}]"#);
    assert_eq!(
        error("SELECT datetime('2023-07-01', 'localtime')").0,
        Code::SqlRuntime
    );
}

#[test]
fn sizes_follow_the_limits_of_the_call() {
    let (backend, harbor) = (backend(), harbor());
    let sql = "SELECT LENGTH(PRINTF('%.5000c', 'x')) AS n";
    assert_eq!(
        &*query(&backend, &harbor, sql).unwrap().text,
        r#"[{"n":5000}]"#
    );
    let small = QueryLimits {
        max_value_bytes: 1000,
        ..QueryLimits::default()
    };
    let refused = backend.query(&harbor, sql, &small).unwrap().unwrap_err();
    assert_eq!(refused.code, Code::SqlTooComplex);
    assert!(
        refused.message.contains("1000 bytes"),
        "{}",
        refused.message
    );
    assert_eq!(
        &*query(&backend, &harbor, sql).unwrap().text,
        r#"[{"n":5000}]"#
    );
    let short = QueryLimits {
        max_sql_bytes: 10,
        ..QueryLimits::default()
    };
    let refused = backend.query(&harbor, sql, &short).unwrap().unwrap_err();
    assert_eq!(refused.code, Code::SqlTooComplex);
}

#[test]
fn the_wall_guard_is_an_infrastructure_fault() {
    let config = BackendConfig {
        query_timeout: Some(Duration::ZERO),
        result_cache_bytes: 0,
        ..BackendConfig::default()
    };
    let backend = SqliteBackend::new(config).unwrap();
    let harbor = harbor();
    let endless = QueryLimits {
        max_ops: u32::MAX,
        ..QueryLimits::default()
    };
    let fault = backend.query(&harbor, CROSS, &endless).unwrap_err();
    assert_eq!(fault.kind, "infra_timeout");
    assert_eq!(backend.stats().infra_errors, 1);
    let after = query(&backend, &harbor, "SELECT COUNT(*) AS n FROM fleet").unwrap();
    assert_eq!(&*after.text, r#"[{"n":6}]"#);
}

#[test]
fn results_and_errors_are_cached_by_exact_text() {
    let backend = SqliteBackend::new(BackendConfig::default()).unwrap();
    let harbor = harbor();
    let first = query(&backend, &harbor, "SELECT vessel FROM fleet");
    assert_eq!(
        query(&backend, &harbor, " SELECT vessel FROM fleet ;; "),
        first
    );
    let wrong = query(&backend, &harbor, "SELECT nothing FROM fleet");
    assert_eq!(query(&backend, &harbor, "SELECT nothing FROM fleet"), wrong);
    query(&backend, &harbor, "select vessel from fleet").unwrap();
    let stats = backend.stats();
    assert_eq!((stats.result_hits, stats.result_misses), (2, 3));
    // The same name and tables, but another company: nothing is shared.
    let twin = Arc::new((*harbor).clone());
    query(&backend, &twin, "SELECT vessel FROM fleet").unwrap();
    assert_eq!(backend.stats().result_misses, 4);
}

#[test]
fn values_keep_their_type() {
    use finqa_core::{Table, Value};
    let cells = vec![
        Value::Integer(1),
        Value::text("007"),
        Value::Real(2.0),
        Value::text("7.0"),
    ];
    let table = Table::new("c", "mixed", vec!["a".into(), "b".into()], cells).unwrap();
    let company = Arc::new(Company {
        name: "c".into(),
        tables: vec![table],
    });
    let result = query(
        &backend(),
        &company,
        "SELECT a, typeof(a) AS t, b FROM mixed",
    )
    .unwrap();
    assert_eq!(
        &*result.text,
        r#"[{"a":1,"t":"integer","b":"007"},{"a":2.0,"t":"real","b":"7.0"}]"#
    );
}

#[test]
fn sqlite_was_built_as_configured() {
    assert_eq!(check_build().unwrap(), Vec::<String>::new());
    assert!(
        build_options()
            .unwrap()
            .iter()
            .any(|option| option == "THREADSAFE=2")
    );
    assert!(backend().version().starts_with("SQLite 3."));
}
