//! Behaviour: what an episode's calls say about the policy, whatever its answer was worth.
//!
//! Whoever has a log of calls (the engine, or a reader of somebody else's traces) makes an [`EpisodeLog`] of it.
//! Rules and names: `docs/spec/behaviour.md`.

mod checks;
mod claim;
mod criteria;
mod digits;
mod evidence;
mod failure;
pub mod fingerprint;
mod names;
mod reason;
mod reward;
mod score;
mod sql_traits;
mod wrong;

use crate::action::AttemptStatus;
use crate::error::ToolErrorCode;
use crate::tool::ToolKind;

pub(crate) use claim::{Claim, is_rate};
pub(crate) use digits::scaled;
pub(crate) use reward::unknown_check;

pub use criteria::{CriterionInfo, criteria_of, needed_tables};
pub use names::{Check, Failure, Flag, WrongAnswer};
pub use reason::{CHECK_REASONS, REASONS, reason_code};
pub use reward::{CheckWeights, RewardConfig, RewardMode};
pub use score::{Ended, EpisodeLog, EpisodeScore, Set, score_episode};
pub use sql_traits::{SqlTraits, sql_reads, sql_tables, sql_traits};

/// A table: index of the company in the corpus (or any other number that tells companies apart), then of the table.
pub type TableKey = (u32, u16);

/// One call in the log of an episode.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CallEvent {
    /// Turn, counted from 1.
    pub turn: u16,
    /// Tool; `None` if the call could not be read.
    pub kind: Option<ToolKind>,
    /// How the call was read.
    pub status: AttemptStatus,
    /// The mistake, if it was one.
    pub error: Option<ToolErrorCode>,
    /// The table that was asked; of those that a query joins, the first ([`EpisodeLog::more_tables`] has the others).
    pub table: Option<TableKey>,
    /// Rows of a query's result.
    pub rows: u32,
    /// Equal for calls of the same tool with the same arguments.
    pub fingerprint: u64,
    /// The query filters rows (`WHERE`, `HAVING`).
    pub has_filter: bool,
    /// The query does arithmetic or aggregates.
    pub has_arithmetic: bool,
    /// Time the tool took; 0 if it was not measured.
    pub latency_ns: u32,
}
