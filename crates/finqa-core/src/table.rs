//! Companies and their tables.

use serde::{Deserialize, Serialize};
use std::collections::HashSet;

use crate::error::{Error, Result};

/// One cell.
///
/// Tables of filings hold only [`Value::Text`] and [`Value::Null`]: the strings that the filing shows
/// (`"$ 1,234"`, `"(56)"`, `"—"`, `""`). Numbers appear only where the source is typed (Parquet, SQLite).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Value {
    /// SQL NULL.
    Null,
    /// 64-bit integer.
    Integer(i64),
    /// 64-bit float; never NaN or infinite.
    Real(f64),
    /// UTF-8 text.
    Text(Box<str>),
}

impl Value {
    /// Text value.
    pub fn text(s: impl Into<Box<str>>) -> Self {
        Self::Text(s.into())
    }

    /// The text, if it is text.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::Text(s) => Some(s),
            _ => None,
        }
    }
}

/// A table as an agent sees it: `rows` is row-major, `columns.len()` values a row.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Table {
    /// Name, unique in its company without regard to case; used verbatim in SQL.
    pub name: String,
    /// Column names: not empty, unique without regard to case. Info and SQL see the same ones.
    pub columns: Vec<String>,
    /// Row-major cells, `rows.len() == num_rows * columns.len()`.
    pub rows: Vec<Value>,
    /// Text for `get_table_info`; may state unit and scale. Empty if there is none.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// Scale stated for the amounts of this table: "", "thousand", "million" or "billion".
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub scale: String,
    /// Further entries of `get_table_info`, in file order (OpenEnv and rLLM pass all of them to the agent).
    #[serde(default, skip_serializing_if = "serde_json::Map::is_empty")]
    pub extra: serde_json::Map<String, serde_json::Value>,
}

impl Table {
    /// Makes a table and checks its invariants.
    ///
    /// # Errors
    /// [`Error::BadTable`] if there are no columns, a name is empty, names repeat without regard to case, or the
    /// number of cells is no multiple of the number of columns. The company is named in the error as `company`.
    pub fn new(
        company: &str,
        name: impl Into<String>,
        columns: Vec<String>,
        rows: Vec<Value>,
    ) -> Result<Self> {
        let table = Self {
            name: name.into(),
            columns,
            rows,
            description: String::new(),
            scale: String::new(),
            extra: serde_json::Map::new(),
        };
        table.check(company)?;
        Ok(table)
    }

    /// Checks the invariants of a table, for example after it was read from disk.
    ///
    /// # Errors
    /// See [`Table::new`].
    pub fn check(&self, company: &str) -> Result<()> {
        let bad = |reason: String| {
            Err(Error::BadTable {
                company: company.into(),
                table: self.name.clone(),
                reason,
            })
        };
        if self.name.trim().is_empty() {
            return bad("the name is empty".into());
        }
        if self.columns.is_empty() {
            return bad("there are no columns; at least one is needed".into());
        }
        let mut seen = HashSet::new();
        for (index, column) in self.columns.iter().enumerate() {
            if column.is_empty() {
                return bad(format!(
                    "column {index} has an empty name; importers call it col_{index}"
                ));
            }
            if !seen.insert(column.to_lowercase()) {
                return bad(format!(
                    "column name {column:?} repeats (SQL ignores case); importers append _2, _3"
                ));
            }
        }
        if !self.rows.len().is_multiple_of(self.columns.len()) {
            return bad(format!(
                "{} cells do not fill rows of {} columns",
                self.rows.len(),
                self.columns.len()
            ));
        }
        Ok(())
    }

    /// Number of rows.
    pub fn num_rows(&self) -> usize {
        self.rows.len() / self.columns.len()
    }

    /// The cells of row `row`.
    ///
    /// # Panics
    /// If `row >= num_rows()`.
    pub fn row(&self, row: usize) -> &[Value] {
        let n = self.columns.len();
        &self.rows[row * n..(row + 1) * n]
    }
}

/// One filer (or one database): the unit of isolation. SQL sees exactly the tables of one company.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Company {
    /// The name that tools take, unique in its corpus without regard to case (`"at_t"`).
    pub name: String,
    /// Tables in the order in which `get_table_names` lists them.
    pub tables: Vec<Table>,
}

impl Company {
    /// Finds a table: exact name first, then without regard to case and surrounding blanks.
    pub fn table(&self, name: &str) -> Option<&Table> {
        self.tables.iter().find(|t| t.name == name).or_else(|| {
            let wanted = name.trim();
            self.tables
                .iter()
                .find(|t| t.name.eq_ignore_ascii_case(wanted))
        })
    }
}
