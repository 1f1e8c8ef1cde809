//! TAT-QA: tables and questions of annual reports (Zhu et al., ACL 2021).
//!
//! A file is a list of contexts, each with one table, paragraphs and questions. A context becomes a pseudo-company
//! `tatqa_<first eight characters of the table's uid>` with one table `table_1`; TAT-QA names no companies. A question becomes a task
//! if the table alone answers it: agents see tables, not paragraphs.
//!
//! The truth is the answer that the data set wrote down (a derived one is rounded to at most two digits there), its
//! scale stands in [`finqa_core::answer::AnswerSpec`]. Where the table does not state the scale, the task's
//! `unit_hint` does.

mod arithmetic;
mod derivation;
mod spans;

use std::collections::HashSet;
use std::path::Path;

use finqa_core::answer::{AnswerSpec, Scale};
use finqa_core::gold::Gold;
use finqa_core::{Company, Task};
use serde_json::Value;

use super::Imported;
use super::qa::grid::Grid;
use super::qa::{header, records, split};
use crate::error::Result;

/// Licence of the data set, as its repository states it.
pub const LICENCE: &str = "CC BY 4.0; TAT-QA, Zhu et al., ACL 2021";

/// What a question says.
struct Question<'a> {
    text: &'a str,
    answer: &'a Value,
    derivation: &'a str,
    scale: &'a str,
}

impl Question<'_> {
    fn scale(&self) -> Scale {
        match self.scale {
            "thousand" => Scale::Thousand,
            "million" => Scale::Million,
            "billion" => Scale::Billion,
            _ => Scale::One,
        }
    }
}

/// A question with everything that a task needs.
struct Answered {
    truth: String,
    answer: AnswerSpec,
    unit_hint: String,
    question_type: &'static str,
    gold: Option<Gold>,
}

/// Why a question became no task.
struct Refused {
    reason: &'static str,
    detail: String,
}

impl Refused {
    fn new(reason: &'static str, detail: impl Into<String>) -> Self {
        Self {
            reason,
            detail: detail.into(),
        }
    }
}

/// Reads a TAT-QA file; `path` is only named in errors and gives the split ("dev" for `tatqa_dataset_dev.json`).
///
/// Records that cannot be used are counted in [`Imported::refused`] by reason: `answer_only_in_text`,
/// `span_not_in_table`, `operand_not_in_table`, `derivation_disagrees`, `derivation_unreadable`,
/// `counted_item_not_in_table`, `bad_table`, `bad_question`, `bad_answer`, `answer_is_no_number`, `duplicate_id`.
///
/// # Errors
/// [`crate::DataError::Record`] with path, line and reason if the text is no JSON list.
///
/// ```
/// let text = r#"[{"table": {"uid": "11112222-3333", "table": [["", "2023", "2022"], ["Sales", "$ 120", "100"]]},
///   "questions": [{"uid": "q1", "question": "What is the percentage change in sales in 2023?", "answer": 20,
///     "derivation": "(120-100)/100", "answer_type": "arithmetic", "answer_from": "table", "scale": "percent"}]}]"#;
/// let imported = finqa_data::import::tatqa::import("dev.json".as_ref(), text)?;
/// assert_eq!(imported.companies[0].name, "tatqa_11112222");
/// assert_eq!(imported.tasks[0].truth, "20");
/// # Ok::<(), finqa_data::DataError>(())
/// ```
pub fn import(path: &Path, text: &str) -> Result<Imported> {
    let contexts = records::list(path, text, "TAT-QA contexts")?;
    let mut out = Imported {
        licence: LICENCE.to_owned(),
        ..Imported::default()
    };
    let mut names = HashSet::new();
    let mut ids = HashSet::new();
    for (index, context) in contexts.iter().enumerate() {
        let place = format!("{}: context {index}", path.display());
        let grid = match table(context, &mut names) {
            Ok(grid) => grid,
            Err(Refused { reason, detail }) => {
                out.refuse(place, reason, detail);
                continue;
            }
        };
        let questions = context.get("questions").and_then(Value::as_array);
        if questions.is_none() {
            out.refuse(&place, "bad_question", "the field \"questions\" is no list");
        }
        for (number, record) in questions.into_iter().flatten().enumerate() {
            let uid = records::text(record, "uid");
            let place = format!("{place}, question {number} ({uid:?})");
            match task(path, &grid, record) {
                Ok(task) if ids.insert(task.id.clone()) => out.tasks.push(task),
                Ok(task) => {
                    out.refuse(
                        place,
                        "duplicate_id",
                        format!("{:?} appears before", task.id),
                    );
                }
                Err(Refused { reason, detail }) => out.refuse(place, reason, detail),
            }
        }
        out.companies.push(Company {
            name: grid.company.clone(),
            tables: vec![grid.table],
        });
    }
    Ok(out)
}

fn table(context: &Value, names: &mut HashSet<String>) -> Result<Grid, Refused> {
    let bad = |detail: String| Refused::new("bad_table", detail);
    let table = context.get("table").unwrap_or(&Value::Null);
    let uid = records::text(table, "uid");
    if uid.is_empty() {
        return Err(bad(
            "the table has no uid, which names the company".to_owned()
        ));
    }
    let rows = records::rows(table.get("table")).map_err(bad)?;
    let width = rows.first().map_or(0, Vec::len);
    if let Some((r, row)) = rows.iter().enumerate().find(|(_, row)| row.len() != width) {
        let len = row.len();
        return Err(bad(format!(
            "row {r} has {len} cells, row 0 has {width}; all rows must be equally long"
        )));
    }
    let short: String = uid.chars().filter(|c| *c != '-').take(8).collect();
    let mut company = format!("tatqa_{}", short.to_lowercase());
    if names.contains(&company) {
        company = format!("tatqa_{}", uid.replace('-', "").to_lowercase());
    }
    let count = header::count(&rows);
    let header = header::read(&rows, count);
    let grid = Grid::new(&company, "table_1", &header, &rows[count..]).map_err(bad)?;
    if !names.insert(company) {
        return Err(Refused::new(
            "duplicate_id",
            format!("a table with uid {uid:?} appears before"),
        ));
    }
    Ok(grid)
}

fn task(path: &Path, grid: &Grid, record: &Value) -> Result<Task, Refused> {
    let id = records::text(record, "uid");
    let text = records::text(record, "question").trim();
    for (field, value) in [("uid", id), ("question", text)] {
        if value.is_empty() {
            return Err(Refused::new(
                "bad_question",
                format!("the field {field:?} is absent or no text"),
            ));
        }
    }
    let question = Question {
        text,
        answer: record.get("answer").unwrap_or(&Value::Null),
        derivation: records::text(record, "derivation"),
        scale: records::text(record, "scale"),
    };
    let kind = records::text(record, "answer_type");
    if records::text(record, "answer_from") == "text" {
        let detail = format!("a {kind} answer that only the paragraphs hold");
        return Err(Refused::new("answer_only_in_text", detail));
    }
    let answered = match kind {
        "arithmetic" => arithmetic::read(grid, &question)?,
        "span" | "multi-span" => spans::read(grid, &question)?,
        "count" => spans::read_count(grid, &question)?,
        other => {
            let known = "arithmetic, span, multi-span or count";
            let detail = format!("answer_type is {other:?}; it must be {known}");
            return Err(Refused::new("bad_question", detail));
        }
    };
    let split = split::of_file(path);
    Ok(Task {
        id: id.to_owned(),
        source: format!("tatqa/{}", split.0),
        split,
        companies: vec![grid.company.clone()],
        question: text.to_owned(),
        question_type: answered.question_type.to_owned(),
        unit_hint: answered.unit_hint,
        truth: answered.truth,
        answer: answered.answer,
        gold: answered.gold,
        ..Task::default()
    })
}
