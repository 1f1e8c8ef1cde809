//! Facts made into corpora: every format, every fate of a row, the limits.
#![expect(
    clippy::unreadable_literal,
    reason = "dates and values as filings write them"
)]

mod common;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use common::{Facts, load, sample};
use finqa_core::Corpus;
use finqa_data::{FilingsConfig, write_filings};
use finqa_datafusion::facts::{FactsError, IngestOptions, IngestReport, Mapping, ingest};

fn options() -> IngestOptions {
    IngestOptions {
        name: Some("test".into()),
        ..IngestOptions::default()
    }
}

fn run(facts: &Path, target: &Path, options: &IngestOptions) -> IngestReport {
    let report =
        ingest(&[facts.to_owned()], target, options, &mut |_| true).expect("it works in a test");
    assert_eq!(
        report.accounted(),
        report.rows,
        "a row was lost: {report:?}"
    );
    report
}

#[test]
fn a_generated_data_set_becomes_a_corpus_that_loads() {
    let folder = tempfile::tempdir().unwrap();
    let facts = sample(folder.path(), 20_000, 4);
    let target = folder.path().join("corpus");
    let report = run(&facts, &target, &options());
    assert!(
        report.bad_rows.is_empty() && report.bad_filings.count == 0,
        "{report:?}"
    );
    assert!(report.duplicates > 0 && report.used > 0 && report.left_out["no_value"] > 0);
    let corpus = load(&target);
    assert_eq!(corpus.info().content_hash, report.content_hash);
    assert_eq!(corpus.num_companies() as u64, report.companies);
    let company = corpus.company(0).unwrap();
    let balance = company.table("us_gaap_BalanceSheet").unwrap();
    assert_eq!(balance.columns[0], "item");
    assert!(
        balance.columns[1..].iter().all(|c| c.len() == 4),
        "{:?}",
        balance.columns
    );
    assert!(
        balance.description.contains("Amounts in"),
        "{}",
        balance.description
    );
    assert!(!fs::read_dir(folder.path()).unwrap().any(|entry| {
        let name = entry.unwrap().file_name().to_string_lossy().into_owned();
        name.starts_with('.')
    }));
}

#[test]
fn statements_of_the_corpus_add_up() {
    let folder = tempfile::tempdir().unwrap();
    let facts = sample(folder.path(), 30_000, 5);
    let target = folder.path().join("corpus");
    run(&facts, &target, &options());
    let corpus = load(&target);
    let mut checked = 0;
    for index in 0..corpus.num_companies() as u32 {
        let company = corpus.company(index).unwrap();
        let sheet = company.table("us_gaap_BalanceSheet").unwrap();
        let row = |label: &str| common::row(sheet, label);
        let (assets, both) = (
            row("Total assets"),
            row("Total liabilities and stockholders' equity"),
        );
        for (a, b) in assets.iter().zip(&both).filter(|(a, _)| !a.is_empty()) {
            assert_eq!(a, b, "{}", company.name);
            checked += 1;
        }
        // Shown with the other sign, as the presentation says.
        assert!(
            row("Treasury stock, at cost")
                .iter()
                .all(|c| c.is_empty() || c.starts_with('('))
        );
    }
    assert!(checked > 50, "{checked}");
}

#[test]
fn the_same_facts_in_any_format_give_the_same_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let facts = sample(folder.path(), 8_000, 6);
    let mut first: Option<(String, Vec<u8>)> = None;
    for format in ["tsv", "txt", "csv", "jsonl", "parquet"] {
        let converted = folder.path().join(format!("as_{format}"));
        common::convert(&facts, &converted, format);
        let target = folder.path().join(format!("corpus_{format}"));
        let report = run(&converted, &target, &options());
        let bytes = fs::read(target.join("tables.parquet")).unwrap();
        let seen = (report.content_hash, bytes);
        assert!(
            first.get_or_insert_with(|| seen.clone()) == &seen,
            "{format} gives other bytes"
        );
    }
}

#[test]
fn the_latest_filing_wins_and_the_earlier_value_is_reported() {
    let folder = tempfile::tempdir().unwrap();
    let mut facts = Facts::new();
    facts.filing("0000000001-23-000001", "10-K", 2022, 20230201);
    facts.filing("0000000001-23-000002", "10-K/A", 2022, 20230601);
    facts.fact("0000000001-23-000001", "Assets", 20221231, 0, "5000000");
    facts.fact("0000000001-23-000002", "Assets", 20221231, 0, "4000000");
    facts.fact(
        "0000000001-23-000001",
        "Liabilities",
        20221231,
        0,
        "1000000",
    );
    facts.fact(
        "0000000001-23-000002",
        "Liabilities",
        20221231,
        0,
        "1000000.0000",
    );
    let path = facts.write(folder.path());
    let report = run(&path, &folder.path().join("corpus"), &options());
    assert_eq!((report.used, report.restated, report.duplicates), (2, 1, 1));
    let restated = &report.restatements[0];
    assert_eq!(
        (restated.earlier.as_str(), restated.latest.as_str()),
        ("5000000", "4000000")
    );
    assert_eq!(restated.filing, "0000000001-23-000002");
    let corpus = load(&folder.path().join("corpus"));
    let company = corpus.company(0).unwrap();
    assert_eq!(company.name, "acme_corp");
    let table = company.table("us_gaap_FinancialPosition").unwrap();
    assert_eq!(table.scale, "million");
    assert_eq!(common::row(table, "Assets"), ["4"]);
}

#[test]
fn two_values_in_one_filing_are_a_conflict_and_the_first_stands() {
    let folder = tempfile::tempdir().unwrap();
    let mut facts = Facts::new();
    facts.filing("0000000001-23-000001", "10-K", 2022, 20230201);
    facts.fact("0000000001-23-000001", "Assets", 20221231, 0, "5000");
    facts.fact("0000000001-23-000001", "Assets", 20221231, 0, "6000");
    let path = facts.write(folder.path());
    let report = run(&path, &folder.path().join("corpus"), &options());
    assert_eq!((report.used, report.conflicts.count), (1, 1));
    let example = &report.conflicts.examples[0];
    assert_eq!(example.at, "facts/num.tsv line 3");
    assert!(
        example.detail.contains("6000") && example.detail.contains("line 2"),
        "{example:?}"
    );
    let corpus = load(&folder.path().join("corpus"));
    assert_eq!(corpus.info().refused["conflict"], 1);
}

#[test]
fn bad_rows_are_counted_with_their_line_and_cost_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let mut facts = Facts::new();
    facts.filing("0000000001-23-000001", "10-K", 2022, 20230201);
    let good = "0000000001-23-000001";
    facts.fact(good, "Assets", 20221231, 0, "5000");
    facts.fact(good, "Liabilities", 20221231, 0, "n/a");
    facts.fact("9999999999-23-000001", "Assets", 20221231, 0, "1");
    facts.fact(good, "Cash", 20221341, 0, "1");
    facts.fact(good, "", 20221231, 0, "1");
    facts.fact(good, "Debt", 20221231, 0, "");
    facts.raw("0000000001-23-000001\tAssets\ttoo few fields");
    let path = facts.write(folder.path());
    let report = run(&path, &folder.path().join("corpus"), &options());
    assert_eq!(
        (report.rows, report.used, report.left_out["no_value"]),
        (7, 1, 1)
    );
    let of = |reason: &str| {
        let tally = &report.bad_rows[reason];
        (
            tally.count,
            tally.examples[0].at.clone(),
            tally.examples[0].detail.clone(),
        )
    };
    let (count, at, detail) = of("value_is_no_number");
    assert_eq!((count, at.as_str()), (1, "facts/num.tsv line 3"));
    assert!(detail.contains("\"n/a\""), "{detail}");
    assert!(of("unknown_filing").2.contains("9999999999-23-000001"));
    assert!(of("date_unreadable").2.contains("20221341"));
    assert!(of("field_missing").2.contains("tag"));
    assert!(
        of("row_unreadable")
            .2
            .contains("3 fields, the header has 10")
    );
}

#[test]
fn filters_leave_out_and_count() {
    let folder = tempfile::tempdir().unwrap();
    let facts = sample(folder.path(), 12_000, 7);
    let all = run(&facts, &folder.path().join("all"), &options());
    assert!(all.companies > 1);
    let corpus = load(&folder.path().join("all"));
    let name = corpus.company(1).unwrap().name.clone();
    let some = IngestOptions {
        companies: vec![name.to_uppercase()],
        forms: vec!["10-K".into()],
        min_year: Some(2018),
        quarters: false,
        ..options()
    };
    let report = run(&facts, &folder.path().join("some"), &some);
    assert_eq!(report.companies, 1);
    assert!(report.left_out["other_company"] > 0 && report.left_out["other_form"] > 0);
    let corpus = load(&folder.path().join("some"));
    let company = corpus.company(0).unwrap();
    assert_eq!(company.name, name);
    for table in &company.tables {
        assert!(!table.name.ends_with("_quarterly"));
        assert!(
            table.columns[1..]
                .iter()
                .all(|c| c.parse::<u32>().unwrap() >= 2018)
        );
    }
    let unknown = IngestOptions {
        companies: vec![format!("{name}x")],
        ..options()
    };
    let error = ingest(&[facts], &folder.path().join("none"), &unknown, &mut |_| {
        true
    })
    .unwrap_err();
    assert!(
        matches!(&error, FactsError::UnknownCompany { .. }),
        "{error}"
    );
    assert!(error.to_string().contains(&name), "{error}");
}

#[test]
fn little_memory_sorts_on_disk_and_gives_the_same_corpus() {
    let folder = tempfile::tempdir().unwrap();
    let facts = sample(folder.path(), 150_000, 8);
    let much = run(&facts, &folder.path().join("much"), &options());
    assert_eq!(much.spilled_bytes, 0, "512 MiB hold 150,000 facts");
    let little = IngestOptions {
        memory_bytes: 128 << 20,
        ..options()
    };
    let less = run(&facts, &folder.path().join("less"), &little);
    assert!(less.spilled_bytes > 0, "{less:?}");
    assert!(less.peak_reserved_bytes < 128 << 20);
    assert_eq!(less.content_hash, much.content_hash);
}

#[test]
fn too_little_memory_is_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let facts = sample(folder.path(), 1_000, 9);
    let little = IngestOptions {
        memory_bytes: 1 << 20,
        ..options()
    };
    let target = folder.path().join("corpus");
    let error = ingest(&[facts], &target, &little, &mut |_| true).unwrap_err();
    assert!(error.to_string().contains("at least 134217728"), "{error}");
    assert!(!target.exists());
}

#[test]
fn stopping_leaves_nothing_behind() {
    let folder = tempfile::tempdir().unwrap();
    let facts = sample(folder.path(), 60_000, 10);
    let before = names(folder.path());
    let target = folder.path().join("corpus");
    let mut calls = 0;
    let stopped = ingest(&[facts], &target, &options(), &mut |_| {
        calls += 1;
        false
    });
    assert!(
        matches!(stopped, Err(FactsError::Cancelled(_))),
        "{stopped:?}"
    );
    assert!(calls >= 1);
    assert_eq!(names(folder.path()), before);
}

#[test]
fn the_same_facts_give_the_same_corpus_again() {
    let folder = tempfile::tempdir().unwrap();
    let facts = sample(folder.path(), 5_000, 11);
    let hashes: Vec<String> = ["a", "b"]
        .iter()
        .map(|name| run(&facts, &folder.path().join(name), &options()).content_hash)
        .collect();
    assert_eq!(hashes[0], hashes[1]);
    let again = ingest(
        std::slice::from_ref(&facts),
        &folder.path().join("a"),
        &options(),
        &mut |_| true,
    );
    assert!(again.unwrap_err().to_string().contains("overwrite"));
    let over = IngestOptions {
        overwrite: true,
        ..options()
    };
    assert_eq!(
        run(&facts, &folder.path().join("a"), &over).content_hash,
        hashes[0]
    );
}

#[test]
fn a_plain_layout_is_read_by_its_mapping() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("facts.csv");
    fs::write(
        &path,
        "ticker,concept,end,val,currency,when\n\
         ACME,Revenues,2023,\"1200000\",USD,2024-02-01\n\
         ACME,Revenues,2022,1000000,USD,2024-02-01\n\
         ACME,NetIncomeLoss,FY2023,-50000,USD,2024-02-01\n\
         ACME,Revenues,2023Q4,300000,USD,2024-02-01\n\
         Globex,Revenues,2023-12-31,7,EUR,2024-02-01\n\
         Globex,Revenues,long ago,7,EUR,2024-02-01\n",
    )
    .unwrap();
    let mapping = Mapping::from_json(
        r#"{"company": "ticker", "tag": "concept", "period": "end", "value": "val", "unit": "currency", "filed": "when"}"#,
    )
    .unwrap();
    let plain = IngestOptions {
        mapping: Some(mapping.clone()),
        ..options()
    };
    let report = run(&path, &folder.path().join("corpus"), &plain);
    assert_eq!((report.layout.as_str(), report.used), ("plain", 5));
    assert_eq!(report.bad_rows["date_unreadable"].count, 1);
    let corpus = load(&folder.path().join("corpus"));
    let company = corpus.company(0).unwrap();
    let table = company.table("IncomeAndExpenses").unwrap();
    assert_eq!(table.columns, ["item", "2023", "2022"]);
    assert_eq!(common::row(table, "Revenues"), ["1,200", "1,000"]);
    assert_eq!(common::row(table, "Net income loss"), ["(50)", ""]);
    assert!(company.table("IncomeAndExpenses_quarterly").is_some());
    // A column that the mapping names and the file lacks is an error that says which there are.
    fs::write(&path, "ticker,concept\nACME,Revenues\n").unwrap();
    let error = ingest(&[path], &folder.path().join("none"), &plain, &mut |_| true).unwrap_err();
    assert!(error.to_string().contains("ticker, concept"), "{error}");
}

/// Facts of a file with the columns company, tag, period and value.
fn plain(folder: &Path, name: &str, text: &str) -> (IngestReport, Arc<Corpus>) {
    let path = folder.join(name);
    fs::write(&path, text).expect("it works in a test");
    let mapping = r#"{"company": "company", "tag": "tag", "period": "period", "value": "value"}"#;
    let plain = IngestOptions {
        mapping: Some(Mapping::from_json(mapping).expect("it works in a test")),
        ..options()
    };
    let target = folder.join(format!("corpus of {name}"));
    let report = run(&path, &target, &plain);
    (report, load(&target))
}

#[test]
fn companies_of_names_that_look_alike_are_numbered() {
    let folder = tempfile::tempdir().unwrap();
    let (report, corpus) = plain(
        folder.path(),
        "facts.tsv",
        "company\ttag\tperiod\tvalue\nAcme Inc\tAssets\t2023\t1\nACME, INC.\tAssets\t2023\t2\n\
         acme inc\tAssets\t2023\t3\nAcme Inc 2\tAssets\t2023\t4\n",
    );
    assert_eq!((report.companies, report.used), (4, 4));
    let names: Vec<String> = (0..4)
        .map(|i| corpus.company(i).unwrap().name.clone())
        .collect();
    assert_eq!(
        names,
        ["acme_inc", "acme_inc_2", "acme_inc_3", "acme_inc_4"]
    );
    // The one that is really called so keeps its name.
    let table = &corpus.company(1).unwrap().tables[0];
    assert_eq!(common::row(table, "Assets"), ["4"]);
}

#[test]
fn the_end_of_the_years_that_follows_from_the_facts_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let (_, corpus) = plain(
        folder.path(),
        "facts.csv",
        "company,tag,period,value\nA,Revenues,2023-09-30,1\nA,Revenues,2022-09-30,2\nB,Revenues,2023-12-31,3\n",
    );
    for (company, month) in [(0, "September"), (1, "December")] {
        let table = &corpus.company(company).unwrap().tables[0];
        let told = format!("fiscal years, which end in {month}.");
        assert!(table.description.contains(&told), "{}", table.description);
    }
}

#[test]
fn a_quotation_mark_that_nobody_closes_costs_its_own_line() {
    let folder = tempfile::tempdir().unwrap();
    let long = "x".repeat(3 << 20);
    for (name, line_end) in [("lf.csv", "\n"), ("crlf.csv", "\r\n")] {
        // One is open for more than a record may hold, the other until the end, with as many fields as the header has.
        let lines = [
            "company,tag,period,value",
            "A,\"Total\nAssets\",2023,1",
            "A,\"Liabilities,2023,2",
            "A,Cash,2023,3",
            &format!("A,{long},2023,4"),
            &format!("A,{long},2022,5"),
            "A,Debt,2023,\"6",
            "A,Equity,2023,7",
        ];
        let (report, _) = plain(folder.path(), name, &(lines.join(line_end) + line_end));
        let bad = &report.bad_rows["row_unreadable"];
        assert_eq!(
            (report.rows, report.used, bad.count),
            (7, 5, 2),
            "{name} {bad:?}"
        );
        for (example, line) in bad.examples.iter().zip([4, 8]) {
            let place = format!("{name} line {line}");
            assert!(example.at.ends_with(&place), "{place} {bad:?}");
            assert!(example.detail.contains("quotation mark"), "{bad:?}");
        }
    }
    // One that another one closes lines behind makes a record that does not fit.
    let (report, _) = plain(
        folder.path(),
        "two.csv",
        "company,tag,period,value\nA,\"Debt,2023,1\nA,Cash,2023,2\nA,Equity,\"2023,3\nA,Assets,2023,4\n",
    );
    let bad = &report.bad_rows["row_unreadable"];
    assert_eq!((report.rows, report.used, bad.count), (4, 2, 2), "{bad:?}");
    // The last record of a file may have several lines, and no line end.
    for (name, end) in [("a.csv", "\n"), ("b.csv", "")] {
        let text = format!("tag,company,value,period\nAssets,A,1,\"2023\n\"{end}");
        let (report, _) = plain(folder.path(), name, &text);
        assert_eq!((report.rows, report.used), (1, 1), "{report:?}");
    }
    // Nothing is quoted between tabs.
    let text = "company\ttag\tperiod\tvalue\nA\t\"Debt\t2023\t1\nA\tCash\t2023\t2\n";
    let (report, _) = plain(folder.path(), "open.tsv", text);
    assert_eq!((report.rows, report.used), (2, 2), "{report:?}");
}

#[test]
fn a_record_that_is_too_long_is_passed_over() {
    let folder = tempfile::tempdir().unwrap();
    let long = "x".repeat(9 << 20);
    let row = |tag: &str| format!(r#"{{"company":"A","tag":"{tag}","period":2023,"value":1}}"#);
    let json = [row("Cash"), row(&long), row("Debt")].join("\n");
    let row = |tag: &str| format!("A\t{tag}\t2023\t1");
    let tsv = [
        "company\ttag\tperiod\tvalue".to_owned(),
        row("Cash"),
        row(&long),
        row("Debt"),
    ]
    .join("\n");
    for (name, text, line) in [("long.jsonl", json, 2), ("long.tsv", tsv, 3)] {
        let (report, _) = plain(folder.path(), name, &text);
        let bad = &report.bad_rows["row_unreadable"];
        assert_eq!((report.rows, report.used, bad.count), (3, 2, 1), "{name}");
        let example = &bad.examples[0];
        assert!(
            example.at.ends_with(&format!("{name} line {line}"))
                && example.detail.contains("longer than 4194304 bytes"),
            "{example:?}"
        );
    }
}

#[test]
fn a_folder_without_the_layout_is_refused_with_what_it_needs() {
    let folder = tempfile::tempdir().unwrap();
    let empty = folder.path().join("empty");
    fs::create_dir(&empty).unwrap();
    let error = ingest(&[empty], &folder.path().join("c"), &options(), &mut |_| {
        true
    })
    .unwrap_err();
    assert!(error.to_string().contains("has no sub file"), "{error}");
    let missing: PathBuf = folder.path().join("missing");
    let error = ingest(
        &[missing],
        &folder.path().join("c"),
        &options(),
        &mut |_| true,
    )
    .unwrap_err();
    assert!(error.to_string().contains("missing"), "{error}");
}

#[test]
fn the_generator_stops_and_refuses_what_is_there() {
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("facts");
    let config = FilingsConfig {
        num_facts: 3_000_000,
        seed: 0,
    };
    assert!(write_filings(&target, &config, &mut |_| false).is_err());
    assert!(names(folder.path()).is_empty());
    fs::create_dir(&target).unwrap();
    assert!(write_filings(&target, &config, &mut |_| true).is_err());
}

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(folder)
        .expect("it works in a test")
        .map(|entry| {
            entry
                .expect("it works in a test")
                .file_name()
                .to_string_lossy()
                .into_owned()
        })
        .collect();
    names.sort();
    names
}
