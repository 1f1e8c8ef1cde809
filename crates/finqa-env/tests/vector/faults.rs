//! Faults that are ours cost the slot in which they happen, show as truncated, are counted, and stop nobody else.

use std::sync::Arc;
use std::sync::mpsc::channel;
use std::time::{Duration, Instant};

use crate::common::{Texts, calculate, env, env_and_backend, query, texts};
use finqa_env::episode::Step;
use finqa_env::stats::Delta;
use finqa_env::{EnvConfig, Episode, ResetOptions, Row, Status, TruncationReason, VectorEnv};

fn config(num_envs: usize, num_threads: usize) -> EnvConfig {
    EnvConfig {
        num_envs,
        num_threads,
        ..EnvConfig::default()
    }
}

fn observation(row: &Row) -> String {
    let mut text = String::new();
    row.observation.write_to(&mut text);
    text
}

fn step(env: &VectorEnv, messages: Vec<String>) -> Vec<Row> {
    let ids: Vec<u32> = (0..messages.len() as u32).collect();
    env.step(Arc::new(Texts(messages)), &ids, &mut || true)
        .expect("a step")
        .expect("no interrupt")
}

/// On the calling thread (two slots) and on workers (twelve).
fn fault_in_one_slot(condition: &str, reason: TruncationReason) {
    for n in [2, 12] {
        let env = env(config(n, 3));
        let mut messages = vec![query("item = 'sales'"); n];
        messages[1] = query(condition);
        let rows = step(&env, messages);
        assert_eq!(rows.len(), n);
        for (slot, row) in rows.iter().enumerate() {
            assert_eq!(row.slot as usize, slot);
            if slot == 1 {
                assert_eq!(row.status, Status::Truncated(reason));
                assert!(row.reward.abs() < f32::EPSILON);
                assert_eq!(observation(row), "", "a fault is never an observation");
                let text = row.infra_error.as_deref().expect("the text of the fault");
                assert!(text.contains(reason.name()), "{text}");
                assert!(text.contains("planted"), "{text}");
            } else {
                assert_eq!(row.status, Status::Running);
                assert_eq!(observation(row), "[{\"item\":\"sales\"}]");
                assert_eq!(row.infra_error, None);
            }
        }
        let stats = env.stats();
        assert_eq!((stats.truncated, stats.infra_faults), (1, 1));
        assert_eq!(
            stats.panics,
            u64::from(reason == TruncationReason::WorkerPanic)
        );
        // The policy made no mistake.
        assert_eq!(stats.errors, []);
        // The slot takes a new episode, and the thread that met the fault works on.
        let mut mask = vec![false; n];
        mask[1] = true;
        env.reset(&ResetOptions {
            mask: Some(mask),
            ..ResetOptions::default()
        })
        .expect("a reset");
        for _ in 0..3 {
            let rows = step(&env, vec![query("item = 'costs'"); n]);
            assert!(rows.iter().all(|r| r.status == Status::Running));
            assert!(
                rows.iter()
                    .all(|r| observation(r) == "[{\"item\":\"costs\"}]")
            );
        }
    }
}

#[test]
fn a_panic_costs_its_slot_only() {
    fault_in_one_slot("item = 'panic'", TruncationReason::WorkerPanic);
}

#[test]
fn the_wall_guard_truncates_its_slot_only() {
    fault_in_one_slot("item = 'infra_timeout'", TruncationReason::InfraTimeout);
}

#[test]
fn a_backend_failure_truncates_its_slot_only() {
    fault_in_one_slot("item = 'infra_backend'", TruncationReason::InfraBackend);
}

#[test]
fn calls_behind_a_fault_are_not_run() {
    let env = env(config(1, 1));
    let submit =
        "<tool_call>{\"name\": \"submit_answer\", \"arguments\": {\"answer\": \"6\"}}</tool_call>";
    let message = format!(
        "{}{}{submit}",
        calculate("1 + 1"),
        query("item = 'infra_timeout'")
    );
    let rows = step(&env, vec![message]);
    assert_eq!(
        rows[0].status,
        Status::Truncated(TruncationReason::InfraTimeout)
    );
    assert_eq!(
        observation(&rows[0]),
        "2",
        "what ran before the fault is kept"
    );
    assert_eq!(env.episode(0).unwrap().unwrap().submission, None);
    assert_eq!(env.stats().terminated, 0);
}

#[test]
fn every_slot_may_panic_and_all_rows_come_back() {
    let env = env(config(50, 4));
    let ids: Vec<u32> = (0..50).collect();
    env.send(texts(&query("item = 'panic'"), 50), &ids).unwrap();
    let rows = env.recv(50, &mut || true).unwrap().unwrap();
    assert_eq!(rows.len(), 50);
    assert_eq!(env.stats().panics, 50);
    assert_eq!(env.num_pending(), 0);
}

#[test]
fn dropping_with_actions_under_way_does_not_hang() {
    for received in [0, 5] {
        let (done, wait) = channel();
        std::thread::spawn(move || {
            let env = env(config(40, 2));
            let ids: Vec<u32> = (0..40).collect();
            env.send(texts(&query("item = 'sleep 5'"), 40), &ids)
                .unwrap();
            env.recv(received, &mut || true).unwrap();
            drop(env);
            done.send(()).unwrap();
        });
        wait.recv_timeout(Duration::from_secs(20))
            .expect("drop hangs");
    }
}

#[test]
fn closing_while_another_thread_receives_hangs_neither() {
    let env = Arc::new(env(config(20, 2)));
    let ids: Vec<u32> = (0..20).collect();
    env.send(texts(&query("item = 'sleep 10'"), 20), &ids)
        .unwrap();
    let (done, wait) = channel();
    let reader = Arc::clone(&env);
    std::thread::spawn(move || {
        let rows = reader.recv(20, &mut || true);
        done.send(rows.map(|rows| rows.map(|r| r.len()))).unwrap();
    });
    std::thread::sleep(Duration::from_millis(20));
    env.close();
    let received = wait
        .recv_timeout(Duration::from_secs(20))
        .expect("recv hangs");
    assert!(matches!(received, Ok(Some(20))), "{received:?}");
    assert!(matches!(
        env.recv(0, &mut || true),
        Err(finqa_env::Error::Closed)
    ));
}

#[test]
fn taking_what_is_ready_leaves_what_another_thread_waits_for() {
    let env = Arc::new(env(config(21, 2)));
    let ids: Vec<u32> = (0..20).collect();
    env.send(texts(&query("item = 'sleep 10'"), 20), &ids)
        .unwrap();
    let reader = Arc::clone(&env);
    let (done, wait) = channel();
    std::thread::spawn(move || {
        let rows = reader.recv(20, &mut || true).unwrap().unwrap();
        done.send(rows.len()).unwrap();
    });
    std::thread::sleep(Duration::from_millis(40));
    assert!(env.recv_ready().unwrap().is_empty());
    env.send(texts(&calculate("7"), 1), &[20]).unwrap();
    let taken = wait.recv_timeout(Duration::from_secs(20));
    assert_eq!(taken, Ok(20));
    // The rest is for whoever asks: sooner or later, it is there.
    let start = Instant::now();
    let mut rows = env.recv_ready().unwrap();
    while rows.is_empty() && start.elapsed() < Duration::from_secs(20) {
        rows = env.recv_ready().unwrap();
    }
    assert_eq!((rows.len(), env.num_pending()), (1, 0));
}

#[test]
fn an_interrupt_is_seen_while_results_trickle_in_and_loses_none() {
    let env = env(config(200, 1));
    let ids: Vec<u32> = (0..200).collect();
    env.send(texts(&query("item = 'sleep 10'"), 200), &ids)
        .unwrap();
    let start = Instant::now();
    // A result every 10 ms: each wait for one ends before the poll interval of 100 ms does.
    let interrupted = env.recv(200, &mut || false).unwrap();
    assert!(interrupted.is_none());
    assert!(start.elapsed() < Duration::from_secs(1));
    assert_eq!(env.num_pending(), 200);
    let rows = env.recv(200, &mut || true).unwrap().unwrap();
    let mut slots: Vec<u32> = rows.iter().map(|row| row.slot).collect();
    slots.sort_unstable();
    assert_eq!(slots, ids);
}

#[test]
fn single_sends_do_not_queue_at_one_worker() {
    let (env, backend) = env_and_backend(config(4, 4));
    for slot in 0..4 {
        env.send(texts(&query("item = 'meet 4'"), 1), &[slot])
            .unwrap();
    }
    assert_eq!(env.recv(4, &mut || true).unwrap().unwrap().len(), 4);
    assert_eq!(backend.most_at_once(), 4);
}

#[test]
fn resuming_without_a_waiting_call_does_nothing() {
    let env = env(EnvConfig {
        // A message without a call would be the answer.
        tool_profile: finqa_core::tool::ToolProfile::Compact,
        ..config(1, 1)
    });
    let mut episode = Episode::new(env.context(), 0).expect("task 0 exists");
    let mut delta = Delta::new(false);
    let Step::Done(turn) = episode.resume(env.context(), Ok("text".into()), &mut delta) else {
        panic!("a user call");
    };
    assert_eq!(turn.num_calls, 0);
    assert!(turn.observation.messages.is_empty());
    assert_eq!(episode.status(), Status::Running);
    assert_eq!(delta.terminated, 0);
}

#[test]
fn an_idle_episode_is_small() {
    // 100,000 slots must not cost more than a few tens of megabytes before anything has happened in them.
    assert!(
        size_of::<Episode>() <= 208,
        "{} bytes",
        size_of::<Episode>()
    );
}
