//! Steps of the environment without Python: messages of the gold policy on a part of the synthetic corpus (list, info, query,
//! calculator, submit), recorded first and then replayed.
//!
//! - `episode/*`: one [`Episode`](finqa_env::Episode) after the other on the calling thread; `kept` keeps the messages,
//!   as a trainer needs them, `unkept` does not. Elements are steps.
//! - `vector/*`: 256 slots in lockstep through `VectorEnv::step`, with one worker thread and with one a core; a
//!   round resets all slots and plays every episode to its end. Elements are steps.
//!
//! Queries repeat, so they come from the result cache; `sql.rs` has the cost of a fresh one.
//! Run with `cargo bench -p finqa-benches --bench step`.

use std::sync::Arc;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use finqa_benches::{Messages, Script, backend, context, corpus, play, record};
use finqa_env::stats::Delta;
use finqa_env::{AutoresetMode, EnvConfig, ResetOptions, VectorEnv};

const NUM_TASKS: usize = 64;
const NUM_ENVS: usize = 256;

fn episode(c: &mut Criterion) {
    let mut group = c.benchmark_group("episode");
    for (name, keep_messages) in [("kept", true), ("unkept", false)] {
        let ctx = context(EnvConfig {
            keep_messages,
            ..EnvConfig::default()
        });
        let scripts = record(&ctx, NUM_TASKS);
        let steps: usize = scripts.iter().map(|s| s.messages.len()).sum();
        let mut delta = Delta::new(false);
        group.throughput(Throughput::Elements(steps as u64));
        group.bench_function(name, |b| {
            b.iter(|| {
                scripts
                    .iter()
                    .map(|script| play(&ctx, script, &mut delta))
                    .sum::<usize>()
            });
        });
    }
    group.finish();
}

/// What all slots do in one step: the slots that still run, and their messages.
type Round = (Vec<u32>, Arc<Messages>);

fn rounds(scripts: &[Script]) -> Vec<Round> {
    let longest = scripts.iter().map(|s| s.messages.len()).max().unwrap_or(0);
    (0..longest)
        .map(|turn| {
            let (slots, messages) = (0..NUM_ENVS)
                .filter_map(|slot| {
                    let message = scripts[slot % scripts.len()].messages.get(turn)?;
                    Some((slot as u32, message.clone()))
                })
                .unzip();
            (slots, Arc::new(Messages(messages)))
        })
        .collect()
}

fn vector(c: &mut Criterion) {
    let mut group = c.benchmark_group("vector");
    for (name, num_threads) in [("one_thread", 1), ("all_cores", 0)] {
        let config = EnvConfig {
            num_envs: NUM_ENVS,
            num_threads,
            autoreset_mode: AutoresetMode::Disabled,
            ..EnvConfig::default()
        };
        let env = VectorEnv::new(corpus(), backend(), config)
            .expect("the default configuration is valid");
        let scripts = record(env.context(), NUM_TASKS);
        let rounds = rounds(&scripts);
        let reset = ResetOptions {
            tasks: Some(
                (0..NUM_ENVS)
                    .map(|slot| scripts[slot % scripts.len()].task_index)
                    .collect(),
            ),
            ..ResetOptions::default()
        };
        let steps: usize = rounds.iter().map(|(slots, _)| slots.len()).sum();
        group.throughput(Throughput::Elements(steps as u64));
        group.bench_function(name, |b| {
            b.iter(|| {
                env.reset(&reset).expect("no action is under way");
                for (slots, messages) in &rounds {
                    env.step(Arc::clone(messages) as Arc<_>, slots, &mut || true)
                        .expect("every slot named still runs");
                }
            });
        });
    }
    group.finish();
}

criterion_group!(benches, episode, vector);
criterion_main!(benches);
