//! What kind of mistake an error text of somebody's tool speaks of.

use crate::error::ToolErrorCode as Code;
use crate::tool::ToolKind;

/// Characters of a text that are looked at: what is wrong stands in front, what would be right behind.
const HEAD_CHARS: usize = 600;
/// What SQLAlchemy puts before the query that failed: its words are the query's, not the error's.
const QUOTED_QUERY: &str = "[sql:";

/// Reads an error text: its words decide, those of this project's own tools, of SQLite, DuckDB, PostgreSQL and of Python
/// included. [`Code::UserToolFailed`] and [`Code::SqlRuntime`] stand for "something else".
///
/// ```
/// use finqa_core::error::ToolErrorCode;
/// use finqa_core::tool::ToolKind;
/// use finqa_core::trace::error_code;
///
/// let code = error_code(Some(ToolKind::SqlQuery), "OperationalError: no such column: revenue");
/// assert_eq!(code, ToolErrorCode::SqlNoSuchColumn);
/// ```
pub fn error_code(kind: Option<ToolKind>, text: &str) -> Code {
    let head = text
        .char_indices()
        .nth(HEAD_CHARS)
        .map_or(text, |(cut, _)| &text[..cut]);
    let mut text = head.to_lowercase();
    text.truncate(text.find(QUOTED_QUERY).unwrap_or(text.len()));
    if let Some(code) = of_message(&text, kind) {
        return code;
    }
    match kind {
        None => Code::MalformedAction,
        Some(ToolKind::Calculator) => of_calculator(&text),
        Some(ToolKind::SqlQuery) => of_data(&text, true)
            .or_else(|| of_sql(&text))
            .unwrap_or(Code::SqlRuntime),
        Some(ToolKind::ListTables | ToolKind::TableInfo) => {
            of_data(&text, false).unwrap_or(Code::UserToolFailed)
        }
        Some(ToolKind::SubmitAnswer) => Code::BadArguments,
        Some(ToolKind::User) => Code::UserToolFailed,
    }
}

fn has(text: &str, any: &[&str]) -> bool {
    any.iter().any(|words| text.contains(words))
}

/// Mistakes in the message itself, before any tool was asked.
fn of_message(text: &str, kind: Option<ToolKind>) -> Option<Code> {
    let is_sql = kind == Some(ToolKind::SqlQuery);
    let rules: [(Code, &[&str]); 7] = [
        (
            Code::TooManyCalls,
            &[
                "a message may hold at most",
                "too many tool calls",
                "too many calls",
            ],
        ),
        (
            Code::AlreadySubmitted,
            &[
                "already submitted",
                "already been submitted",
                "episode is over",
                "episode has ended",
            ],
        ),
        (
            Code::TruncatedAction,
            &[
                "reached its length limit inside a tool call",
                "was cut at its length limit",
            ],
        ),
        (
            Code::NoAction,
            &[
                "no tool call found",
                "tool call stands inside the reasoning",
                "no tool calls were found",
            ],
        ),
        (
            Code::MalformedAction,
            &[
                "the tool call could not be read",
                "the tool call is not complete",
                "the tool call has no tool name",
                "send a shorter message",
                "invalid tool call",
                "failed to parse tool call",
                "could not parse tool call",
                "malformed tool call",
            ],
        ),
        (
            Code::UnknownTool,
            &[
                "there is no tool ",
                "unknown tool",
                "no such tool",
                "no tool named",
                "not a valid tool",
                "invalid tool name",
                "tool does not exist",
            ],
        ),
        (
            Code::BadArguments,
            &[
                "wrong arguments for",
                "invalid arguments",
                "bad arguments",
                "missing required",
                "required positional argument",
                "unexpected keyword argument",
                "field required",
                "argument is required",
                "arguments are not valid json",
                "validation error",
            ],
        ),
    ];
    for (code, words) in rules {
        if has(text, words) {
            return Some(code);
        }
    }
    // "Tool x not found", but not "no such function: x" of SQL.
    let named = ["tool ", "function "]
        .iter()
        .any(|noun| nearest_noun(text, noun));
    (!is_sql && named && has(text, &["not found", "not defined", "does not exist"]))
        .then_some(Code::UnknownTool)
}

/// Whether the text speaks of `noun` in its first words.
fn nearest_noun(text: &str, noun: &str) -> bool {
    text.find(noun).is_some_and(|at| at < 24)
}

fn of_calculator(text: &str) -> Code {
    if has(
        text,
        &[
            "division by zero",
            "divide by zero",
            "zerodivision",
            "divided by zero",
        ],
    ) {
        Code::CalcDivisionByZero
    } else if has(text, &["overflow", "larger than", "too large"]) {
        Code::CalcOverflow
    } else if has(
        text,
        &[
            "domain",
            "of a negative number",
            "negative number",
            "is not defined for",
            "logarithm of",
        ],
    ) {
        Code::CalcDomain
    } else {
        Code::CalcSyntax
    }
}

/// Names that do not exist.
fn of_data(text: &str, is_sql: bool) -> Option<Code> {
    let engine = if is_sql {
        Code::SqlNoSuchTable
    } else {
        Code::UnknownTable
    };
    if has(
        text,
        &["no such table", "undefined table", "table with name"],
    ) {
        return Some(engine);
    }
    if has(
        text,
        &[
            "unknown table",
            "table not found",
            "invalid table",
            "has no table",
            "not a valid table",
        ],
    ) {
        return Some(Code::UnknownTable);
    }
    let no_column = [
        "no such column",
        "unknown column",
        "column not found",
        "invalid column",
        "referenced column",
    ];
    if has(text, &no_column) || has(text, &["no column named", "has no column", "keyerror"]) {
        return Some(Code::SqlNoSuchColumn);
    }
    if has(
        text,
        &[
            "no such company",
            "unknown company",
            "company not found",
            "invalid company",
        ],
    ) {
        return Some(Code::UnknownCompany);
    }
    let missing = [
        " not found",
        " does not exist",
        " doesn't exist",
        " is not part of",
        " not available",
        " could not be found",
        " not exist",
    ];
    let before = missing.iter().filter_map(|words| text.find(words)).min()?;
    let nouns = [
        ("column", Code::SqlNoSuchColumn),
        ("table", Code::UnknownTable),
        ("relation", engine),
        ("file", Code::UnknownTable),
        ("company", Code::UnknownCompany),
        ("companies", Code::UnknownCompany),
    ];
    // "table x not found for company y" speaks of the table.
    nouns
        .iter()
        .filter_map(|(noun, code)| Some((text[..before].find(noun)?, *code)))
        .min_by_key(|(at, _)| *at)
        .map(|(_, code)| code)
}

/// Refusals and errors of an SQL engine.
fn of_sql(text: &str) -> Option<Code> {
    let rules: [(Code, &[&str]); 9] = [
        (
            Code::SqlGuard,
            &[
                "select * is ",
                "select * not ",
                "select * queries",
                "use select *",
                "using select *",
                "is not allowed; name the columns",
                "the query needs a filter",
                "the query has no from",
                "must include a filter",
                "must have a where",
                "requires a where",
                "without a where",
                "too broad",
            ],
        ),
        (
            Code::SqlMultiple,
            &[
                "only one statement",
                "one statement at a time",
                "multiple statements",
                "more than one statement",
            ],
        ),
        (
            Code::SqlNotReadonly,
            &[
                "only a select",
                "only select",
                "read-only",
                "readonly",
                "read only",
                "write operation",
            ],
        ),
        (
            Code::SqlBudget,
            &[
                "more than the budget of",
                "timed out",
                "timeout",
                "interrupted",
                "time limit",
            ],
        ),
        (
            Code::SqlMemory,
            &["memory cap", "out of memory", "memory limit"],
        ),
        (
            Code::SqlNotAllowed,
            &[
                "function not allowed",
                "no such function",
                "does not exist: function",
                "table-valued functions are not allowed",
                "cannot be read; only the tables",
                "recursive queries",
                "the query has parameters",
                "not authorized",
                "permission denied",
                "binding parameter",
            ],
        ),
        (
            Code::SqlTooComplex,
            &["string or blob too big", "bytes; at most"],
        ),
        (
            Code::SqlSyntax,
            &[
                "syntax error",
                "parser error",
                "parse error",
                "parseerror",
                "incomplete input",
                "unrecognized token",
                "ambiguous column",
                "the query is empty",
                "holds a nul character",
                "write one sqlite select",
                "is written in double quotes",
                "send the select alone",
                "the query ends too early",
                "a text ends at the next single quote",
                "sqlite has like",
                "sqlite converts with cast",
                "a comma too many",
                "misuse of aggregate",
                "wrong number of arguments to function",
            ],
        ),
        (
            Code::SqlTooComplex,
            &[
                "too many",
                "too deep",
                "too large",
                "too long",
                "expression tree",
                "recursion limit",
            ],
        ),
    ];
    rules
        .iter()
        .find(|(_, words)| has(text, words))
        .map(|(code, _)| *code)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_of_many_tools_are_told_apart() {
        use ToolKind::{Calculator, ListTables, SqlQuery, SubmitAnswer, TableInfo, User};
        for (kind, text, code) in [
            (
                Some(SqlQuery),
                "(sqlite3.OperationalError) no such column: rev",
                Code::SqlNoSuchColumn,
            ),
            (
                Some(SqlQuery),
                "Error: no such table: us_gaap",
                Code::SqlNoSuchTable,
            ),
            (
                Some(SqlQuery),
                "Catalog Error: Table with name x does not exist!",
                Code::SqlNoSuchTable,
            ),
            (
                Some(SqlQuery),
                "relation \"x\" does not exist",
                Code::SqlNoSuchTable,
            ),
            (
                Some(SqlQuery),
                "ERROR: column \"y\" does not exist in table t",
                Code::SqlNoSuchColumn,
            ),
            (
                Some(SqlQuery),
                "Binder Error: Referenced column \"y\" not found",
                Code::SqlNoSuchColumn,
            ),
            (
                Some(SqlQuery),
                "Error: table \"x\" not found for company \"acme\". Call it",
                Code::UnknownTable,
            ),
            (
                Some(TableInfo),
                "Error: Table x not found for company acme",
                Code::UnknownTable,
            ),
            (
                Some(TableInfo),
                "Error: company \"x\" is not part of this question.",
                Code::UnknownCompany,
            ),
            (Some(ListTables), "No such company: x", Code::UnknownCompany),
            (
                Some(SqlQuery),
                "near \"FORM\": syntax error",
                Code::SqlSyntax,
            ),
            (
                Some(SqlQuery),
                "Error: SELECT * is not allowed; name the columns",
                Code::SqlGuard,
            ),
            // The query that failed is no part of what is wrong with it.
            (
                Some(SqlQuery),
                "near \"FORM\": syntax error [SQL: SELECT * FORM t]",
                Code::SqlSyntax,
            ),
            (
                Some(SqlQuery),
                "syntax error at or near \"FORM\" LINE 1: SELECT * FORM t",
                Code::SqlSyntax,
            ),
            (
                Some(SqlQuery),
                "no such column: x [SQL: SELECT x FROM t -- table not found]",
                Code::SqlNoSuchColumn,
            ),
            (Some(SqlQuery), "Do not use SELECT *", Code::SqlGuard),
            (
                Some(SqlQuery),
                "attempt to write a readonly database",
                Code::SqlNotReadonly,
            ),
            (
                Some(SqlQuery),
                "no such function: YEAR()",
                Code::SqlNotAllowed,
            ),
            (Some(SqlQuery), "query timed out after 5 s", Code::SqlBudget),
            (Some(SqlQuery), "integer overflow", Code::SqlRuntime),
            (
                Some(Calculator),
                "ZeroDivisionError: division by zero",
                Code::CalcDivisionByZero,
            ),
            (
                Some(Calculator),
                "name 'x' is not defined",
                Code::CalcSyntax,
            ),
            (
                Some(Calculator),
                "ValueError: math domain error",
                Code::CalcDomain,
            ),
            (Some(User), "boom", Code::UserToolFailed),
            (Some(User), "Tool foo not found", Code::UnknownTool),
            (None, "There is no tool \"foo\".", Code::UnknownTool),
            (
                Some(SqlQuery),
                "1 validation error for SqlArgs: query Field required",
                Code::BadArguments,
            ),
            (
                Some(SubmitAnswer),
                "Error: not run, an answer was already submitted.",
                Code::AlreadySubmitted,
            ),
            (
                Some(TableInfo),
                "Traceback (most recent call last): boom",
                Code::UserToolFailed,
            ),
        ] {
            assert_eq!(error_code(kind, text), code, "{kind:?} {text}");
        }
    }
}
