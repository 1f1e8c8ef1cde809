//! Several values in one submission.

use std::borrow::Cow;

use rustc_hash::FxHashMap;

use super::extract::{Extracted, extract};
use super::normalize::{fold_label, normalize};
use super::strict::compare_values;
use super::{AnswerSpec, Multi, Reason, Unit};

/// Compares a list or keyed values.
pub(super) fn score(predicted: &str, truth: &str, spec: &AnswerSpec) -> Reason {
    let has_keys = spec.unit != Unit::Text || spec.multi == Multi::Keyed;
    let truth_text = Values::new(truth);
    let Some(truth_parts) = truth_text.parts(has_keys, spec.unit, None) else {
        return Reason::UnreadableTruth;
    };
    let predicted_text = Values::new(predicted);
    let Some(parts) = predicted_text.parts(has_keys, spec.unit, Some(truth_parts.len())) else {
        return if spec.unit == Unit::Text {
            Reason::OffText
        } else {
            Reason::NoNumber
        };
    };
    if parts.len() != truth_parts.len() {
        return if parts.is_empty() {
            Reason::NoNumber
        } else {
            Reason::WrongCount
        };
    }
    let pairs = match pair_up(&parts, &truth_parts) {
        Ok(pairs) => pairs,
        Err(reason) => return reason,
    };
    let mut worst = Reason::Equal;
    for (part, truth) in pairs {
        let reason = compare_values(part, truth, spec);
        if !reason.is_right() {
            return reason;
        }
        if reason == Reason::Rounded {
            worst = reason;
        }
    }
    worst
}

/// Puts every value beside its truth: by key if any value has one, else by position.
fn pair_up<'a>(
    parts: &'a [Part<'_>],
    truth: &'a [Part<'_>],
) -> Result<Vec<(&'a str, &'a str)>, Reason> {
    if parts.iter().all(|part| part.key.is_none()) {
        return Ok(parts
            .iter()
            .zip(truth)
            .map(|(p, t)| (p.value, t.value))
            .collect());
    }
    let mut by_key = FxHashMap::default();
    for part in parts {
        let key = part.key.as_deref().ok_or(Reason::WrongKeys)?;
        if by_key.insert(key, part.value).is_some() {
            return Err(Reason::WrongKeys);
        }
    }
    // As many values as keys, all distinct: finding every truth's key makes the sets equal.
    truth
        .iter()
        .map(|t| {
            let key = t.key.as_deref().ok_or(Reason::WrongKeys)?;
            // A truth that repeats a key would find one value twice.
            let value = by_key.remove(key).ok_or(Reason::WrongKeys)?;
            Ok((value, t.value))
        })
        .collect()
}

/// One value with its folded key.
struct Part<'a> {
    key: Option<String>,
    value: &'a str,
}

/// The normalised texts in which the values stand: one, or one a box.
struct Values<'a> {
    texts: Vec<Cow<'a, str>>,
}

impl<'a> Values<'a> {
    fn new(text: &'a str) -> Self {
        let texts = match extract(text) {
            Extracted::Plain(text) => vec![normalize(text)],
            Extracted::Boxes(boxes) => boxes.into_iter().map(normalize).collect(),
        };
        Self { texts }
    }

    /// The values; `None` if a part between two separators is empty.
    ///
    /// A comma can belong to a label ("Property, plant and equipment"). So labels are first split at semicolons, line
    /// ends and boxes only, and at commas if that does not give the expected count (for a truth: if it gives one).
    fn parts(&self, has_keys: bool, unit: Unit, expected: Option<usize>) -> Option<Vec<Part<'_>>> {
        if unit == Unit::Text {
            let coarse = self.split(has_keys, false)?;
            if expected.map_or(coarse.len() > 1, |n| coarse.len() == n) {
                return Some(coarse);
            }
        }
        self.split(has_keys, true)
    }

    fn split(&self, has_keys: bool, at_commas: bool) -> Option<Vec<Part<'_>>> {
        let mut parts = Vec::new();
        for text in &self.texts {
            split(without_brackets(text), at_commas, |piece| {
                parts.push(part(piece, has_keys));
            })?;
        }
        Some(parts)
    }
}

/// The inside of a JSON list (the braces of an object fall to normalisation).
fn without_brackets(text: &str) -> &str {
    let text = text.trim();
    text.strip_prefix('[')
        .and_then(|t| t.strip_suffix(']'))
        .unwrap_or(text)
}

/// Calls `found` with each piece between separators. White space, line ends and a separator at either end may
/// surround them; `None` if a semicolon or comma has no value before it.
fn split<'a>(text: &'a str, at_commas: bool, mut found: impl FnMut(&'a str)) -> Option<()> {
    let bytes = text.as_bytes();
    let mut group = Grouping::default();
    let mut start = 0;
    // Whether a comma or semicolon still waits for the value behind it.
    let mut waiting = true;
    let mut no_more_quotes = false;
    let mut i = 0;
    while i < bytes.len() {
        match bytes[i] {
            b'"' if !no_more_quotes => match memchr::memchr2(b'"', b'\n', &bytes[i + 1..]) {
                Some(length) if bytes[i + 1 + length] == b'"' => i += length + 1,
                Some(_) => {}
                None => no_more_quotes = true,
            },
            b';' | b'\n' | b',' => {
                let is_separator = match bytes[i] {
                    b',' => at_commas && !group.groups(bytes, i),
                    _ => true,
                };
                if is_separator {
                    let piece = text[start..i].trim();
                    if !piece.is_empty() {
                        found(piece);
                        waiting = false;
                    }
                    if bytes[i] != b'\n' {
                        if waiting && piece.is_empty() {
                            return None;
                        }
                        waiting = true;
                    }
                    start = i + 1;
                }
            }
            _ => {}
        }
        i += 1;
    }
    let piece = text[start..].trim();
    if !piece.is_empty() {
        found(piece);
    }
    Some(())
}

/// Tells commas within a number from commas between numbers.
#[derive(Default)]
struct Grouping {
    /// Where the digits behind the last grouping comma start.
    after_comma: Option<usize>,
}

impl Grouping {
    /// Whether the comma at `at` groups digits: three follow and no more, and before it stand one to three that start
    /// the number, or three behind another such comma.
    fn groups(&mut self, bytes: &[u8], at: usize) -> bool {
        let is_digit = |i: usize| bytes.get(i).is_some_and(u8::is_ascii_digit);
        let three_follow = (1..=3).all(|k| is_digit(at + k)) && !is_digit(at + 4);
        let before = bytes[..at]
            .iter()
            .rev()
            .take(4)
            .take_while(|b| b.is_ascii_digit())
            .count();
        let start = at - before;
        let continues = before == 3 && self.after_comma == Some(start);
        let starts_number = (1..=3).contains(&before)
            && bytes[start] != b'0'
            && !start
                .checked_sub(1)
                .is_some_and(|i| bytes[i] == b'.' && (i.checked_sub(1).is_some_and(is_digit)));
        let groups =
            three_follow && (continues || (starts_number && self.after_comma != Some(start)));
        if groups {
            self.after_comma = Some(at + 1);
        }
        groups
    }
}

/// Splits `key: value` or `key = value`.
fn part(piece: &str, has_keys: bool) -> Part<'_> {
    match key_end(piece).filter(|_| has_keys) {
        Some(at) => {
            let key = fold_key(&piece[..at]);
            // "= 37" has no key.
            Part {
                key: (!key.is_empty()).then_some(key),
                value: unquoted(&piece[at + 1..]),
            }
        }
        None => Part {
            key: None,
            value: unquoted(piece),
        },
    }
}

/// The first colon outside quotes, or the first equals sign.
fn key_end(piece: &str) -> Option<usize> {
    let quoted = piece
        .strip_prefix('"')
        .and_then(|rest| rest.find('"'))
        .map_or(0, |length| length + 2);
    let rest = &piece[quoted..];
    rest.find(':')
        .or_else(|| rest.find('='))
        .map(|at| at + quoted)
}

fn unquoted(value: &str) -> &str {
    let value = value.trim();
    let inner = |quote| {
        value
            .strip_prefix(quote)
            .and_then(|v: &str| v.strip_suffix(quote))
    };
    inner('"').or_else(|| inner('\'')).unwrap_or(value)
}

/// A key for comparison. One with a year in it is its words and years, without the words that only say "in the year"
/// and without what connects two years; any other is folded as a label.
fn fold_key(key: &str) -> String {
    let words: Vec<&str> = key
        .split(|c: char| !c.is_alphanumeric())
        .filter(|w| !w.is_empty())
        .collect();
    if !words.iter().any(|word| year(word).is_some()) {
        return fold_label(key);
    }
    let mut out = String::with_capacity(key.len());
    let year_at = |i: usize| words.get(i).and_then(|word| year(word));
    for (i, word) in words.iter().enumerate() {
        if let Some(year) = year_at(i) {
            out.push(' ');
            out.push_str(year);
            continue;
        }
        let between_years =
            i.checked_sub(1).and_then(year_at).is_some() && year_at(i + 1).is_some();
        let connects = between_years
            && ["to", "through"]
                .iter()
                .any(|c| word.eq_ignore_ascii_case(c));
        let is_filler = ["fy", "cy", "fiscal", "calendar", "year", "in", "for", "the"]
            .iter()
            .any(|filler| word.eq_ignore_ascii_case(filler));
        if connects || is_filler {
            continue;
        }
        out.push(' ');
        out.push_str(&fold_label(word));
    }
    out
}

/// The four digits of "2022" or "FY2022".
fn year(word: &str) -> Option<&str> {
    let digits = match word.get(..2) {
        Some(head) if head.eq_ignore_ascii_case("fy") || head.eq_ignore_ascii_case("cy") => {
            &word[2..]
        }
        _ => word,
    };
    let is_year = digits.len() == 4
        && digits.bytes().all(|b| b.is_ascii_digit())
        && (digits.starts_with("19") || digits.starts_with("20"));
    is_year.then_some(digits)
}
