//! Exports are read back: what a layout holds comes back equal, what it does not hold is counted.

use std::fs;
use std::path::{Path, PathBuf};

use finqa_core::gold::{Gold, GoldAnswer, GoldQuery};
use finqa_core::{Company, Corpus, CorpusInfo, Split, Table, Task, Value};
use finqa_data::{ExportLayout, ExportOptions, ExportReport, LoadOptions, Refusal, export, load};
use proptest::prelude::*;

use crate::common::synthetic_part;

const PUBLISHED: [ExportLayout; 2] = [ExportLayout::OpenEnv, ExportLayout::Rllm];

fn exported(corpus: &Corpus, dir: &Path, layout: ExportLayout) -> ExportReport {
    export(corpus, dir, layout, &ExportOptions::default()).unwrap()
}

fn read(dir: &Path) -> Corpus {
    load(dir, None, &LoadOptions::default()).unwrap().corpus
}

fn new_id(task: &Task, layout: ExportLayout) -> String {
    let split = &task.split.0;
    match layout {
        ExportLayout::Rllm if !task.id.starts_with(&format!("{split}/")) => {
            format!("{split}/{}", task.id)
        }
        _ => task.id.clone(),
    }
}

/// Asserts that every task with one company, and every table with rows, is there again; returns how many tasks.
fn comes_back(corpus: &Corpus, layout: ExportLayout) -> (usize, ExportReport) {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("out");
    let report = exported(corpus, &dir, layout);
    let again = read(&dir);
    assert_eq!(again.info().layout, layout.name());
    let mut found = 0;
    for task in corpus.stored().unwrap().tasks() {
        let Some(index) = again.task_index(&new_id(task, layout)) else {
            assert!(
                report.refusals.iter().any(|r| r.record == task.id),
                "{}",
                task.id
            );
            continue;
        };
        let copy = &again.stored().unwrap().tasks()[index];
        assert_eq!(
            (
                &copy.question,
                &copy.truth,
                &copy.companies,
                &copy.question_type,
                &copy.unit_hint
            ),
            (
                &task.question,
                &task.truth,
                &task.companies,
                &task.question_type,
                &task.unit_hint
            ),
        );
        assert_eq!(copy.user_query(), task.user_query());
        found += 1;
    }
    for company in corpus.stored().unwrap().companies() {
        let copy =
            &again.stored().unwrap().companies()[again.company_index(&company.name).unwrap()];
        for table in &company.tables {
            let copy = copy.table(&table.name).unwrap();
            assert_eq!((&copy.columns, &copy.rows), (&table.columns, &table.rows));
            assert_eq!(
                (&copy.description, &copy.extra),
                (&table.description, &table.extra)
            );
        }
    }
    assert_eq!(report.num_tasks, found);
    assert_eq!(again.stored().unwrap().tasks().len(), found);
    (found, report)
}

#[test]
fn the_synthetic_corpus_comes_back_from_both_published_layouts() {
    let corpus = synthetic_part(&[("train", 16), ("val", 4), ("eval290", 2), ("reason79", 2)]);
    for layout in PUBLISHED {
        let (found, report) = comes_back(&corpus, layout);
        assert_eq!(found, corpus.stored().unwrap().tasks().len());
        assert!(report.left_out.is_empty());
        assert_eq!(report.not_kept["gold"] as usize, found);
        for equal in [
            "question",
            "truth",
            "question_type",
            "unit_hint",
            "columns",
            "cells",
        ] {
            assert!(!report.not_kept.contains_key(equal), "{equal}");
        }
        // The splits are the file names of one layout, and unknown to the other.
        assert_eq!(
            report.not_kept.contains_key("split"),
            layout == ExportLayout::OpenEnv
        );
    }
}

fn shared(name: &str) -> Option<PathBuf> {
    let folder = std::env::var_os("FINQA_SHARED").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared"),
        PathBuf::from,
    );
    let path = folder.join("data").join(name);
    if !path.exists() {
        println!("SKIPPED: {} is not there; set FINQA_SHARED", path.display());
        return None;
    }
    Some(path)
}

#[test]
fn imported_files_come_back_from_both_published_layouts() {
    for name in ["tatqa_dataset_dev.json", "finqa_dev_200.json"] {
        let Some(path) = shared(name) else { continue };
        let corpus = read(&path);
        for layout in PUBLISHED {
            let (found, report) = comes_back(&corpus, layout);
            assert_eq!(
                found,
                corpus.stored().unwrap().tasks().len(),
                "{name}: {:?}",
                report.left_out
            );
        }
    }
}

/// Text of all sorts, without blanks around it, since question files are read without them.
fn text() -> impl Strategy<Value = String> {
    "[ -~“”é—\n\r\t,\"'\\\\]{0,20}".prop_map(|s| s.trim().to_owned())
}

fn words() -> impl Strategy<Value = String> {
    ("[A-Za-z0-9]", text()).prop_map(|(first, rest)| format!("{first}{rest}"))
}

fn cell() -> impl Strategy<Value = Value> {
    prop_oneof![
        5 => "\\PC{0,12}".prop_map(Value::text),
        1 => Just(Value::Null),
    ]
}

prop_compose! {
    fn table()(width in 1..5_usize, height in 1..6_usize)
        (cells in prop::collection::vec(cell(), width * height), description in text(), width in Just(width))
        -> Table {
        let columns = (0..width).map(|c| format!("{}", 2024 - c)).collect();
        let mut table = Table::new("a", "t", columns, cells).unwrap();
        table.description = description;
        table
    }
}

prop_compose! {
    fn corpus()(tables in prop::collection::vec(table(), 1..4),
                tasks in prop::collection::vec((words(), words(), text(), text(), "[a-z]{1,6}"), 1..6))
        -> Corpus {
        let tables = tables.into_iter().enumerate().map(|(i, mut table)| {
            table.name = format!("table {i}.v1");
            table
        }).collect();
        let tasks = tasks.into_iter().enumerate().map(|(i, (question, truth, hint, kind, split))| Task {
            id: format!("q{i}"),
            split: Split(split),
            companies: vec!["at_t & Söhne".into()],
            question,
            truth,
            unit_hint: hint,
            question_type: kind,
            ..Task::default()
        }).collect();
        let company = Company { name: "at_t & Söhne".into(), tables };
        Corpus::new(CorpusInfo::default(), vec![company], tasks).unwrap()
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_texts_come_back(corpus in corpus()) {
        for layout in PUBLISHED {
            let (found, _) = comes_back(&corpus, layout);
            prop_assert_eq!(found, corpus.stored().unwrap().tasks().len());
        }
    }
}

fn task(id: &str, companies: &[&str]) -> Task {
    Task {
        id: id.into(),
        split: Split("train".into()),
        companies: companies.iter().map(|&c| c.into()).collect(),
        question: "What was it?".into(),
        truth: "5".into(),
        ..Task::default()
    }
}

fn one_column(name: &str, cells: Vec<Value>) -> Table {
    Table::new("c", name, vec!["x".into()], cells).unwrap()
}

/// A corpus with one of everything that a published layout cannot hold.
fn awkward() -> Corpus {
    let company = |name: &str, tables| Company {
        name: name.into(),
        tables,
    };
    let mut described = one_column(
        "typed",
        vec![Value::Integer(5), Value::Real(0.5), Value::Null],
    );
    described.scale = "million".into();
    let companies = vec![
        company(
            "a",
            vec![
                described,
                one_column("none", Vec::new()),
                one_column("in/out", vec![Value::text("1")]),
                one_column("alpha", vec![Value::text("1")]),
            ],
        ),
        company("b", Vec::new()),
        company("../c", vec![one_column("t", vec![Value::text("1")])]),
    ];
    let mut needs_left_out = task("needs", &["a"]);
    needs_left_out.gold = Some(Gold {
        queries: vec![GoldQuery {
            company: "a".into(),
            table: "in/out".into(),
            sql: "SELECT x FROM \"in/out\" WHERE x = '1'".into(),
        }],
        answer: GoldAnswer::RowCount,
    });
    let tasks = vec![
        task("plain", &["a"]),
        task("two", &["a", "b"]),
        task("away", &["../c"]),
        needs_left_out,
        Task {
            split: Split("x/y".into()),
            ..task("split", &["a"])
        },
        Task {
            question: " blanks ".into(),
            ..task("blanks", &["a"])
        },
        Task {
            truth: " ".into(),
            ..task("blank", &["a"])
        },
        task(" plain", &["a"]),
    ];
    let info = CorpusInfo {
        name: "awkward".into(),
        ..CorpusInfo::default()
    };
    Corpus::new(info, companies, tasks).unwrap()
}

fn reasons(refusals: &[Refusal]) -> Vec<(&str, &str)> {
    refusals
        .iter()
        .map(|r| (r.record.as_str(), r.reason.as_str()))
        .collect()
}

#[test]
fn what_a_layout_cannot_hold_is_counted_and_named() {
    let corpus = awkward();
    for layout in PUBLISHED {
        let folder = tempfile::tempdir().unwrap();
        let dir = folder.path().join("out");
        let report = exported(&corpus, &dir, layout);
        let rllm = layout == ExportLayout::Rllm;
        let mut expected = vec![
            ("a/none", "empty_table"),
            ("a/in/out", "table_name_is_no_file_name"),
        ];
        if !rllm {
            expected.push(("b", "company_without_tables"));
        }
        expected.extend([
            ("../c", "company_name_is_no_file_name"),
            ("two", "several_companies"),
            ("away", "company_left_out"),
            ("needs", "table_left_out"),
        ]);
        if rllm {
            expected.push(("split", "split_name_is_no_file_name"));
        }
        expected.extend([
            ("blank", "no_question_or_answer"),
            (" plain", "id_not_unique"),
        ]);
        assert_eq!(reasons(&report.refusals), expected);
        let counted: u32 = report.left_out.values().sum();
        assert_eq!(counted as usize, expected.len());
        assert_eq!(report.num_tables, 2);
        assert_eq!(report.not_kept["question"], 1, "blanks around it are gone");
        assert_eq!(report.not_kept["cells"], 1, "numbers became text");
        assert_eq!(
            report.not_kept["table_scale"], 1,
            "no description states it"
        );
        assert_eq!(report.not_kept.contains_key("table_order"), !rllm);
        let written = fs::read_to_string(dir.join("export.json")).unwrap();
        let written: serde_json::Value = serde_json::from_str(&written).unwrap();
        assert_eq!(written["left_out"]["several_companies"], 1);
        assert_eq!(written["not_kept"]["cells"], 1);
        assert_eq!(read(&dir).stored().unwrap().tasks().len(), report.num_tasks);
        assert!(
            !folder.path().join("c").exists(),
            "nothing is written outside"
        );
    }
}

#[test]
fn a_part_holds_its_tasks_and_their_companies_only() {
    let corpus = synthetic_part(&[("train", 2), ("val", 2), ("eval290", 1)]);
    let options = ExportOptions {
        split: Some("val".into()),
        max_tasks: Some(3),
        ..ExportOptions::default()
    };
    for layout in ExportLayout::ALL {
        let folder = tempfile::tempdir().unwrap();
        let dir = folder.path().join("out");
        let report = export(&corpus, &dir, layout, &options).unwrap();
        let again = read(&dir);
        assert_eq!(
            (report.num_tasks, again.stored().unwrap().tasks().len()),
            (3, 3)
        );
        assert_eq!(
            again.stored().unwrap().companies().len(),
            report.num_companies
        );
        let asked: std::collections::BTreeSet<_> = again
            .stored()
            .unwrap()
            .tasks()
            .iter()
            .flat_map(|t| t.companies.clone())
            .collect();
        assert_eq!(asked.len(), report.num_companies);
    }
    let nowhere = ExportOptions {
        split: Some("dev".into()),
        ..ExportOptions::default()
    };
    let folder = tempfile::tempdir().unwrap();
    let error = export(
        &corpus,
        &folder.path().join("x"),
        ExportLayout::Rllm,
        &nowhere,
    )
    .unwrap_err();
    assert!(
        error
            .to_string()
            .contains("its splits are train, val, eval290"),
        "{error}"
    );
}

#[test]
fn the_native_export_is_the_corpus() {
    let corpus = synthetic_part(&[("train", 3)]);
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("out");
    let report = exported(&corpus, &dir, ExportLayout::Native);
    assert_eq!(report.content_hash, corpus.info().content_hash);
    assert_eq!(read(&dir).info().content_hash, corpus.info().content_hash);
}

#[test]
fn only_an_earlier_export_is_replaced() {
    let corpus = synthetic_part(&[("val", 2)]);
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("out");
    let overwrite = ExportOptions {
        overwrite: true,
        ..ExportOptions::default()
    };
    exported(&corpus, &dir, ExportLayout::Rllm);
    let refused = |options: &ExportOptions| {
        export(&corpus, &dir, ExportLayout::OpenEnv, options)
            .unwrap_err()
            .to_string()
    };
    assert!(refused(&ExportOptions::default()).contains("set overwrite"));
    export(&corpus, &dir, ExportLayout::OpenEnv, &overwrite).unwrap();
    assert_eq!(read(&dir).info().layout, "openenv");
    fs::remove_file(dir.join("export.json")).unwrap();
    assert!(refused(&overwrite).contains("no earlier export"));
    assert!(dir.join("benchmark_questions/finqa.csv").is_file());
    let names: Vec<_> = fs::read_dir(folder.path()).unwrap().collect();
    assert_eq!(names.len(), 1, "nothing unfinished is left behind");
}
