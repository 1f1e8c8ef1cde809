//! SQL text as tokens, split as SQLite splits it (<https://www.sqlite.org/draft/tokenreq.html>).
//!
//! Comments and blanks are skipped, so a rule applied to tokens cannot be fooled by `-- WHERE` or `' WHERE '`.

use std::borrow::Cow;

/// What a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TokenKind {
    /// Keyword or name without quotes.
    Word,
    /// `"name"`: a name, or a string if the engine is lenient.
    DoubleQuoted,
    /// `[name]`.
    Bracketed,
    /// `` `name` ``.
    Backticked,
    /// `'text'`.
    String,
    /// `x'0aff'`.
    Blob,
    /// Number.
    Number,
    /// `?`, `?1`, `:a`, `@a`, `$a`.
    Parameter,
    /// Operator or punctuation: one of `( ) , ; . + - * / % & | ~ < > =` or `|| << >> <= >= <> == != -> ->>`.
    Punctuation,
    /// A quote that is never closed (up to the end of the text), or a character that SQL does not know.
    Illegal,
}

/// One token and where it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Token<'a> {
    /// What it is.
    pub kind: TokenKind,
    /// As written, quotes included.
    pub text: &'a str,
    /// Byte offset of its first byte; `start + text.len()` is the end.
    pub start: usize,
}

impl<'a> Token<'a> {
    /// Byte offset behind its last byte.
    pub fn end(&self) -> usize {
        self.start + self.text.len()
    }

    /// Whether it is the keyword or unquoted name `word`, without regard to case.
    pub fn is_word(&self, word: &str) -> bool {
        self.kind == TokenKind::Word && self.text.eq_ignore_ascii_case(word)
    }

    /// Whether it is the operator or punctuation `mark`.
    pub fn is_mark(&self, mark: &str) -> bool {
        self.kind == TokenKind::Punctuation && self.text == mark
    }

    /// Whether it can be a name: a word or a quoted name.
    pub fn is_name(&self) -> bool {
        matches!(
            self.kind,
            TokenKind::Word
                | TokenKind::DoubleQuoted
                | TokenKind::Bracketed
                | TokenKind::Backticked
        )
    }

    /// The text without its quotes; doubled quotes inside become single ones.
    pub fn unquoted(&self) -> Cow<'a, str> {
        let quote = match self.kind {
            TokenKind::DoubleQuoted => '"',
            TokenKind::Backticked => '`',
            TokenKind::String => '\'',
            TokenKind::Bracketed => return self.text[1..self.text.len() - 1].into(),
            _ => return self.text.into(),
        };
        let inner = &self.text[1..self.text.len() - 1];
        if inner.contains(quote) {
            let doubled: String = [quote, quote].iter().collect();
            return inner
                .replace(&doubled, quote.encode_utf8(&mut [0; 4]))
                .into();
        }
        inner.into()
    }
}

/// The tokens of `sql`, lazily and without allocating.
///
/// # Examples
/// ```
/// use finqa_core::sql_tokens::{TokenKind, tokens};
///
/// let sql = "SELECT \"2024\" FROM t -- WHERE\n WHERE item = 'x';";
/// let kinds: Vec<_> = tokens(sql).map(|t| (t.kind, t.text)).collect();
/// assert_eq!(kinds[1], (TokenKind::DoubleQuoted, "\"2024\""));
/// assert_eq!(kinds.iter().filter(|t| t.1 == "WHERE").count(), 1);
/// ```
pub fn tokens(sql: &str) -> Tokens<'_> {
    Tokens { sql, position: 0 }
}

/// Iterator of [`tokens`].
#[derive(Clone, Debug)]
pub struct Tokens<'a> {
    sql: &'a str,
    position: usize,
}

const fn is_name_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'$' || byte >= 0x80
}

/// Length of the leading bytes that fit.
fn run(bytes: &[u8], fits: impl Fn(u8) -> bool) -> usize {
    bytes.iter().position(|b| !fits(*b)).unwrap_or(bytes.len())
}

/// Length up to and with the closing quote; a doubled quote does not close.
fn quoted(bytes: &[u8], quote: u8) -> Option<usize> {
    let mut at = 1;
    loop {
        at += memchr::memchr(quote, &bytes[at..])?;
        if bytes.get(at + 1) != Some(&quote) {
            return Some(at + 1);
        }
        at += 2;
    }
}

fn number(bytes: &[u8]) -> usize {
    let digit = |b: u8| b.is_ascii_digit() || b == b'_';
    if bytes.len() > 2
        && bytes[0] == b'0'
        && bytes[1] | 0x20 == b'x'
        && bytes[2].is_ascii_hexdigit()
    {
        return 2 + run(&bytes[2..], |b| b.is_ascii_hexdigit() || b == b'_');
    }
    let mut length = run(bytes, digit);
    if bytes.get(length) == Some(&b'.') {
        length += 1 + run(&bytes[length + 1..], digit);
    }
    if bytes.get(length).is_some_and(|b| b | 0x20 == b'e') {
        let signed = usize::from(matches!(bytes.get(length + 1), Some(b'+' | b'-')));
        if bytes
            .get(length + 1 + signed)
            .is_some_and(u8::is_ascii_digit)
        {
            length += 1 + signed + run(&bytes[length + 1 + signed..], digit);
        }
    }
    length
}

fn mark(bytes: &[u8]) -> Option<usize> {
    const LONG: [&[u8]; 10] = [
        b"->>", b"->", b"||", b"<<", b">>", b"<=", b">=", b"<>", b"==", b"!=",
    ];
    if let Some(long) = LONG.iter().find(|m| bytes.starts_with(m)) {
        return Some(long.len());
    }
    b"(),;.+-*/%&|~<>=".contains(bytes.first()?).then_some(1)
}

impl<'a> Iterator for Tokens<'a> {
    type Item = Token<'a>;

    fn next(&mut self) -> Option<Token<'a>> {
        let all = self.sql.as_bytes();
        loop {
            let rest = &all[self.position..];
            let skip = match rest {
                [b' ' | b'\t' | b'\n' | b'\x0c' | b'\r', ..] => 1,
                [b'-', b'-', ..] => memchr::memchr(b'\n', rest).unwrap_or(rest.len()),
                // A comment that is never closed runs to the end, as in SQLite.
                [b'/', b'*', ..] => {
                    memchr::memmem::find(&rest[2..], b"*/").map_or(rest.len(), |i| i + 4)
                }
                _ => break,
            };
            self.position += skip;
        }
        let rest = &all[self.position..];
        let first = *rest.first()?;
        let second = rest.get(1).copied().unwrap_or(0);
        let closed = |kind: TokenKind, length: Option<usize>| {
            length.map_or((TokenKind::Illegal, rest.len()), |n| (kind, n))
        };
        let (kind, length) = match first {
            b'\'' => closed(TokenKind::String, quoted(rest, b'\'')),
            b'"' => closed(TokenKind::DoubleQuoted, quoted(rest, b'"')),
            b'`' => closed(TokenKind::Backticked, quoted(rest, b'`')),
            b'[' => closed(
                TokenKind::Bracketed,
                memchr::memchr(b']', rest).map(|i| i + 1),
            ),
            b'x' | b'X' if second == b'\'' => {
                closed(TokenKind::Blob, quoted(&rest[1..], b'\'').map(|n| n + 1))
            }
            b'0'..=b'9' => (TokenKind::Number, number(rest)),
            b'.' if second.is_ascii_digit() => (TokenKind::Number, number(rest)),
            b'?' => (
                TokenKind::Parameter,
                1 + run(&rest[1..], |b| b.is_ascii_digit()),
            ),
            b':' | b'@' | b'$' | b'#' if is_name_byte(second) => {
                (TokenKind::Parameter, 1 + run(&rest[1..], is_name_byte))
            }
            b if is_name_byte(b) && b != b'$' => (TokenKind::Word, run(rest, is_name_byte)),
            _ => mark(rest).map_or((TokenKind::Illegal, 1), |n| (TokenKind::Punctuation, n)),
        };
        let start = self.position;
        self.position += length;
        Some(Token {
            kind,
            text: &self.sql[start..self.position],
            start,
        })
    }
}
