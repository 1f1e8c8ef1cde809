//! Cash, securities, fair values and derivatives.

use super::Kind;
use super::layouts::{
    Name, blank_zeros, gaap, named_columns, own, parts, without_concepts, year_end_words,
};
use crate::draw::Draw;
use crate::identity::{Identity, Industry};
use crate::ledger::{Ledger, Measured, Security};
use crate::note::{Label, Note, Period, Sum};

pub(super) const KINDS: &[Kind] = &[
    Kind {
        stem: FAIR.stem,
        presence_pct: |_| 46,
        make: fair_values,
    },
    Kind {
        stem: CASH.stem,
        presence_pct: |id| if rich(id) { 55 } else { 25 },
        make: cash_and_investments,
    },
    Kind {
        stem: MATURITY.stem,
        presence_pct: |id| if rich(id) { 45 } else { 8 },
        make: maturity,
    },
    Kind {
        stem: DEBT.stem,
        presence_pct: |id| if rich(id) { 30 } else { 6 },
        make: debt_securities,
    },
    Kind {
        stem: NOTIONAL.stem,
        presence_pct: |_| 42,
        make: notional,
    },
    Kind {
        stem: UNREALIZED.stem,
        presence_pct: |id| if rich(id) { 25 } else { 5 },
        make: unrealized,
    },
];

const FAIR: Name = gaap(
    "ScheduleOfFairValueAssetsAndLiabilitiesMeasuredOnRecurringBasis",
    "assets and liabilities measured at fair value on a recurring basis",
);
const CASH: Name = gaap(
    "ScheduleOfCashCashEquivalentsAndShortTermInvestments",
    "cash, cash equivalents and investments",
);
const MATURITY: Name = gaap(
    "InvestmentsClassifiedByContractualMaturityDate",
    "debt securities by contractual maturity",
);
const DEBT: Name = gaap(
    "DebtSecuritiesAvailableForSale",
    "available-for-sale debt securities",
);
const NOTIONAL: Name = gaap(
    "ScheduleOfNotionalAmountsOfOutstandingDerivativePositions",
    "notional amounts of derivatives",
);
const UNREALIZED: Name = own(
    "UnrealizedGainsAndLossesByYear",
    "net unrealized gains and losses on investments",
);

/// Companies that live with much cash.
fn rich(identity: &Identity) -> bool {
    matches!(
        identity.industry,
        Industry::Software | Industry::Semiconductors | Industry::Pharma | Industry::ManagedCare
    )
}

fn measured_row(note: &mut Note, measured: &Measured, y: usize) -> (usize, i8) {
    let [a, b, c] = measured.levels;
    let row = note.part(
        measured.word.label(),
        &[a[y], b[y], c[y], measured.total[y]],
    );
    (row, 1)
}

fn fair_values(ledger: &Ledger, _: &Identity, draw: &mut Draw) -> Note {
    let latest = ledger.base.calendar.latest_year;
    let investments = &ledger.investments;
    let words = if draw.chance(60) {
        ["level 1", "level 2", "level 3", "total"]
    } else {
        [
            "quoted prices in active markets (level 1)",
            "significant other observable inputs (level 2)",
            "significant unobservable inputs (level 3)",
            "total fair value",
        ]
    };
    let years = 1 + draw.below(2);
    let period = if years == 1 {
        Period::YearEnd(latest)
    } else {
        Period::Of(latest)
    };
    let mut note = FAIR.note(named_columns(period, &words));
    let headings = years == 1 && draw.chance(60);
    // Long lists of securities leave their smallest classes to the other tables.
    let shown = if years == 1 { 7 } else { 4 };
    let assets: Vec<&Measured> = investments
        .securities
        .iter()
        .map(|s| &s.fair)
        .take(shown)
        .chain(&investments.measured_assets)
        .collect();
    let total_assets = Label::new(draw.pick(&[
        "total assets",
        "total assets at fair value",
        "total assets measured at fair value",
    ]))
    .also(&["assets in total at fair value"])
    .concept("everything owned that is measured at fair value");
    let total_liabilities =
        Label::new(draw.pick(&["total liabilities", "total liabilities at fair value"]))
            .also(&["liabilities in total at fair value"])
            .concept("everything owed that is measured at fair value");
    for y in 0..years {
        let year = latest - y as i32;
        let first = note.rows.len();
        if years > 1 {
            note.section(&year_end_words(ledger.base.calendar, year));
        } else if headings {
            note.section("assets");
        }
        let rows: Vec<(usize, i8)> = assets
            .iter()
            .map(|m| measured_row(&mut note, m, y))
            .collect();
        note.total(total_assets.clone(), &rows);
        if headings {
            note.section("liabilities");
        }
        let rows: Vec<(usize, i8)> = investments
            .measured_liabilities
            .iter()
            .map(|m| measured_row(&mut note, m, y))
            .collect();
        note.total(total_liabilities.clone(), &rows);
        if y > 0 {
            without_concepts(&mut note, first);
        }
    }
    note.column_sums = vec![Sum {
        total: 3,
        parts: vec![(0, 1), (1, 1), (2, 1)],
    }];
    // Most classes have one level only; filings show the others blank more often than with a dash.
    if draw.chance(85) {
        blank_zeros(&mut note);
    }
    note
}

/// Header words of cost, gains, losses and fair value.
fn cost_words(draw: &mut Draw) -> [&'static str; 4] {
    [
        draw.pick(&["amortized cost", "adjusted cost", "cost basis"]),
        draw.pick(&["gross unrealized gains", "unrealized gains"]),
        draw.pick(&["gross unrealized losses", "unrealized losses"]),
        draw.pick(&["estimated fair value", "fair value"]),
    ]
}

fn security_row(note: &mut Note, s: &Security, y: usize) -> (usize, i8) {
    let values = [s.cost[y], s.gains[y], -s.losses[y], s.fair.total[y]];
    (note.part(s.fair.word.label(), &values), 1)
}

fn fair_is_cost_and_gaps(note: &mut Note) {
    note.column_sums = vec![Sum {
        total: 3,
        parts: vec![(0, 1), (1, 1), (2, 1)],
    }];
}

fn cash_and_investments(ledger: &Ledger, _: &Identity, draw: &mut Draw) -> Note {
    let latest = ledger.base.calendar.latest_year;
    let investments = &ledger.investments;
    let total = Label::new(draw.pick(&[
        "total cash, cash equivalents and investments",
        "total",
        "total cash, cash equivalents and short-term investments",
    ]))
    .also(&["cash and investments in total"])
    .concept("the money and securities together");
    if draw.chance(35) {
        // Fair values alone, two year ends.
        let mut note = CASH.balances(ledger, 2);
        let mut rows = parts(&mut note, [&investments.cash]);
        for s in &investments.securities {
            rows.push((note.part(s.fair.word.label(), &s.fair.total[..2]), 1));
        }
        // Fair values by level have the concepts of securities.
        without_concepts(&mut note, 1);
        note.total(total, &rows);
        return note;
    }
    let words = cost_words(draw);
    let mut note = CASH.note(named_columns(Period::YearEnd(latest), &words));
    let cash = investments.cash.amounts[0];
    let mut rows = vec![(
        note.part(investments.cash.word.label(), &[cash, 0, 0, cash]),
        1,
    )];
    for s in &investments.securities {
        rows.push(security_row(&mut note, s, 0));
    }
    without_concepts(&mut note, 1);
    note.total(total, &rows);
    fair_is_cost_and_gaps(&mut note);
    if draw.chance(70) {
        blank_zeros(&mut note);
    }
    note
}

fn debt_securities(ledger: &Ledger, _: &Identity, draw: &mut Draw) -> Note {
    let latest = ledger.base.calendar.latest_year;
    let words = cost_words(draw);
    let years = 1 + draw.below(2);
    let period = if years == 1 {
        Period::YearEnd(latest)
    } else {
        Period::Of(latest)
    };
    let mut note = DEBT.note(named_columns(period, &words));
    note.twin_of = Some(CASH.stem);
    let total = Label::new(draw.pick(&[
        "total debt securities",
        "total",
        "total available-for-sale securities",
    ]))
    .also(&["debt securities in total"])
    .concept("all bonds and bills together");
    for y in 0..years {
        let year = latest - y as i32;
        let first = note.rows.len();
        if years > 1 {
            note.section(&year_end_words(ledger.base.calendar, year));
        }
        let debt = ledger.investments.securities.iter().filter(|s| s.debt);
        let rows: Vec<(usize, i8)> = debt.map(|s| security_row(&mut note, s, y)).collect();
        without_concepts(&mut note, first);
        note.total(total.clone(), &rows);
        if y > 0 {
            without_concepts(&mut note, first);
        }
    }
    fair_is_cost_and_gaps(&mut note);
    note
}

fn maturity(ledger: &Ledger, _: &Identity, draw: &mut Draw) -> Note {
    const TERMS: [[&str; 4]; 3] = [
        [
            "due in one year or less",
            "due after one year through five years",
            "due after five years through ten years",
            "due after ten years",
        ],
        [
            "within one year",
            "one to five years",
            "five to ten years",
            "more than ten years",
        ],
        [
            "less than 1 year",
            "1 to 5 years",
            "5 to 10 years",
            "over 10 years",
        ],
    ];
    const CONCEPTS: [&str; 4] = [
        "the securities that come due soon",
        "the securities of middle term",
        "the securities of long term",
        "the securities of the longest term",
    ];
    let latest = ledger.base.calendar.latest_year;
    let maturities = &ledger.investments.maturities;
    let [cost, _, _, fair] = cost_words(draw);
    let mut note = MATURITY.note(named_columns(Period::YearEnd(latest), &[cost, fair]));
    let terms = draw.pick(&TERMS);
    let last = (0..4)
        .rposition(|i| maturities.cost[i] != 0)
        .unwrap_or(0)
        .max(1);
    let rows: Vec<(usize, i8)> = (0..=last)
        .map(|i| {
            let label = Label::new(terms[i]).concept(CONCEPTS[i]);
            (
                note.part(label, &[maturities.cost[i], maturities.fair[i]]),
                1,
            )
        })
        .collect();
    let total = Label::new(draw.pick(&["total", "total debt securities", "total investments"]))
        .also(&["all maturities"])
        .concept("the securities of all terms together");
    note.total(total, &rows);
    note
}

fn notional(ledger: &Ledger, _: &Identity, draw: &mut Draw) -> Note {
    let investments = &ledger.investments;
    let mut note = NOTIONAL.balances(ledger, 2);
    let headings = draw.chance(65);
    let subtotals = draw.chance(60);
    let mut totals = Vec::new();
    for (items, heading, total) in [
        (
            &investments.designated,
            "designated as hedging instruments",
            "total designated",
        ),
        (
            &investments.undesignated,
            "not designated as hedging instruments",
            "total not designated",
        ),
    ] {
        if headings {
            note.section(heading);
        }
        let rows = parts(&mut note, &items.items);
        if subtotals && rows.len() > 1 {
            totals.push((note.total(Label::new(total), &rows), 1));
        } else {
            totals.extend(rows);
        }
    }
    let total = Label::new(draw.pick(&["total notional amount", "total", "total derivatives"]))
        .also(&["notional amount in total"])
        .concept("the size of all derivatives together");
    note.total(total, &totals);
    note
}

fn unrealized(ledger: &Ledger, _: &Identity, draw: &mut Draw) -> Note {
    let mut note = UNREALIZED.balances(ledger, 3);
    let mut rows = Vec::new();
    for s in ledger.investments.securities.iter().filter(|s| s.debt) {
        let net: Vec<i64> = (0..3).map(|y| s.gains[y] - s.losses[y]).collect();
        rows.push((note.part(s.fair.word.label(), &net), 1));
    }
    without_concepts(&mut note, 0);
    let total = Label::new(draw.pick(&[
        "net unrealized gain (loss)",
        "total net unrealized gain (loss)",
    ]))
    .also(&["net unrealized result in total"])
    .concept("how far all securities are above or below their cost");
    note.total(total, &rows);
    note
}
