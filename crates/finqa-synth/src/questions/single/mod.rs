//! Questions about one table. Makers look at the shape of a table (periods, roles, sums), never at its name.

mod change;
mod compare;
mod lookup;
mod pick;
mod series;
mod share;

use super::Draft;
use super::desk::Desk;
use super::plan::Kind;
use super::sheet::Sheet;
use crate::draw::Draw;
use crate::note::{Period, Quantity, Role};

/// Makes a question of one type about one table, if the table allows it.
type Maker = fn(&Desk<'_>, usize, &mut Draw) -> Option<Draft>;

/// The maker of a type; `None` for types that need more than one table.
pub(super) fn maker(kind: Kind) -> Option<Maker> {
    Some(match kind {
        Kind::Composition => share::composition,
        Kind::Growth => change::growth,
        Kind::ContributionShare => share::contribution,
        Kind::NetChange => change::net_change,
        Kind::Spread => compare::spread,
        Kind::Variance => change::variance,
        Kind::Sum => compare::sum,
        Kind::Average => compare::average,
        Kind::ByYear => series::by_year,
        Kind::MixShift => share::mix_shift,
        Kind::Compound => change::compound,
        Kind::Ladder => share::ladder,
        Kind::ExtremeYear => pick::extreme_year,
        Kind::ExtremeLabel => pick::extreme_label,
        Kind::Lookup => lookup::lookup,
        Kind::Coverage => compare::coverage,
        Kind::Efficiency => compare::efficiency,
        Kind::YesNo => pick::yes_no,
        Kind::Unanswerable | Kind::Multi => return None,
    })
}

/// A lane of at least `n` periods, not of quarters unless `quarters`.
pub(super) fn lane(
    sheet: &Sheet<'_>,
    n: usize,
    quarters: bool,
    draw: &mut Draw,
) -> Option<Vec<usize>> {
    let lanes: Vec<Vec<usize>> = sheet
        .lanes()
        .into_iter()
        .filter(|lane| {
            let quarterly = matches!(sheet.columns()[lane[0]].period, Period::Quarter(..));
            lane.len() >= n && (quarters || !quarterly)
        })
        .collect();
    if lanes.is_empty() {
        return None;
    }
    Some(lanes[draw.below(lanes.len())].clone())
}

/// Any column.
fn column(sheet: &Sheet<'_>, draw: &mut Draw) -> usize {
    draw.below(sheet.columns().len())
}

/// A row with numbers in all of `columns` that passes `fits`.
pub(super) fn row(
    sheet: &Sheet<'_>,
    columns: &[usize],
    draw: &mut Draw,
    fits: impl Fn(usize) -> bool,
) -> Option<usize> {
    let rows: Vec<usize> = (0..sheet.rows().len())
        .filter(|&r| {
            sheet.rows()[r].role != Role::Section
                && columns.iter().all(|&c| sheet.value(r, c).is_some())
                && fits(r)
        })
        .collect();
    (!rows.is_empty()).then(|| draw.pick(&rows))
}

/// The restated version of a column in half of the cases where there is one.
fn version(sheet: &Sheet<'_>, row: usize, column: usize, draw: &mut Draw) -> usize {
    match sheet.other_version(column) {
        Some(other) if sheet.value(row, other).is_some() && draw.chance(50) => other,
        _ => column,
    }
}

fn is_rate(quantity: Quantity) -> bool {
    matches!(quantity, Quantity::Rate | Quantity::FineRate)
}

/// Years between the periods of two columns.
fn span(sheet: &Sheet<'_>, new: usize, old: usize) -> i32 {
    sheet.columns()[new].period.year() - sheet.columns()[old].period.year()
}

/// A total in a column whose parts can all be read and are none below zero, with its parts.
fn composition(sheet: &Sheet<'_>, column: usize, draw: &mut Draw) -> Option<(usize, Vec<usize>)> {
    let mut totals: Vec<(usize, Vec<usize>)> = sheet
        .written
        .note
        .sums
        .iter()
        .filter(|s| sheet.rows()[s.total].role == Role::Total)
        .filter(|s| sheet.value(s.total, column).is_some_and(|v| v > 0))
        .filter_map(|s| {
            let parts = sheet.parts_of(s.total, column)?;
            (parts.len() > 1
                && parts
                    .iter()
                    .all(|&p| sheet.value(p, column).is_some_and(|v| v >= 0)))
            .then_some((s.total, parts))
        })
        .collect();
    if totals.is_empty() {
        return None;
    }
    let chosen = draw.below(totals.len());
    Some(totals.swap_remove(chosen))
}
