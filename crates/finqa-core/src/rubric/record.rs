//! The JSON form of rubrics.

use serde::{Deserialize, Serialize};

use super::{Criterion, CriterionKind, Dimension, Rubric, Slot, SlotTruth, Weights};
use crate::answer::{AnswerSpec, Multi, Op, Scale, Unit};

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RubricRecord {
    #[serde(default, skip_serializing_if = "String::is_empty")]
    task: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    slots: Vec<Slot>,
    criteria: Vec<Criterion>,
    #[serde(default)]
    weights: Weights,
    #[serde(default = "default_pass")]
    pass: f64,
}

const fn default_pass() -> f64 {
    Rubric::DEFAULT_PASS
}

impl TryFrom<RubricRecord> for Rubric {
    type Error = String;

    fn try_from(record: RubricRecord) -> Result<Self, String> {
        let rubric = Self {
            task: record.task,
            slots: record.slots,
            criteria: record.criteria,
            weights: record.weights,
            pass: record.pass,
        };
        rubric.problem().map_or(Ok(rubric), Err)
    }
}

impl From<Rubric> for RubricRecord {
    fn from(rubric: Rubric) -> Self {
        Self {
            task: rubric.task,
            slots: rubric.slots,
            criteria: rubric.criteria,
            weights: rubric.weights,
            pass: rubric.pass,
        }
    }
}

/// A criterion with the fields of every kind.
#[derive(Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CriterionRecord {
    id: String,
    dim: Option<Dimension>,
    kind: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    slot: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    slots: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    total: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tolerance: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rule: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    headings: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tables: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    check: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    prompt: Option<String>,
    #[serde(default = "one")]
    weight: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    truth: Option<TruthRecord>,
    #[serde(skip_serializing_if = "Option::is_none")]
    from: Option<FromRecord>,
}

const fn one() -> f64 {
    1.0
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct FromRecord {
    expr: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct TruthRecord {
    value: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    unit: Option<Unit>,
    #[serde(default, skip_serializing_if = "super::is_one")]
    scale: Scale,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    op: Option<Op>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    decimals: Option<u8>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    signed_change: bool,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    aliases: Vec<String>,
}

impl TruthRecord {
    /// The truth, with `unit` if it names none.
    fn truth(self, unit: Unit) -> SlotTruth {
        SlotTruth {
            value: self.value,
            decimals: self.decimals,
            answer: AnswerSpec {
                unit: self.unit.unwrap_or(unit),
                scale: self.scale,
                op: self.op.unwrap_or_default(),
                multi: Multi::Single,
                signed_change: self.signed_change,
                aliases: self.aliases,
            },
        }
    }

    fn of(truth: SlotTruth) -> Self {
        let AnswerSpec {
            unit,
            scale,
            op,
            signed_change,
            aliases,
            multi: _,
        } = truth.answer;
        let is_number = !matches!(unit, Unit::Text | Unit::Bool);
        Self {
            value: truth.value,
            unit: Some(unit),
            scale,
            // Of a text it means nothing; it is kept where reading would not put it back.
            op: (is_number || op != Op::default()).then_some(op),
            decimals: truth.decimals,
            signed_change,
            aliases,
        }
    }
}

impl CriterionRecord {
    /// The fields that are there, besides id, dim, kind and weight.
    fn given(&self) -> Vec<&'static str> {
        [
            ("slot", self.slot.is_some()),
            ("slots", self.slots.is_some()),
            ("total", self.total.is_some()),
            ("tolerance", self.tolerance.is_some()),
            ("rule", self.rule.is_some()),
            ("headings", self.headings.is_some()),
            ("tables", self.tables.is_some()),
            ("check", self.check.is_some()),
            ("prompt", self.prompt.is_some()),
            ("truth", self.truth.is_some()),
            ("from", self.from.is_some()),
        ]
        .into_iter()
        .filter_map(|(name, is_there)| is_there.then_some(name))
        .collect()
    }
}

/// Every kind with the fields it must and may have.
pub(crate) const KINDS: [(&str, &[&str], &[&str]); 11] = [
    ("value", &["slot", "truth"], &["from"]),
    ("choice", &["slot", "rule"], &["truth"]),
    ("text", &["slot", "truth"], &[]),
    ("equal", &["slots"], &[]),
    ("sum", &["slots", "total"], &["tolerance"]),
    ("format", &["headings"], &[]),
    ("filled", &[], &["slots"]),
    ("answer", &[], &[]),
    ("table_access", &["tables"], &[]),
    ("behaviour", &["check"], &[]),
    ("judge", &["prompt"], &[]),
];

impl TryFrom<CriterionRecord> for Criterion {
    type Error = String;

    fn try_from(record: CriterionRecord) -> Result<Self, String> {
        let (id, given) = (record.id.clone(), record.given());
        let Some((kind, must, may)) = KINDS.iter().find(|(kind, ..)| *kind == record.kind) else {
            let kinds: Vec<&str> = KINDS.iter().map(|(kind, ..)| *kind).collect();
            return Err(format!(
                "criterion {id:?}: kind {:?} is unknown; it must be one of {}",
                record.kind,
                kinds.join(", ")
            ));
        };
        if let Some(missing) = must.iter().find(|field| !given.contains(field)) {
            return Err(format!(
                "criterion {id:?}: kind {kind} needs the field {missing:?}"
            ));
        }
        if let Some(extra) = given.iter().find(|f| !must.contains(f) && !may.contains(f)) {
            return Err(format!(
                "criterion {id:?}: kind {kind} takes no field {extra:?}, only {}",
                [*must, *may].concat().join(", ")
            ));
        }
        let Some(dim) = record.dim else {
            return Err(format!("criterion {id:?}: the field \"dim\" is missing"));
        };
        let slot = record.slot.unwrap_or_default();
        let slots = record.slots.unwrap_or_default();
        let default_unit = if *kind == "value" {
            Unit::Amount
        } else {
            Unit::Text
        };
        let truth = record.truth.map(|truth| truth.truth(default_unit));
        let kind = match *kind {
            "value" => CriterionKind::Value {
                slot,
                truth: truth.unwrap_or_default(),
                from: record.from.map(|from| from.expr),
            },
            "choice" => CriterionKind::Choice {
                slot,
                rule: record.rule.unwrap_or_default(),
                truth,
            },
            "text" => CriterionKind::Text {
                slot,
                truth: truth.unwrap_or_default(),
            },
            "equal" => CriterionKind::Equal { slots },
            "sum" => CriterionKind::Sum {
                slots,
                total: record.total.unwrap_or_default(),
                tolerance: record.tolerance.unwrap_or_default(),
            },
            "format" => CriterionKind::Format {
                headings: record.headings.unwrap_or_default(),
            },
            "filled" => CriterionKind::Filled { slots },
            "answer" => CriterionKind::Answer,
            "table_access" => CriterionKind::TableAccess {
                tables: record.tables.unwrap_or_default(),
            },
            "behaviour" => CriterionKind::Behaviour {
                check: record.check.unwrap_or_default(),
            },
            _ => CriterionKind::Judge {
                prompt: record.prompt.unwrap_or_default(),
            },
        };
        Ok(Self {
            id,
            dim,
            weight: record.weight,
            kind,
        })
    }
}

impl From<Criterion> for CriterionRecord {
    fn from(criterion: Criterion) -> Self {
        let mut record = Self {
            id: criterion.id,
            dim: Some(criterion.dim),
            weight: criterion.weight,
            ..Self::default()
        };
        let kind = match criterion.kind {
            CriterionKind::Value { slot, truth, from } => {
                record.slot = Some(slot);
                record.truth = Some(TruthRecord::of(truth));
                record.from = from.map(|expr| FromRecord { expr });
                "value"
            }
            CriterionKind::Choice { slot, rule, truth } => {
                record.slot = Some(slot);
                record.rule = Some(rule);
                record.truth = truth.map(TruthRecord::of);
                "choice"
            }
            CriterionKind::Text { slot, truth } => {
                record.slot = Some(slot);
                record.truth = Some(TruthRecord::of(truth));
                "text"
            }
            CriterionKind::Equal { slots } => {
                record.slots = Some(slots);
                "equal"
            }
            CriterionKind::Sum {
                slots,
                total,
                tolerance,
            } => {
                record.slots = Some(slots);
                record.total = Some(total);
                record.tolerance = (!tolerance.is_empty()).then_some(tolerance);
                "sum"
            }
            CriterionKind::Format { headings } => {
                record.headings = Some(headings);
                "format"
            }
            CriterionKind::Filled { slots } => {
                record.slots = (!slots.is_empty()).then_some(slots);
                "filled"
            }
            CriterionKind::Answer => "answer",
            CriterionKind::TableAccess { tables } => {
                record.tables = Some(tables);
                "table_access"
            }
            CriterionKind::Behaviour { check } => {
                record.check = Some(check);
                "behaviour"
            }
            CriterionKind::Judge { prompt } => {
                record.prompt = Some(prompt);
                "judge"
            }
        };
        kind.clone_into(&mut record.kind);
        record
    }
}
