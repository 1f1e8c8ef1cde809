//! Recorded messages of the gold policy on a part of the synthetic corpus, to be replayed without the policy's own cost.
//!
//! The mix of tools is that of the gold programs: list, info and query for every table of a task, the calculator
//! where the answer is computed, one submission.
#![forbid(unsafe_code)]

use std::sync::Arc;

use finqa_core::Corpus;
use finqa_core::corpus::Pick;
use finqa_core::tool::ToolKind;
use finqa_data::{SynthConfig, materialise, synthetic};
use finqa_env::episode::Step;
use finqa_env::stats::Delta;
use finqa_env::{Action, ActionSource, Context, EnvConfig, Episode};
use finqa_policy::{PolicyKind, ScriptedPolicy};
use finqa_sqlite::{BackendConfig, SqliteBackend};

/// Companies of the corpus: enough for their images and connections to be warm, as in a long run.
pub const NUM_COMPANIES: u32 = 32;
/// Seed of the corpus.
pub const SEED: u64 = 7;

/// The first companies of split `train` of the synthetic corpus.
///
/// # Panics
/// If the corpus cannot be made, which its tests rule out.
pub fn corpus() -> Arc<Corpus> {
    let whole = synthetic(SEED, SynthConfig::default()).expect("the defaults are valid");
    let pick = Pick::first("train", NUM_COMPANIES);
    Arc::new(materialise(&whole, &[pick]).expect("the generator makes every company"))
}

/// A backend with default settings.
///
/// # Panics
/// If SQLite refuses its settings.
pub fn backend() -> Arc<SqliteBackend> {
    Arc::new(SqliteBackend::new(BackendConfig::default()).expect("SQLite starts"))
}

/// One episode as a list of messages.
#[derive(Clone, Debug)]
pub struct Script {
    /// Index of the task in the corpus.
    pub task_index: u32,
    /// The messages of the policy in order.
    pub messages: Vec<String>,
}

/// Runs the gold policy on the first `num_tasks` tasks and writes down what it said.
///
/// # Panics
/// If an episode does not end with an answer that is right: then the numbers would measure something else.
pub fn record(ctx: &Context, num_tasks: usize) -> Vec<Script> {
    let mut policy = ScriptedPolicy::new(
        PolicyKind::Gold,
        Arc::clone(&ctx.corpus),
        ctx.toolbox.clone(),
        1,
        SEED,
    );
    let mut delta = Delta::new(false);
    (0..num_tasks as u32)
        .map(|task_index| {
            policy.reset(0, task_index).expect("the task exists");
            let mut episode = Episode::new(ctx, task_index).expect("the task exists");
            let mut messages = Vec::new();
            let mut observation = String::new();
            while episode.status() == finqa_env::Status::Running {
                let message = policy.act(0, &observation).expect("the slot was reset");
                observation.clear();
                match episode.step(ctx, Action::Text(&message), false, &mut delta) {
                    Step::Done(turn) => turn.observation.write_to(&mut observation),
                    Step::UserCall(_) => unreachable!("no tool of a user is configured"),
                }
                messages.push(message);
            }
            let right = episode.verdict().is_some_and(|v| v.score >= 1.0);
            assert!(right, "the gold policy misses task {task_index}");
            Script {
                task_index,
                messages,
            }
        })
        .collect()
}

/// Plays one script through an episode of its own; returns the number of steps.
///
/// # Panics
/// If the corpus of `ctx` is not the one that the script was made for.
pub fn play(ctx: &Context, script: &Script, delta: &mut Delta) -> usize {
    let mut episode = Episode::new(ctx, script.task_index).expect("the task exists");
    for message in &script.messages {
        let _ = std::hint::black_box(episode.step(ctx, Action::Text(message), false, delta));
    }
    script.messages.len()
}

/// The first recorded message that calls a tool of `kind`.
pub fn message_for<'a>(ctx: &Context, scripts: &'a [Script], kind: ToolKind) -> Option<&'a str> {
    let name = format!("\"name\":\"{}\"", ctx.toolbox.name_of(kind)?);
    scripts
        .iter()
        .flat_map(|script| &script.messages)
        .find(|message| message.contains(&name))
        .map(String::as_str)
}

/// Everything the environment benches share: context with the default configuration and a warm backend.
///
/// # Panics
/// If the default configuration were refused.
pub fn context(config: EnvConfig) -> Context {
    Context::new(corpus(), backend(), config).expect("the default configuration is valid")
}

/// The messages of one step of a batch, one a slot.
#[derive(Debug)]
pub struct Messages(pub Vec<String>);

impl ActionSource for Messages {
    fn action(&self, index: usize) -> (Action<'_>, bool) {
        (Action::Text(&self.0[index]), false)
    }
}
