//! The kinds of tables a company reports.

mod balance;
mod income;

use super::draw::{Draw, Stream};
use super::grid::{Grid, Role, Row, Written, write};
use super::ledger::{Ledger, parts};
use super::names::{Identity, Industry};

/// A kind of table.
type Kind = fn(&Ledger, Industry, &mut Draw) -> Grid;

/// In every company: they share revenue, pretax income and interest with the others.
const ALWAYS: [Kind; 4] = [
    income::revenue_by_product,
    income::revenue_by_region,
    income::pretax_by_origin,
    income::other_income,
];
/// Four to eight of these.
const SOME: [Kind; 13] = [
    balance::long_lived_assets,
    income::revenue_by_segment,
    income::income_tax,
    income::tax_rate,
    balance::debt_maturities,
    balance::debt,
    income::lease_cost,
    balance::lease_maturities,
    balance::accrued_liabilities,
    balance::inventory,
    balance::amortization_ahead,
    income::warranty,
    income::benefit_cost,
];

/// The tables of a company, in the order in which they are listed.
pub(super) fn of_company(
    seed: u64,
    index: u32,
    identity: &Identity,
    ledger: &Ledger,
) -> Vec<Written> {
    let mut draw = Draw::new(seed, index, Stream::Tables);
    let extra = 4 + draw.below(5);
    let mut kinds = ALWAYS.to_vec();
    kinds.extend(draw.choose(&SOME, extra));
    let mut written: Vec<Written> = kinds
        .into_iter()
        .map(|kind| {
            let grid = kind(ledger, identity.industry, &mut draw);
            write(grid, &identity.ticker, ledger.display, &mut draw)
        })
        .collect();
    written.sort_by(|a, b| a.table.name.cmp(&b.table.name));
    written
}

fn row(label: impl Into<String>, role: Role, values: Vec<i64>) -> Row {
    Row {
        label: label.into(),
        role,
        values,
    }
}

/// Parts that add up to a total, and the total.
fn composed(labels: &[&str], total_label: &str, totals: &[i64], draw: &mut Draw) -> Vec<Row> {
    let values = parts(totals, labels.len(), draw);
    let mut rows: Vec<Row> = labels
        .iter()
        .zip(values)
        .map(|(label, values)| row(*label, Role::Part, values))
        .collect();
    rows.push(row(total_label, Role::Total, totals.to_vec()));
    rows
}

/// A part of each total, `per_mille` of it give or take an eighth: totals do not jump from year to year.
fn scaled(totals: &[i64], per_mille: (i64, i64), draw: &mut Draw) -> Vec<i64> {
    let base = draw.range(per_mille.0, per_mille.1);
    totals
        .iter()
        .map(|v| v.abs() * base * draw.range(88, 112) / 100_000)
        .collect()
}

/// Where companies are active.
const REGIONS: [&str; 6] = [
    "United States",
    "Canada",
    "Europe",
    "Asia Pacific",
    "Latin America",
    "Middle East and Africa",
];
