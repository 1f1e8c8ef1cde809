//! Reports on the headlines of two or three notes set against that of another.

use finqa_core::task::Mistake;

use super::chosen::{Source, Stock};
use super::report::{Bands, Report};
use super::{amounts, cell, factor, fill, line_label, positive, value};
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

pub(super) fn several(
    desk: &Desk<'_>,
    stock: &Stock,
    source: Source,
    draw: &mut Draw,
) -> Option<Draft> {
    if source == Source::Shape {
        // Sums of ratios of anything to anything say nothing.
        return None;
    }
    let n = tops(desk, draw)?;
    let (sides, base_side) = stock.several(desk, n, draw)?;
    let rows: Vec<_> = sides.iter().map(|side| side.row).collect();
    let base = base_side.row;
    let mut years: Vec<i32> = desk.sheets[base.0]
        .columns()
        .iter()
        .map(|c| c.period.year())
        .collect();
    years.dedup();
    years.retain(|y| {
        rows.iter()
            .chain([&base])
            .all(|row| positive(desk, *row, *y).is_some())
    });
    if years.is_empty() {
        return None;
    }
    let year = draw.pick(&years);
    let names: Vec<String> = sides.iter().map(|side| side.full(false)).collect();
    let base_name = base_side.full(false);
    let (low, high) = draw.pick(&[("0.1", "0.4"), ("0.25", "1"), ("0.5", "2")]);
    let build = |from: i32| -> Option<Report<'_, '_>> {
        let base_at = cell(desk, base, from)?;
        let cells: Vec<At> = rows
            .iter()
            .map(|row| cell(desk, *row, from))
            .collect::<Option<_>>()?;
        let mut report = Report::new(desk);
        for ((slot, name), at) in ORDER.iter().zip(&names).zip(&cells) {
            report.input(slot, &line_label(name, year), *at)?;
        }
        report.input("base", &line_label(&base_name, year), base_at)?;
        let mut ratios: Vec<Ratio> = Vec::new();
        let (mut by_slots, mut by_places) = (Vec::new(), Vec::new());
        for (slot, at) in ORDER.iter().zip(&cells) {
            let (suffix, by) = factor(desk, *at, base_at);
            let ratio = value(desk, *at)?.over(value(desk, base_at)?.times(by)?)?;
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
        let bands = Bands {
            limits: &[low, high],
            words: &["low", "moderate", "high"],
        };
        report.verdict("level", "Level of the sum", ("together", sum), &bands)?;
        Some(report)
    };
    let report = build(year)?;
    let mut wrong: Vec<(String, Mistake)> = [year - 1, year + 1]
        .into_iter()
        .filter_map(|other| Some((build(other)?.truth(), Mistake::WrongYear)))
        .collect();
    wrong.extend(report.misjudged().map(|text| (text, Mistake::WrongBase)));
    wrong.push((report.in_thousands(), Mistake::Scale));
    let mut cells: Vec<At> = rows
        .iter()
        .map(|row| cell(desk, *row, year))
        .collect::<Option<_>>()?;
    cells.push(cell(desk, base, year)?);
    let units = amounts(desk, &cells, draw);
    let notes: Vec<String> = sides
        .iter()
        .chain([&base_side])
        .map(|side| format!("{} from the note on {}", side.name, side.topic))
        .collect();
    let hint = format!(
        "Take {}. {units} Each ratio is the amount over the last one, with three decimals. The largest is {}, in the order of \
         the question; the level is low below {}, moderate below {}, else high.",
        notes.join("; "),
        if n == 2 {
            "first or second"
        } else {
            "first, second or third"
        },
        low,
        high
    );
    let listed = match names.as_slice() {
        [one, two] => format!("{one} and {two}"),
        all => format!("{} and {}", all[..n - 1].join(", "), all[n - 1]),
    };
    let question = fill(
        &SEVERAL,
        &[("m", &listed), ("x", &base_name), ("y", &year.to_string())],
        draw,
    );
    report.draft("multi_table - Several Notes", question, &hint, wrong)
}
