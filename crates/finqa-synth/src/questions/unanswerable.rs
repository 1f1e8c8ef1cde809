//! Questions that the tables do not answer: a year that no table shows, an item or a kind of table that the company
//! does not report. The right answer is to say so.

use finqa_core::answer::{AnswerSpec, Op, Unit};
use finqa_core::gold::{Gold, GoldAnswer, GoldQuery};
use finqa_core::task::{KnownWrong, Mistake};

use super::desk::{Desk, fold};
use super::exact::Ratio;
use super::form::{Form, Sign, boxed};
use super::formula::Formula;
use super::program::identifier;
use super::sheet::Sheet;
use super::wording::Say;
use super::{Asked, Draft, Other, guard, near};
use crate::draw::Draw;
use crate::note::{Period, Quantity, Role};
use crate::split::SplitName;

/// Tries before the type is given up for a company.
const ATTEMPTS: usize = 120;
/// Questions without an answer whose prompt says what to do then, percent; and the same of the others, so that the
/// reminder does not give them away.
const REMINDED_PCT: (u32, u32) = (70, 20);

const AMOUNT: [&str; 8] = [
    "What was {m} {p}?",
    "What amount was reported for {m} {p}?",
    "How much did the company report for {m} {p}?",
    "Which figure does the filing give for {m} {p}?",
    "What did {m} amount to {p}?",
    "How much was {m} {p}?",
    "What value is shown for {m} {p}?",
    "Find the amount of {m} {p}.",
];

const CHANGE: [&str; 6] = [
    "What was the net change in {m} from {a} to {b}?",
    "By how much did {m} change between {a} and {b}?",
    "How much did {m} change in {b} compared with {a}?",
    "Compute the change in {m} from {a} to {b}.",
    "What is the difference in {m} between {b} and {a}?",
    "Relative to {a}, by what amount did {m} move in {b}?",
];

const GROWTH: [&str; 6] = [
    "What was the percentage change in {m} from {a} to {b}?",
    "By what percentage did {m} change between {a} and {b}?",
    "How fast did {m} grow in {b} relative to {a}?",
    "What was the growth rate of {m} from {a} to {b}?",
    "Calculate the growth in {m} between {a} and {b}.",
    "In percent, how much did {m} change from {a} to {b}?",
];

/// Says in some prompts what to answer if the tables do not hold it.
pub(super) fn remind(desk: &Desk<'_>, draft: &mut Draft, draw: &mut Draw) {
    let config = desk.view.config;
    let trains = matches!(desk.view.key.split, SplitName::Train | SplitName::Val);
    let percent = if draft.answer.unit == Unit::Absent {
        REMINDED_PCT.0
    } else {
        REMINDED_PCT.1
    };
    if trains && draft.rubric.is_none() && config.unanswerable_pct > 0 && draw.chance(percent) {
        let reminder = draw.pick(&[
            "If the tables do not hold it, answer \"not answerable\".",
            "Answer \"not answerable\" if it is not disclosed in the tables.",
            "If no table shows what is needed, say \"not answerable\".",
        ]);
        if !draft.unit_hint.is_empty() {
            draft.unit_hint.push(' ');
        }
        draft.unit_hint.push_str(reminder);
    }
}

/// A question without an answer.
pub(super) fn make(
    desk: &Desk<'_>,
    other: Other<'_>,
    asked: &mut Asked,
    draw: &mut Draw,
) -> Option<Draft> {
    let items = if draw.chance(40) {
        Vec::new()
    } else {
        unreported(desk, other, draw)
    };
    (0..ATTEMPTS).find_map(|_| {
        let draft = if items.is_empty() {
            missing_year(desk, draw)
        } else {
            let item = &items[draw.below(items.len())];
            missing_item(desk, item, draw)
        }?;
        asked.is_new(&draft).then_some(draft)
    })
}

/// A row of another company that this one does not have.
struct Item {
    stem: &'static str,
    topic: &'static str,
    names: Vec<String>,
    is_balance: bool,
}

/// Rows of money of another company that this company has under no name.
fn unreported(desk: &Desk<'_>, other: Other<'_>, draw: &mut Draw) -> Vec<Item> {
    let index = near(desk, draw);
    let mut items = Vec::new();
    other(index, &mut |view| {
        for written in view.tables {
            let note = &written.note;
            let Some(period) = note.columns.first().map(|c| c.period) else {
                continue;
            };
            let is_balance = match period {
                Period::Year(_) => false,
                Period::YearEnd(_) => true,
                Period::Quarter(..) | Period::Of(_) => continue,
            };
            for row in &note.rows {
                let label = &row.label;
                let mut names = vec![label.text.clone()];
                names.extend(label.also.iter().map(|a| (*a).to_owned()));
                let fits = row.role == Role::Part
                    && row.quantity == Quantity::Money
                    && row.due.is_none()
                    && label.text.contains(' ')
                    && !label.text.starts_with("other")
                    && !label.text.contains(|c: char| c.is_ascii_digit())
                    && names
                        .iter()
                        .map(String::as_str)
                        .chain([label.concept])
                        .all(|name| !is_reported(desk, name));
                if fits {
                    items.push(Item {
                        stem: note.stem,
                        topic: note.topic,
                        names,
                        is_balance,
                    });
                }
            }
        }
    });
    items
}

/// Whether the company has a row of this name, or one whose name holds it or lies in it.
fn is_reported(desk: &Desk<'_>, name: &str) -> bool {
    let folded = fold(name);
    !folded.is_empty() && desk.has_name_like(&folded)
}

/// What is asked for, in which form, from which numbers one would invent an answer.
struct Shape {
    templates: &'static [&'static str],
    formula: Formula,
}

fn shape(draw: &mut Draw) -> Shape {
    let (templates, formula): (&[&str], Formula) = match draw.weighted(&[45, 25, 30]) {
        0 => (&AMOUNT, Formula::Cell),
        1 => (&CHANGE, Formula::Difference),
        _ => (&GROWTH, Formula::Growth),
    };
    Shape { templates, formula }
}

fn form(sheet: &Sheet<'_>, row: usize, formula: Formula) -> Form {
    match formula {
        Formula::Cell => Form::of_row(sheet.written, row, 0, Op::Exact),
        Formula::Growth => Form::percent(Sign::Change),
        _ => Form::difference(sheet.written, row, Sign::Change),
    }
}

/// A row that is there, in a year that is not.
fn missing_year(desk: &Desk<'_>, draw: &mut Draw) -> Option<Draft> {
    let table = draw.below(desk.sheets.len());
    let sheet = &desk.sheets[table];
    let lane = super::single::lane(sheet, 2, false, draw)?;
    let (newest, oldest) = (lane[0], lane[lane.len() - 1]);
    let row = super::single::row(sheet, &lane, draw, |r| {
        sheet.rows()[r].role == Role::Part
            && sheet.quantity(r) == Quantity::Money
            && sheet.rows()[r].due.is_none()
    })?;
    let (edge, by) = if draw.chance(75) {
        (oldest, -(1 + draw.below(2) as i32))
    } else {
        (newest, 1)
    };
    let wanted = moved(sheet.columns()[edge].period, by);
    if shows_elsewhere(desk, table, row, wanted.year()) {
        return None;
    }
    let mut say = Say::new(desk, table, draw);
    let m = say.row(row, edge, draw)?;
    let shape = shape(draw);
    let near = sheet.columns()[edge].period;
    let (a, b) = if by < 0 {
        (wanted, near)
    } else {
        (near, wanted)
    };
    let question = say.ask(
        shape.templates,
        &[
            ("m", &m),
            ("p", &say.when(wanted)),
            ("a", &say.named(a)),
            ("b", &say.named(b)),
        ],
        draw,
    )?;
    let form = form(sheet, row, shape.formula);
    let ratio = |c: usize| sheet.ratio(row, c);
    let mut wrong = Vec::new();
    let mut add = |operands: &[Ratio], mistake| {
        if let Some(value) = shape.formula.value(operands, form.decimals) {
            wrong.push(KnownWrong {
                answer: boxed(&form.write(value)),
                mistake,
            });
        }
    };
    for pair in lane.windows(2) {
        add(&[ratio(pair[0])?, ratio(pair[1])?], Mistake::WrongYear);
    }
    if shape.formula == Formula::Cell {
        add(&[ratio(oldest)?], Mistake::WrongYear);
        // The last step once more: an extrapolation.
        let next = ratio(lane[0])?.plus(ratio(lane[0])?.minus(ratio(lane[1])?)?)?;
        add(&[next], Mistake::Invented);
    }
    let label = identifier(sheet.written.label_header());
    let columns: Vec<String> = lane
        .iter()
        .map(|&c| identifier(sheet.written.header(c)))
        .collect();
    let sql = format!(
        "SELECT {label}, {} FROM {} WHERE {label} = '{}'",
        columns.join(", "),
        identifier(&sheet.written.table.name),
        sheet.written.label(row).replace('\'', "''"),
    );
    let identity = format!(
        "Unanswerable\n{:?}\n{}\t{row}\t{}",
        shape.formula,
        sheet.written.table.name,
        wanted.year()
    );
    draft(
        desk,
        vec![(table, sql)],
        question,
        &form,
        wrong,
        identity,
        draw,
    )
}

fn moved(period: Period, by: i32) -> Period {
    match period {
        Period::Year(y) => Period::Year(y + by),
        Period::YearEnd(y) => Period::YearEnd(y + by),
        Period::Quarter(y, q) => Period::Quarter(y + by, q),
        Period::Of(y) => Period::Of(y + by),
    }
}

/// Whether another table might tell the row's amount in `year`: it has a row of the same name or with the same amount in
/// some other year, and a column of that year.
fn shows_elsewhere(desk: &Desk<'_>, table: usize, row: usize, year: i32) -> bool {
    let own = &desk.sheets[table];
    let relatives = desk.relatives(table, row);
    let amounts: Vec<(i32, Ratio)> = (0..own.columns().len())
        .filter_map(|c| Some((own.columns()[c].period.year(), own.ratio(row, c)?)))
        .filter(|(_, v)| !v.is_zero())
        .collect();
    desk.sheets.iter().any(|sheet| {
        let covers = sheet.columns().iter().any(|c| c.period.year() == year);
        sheet.index != table
            && (0..sheet.rows().len()).any(|r| {
                // A balance that opens a year closed the year before, which needs no column.
                (covers || sheet.rows()[r].role == Role::Closing)
                    && (relatives.contains(&(sheet.index, r)) || shows_one_of(sheet, r, &amounts))
            })
    })
}

/// Whether a row shows one of the amounts in its year.
fn shows_one_of(sheet: &Sheet<'_>, row: usize, amounts: &[(i32, Ratio)]) -> bool {
    (0..sheet.columns().len()).any(|c| {
        let period = sheet.columns()[c].period.year();
        sheet.ratio(row, c).is_some_and(|shown| {
            amounts
                .iter()
                .any(|(year, amount)| *year == period && amount.absolute() == shown.absolute())
        })
    })
}

/// An item that the company does not report, asked for as if it did.
fn missing_item(desk: &Desk<'_>, item: &Item, draw: &mut Draw) -> Option<Draft> {
    // Where one would look: the table of the same kind, else one whose name is nearest.
    let same = desk
        .sheets
        .iter()
        .position(|s| s.written.note.stem == item.stem);
    let table = match same {
        Some(table) => table,
        None => nearest(desk, item)?,
    };
    let sheet = &desk.sheets[table];
    let lane = super::single::lane(sheet, 2, false, draw)?;
    let row = super::single::row(sheet, &lane, draw, |r| {
        sheet.quantity(r) == Quantity::Money && sheet.rows()[r].role == Role::Part
    })?;
    let period = |c: usize| {
        let year = sheet.columns()[c].period.year();
        if item.is_balance {
            Period::YearEnd(year)
        } else {
            Period::Year(year)
        }
    };
    let at = draw.below(lane.len() - 1);
    let (new, old) = (lane[at], lane[at + 1]);
    let m = &item.names[draw.below(item.names.len())];
    let mut say = Say::new(desk, table, draw);
    if same.is_none() {
        say.require_topic();
    }
    let shape = shape(draw);
    let topic = if same.is_some() {
        desk.topic(table)
    } else {
        Some(item.topic)
    };
    let question = say.ask_about(
        topic,
        shape.templates,
        &[
            ("m", m),
            ("p", &say.when(period(new))),
            ("a", &say.named(period(old))),
            ("b", &say.named(period(new))),
        ],
        draw,
    )?;
    let form = form(sheet, row, shape.formula);
    let mistake = if same.is_some() {
        Mistake::SiblingRow
    } else {
        Mistake::SiblingTable
    };
    let mut wrong = Vec::new();
    for r in sheet.askable(new) {
        if sheet.quantity(r) != Quantity::Money {
            continue;
        }
        let (Some(a), Some(b)) = (sheet.ratio(r, new), sheet.ratio(r, old)) else {
            continue;
        };
        if let Some(value) = shape.formula.value(&[a, b], form.decimals) {
            wrong.push(KnownWrong {
                answer: boxed(&form.write(value)),
                mistake,
            });
        }
    }
    wrong.push(KnownWrong {
        answer: boxed(&form.write(0)),
        mistake: Mistake::Invented,
    });
    let word = m
        .split(' ')
        .max_by_key(|w| w.len())
        .unwrap_or_default()
        .replace(['\'', '%', '_'], "");
    let label = identifier(sheet.written.label_header());
    let sql = format!(
        "SELECT {label}, {} FROM {} WHERE {label} LIKE '%{word}%'",
        identifier(sheet.written.header(new)),
        identifier(&sheet.written.table.name),
    );
    let identity = format!(
        "Unanswerable\n{:?}\n{}\t{}\t{}",
        shape.formula,
        item.stem,
        item.names[0],
        period(new).year()
    );
    draft(
        desk,
        vec![(table, sql)],
        question,
        &form,
        wrong,
        identity,
        draw,
    )
}

/// The table whose topic shares most words with an item's; years must stand in its columns.
fn nearest(desk: &Desk<'_>, item: &Item) -> Option<usize> {
    let words = fold(&format!("{} {}", item.topic, item.names[0]));
    let shared = |topic: &str| {
        fold(topic)
            .split(' ')
            .filter(|w| w.len() > 3 && words.split(' ').any(|own| own == *w))
            .count()
    };
    desk.sheets
        .iter()
        .filter(|s| !s.lanes().is_empty())
        .max_by_key(|s| (shared(s.written.note.topic), std::cmp::Reverse(s.index)))
        .map(|s| s.index)
}

fn draft(
    desk: &Desk<'_>,
    queries: Vec<(usize, String)>,
    question: String,
    form: &Form,
    wrong: Vec<KnownWrong>,
    identity: String,
    draw: &mut Draw,
) -> Option<Draft> {
    const TEXT: &str = "not answerable";
    let truth = boxed(TEXT);
    let answer = AnswerSpec {
        unit: Unit::Absent,
        op: Op::Exact,
        ..AnswerSpec::default()
    };
    let known_wrong = guard::check(&truth, &answer, wrong)?;
    Some(Draft {
        question_type: "Unanswerable",
        question,
        unit_hint: form.hint(desk.view.config.unit_hint, draw),
        truth,
        answer,
        gold: Gold {
            queries: queries
                .into_iter()
                .map(|(table, sql)| GoldQuery {
                    company: desk.view.identity.slug.clone(),
                    table: desk.sheets[table].written.table.name.clone(),
                    sql,
                })
                .collect(),
            answer: GoldAnswer::Text {
                text: TEXT.to_owned(),
            },
        },
        known_wrong,
        rubric: None,
        companies: Vec::new(),
        identity,
    })
}
