//! Scripted policies for slots of a vectorised environment.

use std::sync::Arc;

use finqa_core::corpus::Corpus;
use finqa_core::error::{Error, Result};
use finqa_core::task::Task;
use finqa_core::tool::{ToolKind, Toolbox};

use crate::actions::{call, call_of};
use crate::gold::{GoldRun, submit};

/// Which script.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PolicyKind {
    /// Lists, reads the schema, queries, computes, answers: right wherever the task has a gold program.
    Gold,
    /// Guesses a table and a column, and after the error invents a number: the published failure story.
    Guess,
    /// Well-formed calls of random tools with random arguments.
    Random,
    /// Submits a number at once.
    Immediate,
}

impl PolicyKind {
    /// Every script.
    pub const ALL: [Self; 4] = [Self::Gold, Self::Guess, Self::Random, Self::Immediate];

    /// Name as users write it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Gold => "gold",
            Self::Guess => "guess",
            Self::Random => "random",
            Self::Immediate => "immediate",
        }
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

struct Slot {
    task: Arc<Task>,
    turn: u32,
    random: u64,
    gold: Option<GoldRun>,
}

/// One script driving many slots.
pub struct ScriptedPolicy {
    kind: PolicyKind,
    corpus: Arc<Corpus>,
    tools: Toolbox,
    seed: u64,
    slots: Vec<Option<Slot>>,
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
            slots: (0..num_envs).map(|_| None).collect(),
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
        *place = Some(Slot {
            turn: 0,
            random: next(self.seed ^ next(slot as u64)),
            gold: (self.kind == PolicyKind::Gold).then(|| GoldRun::new(&task)),
            task,
        });
        Ok(())
    }

    /// The next message of `slot` after `observation`.
    ///
    /// # Errors
    /// [`Error::InvalidConfig`] if the slot was never reset.
    pub fn act(&mut self, slot: usize, observation: &str) -> Result<String> {
        let Some(state) = self.slots.get_mut(slot).and_then(Option::as_mut) else {
            return Err(Error::InvalidConfig(format!(
                "env {slot} was never reset in this policy"
            )));
        };
        state.turn += 1;
        let task = &*state.task;
        if let Some(gold) = &mut state.gold {
            return Ok(gold.act(task, &self.tools, observation));
        }
        let company = task.companies[0].as_str();
        Ok(match (self.kind, state.turn) {
            (PolicyKind::Guess, 1) => {
                let (table, column) = GUESSES[below(&mut state.random, GUESSES.len())];
                let year = 2018 + below(&mut state.random, 7);
                let sql = format!("SELECT \"{year}\" FROM {table} WHERE {column} LIKE '%total%'");
                call(
                    &self.tools,
                    ToolKind::SqlQuery,
                    &[
                        ("company_name", company),
                        ("table_name", table),
                        ("query", &sql),
                    ],
                )
                .unwrap_or_default()
            }
            (PolicyKind::Random, turn) if turn < 6 => {
                random_call(&self.tools, &self.corpus, company, &mut state.random)
            }
            _ => submit(&self.tools, &invented(&mut state.random)),
        })
    }
}

/// Names that an undisciplined model tries first.
const GUESSES: [(&str, &str); 6] = [
    ("income_statement", "item"),
    ("balance_sheet", "item"),
    ("cash_flow_statement", "line_item"),
    ("revenue", "category"),
    ("financials", "metric"),
    ("debt", "description"),
];

/// A well-formed call of a random tool with random arguments, some of which exist.
pub fn random_call(tools: &Toolbox, corpus: &Corpus, company: &str, random: &mut u64) -> String {
    let spec = &tools.specs()[below(random, tools.specs().len())];
    let mut table = "no_such_table";
    let mut column = "item";
    let found = corpus
        .company_index(company)
        .and_then(|i| corpus.company(i as u32).ok());
    if let Some(found) = &found
        && !found.tables.is_empty()
        && below(random, 4) > 0
    {
        let chosen = &found.tables[below(random, found.tables.len())];
        table = &chosen.name;
        column = &chosen.columns[below(random, chosen.columns.len())];
    }
    let quoted = |name: &str| format!("\"{}\"", name.replace('"', "\"\""));
    let sql = format!(
        "SELECT {} FROM {} LIMIT {}",
        quoted(column),
        quoted(table),
        1 + below(random, 5)
    );
    let expression = format!("{} / {}", below(random, 10_000), below(random, 100));
    call_of(
        spec,
        &[
            ("company_name", company),
            ("table_name", table),
            ("query", &sql),
            ("expression", &expression),
            ("answer", &invented(random)),
        ],
    )
}

fn invented(random: &mut u64) -> String {
    let whole = below(random, 100_000);
    let cents = below(random, 100);
    format!("{whole}.{cents:02}")
}

fn below(random: &mut u64, n: usize) -> usize {
    *random = next(*random);
    ((u128::from(*random) * n as u128) >> 64) as usize
}

/// SplitMix64 (Steele, Lea, Flood 2014).
fn next(x: u64) -> u64 {
    let mut z = x.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}
