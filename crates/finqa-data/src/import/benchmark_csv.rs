//! The question files of both published layouts: one reader, the columns found by name.

use std::collections::{BTreeMap, HashMap, HashSet};

use finqa_core::answer::Scale;
use finqa_core::{Company, Split, Task};

use super::tree::Tree;
use super::{Imported, answer_spec, csv_rows, scale};
use crate::error::{DataError, Result};

/// How the rows of one file become tasks.
pub(super) struct Source<'a> {
    /// File in the tree.
    pub(super) file: &'a str,
    /// Split of its tasks.
    pub(super) split: &'a str,
    /// Put before the row's id; ids are unique only within a file.
    pub(super) id_prefix: String,
    /// First part of [`Task::source`].
    pub(super) origin: &'a str,
}

/// Companies by lower-case name, as both published readers look them up.
pub(super) struct Directory {
    names: HashMap<String, String>,
    scales: HashMap<(String, String), Option<Scale>>,
}

impl Directory {
    pub(super) fn new(companies: &[Company]) -> Self {
        let mut names = HashMap::new();
        let mut scales = HashMap::new();
        for company in companies {
            names.insert(company.name.to_lowercase(), company.name.clone());
            for table in &company.tables {
                let key = (company.name.clone(), table.name.to_lowercase());
                scales.insert(key, scale::named(&table.scale).filter(|s| *s != Scale::One));
            }
        }
        Self { names, scales }
    }
}

/// Reads a question file into `out.tasks`. The answer stays the string that the file holds.
///
/// # Errors
/// The file cannot be read, has no column for question, company or answer, or repeats an id.
pub(super) fn read(
    tree: &Tree,
    source: &Source<'_>,
    directory: &Directory,
    out: &mut Imported,
) -> Result<()> {
    let path = tree.full_path(source.file);
    let csv = csv_rows::read(&path, &tree.read(source.file)?, b',')?;
    let columns: BTreeMap<String, usize> = csv
        .header
        .iter()
        .enumerate()
        .rev()
        .map(|(i, name)| (name.trim().to_lowercase(), i))
        .collect();
    let question_column = columns
        .get("question")
        .or_else(|| columns.get("user_query"));
    let missing: Vec<&str> = [
        ("question", question_column),
        ("company", columns.get("company")),
        ("answer", columns.get("answer")),
    ]
    .iter()
    .filter(|(_, column)| column.is_none())
    .map(|(name, _)| *name)
    .collect();
    if !missing.is_empty() {
        return Err(DataError::record(
            &path,
            "line 1",
            format!(
                "the columns {missing:?} are missing; found {:?}",
                csv.header
            ),
        ));
    }
    let mut ids = HashSet::new();
    for (number, (line, row)) in csv.rows.iter().enumerate() {
        let record = format!("{} line {line}", source.file);
        if row.len() != csv.header.len() {
            out.refuse(
                record,
                "ragged_row",
                format!(
                    "{} cells, but there are {} columns",
                    row.len(),
                    csv.header.len()
                ),
            );
            continue;
        }
        let get = |name: &str| columns.get(name).map_or("", |&i| row[i].trim());
        let question = match get("question") {
            "" => without_preamble(get("user_query")),
            text => text,
        };
        if question.is_empty() {
            out.refuse(record, "no_question", "question and user_query are empty");
            continue;
        }
        let truth = get("answer");
        if truth.is_empty() {
            out.refuse(record, "no_answer", "the answer is empty");
            continue;
        }
        let Some(company) = directory.names.get(&get("company").to_lowercase()) else {
            out.refuse(
                record,
                "unknown_company",
                format!("company {:?} has no folder", get("company")),
            );
            continue;
        };
        let table_scale = match table_names(get("table_name")) {
            Ok(tables) => match common_scale(directory, company, &tables) {
                Ok(scale) => scale,
                Err(table) => {
                    out.refuse(
                        record,
                        "unknown_table",
                        format!("company {company:?} has no table {table:?}"),
                    );
                    continue;
                }
            },
            Err(text) => {
                out.refuse(
                    record,
                    "bad_table_list",
                    format!("table_name is {text:?}; it must be a name or a JSON list of names"),
                );
                continue;
            }
        };
        let own_id = match get("id") {
            "" => number.to_string(),
            id => id.to_owned(),
        };
        let id = format!("{}{own_id}", source.id_prefix);
        if !ids.insert(id.clone()) {
            return Err(DataError::DuplicateId {
                path,
                what: "question id",
                id: own_id,
            });
        }
        out.tasks.push(Task {
            split: Split(source.split.to_owned()),
            companies: vec![company.clone()],
            question: question.to_owned(),
            question_type: get("question_type").to_owned(),
            unit_hint: hint_behind(get("user_query"), question).to_owned(),
            truth: truth.to_owned(),
            answer: answer_spec::infer(truth, question, table_scale),
            gold: None,
            source: format!("{}/{id}", source.origin),
            id,
            ..Task::default()
        });
    }
    Ok(())
}

/// The question inside "For company `x`, here is the question: …".
fn without_preamble(query: &str) -> &str {
    query
        .split_once("here is the question:")
        .map_or(query, |(_, question)| question)
        .trim()
}

/// What the query says behind the question: the unit to answer in.
fn hint_behind<'a>(query: &'a str, question: &str) -> &'a str {
    without_preamble(query)
        .strip_prefix(question)
        .map_or("", str::trim)
}

/// A bare name, or a JSON list of names for multi-table questions.
fn table_names(field: &str) -> Result<Vec<String>, &str> {
    if field.starts_with('[') {
        serde_json::from_str(field).map_err(|_| field)
    } else if field.is_empty() {
        Ok(Vec::new())
    } else {
        Ok(vec![field.to_owned()])
    }
}

/// The scale that all tables state, or the name of one that does not exist.
fn common_scale<'a>(
    directory: &Directory,
    company: &str,
    tables: &'a [String],
) -> Result<Option<Scale>, &'a str> {
    let mut common: Option<Option<Scale>> = None;
    for table in tables {
        let name = table.trim().trim_end_matches(".json").to_lowercase();
        let Some(scale) = directory.scales.get(&(company.to_owned(), name)) else {
            return Err(table);
        };
        common = Some(match common {
            Some(before) if before != *scale => None,
            _ => *scale,
        });
    }
    Ok(common.flatten())
}
