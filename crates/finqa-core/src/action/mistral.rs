//! Mistral: `[TOOL_CALLS][{…}, {…}]`, `[TOOL_CALLS]name{…}`, `[TOOL_CALLS]name[CALL_ID]id[ARGS]{…}`.

use super::call::RawCall;
use super::feedback::Wire;
use super::json::value_at;
use super::reader::Reader;
use super::repair::Fault;
use super::scan::{THINK, UNTHINK, name_end, next_tag, skip_blanks};
use super::types::ParseLevel;

pub(super) const MARKER: &str = "[TOOL_CALLS]";
const ARGS: &str = "[ARGS]";
const CALL_ID: &str = "[CALL_ID]";

/// Reads the calls behind the marker at `place`.
pub(super) fn read(reader: &mut Reader<'_>, place: usize) -> usize {
    let text = reader.text;
    let body = skip_blanks(text, place + MARKER.len());
    let rest = &text[body..];
    if rest.starts_with('[') && !rest.starts_with(ARGS) && !rest.starts_with(CALL_ID) {
        list(reader, place, body)
    } else if rest.starts_with('{') {
        match value_at(text, body, b"{", reader.options, || region(text, body)) {
            Ok(found) => {
                let span = (place, found.end);
                reader.object_call(span, found.value, found.mended, Wire::MistralList);
                found.end
            }
            Err((fault, end)) => refuse(reader, (place, end), Wire::MistralList, &fault),
        }
    } else {
        named(reader, place, body)
    }
}

/// Where the calls behind a marker end at the latest.
fn region(text: &str, at: usize) -> usize {
    next_tag(text, at, &[MARKER, THINK, UNTHINK]).map_or(text.len(), |(_, at)| at)
}

fn refuse(reader: &mut Reader<'_>, span: (usize, usize), wire: Wire, fault: &Fault) -> usize {
    reader.unreadable(span, wire, fault, false);
    span.1
}

fn list(reader: &mut Reader<'_>, place: usize, bracket: usize) -> usize {
    let text = reader.text;
    let wire = Wire::MistralList;
    let (mut start, mut at) = (place, skip_blanks(text, bracket + 1));
    if text[at..].starts_with(']') {
        return at + 1;
    }
    loop {
        let found = match value_at(text, at, b"{", reader.options, || region(text, at)) {
            Ok(found) => found,
            Err((fault, end)) => return refuse(reader, (start, end.max(at)), wire, &fault),
        };
        reader.object_call((start, found.end), found.value, found.mended, wire);
        let after = skip_blanks(text, found.end);
        match text.as_bytes().get(after) {
            // The list's last bracket is missing, its calls are whole.
            None => return found.end,
            Some(b']') => return after + 1,
            Some(b',') => {
                at = skip_blanks(text, after + 1);
                if text[at..].starts_with(']') {
                    if reader.options.level == ParseLevel::Strict && !reader.full() {
                        let fault = Fault {
                            at: after,
                            what: "trailing comma",
                            at_end: false,
                        };
                        reader.unreadable((after, at + 1), wire, &fault, true);
                    }
                    return at + 1;
                }
                if reader.full() {
                    return at;
                }
                start = at;
            }
            Some(_) if reader.full() => return found.end,
            // Reasoning opens here, or another marker stands here: nothing of the list is left to complain about.
            Some(_) if region(text, after) == after => return found.end,
            Some(_) => {
                let fault = Fault {
                    at: after,
                    what: "expected ',' or ']'",
                    at_end: false,
                };
                return refuse(reader, (after, region(text, after)), wire, &fault);
            }
        }
    }
}

fn named(reader: &mut Reader<'_>, place: usize, body: usize) -> usize {
    let text = reader.text;
    let wire = Wire::MistralNamed;
    let (mut start, mut at) = (place, body);
    loop {
        let end_of_name = name_end(text, at);
        let name = &text[at..end_of_name];
        let mut id = "";
        let mut json = end_of_name;
        if text[json..].starts_with(CALL_ID) {
            let end = name_end(text, json + CALL_ID.len());
            id = &text[json + CALL_ID.len()..end];
            json = end;
        }
        if text[json..].starts_with(ARGS) {
            json += ARGS.len();
        }
        let rest = &text[json..];
        if !rest.is_empty() && (ARGS.starts_with(rest) || CALL_ID.starts_with(rest)) {
            let what = "expected the arguments, a JSON object { … }";
            let fault = Fault {
                at: text.len(),
                what,
                at_end: true,
            };
            return refuse(reader, (start, text.len()), wire, &fault);
        }
        if json == at {
            let what = "expected a tool name or a JSON list";
            let fault = Fault {
                at,
                what,
                at_end: at == text.len(),
            };
            return refuse(reader, (start, region(text, at)), wire, &fault);
        }
        let found = match value_at(text, json, b"{", reader.options, || region(text, json)) {
            Ok(found) => found,
            Err((fault, end)) => return refuse(reader, (start, end.max(json)), wire, &fault),
        };
        let call = RawCall {
            id: id.to_string(),
            name: name.to_string(),
            arguments: Some(found.value),
            mended: found.mended,
            wire,
        };
        reader.call((start, found.end), call);
        let mut next = skip_blanks(text, found.end);
        if text[next..].starts_with(',') {
            next = skip_blanks(text, next + 1);
        }
        let follows = &text[name_end(text, next)..];
        let another = name_end(text, next) > next
            && ["{", ARGS, CALL_ID]
                .iter()
                .any(|tag| follows.starts_with(tag));
        if !another || reader.full() {
            return found.end;
        }
        (start, at) = (next, next);
    }
}
