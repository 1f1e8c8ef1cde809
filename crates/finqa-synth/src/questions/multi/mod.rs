//! Questions about two tables or more: one number, or a report with a rubric.

mod burden;
mod companies;
mod flows;
mod number;
mod report;
mod several;
mod tie;

use super::desk::Desk;
use super::sheet::{At, Sheet};
use super::{Asked, Draft, Other};
use crate::draw::Draw;
use crate::note::{Quantity, Role};
use crate::split::SplitName;
use crate::style::scale_words;

type Maker = fn(&Desk<'_>, &mut Draw) -> Option<Draft>;

/// A table and a row of it.
type TableRow = (usize, usize);

/// Tries before a kind is given up for a company.
const ATTEMPTS: usize = 250;

/// Questions of `train` and `val` whose answer is one number, percent of the multi-table ones.
const ONE_NUMBER_PCT: u32 = 65;

/// Questions of `reason79` about two companies, percent.
const COMPANIES_PCT: u32 = 12;

const NUMBERS: [(Maker, u32); 4] = [
    (number::ratio, 50),
    (number::gap, 20),
    (number::growth_gap, 20),
    (number::combined, 10),
];

const REPORTS: [(Maker, u32); 5] = [
    (burden::burden, 20),
    (several::several, 20),
    (burden::trend, 25),
    (flows::bridge, 25),
    (tie::reconciliation, 15),
];

/// A question about several tables.
pub(super) fn make(
    desk: &Desk<'_>,
    other: Other<'_>,
    asked: &mut Asked,
    draw: &mut Draw,
) -> Option<Draft> {
    let reasons = desk.view.key.split == SplitName::Reason79;
    if reasons
        && draw.chance(COMPANIES_PCT)
        && let Some(draft) = companies::compare(desk, other, draw)
        && asked.is_new(&draft)
    {
        return Some(draft);
    }
    let makers: &[(Maker, u32)] = if !reasons && draw.chance(ONE_NUMBER_PCT) {
        &NUMBERS
    } else {
        &REPORTS
    };
    let weights: Vec<u32> = makers.iter().map(|(_, weight)| *weight).collect();
    let first = draw.weighted(&weights);
    // Another of the same family where the tables do not allow the one drawn.
    (0..makers.len())
        .map(|i| makers[(first + i) % makers.len()].0)
        .find_map(|maker| {
            (0..ATTEMPTS).find_map(|_| {
                let draft = maker(desk, draw)?;
                asked.is_new(&draft).then_some(draft)
            })
        })
}

/// A row that stands for a whole table: a total or a closing balance of money, with columns by year.
fn headline(desk: &Desk<'_>, table: usize, draw: &mut Draw) -> Option<(usize, Vec<usize>)> {
    let sheet = &desk.sheets[table];
    let lane = super::single::lane(sheet, 2, false, draw)?;
    let row = super::single::row(sheet, &lane, draw, |r| {
        sheet.quantity(r) == Quantity::Money
            && matches!(sheet.rows()[r].role, Role::Total | Role::Closing)
            && lane
                .iter()
                .all(|&c| sheet.value(r, c).is_some_and(|v| v > 0))
    })?;
    Some((row, lane))
}

/// What amounts are set against: revenue, income before taxes, net income, in tables that everyone looks up.
const BASES: [&str; 5] = [
    "DisaggregationOfRevenue",
    "RevenueFromExternalCustomersByGeographicAreas",
    "ScheduleOfIncomeBeforeIncomeTaxDomesticAndForeign",
    "SummaryOfConsolidatedResultsOfOperations",
    "RevenueBySegment",
];

/// Two headlines of different tables: the second from one of the [`BASES`], if so many percent say so.
fn two_headlines(
    desk: &Desk<'_>,
    base_pct: u32,
    draw: &mut Draw,
) -> Option<(TableRow, TableRow, Vec<i32>)> {
    let any = |draw: &mut Draw| draw.below(desk.sheets.len());
    let first = any(draw);
    let second = if draw.chance(base_pct) {
        let stem = draw.pick(&BASES);
        desk.sheets
            .iter()
            .position(|s| s.written.note.stem == stem)?
    } else {
        any(draw)
    };
    if first == second {
        return None;
    }
    let (a, lane) = headline(desk, first, draw)?;
    let (b, other) = headline(desk, second, draw)?;
    let years = |sheet: &Sheet<'_>, lane: &[usize]| -> Vec<i32> {
        lane.iter()
            .map(|&c| sheet.columns()[c].period.year())
            .collect()
    };
    let own = years(&desk.sheets[second], &other);
    let shared: Vec<i32> = years(&desk.sheets[first], &lane)
        .into_iter()
        .filter(|y| own.contains(y))
        .collect();
    // The same quantity in two tables makes no ratio.
    let same = |year: i32| {
        let value = |table: usize, row: usize, lane: &[usize]| {
            let sheet = &desk.sheets[table];
            let c = lane
                .iter()
                .find(|&&c| sheet.columns()[c].period.year() == year)?;
            sheet.ratio(row, *c)
        };
        value(first, a, &lane) == value(second, b, &other)
    };
    (!shared.is_empty() && !shared.iter().any(|y| same(*y))).then_some((
        (first, a),
        (second, b),
        shared,
    ))
}

/// The cell of a row for a year, in a column that is neither restated nor of another kind than the row's first.
fn cell(desk: &Desk<'_>, (table, row): (usize, usize), year: i32) -> Option<At> {
    let sheet = &desk.sheets[table];
    let column = (0..sheet.columns().len()).find(|&c| {
        let column = &sheet.columns()[c];
        column.period.year() == year
            && !column.restated
            && sheet.other_version(c).is_none()
            && !matches!(
                column.period,
                crate::note::Period::Quarter(..) | crate::note::Period::Of(_)
            )
            && !sheet.words_matter(row, c)
            && sheet.value(row, c).is_some()
    })?;
    Some(sheet.at(row, column))
}

/// The name of a row with its table's topic where the name alone does not say it.
fn full_name(
    desk: &Desk<'_>,
    (table, row): (usize, usize),
    always: bool,
    draw: &mut Draw,
) -> Option<String> {
    let name = desk.name(table, row, draw)?;
    let topic = desk.topic(table);
    if !name.needs_topic && !always {
        return Some(name.text);
    }
    let topic = topic?;
    if name.text.to_lowercase().contains(topic) {
        return Some(name.text);
    }
    Some(format!("{} ({topic})", name.text))
}

/// What an operand is multiplied with to be in the scale of `like`: as a suffix of an expression, and exactly.
fn factor(desk: &Desk<'_>, like: At, at: At) -> (&'static str, (i128, i128)) {
    use finqa_core::answer::Scale;
    let exponent = |at: At| match desk.sheet(at).written.display.scale {
        Scale::One => 0,
        Scale::Thousand => 3,
        Scale::Million => 6,
        Scale::Billion => 9,
    };
    match exponent(at) - exponent(like) {
        3 => (" * 1000", (1000, 1)),
        6 => (" * 1000000", (1_000_000, 1)),
        -3 => (" / 1000", (1, 1000)),
        -6 => (" / 1000000", (1, 1_000_000)),
        _ => ("", (1, 1)),
    }
}

fn unit_of(desk: &Desk<'_>, at: At) -> &'static str {
    scale_words(desk.sheet(at).written.display.scale)
}
