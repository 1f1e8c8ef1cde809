//! Questions about two tables or more: one number, or a report with a rubric.

mod burden;
mod chosen;
mod companies;
mod figures;
mod flows;
mod number;
mod pairs;
mod report;
mod several;
mod tie;
mod trend;

use finqa_core::answer::Scale;

use self::chosen::{Source, Stock};
use super::desk::Desk;
use super::exact::Ratio;
use super::sheet::At;
use super::{Asked, Draft, Other};
use crate::draw::Draw;
use crate::note::{Quantity, Role};
use crate::split::SplitName;
use crate::style::scale_words;

type Maker = fn(&Desk<'_>, &Stock, Source, &mut Draw) -> Option<Draft>;

/// A table and a row of it.
type TableRow = (usize, usize);

/// Tries before a kind is given up for a company: from the catalogue, then by shape.
const ATTEMPTS: [(Source, usize); 2] = [(Source::Catalogue, 80), (Source::Shape, 250)];

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
    (trend::trend, 25),
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
    let stock = Stock::of(desk);
    let reasons = desk.view.key.split == SplitName::Reason79;
    if reasons
        && draw.chance(COMPANIES_PCT)
        && let Some(draft) = companies::compare(desk, &stock, other, draw)
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
    ATTEMPTS.into_iter().find_map(|(source, attempts)| {
        (0..makers.len())
            .map(|i| makers[(first + i) % makers.len()].0)
            .find_map(|maker| {
                (0..attempts).find_map(|_| {
                    let draft = maker(desk, &stock, source, draw)?;
                    asked.is_new(&draft).then_some(draft)
                })
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

/// What amounts are set against where the catalogue has nothing for a company's tables.
const BASES: [&str; 5] = [
    "DisaggregationOfRevenue",
    "RevenueFromExternalCustomersByGeographicAreas",
    "ScheduleOfIncomeBeforeIncomeTaxDomesticAndForeign",
    "SummaryOfConsolidatedResultsOfOperations",
    "RevenueBySegment",
];

/// A positive amount of a row in a year, in single dollars.
fn positive(desk: &Desk<'_>, row: TableRow, year: i32) -> Option<Ratio> {
    let at = cell(desk, row, year)?;
    let value = value(desk, at)?.times(Ratio::whole(10i128.pow(exponent(desk, at))))?;
    (value.is_positive() && desk.sheet(at).quantity(at.row) == Quantity::Money).then_some(value)
}

/// The number of a cell as its table shows it.
fn value(desk: &Desk<'_>, at: At) -> Option<Ratio> {
    desk.sheet(at).ratio(at.row, at.column)
}

/// The row nearest to one that could be mistaken for it: money, other amounts in all of the years.
fn sibling(desk: &Desk<'_>, (table, row): TableRow, years: &[i32]) -> Option<TableRow> {
    let sheet = &desk.sheets[table];
    let mut others: Vec<usize> = (0..sheet.rows().len()).filter(|&r| r != row).collect();
    others.sort_by_key(|&r| r.abs_diff(row));
    let at = |r: usize, year: i32| value(desk, cell(desk, (table, r), year)?);
    others
        .into_iter()
        .find(|&r| {
            sheet.quantity(r) == Quantity::Money
                && years
                    .iter()
                    .all(|&y| at(r, y).is_some_and(|v| !v.is_zero() && Some(v) != at(row, y)))
        })
        .map(|r| (table, r))
}

/// A label for a line of the report; what the reader takes for the end of a label cannot stand in it.
fn line_label(name: &str, year: i32) -> String {
    let name: String = name
        .strip_prefix("the ")
        .unwrap_or(name)
        .chars()
        .map(|c| if matches!(c, ':' | '=' | '|') { ' ' } else { c })
        .collect();
    format!("{}, fiscal {year}", capital(&name))
}

fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars
        .next()
        .map_or_else(String::new, |c| c.to_uppercase().chain(chars).collect())
}

/// Fills one of the templates.
fn fill(templates: &[&str], places: &[(&str, &str)], draw: &mut Draw) -> String {
    let mut text = draw.pick(templates).to_owned();
    for (place, with) in places {
        text = text.replace(&format!("{{{place}}}"), with);
    }
    super::wording::tidy(&text)
}

/// In which scale the amounts of a report are written.
fn amounts(desk: &Desk<'_>, cells: &[At], draw: &mut Draw) -> String {
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

/// Zeros of the scale in which a table shows its amounts.
fn exponent(desk: &Desk<'_>, at: At) -> u32 {
    match desk.sheet(at).written.display.scale {
        Scale::One => 0,
        Scale::Thousand => 3,
        Scale::Million => 6,
        Scale::Billion => 9,
    }
}

/// What an operand is multiplied with to be in the scale of `like`: as a suffix of an expression, and exactly.
fn factor(desk: &Desk<'_>, like: At, at: At) -> (&'static str, Ratio) {
    let ratio = |n, d| Ratio::new(n, d).unwrap_or(Ratio::whole(1));
    match i64::from(exponent(desk, at)) - i64::from(exponent(desk, like)) {
        3 => (" * 1000", ratio(1000, 1)),
        6 => (" * 1000000", ratio(1_000_000, 1)),
        -3 => (" / 1000", ratio(1, 1000)),
        -6 => (" / 1000000", ratio(1, 1_000_000)),
        _ => ("", ratio(1, 1)),
    }
}

fn unit_of(desk: &Desk<'_>, at: At) -> &'static str {
    scale_words(desk.sheet(at).written.display.scale)
}
