//! Saving and loading: nothing changes, damage is seen, nothing of the user's is destroyed.

use std::fs;
use std::path::Path;

use finqa_core::gold::{Gold, GoldAnswer, GoldQuery};
use finqa_core::{Company, Corpus, CorpusInfo, CorpusLimits, Split, Table, Task, Value};
use finqa_data::{DataError, LoadOptions, SaveFormat, SaveOptions, content_hash, load, save};

use crate::common::{load_error, loaded, synthetic_part};

const FORMATS: [SaveFormat; 2] = [SaveFormat::Parquet, SaveFormat::Jsonl];

fn options(format: SaveFormat) -> SaveOptions {
    SaveOptions {
        format,
        overwrite: false,
        max_companies: None,
    }
}

/// Every kind of value and every optional field.
fn odd() -> Corpus {
    let rows = vec![
        Value::Null,
        Value::Integer(i64::MIN),
        Value::Real(0.1 + 0.2),
        Value::text("a\n\"b\"\u{2028}—"),
        Value::text(""),
        Value::Integer(1),
        Value::Real(1.0),
        Value::Real(-0.0),
    ];
    let mut table = Table::new(
        "x",
        "t",
        ["", "2024", "c", "d"]
            .iter()
            .enumerate()
            .map(|(i, n)| format!("{n}{i}"))
            .collect(),
        rows,
    )
    .unwrap();
    table.description = "d".into();
    table
        .extra
        .insert("z".into(), serde_json::json!({"b": [1, 0.1], "a": null}));
    table.extra.insert("a".into(), serde_json::json!("2"));
    let bare = Table::new("x", "empty", vec!["only".into()], Vec::new()).unwrap();
    let companies = vec![
        Company {
            name: "none".into(),
            tables: Vec::new(),
        },
        Company {
            name: "x".into(),
            tables: vec![table, bare],
        },
        Company {
            name: "last".into(),
            tables: Vec::new(),
        },
    ];
    let gold = Gold {
        queries: vec![GoldQuery {
            company: "x".into(),
            table: "t".into(),
            sql: "SELECT 1".into(),
        }],
        answer: GoldAnswer::RowCount,
    };
    let rubric: finqa_core::Rubric = serde_json::from_str(
        r#"{"criteria": [
        {"id": "p", "dim": "primary", "kind": "value", "slot": "a", "weight": 0.1, "truth": {"value": "1/3"}},
        {"id": "d", "dim": "derived", "kind": "value", "slot": "b", "truth": {"value": "0.7", "unit": "ratio"},
         "from": {"expr": "a*2"}}], "pass": 0.95}"#,
    )
    .unwrap();
    let task = |id: &str, gold| Task {
        id: id.into(),
        split: Split("dev".into()),
        companies: vec!["x".into(), "none".into()],
        question: "Q?".into(),
        question_type: String::new(),
        unit_hint: String::new(),
        truth: r"\boxed{1}".into(),
        answer: finqa_core::answer::AnswerSpec::default(),
        gold,
        source: "s".into(),
        rubric: (id == "1").then(|| rubric.clone()),
        ..Task::default()
    };
    let info = CorpusInfo {
        name: "odd".into(),
        layout: "folder".into(),
        licence: "CC-BY-4.0".into(),
        refused: [("empty_table".to_owned(), 3)].into(),
        limits: CorpusLimits {
            max_rows: Some(7),
            ..CorpusLimits::default()
        },
        ..CorpusInfo::default()
    };
    Corpus::new(
        info,
        companies,
        vec![task("1", None), task("2", Some(gold))],
    )
    .unwrap()
}

fn same(a: &Corpus, b: &Corpus) {
    assert_eq!(
        a.stored().unwrap().companies(),
        b.stored().unwrap().companies()
    );
    assert_eq!(a.stored().unwrap().tasks(), b.stored().unwrap().tasks());
    assert_eq!(content_hash(a), content_hash(b));
}

#[test]
fn both_formats_give_the_corpus_back_with_one_hash() {
    for corpus in [odd(), synthetic_part(&[("train", 4), ("reason79", 2)])] {
        for format in FORMATS {
            let dir = tempfile::tempdir().unwrap();
            let target = dir.path().join("new/folder");
            let manifest = save(&corpus, &target, &options(format)).unwrap();
            assert_eq!(manifest.corpus.content_hash, content_hash(&corpus));
            let again = loaded(&target).corpus;
            same(&corpus, &again);
            let mut info = corpus.info().clone();
            info.content_hash = content_hash(&corpus);
            assert_eq!(*again.info(), info);
            assert_eq!(
                fs::read_dir(target.parent().unwrap()).unwrap().count(),
                1,
                "nothing is left beside"
            );
        }
    }
}

#[test]
fn the_same_corpus_gives_the_same_bytes() {
    let dir = tempfile::tempdir().unwrap();
    for format in FORMATS {
        let a = save(
            &odd(),
            &dir.path().join(format!("a{}", format.name())),
            &options(format),
        )
        .unwrap();
        let b = save(
            &odd(),
            &dir.path().join(format!("b{}", format.name())),
            &options(format),
        )
        .unwrap();
        assert_eq!(a, b);
    }
}

#[test]
fn limits_and_name_can_be_overlaid_but_the_hash_stays() {
    let dir = tempfile::tempdir().unwrap();
    let target = dir.path().join("c");
    save(&odd(), &target, &SaveOptions::default()).unwrap();
    let limits = CorpusLimits {
        max_turns: Some(9),
        ..CorpusLimits::default()
    };
    let options = LoadOptions {
        limits,
        name: Some("mine".into()),
        ..LoadOptions::default()
    };
    let again = load(&target, None, &options).unwrap().corpus;
    assert_eq!(
        (again.info().limits.max_rows, again.info().limits.max_turns),
        (Some(7), Some(9))
    );
    assert_eq!(again.info().name, "mine");
    same(&again, &odd());
}

#[test]
fn a_changed_byte_is_seen() {
    for (format, file) in [
        (SaveFormat::Parquet, "tables.parquet"),
        (SaveFormat::Jsonl, "tasks.jsonl"),
    ] {
        let dir = tempfile::tempdir().unwrap();
        let target = dir.path().join("c");
        save(&odd(), &target, &options(format)).unwrap();
        let path = target.join(file);
        let mut bytes = fs::read(&path).unwrap();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        fs::write(&path, bytes).unwrap();
        let error = load(&target, None, &LoadOptions::default()).unwrap_err();
        assert!(
            matches!(&error, DataError::Checksum { path, .. } if path.ends_with(file)),
            "{error}"
        );
    }
}

fn edit_manifest(target: &Path, edit: impl Fn(&mut serde_json::Value)) {
    let path = target.join("manifest.json");
    let mut manifest = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    edit(&mut manifest);
    fs::write(path, manifest.to_string()).unwrap();
}

#[test]
fn a_wrong_content_hash_is_seen_even_if_the_files_are_whole() {
    let dir = tempfile::tempdir().unwrap();
    let target = dir.path().join("c");
    save(&odd(), &target, &SaveOptions::default()).unwrap();
    edit_manifest(&target, |m| m["corpus"]["content_hash"] = "00".into());
    let error = load(&target, None, &LoadOptions::default()).unwrap_err();
    assert!(
        matches!(&error, DataError::Checksum { expected, .. } if expected == "00"),
        "{error}"
    );
}

#[test]
fn a_newer_format_is_refused_with_both_versions() {
    let dir = tempfile::tempdir().unwrap();
    let target = dir.path().join("c");
    save(&odd(), &target, &SaveOptions::default()).unwrap();
    edit_manifest(&target, |m| {
        m["format_version"] = 9.into();
        m["storage"] = serde_json::json!({"new": true});
    });
    let error = load(&target, None, &LoadOptions::default()).unwrap_err();
    assert!(
        matches!(
            error,
            DataError::Version {
                found: 9,
                supported: 1,
                ..
            }
        ),
        "{error}"
    );
    assert!(
        error.to_string().contains("version 9 is newer than 1"),
        "{error}"
    );
    edit_manifest(&target, |m| m["format_version"] = "x".into());
    assert!(load_error(&target).contains("format_version"));
}

#[test]
fn a_missing_file_and_a_broken_manifest_are_errors_with_their_path() {
    let dir = tempfile::tempdir().unwrap();
    let target = dir.path().join("c");
    save(&odd(), &target, &SaveOptions::default()).unwrap();
    fs::remove_file(target.join("tasks.parquet")).unwrap();
    assert!(load_error(&target).contains("tasks.parquet"));
    edit_manifest(&target, |m| m["files"] = serde_json::json!({}));
    assert!(load_error(&target).contains("tables.parquet is missing"));
}

#[test]
fn another_corpus_is_replaced_only_on_request() {
    let dir = tempfile::tempdir().unwrap();
    let target = dir.path().join("c");
    save(&odd(), &target, &SaveOptions::default()).unwrap();
    save(&odd(), &target, &options(SaveFormat::Jsonl))
        .expect("the same content may be saved again");
    let other = synthetic_part(&[("val", 1)]);
    let error = save(&other, &target, &SaveOptions::default()).unwrap_err();
    assert!(matches!(error, DataError::Exists { .. }), "{error}");
    same(&loaded(&target).corpus, &odd());
    save(
        &other,
        &target,
        &SaveOptions {
            overwrite: true,
            ..SaveOptions::default()
        },
    )
    .unwrap();
    same(&loaded(&target).corpus, &other);
    let left: Vec<_> = fs::read_dir(dir.path())
        .unwrap()
        .map(|e| e.unwrap().file_name())
        .collect();
    assert_eq!(left, ["c"]);
}

#[test]
fn files_that_are_no_corpus_are_never_destroyed() {
    let dir = tempfile::tempdir().unwrap();
    let target = dir.path().join("c");
    let overwrite = SaveOptions {
        overwrite: true,
        ..SaveOptions::default()
    };
    fs::create_dir(&target).unwrap();
    fs::write(target.join("thesis.doc"), "x").unwrap();
    let error = save(&odd(), &target, &overwrite).unwrap_err().to_string();
    assert!(
        error.contains("no saved corpus") && error.contains("thesis.doc"),
        "{error}"
    );
    fs::remove_file(target.join("thesis.doc")).unwrap();
    save(&odd(), &target, &SaveOptions::default()).expect("an empty folder may be used");
    fs::write(target.join("notes.txt"), "x").unwrap();
    let error = save(&odd(), &target, &overwrite).unwrap_err().to_string();
    assert!(error.contains("notes.txt"), "{error}");
    assert!(target.join("notes.txt").exists());
}

#[test]
fn a_corpus_made_on_demand_is_saved_as_far_as_it_is_said() {
    let config = finqa_data::SynthConfig {
        train_companies: None,
        val_companies: 3,
        ..finqa_data::SynthConfig::tiny()
    };
    let corpus = finqa_data::synthetic(1, config).unwrap();
    let dir = tempfile::tempdir().unwrap();
    let target = dir.path().join("made");
    let error = save(&corpus, &target, &SaveOptions::default()).unwrap_err();
    assert!(
        error.to_string().contains("\"train\"") && error.to_string().contains("max_companies"),
        "{error}"
    );
    assert!(!target.exists());
    let options = SaveOptions {
        max_companies: Some(5),
        ..SaveOptions::default()
    };
    let manifest = save(&corpus, &target, &options).unwrap();
    // Of train five companies, the others whole.
    assert_eq!((manifest.num_companies, manifest.num_tasks), (49, 497));
    // The hash of what lies there, not of the source.
    assert_ne!(manifest.corpus.content_hash, corpus.info().content_hash);
    let again = loaded(&target).corpus;
    assert_eq!(
        again.splits(),
        [
            ("val", 48),
            ("eval290", 290),
            ("reason79", 79),
            ("train", 80)
        ]
        .map(|(split, tasks)| (split.to_owned(), Some(tasks)))
    );
    assert_eq!(again.query_limits(), corpus.query_limits());
    for index in [0, 47, 48, 496] {
        assert_eq!(again.task(index).unwrap(), corpus.task(index).unwrap());
    }
    assert_eq!(*again.company(48).unwrap(), *corpus.company(48).unwrap());
}

#[test]
fn a_company_that_is_added_twice_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let mut writer =
        finqa_data::CorpusWriter::new(&folder.path().join("corpus"), &SaveOptions::default())
            .unwrap();
    let company = |name: &str| Company {
        name: name.into(),
        tables: vec![
            Table::new(
                name,
                "sales",
                vec!["item".into()],
                vec![Value::text("Total")],
            )
            .unwrap(),
        ],
    };
    writer.company(&company("acme")).unwrap();
    let error = writer.company(&company("ACME")).unwrap_err();
    assert!(
        matches!(&error, DataError::Corpus { .. })
            && error.to_string().contains("\"ACME\" is added twice"),
        "{error}"
    );
}
