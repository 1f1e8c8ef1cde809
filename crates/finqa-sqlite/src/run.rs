//! One query on one connection.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Instant;

use finqa_core::sql::{InfraError, QueryLimits, QueryOutcome, QueryResult};
use finqa_core::{Company, ToolError};
use rusqlite::limits::Limit;
use rusqlite::{Connection, Error, ErrorCode, PrepFlags, Statement, StatementStatus};

use crate::authorizer::take_denial;
use crate::explain::{self, Stage};
use crate::lex;
use crate::meter::{Allowance, Metered};
use crate::render::Records;

/// A call may allocate this many times its memory cap in all: bounds copying inside operations.
const TOTAL_TO_LIVE: i64 = 16;

/// How much the history of a connection (pages it keeps) can move the memory use of a call. Calls that come this close
/// to a cap are decided on a fresh connection, so that the outcome depends on the query alone.
const HISTORY_BYTES: i64 = 256 * 1024;

/// Repairs of double quotes in one query.
const MAX_REPAIRS: usize = 8;

/// What a run came to.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) outcome: Result<QueryOutcome, InfraError>,
    /// The connection must not be used again.
    pub(crate) spoiled: bool,
    /// A connection with another history might have decided otherwise.
    pub(crate) depends_on_history: bool,
}

fn allowance(limits: &QueryLimits, deadline: Option<Instant>) -> Allowance {
    let live = i64::from(limits.max_memory_bytes);
    Allowance {
        max_ops: u64::from(limits.max_ops),
        max_live_bytes: live,
        max_total_bytes: live.saturating_mul(TOTAL_TO_LIVE),
        deadline,
    }
}

/// Runs `sql`, one statement, and charges it to `limits`.
pub(crate) fn run(
    connection: &Connection,
    company: &Company,
    sql: &str,
    limits: &QueryLimits,
    deadline: Option<Instant>,
) -> Run {
    let allowance = allowance(limits, deadline);
    let metered = Metered::start(&allowance);
    let ended = catch_unwind(AssertUnwindSafe(|| {
        attempt(&metered, connection, company, sql, limits)
    }));
    let usage = metered.usage();
    drop(metered);
    let close_to_cap = usage.out_of_memory
        || usage.peak_bytes > allowance.max_live_bytes - HISTORY_BYTES
        || usage.total_bytes > allowance.max_total_bytes - HISTORY_BYTES;
    let stopped = usage.out_of_memory || usage.out_of_ops || usage.timed_out;
    let outcome = match ended {
        Err(_) => Err(InfraError {
            kind: "infra_backend",
            message: format!(
                "company {:?}: a query caused a panic in the SQL backend",
                company.name
            ),
        }),
        Ok(_) if usage.timed_out => Err(InfraError {
            kind: "infra_timeout",
            message: format!("company {:?}: the wall guard stopped a query", company.name),
        }),
        Ok(_) if usage.out_of_memory => Ok(Err(Arc::new(explain::out_of_memory(limits)))),
        Ok(outcome) => Ok(outcome),
    };
    Run {
        spoiled: stopped || outcome.is_err() || !connection.is_autocommit(),
        outcome,
        depends_on_history: close_to_cap,
    }
}

fn attempt(
    metered: &Metered,
    connection: &Connection,
    company: &Company,
    sql: &str,
    limits: &QueryLimits,
) -> QueryOutcome {
    let mut statement = prepare(metered, connection, company, sql, limits).map_err(Arc::new)?;
    check(&statement, sql).map_err(Arc::new)?;
    let short = execute(
        metered,
        &mut statement,
        Tier::short(limits),
        connection,
        limits,
    );
    let ended = match short {
        Err(error) if is_too_big(&error) && limits.max_value_bytes > SHORT_VALUE_BYTES => execute(
            metered,
            &mut statement,
            Tier::long(limits),
            connection,
            limits,
        ),
        ended => ended,
    };
    let out_of_ops = metered.usage().out_of_ops;
    match ended {
        Ok(result) => Ok(Arc::new(result)),
        Err(_) if out_of_ops => Err(Arc::new(explain::out_of_ops(limits))),
        Err(error) => Err(Arc::new(explain::explain(
            &error,
            Stage::Run,
            None,
            company,
            sql,
            limits,
        ))),
    }
}

/// Values up to this size are cheap enough for the whole operation budget.
const SHORT_VALUE_BYTES: u32 = 1024;

/// How long values may be in a run, and how many operations it has.
///
/// One operation can read a whole value (a sum over a text of 16,000 digits takes as long as a thousand usual
/// operations), and nothing can count inside an operation. So a query first runs with short values; if it makes a
/// longer one it starts again with long values and as many operations fewer, which bounds the product.
#[derive(Clone, Copy, Debug)]
struct Tier {
    max_value_bytes: u32,
    max_ops: u64,
}

impl Tier {
    fn short(limits: &QueryLimits) -> Self {
        Self {
            max_value_bytes: limits.max_value_bytes.min(SHORT_VALUE_BYTES),
            max_ops: u64::from(limits.max_ops),
        }
    }

    fn long(limits: &QueryLimits) -> Self {
        Self {
            max_value_bytes: limits.max_value_bytes,
            max_ops: u64::from(limits.max_ops) * u64::from(SHORT_VALUE_BYTES)
                / u64::from(limits.max_value_bytes),
        }
    }
}

fn is_too_big(error: &Error) -> bool {
    error.sqlite_error_code() == Some(ErrorCode::TooBig)
}

/// Runs the statement once. The rows that fit are a result also if the budget ends while the rest is counted.
fn execute(
    metered: &Metered,
    statement: &mut Statement<'_>,
    tier: Tier,
    connection: &Connection,
    limits: &QueryLimits,
) -> rusqlite::Result<QueryResult> {
    set_value_bytes(connection, tier.max_value_bytes)?;
    // The handler's phase hangs on the statement's own step counter, so both start at zero.
    metered.restart_ops(tier.max_ops);
    statement.reset_status(StatementStatus::VmStep);
    let columns: Vec<&str> = statement.column_names().collect();
    let mut records = Records::new(&columns, limits);
    let mut rows = statement.raw_query();
    let ended = loop {
        match rows.next() {
            Ok(Some(row)) => {
                if let Err(error) = records.push(row) {
                    break Err(error);
                }
            }
            Ok(None) => break Ok(()),
            Err(error) => break Err(error),
        }
    };
    drop(rows);
    // Texts of errors and names are not values: between runs the full length holds.
    set_value_bytes(connection, limits.max_value_bytes)?;
    match ended {
        Ok(()) => Ok(records.finish(false)),
        Err(_) if metered.usage().out_of_ops && records.is_cut() => Ok(records.finish(true)),
        Err(error) => Err(error),
    }
}

fn set_value_bytes(connection: &Connection, bytes: u32) -> rusqlite::Result<()> {
    let bytes = i32::try_from(bytes).unwrap_or(i32::MAX);
    connection
        .set_limit(Limit::SQLITE_LIMIT_LENGTH, bytes)
        .map(drop)
}

/// Prepares `sql`; reads a double-quoted name as text where a value is meant and no such column exists.
fn prepare<'c>(
    metered: &Metered,
    connection: &'c Connection,
    company: &Company,
    sql: &str,
    limits: &QueryLimits,
) -> Result<Statement<'c>, ToolError> {
    let mut repaired: Option<String> = None;
    let mut repairs = 0;
    loop {
        let text = repaired.as_deref().unwrap_or(sql);
        take_denial();
        // Virtual tables are refused before their code runs.
        let error = match connection.prepare_with_flags(text, PrepFlags::SQLITE_PREPARE_NO_VTAB) {
            Ok(statement) => return Ok(statement),
            Err(error) => error,
        };
        if metered.usage().out_of_ops {
            return Err(explain::out_of_ops(limits));
        }
        if limits.repair_double_quotes
            && repairs < MAX_REPAIRS
            && let Some(next) = repair(text, &error)
        {
            repaired = Some(next);
            repairs += 1;
            continue;
        }
        let denial = take_denial();
        return Err(explain::explain(
            &error,
            Stage::Prepare,
            denial,
            company,
            sql,
            limits,
        ));
    }
}

fn repair(sql: &str, error: &Error) -> Option<String> {
    let Error::SqlInputError { msg, offset, .. } = error else {
        return None;
    };
    if !msg.starts_with("no such column: \"") {
        return None;
    }
    let token = lex::value_position(sql, usize::try_from(*offset).ok()?)?;
    let literal = token.name(sql).replace('\'', "''");
    Some(format!(
        "{}'{literal}'{}",
        &sql[..token.start],
        &sql[token.end..]
    ))
}

/// VACUUM, REINDEX and EXPLAIN pass the authorizer; here they do not.
fn check(statement: &Statement<'_>, sql: &str) -> Result<(), ToolError> {
    if !statement.readonly() || statement.is_explain() != 0 || statement.column_count() == 0 {
        return Err(explain::not_readonly(sql));
    }
    if statement.parameter_count() != 0 {
        return Err(explain::parameters());
    }
    Ok(())
}
