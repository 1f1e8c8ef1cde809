//! Expressions over slots, and rules that choose a word.

use num_rational::BigRational;
use num_traits::Zero as _;

use crate::calculator::{evaluate_exactly, is_reserved};

/// A part of an expression.
enum Piece<'a> {
    /// An identifier that is no function or constant.
    Name(&'a str),
    /// A number, a function, or what stands between words.
    Other(&'a str),
}

fn pieces(expression: &str) -> impl Iterator<Item = Piece<'_>> {
    let is_word = |b: u8| b.is_ascii_alphanumeric() || b == b'_';
    let mut rest = expression;
    std::iter::from_fn(move || {
        let first = *rest.as_bytes().first()?;
        let length = |belongs: &dyn Fn(u8) -> bool| {
            rest.bytes().position(|b| !belongs(b)).unwrap_or(rest.len())
        };
        let (piece, after) = if is_word(first) {
            rest.split_at(length(&|b| is_word(b) || b == b'.'))
        } else {
            rest.split_at(length(&|b| !is_word(b)))
        };
        rest = after;
        // A digit starts a number, perhaps with an exponent.
        let is_name = is_word(first) && !first.is_ascii_digit() && !is_reserved(piece);
        Some(if is_name {
            Piece::Name(piece)
        } else {
            Piece::Other(piece)
        })
    })
}

/// The names in an expression, in order, with repetitions.
pub(super) fn names(expression: &str) -> impl Iterator<Item = &str> {
    pieces(expression).filter_map(|piece| match piece {
        Piece::Name(name) => Some(name),
        Piece::Other(_) => None,
    })
}

/// The exact value of an expression; `value` gives the number of a name as text. `None` if a name has none, or the
/// expression has no value.
pub(super) fn evaluate(
    expression: &str,
    value: &dyn Fn(&str) -> Option<String>,
) -> Option<BigRational> {
    let mut filled = String::with_capacity(expression.len() + 32);
    for piece in pieces(expression) {
        match piece {
            Piece::Name(name) => {
                filled.push('(');
                filled.push_str(&value(name)?);
                filled.push(')');
            }
            Piece::Other(text) => filled.push_str(text),
        }
    }
    evaluate_exactly(&filled).ok()
}

/// `low if x<3 else high`: words with conditions, and the word if none holds.
pub(super) struct Rule<'a> {
    pub(super) cases: Vec<(&'a str, &'a str)>,
    pub(super) otherwise: &'a str,
}

impl<'a> Rule<'a> {
    /// `None` if the text is no rule.
    pub(super) fn parse(text: &'a str) -> Option<Self> {
        let mut parts: Vec<&str> = text.split(" else ").collect();
        let otherwise = parts.pop()?.trim();
        let cases = parts
            .into_iter()
            .map(|part| {
                let (word, condition) = part.split_once(" if ")?;
                let (word, condition) = (word.trim(), condition.trim());
                (!word.is_empty() && condition.contains(['<', '>', '=']))
                    .then_some((word, condition))
            })
            .collect::<Option<Vec<_>>>()?;
        let is_rule = !cases.is_empty() && !otherwise.is_empty() && !otherwise.contains(" if ");
        is_rule.then_some(Self { cases, otherwise })
    }

    /// The word for these numbers; `None` if one that is needed is missing.
    pub(super) fn choose(&self, value: &dyn Fn(&str) -> Option<String>) -> Option<&'a str> {
        for (word, condition) in &self.cases {
            if !evaluate(condition, value)?.is_zero() {
                return Some(word);
            }
        }
        Some(self.otherwise)
    }

    /// The words, in order.
    pub(super) fn words(&self) -> impl Iterator<Item = &'a str> {
        self.cases
            .iter()
            .map(|(word, _)| *word)
            .chain([self.otherwise])
    }

    /// The names in all conditions.
    pub(super) fn names(&self) -> impl Iterator<Item = &'a str> {
        self.cases.iter().flat_map(|(_, c)| names(c))
    }
}
