//! The rLLM layout, as a folder or as the published `data.tar.gz`.
//!
//! ```text
//! [data/]{train,val,test}_finqa.csv                            questions; the file names give the splits
//! [data/]multi_table_data/{train,val,test}_finqa.csv           older place of the multi-table questions
//! [data/]company_tables/<company>/tables_cleaned_all_companies.json   "<table>" -> {table: JSON text, description, …}
//! [data/]company_tables/<company>/<table>.json                 the same tables as files
//! ```

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use finqa_core::Company;
use serde_json::Value;

use super::benchmark_csv::{self, Directory, Source};
use super::openenv::{Unusable, make_table, read_notes, read_table};
use super::tree::Tree;
use super::{Imported, table_notes};
use crate::error::{DataError, Result};
use crate::names::Unique;

const NOTES: &str = "tables_cleaned_all_companies.json";

/// Reads the layout below `root`, or from a `.tar.gz`. Tables come in the order of the company's big JSON file, as
/// rLLM lists them; files without an entry follow, sorted.
///
/// # Errors
/// A file cannot be read, or a question file or a big JSON file is broken.
pub fn import(root: &Path) -> Result<Imported> {
    let inner = root.join("data.tar.gz");
    let packed = root.is_dir()
        && inner.is_file()
        && !root.join("company_tables").is_dir()
        && !root.join("data").is_dir();
    let tree = Tree::open(if packed { &inner } else { root })?;
    let mut out = Imported::default();
    let mut folders: BTreeMap<&str, CompanyFiles<'_>> = BTreeMap::new();
    for path in tree.paths() {
        let Some(at) = path.find("company_tables/") else {
            continue;
        };
        let Some((company, file)) = path[at + "company_tables/".len()..].split_once('/') else {
            continue;
        };
        let files = folders.entry(company).or_default();
        if file == NOTES {
            files.notes = Some(path);
        } else if let Some(table) = file.strip_suffix(".json").filter(|t| !t.contains('/')) {
            files.tables.insert(table, path);
        }
    }
    if folders.is_empty() {
        return Err(DataError::layout(
            root,
            "no company_tables/<company>/ was found; the rLLM layout needs a folder a company",
        ));
    }
    let mut seen = BTreeSet::new();
    for (name, files) in folders {
        // rLLM lower-cases the name it is asked for, so two folders that differ in case are one company to it.
        if seen.insert(name.to_lowercase()) {
            let company = read_company(&tree, name, files, &mut out)?;
            out.companies.push(company);
        } else {
            out.refuse(
                name,
                "company_differs_only_in_case",
                "names of companies are compared without case",
            );
        }
    }
    let directory = Directory::new(&out.companies);
    for path in tree.paths() {
        let name = path.rsplit('/').next().unwrap_or(path);
        let Some(split) = name.strip_suffix("_finqa.csv") else {
            continue;
        };
        let multi = path.contains("multi_table_data/");
        let source = Source {
            file: path,
            split,
            id_prefix: format!("{split}/{}", if multi { "multi/" } else { "" }),
            origin: "rllm",
        };
        let first = out.tasks.len();
        benchmark_csv::read(&tree, &source, &directory, &mut out)?;
        if multi {
            for task in &mut out.tasks[first..] {
                if !task.question_type.starts_with("multi_table") {
                    let own = std::mem::take(&mut task.question_type);
                    task.question_type = if own.is_empty() {
                        "multi_table".into()
                    } else {
                        format!("multi_table {own}")
                    };
                }
            }
        }
    }
    Ok(out)
}

#[derive(Default)]
struct CompanyFiles<'a> {
    notes: Option<&'a str>,
    tables: BTreeMap<&'a str, &'a str>,
}

fn read_company(
    tree: &Tree,
    name: &str,
    mut files: CompanyFiles<'_>,
    out: &mut Imported,
) -> Result<Company> {
    let mut tables = Vec::new();
    let mut unique = Unique::default();
    if let Some(path) = files.notes {
        for (table, entry) in read_notes(tree, path)? {
            let key = format!("{name}/{table}");
            files.tables.remove(table.as_str());
            let Value::Object(entry) = entry else {
                out.refuse(key, "info_not_an_object", "the entry must be a JSON object");
                continue;
            };
            let Some(Value::String(json)) = entry.get("table") else {
                out.refuse(
                    key,
                    "info_without_table",
                    "the entry has no member \"table\" with the JSON text of the table",
                );
                continue;
            };
            match make_table(json, name, unique.take(table)) {
                Ok(mut made) => {
                    table_notes::apply(&mut made, entry);
                    tables.push(made);
                }
                Err(bad) => out.refuse(key, bad.reason, bad.detail),
            }
        }
    }
    for (table, path) in files.tables {
        let key = format!("{name}/{table}");
        match read_table(tree, path, name, unique.take(table.to_owned())) {
            Ok(made) => {
                out.refuse(
                    &key,
                    "table_without_info",
                    "the table is used; it has no description",
                );
                tables.push(made);
            }
            Err(Unusable::Table(bad)) => out.refuse(key, bad.reason, bad.detail),
            Err(Unusable::File(error)) => return Err(error),
        }
    }
    Ok(Company {
        name: name.to_owned(),
        tables,
    })
}
