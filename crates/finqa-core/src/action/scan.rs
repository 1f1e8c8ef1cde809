//! Finding tags and skipping blanks.

use memchr::{memchr, memchr2, memmem};

/// Opens reasoning.
pub(super) const THINK: &str = "<think>";
/// Closes reasoning.
pub(super) const UNTHINK: &str = "</think>";

/// What counts as blank everywhere in this module: JSON's four, so that every language trims alike.
const BLANKS: [char; 4] = [' ', '\t', '\n', '\r'];

/// End-of-turn tokens that some servers leave at the end of a message.
const END_TOKENS: [&str; 6] = [
    "<|im_end|>",
    "<|eot_id|>",
    "<|eom_id|>",
    "<|endoftext|>",
    "<|end_of_text|>",
    "</s>",
];

/// `text` without blanks at both ends.
pub(super) fn trim(text: &str) -> &str {
    text.trim_matches(BLANKS)
}

/// The first position from `at` on that is not blank.
pub(super) fn skip_blanks(text: &str, at: usize) -> usize {
    let bytes = text.as_bytes();
    let mut at = at;
    while bytes
        .get(at)
        .is_some_and(|b| matches!(b, b' ' | b'\t' | b'\n' | b'\r'))
    {
        at += 1;
    }
    at
}

/// The first of `tags` from `from` on, as (index of the tag, position). Tags begin with `<` or `[`; where two
/// fit at one place the earlier in the list wins.
pub(super) fn next_tag(text: &str, from: usize, tags: &[&str]) -> Option<(usize, usize)> {
    let bytes = text.as_bytes();
    let brackets = tags.iter().any(|tag| tag.starts_with('['));
    let mut at = from;
    loop {
        let rest = bytes.get(at..)?;
        let step = if brackets {
            memchr2(b'<', b'[', rest)
        } else {
            memchr(b'<', rest)
        }?;
        at += step;
        if let Some(tag) = tags
            .iter()
            .position(|tag| bytes[at..].starts_with(tag.as_bytes()))
        {
            return Some((tag, at));
        }
        at += 1;
    }
}

/// Position of `tag` from `from` on.
pub(super) fn find(text: &str, from: usize, tag: &str) -> Option<usize> {
    memmem::find(&text.as_bytes()[from..], tag.as_bytes()).map(|at| from + at)
}

/// `text` without blanks and end-of-turn tokens at its end.
pub(super) fn without_end_tokens(text: &str) -> &str {
    let mut rest = text.trim_end_matches(BLANKS);
    if !rest.ends_with('>') {
        return text;
    }
    while let Some(shorter) = END_TOKENS.iter().find_map(|token| rest.strip_suffix(token)) {
        rest = shorter.trim_end_matches(BLANKS);
    }
    rest
}

/// Whether `byte` may stand in a tool name.
pub(super) fn is_name_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.')
}

/// End of the run of name characters that begins at `at`.
pub(super) fn name_end(text: &str, at: usize) -> usize {
    at + text.as_bytes()[at..]
        .iter()
        .take_while(|b| is_name_byte(**b))
        .count()
}
