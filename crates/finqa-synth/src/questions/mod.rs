//! Questions: what is asked of which company, drafts with gold programs, and the guard that drops ambiguous ones.
//!
//! `plan` says which types a company is asked; the makers of `single` draw rows and columns of a table and words;
//! `ask` works out the truth in exact fractions, has the calculator confirm it, and works out what known mistakes lead
//! to (`mistakes`), so that `guard` can drop a question that a mistake would answer.

mod ask;
mod desk;
mod exact;
mod form;
mod formula;
mod guard;
mod mistakes;
mod multi;
mod plan;
mod program;
mod sheet;
mod single;
#[cfg(test)]
mod tests;
mod unanswerable;
mod wording;

use std::collections::BTreeSet;
use std::fmt::Write as _;

use finqa_core::answer::AnswerSpec;
use finqa_core::gold::Gold;
use finqa_core::rubric::Rubric;
use finqa_core::task::KnownWrong;
use finqa_core::{Split, Task};
use sha2::{Digest, Sha256};

pub use exact::Ratio;
pub use formula::Formula;
pub use guard::{check as guard, is_accepted, is_right};
pub use plan::{companies_of, tasks_of};
pub use program::{calculated_from, identifier, literal};

use self::desk::Desk;
use self::plan::{Kind, instead, kinds_of};
use crate::config::SynthConfig;
use crate::draw::{Draw, Key, Stream};
use crate::identity::Identity;
use crate::ledger::Ledger;
use crate::style::Written;

/// Draws for one question before its type is given up for this company.
const ATTEMPTS: usize = 400;

/// A company as question makers see it.
pub(crate) struct View<'a> {
    pub(crate) key: Key,
    pub(crate) config: &'a SynthConfig,
    pub(crate) identity: &'a Identity,
    pub(crate) ledger: &'a Ledger,
    /// In the order in which the tables are listed.
    pub(crate) tables: &'a [Written],
}

/// A question before it is numbered.
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
    /// For questions that ask for a report.
    pub(crate) rubric: Option<Rubric>,
    /// Other companies that the question is about.
    pub(crate) companies: Vec<String>,
    /// What makes the id: type, table, operands, formula. Wording does not enter.
    pub(crate) identity: String,
}

/// Makes the view of another company of the split and shows it.
pub(crate) type Other<'a> = &'a dyn Fn(u32, &mut dyn FnMut(&View<'_>));

/// The tasks of a company: as many as its split gives it.
///
/// `other` makes the view of another company of the split, for questions that compare two.
pub(crate) fn of_company(view: &View<'_>, other: Other<'_>) -> Vec<Task> {
    let kinds = kinds_of(view.key, view.config);
    if view.tables.is_empty() {
        return Vec::new();
    }
    let desk = Desk::new(view);
    let mut asked = Asked::default();
    kinds
        .into_iter()
        .enumerate()
        .filter_map(|(position, kind)| {
            let mut draw = Draw::nth(view.key, Stream::Questions, position as u32);
            let draft = of_kind(&desk, other, kind, &mut asked, &mut draw)?;
            Some(task(view, draft))
        })
        .collect()
}

/// The index of another company of the split, one of the next few.
fn near(desk: &Desk<'_>, draw: &mut Draw) -> u32 {
    let key = desk.view.key;
    let index = key.index.wrapping_add(1 + draw.below(4) as u32);
    match companies_of(key.split, desk.view.config) {
        Some(n) => index % n.max(1),
        None => index,
    }
}

/// What a company has been asked: no two tasks are equal, no two read alike.
#[derive(Default)]
struct Asked {
    identities: BTreeSet<String>,
    texts: BTreeSet<String>,
}

impl Asked {
    /// Notes a draft; false if it was there.
    fn is_new(&mut self, draft: &Draft) -> bool {
        if self.identities.contains(&draft.identity) || self.texts.contains(&draft.question) {
            return false;
        }
        self.identities.insert(draft.identity.clone());
        self.texts.insert(draft.question.clone());
        true
    }
}

/// A question of a type, or of one that is near to it where the company's tables do not allow it.
fn of_kind(
    desk: &Desk<'_>,
    other: Other<'_>,
    kind: Kind,
    asked: &mut Asked,
    draw: &mut Draw,
) -> Option<Draft> {
    let made = match kind {
        Kind::Unanswerable => unanswerable::make(desk, other, asked, draw),
        Kind::Multi => multi::make(desk, other, asked, draw),
        _ => attempt(desk, kind, asked, draw),
    };
    let mut draft = made.or_else(|| {
        let rest = plan::WEIGHTS.iter().map(|(other, _)| *other);
        instead(kind)
            .iter()
            .copied()
            .chain(rest)
            .filter(|other| *other != kind)
            .find_map(|other| attempt(desk, other, asked, draw))
    })?;
    unanswerable::remind(desk, &mut draft, draw);
    Some(draft)
}

fn attempt(desk: &Desk<'_>, kind: Kind, asked: &mut Asked, draw: &mut Draw) -> Option<Draft> {
    let make = single::maker(kind)?;
    (0..ATTEMPTS).find_map(|_| {
        let table = draw.below(desk.sheets.len());
        let draft = make(desk, table, draw)?;
        asked.is_new(&draft).then_some(draft)
    })
}

fn task(view: &View<'_>, draft: Draft) -> Task {
    let company = &view.identity.slug;
    let digest = Sha256::digest(format!("{company}\n{}", draft.identity).as_bytes());
    let mut hash = String::with_capacity(12);
    for byte in digest.iter().take(6) {
        let _ = write!(hash, "{byte:02x}");
    }
    let split = view.key.split.name();
    Task {
        id: format!("{split}-{}-{hash}", view.key.index),
        split: Split(split.to_owned()),
        companies: std::iter::once(company.clone())
            .chain(draft.companies)
            .collect(),
        question: draft.question,
        question_type: draft.question_type.to_owned(),
        unit_hint: draft.unit_hint,
        truth: draft.truth,
        answer: draft.answer,
        gold: Some(draft.gold),
        source: format!("synthetic/{}", crate::VERSION),
        level: view.config.level,
        known_wrong: draft.known_wrong,
        rubric: draft.rubric,
    }
}
