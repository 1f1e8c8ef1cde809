//! From an opening to a closing balance, and what the balance means beside another table.

use finqa_core::task::Mistake;

use super::chosen::{Chosen, Source, Stock, Use};
use super::report::{Bands, Report};
use super::{TableRow, amounts, capital, cell, factor, fill, line_label, sibling, value};
use crate::draw::Draw;
use crate::note::{Quantity, Role};
use crate::questions::Draft;
use crate::questions::desk::Desk;
use crate::questions::form::{Form, Sign};

const BRIDGE: [&str; 7] = [
    "Bridge {m} from the opening to the closing balance of fiscal {y}, then relate the closing balance to {x}.",
    "Walk through the movements of {m} in fiscal {y} and compare the closing balance with {x}.",
    "What moved {m} in fiscal {y}, and how large is the closing balance beside {x}?",
    "Reconcile opening and closing {b} for fiscal {y} and express the closing balance as a ratio to {x}.",
    "Roll {m} forward through fiscal {y} and set the closing balance against {x}.",
    "Lay out opening balance, movements and closing balance of {m} for fiscal {y}; add the {r}.",
    "For fiscal {y}, trace every movement in {m} and work out the {r}, with {x} as the base.",
];

/// Most movements between the balances.
const MOST_MOVES: usize = 6;

/// The rows of a roll-forward, opening balance and movements in the order of the table.
struct Roll {
    table: usize,
    parts: Vec<usize>,
    names: Vec<String>,
    opening: usize,
    closing: usize,
}

/// The parts of a closing balance that is a plain sum of few rows.
fn parts_of(desk: &Desk<'_>, (table, row): TableRow) -> Option<Vec<usize>> {
    let sheet = &desk.sheets[table];
    let sum = sheet.written.note.sums.iter().find(|s| s.total == row)?;
    let fits = sheet.rows()[row].role == Role::Closing
        && sheet.quantity(row) == Quantity::Money
        && (3..=MOST_MOVES + 1).contains(&sum.parts.len())
        && sum.parts.iter().all(|(_, sign)| *sign == 1);
    fits.then(|| sum.parts.iter().map(|(r, _)| *r).collect())
}

fn roll(desk: &Desk<'_>, (table, closing): TableRow, draw: &mut Draw) -> Option<Roll> {
    let rows = desk.sheets[table].rows();
    let parts = parts_of(desk, (table, closing))?;
    let names: Option<Vec<String>> = parts
        .iter()
        .chain([&closing])
        .map(|&r| match rows[r].role {
            Role::Opening => Some("opening balance".to_owned()),
            Role::Closing => Some("closing balance".to_owned()),
            _ => Some(desk.plain_name(table, r, draw)?.text),
        })
        .collect();
    let opening = *parts.iter().find(|&&r| rows[r].role == Role::Opening)?;
    Some(Roll {
        table,
        names: names?,
        opening,
        closing,
        parts,
    })
}

/// What of the report may go wrong.
#[derive(Clone, Copy)]
struct Way {
    base: TableRow,
    year: i32,
    inverse: bool,
}

pub(super) fn bridge(
    desk: &Desk<'_>,
    stock: &Stock,
    source: Source,
    draw: &mut Draw,
) -> Option<Draft> {
    let rolls = |row: TableRow| parts_of(desk, row).is_some();
    let chosen = stock.choose(desk, (source, Use::Ratio), draw, rolls)?;
    let [top, base] = chosen.rows();
    let roll = roll(desk, top, draw)?;
    let year = draw.pick(&chosen.years);
    let way = Way {
        base,
        year,
        inverse: false,
    };
    let write = |way: Way| write(desk, &chosen, &roll, year, way);
    let report = write(way)?;
    let mut wrong: Vec<(String, Mistake)> = Vec::new();
    let mut add = |way: Way, mistake| wrong.extend(write(way).map(|r| (r.truth(), mistake)));
    for other in [year - 1, year + 1] {
        add(Way { year: other, ..way }, Mistake::WrongYear);
    }
    add(
        Way {
            inverse: true,
            ..way
        },
        Mistake::WrongBase,
    );
    if let Some(base) = sibling(desk, base, &[year]) {
        add(Way { base, ..way }, Mistake::SiblingRow);
    }
    wrong.push((report.in_thousands(), Mistake::Scale));
    let (open, close) = (report.written("opening"), report.written("closing"));
    let turned = report.with(&[("opening", close), ("closing", open)]);
    wrong.push((turned, Mistake::Sign));
    wrong.extend(report.misjudged().map(|text| (text, Mistake::Sign)));
    let cells = [cell(desk, top, year)?, cell(desk, base, year)?];
    let names = chosen.names();
    let subject = subject(&chosen);
    let hint = format!(
        "Take the balances and movements of {subject} from the note on {} and {} from the note on {}. {} Amounts in \
         parentheses are negative. The ratio is the closing balance over {}, with three decimals; the direction is up \
         or down.",
        chosen.sides[0].topic,
        names[1],
        chosen.sides[1].topic,
        amounts(desk, &cells, draw),
        names[1],
    );
    let question = fill(
        &BRIDGE,
        &[
            ("m", &subject),
            ("b", subject.strip_prefix("the ").unwrap_or(&subject)),
            ("x", names[1]),
            (
                "r",
                chosen
                    .pair
                    .map_or("ratio of the closing balance", |p| p.what),
            ),
            ("y", &year.to_string()),
        ],
        draw,
    );
    report.draft("multi_table - Bridge", question, &hint, wrong)
}

/// What is rolled forward: as the catalogue calls it, else the table's topic.
fn subject(chosen: &Chosen) -> String {
    let side = &chosen.sides[0];
    if chosen.pair.is_some() {
        side.name.clone()
    } else {
        format!("the balance of {}", side.topic)
    }
}

fn write<'d, 'a>(
    desk: &'d Desk<'a>,
    chosen: &Chosen,
    roll: &Roll,
    shown: i32,
    way: Way,
) -> Option<Report<'d, 'a>> {
    let sheet = &desk.sheets[roll.table];
    let mut report = Report::new(desk);
    let end = cell(desk, (roll.table, roll.closing), way.year)?;
    let beside = cell(desk, way.base, way.year)?;
    let mut slots = Vec::new();
    let mut start = end;
    for (i, &row) in roll.parts.iter().enumerate() {
        let at = cell(desk, (roll.table, row), way.year)?;
        let slot = if row == roll.opening {
            start = at;
            "opening".to_owned()
        } else {
            format!("move_{i}")
        };
        report.input(&slot, &line_label(&roll.names[i], shown), at)?;
        slots.push(slot);
    }
    let closing = &roll.names[roll.parts.len()];
    report.input("closing", &line_label(closing, shown), end)?;
    report.input("base", &line_label(chosen.names()[1], shown), beside)?;
    report.adds_up(slots, "closing");
    let (first, last) = (value(desk, start)?, value(desk, end)?);
    let change = last.minus(first)?;
    let form = Form::difference(sheet.written, roll.closing, Sign::Change);
    report.metric(
        "net_change",
        "Net change",
        "${closing} - ${opening}",
        change,
        &form,
    )?;
    let (suffix, by) = factor(desk, end, beside);
    let base = value(desk, beside)?.times(by)?;
    let second = match suffix {
        "" => "${base}".to_owned(),
        _ => format!("(${{base}}{suffix})"),
    };
    let (ratio, expression) = if way.inverse {
        (base.over(last)?, format!("{second} / ${{closing}}"))
    } else {
        (last.over(base)?, format!("${{closing}} / {second}"))
    };
    let what = capital(
        chosen
            .pair
            .map_or("ratio of the closing balance", |p| p.what),
    );
    report.metric("ratio", &what, &expression, ratio, &Form::ratio())?;
    let bands = Bands {
        limits: &["0"],
        words: &["down", "up"],
    };
    report.verdict(
        "direction",
        "Direction of the balance",
        ("net_change", change),
        &bands,
    )?;
    Some(report)
}
