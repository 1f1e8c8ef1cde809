//! The values of a report, worked out one after the other.

use finqa_core::gold::{GoldRule, GoldValue};

use super::fill::{Place, bare, extreme, fill, in_expression, is_greater};
use crate::reading::round_decimal;

/// A value that is worked out.
#[derive(Clone, Debug)]
struct Worked {
    /// Unrounded, for later expressions; `None` for words.
    number: Option<String>,
    /// As it stands in the report.
    written: String,
}

/// A report under way.
#[derive(Clone, Debug, Default)]
pub(super) struct Report {
    /// The first values of the program, in order; `None` where one could not be worked out.
    done: Vec<Option<Worked>>,
}

impl Report {
    /// Works out values up to the first that needs the calculator and returns its expression; `None` when all are done.
    ///
    /// `operand` gives the number of a cell.
    pub(super) fn advance(
        &mut self,
        values: &[GoldValue],
        operand: &dyn Fn(usize) -> Option<String>,
    ) -> Option<String> {
        while let Some(value) = values.get(self.done.len()) {
            let number = |place: Place<'_>| match place {
                Place::Operand(i) => operand(i),
                Place::Value(name) => self.find(values, name)?.number.clone(),
            };
            let filled = |expression: &str| {
                fill(expression, |place| number(place).map(|n| in_expression(&n)))
            };
            let worked = match &value.rule {
                GoldRule::Number { expression, .. } => match bare(expression) {
                    Some(place) => number(place).map(|n| written(&value.rule, n)),
                    None => match filled(expression) {
                        Some(expression) => return Some(expression),
                        None => None,
                    },
                },
                GoldRule::Extreme {
                    expressions,
                    names,
                    largest,
                } => expressions
                    .iter()
                    .map(|e| filled(e))
                    .collect::<Option<Vec<_>>>()
                    .and_then(|filled| names.get(extreme(&filled, *largest)?).cloned())
                    .map(word),
                GoldRule::Band {
                    expression,
                    bands,
                    otherwise,
                } => filled(expression)
                    .and_then(|value| band(&value, bands, otherwise))
                    .map(word),
            };
            self.done.push(worked);
        }
        None
    }

    /// Takes what the calculator said about the expression of [`Report::advance`].
    pub(super) fn calculated(&mut self, values: &[GoldValue], result: &str) {
        let Some(value) = values.get(self.done.len()) else {
            return;
        };
        let number = (!result.starts_with("Error")).then(|| result.to_owned());
        self.done.push(number.map(|n| written(&value.rule, n)));
    }

    /// The report with its values; `None` if one is missing.
    pub(super) fn text(&self, values: &[GoldValue], text: &str) -> Option<String> {
        fill(text, |place| match place {
            Place::Value(name) => self.find(values, name).map(|w| w.written.clone()),
            Place::Operand(i) => Some(format!("{{{i}}}")),
        })
    }

    fn find(&self, values: &[GoldValue], name: &str) -> Option<&Worked> {
        let at = values.iter().position(|v| v.name == name)?;
        self.done.get(at)?.as_ref()
    }
}

/// A number with its written form.
fn written(rule: &GoldRule, number: String) -> Worked {
    let written = match rule {
        GoldRule::Number {
            decimals, suffix, ..
        } => {
            decimals.map_or_else(
                || number.clone(),
                |d| round_decimal(&number, usize::from(d)),
            ) + suffix
        }
        GoldRule::Extreme { .. } | GoldRule::Band { .. } => number.clone(),
    };
    Worked {
        number: Some(number),
        written,
    }
}

fn word(word: String) -> Worked {
    Worked {
        number: None,
        written: word,
    }
}

/// The word of the first band whose limit is above `value`.
fn band(value: &str, bands: &[(String, String)], otherwise: &str) -> Option<String> {
    for (limit, word) in bands {
        if is_greater(limit, value)? {
            return Some(word.clone());
        }
    }
    Some(otherwise.to_owned())
}
