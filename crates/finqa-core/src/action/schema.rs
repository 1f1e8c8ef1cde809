//! Checking arguments against a tool's JSON schema.
//!
//! Looked at: `properties`, `required`, `additionalProperties: false`, and per property `type` (a name, a list, or
//! `anyOf`/`oneOf` of such) and `enum`. What lies deeper is the tool's own business.

use serde_json::{Map, Value};

use super::feedback::{shown, shown_json};
use crate::tool::ToolSpec;

/// A set of JSON types.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Types(u8);

impl Types {
    const STRING: u8 = 1;
    const INTEGER: u8 = 1 << 1;
    const NUMBER: u8 = 1 << 2;
    const BOOLEAN: u8 = 1 << 3;
    const OBJECT: u8 = 1 << 4;
    const ARRAY: u8 = 1 << 5;
    const NULL: u8 = 1 << 6;

    const NAMES: [&'static str; 7] = [
        "string", "integer", "number", "boolean", "object", "array", "null",
    ];

    fn bit(name: &str) -> u8 {
        Self::NAMES
            .iter()
            .position(|known| *known == name)
            .map_or(0, |bit| 1 << bit)
    }

    /// The types a property's schema allows; none if it does not say.
    pub(super) fn of(schema: &Value) -> Self {
        let named = |schema: &Value| match schema.get("type") {
            Some(Value::String(name)) => Self::bit(name),
            Some(Value::Array(names)) => names
                .iter()
                .filter_map(Value::as_str)
                .fold(0, |set, name| set | Self::bit(name)),
            _ => 0,
        };
        let choices = ["anyOf", "oneOf"]
            .iter()
            .filter_map(|key| schema.get(*key)?.as_array());
        Self(
            choices
                .flatten()
                .fold(named(schema), |set, choice| set | named(choice)),
        )
    }

    fn has(self, bit: u8) -> bool {
        self.0 & bit != 0
    }

    fn any(self) -> bool {
        self.0 != 0
    }

    /// Text without quotes is taken as it is: the schema allows a string or says nothing.
    pub(super) fn takes_text(self) -> bool {
        !self.any() || self.has(Self::STRING)
    }

    fn names(self) -> String {
        let set = |bit: &usize| self.0 & (1 << bit) != 0;
        (0..Self::NAMES.len())
            .filter(set)
            .map(|bit| Self::NAMES[bit])
            .collect::<Vec<_>>()
            .join(" or ")
    }

    /// The value written in an example.
    pub(super) fn example(self) -> &'static str {
        match self.0 {
            0 => "\"...\"",
            set if set & Self::STRING != 0 => "\"...\"",
            set if set & (Self::INTEGER | Self::NUMBER) != 0 => "1",
            set if set & Self::BOOLEAN != 0 => "true",
            set if set & Self::OBJECT != 0 => "{}",
            set if set & Self::ARRAY != 0 => "[]",
            _ => "null",
        }
    }
}

/// The schema of a property.
pub(super) fn property<'a>(spec: &'a ToolSpec, name: &str) -> Option<&'a Value> {
    spec.parameters.get("properties")?.get(name)
}

/// What [`check`] looks at in a tool's schema, read once: every look into a JSON object hashes a key.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Parameters {
    properties: Vec<Property>,
    required: Vec<String>,
    /// Whether there may be no others.
    closed: bool,
}

#[derive(Clone, Debug, PartialEq)]
struct Property {
    name: String,
    types: Types,
    choices: Option<Vec<Value>>,
}

impl Parameters {
    /// Reads the schema of `spec`.
    pub(crate) fn of(spec: &ToolSpec) -> Self {
        let properties = spec.parameters.get("properties").and_then(Value::as_object);
        Self {
            properties: properties
                .into_iter()
                .flatten()
                .map(|(name, schema)| Property {
                    name: name.clone(),
                    types: Types::of(schema),
                    choices: schema.get("enum").and_then(Value::as_array).cloned(),
                })
                .collect(),
            required: spec.required().map(str::to_string).collect(),
            closed: spec.parameters.get("additionalProperties") == Some(&Value::Bool(false)),
        }
    }
}

/// Brings `arguments` into the form that the schema asks for, or says what is wrong with them.
///
/// Two things are brought into form: a number given for a string becomes its text, and `null` given for an optional
/// parameter that cannot be null is dropped.
pub(super) fn check(
    parameters: &Parameters,
    arguments: &mut Map<String, Value>,
) -> Result<(), String> {
    let required = |name: &str| parameters.required.iter().any(|r| r == name);
    let mut wrong = Vec::new();
    let mut dropped = Vec::new();
    for (name, value) in arguments.iter_mut() {
        let Some(property) = parameters.properties.iter().find(|p| p.name == *name) else {
            if parameters.closed {
                wrong.push(format!("there is no parameter {}", shown(name)));
            }
            continue;
        };
        let types = property.types;
        if value.is_null() && types.any() && !types.has(Types::NULL) && !required(name) {
            dropped.push(name.clone());
            continue;
        }
        if let Some(problem) = misfit(property, value) {
            wrong.push(format!("{name} {problem}"));
        }
    }
    for name in dropped {
        arguments.shift_remove(&name);
    }
    let missing: Vec<&str> = parameters
        .required
        .iter()
        .map(String::as_str)
        .filter(|name| !arguments.keys().any(|given| given == name))
        .collect();
    if !missing.is_empty() {
        let given: Vec<&str> = arguments.keys().map(String::as_str).collect();
        let given = if given.is_empty() {
            "nothing".to_string()
        } else {
            given.join(", ")
        };
        wrong.insert(
            0,
            format!(
                "missing {} (you gave {})",
                missing.join(", "),
                shown(&given)
            ),
        );
    }
    if wrong.is_empty() {
        return Ok(());
    }
    wrong.truncate(4);
    Err(wrong.join("; "))
}

/// What is wrong with one value. Turns a number into its text where a string is due.
fn misfit(property: &Property, value: &mut Value) -> Option<String> {
    let types = property.types;
    if types.any() {
        let fits = match value {
            Value::String(_) => types.has(Types::STRING),
            Value::Number(number) => {
                let whole = number.is_i64()
                    || number.is_u64()
                    || number.as_f64().is_some_and(|float| float.fract() == 0.0);
                types.has(Types::NUMBER)
                    || types.has(Types::INTEGER) && whole
                    || types.has(Types::STRING)
            }
            Value::Bool(_) => types.has(Types::BOOLEAN),
            Value::Object(_) => types.has(Types::OBJECT),
            Value::Array(_) => types.has(Types::ARRAY),
            Value::Null => types.has(Types::NULL),
        };
        if !fits {
            return Some(format!(
                "must be {}, not {}",
                types.names(),
                shown_json(value)
            ));
        }
        if let Value::Number(number) = value
            && !types.has(Types::NUMBER | Types::INTEGER)
        {
            *value = Value::String(number_text(number));
        }
    }
    let choices = property.choices.as_ref()?;
    if choices.contains(value) {
        return None;
    }
    let listed: Vec<String> = choices.iter().take(12).map(Value::to_string).collect();
    Some(format!(
        "must be one of {}, not {}",
        listed.join(", "),
        shown_json(value)
    ))
}

/// A number as a person would write it: integers in full, others with the fewest digits that read back as the same
/// double, never with an exponent.
fn number_text(number: &serde_json::Number) -> String {
    match number.as_f64() {
        Some(float) if number.is_f64() => format!("{float}"),
        _ => number.to_string(),
    }
}
