//! Environments over a corpus whose companies are made when an episode asks for them.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use finqa_core::corpus::Corpus;
use finqa_core::sql::SqlBackend;
use finqa_env::{AutoresetMode, EnvConfig, ResetOptions, Row, VectorEnv};
use finqa_sqlite::{BackendConfig, SqliteBackend};

use crate::common::texts;
use crate::numbered::{ENDLESS_COMPANIES, Numbered};

/// First task of the endless split.
const FIRST: u32 = 290 + 79;

fn env_over(corpus: Corpus, config: EnvConfig) -> VectorEnv {
    let backend = SqliteBackend::new(BackendConfig::default()).expect("SQLite starts");
    VectorEnv::new(Arc::new(corpus), Arc::new(backend), config).expect("a valid config")
}

fn env(config: EnvConfig) -> VectorEnv {
    env_over(Numbered::new().corpus(64), config)
}

fn slots(num_envs: usize) -> EnvConfig {
    EnvConfig {
        num_envs,
        num_threads: 4,
        ..EnvConfig::default()
    }
}

fn tasks(rows: &[Row]) -> Vec<u32> {
    rows.iter().map(|row| row.info.task_index).collect()
}

fn reset(env: &VectorEnv) -> Vec<Row> {
    env.reset(&ResetOptions::default()).expect("a reset")
}

/// Every slot hands in a wrong answer, so that every episode ends.
fn finish(env: &VectorEnv, num_envs: usize) -> Vec<Row> {
    let all: Vec<u32> = (0..num_envs as u32).collect();
    env.step(texts("FINAL ANSWER: -1", num_envs), &all, &mut || true)
        .expect("a step")
        .expect("no interrupt")
}

#[test]
fn without_a_choice_the_endless_split_is_played() {
    let env = env(slots(64));
    let mut seen = HashSet::new();
    for _ in 0..16 {
        for task in tasks(&reset(&env)) {
            assert!(task >= FIRST);
            assert!(seen.insert(task), "task {task} came twice");
        }
    }
    // One block of 1,024 tasks about 4 each: as many companies, not 1,024.
    let companies: HashSet<_> = seen.iter().map(|t| (t - FIRST) / 4).collect();
    assert!(companies.len() <= 257, "{} companies", companies.len());
}

#[test]
fn making_an_environment_makes_no_company() {
    let source = Numbered::new();
    let made = Arc::clone(&source.made);
    let env = env_over(source.corpus(64), slots(8));
    assert_eq!(made.load(Ordering::Relaxed), 0);
    reset(&env);
    assert!((1..=8).contains(&made.load(Ordering::Relaxed)));
}

#[test]
fn a_group_has_its_company_made_once_whatever_the_number_of_threads() {
    for num_threads in [1, 4] {
        let source = Numbered::new();
        let made = Arc::clone(&source.made);
        let config = EnvConfig {
            group_size: 16,
            num_threads,
            seed: 3,
            ..slots(256)
        };
        let env = env_over(source.corpus(64), config);
        let rows = reset(&env);
        let companies: HashSet<_> = tasks(&rows).iter().map(|t| (t - FIRST) / 4).collect();
        assert_eq!(made.load(Ordering::Relaxed) as usize, companies.len());
    }
}

#[test]
fn tasks_and_prompts_depend_on_no_thread_and_no_cache() {
    let play = |max_cached, num_threads, autoreset_mode| {
        let config = EnvConfig {
            num_threads,
            autoreset_mode,
            seed: 11,
            ..slots(32)
        };
        let env = env_over(Numbered::new().corpus(max_cached), config);
        let mut seen = vec![];
        let mut note = |rows: Vec<Row>| {
            let kept = rows.into_iter().filter(|row| row.prompt.is_some());
            seen.extend(kept.map(|row| (row.slot, row.info.task_index, row.prompt)));
        };
        note(reset(&env));
        for _ in 0..6 {
            note(finish(&env, 32));
        }
        seen
    };
    for mode in [AutoresetMode::NextStep, AutoresetMode::SameStep] {
        let expected = play(1000, 1, mode);
        assert!(expected.len() >= 32 * 4);
        assert_eq!(play(1, 4, mode), expected, "{mode:?}");
        assert_eq!(play(64, 2, mode), expected, "{mode:?}");
    }
}

#[test]
fn finite_splits_are_played_whole_and_unknown_ones_are_refused() {
    let split = |name: &str| EnvConfig {
        split: Some(name.into()),
        ..slots(79)
    };
    let mut drawn = tasks(&reset(&env(split("pairs"))));
    drawn.sort_unstable();
    assert!(drawn.into_iter().eq(290..FIRST));
    let backend: Arc<dyn SqlBackend> =
        Arc::new(SqliteBackend::new(BackendConfig::default()).expect("SQLite starts"));
    let corpus = Arc::new(Numbered::new().corpus(8));
    let error = VectorEnv::new(corpus, backend, split("test"));
    let error = error.err().expect("no such split").to_string();
    assert!(
        error.ends_with("its splits are: eval (290), pairs (79), train (endless)"),
        "{error}"
    );
}

#[test]
fn a_task_about_two_companies_can_ask_both() {
    let env = env(slots(1));
    let options = ResetOptions {
        tasks: Some(vec![292]),
        ..ResetOptions::default()
    };
    env.reset(&options).expect("a reset");
    let ask = |company: &str| {
        let call = format!(
            "<tool_call>{{\"name\": \"sql_query\", \"arguments\": {{\"company_name\": \"{company}\", \"table_name\": \
             \"income\", \"query\": \"SELECT item, \\\"2024\\\" FROM income WHERE item = 'sales'\"}}}}</tool_call>"
        );
        let rows = env.step(texts(&call, 1), &[0], &mut || true);
        let mut seen = String::new();
        let row = &rows.expect("a step").expect("no interrupt")[0];
        row.observation.write_to(&mut seen);
        seen
    };
    assert!(ask("company_20").contains("\"30\""));
    assert!(ask("company_21").contains("\"31\""));
    assert!(ask("company_22").contains("not part of this question"));
}

#[test]
fn state_of_an_endless_split_resumes_and_indices_are_checked() {
    let a = env(slots(8));
    reset(&a);
    let state = a.sampler_state();
    assert_eq!(state.num_tasks, u64::from(ENDLESS_COMPANIES) * 4);
    let expected = [tasks(&reset(&a)), tasks(&reset(&a))];
    let b = env(EnvConfig {
        seed: 99,
        ..slots(8)
    });
    b.load_sampler_state(&state).expect("it fits");
    assert_eq!([tasks(&reset(&b)), tasks(&reset(&b))], expected);
    let options = ResetOptions {
        tasks: Some(vec![u32::MAX; 8]),
        ..ResetOptions::default()
    };
    assert!(b.reset(&options).is_err());
}

#[test]
fn a_stream_of_companies_leaves_no_images_behind() {
    let backend = Arc::new(
        SqliteBackend::new(BackendConfig {
            image_cache_bytes: 64 * 1024,
            max_connections_per_thread: 16,
            ..BackendConfig::default()
        })
        .expect("SQLite starts"),
    );
    let shared = Arc::clone(&backend) as Arc<dyn SqlBackend>;
    let config = EnvConfig {
        num_threads: 2,
        keep_messages: false,
        ..slots(64)
    };
    let corpus = Arc::new(Numbered::new().corpus(32));
    let env = VectorEnv::new(Arc::clone(&corpus), shared, config).expect("a valid config");
    let all: Vec<u32> = (0..64).collect();
    for round in 0..40u32 {
        // A company of its own for every slot and round.
        let chosen = (0..64)
            .map(|slot| FIRST + (round * 64 + slot) * 4)
            .collect();
        let options = ResetOptions {
            tasks: Some(chosen),
            ..ResetOptions::default()
        };
        env.reset(&options).expect("a reset");
        let calls = (0..64).map(|slot| {
            let company = 41 + round * 64 + slot;
            format!(
                "<tool_call>{{\"name\": \"sql_query\", \"arguments\": {{\"company_name\": \"company_{company}\", \
                 \"table_name\": \"income\", \"query\": \"SELECT item FROM income WHERE item = 'sales'\"}}}}</tool_call>"
            )
        });
        let calls = Arc::new(crate::common::Texts(calls.collect()));
        let rows = env.step(calls, &all, &mut || true).expect("a step");
        for row in rows.expect("no interrupt") {
            assert_eq!(row.info.num_errors, 0);
        }
    }
    let stats = backend.stats();
    assert_eq!(stats.images_built, 40 * 64);
    assert!(stats.image_bytes <= 64 * 1024, "{stats:?}");
}
