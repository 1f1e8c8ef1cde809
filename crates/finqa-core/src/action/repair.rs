//! A JSON reader that says where it stopped and why, and mends what can be mended without guessing a value.
//!
//! Whole JSON is read by `serde_json`; this reader is for what `serde_json` refused. Without mending it accepts the
//! same language (tests compare the two).

use serde_json::{Map, Number, Value};

/// How deep arrays and objects may nest: what `serde_json` allows.
pub(super) const MAX_DEPTH: usize = 127;

/// What was mended, a set.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Mended(u16);

impl Mended {
    pub(super) const TRAILING_COMMA: Self = Self(1);
    pub(super) const SINGLE_QUOTES: Self = Self(1 << 1);
    pub(super) const PYTHON_LITERALS: Self = Self(1 << 2);
    pub(super) const CONTROL_CHARACTERS: Self = Self(1 << 3);
    pub(super) const ESCAPED_QUOTE: Self = Self(1 << 4);
    pub(super) const MISSING_BRACE: Self = Self(1 << 5);
    pub(super) const CODE_FENCE: Self = Self(1 << 6);
    pub(super) const MISSING_CLOSE_TAG: Self = Self(1 << 7);
    pub(super) const JSON_LITERALS: Self = Self(1 << 8);

    const NAMES: [&'static str; 9] = [
        "trailing_comma",
        "single_quotes",
        "python_literals",
        "control_characters",
        "escaped_quote",
        "missing_brace",
        "code_fence",
        "missing_close_tag",
        "json_literals",
    ];

    pub(super) fn add(&mut self, other: Self) {
        self.0 |= other.0;
    }

    pub(super) fn is_empty(self) -> bool {
        self.0 == 0
    }

    pub(super) fn names(self) -> Vec<&'static str> {
        let set = |bit: &usize| self.0 & (1 << bit) != 0;
        (0..Self::NAMES.len())
            .filter(set)
            .map(|bit| Self::NAMES[bit])
            .collect()
    }
}

/// Where reading stopped and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Fault {
    /// Byte position in the text.
    pub(super) at: usize,
    /// What was expected or found, to be read after "at character N:".
    pub(super) what: &'static str,
    /// The text ended where more was needed.
    pub(super) at_end: bool,
}

/// A reader over `text[..]`, starting at `pos`.
pub(super) struct Reader<'a> {
    text: &'a str,
    pub(super) pos: usize,
    mend: bool,
    /// Accept the end of the text for the last brace of the outermost object.
    close_last_brace: bool,
    pub(super) mended: Mended,
    depth: usize,
}

impl<'a> Reader<'a> {
    pub(super) fn new(text: &'a str, pos: usize, mend: bool) -> Self {
        Self {
            text,
            pos,
            mend,
            close_last_brace: false,
            mended: Mended::default(),
            depth: 0,
        }
    }

    /// Accepts the end of the text for the last brace of the outermost object.
    pub(super) fn closing_last_brace(mut self, yes: bool) -> Self {
        self.close_last_brace = yes;
        self
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.pos).copied()
    }

    fn blanks(&mut self) {
        self.pos = super::scan::skip_blanks(self.text, self.pos);
    }

    /// A fault here; at the end of the text it says that the text ended.
    fn fault<T>(&self, what: &'static str) -> Result<T, Fault> {
        Err(Fault {
            at: self.pos,
            what,
            at_end: self.pos >= self.text.len(),
        })
    }

    /// Reads one value.
    pub(super) fn value(&mut self) -> Result<Value, Fault> {
        self.blanks();
        match self.peek() {
            Some(b'{') => self.nested(Self::object),
            Some(b'[') => self.nested(Self::array),
            Some(b'"') => self.string(b'"').map(Value::String),
            Some(b'\'') if self.mend => self.string(b'\'').map(Value::String),
            Some(b'\'') => self.fault("strings need double quotes"),
            Some(b'-' | b'0'..=b'9') => self.number(),
            Some(b'a'..=b'z' | b'A'..=b'Z') => self.literal(),
            _ => self.fault("expected a JSON value"),
        }
    }

    fn nested(&mut self, read: fn(&mut Self) -> Result<Value, Fault>) -> Result<Value, Fault> {
        if self.depth == MAX_DEPTH {
            return self.fault("nested deeper than 127 levels");
        }
        self.depth += 1;
        let value = read(self);
        self.depth -= 1;
        value
    }

    fn object(&mut self) -> Result<Value, Fault> {
        self.pos += 1;
        let mut map = Map::new();
        self.blanks();
        if self.peek() == Some(b'}') {
            self.pos += 1;
            return Ok(Value::Object(map));
        }
        loop {
            self.blanks();
            let key = match self.peek() {
                Some(b'"') => self.string(b'"')?,
                Some(b'\'') if self.mend => self.string(b'\'')?,
                Some(b'\'') => return self.fault("keys need double quotes"),
                _ => return self.fault("expected a key in double quotes"),
            };
            self.blanks();
            if self.peek() != Some(b':') {
                return self.fault("expected ':' after the key");
            }
            self.pos += 1;
            let value = self.value()?;
            map.insert(key, value);
            self.blanks();
            match self.peek() {
                Some(b'}') => {
                    self.pos += 1;
                    return Ok(Value::Object(map));
                }
                Some(b',') => self.comma(b'}')?,
                None if self.depth == 1 && self.close_last_brace => {
                    self.mended.add(Mended::MISSING_BRACE);
                    return Ok(Value::Object(map));
                }
                // SQL with quoted names is the usual way to get here.
                Some(c)
                    if c.is_ascii_alphanumeric() && self.text.as_bytes()[self.pos - 1] == b'"' =>
                {
                    return self.fault(
                        "a double quote inside a string must be written \\\", or the string ends there: expected ',' or '}'",
                    );
                }
                _ => return self.fault("expected ',' or '}'"),
            }
            if self.peek() == Some(b'}') {
                self.pos += 1;
                return Ok(Value::Object(map));
            }
        }
    }

    fn array(&mut self) -> Result<Value, Fault> {
        self.pos += 1;
        let mut items = Vec::new();
        self.blanks();
        if self.peek() == Some(b']') {
            self.pos += 1;
            return Ok(Value::Array(items));
        }
        loop {
            items.push(self.value()?);
            self.blanks();
            match self.peek() {
                Some(b']') => {
                    self.pos += 1;
                    return Ok(Value::Array(items));
                }
                Some(b',') => self.comma(b']')?,
                _ => return self.fault("expected ',' or ']'"),
            }
            if self.peek() == Some(b']') {
                self.pos += 1;
                return Ok(Value::Array(items));
            }
        }
    }

    /// Steps over a comma; one before `close` is a fault or is mended.
    fn comma(&mut self, close: u8) -> Result<(), Fault> {
        let comma = self.pos;
        self.pos += 1;
        self.blanks();
        if self.peek() == Some(close) {
            if !self.mend {
                return Err(Fault {
                    at: comma,
                    what: "trailing comma",
                    at_end: false,
                });
            }
            self.mended.add(Mended::TRAILING_COMMA);
        }
        Ok(())
    }

    fn string(&mut self, quote: u8) -> Result<String, Fault> {
        if quote == b'\'' {
            self.mended.add(Mended::SINGLE_QUOTES);
        }
        self.pos += 1;
        let mut out = String::new();
        let mut run = self.pos;
        loop {
            match self.peek() {
                None => return self.fault("the string is not closed"),
                Some(b) if b == quote => {
                    out.push_str(&self.text[run..self.pos]);
                    self.pos += 1;
                    return Ok(out);
                }
                Some(b'\\') => {
                    out.push_str(&self.text[run..self.pos]);
                    self.pos += 1;
                    out.push(self.escape(quote)?);
                    run = self.pos;
                }
                Some(b) if b < 0x20 => {
                    if !self.mend {
                        return self
                            .fault("line breaks and tabs in a string must be escaped (\\n, \\t)");
                    }
                    self.mended.add(Mended::CONTROL_CHARACTERS);
                    self.pos += 1;
                }
                Some(_) => self.pos += 1,
            }
        }
    }

    fn escape(&mut self, quote: u8) -> Result<char, Fault> {
        let Some(byte) = self.peek() else {
            return self.fault("the string is not closed");
        };
        let plain = match byte {
            b'"' => '"',
            b'\\' => '\\',
            b'/' => '/',
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => {
                self.pos += 1;
                return self.unicode();
            }
            b'\'' if self.mend => {
                if quote != b'\'' {
                    self.mended.add(Mended::ESCAPED_QUOTE);
                }
                '\''
            }
            _ => {
                return Err(Fault {
                    at: self.pos - 1,
                    what: "invalid escape in a string",
                    at_end: false,
                });
            }
        };
        self.pos += 1;
        Ok(plain)
    }

    fn unicode(&mut self) -> Result<char, Fault> {
        let high = self.hex4()?;
        let code = if (0xD800..0xDC00).contains(&high) {
            let rest = &self.text[self.pos..];
            if !rest.starts_with("\\u") {
                let at_end = "\\u".starts_with(rest);
                return Err(Fault {
                    at: self.pos,
                    what: "half a surrogate pair in a string",
                    at_end,
                });
            }
            self.pos += 2;
            let low = self.hex4()?;
            if !(0xDC00..0xE000).contains(&low) {
                return self.fault("half a surrogate pair in a string");
            }
            0x1_0000 + ((high - 0xD800) << 10) + (low - 0xDC00)
        } else {
            high
        };
        match char::from_u32(code) {
            Some(c) => Ok(c),
            None => self.fault("half a surrogate pair in a string"),
        }
    }

    fn hex4(&mut self) -> Result<u32, Fault> {
        let mut code = 0;
        for _ in 0..4 {
            let Some(digit) = self.peek().and_then(|b| char::from(b).to_digit(16)) else {
                return self.fault("\\u needs four hexadecimal digits");
            };
            code = code * 16 + digit;
            self.pos += 1;
        }
        Ok(code)
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
                what: "not a JSON number",
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
        let (value, python) = match word {
            "true" => (Value::Bool(true), false),
            "false" => (Value::Bool(false), false),
            "null" => (Value::Null, false),
            "True" => (Value::Bool(true), true),
            "False" => (Value::Bool(false), true),
            "None" => (Value::Null, true),
            _ => {
                let begun = ["true", "false", "null"]
                    .iter()
                    .any(|whole| whole.starts_with(word));
                return Err(Fault {
                    at: self.pos,
                    what: "text outside of quotes",
                    at_end: begun && length == rest.len(),
                });
            }
        };
        if python {
            if !self.mend {
                return self.fault("write true, false and null, not True, False and None");
            }
            self.mended.add(Mended::PYTHON_LITERALS);
        }
        self.pos += length;
        Ok(value)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::Value;

    use super::*;

    const PIECES: &[&str] = &[
        "{", "}", "[", "]", ",", ":", "\"", "'", "\\", "\\\"", "\\u00e9", "\\ud83d", "\\ude00",
        "\"a\"", "\"b\"", "1", "-", "0", ".", "e", "1.5e3", "1e999", "true", "True", "nul", "null",
        " ", "\n", "é", "\u{1}", "\"k\": ", "\"k\": {", "[1, ", "\"x\"}",
    ];

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(4000) })]

        /// Without mending, the reader and `serde_json` accept the same texts and read the same values.
        #[test]
        fn reads_what_serde_json_reads(pieces in prop::collection::vec(prop::sample::select(PIECES), 0..12)) {
            let text = format!("{{{}", pieces.concat());
            for text in [text.as_str(), &text[1..]] {
                let expected = super::super::json::strict(text, super::super::scan::skip_blanks(text, 0));
                let mut reader = Reader::new(text, 0, false);
                let seen = reader.value().ok().map(|value| (value, reader.pos));
                // A bare number or literal needs a look at what follows, which is not this reader's business.
                if text.trim_start().starts_with(['{', '[', '"']) {
                    prop_assert_eq!(seen, expected, "{:?}", text);
                }
            }
        }

        #[test]
        fn reads_what_serde_json_writes(text in any::<String>(), number in any::<f64>(), integer in any::<i64>()) {
            let value = serde_json::json!({"a": text, text.clone(): [number, integer, null, {"b": true}]});
            let written = value.to_string();
            let mut reader = Reader::new(&written, 0, true);
            let expected: Value = serde_json::from_str(&written).unwrap();
            prop_assert_eq!(reader.value().unwrap(), expected);
            prop_assert!(reader.mended.is_empty());
        }
    }

    #[test]
    fn faults_name_the_place() {
        let fault = Reader::new("{\"a\": 1,}", 0, false).value().unwrap_err();
        assert_eq!(
            (fault.at, fault.what, fault.at_end),
            (7, "trailing comma", false)
        );
        let fault = Reader::new("{\"a\": \"b", 0, false).value().unwrap_err();
        assert_eq!((fault.at, fault.at_end), (8, true));
    }

    #[test]
    fn one_brace_is_supplied_only_where_it_is_the_only_thing_missing() {
        let read = |text: &str| {
            Reader::new(text, 0, true)
                .closing_last_brace(true)
                .value()
                .ok()
        };
        assert_eq!(
            read("{\"a\": {\"b\": 1}"),
            Some(serde_json::json!({"a": {"b": 1}}))
        );
        for text in [
            "{\"a\": {\"b\": 1",
            "{\"a\": [1",
            "{\"a\":",
            "{\"a\"",
            "{",
            "{\"a\": 1,",
            "{\"a\": \"b",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
