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
