//! What two tables of a company both show must agree.

use std::collections::{BTreeMap, BTreeSet};

use super::checks::{ledger, notes};
use crate::note::{Note, Period, Role};

const COMPANIES: u32 = 2000;

/// A name, its fiscal year, whether it is a year end's, and the kind of number.
type Shown<'a> = (&'a str, i32, bool, u8);

/// Calls `see` with every number of a row under a column that a year alone names; signs are a matter of layout.
fn each<'a>(
    notes: &'a [Note],
    name: impl Fn(&'a Note, usize) -> &'a str,
    mut see: impl FnMut(Shown<'a>, i64, &'a Note),
) {
    for note in notes {
        for (c, column) in note.columns.iter().enumerate() {
            let (year, is_end) = match column.period {
                Period::Year(year) => (year, false),
                Period::YearEnd(year) => (year, true),
                Period::Quarter(..) | Period::Of(_) => continue,
            };
            if !column.words.is_empty() || column.restated {
                continue;
            }
            for (r, row) in note.rows.iter().enumerate() {
                let name = name(note, r);
                if let Some(value) = note.number(r, c).filter(|_| !name.is_empty()) {
                    see((name, year, is_end, row.quantity as u8), value.abs(), note);
                }
            }
        }
    }
}

/// A concept may stand in several tables of a company, but then for one amount.
#[test]
fn a_concept_means_one_amount_of_a_company_and_year() {
    let mut different = BTreeSet::new();
    let mut shared = 0;
    for index in 0..COMPANIES {
        let notes = notes(index);
        let mut seen: BTreeMap<(&str, i32), (i64, &str)> = BTreeMap::new();
        each(
            &notes,
            |note, r| note.rows[r].label.concept,
            |shown, value, note| {
                let (first, stem) = *seen.entry((shown.0, shown.1)).or_insert((value, note.stem));
                shared += u32::from(stem != note.stem);
                if value != first {
                    different.insert(format!("{:?}: {stem}, {}", shown.0, note.stem));
                }
            },
        );
    }
    assert!(different.is_empty(), "{different:#?}");
    assert!(shared > 10 * COMPANIES, "{shared}");
}

/// Tables whose rows are called after the lines that they say something about, and what they say.
const ABOUT_OTHERS: [(&str, &str); 9] = [
    (
        "ScheduleOfDeferredTaxAssetsAndLiabilities",
        "the tax effect of what the row names",
    ),
    (
        "ScheduleOfEffectiveIncomeTaxRateReconciliation",
        "the tax effect of what the row names",
    ),
    (
        "ScheduleOfComponentsOfIncomeTaxExpenseBenefit",
        "the tax of the place that the row names",
    ),
    (
        "ScheduleOfEmployeeServiceShareBasedCompensationAllocationOfRecognizedPeriodCosts",
        "the stock compensation within the line that the row names",
    ),
    (
        "ReclassificationOutOfAccumulatedOtherComprehensiveIncome",
        "what was reclassified into the line that the row names, of all plans together",
    ),
    (
        "UnrealizedGainsAndLossesByYear",
        "gains and losses of the class that the row names",
    ),
    (
        "ScheduleOfNetFundedStatus",
        "the plans' part of the line that the row names",
    ),
    (
        "ScheduleOfChangesInProjectedBenefitObligations",
        "what moved the obligation alone",
    ),
    (
        "ScheduleOfChangesInFairValueOfPlanAssets",
        "what moved the assets alone",
    ),
];

/// Labels that stand for different things in different tables, and why they may. Segments and places are not listed:
/// their names say whose figure it is, the table says of what. Nor are opening and closing balances.
const HOMONYMS: [(&str, &str); 7] = [
    ("total", "of the table"),
    ("other", "what the table does not name"),
    ("other, net", "what the table does not name"),
    (
        "other current items",
        "assets in one table, liabilities in the other",
    ),
    (
        "currency translation",
        "its effect on what the table is about",
    ),
    ("commercial paper", "owed in one table, held in the other"),
    ("corporate bonds", "held by the company or by its plans"),
];

/// The label of a row that is about nothing but itself; empty for others.
fn own_text(note: &Note, row: usize) -> &str {
    let is_balance = matches!(note.rows[row].role, Role::Opening | Role::Closing);
    if is_balance || ABOUT_OTHERS.iter().any(|t| t.0 == note.stem) {
        return "";
    }
    &note.rows[row].label.text
}

/// The same words in two tables are the same amount, but for [`ABOUT_OTHERS`] and [`HOMONYMS`].
#[test]
fn a_label_of_two_tables_means_one_amount() {
    let mut different: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for index in 0..COMPANIES {
        let notes = notes(index);
        let revenue = ledger(index).revenue;
        let names: Vec<&str> = revenue
            .segments
            .iter()
            .chain(&revenue.regions)
            .map(|l| l.term.text)
            .collect();
        let mut seen: BTreeMap<Shown<'_>, (i64, &str)> = BTreeMap::new();
        each(&notes, own_text, |shown, value, note| {
            let (first, stem) = *seen.entry(shown).or_insert((value, note.stem));
            let homonym = names.contains(&shown.0) || HOMONYMS.iter().any(|h| h.0 == shown.0);
            if value != first && stem != note.stem && !homonym {
                different
                    .entry(shown.0.to_owned())
                    .or_default()
                    .insert(format!("{stem}, {}", note.stem));
            }
        });
    }
    assert!(different.is_empty(), "{different:#?}");
}
