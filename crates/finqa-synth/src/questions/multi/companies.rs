//! The same ratio of two companies.

use finqa_core::task::Mistake;

use super::burden::line_label;
use super::report::Report;
use super::{BASES, cell, factor, headline};
use crate::draw::Draw;
use crate::questions::desk::Desk;
use crate::questions::exact::Ratio;
use crate::questions::form::Form;
use crate::questions::{Draft, Other, near};

const COMPARE: [&str; 6] = [
    "Which of the two companies had more {m} relative to {x} in fiscal {y}, and how large is the gap?",
    "Compare the two companies by the ratio of {m} to {x} in fiscal {y}.",
    "For fiscal {y}, set {m} against {x} at both companies and say where the ratio is higher.",
    "Work out the ratio of {m} to {x} for each company in fiscal {y} and name the one with the higher ratio.",
    "Is {m} heavier relative to {x} at the first or at the second company in fiscal {y}?",
    "Contrast both companies in fiscal {y}: how much {m} is there for each dollar of {x}, and who has more?",
];

/// Tries to find a table and a year that both companies have.
const ATTEMPTS: usize = 120;

/// A report on both companies; `None` if they share no suitable tables.
pub(super) fn compare(desk: &Desk<'_>, other: Other<'_>, draw: &mut Draw) -> Option<Draft> {
    let index = near(desk, draw);
    if index == desk.view.key.index {
        return None;
    }
    let mut made = None;
    other(index, &mut |view| {
        let second = Desk::new(view);
        made = (0..ATTEMPTS).find_map(|_| both(desk, &second, draw));
    });
    made
}

fn both(desk: &Desk<'_>, second: &Desk<'_>, draw: &mut Draw) -> Option<Draft> {
    let find =
        |desk: &Desk<'_>, stem: &str| desk.sheets.iter().position(|s| s.written.note.stem == stem);
    let table = draw.below(desk.sheets.len());
    let stem = desk.sheets[table].written.note.stem;
    let base_stem = draw.pick(&BASES);
    if stem == base_stem {
        return None;
    }
    let pairs = [
        (desk, table, find(desk, base_stem)?),
        (second, find(second, stem)?, find(second, base_stem)?),
    ];
    let mut rows = Vec::new();
    for (desk, table, base) in pairs {
        let (row, lane) = headline(desk, table, draw)?;
        let (base_row, _) = headline(desk, base, draw)?;
        let newest = desk.sheets[table].columns()[lane[0]].period.year();
        rows.push(((table, row), (base, base_row), newest));
    }
    // The rows must be the same thing at both.
    let role = |desk: &Desk<'_>, (table, row): (usize, usize)| {
        let row = &desk.sheets[table].rows()[row];
        (row.role, row.label.concept)
    };
    let alike = |i: usize| {
        let at = |n: usize| if i == 0 { rows[n].0 } else { rows[n].1 };
        let (own, theirs) = (role(desk, at(0)), role(second, at(1)));
        own == theirs && !own.1.is_empty()
    };
    let topics = [desk.topic(table)?, desk.topic(pairs[0].2)?];
    let same_topics =
        second.topic(rows[1].0.0)? == topics[0] && second.topic(rows[1].1.0)? == topics[1];
    if !alike(0) || !alike(1) || !same_topics {
        return None;
    }
    let year = rows[0].2.min(rows[1].2);
    let label = |row: (usize, usize), topic: &str| {
        format!("{} ({topic})", desk.sheets[row.0].rows()[row.1].label.text)
    };
    let names = [label(rows[0].0, topics[0]), label(rows[0].1, topics[1])];
    let build = |year: i32, shown: i32| {
        report(
            desk,
            second,
            (&rows[0].0, &rows[0].1),
            (&rows[1].0, &rows[1].1),
            &names,
            year,
            shown,
        )
    };
    let report = build(year, year)?;
    let wrong = [year - 1]
        .into_iter()
        .filter_map(|other| Some((build(other, year)?.truth(), Mistake::WrongYear)))
        .collect();
    let mut question = draw.pick(&COMPARE).to_owned();
    for (place, with) in [
        ("{m}", names[0].clone()),
        ("{x}", names[1].clone()),
        ("{y}", year.to_string()),
    ] {
        question = question.replace(place, &with);
    }
    let hint = "Write each amount in the scale of its own table. Ratios have three decimals, the gap (first company less \
                second) is in percentage points with two. The company with the higher ratio is first or second, in the \
                order in which the question names them.";
    report.draft("multi_table - Compare Companies", question, hint, wrong)
}

/// The lines about both companies, the first company's first.
fn report<'d, 'a>(
    desk: &'d Desk<'a>,
    second: &'d Desk<'a>,
    own: (&(usize, usize), &(usize, usize)),
    theirs: (&(usize, usize), &(usize, usize)),
    names: &[String; 2],
    year: i32,
    shown: i32,
) -> Option<Report<'d, 'a>> {
    let mut report = Report::new(desk);
    let mut ratios = Vec::new();
    let mut expressions = Vec::new();
    for (who, desk, (row, base)) in [("first", desk, own), ("second", second, theirs)] {
        if who == "second" {
            report.turn_to(second);
        }
        let (top, bottom) = (cell(desk, *row, year)?, cell(desk, *base, year)?);
        let slots = (format!("{who}_amount"), format!("{who}_base"));
        for (slot, name, at) in [(&slots.0, &names[0], top), (&slots.1, &names[1], bottom)] {
            report.input(
                slot,
                &line_label(&format!("{who} company, {name}"), shown),
                at,
            )?;
        }
        let (suffix, (n, over)) = factor(desk, top, bottom);
        let value = |at: crate::questions::sheet::At| desk.sheet(at).ratio(at.row, at.column);
        ratios.push(value(top)?.over(value(bottom)?.times(Ratio::new(n, over)?)?)?);
        expressions.push(format!("${{{}}} / (${{{}}}{suffix})", slots.0, slots.1));
    }
    let form = Form::ratio();
    report.metric(
        "ratio_first",
        "Ratio of the first company",
        &expressions[0],
        ratios[0],
        &form,
    )?;
    report.metric(
        "ratio_second",
        "Ratio of the second company",
        &expressions[1],
        ratios[1],
        &form,
    )?;
    let gap = ratios[0].minus(ratios[1])?.times(Ratio::whole(100))?;
    report.metric(
        "gap",
        "Gap in percentage points",
        &format!("({} - {}) * 100", expressions[0], expressions[1]),
        gap,
        &Form::points(crate::questions::form::Sign::Difference),
    )?;
    report.verdict(
        "higher",
        "Company with the higher ratio",
        ("gap", gap),
        &[("second", Ratio::whole(0))],
        "first",
        &["0"],
    );
    Some(report)
}
