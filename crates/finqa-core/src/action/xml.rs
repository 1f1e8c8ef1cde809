//! `<function=NAME><parameter=KEY>VALUE</parameter></function>`, usually inside `<tool_call>`.

use memchr::memchr3;
use serde_json::{Map, Value};

use super::call::RawCall;
use super::feedback::Wire;
use super::json;
use super::reader::Reader;
use super::repair::{Fault, Mended};
use super::scan::{next_tag, skip_blanks, trim};
use super::schema::{Types, property};
use super::tagged::{CLOSE, FUNCTION, OPEN, refuse};
use super::types::{ParseLevel, ParseOptions};
use crate::tool::ToolSpec;

const PARAMETER: &str = "<parameter=";
const PARAMETER_END: &str = "</parameter>";
const FUNCTION_END: &str = "</function>";

/// Reads the function tag at `function`; the block began at `place`, which may be the same.
pub(super) fn read(reader: &mut Reader<'_>, place: usize, function: usize) -> usize {
    let text = reader.text;
    let body = function + FUNCTION.len();
    let mend = reader.options.level == ParseLevel::Repair;
    let mut mended = Mended::default();
    match block(text, body, mend, &mut mended) {
        Err(fault) => refuse(reader, place, body, Wire::Xml, &fault),
        Ok((name, pairs, end)) => {
            let spec = reader.tools.find(name).map(|(_, spec)| spec);
            let mut arguments = Map::new();
            for (key, raw) in pairs {
                let value = typed(spec, key, raw, reader.options, &mut mended);
                arguments.insert(key.to_string(), value);
            }
            let after = skip_blanks(text, end);
            let end = if text[after..].starts_with(CLOSE) {
                after + CLOSE.len()
            } else {
                end
            };
            let call = RawCall {
                id: String::new(),
                name: name.to_string(),
                arguments: Some(Value::Object(arguments)),
                mended,
                wire: Wire::Xml,
            };
            reader.call((place, end), call);
            end
        }
    }
}

type Block<'a> = (&'a str, Vec<(&'a str, &'a str)>, usize);

/// Name, raw parameters and end of a function whose name begins at `at`.
fn block<'a>(
    text: &'a str,
    at: usize,
    mend: bool,
    mended: &mut Mended,
) -> Result<Block<'a>, Fault> {
    let (name, mut at) = tag_name(text, at)?;
    let mut pairs = Vec::new();
    loop {
        at = skip_blanks(text, at);
        let rest = &text[at..];
        if rest.starts_with(FUNCTION_END) {
            return Ok((name, pairs, at + FUNCTION_END.len()));
        }
        if rest.starts_with(CLOSE) && mend {
            mended.add(Mended::MISSING_CLOSE_TAG);
            return Ok((name, pairs, at));
        }
        if !rest.starts_with(PARAMETER) {
            let what = "expected <parameter=NAME> or </function>";
            let at_end = [FUNCTION_END, PARAMETER]
                .iter()
                .any(|tag| tag.starts_with(rest));
            return Err(Fault { at, what, at_end });
        }
        let (key, value) = tag_name(text, at + PARAMETER.len())?;
        let (raw, after) = parameter_value(text, value, mend, mended)?;
        pairs.push((key, raw));
        at = after;
    }
}

/// The name up to `>`, and the position after it.
fn tag_name(text: &str, at: usize) -> Result<(&str, usize), Fault> {
    match memchr3(b'>', b'<', b'\n', &text.as_bytes()[at..]).map(|step| at + step) {
        Some(end) if text.as_bytes()[end] == b'>' => Ok((trim(&text[at..end]), end + 1)),
        Some(end) => Err(Fault {
            at: end,
            what: "expected '>' after the name",
            at_end: false,
        }),
        None => Err(Fault {
            at: text.len(),
            what: "expected '>' after the name",
            at_end: true,
        }),
    }
}

/// The raw value that begins at `from`, and where to go on.
///
/// A closing tag ends it only if a parameter, the end of the function or of the message follows, so that
/// `</parameter>` may stand inside a value.
fn parameter_value<'a>(
    text: &'a str,
    from: usize,
    mend: bool,
    mended: &mut Mended,
) -> Result<(&'a str, usize), Fault> {
    let mut at = from;
    loop {
        match next_tag(text, at, &[PARAMETER_END, PARAMETER, FUNCTION_END]) {
            Some((0, end)) => {
                let after = end + PARAMETER_END.len();
                let next = &text[skip_blanks(text, after)..];
                let follows = [PARAMETER, FUNCTION_END, CLOSE];
                if next.is_empty() || follows.iter().any(|tag| next.starts_with(tag)) {
                    return Ok((unwrapped(&text[from..end]), after));
                }
                at = after;
            }
            next => {
                let end = match next {
                    Some((_, end)) if mend => {
                        let stops = [PARAMETER, FUNCTION_END, CLOSE, OPEN, FUNCTION];
                        match next_tag(text, from, &stops) {
                            Some((0..=2, stop)) => {
                                mended.add(Mended::MISSING_CLOSE_TAG);
                                return Ok((unwrapped(&text[from..stop]), stop));
                            }
                            _ => end,
                        }
                    }
                    Some((_, end)) => end,
                    None => text.len(),
                };
                return Err(Fault {
                    at: end,
                    what: "expected </parameter>",
                    at_end: true,
                });
            }
        }
    }
}

/// A raw value without the one line break that templates write on each side.
fn unwrapped(raw: &str) -> &str {
    let raw = raw
        .strip_prefix("\r\n")
        .or_else(|| raw.strip_prefix('\n'))
        .unwrap_or(raw);
    raw.strip_suffix("\r\n")
        .or_else(|| raw.strip_suffix('\n'))
        .unwrap_or(raw)
}

/// The value by the tool's schema: text stays text, everything else is read as JSON. What is no JSON stays text, and
/// the schema check says so.
fn typed(
    spec: Option<&ToolSpec>,
    key: &str,
    raw: &str,
    options: ParseOptions,
    mended: &mut Mended,
) -> Value {
    let schema = spec.and_then(|spec| property(spec, key));
    if schema.is_none_or(|schema| Types::of(schema).takes_text()) {
        return Value::String(raw.to_string());
    }
    let mut loose = super::repair::Reader::new(raw, 0, options.level == ParseLevel::Repair);
    let start = skip_blanks(raw, 0);
    if let Some((value, end)) = json::strict(raw, start)
        && skip_blanks(raw, end) == raw.len()
    {
        return value;
    }
    match loose.value() {
        Ok(value) if skip_blanks(raw, loose.pos) == raw.len() => {
            mended.add(loose.mended);
            value
        }
        _ => Value::String(raw.to_string()),
    }
}
