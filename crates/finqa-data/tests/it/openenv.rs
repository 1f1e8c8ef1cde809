//! The OpenEnv layout and the traps of its two readers, one test a trap.

use crate::common::{load_error, loaded, refused, row, table, write};
use finqa_core::answer::{Multi, Scale, Unit};
use finqa_data::{Layout, LoadOptions, load};

const QUESTIONS: &str = "benchmark_questions/finqa.csv";
const NOTES: &str = "input_companies/tables_cleaned_all_companies.json";
const PRETAX: &str = r#"{"":{"0":"domestic","1":"foreign"},"2024":{"0":"$ 1,412.6","1":"(361.9)"},"2023":{"0":"—","1":""}}"#;

fn base(root: &std::path::Path) {
    let note = serde_json::json!({"harlow/pretax": {
        "table": PRETAX, "description": "income_before_taxes_in_millions", "source_page": 41, "column_names": ["x"],
    }});
    write(
        root,
        &[
            ("input_companies/harlow/pretax.json", PRETAX),
            ("input_companies/harlow/10k.txt", "<html>raw</html>"),
            (NOTES, &note.to_string()),
            (
                QUESTIONS,
                "id,user_query,company,question,answer,question_type,explanation\n\
                 7,\"For company `harlow`, here is the question: Foreign?\",harlow,What was foreign income in 2024?,\\boxed{-361.9},Lookup,cell\n",
            ),
        ],
    );
}

#[test]
fn a_benchmark_becomes_tables_and_tasks() {
    let dir = tempfile::tempdir().unwrap();
    base(dir.path());
    let loaded = loaded(dir.path());
    let info = loaded.corpus.info();
    assert_eq!(
        (info.layout.as_str(), info.content_hash.len()),
        ("openenv", 64)
    );
    let task = &loaded.corpus.stored().unwrap().tasks()[0];
    assert_eq!(
        (task.id.as_str(), task.split.0.as_str(), task.truth.as_str()),
        ("7", "test", r"\boxed{-361.9}")
    );
    assert_eq!(
        task.user_query(),
        "For company `harlow`, here is the question: What was foreign income in 2024?"
    );
    assert_eq!(task.question_type, "Lookup");
    let pretax = table(&loaded.corpus, "harlow", "pretax");
    assert_eq!(
        row(pretax, 0),
        [Some("domestic"), Some("$ 1,412.6"), Some("—")]
    );
    assert_eq!(row(pretax, 1), [Some("foreign"), Some("(361.9)"), Some("")]);
    assert!(loaded.refusals.is_empty(), "{:?}", loaded.refusals);
}

#[test]
fn empty_first_header_with_year_columns_is_not_turned_into_dates() {
    let dir = tempfile::tempdir().unwrap();
    base(dir.path());
    let loaded = loaded(dir.path());
    assert_eq!(
        table(&loaded.corpus, "harlow", "pretax").columns,
        ["col_0", "2024", "2023"]
    );
}

#[test]
fn columns_named_like_dates_and_number_strings_stay_strings() {
    let dir = tempfile::tempdir().unwrap();
    base(dir.path());
    let json =
        r#"[{"date":"1/2/19","created_at":"2019","code":"007","e":"1e3","u":"1_000","n":"nan"}]"#;
    write(dir.path(), &[("input_companies/harlow/odd.json", json)]);
    let loaded = loaded(dir.path());
    let odd = table(&loaded.corpus, "harlow", "odd");
    assert_eq!(odd.columns, ["date", "created_at", "code", "e", "u", "n"]);
    assert_eq!(
        row(odd, 0),
        ["1/2/19", "2019", "007", "1e3", "1_000", "nan"].map(Some)
    );
}

#[test]
fn an_answer_column_without_boxes_stays_text() {
    let dir = tempfile::tempdir().unwrap();
    base(dir.path());
    write(
        dir.path(),
        &[(
            QUESTIONS,
            "id,company,question,answer\n1,harlow,How much?,12.50\n2,harlow,And?,007\n",
        )],
    );
    let truths: Vec<String> = loaded(dir.path())
        .corpus
        .stored()
        .unwrap()
        .tasks()
        .iter()
        .map(|t| t.truth.clone())
        .collect();
    assert_eq!(truths, ["12.50", "007"]);
}

#[test]
fn tables_are_listed_in_sorted_order() {
    let dir = tempfile::tempdir().unwrap();
    base(dir.path());
    for name in ["zeta", "alpha", "mid"] {
        write(
            dir.path(),
            &[(
                &format!("input_companies/harlow/{name}.json"),
                r#"[{"a":"1"}]"#,
            )],
        );
    }
    let loaded = loaded(dir.path());
    let names: Vec<&str> = loaded.corpus.stored().unwrap().companies()[0]
        .tables
        .iter()
        .map(|t| t.name.as_str())
        .collect();
    assert_eq!(names, ["alpha", "mid", "pretax", "zeta"]);
}

#[test]
fn a_table_without_info_is_used_and_info_without_a_table_is_counted() {
    let dir = tempfile::tempdir().unwrap();
    base(dir.path());
    write(
        dir.path(),
        &[
            ("input_companies/harlow/bare.json", r#"[{"a":"1"}]"#),
            (
                NOTES,
                r#"{"harlow/ghost":{"table":"{}","description":"d"}}"#,
            ),
        ],
    );
    let loaded = loaded(dir.path());
    assert_eq!(table(&loaded.corpus, "harlow", "bare").description, "");
    assert_eq!(refused(&loaded, "table_without_info"), 2);
    assert_eq!(refused(&loaded, "info_without_table"), 1);
    assert!(
        loaded.corpus.stored().unwrap().companies()[0]
            .table("ghost")
            .is_none()
    );
}

#[test]
fn info_entries_are_merged_and_derived_ones_dropped() {
    let dir = tempfile::tempdir().unwrap();
    base(dir.path());
    let loaded = loaded(dir.path());
    let pretax = table(&loaded.corpus, "harlow", "pretax");
    assert_eq!(pretax.description, "income_before_taxes_in_millions");
    assert_eq!(pretax.scale, "million");
    assert_eq!(pretax.extra.keys().collect::<Vec<_>>(), ["source_page"]);
}

#[test]
fn info_that_shows_another_table_is_counted_and_the_file_wins() {
    let dir = tempfile::tempdir().unwrap();
    base(dir.path());
    let note = serde_json::json!({"harlow/pretax": {"table": r#"{"a":{"0":"other"}}"#, "description": ""}});
    write(dir.path(), &[(NOTES, &note.to_string())]);
    let loaded = loaded(dir.path());
    assert_eq!(refused(&loaded, "info_table_differs"), 1);
    assert_eq!(
        table(&loaded.corpus, "harlow", "pretax").columns[0],
        "col_0"
    );
}

#[test]
fn unusable_tables_are_refused_by_reason_and_the_rest_is_read() {
    let dir = tempfile::tempdir().unwrap();
    base(dir.path());
    write(
        dir.path(),
        &[
            ("input_companies/harlow/empty.json", r#"{"category":{}}"#),
            ("input_companies/harlow/nested.json", r#"[{"a":["1"]}]"#),
            ("input_companies/harlow/cut.json", r#"{"a":{"0":"1""#),
        ],
    );
    let loaded = loaded(dir.path());
    for reason in ["empty_table", "nested_cell", "table_not_json"] {
        assert_eq!(refused(&loaded, reason), 1, "{reason}");
    }
    assert_eq!(
        loaded.corpus.stored().unwrap().companies()[0].tables.len(),
        1
    );
}

#[test]
fn headers_that_repeat_or_differ_only_in_case_are_renamed() {
    let dir = tempfile::tempdir().unwrap();
    base(dir.path());
    let json = r#"{"item":{"0":"a"},"Total":{"0":"1"},"total":{"0":"2"},"total":{"0":"3"}}"#;
    write(dir.path(), &[("input_companies/harlow/dup.json", json)]);
    let loaded = loaded(dir.path());
    let dup = table(&loaded.corpus, "harlow", "dup");
    assert_eq!(dup.columns, ["item", "Total", "total_2", "total_3"]);
    assert_eq!(row(dup, 0), ["a", "1", "2", "3"].map(Some));
}

#[test]
fn several_boxes_and_keys_are_understood() {
    let dir = tempfile::tempdir().unwrap();
    base(dir.path());
    write(
        dir.path(),
        &[(
            QUESTIONS,
            "id,company,question,answer\n\
         1,harlow,\"Both, in millions?\",\"\\boxed{8,908}; \\boxed{7,960}\"\n\
         2,HARLOW,By year?,\"\\boxed{2022: 0.933, 2023: 0.930}\"\n",
        )],
    );
    let loaded = loaded(dir.path());
    let [list, keyed] = loaded.corpus.stored().unwrap().tasks() else {
        panic!("two tasks")
    };
    assert_eq!(
        (list.answer.multi, list.answer.unit, list.answer.scale),
        (Multi::List, Unit::Amount, Scale::Million)
    );
    assert_eq!(
        (keyed.answer.multi, keyed.answer.unit),
        (Multi::Keyed, Unit::Ratio)
    );
    assert_eq!(
        keyed.companies,
        ["harlow"],
        "companies are found without regard to case"
    );
}

#[test]
fn unusable_questions_are_refused_by_reason() {
    let dir = tempfile::tempdir().unwrap();
    base(dir.path());
    write(
        dir.path(),
        &[(
            QUESTIONS,
            "id,company,question,answer\n1,nobody,Q?,5\n2,harlow,Q?,\n3,harlow,,5\n4,harlow,Q?\n5,harlow,Good?,5\n",
        )],
    );
    let loaded = loaded(dir.path());
    for reason in ["unknown_company", "no_answer", "no_question", "ragged_row"] {
        assert_eq!(refused(&loaded, reason), 1, "{reason}");
    }
    assert_eq!(loaded.corpus.stored().unwrap().tasks().len(), 1);
    let line = loaded
        .refusals
        .iter()
        .find(|r| r.reason == "ragged_row")
        .unwrap();
    assert_eq!(line.record, "benchmark_questions/finqa.csv line 5");
}

#[test]
fn broken_files_name_path_record_and_reason() {
    let dir = tempfile::tempdir().unwrap();
    base(dir.path());
    write(
        dir.path(),
        &[(
            QUESTIONS,
            "id,company,question,answer\n1,harlow,A?,5\n1,harlow,B?,6\n",
        )],
    );
    let text = load_error(dir.path());
    assert!(
        text.contains("finqa.csv") && text.contains("\"1\" appears twice"),
        "{text}"
    );
    write(
        dir.path(),
        &[(QUESTIONS, "id,company,query\n1,harlow,A?\n")],
    );
    let text = load_error(dir.path());
    assert!(
        text.contains("finqa.csv, line 1") && text.contains("[\"question\", \"answer\"]"),
        "{text}"
    );
    write(dir.path(), &[(QUESTIONS, ""), (NOTES, "{\n\"a\": nope}")]);
    let text = load_error(dir.path());
    assert!(
        text.contains("tables_cleaned_all_companies.json, line 2"),
        "{text}"
    );
    std::fs::write(dir.path().join(NOTES), "{}").unwrap();
    std::fs::write(dir.path().join(QUESTIONS), b"id,company\n1,caf\xe9\n").unwrap();
    let text = load_error(dir.path());
    assert!(
        text.contains("line 2") && text.contains("not UTF-8"),
        "{text}"
    );
}

#[test]
fn the_file_order_on_disk_does_not_matter() {
    let (a, b) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let names = ["m", "c", "x", "a"];
    for (dir, order) in [
        (&a, names.to_vec()),
        (&b, names.iter().rev().copied().collect()),
    ] {
        base(dir.path());
        for name in order {
            write(
                dir.path(),
                &[(
                    &format!("input_companies/harlow/{name}.json"),
                    r#"[{"a":"1"}]"#,
                )],
            );
        }
    }
    let hash = |dir: &tempfile::TempDir| loaded(dir.path()).corpus.info().content_hash.clone();
    assert_eq!(hash(&a), hash(&b));
}

#[test]
fn a_layout_can_be_asked_for_and_does_not_fit() {
    let dir = tempfile::tempdir().unwrap();
    base(dir.path());
    let error = load(dir.path(), Some(Layout::Rllm), &LoadOptions::default()).unwrap_err();
    assert!(error.to_string().contains("company_tables"), "{error}");
}
