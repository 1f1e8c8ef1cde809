//! The OpenEnv / Snorkel layout; its folders are described at `crate::import::openenv`.

use serde_json::{Map, Value};

use super::plan::{NOTES, Plan};
use super::tables::{csv_bytes, notes_entry, pandas_json};
use crate::error::Result;
use crate::staged::Staged;

const QUESTIONS: &str = "benchmark_questions/finqa.csv";

pub(super) fn write(plan: &Plan<'_>, staged: &Staged) -> Result<()> {
    let mut notes = Map::new();
    for planned in &plan.companies {
        let company = planned.company;
        for table in &planned.tables {
            let file = format!("input_companies/{}/{}.json", company.name, table.name);
            staged.write_small(&file, pandas_json(table).as_bytes())?;
            let key = format!("{}/{}", company.name, table.name);
            notes.insert(key, notes_entry(company, table, staged.path())?);
        }
    }
    let notes = Value::Object(notes).to_string();
    staged.write_small(&format!("input_companies/{NOTES}.json"), notes.as_bytes())?;
    let header = [
        "id",
        "user_query",
        "company",
        "question",
        "answer",
        "question_type",
        "explanation",
    ];
    let rows = plan.tasks.iter().map(|planned| {
        let task = planned.task;
        [
            planned.id.clone(),
            task.user_query(),
            planned.company.to_owned(),
            task.question.clone(),
            task.truth.clone(),
            task.question_type.clone(),
            String::new(),
        ]
    });
    staged.write_small(QUESTIONS, &csv_bytes(header, rows, staged.path())?)
}
