//! The FinQA importer on 200 real records and on invented ones.

mod qa_support;

use finqa_core::answer::{Scale, Unit};
use finqa_core::gold::GoldAnswer;
use finqa_data::Imported;
use finqa_data::import::finqa;
use finqa_data::{LoadOptions, load};
use qa_support::{self as support, cell, gold_sql, table, task};

const PAGE: &str = "ACME/2014/page_11.pdf";

fn small() -> Imported {
    let (path, text) = support::fixture("finqa_small_dev.json");
    finqa::import(&path, &text).expect("the fixture is a list of records")
}

fn expression(imported: &Imported, id: &str) -> String {
    match &support::gold(task(imported, id)).answer {
        GoldAnswer::Number { expression, .. } => expression.clone(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_development_records_become_tasks_with_right_programs() {
    let Some((path, text)) = support::shared("finqa_dev_200.json") else {
        return;
    };
    let imported = finqa::import(&path, &text).unwrap();
    let checked = support::check(&imported);
    println!(
        "tasks {} {checked:#?}\nrefused {:#?}",
        imported.tasks.len(),
        imported.refused
    );
    assert_eq!(imported.companies.len(), 97);
    assert_eq!(
        imported
            .companies
            .iter()
            .map(|c| c.tables.len())
            .sum::<usize>(),
        123
    );
    let refused: u32 = imported.refused.values().sum();
    assert_eq!(
        imported.tasks.len() + refused as usize,
        200,
        "every question is counted"
    );
    assert!(
        imported.tasks.len() >= 130,
        "{} tasks",
        imported.tasks.len()
    );
    assert!(
        checked.computed_right >= 120,
        "{} right programs",
        checked.computed_right
    );
    assert_eq!(checked.yes_no_right, checked.by_type["Yes/No"]);
    assert_eq!(checked.wrong, [""; 0]);
    assert_eq!(checked.insensitive, [""; 0]);
}

#[test]
fn the_shared_file_is_detected_and_loads_as_a_corpus() {
    let Some((path, _)) = support::shared("finqa_dev_200.json") else {
        return;
    };
    let loaded = load(&path, None, &LoadOptions::default()).unwrap();
    assert_eq!(loaded.corpus.info().layout, "finqa");
    assert!(loaded.corpus.stored().unwrap().tasks().len() >= 130);
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
        (11, 10),
        "{checked:#?}"
    );
}

#[test]
fn dashes_that_became_2014_and_2013_are_dashes_again() {
    let imported = small();
    let table = table(&imported, "ACME", "report_2014_page_11");
    assert_eq!(
        cell(table, 1, 2),
        "—",
        "an em dash reads 2014 in the tokenised copy"
    );
    assert_eq!(
        table.columns,
        ["obligation", "total", "1_3_years", "more_than_3_years"]
    );
    assert_eq!(
        task(&imported, "ACME/2014/page_11.pdf-2").truth,
        "12",
        "6.0 + — + 6.0"
    );
}

#[test]
fn an_answer_that_added_up_a_dash_as_2014_is_refused() {
    let imported = small();
    let refusal = imported
        .refusals
        .iter()
        .find(|r| r.record.contains("page_11.pdf-3"))
        .unwrap();
    assert_eq!(refusal.reason, "program_disagrees_with_exe_ans");
}

#[test]
fn cells_are_those_of_the_report() {
    let imported = small();
    let table = table(&imported, "ACME", "report_2014_page_11");
    assert_eq!(
        (cell(table, 0, 0), cell(table, 0, 1)),
        ("Long-term Debt (1)", "$275.5")
    );
    assert_eq!(
        (cell(table, 2, 0), cell(table, 2, 1)),
        ("Hedges, net of tax", "$(12.5)")
    );
    assert_eq!((cell(table, 3, 1), cell(table, 3, 2)), ("62%", "(0.5)%"));
    assert_eq!(
        (cell(table, 4, 0), cell(table, 4, 1)),
        ("The group’s own note", "")
    );
    assert_eq!(
        (table.scale.as_str(), table.description.as_str()),
        ("million", "Payments due; (dollars in millions)")
    );
}

#[test]
fn doubled_negatives_and_percentages_without_the_report_are_taken_apart() {
    let (path, text) = support::fixture("finqa_small_dev.json");
    let mut records: Vec<serde_json::Value> = serde_json::from_str(&text).unwrap();
    records.truncate(5);
    for record in &mut records {
        record.as_object_mut().unwrap().remove("table_ori");
    }
    let text = serde_json::to_string(&records).unwrap();
    let imported = finqa::import(&path, &text).unwrap();
    let table = table(&imported, "ACME", "report_2014_page_11");
    assert_eq!((cell(table, 2, 1), cell(table, 2, 2)), ("$ -12.5", "-2.5"));
    assert_eq!((cell(table, 3, 1), cell(table, 3, 2)), ("62%", "( 0.5 ) %"));
}

#[test]
fn a_header_that_swallowed_a_row_of_data_gives_it_back() {
    let imported = small();
    let table = table(&imported, "BETA", "report_2003_page_4");
    assert_eq!(table.columns, ["2002", "high", "low"]);
    assert_eq!(
        (cell(table, 0, 0), cell(table, 0, 1)),
        ("First Quarter", "$17.84")
    );
    assert_eq!(expression(&imported, "BETA/2003/page_4.pdf-1"), "{0} - {1}");
}

#[test]
fn a_table_without_header_keeps_its_first_row() {
    let imported = small();
    let table = table(&imported, "BETA", "report_2004_page_5");
    assert_eq!(table.columns, ["item", "col_1", "col_2"]);
    assert_eq!((cell(table, 0, 0), cell(table, 0, 1)), ("cash", "100"));
}

#[test]
fn duplicate_headers_get_numbers() {
    let imported = small();
    assert_eq!(
        table(&imported, "ACME", "report_2015_page_20").columns,
        ["quarter", "high", "high_2"]
    );
}

#[test]
fn pages_of_a_ticker_are_tables_of_one_company() {
    let imported = small();
    let names: Vec<(&str, usize)> = imported
        .companies
        .iter()
        .map(|c| (c.name.as_str(), c.tables.len()))
        .collect();
    assert_eq!(names, [("ACME", 2), ("BETA", 2)]);
    assert!(
        imported
            .tasks
            .iter()
            .all(|t| t.split.0 == "dev" && t.companies.len() == 1)
    );
}

#[test]
fn info_and_sql_see_one_schema() {
    let imported = small();
    for company in &imported.companies {
        let db = support::database(company);
        for table in &company.tables {
            let statement = db
                .prepare(&format!("SELECT * FROM \"{}\"", table.name))
                .unwrap();
            assert!(
                statement.column_names().eq(table.columns.iter()),
                "{}",
                company.name
            );
        }
    }
}

#[test]
fn programs_become_expressions_over_cells() {
    let imported = small();
    let of = |n: u8| expression(&imported, &format!("{PAGE}-{n}"));
    assert_eq!(of(1), "{0} / {1} * 100");
    assert_eq!(of(2), "{0} + {1} + {2}");
    assert_eq!(of(4), "min({0}, {1}, {2})");
    assert_eq!(
        of(5),
        "{0} - {1}",
        "percentages are read in points, so nothing is scaled"
    );
    assert_eq!(
        of(6),
        "(0 - {0}) / {1} * 100",
        "the program drops the sign of the cell"
    );
    assert_eq!(
        expression(&imported, "ACME/2015/page_20.pdf-1"),
        "{0} / {1}",
        "const_5 is the cell 5.0"
    );
    assert_eq!(
        expression(&imported, "ACME/2015/page_20.pdf-2"),
        "({0} + {1}) / 2"
    );
    assert_eq!(
        gold_sql(task(&imported, &format!("{PAGE}-6"))),
        "SELECT \"obligation\", \"total\" FROM \"report_2014_page_11\" \
         WHERE \"obligation\" IN ('Long-term Debt (1)', 'Hedges, net of tax')"
    );
}

#[test]
fn units_follow_the_written_answer() {
    let imported = small();
    let of = |n: u8| task(&imported, &format!("{PAGE}-{n}"));
    assert_eq!(
        (of(1).answer.unit, of(1).truth.as_str()),
        (Unit::Percent, "50.1%")
    );
    assert_eq!(
        of(1).question,
        "what percentage of long-term debt is due in 1 - 3 years?"
    );
    assert_eq!(of(5).answer.unit, Unit::Pp);
    assert_eq!(
        (of(7).answer.unit, of(7).truth.as_str()),
        (Unit::Bool, "yes")
    );
    assert_eq!(
        (of(13).answer.scale, of(13).truth.as_str()),
        (Scale::Million, "275.5")
    );
}

#[test]
fn broken_records_are_refused_with_path_record_and_reason() {
    let imported = small();
    let reasons: Vec<(&str, u32)> = imported
        .refused
        .iter()
        .map(|(r, n)| (r.as_str(), *n))
        .collect();
    assert_eq!(
        reasons,
        [
            ("answer_blank", 1),
            ("answer_disagrees_with_exe_ans", 1),
            ("answer_unreadable", 1),
            ("bad_question", 2),
            ("bad_table", 1),
            ("duplicate_id", 1),
            ("operand_only_in_text", 1),
            ("program_disagrees_with_exe_ans", 1),
            ("program_unreadable", 1),
        ]
    );
    for refusal in &imported.refusals {
        assert!(
            refusal.record.contains("finqa_small_dev.json: record "),
            "{}",
            refusal.record
        );
        assert!(!refusal.detail.is_empty());
    }
    let ragged = imported
        .refusals
        .iter()
        .find(|r| r.reason == "bad_table")
        .unwrap();
    assert_eq!(
        ragged.detail,
        "row 1 has 1 cells, row 0 has 2; all rows must be equally long"
    );
}

#[test]
fn a_file_that_is_no_list_is_an_error_with_path_line_and_reason() {
    let error = finqa::import("data/broken.json".as_ref(), "\n\nFinQA")
        .unwrap_err()
        .to_string();
    assert!(
        error.starts_with("data/broken.json, line 3, column "),
        "{error}"
    );
}

#[test]
fn damaged_files_give_errors_or_refusals_and_never_a_wrong_program() {
    let (path, text) = support::fixture("finqa_small_dev.json");
    let text = serde_json::from_str::<serde_json::Value>(&text)
        .unwrap()
        .to_string();
    let mut read = 0;
    for damaged in support::damaged(&text, 3000) {
        if let Ok(imported) = finqa::import(&path, &damaged) {
            read += 1;
            if read % 20 == 0 {
                assert_eq!(support::check(&imported).wrong, [""; 0], "{damaged}");
            }
        }
    }
    assert!(read > 100, "{read} of 3000 damaged files were still JSON");
}
