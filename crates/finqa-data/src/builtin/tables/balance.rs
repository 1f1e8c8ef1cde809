//! Tables at a date, and schedules of what falls due later.

use super::{REGIONS, composed, scaled};
use crate::builtin::draw::Draw;
use crate::builtin::grid::{Grid, Shape};
use crate::builtin::ledger::Ledger;
use crate::builtin::names::Industry;

pub(super) fn long_lived_assets(ledger: &Ledger, _: Industry, draw: &mut Draw) -> Grid {
    let n = 3 + draw.below(3);
    let labels = draw.choose(&REGIONS, n);
    let totals = scaled(&ledger.revenue[..2], (180, 700), draw);
    Grid {
        stem: "LongLivedAssetsByGeographicAreas",
        custom: false,
        shape: Shape::Stock,
        topic: "long-lived assets by geographic area",
        years: ledger.years(2),
        rows: composed(&labels, "total long-lived assets", &totals, draw),
    }
}

pub(super) fn debt(ledger: &Ledger, _: Industry, draw: &mut Draw) -> Grid {
    let n = 3 + draw.below(4);
    let mut due = ledger.latest_year;
    let mut labels: Vec<String> = (0..n)
        .map(|_| {
            due += draw.range(1, 4) as i32;
            format!(
                "{}.{}% notes due {due}",
                draw.range(1, 6),
                draw.pick(&["000", "250", "375", "500", "625", "875"])
            )
        })
        .collect();
    labels.push("commercial paper".to_owned());
    let labels: Vec<&str> = labels.iter().map(String::as_str).collect();
    Grid {
        stem: "ScheduleOfDebt",
        custom: false,
        shape: Shape::Stock,
        topic: "outstanding debt",
        years: ledger.years(2),
        rows: composed(&labels, "total debt", &ledger.debt[..2], draw),
    }
}

pub(super) fn accrued_liabilities(ledger: &Ledger, _: Industry, draw: &mut Draw) -> Grid {
    let all = [
        "compensation and benefits",
        "customer rebates",
        "warranty",
        "taxes other than income",
        "interest",
        "legal matters",
        "restructuring",
    ];
    let n = 3 + draw.below(4);
    let mut labels = draw.choose(&all, n);
    labels.push("other");
    let totals = scaled(&ledger.revenue[..2], (60, 180), draw);
    Grid {
        stem: "ScheduleOfAccruedLiabilities",
        custom: false,
        shape: Shape::Stock,
        topic: "accrued liabilities",
        years: ledger.years(2),
        rows: composed(&labels, "total accrued liabilities", &totals, draw),
    }
}

pub(super) fn inventory(ledger: &Ledger, _: Industry, draw: &mut Draw) -> Grid {
    let totals = scaled(&ledger.revenue[..2], (70, 200), draw);
    Grid {
        stem: "ScheduleOfInventoryCurrent",
        custom: false,
        shape: Shape::Stock,
        topic: "inventory",
        years: ledger.years(2),
        rows: composed(
            &["raw materials", "work in process", "finished goods"],
            "total inventory",
            &totals,
            draw,
        ),
    }
}

pub(super) fn debt_maturities(ledger: &Ledger, _: Industry, draw: &mut Draw) -> Grid {
    ladder(
        "ScheduleOfMaturitiesOfLongTermDebt",
        "maturities of long-term debt",
        ledger.debt[0],
        ledger,
        draw,
    )
}

pub(super) fn lease_maturities(ledger: &Ledger, _: Industry, draw: &mut Draw) -> Grid {
    let total = scaled(&ledger.revenue[..1], (40, 160), draw)[0];
    ladder(
        "LesseeOperatingLeaseLiabilityMaturity",
        "undiscounted operating lease payments",
        total,
        ledger,
        draw,
    )
}

pub(super) fn amortization_ahead(ledger: &Ledger, _: Industry, draw: &mut Draw) -> Grid {
    let total = scaled(&ledger.revenue[..1], (30, 250), draw)[0];
    let stem = "ScheduleofFiniteLivedIntangibleAssetsFutureAmortizationExpense";
    ladder(
        stem,
        "future amortization of intangible assets",
        total,
        ledger,
        draw,
    )
}

/// Five years ahead, thereafter, and the total.
fn ladder(
    stem: &'static str,
    topic: &'static str,
    total: i64,
    ledger: &Ledger,
    draw: &mut Draw,
) -> Grid {
    let mut labels: Vec<String> = (1..=5)
        .map(|i| (ledger.latest_year + i).to_string())
        .collect();
    labels.push("thereafter".to_owned());
    let labels: Vec<&str> = labels.iter().map(String::as_str).collect();
    Grid {
        stem,
        custom: false,
        shape: Shape::Ladder,
        topic,
        years: ledger.years(1),
        rows: composed(&labels, "total", &[total], draw),
    }
}
