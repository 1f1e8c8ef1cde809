//! Is every task of a corpus answerable inside the sandbox, and is its gold answer scored as right?

use std::sync::Arc;

use finqa_core::answer::AnswerMode;
use finqa_core::corpus::Corpus;
use finqa_core::sql::SqlBackend;
use finqa_core::task::Task;
use finqa_core::tool::ToolProfile;
use finqa_env::episode::{Action, Status, Step};
use finqa_env::stats::Delta;
use finqa_env::{Context, EnvConfig, Episode};

use crate::gold::GoldRun;

/// How to validate.
#[derive(Clone, Debug)]
pub struct ValidateOptions {
    /// Tools to work with.
    pub tool_profile: ToolProfile,
    /// Rules to score by.
    pub answer_mode: AnswerMode,
}

impl Default for ValidateOptions {
    fn default() -> Self {
        Self {
            tool_profile: ToolProfile::Rllm,
            answer_mode: AnswerMode::Strict,
        }
    }
}

/// What came of one task.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TaskCheck {
    /// Index in the corpus.
    pub task_index: u32,
    /// Stable outcome: `ok`, `no_gold`, `tool_error`, `wrong_answer`, `truth_not_accepted`, `no_answer`.
    pub outcome: &'static str,
    /// What was seen, for outcomes other than `ok`.
    pub detail: String,
    /// The answer that the gold program came to.
    pub submission: String,
}

/// Runs the gold program of every task through the engine and scores what it submits.
///
/// `progress` is called after every task with the number done; returning false stops early.
///
/// # Errors
/// [`finqa_env::Error`] if the environment cannot be set up over this corpus.
pub fn validate(
    corpus: &Arc<Corpus>,
    backend: &Arc<dyn SqlBackend>,
    options: &ValidateOptions,
    progress: &mut dyn FnMut(usize) -> bool,
) -> finqa_env::Result<Vec<TaskCheck>> {
    let ctx = context(corpus, backend, options)?;
    let tasks = corpus.task_indices(None, None)?;
    let mut checks = Vec::with_capacity(tasks.len());
    for index in tasks {
        checks.push(check(&ctx, index)?);
        if !progress(checks.len()) {
            break;
        }
    }
    Ok(checks)
}

/// An environment for gold programs, which may be longer than an episode usually is.
pub(crate) fn context(
    corpus: &Arc<Corpus>,
    backend: &Arc<dyn SqlBackend>,
    options: &ValidateOptions,
) -> finqa_env::Result<Context> {
    let config = EnvConfig {
        tool_profile: options.tool_profile,
        answer_mode: options.answer_mode,
        max_turns: Some(200),
        keep_messages: false,
        ..EnvConfig::default()
    };
    Context::new(Arc::clone(corpus), Arc::clone(backend), config)
}

pub(crate) fn check(ctx: &Context, task_index: u32) -> finqa_env::Result<TaskCheck> {
    let episode = Episode::new(ctx, task_index)?;
    let task = Arc::clone(episode.task());
    Ok(play(ctx, task_index, &task, episode))
}

fn play(ctx: &Context, task_index: u32, task: &Task, mut episode: Episode) -> TaskCheck {
    let outcome = |outcome, detail: String, submission: &str| TaskCheck {
        task_index,
        outcome,
        detail,
        submission: submission.into(),
    };
    if task.gold.is_none() {
        return outcome("no_gold", "the task has no gold program".into(), "");
    }
    let truth = task.score(&task.truth, ctx.config.answer_mode);
    if truth.score < 1.0 {
        return outcome(
            "truth_not_accepted",
            format!(
                "the truth {:?} is not accepted as its own answer ({})",
                task.truth, truth.reason
            ),
            "",
        );
    }
    let mut run = GoldRun::new(task);
    let mut delta = Delta::new(false);
    let mut observation = String::new();
    while episode.status() == Status::Running {
        let message = run.act(task, &ctx.toolbox, &observation);
        // No user tools are configured, so a step is always done.
        let Step::Done(turn) = episode.step(ctx, Action::Text(&message), false, &mut delta) else {
            break;
        };
        observation.clear();
        turn.observation.write_to(&mut observation);
        if let Some(code) = turn.last_error {
            return outcome(
                "tool_error",
                format!("{code}: {observation} (message: {message})"),
                "",
            );
        }
    }
    let submission = episode.submission().unwrap_or("");
    match episode.verdict() {
        None => outcome(
            "no_answer",
            format!("the episode ended as {:?}", episode.status()),
            "",
        ),
        Some(verdict) if verdict.score >= 1.0 => outcome("ok", String::new(), submission),
        Some(verdict) => outcome(
            "wrong_answer",
            format!(
                "submitted {submission:?}, truth {:?} ({})",
                task.truth, verdict.reason
            ),
            submission,
        ),
    }
}
