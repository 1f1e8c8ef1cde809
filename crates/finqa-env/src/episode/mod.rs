//! One attempt at one task: Running until an answer is submitted (Terminated) or something else ends it (Truncated).

mod score;
mod turn;

use std::sync::Arc;

use finqa_core::answer::Verdict;
use finqa_core::behaviour::{CallEvent, EpisodeScore, TableKey};
use finqa_core::error::ToolErrorCode;
use finqa_core::task::Task;
use finqa_core::tool::ToolCall;

use crate::context::Context;
use crate::dispatch::InScope;
use crate::error::Result;
use crate::observation::{Observation, Text, ToolMessage};
use crate::recorder::{NumTokens, Trail};
use crate::stats::Delta;

use turn::Progress;

/// Why an episode ended without an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum TruncationReason {
    /// It used up its turns.
    MaxTurns = 1,
    /// A malformed call, with `on_malformed = "terminate"`.
    MalformedAction = 2,
    /// The wall guard of a call: a fault of the machine, not of the policy.
    InfraTimeout = 3,
    /// A failure inside the engine.
    InfraBackend = 4,
    /// A panic while the message was handled.
    WorkerPanic = 5,
    /// The caller's budget of tokens for it was used up.
    TokenLimit = 6,
}

impl TruncationReason {
    /// Names by numeric value; 0 is "not truncated".
    pub const NAMES: [&'static str; 7] = [
        "",
        "max_turns",
        "malformed_action",
        "infra_timeout",
        "infra_backend",
        "worker_panic",
        "token_limit",
    ];

    /// Stable name.
    pub const fn name(self) -> &'static str {
        Self::NAMES[self as usize]
    }
}

/// Where an episode stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// It takes actions.
    Running,
    /// An answer was submitted.
    Terminated,
    /// It ended without an answer.
    Truncated(TruncationReason),
}

/// A message of the policy.
#[derive(Clone, Copy, Debug)]
pub enum Action<'a> {
    /// Raw assistant text.
    Text(&'a str),
    /// A message whose calls were parsed elsewhere: its text and OpenAI's `tool_calls` list.
    Structured(&'a str, &'a serde_json::Value),
}

/// A message of the policy and what it saw afterwards.
#[derive(Clone, Debug)]
pub struct Exchange {
    /// The message's text.
    pub action: Box<str>,
    /// Structured calls as JSON; empty if the message was plain text.
    pub tool_calls: Box<str>,
    /// The message was cut by its token limit.
    pub length_limited: bool,
    /// Its tokens, if the caller counts them.
    pub num_tokens: Option<NumTokens>,
    /// What came back.
    pub messages: Box<[ToolMessage]>,
}

/// What a message came to.
#[derive(Clone, Debug, Default)]
pub struct Turn {
    /// What the policy sees.
    pub observation: Observation,
    /// Reward of this turn; 0 unless the episode ended in it.
    pub reward: f32,
    /// Calls that ran in this turn.
    pub num_calls: u16,
    /// Mistakes in this turn.
    pub num_errors: u16,
    /// The last mistake.
    pub last_error: Option<ToolErrorCode>,
    /// Text of the infrastructure fault that ended the episode.
    pub infra_error: Option<Box<str>>,
}

/// A call of a user's tool that waits for its result.
#[derive(Clone, Debug, PartialEq)]
pub struct UserCall {
    /// Index of the tool in the toolbox.
    pub tool: usize,
    /// The call.
    pub call: ToolCall,
}

/// A message is handled, or waits for a user's tool.
pub enum Step {
    /// The turn is over.
    Done(Turn),
    /// The caller runs the tool and calls [`Episode::resume`].
    UserCall(UserCall),
}

/// One attempt at one task.
pub struct Episode {
    task: Arc<Task>,
    task_index: u32,
    companies: Box<[InScope]>,
    turn: u16,
    status: Status,
    calls: Vec<CallEvent>,
    /// See [`finqa_core::behaviour::EpisodeLog::more_tables`].
    more_tables: Box<[(usize, TableKey)]>,
    /// What each call returned, until the episode is scored.
    outputs: Vec<Text>,
    transcript: Vec<Exchange>,
    submission: Option<Box<str>>,
    score: Option<Arc<EpisodeScore>>,
    progress: Option<Box<Progress>>,
    pub(crate) trail: Trail,
}

impl Episode {
    /// Starts an episode of task `task_index` of the corpus, whose companies are made now if nobody has them.
    ///
    /// # Errors
    /// [`crate::Error::Core`] if the corpus has no such task or cannot make one of its companies.
    pub fn new(ctx: &Context, task_index: u32) -> Result<Self> {
        let task = ctx.task(task_index)?;
        let companies = ctx
            .corpus
            .task_companies(task_index)?
            .into_iter()
            .map(|index| Ok((index, ctx.catalog.company(index)?)))
            .collect::<Result<_>>()?;
        Ok(Self {
            task,
            task_index,
            companies,
            turn: 0,
            status: Status::Running,
            calls: Vec::new(),
            more_tables: Box::default(),
            outputs: Vec::new(),
            transcript: Vec::new(),
            submission: None,
            score: None,
            progress: None,
            trail: Trail::default(),
        })
    }

    /// The task.
    pub fn task(&self) -> &Arc<Task> {
        &self.task
    }

    /// Index of the task in the corpus.
    pub fn task_index(&self) -> u32 {
        self.task_index
    }

    /// First company, by which work is sorted.
    pub fn company(&self) -> u32 {
        self.companies[0].0
    }

    /// Place of a company of the corpus among those of the task.
    pub(crate) fn company_place(&self, company: u32) -> Option<usize> {
        self.companies
            .iter()
            .position(|(index, _)| *index == company)
    }

    /// Name of a table of one of the task's companies.
    pub(crate) fn table_name(&self, (company, table): TableKey) -> Option<&str> {
        let (_, texts) = self.companies.iter().find(|(index, _)| *index == company)?;
        let table = texts.company.tables.get(usize::from(table))?;
        Some(&table.name)
    }

    /// Messages handled so far.
    pub fn turn(&self) -> u16 {
        self.turn
    }

    /// Where it stands.
    pub fn status(&self) -> Status {
        self.status
    }

    /// Every call so far.
    pub fn calls(&self) -> &[CallEvent] {
        &self.calls
    }

    /// The exchanges so far; empty if `keep_messages` is off.
    pub fn transcript(&self) -> &[Exchange] {
        &self.transcript
    }

    /// The answer that was handed in.
    pub fn submission(&self) -> Option<&str> {
        self.submission.as_deref()
    }

    /// What the answer was worth.
    pub fn verdict(&self) -> Option<Verdict> {
        let score = self.score.as_ref()?;
        score.reason.map(|reason| Verdict {
            score: score.outcome,
            is_correct: score.is_correct,
            reason,
        })
    }

    /// What the episode came to; `None` while it runs.
    pub fn score(&self) -> Option<&Arc<EpisodeScore>> {
        self.score.as_ref()
    }

    /// Ends the running episode for its caller, whose tokens for it are used up. Costs no turn.
    pub(crate) fn truncate(&mut self, ctx: &Context, delta: &mut Delta) -> Turn {
        self.status = Status::Truncated(TruncationReason::TokenLimit);
        self.conclude(ctx, delta);
        Turn {
            reward: self.reward(),
            ..Turn::default()
        }
    }

    /// Ends the episode after a panic: the slot is lost, its siblings go on.
    pub(crate) fn abandon(&mut self, message: &str, delta: &mut Delta) -> Turn {
        self.status = Status::Truncated(TruncationReason::WorkerPanic);
        self.progress = None;
        self.outputs = Vec::new();
        self.score = Some(Arc::new(score::lost()));
        delta.panics += 1;
        delta.infra_faults += 1;
        delta.truncated += 1;
        Turn {
            observation: Observation::default(),
            reward: 0.0,
            num_calls: 0,
            num_errors: 0,
            last_error: None,
            infra_error: Some(format!("worker_panic: {message}").into()),
        }
    }
}
