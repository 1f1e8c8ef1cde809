//! Is a rubric sound? Found when it is read, not when the first report is scored.

use std::fmt::Write as _;

use super::criteria::is_placeholder;
use super::expression::{Rule, evaluate, names};
use super::read::fold;
use super::slots::{SlotInfo, find, slots};
use super::{CriterionKind, Dimension, Rubric};
use crate::answer::value::{read_and_compare, truth_number};
use crate::answer::{AnswerSpec, Unit};
use crate::behaviour::{Check, unknown_check};
use crate::calculator::is_reserved;
use crate::error::{Error, Result};

/// Weights are kept in single precision beside the scores, and one a million times another is the only one.
const MAX_WEIGHT: f64 = 1e6;

impl Rubric {
    /// Checks that every name, truth, expression and rule can be used, and that the true values follow the rules that
    /// reports are held to. Rubrics that are read from JSON are checked already.
    ///
    /// # Errors
    /// [`Error::InvalidConfig`] that names the criterion or slot and what is wrong with it.
    pub fn check(&self) -> Result<()> {
        self.problem()
            .map_or(Ok(()), |problem| Err(Error::InvalidConfig(problem)))
    }

    /// The first thing that is wrong, in words.
    pub(super) fn problem(&self) -> Option<String> {
        let slots = slots(self);
        self.limits(&slots)
            .or_else(|| names_are_usable(self, &slots))
            .or_else(|| {
                (0..self.criteria.len()).find_map(|i| {
                    let criterion = &self.criteria[i];
                    of_criterion(self, i, &slots)
                        .map(|problem| format!("rubric, criterion {:?}: {problem}", criterion.id))
                })
            })
    }

    fn limits(&self, slots: &[SlotInfo<'_>]) -> Option<String> {
        let weights = self.weights.in_order();
        if !weights.iter().all(|w| w.is_finite() && *w >= 0.0) || weights.iter().sum::<f64>() <= 0.0
        {
            return Some("rubric: the weights must be 0 or more, and one of them above 0".into());
        }
        if !(self.pass >= Self::MIN_PASS && self.pass <= 1.0) {
            return Some(format!(
                "rubric: pass is {}; it must be from {} to 1, since a wrong report scores up to {}",
                self.pass,
                Self::MIN_PASS,
                Self::MAX_WRONG
            ));
        }
        if slots.len() > Self::MAX_SLOTS {
            return Some(format!(
                "rubric: {} slots; at most {} are read",
                slots.len(),
                Self::MAX_SLOTS
            ));
        }
        let has_primary = slots
            .iter()
            .any(|s| s.dim == Some(Dimension::Primary) && s.truth.is_some())
            || self
                .criteria
                .iter()
                .any(|c| c.dim == Dimension::Primary && matches!(c.kind, CriterionKind::Answer));
        (!has_primary).then(|| {
            "rubric: no criterion of kind value, text or answer in dimension primary; without one nothing ties a \
             report to the tables"
                .into()
        })
    }
}

fn names_are_usable(rubric: &Rubric, slots: &[SlotInfo<'_>]) -> Option<String> {
    for (i, slot) in slots.iter().enumerate() {
        let name = slot.name;
        let is_identifier = name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
            && name.bytes().next().is_some_and(|b| !b.is_ascii_digit());
        if !is_identifier || is_reserved(name) {
            return Some(format!(
                "rubric, slot {name:?}: a name has letters, digits and underscores, starts with no digit and is no \
                 function of the calculator"
            ));
        }
        if slot.label.is_empty() {
            return Some(format!(
                "rubric, slot {name:?}: the label has neither letters nor digits"
            ));
        }
        for other in &slots[..i] {
            if other.name == name {
                return Some(format!("rubric, slot {name:?}: listed twice"));
            }
            let same_place =
                other.section == slot.section || other.section.is_none() || slot.section.is_none();
            if other.label == slot.label && same_place {
                return Some(format!(
                    "rubric, slots {:?} and {name:?}: both have the label {:?} (case and punctuation aside); give \
                     them different labels or sections",
                    other.name, slot.label
                ));
            }
        }
        if let (Some(unit), Some(truth)) = (
            rubric
                .slots
                .iter()
                .find(|s| s.name == name)
                .and_then(|s| s.unit),
            slot.truth,
        ) && unit != truth.answer.unit
        {
            return Some(format!(
                "rubric, slot {name:?}: its unit {unit:?} is not that of its truth, {:?}",
                truth.answer.unit
            ));
        }
    }
    for (i, criterion) in rubric.criteria.iter().enumerate() {
        let id = &criterion.id;
        if id.is_empty() || rubric.criteria[..i].iter().any(|c| c.id == *id) {
            return Some(format!(
                "rubric, criterion {id:?}: ids are not empty and unique"
            ));
        }
        if !(criterion.weight > 0.0 && criterion.weight <= MAX_WEIGHT) {
            return Some(format!(
                "rubric, criterion {id:?}: weight is {}; it must be above 0 and at most {MAX_WEIGHT}",
                criterion.weight
            ));
        }
        let clash = slots
            .iter()
            .any(|s| s.name == id && s.criterion != Some(i) && !s.name.is_empty());
        if clash {
            return Some(format!(
                "rubric, criterion {id:?}: another slot has this name, so an expression could mean either"
            ));
        }
    }
    None
}

fn of_criterion(rubric: &Rubric, at: usize, slots: &[SlotInfo<'_>]) -> Option<String> {
    let criterion = &rubric.criteria[at];
    let is_process = matches!(
        criterion.kind,
        CriterionKind::TableAccess { .. } | CriterionKind::Behaviour { .. }
    );
    let is_judge = matches!(criterion.kind, CriterionKind::Judge { .. });
    if !is_judge && is_process != (criterion.dim == Dimension::Process) {
        return Some(format!(
            "kind and dimension {} do not go together: table_access and behaviour are process, nothing else is",
            criterion.dim.name()
        ));
    }
    let own = |name: &str| {
        let slot = find(slots, name)?;
        (slots[slot].criterion != Some(at))
            .then(|| format!("slot {name:?} has two criteria about its value; one is enough"))
    };
    match &criterion.kind {
        CriterionKind::Value { slot, truth, from } => own(slot).or_else(|| {
            unreadable(&truth.value, truth.decimals, &truth.answer).or_else(|| {
                let expression = from.as_deref()?;
                if criterion.dim != Dimension::Derived {
                    return Some("only derived values take \"from\"".into());
                }
                bad_names(names(expression), slots, Some(slot)).or_else(|| {
                    evaluate(expression, &|name| true_number(slots, name))
                        .is_none()
                        .then(|| format!("from {expression:?} has no value for the true values"))
                })
            })
        }),
        CriterionKind::Text { slot, truth } => {
            own(slot).or_else(|| unreadable(&truth.value, truth.decimals, &truth.answer))
        }
        CriterionKind::Choice { slot, rule, truth } => own(slot).or_else(|| {
            let Some(parsed) = Rule::parse(rule) else {
                return Some(format!(
                    "rule {rule:?} is none; write \"low if ratio<0.03 else high\""
                ));
            };
            if let Some(word) = parsed.words().find(|word| is_placeholder(word)) {
                return Some(format!(
                    "rule {rule:?}: {word:?} reads as a slot that is not filled; use another word"
                ));
            }
            bad_names(parsed.names(), slots, Some(slot)).or_else(|| {
                let Some(word) = parsed.choose(&|name| true_number(slots, name)) else {
                    return Some(format!("rule {rule:?} has no value for the true values"));
                };
                let truth = truth.as_ref()?;
                let words: Vec<String> = parsed.words().map(fold).collect();
                (fold(&truth.value) != fold(word)).then(|| {
                    let mut text = format!(
                        "the rule gives {word:?} for the true values, the truth is {:?}",
                        truth.value
                    );
                    if !words.contains(&fold(&truth.value)) {
                        let _ = write!(text, ", which the rule never gives");
                    }
                    text
                })
            })
        }),
        CriterionKind::Equal { slots: parts } => {
            if parts.len() < 2 {
                return Some("two slots or more are compared".into());
            }
            unknown(parts, slots).or_else(|| unlike(parts, slots))
        }
        CriterionKind::Sum {
            slots: parts,
            total,
            tolerance,
        } => {
            let mut all = parts.clone();
            all.push(total.clone());
            if parts.is_empty() || parts.contains(total) {
                return Some("parts are needed that are not the total".into());
            }
            if !tolerance.is_empty() && evaluate(tolerance, &|_| None).is_none() {
                return Some(format!("tolerance {tolerance:?} is no number"));
            }
            unknown(&all, slots)
                .or_else(|| bad_names(all.iter().map(String::as_str), slots, None))
                .or_else(|| unlike(&all, slots))
        }
        CriterionKind::Format { headings } => (headings.is_empty()
            || headings.iter().any(|h| fold(h).is_empty()))
        .then(|| "headings with letters or digits are needed".into()),
        CriterionKind::Filled { slots: some } => unknown(some, slots),
        CriterionKind::Answer => (criterion.dim != Dimension::Primary).then(|| {
            format!(
                "kind answer is the truth itself: its dimension is primary, not {}",
                criterion.dim.name()
            )
        }),
        CriterionKind::TableAccess { tables } => (tables.is_empty()
            || tables.iter().any(String::is_empty))
        .then(|| "tables must name one table or more".into()),
        CriterionKind::Behaviour { check } => {
            Check::parse(check).is_none().then(|| unknown_check(check))
        }
        CriterionKind::Judge { .. } => None,
    }
}

fn unknown(names: &[String], slots: &[SlotInfo<'_>]) -> Option<String> {
    let missing = names
        .iter()
        .find(|name| !slots.iter().any(|s| s.name == **name))?;
    Some(format!("there is no slot {missing:?}"))
}

/// A name in an expression that is no number.
fn bad_names<'a>(
    names: impl IntoIterator<Item = &'a str>,
    slots: &[SlotInfo<'_>],
    own: Option<&str>,
) -> Option<String> {
    names.into_iter().find_map(|name| match find(slots, name) {
        None => Some(format!("there is no slot {name:?}")),
        Some(at) if own == Some(slots[at].name) => Some(format!("{name:?} depends on itself")),
        Some(at) if !slots[at].is_number() => Some(format!("slot {name:?} holds no number")),
        Some(_) => None,
    })
}

/// Slots that cannot agree because they are read differently.
fn unlike(names: &[String], slots: &[SlotInfo<'_>]) -> Option<String> {
    let found: Vec<&SlotInfo<'_>> = names
        .iter()
        .filter_map(|name| slots.iter().find(|s| s.name == *name))
        .collect();
    let first = found.first()?;
    let other = found
        .iter()
        .find(|s| s.unit() != first.unit() || s.scale != first.scale)?;
    Some(format!(
        "slots {:?} and {:?} differ in unit or scale",
        first.name, other.name
    ))
}

/// The true value of a name, as text.
pub(super) fn true_number(slots: &[SlotInfo<'_>], name: &str) -> Option<String> {
    let truth = slots[find(slots, name)?].truth?;
    Some(truth_number(&truth.value, truth.decimals, &truth.answer)?.to_text())
}

/// A truth that is no right answer to itself.
fn unreadable(truth: &str, decimals: Option<u8>, spec: &AnswerSpec) -> Option<String> {
    let is_right = match read_and_compare(truth, Some(truth), decimals, spec) {
        Ok((_, reason)) => reason.is_right(),
        Err(_) => false,
    };
    (!is_right || spec.unit == Unit::Absent).then(|| {
        format!(
            "the truth {truth:?} cannot be read as unit {:?}, or is not right by its own rule",
            spec.unit
        )
    })
}
