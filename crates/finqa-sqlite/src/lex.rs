//! SQL tokens, as far as the sandbox needs them: where statements end, which names occur, what stands before a token.

/// What a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A bare word: keyword, name or number.
    Word,
    /// `'text'`
    Text,
    /// `"name"`
    DoubleQuoted,
    /// `` `name` `` or `[name]`
    OtherQuoted,
    /// One or two operator characters.
    Operator,
    /// `;`
    Semicolon,
}

/// A token and its place in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Token {
    pub(crate) kind: Kind,
    pub(crate) start: usize,
    pub(crate) end: usize,
}

impl Token {
    /// The token's characters.
    pub(crate) fn text<'a>(&self, sql: &'a str) -> &'a str {
        &sql[self.start..self.end]
    }

    /// A name without its quotes.
    pub(crate) fn name(&self, sql: &str) -> String {
        let text = self.text(sql);
        let inner = |text: &str| {
            let end = text.len().max(2) - 1;
            text.get(1..end).unwrap_or("").to_owned()
        };
        match self.kind {
            Kind::DoubleQuoted => inner(text).replace("\"\"", "\""),
            Kind::Text => inner(text).replace("''", "'"),
            Kind::OtherQuoted if text.starts_with('`') => inner(text).replace("``", "`"),
            Kind::OtherQuoted => inner(text),
            _ => text.to_owned(),
        }
    }
}

/// Splits `sql` into tokens; white space and comments are left out. An unterminated quote or comment runs to the end.
pub(crate) fn tokens(sql: &str) -> Vec<Token> {
    let bytes = sql.as_bytes();
    let mut found = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        let start = at;
        let next = bytes.get(at + 1).copied();
        let kind = match bytes[at] {
            byte if byte.is_ascii_whitespace() => {
                at += 1;
                continue;
            }
            b'-' if next == Some(b'-') => {
                at = find(bytes, at, b"\n").unwrap_or(bytes.len());
                continue;
            }
            b'/' if next == Some(b'*') => {
                at = find(bytes, at + 2, b"*/").map_or(bytes.len(), |end| end + 2);
                continue;
            }
            quote @ (b'\'' | b'"' | b'`') => {
                at = end_of_quote(bytes, at, quote);
                match quote {
                    b'\'' => Kind::Text,
                    b'"' => Kind::DoubleQuoted,
                    _ => Kind::OtherQuoted,
                }
            }
            b'[' => {
                at = find(bytes, at, b"]").map_or(bytes.len(), |end| end + 1);
                Kind::OtherQuoted
            }
            b';' => {
                at += 1;
                Kind::Semicolon
            }
            byte if is_word(byte) => {
                while at < bytes.len() && is_word(bytes[at]) {
                    at += 1;
                }
                Kind::Word
            }
            _ => {
                at += if is_pair(bytes[at], next) { 2 } else { 1 };
                Kind::Operator
            }
        };
        found.push(Token {
            kind,
            start,
            end: at,
        });
    }
    found
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'$' | b'.') || byte >= 0x80
}

fn is_pair(first: u8, second: Option<u8>) -> bool {
    matches!(
        (first, second),
        (b'=' | b'!' | b'<' | b'>', Some(b'='))
            | (b'<', Some(b'>' | b'<'))
            | (b'>', Some(b'>'))
            | (b'|', Some(b'|'))
    )
}

fn find(bytes: &[u8], from: usize, what: &[u8]) -> Option<usize> {
    let rest = bytes.get(from..)?;
    memchr::memmem::find(rest, what).map(|offset| from + offset)
}

fn end_of_quote(bytes: &[u8], start: usize, quote: u8) -> usize {
    let mut at = start + 1;
    while at < bytes.len() {
        if bytes[at] != quote {
            at += 1;
        } else if bytes.get(at + 1) == Some(&quote) {
            at += 2;
        } else {
            return at + 1;
        }
    }
    bytes.len()
}

/// What the text holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Statements<'a> {
    /// Nothing but white space, comments and semicolons.
    None,
    /// One statement, without what surrounds it.
    One(&'a str),
    /// More than one.
    Several,
}

/// Finds the statement of `sql`, so that SQLite is never given a second one.
pub(crate) fn statements(sql: &str) -> Statements<'_> {
    // Almost every query has no inner semicolon: then nothing has to be read.
    let trimmed = sql.trim_matches(|c: char| c.is_ascii_whitespace() || c == ';');
    let has_comment =
        trimmed.ends_with("*/") || trimmed.contains("--") || trimmed.starts_with("/*");
    if !trimmed.contains(';') && !has_comment {
        return if trimmed.is_empty() {
            Statements::None
        } else {
            Statements::One(trimmed)
        };
    }
    let found = tokens(sql);
    let mut real = found
        .iter()
        .skip_while(|token| token.kind == Kind::Semicolon);
    let Some(first) = real.next() else {
        return Statements::None;
    };
    let mut end = first.end;
    while let Some(token) = real.next() {
        if token.kind == Kind::Semicolon {
            let more = real.any(|token| token.kind != Kind::Semicolon);
            return if more {
                Statements::Several
            } else {
                Statements::One(&sql[first.start..end])
            };
        }
        end = token.end;
    }
    Statements::One(&sql[first.start..end])
}

/// Whether the double-quoted token at `offset` stands where a value is meant: after a comparison, LIKE or GLOB, or in
/// the list of an IN. Gives the token.
pub(crate) fn value_position(sql: &str, offset: usize) -> Option<Token> {
    let found = tokens(sql);
    let index = found
        .iter()
        .position(|token| token.start == offset && token.kind == Kind::DoubleQuoted)?;
    let before = &found[..index];
    let previous = before.last()?;
    let is_word = |token: &Token, words: &[&str]| {
        token.kind == Kind::Word
            && words
                .iter()
                .any(|w| token.text(sql).eq_ignore_ascii_case(w))
    };
    let compares = match previous.kind {
        Kind::Operator => matches!(previous.text(sql), "=" | "==" | "<>" | "!="),
        _ => is_word(previous, &["LIKE", "GLOB"]),
    };
    (compares || in_list_of_in(sql, before, is_word)).then_some(found[index])
}

fn in_list_of_in(sql: &str, before: &[Token], is_word: impl Fn(&Token, &[&str]) -> bool) -> bool {
    for (index, token) in before.iter().enumerate().rev() {
        match (token.kind, token.text(sql)) {
            (Kind::Operator, "(") => {
                return index > 0 && is_word(&before[index - 1], &["IN"]);
            }
            (Kind::Operator, ",") | (Kind::Text | Kind::DoubleQuoted, _) => {}
            (Kind::Word, text) if text.bytes().all(|b| b.is_ascii_digit() || b == b'.') => {}
            _ => return false,
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(sql: &str) -> Vec<&str> {
        tokens(sql).iter().map(|token| token.text(sql)).collect()
    }

    #[test]
    fn quotes_and_comments() {
        let sql = "SELECT 'a;''b', \"c\"\"d\", [e f], `g` -- h;\n/* ; */ FROM t<>1";
        assert_eq!(
            words(sql),
            [
                "SELECT",
                "'a;''b'",
                ",",
                "\"c\"\"d\"",
                ",",
                "[e f]",
                ",",
                "`g`",
                "FROM",
                "t",
                "<>",
                "1"
            ]
        );
        assert_eq!(tokens(sql)[3].name(sql), "c\"d");
    }

    #[test]
    fn one_statement_or_several() {
        assert_eq!(statements(" ; ;; "), Statements::None);
        assert_eq!(statements("-- nothing"), Statements::None);
        assert_eq!(statements("SELECT 1;;"), Statements::One("SELECT 1"));
        assert_eq!(
            statements("SELECT ';' ; -- done;"),
            Statements::One("SELECT ';'")
        );
        assert_eq!(statements("SELECT 1; SELECT 2"), Statements::Several);
        assert_eq!(
            statements("SELECT 1 /* ; */ ; /* */ DROP TABLE t"),
            Statements::Several
        );
        assert_eq!(
            statements("SELECT 'open ; "),
            Statements::One("SELECT 'open")
        );
    }

    #[test]
    fn values_are_told_from_columns() {
        let at = |sql: &str| value_position(sql, sql.rfind('"').unwrap() - 3).is_some();
        assert!(at(r#"SELECT a FROM t WHERE a = "xy""#));
        assert!(at(r#"SELECT a FROM t WHERE a NOT LIKE "xy""#));
        assert!(at(r#"SELECT a FROM t WHERE a IN ('b', 1, "xy""#));
        assert!(!at(r#"SELECT a, "xy""#));
        assert!(!at(r#"SELECT max(a, "xy""#));
        assert!(!at(r#"SELECT "xy""#));
    }
}
