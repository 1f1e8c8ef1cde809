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
use crate::questions::sheet::{At, units};

/// Headings of a report.
pub(super) const HEADINGS: [&str; 3] = ["1. Inputs", "2. Metrics", "3. Conclusion"];

/// Weight of a label among the primary values.
const LABEL_WEIGHT: f64 = 3.0;

/// Fewest whole reports that are known to be wrong.
const LEAST_KNOWN_WRONG: usize = 3;

/// A line of a report.
#[derive(Clone, Debug)]
struct Line {
    section: usize,
    name: String,
    label: String,
    written: String,
    /// The words of a verdict.
    words: Vec<String>,
}

/// A word by thresholds on a metric: the word of the first limit that is above it, else the last.
pub(super) struct Bands<'b> {
    /// Decimals with three digits at most.
    pub(super) limits: &'b [&'b str],
    /// One more than limits.
    pub(super) words: &'b [&'b str],
}

impl Bands<'_> {
    fn word(&self, value: Ratio) -> Option<&str> {
        for (limit, word) in self.limits.iter().zip(self.words) {
            if Ratio::scaled(units(limit, 3)?, 3).exceeds(value) {
                return Some(word);
            }
        }
        self.words.last().copied()
    }
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
            words: Vec::new(),
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
        // What the report is about, so that a wrong one cannot pass.
        self.criterion(
            Dimension::Primary,
            LABEL_WEIGHT,
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

    /// A verdict on a metric; the first verdict of a report is what it comes down to, so it must be right.
    pub(super) fn verdict(
        &mut self,
        name: &str,
        label: &str,
        on: (&str, Ratio),
        bands: &Bands<'_>,
    ) -> Option<()> {
        let word = bands.word(on.1)?;
        let (last, others) = bands.words.split_last()?;
        let mut rule = String::new();
        for (word, limit) in others.iter().zip(bands.limits) {
            let _ = write!(rule, "{word} if {}<{limit} else ", on.0);
        }
        rule.push_str(last);
        let is_first = self.lines.iter().all(|l| l.words.is_empty());
        self.line(
            2,
            name,
            label.to_owned(),
            word.to_owned(),
            GoldRule::Band {
                expression: format!("${{{}}}", on.0),
                bands: others
                    .iter()
                    .zip(bands.limits)
                    .map(|(word, limit)| ((*limit).to_owned(), (*word).to_owned()))
                    .collect(),
                otherwise: (*last).to_owned(),
            },
        );
        if let Some(line) = self.lines.last_mut() {
            line.words = bands.words.iter().map(|w| (*w).to_owned()).collect();
        }
        self.criterion(
            Dimension::Reasoning,
            if is_first { 2.0 } else { 1.0 },
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
        Some(())
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

    /// The report with something else on some lines.
    pub(super) fn with(&self, changes: &[(&str, &str)]) -> String {
        self.text(|line| {
            let other = changes.iter().find(|(name, _)| *name == line.name);
            other.map_or_else(|| line.written.clone(), |(_, value)| (*value).to_owned())
        })
    }

    /// What is written on a line.
    pub(super) fn written(&self, name: &str) -> &str {
        let mut lines = self.lines.iter();
        lines
            .find(|l| l.name == name)
            .map_or("", |l| l.written.as_str())
    }

    /// The report with all amounts a thousand times as large, as if the table showed another scale.
    pub(super) fn in_thousands(&self) -> String {
        self.text(|line| {
            if line.section == 0 {
                thousandfold(&line.written)
            } else {
                line.written.clone()
            }
        })
    }

    /// The report with the first verdict from another band.
    pub(super) fn misjudged(&self) -> Option<String> {
        let line = self.lines.iter().find(|l| !l.words.is_empty())?;
        let at = line.words.iter().position(|w| *w == line.written)?;
        let other = &line.words[(at + 1) % line.words.len()];
        Some(self.with(&[(&line.name, other)]))
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
            // A mistake that comes to the truth is none.
            if answer == truth || known_wrong.iter().any(|k: &KnownWrong| k.answer == answer) {
                continue;
            }
            if is_right(&answer).iter().any(|(right, _)| *right) {
                return None;
            }
            known_wrong.push(KnownWrong { answer, mistake });
        }
        if known_wrong.len() < LEAST_KNOWN_WRONG {
            return None;
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

/// A plain decimal times a thousand.
fn thousandfold(text: &str) -> String {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let kept = &fraction[..fraction.len().min(3)];
    let rest = &fraction[kept.len()..];
    let point = if rest.is_empty() { "" } else { "." };
    format!("{whole}{kept:0<3}{point}{rest}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thousand_times_as_much() {
        for (text, want) in [("902", "902000"), ("-12.5", "-12500"), ("1.2345", "1234.5")] {
            assert_eq!(thousandfold(text), want);
        }
    }

    #[test]
    fn a_limit_belongs_to_the_band_above() {
        let bands = Bands {
            limits: &["0.05", "0.2"],
            words: &["low", "moderate", "high"],
        };
        for (value, word) in [
            (49, "low"),
            (50, "moderate"),
            (199, "moderate"),
            (200, "high"),
        ] {
            assert_eq!(bands.word(Ratio::scaled(value, 3)), Some(word));
        }
    }
}
