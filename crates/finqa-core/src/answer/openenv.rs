//! OpenEnv's comparison, float by float.
//!
//! Reproduces the outcome of `compute_reward(predicted, truth)` of OpenEnv's FinQA environment (defaults: 1 % relative
//! and 1.0 absolute), its holes included: it is the score that published runs report. The order of the steps and their
//! quirks are those of `envs/finqa_env/server/rewards.py` as of late 2025. Where Python raises, the score is 0 with
//! [`Reason::Error`].

use std::borrow::Cow;

use super::pyfloat::{FractionResult, decimal_digit, float, fraction, strip, strip_start};
use super::{Reason, Verdict};

/// Largest relative difference that counts as equal.
const RELATIVE: f64 = 0.01;
/// Largest absolute difference that counts as equal.
const ABSOLUTE: f64 = 1.0;
/// A true zero takes any number nearer than this.
const NEAR_ZERO: f64 = 0.001;

/// Python raised something that `compute_reward` does not catch.
struct Raised;

/// Scores a submission.
pub(super) fn score(predicted: &str, truth: &str) -> Verdict {
    match compare(predicted, truth) {
        Ok(reason) => reason.into(),
        Err(Raised) => Reason::Error.into(),
    }
}

fn compare(predicted: &str, truth: &str) -> Result<Reason, Raised> {
    let boxes = boxed(truth, usize::MAX);
    if boxes.len() > 1 {
        return compare_boxes(predicted, &boxes);
    }
    let truth_side = Side::read(truth)?;
    let first = Side::read(predicted)?;
    if let Some(reason) = first.same(&truth_side) {
        return Ok(reason);
    }
    // The second reading only differs where a percent sign was divided by 100.
    let second = Side {
        number: first.undivided()?,
        ..first
    };
    if let Some(reason) = second.same(&truth_side) {
        return Ok(reason);
    }
    if let ([inner], None) = (boxes.as_slice(), truth_side.number) {
        let expected = pairs(inner)?;
        let got = pairs(predicted)?;
        if expected.len() > 1 && expected.len() == got.len() {
            return compare_pairs(&got, &expected);
        }
        return Ok(if expected.len() > 1 {
            Reason::WrongCount
        } else {
            Reason::OffValue
        });
    }
    Ok(match (first.number, truth_side.number) {
        (None, Some(_)) => Reason::NoNumber,
        (None, None) => Reason::OffText,
        _ => Reason::OffValue,
    })
}

/// Several boxes in the truth: one value a box, in order.
fn compare_boxes(predicted: &str, boxes: &[&str]) -> Result<Reason, Raised> {
    let values = split_values(strip(predicted));
    if values.len() != boxes.len() {
        return Ok(Reason::WrongCount);
    }
    for (value, inner) in values.iter().zip(boxes) {
        let unlabelled = value
            .split_once(':')
            .map_or(*value, |(_, rest)| strip_start(rest));
        let got = Side::read(unlabelled)?;
        let expected = Side::read(inner)?;
        if got.same(&expected).is_none() {
            // The retry reads the value with its label, so a labelled percentage cannot match: kept as it is.
            let number = Side::read(value)?.undivided()?;
            if (Side { number, ..got }).same(&expected).is_none() {
                return Ok(Reason::OffValue);
            }
        }
    }
    Ok(Reason::WithinTolerance)
}

/// One side of a comparison.
struct Side<'a> {
    text: &'a str,
    number: Option<f64>,
}

impl<'a> Side<'a> {
    fn read(text: &'a str) -> Result<Self, Raised> {
        let inner = boxed(text, 1)
            .first()
            .copied()
            .filter(|inner| !inner.is_empty());
        let text = strip(inner.unwrap_or(text));
        Ok(Self {
            text,
            number: number(text, true)?,
        })
    }

    fn undivided(&self) -> Result<Option<f64>, Raised> {
        if self.text.contains('%') {
            number(self.text, false)
        } else {
            Ok(self.number)
        }
    }

    fn same(&self, truth: &Self) -> Option<Reason> {
        match (self.number, truth.number) {
            (Some(p), Some(0.0)) => (p.abs() < NEAR_ZERO).then_some(Reason::WithinTolerance),
            (Some(p), Some(t)) => within(p, t).then_some(Reason::WithinTolerance),
            (None, None) => (self.text == truth.text
                || self.text.to_lowercase() == truth.text.to_lowercase())
            .then_some(Reason::Equal),
            _ => None,
        }
    }
}

/// Both bounds, for a truth other than zero.
fn within(predicted: f64, truth: f64) -> bool {
    let difference = (predicted - truth).abs();
    difference / truth.abs() <= RELATIVE && difference <= ABSOLUTE
}

/// The first `limit` matches of `\boxed{` content `}`, where the content is not empty and ends at the first `}`.
fn boxed(text: &str, limit: usize) -> Vec<&str> {
    const OPEN: &str = "\\boxed{";
    let mut found = Vec::new();
    let mut from = 0;
    while found.len() < limit
        && let Some(at) = text[from..].find(OPEN)
    {
        let start = from + at + OPEN.len();
        let Some(length) = text[start..].find('}') else {
            break;
        };
        if length == 0 {
            from = start;
        } else {
            found.push(strip(&text[start..start + length]));
            from = start + length + 1;
        }
    }
    found
}

/// `parse_number`: a float, no number, or an exception that nobody catches.
fn number(text: &str, divide_percent: bool) -> Result<Option<f64>, Raised> {
    let text = strip(text);
    if text.is_empty() {
        return Ok(None);
    }
    let text = without_text_commands(text);
    let text = delete(&text, "\\$");
    let text = delete(&text, "$");
    let text = strip(&text);
    if text.contains('%') {
        let text = delete(text, "\\%");
        let text = delete(&text, "%");
        let value = float(&delete(strip(&text), ","));
        return Ok(value.map(|v| if divide_percent { v / 100.0 } else { v }));
    }
    let text = match text.strip_prefix('(').and_then(|t| t.strip_suffix(')')) {
        Some(inner) => Cow::Owned(format!("-{inner}")),
        None => Cow::Borrowed(text),
    };
    if text.contains('/') {
        let (sign, body) = match text.strip_prefix('-') {
            Some(body) => (-1.0, body),
            None => (1.0, &*text),
        };
        match fraction(body) {
            FractionResult::Value(value) => return Ok(Some(sign * value)),
            FractionResult::Overflow => return Err(Raised),
            FractionResult::Invalid => {}
        }
    }
    Ok(float(&delete(&text, ",")))
}

fn delete<'a>(text: &'a str, what: &str) -> Cow<'a, str> {
    if text.contains(what) {
        Cow::Owned(text.replace(what, ""))
    } else {
        Cow::Borrowed(text)
    }
}

/// Deletes `\text{…}` with its content, up to the first `}`.
fn without_text_commands(text: &str) -> Cow<'_, str> {
    const OPEN: &str = "\\text{";
    if !text.contains(OPEN) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(OPEN)
        && let Some(end) = rest[at..].find('}')
    {
        out.push_str(&rest[..at]);
        rest = &rest[at + end + 1..];
    }
    out.push_str(rest);
    Cow::Owned(out)
}

/// Splits at `,` or `;` and the white space after it.
fn split_values(text: &str) -> Vec<&str> {
    let mut parts: Vec<&str> = Vec::new();
    for (i, part) in text.split([',', ';']).enumerate() {
        parts.push(if i == 0 { part } else { strip_start(part) });
    }
    parts
}

/// A year key, if there is one, and a number.
type Pair = (Option<String>, f64);

/// Year keys and numbers of a text with several values; parts without a number are left out.
fn pairs(text: &str) -> Result<Vec<Pair>, Raised> {
    let mut found = Vec::new();
    let mut start = 0;
    let bytes = text.as_bytes();
    while start <= text.len() {
        let length = text[start..].find([',', ';']).unwrap_or(text.len() - start);
        let stop = start + length;
        // A LaTeX space `\,` or `\;` is a separator with its backslash.
        let end = if stop < text.len() && stop > start && bytes[stop - 1] == b'\\' {
            stop - 1
        } else {
            stop
        };
        let part = text[start..end].replace("\\ ", " ");
        let part = strip(&part);
        if !part.is_empty() {
            let cleaned = match part.split_once(':') {
                Some((_, rest)) => {
                    let rest = strip_start(rest);
                    strip_start(rest.strip_prefix('\\').unwrap_or(rest))
                }
                None => part,
            };
            if let Some(value) = number(cleaned, true)? {
                found.push((year_key(part), value));
            }
        }
        if stop == text.len() {
            break;
        }
        start = text.len() - strip_start(&text[stop + 1..]).len();
    }
    Ok(found)
}

/// The first `20dd`, with a `to 20dd` behind it if there is one, arrows read as "to".
fn year_key(part: &str) -> Option<String> {
    let mut text = Cow::Borrowed(part);
    for arrow in ["\\rightarrow", "→", "->", "\u{2212}>"] {
        if text.contains(arrow) {
            text = Cow::Owned(text.replace(arrow, " to "));
        }
    }
    let at = text
        .match_indices("20")
        .map(|(at, _)| at)
        .find(|&at| year_length(&text[at..]).is_some())?;
    let tail = &text[at..];
    let first = year_length(tail)?;
    let second = strip_start(&tail[first..])
        .strip_prefix("to")
        .and_then(|rest| {
            let rest = strip_start(rest);
            Some(tail.len() - rest.len() + year_length(rest)?)
        });
    Some(tail[..second.unwrap_or(first)].to_owned())
}

/// Bytes of the `20dd` that the text starts with.
fn year_length(text: &str) -> Option<usize> {
    let mut digits = text.strip_prefix("20")?.chars();
    let (a, b) = (digits.next()?, digits.next()?);
    decimal_digit(a).and(decimal_digit(b))?;
    Some(2 + a.len_utf8() + b.len_utf8())
}

fn compare_pairs(got: &[Pair], expected: &[Pair]) -> Result<Reason, Raised> {
    let keys = |pairs: &[Pair]| {
        let mut keys: Vec<String> = pairs.iter().filter_map(|(key, _)| key.clone()).collect();
        keys.sort_unstable();
        keys.dedup();
        keys
    };
    let expected_keys = keys(expected);
    if expected_keys.is_empty() || expected_keys != keys(got) {
        let same = got
            .iter()
            .zip(expected)
            .all(|((_, p), (_, t))| pair_within(*p, *t));
        return Ok(if same {
            Reason::WithinTolerance
        } else {
            Reason::OffValue
        });
    }
    // A Python dict keeps the place of a key's first and the value of its last appearance.
    let got = last_values(got);
    let expected_last = last_values(expected);
    let mut seen = rustc_hash::FxHashSet::default();
    for (key, _) in expected {
        if !seen.insert(key.as_deref()) {
            continue;
        }
        let (Some(p), Some(t)) = (got.get(&key.as_deref()), expected_last.get(&key.as_deref()))
        else {
            return Err(Raised);
        };
        if !pair_within(*p, *t) {
            return Ok(Reason::OffValue);
        }
    }
    Ok(Reason::WithinTolerance)
}

fn last_values(pairs: &[Pair]) -> rustc_hash::FxHashMap<Option<&str>, f64> {
    pairs
        .iter()
        .map(|(key, value)| (key.as_deref(), *value))
        .collect()
}

/// Both bounds; a true zero takes zero only.
fn pair_within(predicted: f64, truth: f64) -> bool {
    if truth == 0.0 {
        predicted == 0.0
    } else {
        within(predicted, truth)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scored(predicted: &str, truth: &str) -> f64 {
        score(predicted, truth).score
    }

    #[test]
    #[expect(clippy::float_cmp, reason = "scores are exactly 0 or 1")]
    fn quirks_are_kept() {
        assert_eq!(scored("", ""), 1.0);
        assert_eq!(scored("2023", "\\boxed{2022}"), 1.0);
        assert_eq!(scored("0.0628%", "6.28%"), 1.0);
        assert_eq!(scored("12", "\\boxed{1,2}"), 1.0);
        assert_eq!(scored("2022: 5, 2022: 6", "\\boxed{2022: 7, 2022: 6}"), 1.0);
        assert_eq!(
            scored("2022 A: 999, 2022 B: 2", "\\boxed{2022 A: 1, 2022 B: 2}"),
            1.0
        );
        assert_eq!(
            scored("junk, more junk, 0.1, 0.5", "\\boxed{0.1, 0.5}"),
            1.0
        );
        assert_eq!(scored("nan", "nan"), 0.0);
        assert_eq!(scored("1 / 2", "0.5"), 0.0);
    }

    #[test]
    fn python_exceptions_score_zero_with_their_own_reason() {
        let huge = format!("{}/1", "9".repeat(400));
        assert_eq!(
            score(&huge, "5"),
            Verdict {
                score: 0.0,
                is_correct: false,
                reason: "error"
            }
        );
        // A key error: the truth has a value without a key, the submission none.
        let verdict = score("2022: 1, 2022: 1", "\\boxed{2022: 1, 5}");
        assert_eq!(
            verdict,
            Verdict {
                score: 0.0,
                is_correct: false,
                reason: "error"
            }
        );
    }
}
