//! Cutting observations to a size.

use std::borrow::Cow;

/// Cuts `text` to at most `max_chars` characters, middle-out: the first and the last part stay, and a line between
/// them says how many characters of how many were cut.
///
/// The line counts towards `max_chars`; if it does not fit, only the head is kept. Text that fits is borrowed.
///
/// # Examples
/// ```
/// use finqa_core::observation::cut_middle;
///
/// assert_eq!(cut_middle("short", 8_000), "short");
/// let cut = cut_middle(&"x".repeat(100), 60).into_owned();
/// assert_eq!(cut.chars().count(), 60);
/// assert!(cut.contains("\n… 70 of 100 characters cut …\n"));
/// ```
pub fn cut_middle(text: &str, max_chars: usize) -> Cow<'_, str> {
    // A character takes at least one byte.
    if text.len() <= max_chars {
        return text.into();
    }
    let total = text.chars().count();
    if total <= max_chars {
        return text.into();
    }
    let notice = |cut: usize| format!("\n… {cut} of {total} characters cut …\n");
    let mut kept = max_chars;
    // The notice holds the number of characters that it displaces: shorter text left over, longer notice.
    loop {
        let length = notice(total - kept).chars().count();
        if length > max_chars {
            return text[..byte_of(text, max_chars)].into();
        }
        if kept + length <= max_chars {
            break;
        }
        kept = max_chars - length;
    }
    let head = byte_of(text, kept.div_ceil(2));
    let tail = text
        .char_indices()
        .rev()
        .take(kept / 2)
        .last()
        .map_or(text.len(), |(i, _)| i);
    let notice = notice(total - kept);
    let mut out = String::with_capacity(head + notice.len() + text.len() - tail);
    out.push_str(&text[..head]);
    out.push_str(&notice);
    out.push_str(&text[tail..]);
    out.into()
}

/// Byte offset of character `index`.
fn byte_of(text: &str, index: usize) -> usize {
    text.char_indices()
        .nth(index)
        .map_or(text.len(), |(i, _)| i)
}
