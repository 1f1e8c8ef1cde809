//! SQL tokens and the guards on them.

use finqa_core::error::ToolErrorCode;
use finqa_core::sql_guard::{SqlGuard, check};
use finqa_core::sql_tokens::{TokenKind, tokens};
use proptest::prelude::*;

#[track_caller]
fn passes(guard: SqlGuard, sql: &str) {
    assert_eq!(check(guard, sql), Ok(()), "{sql}");
}

#[track_caller]
fn refused(guard: SqlGuard, sql: &str) -> String {
    let error = check(guard, sql).expect_err(sql);
    assert_eq!(error.code, ToolErrorCode::SqlGuard);
    // The query that the text proposes must itself pass.
    let (_, example) = error
        .message
        .split_once("for example ")
        .expect("shows a query");
    passes(guard, example);
    error.message
}

#[test]
fn star_in_a_select_list_is_refused() {
    for guard in [SqlGuard::Rllm, SqlGuard::OpenEnv] {
        for sql in [
            "SELECT * FROM t WHERE a = 1",
            "select  *  from t where a = 1",
            "SELECT/**/* FROM t WHERE 1",
            "SELECT\n*\nFROM t WHERE 1",
            "SELECT DISTINCT * FROM t WHERE 1",
            "SELECT a, * FROM t WHERE 1",
            "SELECT t.* FROM t WHERE 1",
            "SELECT a, \"t\" . * FROM t WHERE 1",
            "SELECT a FROM (SELECT * FROM t) WHERE 1",
            "WITH c AS (SELECT * FROM t) SELECT a FROM c WHERE 1",
        ] {
            refused(guard, sql);
        }
        for sql in [
            "SELECT COUNT(*) FROM t WHERE a = 1",
            "SELECT a * 2 FROM t WHERE b = 1",
            "SELECT a, (2) * b FROM t WHERE b = 1",
            "SELECT 'SELECT *' FROM t WHERE a = 1",
            "SELECT a FROM t WHERE a = 'x' -- SELECT *",
        ] {
            passes(guard, sql);
        }
    }
    passes(SqlGuard::Off, "SELECT * FROM t");
}

#[test]
fn filters_are_keywords_and_not_comments_strings_or_names() {
    for guard in [SqlGuard::Rllm, SqlGuard::OpenEnv] {
        for sql in [
            "SELECT a FROM t -- WHERE",
            "SELECT a /* LIMIT 5 WHERE */ FROM t",
            "SELECT ' WHERE ' FROM t",
            "SELECT \"WHERE\" FROM t",
            "SELECT [limit], `having` FROM t",
            "SELECT x.filter, a AS having FROM t x",
        ] {
            refused(guard, sql);
        }
        for sql in [
            "SELECT a FROM t WHERE(a)",
            "SELECT a FROM t\nWHERE\ta=1",
            "SELECT a FROM t WHERE/**/a",
            "SELECT SUM(a) FILTER(WHERE b) FROM t",
            "SELECT a IN('x') FROM t",
        ] {
            passes(guard, sql);
        }
    }
}

#[test]
fn the_profiles_disagree_as_published() {
    for sql in [
        "SELECT a FROM t LIMIT 5",
        "SELECT a FROM t GROUP BY a",
        "SELECT a FROM t ORDER BY a",
        "SELECT COUNT (*) FROM t",
        "SELECT max(a) FROM t",
    ] {
        passes(SqlGuard::Rllm, sql);
        let message = refused(SqlGuard::OpenEnv, sql);
        assert!(
            message.contains("filter") && message.contains("FROM t WHERE"),
            "{message}"
        );
    }
    for sql in [
        "SELECT CASE WHEN a THEN 1 END FROM t",
        "SELECT a IS NOT NULL FROM t",
        "SELECT a FROM t UNION ALL SELECT b FROM t",
    ] {
        passes(SqlGuard::OpenEnv, sql);
        refused(SqlGuard::Rllm, sql);
    }
    assert!(refused(SqlGuard::Rllm, "SELECT max(1, 2)").contains("no FROM"));
    // A column called count is no aggregate.
    refused(SqlGuard::Rllm, "SELECT count FROM t");
}

#[test]
fn what_is_no_query_is_left_to_the_sandbox() {
    for sql in [
        "",
        "  -- x",
        "DELETE FROM t",
        "PRAGMA table_info(t)",
        "hello",
    ] {
        passes(SqlGuard::Rllm, sql);
    }
}

#[test]
fn every_benign_query_passes_the_rllm_guard() {
    let shared = std::env::var("FINQA_SHARED")
        .unwrap_or_else(|_| concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared").to_string());
    let path = std::path::Path::new(&shared).join("attacks/sql_attacks.jsonl");
    let Ok(text) = std::fs::read_to_string(&path) else {
        println!(
            "skipped: no attack list at {}; set FINQA_SHARED",
            path.display()
        );
        return;
    };
    let mut checked = 0;
    for line in text.lines() {
        let entry: serde_json::Value = serde_json::from_str(line).unwrap();
        let sql = entry["sql"].as_str().unwrap();
        let outcome = check(SqlGuard::Rllm, sql);
        if entry["kind"] == "benign" {
            assert_eq!(outcome, Ok(()), "{}: {sql}", entry["name"]);
            checked += 1;
        }
    }
    assert!(checked >= 40, "only {checked} benign queries");
}

#[test]
fn tokens_split_as_sqlite_splits() {
    use TokenKind::*;
    let sql = "SELECT a.\"b \"\"c\", [d e], `f`, 'g''h', x'0A', 1.5e-3, .5, 0xFF, ?1, :p<>q||r->>'s' -- end";
    let got: Vec<(TokenKind, &str)> = tokens(sql).map(|t| (t.kind, t.text)).collect();
    let want = [
        (Word, "SELECT"),
        (Word, "a"),
        (Punctuation, "."),
        (DoubleQuoted, "\"b \"\"c\""),
        (Punctuation, ","),
        (Bracketed, "[d e]"),
        (Punctuation, ","),
        (Backticked, "`f`"),
        (Punctuation, ","),
        (String, "'g''h'"),
        (Punctuation, ","),
        (Blob, "x'0A'"),
        (Punctuation, ","),
        (Number, "1.5e-3"),
        (Punctuation, ","),
        (Number, ".5"),
        (Punctuation, ","),
        (Number, "0xFF"),
        (Punctuation, ","),
        (Parameter, "?1"),
        (Punctuation, ","),
        (Parameter, ":p"),
        (Punctuation, "<>"),
        (Word, "q"),
        (Punctuation, "||"),
        (Word, "r"),
        (Punctuation, "->>"),
        (String, "'s'"),
    ];
    assert_eq!(got, want);
    let quoted: Vec<_> = tokens(sql)
        .filter(|t| t.kind == DoubleQuoted || t.kind == String)
        .collect();
    assert_eq!(quoted[0].unquoted(), "b \"c");
    assert_eq!(quoted[1].unquoted(), "g'h");
    assert_eq!(tokens("a 'open").last().unwrap().kind, Illegal);
    assert_eq!(tokens("a /* open").count(), 1);
    assert_eq!(tokens("\"\"").next().unwrap().unquoted(), "");
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn tokens_cover_the_text_in_order(sql in "[a-zé0-9 '\"`\\[\\]*/.,;<>=|x\n\u{0}$:-]{0,60}") {
        let mut end = 0;
        for token in tokens(&sql) {
            prop_assert!(token.start >= end && !token.text.is_empty());
            prop_assert_eq!(&sql[token.start..token.end()], token.text);
            end = token.end();
            let _ = token.unquoted();
        }
        for guard in [SqlGuard::Rllm, SqlGuard::OpenEnv] {
            let _ = check(guard, &sql);
        }
    }
}
