//! `<tool_call>` blocks: JSON (Hermes) or XML (Qwen-coder).

use super::feedback::Wire;
use super::reader::{Dialect, Reader};
use super::repair::Fault;
use super::scan::{THINK, UNTHINK, next_tag, skip_blanks};
use super::{hermes, xml};

pub(super) const OPEN: &str = "<tool_call>";
pub(super) const CLOSE: &str = "</tool_call>";
pub(super) const FUNCTION: &str = "<function=";

/// Reads the block at `place`; the walk goes on at what is returned.
pub(super) fn read(reader: &mut Reader<'_>, dialect: Dialect, place: usize) -> usize {
    let text = reader.text;
    if text[place..].starts_with(FUNCTION) {
        return xml::read(reader, place, place);
    }
    let body = skip_blanks(text, place + OPEN.len());
    let rest = &text[body..];
    let begun = FUNCTION.starts_with(rest);
    match dialect {
        Dialect::Xml | Dialect::Tagged if rest.starts_with(FUNCTION) => {
            xml::read(reader, place, body)
        }
        Dialect::Tagged if begun && !rest.is_empty() => {
            let fault = Fault {
                at: text.len(),
                what: "expected <function=NAME>",
                at_end: true,
            };
            refuse(reader, place, text.len(), Wire::Xml, &fault)
        }
        Dialect::Xml => {
            let fault = Fault {
                at: body,
                what: "expected <function=NAME>",
                at_end: begun,
            };
            refuse(reader, place, body, Wire::Xml, &fault)
        }
        _ => hermes::read(reader, place),
    }
}

/// Notes that the block at `place` cannot be read and steps over it: to its closing tag, or to where something else
/// begins.
pub(super) fn refuse(
    reader: &mut Reader<'_>,
    place: usize,
    body: usize,
    wire: Wire,
    fault: &Fault,
) -> usize {
    let text = reader.text;
    let tags: &[&str] = match wire {
        Wire::Xml => &[CLOSE, OPEN, THINK, UNTHINK, FUNCTION],
        _ => &[CLOSE, OPEN, THINK, UNTHINK],
    };
    let (end, closed) = match next_tag(text, body, tags) {
        Some((0, at)) => (at + CLOSE.len(), true),
        Some((_, at)) => (at, false),
        None => (text.len(), false),
    };
    reader.unreadable((place, end), wire, fault, closed);
    end
}
