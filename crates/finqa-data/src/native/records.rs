//! Tables and tasks as JSON objects: the records of both storage formats.

use std::path::Path;

use finqa_core::corpus::Stored;
use finqa_core::{Company, Table, Task, Value};
use serde_json::{Map, Value as Json};

use crate::error::{DataError, Result};

/// One record.
pub(super) type Object = Map<String, Json>;

fn object(value: impl serde::Serialize, path: &Path) -> Result<Object> {
    match serde_json::to_value(value) {
        Ok(Json::Object(object)) => Ok(object),
        Ok(other) => Err(DataError::record(
            path,
            "record",
            format!("{other} is no JSON object"),
        )),
        Err(e) => Err(DataError::record(path, "record", e.to_string())),
    }
}

/// One record a table, in corpus order. `rows` is a list of rows here, so that other programs can read it; a company
/// without tables has one record with an empty `name`.
pub(super) fn of_tables(corpus: &Stored, path: &Path) -> Result<Vec<Object>> {
    let mut out = Vec::new();
    for company in corpus.companies() {
        out.extend(of_company(company, path)?);
    }
    Ok(out)
}

/// The records of one company.
pub(super) fn of_company(company: &Company, path: &Path) -> Result<Vec<Object>> {
    let mut out = Vec::with_capacity(company.tables.len());
    for table in &company.tables {
        let mut record = Object::new();
        record.insert("company".into(), company.name.clone().into());
        for (key, value) in object(table, path)? {
            record.insert(key, value);
        }
        let rows: Vec<Json> = (0..table.num_rows())
            .map(|row| serde_json::to_value(table.row(row)).unwrap_or_default())
            .collect();
        record.insert("rows".into(), rows.into());
        record.insert("num_rows".into(), table.num_rows().into());
        out.push(record);
    }
    if company.tables.is_empty() {
        let mut record = Object::new();
        record.insert("company".into(), company.name.clone().into());
        record.insert("name".into(), "".into());
        out.push(record);
    }
    Ok(out)
}

/// One record a task, in corpus order.
pub(super) fn of_tasks(corpus: &Stored, path: &Path) -> Result<Vec<Object>> {
    corpus
        .tasks()
        .iter()
        .map(|task| of_task(task, path))
        .collect()
}

/// The record of one task.
pub(super) fn of_task(task: &Task, path: &Path) -> Result<Object> {
    object(task, path)
}

/// The companies that [`of_tables`] wrote.
pub(super) fn to_companies(records: Vec<Object>, path: &Path) -> Result<Vec<Company>> {
    let mut out: Vec<Company> = Vec::new();
    for (i, mut record) in records.into_iter().enumerate() {
        let bad = |reason: String| DataError::record(path, format!("record {i}"), reason);
        let Some(Json::String(company)) = record.shift_remove("company") else {
            return Err(bad("\"company\" is missing; it must be a string".into()));
        };
        if out.last().is_none_or(|last| last.name != company) {
            out.push(Company {
                name: company,
                tables: Vec::new(),
            });
        }
        if record.get("name").is_some_and(|name| name == "") {
            continue;
        }
        let num_rows = record.shift_remove("num_rows").and_then(|n| n.as_u64());
        let rows: Vec<Vec<Value>> = record
            .shift_remove("rows")
            .ok_or_else(|| bad("\"rows\" is missing".into()))
            .and_then(|rows| {
                serde_json::from_value(rows).map_err(|e| bad(format!("\"rows\": {e}")))
            })?;
        if num_rows.is_some_and(|n| n != rows.len() as u64) {
            return Err(bad(format!(
                "\"num_rows\" is {num_rows:?}, but there are {} rows",
                rows.len()
            )));
        }
        record.insert("rows".into(), Json::Array(Vec::new()));
        let mut table: Table =
            serde_json::from_value(Json::Object(record)).map_err(|e| bad(e.to_string()))?;
        for (r, row) in rows.into_iter().enumerate() {
            if row.len() != table.columns.len() {
                return Err(bad(format!(
                    "row {r} has {} cells, but there are {} columns",
                    row.len(),
                    table.columns.len()
                )));
            }
            table.rows.extend(row);
        }
        if let Some(company) = out.last_mut() {
            company.tables.push(table);
        }
    }
    Ok(out)
}

/// The tasks that [`of_tasks`] wrote.
pub(super) fn to_tasks(records: Vec<Object>, path: &Path) -> Result<Vec<Task>> {
    records
        .into_iter()
        .enumerate()
        .map(|(i, record)| {
            serde_json::from_value(Json::Object(record))
                .map_err(|e| DataError::record(path, format!("record {i}"), e.to_string()))
        })
        .collect()
}
