//! The two families of errors, which never mix.
//!
//! [`ToolError`] is the policy's mistake: data that becomes an observation, is counted and costs a turn.
//! [`Error`] is ours or the caller's: it becomes an exception.

use std::fmt;

/// Declares [`ToolErrorCode`] with its stable `snake_case` names in one place.
macro_rules! tool_error_codes {
    ($($(#[$doc:meta])* $variant:ident => $name:literal,)*) => {
        /// What kind of mistake a tool call was. The names are stable: they appear in infos, records and reports.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[repr(u8)]
        #[non_exhaustive]
        pub enum ToolErrorCode { $($(#[$doc])* $variant,)* }

        impl ToolErrorCode {
            /// Every code, in the order of their numeric value.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The stable `snake_case` name.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }
        }
    };
}

tool_error_codes! {
    /// No tool call could be read from the message.
    MalformedAction => "malformed_action",
    /// The message was cut by the token limit before the call was complete.
    TruncatedAction => "truncated_action",
    /// A well-formed call of a tool that does not exist.
    UnknownTool => "unknown_tool",
    /// The arguments do not fit the tool's schema.
    BadArguments => "bad_arguments",
    /// The company is not one of the task's companies.
    UnknownCompany => "unknown_company",
    /// The company has no such table.
    UnknownTable => "unknown_table",
    /// The query breaks a rule that the tool profile documents (`SELECT *`, no filter).
    SqlGuard => "sql_guard",
    /// SQLite could not parse or prepare the query.
    SqlSyntax => "sql_syntax",
    /// The query names a column that does not exist.
    SqlNoSuchColumn => "sql_no_such_column",
    /// The query names a table that does not exist in this company.
    SqlNoSuchTable => "sql_no_such_table",
    /// The query would write, or is no query at all.
    SqlNotReadonly => "sql_not_readonly",
    /// More than one statement.
    SqlMultiple => "sql_multiple_statements",
    /// A function, table or feature that the sandbox does not allow.
    SqlNotAllowed => "sql_not_allowed",
    /// A limit on length, depth, columns or value size.
    SqlTooComplex => "sql_too_complex",
    /// The operation budget (VM steps and fuel) was used up.
    SqlBudget => "sql_budget",
    /// The memory cap of one call was reached.
    SqlMemory => "sql_memory",
    /// An error while the query ran (for example an overflow or a malformed number).
    SqlRuntime => "sql_runtime",
    /// The calculator could not read the expression.
    CalcSyntax => "calc_syntax",
    /// Division by zero in the calculator.
    CalcDivisionByZero => "calc_division_by_zero",
    /// The result or a step of the calculation is too large.
    CalcOverflow => "calc_overflow",
    /// A function was called outside its domain.
    CalcDomain => "calc_domain",
    /// More calls in one message than allowed; the surplus was not run.
    TooManyCalls => "too_many_calls",
    /// The episode is over: an answer was already submitted.
    AlreadySubmitted => "already_submitted",
    /// The message has neither a tool call nor a final answer.
    NoAction => "no_action",
    /// A tool of the user refused the call.
    UserToolFailed => "user_tool_failed",
}

impl fmt::Display for ToolErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A mistake of the policy: the text is what it sees, the code is what we count.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ToolError {
    /// What kind of mistake.
    pub code: ToolErrorCode,
    /// The observation: what was wrong, the value seen, what would be right. Never depends on time or machine.
    pub message: String,
}

impl ToolError {
    /// Makes an error with the observation text `message`.
    pub fn new(code: ToolErrorCode, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
        }
    }
}

impl fmt::Display for ToolError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for ToolError {}

/// What goes wrong on our side or on the caller's: becomes an exception in Python.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A configuration or argument value that cannot work.
    #[error("{0}")]
    InvalidConfig(String),
    /// No company of that name in the corpus.
    #[error("no company {name:?} in corpus {corpus:?}; {hint}")]
    UnknownCompany {
        /// The name that was asked for.
        name: String,
        /// The corpus.
        corpus: String,
        /// What would be right.
        hint: String,
    },
    /// No task with that id or index in the corpus.
    #[error("no task {id:?} in corpus {corpus:?}; {hint}")]
    UnknownTask {
        /// The id that was asked for.
        id: String,
        /// The corpus.
        corpus: String,
        /// What would be right.
        hint: String,
    },
    /// No split of that name in the corpus.
    #[error("no split {name:?} in corpus {corpus:?}; {hint}")]
    UnknownSplit {
        /// The name that was asked for.
        name: String,
        /// The corpus.
        corpus: String,
        /// What would be right.
        hint: String,
    },
    /// A source made something that cannot be part of its corpus: a mistake in the source's code.
    #[error("company {company} that was made for corpus {corpus:?} cannot be used: {reason}")]
    BrokenSource {
        /// The corpus.
        corpus: String,
        /// Index of the company.
        company: u32,
        /// The promise that is broken, and what was seen.
        reason: String,
    },
    /// A table that cannot be part of a corpus (no columns, ragged rows, repeated names).
    #[error("table {table:?} of company {company:?}: {reason}")]
    BadTable {
        /// The company.
        company: String,
        /// The table.
        table: String,
        /// What is wrong with it and what would be right.
        reason: String,
    },
    /// A failure inside an SQL backend that is no mistake of the policy.
    #[error("SQL backend: {0}")]
    Backend(String),
}

/// Result with [`enum@Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;
