//! What policies see: rows, table descriptions, cut texts, suggested names.

use std::borrow::Cow;

use finqa_core::observation::cut_middle;
use finqa_core::records::{RecordsWriter, render_compact};
use finqa_core::sql::{QueryLimits, QueryResult, ResultStyle};
use finqa_core::suggest::nearest;
use finqa_core::table_info::{table_info_text, table_names_text};
use finqa_core::{Company, Table, ToolProfile, Value};
use proptest::prelude::*;
use serde_json::json;

fn limits(max_rows: u32, max_result_bytes: u32, style: ResultStyle) -> QueryLimits {
    QueryLimits {
        max_rows,
        max_result_bytes,
        style,
        ..QueryLimits::default()
    }
}

fn write(columns: &[&str], rows: &[&[Value]], limits: &QueryLimits) -> QueryResult {
    let mut writer = RecordsWriter::new(columns, limits);
    for row in rows {
        for value in *row {
            writer.push_value(value);
        }
        writer.end_row();
    }
    writer.finish(false)
}

fn parse(result: &QueryResult) -> serde_json::Value {
    assert!(!result.text.bytes().any(|b| b < 0x20));
    serde_json::from_str(&result.text).unwrap_or_else(|e| panic!("{e}: {}", result.text))
}

#[test]
fn every_kind_of_cell_is_valid_json() {
    let mut writer = RecordsWriter::new(&["a\"b", "c", "c", "c_2", "c"], &QueryLimits::default());
    writer.push_text("q\" \\ \n\u{1} — \u{2028} /".as_bytes());
    writer.push_text(b"bad \xff utf8");
    writer.push_integer(i64::MIN);
    writer.push_blob(&[0, 171, 255]);
    writer.push_null();
    assert!(writer.end_row());
    for value in [f64::NAN, f64::INFINITY, 5.0, 0.1, 1e300] {
        writer.push_real(value);
    }
    assert!(writer.end_row());
    writer.push_integer(1);
    assert!(writer.end_row());
    let result = writer.finish(true);
    assert!(result.total_is_lower_bound);
    assert_eq!(
        parse(&result),
        json!([
            {"a\"b": "q\" \\ \n\u{1} — \u{2028} /", "c": "bad \u{fffd} utf8", "c_3": i64::MIN, "c_2": "00ABFF", "c_4": null},
            {"a\"b": null, "c": null, "c_3": 5.0, "c_2": 0.1, "c_4": 1e300},
            {"a\"b": 1, "c": null, "c_3": null, "c_2": null, "c_4": null},
        ])
    );
    assert!(result.text.contains(":5.0,"));
}

#[test]
fn numbers_read_back_as_the_same_bits() {
    let cells = [
        0.1,
        1e16,
        1e21,
        123_456_789_012_345_680.0,
        5e-324,
        -1.797_693_134_862_315_7e308,
        1e-7,
        100.0,
        -0.0,
    ];
    let mut writer = RecordsWriter::new(&["x"], &QueryLimits::default());
    for value in cells {
        writer.push_real(value);
        writer.end_row();
    }
    let result = writer.finish(false);
    for (got, want) in parse(&result).as_array().unwrap().iter().zip(cells) {
        assert!(got["x"].is_f64(), "{got} must stay a float");
        assert_eq!(
            got["x"].as_f64().unwrap().to_bits(),
            want.to_bits(),
            "{got}"
        );
    }
}

#[test]
fn caps_cut_on_row_boundaries_and_count_on() {
    let row = [Value::text("0123456789")];
    let rows: Vec<&[Value]> = vec![&row; 10];
    let result = write(&["k"], &rows, &limits(3, 1000, ResultStyle::Json));
    assert_eq!((result.shown_rows, result.total_rows), (3, 10));
    // A row takes 18 bytes, a comma between, two brackets: 4 rows are 77 bytes.
    for (bytes, shown) in [(76, 3), (77, 4), (95, 4), (96, 5)] {
        let result = write(&["k"], &rows, &limits(200, bytes, ResultStyle::Json));
        assert_eq!(
            (result.shown_rows, result.total_rows),
            (shown, 10),
            "{bytes}"
        );
        assert!(result.text.len() <= bytes as usize);
        assert_eq!(parse(&result).as_array().unwrap().len(), shown as usize);
    }
    assert_eq!(
        &*write(&["k"], &rows, &limits(0, 100, ResultStyle::Json)).text,
        "[]"
    );
    assert_eq!(
        &*write(&["k"], &[], &limits(9, 100, ResultStyle::Json)).text,
        "[]"
    );
    let mut writer = RecordsWriter::new(&["k"], &limits(1, 100, ResultStyle::Json));
    writer.push_integer(1);
    writer.end_row();
    assert!(writer.is_full());
    writer.count_row();
    let result = writer.finish(false);
    assert_eq!((&*result.text, result.total_rows), ("[{\"k\":1}]", 2));
}

#[test]
fn a_first_row_that_is_too_long_has_its_longest_cells_cut() {
    let row = [
        Value::text("short"),
        Value::text("\n\"é".repeat(5000)),
        Value::text("y".repeat(500)),
        Value::Integer(7),
    ];
    let result = write(
        &["a", "b", "c", "d"],
        &[&row, &row],
        &limits(10, 400, ResultStyle::Json),
    );
    assert_eq!((result.shown_rows, result.total_rows), (1, 2));
    assert!(
        result.text.len() <= 400 && result.text.len() > 300,
        "{}",
        result.text.len()
    );
    let got = parse(&result);
    assert_eq!((&got[0]["a"], &got[0]["d"]), (&json!("short"), &json!(7)));
    assert!(got[0]["b"].as_str().unwrap().ends_with(" …(cut)"));
    assert!(got[0]["c"].as_str().unwrap().ends_with(" …(cut)"));
    // Not even the keys fit: no row is shown, and it is counted.
    let result = write(
        &["a", "b", "c", "d"],
        &[&row],
        &limits(10, 20, ResultStyle::Json),
    );
    assert_eq!(
        (&*result.text, result.shown_rows, result.total_rows),
        ("[]", 0, 1)
    );
}

#[test]
fn compact_rows_are_lines_with_a_blank_before_every_cell() {
    let cells = [
        Value::text("Net\nincome"),
        Value::Integer(5),
        Value::text(" a|b "),
        Value::Real(0.5),
    ];
    assert_eq!(
        render_compact(&["item", "2024"], &cells),
        " item | 2024\n Net income | 5\n a\\|b | 0.5"
    );
    assert_eq!(
        &*write(&["item"], &[], &limits(5, 100, ResultStyle::Compact)).text,
        " item\n (no rows)"
    );
}

fn company() -> Company {
    let text = |s: &str| Value::text(s);
    let mut debt = Table::new(
        "acme",
        "us_gaap_Debt",
        ["category", "2024", "2023", "note", "n"]
            .map(Into::into)
            .to_vec(),
        vec![
            text("Senior — notes"),
            text("$ 1,234"),
            text("as of"),
            text("a"),
            Value::Integer(1),
            text("Total"),
            text("(9.9)"),
            text("—"),
            text("b"),
            Value::Null,
            text("Total"),
            text(""),
            Value::Null,
            text("a"),
            Value::Integer(3),
        ],
    )
    .expect("a valid fixture");
    debt.description = "debt, in millions".into();
    debt.extra = serde_json::from_str(
        r#"{"source": {"page": 3, "tags": []}, "table": "[]", "description": "old", "column_names": ["x"]}"#,
    ).expect("a valid fixture");
    let mut long = Table::new(
        "acme",
        "long",
        vec!["k".into()],
        (0..50).map(|i| text(&format!("v{i}"))).collect(),
    )
    .expect("a valid fixture");
    long.rows[0] = text(&"é".repeat(300));
    Company {
        name: "acme".into(),
        tables: vec![debt, long],
    }
}

#[test]
fn table_info_is_printed_as_published() {
    let company = company();
    assert_eq!(
        table_names_text(&company, ToolProfile::OpenEnv),
        r#"["us_gaap_Debt", "long"]"#
    );
    assert_eq!(
        table_names_text(&company, ToolProfile::Compact),
        " us_gaap_Debt\n long"
    );
    let info = table_info_text(&company, &company.tables[0], ToolProfile::Rllm);
    assert_eq!(
        info,
        concat!(
            r#"{"source": {"page": 3,"tags": []},"description": "debt, in millions","#,
            r#""column_names": ["category","2024","2023","note","n"],"#,
            r#""column_dtypes": {"category": "text","2024": "text","2023": "text","note": "text","n": "integer"},"#,
            r#""unique_vals_per_col": {"category": ["Senior — notes","Total"],"note": ["a","b"]}}"#
        )
    );
    assert_eq!(
        table_info_text(&company, &company.tables[0], ToolProfile::Compact),
        " columns | category | 2024 | 2023 | note | n (integer)\n about | debt, in millions\n \
         category | Senior — notes | Total\n note | a | b"
    );
}

#[test]
fn listed_values_are_bounded() {
    let company = company();
    let info = table_info_text(&company, &company.tables[1], ToolProfile::OpenEnv);
    let info: serde_json::Value = serde_json::from_str(&info).unwrap();
    let values = info["unique_vals_per_col"]["k"].as_array().unwrap();
    assert_eq!(values.len(), 41);
    assert_eq!(values[40], "… 10 more values");
    assert_eq!(values[0].as_str().unwrap().chars().count(), 201);
}

#[test]
fn nearest_finds_long_names_by_their_words() {
    let tables: Vec<String> = (0..10_000)
        .map(|i| format!("us_gaap_ScheduleOfItem{i}TableTextBlock"))
        .chain(
            [
                "us_gaap_ScheduleOfDebtTableTextBlock",
                "us_gaap_ScheduleOfGoodwillTextBlock",
                "income_statement",
            ]
            .map(Into::into),
        )
        .collect();
    let find = |name: &str| {
        nearest(name, tables.iter().map(String::as_str), 2)
            .first()
            .copied()
            .unwrap_or("")
    };
    assert_eq!(find("debt"), "us_gaap_ScheduleOfDebtTableTextBlock");
    assert_eq!(
        find("schedule of goodwill"),
        "us_gaap_ScheduleOfGoodwillTextBlock"
    );
    assert_eq!(find("INCOME STATEMENT"), "income_statement");
    assert_eq!(find("incme_statment"), "income_statement");
    assert_eq!(
        find("us_gaap_ScheduleOfDebtTextBlock"),
        "us_gaap_ScheduleOfDebtTableTextBlock"
    );
    assert_eq!(find(""), "");
    assert_eq!(find("qqqq"), "");
    assert_eq!(nearest("2023", ["2022", "2023 ", "item"], 1), ["2023 "]);
    let start = std::time::Instant::now();
    find(&"schedule of everything that is long ".repeat(50));
    assert!(
        start.elapsed() < std::time::Duration::from_secs(2),
        "{:?}",
        start.elapsed()
    );
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn cut_text_is_within_its_bound(text in "\\PC{0,200}", max in 0_usize..150) {
        let cut = cut_middle(&text, max);
        prop_assert!(cut.chars().count() <= max);
        if text.chars().count() <= max {
            prop_assert!(matches!(cut, Cow::Borrowed(t) if t == text));
        } else if let Some((head, rest)) = cut.split_once("\n… ") {
            let (notice, tail) = rest.split_once(" characters cut …\n").unwrap();
            let total = text.chars().count();
            let kept = head.chars().count() + tail.chars().count();
            prop_assert_eq!(notice, format!("{} of {total}", total - kept));
            prop_assert!(text.starts_with(head) && text.ends_with(tail));
        }
    }

    #[test]
    fn records_are_valid_json_within_their_bytes(
        rows in prop::collection::vec(prop::collection::vec("\\PC{0,20}|[\"\\\\\n\u{1}]{0,20}", 2), 0..8),
        bytes in 2_u32..400,
    ) {
        let cells: Vec<Vec<Value>> = rows.iter().map(|r| r.iter().map(|c| Value::text(c.as_str())).collect()).collect();
        let cells: Vec<&[Value]> = cells.iter().map(Vec::as_slice).collect();
        let result = write(&["a", "b"], &cells, &limits(5, bytes, ResultStyle::Json));
        prop_assert!(result.text.len() <= bytes as usize);
        let got = parse(&result);
        let got = got.as_array().unwrap();
        prop_assert_eq!(got.len(), result.shown_rows as usize);
        prop_assert_eq!(rows.len(), result.total_rows as usize);
        for (i, record) in got.iter().enumerate() {
            for (key, cell) in ["a", "b"].iter().zip(&rows[i]) {
                let shown = record[*key].as_str().unwrap();
                let whole = shown == cell;
                let cut = i == 0 && shown.strip_suffix(" …(cut)").is_some_and(|s| cell.starts_with(s));
                prop_assert!(whole || cut, "{shown:?} of {cell:?}");
            }
        }
    }
}
