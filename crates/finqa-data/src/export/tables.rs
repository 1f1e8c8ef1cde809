//! Tables as both published layouts hold them.

use std::fmt::Write as _;
use std::path::Path;

use finqa_core::table_info::table_info_text;
use finqa_core::{Company, Table, ToolProfile, Value};
use serde_json::{Map, Value as Json};

use crate::error::{DataError, Result};

/// The table as pandas writes it: `{"column": {"0": cell, …}, …}`.
pub(super) fn pandas_json(table: &Table) -> String {
    let width = table.columns.len();
    let mut out = String::from("{");
    for (c, name) in table.columns.iter().enumerate() {
        if c > 0 {
            out.push(',');
        }
        out.push_str(&Json::from(name.as_str()).to_string());
        out.push_str(":{");
        for (r, cell) in table.rows.iter().skip(c).step_by(width).enumerate() {
            if r > 0 {
                out.push(',');
            }
            // Writing to a String cannot fail.
            let _ = write!(out, "\"{r}\":{}", cell_json(cell));
        }
        out.push('}');
    }
    out.push('}');
    out
}

fn cell_json(cell: &Value) -> Json {
    match cell {
        Value::Null => Json::Null,
        Value::Integer(i) => (*i).into(),
        Value::Real(x) => (*x).into(),
        Value::Text(text) => (&**text).into(),
    }
}

/// The entry of `tables_cleaned_all_companies.json`: the table as text, and what an agent is told about it.
pub(super) fn notes_entry(company: &Company, table: &Table, path: &Path) -> Result<Json> {
    let told = table_info_text(company, table, ToolProfile::Rllm);
    let told: Map<String, Json> = serde_json::from_str(&told)
        .map_err(|e| DataError::record(path, table.name.as_str(), e.to_string()))?;
    let mut entry = Map::new();
    entry.insert("table".to_owned(), pandas_json(table).into());
    entry.extend(told);
    Ok(Json::Object(entry))
}

/// Rows of a CSV file, the header first.
pub(super) fn csv_bytes<const N: usize>(
    header: [&str; N],
    rows: impl IntoIterator<Item = [String; N]>,
    path: &Path,
) -> Result<Vec<u8>> {
    let broken = |e: &dyn std::fmt::Display| DataError::record(path, "CSV", e.to_string());
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(header).map_err(|e| broken(&e))?;
    for row in rows {
        writer.write_record(&row).map_err(|e| broken(&e))?;
    }
    writer.into_inner().map_err(|e| broken(&e))
}
