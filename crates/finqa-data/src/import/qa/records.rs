//! The outer list of a JSON file, record by record.

use std::path::Path;

use serde_json::Value;

use crate::error::{DataError, Result};

/// The records of a file that must hold a JSON list; `what` names them in errors.
pub(crate) fn list(path: &Path, text: &str, what: &str) -> Result<Vec<Value>> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let value: Value = serde_json::from_str(text).map_err(|e| {
        let place = format!("line {}, column {}", e.line(), e.column());
        DataError::record(
            path,
            place,
            format!("not JSON: {e}; the file must be a list of {what}"),
        )
    })?;
    match value {
        Value::Array(records) => Ok(records),
        other => Err(DataError::record(
            path,
            "line 1",
            format!(
                "the file holds {}; it must be a list of {what}",
                kind(&other)
            ),
        )),
    }
}

/// What kind of JSON value this is, for errors.
pub(crate) fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

/// A JSON table as rows of strings: numbers keep the spelling of the file, `null` is empty.
///
/// The error says which cell is none.
pub(crate) fn rows(value: Option<&Value>) -> Result<Vec<Vec<String>>, String> {
    let rows = value.and_then(Value::as_array).ok_or_else(|| {
        format!(
            "the table is {}; it must be a list of rows",
            value.map_or("absent", kind)
        )
    })?;
    rows.iter()
        .enumerate()
        .map(|(r, row)| {
            let cells = row
                .as_array()
                .ok_or_else(|| format!("row {r} is {}; it must be a list of cells", kind(row)))?;
            cells
                .iter()
                .enumerate()
                .map(|(c, cell)| match cell {
                    Value::String(s) => Ok(super::words::collapse(s)),
                    Value::Number(n) => Ok(n.to_string()),
                    Value::Null => Ok(String::new()),
                    other => Err(format!(
                        "cell {c} of row {r} is {}; it must be a string",
                        kind(other)
                    )),
                })
                .collect()
        })
        .collect()
}

/// A text field; empty if it is absent or no text.
pub(crate) fn text<'a>(record: &'a Value, field: &str) -> &'a str {
    record
        .get(field)
        .and_then(Value::as_str)
        .unwrap_or_default()
}
