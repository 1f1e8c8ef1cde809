//! The kinds of criteria.

use num_bigint::BigInt;
use num_rational::BigRational;
use num_traits::{Signed as _, Zero as _};

use super::check::true_number;
use super::expression::{Rule, evaluate, names};
use super::read::{Report, fold};
use super::reason::{
    AGREE, COMPLETE, CONSISTENT, CONTRADICTION, CROWDED, DISAGREE, EQUAL_INPUTS, INCOMPLETE,
    INVENTED_INPUTS, MISSING, MISSING_INPUT, NO_RIGHT_INPUT, NOT_APPLICABLE, SELF_CONSISTENT,
    TRUE_CHOICE, UNFILLED, ZERO_INPUTS,
};
use super::score::{CriterionScore, RubricOptions};
use super::slots::{SlotInfo, find};
use super::{Criterion, CriterionKind, Dimension, SlotTruth};
use crate::answer::number::Number;
use crate::answer::value::{Value, agrees, read_and_compare, written_decimals};
use crate::answer::{AnswerSpec, Op, Reason, is_statement};

/// What the report says in one slot.
pub(super) struct Entry {
    is_there: bool,
    is_filled: bool,
    value: Option<Value>,
    /// Against the slot's truth; [`Reason::OffValue`] or [`Reason::OffText`] without one.
    reason: Reason,
}

impl Entry {
    pub(super) fn new(slot: &SlotInfo<'_>, text: Option<&str>) -> Self {
        let Some(text) = text else {
            return Self {
                is_there: false,
                is_filled: false,
                value: None,
                reason: Reason::NoNumber,
            };
        };
        let plain;
        let (truth, decimals, spec) = if let Some(truth) = slot.truth {
            (Some(truth.value.as_str()), truth.decimals, &truth.answer)
        } else {
            plain = AnswerSpec {
                unit: slot.unit(),
                scale: slot.scale,
                ..AnswerSpec::default()
            };
            (None, None, &plain)
        };
        let (value, reason) = match read_and_compare(text, truth, decimals, spec) {
            Ok((value, reason)) => (Some(value), reason),
            Err(reason) => (None, reason),
        };
        Self {
            is_there: true,
            is_filled: value.is_some() && !is_placeholder(text),
            value,
            reason,
        }
    }

    pub(super) const fn is_filled(&self) -> bool {
        self.is_filled
    }

    pub(super) fn number(&self) -> Option<&Number> {
        self.value.as_ref().and_then(Value::number)
    }

    pub(super) const fn is_right(&self) -> bool {
        self.value.is_some() && self.reason.is_right()
    }
}

/// Whether a value was left as the template has it, or says that there is none.
pub(super) fn is_placeholder(text: &str) -> bool {
    let has_digit = text.bytes().any(|b| b.is_ascii_digit());
    if has_digit {
        return false;
    }
    let word = text.trim_matches(|c: char| !c.is_alphanumeric());
    text.contains('?')
        || word.is_empty()
        || ["tbd", "none", "null", "nan", "unknown"]
            .iter()
            .any(|w| w.eq_ignore_ascii_case(word))
        || is_statement(text)
}

const fn scored(score: f64, reason: &'static str) -> CriterionScore {
    CriterionScore {
        score,
        applicable: true,
        reason,
    }
}

/// A report with the rubric's slots.
pub(super) struct Scorer<'a> {
    pub(super) slots: Vec<SlotInfo<'a>>,
    /// One a slot.
    pub(super) entries: Vec<Entry>,
    pub(super) report: &'a Report<'a>,
    /// The headings of all criteria of kind format, folded, one after the other.
    pub(super) headings: &'a [String],
    pub(super) options: &'a RubricOptions<'a>,
}

impl Scorer<'_> {
    /// Scores one criterion; `first_heading` counts the headings of those before.
    pub(super) fn criterion(
        &self,
        criterion: &Criterion,
        first_heading: &mut usize,
    ) -> CriterionScore {
        let slot = |name: &str| self.slots.iter().position(|s| s.name == name);
        match &criterion.kind {
            CriterionKind::Value { slot: name, .. } | CriterionKind::Text { slot: name, .. } => {
                slot(name).map_or(scored(0.0, MISSING), |at| self.value(at))
            }
            CriterionKind::Choice {
                slot: name,
                rule,
                truth,
            } => slot(name).map_or(scored(0.0, MISSING), |at| {
                self.choice(at, rule, truth.as_ref())
            }),
            CriterionKind::Equal { slots } => self.equal(slots),
            CriterionKind::Sum {
                slots,
                total,
                tolerance,
            } => self.sum(slots, total, tolerance),
            CriterionKind::Format { headings } => {
                let first = *first_heading;
                *first_heading += headings.len();
                self.format(first, headings.len())
            }
            CriterionKind::Filled { slots } => {
                let (share, is_full) = self.filled(slots);
                scored(share, if is_full { COMPLETE } else { INCOMPLETE })
            }
            CriterionKind::Answer => self
                .options
                .answer
                .map_or(scored(0.0, MISSING_INPUT), |answer| {
                    scored(f64::from(u8::from(answer.is_correct)), answer.reason)
                }),
            CriterionKind::TableAccess { .. }
            | CriterionKind::Behaviour { .. }
            | CriterionKind::Judge { .. } => CriterionScore {
                score: 0.0,
                applicable: false,
                reason: NOT_APPLICABLE,
            },
        }
    }

    /// Right, or (derived, with `from`) consistent with the report's own numbers.
    fn value(&self, at: usize) -> CriterionScore {
        let (slot, entry) = (&self.slots[at], &self.entries[at]);
        if entry.is_right() {
            return scored(1.0, entry.reason.name());
        }
        if !entry.is_there {
            return scored(0.0, MISSING);
        }
        let Some(Value::Number(number)) = &entry.value else {
            let reason = if entry.is_filled || entry.reason != Reason::NoNumber {
                entry.reason.name()
            } else {
                UNFILLED
            };
            return scored(0.0, reason);
        };
        let (Some(expression), Some(truth), Some(Dimension::Derived)) =
            (slot.from, slot.truth, slot.dim)
        else {
            return scored(0.0, entry.reason.name());
        };
        let Some(computed) = evaluate(expression, &|name| self.own_number(name)) else {
            return scored(0.0, entry.reason.name());
        };
        let decimals = truth
            .decimals
            .or_else(|| written_decimals(&truth.value, truth.answer.unit, truth.answer.scale));
        if !agrees(number, &computed, truth.answer.op, decimals) {
            return scored(0.0, entry.reason.name());
        }
        match self.cheap(names(expression)) {
            Some(reason) => scored(0.0, reason),
            None => scored(self.options.cascade_credit, CONSISTENT),
        }
    }

    /// Whether a derived slot's number is what its expression gives for the report's own numbers.
    pub(super) fn follows(&self, at: usize) -> bool {
        let slot = &self.slots[at];
        let follows = || {
            let (number, truth) = (self.entries[at].number()?, slot.truth?);
            let computed = evaluate(slot.from?, &|name| self.own_number(name))?;
            let decimals = truth
                .decimals
                .or_else(|| written_decimals(&truth.value, truth.answer.unit, truth.answer.scale));
            Some(agrees(number, &computed, truth.answer.op, decimals))
        };
        follows().unwrap_or(false)
    }

    /// Why consistency with these numbers is worth nothing.
    fn cheap<'n>(&self, inputs: impl Iterator<Item = &'n str>) -> Option<&'static str> {
        let mut direct = 0_u64;
        for name in inputs {
            if let Some(at) = find(&self.slots, name) {
                direct |= 1 << at;
            }
        }
        let numbers: Vec<_> = self
            .members(direct)
            .filter_map(|at| self.entries[at].value.as_ref()?.number())
            .collect();
        if numbers.iter().all(|n| n.is_zero()) {
            return Some(ZERO_INPUTS);
        }
        if numbers.len() > 1 && numbers[1..].iter().all(|n| n.equals(numbers[0])) {
            return Some(EQUAL_INPUTS);
        }
        let primary = self.primary_inputs(direct);
        let is_right = |at: usize| self.entries[at].is_right();
        if !self.members(primary).any(is_right) {
            return Some(NO_RIGHT_INPUT);
        }
        let seen = self.options.seen?;
        let is_invented = |at: usize| {
            !is_right(at)
                && self.entries[at]
                    .value
                    .as_ref()
                    .and_then(Value::number)
                    .is_none_or(|n| !seen(&n.to_text()))
        };
        self.members(primary)
            .any(is_invented)
            .then_some(INVENTED_INPUTS)
    }

    /// The primary values among slots and what they are derived from.
    fn primary_inputs(&self, direct: u64) -> u64 {
        let mut reached = direct;
        let mut open = direct;
        while open != 0 {
            let at = open.trailing_zeros() as usize;
            open &= open - 1;
            for name in self.slots[at].from.into_iter().flat_map(names) {
                if let Some(input) = find(&self.slots, name) {
                    open |= (1 << input) & !reached;
                    reached |= 1 << input;
                }
            }
        }
        self.members(reached)
            .filter(|&at| self.slots[at].dim == Some(Dimension::Primary))
            .fold(0, |set, at| set | 1 << at)
    }

    /// The slots of a set.
    fn members(&self, set: u64) -> impl Iterator<Item = usize> + use<> {
        (0..self.slots.len()).filter(move |at| set >> at & 1 == 1)
    }

    fn own_number(&self, name: &str) -> Option<String> {
        let entry = &self.entries[find(&self.slots, name)?];
        Some(entry.value.as_ref()?.number()?.to_text())
    }

    /// The word that follows from the report's own numbers.
    fn choice(&self, at: usize, rule: &str, truth: Option<&SlotTruth>) -> CriterionScore {
        let entry = &self.entries[at];
        let Some(Value::Text(text)) = &entry.value else {
            return scored(0.0, if entry.is_there { UNFILLED } else { MISSING });
        };
        let Some(parsed) = Rule::parse(rule) else {
            return scored(0.0, MISSING_INPUT);
        };
        let Some(own) = parsed.choose(&|name| self.own_number(name)) else {
            return scored(0.0, MISSING_INPUT);
        };
        let true_word = match truth {
            Some(truth) => Some(truth.value.as_str()),
            None => parsed.choose(&|name| true_number(&self.slots, name)),
        };
        let is_true_choice = true_word.is_some_and(|word| fold(word) == fold(own));
        let folded = fold(text);
        let says_own = folded == fold(own)
            || (is_true_choice
                && truth.is_some_and(|t| t.answer.aliases.iter().any(|a| fold(a) == folded)));
        if !says_own {
            let is_filled = entry.is_filled;
            return scored(0.0, if is_filled { CONTRADICTION } else { UNFILLED });
        }
        if is_true_choice {
            return scored(1.0, TRUE_CHOICE);
        }
        match self.cheap(parsed.names()) {
            Some(reason @ (NO_RIGHT_INPUT | INVENTED_INPUTS)) => scored(0.0, reason),
            _ => scored(0.5, SELF_CONSISTENT),
        }
    }

    /// Places of named slots; `None` if one is unknown.
    fn places(&self, names: &[String]) -> Option<Vec<usize>> {
        names
            .iter()
            .map(|name| self.slots.iter().position(|s| s.name == *name))
            .collect()
    }

    /// Agreement counts only where at least one of the numbers that could be right is.
    fn agreement(&self, places: &[usize], holds: bool) -> CriterionScore {
        let has_truth = |at: &usize| self.slots[*at].truth.is_some();
        let one_right = places.iter().any(|&at| self.entries[at].is_right());
        if !holds {
            scored(0.0, DISAGREE)
        } else if places.iter().any(has_truth) && !one_right {
            scored(0.0, NO_RIGHT_INPUT)
        } else {
            scored(1.0, AGREE)
        }
    }

    fn equal(&self, names: &[String]) -> CriterionScore {
        let values = self.places(names).and_then(|places| {
            let values: Option<Vec<&Value>> = places
                .iter()
                .map(|&at| self.entries[at].value.as_ref())
                .collect();
            Some((places, values?))
        });
        let Some((places, values)) = values else {
            return scored(0.0, MISSING_INPUT);
        };
        let holds = values.windows(2).all(|pair| match (pair[0], pair[1]) {
            (Value::Number(a), Value::Number(b)) => a.equals(b),
            (Value::Text(a), Value::Text(b)) => fold(a) == fold(b),
            _ => false,
        });
        self.agreement(&places, holds)
    }

    fn sum(&self, parts: &[String], total: &str, tolerance: &str) -> CriterionScore {
        let number = |at: usize| self.entries[at].value.as_ref()?.number();
        let read = || {
            let places = self.places(parts)?;
            let at = self.slots.iter().position(|s| s.name == total)?;
            let sum = places
                .iter()
                .map(|&at| number(at).map(Number::to_ratio))
                .sum::<Option<BigRational>>()?;
            Some((places, at, sum, number(at)?))
        };
        let Some((mut places, at, sum, total)) = read() else {
            return scored(0.0, MISSING_INPUT);
        };
        let holds = if tolerance.is_empty() {
            let truth = self.slots[at].truth;
            let decimals = truth.and_then(|t| {
                t.decimals
                    .or_else(|| written_decimals(&t.value, t.answer.unit, t.answer.scale))
            });
            let op = truth.map_or(Op::Exact, |t| t.answer.op);
            agrees(total, &sum, op, decimals)
        } else {
            let bound = evaluate(tolerance, &|_| None)
                .unwrap_or_else(|| BigRational::from_integer(BigInt::zero()));
            (total.to_ratio() - sum).abs() <= bound
        };
        places.push(at);
        self.agreement(&places, holds)
    }

    /// Share of the slots that are filled, and whether all are. While the report has no number but 0, only right zeros
    /// are filled.
    pub(super) fn filled(&self, names: &[String]) -> (f64, bool) {
        let places: Vec<usize> = if names.is_empty() {
            (0..self.slots.len()).collect()
        } else {
            self.places(names).unwrap_or_default()
        };
        let number = |e: &Entry| {
            e.value
                .as_ref()
                .and_then(Value::number)
                .map(Number::is_zero)
        };
        let only_zeros = !self.entries.iter().any(|e| number(e) == Some(false));
        let filled = places
            .iter()
            .map(|&at| &self.entries[at])
            .filter(|e| e.is_right() || (e.is_filled && (!only_zeros || number(e).is_none())))
            .count();
        if places.is_empty() {
            return (0.0, false);
        }
        (filled as f64 / places.len() as f64, filled == places.len())
    }

    /// Headings in order, and one value a line.
    fn format(&self, first: usize, count: usize) -> CriterionScore {
        let wanted = &self.headings[first..first + count];
        let mut rest = self.report.headings.as_slice();
        let mut found = 0;
        for heading in wanted {
            if let Some(at) = rest.iter().position(|&h| self.headings[h] == *heading) {
                found += 1;
                rest = &rest[at + 1..];
            }
        }
        let has_lines = !self.report.is_json && self.report.values.iter().any(Option::is_some);
        let one_a_line = has_lines && !self.report.is_crowded;
        let score = (found + usize::from(one_a_line)) as f64 / (count + 1) as f64;
        let reason = if found < count {
            INCOMPLETE
        } else if one_a_line {
            COMPLETE
        } else {
            CROWDED
        };
        scored(score, reason)
    }
}
