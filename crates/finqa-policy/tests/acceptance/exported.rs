//! What other programs read comes back equal.

use finqa_core::answer::AnswerMode;
use finqa_core::{Corpus, Table, Task, Value};
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
    let (mut found, mut lenient) = (0, 0);
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
        // The rules of scoring are worked out again from what the files hold: other words for the same.
        for mode in [AnswerMode::Strict, AnswerMode::OpenEnv] {
            let right = copy.score(&task.truth, mode);
            assert!(right.is_correct, "{} {:?}", task.id, task.truth);
            for wrong in &task.known_wrong {
                let accepted = copy.score(&wrong.answer, mode).is_correct;
                lenient += u32::from(accepted);
            }
        }
    }
    println!("{lenient} known wrong answers accepted by the rules worked out again");
    assert_eq!(found, report.num_tasks);
    assert_eq!(copies.tasks().len(), found);
    assert_eq!(copies.companies().len(), stored.companies().len());
    for company in stored.companies() {
        let copy = &copies.companies()[again.company_index(&company.name).unwrap()];
        assert_eq!(copy.tables.len(), company.tables.len());
        for table in &company.tables {
            let copy = copy.table(&table.name).unwrap();
            // Cells are texts in these files; the small world has whole numbers.
            let text = |v: &Value| match v {
                Value::Integer(n) => n.to_string(),
                other => other.as_str().unwrap_or_default().to_owned(),
            };
            let cells = |t: &Table| t.rows.iter().map(text).collect::<Vec<_>>();
            assert_eq!(
                (&copy.columns, cells(copy), &copy.description, &copy.extra),
                (
                    &table.columns,
                    cells(table),
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
    for (copy, task) in copies.tasks().iter().zip(stored.tasks()) {
        let (copy, task) = (format!("{copy:?}"), format!("{task:?}"));
        let same = copy.chars().zip(task.chars()).take_while(|(a, b)| a == b);
        let at = same.count().saturating_sub(60);
        let near = |text: &str| text.chars().skip(at).take(200).collect::<String>();
        assert_eq!(near(&copy), near(&task));
    }
    for (copy, company) in copies.companies().iter().zip(stored.companies()) {
        assert_eq!(copy, company);
    }
    assert_eq!(copies.tasks().len(), stored.tasks().len());
    assert_eq!(copies.companies().len(), stored.companies().len());
}
