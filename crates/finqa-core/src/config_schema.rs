//! JSON Schemas of what people write: rubrics, rubric files and reward configurations.
//!
//! Published in `docs/spec/rubric.schema.json`, `rubric_file.schema.json` and `reward.schema.json`, so that editors and
//! other tools check a file before it is read here. Expressions and rules are texts to a schema; [`Rubric::check`]
//! looks into them.
//!
//! [`Rubric::check`]: crate::rubric::Rubric::check

use serde_json::{Map, Value, json};

use crate::behaviour::{Check, RewardConfig};
use crate::rubric::{Dimension, KINDS, Rubric};

const DRAFT: &str = "https://json-schema.org/draft/2020-12/schema";

/// The schema of a rubric.
pub fn rubric_schema() -> Value {
    with_definitions(
        "Rubric",
        "How a report is scored: docs/spec/rewards.md, section Rubrics.",
        &json!({"$ref": "#/$defs/rubric"}),
    )
}

/// The schema of a rubric file: a rubric for each task id, question type or `*`; or one rubric.
pub fn rubric_file_schema() -> Value {
    with_definitions(
        "Rubric file",
        "Rubrics for tasks of a corpus, by task id, by question type, or by * for all.",
        &json!({
            "if": {"required": ["criteria"], "properties": {"criteria": {"type": "array"}}},
            "then": {"$ref": "#/$defs/rubric"},
            "else": {
                "type": "object",
                "minProperties": 1,
                "additionalProperties": {"$ref": "#/$defs/rubric"},
            },
        }),
    )
}

/// The schema of a reward configuration.
pub fn reward_schema() -> Value {
    let defaults = RewardConfig::default();
    let number = |default: f64, most: f64, about: &str| json!({"type": "number", "minimum": 0, "maximum": most, "default": default, "description": about});
    let checks: Map<String, Value> = Check::ALL
        .iter()
        .map(|check| {
            let weight = json!({"type": "number", "minimum": 0, "description": check.meaning()});
            (check.name().to_owned(), weight)
        })
        .collect();
    json!({
        "$schema": DRAFT,
        "title": "Reward configuration",
        "description": "How scores become rewards: docs/spec/rewards.md, section Shaping.",
        "type": "object",
        "additionalProperties": false,
        "properties": {
            "mode": {
                "enum": ["outcome", "binary", "shaped"],
                "default": "outcome",
                "description": "outcome: the score. binary: 1 or 0. shaped: the score, and a little for the process.",
            },
            "process_weight": number(
                defaults.process_weight,
                RewardConfig::MAX_PROCESS_WEIGHT,
                "Most that the process adds to a right answer, in mode shaped.",
            ),
            "wrong_share": number(
                defaults.wrong_share,
                RewardConfig::MAX_WRONG_SHARE,
                "Share of it that a wrong answer can get.",
            ),
            "cascade_credit": number(
                defaults.cascade_credit,
                1.0,
                "Credit for a derived value that is wrong but follows from the report's own numbers.",
            ),
            "checks": {
                "type": "object",
                "additionalProperties": false,
                "minProperties": 1,
                "properties": checks,
                "description": "What the process is made of; checks that are not named weigh nothing.",
            },
        },
    })
}

fn with_definitions(title: &str, description: &str, body: &Value) -> Value {
    let mut schema = json!({"$schema": DRAFT, "title": title, "description": description});
    for (key, value) in body.as_object().into_iter().flatten() {
        schema[key] = value.clone();
    }
    let name = json!({"type": "string", "pattern": "^[A-Za-z_][A-Za-z0-9_]*$"});
    let unit = json!({"enum": ["amount", "count", "percent", "ratio", "pp", "bps", "multiple", "per_share", "year",
        "text", "bool"]});
    let scale = json!({"enum": ["", "thousand", "million", "billion"]});
    let weights: Map<String, Value> = Dimension::SCORED
        .iter()
        .map(|d| (d.name().to_owned(), json!({"type": "number", "minimum": 0})))
        .collect();
    schema["$defs"] = json!({
        "rubric": {
            "type": "object",
            "required": ["criteria"],
            "additionalProperties": false,
            "properties": {
                "task": {"type": "string", "description": "Id of the task."},
                "slots": {"type": "array", "maxItems": Rubric::MAX_SLOTS, "items": {"$ref": "#/$defs/slot"}},
                "criteria": {"type": "array", "minItems": 1, "items": {"oneOf": criteria()}},
                "weights": {
                    "type": "object",
                    "additionalProperties": false,
                    "properties": weights,
                    "description": "Weights of the dimensions; those that are not named weigh nothing.",
                },
                "pass": {
                    "type": "number",
                    "minimum": Rubric::MIN_PASS,
                    "maximum": 1,
                    "default": Rubric::DEFAULT_PASS,
                    "description": "Score from which a report is right.",
                },
            },
        },
        "slot": {
            "type": "object",
            "required": ["name"],
            "additionalProperties": false,
            "properties": {
                "name": {"$ref": "#/$defs/name"},
                "label": {"type": "string", "description": "Text before the value; default: the name with blanks."},
                "section": {"type": "string", "description": "Heading below which the slot stands."},
                "unit": {"$ref": "#/$defs/unit"},
                "scale": {"$ref": "#/$defs/scale"},
            },
        },
        "truth": {
            "type": "object",
            "required": ["value"],
            "additionalProperties": false,
            "properties": {
                "value": {"type": "string"},
                "unit": {"$ref": "#/$defs/unit"},
                "scale": {"$ref": "#/$defs/scale"},
                "op": {"enum": ["exact", "derived"]},
                "decimals": {"type": "integer", "minimum": 0, "maximum": 255},
                "signed_change": {"type": "boolean"},
                "aliases": {"type": "array", "items": {"type": "string"}},
            },
        },
        "name": name,
        "unit": unit,
        "scale": scale,
    });
    schema
}

/// One schema a kind.
fn criteria() -> Vec<Value> {
    KINDS
        .iter()
        .map(|(kind, must, may)| {
            let mut required = vec!["id", "dim", "kind"];
            required.extend(*must);
            let mut properties = json!({
                "id": {"type": "string", "minLength": 1},
                "kind": {"const": kind},
                "dim": {"enum": dimensions(kind)},
                "weight": {"type": "number", "exclusiveMinimum": 0, "maximum": 1_000_000, "default": 1},
            });
            for field in must.iter().chain(*may) {
                properties[*field] = of_field(field);
            }
            json!({
                "title": kind,
                "type": "object",
                "required": required,
                "additionalProperties": false,
                "properties": properties,
            })
        })
        .collect()
}

/// The dimensions that a kind can count in.
fn dimensions(kind: &str) -> Vec<&'static str> {
    match kind {
        "table_access" | "behaviour" => vec![Dimension::Process.name()],
        "answer" => vec![Dimension::Primary.name()],
        "judge" => Dimension::SCORED
            .iter()
            .chain(&[Dimension::Process])
            .map(|d| d.name())
            .collect(),
        _ => Dimension::SCORED.iter().map(|d| d.name()).collect(),
    }
}

fn of_field(field: &str) -> Value {
    let names =
        |least: u32| json!({"type": "array", "minItems": least, "items": {"$ref": "#/$defs/name"}});
    let texts =
        json!({"type": "array", "minItems": 1, "items": {"type": "string", "minLength": 1}});
    match field {
        "slot" | "total" => json!({"$ref": "#/$defs/name"}),
        "slots" => names(0),
        "truth" => json!({"$ref": "#/$defs/truth"}),
        "from" => json!({
            "type": "object",
            "required": ["expr"],
            "additionalProperties": false,
            "properties": {"expr": {"type": "string", "description": "Expression over slots: cost/expense."}},
        }),
        "headings" | "tables" => texts,
        "check" => json!({"enum": Check::ALL.iter().map(|c| c.name()).collect::<Vec<_>>()}),
        "rule" => json!({"type": "string", "description": "low if ratio<0.03 else high"}),
        _ => json!({"type": "string"}),
    }
}
