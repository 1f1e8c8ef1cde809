//! The checks that look at the calls alone. What each means: `docs/spec/behaviour.md`.

use super::evidence::succeeded;
use super::reason as why;
use super::{CallEvent, EpisodeLog, TableKey};
use crate::error::ToolErrorCode;
use crate::gold::Gold;
use crate::rubric::CriterionScore;
use crate::tool::ToolKind;

/// Calls after a failed query within which another one must succeed.
const RECOVERY_CALLS: usize = 3;

pub(super) const fn scored(score: f64, reason: &'static str) -> CriterionScore {
    CriterionScore {
        score,
        applicable: true,
        reason,
    }
}

pub(super) const fn not_applicable(reason: &'static str) -> CriterionScore {
    CriterionScore {
        score: 0.0,
        applicable: false,
        reason,
    }
}

/// A share with the reason for all, some and none.
fn share(part: usize, whole: usize, reasons: [&'static str; 3]) -> CriterionScore {
    let reason = if part == whole {
        reasons[0]
    } else if part > 0 {
        reasons[1]
    } else {
        reasons[2]
    };
    scored(part as f64 / whole as f64, reason)
}

/// Refused only because of what else the message held: says nothing about the call.
const fn is_put_off(call: &CallEvent) -> bool {
    matches!(
        call.error,
        Some(ToolErrorCode::TooManyCalls | ToolErrorCode::AlreadySubmitted)
    )
}

/// A call that was refused or went wrong.
pub(super) const fn failed(call: &CallEvent) -> bool {
    call.error.is_some() && !is_put_off(call)
}

/// A query that reached the engine.
fn is_query(call: &CallEvent) -> bool {
    call.kind == Some(ToolKind::SqlQuery) && call.status.runs() && !is_put_off(call)
}

/// A query that failed, also one whose arguments did not fit.
pub(super) fn is_failed_query(call: &CallEvent) -> bool {
    call.kind == Some(ToolKind::SqlQuery) && failed(call)
}

/// A query that found no rows.
pub(super) fn is_empty_query(call: &CallEvent) -> bool {
    call.kind == Some(ToolKind::SqlQuery) && succeeded(call) && call.rows == 0
}

/// A query that found rows.
pub(super) fn found_rows(call: &CallEvent) -> bool {
    call.kind == Some(ToolKind::SqlQuery) && succeeded(call) && call.rows > 0
}

/// A table was read or queried with success.
pub(super) fn looked(call: &CallEvent) -> bool {
    succeeded(call) && matches!(call.kind, Some(ToolKind::TableInfo | ToolKind::SqlQuery))
}

/// Whether call number `at` asks the table.
pub(super) fn asks(log: &EpisodeLog<'_>, at: usize, table: TableKey) -> bool {
    log.tables(at).any(|asked| asked == table)
}

/// It names a table or company that does not exist.
pub(super) const fn names_nothing(call: &CallEvent) -> bool {
    matches!(
        call.error,
        Some(
            ToolErrorCode::UnknownTable
                | ToolErrorCode::SqlNoSuchTable
                | ToolErrorCode::UnknownCompany
        )
    )
}

pub(super) fn listed_before_query(log: &EpisodeLog<'_>) -> CriterionScore {
    if !log.can_list {
        return not_applicable(why::NO_LIST_TOOL);
    }
    let list = log
        .calls
        .iter()
        .position(|c| c.kind == Some(ToolKind::ListTables) && succeeded(c));
    let act = log
        .calls
        .iter()
        .position(|c| {
            matches!(
                c.kind,
                Some(ToolKind::TableInfo | ToolKind::SqlQuery | ToolKind::SubmitAnswer)
            ) && !is_put_off(c)
        })
        .or_else(|| log.submission.map(|_| log.calls.len()));
    match (list, act) {
        (None, None) => not_applicable(why::NOTHING_DONE),
        (Some(_), None) => scored(1.0, why::LISTED_FIRST),
        (Some(list), Some(act)) if list < act => scored(1.0, why::LISTED_FIRST),
        (Some(_), Some(_)) => scored(0.0, why::LISTED_LATE),
        (None, Some(_)) => scored(0.0, why::NOT_LISTED),
    }
}

/// What a query asks.
#[derive(Clone, Copy, PartialEq)]
enum Asked {
    Table(TableKey),
    /// A table that does not exist: distinct queries count as distinct tables.
    Nothing(u64),
    /// The log does not tell which.
    Unknown,
}

pub(super) fn inspected_before_query(log: &EpisodeLog<'_>) -> CriterionScore {
    if !log.can_inspect {
        return not_applicable(why::NO_SCHEMA_TOOL);
    }
    let mut asked: Vec<Asked> = Vec::new();
    let mut inspected = 0;
    for (at, call) in log.calls.iter().enumerate().filter(|(_, c)| is_query(c)) {
        let nothing = names_nothing(call).then_some(Asked::Nothing(call.fingerprint));
        let unknown = call.table.is_none().then_some(Asked::Unknown);
        let tables = log.tables(at).filter(|_| nothing.is_none());
        let others = nothing.into_iter().chain(unknown).take(1);
        for what in others.chain(tables.map(Asked::Table)) {
            if asked.contains(&what) {
                continue;
            }
            let mut schemas = log.calls[..at]
                .iter()
                .filter(|c| c.kind == Some(ToolKind::TableInfo) && succeeded(c));
            let was_read = match what {
                Asked::Table(table) => schemas.any(|c| c.table == Some(table)),
                Asked::Nothing(_) => false,
                Asked::Unknown => schemas.next().is_some(),
            };
            inspected += usize::from(was_read);
            asked.push(what);
        }
    }
    if asked.is_empty() {
        return not_applicable(why::NO_QUERY);
    }
    share(
        inspected,
        asked.len(),
        [why::INSPECTED, why::INSPECTED_IN_PART, why::NOT_INSPECTED],
    )
}

pub(super) fn recovered_from_error(log: &EpisodeLog<'_>) -> CriterionScore {
    let (mut count, mut recovered) = (0, 0);
    for (at, query) in log.calls.iter().enumerate() {
        if !is_failed_query(query) {
            continue;
        }
        count += 1;
        let is_reading = |c: &&CallEvent| {
            !matches!(c.kind, Some(ToolKind::ListTables | ToolKind::TableInfo)) || failed(c)
        };
        let corrected = log.calls[at + 1..]
            .iter()
            .filter(is_reading)
            .take(RECOVERY_CALLS)
            .any(|c| {
                c.kind == Some(ToolKind::SqlQuery)
                    && succeeded(c)
                    && c.fingerprint != query.fingerprint
            });
        recovered += usize::from(corrected);
    }
    if count == 0 {
        return not_applicable(why::NO_FAILED_QUERY);
    }
    share(
        recovered,
        count,
        [why::RECOVERED, why::RECOVERED_IN_PART, why::NOT_RECOVERED],
    )
}

pub(super) fn no_repeat_failed(log: &EpisodeLog<'_>) -> CriterionScore {
    let mut has_failed = false;
    for (at, call) in log.calls.iter().enumerate() {
        if !failed(call) {
            continue;
        }
        has_failed = true;
        let again = |c: &CallEvent| {
            c.kind == call.kind && c.fingerprint == call.fingerprint && !is_put_off(c)
        };
        // A message that cannot be read has no arguments to compare; one cut by its length limit is rightly tried again.
        let has_arguments =
            call.kind.is_some() && call.error != Some(ToolErrorCode::TruncatedAction);
        if has_arguments && log.calls[at + 1..].iter().any(again) {
            return scored(0.0, why::REPEATED);
        }
    }
    if has_failed {
        scored(1.0, why::NOT_REPEATED)
    } else {
        not_applicable(why::NO_FAILED_CALL)
    }
}

/// Whether another query or a schema follows the empty result at `at`.
pub(super) fn is_handled(log: &EpisodeLog<'_>, at: usize) -> bool {
    let empty = &log.calls[at];
    log.calls[at + 1..].iter().any(|c| {
        (is_query(c) && c.fingerprint != empty.fingerprint)
            || (c.kind == Some(ToolKind::TableInfo) && succeeded(c))
    })
}

pub(super) fn handled_empty(log: &EpisodeLog<'_>) -> CriterionScore {
    let empty = || (0..log.calls.len()).filter(|&at| is_empty_query(&log.calls[at]));
    let count = empty().count();
    if count == 0 {
        return not_applicable(why::NO_EMPTY_RESULT);
    }
    let handled = empty().filter(|&at| is_handled(log, at)).count();
    share(
        handled,
        count,
        [why::HANDLED, why::HANDLED_IN_PART, why::NOT_HANDLED],
    )
}

pub(super) fn filtered_sql(log: &EpisodeLog<'_>) -> CriterionScore {
    let queries = || log.calls.iter().filter(|c| is_query(c));
    let count = queries().count();
    if count == 0 {
        return not_applicable(why::NO_QUERY);
    }
    let filtered = queries().filter(|c| c.has_filter).count();
    share(
        filtered,
        count,
        [why::FILTERED, why::FILTERED_IN_PART, why::NOT_FILTERED],
    )
}

pub(super) fn budget(log: &EpisodeLog<'_>, gold: Option<&Gold>) -> CriterionScore {
    let Some(gold) = gold else {
        return not_applicable(why::NO_GOLD);
    };
    // Calls inside the reasoning and malformed ones that the environment ignores are not answered.
    let calls = log
        .calls
        .iter()
        .filter(|c| c.status.runs() || c.error.is_some())
        .count();
    let allowed = 2 * gold.num_calls();
    if calls <= allowed {
        scored(1.0, why::WITHIN_BUDGET)
    } else {
        scored(allowed as f64 / calls as f64, why::OVER_BUDGET)
    }
}

/// F1 of the tables that were read or queried against `needed`.
pub(super) fn table_access(log: &EpisodeLog<'_>, needed: &[TableKey]) -> CriterionScore {
    let distinct = |at: usize| !needed[..at].contains(&needed[at]);
    let wanted = (0..needed.len()).filter(|&at| distinct(at)).count();
    if wanted == 0 {
        return not_applicable(why::TABLES_UNKNOWN);
    }
    let (mut seen, mut hits) = (0, 0);
    for (at, call) in log.calls.iter().enumerate() {
        for (place, table) in log.tables(at).enumerate().filter(|_| looked(call)) {
            let is_known = (0..at).any(|i| looked(&log.calls[i]) && asks(log, i, table))
                || log.tables(at).take(place).any(|other| other == table);
            if !is_known {
                seen += 1;
                hits += usize::from(needed.contains(&table));
            }
        }
    }
    let f1 = 2.0 * f64::from(hits as u32) / (seen + wanted) as f64;
    let reason = if hits == 0 {
        why::NO_RIGHT_TABLE
    } else if hits == wanted && hits == seen {
        why::RIGHT_TABLES
    } else {
        why::OTHER_TABLES
    };
    scored(f1, reason)
}
