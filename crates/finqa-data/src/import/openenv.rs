//! The OpenEnv / Snorkel layout.
//!
//! ```text
//! <root>/benchmark_questions/finqa.csv                         id,user_query,company,question,answer[,question_type,…]
//! <root>/input_companies/<company>/<table>.json                a table as pandas writes it
//! <root>/input_companies/tables_cleaned_all_companies.json     "<company>/<table>" -> what agents are told about it
//! ```

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use finqa_core::{Company, Table};
use serde_json::{Map, Value};

use super::benchmark_csv::{self, Directory, Source};
use super::tree::Tree;
use super::{Imported, table_json, table_notes};
use crate::error::{DataError, Result};
use crate::names::Unique;

const NOTES: &str = "input_companies/tables_cleaned_all_companies.json";

/// Reads the layout below `root`. The tables of a company are listed in sorted order (OpenEnv lists them in
/// directory order, which differs from machine to machine).
///
/// # Errors
/// A file cannot be read, or the question file or the big JSON file is broken.
pub fn import(root: &Path) -> Result<Imported> {
    let tree = Tree::open(root)?;
    let mut out = Imported::default();
    let mut notes = if tree.contains(NOTES) {
        read_notes(&tree, NOTES)?
    } else {
        Map::new()
    };
    let mut folders: BTreeMap<&str, Vec<(&str, &str)>> = BTreeMap::new();
    for path in tree.paths() {
        let Some((company, file)) = path
            .strip_prefix("input_companies/")
            .and_then(|p| p.split_once('/'))
        else {
            continue;
        };
        if let Some(table) = file.strip_suffix(".json").filter(|t| !t.contains('/')) {
            folders.entry(company).or_default().push((table, path));
        }
    }
    if folders.is_empty() {
        return Err(DataError::layout(
            root,
            "no input_companies/<company>/<table>.json was found; the OpenEnv layout needs one file a table",
        ));
    }
    let mut companies = BTreeSet::new();
    for (name, files) in folders {
        if !companies.insert(name.to_lowercase()) {
            out.refuse(
                name,
                "company_differs_only_in_case",
                "names of companies are compared without case",
            );
            continue;
        }
        let mut tables = Vec::new();
        let mut unique = Unique::default();
        for (table, path) in files {
            let key = format!("{name}/{table}");
            let entry = notes.remove(&key);
            match read_table(&tree, path, name, unique.take(table.to_owned())) {
                Ok(made) => tables.push(finish(made, entry, &key, &mut out)),
                Err(Unusable::Table(bad)) => out.refuse(key, bad.reason, bad.detail),
                Err(Unusable::File(error)) => return Err(error),
            }
        }
        out.companies.push(Company {
            name: name.to_owned(),
            tables,
        });
    }
    for key in notes.keys() {
        out.refuse(
            key,
            "info_without_table",
            "the table is described, but it has no file",
        );
    }
    let directory = Directory::new(&out.companies);
    let questions = "benchmark_questions/finqa.csv";
    if tree.contains(questions) {
        let source = Source {
            file: questions,
            split: "test",
            id_prefix: String::new(),
            origin: "openenv",
        };
        benchmark_csv::read(&tree, &source, &directory, &mut out)?;
    }
    Ok(out)
}

/// Puts the notes on a table, or counts that there are none; counts notes that show another table.
fn finish(mut table: Table, entry: Option<Value>, key: &str, out: &mut Imported) -> Table {
    match entry {
        Some(Value::Object(entry)) => {
            if let Some(Value::String(shown)) = entry.get("table") {
                let same = table_json::parse(shown)
                    .is_ok_and(|(columns, rows)| columns == table.columns && rows == table.rows);
                if !same {
                    out.refuse(
                        key,
                        "info_table_differs",
                        "the file is used: it is what SQL sees",
                    );
                }
            }
            table_notes::apply(&mut table, entry);
        }
        Some(_) => out.refuse(
            key,
            "info_not_an_object",
            "the description must be a JSON object",
        ),
        None => out.refuse(
            key,
            "table_without_info",
            "the table is used; it has no description",
        ),
    }
    table
}

pub(super) enum Unusable {
    Table(table_json::BadTable),
    File(DataError),
}

pub(super) fn read_table(
    tree: &Tree,
    path: &str,
    company: &str,
    name: String,
) -> Result<Table, Unusable> {
    let text = tree.text(path).map_err(Unusable::File)?;
    make_table(&text, company, name).map_err(Unusable::Table)
}

pub(super) fn make_table(
    json: &str,
    company: &str,
    name: String,
) -> Result<Table, table_json::BadTable> {
    let (columns, rows) = table_json::parse(json)?;
    let mut table = Table::new(company, name, columns, rows).map_err(|e| table_json::BadTable {
        reason: "bad_table",
        detail: e.to_string(),
    })?;
    table_notes::state_scale(&mut table);
    Ok(table)
}

/// Reads `tables_cleaned_all_companies.json`.
pub(super) fn read_notes(tree: &Tree, path: &str) -> Result<Map<String, Value>> {
    serde_json::from_str(&tree.text(path)?).map_err(|e| {
        let place = format!("line {} column {}", e.line(), e.column());
        DataError::record(
            tree.full_path(path),
            place,
            format!("{e}; it must be a JSON object from table to description"),
        )
    })
}
