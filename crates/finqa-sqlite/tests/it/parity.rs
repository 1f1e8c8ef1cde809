//! Each function that replaces one of SQLite's gives SQLite's result.

use std::sync::Arc;

use finqa_core::Company;
use finqa_sqlite::SqliteBackend;
use proptest::prelude::*;
use rusqlite::Connection;
use serde_json::Value as Json;

use crate::Found;
use crate::support::{backend, company, query};

struct Pair {
    sandbox: SqliteBackend,
    company: Arc<Company>,
    plain: Connection,
}

impl Pair {
    fn new() -> Self {
        let sandbox = backend(); // before the plain connection: it sets SQLite up
        let company = company("c", &["a"], &[&["x"]]);
        Self {
            sandbox,
            company,
            plain: Connection::open_in_memory().unwrap(),
        }
    }

    /// Type and bytes of `expression`, or the message of its error, on both sides.
    fn both(&self, expression: &str) -> (Found, Found) {
        let sql = format!("SELECT typeof({expression}) AS t, hex({expression}) AS h");
        let ours = match query(&self.sandbox, &self.company, &sql) {
            Ok(result) => {
                let json: Json = serde_json::from_str(&result.text).unwrap();
                let text = |key: &str| json[0][key].as_str().unwrap().to_owned();
                Ok((text("t"), text("h")))
            }
            Err(error) => Err(error.message.clone()),
        };
        let theirs = self
            .plain
            .query_row(&sql, [], |row| Ok((row.get(0)?, row.get(1)?)))
            .map_err(|error| match error {
                rusqlite::Error::SqliteFailure(_, Some(message)) => message,
                other => other.to_string(),
            });
        (ours, theirs)
    }

    fn number(&self, expression: &str) -> (Option<f64>, Option<f64>) {
        let sql = format!("SELECT {expression} AS v");
        let result = query(&self.sandbox, &self.company, &sql).unwrap();
        let json: Json = serde_json::from_str(&result.text).unwrap();
        // Infinities become null in JSON; both sides are compared without them.
        let theirs: Option<f64> = self.plain.query_row(&sql, [], |row| row.get(0)).unwrap();
        (json[0]["v"].as_f64(), theirs.filter(|v| v.is_finite()))
    }
}

/// A text of letters in both cases, wildcards, accents, NUL and broken UTF-8.
fn bytes() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        8 => proptest::sample::select(vec!["a", "A", "b", "B", "%", "_", "\\", "*", "?", "[", "]", "^", "-", " ", "é", "É", "—", "😀"])
            .prop_map(|s| s.as_bytes().to_vec()),
        1 => proptest::sample::select(vec![0_u8, 0x80, 0xbf, 0xc3, 0xe2, 0xff, 0xc0]).prop_map(|b| vec![b]),
    ];
    proptest::collection::vec(piece, 0..9).prop_map(|pieces| pieces.concat())
}

/// An SQL expression for a value of any kind.
fn argument() -> impl Strategy<Value = String> {
    prop_oneof![
        10 => bytes().prop_map(|b| format!("CAST({} AS TEXT)", blob(&b))),
        1 => bytes().prop_map(|b| blob(&b)),
        1 => Just("NULL".to_owned()),
        1 => (-1200_i64..1200).prop_map(|i| i.to_string()),
        1 => (-50_i32..50).prop_map(|i| format!("{:?}", f64::from(i) / 8.0)),
    ]
}

fn blob(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    let mut text = String::from("x'");
    for byte in bytes {
        write!(text, "{byte:02x}").unwrap();
    }
    text.push('\'');
    text
}

fn check(arity: usize, template: impl Fn(&[String]) -> String, cases: u32) {
    let pair = Pair::new();
    let strategy = proptest::collection::vec(argument(), arity);
    // The cases are the same in every run: a failure must not come and go.
    let mut runner = proptest::test_runner::TestRunner::new_with_rng(
        ProptestConfig {
            cases,
            failure_persistence: None,
            ..ProptestConfig::default()
        },
        proptest::test_runner::TestRng::deterministic_rng(
            proptest::test_runner::RngAlgorithm::ChaCha,
        ),
    );
    runner
        .run(&strategy, |arguments| {
            let expression = template(&arguments);
            let (ours, theirs) = pair.both(&expression);
            prop_assert_eq!(ours, theirs, "{}", expression);
            Ok(())
        })
        .unwrap();
}

#[test]
fn like_and_glob() {
    check(2, |a| format!("{} LIKE {}", a[0], a[1]), 6000);
    check(2, |a| format!("{} GLOB {}", a[0], a[1]), 6000);
}

#[test]
fn like_with_escape() {
    check(
        3,
        |a| format!("{} LIKE {} ESCAPE {}", a[0], a[1], a[2]),
        3000,
    );
    for escape in ["a", "%", "_", "é", "\\", "^"] {
        check(
            2,
            |a| format!("{} LIKE {} ESCAPE '{escape}'", a[0], a[1]),
            1500,
        );
    }
}

#[test]
fn globs_with_sets() {
    for set in [
        "[a-b]",
        "[^a]",
        "[]a]",
        "[^]b]",
        "[a-",
        "[-a]",
        "[é-😀]",
        "[b-a]",
        "[^-]",
    ] {
        check(
            2,
            |a| format!("{} GLOB {} || '*{set}' || {}", a[0], a[1], a[1]),
            700,
        );
        check(1, |a| format!("{} GLOB '*{set}{set}*'", a[0]), 500);
    }
}

#[test]
fn trims() {
    for name in ["trim", "ltrim", "rtrim"] {
        check(1, |a| format!("{name}({})", a[0]), 600);
        check(2, |a| format!("{name}({}, {})", a[0], a[1]), 3000);
    }
}

#[test]
fn instr_and_length() {
    check(2, |a| format!("instr({}, {})", a[0], a[1]), 4000);
    check(
        3,
        |a| format!("instr({} || {} || {}, {})", a[0], a[1], a[2], a[1]),
        3000,
    );
    check(1, |a| format!("length({})", a[0]), 3000);
}

#[test]
fn replace() {
    check(
        3,
        |a| format!("replace({}, {}, {})", a[0], a[1], a[2]),
        4000,
    );
    check(
        3,
        |a| {
            format!(
                "replace({} || {} || {}, {}, {})",
                a[0], a[1], a[1], a[1], a[2]
            )
        },
        3000,
    );
}

#[test]
fn mathematics() {
    let pair = Pair::new();
    let arguments = [
        "0",
        "1",
        "-1",
        "0.5",
        "-0.25",
        "2",
        "10",
        "1.07",
        "1e-9",
        "123456.789",
        "'3.5'",
        "'x'",
        "''",
        "NULL",
        "x'31'",
        "' 2 '",
        "1e300",
    ];
    let one = [
        "exp", "sqrt", "sin", "cos", "tan", "asin", "acos", "atan", "sinh", "cosh", "tanh",
        "asinh", "acosh", "atanh", "ln", "log", "log10", "log2",
    ];
    let two = ["pow", "power", "atan2", "mod", "log"];
    let mut checked = 0;
    let mut compare = |expression: String| {
        let (ours, theirs) = pair.number(&expression);
        let same = match (ours, theirs) {
            (Some(a), Some(b)) => (a - b).abs() <= 1e-12 * a.abs().max(b.abs()).max(1e-12),
            (a, b) => a == b,
        };
        assert!(same, "{expression}: {ours:?}, SQLite {theirs:?}");
        checked += 1;
    };
    for x in arguments {
        for name in one {
            compare(format!("{name}({x})"));
        }
        for y in arguments {
            for name in two {
                compare(format!("{name}({x}, {y})"));
            }
        }
    }
    assert_eq!(checked, 17 * 18 + 17 * 17 * 5);
}
