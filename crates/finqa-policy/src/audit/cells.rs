//! Where the cells of a gold program stand in their tables, and what the program comes to with others in their place.

use std::sync::Arc;

use finqa_core::calculator::calculate;
use finqa_core::gold::{CellRef, Gold, GoldAnswer, GoldRule};
use finqa_core::sql::{QueryLimits, ResultStyle};
use finqa_core::task::Task;
use finqa_core::tool::{ToolKind, ToolProfile, Toolbox};
use finqa_core::{Company, Table, Value};
use finqa_env::Context;
use serde_json::Map;

use crate::access;
use crate::actions::calls_in;
use crate::gold::GoldRun;
use crate::reading::rows;
use crate::select;

/// Rows of a query result, as the gold run reads them.
pub(super) type Rows = Vec<Vec<String>>;

/// A query of a gold program with its table and its result.
pub(super) struct Asked {
    company: Arc<Company>,
    table: usize,
    pub(super) rows: Rows,
    /// Row of the table behind each row of the result, and column of the table behind each of its columns; `None` if
    /// the query is not simple enough to say.
    places: Option<(Vec<usize>, Vec<usize>)>,
}

impl Asked {
    pub(super) fn table(&self) -> &Table {
        &self.company.tables[self.table]
    }

    /// Row and column of the table behind a cell of the result.
    pub(super) fn place(&self, at: CellRef) -> Option<(usize, usize)> {
        let (rows, columns) = self.places.as_ref()?;
        Some((
            *rows.get(usize::from(at.row))?,
            *columns.get(usize::from(at.column))?,
        ))
    }
}

/// Runs the queries of `gold`; `None` if one of them fails.
pub(super) fn ask(ctx: &Context, gold: &Gold) -> Option<Vec<Asked>> {
    let limits = QueryLimits {
        style: ResultStyle::Json,
        ..ctx.limits.clone()
    };
    gold.queries
        .iter()
        .map(|query| {
            let company = access::company(&ctx.corpus, &query.company)?;
            let table = company.table(&query.table)?;
            let table = company.tables.iter().position(|t| std::ptr::eq(t, table))?;
            let run = |sql: &str| {
                let result = ctx.backend.query(&company, sql, &limits).ok()?.ok()?;
                rows(&result.text)
            };
            let found = run(&query.sql)?;
            let places = places(&company.tables[table], &query.sql, found.len(), &run);
            Some(Asked {
                company: Arc::clone(&company),
                table,
                rows: found,
                places,
            })
        })
        .collect()
}

fn places(
    table: &Table,
    sql: &str,
    num_rows: usize,
    run: &dyn Fn(&str) -> Option<Rows>,
) -> Option<(Vec<usize>, Vec<usize>)> {
    let columns = select::columns(sql)?
        .iter()
        .map(|token| {
            let name = token.unquoted();
            table
                .columns
                .iter()
                .position(|c| c.eq_ignore_ascii_case(&name))
        })
        .collect::<Option<Vec<usize>>>()?;
    let numbers = run(&select::row_numbers(sql)?)?;
    let rows = numbers
        .iter()
        .map(|row| row.first()?.parse::<usize>().ok()?.checked_sub(1))
        .collect::<Option<Vec<usize>>>()?;
    let fits = rows.len() == num_rows && rows.iter().all(|r| *r < table.num_rows());
    fits.then_some((rows, columns))
}

/// The cells that a program computes with.
pub(super) fn operands(gold: &Gold) -> &[CellRef] {
    match &gold.answer {
        GoldAnswer::Number { operands, .. }
        | GoldAnswer::Greater { operands, .. }
        | GoldAnswer::Extreme { operands, .. }
        | GoldAnswer::Report { operands, .. } => operands,
        GoldAnswer::Cells { cells } => cells,
        GoldAnswer::RowCount | GoldAnswer::Text { .. } => &[],
    }
}

/// Whether another cell gives another answer, so that the same answer would be a mistake that goes unseen: words that
/// are chosen among few (yes, a year, a verdict) may stay the same with good reason.
pub(super) fn answer_shows_its_cells(gold: &Gold) -> bool {
    match &gold.answer {
        GoldAnswer::Number { .. } | GoldAnswer::Cells { .. } => true,
        GoldAnswer::Report { values, .. } => values
            .iter()
            .all(|v| matches!(v.rule, GoldRule::Number { .. })),
        _ => false,
    }
}

/// A cell as the gold run would read it.
pub(super) fn cell_text(table: &Table, row: usize, column: usize) -> String {
    match &table.row(row)[column] {
        Value::Null => String::new(),
        Value::Integer(i) => i.to_string(),
        Value::Real(x) => x.to_string(),
        Value::Text(text) => text.to_string(),
    }
}

/// Plays a gold program on given results instead of the engine's and returns what it submits.
pub(super) struct Replay {
    tools: Toolbox,
}

impl Replay {
    pub(super) fn new() -> finqa_core::Result<Self> {
        let tools = Toolbox::new(ToolProfile::Rllm, &[], Vec::new())?;
        Ok(Self { tools })
    }

    /// The submission; `None` if the program does not come to one.
    pub(super) fn submission(&self, task: &Task, results: &[Rows]) -> Option<String> {
        /// More messages than any program has.
        const MAX_MESSAGES: usize = 500;
        let mut run = GoldRun::new(task);
        let mut observation = String::new();
        let mut results = results.iter();
        for _ in 0..MAX_MESSAGES {
            let message = run.act(task, &self.tools, &observation);
            let (_, calls) = calls_in(&message);
            let (name, arguments) = calls.first()?;
            let argument = |name: &str| arguments.get(name).and_then(serde_json::Value::as_str);
            observation = match self.tools.find(name)?.1.kind {
                ToolKind::SubmitAnswer => return argument("answer").map(Into::into),
                ToolKind::SqlQuery => records(results.next()?),
                ToolKind::Calculator => match calculate(argument("expression")?) {
                    Ok(value) => value,
                    Err(error) => format!("Error: {}", error.message),
                },
                _ => String::new(),
            };
        }
        None
    }
}

/// Rows as the SQL tool writes them, the columns named by their numbers.
fn records(rows: &Rows) -> String {
    let rows: Vec<serde_json::Value> = rows
        .iter()
        .map(|row| {
            let record: Map<String, serde_json::Value> = row
                .iter()
                .enumerate()
                .map(|(i, cell)| (i.to_string(), cell.as_str().into()))
                .collect();
            record.into()
        })
        .collect();
    serde_json::Value::from(rows).to_string()
}
