//! Runs gold programs on the imported tables with plain SQLite and an evaluator of its own, and compares with the
//! written answer by the strict rule. Shares no code with the importers.

#![allow(dead_code, reason = "each test file uses its own part of this module")]

use std::collections::BTreeMap;
use std::path::PathBuf;

use finqa_core::answer::{Op, Unit};
use finqa_core::gold::{CellRef, Gold, GoldAnswer};
use finqa_core::{Company, Table, Task, Value};
use finqa_data::Imported;
use num_bigint::BigInt;
use num_rational::BigRational;
use num_traits::{Signed, Zero};
use rusqlite::Connection;

/// A shared file's path and text; `None`, with the reason printed, if the shared folder is not there.
pub(crate) fn shared(name: &str) -> Option<(PathBuf, String)> {
    let root = std::env::var_os("FINQA_SHARED").map_or_else(
        || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared")),
        PathBuf::from,
    );
    let path = root.join("data").join(name);
    match std::fs::read_to_string(&path) {
        Ok(text) => Some((path, text)),
        Err(e) => {
            println!(
                "SKIPPED: {name} is not in the shared folder ({e}); set FINQA_SHARED to run this test"
            );
            None
        }
    }
}

/// A fixture's path and text.
pub(crate) fn fixture(name: &str) -> (PathBuf, String) {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("tests/data")
        .join(name);
    let text = std::fs::read_to_string(&path).unwrap();
    (path, text)
}

pub(crate) fn cell(table: &Table, row: usize, column: usize) -> &str {
    table.row(row)[column].as_str().unwrap()
}

pub(crate) fn table<'a>(imported: &'a Imported, company: &str, name: &str) -> &'a Table {
    let company = imported
        .companies
        .iter()
        .find(|c| c.name == company)
        .expect(company);
    company.table(name).expect(name)
}

pub(crate) fn task<'a>(imported: &'a Imported, id: &str) -> &'a Task {
    imported
        .tasks
        .iter()
        .find(|t| t.id == id)
        .unwrap_or_else(|| panic!("no task {id}; refused: {:#?}", imported.refusals))
}

pub(crate) fn gold_sql(task: &Task) -> &str {
    &task
        .gold
        .as_ref()
        .expect("the task has a gold program")
        .queries[0]
        .sql
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// All tables of a company in one in-memory database.
pub(crate) fn database(company: &Company) -> Connection {
    let db = Connection::open_in_memory().unwrap();
    for table in &company.tables {
        let columns: Vec<String> = table
            .columns
            .iter()
            .map(|c| format!("{} TEXT", quoted(c)))
            .collect();
        db.execute(
            &format!(
                "CREATE TABLE {} ({})",
                quoted(&table.name),
                columns.join(", ")
            ),
            [],
        )
        .unwrap();
        let marks = vec!["?"; table.columns.len()].join(", ");
        let insert = format!("INSERT INTO {} VALUES ({marks})", quoted(&table.name));
        for row in 0..table.num_rows() {
            let values: Vec<Option<&str>> = table.row(row).iter().map(Value::as_str).collect();
            db.execute(&insert, rusqlite::params_from_iter(values))
                .unwrap();
        }
    }
    db
}

/// The rows that each query of a program returns.
pub(crate) fn run(db: &Connection, gold: &Gold) -> Vec<Vec<Vec<String>>> {
    gold.queries
        .iter()
        .map(|q| {
            let mut statement = db
                .prepare(&q.sql)
                .unwrap_or_else(|e| panic!("{}: {e}", q.sql));
            let width = statement.column_count();
            let rows = statement
                .query_map([], |row| {
                    (0..width)
                        .map(|i| row.get::<_, String>(i))
                        .collect::<Result<Vec<_>, _>>()
                })
                .unwrap();
            rows.map(Result::unwrap).collect()
        })
        .collect()
}

fn at(results: &[Vec<Vec<String>>], c: CellRef) -> &str {
    &results[usize::from(c.query)][usize::from(c.row)][usize::from(c.column)]
}

/// A decimal like "-12.50".
pub(crate) fn decimal(text: &str) -> Option<BigRational> {
    let negative = text.starts_with('-');
    let digits = text.trim_start_matches('-');
    let (int, frac) = digits.split_once('.').unwrap_or((digits, ""));
    if int.len() + frac.len() == 0 || !(int.bytes().chain(frac.bytes())).all(|b| b.is_ascii_digit())
    {
        return None;
    }
    let scaled: BigInt = format!("{int}{frac}").parse().ok()?;
    let value = BigRational::new(scaled, BigInt::from(10).pow(frac.len() as u32));
    Some(if negative { -value } else { value })
}

/// What a cell shows, read by taking every mark away.
pub(crate) fn shown(cell: &str) -> Option<BigRational> {
    let dash = |c| matches!(c, '—' | '–' | '−');
    let plain: String = cell
        .replace(dash, "-")
        .chars()
        .filter(|c| !" ,%$€£¥AURMS".contains(*c))
        .collect();
    if plain == "-" {
        return Some(BigRational::zero());
    }
    match plain.strip_prefix('(').and_then(|p| p.strip_suffix(')')) {
        Some(inside) => decimal(inside).map(|v| -v),
        None => decimal(&plain),
    }
}

/// Evaluates a gold expression; the calculator's language as far as gold programs use it.
pub(crate) fn evaluate(expression: &str, operands: &[BigRational]) -> BigRational {
    let mut tokens = Tokens {
        rest: expression,
        operands,
    };
    let value = tokens.sum();
    assert!(
        tokens.rest.trim().is_empty(),
        "{expression}: rest {:?}",
        tokens.rest
    );
    value
}

struct Tokens<'a> {
    rest: &'a str,
    operands: &'a [BigRational],
}

impl Tokens<'_> {
    fn eat(&mut self, token: &str) -> bool {
        let rest = self.rest.trim_start();
        match rest.strip_prefix(token) {
            Some(after) => {
                self.rest = after;
                true
            }
            None => false,
        }
    }

    fn sum(&mut self) -> BigRational {
        let mut value = self.product();
        loop {
            if self.eat("+") {
                value += self.product();
            } else if self.eat("-") {
                value -= self.product();
            } else {
                return value;
            }
        }
    }

    fn product(&mut self) -> BigRational {
        let mut value = self.power();
        loop {
            // A power is no product; `power` has eaten it before.
            if self.eat("*") {
                value *= self.power();
            } else if self.eat("/") {
                value /= self.power();
            } else {
                return value;
            }
        }
    }

    fn power(&mut self) -> BigRational {
        let base = self.atom();
        if self.eat("**") {
            let exponent = self.atom();
            assert!(exponent.is_integer());
            return base.pow(i32::try_from(exponent.to_integer()).unwrap());
        }
        base
    }

    fn atom(&mut self) -> BigRational {
        for (name, larger) in [("max(", true), ("min(", false)] {
            if self.eat(name) {
                let mut best = self.sum();
                while self.eat(",") {
                    let next = self.sum();
                    if (next > best) == larger {
                        best = next;
                    }
                }
                assert!(self.eat(")"));
                return best;
            }
        }
        if self.eat("(") {
            let value = self.sum();
            assert!(
                self.eat(")"),
                "no closing parenthesis before {:?}",
                self.rest
            );
            return value;
        }
        if self.eat("{") {
            let (index, rest) = self.rest.split_once('}').unwrap();
            self.rest = rest;
            return self.operands[index.parse::<usize>().unwrap()].clone();
        }
        let rest = self.rest.trim_start();
        let end = rest
            .find(|c: char| !(c.is_ascii_digit() || c == '.'))
            .unwrap_or(rest.len());
        self.rest = &rest[end..];
        decimal(&rest[..end]).unwrap_or_else(|| panic!("a number was expected at {rest:?}"))
    }
}

/// Rounds half away from zero and writes `decimals` digits.
fn written(value: &BigRational, decimals: u8) -> String {
    let scaled =
        (value * BigRational::from_integer(BigInt::from(10).pow(u32::from(decimals)))).round();
    let digits = scaled.to_integer().abs().to_string();
    let width = usize::from(decimals) + 1;
    let digits = format!("{digits:0>width$}");
    let (int, frac) = digits.split_at(digits.len() - usize::from(decimals));
    let sign = if scaled.is_negative() { "-" } else { "" };
    if decimals == 0 {
        format!("{sign}{int}")
    } else {
        format!("{sign}{int}.{frac}")
    }
}

/// What a gold program submits, given the company's tables.
pub(crate) fn submission(db: &Connection, gold: &Gold) -> String {
    let results = run(db, gold);
    let numbers = |operands: &[CellRef]| -> Vec<BigRational> {
        operands
            .iter()
            .map(|&c| {
                shown(at(&results, c)).unwrap_or_else(|| panic!("no number: {:?}", at(&results, c)))
            })
            .collect()
    };
    match &gold.answer {
        GoldAnswer::Number {
            expression,
            operands,
            decimals,
            suffix,
        } => {
            let value = evaluate(expression, &numbers(operands));
            let decimals = decimals.unwrap_or_else(|| {
                (0..12)
                    .find(|&d| decimal(&written(&value, d)).unwrap() == value)
                    .unwrap()
            });
            format!("{}{suffix}", written(&value, decimals))
        }
        GoldAnswer::Cells { cells } => cells
            .iter()
            .map(|&c| at(&results, c))
            .collect::<Vec<_>>()
            .join("; "),
        GoldAnswer::RowCount => results[0].len().to_string(),
        GoldAnswer::Greater {
            left,
            right,
            operands,
        } => {
            let n = numbers(operands);
            (if evaluate(left, &n) > evaluate(right, &n) {
                "yes"
            } else {
                "no"
            })
            .to_owned()
        }
        GoldAnswer::Text { text } => text.clone(),
    }
}

/// The strict rule (value part) for one written answer.
pub(crate) fn right(submitted: &str, task: &Task) -> bool {
    match task.answer.unit {
        Unit::Text => {
            let key = |s: &str| {
                let words = s.to_lowercase();
                let words = words.split(|c: char| !c.is_alphanumeric());
                words
                    .filter(|w| !["", "a", "an", "the"].contains(w))
                    .collect::<Vec<_>>()
                    .join(" ")
            };
            let list = |s: &str| s.split(';').map(key).collect::<Vec<_>>();
            list(submitted) == list(&task.truth)
                || task.answer.aliases.iter().any(|a| key(a) == key(submitted))
        }
        Unit::Bool => submitted == task.truth,
        _ => {
            let (given, truths): (Vec<_>, Vec<_>) = (
                submitted.split(';').collect(),
                task.truth.split(';').collect(),
            );
            given.len() == truths.len()
                && given
                    .iter()
                    .zip(&truths)
                    .all(|(g, t)| value_right(g, t, task.answer.op))
        }
    }
}

fn value_right(submitted: &str, truth: &str, op: Op) -> bool {
    let truth = truth.trim().trim_end_matches('%');
    let given = submitted.trim().trim_end_matches('%');
    let (Some(p), Some(t)) = (shown(given), decimal(truth)) else {
        return false;
    };
    if p == t {
        return true;
    }
    let digits = |s: &str| s.split_once('.').map_or(0, |(_, f)| f.len() as u32);
    let half = BigRational::new(
        BigInt::from(1),
        BigInt::from(2) * BigInt::from(10).pow(digits(truth)),
    );
    op == Op::Derived
        && digits(given) >= digits(truth)
        && p.is_negative() == t.is_negative()
        && (p - t).abs() <= half
}

/// The value that a numeric program computes, before rounding; `None` where the changed cell divides by zero.
fn raw(gold: &Gold, cells: &[BigRational]) -> Option<BigRational> {
    match &gold.answer {
        GoldAnswer::Number { expression, .. } => {
            std::panic::catch_unwind(|| evaluate(expression, cells)).ok()
        }
        _ => None,
    }
}

/// Programs that compute something, and what came of checking them.
#[derive(Debug, Default)]
pub(crate) struct Checked {
    pub(crate) by_type: BTreeMap<String, u32>,
    pub(crate) golds: u32,
    pub computed_right: u32,
    pub lookups_right: u32,
    pub yes_no_right: u32,
    pub counts_right: u32,
    pub wrong: Vec<String>,
    /// Programs whose outcome does not depend on one of their cells.
    pub insensitive: Vec<String>,
}

/// Runs every gold program of an import.
pub(crate) fn check(imported: &Imported) -> Checked {
    let mut out = Checked::default();
    let databases: BTreeMap<&str, Connection> = imported
        .companies
        .iter()
        .map(|c| (c.name.as_str(), database(c)))
        .collect();
    for task in &imported.tasks {
        *out.by_type.entry(task.question_type.clone()).or_default() += 1;
        let Some(gold) = &task.gold else { continue };
        out.golds += 1;
        let db = &databases[task.companies[0].as_str()];
        let submitted = submission(db, gold);
        if !right(&submitted, task) {
            out.wrong.push(format!(
                "{}: {submitted:?} for {:?} ({gold:?})",
                task.id, task.truth
            ));
            continue;
        }
        match &gold.answer {
            GoldAnswer::Number { expression, .. } if expression == "{0}" => out.lookups_right += 1,
            GoldAnswer::Number { operands, .. } => {
                out.computed_right += 1;
                sensitive(task, gold, operands, &run(db, gold), &mut out);
            }
            GoldAnswer::Cells { .. } => out.lookups_right += 1,
            GoldAnswer::Greater { .. } => out.yes_no_right += 1,
            GoldAnswer::RowCount => out.counts_right += 1,
            GoldAnswer::Text { .. } => {}
        }
    }
    out
}

/// Changes one operand at a time: the program must then miss the written answer.
fn sensitive(
    task: &Task,
    gold: &Gold,
    operands: &[CellRef],
    results: &[Vec<Vec<String>>],
    out: &mut Checked,
) {
    let cells: Vec<BigRational> = operands
        .iter()
        .map(|&c| shown(at(results, c)).unwrap())
        .collect();
    let GoldAnswer::Number { decimals, .. } = &gold.answer else {
        return;
    };
    for changed in 0..cells.len() {
        let mut other = cells.clone();
        other[changed] = &cells[changed] * BigRational::from_integer(BigInt::from(-3))
            + BigRational::from_integer(BigInt::from(100_003));
        if let Some(value) = raw(gold, &other)
            && right(&written(&value, decimals.unwrap_or(6)), task)
        {
            out.insensitive
                .push(format!("{}: operand {changed} of {gold:?}", task.id));
        }
    }
}
