//! Differences in writing that mean nothing.

use std::borrow::Cow;

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::decompose_compatible;

/// Compatibility forms, dashes, invisible characters, LaTeX and markdown wrappers and one trailing full stop removed.
pub(crate) fn normalize(text: &str) -> Cow<'_, str> {
    let text = if text.is_ascii() {
        Cow::Borrowed(text)
    } else {
        Cow::Owned(fold_unicode(text))
    };
    let text = if text
        .bytes()
        .any(|b| matches!(b, b'\\' | b'{' | b'}' | b'$' | b'*' | b'~'))
    {
        Cow::Owned(Latex::new(&text).run())
    } else {
        text
    };
    let start = text.len() - without_leading(&text).len();
    let end = text.trim_end().len();
    let end = if text[..end].ends_with('.') {
        end - 1
    } else {
        end
    };
    let range = start.min(end)..end;
    match text {
        Cow::Borrowed(text) => Cow::Borrowed(&text[range]),
        Cow::Owned(mut text) => {
            text.truncate(range.end);
            text.drain(..range.start);
            Cow::Owned(text)
        }
    }
}

/// Without white space, "about", "approximately" and a sign of approximation in front.
fn without_leading(text: &str) -> &str {
    let text = text.trim_start();
    for word in ["about ", "approximately "] {
        if text
            .get(..word.len())
            .is_some_and(|head| head.eq_ignore_ascii_case(word))
        {
            return text[word.len()..].trim_start();
        }
    }
    text.strip_prefix(['≈', '∼']).map_or(text, str::trim_start)
}

/// NFKC, ASCII dashes, no zero-width characters.
///
/// A character that NFKC turns into digits without being a plain digit (½, ², ①) gets spaces around it: "1½" would
/// else read as 11/2 and "37²" as 372.
fn fold_unicode(text: &str) -> String {
    let mut spaced = String::with_capacity(text.len());
    for c in text.chars() {
        let is_plain_digit = matches!(c, '０'..='９' | '\u{1d7ce}'..='\u{1d7ff}');
        let mut has_digit = false;
        if !c.is_ascii() && !is_plain_digit {
            decompose_compatible(c, |part| has_digit |= part.is_ascii_digit());
        }
        if has_digit {
            spaced.extend([' ', c, ' ']);
        } else {
            spaced.push(c);
        }
    }
    spaced
        .nfkc()
        .filter(|&c| !is_invisible(c))
        .map(|c| match c {
            '\u{2044}' | '\u{2215}' => '/',
            '\u{2217}' => '*',
            c if is_dash(c) => '-',
            c => c,
        })
        .collect()
}

/// The dashes of Unicode (category Pd) and the minus signs.
pub(super) const fn is_dash(c: char) -> bool {
    matches!(
        c,
        '-' | '\u{58a}' | '\u{5be}' | '\u{2010}'
            ..='\u{2015}'
                | '\u{2043}'
                | '\u{2212}'
                | '\u{2796}'
                | '\u{2e17}'
                | '\u{2e1a}'
                | '\u{2e3a}'
                | '\u{2e3b}'
                | '\u{301c}'
                | '\u{3030}'
                | '\u{fe31}'
                | '\u{fe32}'
                | '\u{fe58}'
                | '\u{fe63}'
                | '\u{ff0d}'
    )
}

const fn is_invisible(c: char) -> bool {
    matches!(
        c,
        '\u{ad}'
            | '\u{180e}'
            | '\u{200b}'..='\u{200f}'
            | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{2064}'
            | '\u{2066}'..='\u{2069}'
            | '\u{feff}'
    )
}

/// What closing a brace ends.
#[derive(Clone, Copy, PartialEq)]
enum Group {
    Plain,
    Numerator,
    Denominator,
}

/// Rewrites LaTeX and markdown to plain text in one pass.
///
/// What it does not know (`\sqrt`) and braces without a partner stay in the text as `\` and `{`: the reader of numbers
/// takes neither, so that nothing is read as a value that is none.
struct Latex<'a> {
    text: &'a str,
    at: usize,
    out: String,
    groups: Vec<Group>,
    unbalanced: bool,
    /// Byte offsets of dollar signs that delimit math, descending.
    math: Vec<usize>,
}

impl<'a> Latex<'a> {
    fn new(text: &'a str) -> Self {
        let mut math = math_delimiters(text);
        math.reverse();
        Self {
            text,
            at: 0,
            out: String::with_capacity(text.len()),
            groups: Vec::new(),
            unbalanced: false,
            math,
        }
    }

    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn run(mut self) -> String {
        while let Some(c) = self.rest().chars().next() {
            let here = self.at;
            self.at += c.len_utf8();
            match c {
                '\\' => self.command(),
                '{' => self.groups.push(Group::Plain),
                '}' => self.close(),
                '~' => self.out.push(' '),
                '*' if self.rest().starts_with('*') => self.at += 1,
                '$' if self.math.last() == Some(&here) => {
                    self.math.pop();
                }
                c => self.out.push(c),
            }
        }
        if self.unbalanced || !self.groups.is_empty() {
            self.out.push('{');
        }
        self.out
    }

    /// What follows a backslash.
    fn command(&mut self) {
        let rest = self.rest();
        let length = rest.bytes().take_while(u8::is_ascii_alphabetic).count();
        if length > 0 {
            self.at += length;
            return self.named(&rest[..length]);
        }
        let Some(c) = rest.chars().next() else {
            return self.out.push('\\');
        };
        let plain = match c {
            '%' | '$' | '&' | '#' | '_' => Some(c),
            ',' | ';' | ':' | '>' | ' ' | '(' | ')' | '[' | ']' | '{' | '}' => Some(' '),
            '\\' | '\n' => Some('\n'),
            '!' => None,
            _ => return self.out.push('\\'),
        };
        self.at += c.len_utf8();
        self.out.extend(plain);
    }

    fn named(&mut self, name: &str) {
        match name {
            "frac" | "dfrac" | "tfrac" | "cfrac" => self.fraction(),
            "text" | "textbf" | "textit" | "textrm" | "textsf" | "texttt" | "textnormal"
            | "mathrm" | "mathbf" | "mathit" | "mathsf" | "mathtt" | "mathnormal" | "mbox"
            | "hbox" | "boxed" | "fbox" | "emph" | "underline" | "operatorname" | "bm"
            | "boldsymbol" | "left" | "right" | "big" | "Big" | "bigl" | "bigr" | "Bigl"
            | "Bigr" | "displaystyle" | "textstyle" | "bf" | "rm" => {}
            "quad" | "qquad" | "thinspace" | "enspace" | "space" | "approx" | "sim" | "simeq" => {
                self.out.push(' ');
            }
            "newline" => self.out.push('\n'),
            "times" => self.out.push('×'),
            "to" | "rightarrow" | "Rightarrow" | "longrightarrow" => self.out.push('→'),
            "euro" => self.out.push('€'),
            "pounds" | "textsterling" => self.out.push('£'),
            "yen" => self.out.push('¥'),
            "textdollar" => self.out.push('$'),
            "textminus" => self.out.push('-'),
            "pm" => self.out.push('±'),
            _ => {
                self.out.push('\\');
                self.out.push_str(name);
            }
        }
    }

    /// `\frac`, already read: `a/b`, kept apart from a number before or behind it.
    fn fraction(&mut self) {
        if self.out.ends_with(|c: char| c.is_alphanumeric()) {
            self.out.push(' ');
        }
        if !self.argument(Group::Numerator) {
            self.out.push('\\');
        }
    }

    /// Starts a group, or takes one digit as a whole argument.
    fn argument(&mut self, group: Group) -> bool {
        self.at = self.text.len() - self.rest().trim_start().len();
        match self.rest().bytes().next() {
            Some(b'{') => {
                self.at += 1;
                self.groups.push(group);
            }
            Some(digit @ b'0'..=b'9') => {
                self.at += 1;
                self.out.push(char::from(digit));
                return self.end_argument(group);
            }
            _ => return false,
        }
        true
    }

    fn end_argument(&mut self, group: Group) -> bool {
        match group {
            Group::Plain => true,
            Group::Numerator => {
                self.out.push('/');
                self.argument(Group::Denominator)
            }
            Group::Denominator => {
                if self
                    .rest()
                    .starts_with(|c: char| c.is_alphanumeric() || c == '\\')
                {
                    self.out.push(' ');
                }
                true
            }
        }
    }

    fn close(&mut self) {
        match self.groups.pop() {
            Some(group) => self.unbalanced |= !self.end_argument(group),
            None => self.unbalanced = true,
        }
    }
}

/// Dollar signs that delimit math: a pair around the whole text, `$$`, or a pair that hugs its content, whose second
/// one no digit follows (so that "$5 to $6" keeps its currency signs).
fn math_delimiters(text: &str) -> Vec<usize> {
    let bytes = text.as_bytes();
    let signs: Vec<usize> = memchr::memchr_iter(b'$', bytes)
        .filter(|&i| i == 0 || bytes[i - 1] != b'\\')
        .collect();
    let first = text.len() - text.trim_start().len();
    let last = text.trim_end().trim_end_matches('.').len();
    let mut found = Vec::new();
    let mut k = 0;
    while let Some(&[open, close]) = signs.get(k..k + 2) {
        let hugs = !bytes[open + 1].is_ascii_whitespace()
            && !bytes[close - 1].is_ascii_whitespace()
            && !bytes.get(close + 1).is_some_and(u8::is_ascii_digit);
        let is_whole = open == first && close + 1 == last;
        if close == open + 1 || hugs || is_whole {
            found.extend([open, close]);
            k += 2;
        } else {
            k += 1;
        }
    }
    found
}

/// A label for comparison: casefolded, without articles, punctuation, underscores and spaces.
///
/// A point between digits stays, and so does a space between them: "1.5" is not "15" and "1 2" is not "12".
pub(super) fn fold_label(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for word in text.split(|c: char| c.is_whitespace() || c == '_') {
        let start = out.len();
        let ends_in_digit = out.ends_with(|c: char| c.is_ascii_digit());
        let mut chars = word.chars().peekable();
        let mut last = ' ';
        while let Some(c) = chars.next() {
            let is_point =
                c == '.' && last.is_ascii_digit() && chars.peek().is_some_and(char::is_ascii_digit);
            if is_point || c.is_alphanumeric() {
                if out.len() == start && ends_in_digit && c.is_ascii_digit() {
                    out.push(' ');
                }
                // Upper case first: "ß" and "SS" fold alike, and so do the two small sigmas.
                out.extend(c.to_uppercase().flat_map(char::to_lowercase));
            }
            last = c;
        }
        if matches!(&out[start..], "a" | "an" | "the") {
            out.truncate(start);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wrappers_and_compatibility_forms_are_removed() {
        for (text, want) in [
            (" 37. ", "37"),
            ("about 37", "37"),
            ("Approximately **37**", "37"),
            ("~6.28\\%", "6.28%"),
            ("≈ 5", "5"),
            (r"\frac{1}{2}", "1/2"),
            (r"-\frac12", "-1/2"),
            (r"2\frac{1}{2}", "2 1/2"),
            (r"\frac{1}{2}3", "1/2 3"),
            (r"\$77 \text{ million}", "$77  million"),
            (r"1{,}234", "1,234"),
            ("$0.232$", "0.232"),
            ("$$0.232$$.", "0.232"),
            ("it is $0.232$ now", "it is 0.232 now"),
            ("$5 to $6", "$5 to $6"),
            (r"\( 4.2\times \)", "4.2× "),
            ("\u{2212}３７\u{200b}％", "-37%"),
            ("1½", "1 1/2"),
            ("37²", "37 2"),
            (r"\left(5\right)", "(5)"),
            (r"\boxed{5", "5{"),
            (r"\sqrt{4}", r"\sqrt4"),
            (r"\frac", r"\"),
            ("", ""),
            (".", ""),
        ] {
            assert_eq!(normalize(text).trim_end(), want.trim_end(), "{text:?}");
        }
    }

    #[test]
    fn labels_fold() {
        assert_eq!(fold_label("The  U.S. long-term_debt"), "uslongtermdebt");
        assert_eq!(fold_label("STRASSE"), fold_label("Straße"));
        assert_ne!(fold_label("Level 1.5"), fold_label("Level 15"));
        assert_ne!(fold_label("note 1 2"), fold_label("note 12"));
        assert_eq!(fold_label("—"), "");
    }
}
