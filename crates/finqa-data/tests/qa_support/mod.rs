//! Runs gold programs on the imported tables twice: with plain SQLite, an evaluator and a strict rule of its own that
//! share no code with the importers, and with the guards, the number reading, the calculator and the scoring of the
//! tools.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "the lint configuration knows tests, not the modules that they share"
)]

mod evaluate;

use std::collections::BTreeMap;
use std::path::PathBuf;

use finqa_core::answer::{AnswerMode, Op, Unit, cell_number, score_answer};
use finqa_core::calculator::calculate;
use finqa_core::gold::{CellRef, Gold, GoldAnswer};
use finqa_core::sql_guard::{self, SqlGuard};
use finqa_core::{Company, Table, Task, Value};
use finqa_data::Imported;
use num_bigint::BigInt;
use num_rational::BigRational;
use num_traits::Signed;
use rusqlite::Connection;

use evaluate::{decimal, evaluate, shown, written};

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

pub(crate) fn gold(task: &Task) -> &Gold {
    task.gold
        .as_ref()
        .unwrap_or_else(|| panic!("{} has no gold program", task.id))
}

pub(crate) fn gold_sql(task: &Task) -> &str {
    &gold(task).queries[0].sql
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
        GoldAnswer::Extreme { .. } | GoldAnswer::Report { .. } => {
            panic!("importers write no such program: {gold:?}")
        }
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
            let list = |s: &str| match s.strip_prefix("\\boxed{") {
                Some(boxes) => boxes.split("\\boxed{").map(key).collect::<Vec<_>>(),
                None => s.split(';').map(key).collect(),
            };
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

/// What strict scoring says about a submission.
fn strict(submitted: &str, task: &Task) -> bool {
    score_answer(submitted, &task.truth, &task.answer, AnswerMode::Strict).score > 0.5
}

/// The value of a gold expression by the calculator tool, with the cells as that tool is given them.
fn by_calculator(expression: &str, cells: &[&str]) -> BigRational {
    let mut text = expression.to_owned();
    for (i, cell) in cells.iter().enumerate() {
        let number = cell_number(cell).unwrap_or_else(|| panic!("{cell:?} is no number"));
        assert_eq!(decimal(&number), shown(cell), "{cell:?}");
        text = text.replace(&format!("{{{i}}}"), &number);
    }
    let result = calculate(&text).unwrap_or_else(|e| panic!("{text}: {e}"));
    let value: f64 = result.parse().unwrap();
    decimal(&format!("{value:.9}")).unwrap()
}

/// Checks a program against the tools' own rules: guards, number reading, calculator, strict scoring.
fn by_the_tools(
    task: &Task,
    gold: &Gold,
    submitted: &str,
    results: &[Vec<Vec<String>>],
) -> Result<(), String> {
    for query in &gold.queries {
        for guard in [SqlGuard::Rllm, SqlGuard::OpenEnv] {
            sql_guard::check(guard, &query.sql).map_err(|e| format!("{guard:?}: {e}"))?;
        }
    }
    if let GoldAnswer::Number {
        expression,
        operands,
        decimals: Some(decimals),
        suffix,
    } = &gold.answer
    {
        let cells: Vec<&str> = operands.iter().map(|&c| at(results, c)).collect();
        let value = by_calculator(expression, &cells);
        let calculated = format!("{}{suffix}", written(&value, *decimals));
        if !strict(&calculated, task) {
            return Err(format!("the calculator gives {calculated:?}"));
        }
    }
    if strict(submitted, task) {
        Ok(())
    } else {
        Err("not right in strict mode".to_owned())
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
        if !strict(&task.truth, task) {
            out.wrong.push(format!(
                "{}: the truth {:?} is not right by itself",
                task.id, task.truth
            ));
        }
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
        if let Err(reason) = by_the_tools(task, gold, &submitted, &run(db, gold)) {
            out.wrong.push(format!(
                "{}: {submitted:?} for {:?}: {reason} ({gold:?})",
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
            GoldAnswer::Text { .. } | GoldAnswer::Extreme { .. } | GoldAnswer::Report { .. } => {}
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
        // Up and down: a minimum only feels a fall.
        let misses = [700_001, -900_007].into_iter().any(|by| {
            let mut other = cells.clone();
            other[changed] += BigRational::from_integer(BigInt::from(by));
            raw(gold, &other).is_none_or(|v| !strict(&written(&v, decimals.unwrap_or(6)), task))
        });
        if !misses {
            out.insensitive
                .push(format!("{}: operand {changed} of {gold:?}", task.id));
        }
    }
}

/// Texts like `text` with something wrong in them: characters exchanged, doubled or dropped, the same ones each time.
pub(crate) fn damaged(text: &str, count: u64) -> impl Iterator<Item = String> {
    let chars: Vec<char> = text.chars().collect();
    let odd: Vec<char> = "0129.,-—–()%$€#\"[]{}:; a_İ\u{200b}".chars().collect();
    (0..count).map(move |seed| {
        let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
        let mut next = |below: usize| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            (state % below as u64) as usize
        };
        let mut copy = chars.clone();
        for _ in 0..=next(24) {
            let at = next(copy.len());
            match next(4) {
                0 => drop(copy.remove(at)),
                1 => copy.insert(at, odd[next(odd.len())]),
                2 => copy[at] = copy[next(copy.len())],
                _ => copy[at] = odd[next(odd.len())],
            }
        }
        copy.into_iter().collect()
    })
}
