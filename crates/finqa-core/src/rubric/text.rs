//! Rubrics that people write: JSON or YAML, with errors that name the place.

use std::fmt;

use rustc_hash::FxHashMap;
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::{Value, json};

use super::record::CriterionRecord;
use super::{Criterion, Rubric};
use crate::config_text;
use crate::error::{Error, Result};
use crate::task::Task;

impl Rubric {
    /// Reads JSON text.
    ///
    /// # Errors
    /// [`Error::InvalidConfig`] that names the criterion, the field, the value seen and what would be right.
    ///
    /// ```
    /// use finqa_core::Rubric;
    ///
    /// let error = Rubric::from_json(r#"{"criteria": [{"id": "p1", "dim": "primary", "kind": "value", "slot": "cost",
    ///     "truth": {"value": "5", "scale": "milion"}}]}"#).unwrap_err();
    /// assert!(error.to_string().starts_with(r#"rubric, criterion "p1", field "truth": unknown variant `milion`"#));
    /// ```
    pub fn from_json(text: &str) -> Result<Self> {
        config_text::json("rubric", text).map_err(|e| placed(e, serde_json::from_str(text).ok()))
    }

    /// Reads YAML text, as [`Rubric::from_json`] does JSON. Values need no quotes: `value: 0.0460` keeps its digits.
    ///
    /// # Errors
    /// As [`Rubric::from_json`].
    pub fn from_yaml(text: &str) -> Result<Self> {
        config_text::yaml("rubric", text)
            .map_err(|e| placed(e, config_text::yaml("", text).ok().map(with_texts)))
    }
}

/// An untyped YAML value with texts for the numbers and truth values in it, but for fields that take such.
fn with_texts(mut value: Value) -> Value {
    const TYPED: [&str; 5] = ["weight", "weights", "pass", "decimals", "signed_change"];
    fn write(value: &mut Value) {
        match value {
            Value::Number(_) | Value::Bool(_) => *value = Value::String(value.to_string()),
            Value::Array(items) => items.iter_mut().for_each(write),
            Value::Object(fields) => fields
                .iter_mut()
                .filter(|(field, _)| !TYPED.contains(&field.as_str()))
                .for_each(|(_, value)| write(value)),
            Value::Null | Value::String(_) => {}
        }
    }
    write(&mut value);
    value
}

/// An error of a criterion with the criterion's id and the field; any other as it is.
fn placed(error: Error, value: Option<Value>) -> Error {
    let place = value.and_then(|value| wrong_criterion(&value));
    place.map_or(error, Error::InvalidConfig)
}

fn wrong_criterion(rubric: &Value) -> Option<String> {
    let criteria = rubric.get("criteria")?.as_array()?;
    criteria.iter().enumerate().find_map(|(i, criterion)| {
        let error = serde_json::from_value::<Criterion>(criterion.clone()).err()?;
        let error = error.to_string();
        // What the kind demands says the id itself.
        if error.starts_with("criterion ") {
            return Some(format!("rubric, {error}"));
        }
        let name = match criterion.get("id").and_then(Value::as_str) {
            Some(id) => format!("{id:?}"),
            None => format!("number {}", i + 1),
        };
        let of_field = criterion.as_object().and_then(|fields| {
            fields.iter().find_map(|(field, value)| {
                let mut alone = json!({"id": "", "kind": ""});
                alone[field] = value.clone();
                let error = serde_json::from_value::<CriterionRecord>(alone).err()?;
                Some(format!(
                    "rubric, criterion {name}, field {field:?}: {error}"
                ))
            })
        });
        Some(of_field.unwrap_or_else(|| format!("rubric, criterion {name}: {error}")))
    })
}

/// Rubrics for tasks of a corpus: by task id, by question type, or for all (`*`).
///
/// ```
/// use finqa_core::{Task, rubric::RubricFile};
///
/// let file = RubricFile::from_yaml("
/// '*':
///   criteria:
///     - {id: answer, dim: primary, kind: answer}
///     - {id: listed, dim: process, kind: behaviour, check: listed_before_query}
/// ")?;
/// assert_eq!(file.rubric_for(&Task::default()).map(|r| r.criteria.len()), Some(2));
/// # Ok::<(), finqa_core::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RubricFile {
    rubrics: Vec<(String, Rubric)>,
    places: FxHashMap<String, usize>,
}

impl RubricFile {
    /// The key of the rubric for every task that no other key fits.
    pub const ANY: &'static str = "*";

    /// Reads JSON text: an object of rubrics by key. A single rubric is for its `task`, or for all tasks.
    ///
    /// # Errors
    /// [`Error::InvalidConfig`] that names the key, the criterion, the field, the value seen and what would be right.
    pub fn from_json(text: &str) -> Result<Self> {
        let untyped = config_text::json("rubric file", text)?;
        if is_single(&untyped) {
            return Rubric::from_json(text).map(Self::of_one);
        }
        let entries = config_text::json::<Entries>("rubric file", text);
        Self::new(entries.map_err(|e| placed_in_file(e, &untyped))?)
    }

    /// Reads YAML text, as [`RubricFile::from_json`] does JSON.
    ///
    /// # Errors
    /// As [`RubricFile::from_json`].
    pub fn from_yaml(text: &str) -> Result<Self> {
        // Looked at untyped for what it is; read typed, so that values keep their digits.
        let untyped = config_text::yaml("rubric file", text)?;
        if is_single(&untyped) {
            return Rubric::from_yaml(text).map(Self::of_one);
        }
        let entries = config_text::yaml::<Entries>("rubric file", text);
        Self::new(entries.map_err(|e| placed_in_file(e, &with_texts(untyped)))?)
    }

    fn of_one(rubric: Rubric) -> Self {
        let key = match rubric.task.as_str() {
            "" => Self::ANY.to_owned(),
            task => task.to_owned(),
        };
        Self {
            places: [(key.clone(), 0)].into_iter().collect(),
            rubrics: vec![(key, rubric)],
        }
    }

    fn new(Entries(rubrics): Entries) -> Result<Self> {
        let mut places = FxHashMap::default();
        for (place, (key, _)) in rubrics.iter().enumerate() {
            if places.insert(key.clone(), place).is_some() {
                return Err(Error::InvalidConfig(format!(
                    "rubric file: the key {key:?} stands twice; one rubric a key"
                )));
            }
        }
        if rubrics.is_empty() {
            return Err(Error::InvalidConfig(
                "rubric file: it holds no rubric; write one below a task id, a question type or \"*\"".into(),
            ));
        }
        Ok(Self { rubrics, places })
    }

    /// The rubric of a task: by its id, else by its question type, else that for any task.
    pub fn rubric_for(&self, task: &Task) -> Option<&Rubric> {
        let keys = [task.id.as_str(), &task.question_type, Self::ANY];
        let place = keys.iter().find_map(|key| self.places.get(*key))?;
        Some(&self.rubrics[*place].1)
    }

    /// The rubrics with their keys, as they stand in the file.
    pub fn entries(&self) -> &[(String, Rubric)] {
        &self.rubrics
    }
}

/// Whether the file is a rubric itself.
fn is_single(file: &Value) -> bool {
    file.get("criteria").is_some_and(Value::is_array)
}

/// An error of a file's rubric with its key.
fn placed_in_file(error: Error, file: &Value) -> Error {
    let entries = file.as_object().into_iter().flatten();
    let place = entries
        .filter(|(_, value)| serde_json::from_value::<Rubric>((*value).clone()).is_err())
        .find_map(|(key, value)| {
            let problem = wrong_criterion(value).or_else(|| {
                let error = serde_json::from_value::<Rubric>(value.clone()).err()?;
                Some(error.to_string())
            })?;
            Some(format!("rubric file, key {key:?}: {problem}"))
        });
    place.map_or(error, Error::InvalidConfig)
}

/// Rubrics by key, in order and with repeated keys.
struct Entries(Vec<(String, Rubric)>);

impl<'de> Deserialize<'de> for Entries {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Pairs;
        impl<'de> Visitor<'de> for Pairs {
            type Value = Entries;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("rubrics by task id, question type or \"*\"")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Entries, A::Error> {
                let mut pairs = Vec::new();
                while let Some(pair) = map.next_entry()? {
                    pairs.push(pair);
                }
                Ok(Entries(pairs))
            }
        }
        deserializer.deserialize_map(Pairs)
    }
}
