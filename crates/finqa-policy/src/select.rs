//! Reading the simple SELECT statements of gold programs by their tokens.

use finqa_core::sql_tokens::{Token, TokenKind, tokens};

/// An identifier in double quotes.
pub(crate) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// A text in single quotes.
pub(crate) fn text_literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// The parts of `SELECT <names> FROM <rest>`: bare names between commas, no other SELECT, grouping or join.
struct Simple<'a> {
    columns: Vec<Token<'a>>,
    from: usize,
    filter: Option<usize>,
}

fn simple(sql: &str) -> Option<Simple<'_>> {
    let all: Vec<Token<'_>> = tokens(sql).collect();
    let [first, rest @ ..] = all.as_slice() else {
        return None;
    };
    let other = [
        "SELECT", "GROUP", "JOIN", "UNION", "DISTINCT", "HAVING", "WITH",
    ];
    if !first.is_word("SELECT") || rest.iter().any(|t| other.iter().any(|w| t.is_word(w))) {
        return None;
    }
    let from = rest.iter().position(|t| t.is_word("FROM"))?;
    let mut columns = Vec::new();
    for (i, token) in rest[..from].iter().enumerate() {
        // Names stand at even places, commas between them.
        match i % 2 {
            0 if token.is_name() => columns.push(*token),
            1 if token.is_mark(",") => {}
            _ => return None,
        }
    }
    let filter = rest.iter().find(|t| t.is_word("WHERE")).map(|t| t.start);
    Some(Simple {
        columns,
        from: rest[from].start,
        filter,
    })
}

/// The columns that a simple query names, in order.
pub(crate) fn columns(sql: &str) -> Option<Vec<Token<'_>>> {
    simple(sql).map(|s| s.columns)
}

/// A simple query up to its WHERE.
pub(crate) fn without_filter(sql: &str) -> Option<&str> {
    let end = simple(sql)?.filter?;
    Some(sql[..end].trim_end())
}

/// The same query for the numbers of its rows (`rowid`, from 1) instead of its columns.
pub(crate) fn row_numbers(sql: &str) -> Option<String> {
    let from = simple(sql)?.from;
    Some(format!("SELECT rowid AS row_number {}", &sql[from..]))
}

/// The texts in single quotes, without them, and the numbers, in order.
pub(crate) fn literals(sql: &str) -> Vec<String> {
    tokens(sql)
        .filter(|t| matches!(t.kind, TokenKind::String | TokenKind::Number))
        .map(|t| t.unquoted().into_owned())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn simple_queries_are_taken_apart() {
        let sql = "SELECT \"a, b\", c FROM \"t\" WHERE \"a, b\" IN ('x''y', 'z') AND rowid = 3";
        let names: Vec<_> = columns(sql)
            .unwrap()
            .iter()
            .map(|t| t.unquoted().into_owned())
            .collect();
        assert_eq!(names, ["a, b", "c"]);
        assert_eq!(without_filter(sql), Some("SELECT \"a, b\", c FROM \"t\""));
        assert_eq!(literals(sql), ["x'y", "z", "3"]);
        assert_eq!(
            row_numbers("SELECT a FROM t WHERE b = 1").as_deref(),
            Some("SELECT rowid AS row_number FROM t WHERE b = 1")
        );
    }

    #[test]
    fn others_are_left_alone() {
        for sql in [
            "SELECT count(*) FROM t WHERE a = 1",
            "SELECT a FROM t GROUP BY a",
            "SELECT a FROM (SELECT a FROM t)",
            "SELECT DISTINCT a FROM t",
            "DELETE FROM t",
            "",
        ] {
            assert!(columns(sql).is_none(), "{sql}");
        }
    }
}
