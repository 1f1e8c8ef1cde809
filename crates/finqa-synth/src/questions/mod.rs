//! Questions: what is asked of which company, drafts with gold programs, and the guard that drops ambiguous ones.

use finqa_core::Task;
use finqa_core::answer::AnswerSpec;
use finqa_core::gold::Gold;
use finqa_core::task::KnownWrong;

use crate::config::SynthConfig;
use crate::draw::Key;
use crate::identity::Identity;
use crate::ledger::Ledger;
use crate::style::Written;

/// A company as question makers see it.
pub(crate) struct View<'a> {
    pub(crate) key: Key,
    pub(crate) config: &'a SynthConfig,
    pub(crate) identity: &'a Identity,
    pub(crate) ledger: &'a Ledger,
    /// In the order in which the tables are listed.
    pub(crate) tables: &'a [Written],
}

/// A question before it is checked and numbered.
#[derive(Clone, Debug)]
pub(crate) struct Draft {
    pub(crate) question_type: &'static str,
    pub(crate) question: String,
    pub(crate) unit_hint: String,
    /// Answer as the benchmark writes it.
    pub(crate) truth: String,
    pub(crate) answer: AnswerSpec,
    pub(crate) gold: Gold,
    pub(crate) known_wrong: Vec<KnownWrong>,
    /// What makes the id: type, table, operands. Wording does not enter.
    pub(crate) identity: String,
}

/// The tasks of a company: as many as its split gives it.
///
/// `other` makes the view of another company of the split, for questions that compare two.
pub(crate) fn of_company(
    _view: &View<'_>,
    _other: &dyn Fn(u32, &mut dyn FnMut(&View<'_>)),
) -> Vec<Task> {
    Vec::new()
}
