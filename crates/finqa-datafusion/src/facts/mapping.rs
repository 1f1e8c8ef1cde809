//! Which columns of a plain layout mean what.

use std::collections::BTreeMap;
use std::path::Path;

use finqa_data::DataError;
use serde::Deserialize;

use super::error::{FactsError, Result};

/// The roles that a column can have, in the order in which rows are read.
pub(super) const ROLES: [&str; 12] = [
    "company",
    "tag",
    "period",
    "value",
    "unit",
    "filing",
    "filed",
    "form",
    "quarters",
    "segments",
    "label",
    "statement",
];

/// Roles that must have a column.
const REQUIRED: [&str; 4] = ["company", "tag", "period", "value"];

/// Columns of a plain layout, one row a fact: role -> name of the column.
///
/// | role | meaning | default |
/// |---|---|---|
/// | `company`, `tag`, `value` | required | |
/// | `period` | required: a date (the period's end), a year, or a quarter ("2024Q3") | |
/// | `unit` | "USD", "USD/shares", "shares", … | USD |
/// | `filing` | number of the filing | one filing a company |
/// | `filed` | date of the filing: the latest wins | none |
/// | `form` | "10-K", … | none |
/// | `quarters` | length of a period given as a date; 0 is a point in time | 4 |
/// | `segments` | "Axis=Member;" | none |
/// | `label` | how a table names the row | made of the tag |
/// | `statement` | table that shows the fact | made of the tag |
///
/// ```
/// let text = r#"{"company": "ticker", "tag": "concept", "period": "end", "value": "val"}"#;
/// let mapping = finqa_datafusion::facts::Mapping::from_json(text).unwrap();
/// assert!(finqa_datafusion::facts::Mapping::from_json(r#"{"company": "ticker"}"#).is_err());
/// # let _ = mapping;
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct Mapping {
    columns: BTreeMap<String, String>,
}

impl Mapping {
    /// Reads a JSON object: role -> name of the column.
    ///
    /// # Errors
    /// [`FactsError::Invalid`] if it is none, names a role that does not exist or lacks one that is required.
    pub fn from_json(text: &str) -> Result<Self> {
        let mapping: Self = serde_json::from_str(text).map_err(|e| {
            FactsError::Invalid(format!(
                "the mapping is a JSON object of role and column, as in {{\"company\": \"ticker\"}}: {e}"
            ))
        })?;
        if let Some(role) = mapping
            .columns
            .keys()
            .find(|r| !ROLES.contains(&r.as_str()))
        {
            return Err(FactsError::Invalid(format!(
                "the mapping has a role {role:?}; the roles are {}",
                ROLES.join(", ")
            )));
        }
        if let Some(role) = REQUIRED.iter().find(|r| !mapping.columns.contains_key(**r)) {
            return Err(FactsError::Invalid(format!(
                "the mapping has no column for {role:?}; {} are needed",
                REQUIRED.join(", ")
            )));
        }
        Ok(mapping)
    }

    /// Reads [`Mapping::from_json`] from a file.
    ///
    /// # Errors
    /// As [`Mapping::from_json`], and if the file cannot be read.
    pub fn from_file(path: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(path).map_err(|e| DataError::io(path, e))?;
        Self::from_json(&text).map_err(|e| FactsError::Invalid(format!("{}: {e}", path.display())))
    }

    /// The column of each role, in the order of [`ROLES`]; the empty name for roles without one.
    pub(super) fn names(&self) -> [&str; ROLES.len()] {
        ROLES.map(|role| self.columns.get(role).map_or("", String::as_str))
    }

    /// Which of [`Mapping::names`] a file must have: all that are named.
    pub(super) fn is_named(&self, role: usize) -> bool {
        self.columns.contains_key(ROLES[role])
    }
}
