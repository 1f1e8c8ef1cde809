//! The scripts, played through the engine in every tool profile: what each is worth, and that nothing but its seeds
//! decides what it does.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on must panic")]
#![expect(clippy::print_stdout, reason = "skips are told with their reason")]

mod common;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;

use finqa_core::answer::AnswerMode;
use finqa_core::chat::{ArgumentsForm, CallForm, Demonstration, Role};
use finqa_core::gold::{Gold, GoldAnswer, GoldQuery};
use finqa_core::sql::SqlBackend;
use finqa_core::tool::Toolbox;
use finqa_core::{Company, Corpus, Table, Task, ToolProfile, Value};
use finqa_data::{LoadOptions, load};
use finqa_policy::{DemonstrateOptions, Demonstrations, PolicyKind, ScriptedPolicy};
use finqa_sqlite::{BackendConfig, SqliteBackend};

use common::synthetic_part;

fn backend() -> Arc<dyn SqlBackend> {
    Arc::new(SqliteBackend::new(BackendConfig::default()).unwrap())
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

fn played(corpus: &Arc<Corpus>, kind: PolicyKind, profile: ToolProfile) -> Vec<Demonstration> {
    let options = DemonstrateOptions {
        policies: vec![kind],
        tool_profile: profile,
        ..DemonstrateOptions::default()
    };
    Demonstrations::new(corpus, &backend(), options)
        .unwrap()
        .collect()
}

fn mean_reward(demos: &[Demonstration]) -> f64 {
    demos.iter().map(|d| f64::from(d.reward)).sum::<f64>() / demos.len() as f64
}

fn tool_texts(demo: &Demonstration) -> Vec<&str> {
    let tools = demo.messages.iter().filter(|m| m.role == Role::Tool);
    tools.map(|m| m.content.as_str()).collect()
}

/// A query result without rows.
fn is_empty_result(text: &str) -> bool {
    text == "[]" || text.ends_with("\n (no rows)")
}

/// Asserts that every episode has a mistake or an empty result that is repaired, and returns the variants.
fn every_mistake_is_repaired(demos: &[Demonstration]) -> BTreeMap<String, usize> {
    let mut variants = BTreeMap::new();
    for demo in demos {
        assert!(
            (demo.reward - 1.0).abs() < f32::EPSILON,
            "{} ({}): {} {:?} {:#?}",
            demo.task_id,
            demo.variant,
            demo.verdict,
            demo.submission,
            demo.messages
        );
        let texts = tool_texts(demo);
        let slips = texts.iter().filter(|t| t.starts_with("Error")).count();
        assert_eq!(slips, demo.num_errors as usize);
        if demo.variant == "wrong_label" {
            assert_eq!(slips, 0, "{}", demo.task_id);
            assert!(texts.iter().any(|t| is_empty_result(t)), "{texts:#?}");
        } else {
            assert_eq!(slips, 1, "{}: {texts:#?}", demo.variant);
        }
        let last = texts.len() - 1;
        assert!(texts[last].starts_with("Answer submitted"), "{texts:?}");
        assert!(!texts[last - 1].starts_with("Error"), "{texts:?}");
        *variants.entry(demo.variant.clone()).or_insert(0) += 1;
    }
    variants
}

#[test]
fn gold_and_recovery_are_right_in_every_profile() {
    let corpus = synthetic_part(&[("train", 24)]);
    for profile in ToolProfile::ALL {
        let gold = played(&corpus, PolicyKind::Gold, profile);
        assert!(gold.iter().all(|d| d.num_errors == 0));
        assert!((mean_reward(&gold) - 1.0).abs() < f64::EPSILON);
        let recovery = played(&corpus, PolicyKind::Recovery, profile);
        assert_eq!(recovery.len(), corpus.stored().unwrap().tasks().len());
        let variants = every_mistake_is_repaired(&recovery);
        for variant in [
            "wrong_table",
            "wrong_column",
            "wrong_label",
            "missing_argument",
        ] {
            let share = variants.get(variant).copied().unwrap_or(0) * 100 / recovery.len();
            assert!(share >= 10, "{}: {variants:?}", profile.name());
        }
    }
}

#[test]
fn recovery_repairs_its_mistakes_on_real_tables() {
    for name in ["tatqa_dataset_dev.json", "finqa_dev_200.json"] {
        let Some(corpus) = shared(name) else { continue };
        for profile in ToolProfile::ALL {
            let demos = played(&corpus, PolicyKind::Recovery, profile);
            assert!(demos.len() > 100);
            let variants = every_mistake_is_repaired(&demos);
            assert_eq!(variants.len(), 4, "{variants:?}");
        }
    }
}

#[test]
fn the_others_are_right_by_chance_only() {
    let corpus = synthetic_part(&[("train", 64)]);
    for profile in ToolProfile::ALL {
        for kind in [
            PolicyKind::Guess,
            PolicyKind::Random,
            PolicyKind::SpamTables,
            PolicyKind::Immediate,
        ] {
            let demos = played(&corpus, kind, profile);
            assert_eq!(demos.len(), corpus.stored().unwrap().tasks().len());
            let mean = mean_reward(&demos);
            assert!(mean < 0.02, "{} {}: {mean}", kind.name(), profile.name());
            assert!(demos.iter().all(|d| d.submission.is_some()));
        }
    }
}

#[test]
fn guessing_has_all_its_variants_and_meets_errors() {
    let corpus = synthetic_part(&[("train", 24)]);
    for profile in ToolProfile::ALL {
        let demos = played(&corpus, PolicyKind::Guess, profile);
        let variants: BTreeSet<&str> = demos.iter().map(|d| d.variant.as_str()).collect();
        assert_eq!(
            variants.into_iter().collect::<Vec<_>>(),
            [
                "guessed_column_gives_up",
                "guessed_column_invents",
                "guessed_table_gives_up",
                "guessed_table_invents"
            ]
        );
        let with_error = demos.iter().filter(|d| d.num_errors > 0).count();
        assert!(with_error * 10 >= demos.len() * 9, "{with_error}");
    }
}

#[test]
fn spamming_reads_every_table() {
    let corpus = synthetic_part(&[("train", 6)]);
    for profile in ToolProfile::ALL {
        for demo in played(&corpus, PolicyKind::SpamTables, profile) {
            let task = &corpus.stored().unwrap().tasks()[corpus.task_index(&demo.task_id).unwrap()];
            let tables = &corpus.stored().unwrap().companies()
                [corpus.company_index(&task.companies[0]).unwrap()]
            .tables;
            let asked: BTreeSet<&str> = demo
                .messages
                .iter()
                .flat_map(|m| &m.tool_calls)
                .filter(|c| c.name == "get_table_info")
                .map(|c| c.arguments["table_name"].as_str().unwrap())
                .collect();
            assert_eq!(asked, tables.iter().map(|t| t.name.as_str()).collect());
            assert_eq!(demo.num_errors, 0);
        }
    }
}

/// The corpus with one more task, whose answer is in no table.
fn with_unanswerable(corpus: &Corpus) -> Arc<Corpus> {
    let company = &corpus.stored().unwrap().companies()[0];
    let table = &company.tables[0];
    let text = "The tables do not hold the answer.";
    let task = Task {
        id: "unanswerable".into(),
        companies: vec![company.name.clone()],
        question: "What was the chief executive paid in 1987?".into(),
        truth: text.into(),
        answer: serde_json::from_str(r#"{"unit":"absent"}"#).unwrap(),
        gold: Some(Gold {
            queries: vec![GoldQuery {
                company: company.name.clone(),
                table: table.name.clone(),
                sql: format!(
                    "SELECT \"{0}\" FROM \"{1}\" WHERE \"{0}\" LIKE '%chief executive%'",
                    table.columns[0], table.name
                ),
            }],
            answer: GoldAnswer::Text { text: text.into() },
        }),
        ..Task::default()
    };
    let companies = corpus
        .stored()
        .unwrap()
        .companies()
        .iter()
        .map(|c| (**c).clone())
        .collect();
    Arc::new(Corpus::new(corpus.info().clone(), companies, vec![task]).unwrap())
}

#[test]
fn where_nothing_can_be_found_gold_says_so_and_guess_invents() {
    let corpus = with_unanswerable(&synthetic_part(&[("train", 1)]));
    for profile in ToolProfile::ALL {
        let gold = &played(&corpus, PolicyKind::Gold, profile)[0];
        assert!((gold.reward - 1.0).abs() < f32::EPSILON);
        // Listed, inspected, queried, then said.
        assert_eq!(gold.num_calls, 4);
        assert!(is_empty_result(tool_texts(gold)[2]));
        every_mistake_is_repaired(&played(&corpus, PolicyKind::Recovery, profile));
        for seed in 0..50 {
            let options = DemonstrateOptions {
                policies: vec![PolicyKind::Guess],
                tool_profile: profile,
                seed,
                ..DemonstrateOptions::default()
            };
            let mut demos = Demonstrations::new(&corpus, &backend(), options).unwrap();
            let demo = demos.next().unwrap();
            assert!(demo.reward < 0.5 && demo.variant.ends_with("invents"));
        }
    }
}

#[test]
fn years_as_rows_are_mistaken_for_texts() {
    let cells = [2018, 22, 2019, 80, 2020, 96].map(Value::Integer).to_vec();
    let columns = vec!["yr".into(), "clerks".into()];
    let company = Company {
        name: "tiny".into(),
        tables: vec![Table::new("tiny", "people", columns, cells).unwrap()],
    };
    let task = |id: usize| {
        Task {
        id: format!("t{id}"),
        companies: vec!["tiny".into()],
        question: "how many clerks in 2019 ?".into(),
        truth: "80".into(),
        gold: Some(Gold {
            queries: vec![GoldQuery {
                company: "tiny".into(),
                table: "people".into(),
                sql: "SELECT clerks FROM people WHERE yr = 2019".into(),
            }],
            answer: serde_json::from_str(
                r#"{"kind":"number","expression":"{0}","operands":[{"query":0,"row":0,"column":0}],"decimals":null}"#,
            )
            .unwrap(),
        }),
        ..Task::default()
    }
    };
    let tasks = (0..40).map(task).collect();
    let corpus = Corpus::new(
        synthetic_part(&[("train", 1)]).info().clone(),
        vec![company],
        tasks,
    )
    .unwrap();
    let demos = played(
        &Arc::new(corpus),
        PolicyKind::Recovery,
        ToolProfile::Compact,
    );
    assert!(every_mistake_is_repaired(&demos)["wrong_label"] > 3);
}

#[test]
fn draws_depend_on_seed_slot_and_episode() {
    let corpus = synthetic_part(&[("train", 1)]);
    let tools = Toolbox::new(ToolProfile::Rllm, &[], Vec::new()).unwrap();
    let policy = |seed| {
        ScriptedPolicy::new(
            PolicyKind::Immediate,
            Arc::clone(&corpus),
            tools.clone(),
            2,
            seed,
        )
    };
    let said = |policy: &mut ScriptedPolicy, slot| {
        policy.reset(slot, 0).unwrap();
        policy.act(slot, "").unwrap()
    };
    let mut one = policy(7);
    let first = said(&mut one, 0);
    let second = said(&mut one, 0);
    assert_ne!(first, second, "episodes of a slot differ");
    assert_ne!(said(&mut one, 1), first, "slots differ");
    let mut again = policy(7);
    assert_eq!(said(&mut again, 0), first);
    assert_eq!(said(&mut again, 0), second);
    assert_ne!(said(&mut policy(8), 0), first, "seeds differ");
    assert!(one.act(5, "").is_err());
}

#[test]
fn a_demonstration_does_not_depend_on_the_tasks_beside_it() {
    let corpus = synthetic_part(&[("train", 8), ("val", 2)]);
    let options = DemonstrateOptions {
        policies: vec![PolicyKind::Recovery, PolicyKind::Guess],
        ..DemonstrateOptions::default()
    };
    let all: Vec<_> = Demonstrations::new(&corpus, &backend(), options.clone())
        .unwrap()
        .collect();
    let again: Vec<_> = Demonstrations::new(&corpus, &backend(), options.clone())
        .unwrap()
        .collect();
    assert_eq!(all, again);
    let part = DemonstrateOptions {
        policies: vec![PolicyKind::Guess],
        split: Some("val".into()),
        ..options
    };
    let part: Vec<_> = Demonstrations::new(&corpus, &backend(), part)
        .unwrap()
        .collect();
    assert!(!part.is_empty() && part.iter().all(|demo| all.contains(demo)));
}

#[test]
fn both_forms_say_the_same_and_calls_and_answers_match() {
    let corpus = synthetic_part(&[("train", 4)]);
    for profile in ToolProfile::ALL {
        for kind in PolicyKind::ALL {
            let play = |call_form| -> Vec<Demonstration> {
                let options = DemonstrateOptions {
                    policies: vec![kind],
                    tool_profile: profile,
                    call_form,
                    ..DemonstrateOptions::default()
                };
                Demonstrations::new(&corpus, &backend(), options)
                    .unwrap()
                    .collect()
            };
            let structured = play(CallForm::Structured);
            let text = play(CallForm::Text);
            assert!(!structured.is_empty());
            for (s, t) in structured.iter().zip(&text) {
                // An error shows a right call in the form of the wrong one.
                let told = |d: &Demonstration| -> Vec<String> {
                    let texts = tool_texts(d).into_iter();
                    texts
                        .filter(|t| !t.starts_with("Error"))
                        .map(Into::into)
                        .collect()
                };
                assert_eq!(told(s), told(t));
                assert_eq!((s.reward, &s.submission), (t.reward, &t.submission));
                let ids = |d: &Demonstration| -> Vec<String> {
                    d.messages
                        .iter()
                        .map(|m| m.tool_call_id.clone())
                        .filter(|i| !i.is_empty())
                        .collect()
                };
                let called: Vec<String> = s
                    .messages
                    .iter()
                    .flat_map(|m| m.tool_calls.iter().map(|c| c.id.clone()))
                    .collect();
                assert_eq!(called, ids(s));
                assert_eq!(called, ids(t));
                let assistant = t
                    .messages
                    .iter()
                    .find(|m| m.role == Role::Assistant)
                    .unwrap();
                assert!(assistant.content.starts_with("<tool_call>\n"));
                assert!(assistant.tool_calls.is_empty());
            }
        }
    }
}

#[test]
fn json_has_openai_form() {
    let corpus = synthetic_part(&[("train", 1)]);
    let demo = &played(&corpus, PolicyKind::Recovery, ToolProfile::Rllm)[0];
    let json = demo.to_json(ArgumentsForm::Text);
    let messages = json["messages"].as_array().unwrap();
    assert_eq!(messages[0]["role"], "system");
    assert_eq!(messages[1]["role"], "user");
    let call = &messages[2]["tool_calls"][0];
    assert_eq!(call["type"], "function");
    assert!(call["function"]["arguments"].is_string());
    assert_eq!(messages[3]["tool_call_id"], call["id"]);
    assert!(json["tools"][0]["function"]["parameters"].is_object());
    let json = demo.to_json(ArgumentsForm::Object);
    assert!(json["messages"][2]["tool_calls"][0]["function"]["arguments"].is_object());
}

#[test]
fn tasks_without_gold_and_small_rewards_are_left_out_and_counted() {
    let corpus = synthetic_part(&[("train", 2)]);
    let mut tasks: Vec<Task> = corpus
        .stored()
        .unwrap()
        .tasks()
        .iter()
        .map(|t| (**t).clone())
        .collect();
    tasks[0].gold = None;
    let companies = corpus
        .stored()
        .unwrap()
        .companies()
        .iter()
        .map(|c| (**c).clone())
        .collect();
    let corpus = Arc::new(Corpus::new(corpus.info().clone(), companies, tasks).unwrap());
    let options = DemonstrateOptions {
        policies: vec![PolicyKind::Gold, PolicyKind::Immediate],
        answer_mode: AnswerMode::Strict,
        min_reward: Some(1.0),
        ..DemonstrateOptions::default()
    };
    let mut demos = Demonstrations::new(&corpus, &backend(), options).unwrap();
    let given = demos.by_ref().count();
    assert_eq!(given, corpus.stored().unwrap().tasks().len() - 1);
    assert_eq!(
        demos.num_left_out(),
        corpus.stored().unwrap().tasks().len() + 1
    );
    let nowhere = DemonstrateOptions {
        split: Some("nowhere".into()),
        ..DemonstrateOptions::default()
    };
    let error = Demonstrations::new(&corpus, &backend(), nowhere)
        .err()
        .unwrap();
    assert!(error.to_string().contains("nowhere"));
}
