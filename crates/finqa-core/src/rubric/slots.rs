//! The slots of a rubric, with what its criteria say about them.

use super::read::fold;
use super::{CriterionKind, Dimension, Rubric, SlotTruth};
use crate::answer::{Scale, Unit};

/// A slot as the reader and the criteria see it.
#[derive(Debug)]
pub(super) struct SlotInfo<'a> {
    pub(super) name: &'a str,
    /// Folded label.
    pub(super) label: String,
    /// Folded heading below which it stands.
    pub(super) section: Option<String>,
    pub(super) unit: Option<Unit>,
    pub(super) scale: Scale,
    pub(super) truth: Option<&'a SlotTruth>,
    /// The criterion about its value.
    pub(super) criterion: Option<usize>,
    /// Id of a criterion of kind value, which expressions may use instead of the name.
    pub(super) id: Option<&'a str>,
    pub(super) dim: Option<Dimension>,
    pub(super) from: Option<&'a str>,
}

impl SlotInfo<'_> {
    pub(super) fn unit(&self) -> Unit {
        self.unit.unwrap_or(Unit::Text)
    }

    pub(super) fn is_number(&self) -> bool {
        !matches!(self.unit(), Unit::Text | Unit::Bool | Unit::Absent)
    }
}

/// The slots: those that are listed, then the others as criteria name them.
pub(super) fn slots(rubric: &Rubric) -> Vec<SlotInfo<'_>> {
    let mut found: Vec<SlotInfo<'_>> = Vec::with_capacity(rubric.criteria.len());
    for slot in &rubric.slots {
        let label = if slot.label.is_empty() {
            &slot.name
        } else {
            &slot.label
        };
        found.push(SlotInfo {
            label: fold(label),
            section: (!slot.section.is_empty()).then(|| fold(&slot.section)),
            unit: slot.unit,
            scale: slot.scale,
            ..bare(&slot.name)
        });
    }
    for (i, criterion) in rubric.criteria.iter().enumerate() {
        let (name, unit, truth, from) = match &criterion.kind {
            CriterionKind::Value { slot, truth, from } => {
                (slot, truth.answer.unit, Some(truth), from.as_deref())
            }
            CriterionKind::Choice { slot, truth, .. } => (slot, Unit::Text, truth.as_ref(), None),
            CriterionKind::Text { slot, truth } => (slot, truth.answer.unit, Some(truth), None),
            _ => continue,
        };
        let at = found
            .iter()
            .position(|s| s.name == name)
            .unwrap_or_else(|| {
                found.push(SlotInfo {
                    label: fold(name),
                    ..bare(name)
                });
                found.len() - 1
            });
        let slot = &mut found[at];
        slot.unit = slot.unit.or(Some(unit));
        slot.scale = truth.map_or(slot.scale, |t| t.answer.scale);
        slot.truth = truth;
        slot.criterion = Some(i);
        slot.dim = Some(criterion.dim);
        slot.from = from;
        if matches!(criterion.kind, CriterionKind::Value { .. }) {
            slot.id = Some(&criterion.id);
        }
    }
    found
}

const fn bare(name: &str) -> SlotInfo<'_> {
    SlotInfo {
        name,
        label: String::new(),
        section: None,
        unit: None,
        scale: Scale::One,
        truth: None,
        criterion: None,
        id: None,
        dim: None,
        from: None,
    }
}

/// The slot that a name in an expression means: a slot's own, else the id of the criterion about its value.
pub(super) fn find(slots: &[SlotInfo<'_>], name: &str) -> Option<usize> {
    slots
        .iter()
        .position(|s| s.name == name)
        .or_else(|| slots.iter().position(|s| s.id == Some(name)))
}
