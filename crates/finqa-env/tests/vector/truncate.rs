//! Episodes that their caller ends: they count as cut off, the slots beside them go on, misuse changes nothing.

use std::sync::Arc;

use crate::common::{calculate, corpus, env, query, texts};
use finqa_core::behaviour::Failure;
use finqa_core::sql::SqlBackend;
use finqa_core::tool::{ToolKind, ToolSpec};
use finqa_env::{AutoresetMode, EnvConfig, Error, Row, Status, TruncationReason, VectorEnv};
use finqa_sqlite::{BackendConfig, SqliteBackend};

const CUT: Status = Status::Truncated(TruncationReason::TokenLimit);

fn config(num_envs: usize) -> EnvConfig {
    EnvConfig {
        num_envs,
        num_threads: 3,
        ..EnvConfig::default()
    }
}

fn step(env: &VectorEnv, message: &str, ids: &[u32]) -> Vec<Row> {
    env.step(texts(message, ids.len()), ids, &mut || true)
        .expect("a step")
        .expect("no interrupt")
}

fn submit() -> String {
    "<tool_call>{\"name\": \"submit_answer\", \"arguments\": {\"answer\": \"6\"}}</tool_call>"
        .into()
}

fn status(env: &VectorEnv, slot: usize) -> Status {
    let episode = env.episode(slot).expect("a slot at rest");
    episode.expect("it was reset").status
}

#[test]
fn named_slots_end_in_slot_order_and_the_others_go_on() {
    let env = env(config(12));
    let all: Vec<u32> = (0..12).collect();
    step(&env, &calculate("1 + 1"), &all);
    let before = env.stats();
    let rows = env.truncate(&[7, 2, 11, 0]).expect("running episodes");
    let slots: Vec<u32> = rows.iter().map(|row| row.slot).collect();
    assert_eq!(slots, [0, 2, 7, 11]);
    for row in &rows {
        assert_eq!((row.status, row.info.status), (CUT, CUT));
        assert!(row.reward.abs() < f32::EPSILON);
        assert!(row.observation.messages.is_empty());
        assert_eq!((row.info.turn, row.info.num_calls), (1, 0), "no turn");
        assert_eq!(row.info.verdict, None);
        assert!(row.prompt.is_none() && row.infra_error.is_none());
        let score = row.score.as_ref().expect("a score");
        assert_eq!(score.failure, Some(Failure::OutOfTurns));
    }
    let after = env.stats();
    assert_eq!(after.truncated, before.truncated + 4);
    assert_eq!((after.steps, after.terminated), (before.steps, 0));
    assert_eq!((after.infra_faults, after.panics), (0, 0));
    let others: Vec<u32> = all.into_iter().filter(|s| !slots.contains(s)).collect();
    for row in step(&env, &submit(), &others) {
        assert_eq!(row.status, Status::Terminated);
        assert!((row.reward - 1.0).abs() < f32::EPSILON);
    }
}

#[test]
fn the_score_is_that_of_an_episode_without_turns_left() {
    let message = query("item = 'nothing'");
    let limited = env(EnvConfig {
        max_turns: Some(1),
        ..config(1)
    });
    let by_turns = step(&limited, &message, &[0]).remove(0);
    assert_eq!(
        by_turns.status,
        Status::Truncated(TruncationReason::MaxTurns)
    );
    let free = env(config(1));
    step(&free, &message, &[0]);
    let by_tokens = free.truncate(&[0]).expect("a running episode").remove(0);
    assert_eq!(by_tokens.status, CUT);
    assert!(by_turns.score.is_some());
    assert_eq!(by_tokens.score, by_turns.score);
}

#[test]
fn an_episode_may_end_before_its_first_turn() {
    let env = env(config(2));
    let rows = env.truncate(&[1]).expect("a running episode");
    assert_eq!((rows[0].info.turn, rows[0].status), (0, CUT));
    let score = rows[0].score.as_ref().expect("a score");
    assert_eq!(score.failure, Some(Failure::OutOfTurns));
    assert!(env.truncate(&[]).expect("nothing to do").is_empty());
    assert_eq!(status(&env, 0), Status::Running);
}

#[test]
fn slots_at_rest_may_end_while_others_have_actions_under_way() {
    let env = env(config(3));
    env.send(texts(&query("item = 'sleep 50'"), 2), &[0, 2])
        .expect("slots at rest");
    let refused = env.truncate(&[1, 2]);
    assert!(matches!(refused, Err(Error::AlreadyPending { slot: 2 })));
    let rows = env.truncate(&[1]).expect("a slot at rest");
    assert_eq!((rows.len(), rows[0].slot, rows[0].status), (1, 1, CUT));
    assert_eq!(env.num_pending(), 2);
    let received = env.recv(2, &mut || true).expect("two").expect("no stop");
    assert!(received.iter().all(|row| row.slot != 1));
    assert!(received.iter().all(|row| row.status == Status::Running));
}

#[test]
fn misuse_is_refused_and_ends_nothing() {
    let env = env(config(4));
    step(&env, &submit(), &[3]);
    let refused = |ids: &[u32]| env.truncate(ids).expect_err("misuse");
    assert!(matches!(refused(&[0, 3]), Error::EpisodeOver { slot: 3 }));
    assert!(matches!(
        refused(&[0, 0]),
        Error::AlreadyPending { slot: 0 }
    ));
    let unknown = refused(&[0, 4]).to_string();
    assert!(unknown.contains("env id 4 does not exist"), "{unknown}");
    for slot in 0..3 {
        assert_eq!(status(&env, slot), Status::Running);
    }
    assert_eq!(env.stats().truncated, 0);
    env.truncate(&[0]).expect("a running episode");
    assert!(matches!(refused(&[0]), Error::EpisodeOver { slot: 0 }));
    env.close();
    assert!(matches!(refused(&[1]), Error::Closed));
}

#[test]
fn a_slot_that_was_never_reset_has_no_episode_to_end() {
    let backend: Arc<dyn SqlBackend> =
        Arc::new(SqliteBackend::new(BackendConfig::default()).expect("SQLite starts"));
    let env = VectorEnv::new(corpus(), backend, config(2)).expect("a valid config");
    assert!(matches!(
        env.truncate(&[1]),
        Err(Error::ResetNeeded { slot: 1 })
    ));
}

#[test]
fn a_call_of_a_users_tool_is_under_way_until_it_is_resumed() {
    let env = env(EnvConfig {
        user_tools: vec![ToolSpec {
            name: "ask".into(),
            description: "Asks.".into(),
            parameters: serde_json::json!({"type": "object", "properties": {}}),
            kind: ToolKind::User,
        }],
        ..config(1)
    });
    let call = "<tool_call>{\"name\": \"ask\", \"arguments\": {}}</tool_call>";
    assert!(step(&env, call, &[0])[0].user_call.is_some());
    assert!(matches!(
        env.truncate(&[0]),
        Err(Error::AlreadyPending { slot: 0 })
    ));
    env.resume(vec![(0, Ok("yes".into()))]).expect("it waits");
    env.recv(1, &mut || true).expect("one").expect("no stop");
    assert_eq!(env.truncate(&[0]).expect("at rest")[0].status, CUT);
}

#[test]
fn autoreset_starts_the_next_episode_as_after_any_end() {
    let same = env(EnvConfig {
        autoreset_mode: AutoresetMode::SameStep,
        ..config(2)
    });
    let rows = same.truncate(&[1]).expect("a running episode");
    assert!(rows[0].prompt.is_some() && rows[0].info.was_reset);
    assert_eq!(
        (rows[0].status, rows[0].info.status),
        (CUT, Status::Running)
    );
    let (observation, last) = &**rows[0].last.as_ref().expect("the episode that ended");
    assert_eq!(last.status, CUT);
    assert!(observation.messages.is_empty());

    let next = env(EnvConfig {
        autoreset_mode: AutoresetMode::NextStep,
        ..config(2)
    });
    let rows = next.truncate(&[1]).expect("a running episode");
    assert!(rows[0].prompt.is_none());
    assert!(matches!(
        next.truncate(&[1]),
        Err(Error::EpisodeOver { slot: 1 })
    ));
    let rows = step(&next, &submit(), &[0, 1]);
    assert_eq!(rows[0].status, Status::Terminated);
    assert!(rows[1].info.was_reset && rows[1].prompt.is_some());
}
