//! One JSON value at a place in the message.

use serde_json::Value;

use super::repair::{Fault, Mended, Reader};
use super::scan::{skip_blanks, trim};
use super::types::{ParseLevel, ParseOptions};

/// A value, where it ends and what was mended.
pub(super) struct Found {
    pub(super) value: Value,
    pub(super) end: usize,
    pub(super) mended: Mended,
}

/// Whole JSON at `at`.
pub(super) fn strict(text: &str, at: usize) -> Option<(Value, usize)> {
    let mut stream = serde_json::Deserializer::from_str(&text[at..]).into_iter::<Value>();
    let value = stream.next()?.ok()?;
    Some((value, at + stream.byte_offset()))
}

/// Reads the value that begins at `at` (after blanks) with one of the bytes `opens`.
///
/// The value may run past `region()`, the next tag: a tag inside a string ends nothing. Only when no whole value is
/// there does the region count, as what the call was meant to be.
///
/// # Errors
/// The fault and the end of the region.
pub(super) fn value_at(
    text: &str,
    at: usize,
    opens: &[u8],
    options: ParseOptions,
    region: impl FnOnce() -> usize,
) -> Result<Found, (Fault, usize)> {
    let at = skip_blanks(text, at);
    let opened = |at: usize| text.as_bytes().get(at).is_some_and(|b| opens.contains(b));
    if opened(at)
        && let Some((value, end)) = strict(text, at)
    {
        return Ok(Found {
            value,
            end,
            mended: Mended::default(),
        });
    }
    let region = region().max(at);
    let mend = options.level == ParseLevel::Repair;
    if mend && let Some(found) = mended(text, at, region, opens, options) {
        return Ok(found);
    }
    let inside = &text[..region];
    if !opened(at) || at >= region {
        let what = if opens.contains(&b'"') {
            "expected the arguments, a JSON object { … }"
        } else {
            "expected a JSON object { … }"
        };
        return Err((
            Fault {
                at,
                what,
                at_end: at >= region,
            },
            region,
        ));
    }
    let fault = Reader::new(inside, at, mend).value().err();
    Err((
        fault.unwrap_or(Fault {
            at,
            what: "not valid JSON",
            at_end: false,
        }),
        region,
    ))
}

/// The value after mending: first within the region, where one brace may be missing, then past it.
fn mended(
    text: &str,
    at: usize,
    region: usize,
    opens: &[u8],
    options: ParseOptions,
) -> Option<Found> {
    let (at, fenced) = match fence_open(text, at) {
        Some(inside) => (inside, true),
        None => (at, false),
    };
    if at > region || !opens.contains(text.as_bytes().get(at)?) {
        return None;
    }
    // The brace is supplied only where the call is known to end, or where nothing can have been left out between
    // the last value and the end of the message.
    let inside = &text[..region];
    let inside = if fenced {
        let body = trim(inside);
        body.strip_suffix("```").unwrap_or(body)
    } else {
        inside
    };
    let brace = region < text.len()
        || !options.length_limited && trim(inside).ends_with(['}', ']', '"', '\'']);
    let mut reader = Reader::new(inside, at, true).closing_last_brace(brace && at < inside.len());
    let value = reader.value();
    let mut found = if let Ok(value) = value {
        Found {
            value,
            end: reader.pos,
            mended: reader.mended,
        }
    } else {
        let mut reader = Reader::new(text, at, true);
        let value = reader.value().ok()?;
        Found {
            value,
            end: reader.pos,
            mended: reader.mended,
        }
    };
    if fenced {
        found.mended.add(Mended::CODE_FENCE);
        let after = skip_blanks(text, found.end);
        if text[after..].starts_with("```") {
            found.end = after + 3;
        }
    }
    Some(found)
}

/// If a code fence opens at `at` (three backticks, an optional word), the position of what it holds.
pub(super) fn fence_open(text: &str, at: usize) -> Option<usize> {
    let info = text.get(at..)?.strip_prefix("```")?;
    let word = info
        .bytes()
        .take_while(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'+'))
        .count();
    Some(skip_blanks(text, at + 3 + word))
}
