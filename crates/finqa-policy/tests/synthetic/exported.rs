//! What other programs read comes back equal.

use finqa_core::{Corpus, Task};
use finqa_data::{ExportLayout, ExportOptions, LoadOptions, export, load};

use crate::worlds::{FILINGS, TINY};

fn comes_back(name: &str, corpus: &Corpus, layout: ExportLayout) {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("out");
    let report = export(corpus, &dir, layout, &ExportOptions::default()).unwrap();
    let again = load(&dir, None, &LoadOptions::default()).unwrap().corpus;
    let stored = corpus.stored().unwrap();
    let copies = again.stored().unwrap();
    println!(
        "{name}, {}: {} of {} tasks; left out {:?}; not kept {:?}",
        layout.name(),
        report.num_tasks,
        stored.tasks().len(),
        report.left_out,
        report.not_kept
    );
    let mut found = 0;
    for task in stored.tasks() {
        let id = match layout {
            ExportLayout::Rllm => format!("{}/{}", task.split.0, task.id),
            _ => task.id.clone(),
        };
        let Some(index) = again.task_index(&id) else {
            // A question has one company there.
            let refused = report.refusals.iter().find(|r| r.record == task.id);
            assert_eq!(
                refused.map(|r| r.reason.as_str()),
                Some("several_companies")
            );
            assert!(task.companies.len() > 1);
            continue;
        };
        found += 1;
        let copy = &copies.tasks()[index];
        let seen = |t: &Task| {
            (
                t.question.clone(),
                t.truth.clone(),
                t.companies.clone(),
                t.question_type.clone(),
                t.unit_hint.clone(),
                t.user_query(),
            )
        };
        assert_eq!(seen(copy), seen(task), "{}", task.id);
        if task.rubric.is_none() {
            assert_eq!(copy.answer, task.answer, "{}: {}", task.id, task.truth);
        }
    }
    assert_eq!(found, report.num_tasks);
    assert_eq!(copies.tasks().len(), found);
    assert_eq!(copies.companies().len(), stored.companies().len());
    for company in stored.companies() {
        let copy = &copies.companies()[again.company_index(&company.name).unwrap()];
        assert_eq!(copy.tables.len(), company.tables.len());
        for table in &company.tables {
            let copy = copy.table(&table.name).unwrap();
            assert_eq!(
                (&copy.columns, &copy.rows, &copy.description, &copy.extra),
                (
                    &table.columns,
                    &table.rows,
                    &table.description,
                    &table.extra
                ),
                "{}/{}",
                company.name,
                table.name
            );
        }
    }
}

#[test]
fn tables_and_tasks_come_back_from_both_published_layouts() {
    for layout in [ExportLayout::OpenEnv, ExportLayout::Rllm] {
        comes_back("filings", &FILINGS, layout);
        comes_back("tiny", &TINY, layout);
    }
}

#[test]
fn the_own_layout_keeps_everything() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("out");
    let options = ExportOptions::default();
    export(&FILINGS, &dir, ExportLayout::Native, &options).unwrap();
    let again = load(&dir, None, &LoadOptions::default()).unwrap().corpus;
    let (stored, copies) = (FILINGS.stored().unwrap(), again.stored().unwrap());
    assert_eq!(copies.tasks(), stored.tasks());
    assert_eq!(copies.companies(), stored.companies());
}
