//! Scripted policies for slots of a vectorised environment.

mod draw;
mod guess;
mod listing;
mod random;
mod recovery;
mod spam;

use std::sync::Arc;

use finqa_core::corpus::Corpus;
use finqa_core::error::{Error, Result};
use finqa_core::task::Task;
use finqa_core::tool::Toolbox;

use crate::gold::{GoldRun, submit};
use draw::Draw;
use guess::Guess;
use random::Random;
use recovery::Recovery;
use spam::SpamTables;

/// Which script.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PolicyKind {
    /// Lists, reads the schema, queries, computes, answers: right wherever the task has a gold program.
    Gold,
    /// Gold after one mistake that it notices and repairs: a misremembered table, a wrong column, a label that
    /// matches nothing, a missing argument. Right wherever the task has a gold program.
    Recovery,
    /// Guesses a table or a column, and after the error gives up or invents a number: the published failure story.
    Guess,
    /// Well-formed calls of random tools with random arguments.
    Random,
    /// Reads the schema of every table, then submits an invented number.
    SpamTables,
    /// Submits a number at once.
    Immediate,
}

impl PolicyKind {
    /// Every script.
    pub const ALL: [Self; 6] = [
        Self::Gold,
        Self::Recovery,
        Self::Guess,
        Self::Random,
        Self::SpamTables,
        Self::Immediate,
    ];

    /// Name as users write it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Gold => "gold",
            Self::Recovery => "recovery",
            Self::Guess => "guess",
            Self::Random => "random",
            Self::SpamTables => "spam_tables",
            Self::Immediate => "immediate",
        }
    }

    /// Whether the script follows the task's gold program, so that it has nothing to show without one.
    pub const fn needs_gold(self) -> bool {
        matches!(self, Self::Gold | Self::Recovery)
    }

    /// Reads a name.
    ///
    /// # Errors
    /// [`Error::InvalidConfig`] naming the scripts.
    pub fn parse(name: &str) -> Result<Self> {
        Self::ALL
            .into_iter()
            .find(|k| k.name() == name)
            .ok_or_else(|| {
                let names: Vec<_> = Self::ALL.iter().map(|k| k.name()).collect();
                Error::InvalidConfig(format!(
                    "policy {name:?} is unknown; it must be one of {}",
                    names.join(", ")
                ))
            })
    }
}

/// What a script may look at besides what the tools return.
struct Scene<'a> {
    task: &'a Task,
    tools: &'a Toolbox,
    /// Only to tell names that exist from names that do not.
    corpus: &'a Corpus,
}

/// One episode of a script.
trait Script: Send {
    /// Which course it takes, a stable word.
    fn variant(&self) -> &'static str;

    /// The next message, after `observation`.
    fn act(&mut self, scene: &Scene<'_>, observation: &str) -> String;
}

impl Script for GoldRun {
    fn variant(&self) -> &'static str {
        "straight"
    }

    fn act(&mut self, scene: &Scene<'_>, observation: &str) -> String {
        GoldRun::act(self, scene.task, scene.tools, observation)
    }
}

struct Immediate(Draw);

impl Script for Immediate {
    fn variant(&self) -> &'static str {
        "immediate"
    }

    fn act(&mut self, scene: &Scene<'_>, _observation: &str) -> String {
        submit(scene.tools, &self.0.invented())
    }
}

/// One script in one episode.
pub struct PolicyRun {
    task: Arc<Task>,
    script: Box<dyn Script>,
}

impl PolicyRun {
    /// Starts script `kind` on `task` of `corpus`. What it draws depends on `seeds` only.
    pub fn new(
        kind: PolicyKind,
        corpus: &Corpus,
        tools: &Toolbox,
        task: &Arc<Task>,
        seeds: &[u64],
    ) -> Self {
        let draw = Draw::new(seeds);
        let script: Box<dyn Script> = match kind {
            PolicyKind::Gold => Box::new(GoldRun::new(task)),
            PolicyKind::Recovery => Box::new(Recovery::new(corpus, tools, task, draw)),
            PolicyKind::Guess => Box::new(Guess::new(task, draw)),
            PolicyKind::Random => Box::new(Random::new(draw)),
            PolicyKind::SpamTables => Box::new(SpamTables::new(draw)),
            PolicyKind::Immediate => Box::new(Immediate(draw)),
        };
        Self {
            task: Arc::clone(task),
            script,
        }
    }

    /// The course that the script takes in this episode, a stable word ("wrong_column").
    pub fn variant(&self) -> &'static str {
        self.script.variant()
    }

    /// The next message, after `observation` (the prompt, at first).
    pub fn act(&mut self, corpus: &Corpus, tools: &Toolbox, observation: &str) -> String {
        let scene = Scene {
            task: &self.task,
            tools,
            corpus,
        };
        self.script.act(&scene, observation)
    }
}

#[derive(Default)]
struct Slot {
    /// Episodes started in this slot.
    episodes: u64,
    run: Option<PolicyRun>,
}

/// One script driving many slots. What it draws depends on seed, slot and the number of the episode in the slot.
pub struct ScriptedPolicy {
    kind: PolicyKind,
    corpus: Arc<Corpus>,
    tools: Toolbox,
    seed: u64,
    slots: Vec<Slot>,
}

impl ScriptedPolicy {
    /// A policy for `num_envs` slots of an environment with `tools` over `corpus`.
    pub fn new(
        kind: PolicyKind,
        corpus: Arc<Corpus>,
        tools: Toolbox,
        num_envs: usize,
        seed: u64,
    ) -> Self {
        Self {
            kind,
            corpus,
            tools,
            seed,
            slots: (0..num_envs).map(|_| Slot::default()).collect(),
        }
    }

    /// Tells the policy that `slot` starts an episode of task `task_index`.
    ///
    /// # Errors
    /// [`Error::InvalidConfig`] for a slot that does not exist; as [`Corpus::task`].
    pub fn reset(&mut self, slot: usize, task_index: u32) -> Result<()> {
        let num_slots = self.slots.len();
        let task = self.corpus.task(task_index)?;
        let Some(place) = self.slots.get_mut(slot) else {
            return Err(Error::InvalidConfig(format!(
                "there is no env {slot}; there are {num_slots}"
            )));
        };
        let seeds = [self.seed, slot as u64, place.episodes];
        place.episodes += 1;
        place.run = Some(PolicyRun::new(
            self.kind,
            &self.corpus,
            &self.tools,
            &task,
            &seeds,
        ));
        Ok(())
    }

    /// The next message of `slot` after `observation`.
    ///
    /// # Errors
    /// [`Error::InvalidConfig`] if the slot was never reset.
    pub fn act(&mut self, slot: usize, observation: &str) -> Result<String> {
        let run = self
            .slots
            .get_mut(slot)
            .and_then(|s| s.run.as_mut())
            .ok_or_else(|| never_reset(slot))?;
        Ok(run.act(&self.corpus, &self.tools, observation))
    }

    /// The course that the script takes in the episode of `slot`, a stable word ("wrong_column").
    ///
    /// # Errors
    /// [`Error::InvalidConfig`] if the slot was never reset.
    pub fn variant(&self, slot: usize) -> Result<&'static str> {
        self.slots
            .get(slot)
            .and_then(|s| s.run.as_ref())
            .map(PolicyRun::variant)
            .ok_or_else(|| never_reset(slot))
    }
}

fn never_reset(slot: usize) -> Error {
    Error::InvalidConfig(format!("env {slot} was never reset in this policy"))
}
