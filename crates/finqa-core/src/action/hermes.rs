//! `<tool_call>{"name": …, "arguments": {…}}</tool_call>`.

use super::feedback::Wire;
use super::json::value_at;
use super::reader::Reader;
use super::repair::Fault;
use super::scan::{THINK, UNTHINK, next_tag, skip_blanks};
use super::tagged::{CLOSE, OPEN, refuse};

const TAGS: &[&str] = &[CLOSE, OPEN, THINK, UNTHINK];

/// Reads the block at `place`. The closing tag is looked for after the whole JSON value, so one inside an argument
/// ends nothing.
pub(super) fn read(reader: &mut Reader<'_>, place: usize) -> usize {
    let text = reader.text;
    let body = place + OPEN.len();
    let region = || next_tag(text, body, TAGS).map_or(text.len(), |(_, at)| at);
    let found = match value_at(text, body, b"{", reader.options, region) {
        Ok(found) => found,
        Err((fault, _)) => return refuse(reader, place, body, Wire::Hermes, &fault),
    };
    let after = skip_blanks(text, found.end);
    let end = if text[after..].starts_with(CLOSE) {
        after + CLOSE.len()
    } else if let Some((0, _)) = next_tag(text, after, TAGS) {
        let fault = Fault {
            at: after,
            what: "text after the JSON object",
            at_end: false,
        };
        return refuse(reader, place, after, Wire::Hermes, &fault);
    } else {
        found.end
    };
    reader.object_call((place, end), found.value, found.mended, Wire::Hermes);
    end
}
