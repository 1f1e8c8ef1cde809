//! The gold policy: works through a task's gold program with the tools, reading what they return.

use std::collections::VecDeque;

use finqa_core::answer::cell_number;
use finqa_core::calculator::calculate;
use finqa_core::gold::{CellRef, Gold, GoldAnswer};
use finqa_core::task::Task;
use finqa_core::tool::{ToolKind, Toolbox};

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
    value: Option<String>,
    planned_answer: bool,
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
            planned_answer: false,
        }
    }

    /// The next message, after `observation` came back for the last one.
    pub fn act(&mut self, task: &Task, tools: &Toolbox, observation: &str) -> String {
        match self.last.take() {
            Some(Move::Query(_)) => self.results.push(rows(observation).unwrap_or_default()),
            Some(Move::Calculate(_)) => self.value = Some(observation.trim().to_string()),
            _ => {}
        }
        let Some(gold) = &task.gold else {
            return submit(tools, CANNOT_ANSWER);
        };
        if self.moves.is_empty() && !self.planned_answer {
            self.planned_answer = true;
            if let Some(expression) = self.expression(gold) {
                if tools.name_of(ToolKind::Calculator).is_some() {
                    self.moves.push_back(Move::Calculate(expression));
                } else {
                    self.value = calculate(&expression).ok();
                }
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

    /// The calculator call that the program needs, with the cells filled in; `None` if it needs none.
    fn expression(&self, gold: &Gold) -> Option<String> {
        match &gold.answer {
            GoldAnswer::Number {
                expression,
                operands,
                ..
            } if expression.trim() != "{0}" => self.fill(expression, operands),
            GoldAnswer::Greater {
                left,
                right,
                operands,
            } => Some(format!(
                "({}) > ({})",
                self.fill(left, operands)?,
                self.fill(right, operands)?
            )),
            _ => None,
        }
    }

    fn fill(&self, expression: &str, operands: &[CellRef]) -> Option<String> {
        let mut out = expression.to_string();
        for (i, operand) in operands.iter().enumerate() {
            let number = cell_number(self.cell(*operand)?)?;
            let written = if number.starts_with('-') {
                format!("({number})")
            } else {
                number
            };
            out = out.replace(&format!("{{{i}}}"), &written);
        }
        Some(out)
    }

    fn cell(&self, at: CellRef) -> Option<&str> {
        let row = self
            .results
            .get(usize::from(at.query))?
            .get(usize::from(at.row))?;
        row.get(usize::from(at.column)).map(String::as_str)
    }

    fn answer(&self, gold: &Gold) -> Option<String> {
        match &gold.answer {
            GoldAnswer::Number {
                operands,
                decimals,
                suffix,
                ..
            } => {
                let value = match &self.value {
                    Some(value) if value.starts_with("Error") => return None,
                    Some(value) => value.clone(),
                    None => cell_number(self.cell(*operands.first()?)?)?,
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
            GoldAnswer::Extreme { .. } | GoldAnswer::Report { .. } => None,
        }
    }
}

/// A message that hands in `answer`.
pub(crate) fn submit(tools: &Toolbox, answer: &str) -> String {
    call(tools, ToolKind::SubmitAnswer, &[("answer", answer)])
        .unwrap_or_else(|| format!("FINAL ANSWER: {answer}"))
}
