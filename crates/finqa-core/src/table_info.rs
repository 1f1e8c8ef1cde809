//! What `get_table_names` and `get_table_info` show. The engine computes these texts once per table.

use std::fmt::Write as _;

use rustc_hash::FxHashSet;
use serde_json::Value as Json;

use crate::records::{push_json_string, push_plain};
use crate::table::{Company, Table, Value};
use crate::tool::ToolProfile;

/// Distinct values listed per column; a last entry says how many more there are.
pub const MAX_UNIQUE_VALUES: usize = 40;
/// Characters shown of one listed value.
pub const MAX_VALUE_CHARS: usize = 200;

/// The observation of listing a company's tables: a JSON list of names as Python prints it (`["a", "b"]`), or a name
/// a line in profile `compact`.
pub fn table_names_text(company: &Company, profile: ToolProfile) -> String {
    let mut out = String::new();
    if profile == ToolProfile::Compact {
        for (i, table) in company.tables.iter().enumerate() {
            out.push_str(if i == 0 { " " } else { "\n " });
            push_plain(&mut out, &table.name);
        }
        return out;
    }
    out.push('[');
    for (i, table) in company.tables.iter().enumerate() {
        if i > 0 {
            out.push_str(", ");
        }
        push_json_string(&mut out, &table.name);
    }
    out.push(']');
    out
}

/// The observation of `get_table_info`.
///
/// In profiles `rllm` and `openenv` it is a JSON object: the further entries of the table's metadata in file order
/// (not `table`, which holds the cells), then `description`, `column_names`, `column_dtypes` ("text", "integer",
/// "real": the types that SQL sees) and `unique_vals_per_col`. It is printed as both published environments print it,
/// with a blank after a colon and none after a comma, but non-ASCII characters stand as they are, so that a label
/// copied from here equals the label in a query.
///
/// In profile `compact` it is a few short lines.
pub fn table_info_text(company: &Company, table: &Table, profile: ToolProfile) -> String {
    let _ = company;
    match profile {
        ToolProfile::Compact => compact(table),
        ToolProfile::Rllm | ToolProfile::OpenEnv => object(table),
    }
}

/// The type of a column as SQL sees it.
fn dtype(table: &Table, column: usize) -> &'static str {
    let mut dtype = None;
    for value in cells(table, column) {
        match (value, dtype) {
            (Value::Text(_), _) => return "text",
            (Value::Integer(_), None) => dtype = Some("integer"),
            (Value::Null, _) | (Value::Integer(_), Some(_)) => {}
            (Value::Real(_), _) => dtype = Some("real"),
        }
    }
    dtype.unwrap_or("text")
}

fn cells(table: &Table, column: usize) -> impl Iterator<Item = &Value> {
    table.rows.iter().skip(column).step_by(table.columns.len())
}

/// Whether the values of a column are listed: always for the first one, else if a cell below the first data row has
/// a letter or another alphanumeric character that is no digit (the rule of both published environments: "$ 1,234",
/// "(9.9)", "21.0%" and "—" are figures, not labels).
fn has_labels(table: &Table, column: usize) -> bool {
    column == 0
        || cells(table, column).skip(1).any(|value| match value {
            Value::Text(text) => text
                .chars()
                .any(|c| c.is_alphanumeric() && !c.is_ascii_digit()),
            _ => false,
        })
}

/// Distinct values that are not NULL, in order of first appearance, at most [`MAX_UNIQUE_VALUES`], and how many more
/// there are.
fn unique_values(table: &Table, column: usize) -> (Vec<&Value>, usize) {
    let mut seen = FxHashSet::default();
    let mut values = Vec::new();
    for value in cells(table, column) {
        let is_new = match value {
            Value::Null => false,
            Value::Text(text) => seen.insert((0_u8, std::borrow::Cow::Borrowed(&**text))),
            Value::Integer(i) => seen.insert((1, i.to_string().into())),
            Value::Real(x) => seen.insert((2, x.to_string().into())),
        };
        if is_new && values.len() < MAX_UNIQUE_VALUES {
            values.push(value);
        }
    }
    let more = seen.len() - values.len();
    (values, more)
}

fn shorten(text: &str) -> std::borrow::Cow<'_, str> {
    match text.char_indices().nth(MAX_VALUE_CHARS) {
        Some((end, _)) => format!("{}…", &text[..end]).into(),
        None => text.into(),
    }
}

fn object(table: &Table) -> String {
    const OURS: [&str; 3] = ["column_names", "column_dtypes", "unique_vals_per_col"];
    let mut out = String::from("{");
    let key = |out: &mut String, name: &str| {
        if out.len() > 1 {
            out.push(',');
        }
        push_json_string(out, name);
        out.push_str(": ");
    };
    for (name, value) in &table.extra {
        let replaced = name == "description" && !table.description.is_empty();
        if name != "table" && !replaced && !OURS.contains(&name.as_str()) {
            key(&mut out, name);
            push_json(&mut out, value);
        }
    }
    if !table.description.is_empty() {
        key(&mut out, "description");
        push_json_string(&mut out, &table.description);
    }
    key(&mut out, "column_names");
    push_list(&mut out, &table.columns, |out, name| {
        push_json_string(out, name);
    });
    key(&mut out, "column_dtypes");
    out.push('{');
    for (i, name) in table.columns.iter().enumerate() {
        if i > 0 {
            out.push(',');
        }
        push_json_string(&mut out, name);
        out.push_str(": ");
        push_json_string(&mut out, dtype(table, i));
    }
    out.push('}');
    key(&mut out, "unique_vals_per_col");
    out.push('{');
    let mut first = true;
    for (i, name) in table
        .columns
        .iter()
        .enumerate()
        .filter(|(i, _)| has_labels(table, *i))
    {
        if !std::mem::take(&mut first) {
            out.push(',');
        }
        push_json_string(&mut out, name);
        out.push_str(": ");
        let (values, more) = unique_values(table, i);
        push_list(&mut out, &values, |out, value| {
            push_cell(out, value);
        });
        if more > 0 {
            out.pop();
            let _ = write!(out, ",\"… {more} more values\"]");
        }
    }
    out.push_str("}}");
    out
}

fn push_cell(out: &mut String, value: &Value) {
    match value {
        Value::Integer(i) => {
            let _ = write!(out, "{i}");
        }
        Value::Real(x) if x.is_finite() => {
            let _ = write!(out, "{x:?}");
        }
        Value::Null | Value::Real(_) => out.push_str("null"),
        Value::Text(text) => push_json_string(out, &shorten(text)),
    }
}

fn push_list<T>(out: &mut String, items: &[T], push: impl Fn(&mut String, &T)) {
    out.push('[');
    for (i, item) in items.iter().enumerate() {
        if i > 0 {
            out.push(',');
        }
        push(out, item);
    }
    out.push(']');
}

/// JSON as Python prints it with `indent=0` and without the line breaks.
fn push_json(out: &mut String, value: &Json) {
    match value {
        Json::String(text) => push_json_string(out, text),
        Json::Array(items) => push_list(out, items, push_json),
        Json::Object(entries) => {
            out.push('{');
            for (i, (name, value)) in entries.iter().enumerate() {
                if i > 0 {
                    out.push(',');
                }
                push_json_string(out, name);
                out.push_str(": ");
                push_json(out, value);
            }
            out.push('}');
        }
        Json::Null | Json::Bool(_) | Json::Number(_) => {
            let _ = write!(out, "{value}");
        }
    }
}

/// ` columns | item | 2024`, types where they are not text, the description, then a line of values per label column.
fn compact(table: &Table) -> String {
    let mut out = String::from(" columns");
    for (i, name) in table.columns.iter().enumerate() {
        out.push_str(" | ");
        push_plain(&mut out, name);
        match dtype(table, i) {
            "text" => {}
            other => {
                let _ = write!(out, " ({other})");
            }
        }
    }
    if !table.description.trim().is_empty() {
        out.push_str("\n about | ");
        push_plain(&mut out, &table.description);
    }
    for (i, name) in table
        .columns
        .iter()
        .enumerate()
        .filter(|(i, _)| has_labels(table, *i))
    {
        out.push_str("\n ");
        push_plain(&mut out, name);
        let (values, more) = unique_values(table, i);
        for value in values {
            out.push_str(" | ");
            match value {
                Value::Text(text) => push_plain(&mut out, &shorten(text)),
                other => push_cell(&mut out, other),
            }
        }
        if more > 0 {
            let _ = write!(out, " | … {more} more values");
        }
    }
    out
}
