//! Questions about a company, with exact truths and gold programs.
//!
//! A candidate is dropped if a likely mistake (the neighbouring year, the wrong base, the other part) would still be
//! within the 1 % that OpenEnv's rule accepts, or if its rounding is a tie.

mod choose;
mod multi;
mod program;
mod single;

use finqa_core::answer::AnswerSpec;
use finqa_core::gold::Gold;
use finqa_core::{Split, Task};

use super::draw::{Draw, Stream};
use super::grid::Written;
use crate::hash::sha256_hex;

/// Draws for one question before its type is given up for this company.
const ATTEMPTS: usize = 60;

/// Decimals of a growth in percent.
const GROWTH_DECIMALS: u8 = 2;
/// Decimals of a share or ratio.
const RATIO_DECIMALS: u8 = 3;

/// A question before it becomes a task.
struct Draft {
    pub(super) question_type: &'static str,
    pub(super) question: String,
    pub(super) unit_hint: String,
    pub(super) truth: String,
    pub(super) answer: AnswerSpec,
    pub(super) gold: Gold,
}

type Maker = fn(&str, &[Written], &mut Draw) -> Option<Draft>;

/// Four to six tasks; one of them asks two tables.
pub(super) fn of_company(
    seed: u64,
    index: u32,
    company: &str,
    split: &str,
    tables: &[Written],
) -> Vec<Task> {
    let mut draw = Draw::new(seed, index, Stream::Questions);
    let mut single: [Maker; 5] = single::ALL;
    draw.shuffle(&mut single);
    let wanted = 4 + draw.below(3);
    let mut tasks: Vec<Task> = Vec::with_capacity(wanted);
    let makers = std::iter::once(multi::ratio as Maker)
        .chain(single.into_iter().cycle().take(single.len() * 2));
    for make in makers {
        if tasks.len() == wanted {
            break;
        }
        let made = (0..ATTEMPTS).find_map(|_| make(company, tables, &mut draw));
        let Some(draft) = made else { continue };
        if tasks.iter().any(|t| t.question == draft.question) {
            continue;
        }
        tasks.push(finish(draft, company, split));
    }
    tasks
}

fn finish(draft: Draft, company: &str, split: &str) -> Task {
    let kind = draft
        .question_type
        .to_lowercase()
        .replace(" - ", "_")
        .replace(' ', "_");
    let programs: Vec<&str> = draft.gold.queries.iter().map(|q| q.sql.as_str()).collect();
    let digest =
        sha256_hex(format!("{kind}\n{}\n{}", programs.join("\n"), draft.question).as_bytes());
    let id = format!("{company}/{kind}/{}", &digest[..8]);
    Task {
        split: Split(split.to_owned()),
        companies: vec![company.to_owned()],
        question: draft.question,
        question_type: draft.question_type.to_owned(),
        unit_hint: draft.unit_hint,
        truth: draft.truth,
        answer: draft.answer,
        gold: Some(draft.gold),
        source: format!("builtin/{}", super::VERSION),
        id,
        ..Task::default()
    }
}
