//! Scoring finished episodes: answer or report, checks, flags, failures and reward in one call.
//!
//! The episodes are real ones, played by the scripted policies on a part of the synthetic corpus: `gold`, `recovery` and
//! `guess` on tasks with a single answer, `report` is gold on tasks with a rubric, `report_guess` a guess there. Each
//! iteration scores the next episode of its kind, so the time is the mean of an episode.
//!
//! Run with `cargo bench -p finqa-benches --bench episode_score`.

use std::hint::black_box;
use std::sync::Arc;

use criterion::{Criterion, criterion_group, criterion_main};
use finqa_benches::{SEED, context};
use finqa_core::Task;
use finqa_core::answer::AnswerMode;
use finqa_core::behaviour::{
    CallEvent, Ended, EpisodeLog, EpisodeScore, RewardConfig, RewardMode, TableKey, needed_tables,
    score_episode,
};
use finqa_env::episode::Step;
use finqa_env::stats::Delta;
use finqa_env::{Action, Context, EnvConfig, Episode, Status};
use finqa_policy::{PolicyKind, ScriptedPolicy};

const NUM_EPISODES: usize = 128;

/// A finished episode with all that its score needs.
struct Played {
    task: Arc<Task>,
    calls: Vec<CallEvent>,
    outputs: Vec<String>,
    submission: Option<String>,
    needed: Vec<TableKey>,
}

impl Played {
    fn score(&self, outputs: &[&str], config: &RewardConfig) -> EpisodeScore {
        let log = EpisodeLog {
            calls: &self.calls,
            more_tables: &[],
            outputs,
            submission: self.submission.as_deref(),
            ended: if self.submission.is_some() {
                Ended::Submitted
            } else {
                Ended::OutOfTurns
            },
            needed_tables: &self.needed,
            can_list: true,
            can_inspect: true,
        };
        score_episode(&self.task, &log, AnswerMode::Strict, config)
    }

    fn outputs(&self) -> Vec<&str> {
        self.outputs.iter().map(String::as_str).collect()
    }
}

/// Plays an episode and keeps it.
fn play(ctx: &Context, policy: &mut ScriptedPolicy, task_index: u32) -> Played {
    policy.reset(0, task_index).expect("the task exists");
    let mut episode = Episode::new(ctx, task_index).expect("the task exists");
    let mut delta = Delta::new(false);
    let mut observation = String::new();
    let mut outputs = Vec::new();
    while episode.status() == Status::Running {
        let message = policy.act(0, &observation).expect("the slot was reset");
        let step = episode.step(ctx, Action::Text(&message), false, &mut delta);
        let Step::Done(turn) = step else {
            unreachable!("no tool of a user is configured");
        };
        observation.clear();
        turn.observation.write_to(&mut observation);
        // Scripted policies make one call a message.
        outputs.push(observation.clone());
    }
    let calls = episode.calls().to_vec();
    assert_eq!(calls.len(), outputs.len(), "one call a message");
    let task = Arc::clone(episode.task());
    let needed = needed_tables(&task)
        .into_iter()
        .filter_map(|(company, table)| {
            let index = ctx.corpus.company_index(company)? as u32;
            let company = ctx.corpus.company(index).ok()?;
            let at = company.tables.iter().position(|t| t.name == table)?;
            Some((index, at as u16))
        })
        .collect();
    Played {
        calls,
        outputs,
        submission: episode.submission().map(str::to_owned),
        needed,
        task,
    }
}

/// The first tasks with (or without) a rubric, played by a policy.
fn record(ctx: &Context, kind: PolicyKind, has_rubric: bool) -> Vec<Played> {
    let mut policy =
        ScriptedPolicy::new(kind, Arc::clone(&ctx.corpus), ctx.toolbox.clone(), 1, SEED);
    (0..ctx.corpus.num_tasks() as u32)
        .filter(|&i| {
            let task = ctx.corpus.task(i).expect("the task exists");
            task.rubric.is_some() == has_rubric
        })
        .take(NUM_EPISODES)
        .map(|i| play(ctx, &mut policy, i))
        .collect()
}

fn episode(c: &mut Criterion) {
    let ctx = context(EnvConfig::default());
    let config = RewardConfig {
        mode: RewardMode::Shaped,
        ..RewardConfig::default()
    };
    let mut group = c.benchmark_group("score_episode");
    for (name, kind, has_rubric) in [
        ("gold", PolicyKind::Gold, false),
        ("recovery", PolicyKind::Recovery, false),
        ("guess", PolicyKind::Guess, false),
        ("report", PolicyKind::Gold, true),
        ("report_guess", PolicyKind::Guess, true),
    ] {
        let played = record(&ctx, kind, has_rubric);
        let outputs: Vec<Vec<&str>> = played.iter().map(Played::outputs).collect();
        let right = played
            .iter()
            .zip(&outputs)
            .filter(|(p, texts)| p.score(texts, &config).is_correct)
            .count();
        let is_guess = kind == PolicyKind::Guess;
        assert!(
            right == if is_guess { 0 } else { played.len() },
            "{name}: {right} are right"
        );
        let mut next = 0;
        group.bench_function(name, |b| {
            b.iter(|| {
                next = (next + 1) % played.len();
                black_box(&played[next]).score(&outputs[next], &config)
            });
        });
    }
    group.finish();
}

criterion_group!(benches, episode);
criterion_main!(benches);
