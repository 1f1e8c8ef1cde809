//! Reports on a total that grows beside another figure, and on the part that drives it.

use finqa_core::task::Mistake;

use super::chosen::{Chosen, Source, Stock, Use};
use super::report::{Bands, Report};
use super::{TableRow, amounts, cell, fill, line_label, sibling, value};
use crate::draw::Draw;
use crate::note::Role;
use crate::questions::Draft;
use crate::questions::desk::Desk;
use crate::questions::exact::Ratio;
use crate::questions::form::{Form, Sign};
use crate::questions::sheet::At;

const TREND: [&str; 8] = [
    "Did {m} grow faster than {x} in fiscal {y}, and which component added most?",
    "Explain the growth of {m} in fiscal {y}: name the largest driver and compare the pace with {x}.",
    "What drove {m} from fiscal {z} to fiscal {y}, and did it outpace {x}?",
    "Analyse the change in {m} in fiscal {y} by its largest contributor and set the growth against that of {x}.",
    "Which component added most to {m} in fiscal {y}, and how does the growth compare with {x}?",
    "Compare the growth of {m} with that of {x} in fiscal {y} and identify the driver.",
    "How fast did {m} grow in fiscal {y} next to {x}, and what was behind it?",
    "Review {m} against {x}, fiscal {z} to fiscal {y}: growth of both, the gap and the largest driver.",
];

/// Rows, years and how growth is worked out.
struct Way {
    rows: [TableRow; 2],
    years: [i32; 2],
    on_new: bool,
}

pub(super) fn trend(
    desk: &Desk<'_>,
    stock: &Stock,
    source: Source,
    draw: &mut Draw,
) -> Option<Draft> {
    let has_parts = |(table, row): TableRow| {
        let sheet = &desk.sheets[table];
        let sums = &sheet.written.note.sums;
        sheet.rows()[row].role == Role::Total
            && sums.iter().any(|s| s.total == row && s.parts.len() > 2)
    };
    let chosen = stock.choose(desk, (source, Use::Ratio), draw, has_parts)?;
    let year = chosen.year_of_two(draw)?;
    let way = Way {
        rows: chosen.rows(),
        years: [year, year - 1],
        on_new: false,
    };
    let driver = driver(desk, &way)?;
    let report = write(desk, &chosen, year, &driver, &way)?;
    let mut wrong: Vec<(String, Mistake)> = Vec::new();
    let mut add = |way: &Way, mistake| {
        let made = write(desk, &chosen, year, &driver, way);
        wrong.extend(made.map(|r| (r.truth(), mistake)));
    };
    for years in [[year - 1, year - 2], [year + 1, year]] {
        add(&Way { years, ..way }, Mistake::WrongYear);
    }
    let years = [year - 1, year];
    add(&Way { years, ..way }, Mistake::Sign);
    add(
        &Way {
            on_new: true,
            ..way
        },
        Mistake::WrongBase,
    );
    if let Some(other) = sibling(desk, way.rows[1], &[year, year - 1]) {
        let rows = [way.rows[0], other];
        add(&Way { rows, ..way }, Mistake::SiblingRow);
    }
    wrong.push((report.in_thousands(), Mistake::Scale));
    let other = &driver.labels[(driver.best + 1) % driver.labels.len()];
    wrong.push((report.with(&[("driver", other)]), Mistake::SiblingRow));
    wrong.extend(report.misjudged().map(|text| (text, Mistake::Sign)));
    let cells = [
        cell(desk, way.rows[0], year)?,
        cell(desk, way.rows[1], year)?,
    ];
    let names = chosen.names();
    let hint = format!(
        "{} {} Growth is in percent with two decimals, the gap in percentage points. The largest driver is the component \
         of {} whose amount rose most, by its label in the table; {} grew slower or faster than {}.",
        chosen.sources(),
        amounts(desk, &cells, draw),
        names[0],
        names[0],
        names[1],
    );
    let question = fill(
        &TREND,
        &[
            ("m", names[0]),
            ("x", names[1]),
            ("y", &year.to_string()),
            ("z", &(year - 1).to_string()),
        ],
        draw,
    );
    report.draft("multi_table - Trend and Driver", question, &hint, wrong)
}

/// The parts of the total and the one that rose most.
struct Driver {
    parts: Vec<usize>,
    labels: Vec<String>,
    best: usize,
    aliases: Vec<String>,
}

fn driver(desk: &Desk<'_>, way: &Way) -> Option<Driver> {
    let [new, old] = way.years;
    let (table, total) = way.rows[0];
    let sheet = &desk.sheets[table];
    let now = cell(desk, way.rows[0], new)?;
    let before = cell(desk, way.rows[0], old)?;
    let parts = sheet.parts_of(total, now.column)?;
    let steps: Option<Vec<Ratio>> = parts
        .iter()
        .map(|&row| {
            let of = |at: At| value(desk, At { row, ..at });
            of(now)?.minus(of(before)?)
        })
        .collect();
    let steps = steps?;
    let best = (0..steps.len()).find(|&i| {
        steps[i].is_positive() && (0..steps.len()).all(|j| j == i || steps[i].exceeds(steps[j]))
    })?;
    let labels: Vec<String> = parts
        .iter()
        .map(|&p| sheet.written.label(p).to_owned())
        .collect();
    let label = &sheet.rows()[parts[best]].label;
    let mut aliases = vec![label.text.clone()];
    aliases.extend(label.also.iter().map(|a| (*a).to_owned()));
    let twice = labels.iter().filter(|l| **l == labels[best]).count() > 1;
    (parts.len() > 2 && !twice).then_some(Driver {
        parts,
        labels,
        best,
        aliases,
    })
}

fn write<'d, 'a>(
    desk: &'d Desk<'a>,
    chosen: &Chosen,
    year: i32,
    driver: &Driver,
    way: &Way,
) -> Option<Report<'d, 'a>> {
    let names = chosen.names();
    let mut report = Report::new(desk);
    let mut cells = Vec::new();
    for (which, row, name) in [
        ("first", way.rows[0], names[0]),
        ("second", way.rows[1], names[1]),
    ] {
        let [new, old] = [
            cell(desk, row, way.years[0])?,
            cell(desk, row, way.years[1])?,
        ];
        report.input(&format!("{which}_new"), &line_label(name, year), new)?;
        report.input(&format!("{which}_old"), &line_label(name, year - 1), old)?;
        cells.push([new, old]);
    }
    let mut rates = Vec::new();
    for (which, [new, old]) in ["first", "second"].into_iter().zip(&cells) {
        let (new, old) = (value(desk, *new)?, value(desk, *old)?);
        let over = if way.on_new { "new" } else { "old" };
        let by = if way.on_new { new } else { old };
        rates.push((
            new.minus(old)?.over(by)?.times(Ratio::whole(100))?,
            format!("(${{{which}_new}} - ${{{which}_old}}) / ${{{which}_{over}}} * 100"),
        ));
    }
    let form = Form::percent(Sign::Change);
    for (slot, name, (rate, expression)) in [
        ("growth_first", names[0], &rates[0]),
        ("growth_second", names[1], &rates[1]),
    ] {
        let label = format!("Growth of {name}");
        report.metric(slot, &label, expression, *rate, &form)?;
    }
    let gap = rates[0].0.minus(rates[1].0)?;
    report.metric(
        "gap",
        "Growth gap in percentage points",
        &format!("{} - {}", rates[0].1, rates[1].1),
        gap,
        &Form::points(Sign::Change),
    )?;
    let [now, before] = cells[0];
    let expressions = driver
        .parts
        .iter()
        .map(|&row| {
            let (new, old) = (
                report.operand(At { row, ..now }),
                report.operand(At { row, ..before }),
            );
            format!("{{{new}}} - {{{old}}}")
        })
        .collect();
    report.label(
        2,
        "driver",
        "Largest driver",
        expressions,
        driver.labels.clone(),
        (driver.best, driver.aliases.clone()),
    )?;
    let bands = Bands {
        limits: &["0"],
        words: &["slower", "faster"],
    };
    let label = format!("Pace of {}", names[0].trim_start_matches("the "));
    report.verdict("pace", &label, ("gap", gap), &bands)?;
    Some(report)
}
