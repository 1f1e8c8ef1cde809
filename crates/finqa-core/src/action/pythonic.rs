//! `[f(a='x', b=1), g()]`, bare or between Llama 4's or LFM2's markers.

use serde_json::{Map, Value};

use super::call::RawCall;
use super::feedback::Wire;
use super::llama::unfenced;
use super::python::{self, Python};
use super::reader::Reader;
use super::repair::{Fault, Mended};
use super::scan::{THINK, UNTHINK, next_tag, skip_blanks};
use super::types::{ActionFormat, ParseLevel};

/// Markers before a list; [`ENDS`] has the one after it at the same index.
pub(super) const STARTS: [&str; 2] = ["<|python_start|>", "<|tool_call_start|>"];
const ENDS: [&str; 2] = ["<|python_end|>", "<|tool_call_end|>"];

struct Call<'a> {
    span: (usize, usize),
    name: &'a str,
    arguments: Map<String, Value>,
    positional: bool,
    mended: Mended,
}

/// The calls of a list and where it ends, or the fault and where the broken call begins.
struct List<'a> {
    calls: Vec<Call<'a>>,
    end: Result<usize, (Fault, usize)>,
}

/// Reads the list that begins at `at`; at most `most` calls.
fn list(text: &str, at: usize, mend: bool, most: usize) -> List<'_> {
    let mut calls = Vec::new();
    let mut reader = Python::new(text, skip_blanks(text, at), mend);
    let mut start = reader.pos;
    let end = loop {
        let opened = !calls.is_empty() || reader.take(b'[');
        if !opened {
            break reader.fault("expected '['").map_err(|fault| (fault, start));
        }
        if reader.take(b']') || calls.len() >= most {
            break Ok(reader.pos);
        }
        reader.blanks();
        start = reader.pos;
        match call(&mut reader) {
            Ok(call) => calls.push(call),
            Err(fault) => break Err((fault, start)),
        }
        if reader.take(b',') {
            continue;
        }
        if reader.take(b']') || reader.pos == text.len() {
            // At the end the list's last bracket may be missing, its calls are whole.
            break Ok(reader.pos);
        }
        start = reader.pos;
        break reader
            .fault("expected ',' or ']'")
            .map_err(|fault| (fault, start));
    };
    List { calls, end }
}

fn call<'a>(reader: &mut Python<'a>) -> Result<Call<'a>, Fault> {
    let start = reader.pos;
    let name = reader.name();
    if name.is_empty() {
        return reader.fault("expected a tool name");
    }
    if !reader.take(b'(') {
        return reader.fault("expected '(' after the tool name");
    }
    reader.mended = Mended::default();
    let mut arguments = Map::new();
    let mut positional = false;
    while !reader.take(b')') {
        reader.blanks();
        if let Some(key) = reader.keyword() {
            let value = reader.value()?;
            arguments.insert(key.to_string(), value);
        } else if reader.ends_in_word() {
            let at = reader.text.len();
            return Err(Fault {
                at,
                what: "expected '=' and a value",
                at_end: true,
            });
        } else {
            reader.value()?;
            positional = true;
        }
        if !reader.take(b',') && reader.peek_after_blanks() != Some(b')') {
            return reader.fault("expected ',' or ')'");
        }
    }
    let span = (start, reader.pos);
    Ok(Call {
        span,
        name,
        arguments,
        positional,
        mended: reader.mended,
    })
}

fn note(reader: &mut Reader<'_>, call: Call<'_>, start: usize, fenced: Mended) {
    let span = (start, call.span.1);
    if call.positional {
        let problem = "every argument needs its name, as in f(a='x')";
        reader.wrong_arguments(span, call.name, Wire::Pythonic, problem);
        return;
    }
    let mut mended = call.mended;
    mended.add(fenced);
    let raw = RawCall {
        id: String::new(),
        name: call.name.to_string(),
        arguments: Some(Value::Object(call.arguments)),
        mended,
        wire: Wire::Pythonic,
    };
    reader.call(span, raw);
}

/// Reads the list behind the marker `STARTS[marker]` at `place`.
pub(super) fn read(reader: &mut Reader<'_>, place: usize, marker: usize) -> usize {
    let text = reader.text;
    let body = place + STARTS[marker].len();
    let mend = reader.options.level == ParseLevel::Repair;
    let most = super::reader::MAX_ATTEMPTS - reader.attempts.len();
    let List { calls, end } = list(text, body, mend, most);
    let mut start = place;
    for call in calls {
        let next = call.span.1;
        note(reader, call, start, Mended::default());
        start = skip_blanks(text, next);
        if text[start..].starts_with(',') {
            start = skip_blanks(text, start + 1);
        }
    }
    match end {
        Ok(end) => {
            let after = skip_blanks(text, end);
            if text[after..].starts_with(ENDS[marker]) {
                after + ENDS[marker].len()
            } else {
                end
            }
        }
        Err((fault, broken)) => {
            let tags = [ENDS[marker], STARTS[0], STARTS[1], THINK, UNTHINK];
            let (end, closed) = match next_tag(text, broken.max(body), &tags) {
                Some((0, at)) => (at + ENDS[marker].len(), true),
                Some((_, at)) => (at, false),
                None => (text.len(), false),
            };
            if !reader.full() {
                reader.unreadable((start.min(broken), end), Wire::Pythonic, &fault, closed);
            }
            end
        }
    }
}

/// Reads `text[from..to]`, a whole message without its reasoning, as a bare list. `false` if it is none.
pub(super) fn bare(reader: &mut Reader<'_>, from: usize, to: usize) -> bool {
    let mut fenced = Mended::default();
    let (inner, end) = match unfenced(reader, from, to) {
        Some(inside) => {
            fenced.add(Mended::CODE_FENCE);
            inside
        }
        None => (from, to),
    };
    let text = &reader.text[..end];
    let Some(first) = python::first_call(text, inner) else {
        return false;
    };
    let mend = reader.options.level == ParseLevel::Repair;
    let most = super::reader::MAX_ATTEMPTS - reader.attempts.len();
    let List {
        calls,
        end: list_end,
    } = list(text, inner, mend, most);
    match list_end {
        Ok(list_end) if calls.len() < most && skip_blanks(text, list_end) != end => return false,
        // A list that cannot be read is an attempt only if it begins with one of the tools: "[see(1) …" is prose.
        Err(_)
            if reader.options.format == ActionFormat::Auto
                && reader.tools.find(first).is_none() =>
        {
            return false;
        }
        _ => {}
    }
    for call in calls {
        let start = call.span.0;
        note(reader, call, start, fenced);
    }
    if let Err((fault, broken)) = list_end
        && !reader.full()
    {
        reader.unreadable((broken, to), Wire::Pythonic, &fault, false);
    }
    true
}
