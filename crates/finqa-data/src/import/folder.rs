//! Anybody's data: a folder of companies, or a folder of tables, with a tasks file.
//!
//! ```text
//! <root>/tasks.csv | tasks.jsonl | tasks.parquet      questions (optional)
//! <root>/descriptions.json                            "<company>/<table>" or "<table>" -> text or object (optional)
//! <root>/<company>/<table>.csv | .tsv | .parquet | .jsonl
//! <root>/<table>.csv | …                              tables of one company, named after the folder
//! ```

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use finqa_core::{Company, Table, Value};
use serde_json::Value as Json;
use serde_json::value::RawValue;

use super::table_json::{Cells, Grid, Members};
use super::tree::Tree;
use super::{Imported, csv_rows, openenv, parquet_rows, table_notes, tasks_file};
use crate::error::{DataError, Result, utf8};
use crate::names::{self, Unique};

/// Endings of table files.
pub(crate) const ENDINGS: [&str; 4] = ["csv", "tsv", "parquet", "jsonl"];
const NOTES: &str = "descriptions.json";

/// Reads a folder. `tasks` names the tasks file if it is not `<root>/tasks.*`.
///
/// # Errors
/// There is no table file, or a file cannot be read as what its ending says.
pub fn import(root: &Path, tasks: Option<&Path>) -> Result<Imported> {
    let tree = Tree::open(root)?;
    let mut out = Imported::default();
    let own_name = root
        .canonicalize()
        .ok()
        .and_then(|p| p.file_name().and_then(|n| n.to_str()).map(str::to_owned))
        .unwrap_or_else(|| "data".to_owned());
    let mut folders: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for path in tree.paths() {
        let Some((_, ending)) = path.rsplit_once('.') else {
            continue;
        };
        let is_tasks = path.starts_with("tasks.")
            || tasks.is_some_and(|t| same_file(t, &tree.full_path(path)));
        if !ENDINGS.contains(&ending.to_lowercase().as_str()) || is_tasks {
            continue;
        }
        let company = match path.split('/').collect::<Vec<_>>().as_slice() {
            [_] => own_name.clone(),
            [company, _] => (*company).to_owned(),
            _ => {
                out.refuse(
                    path,
                    "too_deep",
                    "tables lie in <root> or in <root>/<company>",
                );
                continue;
            }
        };
        folders.entry(company).or_default().push(path);
    }
    if folders.is_empty() {
        return Err(DataError::layout(
            root,
            format!("no table file; tables end in one of {ENDINGS:?}"),
        ));
    }
    let mut notes = if tree.contains(NOTES) {
        openenv::read_notes(&tree, NOTES)?
    } else {
        serde_json::Map::new()
    };
    let mut seen = BTreeSet::new();
    for (name, paths) in folders {
        if !seen.insert(name.to_lowercase()) {
            out.refuse(
                name,
                "company_differs_only_in_case",
                "names of companies are compared without case",
            );
            continue;
        }
        let mut unique = Unique::default();
        let mut tables = Vec::new();
        for path in paths {
            let file = path.rsplit('/').next().unwrap_or(path);
            let stem = file.rsplit_once('.').map_or(file, |(stem, _)| stem);
            let Some(mut table) =
                read_table(&tree, path, &name, unique.take(stem.to_owned()), &mut out)?
            else {
                continue;
            };
            let entry = notes
                .remove(&format!("{name}/{stem}"))
                .or_else(|| notes.remove(stem));
            match entry {
                Some(Json::String(text)) => table.description = text,
                Some(Json::Object(entry)) => table_notes::apply(&mut table, entry),
                Some(_) => out.refuse(
                    path,
                    "info_not_an_object",
                    "a description must be a text or a JSON object",
                ),
                None => {}
            }
            table_notes::state_scale(&mut table);
            tables.push(table);
        }
        out.companies.push(Company { name, tables });
    }
    for key in notes.keys() {
        out.refuse(
            key,
            "info_without_table",
            "the table is described, but it has no file",
        );
    }
    let found = match tasks {
        Some(path) => Some(path.to_owned()),
        None => tasks_file::find(root, "tasks")?,
    };
    if let Some(path) = found {
        tasks_file::read(&path, &mut out)?;
    }
    Ok(out)
}

fn same_file(a: &Path, b: &Path) -> bool {
    matches!((a.canonicalize(), b.canonicalize()), (Ok(a), Ok(b)) if a == b)
}

/// Reads a table, or notes why it cannot be used.
fn read_table(
    tree: &Tree,
    path: &str,
    company: &str,
    name: String,
    out: &mut Imported,
) -> Result<Option<Table>> {
    let full = tree.full_path(path);
    let ending = path.rsplit('.').next().unwrap_or_default().to_lowercase();
    let read = match ending.as_str() {
        "parquet" => {
            let file = parquet_rows::read(&full)?;
            for (column, reason, detail) in file.refused {
                out.refuse(format!("{path} column {column:?}"), reason, detail);
            }
            Ok((file.columns, file.rows))
        }
        "jsonl" => jsonl(&full, utf8(&full, &tree.read(path)?)?),
        other => csv(
            &full,
            &tree.read(path)?,
            if other == "tsv" { b'\t' } else { b',' },
        ),
    };
    match read {
        Ok((columns, rows)) if columns.is_empty() || rows.is_empty() => {
            out.refuse(path, "empty_table", "the table has no columns or no rows");
            Ok(None)
        }
        Ok((columns, rows)) => Table::new(company, name, names::columns(columns), rows)
            .map(Some)
            .map_err(|source| DataError::Corpus { path: full, source }),
        Err(Unread::Refused(reason, detail)) => {
            out.refuse(path, reason, detail);
            Ok(None)
        }
        Err(Unread::Broken(error)) => Err(error),
    }
}

enum Unread {
    Refused(&'static str, String),
    Broken(DataError),
}

/// Every cell is text, the empty ones too.
fn csv(path: &Path, bytes: &[u8], delimiter: u8) -> Result<Cells, Unread> {
    let csv = csv_rows::read(path, bytes, delimiter).map_err(Unread::Broken)?;
    if let ([only], b',') = (csv.header.as_slice(), delimiter)
        && only.contains([';', '\t', '|'])
    {
        let detail = format!(
            "the only column is {only:?}: the file seems to be separated by another sign; save it with commas"
        );
        return Err(Unread::Refused("bad_table", detail));
    }
    let mut rows = Vec::with_capacity(csv.header.len() * csv.rows.len());
    for (line, cells) in csv.rows {
        if cells.len() != csv.header.len() {
            let detail = format!(
                "line {line} has {} cells, but there are {} columns",
                cells.len(),
                csv.header.len()
            );
            return Err(Unread::Refused("ragged_rows", detail));
        }
        rows.extend(cells.into_iter().map(Value::text));
    }
    Ok((csv.header, rows))
}

/// JSON values keep their type: a JSONL file says which cells are numbers.
fn jsonl(path: &Path, text: &str) -> Result<Cells, Unread> {
    let mut grid = Grid::default();
    let mut row = 0;
    for (i, line) in text
        .lines()
        .enumerate()
        .filter(|(_, line)| !line.trim().is_empty())
    {
        let members: Members<Box<RawValue>> = serde_json::from_str(line).map_err(|e| {
            let reason = format!("{e}; each line must be a JSON object");
            Unread::Broken(DataError::record(path, format!("line {}", i + 1), reason))
        })?;
        let mut repeats: BTreeMap<&str, usize> = BTreeMap::new();
        for (name, raw) in &members.0 {
            let nth = repeats.entry(name).and_modify(|n| *n += 1).or_insert(0);
            let column = grid.column(name, *nth);
            let value = match serde_json::from_str(raw.get()) {
                Ok(Json::Null) => Value::Null,
                Ok(Json::Bool(b)) => Value::Integer(i64::from(b)),
                Ok(Json::String(s)) => Value::text(s),
                Ok(Json::Number(n)) => match (n.as_i64(), n.as_f64()) {
                    (Some(n), _) => Value::Integer(n),
                    // An integer beyond 64 bits keeps its digits.
                    _ if !raw.get().contains(['.', 'e', 'E']) => Value::text(raw.get()),
                    (None, Some(f)) => Value::Real(f),
                    (None, None) => Value::text(raw.get()),
                },
                _ => {
                    let detail =
                        format!("line {}: column {name:?} holds a list or an object", i + 1);
                    return Err(Unread::Refused("nested_cell", detail));
                }
            };
            grid.put(row, column, value);
        }
        row += 1;
    }
    Ok(grid.finish(row))
}
