//! Reports on one figure over another: the ratio of two years with a verdict.

use finqa_core::task::Mistake;

use super::chosen::{Chosen, Source, Stock, Use};
use super::pairs::{Bands as Limits, level};
use super::report::{Bands, Report};
use super::{TableRow, amounts, capital, cell, factor, fill, line_label, sibling, value};
use crate::draw::Draw;
use crate::questions::Draft;
use crate::questions::desk::Desk;
use crate::questions::exact::Ratio;
use crate::questions::form::{Form, Sign};
use crate::questions::sheet::At;

/// With the analyst's name of the ratio.
const KNOWN: [&str; 8] = [
    "Assess the {r} for fiscal {y} against fiscal {z}, as {m} over {x}.",
    "How did the {r} move from fiscal {z} to fiscal {y}, and is it {low}, {mid} or {high}? Set {m} against {x}.",
    "Judge the level and the direction of the {r} in fiscal {y}, measured as {m} over {x}.",
    "Work out the {r} for fiscal {z} and fiscal {y} from {m} and {x}, and give a verdict.",
    "Is the {r} rising or falling? Relate {m} to {x} for fiscal {z} and fiscal {y}.",
    "Review the {r}, {m} over {x}, for fiscal {y} and the year before.",
    "Calculate {m} relative to {x} and conclude on the {r} for fiscal {y} versus fiscal {z}.",
    "Write a short note on the {r} for fiscal {y}: {m} over {x}, its level and the change since fiscal {z}.",
];

/// Without one.
const PLAIN: [&str; 6] = [
    "How large was {m} relative to {x} in fiscal {y}, and did the ratio rise or fall since fiscal {z}?",
    "Judge the level of {m} against {x} for fiscal {y} and compare it with fiscal {z}.",
    "Determine the ratio of {m} to {x} for fiscal {y} and fiscal {z}, and conclude on level and direction.",
    "Set {m} against {x} for fiscal {z} and fiscal {y}: how high is the ratio, and where is it heading?",
    "Work out {m} over {x} in fiscal {y} and fiscal {z}, and give a verdict.",
    "Compare {m} with {x} in fiscal {y} and the year before: give both ratios, the change and a verdict.",
];

/// Bands for ratios that nobody has a rule of thumb for, by size.
const SIZES: [Limits; 4] = [
    level("0.03", "0.1"),
    level("0.1", "0.3"),
    level("0.25", "1"),
    level("1", "4"),
];

/// Cells of two years, and how the ratio is made of them.
struct Way {
    /// First and second figure of the new year, then of the old one.
    cells: [At; 4],
    inverse: bool,
    converted: bool,
}

fn four(desk: &Desk<'_>, rows: [TableRow; 2], years: [i32; 2]) -> Option<[At; 4]> {
    Some([
        cell(desk, rows[0], years[0])?,
        cell(desk, rows[1], years[0])?,
        cell(desk, rows[0], years[1])?,
        cell(desk, rows[1], years[1])?,
    ])
}

pub(super) fn burden(
    desk: &Desk<'_>,
    stock: &Stock,
    source: Source,
    draw: &mut Draw,
) -> Option<Draft> {
    let chosen = stock.choose(desk, (source, Use::Ratio), draw, |_| true)?;
    let rows = chosen.rows();
    let year = chosen.year_of_two(draw)?;
    let limits = chosen.pair.map_or_else(|| draw.pick(&SIZES), |p| p.bands);
    let way = |rows: [TableRow; 2], years: [i32; 2]| {
        Some(Way {
            cells: four(desk, rows, years)?,
            inverse: false,
            converted: true,
        })
    };
    let write = |way: Option<Way>| write(desk, &chosen, limits, year, &way?);
    let right = way(rows, [year, year - 1])?;
    let cells = right.cells;
    let report = write(Some(right))?;
    let mut wrong: Vec<(String, Mistake)> = Vec::new();
    let mut add = |made: Option<String>, mistake| wrong.extend(made.map(|text| (text, mistake)));
    for years in [[year - 1, year - 2], [year + 1, year]] {
        let other = write(way(rows, years));
        add(other.map(|r| r.truth()), Mistake::WrongYear);
    }
    let swapped = write(way(rows, [year - 1, year]));
    add(swapped.map(|r| r.truth()), Mistake::Sign);
    let inverse = way(rows, [year, year - 1]).map(|w| Way { inverse: true, ..w });
    add(write(inverse).map(|r| r.truth()), Mistake::WrongBase);
    let beside = sibling(desk, rows[0], &[year, year - 1])
        .and_then(|other| way([other, rows[1]], [year, year - 1]));
    add(write(beside).map(|r| r.truth()), Mistake::SiblingRow);
    if factor(desk, cells[0], cells[1]).0.is_empty() {
        add(Some(report.in_thousands()), Mistake::Scale);
    } else {
        let raw = way(rows, [year, year - 1]).map(|w| Way {
            converted: false,
            ..w
        });
        add(write(raw).map(|r| r.truth()), Mistake::Scale);
    }
    add(report.misjudged(), Mistake::WrongBase);
    let [low, mid, high] = limits.words;
    let hint = format!(
        "{} {} Ratios are the first over the second, with three decimals; the change is the new ratio less the old one, \
         {}. The level is {low} below {}, {mid} below {}, else {high}; the direction is falling or rising.",
        chosen.sources(),
        amounts(desk, &cells, draw),
        if in_points(limits) {
            "in percentage points with two"
        } else {
            "with three"
        },
        limits.limits[0],
        limits.limits[1],
    );
    let names = chosen.names();
    let templates: &[&str] = if chosen.pair.is_some() {
        &KNOWN
    } else {
        &PLAIN
    };
    let question = fill(
        templates,
        &[
            ("r", chosen.pair.map_or("ratio", |p| p.what)),
            ("m", names[0]),
            ("x", names[1]),
            ("y", &year.to_string()),
            ("z", &(year - 1).to_string()),
            ("low", low),
            ("mid", mid),
            ("high", high),
        ],
        draw,
    );
    report.draft("multi_table - Burden", question, &hint, wrong)
}

/// Ratios below one change by percentage points, multiples by themselves.
fn in_points(limits: Limits) -> bool {
    limits.limits[1].starts_with("0.") || limits.limits[1] == "1"
}

fn write<'d, 'a>(
    desk: &'d Desk<'a>,
    chosen: &Chosen,
    limits: Limits,
    year: i32,
    way: &Way,
) -> Option<Report<'d, 'a>> {
    let [now, base, old, base_old] = way.cells;
    let names = chosen.names();
    let mut report = Report::new(desk);
    report.input("first_new", &line_label(names[0], year), now)?;
    report.input("first_old", &line_label(names[0], year - 1), old)?;
    report.input("second_new", &line_label(names[1], year), base)?;
    report.input("second_old", &line_label(names[1], year - 1), base_old)?;
    let (suffix, by) = if way.converted {
        factor(desk, now, base)
    } else {
        ("", Ratio::whole(1))
    };
    let ratio = |x: At, y: At| {
        let (x, y) = (value(desk, x)?, value(desk, y)?.times(by)?);
        if way.inverse { y.over(x) } else { x.over(y) }
    };
    let expression = |which: &str| {
        let first = format!("${{first_{which}}}");
        let second = match suffix {
            "" => format!("${{second_{which}}}"),
            _ => format!("(${{second_{which}}}{suffix})"),
        };
        if way.inverse {
            format!("{second} / {first}")
        } else {
            format!("{first} / {second}")
        }
    };
    let (after, before) = (ratio(now, base)?, ratio(old, base_old)?);
    let what = capital(chosen.pair.map_or("ratio", |p| p.what));
    for (slot, which, year, exact) in [
        ("ratio_new", "new", year, after),
        ("ratio_old", "old", year - 1, before),
    ] {
        let label = format!("{what}, fiscal {year}");
        report.metric(slot, &label, &expression(which), exact, &Form::ratio())?;
    }
    let step = after.minus(before)?;
    let minus = format!("{} - {}", expression("new"), expression("old"));
    let shift = if in_points(limits) {
        let points = step.times(Ratio::whole(100))?;
        let label = "Change in percentage points";
        let form = Form::points(Sign::Change);
        report.metric("change", label, &format!("({minus}) * 100"), points, &form)?;
        points
    } else {
        let mut form = Form::ratio();
        form.sign = Sign::Change;
        report.metric("change", "Change", &minus, step, &form)?;
        step
    };
    let bands = Bands {
        limits: &limits.limits,
        words: &limits.words,
    };
    report.verdict("level", "Level", ("ratio_new", after), &bands)?;
    let direction = Bands {
        limits: &["0"],
        words: &["falling", "rising"],
    };
    report.verdict("direction", "Direction", ("change", shift), &direction)?;
    Some(report)
}
