//! Queries, gold programs and answers of the questions.

use finqa_core::answer::{AnswerSpec, Multi, Op, Scale, Unit};
use finqa_core::gold::{CellRef, Gold, GoldAnswer, GoldQuery};

use super::Draft;
use crate::builtin::grid::{Written, plain, scale_words};

/// A cell by its row and by its value column (0 is the newest year).
#[derive(Clone, Copy)]
pub(super) struct Cell {
    pub(super) row: usize,
    pub(super) column: usize,
}

/// A query for cells of one table, and where each is in the result. Rows come in table order.
pub(super) fn select(
    company: &str,
    table: &Written,
    cells: &[Cell],
) -> (GoldQuery, Vec<(u16, u16)>) {
    let mut rows: Vec<usize> = cells.iter().map(|c| c.row).collect();
    rows.sort_unstable();
    rows.dedup();
    let mut columns: Vec<usize> = Vec::new();
    for cell in cells {
        if !columns.contains(&cell.column) {
            columns.push(cell.column);
        }
    }
    let label = identifier(&table.label_header);
    let mut shown: Vec<String> = columns
        .iter()
        .map(|&c| identifier(&table.headers[c]))
        .collect();
    let literals: Vec<String> = rows
        .iter()
        .map(|&r| format!("'{}'", table.labels[r].replace('\'', "''")))
        .collect();
    let (filter, offset) = match literals.as_slice() {
        [one] => (format!("{label} = {one}"), 0),
        several => {
            shown.insert(0, label.clone());
            (format!("{label} IN ({})", several.join(", ")), 1)
        }
    };
    let sql = format!(
        "SELECT {} FROM {} WHERE {filter}",
        shown.join(", "),
        identifier(&table.table.name)
    );
    let place = |cell: &Cell| {
        let row = rows.iter().position(|r| *r == cell.row).unwrap_or_default();
        let column = columns
            .iter()
            .position(|c| *c == cell.column)
            .unwrap_or_default();
        (row as u16, (column + offset) as u16)
    };
    let places = cells.iter().map(place).collect();
    (
        GoldQuery {
            company: company.to_owned(),
            table: table.table.name.clone(),
            sql,
        },
        places,
    )
}

fn identifier(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

pub(super) fn operands(query: u16, places: &[(u16, u16)]) -> Vec<CellRef> {
    places
        .iter()
        .map(|&(row, column)| CellRef { query, row, column })
        .collect()
}

pub(super) fn number(
    queries: Vec<GoldQuery>,
    expression: &str,
    operands: Vec<CellRef>,
    decimals: Option<u8>,
    suffix: &str,
) -> Gold {
    let answer = GoldAnswer::Number {
        expression: expression.to_owned(),
        operands,
        decimals,
        suffix: suffix.to_owned(),
    };
    Gold { queries, answer }
}

pub(super) fn spec(unit: Unit, scale: Scale, op: Op, signed_change: bool) -> AnswerSpec {
    AnswerSpec {
        unit,
        scale,
        op,
        multi: Multi::Single,
        signed_change,
        aliases: Vec::new(),
    }
}

pub(super) fn amount(
    question_type: &'static str,
    question: String,
    table: &Written,
    value: i64,
    hint: &str,
    signed_change: bool,
    gold: Gold,
) -> Draft {
    Draft {
        question_type,
        question,
        unit_hint: format!("Answer in {}.{hint}", scale_words(table.display.scale)),
        truth: boxed(&plain(value.into(), table.display.decimals)),
        answer: spec(Unit::Amount, table.display.scale, Op::Exact, signed_change),
        gold,
    }
}

pub(super) fn boxed(value: &str) -> String {
    format!("\\boxed{{{value}}}")
}
