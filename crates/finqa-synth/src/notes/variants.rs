//! Tables that can be mistaken for others: neighbours by name, twins with another cut, restated years, quarters.

use crate::config::SynthConfig;
use crate::draw::{Draw, Key, Stream, apportion, scale};
use crate::note::{Cell, Column, Note, Period, Prefix, Quantity, Role, Row, Sum};

/// Kinds that sound alike: a company that has one of a group often has the others.
pub(super) const NEIGHBOURS: [&[&str]; 9] = [
    &[
        "LesseeOperatingLeaseLiabilityMaturity",
        "FinanceLeaseLiabilityMaturity",
    ],
    &[
        "LeaseCost",
        "OtherOperatingandFinanceLeaseInformation",
        "LeaseBalanceSheetInformation",
    ],
    &[
        "ScheduleOfDebt",
        "ScheduleOfCarryingValuesAndEstimatedFairValuesOfDebtInstruments",
        "ScheduleOfShortTermDebt",
    ],
    &[
        "ScheduleOfMaturitiesOfLongTermDebt",
        "LongTermDebtRollForward",
    ],
    &[
        "ScheduleOfChangesInProjectedBenefitObligations",
        "ScheduleOfChangesInFairValueOfPlanAssets",
    ],
    &[
        "ContractualObligationFiscalYearMaturitySchedule",
        "PurchaseObligationFiscalYearMaturitySchedule",
    ],
    &["OtherCurrentLiabilities", "OtherNoncurrentLiabilities"],
    &[
        "RevenueFromExternalCustomersByGeographicAreas",
        "LongLivedAssetsByGeographicAreas",
    ],
    &[
        "ScheduleOfAccumulatedOtherComprehensiveIncomeLoss",
        "ReclassificationOutOfAccumulatedOtherComprehensiveIncome",
    ],
];

/// The kind that shows a year by quarter: distractors decide alone whether a company has it.
pub(super) const QUARTERLY: &str = "SummaryOfSelectedQuarterlyFinancialData";

/// Another cut of a table's total.
struct Cut {
    of: &'static str,
    stem: &'static str,
    topic: &'static str,
    labels: &'static [&'static str],
}

const CUTS: [Cut; 7] = [
    Cut {
        of: "DisaggregationOfRevenue",
        stem: "RevenueByCustomerType",
        topic: "revenue by type of customer",
        labels: &[
            "large enterprises",
            "small and medium businesses",
            "consumers",
            "public sector",
            "other customers",
        ],
    },
    Cut {
        of: "DisaggregationOfRevenue",
        stem: "RevenueByContractDuration",
        topic: "revenue by contract duration",
        labels: &[
            "no fixed term",
            "up to one year",
            "one to three years",
            "more than three years",
        ],
    },
    Cut {
        of: "LeaseCost",
        stem: "LeaseCostByFunction",
        topic: "lease cost by function",
        labels: &[
            "cost of revenue",
            "selling and marketing",
            "general and administrative",
            "research and development",
        ],
    },
    Cut {
        of: "ScheduleOfDebt",
        stem: "DebtByRanking",
        topic: "debt by ranking",
        labels: &["senior unsecured", "senior secured", "subordinated"],
    },
    Cut {
        of: "ScheduleOfInventoryCurrent",
        stem: "InventoryByRegion",
        topic: "inventories by region",
        labels: &["Americas", "Europe, Middle East and Africa", "Asia Pacific"],
    },
    Cut {
        of: "ScheduleOfAccruedLiabilities",
        stem: "AccruedLiabilitiesByFunction",
        topic: "accrued liabilities by function",
        labels: &["operations", "sales and marketing", "corporate"],
    },
    Cut {
        of: "ScheduleOfNetBenefitCosts",
        stem: "NetBenefitCostByFunction",
        topic: "net periodic benefit cost by function",
        labels: &[
            "cost of revenue",
            "selling, general and administrative",
            "other",
        ],
    },
];

/// Tables that a filing of the year before may show as well: stem, stem of the older one, its topic.
const OLDER: [(&str, &str, &str); 5] = [
    (
        "DisaggregationOfRevenue",
        "DisaggregationOfRevenuePreviouslyReported",
        "revenue as previously reported",
    ),
    (
        "LeaseCost",
        "LeaseCostPreviouslyReported",
        "lease cost as previously reported",
    ),
    (
        "InterestCostComponents",
        "InterestCostComponentsPreviouslyReported",
        "components of interest expense as previously reported",
    ),
    (
        "ScheduleOfAccruedLiabilities",
        "AccruedLiabilitiesPreviouslyReported",
        "accrued liabilities as previously reported",
    ),
    (
        "ScheduleOfOtherNonoperatingIncomeExpense",
        "OtherNonoperatingIncomeExpensePreviouslyReported",
        "other income and expense as previously reported",
    ),
];

/// Whether the columns are quarters.
pub(super) fn is_quarterly(note: &Note) -> bool {
    let quarter = |c: &Column| matches!(c.period, Period::Quarter(..));
    note.columns.iter().any(quarter)
}

/// Puts the company's variants in; notes from the end (the least needed) give way so that `target` holds.
pub(super) fn add(notes: &mut Vec<Note>, key: Key, config: &SynthConfig, target: usize) {
    let most = (target / 6).min(4);
    let mut draw = Draw::new(key, Stream::Variants);
    // Originals that cannot be crowded out by their own variants.
    let safe = notes.len().min(target - most);
    let mut extra = Vec::new();
    if draw.chance(config.restated_pct) {
        let older = draw.chance(50) && most > 0;
        restate(&mut notes[..safe], older, &mut extra, &mut draw);
    }
    for (i, cut) in CUTS.iter().enumerate() {
        // Not more than one twin of a table.
        let mut others = notes.iter().chain(&extra);
        let taken = others.any(|n| n.twin_of == Some(cut.of));
        if extra.len() == most || taken {
            continue;
        }
        let mut draw = Draw::nth(key, Stream::Variants, i as u32 + 1);
        if draw.chance(config.distractor_pct / 2) {
            let original = notes[..safe].iter().find(|n| n.stem == cut.of);
            extra.extend(original.and_then(|note| twin(note, cut, &mut draw)));
        }
    }
    extra.retain(|e| notes.iter().all(|n| n.stem != e.stem));
    notes.truncate(target - extra.len());
    notes.extend(extra);
}

/// Indices of columns that a year alone names.
fn plain_years(note: &Note) -> Vec<usize> {
    let plain = |c: &Column| {
        c.words.is_empty()
            && !c.restated
            && matches!(c.period, Period::Year(_) | Period::YearEnd(_))
    };
    (0..note.columns.len())
        .filter(|&i| plain(&note.columns[i]))
        .collect()
}

/// The last total of `note`, cut by `cut`, in the columns that are years. `None` where it is not positive throughout.
fn twin(note: &Note, cut: &Cut, draw: &mut Draw) -> Option<Note> {
    let total = note.sums.last()?.total;
    let columns = plain_years(note);
    let totals: Vec<i64> = columns
        .iter()
        .map(|&c| note.number(total, c).filter(|v| *v > 20))
        .collect::<Option<_>>()?;
    if totals.is_empty() {
        return None;
    }
    let mut twin = Note::new(
        cut.stem,
        cut.topic,
        columns.iter().map(|&c| note.columns[c].clone()).collect(),
    );
    twin.prefix = Prefix::Ticker;
    twin.twin_of = Some(note.stem);
    let mut weights: Vec<i64> = cut.labels.iter().map(|_| draw.range(8, 100)).collect();
    weights[0] += 60;
    let mut cells = vec![Vec::new(); weights.len()];
    for total in totals {
        for (row, value) in cells.iter_mut().zip(apportion(total, &weights)) {
            row.push(value);
        }
        for weight in &mut weights {
            *weight = scale(*weight, draw.range(58, 165), 100).max(4);
        }
    }
    let parts: Vec<(usize, i8)> = cut
        .labels
        .iter()
        .zip(&cells)
        .map(|(label, values)| (twin.part((*label).into(), values), 1))
        .collect();
    // The concept stays with the original.
    let label = note.rows[total].label.clone().concept("");
    twin.total(label, &parts);
    Some(twin)
}

/// Whether a year of the note can be restated: money in years, every total worked out from parts that are shown.
fn restatable(note: &Note) -> bool {
    let simple = |row: &Row| {
        matches!(row.role, Role::Section | Role::Part | Role::Total)
            && row.quantity == Quantity::Money
            && row.due.is_none()
    };
    plain_years(note).len() >= 2
        && plain_years(note).len() == note.columns.len()
        && note
            .columns
            .iter()
            .all(|c| matches!(c.period, Period::Year(_)))
        && note.columns[0].period.year() == note.columns[1].period.year() + 1
        && note.column_sums.is_empty()
        && note.rows.iter().all(simple)
        && grand_totals(note) == 1
        && !changeable(note, 1).is_empty()
}

/// Totals that are no part of another: with two of them one change would have to reach both.
fn grand_totals(note: &Note) -> usize {
    let inner = |row: usize| note.sums.iter().any(|s| s.parts.iter().any(|p| p.0 == row));
    note.sums.iter().filter(|s| !inner(s.total)).count()
}

/// Rows whose change in `column` reaches a total and nothing else: parts with a number large enough to change.
fn changeable(note: &Note, column: usize) -> Vec<(usize, usize)> {
    let large = |row: usize| {
        note.rows[row].role == Role::Part && note.number(row, column).is_some_and(|v| v.abs() >= 20)
    };
    let mut out = Vec::new();
    for (s, sum) in note.sums.iter().enumerate() {
        let rows = sum.parts.iter().filter(|p| large(p.0));
        out.extend(rows.map(|p| (s, p.0)));
    }
    out
}

/// A prior year with two values: in one table, or in a new table and an older one.
fn restate(notes: &mut [Note], older: bool, extra: &mut Vec<Note>, draw: &mut Draw) {
    let candidates: Vec<usize> = (0..notes.len())
        .filter(|&i| restatable(&notes[i]))
        .filter(|&i| !older || OLDER.iter().any(|o| o.0 == notes[i].stem))
        .collect();
    if candidates.is_empty() {
        return;
    }
    let note = &mut notes[draw.pick(&candidates)];
    let changed = changed_column(note, 1, draw);
    if !older {
        // The year as first reported stays; beside it the same year as restated.
        let mut column = note.columns[1].clone();
        column.restated = true;
        note.columns.insert(2, column);
        for (row, cell) in note.rows.iter_mut().zip(changed) {
            if row.role != Role::Section {
                row.cells.insert(2, cell);
            }
        }
        return;
    }
    let Some(&(_, stem, topic)) = OLDER.iter().find(|o| o.0 == note.stem) else {
        return;
    };
    let mut first = note.clone();
    first.stem = stem;
    first.topic = topic;
    first.prefix = Prefix::Ticker;
    first.twin_of = Some(note.stem);
    first.columns.remove(0);
    for row in &mut first.rows {
        row.label.concept = "";
    }
    for (row, cell) in first.rows.iter_mut().zip(changed) {
        if row.role != Role::Section {
            row.cells.remove(0);
            row.cells[0] = cell;
        }
    }
    note.columns[1].restated = true;
    extra.push(first);
}

/// The cells of `column` with a part or two changed and the totals worked out again; sections have empty cells.
fn changed_column(note: &Note, column: usize, draw: &mut Draw) -> Vec<Cell> {
    let mut values: Vec<Option<i64>> = (0..note.rows.len())
        .map(|r| note.number(r, column))
        .collect();
    let rows = changeable(note, column);
    let (sum, row) = draw.pick(&rows);
    let old = values[row].unwrap_or(0);
    let by = scale(old, draw.range(20, 120), 1000);
    let by = if by == 0 { 1 } else { by } * if draw.chance(50) { 1 } else { -1 };
    values[row] = Some(old + by);
    // Half of the restatements move an amount to another row of the same total.
    let others: Vec<usize> = rows
        .iter()
        .filter(|r| r.0 == sum && r.1 != row)
        .map(|r| r.1)
        .collect();
    if !others.is_empty() && draw.chance(50) {
        let other = draw.pick(&others);
        values[other] = values[other].map(|v| v - by);
    }
    // Sums are in the order in which they were worked out: parts before their totals.
    for Sum { total, parts } in &note.sums {
        let sum = parts
            .iter()
            .map(|&(r, sign)| Some(values[r]? * i64::from(sign)))
            .sum();
        values[*total] = sum;
    }
    values
        .into_iter()
        .map(|v| v.map_or(Cell::Empty, Cell::Number))
        .collect()
}
