//! Flags and failures: what an episode shows, and what explains it.

use super::checks::{asks, failed, found_rows, is_empty_query, is_handled, looked, names_nothing};
use super::evidence::succeeded;
use super::{CallEvent, Check, Ended, EpisodeLog, Failure, Flag, Set, WrongAnswer};
use crate::action::AttemptStatus;
use crate::error::ToolErrorCode;
use crate::rubric::CriterionScore;
use crate::tool::ToolKind;

/// What is known of the answer.
#[derive(Clone, Copy)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "facts that do not depend on each other"
)]
pub(super) struct Answered {
    pub(super) is_correct: bool,
    /// The tables hold no answer.
    pub(super) is_unanswerable: bool,
    /// The submission says that there is no answer.
    pub(super) declines: bool,
    /// It holds a number other than 0.
    pub(super) has_number: bool,
    pub(super) is_report: bool,
    /// There is something to compare with.
    pub(super) has_truth: bool,
    pub(super) wrong: WrongAnswer,
}

const fn bit(index: u8, is_set: bool) -> Set {
    (is_set as Set) << index
}

/// Text that should hold a call and holds none that can be read.
fn is_unreadable(call: &CallEvent) -> bool {
    call.error.is_some()
        && matches!(
            call.status,
            AttemptStatus::InvalidJson
                | AttemptStatus::Unclosed
                | AttemptStatus::MissingName
                | AttemptStatus::Truncated
        )
}

/// A query on a table that is needed (on any, if none is known) found rows.
pub(super) fn found_data(log: &EpisodeLog<'_>) -> bool {
    (0..log.calls.len()).any(|at| found_rows(&log.calls[at]) && is_needed(log, at))
}

/// Rows of every needed table were seen, and it is known which these are.
pub(super) fn found_all_data(log: &EpisodeLog<'_>) -> bool {
    let found = |table| {
        let mut calls = log.calls.iter().enumerate();
        calls.any(|(at, c)| found_rows(c) && asks(log, at, table))
    };
    !log.needed_tables.is_empty() && log.needed_tables.iter().all(|&table| found(table))
}

/// Whether call number `at` asks a table that is needed, as far as that is known.
pub(super) fn is_needed(log: &EpisodeLog<'_>, at: usize) -> bool {
    // Tools without a table argument leave the table open.
    log.needed_tables.is_empty()
        || log.calls[at].table.is_none()
        || log
            .tables(at)
            .any(|table| log.needed_tables.contains(&table))
}

/// The last query that was tried.
pub(super) fn last_query<'a>(log: &EpisodeLog<'a>) -> Option<&'a CallEvent> {
    let is_tried =
        |c: &&CallEvent| c.kind == Some(ToolKind::SqlQuery) && (succeeded(c) || failed(c));
    log.calls.iter().rev().find(is_tried)
}

pub(super) fn flags(
    log: &EpisodeLog<'_>,
    answered: Answered,
    checks: &[CriterionScore; Check::COUNT],
) -> Set {
    let done = |kind| {
        log.calls
            .iter()
            .any(|c| c.kind == Some(kind) && succeeded(c))
    };
    let any = |what: fn(&CallEvent) -> bool| log.calls.iter().any(what);
    let check = |check: Check| checks[check as usize];
    let is_full = |c: CriterionScore| c.applicable && c.score >= 1.0;
    let is_short = |c: CriterionScore| c.applicable && c.score < 1.0;
    let calculated = done(ToolKind::Calculator) || any(|c| found_rows(c) && c.has_arithmetic);
    Flag::ALL.iter().fold(0, |set, &flag| {
        let is_set = match flag {
            Flag::Listed => done(ToolKind::ListTables),
            Flag::ReadSchema => done(ToolKind::TableInfo),
            Flag::Queried => done(ToolKind::SqlQuery),
            Flag::Calculated => calculated,
            Flag::Submitted => log.submission.is_some(),
            Flag::HadError => any(failed),
            Flag::Recovered => is_full(check(Check::RecoveredFromError)),
            Flag::HadEmptyResult => any(is_empty_query),
            Flag::Hallucinated => is_short(check(Check::NoHallucinatedAnswer)),
            Flag::Declined => answered.declines,
            Flag::Unanswerable => answered.is_unanswerable,
            Flag::MalformedCall => any(is_unreadable),
            Flag::RepeatedFailed => is_short(check(Check::NoRepeatFailed)),
            Flag::InfraFault => log.ended == Ended::Fault,
        };
        set | bit(flag as u8, is_set)
    })
}

/// Everything that the episode shows.
pub(super) fn failures(log: &EpisodeLog<'_>, answered: Answered, flags: Set) -> Set {
    let has = |flag: Flag| flags >> flag as u8 & 1 == 1;
    let is_submitted = log.submission.is_some();
    let is_wrong = is_submitted && !answered.is_correct;
    // Where the tables hold no answer, only whether one was given counts.
    let is_wrong_value = is_wrong && !answered.is_unanswerable;
    let wrong = |kinds: &[WrongAnswer]| is_wrong_value && kinds.contains(&answered.wrong);
    let query = last_query(log);
    let is_last_empty = query.is_some_and(is_empty_query);
    let found_nothing = query.is_none_or(|q| is_empty_query(q) || failed(q));
    let shown = Failure::ALL.iter().fold(0, |set, &failure| {
        let is_shown = match failure {
            Failure::InfraFault => log.ended == Ended::Fault,
            Failure::AnsweredUnanswerable => {
                answered.is_unanswerable && is_wrong && !answered.declines
            }
            Failure::GaveUp => is_wrong_value && answered.declines,
            Failure::MalformedCall => log.ended == Ended::Malformed || is_malformed_to_the_end(log),
            Failure::OutOfTurns => {
                log.ended == Ended::OutOfTurns || (!is_submitted && log.ended == Ended::Submitted)
            }
            Failure::HallucinatedAfterFailure => {
                has(Flag::Hallucinated) && found_nothing && answered.has_number
            }
            Failure::EmptyAsAnswer => {
                is_wrong_value
                    && is_last_empty
                    && !answered.has_number
                    && !is_last_empty_handled(log)
            }
            Failure::UnknownTable => names_unknown_table(log),
            Failure::NoCorrection => has_uncorrected_error(log),
            Failure::NoSchema => log.can_inspect && has_query(log) && !has(Flag::ReadSchema),
            Failure::WrongTable => misses_table(log),
            Failure::WrongYear => wrong(&[WrongAnswer::WrongYear]),
            Failure::WrongBase => wrong(&[WrongAnswer::WrongBase]),
            Failure::WrongSign => wrong(&[WrongAnswer::Sign]),
            Failure::WrongScale => wrong(&[WrongAnswer::Scale]),
            Failure::WrongRow => wrong(&[
                WrongAnswer::SiblingRow,
                WrongAnswer::SiblingTable,
                WrongAnswer::Restated,
                WrongAnswer::PartOrTotal,
            ]),
            Failure::Rounding => wrong(&[WrongAnswer::Rounding]),
            Failure::WrongReport | Failure::OtherWrong => false,
        };
        set | bit(failure as u8, is_shown)
    });
    if is_wrong && answered.has_truth && shown == 0 {
        let other = if answered.is_report {
            Failure::WrongReport
        } else {
            Failure::OtherWrong
        };
        return bit(other as u8, true);
    }
    shown
}

/// The failure class: the first failure that is shown, unless the answer is right.
pub(super) fn class(failures: Set, is_correct: bool) -> Option<Failure> {
    let first = failures.trailing_zeros() as usize;
    Failure::ALL.get(first).copied().filter(|_| !is_correct)
}

/// Whether calls that could not be read were the last thing that was written.
fn is_malformed_to_the_end(log: &EpisodeLog<'_>) -> bool {
    let Some(last) = log.calls.iter().rposition(is_unreadable) else {
        return false;
    };
    log.submission.is_none() && !log.calls[last + 1..].iter().any(|c| c.status.runs())
}

/// Whether a table was asked for that does not exist, and no needed table was looked at afterwards.
fn names_unknown_table(log: &EpisodeLog<'_>) -> bool {
    log.calls.iter().rposition(names_nothing).is_some_and(|at| {
        !(at + 1..log.calls.len()).any(|later| looked(&log.calls[later]) && is_needed(log, later))
    })
}

/// Whether some tool failed and did not succeed afterwards.
fn has_uncorrected_error(log: &EpisodeLog<'_>) -> bool {
    let mut seen = [false; ToolKind::ALL.len() + 1];
    // From the end: the last thing that each tool did, and for what is no tool of ours, that anything did.
    let (mut is_any, mut uncorrected) = (false, false);
    for call in log.calls.iter().rev() {
        let slot = call.kind.map_or(ToolKind::ALL.len(), |kind| kind as usize);
        if succeeded(call) {
            seen[slot] = true;
            is_any = true;
        } else if failed(call) && call.error != Some(ToolErrorCode::TruncatedAction) {
            let is_corrected = seen[slot] || (call.kind.is_none() && is_any);
            uncorrected |= !is_corrected;
        }
    }
    uncorrected
}

fn has_query(log: &EpisodeLog<'_>) -> bool {
    log.calls
        .iter()
        .any(|c| c.kind == Some(ToolKind::SqlQuery) && c.status.runs())
}

/// Whether a needed table was never looked at.
fn misses_table(log: &EpisodeLog<'_>) -> bool {
    let has_open = log.calls.iter().any(|c| looked(c) && c.table.is_none());
    !has_open
        && log.needed_tables.iter().any(|table| {
            let mut calls = log.calls.iter().enumerate();
            !calls.any(|(at, c)| looked(c) && asks(log, at, *table))
        })
}

fn is_last_empty_handled(log: &EpisodeLog<'_>) -> bool {
    log.calls
        .iter()
        .rposition(is_empty_query)
        .is_some_and(|at| is_handled(log, at))
}
