//! The rLLM layout; its folders are described at `crate::import::rllm`.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use super::plan::{NOTES, Plan, PlannedTask};
use super::tables::{csv_bytes, notes_entry, pandas_json};
use crate::error::Result;
use crate::staged::Staged;

const HEADER: [&str; 10] = [
    "user_query",
    "id",
    "question_type",
    "question",
    "answer",
    "explanation",
    "company",
    "table_name",
    "columns_used_json",
    "rows_used_json",
];

pub(super) fn write(plan: &Plan<'_>, staged: &Staged) -> Result<()> {
    for planned in &plan.companies {
        let company = planned.company;
        let folder = format!("company_tables/{}", company.name);
        let mut notes = Map::new();
        for table in &planned.tables {
            let file = format!("{folder}/{}.json", table.name);
            staged.write_small(&file, pandas_json(table).as_bytes())?;
            notes.insert(
                table.name.clone(),
                notes_entry(company, table, staged.path())?,
            );
        }
        let notes = Value::Object(notes).to_string();
        staged.write_small(&format!("{folder}/{NOTES}.json"), notes.as_bytes())?;
    }
    let mut splits: BTreeMap<&str, Vec<&PlannedTask<'_>>> = BTreeMap::new();
    for planned in &plan.tasks {
        splits
            .entry(&planned.task.split.0)
            .or_default()
            .push(planned);
    }
    let mut companies = Map::new();
    for (split, tasks) in splits {
        let rows = tasks.iter().map(|planned| row(planned));
        let bytes = csv_bytes(HEADER, rows, staged.path())?;
        staged.write_small(&format!("{split}_finqa.csv"), &bytes)?;
        let asked: BTreeSet<&str> = tasks.iter().map(|planned| planned.company).collect();
        companies.insert(split.to_owned(), asked.into_iter().collect());
    }
    let companies = Value::Object(companies).to_string();
    staged.write_small("split.json", companies.as_bytes())
}

fn row(planned: &PlannedTask<'_>) -> [String; 10] {
    let task = planned.task;
    let tables: Vec<&str> = task
        .gold
        .iter()
        .flat_map(|gold| gold.tables())
        .map(|(_, table)| table)
        .collect();
    // A bare name, or a JSON list, as the published files have it.
    let table_name = match tables.as_slice() {
        [] => String::new(),
        [one] if !one.starts_with('[') && one.trim() == *one => (*one).to_owned(),
        several => Value::from(several.to_vec()).to_string(),
    };
    [
        task.user_query(),
        planned.id.clone(),
        task.question_type.clone(),
        task.question.clone(),
        task.truth.clone(),
        String::new(),
        planned.company.to_owned(),
        table_name,
        "[]".to_owned(),
        "[]".to_owned(),
    ]
}
