//! Errors as the policy sees them: what was wrong, the value seen, what would be right.
//!
//! SQLite's own words are kept where they help. Texts of budgets are fixed and name the budget, since where exactly a
//! query is stopped is no information. Only names of the asked company can occur.

use std::fmt::Write as _;

use finqa_core::sql::QueryLimits;
use finqa_core::{Company, Table, ToolError, ToolErrorCode as Code};
use rusqlite::{Error, ErrorCode};

use crate::authorizer::{Denial, similar_function};
use crate::image::quoted;
use crate::lex::{self, Kind};

/// Tables whose columns an error lists, and the bytes of column names per table.
const MAX_TABLES: usize = 3;
const MAX_COLUMN_BYTES: usize = 600;
const MAX_SIMILAR: usize = 3;
/// Bytes of a message of SQLite that are shown; it may quote the query.
const MAX_MESSAGE_BYTES: usize = 300;

/// When an error came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    Prepare,
    Run,
}

/// The query text is longer than allowed.
pub(crate) fn too_long(sql: &str, limits: &QueryLimits) -> ToolError {
    ToolError::new(
        Code::SqlTooComplex,
        format!(
            "the query has {} bytes; at most {} are allowed",
            sql.len(),
            limits.max_sql_bytes
        ),
    )
}

/// The query text holds a NUL character.
pub(crate) fn nul() -> ToolError {
    ToolError::new(
        Code::SqlSyntax,
        "the query holds a NUL character; send plain text",
    )
}

/// There is no statement.
pub(crate) fn empty() -> ToolError {
    ToolError::new(
        Code::SqlSyntax,
        "the query is empty; send one SELECT statement",
    )
}

/// There is more than one statement.
pub(crate) fn several() -> ToolError {
    ToolError::new(
        Code::SqlMultiple,
        "only one statement can be run at a time; send a single SELECT without a second statement after ';'",
    )
}

/// The statement is no query.
pub(crate) fn not_readonly(sql: &str) -> ToolError {
    let verb: String = sql
        .chars()
        .take_while(char::is_ascii_alphabetic)
        .take(12)
        .collect::<String>()
        .to_ascii_uppercase();
    let seen = match verb.as_str() {
        "" | "SELECT" | "WITH" | "VALUES" => String::new(),
        verb => format!("; this one starts with {verb}"),
    };
    ToolError::new(
        Code::SqlNotReadonly,
        format!("only a SELECT statement that reads the company's tables can be run{seen}"),
    )
}

/// The statement waits for parameters.
pub(crate) fn parameters() -> ToolError {
    ToolError::new(
        Code::SqlNotAllowed,
        "the query has parameters (?, :name, @name or $name) and nothing to bind to them; write the values themselves",
    )
}

/// The operation budget was used up.
pub(crate) fn out_of_ops(limits: &QueryLimits) -> ToolError {
    ToolError::new(
        Code::SqlBudget,
        format!(
            "the query was stopped: it needs more than the budget of {} operations (fewer if it handles long texts); \
             join fewer rows, for example with an ON or WHERE condition",
            limits.max_ops
        ),
    )
}

/// The memory cap was reached.
pub(crate) fn out_of_memory(limits: &QueryLimits) -> ToolError {
    ToolError::new(
        Code::SqlMemory,
        format!(
            "the query was stopped: it needs more than the memory cap of {} bytes; \
             select fewer columns and rows, and build no long texts",
            limits.max_memory_bytes
        ),
    )
}

fn clipped(message: &str) -> &str {
    let mut end = message.len().min(MAX_MESSAGE_BYTES);
    while !message.is_char_boundary(end) {
        end -= 1;
    }
    &message[..end]
}

fn message_of(error: &Error) -> &str {
    match error {
        Error::SqlInputError { msg, .. } => msg,
        Error::SqliteFailure(_, Some(message)) => message,
        _ => "the query failed",
    }
}

/// Translates an error of SQLite. `denial` is what the authorizer refused, if it did.
pub(crate) fn explain(
    error: &Error,
    stage: Stage,
    denial: Option<Denial>,
    company: &Company,
    sql: &str,
    limits: &QueryLimits,
) -> ToolError {
    if let Some(denial) = denial {
        return explain_denial(denial, company, sql);
    }
    let message = message_of(error);
    if error.sqlite_error_code() == Some(ErrorCode::TooBig) {
        return ToolError::new(
            Code::SqlTooComplex,
            format!(
                "string or blob too big: a value or a row may have {} bytes",
                limits.max_value_bytes
            ),
        );
    }
    if let Some(name) = message.strip_prefix("no such column: ") {
        // Where double quotes are repaired, no text was meant here: the columns that there are help more.
        let name = if limits.repair_double_quotes {
            name.split(" - should this be a string literal")
                .next()
                .unwrap_or(name)
        } else {
            name
        };
        return no_such_column(name, company, sql);
    }
    if let Some(name) = message.strip_prefix("no such table: ") {
        return no_such_table(name, company);
    }
    if let Some(name) = message.strip_prefix("no such function: ") {
        return unknown_function(name, "no such function");
    }
    if message.contains("too many SQL variables") || message.contains("variable number must be") {
        return parameters();
    }
    let text = clipped(message);
    if message.contains("virtual table") {
        return ToolError::new(
            Code::SqlNotAllowed,
            format!("table-valued functions are not allowed: {text}"),
        );
    }
    let code = match stage {
        Stage::Run => Code::SqlRuntime,
        Stage::Prepare if is_size_limit(message) => Code::SqlTooComplex,
        Stage::Prepare => Code::SqlSyntax,
    };
    if code == Code::SqlSyntax {
        return ToolError::new(
            code,
            format!("{text}. {}", syntax_advice(message, sql, company)),
        );
    }
    ToolError::new(code, text)
}

/// What would be right where SQLite only names the token that it stumbled over.
///
/// The cases are the habits of models: columns such as `2024` without quotes, words of other databases, Markdown.
fn syntax_advice(message: &str, sql: &str, company: &Company) -> String {
    let token = message
        .split_once('"')
        .and_then(|(_, rest)| rest.rsplit_once('"'))
        .map_or("", |(token, _)| token);
    let column = tables_used(company, sql)
        .into_iter()
        .flat_map(|table| &table.columns)
        .find(|column| column.eq_ignore_ascii_case(token));
    if let Some(column) = column {
        return format!(
            "A name like this is written in double quotes: {}",
            quoted(column)
        );
    }
    if sql.trim_start().starts_with("```") {
        return "Send the SELECT alone, without a code fence".to_owned();
    }
    let advice = match token.to_ascii_uppercase().as_str() {
        ":" if sql.contains("::") => "SQLite converts with CAST(column AS REAL), not with ::",
        "ILIKE" => "SQLite has LIKE, which ignores case",
        "FROM" => "A comma too many or an expression too few stands before FROM",
        // An odd quote: what follows it is read as SQL, so that SQLite stumbles anywhere behind it.
        _ if sql.matches('\'').count() % 2 == 1 => {
            "A text ends at the next single quote: write an apostrophe inside it twice, as in 'Children''s'"
        }
        "" => "The query ends too early: a parenthesis, a condition or a name is missing",
        _ => {
            "Write one SQLite SELECT: names with blanks, signs or a digit at the start in double quotes, texts in \
             single quotes"
        }
    };
    advice.to_owned()
}

fn is_size_limit(message: &str) -> bool {
    [
        "too many",
        "too deep",
        "too large",
        "too big",
        "too long",
        "overflow",
        "Recursion limit",
        "at most",
    ]
    .iter()
    .any(|words| message.contains(words))
}

fn explain_denial(denial: Denial, company: &Company, sql: &str) -> ToolError {
    match denial {
        Denial::Function(name) => unknown_function(&name, "function not allowed"),
        Denial::Table(name) => {
            let mut text = format!("table {} cannot be read", clipped(&name));
            text.push_str("; only the tables of this company can be read: list them");
            push_similar_tables(&mut text, &name, company);
            ToolError::new(Code::SqlNotAllowed, text)
        }
        Denial::Recursion => ToolError::new(
            Code::SqlNotAllowed,
            "recursive queries (a WITH table that reads itself) are not allowed",
        ),
        Denial::Action => not_readonly(sql),
    }
}

fn unknown_function(name: &str, what: &str) -> ToolError {
    let mut text = format!("{what}: {}()", clipped(name));
    if let Some(similar) = similar_function(name).filter(|s| !s.eq_ignore_ascii_case(name)) {
        let written = write!(text, "; did you mean {similar}()?");
        debug_assert!(written.is_ok(), "a String takes every write");
    }
    ToolError::new(Code::SqlNotAllowed, text)
}

/// Tables of the company that the query names, in order of first use.
fn tables_used<'a>(company: &'a Company, sql: &str) -> Vec<&'a Table> {
    let mut used: Vec<&Table> = Vec::new();
    let mut note = |name: &str| {
        let table = company
            .tables
            .iter()
            .find(|t| t.name.eq_ignore_ascii_case(name));
        if let Some(table) = table
            && !used.iter().any(|seen| std::ptr::eq(*seen, table))
        {
            used.push(table);
        }
    };
    for token in lex::tokens(sql) {
        match token.kind {
            Kind::Word => {
                // The lexer keeps `t.column` together.
                let text = token.text(sql);
                note(text);
                text.split('.').for_each(&mut note);
            }
            Kind::DoubleQuoted | Kind::OtherQuoted => note(&token.name(sql)),
            Kind::Text | Kind::Operator | Kind::Semicolon => {}
        }
    }
    used
}

fn no_such_column(name: &str, company: &Company, sql: &str) -> ToolError {
    let mut text = format!("no such column: {}.", clipped(name));
    for table in tables_used(company, sql).into_iter().take(MAX_TABLES) {
        let mut list = String::new();
        for (index, column) in table.columns.iter().enumerate() {
            if list.len() > MAX_COLUMN_BYTES {
                let written = write!(list, " and {} more", table.columns.len() - index);
                debug_assert!(written.is_ok(), "a String takes every write");
                break;
            }
            if index > 0 {
                list.push_str(", ");
            }
            list.push_str(&quoted(column));
        }
        let written = write!(
            text,
            " Table {} has the columns: {list}.",
            quoted(&table.name)
        );
        debug_assert!(written.is_ok(), "a String takes every write");
    }
    ToolError::new(Code::SqlNoSuchColumn, text)
}

fn no_such_table(name: &str, company: &Company) -> ToolError {
    let mut text = format!("no such table in this company: {}", clipped(name));
    push_similar_tables(&mut text, name, company);
    text.push_str("; list the company's tables to see all names");
    ToolError::new(Code::SqlNoSuchTable, text)
}

fn push_similar_tables(text: &mut String, name: &str, company: &Company) {
    let wanted = name.rsplit('.').next().unwrap_or(name).to_lowercase();
    let mut ranked: Vec<(f64, &str)> = company
        .tables
        .iter()
        .map(|table| {
            let lower = table.name.to_lowercase();
            let contained =
                !wanted.is_empty() && (lower.contains(&wanted) || wanted.contains(&lower));
            let similarity = strsim::jaro_winkler(&wanted, &lower);
            (
                if contained {
                    similarity + 1.0
                } else {
                    similarity
                },
                table.name.as_str(),
            )
        })
        .filter(|(similarity, _)| *similarity >= 0.75)
        .collect();
    // A stable sort: equal names stay in the company's order.
    ranked.sort_by(|a, b| b.0.total_cmp(&a.0));
    for (index, (_, table)) in ranked.iter().take(MAX_SIMILAR).enumerate() {
        text.push_str(if index == 0 {
            "; similar names: "
        } else {
            ", "
        });
        text.push_str(&quoted(table));
    }
}
