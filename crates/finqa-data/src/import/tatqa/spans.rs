//! Lookups: one span, several spans, and counts of things that the table lists.

use finqa_core::answer::{AnswerMode, AnswerSpec, Multi, Op, Scale, Unit, score_answer};
use finqa_core::gold::{Gold, GoldAnswer};
use serde_json::Value;

use super::super::qa::grid::Grid;
use super::super::qa::number::{self, Number};
use super::super::qa::sql::Fetch;
use super::super::qa::{spec, words};
use super::{Answered, Question, Refused};

/// Where the table shows a span.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Place {
    Cell(usize, usize),
    /// In a column header, a section heading, or in what the header says about the whole table.
    Header,
}

/// One span of a written answer.
struct Span {
    text: String,
    number: Option<Number>,
    scale: Option<Scale>,
    place: Place,
    /// The cell shows the number with the other sign: 365 vested shares stand as `(365)`.
    negated: bool,
}

/// Reads a span or multi-span question; every span must stand in the table.
pub(super) fn read(grid: &Grid, question: &Question<'_>) -> Result<Answered, Refused> {
    let texts: Vec<&str> = match question.answer {
        Value::Array(items) => items.iter().filter_map(Value::as_str).collect(),
        Value::String(s) => vec![s.as_str()],
        _ => Vec::new(),
    };
    if texts.is_empty() {
        let detail = format!(
            "the answer is {}; it must be a list of strings",
            question.answer
        );
        return Err(Refused::new("bad_answer", detail));
    }
    let mut taken = Vec::new();
    let mut spans = Vec::new();
    for text in &texts {
        let span = find(grid, question, text, &taken).ok_or_else(|| {
            Refused::new(
                "span_not_in_table",
                format!("no cell or header shows {text:?}"),
            )
        })?;
        taken.push(span.place);
        spans.push(span);
    }
    let unit = unit(grid, question, &spans);
    let scale = spans
        .iter()
        .find_map(|s| s.scale)
        .unwrap_or(question.scale());
    let mut answer = spec::single(unit, scale, Op::Exact);
    if spans.len() > 1 {
        answer.multi = Multi::List;
    }
    let truth = truth(&spans, unit)?;
    if unit == Unit::Text && spans.len() == 1 {
        answer.aliases = aliases(grid, &spans[0]);
    }
    Ok(Answered {
        gold: gold(grid, &spans, &truth, &answer),
        unit_hint: spec::hint(question.text, grid, &answer),
        truth,
        answer,
        question_type: if spans.len() > 1 {
            "Lookup list"
        } else {
            "Lookup"
        },
    })
}

/// Reads a count: the things counted, listed in the derivation between `##`, must stand in the table.
pub(super) fn read_count(grid: &Grid, question: &Question<'_>) -> Result<Answered, Refused> {
    let written = match question.answer {
        Value::String(s) => s.trim().to_owned(),
        Value::Number(n) => n.to_string(),
        other => return Err(Refused::new("bad_answer", format!("the answer is {other}"))),
    };
    let count: usize = written
        .parse()
        .map_err(|_| Refused::new("bad_answer", format!("{written:?} is no count")))?;
    let items: Vec<&str> = question
        .derivation
        .split("##")
        .map(str::trim)
        .filter(|s| !s.is_empty())
        .collect();
    let mut places = Vec::new();
    for item in &items {
        let span = find(grid, question, item, &places).ok_or_else(|| {
            Refused::new(
                "counted_item_not_in_table",
                format!("no cell or header shows {item:?}"),
            )
        })?;
        places.push(span.place);
    }
    if items.len() != count {
        let detail = format!(
            "the derivation lists {} things, the answer is {count}",
            items.len()
        );
        return Err(Refused::new("derivation_disagrees", detail));
    }
    let mut rows: Vec<(usize, usize)> = places
        .iter()
        .filter_map(|p| {
            if let Place::Cell(r, 0) = p {
                Some((*r, 0))
            } else {
                None
            }
        })
        .collect();
    rows.sort_unstable();
    rows.dedup();
    let shown = rows.len() == count && count > 0;
    Ok(Answered {
        truth: written,
        answer: spec::single(Unit::Count, Scale::One, Op::Exact),
        unit_hint: String::new(),
        question_type: "Count",
        gold: shown.then(|| Gold {
            queries: vec![Fetch::new(grid, &rows).query],
            answer: GoldAnswer::RowCount,
        }),
    })
}

fn find(grid: &Grid, question: &Question<'_>, text: &str, taken: &[Place]) -> Option<Span> {
    let text = words::collapse(text);
    let (amount, scale) = spec::split_scale(&text);
    let number = if number::is_year(&text) {
        None
    } else {
        number::read(amount)
    };
    let asked = words::tokens(question.text);
    let mut best: Option<((usize, usize), f64)> = None;
    let mut offer = |at: (usize, usize), bonus: f64| {
        let used = taken.contains(&Place::Cell(at.0, at.1));
        let score = grid.fit(&asked, at) + bonus - if used { 100.0 } else { 0.0 };
        if best.is_none_or(|b| score > b.1) {
            best = Some((at, score));
        }
    };
    let mut negated = false;
    if let Some(n) = &number {
        negated = !grid.numeric_cells().any(|(_, c)| c.value == n.value);
        let wanted = if negated {
            -n.value.clone()
        } else {
            n.value.clone()
        };
        grid.numeric_cells()
            .filter(|(_, c)| c.value == wanted)
            .for_each(|(at, _)| offer(at, 0.0));
    } else {
        let key = words::label_key(&text);
        for row in 0..grid.num_rows() {
            for column in 0..grid.num_columns() {
                let cell = grid.cell(row, column);
                if !key.is_empty() && words::label_key(cell) == key {
                    offer((row, column), 1.0);
                } else if !key.is_empty() && words::label_key(words::without_footnotes(cell)) == key
                {
                    offer((row, column), 0.5);
                }
            }
        }
    }
    let place = match best {
        Some((at, _)) => Place::Cell(at.0, at.1),
        None if number.is_none() && in_header(grid, &text) => Place::Header,
        None => return None,
    };
    Some(Span {
        text,
        number,
        scale,
        place,
        negated,
    })
}

fn in_header(grid: &Grid, text: &str) -> bool {
    let key = words::label_key(text);
    let described = [grid.table.description.as_str()];
    let headings = grid.titles.iter().chain(&grid.sections).map(String::as_str);
    let mut texts = headings.chain(described);
    let has_words =
        |title: &str| format!(" {} ", words::label_key(title)).contains(&format!(" {key} "));
    // A year glued to a footnote digit is shown as the year in the column name.
    let named = || {
        grid.table
            .columns
            .iter()
            .any(|c| has_words(&c.replace('_', " ")))
    };
    !key.is_empty() && (texts.any(has_words) || named())
}

fn unit(grid: &Grid, question: &Question<'_>, spans: &[Span]) -> Unit {
    if spans.iter().all(|s| number::is_year(&s.text)) {
        return Unit::Year;
    }
    if !spans.iter().all(|s| s.number.is_some()) {
        return Unit::Text;
    }
    let percent = |s: &Span| {
        let shown = match s.place {
            Place::Cell(r, c) => grid.number(r, c).is_some_and(|n| n.percent),
            Place::Header => false,
        };
        shown || s.number.as_ref().is_some_and(|n| n.percent)
    };
    if question.scale == "percent" || spans.iter().any(percent) {
        Unit::Percent
    } else {
        spec::amount_unit(question.text)
    }
}

/// The written answer: numbers without currency and grouping, several values joined by semicolons; labels that hold
/// a comma or a semicolon each in a box, so that they stay one value.
fn truth(spans: &[Span], unit: Unit) -> Result<String, Refused> {
    let texts: Vec<String> = spans
        .iter()
        .map(|s| match (&s.number, unit) {
            (Some(n), u) if u != Unit::Text => n.text(),
            _ => s.text.clone(),
        })
        .collect();
    if texts.iter().any(|t| t.contains(['{', '}', '\\'])) {
        return Err(Refused::new(
            "bad_answer",
            format!("{texts:?} holds braces or backslashes"),
        ));
    }
    Ok(
        if texts.len() > 1 && texts.iter().any(|t| t.contains([',', ';'])) {
            texts
                .iter()
                .map(|t| format!("\\boxed{{{t}}}"))
                .collect::<Vec<_>>()
                .join(", ")
        } else {
            texts.join("; ")
        },
    )
}

/// The cell's own text where it differs from the span (a footnote mark).
fn aliases(grid: &Grid, span: &Span) -> Vec<String> {
    match span.place {
        Place::Cell(r, c) if words::label_key(grid.cell(r, c)) != words::label_key(&span.text) => {
            vec![grid.cell(r, c).to_owned()]
        }
        _ => Vec::new(),
    }
}

/// The program that looks the cells up; none where a header holds the answer, or where the cells' own texts are not
/// scored as the answer (a dash for 0, labels with commas in a list).
fn gold(grid: &Grid, spans: &[Span], truth: &str, answer: &AnswerSpec) -> Option<Gold> {
    let cells: Vec<(usize, usize)> = spans
        .iter()
        .map(|s| {
            if let Place::Cell(r, c) = s.place {
                Some((r, c))
            } else {
                None
            }
        })
        .collect::<Option<_>>()?;
    let fetch = Fetch::new(grid, &cells);
    let places = cells.iter().map(|&c| fetch.place(c)).collect::<Vec<_>>();
    let numeric = !matches!(answer.unit, Unit::Text | Unit::Year);
    let result = match (cells.as_slice(), numeric) {
        ([_], true) => GoldAnswer::Number {
            expression: if spans[0].negated { "0 - {0}" } else { "{0}" }.to_owned(),
            operands: places,
            decimals: None,
            suffix: String::new(),
        },
        (several, _) => {
            let texts: Vec<&str> = several.iter().map(|&(r, c)| grid.cell(r, c)).collect();
            let verdict = score_answer(&texts.join("; "), truth, answer, AnswerMode::Strict);
            (verdict.score >= 1.0).then_some(GoldAnswer::Cells { cells: places })?
        }
    };
    Some(Gold {
        queries: vec![fetch.query],
        answer: result,
    })
}
