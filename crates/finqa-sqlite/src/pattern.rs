//! LIKE and GLOB with SQLite's semantics and a bounded number of steps.
//!
//! Every element of a pattern except the star takes exactly one character, so going back to the last star only is
//! enough: at most `text * pattern` steps, where SQLite's own matcher recurses. Characters are read as SQLite reads
//! them, malformed UTF-8 included; both strings end at their first NUL.

use memchr::{memchr, memchr2};

/// What the characters of a pattern mean. A zero switches an element off; no text holds the character zero.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Syntax {
    /// Matches any run of characters.
    star: u32,
    /// Matches one character.
    one: u32,
    /// Starts a set such as `[a-z]` or `[^0-9]`.
    set: u32,
    /// Takes the next character literally.
    escape: u32,
    /// ASCII letters match in either case.
    fold_ascii: bool,
}

impl Syntax {
    /// `GLOB`.
    pub(crate) const GLOB: Self = Self {
        star: '*' as u32,
        one: '?' as u32,
        set: '[' as u32,
        escape: 0,
        fold_ascii: false,
    };

    /// `LIKE` without an escape character.
    pub(crate) const LIKE: Self = Self {
        star: '%' as u32,
        one: '_' as u32,
        set: 0,
        escape: 0,
        fold_ascii: true,
    };

    /// `LIKE … ESCAPE escape`; an escape character that is a wildcard is one no longer.
    pub(crate) fn like_with_escape(escape: u32) -> Self {
        let mut syntax = Self {
            escape,
            ..Self::LIKE
        };
        if escape == syntax.star {
            syntax.star = 0;
        }
        if escape == syntax.one {
            syntax.one = 0;
        }
        syntax
    }
}

/// Reads the character at `at`, which must be inside `bytes`: its value and the position after it.
pub(crate) fn read_char(bytes: &[u8], at: usize) -> (u32, usize) {
    let lead = bytes[at];
    let mut next = at + 1;
    if lead < 0xc0 {
        return (u32::from(lead), next);
    }
    let mut value = u32::from(match lead {
        0xc0..=0xdf => lead & 0x1f,
        0xe0..=0xef => lead & 0x0f,
        0xf0..=0xf7 => lead & 0x07,
        0xf8..=0xfb => lead & 0x03,
        0xfc..=0xfd => lead & 0x01,
        _ => 0,
    });
    while next < bytes.len() && bytes[next] & 0xc0 == 0x80 {
        value = (value << 6).wrapping_add(u32::from(bytes[next] & 0x3f));
        next += 1;
    }
    if value < 0x80 || value & 0xffff_f800 == 0xd800 {
        value = 0xfffd;
    }
    (value, next)
}

/// The part before the first NUL.
pub(crate) fn until_nul(bytes: &[u8]) -> &[u8] {
    memchr(0, bytes).map_or(bytes, |end| &bytes[..end])
}

fn same(syntax: Syntax, a: u32, b: u32) -> bool {
    a == b
        || (syntax.fold_ascii && a < 0x80 && b < 0x80 && (a as u8).eq_ignore_ascii_case(&(b as u8)))
}

/// Tests `wanted` against the set that starts after its `[`. Gives the position after the closing `]`, or `None` if
/// the character is not in the set or the set is not closed.
fn in_set(pattern: &[u8], start: usize, wanted: u32) -> Option<usize> {
    let mut at = start;
    let mut read = || {
        let (c, next) = if at < pattern.len() {
            read_char(pattern, at)
        } else {
            (0, at)
        };
        at = next;
        (c, pattern.get(next).copied())
    };
    let mut seen = false;
    let mut range_start = 0;
    let (mut c, mut following) = read();
    let inverted = c == u32::from(b'^');
    if inverted {
        (c, following) = read();
    }
    if c == u32::from(b']') {
        seen = wanted == u32::from(b']');
        (c, following) = read();
    }
    while c != 0 && c != u32::from(b']') {
        let is_range =
            c == u32::from(b'-') && range_start > 0 && following.is_some_and(|byte| byte != b']');
        if is_range {
            (c, _) = read();
            seen |= (range_start..=c).contains(&wanted);
            range_start = 0;
        } else {
            seen |= wanted == c;
            range_start = c;
        }
        (c, following) = read();
    }
    (c != 0 && seen != inverted).then_some(at)
}

/// What became of one element of the pattern.
enum Element {
    /// It took one character; the position after it in the pattern.
    Took(usize),
    /// It did not match this character.
    Missed,
}

fn element(syntax: Syntax, pattern: &[u8], p: usize, wanted: u32) -> Element {
    let (c, after) = read_char(pattern, p);
    let matched = if c == syntax.set {
        return in_set(pattern, after, wanted).map_or(Element::Missed, Element::Took);
    } else if c == syntax.escape {
        if after == pattern.len() {
            return Element::Missed;
        }
        let (literal, after) = read_char(pattern, after);
        return if same(syntax, literal, wanted) {
            Element::Took(after)
        } else {
            Element::Missed
        };
    } else {
        c == syntax.one || same(syntax, c, wanted)
    };
    if matched {
        Element::Took(after)
    } else {
        Element::Missed
    }
}

/// The next place at or after `from` where the pattern's element at `p` can match, if that is cheap to tell.
fn next_candidate(
    syntax: Syntax,
    pattern: &[u8],
    p: usize,
    text: &[u8],
    from: usize,
) -> Option<usize> {
    let (c, _) = read_char(pattern, p);
    let is_plain = c < 0x80 && ![syntax.one, syntax.set, syntax.escape, syntax.star].contains(&c);
    if !is_plain {
        return Some(from);
    }
    let byte = c as u8;
    let rest = &text[from..];
    let found = if syntax.fold_ascii {
        memchr2(byte.to_ascii_lowercase(), byte.to_ascii_uppercase(), rest)
    } else {
        memchr(byte, rest)
    };
    found.map(|offset| from + offset)
}

/// Whether `text` matches `pattern`.
pub(crate) fn matches(syntax: Syntax, pattern: &[u8], text: &[u8]) -> bool {
    let pattern = until_nul(pattern);
    let text = until_nul(text);
    let (mut p, mut t) = (0, 0);
    // After the last star: where the pattern goes on, and where in the text the current try started.
    let mut star: Option<(usize, usize)> = None;
    loop {
        if p == pattern.len() {
            if t == text.len() {
                return true;
            }
        } else {
            let (c, after) = read_char(pattern, p);
            if c == syntax.star {
                if after == pattern.len() {
                    return true;
                }
                star = Some((after, t));
                p = after;
                continue;
            }
            if t == text.len() {
                // Each element that is left needs a character: a later try would run out sooner.
                return false;
            }
            let (wanted, t_after) = read_char(text, t);
            if let Element::Took(p_after) = element(syntax, pattern, p, wanted) {
                (p, t) = (p_after, t_after);
                continue;
            }
        }
        let Some((resume, tried)) = star else {
            return false;
        };
        if tried >= text.len() {
            return false;
        }
        let (_, next) = read_char(text, tried);
        let Some(next) = next_candidate(syntax, pattern, resume, text, next) else {
            return false;
        };
        star = Some((resume, next));
        (p, t) = (resume, next);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn like(pattern: &str, text: &str) -> bool {
        matches(Syntax::LIKE, pattern.as_bytes(), text.as_bytes())
    }

    #[test]
    fn like_folds_ascii_only() {
        assert!(like("%REVENUE%", "Total revenue, net"));
        assert!(!like("É%", "été"));
        assert!(like("_t_", "été"));
        assert!(like("%a_c%", "xxabcxx"));
        assert!(!like("%a_c", "xxabcxx"));
    }

    #[test]
    fn escape_may_be_a_wildcard() {
        let syntax = Syntax::like_with_escape(u32::from(b'%'));
        assert!(matches(syntax, b"3%%", b"3%"));
        assert!(!matches(syntax, b"3%%", b"3x"));
        assert!(!matches(syntax, b"3%", b"3"));
    }

    #[test]
    fn glob_sets() {
        let glob = |p: &str, t: &str| matches(Syntax::GLOB, p.as_bytes(), t.as_bytes());
        assert!(glob("20[0-9][0-9]", "2024"));
        assert!(glob("[^a-c]x", "dx"));
        assert!(glob("[]]", "]"));
        assert!(glob("*[0-9]%", "rate 3.25%"));
        assert!(!glob("[abc", "a"));
        assert!(glob("[a-]", "-"));
    }

    #[test]
    fn many_stars_end_soon() {
        let text = "a".repeat(16_000);
        assert!(!like(&"%a".repeat(40).replace("%a", "%a_"), &text[..20]));
        assert!(!like(&format!("{}b", "%a".repeat(40)), &text));
    }
}
