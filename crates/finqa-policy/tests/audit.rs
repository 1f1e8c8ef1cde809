//! The audit: sound corpora pass, and every defect is found under its code.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on must panic")]
#![expect(clippy::print_stdout, reason = "skips are told with their reason")]

mod common;

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;

use finqa_core::answer::{AnswerSpec, Op, Scale, Unit};
use finqa_core::gold::{CellRef, Gold, GoldAnswer, GoldQuery};
use finqa_core::sql::SqlBackend;
use finqa_core::{
    Company, Corpus, CorpusInfo, KnownWrong, Mistake, Table, Task, ToolProfile, Value,
};
use finqa_data::{LoadOptions, load};
use finqa_policy::audit::{CODES, Class, TaskAudit, class_of};
use finqa_policy::{AuditOptions, AuditReport, audit};
use finqa_sqlite::{BackendConfig, SqliteBackend};

use common::synthetic_part;

fn audited(corpus: &Arc<Corpus>, options: &AuditOptions) -> AuditReport {
    let backend: Arc<dyn SqlBackend> =
        Arc::new(SqliteBackend::new(BackendConfig::default()).unwrap());
    audit(corpus, &backend, options, &mut |_| true).unwrap()
}

fn shared(name: &str) -> Option<Arc<Corpus>> {
    let folder = std::env::var_os("FINQA_SHARED").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared"),
        PathBuf::from,
    );
    let path = folder.join("data").join(name);
    if !path.exists() {
        println!("SKIPPED: {} is not there; set FINQA_SHARED", path.display());
        return None;
    }
    let loaded = load(&path, None, &LoadOptions::default()).unwrap();
    Some(Arc::new(loaded.corpus))
}

#[test]
fn the_synthetic_corpus_passes() {
    let corpus = synthetic_part(&[("train", 16), ("val", 16), ("eval290", 8), ("reason79", 8)]);
    let report = audited(&corpus, &AuditOptions::default());
    assert_eq!(report.num_failed(), 0, "{}", report.to_markdown());
    assert_eq!(
        report.outcomes(),
        [("ok", corpus.stored().unwrap().tasks().len())].into()
    );
    assert!(report.wrong_strict.tried > 4 * corpus.stored().unwrap().tasks().len());
    assert_eq!(report.wrong_strict.accepted, 0);
}

#[test]
fn imported_files_pass_but_for_what_is_wrong_with_them() {
    if let Some(corpus) = shared("finqa_dev_200.json") {
        let report = audited(&corpus, &AuditOptions::default());
        assert_eq!(report.num_failed(), 0, "{}", report.to_markdown());
        assert!(report.wrong_strict.tried > 500);
    }
    if let Some(corpus) = shared("tatqa_dataset_dev.json") {
        let report = audited(&corpus, &AuditOptions::default());
        // Two questions of one table have the same words and different answers.
        assert_eq!(report.outcomes()["duplicate_question"], 2);
        assert_eq!(report.num_failed(), 2, "{}", report.to_markdown());
        assert!(report.wrong_strict.tried > 5_000);
        assert_eq!(report.wrong_strict.accepted, 0);
        assert!(report.wrong_openenv.accepted * 100 < report.wrong_openenv.tried);
        assert!(report.counts()["ambiguous_label"] < 60);
    }
}

fn table(name: &str, description: &str, rows: &[[&str; 3]]) -> Table {
    let cells = rows.iter().flatten().map(|&cell| Value::text(cell));
    let columns = ["region", "2024", "2023"].map(Into::into).to_vec();
    let mut table = Table::new("acme", name, columns, cells.collect()).unwrap();
    table.description = description.into();
    table
}

fn companies() -> Vec<Company> {
    let sales = [
        ["north", "1,300", "1,200"],
        ["south", "30", "25"],
        ["west", "730", "950"],
    ];
    let twice = [
        ["Americas", "", ""],
        ["Total", "500", "400"],
        ["Europe", "", ""],
        ["Total", "70", "60"],
    ];
    ["acme", "globex"]
        .map(|name| Company {
            name: name.into(),
            tables: vec![
                table("sales", "sales_in_millions", &sales),
                table("plain", "", &sales),
                table("twice", "in_millions", &twice),
            ],
        })
        .to_vec()
}

/// A task of `acme` for the cell in `row` of what `sql` returns; right if the truth is "30".
fn lookup(id: &str, table: &str, sql: &str, row: u16) -> Task {
    Task {
        id: id.into(),
        companies: vec!["acme".into()],
        question: format!("What were sales in the south in 2024 ({id})?"),
        truth: "30".into(),
        answer: AnswerSpec {
            unit: Unit::Amount,
            scale: Scale::Million,
            op: Op::Exact,
            ..AnswerSpec::default()
        },
        gold: Some(Gold {
            queries: vec![GoldQuery {
                company: "acme".into(),
                table: table.into(),
                sql: sql.into(),
            }],
            answer: GoldAnswer::Number {
                expression: "{0}".into(),
                operands: vec![CellRef {
                    query: 0,
                    row,
                    column: 0,
                }],
                decimals: None,
                suffix: String::new(),
            },
        }),
        ..Task::default()
    }
}

const SOUTH: &str = "SELECT \"2024\" FROM sales WHERE region = 'south'";

fn south(id: &str) -> Task {
    lookup(id, "sales", SOUTH, 0)
}

fn with(mut task: Task, change: impl FnOnce(&mut Task)) -> Task {
    change(&mut task);
    task
}

fn query(task: &mut Task) -> &mut GoldQuery {
    &mut task.gold.as_mut().unwrap().queries[0]
}

fn wrong(answer: &str) -> Vec<KnownWrong> {
    vec![KnownWrong {
        answer: answer.into(),
        mistake: Mistake::SiblingRow,
    }]
}

/// Tasks with one defect each, called by the code under which it is to be found.
fn defects() -> Vec<Task> {
    vec![
        with(south("unknown_company"), |t| {
            query(t).company = "globex".into();
        }),
        with(south("unknown_table"), |t| query(t).table = "nope".into()),
        with(south("truth_not_accepted"), |t| t.truth = "n/a".into()),
        with(south("tool_error"), |t| {
            query(t).sql = "SELECT y FROM sales WHERE 1".into();
        }),
        with(south("wrong_answer"), |t| t.truth = "31.5".into()),
        with(south("known_wrong_accepted"), |t| {
            t.known_wrong = wrong("$30.0 million");
        }),
        with(south("duplicate_question"), |t| t.question = "Same?".into()),
        with(south("duplicate_question/2"), |t| {
            t.question = "same?".into();
            query(t).sql = SOUTH.replace("2024", "2023");
            t.truth = "25".into();
        }),
        with(south("wrong_answer_openenv"), |t| {
            t.truth = "30%".into();
            t.answer.unit = Unit::Percent;
            t.answer.scale = Scale::One;
            t.unit_hint = "In percent.".into();
        }),
        with(south("known_wrong_accepted_openenv"), |t| {
            t.known_wrong = wrong("30.2");
        }),
        lookup(
            "refused_by_openenv_guard",
            "sales",
            "SELECT \"2024\" FROM sales ORDER BY region = 'south' DESC LIMIT 1",
            0,
        ),
        lookup(
            "unit_not_stated",
            "plain",
            "SELECT \"2024\" FROM plain WHERE region = 'south'",
            0,
        ),
        with(
            lookup(
                "ambiguous_label",
                "twice",
                "SELECT \"2024\" FROM twice WHERE region = 'Total' AND rowid = 2",
                0,
            ),
            |t| {
                t.question = "What was the total?".into();
                t.truth = "500".into();
            },
        ),
        lookup(
            "answer_cell_not_unique",
            "sales",
            "SELECT \"2024\" FROM sales WHERE region IN ('north', 'south')",
            1,
        ),
        with(south("no_gold"), |t| t.gold = None),
        with(south("openenv_truth_unreadable"), |t| {
            t.gold = None;
            t.truth = "\\boxed{1e400}".into();
            t.answer.unit = Unit::Text;
        }),
        lookup(
            "cells_not_located",
            "sales",
            "SELECT min(\"2024\") FROM sales WHERE region = 'south'",
            0,
        ),
    ]
}

fn corpus(tasks: Vec<Task>) -> Arc<Corpus> {
    let info = CorpusInfo {
        name: "defects".into(),
        ..CorpusInfo::default()
    };
    Arc::new(Corpus::new(info, companies(), tasks).unwrap())
}

#[test]
fn every_defect_is_found_under_its_code_and_nothing_else() {
    let corpus = corpus(defects());
    let report = audited(&corpus, &AuditOptions::default());
    let mut found = BTreeSet::new();
    for task in &report.tasks {
        let code = task.task_id.split('/').next().unwrap();
        let codes: Vec<&str> = task.findings.iter().map(|f| f.code).collect();
        let mut expected = vec![code];
        match code {
            "truth_not_accepted" => expected.retain(|c| codes.contains(c)),
            "openenv_truth_unreadable" => expected.push("no_gold"),
            "wrong_answer" => expected.push("wrong_answer_openenv"),
            _ => {}
        }
        assert_eq!(
            codes.iter().collect::<BTreeSet<_>>(),
            expected.iter().collect(),
            "{task:?}"
        );
        let failed = class_of(code) == Class::Failure;
        assert_eq!(task.failed(), failed);
        assert_eq!(
            task.outcome() == code,
            failed || code == "no_gold",
            "{task:?}"
        );
        found.extend(codes);
    }
    let elsewhere = ["unreachable_company", "refused_by_rllm_guard", "no_answer"];
    let all: BTreeSet<&str> = CODES.iter().map(|(code, ..)| *code).collect();
    let missing: Vec<_> = all.difference(&found).copied().collect();
    assert_eq!(
        missing.iter().collect::<BTreeSet<_>>(),
        elsewhere.iter().collect()
    );
}

#[test]
fn neighbouring_cells_are_tried_where_no_wrong_answers_are_named() {
    let mut companies = companies();
    let cells = [["north", "300", "300.2"], ["south", "300.4", "900"]];
    companies[0]
        .tables
        .push(table("close", "in_millions", &cells));
    let sql = "SELECT \"2024\" FROM close WHERE region = 'north'";
    let task = with(lookup("close", "close", sql, 0), |t| {
        t.truth = "300".into();
        // Of a derived answer any correct rounding is right, so the truth must not be a rounding of its neighbours.
        t.answer.op = Op::Derived;
    });
    let info = CorpusInfo::default();
    let corpus = Arc::new(Corpus::new(info, companies, vec![task]).unwrap());
    let report = audited(&corpus, &AuditOptions::default());
    let strict: Vec<&str> = report.tasks[0]
        .findings
        .iter()
        .filter(|f| f.code == "known_wrong_accepted")
        .map(|f| f.detail.as_str())
        .collect();
    assert_eq!(
        strict,
        [
            "strict accepts \"300.2\" (every cell +1 column) for \"300\"",
            "strict accepts \"300.4\" (row \"south\" instead of \"north\") for \"300\"",
        ]
    );
    assert_eq!(
        (report.wrong_strict.tried, report.wrong_strict.accepted),
        (2, 2)
    );
}

#[test]
fn where_nothing_can_be_found_an_invented_number_is_tried() {
    let task = with(south("absent"), |t| {
        t.truth = "The tables do not hold the answer.".into();
        t.answer = AnswerSpec {
            unit: Unit::Absent,
            ..AnswerSpec::default()
        };
        query(t).sql = SOUTH.replace("south", "east");
        t.gold.as_mut().unwrap().answer = GoldAnswer::Text {
            text: t.truth.clone(),
        };
    });
    let report = audited(&corpus(vec![task]), &AuditOptions::default());
    assert_eq!(report.tasks[0].outcome(), "ok", "{:?}", report.tasks[0]);
    assert_eq!(
        (report.wrong_strict.tried, report.wrong_strict.accepted),
        (1, 0)
    );
}

#[test]
fn a_section_that_the_question_names_tells_labels_apart() {
    let sql = "SELECT \"2024\" FROM twice WHERE region = 'Total' AND rowid = 2";
    let task = with(lookup("a", "twice", sql, 0), |t| {
        t.question = "What was the total of the Americas?".into();
        t.truth = "500".into();
    });
    let report = audited(&corpus(vec![task]), &AuditOptions::default());
    assert!(report.tasks[0].findings.is_empty(), "{:?}", report.tasks[0]);
}

#[test]
fn compact_tools_reach_the_first_company_only_and_have_no_guard() {
    let far = with(south("far"), |t| {
        t.companies.push("globex".into());
        query(t).company = "globex".into();
    });
    let bare = lookup("bare", "sales", "SELECT \"2024\" FROM sales", 1);
    let corpus = corpus(vec![far, bare]);
    let compact = AuditOptions {
        tool_profile: ToolProfile::Compact,
        ..AuditOptions::default()
    };
    let report = audited(&corpus, &compact);
    assert_eq!(report.tasks[0].outcome(), "unreachable_company");
    assert_eq!(report.tasks[1].outcome(), "ok");
    assert_eq!(report.counts()["refused_by_rllm_guard"], 1);
    let report = audited(&corpus, &AuditOptions::default());
    assert_eq!(report.tasks[0].outcome(), "ok");
    assert_eq!(report.tasks[1].outcome(), "tool_error");
}

#[test]
fn the_report_counts_as_json_and_markdown() {
    let corpus = corpus(defects());
    let report = audited(&corpus, &AuditOptions::default());
    let json = report.to_json();
    assert_eq!(json["num_tasks"], corpus.stored().unwrap().tasks().len());
    assert_eq!(json["num_failed"], report.num_failed());
    assert_eq!(json["tasks"][0]["outcome"], "unknown_company");
    assert_eq!(json["outcomes"]["duplicate_question"], 2);
    let markdown = report.to_markdown();
    for task in report.tasks.iter().filter(|t| t.failed()) {
        assert!(markdown.contains(&format!("- `{}`: ", task.task_id)));
    }
    assert!(markdown.contains("| failure | `tool_error` | 1 |"));
}

#[test]
fn a_part_is_audited_by_split_and_number() {
    let corpus = synthetic_part(&[("train", 2), ("eval290", 1)]);
    let part = AuditOptions {
        split: Some("eval290".into()),
        max_tasks: Some(3),
        ..AuditOptions::default()
    };
    let report = audited(&corpus, &part);
    assert_eq!(report.tasks.len(), 3);
    let splits = |t: &TaskAudit| {
        corpus.stored().unwrap().tasks()[t.task_index as usize]
            .split
            .0
            .clone()
    };
    assert!(report.tasks.iter().all(|t| splits(t) == "eval290"));
}
