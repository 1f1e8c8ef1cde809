//! The entries of `tables_cleaned_all_companies.json`: what an agent is told about a table besides its schema.

use finqa_core::Table;
use serde_json::{Map, Value};

use super::scale;

/// Entries that describe the schema. They are left out because the environment derives them from the table that
/// SQL sees: a second copy could only disagree with it (renamed columns).
const DERIVED: [&str; 4] = [
    "table",
    "column_names",
    "column_dtypes",
    "unique_vals_per_col",
];

/// Puts an entry's description, stated scale and further members on a table.
pub(crate) fn apply(table: &mut Table, entry: Map<String, Value>) {
    for (key, value) in entry {
        match value {
            Value::String(text) if key == "description" => table.description = text,
            value if !DERIVED.contains(&key.as_str()) => {
                table.extra.insert(key, value);
            }
            _ => {}
        }
    }
    state_scale(table);
}

/// Sets the scale from description and headers if they state exactly one.
pub(crate) fn state_scale(table: &mut Table) {
    let texts =
        std::iter::once(table.description.as_str()).chain(table.columns.iter().map(String::as_str));
    if let Some(found) = scale::stated(texts) {
        scale::word(found).clone_into(&mut table.scale);
    }
}
