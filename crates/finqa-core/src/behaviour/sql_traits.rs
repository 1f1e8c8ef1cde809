//! What the text of a query says about it, by its tokens: comments and strings fool nobody.

use std::borrow::Cow;

use crate::sql_tokens::{Token, TokenKind, tokens};

/// Facts about a query's text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SqlTraits {
    /// It filters rows: `WHERE`, `HAVING` or `FILTER (…)`.
    pub has_filter: bool,
    /// It does arithmetic or aggregates.
    pub has_arithmetic: bool,
}

const AGGREGATES: [&str; 6] = ["COUNT", "SUM", "AVG", "MIN", "MAX", "TOTAL"];
/// Keywords behind which a sign is a sign, not an operation.
const BEFORE_A_VALUE: [&str; 24] = [
    "SELECT",
    "DISTINCT",
    "ALL",
    "WHERE",
    "HAVING",
    "ON",
    "AND",
    "OR",
    "NOT",
    "CASE",
    "WHEN",
    "THEN",
    "ELSE",
    "BETWEEN",
    "LIKE",
    "GLOB",
    "IN",
    "IS",
    "BY",
    "LIMIT",
    "OFFSET",
    "VALUES",
    "FROM",
    "RETURNING",
];
/// Keywords that end a FROM clause.
const BEHIND_FROM: [&str; 9] = [
    "WHERE",
    "GROUP",
    "HAVING",
    "ORDER",
    "LIMIT",
    "UNION",
    "INTERSECT",
    "EXCEPT",
    "WINDOW",
];

/// Reads the traits of a query; of a text that is no SQL, what its tokens suggest.
///
/// ```
/// use finqa_core::behaviour::sql_traits;
///
/// let traits = sql_traits("SELECT \"2024\" FROM t -- WHERE a+b");
/// assert!(!traits.has_filter && !traits.has_arithmetic);
/// let traits = sql_traits("SELECT a - b FROM t WHERE item = 'x'");
/// assert!(traits.has_filter && traits.has_arithmetic);
/// ```
pub fn sql_traits(sql: &str) -> SqlTraits {
    traits_of(&tokens(sql).collect::<Vec<_>>())
}

/// [`sql_traits`] and [`sql_tables`] for one look at the text.
pub fn sql_reads(sql: &str) -> (SqlTraits, Vec<Cow<'_, str>>) {
    let all: Vec<Token<'_>> = tokens(sql).collect();
    (traits_of(&all), tables_of(&all))
}

fn traits_of(all: &[Token<'_>]) -> SqlTraits {
    let mut traits = SqlTraits::default();
    let mut before: Option<&Token<'_>> = None;
    for (i, token) in all.iter().enumerate() {
        let next = all.get(i + 1);
        let is_name = before.is_some_and(|b| b.is_mark(".") || b.is_word("AS"));
        if token.kind == TokenKind::Word && !is_name {
            let opens = next.is_some_and(|n| n.is_mark("("));
            traits.has_filter |= token.is_word("WHERE")
                || token.is_word("HAVING")
                || (token.is_word("FILTER") && opens);
            traits.has_arithmetic |= opens && AGGREGATES.iter().any(|name| token.is_word(name));
        }
        if token.kind == TokenKind::Punctuation && matches!(token.text, "+" | "-" | "*" | "/" | "%")
        {
            traits.has_arithmetic |=
                before.is_some_and(ends_value) && next.is_some_and(starts_value);
        }
        before = Some(token);
    }
    traits
}

fn ends_value(token: &Token<'_>) -> bool {
    match token.kind {
        TokenKind::Word => !BEFORE_A_VALUE.iter().any(|word| token.is_word(word)),
        TokenKind::Punctuation => token.is_mark(")"),
        TokenKind::Illegal => false,
        _ => true,
    }
}

fn starts_value(token: &Token<'_>) -> bool {
    match token.kind {
        TokenKind::Word => !token.is_word("FROM"),
        TokenKind::Punctuation => ["(", "-", "+", "~"].iter().any(|m| token.is_mark(m)),
        TokenKind::Illegal => false,
        _ => true,
    }
}

/// Names of the tables that a query reads: those behind `FROM` and `JOIN`, in order, each once; without the names
/// that its own `WITH` clause makes, and without a schema in front.
///
/// ```
/// use finqa_core::behaviour::sql_tables;
///
/// let sql = "WITH x AS (SELECT a FROM \"us cash\") SELECT x.a FROM x, main.[debt] d JOIN x ON 1";
/// assert_eq!(sql_tables(sql), ["us cash", "debt"]);
/// ```
pub fn sql_tables(sql: &str) -> Vec<Cow<'_, str>> {
    tables_of(&tokens(sql).collect::<Vec<_>>())
}

fn tables_of<'a>(all: &[Token<'a>]) -> Vec<Cow<'a, str>> {
    let mut made: Vec<Cow<'a, str>> = Vec::new();
    let mut found: Vec<Cow<'a, str>> = Vec::new();
    // For each open parenthesis: whether a comma in it goes on with a list of tables.
    let mut in_from = vec![false];
    let mut expects = false;
    let mut i = 0;
    while let Some(token) = all.get(i) {
        let listing = in_from.last().copied().unwrap_or(false);
        if token.is_mark("(") {
            in_from.push(expects);
        } else if token.is_mark(")") {
            if in_from.len() > 1 {
                in_from.pop();
            }
            expects = false;
        } else if token.is_mark(",") && listing {
            expects = true;
        } else if token.is_word("FROM") || token.is_word("JOIN") {
            expects = true;
            if let Some(last) = in_from.last_mut() {
                *last = true;
            }
        } else if token.kind == TokenKind::Word
            && BEHIND_FROM.iter().any(|word| token.is_word(word))
        {
            expects = false;
            if let Some(last) = in_from.last_mut() {
                *last = false;
            }
        } else if expects && (token.is_word("SELECT") || token.is_word("VALUES")) {
            // A subquery: its own FROM comes.
            expects = false;
            if let Some(last) = in_from.last_mut() {
                *last = false;
            }
        } else if expects && (token.is_name() || token.kind == TokenKind::String) {
            while all.get(i + 1).is_some_and(|t| t.is_mark("."))
                && all.get(i + 2).is_some_and(Token::is_name)
            {
                i += 2;
            }
            let name = all[i].unquoted();
            let is_call = all.get(i + 1).is_some_and(|t| t.is_mark("("));
            let known =
                |names: &[Cow<'_, str>]| names.iter().any(|n| n.eq_ignore_ascii_case(&name));
            if !is_call && !known(&found) {
                found.push(name);
            }
            expects = false;
        } else if token.is_word("AS")
            && all
                .get(i + 1)
                .is_some_and(|t| t.is_mark("(") || t.is_word("MATERIALIZED") || t.is_word("NOT"))
            && !listing
            && i > 0
        {
            made.push(common_table(all, i));
        }
        i += 1;
    }
    found.retain(|name| !made.iter().any(|m| m.eq_ignore_ascii_case(name)));
    found
}

/// The name in front of `AS (`, perhaps with a list of columns in between: `x(a, b) AS (`.
fn common_table<'a>(all: &[Token<'a>], at: usize) -> Cow<'a, str> {
    let mut i = at - 1;
    if all[i].is_mark(")") {
        while i > 0 && !all[i].is_mark("(") {
            i -= 1;
        }
        i = i.saturating_sub(1);
    }
    all[i].unquoted()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_operations_are_arithmetic() {
        for (sql, filter, arithmetic) in [
            ("SELECT * FROM t", false, false),
            ("SELECT t.* FROM t WHERE a = -5", true, false),
            ("SELECT a, -b FROM t WHERE a BETWEEN -1 AND +2", true, false),
            ("SELECT a-b FROM t", false, true),
            ("SELECT (a)/2 FROM t", false, true),
            ("SELECT \"2024\" * 1.0 FROM t", false, true),
            ("SELECT COUNT(*) FROM t", false, true),
            ("SELECT count FROM t HAVING 1", true, false),
            ("SELECT t.max FROM t", false, false),
            ("SELECT 'a - b', 'WHERE' FROM t", false, false),
            ("SELECT a || b FROM t", false, false),
            ("SELECT REPLACE(a, ',', '') FROM t", false, false),
            ("SELECT sum(a) FILTER (WHERE b) FROM t", true, true),
            ("SELECT a AS sum, b AS \"where\" FROM t", false, false),
            ("SELECT a /* + b */ FROM t", false, false),
            ("not sql at all", false, false),
            ("", false, false),
        ] {
            let seen = sql_traits(sql);
            assert_eq!(
                (seen.has_filter, seen.has_arithmetic),
                (filter, arithmetic),
                "{sql}"
            );
        }
    }

    #[test]
    fn tables_are_those_behind_from_and_join() {
        for (sql, tables) in [
            ("SELECT a FROM t", vec!["t"]),
            (
                "select a from \"us \"\"x\"\"\" where a = 'from u'",
                vec!["us \"x\""],
            ),
            (
                "SELECT a FROM t, u AS v, (SELECT b FROM w) x, y",
                vec!["t", "u", "w", "y"],
            ),
            (
                "SELECT a, b FROM t WHERE c IN (1, 2) AND d IN (SELECT e FROM f)",
                vec!["t", "f"],
            ),
            ("SELECT a FROM t LEFT JOIN `u` USING (k)", vec!["t", "u"]),
            ("SELECT a FROM t UNION SELECT a FROM T", vec!["t"]),
            (
                "WITH a(x, y) AS (SELECT 1, 2 FROM t), b AS (SELECT 3) SELECT x FROM a, b",
                vec!["t"],
            ),
            ("SELECT value FROM json_each('[1]')", vec![]),
            ("SELECT 1", vec![]),
            ("SELECT EXTRACT(YEAR FROM d) FROM t", vec!["d", "t"]),
            ("SELECT a FROM", vec![]),
        ] {
            assert_eq!(sql_tables(sql), tables, "{sql}");
        }
    }
}
