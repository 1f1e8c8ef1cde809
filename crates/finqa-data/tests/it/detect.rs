//! Finding out which layout lies at a path.

use finqa_data::{DataError, Layout, LoadOptions, detect, load};

use crate::common::write;

#[test]
fn each_layout_is_recognised_by_its_files() {
    for (path, content, want) in [
        ("input_companies/a/t.json", "{}", Layout::OpenEnv),
        ("company_tables/a/t.json", "{}", Layout::Rllm),
        ("data/company_tables/a/t.json", "{}", Layout::Rllm),
        ("val_finqa.csv", "id", Layout::Rllm),
        ("sales.csv", "a\n1\n", Layout::Folder),
        ("acme/sales.PARQUET", "", Layout::Folder),
    ] {
        let dir = tempfile::tempdir().unwrap();
        write(dir.path(), &[(path, content)]);
        assert_eq!(detect(dir.path()).unwrap(), want, "{path}");
    }
}

#[test]
fn files_are_recognised_by_their_content() {
    let dir = tempfile::tempdir().unwrap();
    for (name, content, want) in [
        (
            "a.json",
            r#" [ {"table": {}, "paragraphs": [], "questions": []}, broken"#,
            Layout::TatQa,
        ),
        (
            "b.json",
            r#"[{"pre_text": [], "post_text": [], "table": [], "qa": {}}]"#,
            Layout::FinQa,
        ),
        ("c.bin", "SQLite format 3\0...", Layout::Sqlite),
    ] {
        write(dir.path(), &[(name, content)]);
        assert_eq!(detect(&dir.path().join(name)).unwrap(), want, "{name}");
    }
}

#[test]
fn an_unknown_place_says_what_was_looked_for_and_found() {
    let dir = tempfile::tempdir().unwrap();
    write(
        dir.path(),
        &[("notes.txt", "x"), ("tasks.csv", "question,answer\n")],
    );
    let text = detect(dir.path()).unwrap_err().to_string();
    for part in [
        "input_companies/",
        "company_tables/",
        "manifest.json",
        "2 entries",
        "notes.txt",
        "tasks.csv",
    ] {
        assert!(text.contains(part), "{part} is not in {text}");
    }
    write(dir.path(), &[("other.json", r#"[{"squad": 1}]"#)]);
    let text = detect(&dir.path().join("other.json"))
        .unwrap_err()
        .to_string();
    assert!(
        text.contains("[\"squad\"]") && text.contains("pre_text"),
        "{text}"
    );
    let missing = detect(&dir.path().join("nowhere")).unwrap_err();
    assert!(
        matches!(&missing, DataError::Io { .. }) && missing.to_string().contains("nowhere"),
        "{missing}"
    );
}

#[test]
fn names_are_read_back() {
    for layout in Layout::ALL {
        assert_eq!(Layout::from_name(layout.name()), Some(layout));
    }
    assert_eq!(Layout::from_name("csv"), None);
}

#[test]
fn sqlite_goes_through_the_callback() {
    let dir = tempfile::tempdir().unwrap();
    write(
        dir.path(),
        &[
            ("shop.sqlite", "SQLite format 3\0"),
            (
                "shop.tasks.csv",
                "question,answer,tables\nHow many orders?,12,orders\n",
            ),
        ],
    );
    let path = dir.path().join("shop.sqlite");
    let error = load(&path, None, &LoadOptions::default())
        .unwrap_err()
        .to_string();
    assert!(error.contains("read_sqlite"), "{error}");
    let options = LoadOptions {
        read_sqlite: Some(|path| {
            assert!(path.ends_with("shop.sqlite"));
            let rows = vec![finqa_core::Value::Integer(12)];
            let table = finqa_core::Table::new("shop", "orders", vec!["n".into()], rows).unwrap();
            let refusal = finqa_data::Refusal {
                record: "blobs".into(),
                reason: "blob_column".into(),
                detail: String::new(),
            };
            Ok((vec![table], vec![refusal]))
        }),
        ..LoadOptions::default()
    };
    let loaded = load(&path, None, &options).unwrap();
    assert_eq!(loaded.corpus.stored().unwrap().companies()[0].name, "shop");
    assert_eq!(
        loaded.corpus.stored().unwrap().tasks()[0].companies,
        ["shop"]
    );
    assert_eq!(loaded.corpus.info().refused["blob_column"], 1);
    let failing = LoadOptions {
        read_sqlite: Some(|_| Err("file is encrypted".into())),
        ..LoadOptions::default()
    };
    let error = load(&path, None, &failing).unwrap_err().to_string();
    assert!(error.contains("shop.sqlite: file is encrypted"), "{error}");
}

#[test]
fn progress_is_reported_to_the_end() {
    let dir = tempfile::tempdir().unwrap();
    write(dir.path(), &[("t.csv", "a\n1\n")]);
    let seen = std::cell::RefCell::new(Vec::new());
    let report = |p: finqa_data::Progress| seen.borrow_mut().push((p.stage, p.done, p.total));
    let options = LoadOptions {
        progress: Some(&report),
        name: Some("mine".into()),
        ..LoadOptions::default()
    };
    let loaded = load(dir.path(), None, &options).unwrap();
    assert_eq!(loaded.corpus.info().name, "mine");
    assert_eq!(
        *seen.borrow(),
        [
            ("read", 0, 3),
            ("hash", 1, 3),
            ("check", 2, 3),
            ("done", 3, 3)
        ]
    );
}
