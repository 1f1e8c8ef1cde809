//! Questions about two tables.

use finqa_core::answer::{Op, Scale, Unit};

use super::choose::{close, divide};
use super::program::{Cell, boxed, number, operands, select, spec};
use super::{Draft, RATIO_DECIMALS};
use crate::builtin::draw::Draw;
use crate::builtin::grid::{Written, plain};

/// (stem and row of the numerator, stem and row of the denominator).
const RATIOS: [(&str, &str, &str, &str); 9] = [
    (
        "ScheduleOfNetBenefitCosts",
        "interest cost",
        "DisaggregationOfRevenue",
        "total revenue",
    ),
    (
        "LeaseCost",
        "total lease cost",
        "DisaggregationOfRevenue",
        "total revenue",
    ),
    (
        "ScheduleOfAccruedLiabilities",
        "total accrued liabilities",
        "DisaggregationOfRevenue",
        "total revenue",
    ),
    (
        "ScheduleOfInventoryCurrent",
        "total inventory",
        "RevenueFromExternalCustomersByGeographicAreas",
        "total revenue",
    ),
    (
        "ScheduleOfComponentsOfIncomeTaxExpenseBenefit",
        "provision for income taxes",
        "ScheduleOfIncomeBeforeIncomeTaxDomesticAndForeign",
        "total income before income taxes",
    ),
    (
        "ScheduleOfDebt",
        "total debt",
        "ScheduleOfIncomeBeforeIncomeTaxDomesticAndForeign",
        "total income before income taxes",
    ),
    (
        "LongLivedAssetsByGeographicAreas",
        "total long-lived assets",
        "RevenueFromExternalCustomersByGeographicAreas",
        "total revenue",
    ),
    (
        "ScheduleOfIncomeBeforeIncomeTaxDomesticAndForeign",
        "total income before income taxes",
        "DisaggregationOfRevenue",
        "total revenue",
    ),
    (
        "ScheduleOfOtherNonoperatingIncomeExpense",
        "interest income",
        "ScheduleOfIncomeBeforeIncomeTaxDomesticAndForeign",
        "total income before income taxes",
    ),
];

/// One amount divided by one of another table, in the same year.
pub(super) fn ratio(company: &str, tables: &[Written], draw: &mut Draw) -> Option<Draft> {
    let (stem, label, base_stem, base_label) = draw.pick(&RATIOS);
    let find = |stem: &str, label: &str| {
        let table = tables.iter().find(|t| t.grid.stem == stem)?;
        let row = table.grid.rows.iter().position(|r| r.label == label)?;
        table.is_unique(row).then_some((table, row))
    };
    let ((table, row), (base, base_row)) = (find(stem, label)?, find(base_stem, base_label)?);
    let column = draw.below(table.headers.len().min(base.headers.len()));
    let values = |c: usize| {
        (
            i128::from(table.value(row, c)),
            i128::from(base.value(base_row, c)),
        )
    };
    let (a, b) = values(column);
    // At three decimals, 0.020 has two digits that count and 0.002 one.
    if a <= 0 || b <= 0 || a * 50 < b || a > b * 50 {
        return None;
    }
    let truth = divide(a, b, RATIO_DECIMALS)?;
    let others = (0..table.headers.len().min(base.headers.len()))
        .filter(|c| *c != column)
        .filter_map(|c| divide(values(c).0, values(c).1, RATIO_DECIMALS));
    if others
        .chain(divide(b, a, RATIO_DECIMALS))
        .any(|other| close(truth, other))
    {
        return None;
    }
    let year = table.grid.years[column];
    let (topic, base_topic) = (table.grid.topic, base.grid.topic);
    let question = match draw.below(3) {
        0 => format!(
            "What was the ratio of {label} ({topic}) to {base_label} ({base_topic}) for fiscal {year}?"
        ),
        1 => format!(
            "Combining the notes on {topic} and {base_topic}, how large was {label} relative to {base_label} in {year}?"
        ),
        _ => format!(
            "For {year}, divide {label} from the note on {topic} by {base_label} from the note on {base_topic}. What is \
             the result?"
        ),
    };
    let (first, first_cells) = select(company, table, &[Cell { row, column }]);
    let (second, second_cells) = select(
        company,
        base,
        &[Cell {
            row: base_row,
            column,
        }],
    );
    let mut cells = operands(0, &first_cells);
    cells.extend(operands(1, &second_cells));
    Some(Draft {
        question_type: "multi_table - Ratio",
        question,
        unit_hint: "Give a decimal with three places.".to_owned(),
        truth: boxed(&plain(truth, RATIO_DECIMALS)),
        answer: spec(Unit::Ratio, Scale::One, Op::Derived, false),
        gold: number(
            vec![first, second],
            "{0} / {1}",
            cells,
            Some(RATIO_DECIMALS),
            "",
        ),
    })
}
