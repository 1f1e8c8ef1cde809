//! Is it clear what is asked for? Heuristics, each described at its function and in `docs/spec/corpus.md`.

use std::sync::Arc;

use finqa_core::answer::{AnswerSpec, Scale, Unit};
use finqa_core::gold::{Gold, GoldAnswer};
use finqa_core::task::Task;
use finqa_core::{Company, Table};

use super::cells::{Asked, cell_text, operands};
use super::report::TaskAudit;

/// Words of a question that settle the unit of a rate.
const RATE_WORDS: [&str; 24] = [
    "percent",
    "%",
    "ratio",
    "decimal",
    "fraction",
    "proportion",
    "share",
    "times",
    "multiple",
    "basis point",
    "pp",
    "rate",
    "growth",
    "grow",
    "margin",
    "return",
    "yield",
    "portion",
    "contribution",
    "cagr",
    "per ",
    "change in",
    "average",
    "number",
];
/// Words that state a scale.
const SCALE_WORDS: [&str; 3] = ["thousand", "million", "billion"];

/// Can a policy know in which unit to answer?
///
/// A hint, a year, a count, a text, yes/no and no answer at all need nothing. An amount in plain units is read as printed; one in
/// thousands, millions or billions needs the scale in the question or in a table that the task is about. A rate needs
/// a word in the question, or a percent sign in one of its cells.
pub(super) fn unit(task: &Task, tables: &[&Table], asked: &[Asked], audit: &mut TaskAudit) {
    let AnswerSpec { unit, scale, .. } = &task.answer;
    let question = task.question.to_lowercase();
    let says = |words: &[&str]| words.iter().any(|w| question.contains(w));
    let stated = match unit {
        _ if !task.unit_hint.trim().is_empty() => true,
        Unit::Year | Unit::Text | Unit::Bool | Unit::Count | Unit::Absent => true,
        Unit::Amount | Unit::PerShare => {
            *scale == Scale::One || says(&SCALE_WORDS) || tables.iter().any(|t| states_scale(t))
        }
        Unit::Percent | Unit::Ratio | Unit::Pp | Unit::Bps | Unit::Multiple => {
            let shown = task.gold.iter().flat_map(operands).any(|at| {
                asked
                    .get(usize::from(at.query))
                    .and_then(|a| a.rows.get(usize::from(at.row))?.get(usize::from(at.column)))
                    .is_some_and(|cell| cell.contains('%'))
            });
            says(&RATE_WORDS) || shown
        }
    };
    if !stated {
        audit.find(
            "unit_not_stated",
            format!(
                "the answer is read as {unit:?} ({scale:?}), which neither question nor tables say; a unit_hint would"
            ),
        );
    }
}

fn states_scale(table: &Table) -> bool {
    let says = |text: &str| {
        let text = text.to_lowercase();
        SCALE_WORDS.iter().any(|w| text.contains(w)) || text.contains("000s")
    };
    !table.scale.is_empty() || says(&table.description) || table.columns.iter().any(|c| says(c))
}

/// The tables that a task is about: those of its gold program, else all of its companies'.
pub(super) fn tables<'a>(task: &Task, companies: &'a [Arc<Company>]) -> Vec<&'a Table> {
    let named: Vec<&Table> = task
        .gold
        .iter()
        .flat_map(Gold::tables)
        .filter_map(|(company, table)| {
            let mut found = companies
                .iter()
                .filter(|c| c.name.eq_ignore_ascii_case(company));
            found.next()?.table(table)
        })
        .collect();
    if named.is_empty() {
        return companies.iter().flat_map(|c| &c.tables).collect();
    }
    named
}

/// Does the label of each needed row tell it from the others, or else the question?
///
/// A label that stands in several rows with other values in the needed column is ambiguous, unless all of these rows
/// are needed, the section above the needed row is another one and the question has a word of it, or the question has
/// a word of another label column of the row.
pub(super) fn labels(task: &Task, gold: &Gold, asked: &[Asked], audit: &mut TaskAudit) {
    let question = task.user_query().to_lowercase();
    let places: Vec<(u16, usize, usize)> = operands(gold)
        .iter()
        .filter_map(|&at| {
            let (row, column) = asked.get(usize::from(at.query))?.place(at)?;
            Some((at.query, row, column))
        })
        .collect();
    for &(query, row, column) in &places {
        let table = asked[usize::from(query)].table();
        if column == 0 {
            continue;
        }
        let label = cell_text(table, row, 0);
        if label.trim().is_empty() {
            continue;
        }
        let twins: Vec<usize> = (0..table.num_rows())
            .filter(|&r| r != row && same_label(&cell_text(table, r, 0), &label))
            .filter(|&r| cell_text(table, r, column) != cell_text(table, row, column))
            .filter(|&r| !places.iter().any(|p| p.0 == query && p.1 == r))
            .collect();
        let told_apart = |twin: usize| {
            let own = section(table, row);
            let by_section =
                own != section(table, twin) && own.is_some_and(|s| mentions(&question, &s));
            let by_other_label = (1..table.columns.len()).any(|c| {
                let text = cell_text(table, row, c);
                text != cell_text(table, twin, c) && mentions(&question, &text)
            });
            by_section || by_other_label
        };
        if let Some(twin) = twins.iter().find(|t| !told_apart(**t)) {
            audit.find(
                "ambiguous_label",
                format!(
                    "{label:?} stands in rows {} and {} of {:?}, with {:?} and {:?} in column {:?}",
                    row + 1,
                    twin + 1,
                    table.name,
                    cell_text(table, row, column),
                    cell_text(table, *twin, column),
                    table.columns[column]
                ),
            );
            return;
        }
    }
}

fn same_label(one: &str, other: &str) -> bool {
    one.trim().eq_ignore_ascii_case(other.trim())
}

/// The nearest row above without any value: the head of a section.
fn section(table: &Table, row: usize) -> Option<String> {
    (0..row)
        .rev()
        .find(|&r| {
            (1..table.columns.len()).all(|c| cell_text(table, r, c).trim().is_empty())
                && !cell_text(table, r, 0).trim().is_empty()
        })
        .map(|r| cell_text(table, r, 0))
}

/// Whether the question has one of the longer words of `text`.
fn mentions(question: &str, text: &str) -> bool {
    text.to_lowercase()
        .split(|c: char| !c.is_alphanumeric())
        .any(|word| {
            word.chars().count() > 3
                && word.chars().any(char::is_alphabetic)
                && question.contains(word)
        })
}

/// A single cell that is the answer must be the only one that its query returns.
pub(super) fn unique_cell(gold: &Gold, asked: &[Asked], audit: &mut TaskAudit) {
    let only = match &gold.answer {
        GoldAnswer::Number {
            expression,
            operands,
            ..
        } if expression.trim() == "{0}" => operands.first(),
        GoldAnswer::Cells { cells } if cells.len() == 1 => cells.first(),
        _ => None,
    };
    let Some(asked) = only.and_then(|at| asked.get(usize::from(at.query))) else {
        return;
    };
    if asked.rows.len() > 1 {
        audit.find(
            "answer_cell_not_unique",
            format!(
                "the query on {:?} returns {} rows for one cell",
                asked.table().name,
                asked.rows.len()
            ),
        );
    }
}
