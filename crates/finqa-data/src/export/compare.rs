//! What a reader does not get back: the files are imported again and compared with what was to be written.

use std::collections::HashMap;

use finqa_core::{Company, Table, Task};

use super::ExportReport;
use super::plan::{Plan, PlannedCompany};
use crate::import::Imported;

/// Counts, by what it is, how many of the written records come back changed.
pub(super) fn compare(plan: &Plan<'_>, again: &Imported, report: &mut ExportReport) {
    let companies: HashMap<&str, &Company> = again
        .companies
        .iter()
        .map(|company| (company.name.as_str(), company))
        .collect();
    for planned in &plan.companies {
        match companies.get(planned.company.name.as_str()) {
            Some(company) => compare_tables(planned, company, report),
            None => report.not_kept("company"),
        }
    }
    let tasks: HashMap<&str, &Task> = again
        .tasks
        .iter()
        .map(|task| (task.id.as_str(), task))
        .collect();
    for planned in &plan.tasks {
        match tasks.get(planned.imported_id.as_str()) {
            Some(task) => compare_task(planned.task, task, report),
            None => report.not_kept("task"),
        }
    }
}

fn compare_tables(planned: &PlannedCompany<'_>, again: &Company, report: &mut ExportReport) {
    let names = |tables: &mut dyn Iterator<Item = &Table>| -> Vec<String> {
        tables.map(|t| t.name.clone()).collect()
    };
    let before = names(&mut planned.tables.iter().copied());
    let after = names(&mut again.tables.iter());
    if before != after {
        report.not_kept("table_order");
    }
    for table in &planned.tables {
        let Some(found) = again.tables.iter().find(|t| t.name == table.name) else {
            report.not_kept("table");
            continue;
        };
        for (what, same) in [
            ("columns", found.columns == table.columns),
            ("cells", found.rows == table.rows),
            ("description", found.description == table.description),
            ("table_scale", found.scale == table.scale),
            ("table_extra", found.extra == table.extra),
        ] {
            if !same {
                report.not_kept(what);
            }
        }
    }
}

fn compare_task(task: &Task, again: &Task, report: &mut ExportReport) {
    for (what, same) in [
        ("id", again.id == task.id),
        ("split", again.split == task.split),
        ("question", again.question == task.question),
        ("truth", again.truth == task.truth),
        ("question_type", again.question_type == task.question_type),
        ("unit_hint", again.unit_hint == task.unit_hint),
        ("answer_rules", again.answer == task.answer),
        ("gold", again.gold == task.gold),
        ("known_wrong", again.known_wrong == task.known_wrong),
        ("rubric", again.rubric == task.rubric),
        ("level", again.level == task.level),
    ] {
        if !same {
            report.not_kept(what);
        }
    }
}
