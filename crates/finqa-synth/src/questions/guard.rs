//! The guard: a question is dropped if an answer that is known to be wrong would be taken for right.

use finqa_core::answer::{AnswerMode, AnswerSpec, score_answer};
use finqa_core::task::{KnownWrong, Mistake};

/// Most known wrong answers that a task carries.
const MOST_KNOWN_WRONG: usize = 10;

/// Whether a submission is right under any of the rule sets.
pub fn is_accepted(submission: &str, truth: &str, spec: &AnswerSpec) -> bool {
    [AnswerMode::Strict, AnswerMode::OpenEnv]
        .into_iter()
        .any(|mode| score_answer(submission, truth, spec, mode).score > 0.0)
}

/// Whether a submission is right under both rule sets.
pub fn is_right(submission: &str, truth: &str, spec: &AnswerSpec) -> bool {
    [AnswerMode::Strict, AnswerMode::OpenEnv]
        .into_iter()
        .all(|mode| score_answer(submission, truth, spec, mode).score >= 1.0)
}

/// The wrong answers to keep with the task, one of each kind first; `None` if one of them would be accepted, or if the
/// truth itself would not.
pub fn check(truth: &str, spec: &AnswerSpec, wrong: Vec<KnownWrong>) -> Option<Vec<KnownWrong>> {
    if !is_right(truth, truth, spec) {
        return None;
    }
    let mut kept: Vec<KnownWrong> = Vec::new();
    for candidate in wrong {
        if kept.iter().any(|k| k.answer == candidate.answer) {
            continue;
        }
        if is_accepted(&candidate.answer, truth, spec) {
            return None;
        }
        kept.push(candidate);
    }
    let mut seen: Vec<Mistake> = Vec::new();
    kept.sort_by_key(|k| {
        let again = seen.iter().filter(|m| **m == k.mistake).count();
        seen.push(k.mistake);
        again
    });
    kept.truncate(MOST_KNOWN_WRONG);
    Some(kept)
}
