//! Tasks mined from corpora: right, guarded, each once, accounted for.
#![expect(clippy::float_cmp, reason = "these scores are exactly 0 or 1")]

mod common;

use std::collections::HashSet;
use std::sync::Arc;

use common::{load, sample};
use finqa_core::answer::{AnswerMode, score_answer};
use finqa_core::gold::Gold;
use finqa_core::{Company, Corpus, CorpusInfo, Table, Value};
use finqa_datafusion::facts::{FactsError, IngestOptions, ingest};
use finqa_datafusion::mining::{KINDS, MineOptions, mine};

fn corpus(num_facts: u64, seed: u64) -> (tempfile::TempDir, Arc<Corpus>) {
    let folder = tempfile::tempdir().expect("it works in a test");
    let facts = sample(folder.path(), num_facts, seed);
    let target = folder.path().join("corpus");
    ingest(&[facts], &target, &IngestOptions::default(), &mut |_| true)
        .expect("it works in a test");
    let corpus = load(&target);
    (folder, corpus)
}

#[test]
fn every_kind_is_mined_and_every_candidate_accounted_for() {
    let (_folder, corpus) = corpus(30_000, 1);
    let options = MineOptions {
        per_company: 24,
        ..MineOptions::default()
    };
    let (tasks, report) = mine(&corpus, &options, &mut || true).unwrap();
    assert_eq!(report.tasks as usize, tasks.len());
    for kind in KINDS {
        let counts = &report.kinds[kind];
        assert!(counts.tasks > 0, "{kind}: {counts:?}");
        let dropped: u64 = counts.dropped.values().sum();
        assert_eq!(
            counts.candidates,
            counts.tasks + dropped + counts.not_needed,
            "{kind}"
        );
    }
    assert_eq!(report.companies_covered, corpus.num_companies() as u64);
    assert!(report.tables_covered > 0 && report.tables_covered <= report.tables_usable);
    assert!(report.labels_covered > 0 && report.labels_covered <= report.labels);
    let per_company = tasks
        .iter()
        .filter(|t| t.companies == tasks[0].companies)
        .count();
    assert_eq!(per_company, 24);
}

#[test]
fn truths_are_accepted_and_known_wrong_answers_are_not() {
    let (_folder, corpus) = corpus(20_000, 2);
    let (tasks, _) = mine(&corpus, &MineOptions::default(), &mut || true).unwrap();
    let mut wrong = 0;
    for task in &tasks {
        for mode in [AnswerMode::Strict, AnswerMode::OpenEnv] {
            let score = |said: &str| score_answer(said, &task.truth, &task.answer, mode).score;
            assert_eq!(score(&task.truth), 1.0, "{task:?}");
            for known in &task.known_wrong {
                assert_eq!(
                    score(&known.answer),
                    0.0,
                    "{mode:?} accepts {known:?} of {task:?}"
                );
                wrong += 1;
            }
        }
        assert!(!task.unit_hint.is_empty() && task.gold.is_some());
    }
    assert!(
        wrong > tasks.len(),
        "{wrong} wrong answers of {} tasks",
        tasks.len()
    );
}

#[test]
fn no_question_and_no_operands_come_twice() {
    let (_folder, corpus) = corpus(20_000, 3);
    let options = MineOptions {
        per_company: 60,
        ..MineOptions::default()
    };
    let (tasks, _) = mine(&corpus, &options, &mut || true).unwrap();
    let mut texts = HashSet::new();
    let mut programs = HashSet::new();
    let mut ids = HashSet::new();
    for task in &tasks {
        assert!(
            texts.insert(task.user_query().to_lowercase()),
            "{}",
            task.question
        );
        let program = serde_json::to_string(task.gold.as_ref().unwrap()).unwrap();
        assert!(programs.insert(program), "{}", task.question);
        assert!(ids.insert(task.id.clone()));
    }
}

#[test]
fn the_same_seed_mines_the_same_and_another_something_else() {
    let (_folder, corpus) = corpus(10_000, 4);
    let of = |seed| {
        let options = MineOptions {
            seed,
            ..MineOptions::default()
        };
        mine(&corpus, &options, &mut || true).unwrap().0
    };
    assert_eq!(of(0), of(0));
    assert_ne!(of(0), of(1));
}

#[test]
fn shares_are_asked_only_of_rows_that_add_up() {
    let table = |total: &str| {
        let rows = [
            ["North", "300"],
            ["South", "500"],
            ["West", "200"],
            ["Total sales", total],
        ];
        let cells = rows
            .iter()
            .flatten()
            .map(|text| Value::text(*text))
            .collect();
        Table::new("acme", "sales", vec!["item".into(), "2024".into()], cells).unwrap()
    };
    let shares = |total: &str| {
        let company = Company {
            name: "acme".into(),
            tables: vec![table(total)],
        };
        let corpus = Corpus::new(CorpusInfo::default(), vec![company], Vec::new()).unwrap();
        let options = MineOptions {
            kinds: vec!["share".into()],
            ..MineOptions::default()
        };
        mine(&Arc::new(corpus), &options, &mut || true).unwrap().0
    };
    let found = shares("1,000");
    assert_eq!(found.len(), 3);
    let south = found.iter().find(|t| t.question.contains("south")).unwrap();
    assert_eq!(south.truth, "\\boxed{50.00%}");
    assert_eq!(
        south.question,
        "What percentage of total sales in 2024 was south, according to the sales?"
    );
    assert_eq!(
        south.gold.as_ref().map(Gold::tables),
        Some(vec![("acme", "sales")])
    );
    assert!(shares("1,001").is_empty());
}

#[test]
fn a_task_whose_mistake_would_be_rewarded_is_dropped() {
    // Two years of the same value: the wrong year would be right.
    let cells = ["Sales", "700", "700", "Cost", "300", "450"];
    let cells = cells.iter().map(|text| Value::text(*text)).collect();
    let headers = vec!["item".into(), "2024".into(), "2023".into()];
    let company = Company {
        name: "acme".into(),
        tables: vec![Table::new("acme", "results", headers, cells).unwrap()],
    };
    let corpus = Corpus::new(CorpusInfo::default(), vec![company], Vec::new()).unwrap();
    let options = MineOptions {
        kinds: vec!["lookup".into()],
        ..MineOptions::default()
    };
    let (tasks, report) = mine(&Arc::new(corpus), &options, &mut || true).unwrap();
    let asked: Vec<&str> = tasks.iter().map(|t| t.question.as_str()).collect();
    assert!(asked.iter().all(|q| q.contains("cost")), "{asked:?}");
    assert_eq!(report.kinds["lookup"].dropped["known_wrong_accepted"], 2);
}

#[test]
fn a_kind_that_does_not_exist_and_an_endless_corpus_are_refused() {
    let (_folder, stored) = corpus(1_000, 5);
    let options = MineOptions {
        kinds: vec!["guess".into()],
        ..MineOptions::default()
    };
    let error = mine(&stored, &options, &mut || true).unwrap_err();
    assert!(error.to_string().contains("lookup"), "{error}");
    let endless = finqa_data::synthetic(0, finqa_data::SynthConfig::tiny()).unwrap();
    let error = mine(&Arc::new(endless), &MineOptions::default(), &mut || true).unwrap_err();
    assert!(matches!(error, FactsError::Invalid(_)), "{error}");
}
