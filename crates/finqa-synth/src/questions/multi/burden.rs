//! Reports on one headline set against another: a ratio with a verdict, a trend with its driver.

use finqa_core::task::Mistake;

use super::report::Report;
use super::{cell, factor, full_name, two_headlines, unit_of};
use crate::draw::Draw;
use crate::note::Role;
use crate::questions::Draft;
use crate::questions::desk::Desk;
use crate::questions::exact::Ratio;
use crate::questions::form::{Form, Sign};
use crate::questions::sheet::At;

const BURDEN: [&str; 6] = [
    "Assess how heavily {m} weighed on {x} in fiscal {y} and how that changed from fiscal {z}.",
    "How large was {m} relative to {x} in fiscal {y}, and did the ratio rise or fall since fiscal {z}?",
    "Using the two notes, judge the level of {m} against {x} for fiscal {y} and compare it with fiscal {z}.",
    "Determine the ratio of {m} to {x} for fiscal {y} and fiscal {z}, and conclude on level and direction.",
    "Prepare a short analysis of {m} as a share of {x}, fiscal {y} against fiscal {z}.",
    "Work out what part of {x} is matched by {m} in fiscal {y} and fiscal {z}, and give a verdict.",
];

const TREND: [&str; 6] = [
    "How did {m} develop from fiscal {z} to fiscal {y}, which component drove it, and did it outpace {x}?",
    "Analyse the growth of {m} in fiscal {y}: name the largest driver and compare the growth with that of {x}.",
    "Did {m} grow faster than {x} in fiscal {y}, and which part of it added most?",
    "Explain the change in {m} between fiscal {z} and fiscal {y} by its largest contributor and set it against {x}.",
    "Compare the trend in {m} with that in {x} for fiscal {y} and identify the component behind it.",
    "From fiscal {z} to fiscal {y}, which component added most to {m}, and how does its growth compare with {x}?",
];

fn fill(templates: &[&str], places: &[(&str, &str)], draw: &mut Draw) -> String {
    let mut text = draw.pick(templates).to_owned();
    for (place, with) in places {
        text = text.replace(&format!("{{{place}}}"), with);
    }
    crate::questions::wording::tidy(&text)
}

/// A label for a line of the report; what the reader takes for the end of a label cannot stand in it.
pub(super) fn line_label(name: &str, year: i32) -> String {
    let name: String = name
        .chars()
        .map(|c| if matches!(c, ':' | '=' | '|') { ' ' } else { c })
        .collect();
    let mut chars = name.chars();
    let capital: String = chars
        .next()
        .map_or_else(String::new, |c| c.to_uppercase().chain(chars).collect());
    format!("{capital}, fiscal {year}")
}

/// The four cells of a comparison over two years: first and second headline, new and old year.
fn four(desk: &Desk<'_>, rows: [(usize, usize); 2], new: i32) -> Option<[At; 4]> {
    Some([
        cell(desk, rows[0], new)?,
        cell(desk, rows[1], new)?,
        cell(desk, rows[0], new - 1)?,
        cell(desk, rows[1], new - 1)?,
    ])
}

fn value(desk: &Desk<'_>, at: At) -> Option<Ratio> {
    desk.sheet(at).ratio(at.row, at.column)
}

/// What both verdicts look at: tenths of a percent.
fn permille(n: i128) -> Ratio {
    Ratio::new(n, 1000).unwrap_or(Ratio::whole(0))
}

pub(super) fn burden(desk: &Desk<'_>, draw: &mut Draw) -> Option<Draft> {
    let (first, second, years) = two_headlines(desk, 100, draw)?;
    let rows = [first, second];
    let year = draw.pick(&years);
    let names = [
        full_name(desk, first, true, draw)?,
        full_name(desk, second, true, draw)?,
    ];
    let (low, high) = draw.pick(&[
        ((30, "0.03"), (100, "0.1")),
        ((50, "0.05"), (200, "0.2")),
        ((100, "0.1"), (400, "0.4")),
        ((250, "0.25"), (1000, "1")),
    ]);
    let build = |new: i32, shown: i32| -> Option<Report<'_, '_>> {
        let [now_at, base_at, old_at, base_old_at] = four(desk, rows, new)?;
        let (suffix, (n, over)) = factor(desk, now_at, base_at);
        let by = Ratio::new(n, over)?;
        let ratio = |x: At, y: At| value(desk, x)?.over(value(desk, y)?.times(by)?);
        let mut report = Report::new(desk);
        report.input("first_new", &line_label(&names[0], shown), now_at)?;
        report.input("first_old", &line_label(&names[0], shown - 1), old_at)?;
        report.input("second_new", &line_label(&names[1], shown), base_at)?;
        report.input("second_old", &line_label(&names[1], shown - 1), base_old_at)?;
        let expression = |new: &str| {
            if suffix.is_empty() {
                format!("${{first_{new}}} / ${{second_{new}}}")
            } else {
                format!("${{first_{new}}} / (${{second_{new}}}{suffix})")
            }
        };
        let (now, before) = (ratio(now_at, base_at)?, ratio(old_at, base_old_at)?);
        let form = Form::ratio();
        report.metric(
            "ratio_new",
            &format!("Ratio, fiscal {shown}"),
            &expression("new"),
            now,
            &form,
        )?;
        report.metric(
            "ratio_old",
            &format!("Ratio, fiscal {}", shown - 1),
            &expression("old"),
            before,
            &form,
        )?;
        let shift = now.minus(before)?.times(Ratio::whole(100))?;
        let points = format!("({} - {}) * 100", expression("new"), expression("old"));
        report.metric(
            "change",
            "Change of the ratio in percentage points",
            &points,
            shift,
            &Form::points(Sign::Change),
        )?;
        report.verdict(
            "level",
            "Level",
            ("ratio_new", now),
            &[("low", permille(low.0)), ("moderate", permille(high.0))],
            "high",
            &[low.1, high.1],
        );
        report.verdict(
            "direction",
            "Direction",
            ("change", shift),
            &[("falling", Ratio::whole(0))],
            "rising",
            &["0"],
        );
        Some(report)
    };
    let report = build(year, year)?;
    let wrong: Vec<(String, Mistake)> = [year - 1, year + 1]
        .into_iter()
        .filter_map(|other| Some((build(other, year)?.truth(), Mistake::WrongYear)))
        .collect();
    let units = amounts(desk, &four(desk, rows, year)?, draw);
    let hint = format!(
        "{units} Ratios are the first amount over the second, with three decimals; the change has two. The level is low \
         below {}, moderate below {}, else high; the direction is falling or rising.",
        low.1, high.1
    );
    let question = fill(
        &BURDEN,
        &[
            ("m", &names[0]),
            ("x", &names[1]),
            ("y", &year.to_string()),
            ("z", &(year - 1).to_string()),
        ],
        draw,
    );
    report.draft("multi_table - Burden", question, &hint, wrong)
}

/// In which scale the amounts of a report are written.
pub(super) fn amounts(desk: &Desk<'_>, cells: &[At], draw: &mut Draw) -> String {
    let first = unit_of(desk, cells[0]);
    if cells.iter().all(|at| unit_of(desk, *at) == first) {
        draw.pick(&[
            "Amounts are in {s}.",
            "Write amounts in {s}.",
            "Give all amounts in {s}.",
        ])
        .replace("{s}", first)
    } else {
        "Write each amount in the scale of its own table.".to_owned()
    }
}

pub(super) fn trend(desk: &Desk<'_>, draw: &mut Draw) -> Option<Draft> {
    let (first, second, years) = two_headlines(desk, 100, draw)?;
    let rows = [first, second];
    let year = draw.pick(&years);
    let sheet = &desk.sheets[first.0];
    if sheet.rows()[first.1].role != Role::Total {
        return None;
    }
    let names = [
        full_name(desk, first, true, draw)?,
        full_name(desk, second, true, draw)?,
    ];
    let build = |new: i32, shown: i32| -> Option<Report<'_, '_>> {
        let [now_at, base_at, old_at, base_old_at] = four(desk, rows, new)?;
        let growth = |x: At, y: At| {
            let (x, y) = (value(desk, x)?, value(desk, y)?);
            x.minus(y)?.over(y)?.times(Ratio::whole(100))
        };
        let mut report = Report::new(desk);
        report.input("first_new", &line_label(&names[0], shown), now_at)?;
        report.input("first_old", &line_label(&names[0], shown - 1), old_at)?;
        report.input("second_new", &line_label(&names[1], shown), base_at)?;
        report.input("second_old", &line_label(&names[1], shown - 1), base_old_at)?;
        let parts = sheet.parts_of(first.1, now_at.column)?;
        if parts.len() < 3 {
            return None;
        }
        let mut steps: Vec<(Ratio, usize)> = Vec::new();
        let mut expressions = Vec::new();
        for &part in &parts {
            let (new, old) = (
                At {
                    row: part,
                    ..now_at
                },
                At {
                    row: part,
                    ..old_at
                },
            );
            steps.push((value(desk, new)?.minus(value(desk, old)?)?, part));
            let places = (report.operand(new), report.operand(old));
            expressions.push(format!("{{{}}} - {{{}}}", places.0, places.1));
        }
        let best = (0..steps.len()).max_by(|&i, &j| {
            steps[i]
                .0
                .exceeds(steps[j].0)
                .cmp(&steps[j].0.exceeds(steps[i].0))
        })?;
        let clear = steps
            .iter()
            .enumerate()
            .all(|(i, (step, _))| i == best || steps[best].0.exceeds(*step));
        if !clear || !steps[best].0.is_positive() {
            return None;
        }
        let (one, two) = (growth(now_at, old_at)?, growth(base_at, base_old_at)?);
        let form = Form::percent(Sign::Change);
        let rate =
            |which: &str| format!("(${{{which}_new}} - ${{{which}_old}}) / ${{{which}_old}} * 100");
        report.metric(
            "growth_first",
            "Growth of the first",
            &rate("first"),
            one,
            &form,
        )?;
        report.metric(
            "growth_second",
            "Growth of the second",
            &rate("second"),
            two,
            &form,
        )?;
        let gap = one.minus(two)?;
        report.metric(
            "gap",
            "Growth gap in percentage points",
            &format!("{} - {}", rate("first"), rate("second")),
            gap,
            &Form::points(Sign::Change),
        )?;
        let label = &sheet.rows()[steps[best].1].label;
        let mut aliases = vec![label.text.clone()];
        aliases.extend(label.also.iter().map(|a| (*a).to_owned()));
        let labels = parts
            .iter()
            .map(|&p| sheet.written.label(p).to_owned())
            .collect();
        report.label(
            2,
            "driver",
            "Largest driver",
            expressions,
            labels,
            (best, aliases),
        )?;
        report.verdict(
            "pace",
            "Pace of the first",
            ("gap", gap),
            &[("slower", Ratio::whole(0))],
            "faster",
            &["0"],
        );
        Some(report)
    };
    let report = build(year, year)?;
    let wrong: Vec<(String, Mistake)> = [year - 1, year + 1]
        .into_iter()
        .filter_map(|other| Some((build(other, year)?.truth(), Mistake::WrongYear)))
        .collect();
    let units = amounts(desk, &four(desk, rows, year)?, draw);
    let hint = format!(
        "{units} Growth is in percent with two decimals. The largest driver is the component whose amount rose most, \
         by its label in the table; the pace is faster or slower than the second."
    );
    let question = fill(
        &TREND,
        &[
            ("m", &names[0]),
            ("x", &names[1]),
            ("y", &year.to_string()),
            ("z", &(year - 1).to_string()),
        ],
        draw,
    );
    report.draft("multi_table - Trend and Driver", question, &hint, wrong)
}
