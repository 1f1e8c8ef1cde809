//! The kinds of tables a company reports.

use super::draw::{Draw, Stream};
use super::grid::{Grid, Role, Row, Shape, Written, write};
use super::ledger::{Ledger, parts};
use super::names::{Identity, Industry};

/// A kind of table.
type Kind = fn(&Ledger, Industry, &mut Draw) -> Grid;

/// In every company: they share revenue, pretax income and interest with the others.
const ALWAYS: [Kind; 4] = [
    revenue_by_product,
    revenue_by_region,
    pretax_by_origin,
    other_income,
];
/// Four to eight of these.
const SOME: [Kind; 13] = [
    long_lived_assets,
    revenue_by_segment,
    income_tax,
    tax_rate,
    debt_maturities,
    debt,
    lease_cost,
    lease_maturities,
    accrued_liabilities,
    inventory,
    amortization_ahead,
    warranty,
    benefit_cost,
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

fn revenue_by_product(ledger: &Ledger, industry: Industry, draw: &mut Draw) -> Grid {
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

const REGIONS: [&str; 6] = [
    "United States",
    "Canada",
    "Europe",
    "Asia Pacific",
    "Latin America",
    "Middle East and Africa",
];

fn revenue_by_region(ledger: &Ledger, _: Industry, draw: &mut Draw) -> Grid {
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

fn long_lived_assets(ledger: &Ledger, _: Industry, draw: &mut Draw) -> Grid {
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

fn revenue_by_segment(ledger: &Ledger, industry: Industry, draw: &mut Draw) -> Grid {
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

fn pretax_by_origin(ledger: &Ledger, _: Industry, _: &mut Draw) -> Grid {
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

fn other_income(ledger: &Ledger, _: Industry, draw: &mut Draw) -> Grid {
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

fn income_tax(ledger: &Ledger, _: Industry, draw: &mut Draw) -> Grid {
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

fn tax_rate(ledger: &Ledger, _: Industry, draw: &mut Draw) -> Grid {
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

fn debt_maturities(ledger: &Ledger, _: Industry, draw: &mut Draw) -> Grid {
    ladder(
        "ScheduleOfMaturitiesOfLongTermDebt",
        "maturities of long-term debt",
        ledger.debt[0],
        ledger,
        draw,
    )
}

fn debt(ledger: &Ledger, _: Industry, draw: &mut Draw) -> Grid {
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

fn lease_cost(ledger: &Ledger, _: Industry, draw: &mut Draw) -> Grid {
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

fn lease_maturities(ledger: &Ledger, _: Industry, draw: &mut Draw) -> Grid {
    let total = scaled(&ledger.revenue[..1], (40, 160), draw)[0];
    ladder(
        "LesseeOperatingLeaseLiabilityMaturity",
        "undiscounted operating lease payments",
        total,
        ledger,
        draw,
    )
}

fn accrued_liabilities(ledger: &Ledger, _: Industry, draw: &mut Draw) -> Grid {
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

fn inventory(ledger: &Ledger, _: Industry, draw: &mut Draw) -> Grid {
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

fn amortization_ahead(ledger: &Ledger, _: Industry, draw: &mut Draw) -> Grid {
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

fn warranty(ledger: &Ledger, _: Industry, draw: &mut Draw) -> Grid {
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

fn benefit_cost(ledger: &Ledger, _: Industry, draw: &mut Draw) -> Grid {
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
