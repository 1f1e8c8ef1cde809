//! From characters to tokens: the many ways in which models write signs, digits and thousands.

use num_bigint::BigInt;
use num_traits::Num as _;

use super::number::Number;
use super::{MAX_DEPTH, overflow, syntax_error};
use crate::error::ToolError;

/// Digits of one literal, leading zeros included; a float has at most 309 before the point.
const MAX_LITERAL_DIGITS: usize = 1024;

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Kind {
    Number(Number),
    /// Function or constant, in lower case.
    Name(Box<str>),
    Plus,
    Minus,
    Times,
    Divide,
    FloorDivide,
    Percent,
    Power,
    Less,
    LessEqual,
    Greater,
    GreaterEqual,
    Equal,
    NotEqual,
    Open,
    Close,
    OpenList,
    CloseList,
    /// Separates arguments; thousands commas are part of the number.
    Comma,
}

#[derive(Clone, Debug)]
pub(super) struct Token {
    pub(super) kind: Kind,
    /// Byte offset in the expression.
    pub(super) at: usize,
}

/// What a comma right between two digits means where we are.
#[derive(Clone, Copy, PartialEq)]
enum CommaRule {
    /// Groups thousands.
    Groups,
    /// Separates arguments.
    Separates,
}

/// The characters of an expression, folded.
enum Chars<'a> {
    /// Every byte is a character, folded when it is looked at.
    Ascii(&'a [u8]),
    /// Characters with their byte offsets.
    Folded(Vec<(usize, char)>),
}

impl<'a> Chars<'a> {
    fn of(source: &'a str) -> Self {
        if source.is_ascii() {
            Self::Ascii(source.as_bytes())
        } else {
            Self::Folded(source.char_indices().map(|(i, c)| (i, fold(c))).collect())
        }
    }

    fn len(&self) -> usize {
        match self {
            Self::Ascii(bytes) => bytes.len(),
            Self::Folded(chars) => chars.len(),
        }
    }

    fn get(&self, index: usize) -> Option<char> {
        match self {
            Self::Ascii(bytes) => bytes.get(index).map(|b| fold_ascii(*b)),
            Self::Folded(chars) => chars.get(index).map(|c| c.1),
        }
    }

    /// Byte offset of a character.
    fn offset(&self, index: usize) -> Option<usize> {
        match self {
            Self::Ascii(bytes) => (index < bytes.len()).then_some(index),
            Self::Folded(chars) => chars.get(index).map(|c| c.0),
        }
    }

    fn truncate(&mut self, length: usize) {
        match self {
            Self::Ascii(bytes) => *bytes = &bytes[..length],
            Self::Folded(chars) => chars.truncate(length),
        }
    }

    fn trim_end(&mut self, what: char) {
        while let Some(last) = self.len().checked_sub(1)
            && self.get(last) == Some(what)
        {
            self.truncate(last);
        }
    }
}

struct Lexer<'a> {
    source: &'a str,
    chars: Chars<'a>,
    position: usize,
    open: Vec<CommaRule>,
    tokens: Vec<Token>,
}

/// Maps the characters models write for the same sign to one.
fn fold(c: char) -> char {
    match c {
        // Fullwidth forms of ASCII lie at a fixed distance.
        '\u{FF01}'..='\u{FF5E}' => char::from_u32(c as u32 - 0xFEE0).unwrap_or(c),
        '−' | '–' | '—' | '‐' | '‑' | '‒' | '―' | '﹣' => '-',
        '×' | '✕' | '✖' | '·' | '∙' | '⋅' | '∗' | '•' => '*',
        '÷' | '∕' | '⁄' => '/',
        '﹪' => '%',
        // Currency signs carry no arithmetic.
        '$' | '€' | '£' | '¥' | '\u{200B}' | '\u{2060}' | '\u{FEFF}' => ' ',
        c if c.is_whitespace() => ' ',
        c => c,
    }
}

/// What [`fold`] makes of an ASCII character.
fn fold_ascii(byte: u8) -> char {
    match byte {
        b'$' | b'\t'..=b'\r' => ' ',
        byte => byte.into(),
    }
}

/// Splits an expression; a leading `=` and a trailing `=`, `= ?` are dropped.
pub(super) fn tokenize(source: &str) -> Result<Vec<Token>, ToolError> {
    let mut chars = Chars::of(source);
    chars.trim_end(' ');
    let before = chars.len();
    chars.trim_end('?');
    chars.trim_end(' ');
    let length = chars.len();
    let ends_with_equals = length >= 2
        && chars.get(length - 1) == Some('=')
        && !matches!(chars.get(length - 2), Some('=' | '<' | '>' | '!'));
    if ends_with_equals {
        chars.truncate(length - 1);
    } else if length != before {
        let at = source.rfind(['?', '？']).unwrap_or(source.len());
        return Err(syntax_error(source, at, "\"?\" is only read after \"=\""));
    }
    let length = chars.len();
    let start = (0..length)
        .find(|i| chars.get(*i) != Some(' '))
        .unwrap_or(length);
    let leading_equals = chars.get(start) == Some('=') && chars.get(start + 1) != Some('=');
    let position = if leading_equals { start + 1 } else { start };
    let mut lexer = Lexer {
        source,
        chars,
        position,
        open: Vec::new(),
        // Half a token a byte is the most that arithmetic with blanks comes to.
        tokens: Vec::with_capacity((length / 2 + 1).min(64)),
    };
    lexer.run()?;
    Ok(lexer.tokens)
}

impl Lexer<'_> {
    fn peek(&self, ahead: usize) -> char {
        self.chars.get(self.position + ahead).unwrap_or('\0')
    }

    fn at(&self) -> usize {
        self.chars
            .offset(self.position)
            .unwrap_or(self.source.len())
    }

    fn push(&mut self, kind: Kind, length: usize) {
        let at = self.at();
        self.tokens.push(Token { kind, at });
        self.position += length;
    }

    fn run(&mut self) -> Result<(), ToolError> {
        while self.position < self.chars.len() {
            let c = self.peek(0);
            let next = self.peek(1);
            match c {
                ' ' => self.position += 1,
                '0'..='9' => self.number()?,
                '.' if next.is_ascii_digit() => self.number()?,
                'a'..='z' | 'A'..='Z' | '_' => self.name(),
                'π' => self.push(Kind::Name("pi".into()), 1),
                '+' => self.push(Kind::Plus, 1),
                '-' => self.push(Kind::Minus, 1),
                '*' if next == '*' => self.push(Kind::Power, 2),
                '*' => self.push(Kind::Times, 1),
                '/' if next == '/' => self.push(Kind::FloorDivide, 2),
                '/' => self.push(Kind::Divide, 1),
                '%' => self.push(Kind::Percent, 1),
                '^' => self.push(Kind::Power, 1),
                '<' if next == '=' => self.push(Kind::LessEqual, 2),
                '<' => self.push(Kind::Less, 1),
                '>' if next == '=' => self.push(Kind::GreaterEqual, 2),
                '>' => self.push(Kind::Greater, 1),
                '=' if next == '=' => self.push(Kind::Equal, 2),
                '!' if next == '=' => self.push(Kind::NotEqual, 2),
                '≤' => self.push(Kind::LessEqual, 1),
                '≥' => self.push(Kind::GreaterEqual, 1),
                '≠' => self.push(Kind::NotEqual, 1),
                '(' | '[' => self.open(c)?,
                ')' | ']' => {
                    self.open.pop();
                    self.push(
                        if c == ')' {
                            Kind::Close
                        } else {
                            Kind::CloseList
                        },
                        1,
                    );
                }
                ',' => self.push(Kind::Comma, 1),
                '=' => return Err(self.error("nothing can be assigned here; compare with ==")),
                '"' | '\'' => {
                    return Err(self.error("text cannot be calculated with; give the number"));
                }
                ':' | ';' => return Err(self.error("only one expression is read")),
                _ => return Err(self.error("this character is not part of arithmetic")),
            }
        }
        Ok(())
    }

    fn error(&self, what: &str) -> ToolError {
        syntax_error(self.source, self.at(), what)
    }

    fn open(&mut self, c: char) -> Result<(), ToolError> {
        if self.open.len() >= MAX_DEPTH {
            return Err(self.error(&format!("parentheses are nested deeper than {MAX_DEPTH}")));
        }
        let function = match self.tokens.last().map(|t| &t.kind) {
            Some(Kind::Name(name)) if c == '(' => Some(name.clone()),
            _ => None,
        };
        let rule = match function {
            _ if c == '[' => self.list_rule(),
            None => CommaRule::Groups,
            Some(name) if super::functions::takes_one(&name) => CommaRule::Groups,
            Some(_) => self.list_rule(),
        };
        self.open.push(rule);
        self.push(if c == '(' { Kind::Open } else { Kind::OpenList }, 1);
        Ok(())
    }

    /// In a list written with blanks after its commas (`sum(1,234, 5)`) tight commas group thousands; in one written
    /// without (`max(100,200)`) every comma separates.
    fn list_rule(&self) -> CommaRule {
        let mut depth = 0_u32;
        for i in self.position..self.chars.len() {
            match self.chars.get(i).unwrap_or('\0') {
                '(' | '[' => depth += 1,
                ')' | ']' => {
                    depth -= 1;
                    if depth == 0 {
                        break;
                    }
                }
                ',' if depth == 1 && self.chars.get(i + 1) == Some(' ') => {
                    return CommaRule::Groups;
                }
                _ => {}
            }
        }
        CommaRule::Separates
    }

    fn name(&mut self) {
        let start = self.position;
        let mut end = start;
        let mut name = String::new();
        while let Some(c) = self.chars.get(end) {
            if !(c.is_ascii_alphanumeric() || c == '_' || c == '.') {
                break;
            }
            name.push(c.to_ascii_lowercase());
            end += 1;
        }
        let bare = ["math.", "np.", "numpy."]
            .iter()
            .find_map(|module| name.strip_prefix(module))
            .unwrap_or(&name)
            .into();
        self.push(Kind::Name(bare), end - start);
    }

    /// Reads digits, joined by underscores, behind those read before.
    fn digits(&mut self, into: &mut Digits) {
        loop {
            let c = self.peek(0);
            let joins = c == '_' && into.count > 0 && self.peek(1).is_ascii_digit();
            if c.is_ascii_digit() {
                into.push(c);
            } else if !joins {
                return;
            }
            self.position += 1;
        }
    }

    /// Whether `,ddd` follows and groups thousands.
    fn group_follows(&self) -> bool {
        self.peek(0) == ','
            && (1..=3).all(|i| self.peek(i).is_ascii_digit())
            && !self.peek(4).is_ascii_digit()
            && self
                .open
                .last()
                .is_none_or(|rule| *rule == CommaRule::Groups)
    }

    fn number(&mut self) -> Result<(), ToolError> {
        let at = self.at();
        let start = self.position;
        let mut digits = Digits::default();
        self.digits(&mut digits);
        if (1..=3).contains(&digits.count) && self.chars.get(start) != Some('0') {
            while self.group_follows() {
                self.position += 1;
                self.digits(&mut digits);
            }
        }
        let mut decimals = 0_usize;
        if self.peek(0) == '.' {
            self.position += 1;
            let before = digits.count;
            self.digits(&mut digits);
            decimals = digits.count - before;
        }
        let end = self.position;
        let mut exponent = 0_i64;
        if matches!(self.peek(0), 'e' | 'E') {
            let signed = usize::from(matches!(self.peek(1), '+' | '-'));
            if self.peek(1 + signed).is_ascii_digit() {
                let negative = self.peek(1) == '-';
                self.position += 1 + signed;
                let mut read = Digits::default();
                self.digits(&mut read);
                // An exponent too long for i64 is out of range all the same.
                let size = read.value.and_then(|value| i64::try_from(value).ok());
                let size = size.unwrap_or(i64::MAX / 2);
                exponent = if negative { -size } else { size };
            }
        }
        if digits.count > MAX_LITERAL_DIGITS {
            return Err(overflow());
        }
        let exponent = exponent.saturating_sub(decimals as i64);
        let number = if let Some(value) = digits.value {
            Number::from_small_decimal(value, exponent)?
        } else {
            let text: String = (start..end)
                .filter_map(|i| self.chars.get(i))
                .filter(char::is_ascii_digit)
                .collect();
            let integer = BigInt::from_str_radix(&text, 10)
                .map_err(|_| syntax_error(self.source, at, "this is not a number"))?;
            Number::from_decimal(integer, exponent)?
        };
        self.tokens.push(Token {
            kind: Kind::Number(number),
            at,
        });
        Ok(())
    }
}

/// Digits of a literal as they are read.
struct Digits {
    /// Leading zeros included.
    count: usize,
    /// Their value while it fits.
    value: Option<u128>,
}

impl Default for Digits {
    fn default() -> Self {
        Self {
            count: 0,
            value: Some(0),
        }
    }
}

impl Digits {
    fn push(&mut self, digit: char) {
        self.count += 1;
        self.value = self
            .value
            .and_then(|value| value.checked_mul(10))
            .and_then(|value| value.checked_add(u128::from(digit as u32 - u32::from('0'))));
    }
}
