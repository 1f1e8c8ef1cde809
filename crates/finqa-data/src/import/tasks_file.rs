//! `tasks.csv`, `tasks.jsonl` or `tasks.parquet`: anybody's questions about their own tables.
//!
//! The columns are described in `docs/spec/corpus.md`, "Tasks file".

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::{Path, PathBuf};

use finqa_core::answer::{AnswerSpec, Op, Scale, Unit};
use finqa_core::{Company, Split, Task, Value};
use serde::de::DeserializeOwned;
use serde_json::Value as Json;

use super::tasks_gold::gold;
use super::{Imported, answer_spec, csv_rows, parquet_rows, scale};
use crate::error::{DataError, Result, utf8};

/// Endings of a tasks file, in the order in which they are looked for.
pub(crate) const ENDINGS: [&str; 3] = ["csv", "jsonl", "parquet"];

/// `<folder>/<stem>.csv`, `.jsonl` or `.parquet`, whichever is there.
///
/// # Errors
/// More than one of them is there: which one counts would be a guess.
pub(crate) fn find(folder: &Path, stem: &str) -> Result<Option<PathBuf>> {
    let mut found: Vec<PathBuf> = ENDINGS
        .iter()
        .map(|ending| folder.join(format!("{stem}.{ending}")))
        .filter(|p| p.is_file())
        .collect();
    if found.len() > 1 {
        let names: Vec<String> = found.iter().map(|p| p.display().to_string()).collect();
        return Err(DataError::layout(
            folder,
            format!("several tasks files: {}; keep one", names.join(", ")),
        ));
    }
    Ok(found.pop())
}

/// One record: column -> text; empty cells are absent.
pub(super) type Row = BTreeMap<String, String>;

/// Reads a tasks file into `out.tasks`, for the companies in `out`.
///
/// # Errors
/// The file cannot be read, has no question or answer column, or repeats an id.
pub(crate) fn read(path: &Path, out: &mut Imported) -> Result<()> {
    let ending = path
        .extension()
        .and_then(|e| e.to_str())
        .unwrap_or_default()
        .to_lowercase();
    let rows = match ending.as_str() {
        "csv" => csv(path, b',')?,
        "tsv" => csv(path, b'\t')?,
        "jsonl" => jsonl(path)?,
        "parquet" => parquet(path)?,
        _ => {
            return Err(DataError::layout(
                path,
                format!("a tasks file ends in one of {ENDINGS:?}, not {ending:?}"),
            ));
        }
    };
    if rows.is_empty() {
        return Err(DataError::layout(path, "the tasks file has no records"));
    }
    for column in ["question", "answer"] {
        if !rows.is_empty()
            && !rows
                .iter()
                .any(|(_, row)| row.as_ref().is_ok_and(|r| r.contains_key(column)))
        {
            let mut seen: Vec<&str> = rows
                .iter()
                .filter_map(|(_, row)| row.as_ref().ok())
                .flat_map(|row| row.keys().map(String::as_str))
                .collect();
            seen.sort_unstable();
            seen.dedup();
            let advice = match seen.as_slice() {
                [one] if one.contains(';') => "; the file must be separated by commas",
                _ => "",
            };
            return Err(DataError::record(
                path,
                "columns",
                format!("no record has {column:?}, which is required; it has {seen:?}{advice}"),
            ));
        }
    }
    let companies: HashMap<String, usize> = out
        .companies
        .iter()
        .enumerate()
        .map(|(i, c)| (c.name.to_lowercase(), i))
        .collect();
    let mut ids = HashSet::new();
    for (number, (place, row)) in rows.into_iter().enumerate() {
        let name = path
            .file_name()
            .map_or_else(String::new, |n| n.to_string_lossy().into_owned());
        let record = format!("{name} {place}");
        let made = row
            .map_err(|detail| ("bad_record", detail))
            .and_then(|row| task(&row, number, &companies, out));
        match made {
            Ok((mut task, gold_problem)) => {
                if !ids.insert(task.id.clone()) {
                    return Err(DataError::DuplicateId {
                        path: path.to_owned(),
                        what: "task id",
                        id: task.id,
                    });
                }
                task.source.clone_from(&record);
                out.tasks.push(task);
                if let Some(detail) = gold_problem {
                    out.refuse(
                        record,
                        "gold_not_used",
                        format!("{detail}; the task is used without it"),
                    );
                }
            }
            Err((reason, detail)) => out.refuse(record, reason, detail),
        }
    }
    Ok(())
}

type Records = Vec<(String, Result<Row, String>)>;

fn read_bytes(path: &Path) -> Result<Vec<u8>> {
    std::fs::read(path).map_err(|e| DataError::io(path, e))
}

fn csv(path: &Path, delimiter: u8) -> Result<Records> {
    let csv = csv_rows::read(path, &read_bytes(path)?, delimiter)?;
    let header: Vec<String> = csv.header.iter().map(|h| h.trim().to_lowercase()).collect();
    let row = |cells: Vec<String>| {
        if cells.len() != header.len() {
            return Err(format!(
                "{} cells, but there are {} columns",
                cells.len(),
                header.len()
            ));
        }
        Ok(header
            .iter()
            .cloned()
            .zip(cells)
            .filter(|(_, v)| !v.trim().is_empty())
            .collect())
    };
    Ok(csv
        .rows
        .into_iter()
        .map(|(line, cells)| (format!("line {line}"), row(cells)))
        .collect())
}

fn jsonl(path: &Path) -> Result<Records> {
    let bytes = read_bytes(path)?;
    let row = |line: &str| -> Result<Row, String> {
        let object: serde_json::Map<String, Json> = serde_json::from_str(line)
            .map_err(|e| format!("{e}; each line must be a JSON object"))?;
        let text = |value| match value {
            Json::Null => None,
            Json::String(s) => Some(s),
            other => Some(other.to_string()),
        };
        Ok(object
            .into_iter()
            .filter_map(|(k, v)| text(v).map(|v| (k.to_lowercase(), v)))
            .collect())
    };
    Ok(utf8(path, &bytes)?
        .lines()
        .enumerate()
        .filter(|(_, line)| !line.trim().is_empty())
        .map(|(i, line)| (format!("line {}", i + 1), row(line)))
        .collect())
}

fn parquet(path: &Path) -> Result<Records> {
    let file = parquet_rows::read(path)?;
    let columns: Vec<String> = file
        .columns
        .iter()
        .map(|c| c.trim().to_lowercase())
        .collect();
    let text = |value: &Value| match value {
        Value::Null => None,
        Value::Integer(n) => Some(n.to_string()),
        Value::Real(f) => Some(f.to_string()),
        Value::Text(t) => Some(t.to_string()),
    };
    Ok(file
        .rows
        .chunks(columns.len().max(1))
        .enumerate()
        .map(|(i, cells)| {
            let row = columns
                .iter()
                .zip(cells)
                .filter_map(|(c, v)| text(v).map(|v| (c.clone(), v)));
            (format!("row {i}"), Ok(row.collect()))
        })
        .collect())
}

type Refused = (&'static str, String);

/// A task and, if its gold program cannot be used, why.
fn task(
    row: &Row,
    number: usize,
    companies: &HashMap<String, usize>,
    out: &Imported,
) -> Result<(Task, Option<String>), Refused> {
    let get = |name: &str| row.get(name).map_or("", |v| v.trim());
    let question = get("question");
    if question.is_empty() {
        return Err(("no_question", "the question is empty".into()));
    }
    let mut truth = get("answer").to_owned();
    if truth.is_empty() {
        return Err(("no_answer", "the answer is empty".into()));
    }
    // A JSON list of answers is written the way a submission with several values is.
    if let Ok(Json::Array(values)) = serde_json::from_str(&truth) {
        let texts: Vec<String> = values
            .iter()
            .map(|v| v.as_str().map_or_else(|| v.to_string(), str::to_owned))
            .collect();
        truth = texts.join("; ");
    }
    let names = list(get("company"));
    let asked: Vec<&Company> = if names.is_empty() {
        match out.companies.as_slice() {
            [only] => vec![only],
            several => {
                let detail = format!(
                    "the company is empty and there are {} to choose from",
                    several.len()
                );
                return Err(("no_company", detail));
            }
        }
    } else {
        names
            .iter()
            .map(|name| {
                companies
                    .get(&name.to_lowercase())
                    .map(|&i| &out.companies[i])
                    .ok_or_else(|| {
                        (
                            "unknown_company",
                            format!("company {name:?} has no tables here"),
                        )
                    })
            })
            .collect::<Result<_, _>>()?
    };
    let tables = list(get("tables"));
    for table in &tables {
        if !asked.iter().any(|c| c.table(table).is_some()) {
            return Err((
                "unknown_table",
                format!("table {table:?} is in none of the task's companies"),
            ));
        }
    }
    let answer = answer(row, &truth, question, &asked, &tables)?;
    let (gold, problem) = match gold(row, &truth, &answer, &asked, &tables) {
        Ok(gold) => (gold, None),
        Err(problem) => (None, Some(problem)),
    };
    let id = match get("id") {
        "" => format!("{number}"),
        id => id.to_owned(),
    };
    let split = match get("split") {
        "" => Split::ALL,
        split => split,
    };
    let task = Task {
        id,
        split: Split(split.to_owned()),
        companies: asked.iter().map(|c| c.name.clone()).collect(),
        question: question.to_owned(),
        question_type: get("question_type").to_owned(),
        unit_hint: get("unit_hint").to_owned(),
        truth,
        answer,
        gold,
        source: String::new(),
        ..Task::default()
    };
    Ok((task, problem))
}

/// A JSON list of strings, or one name.
pub(super) fn list(field: &str) -> Vec<String> {
    if field.is_empty() {
        return Vec::new();
    }
    serde_json::from_str(field).unwrap_or_else(|_| vec![field.to_owned()])
}

fn answer(
    row: &Row,
    truth: &str,
    question: &str,
    companies: &[&Company],
    tables: &[String],
) -> Result<AnswerSpec, Refused> {
    let table_scale = tables
        .first()
        .and_then(|name| companies.iter().find_map(|c| c.table(name)))
        .and_then(|table| scale::named(&table.scale))
        .filter(|s| *s != Scale::One);
    let mut spec = answer_spec::infer(truth, question, table_scale);
    if let Some(unit) = word::<Unit>(row, "unit")? {
        spec.unit = unit;
        spec.op = match unit {
            Unit::Percent | Unit::Ratio | Unit::Pp | Unit::Bps | Unit::Multiple => Op::Derived,
            _ => Op::Exact,
        };
        if !matches!(unit, Unit::Amount | Unit::Count) {
            spec.scale = Scale::One;
        }
    }
    if let Some(text) = row.get("scale") {
        spec.scale = scale::named(text).ok_or_else(|| {
            (
                "bad_scale",
                format!("scale is {text:?}; it must be thousand, million, billion or empty"),
            )
        })?;
    }
    if let Some(op) = word(row, "op")? {
        spec.op = op;
    }
    if let Some(multi) = word(row, "multi")? {
        spec.multi = multi;
    }
    if let Some(text) = row.get("signed_change") {
        spec.signed_change = match text.trim().to_lowercase().as_str() {
            "true" | "1" | "yes" => true,
            "false" | "0" | "no" => false,
            _ => {
                return Err((
                    "bad_signed_change",
                    format!("signed_change is {text:?}; it must be true or false"),
                ));
            }
        };
    }
    spec.aliases = list(row.get("aliases").map_or("", |v| v.trim()));
    Ok(spec)
}

/// One of the words that `T` is written as in files.
fn word<T: DeserializeOwned>(row: &Row, column: &'static str) -> Result<Option<T>, Refused> {
    let Some(text) = row.get(column) else {
        return Ok(None);
    };
    serde_json::from_value(Json::String(text.trim().to_lowercase()))
        .map(Some)
        .map_err(|e| {
            let reason = match column {
                "unit" => "bad_unit",
                "op" => "bad_op",
                _ => "bad_multi",
            };
            (reason, format!("{column} is {text:?}: {e}"))
        })
}
