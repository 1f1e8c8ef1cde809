//! Tables of a period: revenue, income, taxes and costs.

use super::{REGIONS, composed, row, scaled};
use crate::builtin::draw::Draw;
use crate::builtin::grid::{Grid, Role, Shape};
use crate::builtin::ledger::Ledger;
use crate::builtin::names::Industry;

pub(super) fn revenue_by_product(ledger: &Ledger, industry: Industry, draw: &mut Draw) -> Grid {
    let all: &[&str] = match industry {
        Industry::Industrial => &[
            "pumps and valves",
            "motion control",
            "coatings",
            "spare parts",
            "field services",
            "licensing",
        ],
        Industry::Technology => &[
            "subscriptions",
            "licenses",
            "cloud hosting",
            "hardware",
            "support",
            "professional services",
        ],
        Industry::Consumer => &[
            "snacks",
            "beverages",
            "household care",
            "personal care",
            "frozen meals",
            "pet products",
        ],
        Industry::Energy => &[
            "residential supply",
            "commercial supply",
            "industrial supply",
            "transmission",
            "metering",
            "storage",
        ],
        Industry::Health => &[
            "diagnostic kits",
            "implants",
            "monitoring devices",
            "consumables",
            "laboratory services",
            "royalties",
        ],
        Industry::Services => &[
            "freight",
            "warehousing",
            "customs brokerage",
            "fleet leasing",
            "advisory",
            "last-mile delivery",
        ],
    };
    let n = 3 + draw.below(4);
    let labels = draw.choose(all, n);
    Grid {
        stem: "DisaggregationOfRevenue",
        custom: false,
        shape: Shape::Flow,
        topic: "revenue by product",
        years: ledger.years(3),
        rows: composed(&labels, "total revenue", &ledger.revenue, draw),
    }
}

pub(super) fn revenue_by_region(ledger: &Ledger, _: Industry, draw: &mut Draw) -> Grid {
    let n = 3 + draw.below(3);
    let labels = draw.choose(&REGIONS, n);
    Grid {
        stem: "RevenueFromExternalCustomersByGeographicAreas",
        custom: false,
        shape: Shape::Flow,
        topic: "revenue by geographic area",
        years: ledger.years(3),
        rows: composed(&labels, "total revenue", &ledger.revenue, draw),
    }
}

pub(super) fn revenue_by_segment(ledger: &Ledger, industry: Industry, draw: &mut Draw) -> Grid {
    let labels: &[&str] = match industry {
        Industry::Industrial | Industry::Technology => {
            &["core platforms", "specialty solutions", "aftermarket"]
        }
        Industry::Consumer | Industry::Services => {
            &["retail channel", "business channel", "direct channel"]
        }
        Industry::Energy | Industry::Health => &[
            "regulated operations",
            "contracted operations",
            "other operations",
        ],
    };
    Grid {
        stem: "RevenueByReportableSegment",
        custom: true,
        shape: Shape::Flow,
        topic: "revenue by reportable segment",
        years: ledger.years(2),
        rows: composed(labels, "total segment revenue", &ledger.revenue[..2], draw),
    }
}

pub(super) fn pretax_by_origin(ledger: &Ledger, _: Industry, _: &mut Draw) -> Grid {
    let domestic = (0..3)
        .map(|i| ledger.pretax[i] - ledger.foreign_pretax[i])
        .collect();
    Grid {
        stem: "ScheduleOfIncomeBeforeIncomeTaxDomesticAndForeign",
        custom: false,
        shape: Shape::Flow,
        topic: "income before income taxes by origin",
        years: ledger.years(3),
        rows: vec![
            row("domestic", Role::Part, domestic),
            row("foreign", Role::Part, ledger.foreign_pretax.to_vec()),
            row(
                "total income before income taxes",
                Role::Total,
                ledger.pretax.to_vec(),
            ),
        ],
    }
}

pub(super) fn other_income(ledger: &Ledger, _: Industry, draw: &mut Draw) -> Grid {
    let income = scaled(&ledger.interest_expense, (120, 900), draw);
    let expense: Vec<i64> = ledger.interest_expense.iter().map(|v| -v).collect();
    let gains: Vec<i64> = ledger
        .interest_expense
        .iter()
        .map(|v| v * draw.range(-200, 300) / 1000)
        .collect();
    let total = (0..3).map(|i| income[i] + expense[i] + gains[i]).collect();
    Grid {
        stem: "ScheduleOfOtherNonoperatingIncomeExpense",
        custom: false,
        shape: Shape::Flow,
        topic: "other income and expense",
        years: ledger.years(3),
        rows: vec![
            row("interest income", Role::Part, income),
            row("interest expense", Role::Part, expense),
            row("foreign exchange gains and losses", Role::Part, gains),
            row("total other income and expense, net", Role::Total, total),
        ],
    }
}

pub(super) fn income_tax(ledger: &Ledger, _: Industry, draw: &mut Draw) -> Grid {
    let labels = ["federal", "state", "foreign"];
    let deferred: Vec<i64> = ledger
        .tax
        .iter()
        .map(|v| v * draw.range(-300, 200) / 1000)
        .collect();
    let current: Vec<i64> = ledger
        .tax
        .iter()
        .zip(&deferred)
        .map(|(all, part)| all - part)
        .collect();
    let mut rows = vec![row("current", Role::Section, Vec::new())];
    rows.extend(composed(&labels, "total current", &current, draw));
    rows.push(row("deferred", Role::Section, Vec::new()));
    rows.extend(composed(&labels, "total deferred", &deferred, draw));
    rows.push(row(
        "provision for income taxes",
        Role::Total,
        ledger.tax.to_vec(),
    ));
    Grid {
        stem: "ScheduleOfComponentsOfIncomeTaxExpenseBenefit",
        custom: false,
        shape: Shape::Flow,
        topic: "components of income tax expense",
        years: ledger.years(3),
        rows,
    }
}

pub(super) fn tax_rate(ledger: &Ledger, _: Industry, draw: &mut Draw) -> Grid {
    let statutory = vec![210; 3];
    let mut rows = vec![row("statutory federal rate", Role::Part, statutory.clone())];
    let mut effective = statutory;
    for (label, low, high) in [
        ("state income taxes, net", 5, 39),
        ("foreign rate differential", -48, -6),
        ("research credits", -35, -4),
        ("stock compensation", -18, 14),
        ("other, net", -9, 9),
    ] {
        let values: Vec<i64> = (0..3).map(|_| draw.range(low, high)).collect();
        for (sum, value) in effective.iter_mut().zip(&values) {
            *sum += value;
        }
        rows.push(row(label, Role::Part, values));
    }
    rows.push(row("effective tax rate", Role::Total, effective));
    Grid {
        stem: "ScheduleOfEffectiveIncomeTaxRateReconciliation",
        custom: false,
        shape: Shape::Rate,
        topic: "effective income tax rate reconciliation",
        years: ledger.years(3),
        rows,
    }
}

pub(super) fn lease_cost(ledger: &Ledger, _: Industry, draw: &mut Draw) -> Grid {
    let totals = scaled(&ledger.revenue, (10, 40), draw);
    let labels = [
        "operating lease cost",
        "amortization of finance leases",
        "interest on finance leases",
        "variable lease cost",
        "short-term lease cost",
    ];
    Grid {
        stem: "LeaseCost",
        custom: false,
        shape: Shape::Flow,
        topic: "lease cost",
        years: ledger.years(3),
        rows: composed(&labels, "total lease cost", &totals, draw),
    }
}

pub(super) fn benefit_cost(ledger: &Ledger, _: Industry, draw: &mut Draw) -> Grid {
    let service = scaled(&ledger.revenue, (2, 9), draw);
    let interest = scaled(&ledger.interest_expense, (80, 700), draw);
    let returns: Vec<i64> = interest
        .iter()
        .map(|v| -(v * draw.range(600, 1500) / 1000))
        .collect();
    let net = (0..3)
        .map(|i| service[i] + interest[i] + returns[i])
        .collect();
    Grid {
        stem: "ScheduleOfNetBenefitCosts",
        custom: false,
        shape: Shape::Flow,
        topic: "net periodic benefit cost",
        years: ledger.years(3),
        rows: vec![
            row("service cost", Role::Part, service),
            row("interest cost", Role::Part, interest),
            row("expected return on plan assets", Role::Part, returns),
            row("net periodic benefit cost", Role::Total, net),
        ],
    }
}

pub(super) fn warranty(ledger: &Ledger, _: Industry, draw: &mut Draw) -> Grid {
    // Oldest year first, because each year begins where the one before ended.
    let mut balance = ledger.revenue[2] * draw.range(4, 15) / 1000;
    let mut years = Vec::new();
    for year in (0..3).rev() {
        let accrued = ledger.revenue[year] * draw.range(3, 12) / 1000;
        let settled = -(balance.max(1) * draw.range(300, 900) / 1000);
        let end = balance + accrued + settled;
        years.push([balance, accrued, settled, end]);
        balance = end;
    }
    years.reverse();
    let column = |i: usize| years.iter().map(|y| y[i]).collect();
    Grid {
        stem: "ScheduleOfProductWarrantyLiability",
        custom: false,
        shape: Shape::Flow,
        topic: "the product warranty liability",
        years: ledger.years(3),
        rows: vec![
            row("balance at beginning of year", Role::Part, column(0)),
            row("accruals for warranties issued", Role::Part, column(1)),
            row("settlements made", Role::Part, column(2)),
            row("balance at end of year", Role::Total, column(3)),
        ],
    }
}
