//! What of a selection a layout can hold, and under which names.

use std::collections::{HashMap, HashSet};

use finqa_core::{Company, Table, Task};

use super::select::Selection;
use super::{ExportLayout, ExportReport};

/// The file of table descriptions that both layouts have.
pub(super) const NOTES: &str = "tables_cleaned_all_companies";

/// A company and those of its tables that are written.
pub(super) struct PlannedCompany<'a> {
    pub(super) company: &'a Company,
    pub(super) tables: Vec<&'a Table>,
}

/// A task, the id in its file, and the id that an import gives it.
pub(super) struct PlannedTask<'a> {
    pub(super) task: &'a Task,
    pub(super) company: &'a str,
    pub(super) id: String,
    pub(super) imported_id: String,
}

/// What is written.
pub(super) struct Plan<'a> {
    pub(super) companies: Vec<PlannedCompany<'a>>,
    pub(super) tasks: Vec<PlannedTask<'a>>,
}

impl<'a> Plan<'a> {
    pub(super) fn new(
        selection: &'a Selection,
        layout: ExportLayout,
        report: &mut ExportReport,
    ) -> Self {
        let companies: Vec<PlannedCompany<'a>> = selection
            .companies
            .iter()
            .filter_map(|company| plan_company(company, layout, report))
            .collect();
        let by_name: HashMap<String, usize> = companies
            .iter()
            .enumerate()
            .map(|(i, c)| (c.company.name.to_lowercase(), i))
            .collect();
        let mut ids = HashSet::new();
        let mut tasks = Vec::new();
        for task in &selection.tasks {
            match plan_task(task, layout, &companies, &by_name, &mut ids) {
                Ok(planned) => tasks.push(planned),
                Err((reason, detail)) => report.leave_out(task.id.clone(), reason, detail),
            }
        }
        Self { companies, tasks }
    }
}

/// Can a file or folder have this name, and is it found again under it?
fn fits_file_name(name: &str) -> bool {
    !name.starts_with('.') && !name.contains(['/', '\0']) && !name.is_empty() && name.len() <= 240
}

fn plan_company<'a>(
    company: &'a Company,
    layout: ExportLayout,
    report: &mut ExportReport,
) -> Option<PlannedCompany<'a>> {
    let name = &company.name;
    // Question files are read without blanks around their cells.
    if !fits_file_name(name) || name.trim() != name || name.starts_with(NOTES) {
        report.leave_out(
            name.clone(),
            "company_name_is_no_file_name",
            "a folder is named after the company",
        );
        return None;
    }
    let mut tables = Vec::new();
    for table in &company.tables {
        let record = format!("{name}/{}", table.name);
        if table.rows.is_empty() {
            report.leave_out(
                record,
                "empty_table",
                "a table without rows is refused on import",
            );
        } else if !fits_file_name(&table.name)
            || (layout == ExportLayout::Rllm && table.name == NOTES)
        {
            report.leave_out(
                record,
                "table_name_is_no_file_name",
                "a file is named after the table",
            );
        } else {
            tables.push(table);
        }
    }
    if tables.is_empty() && layout == ExportLayout::OpenEnv {
        report.leave_out(
            name.clone(),
            "company_without_tables",
            "the layout knows a company by its tables",
        );
        return None;
    }
    Some(PlannedCompany { company, tables })
}

fn plan_task<'a>(
    task: &'a Task,
    layout: ExportLayout,
    companies: &[PlannedCompany<'a>],
    by_name: &HashMap<String, usize>,
    ids: &mut HashSet<String>,
) -> Result<PlannedTask<'a>, (&'static str, String)> {
    let [company] = task.companies.as_slice() else {
        let reason = format!(
            "it asks about {:?}; a question has one company",
            task.companies
        );
        return Err(("several_companies", reason));
    };
    let Some(company) = by_name.get(&company.to_lowercase()).map(|&i| &companies[i]) else {
        return Err((
            "company_left_out",
            format!("company {company:?} is not written"),
        ));
    };
    if task.question.trim().is_empty() || task.truth.trim().is_empty() {
        return Err((
            "no_question_or_answer",
            "question or truth is blank".to_owned(),
        ));
    }
    let is_written = |table: &str| {
        let named = |t: &&&Table| t.name.eq_ignore_ascii_case(table.trim());
        company.tables.iter().find(named).is_some()
    };
    let needed = task.gold.iter().flat_map(|gold| gold.tables());
    if let Some((_, table)) = needed.into_iter().find(|(_, table)| !is_written(table)) {
        return Err(("table_left_out", format!("table {table:?} is not written")));
    }
    let split = &task.split.0;
    if layout == ExportLayout::Rllm && (!fits_file_name(split) || split.ends_with("_finqa")) {
        let reason = format!("split {split:?}: a file is named after the split");
        return Err(("split_name_is_no_file_name", reason));
    }
    let (id, imported_id) = match layout {
        ExportLayout::Rllm => {
            let prefix = format!("{split}/");
            let own = task.id.strip_prefix(&prefix).unwrap_or(&task.id).trim();
            // An id that begins with its split already comes back as it was; one that would then repeat keeps it.
            let taken = ids.contains(&format!("{prefix}{own}")) || own.is_empty();
            let own = if taken { task.id.trim() } else { own };
            (own.to_owned(), format!("{prefix}{own}"))
        }
        _ => (task.id.trim().to_owned(), task.id.trim().to_owned()),
    };
    if id.is_empty() || !ids.insert(imported_id.clone()) {
        return Err(("id_not_unique", format!("id {id:?} is blank or taken")));
    }
    Ok(PlannedTask {
        task,
        company: &company.company.name,
        id,
        imported_id,
    })
}
