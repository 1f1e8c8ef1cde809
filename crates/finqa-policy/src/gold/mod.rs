//! The gold policy: works through a task's gold program with the tools, reading what they return.

mod fill;
mod report;

use std::collections::VecDeque;

use finqa_core::answer::cell_number;
use finqa_core::calculator::calculate;
use finqa_core::gold::{CellRef, Gold, GoldAnswer};
use finqa_core::task::Task;
use finqa_core::tool::{ToolKind, Toolbox};

use self::fill::{Place, bare, extreme, fill, in_expression};
use self::report::Report;
use crate::actions::call;
use crate::reading::{round_decimal, rows};

/// What the next message does.
#[derive(Clone, Debug, PartialEq)]
enum Move {
    List(usize),
    Info(usize),
    Query(usize),
    Calculate(String),
}

/// A gold program under way.
#[derive(Clone, Debug)]
pub struct GoldRun {
    moves: VecDeque<Move>,
    last: Option<Move>,
    results: Vec<Vec<Vec<String>>>,
    /// What the calculator said in a program that calls it at most once.
    value: Option<String>,
    report: Report,
}

/// What a program without a usable result submits: the honest answer.
const CANNOT_ANSWER: &str = "The tables do not hold the answer.";

impl GoldRun {
    /// Starts the program of `task`; a task without one gives a run that says so.
    pub fn new(task: &Task) -> Self {
        let mut moves = VecDeque::new();
        if let Some(gold) = &task.gold {
            let mut companies: Vec<&str> = Vec::new();
            for (i, query) in gold.queries.iter().enumerate() {
                if !companies.contains(&query.company.as_str()) {
                    companies.push(&query.company);
                    moves.push_back(Move::List(i));
                }
            }
            let mut tables: Vec<(&str, &str)> = Vec::new();
            for (i, query) in gold.queries.iter().enumerate() {
                let pair = (query.company.as_str(), query.table.as_str());
                if !tables.contains(&pair) {
                    tables.push(pair);
                    moves.push_back(Move::Info(i));
                }
            }
            moves.extend((0..gold.queries.len()).map(Move::Query));
        }
        Self {
            moves,
            last: None,
            results: Vec::new(),
            value: None,
            report: Report::default(),
        }
    }

    /// The next message, after `observation` came back for the last one.
    pub fn act(&mut self, task: &Task, tools: &Toolbox, observation: &str) -> String {
        let Some(gold) = &task.gold else {
            return submit(tools, CANNOT_ANSWER);
        };
        match self.last.take() {
            Some(Move::Query(_)) => self.results.push(rows(observation).unwrap_or_default()),
            Some(Move::Calculate(_)) => self.calculated(gold, observation.trim()),
            _ => {}
        }
        if self.moves.is_empty() {
            while let Some(expression) = self.expression(gold) {
                if tools.name_of(ToolKind::Calculator).is_some() {
                    self.moves.push_back(Move::Calculate(expression));
                    break;
                }
                let value = calculate(&expression).unwrap_or_else(|e| e.message);
                self.calculated(gold, &value);
            }
        }
        let Some(next) = self.moves.pop_front() else {
            let answer = self
                .answer(gold)
                .unwrap_or_else(|| CANNOT_ANSWER.to_string());
            return submit(tools, &answer);
        };
        let query = |i: usize| &gold.queries[i];
        let message = match &next {
            Move::List(i) => call(
                tools,
                ToolKind::ListTables,
                &[("company_name", &query(*i).company)],
            ),
            Move::Info(i) => call(
                tools,
                ToolKind::TableInfo,
                &[
                    ("company_name", &query(*i).company),
                    ("table_name", &query(*i).table),
                ],
            ),
            Move::Query(i) => call(
                tools,
                ToolKind::SqlQuery,
                &[
                    ("company_name", &query(*i).company),
                    ("table_name", &query(*i).table),
                    ("query", &query(*i).sql),
                ],
            ),
            Move::Calculate(expression) => call(
                tools,
                ToolKind::Calculator,
                &[("expression", expression.as_str())],
            ),
        };
        self.last = Some(next);
        // Every profile has these tools; one that lacked the tool would be answered honestly.
        message.unwrap_or_else(|| submit(tools, CANNOT_ANSWER))
    }

    /// The next calculator call that the program needs, with the cells filled in; `None` if it needs none.
    fn expression(&mut self, gold: &Gold) -> Option<String> {
        match &gold.answer {
            GoldAnswer::Number {
                expression,
                operands,
                ..
            } if self.value.is_none() && bare(expression).is_none() => {
                self.fill(expression, operands)
            }
            GoldAnswer::Greater {
                left,
                right,
                operands,
            } if self.value.is_none() => Some(format!(
                "({}) > ({})",
                self.fill(left, operands)?,
                self.fill(right, operands)?
            )),
            GoldAnswer::Report {
                operands, values, ..
            } => {
                let results = &self.results;
                let operand = |i: usize| cell_number(cell(results, *operands.get(i)?)?);
                self.report.advance(values, &operand)
            }
            _ => None,
        }
    }

    /// Takes the calculator's answer.
    fn calculated(&mut self, gold: &Gold, result: &str) {
        match &gold.answer {
            GoldAnswer::Report { values, .. } => self.report.calculated(values, result),
            _ => self.value = Some(result.to_owned()),
        }
    }

    fn fill(&self, expression: &str, operands: &[CellRef]) -> Option<String> {
        fill(expression, |place| match place {
            Place::Operand(i) => Some(in_expression(&cell_number(self.cell(*operands.get(i)?)?)?)),
            Place::Value(_) => None,
        })
    }

    fn cell(&self, at: CellRef) -> Option<&str> {
        cell(&self.results, at)
    }

    fn answer(&self, gold: &Gold) -> Option<String> {
        match &gold.answer {
            GoldAnswer::Number {
                expression,
                operands,
                decimals,
                suffix,
            } => {
                let value = match (&self.value, bare(expression)) {
                    (Some(value), _) if value.starts_with("Error") => return None,
                    (Some(value), _) => value.clone(),
                    (None, Some(Place::Operand(i))) => cell_number(self.cell(*operands.get(i)?)?)?,
                    (None, _) => return None,
                };
                let rounded =
                    decimals.map_or(value.clone(), |d| round_decimal(&value, usize::from(d)));
                Some(rounded + suffix)
            }
            GoldAnswer::Cells { cells } => {
                let texts: Option<Vec<&str>> = cells.iter().map(|c| self.cell(*c)).collect();
                Some(texts?.join("; "))
            }
            GoldAnswer::RowCount => Some(self.results.first()?.len().to_string()),
            GoldAnswer::Greater { .. } => match self.value.as_deref() {
                Some("1") => Some("yes".into()),
                Some("0") => Some("no".into()),
                _ => None,
            },
            GoldAnswer::Text { text } => Some(text.clone()),
            GoldAnswer::Extreme {
                operands,
                names,
                largest,
            } => {
                let numbers: Option<Vec<String>> = operands
                    .iter()
                    .map(|at| cell_number(self.cell(*at)?))
                    .collect();
                names.get(extreme(&numbers?, *largest)?).cloned()
            }
            GoldAnswer::Report { values, text, .. } => self.report.text(values, text),
        }
    }
}

fn cell(results: &[Vec<Vec<String>>], at: CellRef) -> Option<&str> {
    let row = results
        .get(usize::from(at.query))?
        .get(usize::from(at.row))?;
    row.get(usize::from(at.column)).map(String::as_str)
}

/// A message that hands in `answer`.
pub(crate) fn submit(tools: &Toolbox, answer: &str) -> String {
    call(tools, ToolKind::SubmitAnswer, &[("answer", answer)])
        .unwrap_or_else(|| format!("FINAL ANSWER: {answer}"))
}
