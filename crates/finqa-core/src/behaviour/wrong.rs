//! What kind of wrong answer was handed in.

use super::WrongAnswer;
use super::claim::{Claim, Claims};
use crate::answer::{AnswerMode, Op, Reason, Unit, is_statement, parse_number, score_answer};
use crate::rubric::Rubric;
use crate::task::{Mistake, Task};

/// How people say that they found nothing, besides the statements that are right where the tables hold no answer.
const GIVE_UPS: [&str; 16] = [
    "unknown",
    "don't know",
    "do not know",
    "not know",
    "not sure",
    "could not",
    "couldn't",
    "can't",
    "cannot",
    "can not",
    "unable to",
    "not find",
    "no answer",
    "no result",
    "no information",
    "give up",
];

/// Whether a submission without a number says that there is no answer or that none was found.
pub(super) fn gives_up(unit: Unit, submission: &str) -> bool {
    if is_statement(submission) {
        return true;
    }
    let text = submission.trim();
    let first = text.split(|c: char| !c.is_alphanumeric()).next();
    let answers =
        first.is_some_and(|w| w.eq_ignore_ascii_case("yes") || w.eq_ignore_ascii_case("no"));
    if unit == Unit::Bool && answers {
        // "No, cash could not cover it" answers the question.
        return false;
    }
    if text.len() > 400 || text.bytes().any(|b| b.is_ascii_digit()) {
        return false;
    }
    let lower = text.to_lowercase().replace('\u{2019}', "'");
    let word = lower.trim_matches(|c: char| !c.is_alphanumeric());
    matches!(word, "" | "none" | "null" | "nan") || GIVE_UPS.iter().any(|s| lower.contains(s))
}

/// The kind of a wrong single answer.
pub(super) fn of_answer(
    task: &Task,
    submission: &str,
    claims: &Claims,
    declines: bool,
) -> WrongAnswer {
    if task.answer.unit == Unit::Absent {
        return of_absent(task, claims);
    }
    if declines {
        return WrongAnswer::Declined;
    }
    let strict = |truth: &str| score_answer(submission, truth, &task.answer, AnswerMode::Strict);
    // Numbers in words or other digits are not found quickly.
    let may_say = |known: &str| !known.is_ascii() || claims.iter().all(|c| c.may_stand_in(known));
    if let Some(known) = task
        .known_wrong
        .iter()
        .find(|known| may_say(&known.answer) && strict(&known.answer).is_correct)
    {
        return known.mistake.into();
    }
    let is = |reason: Reason, name: &str| reason.name() == name;
    let reason = strict(&task.truth).reason;
    if is(Reason::WrongSign, reason) {
        WrongAnswer::Sign
    } else if is(Reason::WrongScale, reason) {
        WrongAnswer::Scale
    } else if is(Reason::TooFewDigits, reason) {
        WrongAnswer::Rounding
    } else if is(Reason::OffValue, reason) {
        if is_rounded_wrongly(task, submission) {
            WrongAnswer::Rounding
        } else {
            WrongAnswer::Other
        }
    } else if [
        Reason::OffText,
        Reason::OtherYesNo,
        Reason::UnreadableTruth,
        Reason::WrongUnit,
        // Right by the strict rules and wrong by OpenEnv's.
        Reason::Equal,
        Reason::Rounded,
    ]
    .iter()
    .any(|r| is(*r, reason))
    {
        WrongAnswer::Other
    } else {
        WrongAnswer::Unreadable
    }
}

/// A submission where the tables hold no answer: by the number, since there is no truth to read it like.
fn of_absent(task: &Task, claims: &Claims) -> WrongAnswer {
    let Some(claim) = claims.iter().next() else {
        return WrongAnswer::Unreadable;
    };
    let is_same = |answer: &str| {
        let known = Claims::read(answer, &task.answer);
        known
            .iter()
            .next()
            .is_some_and(|k| (k.value - claim.value).abs() <= k.value.abs() * 1e-12)
    };
    task.known_wrong
        .iter()
        .find(|known| is_same(&known.answer))
        .map_or(WrongAnswer::Invented, |known| known.mistake.into())
}

/// Near the truth, within one unit of the last digit that was written, where rounding was allowed or needed.
fn is_rounded_wrongly(task: &Task, submission: &str) -> bool {
    let spec = &task.answer;
    let read = |text: &str| {
        let text = parse_number(text, spec.unit, spec.scale)?;
        let decimals = text.split_once('.').map_or(0, |(_, digits)| digits.len());
        Some((text.parse::<f64>().ok()?, decimals))
    };
    let (Some((said, written)), Some((truth, known))) = (read(submission), read(&task.truth))
    else {
        return false;
    };
    let is_coarser = written < known;
    let unit = super::digits::scaled(1.0, -(written.min(known) as i32));
    let off = (said - truth).abs();
    (is_coarser || spec.op == Op::Derived)
        && off <= unit * (1.0 + 1e-9)
        // A unit is much of a small number.
        && off <= truth.abs() * 0.05
}

/// The kind of a report that does not pass.
pub(super) fn of_report(
    task: &Task,
    rubric: &Rubric,
    submission: &str,
    wrong: &WrongReport<'_>,
) -> WrongAnswer {
    if wrong.num_filled == 0 {
        return if gives_up(task.answer.unit, submission) {
            WrongAnswer::Declined
        } else {
            WrongAnswer::Unreadable
        };
    }
    let known = task.known_wrong.iter().find(|known| {
        let mut values = wrong.values.iter();
        values.all(|value| value.may_stand_in(&known.answer))
            && rubric.says_the_same(submission, &known.answer)
    });
    if let Some(known) = known {
        return known.mistake.into();
    }
    match wrong.only_reason {
        Some("wrong_sign") => WrongAnswer::Sign,
        Some("wrong_scale") => WrongAnswer::Scale,
        Some("too_few_digits") => WrongAnswer::Rounding,
        _ => WrongAnswer::Report,
    }
}

/// What of a report was wrong.
pub(super) struct WrongReport<'a> {
    pub(super) num_filled: usize,
    /// Numbers in slots where they are wrong.
    pub(super) values: &'a [Claim],
    /// The reason of the wrong primary criteria, if they have the same.
    pub(super) only_reason: Option<&'static str>,
}

impl From<Mistake> for WrongAnswer {
    fn from(mistake: Mistake) -> Self {
        match mistake {
            Mistake::WrongYear => Self::WrongYear,
            Mistake::WrongBase => Self::WrongBase,
            Mistake::Sign => Self::Sign,
            Mistake::Scale => Self::Scale,
            Mistake::SiblingRow => Self::SiblingRow,
            Mistake::SiblingTable => Self::SiblingTable,
            Mistake::Restated => Self::Restated,
            Mistake::PartOrTotal => Self::PartOrTotal,
            Mistake::Invented => Self::Invented,
        }
    }
}
