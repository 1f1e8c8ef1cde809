//! Gold means work done: on the public question files every gold program is run through the engine, its submission is
//! scored against the data set's own written answer, and a changed cell makes it wrong.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on must panic")]
#![expect(clippy::print_stdout, reason = "skips are told with their reason")]

mod common;

use std::path::PathBuf;
use std::sync::Arc;

use finqa_core::answer::cell_number;
use finqa_core::gold::{CellRef, Gold, GoldAnswer};
use finqa_core::sql::{QueryLimits, SqlBackend};
use finqa_core::{Corpus, Task, ToolProfile, Value};
use finqa_data::{LoadOptions, load};
use finqa_policy::{TaskCheck, ValidateOptions, reading, validate};
use finqa_sqlite::{BackendConfig, SqliteBackend};

use common::synthetic_part;

fn backend() -> Arc<dyn SqlBackend> {
    Arc::new(SqliteBackend::new(BackendConfig::default()).unwrap())
}

/// A file of the public question sets, if it is at hand.
fn shared(name: &str) -> Option<PathBuf> {
    let folder = std::env::var_os("FINQA_SHARED").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared"),
        PathBuf::from,
    );
    let path = folder.join("data").join(name);
    if path.exists() {
        return Some(path);
    }
    println!("SKIPPED: {} is not there; set FINQA_SHARED", path.display());
    None
}

fn check(
    corpus: &Arc<Corpus>,
    backend: &Arc<dyn SqlBackend>,
    profile: ToolProfile,
) -> Vec<TaskCheck> {
    let options = ValidateOptions {
        tool_profile: profile,
        ..ValidateOptions::default()
    };
    validate(corpus, backend, &options, &mut |_| true).unwrap()
}

fn is_arithmetic(task: &Task) -> bool {
    matches!(&task.gold, Some(Gold { answer: GoldAnswer::Number { expression, .. }, .. })
        if expression.trim() != "{0}")
        || matches!(
            &task.gold,
            Some(Gold {
                answer: GoldAnswer::Greater { .. },
                ..
            })
        )
}

/// Loads a file and asserts that every gold program of it is right, in every profile.
fn every_gold_is_right(name: &str, min_tasks: usize, min_arithmetic: usize) -> Option<Arc<Corpus>> {
    let path = shared(name)?;
    let corpus = Arc::new(load(&path, None, &LoadOptions::default()).unwrap().corpus);
    assert!(
        corpus.stored().unwrap().tasks().len() >= min_tasks,
        "{name}: {} tasks",
        corpus.stored().unwrap().tasks().len()
    );
    let backend = backend();
    for profile in ToolProfile::ALL {
        let checks = check(&corpus, &backend, profile);
        let bad: Vec<_> = checks
            .iter()
            .filter(|c| c.outcome != "ok" && c.outcome != "no_gold")
            .collect();
        assert!(bad.is_empty(), "{name}, {}: {bad:#?}", profile.name());
        let arithmetic = checks
            .iter()
            .filter(|c| {
                c.outcome == "ok"
                    && is_arithmetic(&corpus.stored().unwrap().tasks()[c.task_index as usize])
            })
            .count();
        assert!(
            arithmetic >= min_arithmetic,
            "{name}: {arithmetic} arithmetic golds"
        );
    }
    Some(corpus)
}

/// Where in the table an operand stands: the row comes from SQLite's rowid, the column from the select list.
fn place(
    corpus: &Corpus,
    backend: &Arc<dyn SqlBackend>,
    gold: &Gold,
    at: CellRef,
) -> (usize, usize) {
    let query = &gold.queries[usize::from(at.query)];
    let company =
        &corpus.stored().unwrap().companies()[corpus.company_index(&query.company).unwrap()];
    let (list, rest) = query
        .sql
        .strip_prefix("SELECT ")
        .unwrap()
        .split_once(" FROM ")
        .unwrap();
    let rowids = format!("SELECT rowid AS r FROM {rest}");
    let rows = backend
        .query(company, &rowids, &QueryLimits::default())
        .unwrap()
        .unwrap();
    let row: usize = reading::rows(&rows.text).unwrap()[usize::from(at.row)][0]
        .parse()
        .unwrap();
    // Names may hold commas, so the list is read against the table's own column names.
    let table = company.table(&query.table).unwrap();
    let mut rest = list;
    for _ in 0..at.column {
        let end = rest.find("\", \"").unwrap();
        rest = &rest[end + 3..];
    }
    let name = rest
        .split_once("\", \"")
        .map_or(rest, |(first, _)| first)
        .trim_matches('"');
    let column = table
        .columns
        .iter()
        .position(|c| *c == name.replace("\"\"", "\""))
        .unwrap();
    (row - 1, column)
}

/// Another number in the place of the cell's, so far away that no rounding hides it.
fn changed(cell: &str) -> String {
    let number: f64 = cell_number(cell).map_or(0.0, |n| n.parse().unwrap());
    let percent = if cell.contains('%') { "%" } else { "" };
    format!("{:.2}{percent}", number * 7.0 + 3.0)
}

/// What the gold program of `task` comes to when the cell of one operand is changed.
fn outcome_with_a_changed_cell(
    corpus: &Corpus,
    backend: &Arc<dyn SqlBackend>,
    task: &Task,
    gold: &Gold,
    operand: CellRef,
) -> &'static str {
    let query = &gold.queries[usize::from(operand.query)];
    let (row, column) = place(corpus, backend, gold, operand);
    let companies = task.companies.iter().map(|name| {
        let index = corpus.company_index(name).unwrap();
        let mut company = (*corpus.stored().unwrap().companies()[index]).clone();
        if company.name == query.company {
            let table = company.tables.iter_mut().find(|t| t.name == query.table);
            let table = table.unwrap();
            let cell = &mut table.rows[row * table.columns.len() + column];
            *cell = Value::text(changed(cell.as_str().unwrap()));
        }
        company
    });
    let one = Corpus::new(
        corpus.info().clone(),
        companies.collect(),
        vec![task.clone()],
    )
    .unwrap();
    check(&Arc::new(one), backend, ToolProfile::Rllm)[0].outcome
}

/// Runs every computed numeric gold with each of its operand cells changed in turn: none may still be right. Returns
/// how many tasks there were.
fn a_changed_cell_makes_it_wrong(corpus: &Corpus) -> usize {
    let backend = backend();
    let mut tried = 0;
    for task in corpus.stored().unwrap().tasks() {
        let Some(gold) = &task.gold else { continue };
        let GoldAnswer::Number {
            expression,
            operands,
            ..
        } = &gold.answer
        else {
            continue;
        };
        if expression.trim() == "{0}" {
            continue;
        }
        let still_right = operands
            .iter()
            .map(|operand| outcome_with_a_changed_cell(corpus, &backend, task, gold, *operand))
            .filter(|outcome| *outcome == "ok")
            .count();
        // Of the cells under a maximum or minimum, those that are not the extreme one have no say.
        let allowed = if expression.contains("max(") || expression.contains("min(") {
            operands.len() - 1
        } else {
            0
        };
        assert!(
            still_right <= allowed,
            "{}: still right with a changed cell; {gold:?}",
            task.id
        );
        tried += 1;
    }
    tried
}

#[test]
fn tatqa_golds_are_work_done() {
    if let Some(corpus) = every_gold_is_right("tatqa_dataset_dev.json", 1_200, 650) {
        let tried = a_changed_cell_makes_it_wrong(&corpus);
        assert!(tried >= 650, "{tried}");
    }
}

#[test]
fn finqa_golds_are_work_done() {
    if let Some(corpus) = every_gold_is_right("finqa_dev_200.json", 130, 120) {
        let tried = a_changed_cell_makes_it_wrong(&corpus);
        assert!(tried >= 120, "{tried}");
    }
}

#[test]
fn the_synthetic_corpus_is_answerable_in_every_profile() {
    let corpus = synthetic_part(&[("train", 16), ("eval290", 4), ("reason79", 4)]);
    let backend = backend();
    for profile in ToolProfile::ALL {
        let bad: Vec<_> = check(&corpus, &backend, profile)
            .into_iter()
            .filter(|c| c.outcome != "ok")
            .collect();
        assert!(bad.is_empty(), "{}: {bad:#?}", profile.name());
    }
    assert!(a_changed_cell_makes_it_wrong(&corpus) > 40);
}

#[test]
fn a_wrong_truth_is_found() {
    let corpus = synthetic_part(&[("train", 1)]);
    let mut tasks: Vec<Task> = corpus
        .stored()
        .unwrap()
        .tasks()
        .iter()
        .map(|t| (**t).clone())
        .collect();
    "123456789".clone_into(&mut tasks[0].truth);
    let companies = corpus
        .stored()
        .unwrap()
        .companies()
        .iter()
        .map(|c| (**c).clone())
        .collect();
    let corpus = Arc::new(Corpus::new(corpus.info().clone(), companies, tasks).unwrap());
    let checks = check(&corpus, &backend(), ToolProfile::Rllm);
    assert_eq!(checks[0].outcome, "wrong_answer");
    assert!(checks[1..].iter().all(|c| c.outcome == "ok"));
}
