//! instr, replace and the trim family: SQLite's results in linear time.
//!
//! SQLite's own versions compare byte by byte, so that one call costs `n * m` inside one VM operation, where no
//! operation budget can stop it. The linear ways need well-formed input; malformed input (a blob cast to text) goes
//! the slow way, for which the caller charges the full price.

use memchr::memmem;

use crate::pattern::until_nul;

fn is_continuation(byte: u8) -> bool {
    byte & 0xc0 == 0x80
}

/// Whether [`instr`] on texts is linear for this needle.
pub(crate) fn instr_is_linear(needle: &[u8]) -> bool {
    needle.first().is_none_or(|&first| !is_continuation(first))
}

/// Position of `needle`, counted from 1; 0 if it does not occur. Texts count characters, blobs bytes.
pub(crate) fn instr(haystack: &[u8], needle: &[u8], is_text: bool) -> usize {
    if needle.is_empty() {
        return 1;
    }
    if !is_text {
        return memmem::find(haystack, needle).map_or(0, |at| at + 1);
    }
    if instr_is_linear(needle) {
        // The needle starts with a character's first byte, so that it can only be found at one.
        return memmem::find(haystack, needle).map_or(0, |at| characters_before(haystack, at) + 1);
    }
    let mut position = 1;
    let mut rest = haystack;
    while rest.len() >= needle.len() {
        if rest.starts_with(needle) {
            return position;
        }
        position += 1;
        let skip = 1 + rest[1..]
            .iter()
            .take_while(|&&byte| is_continuation(byte))
            .count();
        rest = &rest[skip..];
    }
    0
}

/// Characters that start in `0..at`, as SQLite steps through them: the first byte always starts one.
fn characters_before(haystack: &[u8], at: usize) -> usize {
    if at == 0 {
        return 0;
    }
    1 + haystack[1..at]
        .iter()
        .filter(|&&byte| !is_continuation(byte))
        .count()
}

/// Bytes of [`replace`]'s result.
pub(crate) fn replaced_len(text: &[u8], pattern: &[u8], replacement: &[u8]) -> usize {
    let hits = memmem::find_iter(text, pattern).count();
    // Matches do not overlap, so `hits * pattern.len() <= text.len()`.
    text.len() - hits * pattern.len() + hits.saturating_mul(replacement.len())
}

/// Writes `text` with each `pattern` replaced to `out`, which must have [`replaced_len`] bytes.
pub(crate) fn replace_into(text: &[u8], pattern: &[u8], replacement: &[u8], out: &mut [u8]) {
    let mut written = 0;
    let mut put = |bytes: &[u8]| {
        out[written..written + bytes.len()].copy_from_slice(bytes);
        written += bytes.len();
    };
    let mut from = 0;
    for at in memmem::find_iter(text, pattern) {
        put(&text[from..at]);
        put(replacement);
        from = at + pattern.len();
    }
    put(&text[from..]);
}

/// Which ends a trim function works on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ends {
    /// `ltrim`
    Left,
    /// `rtrim`
    Right,
    /// `trim`
    Both,
}

/// A set of characters to trim.
pub(crate) enum TrimSet<'a> {
    /// Well-formed: one look-up a character.
    Characters { ascii: u128, others: Vec<char> },
    /// Malformed: members are compared one after another, as SQLite does.
    Pieces(Vec<&'a [u8]>),
}

impl<'a> TrimSet<'a> {
    /// Reads the members of `set`; it ends at its first NUL.
    pub(crate) fn new(set: &'a [u8], text: &[u8]) -> Self {
        let set = until_nul(set);
        match (std::str::from_utf8(set), std::str::from_utf8(text)) {
            (Ok(set), Ok(_)) => {
                let mut ascii = 0;
                let mut others: Vec<char> = Vec::new();
                for c in set.chars() {
                    if c.is_ascii() {
                        ascii |= 1_u128 << (c as u32);
                    } else {
                        others.push(c);
                    }
                }
                others.sort_unstable();
                others.dedup();
                Self::Characters { ascii, others }
            }
            _ => Self::Pieces(pieces(set)),
        }
    }

    /// Whether trimming is linear.
    pub(crate) fn is_linear(&self) -> bool {
        matches!(self, Self::Characters { .. })
    }

    /// `text` without the members at its `ends`.
    pub(crate) fn trim<'t>(&self, text: &'t [u8], ends: Ends) -> &'t [u8] {
        match self {
            Self::Characters { ascii, others } => {
                // Checked when the set was made; if it is not text after all, nothing is trimmed.
                let Ok(text) = std::str::from_utf8(text) else {
                    return text;
                };
                let is_member = |c: char| {
                    if c.is_ascii() {
                        ascii >> (c as u32) & 1 == 1
                    } else {
                        others.binary_search(&c).is_ok()
                    }
                };
                match ends {
                    Ends::Left => text.trim_start_matches(is_member),
                    Ends::Right => text.trim_end_matches(is_member),
                    Ends::Both => text.trim_matches(is_member),
                }
                .as_bytes()
            }
            Self::Pieces(pieces) => {
                let mut text = text;
                if ends != Ends::Right {
                    while let Some(piece) = pieces
                        .iter()
                        .find(|piece| !text.is_empty() && text.starts_with(piece))
                    {
                        text = &text[piece.len()..];
                    }
                }
                if ends != Ends::Left {
                    while let Some(piece) = pieces
                        .iter()
                        .find(|piece| !text.is_empty() && text.ends_with(piece))
                    {
                        text = &text[..text.len() - piece.len()];
                    }
                }
                text
            }
        }
    }
}

/// Splits as SQLite does: a byte from 0xc0 on takes the continuation bytes after it, any other byte stands alone.
fn pieces(set: &[u8]) -> Vec<&[u8]> {
    let mut rest = set;
    let mut pieces = Vec::new();
    while let Some((&first, tail)) = rest.split_first() {
        let more = if first >= 0xc0 {
            tail.iter()
                .take_while(|&&byte| is_continuation(byte))
                .count()
        } else {
            0
        };
        let (piece, after) = rest.split_at(1 + more);
        pieces.push(piece);
        rest = after;
    }
    pieces
}

/// Characters of a text before its first NUL, as SQLite's `length` counts them.
pub(crate) fn length(text: &[u8]) -> usize {
    let text = until_nul(text);
    let Some((&first, rest)) = text.split_first() else {
        return 0;
    };
    // A continuation byte belongs to any non-ASCII byte before it; after an ASCII byte it stands alone.
    let mut previous = first;
    let mut count = 1;
    for &byte in rest {
        if !is_continuation(byte) || previous < 0x80 {
            count += 1;
        }
        previous = byte;
    }
    count
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instr_counts_characters() {
        assert_eq!(instr("a—b".as_bytes(), b"b", true), 3);
        assert_eq!(instr("a—b".as_bytes(), b"b", false), 5);
        assert_eq!(instr(b"abc", b"", true), 1);
        assert_eq!(instr(b"abc", b"d", true), 0);
    }

    #[test]
    fn replace_has_the_length_it_says() {
        let (text, pattern, by) = (&b"$1,212,000"[..], &b","[..], &b"--"[..]);
        let mut out = vec![0; replaced_len(text, pattern, by)];
        replace_into(text, pattern, by, &mut out);
        assert_eq!(out, b"$1--212--000");
    }

    #[test]
    fn trim_knows_characters_not_bytes() {
        let text = "—–12—".as_bytes();
        let set = TrimSet::new("—".as_bytes(), text);
        assert!(set.is_linear());
        assert_eq!(set.trim(text, Ends::Both), "–12".as_bytes());
        assert_eq!(set.trim(text, Ends::Right), "—–12".as_bytes());
    }

    #[test]
    fn malformed_sets_are_trimmed_byte_by_byte() {
        let set = TrimSet::new(b"\xc3", b"\xc3ab\xc3");
        assert!(!set.is_linear());
        assert_eq!(set.trim(b"\xc3ab\xc3", Ends::Both), b"ab");
    }
}
