//! Anybody's tables and questions.

use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use arrow_array::builder::{Int64Builder, ListBuilder};
use arrow_array::{
    ArrayRef, BooleanArray, Date32Array, Decimal128Array, DictionaryArray, Float64Array,
    Int32Array, RecordBatch, StringArray, TimestampMillisecondArray, UInt64Array,
};
use finqa_core::Value;
use finqa_core::answer::{Multi, Op, Scale, Unit};
use finqa_core::gold::{CellRef, GoldAnswer};
use finqa_data::{Layout, LoadOptions, load};

use crate::common::{company, load_error, loaded, refused, row, table, write};

const SALES: &str = "region,2024,2023\nnorth,\"1,234\",\nsouth,(56),007\n";

fn write_parquet(path: &Path, columns: Vec<(&str, ArrayRef)>) {
    let batch =
        RecordBatch::try_from_iter_with_nullable(columns.into_iter().map(|(n, a)| (n, a, true)))
            .unwrap();
    let file = File::create(path).unwrap();
    let mut writer = parquet::arrow::ArrowWriter::try_new(file, batch.schema(), None).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
}

#[test]
fn csv_files_directly_in_the_folder_are_one_company() {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path().join("my_shop");
    write(
        &root,
        &[
            ("sales.csv", SALES),
            ("costs.tsv", "item\t2024\nrent\t12\n"),
            ("readme.md", "x"),
        ],
    );
    let loaded = loaded(&root);
    let names: Vec<&str> = company(&loaded.corpus, "my_shop")
        .tables
        .iter()
        .map(|t| t.name.as_str())
        .collect();
    assert_eq!(names, ["costs", "sales"]);
    assert_eq!(loaded.corpus.info().name, "my_shop");
}

#[test]
fn csv_cells_stay_strings() {
    let dir = tempfile::tempdir().unwrap();
    write(dir.path(), &[("a/sales.csv", &format!("\u{feff}{SALES}"))]);
    let loaded = loaded(dir.path());
    let sales = table(&loaded.corpus, "a", "sales");
    assert_eq!(sales.columns, ["region", "2024", "2023"]);
    assert_eq!(row(sales, 0), ["north", "1,234", ""].map(Some));
    assert_eq!(row(sales, 1), ["south", "(56)", "007"].map(Some));
}

#[test]
fn empty_and_ragged_tables_are_refused_by_reason() {
    let dir = tempfile::tempdir().unwrap();
    write(
        dir.path(),
        &[
            ("a/sales.csv", SALES),
            ("a/empty.csv", "x,y\n"),
            ("a/ragged.csv", "x,y\n1,2\n3\n"),
            ("a/b/deep.csv", SALES),
            ("a/nested.jsonl", "{\"x\":{}}\n"),
        ],
    );
    let loaded = loaded(dir.path());
    for reason in ["empty_table", "ragged_rows", "too_deep", "nested_cell"] {
        assert_eq!(refused(&loaded, reason), 1, "{reason}");
    }
    let ragged = loaded
        .refusals
        .iter()
        .find(|r| r.reason == "ragged_rows")
        .unwrap();
    assert!(
        ragged.detail.contains("line 3 has 1 cells"),
        "{}",
        ragged.detail
    );
}

#[test]
fn tables_whose_names_differ_only_in_case_are_renamed() {
    let dir = tempfile::tempdir().unwrap();
    write(
        dir.path(),
        &[("a/Sales.csv", SALES), ("a/sales.tsv", "x\ty\n1\t2\n")],
    );
    let loaded = loaded(dir.path());
    let names: Vec<&str> = company(&loaded.corpus, "a")
        .tables
        .iter()
        .map(|t| t.name.as_str())
        .collect();
    assert_eq!(names, ["Sales", "sales_2"]);
}

#[test]
fn jsonl_values_keep_their_type() {
    let dir = tempfile::tempdir().unwrap();
    let lines =
        "{\"a\":1,\"b\":2.50,\"c\":\"1\",\"d\":true}\n\n{\"a\":99999999999999999999,\"c\":null}\n";
    write(dir.path(), &[("x/t.jsonl", lines)]);
    let loaded = loaded(dir.path());
    let t = table(&loaded.corpus, "x", "t");
    assert_eq!(
        t.row(0),
        [
            Value::Integer(1),
            Value::Real(2.5),
            Value::text("1"),
            Value::Integer(1)
        ]
    );
    assert_eq!(
        t.row(1),
        [
            Value::text("99999999999999999999"),
            Value::Null,
            Value::Null,
            Value::Null
        ]
    );
}

#[test]
fn parquet_values_keep_their_type() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::create_dir(dir.path().join("x")).unwrap();
    let decimals = Decimal128Array::from(vec![Some(12_345), None])
        .with_precision_and_scale(9, 2)
        .unwrap();
    let wide = Decimal128Array::from(vec![Some(-1), Some(12_345_678_901_234_567)])
        .with_precision_and_scale(38, 2)
        .unwrap();
    let dictionary: DictionaryArray<arrow_array::types::Int32Type> =
        vec!["p", "q"].into_iter().collect();
    write_parquet(
        &dir.path().join("x/t.parquet"),
        vec![
            ("int", Arc::new(Int32Array::from(vec![Some(7), None]))),
            ("float", Arc::new(Float64Array::from(vec![0.1, f64::NAN]))),
            ("text", Arc::new(StringArray::from(vec!["a", ""]))),
            ("bool", Arc::new(BooleanArray::from(vec![true, false]))),
            ("day", Arc::new(Date32Array::from(vec![20_088, 0]))),
            (
                "at",
                Arc::new(TimestampMillisecondArray::from(vec![1_500, 0])),
            ),
            ("money", Arc::new(decimals)),
            ("wide", Arc::new(wide)),
            ("dict", Arc::new(dictionary)),
        ],
    );
    let loaded = loaded(dir.path());
    let t = table(&loaded.corpus, "x", "t");
    assert_eq!(
        t.row(0),
        [
            Value::Integer(7),
            Value::Real(0.1),
            Value::text("a"),
            Value::Integer(1),
            Value::text("2024-12-31"),
            Value::text("1970-01-01T00:00:01.5"),
            Value::Real(123.45),
            Value::text("-0.01"),
            Value::text("p"),
        ]
    );
    assert_eq!(t.row(1)[..3], [Value::Null, Value::Null, Value::text("")]);
    assert_eq!(refused(&loaded, "non_finite_number"), 1);
}

#[test]
fn nested_parquet_columns_are_refused_with_reason() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::create_dir(dir.path().join("x")).unwrap();
    let mut lists = ListBuilder::new(Int64Builder::new());
    lists.append_value([Some(1)]);
    let path = dir.path().join("x/t.parquet");
    write_parquet(
        &path,
        vec![
            ("n", Arc::new(Int32Array::from(vec![1]))),
            ("l", Arc::new(lists.finish())),
        ],
    );
    let loaded = loaded(dir.path());
    assert_eq!(table(&loaded.corpus, "x", "t").columns, ["n"]);
    assert_eq!(refused(&loaded, "nested_column"), 1);
    write_parquet(
        &path,
        vec![("big", Arc::new(UInt64Array::from(vec![u64::MAX])))],
    );
    assert!(load_error(dir.path()).contains("out of range"));
    std::fs::write(&path, b"PAR1 nonsense").unwrap();
    let text = load_error(dir.path());
    assert!(text.contains("t.parquet, Parquet:"), "{text}");
}

#[test]
fn every_column_of_a_tasks_file_is_read() {
    let dir = tempfile::tempdir().unwrap();
    write(
        dir.path(),
        &[
            ("a/sales.csv", SALES),
            ("b/sales.csv", SALES),
            (
                "tasks.csv",
                "id,question,answer,company,unit,scale,op,multi,tables,split,question_type,gold_sql,gold_expression,aliases,signed_change\n\
             q1,Ratio?,4.2%,A,percent,,derived,,sales,dev,Ratio,\"SELECT \"\"2024\"\", \"\"2023\"\" FROM sales WHERE region = 'south'\",{0.0.0} / {0.0.1} * 100,,true\n\
             q2,Who?,north,\"[\"\"a\"\", \"\"b\"\"]\",text,,,,,,,,,\"[\"\"the north\"\"]\",\n\
             ,\"Both, in thousands?\",\"[\"\"1,234\"\", \"\"56\"\"]\",b,,,exact,,,,,,,,\n",
            ),
        ],
    );
    let loaded = loaded(dir.path());
    assert!(loaded.refusals.is_empty(), "{:?}", loaded.refusals);
    let [ratio, who, both] = loaded.corpus.stored().unwrap().tasks() else {
        panic!("three tasks")
    };
    assert_eq!(
        (
            ratio.id.as_str(),
            ratio.split.0.as_str(),
            ratio.question_type.as_str()
        ),
        ("q1", "dev", "Ratio")
    );
    assert_eq!(
        (
            ratio.answer.unit,
            ratio.answer.op,
            ratio.answer.signed_change
        ),
        (Unit::Percent, Op::Derived, true)
    );
    assert_eq!(ratio.companies, ["a"]);
    let gold = ratio.gold.as_ref().unwrap();
    assert_eq!(gold.tables(), [("a", "sales")]);
    assert_eq!(
        gold.answer,
        GoldAnswer::Number {
            expression: "{0} / {1} * 100".into(),
            operands: vec![
                CellRef {
                    query: 0,
                    row: 0,
                    column: 0
                },
                CellRef {
                    query: 0,
                    row: 0,
                    column: 1
                }
            ],
            decimals: Some(1),
            suffix: "%".into(),
        }
    );
    assert_eq!(
        (
            who.answer.unit,
            who.companies.len(),
            who.answer.aliases.as_slice()
        ),
        (Unit::Text, 2, &["the north".to_owned()][..])
    );
    assert_eq!(
        (both.id.as_str(), both.split.0.as_str(), both.truth.as_str()),
        ("2", "all", "1,234; 56")
    );
    assert_eq!(
        (both.answer.multi, both.answer.scale, both.answer.op),
        (Multi::List, Scale::Thousand, Op::Exact)
    );
    assert_eq!(ratio.source, "tasks.csv line 2");
}

#[test]
fn unusable_tasks_are_refused_by_reason() {
    let dir = tempfile::tempdir().unwrap();
    let lines = [
        r#"{"question":"Q?","answer":5}"#,
        r#"{"question":"Q?","answer":"5","company":"c"}"#,
        r#"{"question":"Q?","answer":"5","company":"a","unit":"furlong"}"#,
        r#"{"question":"Q?","answer":"5","company":"a","op":"rough"}"#,
        r#"{"question":"Q?","answer":"5","company":"a","scale":"dozen"}"#,
        r#"{"question":"Q?","answer":"5","company":"a","tables":"nowhere"}"#,
        r#"{"question":"","answer":"5","company":"a"}"#,
        r#"{"question":"Q?","company":"a"}"#,
        "{broken",
        r#"{"question":"Q?","answer":"5","company":"a","gold_sql":"SELECT 1","gold_expression":"{3}","tables":"sales"}"#,
    ];
    write(
        dir.path(),
        &[
            ("a/sales.csv", SALES),
            ("b/sales.csv", SALES),
            ("tasks.jsonl", &lines.join("\n")),
        ],
    );
    let loaded = loaded(dir.path());
    for reason in [
        "no_company",
        "unknown_company",
        "bad_unit",
        "bad_op",
        "bad_scale",
        "unknown_table",
        "no_question",
        "no_answer",
        "bad_record",
        "gold_not_used",
    ] {
        assert_eq!(refused(&loaded, reason), 1, "{reason}");
    }
    let [kept] = loaded.corpus.stored().unwrap().tasks() else {
        panic!("one task is left")
    };
    assert!(
        kept.gold.is_none(),
        "a gold program that cannot be read does not cost the task"
    );
}

#[test]
fn tasks_can_be_parquet_and_can_lie_elsewhere() {
    let dir = tempfile::tempdir().unwrap();
    write(dir.path(), &[("data/sales.csv", SALES)]);
    let tasks = dir.path().join("questions.parquet");
    write_parquet(
        &tasks,
        vec![
            ("question", Arc::new(StringArray::from(vec!["Total?"]))),
            ("answer", Arc::new(Int32Array::from(vec![1178]))),
        ],
    );
    let options = LoadOptions {
        tasks: Some(tasks),
        ..LoadOptions::default()
    };
    let loaded = load(&dir.path().join("data"), None, &options).unwrap();
    assert_eq!(loaded.corpus.stored().unwrap().tasks()[0].truth, "1178");
}

#[test]
fn broken_tasks_files_are_errors() {
    let dir = tempfile::tempdir().unwrap();
    write(
        dir.path(),
        &[
            ("a/sales.csv", SALES),
            ("tasks.csv", "id,question,answer\n1,Q?,5\n1,R?,6\n"),
        ],
    );
    assert!(load_error(dir.path()).contains("task id \"1\" appears twice"));
    write(dir.path(), &[("tasks.csv", "query,truth\nQ?,5\n")]);
    let error = load_error(dir.path());
    assert!(
        error.contains(r#"no record has "question", which is required; it has ["query", "truth"]"#),
        "{error}"
    );
    write(dir.path(), &[("tasks.csv", "question;answer\nQ?;5\n")]);
    assert!(load_error(dir.path()).contains("must be separated by commas"));
    write(dir.path(), &[("tasks.csv", "question,answer\n")]);
    assert!(load_error(dir.path()).contains("the tasks file has no records"));
    write(dir.path(), &[("tasks.jsonl", "{}")]);
    assert!(load_error(dir.path()).contains("several tasks files"));
}

#[test]
fn a_table_separated_by_semicolons_is_refused_and_not_read_as_one_column() {
    let dir = tempfile::tempdir().unwrap();
    write(
        dir.path(),
        &[
            ("a/sales.csv", SALES),
            ("a/semi.csv", "region;2023;2024\nnorth;1200;1300\n"),
            ("a/names.csv", "name\nx;y\n"),
        ],
    );
    let loaded = loaded(dir.path());
    assert_eq!(refused(&loaded, "bad_table"), 1);
    let names: Vec<&str> = loaded.corpus.stored().unwrap().companies()[0]
        .tables
        .iter()
        .map(|t| t.name.as_str())
        .collect();
    assert_eq!(names, ["names", "sales"]);
}

#[test]
fn a_layout_that_the_path_cannot_have_is_named() {
    let dir = tempfile::tempdir().unwrap();
    write(dir.path(), &[("a/sales.csv", SALES)]);
    let options = LoadOptions::default();
    for (path, layout, expected) in [
        (
            "a",
            Layout::TatQa,
            "this is a folder, but layout tatqa is one JSON file",
        ),
        (
            "a",
            Layout::Sqlite,
            "this is a folder, but layout sqlite is one database file",
        ),
        (
            "a/sales.csv",
            Layout::Folder,
            "this is a file, but layout folder is a folder",
        ),
    ] {
        let error = load(&dir.path().join(path), Some(layout), &options).unwrap_err();
        assert!(error.to_string().ends_with(expected), "{error}");
    }
}

#[test]
fn descriptions_state_scale_for_the_answer() {
    let dir = tempfile::tempdir().unwrap();
    write(
        dir.path(),
        &[
            ("a/sales.csv", SALES),
            ("a/other.csv", SALES),
            (
                "descriptions.json",
                r#"{"a/sales":"Sales in millions","other":{"description":"o","owner":"x"},"gone":"g"}"#,
            ),
            (
                "tasks.csv",
                "question,answer,tables\nSales in the north?,\"1,234\",sales\n",
            ),
        ],
    );
    let loaded = loaded(dir.path());
    assert_eq!(table(&loaded.corpus, "a", "sales").scale, "million");
    assert_eq!(table(&loaded.corpus, "a", "other").extra["owner"], "x");
    assert_eq!(
        loaded.corpus.stored().unwrap().tasks()[0].answer.scale,
        Scale::Million
    );
    assert_eq!(refused(&loaded, "info_without_table"), 1);
}
