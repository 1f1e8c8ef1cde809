//! Reports on the headlines of two or three notes set against that of another.

use finqa_core::task::Mistake;

use super::burden::{amounts, line_label};
use super::report::Report;
use super::{BASES, TableRow, cell, factor, full_name, headline};
use crate::draw::Draw;
use crate::questions::Draft;
use crate::questions::desk::Desk;
use crate::questions::exact::Ratio;
use crate::questions::form::Form;
use crate::questions::sheet::At;

const SEVERAL: [&str; 6] = [
    "Set {m} against {x} in fiscal {y}, one by one and together, and say which weighs most.",
    "For fiscal {y}, relate each of {m} to {x}, add the ratios up and name the largest.",
    "How do {m} compare with {x} in fiscal {y}, each by itself and all together?",
    "Measure {m} by {x} for fiscal {y}: give each ratio, their sum, and the heaviest item.",
    "What do {m} come to relative to {x} in fiscal {y}, separately and in sum, and which is the largest?",
    "Size up {m} for fiscal {y} as multiples of {x}, find their sum and judge it.",
];

const ORDER: [&str; 3] = ["first", "second", "third"];

/// How many notes are set against the base.
fn tops(desk: &Desk<'_>, draw: &mut Draw) -> Option<usize> {
    let most = (desk.view.config.max_hops as usize).checked_sub(1)?;
    (most >= 2).then(|| 2 + draw.below(most.min(ORDER.len()) - 1))
}

/// Two ratios that no rounding confuses: the first is at least a twentieth above the second.
fn is_clear(first: Ratio, second: Ratio) -> Option<bool> {
    Some(first.times(Ratio::new(19, 20)?)?.exceeds(second))
}

pub(super) fn several(desk: &Desk<'_>, draw: &mut Draw) -> Option<Draft> {
    let n = tops(desk, draw)?;
    let stem = draw.pick(&BASES);
    let base_table = desk
        .sheets
        .iter()
        .position(|s| s.written.note.stem == stem)?;
    let (base_row, lane) = headline(desk, base_table, draw)?;
    let base = (base_table, base_row);
    let at = draw.pick(&lane);
    let year = desk.sheets[base_table].columns()[at].period.year();
    let mut rows: Vec<TableRow> = Vec::new();
    for _ in 0..12 * n {
        let table = draw.below(desk.sheets.len());
        let taken = |t: usize| t == base_table || rows.iter().any(|r| r.0 == t);
        if rows.len() == n || taken(table) {
            continue;
        }
        if let Some((row, _)) = headline(desk, table, draw)
            && cell(desk, (table, row), year).is_some()
        {
            rows.push((table, row));
        }
    }
    if rows.len() < n {
        return None;
    }
    let names: Vec<String> = rows
        .iter()
        .map(|row| full_name(desk, *row, true, draw))
        .collect::<Option<_>>()?;
    let base_name = full_name(desk, base, true, draw)?;
    let (low, high) = draw.pick(&[
        ((100, "0.1"), (400, "0.4")),
        ((250, "0.25"), (1000, "1")),
        ((500, "0.5"), (2000, "2")),
    ]);
    let build = |from: i32| -> Option<Report<'_, '_>> {
        let base_at = cell(desk, base, from)?;
        let cells: Vec<At> = rows
            .iter()
            .map(|row| cell(desk, *row, from))
            .collect::<Option<_>>()?;
        let value = |at: At| desk.sheet(at).ratio(at.row, at.column);
        let mut report = Report::new(desk);
        for ((slot, name), at) in ORDER.iter().zip(&names).zip(&cells) {
            report.input(slot, &line_label(name, year), *at)?;
        }
        report.input("base", &line_label(&base_name, year), base_at)?;
        let mut ratios: Vec<Ratio> = Vec::new();
        let (mut by_slots, mut by_places) = (Vec::new(), Vec::new());
        for (slot, at) in ORDER.iter().zip(&cells) {
            let (suffix, (by, over)) = factor(desk, *at, base_at);
            let ratio = value(*at)?.over(value(base_at)?.times(Ratio::new(by, over)?)?)?;
            let places = (report.operand(*at), report.operand(base_at));
            by_slots.push(format!("${{{slot}}} / (${{base}}{suffix})"));
            by_places.push(format!("{{{}}} / ({{{}}}{suffix})", places.0, places.1));
            // The same quantity in two notes makes no ratio, nor are two equal ones ranked.
            if !ratio.exceeds(Ratio::whole(1)) && !Ratio::whole(1).exceeds(ratio) {
                return None;
            }
            ratios.push(ratio);
        }
        let form = Form::ratio();
        for ((slot, ratio), expression) in ORDER.iter().zip(&ratios).zip(&by_slots) {
            report.metric(
                &format!("ratio_{slot}"),
                &format!("Ratio of the {slot}"),
                expression,
                *ratio,
                &form,
            )?;
        }
        let sum = ratios
            .iter()
            .try_fold(Ratio::whole(0), |sum, ratio| sum.plus(*ratio))?;
        report.metric(
            "together",
            "Sum of the ratios",
            &by_slots.join(" + "),
            sum,
            &form,
        )?;
        let best = (0..n)
            .find(|&i| (0..n).all(|j| i == j || is_clear(ratios[i], ratios[j]).unwrap_or(false)))?;
        let words = ORDER[..n].iter().map(|w| (*w).to_owned()).collect();
        report.label(
            2,
            "largest",
            "Largest",
            by_places,
            words,
            (best, Vec::new()),
        )?;
        report.verdict(
            "level",
            "Level of the sum",
            ("together", sum),
            &[
                ("low", Ratio::new(low.0, 1000)?),
                ("moderate", Ratio::new(high.0, 1000)?),
            ],
            "high",
            &[low.1, high.1],
        );
        Some(report)
    };
    let report = build(year)?;
    let wrong: Vec<(String, Mistake)> = [year - 1, year + 1]
        .into_iter()
        .filter_map(|other| Some((build(other)?.truth(), Mistake::WrongYear)))
        .collect();
    let mut cells: Vec<At> = rows
        .iter()
        .map(|row| cell(desk, *row, year))
        .collect::<Option<_>>()?;
    cells.push(cell(desk, base, year)?);
    let units = amounts(desk, &cells, draw);
    let hint = format!(
        "{units} Each ratio is the amount over the last one, with three decimals. The largest is {}, in the order of \
         the question; the level is low below {}, moderate below {}, else high.",
        if n == 2 {
            "first or second"
        } else {
            "first, second or third"
        },
        low.1,
        high.1
    );
    let listed = match names.as_slice() {
        [one, two] => format!("{one} and {two}"),
        all => format!("{} and {}", all[..n - 1].join(", "), all[n - 1]),
    };
    let mut question = draw.pick(&SEVERAL).to_owned();
    for (place, with) in [
        ("{m}", listed),
        ("{x}", base_name),
        ("{y}", year.to_string()),
    ] {
        question = question.replace(place, &with);
    }
    let question = crate::questions::wording::tidy(&question);
    report.draft("multi_table - Several Notes", question, &hint, wrong)
}
