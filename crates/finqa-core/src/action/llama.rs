//! Llama 3: `{"name": …, "parameters": {…}}`, bare or behind `<|python_tag|>`, several split by `;`.

use serde_json::Value;

use super::feedback::Wire;
use super::json::{fence_open, value_at};
use super::reader::Reader;
use super::repair::{Fault, Mended};
use super::scan::{THINK, UNTHINK, next_tag, skip_blanks, trim};
use super::types::{ActionFormat, ParseLevel};

pub(super) const MARKER: &str = "<|python_tag|>";

/// Reads the calls behind the marker at `place`.
pub(super) fn read(reader: &mut Reader<'_>, place: usize) -> usize {
    let text = reader.text;
    let (mut start, mut body) = (place, place + MARKER.len());
    loop {
        let region =
            || next_tag(text, body, &[MARKER, THINK, UNTHINK]).map_or(text.len(), |(_, at)| at);
        let found = match value_at(text, body, b"{", reader.options, region) {
            Ok(found) => found,
            Err((fault, region)) => {
                let end = region.max(body);
                reader.unreadable((start, end), Wire::LlamaJson, &fault, false);
                return end;
            }
        };
        reader.object_call(
            (start, found.end),
            found.value,
            found.mended,
            Wire::LlamaJson,
        );
        let (next, split) = after_value(text, found.end);
        if reader.full() || !text[next..].starts_with('{') {
            return if split { next } else { found.end };
        }
        (start, body) = (next, next);
    }
}

/// Where the next value may begin, and whether a `;` was passed.
fn after_value(text: &str, at: usize) -> (usize, bool) {
    let next = skip_blanks(text, at);
    if text[next..].starts_with(';') {
        (skip_blanks(text, next + 1), true)
    } else {
        (next, false)
    }
}

/// Reads `text[from..to]`, a whole message without its reasoning, as bare calls. `false` if it is none.
pub(super) fn bare(reader: &mut Reader<'_>, from: usize, to: usize) -> bool {
    let mut mended = Mended::default();
    let (inner, end) = match unfenced(reader, from, to) {
        Some(inside) => {
            mended.add(Mended::CODE_FENCE);
            inside
        }
        None => (from, to),
    };
    let text = &reader.text[..end];
    if !text[inner..].starts_with('{') {
        return false;
    }
    let mut read: Vec<((usize, usize), Value, Mended)> = Vec::new();
    let mut broken: Option<(usize, Fault)> = None;
    let mut at = inner;
    while read.len() + reader.attempts.len() < super::reader::MAX_ATTEMPTS {
        match value_at(text, at, b"{", reader.options, || end) {
            Ok(found) => {
                let mut all = mended;
                all.add(found.mended);
                read.push(((at, found.end), found.value, all));
                let (next, _) = after_value(text, found.end);
                if next == end {
                    break;
                }
                if !text[next..].starts_with('{') {
                    // Words behind the object: prose, not a call.
                    return false;
                }
                at = next;
            }
            Err((fault, _)) => {
                broken = Some((at, fault));
                break;
            }
        }
    }
    if reader.options.format == ActionFormat::Auto {
        let call = match read.first() {
            Some((_, value, _)) => is_call(value),
            None => begins_call(text, inner),
        };
        if !call {
            return false;
        }
    }
    for (span, value, mended) in read {
        reader.object_call(span, value, mended, Wire::LlamaJson);
    }
    if let Some((at, fault)) = broken {
        reader.unreadable((at, to), Wire::LlamaJson, &fault, false);
    }
    true
}

/// The inside of a code fence around `text[from..to]`, looked for when mending.
pub(super) fn unfenced(reader: &Reader<'_>, from: usize, to: usize) -> Option<(usize, usize)> {
    if reader.options.level != ParseLevel::Repair {
        return None;
    }
    let inner = fence_open(reader.text, from)?;
    let body = reader.text.get(inner..to)?.strip_suffix("```")?;
    Some((inner, inner + trim(body).len()))
}

/// Whether a bare object is meant as a call: it has one of a call's keys.
fn is_call(value: &Value) -> bool {
    ["name", "arguments", "parameters"]
        .iter()
        .any(|key| value.get(key).is_some())
}

/// The same for an object that cannot be read: its first key tells.
fn begins_call(text: &str, at: usize) -> bool {
    let rest = &text[skip_blanks(text, at + 1)..];
    let key = rest.trim_start_matches(['"', '\'']);
    rest.len() > key.len()
        && ["name", "arguments", "parameters", "type"]
            .iter()
            .any(|known| {
                key.strip_prefix(known)
                    .is_some_and(|after| after.starts_with(['"', '\'']))
            })
}
