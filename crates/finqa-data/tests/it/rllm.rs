//! The rLLM layout, as a folder and as an archive.

use std::path::Path;

use crate::common::{company, load_error, loaded, refused, row, table, write};
use finqa_core::answer::{Scale, Unit};

const HEADER: &str = "user_query,id,question_type,question,answer,explanation,company,table_name,columns_used_json,rows_used_json\n";

fn notes(tables: &[(&str, &str, &str)]) -> String {
    let mut map = serde_json::Map::new();
    for (name, json, description) in tables {
        let entry = serde_json::json!({
            "table": json, "description": description, "column_names": ["category", "2023"],
            "unique_vals_per_col": {}, "company": "anthem",
        });
        map.insert((*name).to_owned(), entry);
    }
    serde_json::Value::Object(map).to_string()
}

fn question(id: u32, company: &str, table: &str, answer: &str) -> String {
    format!(
        "For company `{company}`...,{id},Growth - YoY,Growth of total?,{answer},because,{company},{table},[],[]\n"
    )
}

const CLAIMS: &str = r#"{"category":{"0":"total"},"2023":{"0":"120,227"},"2022":{"0":"112,545"}}"#;

fn base(root: &Path, prefix: &str) {
    let info = notes(&[
        ("elv_Claims", CLAIMS, "claims_in_millions"),
        ("elv_Also", r#"[{"category":"x"}]"#, "d"),
    ]);
    let train = format!("{HEADER}{}", question(0, "anthem", "elv_Claims", "6.82%"));
    let test = format!(
        "{HEADER}{}{}",
        question(
            0,
            "Anthem ",
            "\"[\"\"elv_Claims\"\", \"\"elv_Also\"\"]\"",
            "120"
        ),
        question(1, "anthem", "elv_Nowhere", "5")
    );
    write(
        root,
        &[
            (
                &format!("{prefix}company_tables/anthem/tables_cleaned_all_companies.json"),
                &info,
            ),
            (
                &format!("{prefix}company_tables/anthem/elv_Claims.json"),
                CLAIMS,
            ),
            (&format!("{prefix}train_finqa.csv"), &train),
            (&format!("{prefix}test_finqa.csv"), &test),
            (&format!("{prefix}split.json"), r#"{"train":["anthem"]}"#),
        ],
    );
}

#[test]
fn ids_are_unique_only_within_a_split_so_the_split_is_put_before() {
    let dir = tempfile::tempdir().unwrap();
    base(dir.path(), "data/");
    let loaded = loaded(dir.path());
    let ids: Vec<&str> = loaded
        .corpus
        .stored()
        .unwrap()
        .tasks()
        .iter()
        .map(|t| t.id.as_str())
        .collect();
    assert_eq!(ids, ["test/0", "train/0"]);
    assert_eq!(
        loaded.corpus.splits(),
        [("test".to_owned(), Some(1)), ("train".to_owned(), Some(1))]
    );
    assert_eq!(loaded.corpus.info().layout, "rllm");
    let growth = &loaded.corpus.stored().unwrap().tasks()[1];
    assert_eq!(
        (growth.answer.unit, growth.question.as_str()),
        (Unit::Percent, "Growth of total?")
    );
}

#[test]
fn a_json_list_of_tables_is_read_and_unknown_tables_refuse_the_question() {
    let dir = tempfile::tempdir().unwrap();
    base(dir.path(), "");
    let loaded = loaded(dir.path());
    assert_eq!(refused(&loaded, "unknown_table"), 1);
    assert_eq!(
        loaded.corpus.stored().unwrap().tasks()[0].answer.scale,
        Scale::One,
        "the two tables do not state the same scale"
    );
}

#[test]
fn one_table_gives_its_scale_to_an_amount() {
    let dir = tempfile::tempdir().unwrap();
    base(dir.path(), "");
    let csv = format!("{HEADER}{}", question(3, "anthem", "elv_Claims", "120227"));
    write(
        dir.path(),
        &[("train_finqa.csv", &csv), ("test_finqa.csv", HEADER)],
    );
    assert_eq!(
        loaded(dir.path()).corpus.stored().unwrap().tasks()[0]
            .answer
            .scale,
        Scale::Million
    );
}

#[test]
fn tables_come_in_file_order_with_their_info() {
    let dir = tempfile::tempdir().unwrap();
    base(dir.path(), "data/");
    let loaded = loaded(dir.path());
    let anthem = company(&loaded.corpus, "anthem");
    let names: Vec<&str> = anthem.tables.iter().map(|t| t.name.as_str()).collect();
    assert_eq!(names, ["elv_Claims", "elv_Also"]);
    assert_eq!(
        anthem.tables[0].extra.keys().collect::<Vec<_>>(),
        ["company"]
    );
    assert_eq!(anthem.tables[0].columns, ["category", "2023", "2022"]);
}

#[test]
fn names_that_collide_when_joined_stay_apart() {
    // rLLM calls both tables a_b_c and returns the same data for them.
    let dir = tempfile::tempdir().unwrap();
    write(
        dir.path(),
        &[
            (
                "company_tables/a_b/tables_cleaned_all_companies.json",
                &notes(&[("c", r#"[{"x":"one"}]"#, "")]),
            ),
            (
                "company_tables/a/tables_cleaned_all_companies.json",
                &notes(&[("b_c", r#"[{"x":"two"}]"#, "")]),
            ),
            (
                "company_tables/a-b/tables_cleaned_all_companies.json",
                &notes(&[("c", r#"[{"x":"three"}]"#, "")]),
            ),
        ],
    );
    let loaded = loaded(dir.path());
    for (name, of, want) in [
        ("a_b", "c", "one"),
        ("a", "b_c", "two"),
        ("a-b", "c", "three"),
    ] {
        assert_eq!(row(table(&loaded.corpus, name, of), 0), [Some(want)]);
    }
}

#[test]
fn a_list_cell_refuses_its_table_only() {
    // rLLM's import of the whole data set fails on such a cell.
    let dir = tempfile::tempdir().unwrap();
    let text = notes(&[
        ("bad", r#"[{"x":[1,2]}]"#, ""),
        ("big", r#"[{"x":123456789012345678901}]"#, ""),
    ]);
    write(
        dir.path(),
        &[("company_tables/a/tables_cleaned_all_companies.json", &text)],
    );
    let loaded = loaded(dir.path());
    assert_eq!(refused(&loaded, "nested_cell"), 1);
    assert_eq!(
        row(table(&loaded.corpus, "a", "big"), 0),
        [Some("123456789012345678901")]
    );
}

#[test]
fn files_without_info_and_info_without_table_are_counted() {
    let dir = tempfile::tempdir().unwrap();
    write(
        dir.path(),
        &[
            (
                "company_tables/a/tables_cleaned_all_companies.json",
                r#"{"t":{"description":"no table"}}"#,
            ),
            ("company_tables/a/only_file.json", r#"[{"x":"1"}]"#),
        ],
    );
    let loaded = loaded(dir.path());
    assert_eq!(
        (
            refused(&loaded, "info_without_table"),
            refused(&loaded, "table_without_info")
        ),
        (1, 1)
    );
    assert_eq!(company(&loaded.corpus, "a").tables.len(), 1);
}

#[test]
fn older_multi_table_files_get_ids_of_their_own() {
    let dir = tempfile::tempdir().unwrap();
    base(dir.path(), "data/");
    let csv = format!("{HEADER}{}", question(0, "anthem", "elv_Claims", "5"));
    write(
        dir.path(),
        &[("data/multi_table_data/train_finqa.csv", &csv)],
    );
    let loaded = loaded(dir.path());
    let multi = &loaded.corpus.stored().unwrap().tasks()
        [loaded.corpus.task_index("train/multi/0").unwrap()];
    assert_eq!(multi.question_type, "multi_table Growth - YoY");
    assert_eq!(multi.split.0, "train");
}

#[test]
fn the_archive_gives_the_same_corpus_as_the_folder() {
    let dir = tempfile::tempdir().unwrap();
    base(dir.path(), "data/");
    let packed = tempfile::tempdir().unwrap();
    let path = packed.path().join("data.tar.gz");
    let gz = flate2::write::GzEncoder::new(
        std::fs::File::create(&path).unwrap(),
        flate2::Compression::fast(),
    );
    let mut tar = tar::Builder::new(gz);
    tar.append_dir_all("data", dir.path().join("data")).unwrap();
    tar.into_inner().unwrap().finish().unwrap();
    let hash = loaded(dir.path()).corpus.info().content_hash.clone();
    assert_eq!(
        loaded(&path).corpus.info().content_hash,
        hash,
        "the archive itself"
    );
    assert_eq!(
        loaded(packed.path()).corpus.info().content_hash,
        hash,
        "a folder with the archive"
    );
    let mut bytes = std::fs::read(&path).unwrap();
    bytes.truncate(bytes.len() / 2);
    std::fs::write(&path, bytes).unwrap();
    assert!(load_error(&path).contains("data.tar.gz"));
}

#[test]
fn repeated_ids_in_one_file_are_an_error() {
    let dir = tempfile::tempdir().unwrap();
    base(dir.path(), "");
    let csv = format!(
        "{HEADER}{}{}",
        question(4, "anthem", "", "1"),
        question(4, "anthem", "", "2")
    );
    write(dir.path(), &[("val_finqa.csv", &csv)]);
    let text = load_error(dir.path());
    assert!(
        text.contains("val_finqa.csv") && text.contains("\"4\""),
        "{text}"
    );
}
