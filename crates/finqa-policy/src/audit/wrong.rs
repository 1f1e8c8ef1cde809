//! Wrong answers of known mistakes: those that the task names, else those that the gold program comes to with
//! neighbouring cells.

use std::collections::HashSet;

use finqa_core::answer::{AnswerMode, Unit, cell_number};
use finqa_core::gold::{CellRef, Gold};
use finqa_core::task::Task;

use super::cells::{Asked, Replay, Rows, answer_shows_its_cells, cell_text, operands};

/// A wrong answer and how it comes about.
pub(super) struct Wrong {
    pub(super) answer: String,
    pub(super) mistake: String,
}

/// The wrong answers of `task`, at most `max`, each once and none of them the right one.
pub(super) fn wrong_answers(
    task: &Task,
    asked: Option<&[Asked]>,
    replay: &Replay,
    right: &str,
    max: usize,
) -> Vec<Wrong> {
    if !task.known_wrong.is_empty() {
        return task
            .known_wrong
            .iter()
            .map(|known| Wrong {
                answer: known.answer.clone(),
                mistake: format!("{:?}", known.mistake),
            })
            .collect();
    }
    if task.answer.unit == Unit::Absent {
        return vec![Wrong {
            answer: "1,234.5".to_owned(),
            mistake: "an invented number".to_owned(),
        }];
    }
    let (Some(gold), Some(asked)) = (&task.gold, asked) else {
        return Vec::new();
    };
    if right.is_empty() || !answer_shows_its_cells(gold) {
        return Vec::new();
    }
    let results: Vec<Rows> = asked.iter().map(|a| a.rows.clone()).collect();
    let mut seen: HashSet<String> = HashSet::from([right.to_owned()]);
    let mut out = Vec::new();
    for (changes, mistake) in changes(gold, asked) {
        if out.len() >= max {
            break;
        }
        let mut changed = results.clone();
        for (at, text) in changes {
            if let Some(cell) = changed
                .get_mut(usize::from(at.query))
                .and_then(|r| r.get_mut(usize::from(at.row)))
                .and_then(|r| r.get_mut(usize::from(at.column)))
            {
                *cell = text;
            }
        }
        let Some(answer) = replay.submission(task, &changed) else {
            continue;
        };
        // The same number is right, wherever it was found.
        if seen.insert(answer.clone()) && !equal(task, &answer, right) {
            out.push(Wrong { answer, mistake });
        }
    }
    out
}

/// Whether both say exactly the same number ("5" and "5.0", "-0" and "0").
fn equal(task: &Task, one: &str, other: &str) -> bool {
    let read = |text| finqa_core::answer::parse_number(text, task.answer.unit, task.answer.scale);
    matches!((read(one), read(other)), (Some(a), Some(b)) if a == b)
}

/// Whether `answer` is accepted in `mode`.
pub(super) fn accepted(task: &Task, answer: &str, mode: AnswerMode) -> bool {
    task.score(answer, mode).is_correct
}

type Change = (Vec<(CellRef, String)>, String);

/// An operand with its place.
struct Placed<'a> {
    at: CellRef,
    asked: &'a Asked,
    row: usize,
    column: usize,
}

impl Placed<'_> {
    /// The cell in another place, if a number stands there.
    fn number_at(&self, row: usize, column: usize) -> Option<String> {
        let text = cell_text(self.asked.table(), row, column);
        let has_digit = text.bytes().any(|b| b.is_ascii_digit());
        (has_digit && cell_number(&text).is_some()).then_some(text)
    }
}

/// What is changed at a time: all cells one column further, one column for another, two cells swapped, one cell's
/// neighbour in the rows above and below.
fn changes(gold: &Gold, asked: &[Asked]) -> Vec<Change> {
    let placed: Vec<Placed<'_>> = operands(gold)
        .iter()
        .filter_map(|&at| {
            let asked = asked.get(usize::from(at.query))?;
            let (row, column) = asked.place(at)?;
            Some(Placed {
                at,
                asked,
                row,
                column,
            })
        })
        .collect();
    let mut out: Vec<Change> = Vec::new();
    for step in [1, -1] {
        let moved: Option<Vec<(CellRef, String)>> = placed
            .iter()
            .map(|p| {
                let column = p.column.checked_add_signed(step)?;
                let is_there = column > 0 && column < p.asked.table().columns.len();
                let text = is_there.then(|| p.number_at(p.row, column))??;
                Some((p.at, text))
            })
            .collect();
        if let Some(moved) = moved.filter(|m| !m.is_empty()) {
            out.push((moved, format!("every cell {step:+} column")));
        }
    }
    for (i, first) in placed.iter().enumerate() {
        // Each pair of query and column once.
        let same = |p: &&Placed<'_>| p.at.query == first.at.query && p.column == first.column;
        if placed[..i].iter().any(|p| same(&p)) {
            continue;
        }
        let group: Vec<&Placed<'_>> = placed.iter().filter(same).collect();
        let columns = &first.asked.table().columns;
        for (other, name) in columns.iter().enumerate().skip(1) {
            let moved: Option<Vec<(CellRef, String)>> = group
                .iter()
                .map(|p| Some((p.at, p.number_at(p.row, other)?)))
                .collect();
            if other != first.column
                && let Some(moved) = moved
            {
                let mistake = format!("column {name:?} instead of {:?}", columns[first.column]);
                out.push((moved, mistake));
            }
        }
    }
    if let [a, b] = placed.as_slice()
        && let (Some(of_a), Some(of_b)) =
            (a.number_at(a.row, a.column), b.number_at(b.row, b.column))
    {
        out.push((
            vec![(a.at, of_b), (b.at, of_a)],
            "the two cells swapped".to_owned(),
        ));
    }
    for p in &placed {
        let num_rows = p.asked.table().num_rows();
        let below = (p.row + 1..num_rows).find_map(|r| Some((r, p.number_at(r, p.column)?)));
        let above = (0..p.row)
            .rev()
            .find_map(|r| Some((r, p.number_at(r, p.column)?)));
        for (row, text) in [below, above].into_iter().flatten() {
            let label = cell_text(p.asked.table(), row, 0);
            let own = cell_text(p.asked.table(), p.row, 0);
            out.push((
                vec![(p.at, text)],
                format!("row {label:?} instead of {own:?}"),
            ));
        }
    }
    out
}
