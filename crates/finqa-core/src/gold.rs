//! Gold programs: how a task's answer is found with the tools, as data.
//!
//! A program is queries, then an expression over cells of their results, then a rounding. Executing it needs an
//! engine, so that lives in `finqa-policy`; importers and the generator only write programs.

use serde::{Deserialize, Serialize};

/// One SQL call of a gold program.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GoldQuery {
    /// Company to ask.
    pub company: String,
    /// Table to ask (its info is read first).
    pub table: String,
    /// The query. One table, quoted names, a WHERE clause, never `SELECT *`: passes the guards of every profile.
    pub sql: String,
}

/// Where a program's number comes from: the cell at `row`, `column` of the result of query `query`.
///
/// The cell is read as filings write numbers (`"$ (1,234)"` is −1234, `"—"` is 0, `"21.0%"` is 21).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct CellRef {
    /// Index into [`Gold::queries`].
    pub query: u16,
    /// Row of the result.
    pub row: u16,
    /// Column of the result.
    pub column: u16,
}

/// What is done with the cells.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum GoldAnswer {
    /// A number: `expression` with `{0}`, `{1}`, … standing for `operands`, evaluated by the calculator tool and
    /// rounded half away from zero to `decimals` digits after the point (`None`: as exact as the calculator is).
    /// If the expression is exactly `{0}` no calculator call is made.
    Number {
        /// Expression over the operands, in the calculator's language.
        expression: String,
        /// The cells that the expression refers to.
        operands: Vec<CellRef>,
        /// Digits after the point of the submission.
        decimals: Option<u8>,
        /// Written behind the number ("%", " million"); empty for none.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        suffix: String,
    },
    /// The cells' texts themselves, joined by "; " if there are several.
    Cells {
        /// The cells.
        cells: Vec<CellRef>,
    },
    /// How many rows the first query returns.
    RowCount,
    /// `"yes"` or `"no"`: is the first expression's value greater than the second's?
    Greater {
        /// Left expression, as in `Number`.
        left: String,
        /// Right expression.
        right: String,
        /// The cells that both refer to.
        operands: Vec<CellRef>,
    },
    /// A fixed text, for answers that no table holds ("not answerable").
    Text {
        /// The submission.
        text: String,
    },
    /// The name that goes with the largest (or smallest) operand: a year, a label.
    Extreme {
        /// The cells that are compared.
        operands: Vec<CellRef>,
        /// One name an operand.
        names: Vec<String>,
        /// The largest operand is meant, not the smallest.
        largest: bool,
    },
    /// Several values put into a text: years with their ratios, the report that a multi-table question asks for.
    Report {
        /// The cells that expressions refer to as `{0}`, `{1}`, …
        operands: Vec<CellRef>,
        /// What is worked out, in this order; expressions refer to earlier values as `${name}`.
        values: Vec<GoldValue>,
        /// The submission, with `${name}` standing for the values as written.
        text: String,
    },
}

/// A named value of a report.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GoldValue {
    /// Name, unique in its report: the slot of a rubric.
    pub name: String,
    /// How it is found.
    pub rule: GoldRule,
}

/// How a value of a report is found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum GoldRule {
    /// A number, as in [`GoldAnswer::Number`]. Later expressions see it unrounded and without suffix.
    Number {
        /// Expression over operands and earlier values; exactly `{i}` needs no calculator call.
        expression: String,
        /// Digits after the point as written; `None`: as exact as the calculator is.
        decimals: Option<u8>,
        /// Written behind the number.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        suffix: String,
    },
    /// The name that goes with the largest (or smallest) of several expressions.
    Extreme {
        /// The expressions that are compared.
        expressions: Vec<String>,
        /// One name an expression.
        names: Vec<String>,
        /// The largest value is meant, not the smallest.
        largest: bool,
    },
    /// A word by thresholds: the first band whose limit is above the value of `expression`, else `otherwise`.
    Band {
        /// What is compared with the limits.
        expression: String,
        /// Limits, ascending, as decimal text, each with its word.
        bands: Vec<(String, String)>,
        /// The word at or above the last limit.
        otherwise: String,
    },
}

/// A gold program.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gold {
    /// The queries, in order.
    pub queries: Vec<GoldQuery>,
    /// What becomes of their results.
    pub answer: GoldAnswer,
}

impl Gold {
    /// Whether the answer takes arithmetic: some expression is more than a cell or an earlier value.
    ///
    /// Arithmetic inside the queries does not count, and neither do comparisons and row counts.
    pub fn needs_arithmetic(&self) -> bool {
        self.calculations().next().is_some()
    }

    /// The calls that the program makes: a list for each company, a schema for each table, the queries, the
    /// calculations and the submission.
    pub fn num_calls(&self) -> usize {
        let first_about = |same: &dyn Fn(&GoldQuery, &GoldQuery) -> bool| {
            let mut count = 0;
            for (i, query) in self.queries.iter().enumerate() {
                count += usize::from(!self.queries[..i].iter().any(|q| same(q, query)));
            }
            count
        };
        let companies = first_about(&|a, b| a.company == b.company);
        let tables = first_about(&|a, b| a.company == b.company && a.table == b.table);
        companies + tables + self.queries.len() + self.calculations().count() + 1
    }

    /// The expressions that the calculator works out.
    fn calculations(&self) -> impl Iterator<Item = &str> {
        let (pair, values): ([&str; 2], &[GoldValue]) = match &self.answer {
            GoldAnswer::Number { expression, .. } => ([expression, ""], &[]),
            GoldAnswer::Greater { left, right, .. } => ([left, right], &[]),
            GoldAnswer::Report { values, .. } => (["", ""], values),
            GoldAnswer::Cells { .. }
            | GoldAnswer::RowCount
            | GoldAnswer::Text { .. }
            | GoldAnswer::Extreme { .. } => (["", ""], &[]),
        };
        let of_values = values.iter().flat_map(|value| match &value.rule {
            GoldRule::Number { expression, .. } | GoldRule::Band { expression, .. } => {
                std::slice::from_ref(expression)
            }
            GoldRule::Extreme { expressions, .. } => expressions,
        });
        pair.into_iter()
            .chain(of_values.map(String::as_str))
            .filter(|expression| !is_bare(expression))
    }

    /// The tables that the program asks, in order, each once, as (company, table).
    pub fn tables(&self) -> Vec<(&str, &str)> {
        let mut out: Vec<(&str, &str)> = Vec::new();
        for q in &self.queries {
            let pair = (q.company.as_str(), q.table.as_str());
            if !out.contains(&pair) {
                out.push(pair);
            }
        }
        out
    }
}

/// An expression that only names a cell (`{0}`) or an earlier value (`${name}`), or nothing.
fn is_bare(expression: &str) -> bool {
    let expression = expression.trim();
    let name = expression.strip_prefix('$').unwrap_or(expression);
    let inner = name.strip_prefix('{').and_then(|n| n.strip_suffix('}'));
    expression.is_empty() || inner.is_some_and(|n| !n.contains(['{', '}']))
}
