//! The guards on query text that the published tool profiles document, applied to tokens instead of raw text.
//!
//! The published guards search the text, so that two blanks in `SELECT  *` or a comment `-- WHERE` fool them and
//! `WHERE(x)` does not pass. Here comments and strings do not count, and blanks make no difference. What is no query
//! (`DELETE …`, `PRAGMA …`, an empty text) is left to the sandbox, whose error says what is wrong with it.

use crate::error::{ToolError, ToolErrorCode};
use crate::sql_tokens::{Token, TokenKind, tokens};

/// Which guard applies.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum SqlGuard {
    /// No guard.
    Off,
    /// rLLM: no `SELECT *`; a filter, LIMIT, GROUP BY, ORDER BY or an aggregate; FROM.
    #[default]
    Rllm,
    /// OpenEnv: no `SELECT *`; a filter word (GROUP BY, ORDER BY, LIMIT and COUNT alone do not count).
    OpenEnv,
}

/// Words that satisfy both guards wherever they stand as keywords (`NOT IN`, `NOT LIKE` … contain them).
const SHARED_WORDS: [&str; 6] = ["WHERE", "HAVING", "IN", "EXISTS", "LIKE", "BETWEEN"];
const RLLM_AGGREGATES: [&str; 5] = ["COUNT", "MAX", "MIN", "SUM", "AVG"];
const OPENENV_WORDS: [&str; 6] = ["ANY", "SOME", "ALL", "CASE", "ISNULL", "NOTNULL"];

/// Checks a query against a profile's guard.
///
/// # Errors
/// [`crate::ToolErrorCode::SqlGuard`] with a text that names the rule and shows what would pass.
///
/// # Examples
/// ```
/// use finqa_core::sql_guard::{SqlGuard, check};
///
/// assert!(check(SqlGuard::Rllm, "SELECT item FROM t LIMIT 5").is_ok());
/// assert!(check(SqlGuard::OpenEnv, "SELECT item FROM t LIMIT 5").is_err());
/// assert!(check(SqlGuard::Rllm, "SELECT  * FROM t -- WHERE").is_err());
/// ```
pub fn check(guard: SqlGuard, sql: &str) -> Result<(), ToolError> {
    if guard == SqlGuard::Off {
        return Ok(());
    }
    let tokens: Vec<Token<'_>> = tokens(sql).collect();
    let is_query = tokens.first().is_some_and(|t| {
        ["SELECT", "WITH", "VALUES", "EXPLAIN"]
            .iter()
            .any(|w| t.is_word(w))
            || t.is_mark("(")
    });
    if !is_query {
        return Ok(());
    }
    if let Some(star) = star_in_select_list(&tokens) {
        return Err(refuse(format!(
            "Error: {star} is not allowed; name the columns you need, for example {}",
            example(guard, &tokens)
        )));
    }
    let filtered = (0..tokens.len()).any(|i| is_filter(guard, &tokens, i));
    if !filtered {
        let rule = match guard {
            SqlGuard::OpenEnv => {
                "the query needs a filter (WHERE, HAVING, IN, EXISTS, LIKE, BETWEEN, IS NULL, CASE or FILTER; \
                 GROUP BY, ORDER BY, LIMIT and COUNT alone do not count)"
            }
            _ => {
                "the query needs a filter (WHERE, HAVING, LIKE, IN, BETWEEN, LIMIT, GROUP BY, ORDER BY) or an \
                 aggregate (COUNT, SUM, AVG, MIN, MAX)"
            }
        };
        return Err(refuse(format!(
            "Error: {rule}, for example {}",
            example(guard, &tokens)
        )));
    }
    if guard == SqlGuard::Rllm && !tokens.iter().any(|t| t.is_word("FROM")) {
        return Err(refuse(format!(
            "Error: the query has no FROM; it must read from a table, for example {}",
            example(guard, &tokens)
        )));
    }
    Ok(())
}

fn refuse(message: String) -> ToolError {
    ToolError::new(ToolErrorCode::SqlGuard, message)
}

/// `*` or `t.*` as it is written, if one stands where a column of a select list would.
fn star_in_select_list(tokens: &[Token<'_>]) -> Option<String> {
    for (i, token) in tokens.iter().enumerate().skip(1) {
        if !token.is_mark("*") {
            continue;
        }
        let before = &tokens[i - 1];
        if before.is_mark(".") {
            let owner = tokens.get(i.wrapping_sub(2)).map_or("", |t| t.text);
            return Some(format!("SELECT {owner}.*"));
        }
        // After a comma only a column can stand, and `*` is one; COUNT(*) follows a parenthesis.
        if before.is_mark(",")
            || ["SELECT", "DISTINCT", "ALL"]
                .iter()
                .any(|w| before.is_word(w))
        {
            return Some("SELECT *".to_string());
        }
    }
    None
}

/// Whether the keyword that the guard asks for stands at `i`.
fn is_filter(guard: SqlGuard, tokens: &[Token<'_>], i: usize) -> bool {
    let token = &tokens[i];
    if token.kind != TokenKind::Word {
        return false;
    }
    // `t.count` and `AS filter` are names.
    if i > 0 && (tokens[i - 1].is_mark(".") || tokens[i - 1].is_word("AS")) {
        return false;
    }
    let is_one_of = |words: &[&str]| words.iter().any(|w| token.is_word(w));
    let next = |offset: usize, word: &str| tokens.get(i + offset).is_some_and(|t| t.is_word(word));
    let opens = tokens.get(i + 1).is_some_and(|t| t.is_mark("("));
    if is_one_of(&SHARED_WORDS) || (token.is_word("FILTER") && opens) {
        return true;
    }
    match guard {
        SqlGuard::OpenEnv => {
            is_one_of(&OPENENV_WORDS)
                || (token.is_word("IS") && (next(1, "NULL") || (next(1, "NOT") && next(2, "NULL"))))
        }
        _ => {
            is_one_of(&["LIMIT", "OFFSET"])
                || (is_one_of(&["GROUP", "ORDER"]) && next(1, "BY"))
                || (is_one_of(&RLLM_AGGREGATES) && opens)
        }
    }
}

/// A query that passes, on the table that was asked for.
fn example(guard: SqlGuard, tokens: &[Token<'_>]) -> String {
    let table = tokens
        .windows(2)
        .find(|pair| pair[0].is_word("FROM") && pair[1].is_name())
        .map_or("table_name", |pair| pair[1].text);
    match guard {
        SqlGuard::OpenEnv => {
            format!("SELECT column_1, column_2 FROM {table} WHERE column_1 LIKE '%word%'")
        }
        _ => format!("SELECT column_1, column_2 FROM {table} LIMIT 5"),
    }
}
