//! A report under construction: lines with values, each with its rule for the gold program and its criterion.

use std::fmt::Write as _;

use finqa_core::answer::{AnswerMode, AnswerSpec, Multi, Op, Unit, cell_number};
use finqa_core::gold::{CellRef, Gold, GoldAnswer, GoldRule, GoldValue};
use finqa_core::rubric::{
    Criterion, CriterionKind, Dimension, Rubric, RubricOptions, Slot, SlotTruth, score_rubric,
};
use finqa_core::task::{KnownWrong, Mistake};

use crate::questions::Draft;
use crate::questions::ask::identity;
use crate::questions::desk::Desk;
use crate::questions::exact::Ratio;
use crate::questions::form::Form;
use crate::questions::program::{calculated_from, fetch};
use crate::questions::sheet::At;

/// Headings of a report.
pub(super) const HEADINGS: [&str; 3] = ["1. Inputs", "2. Metrics", "3. Conclusion"];

/// A line of a report.
#[derive(Clone, Debug)]
struct Line {
    section: usize,
    name: String,
    label: String,
    written: String,
}

/// A report with its truth.
pub(super) struct Report<'d, 'a> {
    desk: &'d Desk<'a>,
    /// The company that cells are taken from, if it is another one.
    other: Option<&'d Desk<'a>>,
    /// Cells with the company they are of: the other one?
    cells: Vec<(bool, At)>,
    lines: Vec<Line>,
    values: Vec<GoldValue>,
    criteria: Vec<Criterion>,
}

impl<'d, 'a> Report<'d, 'a> {
    pub(super) fn new(desk: &'d Desk<'a>) -> Self {
        Self {
            desk,
            other: None,
            cells: Vec::new(),
            lines: Vec::new(),
            values: Vec::new(),
            criteria: Vec::new(),
        }
    }

    /// From here on cells are those of another company.
    pub(super) fn turn_to(&mut self, other: &'d Desk<'a>) {
        self.other = Some(other);
    }

    fn desk(&self) -> &'d Desk<'a> {
        self.other.unwrap_or(self.desk)
    }

    /// The place of a cell among the operands.
    pub(super) fn operand(&mut self, at: At) -> usize {
        let cell = (self.other.is_some(), at);
        self.cells
            .iter()
            .position(|c| *c == cell)
            .unwrap_or_else(|| {
                self.cells.push(cell);
                self.cells.len() - 1
            })
    }

    /// The cells of one of the companies.
    fn cells_of(&self, other: bool) -> Vec<At> {
        let own = self.cells.iter().filter(|(of, _)| *of == other);
        own.map(|(_, at)| *at).collect()
    }

    fn criterion(&mut self, dim: Dimension, weight: f64, kind: CriterionKind) {
        let nth = self.criteria.iter().filter(|c| c.dim == dim).count() + 1;
        self.criteria.push(Criterion {
            id: format!("{}_{nth}", dim.name()),
            dim,
            weight,
            kind,
        });
    }

    fn line(&mut self, section: usize, name: &str, label: String, written: String, rule: GoldRule) {
        self.lines.push(Line {
            section,
            name: name.to_owned(),
            label,
            written,
        });
        self.values.push(GoldValue {
            name: name.to_owned(),
            rule,
        });
    }

    /// A cell as it stands in its table.
    pub(super) fn input(&mut self, name: &str, label: &str, at: At) -> Option<()> {
        let sheet = self.desk().sheet(at);
        let form = Form::of_row(sheet.written, at.row, 0, Op::Exact);
        let written = form.write(sheet.value(at.row, at.column)?.into());
        let place = self.operand(at);
        self.line(
            0,
            name,
            label.to_owned(),
            written.clone(),
            GoldRule::Number {
                expression: format!("{{{place}}}"),
                decimals: None,
                suffix: form.suffix.to_owned(),
            },
        );
        self.criterion(
            Dimension::Primary,
            1.0,
            CriterionKind::Value {
                slot: name.to_owned(),
                truth: SlotTruth {
                    value: written,
                    decimals: None,
                    answer: form.spec(Multi::Single),
                },
                from: None,
            },
        );
        Some(())
    }

    /// A number that follows from inputs; `expression` names them as `${name}`.
    pub(super) fn metric(
        &mut self,
        name: &str,
        label: &str,
        expression: &str,
        exact: Ratio,
        form: &Form,
    ) -> Option<()> {
        let value = exact.rounded(form.decimals)?;
        // The calculator must agree, with the inputs put in.
        let mut filled = expression.to_owned();
        for line in &self.values {
            if let GoldRule::Number { expression, .. } = &line.rule {
                filled = filled.replace(&format!("${{{}}}", line.name), &format!("({expression})"));
            }
        }
        let shown: Option<Vec<String>> = self
            .cells
            .iter()
            .map(|(of_other, at)| {
                let desk = if *of_other { self.desk() } else { self.desk };
                cell_number(desk.sheet(*at).written.shown(at.row, at.column))
            })
            .collect();
        if value == 0 || calculated_from(&filled, &shown?, form.decimals) != Some(value) {
            return None;
        }
        let written = form.write(value);
        self.line(
            1,
            name,
            label.to_owned(),
            written.clone(),
            GoldRule::Number {
                expression: expression.to_owned(),
                decimals: Some(form.decimals),
                suffix: form.suffix.to_owned(),
            },
        );
        self.criterion(
            Dimension::Derived,
            1.0,
            CriterionKind::Value {
                slot: name.to_owned(),
                truth: SlotTruth {
                    value: written,
                    decimals: Some(form.decimals),
                    answer: form.spec(Multi::Single),
                },
                from: Some(expression.replace("${", "").replace('}', "")),
            },
        );
        Some(())
    }

    /// A label that goes with the largest of several expressions over operands (`{0}`, …).
    pub(super) fn label(
        &mut self,
        section: usize,
        name: &str,
        label: &str,
        expressions: Vec<String>,
        names: Vec<String>,
        (best, aliases): (usize, Vec<String>),
    ) -> Option<()> {
        let truth = names.get(best)?.clone();
        let spec = AnswerSpec {
            unit: Unit::Text,
            op: Op::Exact,
            aliases,
            ..AnswerSpec::default()
        };
        self.line(
            section,
            name,
            label.to_owned(),
            truth.clone(),
            GoldRule::Extreme {
                expressions,
                names,
                largest: true,
            },
        );
        self.criterion(
            Dimension::Primary,
            1.0,
            CriterionKind::Text {
                slot: name.to_owned(),
                truth: SlotTruth {
                    value: truth,
                    decimals: None,
                    answer: spec,
                },
            },
        );
        Some(())
    }

    /// A word by thresholds on a metric: the first whose limit is above it, else the last.
    pub(super) fn verdict(
        &mut self,
        name: &str,
        label: &str,
        on: (&str, Ratio),
        bands: &[(&str, Ratio)],
        otherwise: &str,
        limits: &[&str],
    ) {
        let word = bands
            .iter()
            .find(|(_, limit)| limit.exceeds(on.1))
            .map_or(otherwise, |(word, _)| word);
        let mut rule = String::new();
        for ((word, _), limit) in bands.iter().zip(limits) {
            let _ = write!(rule, "{word} if {}<{limit} else ", on.0);
        }
        rule.push_str(otherwise);
        self.line(
            2,
            name,
            label.to_owned(),
            word.to_owned(),
            GoldRule::Band {
                expression: format!("${{{}}}", on.0),
                bands: bands
                    .iter()
                    .zip(limits)
                    .map(|((word, _), limit)| ((*limit).to_owned(), (*word).to_owned()))
                    .collect(),
                otherwise: otherwise.to_owned(),
            },
        );
        self.criterion(
            Dimension::Reasoning,
            1.0,
            CriterionKind::Choice {
                slot: name.to_owned(),
                rule,
                truth: Some(SlotTruth {
                    value: word.to_owned(),
                    decimals: None,
                    answer: AnswerSpec {
                        unit: Unit::Text,
                        op: Op::Exact,
                        ..AnswerSpec::default()
                    },
                }),
            },
        );
    }

    /// Inputs that add up to another.
    pub(super) fn adds_up(&mut self, parts: Vec<String>, total: &str) {
        self.criterion(
            Dimension::Consistency,
            1.0,
            CriterionKind::Sum {
                slots: parts,
                total: total.to_owned(),
                tolerance: String::new(),
            },
        );
    }

    /// The report with `value` behind each label.
    fn text(&self, value: impl Fn(&Line) -> String) -> String {
        let mut out = String::new();
        for (section, heading) in HEADINGS.iter().enumerate() {
            if !out.is_empty() {
                out.push('\n');
            }
            out.push_str(heading);
            for line in self.lines.iter().filter(|l| l.section == section) {
                let _ = write!(out, "\n- {}: {}", line.label, value(line));
            }
        }
        out
    }

    /// The report that is all right.
    pub(super) fn truth(&self) -> String {
        self.text(|line| line.written.clone())
    }

    /// The draft, if the rubric is sound and takes the truth for right and every wrong report for wrong.
    pub(super) fn draft(
        mut self,
        question_type: &'static str,
        question: String,
        hint: &str,
        wrong: Vec<(String, Mistake)>,
    ) -> Option<Draft> {
        let headings = HEADINGS.map(str::to_owned).to_vec();
        self.criterion(
            Dimension::Completeness,
            1.0,
            CriterionKind::Filled { slots: Vec::new() },
        );
        self.criterion(
            Dimension::Structure,
            1.0,
            CriterionKind::Format { headings },
        );
        let mut tables: Vec<String> = Vec::new();
        for (of_other, at) in &self.cells {
            let desk = if *of_other { self.desk() } else { self.desk };
            let name = &desk.sheet(*at).written.table.name;
            if !tables.contains(name) {
                tables.push(name.clone());
            }
        }
        if tables.len() < 2 || tables.len() > self.desk.view.config.max_hops as usize {
            return None;
        }
        self.criterion(
            Dimension::Process,
            1.0,
            CriterionKind::TableAccess { tables },
        );
        for check in ["listed_before_query", "recovered_from_error"] {
            self.criterion(
                Dimension::Process,
                1.0,
                CriterionKind::Behaviour {
                    check: check.to_owned(),
                },
            );
        }
        let slots = self
            .lines
            .iter()
            .map(|line| Slot {
                name: line.name.clone(),
                label: line.label.clone(),
                ..Slot::default()
            })
            .collect();
        let rubric = Rubric {
            slots,
            criteria: std::mem::take(&mut self.criteria),
            ..Rubric::default()
        };
        rubric.check().ok()?;
        let truth = self.truth();
        let is_right = |text: &str| {
            [AnswerMode::Strict, AnswerMode::OpenEnv].map(|mode| {
                let score = score_rubric(text, &rubric, &RubricOptions::of(mode));
                (score.is_correct, score.score > 0.999)
            })
        };
        if is_right(&truth) != [(true, true); 2] {
            return None;
        }
        let mut known_wrong = Vec::new();
        for (answer, mistake) in wrong {
            if answer == truth || is_right(&answer).iter().any(|(right, _)| *right) {
                return None;
            }
            known_wrong.push(KnownWrong { answer, mistake });
        }
        let (mut queries, mut operands) = fetch(self.desk, &self.cells_of(false));
        let mut id = identity(question_type, self.desk, &self.cells_of(false), "report");
        let mut companies = Vec::new();
        if let Some(other) = self.other {
            // Operands of the other company were all added last, so the places stay.
            let cells = self.cells_of(true);
            let (more, places) = fetch(other, &cells);
            let before = queries.len() as u16;
            operands.extend(places.into_iter().map(|place| CellRef {
                query: place.query + before,
                ..place
            }));
            queries.extend(more);
            id.push_str(&identity(&other.view.identity.slug, other, &cells, ""));
            companies.push(other.view.identity.slug.clone());
        }
        let template = self.text(|_| "?".to_owned());
        let text = self.text(|line| format!("${{{}}}", line.name));
        Some(Draft {
            question_type,
            question,
            unit_hint: format!("{hint}\n\nFill in this report, one value a line:\n{template}"),
            identity: id,
            companies,
            truth,
            answer: AnswerSpec::default(),
            gold: Gold {
                queries,
                answer: GoldAnswer::Report {
                    operands,
                    values: self.values,
                    text,
                },
            },
            known_wrong,
            rubric: Some(rubric),
        })
    }
}
