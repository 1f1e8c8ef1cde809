//! Harmony (gpt-oss): messages of a header and a body, `<|start|>assistant<|channel|>…<|message|>…<|end|>`.
//!
//! A header with a recipient (`to=functions.NAME`, before or after the channel) makes the body a call; the channel
//! `analysis` without a recipient is reasoning; everything else is text.

use super::call::RawCall;
use super::feedback::Wire;
use super::json::value_at;
use super::reader::{Reader, Step};
use super::repair::{Fault, Mended};
use super::scan::{THINK, UNTHINK, next_tag, skip_blanks};

pub(super) const MESSAGE: &str = "<|message|>";
pub(super) const CHANNEL: &str = "<|channel|>";
pub(super) const START: &str = "<|start|>";
const ENDS: [&str; 3] = ["<|call|>", "<|end|>", "<|return|>"];
/// What parts messages from each other.
const BOUNDARIES: &[&str] = &[ENDS[0], ENDS[1], ENDS[2], START];
const BODY_ENDS: &[&str] = &[
    ENDS[0], ENDS[1], ENDS[2], START, CHANNEL, MESSAGE, THINK, UNTHINK,
];

/// The header before `place`: where text ends and where the header begins, in a stretch that began at `from`.
fn header(text: &str, from: usize, place: usize) -> (usize, usize) {
    let stretch = &text[..place];
    let Some((tag, first)) = next_tag(stretch, from, BOUNDARIES) else {
        // Nothing parts text and header: without boundaries the stretch is all header.
        return (from, from);
    };
    let mut start = first + BOUNDARIES[tag].len();
    while let Some((tag, at)) = next_tag(stretch, start, BOUNDARIES) {
        start = at + BOUNDARIES[tag].len();
    }
    (first, start)
}

/// The tool that a header addresses.
fn recipient(header: &str) -> Option<&str> {
    let mut from = 0;
    let name = loop {
        let at = from + header[from..].find("to=")?;
        let before = header.as_bytes()[..at].last();
        if before.is_none_or(|b| matches!(b, b' ' | b'\t' | b'\n' | b'\r' | b'>')) {
            break &header[at + 3..];
        }
        from = at + 3;
    };
    let end = name
        .find([' ', '\t', '\n', '\r', '<'])
        .unwrap_or(name.len());
    let name = &name[..end];
    Some(name.strip_prefix("functions.").unwrap_or(name))
}

/// Whether the header at the end of `stretch` addresses a tool.
pub(super) fn addresses_tool(stretch: &str) -> bool {
    let (_, start) = header(stretch, 0, stretch.len());
    recipient(&stretch[start..]).is_some()
}

fn is_analysis(header: &str) -> bool {
    header.rfind(CHANNEL).is_some_and(|at| {
        header[at + CHANNEL.len()..]
            .trim_start()
            .starts_with("analysis")
    })
}

/// Reads the message whose `<|message|>` stands at `place`; the stretch before it began at `from`.
pub(super) fn read(reader: &mut Reader<'_>, from: usize, place: usize) -> Step {
    let text = reader.text;
    let (text_end, start) = header(text, from, place);
    let header = &text[start..place];
    let body = place + MESSAGE.len();
    let resume = match recipient(header) {
        Some(name) => call(reader, start, name, body),
        None if is_analysis(header) => {
            next_tag(text, body, BOUNDARIES).map_or(text.len(), |(_, at)| at)
        }
        None => body,
    };
    Step { text_end, resume }
}

fn call(reader: &mut Reader<'_>, start: usize, name: &str, body: usize) -> usize {
    let text = reader.text;
    let wire = Wire::Harmony;
    let first = skip_blanks(text, body);
    let ended = |at: usize| {
        ENDS.iter()
            .find(|tag| text[at..].starts_with(*tag))
            .map(|t| t.len())
    };
    let (arguments, mended, end) = if ended(first).is_some() {
        (None, Mended::default(), first)
    } else {
        let region = || next_tag(text, body, BODY_ENDS).map_or(text.len(), |(_, at)| at);
        match value_at(text, body, b"{\"", reader.options, region) {
            Ok(found) => (Some(found.value), found.mended, found.end),
            Err((fault, _)) => return refuse(reader, start, body, &fault),
        }
    };
    let after = skip_blanks(text, end);
    let end = if let Some(length) = ended(after) {
        after + length
    } else if let Some((0..=2, _)) = next_tag(text, after, BODY_ENDS) {
        let fault = Fault {
            at: after,
            what: "text after the JSON object",
            at_end: false,
        };
        return refuse(reader, start, after, &fault);
    } else {
        end
    };
    let name = name.to_string();
    let call = RawCall {
        id: String::new(),
        name,
        arguments,
        mended,
        wire,
    };
    reader.call((start, end), call);
    end
}

fn refuse(reader: &mut Reader<'_>, start: usize, body: usize, fault: &Fault) -> usize {
    let text = reader.text;
    let (end, closed) = match next_tag(text, body, BODY_ENDS) {
        Some((tag, at)) if tag < ENDS.len() => (at + ENDS[tag].len(), true),
        Some((_, at)) => (at, false),
        None => (text.len(), false),
    };
    reader.unreadable((start, end), Wire::Harmony, fault, closed);
    end
}

/// The end of the message, where a header may have been cut off before its `<|message|>`.
pub(super) fn tail(reader: &mut Reader<'_>, from: usize) {
    let text = reader.text;
    let (_, start) = header(text, from, text.len());
    let rest = &text[start..];
    let begun = start > from || rest.contains(CHANNEL);
    if begun && recipient(rest).is_some() {
        let what = "expected <|message|> and the arguments";
        let fault = Fault {
            at: text.len(),
            what,
            at_end: true,
        };
        reader.unreadable((start, text.len()), Wire::Harmony, &fault, false);
    }
}

/// Where text that began at `from` ends, at most at `to`.
pub(super) fn text_end(text: &str, from: usize, to: usize) -> usize {
    let tags = [ENDS[0], ENDS[1], ENDS[2], START, CHANNEL];
    next_tag(&text[..to], from, &tags).map_or(to, |(_, at)| at)
}
