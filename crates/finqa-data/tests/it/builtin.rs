//! The built-in corpus, checked by an independent reading of its own tables.

use std::collections::{HashMap, HashSet};

use finqa_core::answer::{Op, Unit};
use finqa_core::gold::{CellRef, Gold, GoldAnswer, GoldQuery};
use finqa_core::{Company, Corpus, Task};
use finqa_data::builtin;

fn corpus() -> Corpus {
    builtin::corpus(0, 200).unwrap()
}

/// A cell as a number: written from how filings show numbers, not from the code that writes them.
fn number(cell: &str) -> f64 {
    let digits: String = cell
        .chars()
        .filter(|c| c.is_ascii_digit() || *c == '.')
        .collect();
    let value: f64 = if digits.is_empty() {
        0.0
    } else {
        digits.parse().unwrap()
    };
    if cell.contains('(') { -value } else { value }
}

/// Quoted parts of a query, `"…"` or `'…'`.
fn quoted(text: &str, quote: char) -> Vec<String> {
    text.split(quote)
        .skip(1)
        .step_by(2)
        .map(str::to_owned)
        .collect()
}

/// Runs the one form of query that the corpus has: SELECT columns FROM table WHERE label = or IN literals.
fn run<'a>(company: &'a Company, query: &GoldQuery) -> Vec<Vec<&'a str>> {
    let (select, rest) = query.sql.split_once(" FROM ").unwrap();
    let (from, filter) = rest.split_once(" WHERE ").unwrap();
    let table = company
        .tables
        .iter()
        .find(|t| format!("\"{}\"", t.name) == from)
        .unwrap();
    let index = |name: &String| table.columns.iter().position(|c| c == name).unwrap();
    let columns: Vec<usize> = quoted(select, '"').iter().map(index).collect();
    let label = index(&quoted(filter, '"')[0]);
    let wanted = quoted(filter, '\'');
    (0..table.num_rows())
        .map(|r| table.row(r))
        .filter(|row| wanted.iter().any(|w| row[label].as_str() == Some(w)))
        .map(|row| columns.iter().map(|&c| row[c].as_str().unwrap()).collect())
        .collect()
}

fn expected(company: &Company, gold: &Gold) -> (f64, Option<u8>) {
    let results: Vec<_> = gold.queries.iter().map(|q| run(company, q)).collect();
    let GoldAnswer::Number {
        expression,
        operands,
        decimals,
        ..
    } = &gold.answer
    else {
        panic!("a number")
    };
    let v: Vec<f64> = operands
        .iter()
        .map(|CellRef { query, row, column }| {
            number(results[*query as usize][*row as usize][*column as usize])
        })
        .collect();
    let value = match expression.as_str() {
        "{0}" => v[0],
        "{0} - {1}" => v[0] - v[1],
        "({0} - {1}) / {1} * 100" => (v[0] - v[1]) / v[1] * 100.0,
        "{0} / {1}" => v[0] / v[1],
        "{0} + {1}" | "{0} + {1} + {2}" => v.iter().sum(),
        other => panic!("unexpected expression {other}"),
    };
    (value, *decimals)
}

fn truth(task: &Task) -> &str {
    task.truth
        .strip_prefix(r"\boxed{")
        .unwrap()
        .strip_suffix('}')
        .unwrap()
}

#[test]
fn every_gold_program_gives_the_truth() {
    let corpus = corpus();
    for task in corpus.stored().unwrap().tasks() {
        let company = &corpus.stored().unwrap().companies()
            [corpus.company_index(&task.companies[0]).unwrap()];
        let (value, decimals) = expected(company, task.gold.as_ref().unwrap());
        let stated: f64 = truth(task).trim_end_matches('%').parse().unwrap();
        let half = decimals.map_or(0.0, |d| 0.5 * 10f64.powi(-i32::from(d)));
        assert!(
            (value - stated).abs() <= half + 1e-6,
            "{}: {value} is not {stated}",
            task.id
        );
    }
}

#[test]
fn totals_add_up_to_their_parts() {
    let corpus = corpus();
    let mut checked = 0;
    for company in corpus.stored().unwrap().companies() {
        for table in &company.tables {
            let last = table.num_rows() - 1;
            let simple = [
                "DisaggregationOfRevenue",
                "GeographicAreas",
                "LeaseCost",
                "ScheduleOfDebt",
                "Maturit",
                "Rate",
            ];
            if !simple.iter().any(|s| table.name.contains(s)) {
                continue;
            }
            for column in 1..table.columns.len() {
                let cell = |row: usize| number(table.row(row)[column].as_str().unwrap());
                let parts: f64 = (0..last).map(cell).sum();
                assert!(
                    (parts - cell(last)).abs() < 1e-6,
                    "{} {} column {column}",
                    company.name,
                    table.name
                );
                checked += 1;
            }
        }
    }
    assert!(checked > 1000, "{checked}");
}

#[test]
fn the_same_revenue_stands_in_every_table() {
    for company in corpus().stored().unwrap().companies() {
        let total = |name: &str| {
            let table = company
                .tables
                .iter()
                .find(|t| t.name.contains(name))
                .unwrap();
            number(table.row(table.num_rows() - 1)[1].as_str().unwrap()).to_bits()
        };
        assert_eq!(
            total("DisaggregationOfRevenue"),
            total("RevenueFromExternalCustomers"),
            "{}",
            company.name
        );
    }
}

#[test]
fn sizes_types_and_splits_are_as_documented() {
    let corpus = corpus();
    let mut types: HashMap<&str, usize> = HashMap::new();
    for company in corpus.stored().unwrap().companies() {
        assert!(
            (8..=12).contains(&company.tables.len()),
            "{} tables",
            company.tables.len()
        );
        let tasks: Vec<_> = corpus
            .stored()
            .unwrap()
            .tasks()
            .iter()
            .filter(|t| t.companies[0] == company.name)
            .collect();
        assert!((4..=6).contains(&tasks.len()), "{} tasks", tasks.len());
        assert_eq!(
            tasks.iter().map(|t| &t.split).collect::<HashSet<_>>().len(),
            1,
            "a company is in one split"
        );
    }
    for task in corpus.stored().unwrap().tasks() {
        *types.entry(task.question_type.as_str()).or_default() += 1;
        let (unit, op) = (task.answer.unit, task.answer.op);
        let tables = task.gold.as_ref().unwrap().tables().len();
        assert_eq!(
            tables == 2,
            task.question_type.starts_with("multi_table"),
            "{}",
            task.id
        );
        match task.question_type.as_str() {
            "Growth - YoY" => assert_eq!((unit, op), (Unit::Percent, Op::Derived)),
            "Contribution Share" | "multi_table - Ratio" => {
                assert_eq!((unit, op), (Unit::Ratio, Op::Derived));
            }
            "Net Change" | "Sum" => assert_eq!((unit, op), (Unit::Amount, Op::Exact)),
            _ => assert!(matches!(unit, Unit::Amount | Unit::Percent)),
        }
        assert!(!task.unit_hint.is_empty());
    }
    assert_eq!(types.len(), 6, "{types:?}");
    assert!(types.values().all(|n| *n >= 100), "{types:?}");
    let companies = |split: &str| {
        corpus
            .stored()
            .unwrap()
            .tasks()
            .iter()
            .filter(|t| t.split.0 == split)
            .map(|t| &t.companies[0])
            .collect::<HashSet<_>>()
            .len()
    };
    assert_eq!(
        (companies("train"), companies("val"), companies("test")),
        (160, 20, 20)
    );
}

#[test]
fn no_two_questions_of_a_company_have_the_same_text() {
    let corpus = corpus();
    let mut seen = HashSet::new();
    for task in corpus.stored().unwrap().tasks() {
        assert!(
            seen.insert((&task.companies[0], &task.question)),
            "{}",
            task.question
        );
    }
}

#[test]
fn a_company_depends_on_nothing_but_seed_and_index() {
    let corpus = builtin::corpus(5, 30).unwrap();
    let (company, tasks) = builtin::company(5, 29);
    assert_eq!(*corpus.stored().unwrap().companies()[29], company);
    let own: Vec<&Task> = corpus
        .stored()
        .unwrap()
        .tasks()
        .iter()
        .map(AsRef::as_ref)
        .filter(|t| t.companies[0] == company.name)
        .collect();
    assert_eq!(own, tasks.iter().collect::<Vec<_>>());
    assert_ne!(
        corpus.info().content_hash,
        builtin::corpus(6, 30).unwrap().info().content_hash
    );
}

#[test]
fn the_bytes_are_pinned() {
    // A change here means that VERSION must be raised: stored runs name it.
    let hash = builtin::corpus(0, 8).unwrap().info().content_hash.clone();
    assert_eq!(
        (builtin::VERSION, hash.as_str()),
        (
            1,
            "f181cae04dd6d4e4f92180968021a21de28e1f851f3e7854d802636a21287419"
        )
    );
}

#[test]
fn queries_differ_from_company_to_company() {
    let corpus = builtin::corpus(0, builtin::DEFAULT_NUM_COMPANIES).unwrap();
    let texts: HashSet<&str> = corpus
        .stored()
        .unwrap()
        .tasks()
        .iter()
        .flat_map(|t| &t.gold.as_ref().unwrap().queries)
        .map(|q| q.sql.as_str())
        .collect();
    assert_eq!(corpus.stored().unwrap().companies().len(), 512);
    assert!(texts.len() > 2000, "{} distinct queries", texts.len());
}
