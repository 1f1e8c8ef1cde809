//! Demonstrations: whole episodes of the scripted policies, for supervised warm starts.

use std::sync::Arc;

use finqa_core::Corpus;
use finqa_core::answer::AnswerMode;
use finqa_core::chat::{ArgumentsForm, CallForm, ChatCall, ChatMessage, Demonstration, Role};
use finqa_core::sql::SqlBackend;
use finqa_core::tool::{ToolProfile, ToolSpec};
use finqa_env::episode::{Action, Status, Step, Turn};
use finqa_env::stats::Delta;
use finqa_env::{Context, EnvConfig, Episode};
use serde_json::Value;

use crate::actions::calls_in;
use crate::policy::{PolicyKind, PolicyRun};

/// Which demonstrations.
#[derive(Clone, Debug)]
pub struct DemonstrateOptions {
    /// Scripts; each plays every task.
    pub policies: Vec<PolicyKind>,
    /// Tools to work with.
    pub tool_profile: ToolProfile,
    /// Rules to score by.
    pub answer_mode: AnswerMode,
    /// How calls are written.
    pub call_form: CallForm,
    /// Only tasks of this split; `None` for all.
    pub split: Option<String>,
    /// At most so many tasks; `None` for all.
    pub max_tasks: Option<usize>,
    /// Seed of the scripts. What a script does in a task depends on seed, task id and script only.
    pub seed: u64,
    /// Leave out episodes with a smaller reward.
    pub min_reward: Option<f32>,
    /// Messages of an episode; `None` is the corpus's own limit.
    pub max_turns: Option<u32>,
}

impl Default for DemonstrateOptions {
    fn default() -> Self {
        Self {
            policies: vec![PolicyKind::Gold],
            tool_profile: ToolProfile::default(),
            answer_mode: AnswerMode::default(),
            call_form: CallForm::default(),
            split: None,
            max_tasks: None,
            seed: 0,
            min_reward: None,
            max_turns: None,
        }
    }
}

/// Plays demonstrations one after the other: task by task, each with every policy.
///
/// Tasks without a gold program are passed over by the policies that follow one.
pub struct Demonstrations {
    ctx: Context,
    options: DemonstrateOptions,
    tools: Arc<Value>,
    tasks: Vec<u32>,
    /// The next episode: policies count fastest.
    next: usize,
    left_out: usize,
}

impl Demonstrations {
    /// Sets the episodes up; nothing is played yet.
    ///
    /// # Errors
    /// [`finqa_env::Error`] if the corpus has no such split or the environment cannot be set up over it.
    pub fn new(
        corpus: &Arc<Corpus>,
        backend: &Arc<dyn SqlBackend>,
        options: DemonstrateOptions,
    ) -> finqa_env::Result<Self> {
        let config = EnvConfig {
            tool_profile: options.tool_profile,
            answer_mode: options.answer_mode,
            max_turns: options.max_turns,
            keep_messages: false,
            ..EnvConfig::default()
        };
        let ctx = Context::new(Arc::clone(corpus), Arc::clone(backend), config)?;
        let tools = ctx.toolbox.specs().iter().map(ToolSpec::to_openai);
        let tools = Arc::new(tools.collect());
        let tasks = corpus.task_indices(options.split.as_deref(), options.max_tasks)?;
        Ok(Self {
            ctx,
            options,
            tools,
            tasks,
            next: 0,
            left_out: 0,
        })
    }

    /// Episodes in all, those that will be left out included.
    pub fn num_episodes(&self) -> usize {
        self.tasks.len() * self.options.policies.len()
    }

    /// Episodes so far, those left out included.
    pub fn num_done(&self) -> usize {
        self.next
    }

    /// Episodes left out so far: tasks without gold, or a reward below `min_reward`.
    pub fn num_left_out(&self) -> usize {
        self.left_out
    }

    fn play(&self, kind: PolicyKind, task_index: u32) -> Option<Demonstration> {
        // A company that its source cannot make is counted with those left out.
        let task = self.ctx.corpus.task(task_index).ok()?;
        if kind.needs_gold() && task.gold.is_none() {
            return None;
        }
        // By id, not by place: a demonstration is the same in a part of the corpus.
        let seeds = [self.options.seed, hash(&task.id), hash(kind.name())];
        let tools = &self.ctx.toolbox;
        let mut run = PolicyRun::new(kind, &self.ctx.corpus, tools, &task, &seeds);
        let mut episode = Episode::new(&self.ctx, task_index).ok()?;
        let mut delta = Delta::new(false);
        let mut observation = self.ctx.task_prompt(&task);
        let mut messages = vec![
            ChatMessage::text(Role::System, &*self.ctx.system_prompt),
            ChatMessage::text(Role::User, observation.as_str()),
        ];
        let mut reward = 0.0;
        while episode.status() == Status::Running {
            let said = run.act(&self.ctx.corpus, tools, &observation);
            let turn = self.step(&mut episode, &said, &mut messages, &mut delta)?;
            observation.clear();
            turn.observation.write_to(&mut observation);
            reward += turn.reward;
        }
        if self.options.min_reward.is_some_and(|least| reward < least) {
            return None;
        }
        let verdict = match (episode.status(), episode.verdict()) {
            (Status::Truncated(reason), _) => reason.name(),
            (_, Some(verdict)) => verdict.reason,
            (_, None) => "",
        };
        let calls = episode.calls();
        Some(Demonstration {
            task_id: task.id.clone(),
            split: task.split.0.clone(),
            policy: kind.name().into(),
            variant: run.variant().into(),
            seed: self.options.seed,
            tool_profile: self.options.tool_profile,
            call_form: self.options.call_form,
            messages,
            tools: Arc::clone(&self.tools),
            submission: episode.submission().map(Into::into),
            reward,
            verdict: verdict.into(),
            num_turns: u32::from(episode.turn()),
            num_calls: calls.len() as u32,
            num_errors: calls.iter().filter(|c| c.error.is_some()).count() as u32,
        })
    }

    /// Hands one message of the script to the engine and writes down both sides.
    fn step(
        &self,
        episode: &mut Episode,
        said: &str,
        messages: &mut Vec<ChatMessage>,
        delta: &mut Delta,
    ) -> Option<Turn> {
        let turn_number = episode.turn() + 1;
        let (text, calls) = calls_in(said);
        let calls: Vec<ChatCall> = calls
            .into_iter()
            .enumerate()
            .map(|(i, (name, arguments))| ChatCall {
                id: format!("call_{turn_number}_{i}"),
                name,
                arguments,
            })
            .collect();
        let step = match self.options.call_form {
            CallForm::Text => episode.step(&self.ctx, Action::Text(said), false, delta),
            CallForm::Structured => {
                let list = calls.iter().map(|c| c.to_openai(ArgumentsForm::Text));
                let action = Action::Structured(&text, &list.collect());
                episode.step(&self.ctx, action, false, delta)
            }
        };
        // No user tools are configured, so a step is always done.
        let Step::Done(turn) = step else { return None };
        let names: Vec<String> = calls.iter().map(|c| c.name.clone()).collect();
        messages.push(match self.options.call_form {
            CallForm::Text => ChatMessage::text(Role::Assistant, said),
            CallForm::Structured => ChatMessage {
                tool_calls: calls,
                ..ChatMessage::text(Role::Assistant, text)
            },
        });
        for (i, tool) in turn.observation.messages.iter().enumerate() {
            let mut content = String::new();
            tool.content.write_to(&mut content);
            messages.push(ChatMessage {
                tool_call_id: format!("call_{turn_number}_{i}"),
                // A call that failed its schema check has no name in the engine's answer.
                name: names
                    .get(i)
                    .cloned()
                    .unwrap_or_else(|| tool.name.to_string()),
                ..ChatMessage::text(Role::Tool, content)
            });
        }
        Some(turn)
    }
}

impl Iterator for Demonstrations {
    type Item = Demonstration;

    fn next(&mut self) -> Option<Demonstration> {
        let policies = self.options.policies.len();
        while self.next < self.num_episodes() {
            let (task, policy) = (self.next / policies, self.next % policies);
            self.next += 1;
            let played = self.play(self.options.policies[policy], self.tasks[task]);
            if played.is_some() {
                return played;
            }
            self.left_out += 1;
        }
        None
    }
}

/// Plays the demonstrations and hands each to `sink`, until it returns false. Returns how many it was given.
///
/// # Errors
/// As [`Demonstrations::new`].
///
/// ```
/// use std::sync::Arc;
///
/// use finqa_core::sql::SqlBackend;
/// use finqa_core::corpus::Pick;
/// use finqa_data::{SynthConfig, materialise, synthetic};
/// use finqa_policy::{DemonstrateOptions, demonstrate};
/// use finqa_sqlite::{BackendConfig, SqliteBackend};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let whole = synthetic(0, SynthConfig::default())?;
/// let corpus = Arc::new(materialise(&whole, &[Pick::first("train", 1)])?);
/// let backend: Arc<dyn SqlBackend> = Arc::new(SqliteBackend::new(BackendConfig::default())?);
/// let mut rewards = Vec::new();
/// demonstrate(&corpus, &backend, DemonstrateOptions::default(), &mut |demo| {
///     rewards.push(demo.reward);
///     true
/// })?;
/// assert!(rewards.iter().all(|reward| *reward == 1.0));
/// # Ok(())
/// # }
/// ```
pub fn demonstrate(
    corpus: &Arc<Corpus>,
    backend: &Arc<dyn SqlBackend>,
    options: DemonstrateOptions,
    sink: &mut dyn FnMut(Demonstration) -> bool,
) -> finqa_env::Result<usize> {
    let mut given = 0;
    for demonstration in Demonstrations::new(corpus, backend, options)? {
        given += 1;
        if !sink(demonstration) {
            break;
        }
    }
    Ok(given)
}

/// FNV-1a, 64 bits: the same on every platform.
fn hash(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |state, byte| {
        (state ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}
