//! The same ratio of two companies.

use finqa_core::task::Mistake;

use super::chosen::Stock;
use super::pairs::Pair;
use super::report::{Bands, Report};
use super::{TableRow, capital, cell, factor, fill, line_label, positive, sibling, value};
use crate::draw::Draw;
use crate::questions::desk::Desk;
use crate::questions::exact::Ratio;
use crate::questions::form::{Form, Sign};
use crate::questions::{Draft, Other, near};

const COMPARE: [&str; 6] = [
    "Compare the {r} of the two companies in fiscal {y}: {m} over {x}.",
    "Which of the two companies had the higher {r} in fiscal {y}, as {m} over {x}, and by how much?",
    "Set {m} against {x} at both companies in fiscal {y} and say where the {r} is higher.",
    "Work out the {r} of each company for fiscal {y} from {m} and {x}, and name the one with the higher ratio.",
    "For fiscal {y}, is the {r}, {m} over {x}, higher at the first or at the second company?",
    "Contrast the {r} of both companies in fiscal {y}, {m} relative to {x}, and quantify the gap.",
];

/// Tries to find a table and a year that both companies have.
const ATTEMPTS: usize = 40;

/// A report on both companies; `None` if they share no suitable tables.
pub(super) fn compare(
    desk: &Desk<'_>,
    stock: &Stock,
    other: Other<'_>,
    draw: &mut Draw,
) -> Option<Draft> {
    let index = near(desk, draw);
    if index == desk.view.key.index {
        return None;
    }
    let mut made = None;
    other(index, &mut |view| {
        let second = Desk::new(view);
        let theirs = Stock::of(&second);
        made = (0..ATTEMPTS).find_map(|_| both([desk, &second], [stock, &theirs], draw));
    });
    made
}

/// What of the report may go wrong.
#[derive(Clone, Copy)]
struct Way {
    /// Figures of the first company, then of the second.
    rows: [[TableRow; 2]; 2],
    year: i32,
    inverse: bool,
}

fn both(desks: [&Desk<'_>; 2], stocks: [&Stock; 2], draw: &mut Draw) -> Option<Draft> {
    let shared = stocks[0].shared(stocks[1]);
    if shared.is_empty() {
        return None;
    }
    let (pair, own, theirs) = draw.pick(&shared);
    // The same notes at both, so that one sentence says where to look.
    let mut rows = [[(0, 0); 2]; 2];
    let mut topics = [""; 2];
    for side in 0..2 {
        let first = draw.pick(&own[side]);
        let stem = |desk: &Desk<'_>, row: TableRow| desk.sheets[row.0].written.note.stem;
        let wanted = stem(desks[0], first);
        let second = *theirs[side]
            .iter()
            .find(|row| stem(desks[1], **row) == wanted)?;
        topics[side] = desks[0].topic(first.0)?;
        if desks[1].topic(second.0)? != topics[side] {
            return None;
        }
        rows[0][side] = first;
        rows[1][side] = second;
    }
    if rows[0][0].0 == rows[0][1].0 {
        return None;
    }
    let years: Vec<i32> = desks[0].sheets[rows[0][0].0]
        .columns()
        .iter()
        .map(|c| c.period.year())
        .filter(|&y| (0..2).all(|i| rows[i].iter().all(|r| positive(desks[i], *r, y).is_some())))
        .collect();
    let year = *years.first()?;
    let way = Way {
        rows,
        year,
        inverse: false,
    };
    let report = write(desks, pair, year, way)?;
    let mut wrong: Vec<(String, Mistake)> = Vec::new();
    let mut add = |way: Way, mistake| {
        wrong.extend(write(desks, pair, year, way).map(|r| (r.truth(), mistake)));
    };
    for other in [year - 1, year - 2] {
        add(Way { year: other, ..way }, Mistake::WrongYear);
    }
    add(
        Way {
            inverse: true,
            ..way
        },
        Mistake::WrongBase,
    );
    for (i, side) in [(0, 0), (1, 0), (1, 1)] {
        if let Some(beside) = sibling(desks[i], rows[i][side], &[year]) {
            let mut rows = rows;
            rows[i][side] = beside;
            add(Way { rows, ..way }, Mistake::SiblingRow);
        }
    }
    wrong.push((report.in_thousands(), Mistake::Scale));
    wrong.push((crossed(&report), Mistake::SiblingTable));
    wrong.extend(report.misjudged().map(|text| (text, Mistake::Sign)));
    wrong.truncate(MOST_KNOWN_WRONG);
    let names = [pair.top.name, pair.base.name];
    let question = fill(
        &COMPARE,
        &[
            ("r", pair.what),
            ("m", names[0]),
            ("x", names[1]),
            ("y", &year.to_string()),
        ],
        draw,
    );
    let hint = format!(
        "Take {} from the note on {} and {} from the note on {}. Write each amount in the scale of its own table. Ratios \
         have three decimals, the gap (first company less second) is in percentage points with two. The company with the \
         higher ratio is first or second, in the order in which the question names them.",
        names[0], topics[0], names[1], topics[1],
    );
    report.draft("multi_table - Compare Companies", question, &hint, wrong)
}

const MOST_KNOWN_WRONG: usize = 8;

/// The report with the companies taken for each other.
fn crossed(report: &Report<'_, '_>) -> String {
    let slots = [
        ("first_amount", "second_amount"),
        ("first_base", "second_base"),
        ("ratio_first", "ratio_second"),
    ];
    let changes: Vec<(&str, &str)> = slots
        .iter()
        .flat_map(|(a, b)| [(*a, report.written(b)), (*b, report.written(a))])
        .collect();
    report.with(&changes)
}

/// The lines about both companies, the first company's first.
fn write<'d, 'a>(
    desks: [&'d Desk<'a>; 2],
    pair: &Pair,
    shown: i32,
    way: Way,
) -> Option<Report<'d, 'a>> {
    let mut report = Report::new(desks[0]);
    let mut ratios = Vec::new();
    let mut expressions = Vec::new();
    for (i, who) in ["first", "second"].into_iter().enumerate() {
        let desk = desks[i];
        if i == 1 {
            report.turn_to(desk);
        }
        let top = cell(desk, way.rows[i][0], way.year)?;
        let base = cell(desk, way.rows[i][1], way.year)?;
        let slots = [format!("{who}_amount"), format!("{who}_base")];
        for (slot, name, at) in [
            (&slots[0], pair.top.name, top),
            (&slots[1], pair.base.name, base),
        ] {
            let name = name.strip_prefix("the ").unwrap_or(name);
            let label = line_label(&format!("{who} company, {name}"), shown);
            report.input(slot, &label, at)?;
        }
        let (suffix, by) = factor(desk, top, base);
        let (x, y) = (value(desk, top)?, value(desk, base)?.times(by)?);
        let (first, second) = (
            format!("${{{}}}", slots[0]),
            format!("(${{{}}}{suffix})", slots[1]),
        );
        if way.inverse {
            ratios.push(y.over(x)?);
            expressions.push(format!("{second} / {first}"));
        } else {
            ratios.push(x.over(y)?);
            expressions.push(format!("{first} / {second}"));
        }
    }
    let form = Form::ratio();
    for (i, who) in ["first", "second"].into_iter().enumerate() {
        let label = capital(&format!("{} of the {who} company", pair.what));
        report.metric(
            &format!("ratio_{who}"),
            &label,
            &expressions[i],
            ratios[i],
            &form,
        )?;
    }
    let gap = ratios[0].minus(ratios[1])?.times(Ratio::whole(100))?;
    report.metric(
        "gap",
        "Gap in percentage points",
        &format!("({} - {}) * 100", expressions[0], expressions[1]),
        gap,
        &Form::points(Sign::Difference),
    )?;
    let bands = Bands {
        limits: &["0"],
        words: &["second", "first"],
    };
    report.verdict(
        "higher",
        "Company with the higher ratio",
        ("gap", gap),
        &bands,
    )?;
    Some(report)
}
