//! From a trace to the record of an episode.

use crate::answer::AnswerMode;
use crate::behaviour::{
    CallEvent, Check, Ended, EpisodeLog, EpisodeScore, Failure, Flag, RewardConfig, Set, TableKey,
    WrongAnswer, criteria_of, needed_tables, score_episode,
};
use crate::error::Result;
use crate::task::Task;
use crate::trajectory::{CallRecord, CriterionRecord, EpisodeRecord};

use super::events::{Names, event};
use super::{Reference, Trace, TracedCall};

/// A key that no call has: of a table that is needed and that the corpus does not hold.
const NOWHERE: TableKey = (u32::MAX, u16::MAX);

/// A trace with its score.
#[derive(Clone, Debug, PartialEq)]
pub struct Scored {
    /// The record; what only the log's reader knows (policy, turns, tokens) is left empty.
    pub record: EpisodeRecord,
    /// Whether the answer is right by our rules; `None` if there is no truth to hold it against.
    pub by_rules: Option<bool>,
    /// Tables that calls read with success and that the corpus does not hold.
    pub strangers: Vec<String>,
}

/// Scores a trace.
///
/// What the log itself says of the answer counts if `trace.is_correct` holds it, else the truth of the task. Without
/// either the outcome is unknown, unless no answer was handed in; what follows from the calls is known all the same.
///
/// # Errors
/// [`crate::Error::InvalidConfig`] if a call has an unknown kind or status.
///
/// # Examples
/// ```
/// use finqa_core::Task;
/// use finqa_core::answer::AnswerMode;
/// use finqa_core::behaviour::RewardConfig;
/// use finqa_core::trace::{Reference, Trace, TracedCall, score_trace};
///
/// let query = TracedCall {
///     turn: 1,
///     kind: Some("sql_query".into()),
///     status: "ok".into(),
///     sql: Some("SELECT revenue FROM income".into()),
///     output: Some("OperationalError: no such table: income".into()),
///     is_error: true,
///     ..TracedCall::default()
/// };
/// let trace = Trace { calls: vec![query], submission: Some("7".into()), ..Trace::default() };
/// let task = Task { truth: "5".into(), ..Task::default() };
/// let reference = Reference { task: &task, task_index: None, companies: &[] };
/// let scored = score_trace(&trace, &reference, AnswerMode::Strict, &RewardConfig::default())?;
/// assert_eq!(scored.record.calls[0].error.as_deref(), Some("sql_no_such_table"));
/// assert_eq!(scored.record.failure, "hallucinated_after_failure");
/// # Ok::<(), finqa_core::Error>(())
/// ```
pub fn score_trace(
    trace: &Trace,
    reference: &Reference<'_>,
    mode: AnswerMode,
    config: &RewardConfig,
) -> Result<Scored> {
    let task = reference.task;
    let mut names = Names::new(reference.companies);
    let mut calls: Vec<CallEvent> = Vec::with_capacity(trace.calls.len());
    let mut more_tables = Vec::new();
    for call in &trace.calls {
        let (event, joined) = event(call, &mut names)?;
        more_tables.extend(joined.into_iter().map(|table| (calls.len(), table)));
        calls.push(event);
    }
    let outputs: Vec<&str> = trace
        .calls
        .iter()
        .map(|call| call.output.as_deref().unwrap_or(""))
        .collect();
    let needed: Vec<TableKey> = if reference.companies.is_empty() {
        Vec::new()
    } else {
        let tables = needed_tables(task).into_iter();
        tables
            .map(|(company, table)| names.table(Some(company), table).unwrap_or(NOWHERE))
            .collect()
    };
    let log = EpisodeLog {
        calls: &calls,
        more_tables: &more_tables,
        outputs: &outputs,
        submission: trace.submission.as_deref(),
        ended: if trace.submission.is_some() {
            Ended::Submitted
        } else {
            Ended::OutOfTurns
        },
        needed_tables: &needed,
        can_list: trace.can_list,
        can_inspect: trace.can_inspect,
    };
    let score = score_episode(task, &log, mode, config);
    let by_rules = (task.has_truth() && trace.submission.is_some()).then_some(score.is_correct);
    let is_correct = match (trace.is_correct, &trace.submission) {
        (Some(told), _) => Some(told),
        (None, None) => Some(false),
        (None, Some(_)) => by_rules,
    };
    let mut record = of_task(reference);
    fill(&mut record, task, &score);
    override_outcome(&mut record, &score, is_correct, by_rules);
    if reference.task_index.is_none() && trace.submission.as_deref().is_some_and(is_report) {
        forget_inventions(&mut record);
    }
    record.submission.clone_from(&trace.submission);
    let status = match trace.submission {
        Some(_) => "terminated",
        None => "truncated",
    };
    status.clone_into(&mut record.status);
    record.num_calls = calls.len() as i32;
    record.num_errors = calls.iter().filter(|c| c.error.is_some()).count() as i32;
    record.calls = calls
        .iter()
        .zip(&trace.calls)
        .map(|(event, call)| call_record(event, call, &names))
        .collect();
    Ok(Scored {
        record,
        by_rules,
        strangers: names.strangers,
    })
}

fn of_task(reference: &Reference<'_>) -> EpisodeRecord {
    let task = reference.task;
    let needed = needed_tables(task).len();
    EpisodeRecord {
        task_id: task.id.clone(),
        task_index: reference.task_index.and_then(|i| i32::try_from(i).ok()),
        split: task.split.0.clone(),
        question_type: task.question_type.clone(),
        level: i8::try_from(task.level).ok().filter(|level| *level > 0),
        num_tables: i16::try_from(needed).ok().filter(|n| *n > 0),
        companies: task.companies.clone(),
        question: task.question.clone(),
        truth: task.has_truth().then(|| task.truth.clone()),
        ..EpisodeRecord::default()
    }
}

/// Copies what the rules say of an episode.
fn fill(record: &mut EpisodeRecord, task: &Task, score: &EpisodeScore) {
    record.outcome = Some(score.outcome as f32);
    record.reward = Some(score.reward as f32);
    score
        .reason
        .unwrap_or_default()
        .clone_into(&mut record.answer_reason);
    score
        .wrong_answer
        .name()
        .clone_into(&mut record.wrong_answer);
    record.process = score.process.map(|p| p as f32);
    record.flags = score.flags;
    record.failures = names_of(score.failures);
    for (own, dimension) in record.dimensions.iter_mut().zip(score.dimensions) {
        *own = dimension.applicable.then_some(dimension.score as f32);
    }
    for (own, check) in record.checks.iter_mut().zip(score.checks) {
        *own = check.applicable.then_some(check.score as f32);
    }
    record.criteria = criteria_of(task)
        .into_iter()
        .zip(&score.criteria)
        .map(|(criterion, score)| CriterionRecord {
            id: criterion.id.to_owned(),
            dim: criterion.dim.name().to_owned(),
            weight: criterion.weight as f32,
            score: score.score as f32,
            applicable: score.applicable,
            reason: score.reason.to_owned(),
        })
        .collect();
}

/// Whether a submission has several lines: without its rubric nobody knows which of its numbers are claims.
fn is_report(submission: &str) -> bool {
    submission
        .lines()
        .filter(|l| !l.trim().is_empty())
        .nth(2)
        .is_some()
}

/// Takes back what is said of invented numbers.
fn forget_inventions(record: &mut EpisodeRecord) {
    record.checks[Check::NoHallucinatedAnswer as usize] = None;
    record.process = None;
    record.flags &= !(1 << Flag::Hallucinated as u8);
    let name = Failure::HallucinatedAfterFailure.name();
    record.failures.retain(|failure| failure != name);
    if record.failure == name {
        if record.failures.is_empty() {
            record.failures.push(Failure::OtherWrong.name().to_owned());
        }
        record.failure.clone_from(&record.failures[0]);
    }
}

fn names_of(failures: Set) -> Vec<String> {
    Failure::ALL
        .iter()
        .filter(|f| failures >> **f as u8 & 1 == 1)
        .map(|f| f.name().to_owned())
        .collect()
}

/// Puts in what is known of the outcome, where our rules were not what decided it.
fn override_outcome(
    record: &mut EpisodeRecord,
    score: &EpisodeScore,
    is_correct: Option<bool>,
    by_rules: Option<bool>,
) {
    record.is_correct = is_correct;
    let failure = score.failure.map_or("", Failure::name);
    if by_rules == is_correct && by_rules.is_some() {
        failure.clone_into(&mut record.failure);
        return;
    }
    // The truth is not known, or the log judges otherwise: nothing that compares with the truth holds.
    let of_value = [
        Failure::AnsweredUnanswerable,
        Failure::GaveUp,
        Failure::WrongYear,
        Failure::WrongBase,
        Failure::WrongSign,
        Failure::WrongScale,
        Failure::WrongRow,
        Failure::Rounding,
        Failure::WrongReport,
        Failure::OtherWrong,
    ];
    let mask = of_value.iter().fold(0, |set, f| set | 1 << *f as u8);
    let mut failures = score.failures & !mask;
    let is_handed_in = score.reason.is_some();
    if is_correct == Some(false) && failures == 0 && is_handed_in {
        failures = 1 << Failure::OtherWrong as u8;
    }
    record.failures = names_of(failures);
    let first = Failure::ALL.get(failures.trailing_zeros() as usize);
    let class = first
        .filter(|_| is_correct == Some(false))
        .map_or("", |f| f.name());
    class.clone_into(&mut record.failure);
    let wrong = if is_correct == Some(false) && is_handed_in {
        WrongAnswer::Other
    } else {
        WrongAnswer::None
    };
    wrong.name().clone_into(&mut record.wrong_answer);
    record.outcome = is_correct.map(|right| f32::from(u8::from(right)));
    record.reward = record.outcome;
    if is_handed_in {
        let reason = if is_correct.is_some() {
            "by_log"
        } else {
            "unknown"
        };
        reason.clone_into(&mut record.answer_reason);
        record.dimensions = [None; 6];
        record.criteria.clear();
    }
}

fn call_record(event: &CallEvent, call: &TracedCall, names: &Names<'_>) -> CallRecord {
    let asked = event.table.and_then(|key| names.of(key));
    // A table that the corpus does not hold is named as written, unless the tool says that there is none.
    let is_there = event.status.runs() && event.error.is_none();
    let written = |name: &Option<String>| name.clone().filter(|_| is_there);
    CallRecord {
        turn: i32::from(event.turn),
        tool: event.kind.map(|kind| kind.name().to_owned()),
        status: event.status.name().to_owned(),
        error: event.error.map(|code| code.name().to_owned()),
        company: asked
            .map(|(company, _)| company.to_owned())
            .or_else(|| written(&call.company)),
        table: asked
            .map(|(_, table)| table.to_owned())
            .or_else(|| written(&call.table)),
        rows: (event.kind == Some(crate::tool::ToolKind::SqlQuery) && event.error.is_none())
            .then(|| i32::try_from(event.rows).unwrap_or(i32::MAX)),
        tool_ms: None,
    }
}
