//! A FinQA question: program, cells, written answer.

use std::collections::BTreeSet;

use finqa_core::answer::{AnswerSpec, Op as Exactness, Scale, Unit};
use finqa_core::gold::{Gold, GoldAnswer};
use finqa_core::{Split, Task};
use serde_json::Value;

use super::super::qa::expr::{Expr, Literal, Op};
use super::super::qa::locate::Bound;
use super::super::qa::number::{self, Number};
use super::super::qa::rounding::{decimals_to_submit, round};
use super::super::qa::spec;
use super::super::qa::sql::Fetch;
use super::super::qa::{Exact, header, records, words};
use super::Sheet;
use super::cells::{all_percent, in_fractions, row_cells};
use super::program::{self, Program};

/// Why a record became no task.
pub(super) struct Refused {
    pub(super) reason: &'static str,
    pub(super) detail: String,
}

/// A refusal as a result.
pub(super) fn refused<T>(reason: &'static str, detail: impl Into<String>) -> Result<T, Refused> {
    Err(Refused {
        reason,
        detail: detail.into(),
    })
}

/// What a record asks and answers.
pub(super) struct Question<'a> {
    pub(super) text: String,
    answer: String,
    exe_ans: &'a Value,
    pub(super) program: &'a str,
    /// Rows of `table` that hold evidence.
    pub(super) evidence: BTreeSet<usize>,
}

/// The written answer: its number and the scale word behind it.
struct Written {
    number: Number,
    scale: Option<Scale>,
}

/// Drops the escape sequences that some fields end with, a letter n after one or two backslashes.
fn clean(text: &str) -> String {
    words::collapse(&text.replace("\\\\n", " ").replace("\\n", " "))
}

impl<'a> Question<'a> {
    pub(super) fn of(record: &'a Value) -> Result<Self, Refused> {
        let qa = record.get("qa").unwrap_or(&Value::Null);
        let text = clean(records::text(qa, "question"));
        let program = records::text(qa, "program");
        for (field, value) in [("question", text.as_str()), ("program", program)] {
            if value.is_empty() {
                return refused(
                    "bad_question",
                    format!("the field qa.{field} is absent or no text"),
                );
            }
        }
        let answer = clean(records::text(qa, "answer"));
        if answer.is_empty() {
            return refused("answer_blank", "the field qa.answer is blank");
        }
        let keys = qa.get("gold_inds").and_then(Value::as_object);
        let evidence = keys
            .into_iter()
            .flat_map(|m| m.keys())
            .filter_map(|k| k.strip_prefix("table_")?.parse().ok())
            .collect();
        let exe_ans = qa.get("exe_ans").unwrap_or(&Value::Null);
        Ok(Self {
            text,
            answer,
            exe_ans,
            program,
            evidence,
        })
    }

    /// The task, without its id.
    pub(super) fn task(&self, sheet: &Sheet, split: &Split) -> Result<Task, Refused> {
        let row = |label: &str| row_cells(sheet, label);
        let parsed = program::parse(self.program, &row).map_err(|e| Refused {
            reason: "program_unreadable",
            detail: format!("{:?}: {e}", self.program),
        })?;
        let (truth, answer, gold, question_type) = match parsed {
            Program::Greater(a, b) => self.comparison(sheet, a, b)?,
            Program::Value(expr) => self.value(sheet, &expr)?,
        };
        let mut unit_hint = spec::hint(&self.text, &sheet.grid, &answer);
        let unknown = answer.unit == Unit::Amount && answer.scale == Scale::One;
        if unknown && unit_hint.is_empty() && header::stated_scale(&self.text).is_none() {
            "Answer in the unit of the table.".clone_into(&mut unit_hint);
        }
        Ok(Task {
            id: String::new(),
            source: format!("finqa/{}", split.0),
            split: split.clone(),
            companies: vec![sheet.grid.company.clone()],
            question: self.text.clone(),
            question_type: question_type.to_owned(),
            unit_hint,
            truth,
            answer,
            gold: Some(gold),
            ..Task::default()
        })
    }

    fn comparison(
        &self,
        sheet: &Sheet,
        a: Expr<Literal>,
        b: Expr<Literal>,
    ) -> Result<(String, AnswerSpec, Gold, &'static str), Refused> {
        let written = self.answer.to_lowercase();
        let exe = self.exe_ans.as_str().unwrap_or_default();
        if written != exe || !matches!(exe, "yes" | "no") {
            return refused(
                "answer_disagrees_with_exe_ans",
                format!("the answer is {written:?}, exe_ans is {}", self.exe_ans),
            );
        }
        // Both sides are bound as one difference, so that they share the operands.
        let bound = self.bind(sheet, &Expr::bin(Op::Sub, a, b))?;
        let greater = bound
            .value(&sheet.grid)
            .is_some_and(|v| v > number::whole(0));
        if greater != (exe == "yes") {
            return refused(
                "program_disagrees_with_exe_ans",
                format!("the cells give {greater}, exe_ans is {exe}"),
            );
        }
        let Expr::Bin(_, left, right) = &bound.expr else {
            return refused("program_unreadable", self.program);
        };
        let (Some(left), Some(right)) = (left.text(), right.text()) else {
            return refused(
                "program_unreadable",
                format!("{:?} has no decimal form", self.program),
            );
        };
        let fetch = Fetch::new(&sheet.grid, &bound.cells);
        let operands = bound.cells.iter().map(|&c| fetch.place(c)).collect();
        let gold = Gold {
            queries: vec![fetch.query],
            answer: GoldAnswer::Greater {
                left,
                right,
                operands,
            },
        };
        Ok((
            written,
            spec::single(Unit::Bool, Scale::One, Exactness::Exact),
            gold,
            "Yes/No",
        ))
    }

    fn written(&self) -> Result<Written, Refused> {
        let (text, scale) = spec::split_scale(&self.answer);
        match number::read(text) {
            Some(number) => Ok(Written { number, scale }),
            None => refused(
                "answer_unreadable",
                format!("{:?} is no single number", self.answer),
            ),
        }
    }

    fn value(
        &self,
        sheet: &Sheet,
        expr: &Expr<Literal>,
    ) -> Result<(String, AnswerSpec, Gold, &'static str), Refused> {
        let written = self.written()?;
        let bound = self.bind(sheet, expr)?;
        let exe = self.exe_ans.as_number().and_then(|n| exact(&n.to_string()));
        let Some(exe) = exe else {
            return refused(
                "program_disagrees_with_exe_ans",
                format!("exe_ans is {}, no number", self.exe_ans),
            );
        };
        // The cells' value as FinQA's evaluator counts: percentages are fractions.
        let fractions = in_fractions(&bound);
        let value = fractions.value(&sheet.grid);
        let Some(value) = value.filter(|v| round(v, 5) == round(&exe, 5)) else {
            let seen = program::official_value(expr).and_then(|v| number::plain(&round(&v, 5)));
            return refused(
                "program_disagrees_with_exe_ans",
                format!(
                    "exe_ans is {}, the program gives {seen:?} as written, another value over the table's cells",
                    self.exe_ans
                ),
            );
        };
        let factors: [i64; 2] = if written.number.percent {
            [100, 1]
        } else {
            [1, 100]
        };
        let found = factors.into_iter().find_map(|f| {
            let digits = decimals_to_submit(&(&value * number::whole(f)), &written.number)?;
            Some((f, digits))
        });
        let Some((factor, decimals)) =
            found.filter(|(f, _)| *f == 1 || self.may_be_percent(&written, &bound, sheet))
        else {
            return refused(
                "answer_disagrees_with_exe_ans",
                format!(
                    "the answer is {:?}, exe_ans is {}",
                    self.answer, self.exe_ans
                ),
            );
        };
        let points = bound.expr.is_linear() && bound.percent.iter().all(|p| *p);
        let expr = match factor {
            100 if points => bound.expr.clone(),
            100 => fractions.expr.clone().times(100),
            _ => fractions.expr.clone(),
        };
        let Some(expression) = expr.text() else {
            return refused(
                "program_unreadable",
                format!("{:?} has no decimal form", self.program),
            );
        };
        let mut answer = self.answer_spec(sheet, &written, &bound, factor);
        let result = &value * number::whole(factor);
        let exact =
            result == written.number.value && (expr.is_additive() || written.number.decimals == 0);
        answer.op = if exact {
            Exactness::Exact
        } else {
            Exactness::Derived
        };
        answer.signed_change = spec::signed_change(&self.text);
        let fetch = Fetch::new(&sheet.grid, &bound.cells);
        let gold = Gold {
            answer: GoldAnswer::Number {
                expression,
                operands: bound.cells.iter().map(|&c| fetch.place(c)).collect(),
                decimals: Some(decimals),
                suffix: if written.number.percent {
                    "%".to_owned()
                } else {
                    String::new()
                },
            },
            queries: vec![fetch.query],
        };
        let kind = question_type(&bound.expr);
        Ok((written.number.text(), answer, gold, kind))
    }

    /// A written number a hundred times `exe_ans` is a percentage if it or the question says so.
    fn may_be_percent(&self, written: &Written, bound: &Bound, sheet: &Sheet) -> bool {
        let lower = self.text.to_lowercase();
        written.number.percent
            || bound.shows_percent(&sheet.grid)
            || lower.contains("percent")
            || lower.contains('%')
    }

    fn answer_spec(
        &self,
        sheet: &Sheet,
        written: &Written,
        bound: &Bound,
        factor: i64,
    ) -> AnswerSpec {
        let difference = matches!(bound.expr, Expr::Bin(Op::Sub, ..)) && bound.expr.is_linear();
        let unit = if written.number.percent || factor == 100 {
            if difference && (factor == 1 || all_percent(bound, sheet)) {
                Unit::Pp
            } else {
                Unit::Percent
            }
        } else if bound.expr.is_quotient() {
            Unit::Ratio
        } else {
            spec::amount_unit(&self.text)
        };
        let scale = written
            .scale
            .or_else(|| header::stated_scale(&self.text))
            .or_else(|| sheet.grid.scale())
            .unwrap_or_default();
        spec::single(unit, scale, Exactness::Derived)
    }
}

/// A JSON number's exact value; `exe_ans` has five digits after the point at most.
fn exact(text: &str) -> Option<Exact> {
    number::read(text).map(|n| n.value)
}

fn question_type(expr: &Expr<usize>) -> &'static str {
    match expr {
        Expr::Bin(Op::Div, a, b) if b.is_const() && a.is_additive() => "Average",
        Expr::Bin(Op::Div, a, b) => match &**a {
            Expr::Bin(Op::Sub, _, old) if old == b => "Growth - YoY",
            _ => "Financial Ratio - Composition",
        },
        Expr::Bin(Op::Sub, a, b) if b.is_const() && a.is_quotient() => "Growth - YoY",
        Expr::Bin(Op::Sub, ..) if expr.is_additive() => "Net Change",
        Expr::Bin(Op::Add, ..) if expr.is_additive() => "Sum",
        Expr::Call(..) => "Max/Min",
        _ => "Arithmetic",
    }
}
