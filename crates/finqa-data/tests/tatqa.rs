//! The TAT-QA importer on the real development file and on invented records.

mod qa_support;

use finqa_core::answer::{Multi, Op, Scale, Unit};
use finqa_core::gold::GoldAnswer;
use finqa_data::Imported;
use finqa_data::import::tatqa;
use finqa_data::{LoadOptions, load};
use qa_support::{self as support, cell, gold_sql, table, task};

fn small() -> Imported {
    let (path, text) = support::fixture("tatqa_small_dev.json");
    tatqa::import(&path, &text).expect("the fixture is a list of records")
}

fn expression(imported: &Imported, id: &str) -> String {
    match &support::gold(task(imported, id)).answer {
        GoldAnswer::Number { expression, .. } => expression.clone(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_development_file_becomes_tasks_with_right_programs() {
    let Some((path, text)) = support::shared("tatqa_dataset_dev.json") else {
        return;
    };
    let imported = tatqa::import(&path, &text).unwrap();
    let checked = support::check(&imported);
    println!(
        "tasks {} {checked:#?}\nrefused {:#?}",
        imported.tasks.len(),
        imported.refused
    );
    assert_eq!(imported.companies.len(), 278);
    let refused: u32 = imported.refused.values().sum();
    assert_eq!(
        imported.tasks.len() + refused as usize,
        1668,
        "every question is counted"
    );
    assert_eq!(imported.refusals.len(), refused as usize);
    assert_eq!(imported.refused["answer_only_in_text"], 389);
    assert!(
        imported.tasks.len() >= 1200,
        "{} tasks",
        imported.tasks.len()
    );
    assert!(
        checked.computed_right >= 650,
        "{} right programs",
        checked.computed_right
    );
    assert!(
        checked.lookups_right >= 300,
        "{} right lookups",
        checked.lookups_right
    );
    assert_eq!(checked.wrong, [""; 0]);
    assert_eq!(checked.insensitive, [""; 0]);
    assert!(imported.tasks.iter().all(|t| t.split.0 == "dev"));
}

#[test]
fn the_shared_file_is_detected_and_loads_as_a_corpus() {
    let Some((path, _)) = support::shared("tatqa_dataset_dev.json") else {
        return;
    };
    let loaded = load(&path, None, &LoadOptions::default()).unwrap();
    assert_eq!(loaded.corpus.info().layout, "tatqa");
    assert!(loaded.corpus.stored().unwrap().tasks().len() >= 1200);
    let refused: u32 = loaded.corpus.info().refused.values().sum();
    assert_eq!(loaded.refusals.len(), refused as usize);
}

#[test]
fn programs_of_the_small_file_are_right() {
    let imported = small();
    let checked = support::check(&imported);
    assert_eq!(checked.wrong, [""; 0]);
    assert_eq!(checked.insensitive, [""; 0]);
    assert_eq!(
        (imported.tasks.len(), checked.computed_right),
        (16, 11),
        "{checked:#?}"
    );
}

#[test]
fn an_empty_first_header_is_a_column_and_years_stay_strings() {
    let imported = small();
    let table = table(&imported, "tatqa_aaaa1111", "table_1");
    assert_eq!(table.columns, ["item", "2021", "2020", "2019"]);
    assert_eq!(table.description, "Years Ended June 30,");
}

#[test]
fn gaps_in_the_order_of_questions_change_nothing() {
    let (path, text) = support::fixture("tatqa_small_dev.json");
    let mut contexts: Vec<serde_json::Value> = serde_json::from_str(&text).unwrap();
    // Some records of the fixture are broken on purpose.
    let lists = contexts
        .iter_mut()
        .filter_map(|c| c.get_mut("questions")?.as_array_mut());
    for questions in lists {
        let objects = questions.iter_mut().enumerate();
        for (index, question) in objects.filter(|(_, q)| q.is_object()) {
            question["order"] = (7 * index + 3).into();
        }
    }
    let gaps = tatqa::import(&path, &serde_json::to_string(&contexts).unwrap()).unwrap();
    assert!(!gaps.tasks.is_empty());
    assert_eq!(gaps.tasks, small().tasks);
}

#[test]
fn numbers_are_kept_as_the_strings_shown() {
    let imported = small();
    let sales = table(&imported, "tatqa_aaaa1111", "table_1");
    assert_eq!(cell(sales, 0, 1), "$ 1,450.5");
    assert_eq!((cell(sales, 1, 1), cell(sales, 1, 3)), ("(46.4)", "—"));
    let staff = table(&imported, "tatqa_cccc3333", "table_1");
    assert_eq!(
        (cell(staff, 0, 1), cell(staff, 0, 2), cell(staff, 1, 1)),
        ("007", "1e3", "12")
    );
}

#[test]
fn a_table_without_header_gets_names_and_keeps_its_first_row() {
    let imported = small();
    let table = table(&imported, "tatqa_cccc3333", "table_1");
    assert_eq!(table.columns, ["item", "col_1", "col_2"]);
    assert_eq!(cell(table, 0, 0), "Employees");
    assert_eq!(expression(&imported, "t-headless"), "{0} - {1}");
}

#[test]
fn duplicate_headers_get_numbers() {
    let imported = small();
    let table = table(&imported, "tatqa_bbbb2222", "table_1");
    assert_eq!(table.columns, ["item", "2021", "2021_2", "2020"]);
    assert_eq!(
        (table.scale.as_str(), table.description.as_str()),
        ("thousand", "(In thousands)")
    );
}

#[test]
fn info_and_sql_see_one_schema() {
    let imported = small();
    for company in &imported.companies {
        let db = support::database(company);
        for table in &company.tables {
            let sql = format!("SELECT * FROM \"{}\"", table.name);
            let statement = db.prepare(&sql).unwrap();
            assert!(
                statement.column_names().eq(table.columns.iter()),
                "{}",
                company.name
            );
        }
    }
}

#[test]
fn a_repeated_label_is_told_apart_by_rowid() {
    let imported = small();
    assert_eq!(
        gold_sql(task(&imported, "t-section")),
        "SELECT \"item\", \"2021\", \"2020\" FROM \"table_1\" WHERE \"item\" = 'Sales' AND rowid = 5"
    );
}

#[test]
fn a_row_without_label_is_found_by_rowid() {
    let imported = small();
    let sql = gold_sql(task(&imported, "t-unlabelled"));
    assert!(
        sql.ends_with("WHERE \"item\" IN ('Sales', '') AND rowid IN (2, 6)"),
        "{sql}"
    );
    assert_eq!(task(&imported, "t-unlabelled").answer.unit, Unit::Ratio);
}

#[test]
fn equal_terms_of_a_sum_are_two_cells() {
    let imported = small();
    assert_eq!(expression(&imported, "t-equal"), "({0} + {1}) / 2");
}

#[test]
fn percentages_without_times_hundred_get_it() {
    let imported = small();
    assert_eq!(expression(&imported, "t-growth"), "({0} - {1}) / {1} * 100");
    assert_eq!(expression(&imported, "t-hundred"), "{0} / {1} * 100");
    assert_eq!(task(&imported, "t-growth").answer.unit, Unit::Percent);
    assert_eq!(task(&imported, "t-growth").truth, "25.04");
}

#[test]
fn signs_of_cells_and_derivations_are_matched() {
    let imported = small();
    assert_eq!(
        expression(&imported, "t-change"),
        "{0} - {1}",
        "-46.4 is the cell (46.4)"
    );
    assert_eq!(task(&imported, "t-change").answer.op, Op::Exact);
    assert_eq!(
        expression(&imported, "t-paren"),
        "{0} + {1}",
        "(46.4) copies the cell"
    );
    assert_eq!(expression(&imported, "t-vested"), "0 - {0}");
    assert_eq!(
        expression(&imported, "t-average"),
        "({0} + {1}) / 2",
        "0 is the cell —"
    );
}

#[test]
fn a_difference_of_percentages_is_in_points() {
    let imported = small();
    let points = task(&imported, "t-points");
    assert_eq!(
        (points.answer.unit, points.answer.op),
        (Unit::Pp, Op::Exact)
    );
    assert_eq!(points.unit_hint, "Answer in percentage points.");
}

#[test]
fn lookups_become_the_cells_they_are() {
    let imported = small();
    let total = task(&imported, "t-lookup");
    assert_eq!(
        (total.truth.as_str(), total.answer.scale),
        ("1404.1", Scale::Million)
    );
    assert_eq!(
        total.unit_hint, "Answer in millions.",
        "the table does not say so"
    );
    let label = task(&imported, "t-label");
    assert_eq!(
        (label.answer.unit, label.answer.aliases.as_slice()),
        (Unit::Text, ["Services (1)".to_owned()].as_slice())
    );
    let list = task(&imported, "t-list");
    assert_eq!(
        (list.truth.as_str(), list.answer.multi),
        ("21.5%; 19.0%", Multi::List)
    );
    let year = task(&imported, "t-year");
    assert_eq!(
        (year.answer.unit, year.gold.is_none()),
        (Unit::Year, true),
        "a header holds it"
    );
}

#[test]
fn counts_of_rows_are_shown_by_the_rows() {
    let imported = small();
    let gold = support::gold(task(&imported, "t-count"));
    assert_eq!(gold.answer, GoldAnswer::RowCount);
}

#[test]
fn the_unit_is_asked_for_where_the_table_does_not_state_it() {
    let imported = small();
    assert_eq!(task(&imported, "t-change").unit_hint, "Answer in millions.");
    assert_eq!(
        task(&imported, "t-section").unit_hint,
        "",
        "the table says thousands"
    );
}

#[test]
fn broken_records_are_refused_with_path_record_and_reason() {
    let imported = small();
    let seen: Vec<(&str, &str)> = imported
        .refused
        .keys()
        .map(|reason| {
            let refusal = imported
                .refusals
                .iter()
                .find(|r| r.reason == *reason)
                .unwrap();
            assert!(
                refusal.record.contains("tatqa_small_dev.json: context "),
                "{}",
                refusal.record
            );
            (reason.as_str(), refusal.detail.as_str())
        })
        .collect();
    assert_eq!(
        seen,
        [
            (
                "answer_only_in_text",
                "a span answer that only the paragraphs hold"
            ),
            (
                "bad_question",
                "answer_type is \"essay\"; it must be arithmetic, span, multi-span or count"
            ),
            ("bad_table", "the table has no uid, which names the company"),
            (
                "derivation_disagrees",
                "\"1,160.0-1,000.0\" over the cells is 160, the written answer is 161"
            ),
            (
                "derivation_unreadable",
                "\"about twice\": a number was expected at \"about twice\""
            ),
            ("duplicate_id", "\"t-change\" appears before"),
            (
                "operand_not_in_table",
                "no cell shows 1354.6, which \"1,450.5-1,354.6\" uses"
            ),
        ]
    );
    let tables: Vec<&str> = imported
        .refusals
        .iter()
        .filter(|r| r.reason == "bad_table")
        .map(|r| r.detail.as_str())
        .collect();
    assert_eq!(tables.len(), 4);
    assert!(
        tables[1].contains("row 1 has 3 cells, row 0 has 2"),
        "{}",
        tables[1]
    );
    assert!(
        tables[2].contains("cell 1 of row 1 is an object"),
        "{}",
        tables[2]
    );
}

#[test]
fn a_file_that_is_no_list_is_an_error_with_path_line_and_reason() {
    let error = |text: &str| {
        tatqa::import("data/broken.json".as_ref(), text)
            .unwrap_err()
            .to_string()
    };
    let cut = error("[\n {\"table\":\n");
    assert!(
        cut.starts_with("data/broken.json, line 3, column 0: not JSON:"),
        "{cut}"
    );
    assert_eq!(
        error("{}"),
        "data/broken.json, line 1: the file holds an object; it must be a list of TAT-QA contexts"
    );
}

#[test]
fn damaged_files_give_errors_or_refusals_and_never_a_wrong_program() {
    let (path, text) = support::fixture("tatqa_small_dev.json");
    let text = serde_json::from_str::<serde_json::Value>(&text)
        .unwrap()
        .to_string();
    let mut read = 0;
    for damaged in support::damaged(&text, 3000) {
        if let Ok(imported) = tatqa::import(&path, &damaged) {
            read += 1;
            if read % 20 == 0 {
                assert_eq!(support::check(&imported).wrong, [""; 0], "{damaged}");
            }
        }
    }
    assert!(read > 100, "{read} of 3000 damaged files were still JSON");
}
