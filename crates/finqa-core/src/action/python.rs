//! Python literals: strings, numbers, True, False, None, lists and dicts with string keys.

use serde_json::{Map, Number, Value};

use super::repair::{Fault, MAX_DEPTH, Mended};
use super::scan::{name_end, skip_blanks};

/// If a list of calls seems to begin at `at` (`[`, a name, `(`), the name.
pub(super) fn first_call(text: &str, at: usize) -> Option<&str> {
    let inside = text[at..].strip_prefix('[')?;
    let start = skip_blanks(text, text.len() - inside.len());
    let end = name_end(text, start);
    let opened = text[skip_blanks(text, end)..].starts_with('(');
    let lettered = text[start..end]
        .bytes()
        .next()
        .is_some_and(|b| !b.is_ascii_digit());
    (opened && lettered).then(|| &text[start..end])
}

/// A reader over `text[..]`, starting at `pos`.
pub(super) struct Python<'a> {
    pub(super) text: &'a str,
    pub(super) pos: usize,
    mend: bool,
    pub(super) mended: Mended,
    depth: usize,
}

impl<'a> Python<'a> {
    pub(super) fn new(text: &'a str, pos: usize, mend: bool) -> Self {
        Self {
            text,
            pos,
            mend,
            mended: Mended::default(),
            depth: 0,
        }
    }

    pub(super) fn blanks(&mut self) {
        self.pos = skip_blanks(self.text, self.pos);
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.pos).copied()
    }

    pub(super) fn peek_after_blanks(&mut self) -> Option<u8> {
        self.blanks();
        self.peek()
    }

    /// Steps over blanks and `byte`, if it comes next.
    pub(super) fn take(&mut self, byte: u8) -> bool {
        let here = self.peek_after_blanks() == Some(byte);
        self.pos += usize::from(here);
        here
    }

    pub(super) fn fault<T>(&self, what: &'static str) -> Result<T, Fault> {
        Err(Fault {
            at: self.pos,
            what,
            at_end: self.pos >= self.text.len(),
        })
    }

    /// A tool name; empty if there is none.
    pub(super) fn name(&mut self) -> &'a str {
        let start = self.pos;
        self.pos = name_end(self.text, start);
        &self.text[start..self.pos]
    }

    /// A keyword and its `=`; `None`, without moving, if there is none.
    pub(super) fn keyword(&mut self) -> Option<&'a str> {
        let start = self.pos;
        let length = self.text.as_bytes()[start..]
            .iter()
            .take_while(|b| b.is_ascii_alphanumeric() || **b == b'_')
            .count();
        self.pos += length;
        if length > 0 && self.take(b'=') {
            return Some(&self.text[start..start + length]);
        }
        self.pos = start;
        None
    }

    /// Whether nothing but a word is left, which may be the beginning of a keyword.
    pub(super) fn ends_in_word(&self) -> bool {
        let rest = &self.text[self.pos..];
        rest.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
            && rest.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
    }

    /// Reads one literal.
    pub(super) fn value(&mut self) -> Result<Value, Fault> {
        match self.peek_after_blanks() {
            Some(quote @ (b'\'' | b'"')) => self.string(quote).map(Value::String),
            Some(b'-' | b'0'..=b'9') => self.number(),
            Some(b'[') => self.nested(Self::array),
            Some(b'{') => self.nested(Self::dict),
            Some(b'a'..=b'z' | b'A'..=b'Z') => self.literal(),
            _ => self.fault("expected a value"),
        }
    }

    fn nested(&mut self, read: fn(&mut Self) -> Result<Value, Fault>) -> Result<Value, Fault> {
        if self.depth == MAX_DEPTH {
            return self.fault("nested deeper than 127 levels");
        }
        self.depth += 1;
        self.pos += 1;
        let value = read(self);
        self.depth -= 1;
        value
    }

    fn array(&mut self) -> Result<Value, Fault> {
        let mut items = Vec::new();
        while !self.take(b']') {
            items.push(self.value()?);
            if !self.take(b',') && self.peek_after_blanks() != Some(b']') {
                return self.fault("expected ',' or ']'");
            }
        }
        Ok(Value::Array(items))
    }

    fn dict(&mut self) -> Result<Value, Fault> {
        let mut map = Map::new();
        while !self.take(b'}') {
            let Some(quote @ (b'\'' | b'"')) = self.peek_after_blanks() else {
                return self.fault("expected a key in quotes");
            };
            let key = self.string(quote)?;
            if !self.take(b':') {
                return self.fault("expected ':' after the key");
            }
            let value = self.value()?;
            map.insert(key, value);
            if !self.take(b',') && self.peek_after_blanks() != Some(b'}') {
                return self.fault("expected ',' or '}'");
            }
        }
        Ok(Value::Object(map))
    }

    fn number(&mut self) -> Result<Value, Fault> {
        let rest = &self.text[self.pos..];
        let fits = |b: &u8| b.is_ascii_digit() || matches!(b, b'+' | b'-' | b'.' | b'e' | b'E');
        let length = rest.bytes().take_while(|b| fits(b)).count();
        match rest[..length].parse::<Number>() {
            Ok(number) => {
                self.pos += length;
                Ok(Value::Number(number))
            }
            Err(_) => Err(Fault {
                at: self.pos,
                what: "not a number",
                at_end: length == rest.len(),
            }),
        }
    }

    fn literal(&mut self) -> Result<Value, Fault> {
        let rest = &self.text[self.pos..];
        let length = rest
            .bytes()
            .take_while(|b| b.is_ascii_alphanumeric() || *b == b'_')
            .count();
        let word = &rest[..length];
        let (value, json) = match word {
            "True" => (Value::Bool(true), false),
            "False" => (Value::Bool(false), false),
            "None" => (Value::Null, false),
            "true" => (Value::Bool(true), true),
            "false" => (Value::Bool(false), true),
            "null" => (Value::Null, true),
            _ => {
                let begun = ["True", "False", "None"]
                    .iter()
                    .any(|whole| whole.starts_with(word));
                let at_end = begun && length == rest.len();
                return Err(Fault {
                    at: self.pos,
                    what: "text outside of quotes",
                    at_end,
                });
            }
        };
        if json {
            if !self.mend {
                return self.fault("write True, False and None, not true, false and null");
            }
            self.mended.add(Mended::JSON_LITERALS);
        }
        self.pos += length;
        Ok(value)
    }

    fn string(&mut self, quote: u8) -> Result<String, Fault> {
        let triple = [quote; 3];
        let long = self.text.as_bytes()[self.pos..].starts_with(&triple);
        self.pos += if long { 3 } else { 1 };
        let mut out = String::new();
        let mut run = self.pos;
        loop {
            match self.peek() {
                None => return self.fault("the string is not closed"),
                Some(b) if b == quote => {
                    if !long || self.text.as_bytes()[self.pos..].starts_with(&triple) {
                        out.push_str(&self.text[run..self.pos]);
                        self.pos += if long { 3 } else { 1 };
                        return Ok(out);
                    }
                    self.pos += 1;
                }
                Some(b'\\') => {
                    out.push_str(&self.text[run..self.pos]);
                    self.pos += 1;
                    self.escape(&mut out)?;
                    run = self.pos;
                }
                Some(b'\n' | b'\r') if !long => {
                    if !self.mend {
                        return self.fault("line breaks in a string must be escaped (\\n)");
                    }
                    self.mended.add(Mended::CONTROL_CHARACTERS);
                    self.pos += 1;
                }
                Some(_) => self.pos += 1,
            }
        }
    }

    /// The escapes of Python's string literals, without octal and named ones; an unknown one stays as written.
    fn escape(&mut self, out: &mut String) -> Result<(), Fault> {
        let Some(byte) = self.peek() else {
            return self.fault("the string is not closed");
        };
        let plain = match byte {
            b'\n' => None,
            b'\\' | b'\'' | b'"' => Some(char::from(byte)),
            b'a' => Some('\u{7}'),
            b'b' => Some('\u{8}'),
            b'f' => Some('\u{c}'),
            b'n' => Some('\n'),
            b'r' => Some('\r'),
            b't' => Some('\t'),
            b'v' => Some('\u{b}'),
            b'x' => return self.code_point(2, out),
            b'u' => return self.code_point(4, out),
            b'U' => return self.code_point(8, out),
            _ => {
                // The character after the backslash is taken by the run that begins here.
                out.push('\\');
                return Ok(());
            }
        };
        out.extend(plain);
        self.pos += 1;
        Ok(())
    }

    fn code_point(&mut self, digits: usize, out: &mut String) -> Result<(), Fault> {
        self.pos += 1;
        let hex = self.text.as_bytes().get(self.pos..self.pos + digits);
        let code = hex.and_then(|hex| {
            hex.iter().try_fold(0u32, |code, b| {
                Some(code.checked_mul(16)? + char::from(*b).to_digit(16)?)
            })
        });
        let Some(c) = code.and_then(char::from_u32) else {
            let what = "\\x, \\u and \\U need 2, 4 and 8 hexadecimal digits of a character";
            return Err(Fault {
                at: self.pos,
                what,
                at_end: hex.is_none(),
            });
        };
        out.push(c);
        self.pos += digits;
        Ok(())
    }
}
