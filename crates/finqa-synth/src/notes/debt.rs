//! Borrowings: what is owed, when it falls due, what it costs.

use super::Kind;
use super::parts::{Parts, amount_column, balance_years, flow_years, ladder, single};
use crate::draw::Draw;
use crate::identity::Identity;
use crate::ledger::Ledger;
use crate::note::{
    Cell, Column, Label, Note, Period, Prefix, Quantity, Role, Row, Sum, year_columns,
    year_end_columns,
};

pub(super) const KINDS: &[Kind] = &[
    Kind {
        stem: "ScheduleOfMaturitiesOfLongTermDebt",
        presence_pct: |_| 90,
        make: maturities,
    },
    Kind {
        stem: "ScheduleOfDebt",
        presence_pct: |_| 88,
        make: schedule,
    },
    Kind {
        stem: "ScheduleOfCarryingValuesAndEstimatedFairValuesOfDebtInstruments",
        presence_pct: |_| 42,
        make: fair_values,
    },
    Kind {
        stem: "InterestCostComponents",
        presence_pct: |_| 85,
        make: interest,
    },
    Kind {
        stem: "ScheduleOfLineOfCreditFacilities",
        presence_pct: |_| 26,
        make: facilities,
    },
    Kind {
        stem: "ScheduleOfShortTermDebt",
        presence_pct: |_| 40,
        make: short_term,
    },
    Kind {
        stem: "LongTermDebtRollForward",
        presence_pct: |_| 35,
        make: roll_forward,
    },
];

fn maturities(ledger: &Ledger, _: &Identity, draw: &mut Draw) -> Note {
    let latest = ledger.base.calendar.latest_year;
    let mut note = Note::new(
        "ScheduleOfMaturitiesOfLongTermDebt",
        "maturities of long-term debt",
        vec![amount_column(latest, draw.pick(&["amount", "principal"]))],
    );
    if ledger.debt.principal[0] == 0 {
        return note;
    }
    note.label_header = Some("year");
    let parts = ladder(
        &mut note,
        latest,
        draw.pick(&[
            "thereafter",
            "thereafter",
            "later years",
            "after five years",
        ]),
        &[ledger.debt.maturities[0]],
    );
    let label = draw.pick(&[
        "total",
        "total long-term debt maturities",
        "total principal payments",
    ]);
    let total = Label::new(label)
        .also(&["all scheduled principal payments"])
        .concept("the principal that term lenders are still to get back");
    parts.total(&mut note, total);
    note
}

/// Instruments with an amount at one of the newest `n` year ends.
fn shown(ledger: &Ledger, n: usize) -> Vec<usize> {
    let debt = &ledger.debt;
    (0..debt.instruments.len())
        .filter(|&i| debt.principals[i][..n].iter().any(|p| *p != 0))
        .collect()
}

fn schedule(ledger: &Ledger, _: &Identity, draw: &mut Draw) -> Note {
    let (debt, latest) = (&ledger.debt, ledger.base.calendar.latest_year);
    let n = balance_years(draw);
    let mut columns = year_end_columns(latest, n);
    let rates = draw.chance(45);
    // The column of coupons stands left of the amounts or right of them.
    let at = if draw.chance(70) { 0 } else { n };
    if rates {
        columns.insert(at, amount_column(latest, "interest rate"));
    }
    let mut note = Note::new("ScheduleOfDebt", "outstanding debt", columns);
    let rows = shown(ledger, n);
    if rows.is_empty() {
        return note;
    }
    let paper_rate = format!(
        "{}.{:02}%",
        debt.short_term_rate[0] / 100,
        debt.short_term_rate[0] % 100
    );
    let with_rate = |mut row: Row, text: Option<String>| {
        if rates {
            row.cells.insert(at, text.map_or(Cell::Empty, Cell::Text));
        }
        row
    };
    let amounts =
        |label: Label, role, values: &[i64]| Row::numbers(label, role, Quantity::Money, values);
    let mut parts: Vec<(usize, i8)> = Vec::new();
    let mut add = |note: &mut Note, label: Label, values: &[i64], text: Option<String>| {
        if values.iter().any(|v| *v != 0) {
            let row = note.push(with_rate(amounts(label, Role::Part, values), text));
            parts.push((row, 1));
        }
    };
    for i in rows {
        let instrument = &debt.instruments[i];
        let text = Some(instrument.rate_text.clone());
        add(
            &mut note,
            Label::new(instrument.label.as_str()),
            &debt.principals[i][..n],
            text,
        );
    }
    let short =
        Label::new(debt.short_term_label).concept("borrowing that is rolled over within weeks");
    add(&mut note, short, &debt.short_term[..n], Some(paper_rate));
    let total_row = |note: &mut Note, label: Label, parts: &[(usize, i8)], values: Vec<i64>| {
        let total = note.push(with_rate(amounts(label, Role::Total, &values), None));
        note.sums.push(Sum {
            total,
            parts: parts.to_vec(),
        });
        total
    };
    let costs: Vec<i64> = debt.unamortised[..n].iter().map(|c| -c).collect();
    let has_costs = costs.iter().any(|c| *c != 0);
    if has_costs && draw.chance(35) {
        let values = (0..n).map(|y| debt.principal[y] + debt.short_term[y]);
        let label = Label::new("total principal").also(&["face amount of all borrowings"]);
        let row = total_row(&mut note, label, &parts, values.collect());
        parts = vec![(row, 1)];
    }
    let discount = Label::new(draw.pick(&[
        "unamortized discount and issuance costs",
        "less unamortized discount and debt issuance costs",
        "unamortized discount, premium and issuance costs, net",
    ]))
    .also(&["discount not yet written off"])
    .concept("what raising the money cost and is still to be expensed");
    if has_costs {
        let row = note.push(with_rate(amounts(discount, Role::Part, &costs), None));
        parts.push((row, 1));
    }
    let total = Label::new(draw.pick(&["total debt", "total debt, net", "total borrowings"]))
        .also(&["carrying amount of all debt"])
        .concept("everything owed to lenders and bondholders");
    let carrying = total_row(&mut note, total, &parts, debt.carrying[..n].to_vec());
    let current: Vec<i64> = debt.current[..n].iter().map(|c| -c).collect();
    if current.iter().any(|c| *c != 0) {
        let label = Label::new(draw.pick(&[
            "less current portion",
            "less short-term debt and current maturities",
            "current portion of debt",
        ]))
        .also(&["amount due within one year"])
        .concept("the slice of borrowings that falls due in the coming twelve months");
        let row = note.push(with_rate(amounts(label, Role::Part, &current), None));
        let label = Label::new(draw.pick(&[
            "long-term debt",
            "total long-term debt",
            "long-term debt, less current portion",
        ]))
        .also(&["non-current borrowings"])
        .concept("borrowings that outlast the coming year");
        let values = debt.long_term[..n].to_vec();
        total_row(&mut note, label, &[(carrying, 1), (row, 1)], values);
    }
    note
}

fn fair_values(ledger: &Ledger, _: &Identity, draw: &mut Draw) -> Note {
    let (debt, latest) = (&ledger.debt, ledger.base.calendar.latest_year);
    let n = [1, 2][draw.weighted(&[15, 85])];
    let words = draw.pick(&[
        ("carrying amount", "fair value"),
        ("carrying value", "estimated fair value"),
    ]);
    let columns = (0..n as i32)
        .flat_map(|y| {
            let end = Period::YearEnd(latest - y);
            [Column::named(end, words.0), Column::named(end, words.1)]
        })
        .collect();
    let mut note = Note::new(
        "ScheduleOfCarryingValuesAndEstimatedFairValuesOfDebtInstruments",
        "carrying amounts and fair values of debt",
        columns,
    );
    let pairs = |carrying: &dyn Fn(usize) -> i64, fair: &dyn Fn(usize) -> i64| -> Vec<i64> {
        (0..n).flat_map(|y| [carrying(y), fair(y)]).collect()
    };
    let mut parts = Parts::default();
    for i in shown(ledger, n) {
        let values = pairs(&|y| debt.principals[i][y] - debt.costs[i][y], &|y| {
            debt.fair_values[i][y]
        });
        parts.add(&mut note, debt.instruments[i].label.as_str(), &values);
    }
    if parts.len() == 0 {
        return note;
    }
    let paper = pairs(&|y| debt.short_term[y], &|y| debt.short_term[y]);
    parts.add(&mut note, debt.short_term_label, &paper);
    let total = Label::new(draw.pick(&["total", "total debt", "total debt instruments"]))
        .also(&["all debt instruments together"])
        .concept("the whole stack of borrowings");
    parts.total(&mut note, total);
    note
}

fn interest(ledger: &Ledger, _: &Identity, draw: &mut Draw) -> Note {
    let (debt, latest) = (&ledger.debt, ledger.base.calendar.latest_year);
    let n = flow_years(draw);
    let mut note = Note::new(
        "InterestCostComponents",
        "components of interest expense",
        year_columns(latest, n),
    );
    note.prefix = Prefix::Ticker;
    let mut parts = Parts::default();
    let coupons = Label::new(draw.pick(&[
        "interest on notes and term loans",
        "interest on long-term debt",
        "contractual interest on long-term debt",
    ]))
    .also(&["coupon interest"])
    .concept("what holders of term debt were owed for the year");
    parts.add(&mut note, coupons, &debt.interest_on_notes[..n]);
    let label = if debt.short_term_label == "commercial paper" {
        "interest on commercial paper"
    } else {
        "interest on revolving credit facility"
    };
    let short = Label::new(label)
        .also(&["interest on short-term borrowings"])
        .concept("the cost of borrowing that is rolled over");
    parts.add(&mut note, short, &debt.interest_on_short_term[..n]);
    let costs = Label::new(draw.pick(&[
        "amortization of discount and issuance costs",
        "amortization of debt issuance costs",
    ]))
    .also(&["debt costs written off over time"])
    .concept("the part of borrowing cost that takes no cash in the year");
    parts.add(&mut note, costs, &debt.cost_amortised[..n]);
    let capitalised = Label::new(draw.pick(&["capitalized interest", "less capitalized interest"]))
        .also(&["interest added to the cost of assets"])
        .concept("financing cost that went into assets under construction");
    parts.add(&mut note, capitalised, &debt.capitalised[..n]);
    if parts.len() < 2 {
        note.rows.clear();
        return note;
    }
    let less_assets = debt.capitalised[..n].iter().any(|v| *v != 0);
    let total = Label::new(draw.pick(if less_assets {
        &[
            "interest expense",
            "interest expense, net of capitalized amounts",
        ]
    } else {
        &["interest expense", "total interest expense"]
    }))
    .also(&["total cost of borrowing"])
    .concept("the price the company paid for its borrowed money");
    parts.total(&mut note, total);
    if draw.chance(25) && n < 5 {
        let rates: Vec<i64> = debt.short_term_rate[..n].to_vec();
        if debt.short_term[..n].iter().any(|v| *v != 0) {
            single(
                &mut note,
                "weighted average rate on short-term borrowings",
                Quantity::FineRate,
                &rates,
            );
        }
    }
    note
}

fn facilities(ledger: &Ledger, _: &Identity, draw: &mut Draw) -> Note {
    let latest = ledger.base.calendar.latest_year;
    let end = Period::Of(latest);
    let lines = &ledger.debt.facilities;
    // What no line has is not shown; without borrowings and letters nothing is worth a table.
    let classes: Vec<(&'static str, Vec<i64>)> = [
        ("commitment", lines.iter().map(|l| l.commitment).collect()),
        ("borrowings", lines.iter().map(|l| l.drawn).collect()),
        (
            "letters of credit",
            lines.iter().map(|l| l.letters).collect(),
        ),
        (
            "available",
            lines.iter().map(|l| l.available).collect::<Vec<i64>>(),
        ),
    ]
    .into_iter()
    .filter(|class| class.1.iter().any(|v| *v != 0))
    .collect();
    let columns: Vec<Column> = classes
        .iter()
        .map(|class| Column::named(end, class.0))
        .collect();
    let last = columns.len() - 1;
    let mut note = Note::new(
        "ScheduleOfLineOfCreditFacilities",
        "lines of credit",
        columns,
    );
    if classes.len() < 3 {
        return note;
    }
    let sign = |c: usize| if c == 0 { 1 } else { -1 };
    note.column_sums.push(Sum {
        total: last,
        parts: (0..last).map(|c| (c, sign(c))).collect(),
    });
    let mut parts = Parts::default();
    for (i, line) in lines.iter().enumerate() {
        let values: Vec<i64> = classes.iter().map(|class| class.1[i]).collect();
        parts.add(&mut note, line.label.as_str(), &values);
    }
    let total = Label::new(draw.pick(&["total", "total credit lines", "total facilities"]))
        .also(&["all credit lines together"])
        .concept("bank money on call");
    parts.total(&mut note, total);
    note
}

fn short_term(ledger: &Ledger, _: &Identity, draw: &mut Draw) -> Note {
    let (debt, latest) = (&ledger.debt, ledger.base.calendar.latest_year);
    let n = balance_years(draw);
    let mut note = Note::new(
        "ScheduleOfShortTermDebt",
        "short-term debt",
        year_end_columns(latest, n),
    );
    let due: Vec<i64> = debt.maturities[..n].iter().map(|m| m[0]).collect();
    let both = debt.short_term[..n].iter().any(|v| *v != 0) && due.iter().any(|v| *v != 0);
    if !both {
        return note;
    }
    let mut parts = Parts::default();
    let short = Label::new(debt.short_term_label).also(&["borrowing that is rolled over"]);
    parts.add(&mut note, short, &debt.short_term[..n]);
    let current = Label::new(draw.pick(&[
        "current portion of long-term debt",
        "current maturities of long-term debt",
    ]))
    .also(&["notes and loans due within a year"])
    .concept("term debt that has come within a year of its maturity");
    parts.add(&mut note, current, &due);
    let total = Label::new(draw.pick(&["total short-term debt", "short-term debt", "total"]))
        .also(&["debt to be repaid or rolled over within a year"]);
    parts.total(&mut note, total);
    let end = draw.chance(60);
    if end {
        single(
            &mut note,
            "weighted average interest rate at year end",
            Quantity::FineRate,
            &debt.short_term_rate[..n],
        );
    }
    note
}

fn roll_forward(ledger: &Ledger, _: &Identity, draw: &mut Draw) -> Note {
    let (debt, latest) = (&ledger.debt, ledger.base.calendar.latest_year);
    let n = flow_years(draw);
    let mut note = Note::new(
        "LongTermDebtRollForward",
        "change in the principal of long-term debt",
        year_columns(latest, n),
    );
    note.prefix = Prefix::Ticker;
    if debt.principal[..n].contains(&0) {
        return note;
    }
    let mut parts = Parts::default();
    let opening = Label::new("principal at beginning of year").also(&["opening principal"]);
    parts.open(&mut note, opening, &debt.opening[..n]);
    let issued = Label::new(draw.pick(&["issuances", "new borrowings", "proceeds from issuance"]))
        .also(&["debt newly raised"])
        .concept("fresh money from lenders");
    parts.add(&mut note, issued, &debt.issued[..n]);
    let repaid = Label::new(draw.pick(&["repayments", "maturities and redemptions"]))
        .also(&["debt paid back"])
        .concept("principal handed back to lenders");
    parts.add(&mut note, repaid, &debt.repaid[..n]);
    let currency = Label::new(draw.pick(&["currency translation", "exchange rate effect"]));
    parts.add(&mut note, currency, &debt.exchange_effect[..n]);
    if parts.len() < 3 {
        note.rows.clear();
        return note;
    }
    let closing = Label::new("principal at end of year").also(&["closing principal"]);
    parts.close(&mut note, closing);
    note
}
