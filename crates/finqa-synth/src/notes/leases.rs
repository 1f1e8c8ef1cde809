//! Leases: what they cost, when payments fall due, what stands in the balance sheet.

use super::Kind;
use super::parts::{Parts, amount_column, balance_years, flow_years, ladder, single};
use crate::draw::Draw;
use crate::identity::Identity;
use crate::ledger::Ledger;
use crate::note::{Label, Note, Prefix, Quantity, year_columns, year_end_columns};

pub(super) const KINDS: &[Kind] = &[
    Kind {
        stem: "LeaseCost",
        presence_pct: |_| 88,
        make: cost,
    },
    Kind {
        stem: "LesseeOperatingLeaseLiabilityMaturity",
        presence_pct: |_| 90,
        make: operating_maturity,
    },
    Kind {
        stem: "FinanceLeaseLiabilityMaturity",
        presence_pct: |_| 58,
        make: finance_maturity,
    },
    Kind {
        stem: "LeaseBalanceSheetInformation",
        presence_pct: |_| 70,
        make: balance_sheet,
    },
    Kind {
        stem: "OtherOperatingandFinanceLeaseInformation",
        presence_pct: |_| 72,
        make: other_information,
    },
];

fn cost(ledger: &Ledger, _: &Identity, draw: &mut Draw) -> Note {
    let (leases, latest) = (&ledger.leases, ledger.base.calendar.latest_year);
    let n = flow_years(draw);
    let mut note = Note::new("LeaseCost", "lease cost", year_columns(latest, n));
    let mut parts = Parts::default();
    let operating = Label::new(draw.pick(&["operating lease cost", "operating lease expense"]))
        .also(&["cost of operating leases"])
        .concept("straight-line rent");
    parts.add(&mut note, operating, &leases.operating_cost[..n]);
    if leases.finance.is_some() {
        let headed = draw.chance(60);
        if headed {
            note.section("finance lease cost");
        }
        let (amortisation, interest) = if headed {
            (
                "amortization of right-of-use assets",
                "interest on lease liabilities",
            )
        } else {
            ("finance lease amortization", "finance lease interest")
        };
        let amortisation = Label::new(amortisation)
            .also(&["wear of assets held under finance leases"])
            .concept("the yearly write-down of leased assets treated as purchases");
        parts.add(&mut note, amortisation, &leases.finance_amortisation[..n]);
        let interest = Label::new(interest)
            .also(&["interest part of finance leases"])
            .concept("the financing charge inside leases treated as purchases");
        parts.add(&mut note, interest, &leases.finance_interest[..n]);
    }
    let variable = Label::new(draw.pick(&["variable lease cost", "variable lease expense"]))
        .also(&["rent that depends on use"])
        .concept("rent that moves with usage or an index");
    parts.add(&mut note, variable, &leases.variable_cost[..n]);
    let short = Label::new(draw.pick(&["short-term lease cost", "short-term lease expense"]))
        .also(&["cost of leases of a year or less"])
        .concept("rent under agreements of at most twelve months");
    parts.add(&mut note, short, &leases.short_term_cost[..n]);
    let sublease = Label::new("sublease income")
        .also(&["rent received from subtenants"])
        .concept("what subtenants gave back");
    parts.add(&mut note, sublease, &leases.sublease_income[..n]);
    if parts.len() < 2 {
        note.rows.clear();
        return note;
    }
    let total =
        Label::new(draw.pick(&["total lease cost", "net lease cost", "total lease expense"]))
            .also(&["cost of all leases"])
            .concept("the whole bill for using other people's property");
    parts.total(&mut note, total);
    note
}

fn operating_maturity(ledger: &Ledger, _: &Identity, draw: &mut Draw) -> Note {
    let leases = &ledger.leases;
    let finance = leases.finance.is_some() && leases.maturities_together;
    let (topic, column) = if finance {
        ("maturities of lease liabilities", "operating leases")
    } else {
        ("maturities of operating lease liabilities", "amount")
    };
    maturity(
        ledger,
        draw,
        ("LesseeOperatingLeaseLiabilityMaturity", topic),
        &[
            ("operating", column, true),
            ("finance", "finance leases", finance),
        ],
    )
}

fn finance_maturity(ledger: &Ledger, _: &Identity, draw: &mut Draw) -> Note {
    let apart = !ledger.leases.maturities_together;
    maturity(
        ledger,
        draw,
        (
            "FinanceLeaseLiabilityMaturity",
            "maturities of finance lease liabilities",
        ),
        &[("finance", "amount", apart)],
    )
}

/// `classes`: class, words of its column, whether it is shown.
fn maturity(
    ledger: &Ledger,
    draw: &mut Draw,
    (stem, topic): (&'static str, &'static str),
    classes: &[(&str, &'static str, bool)],
) -> Note {
    let (leases, latest) = (&ledger.leases, ledger.base.calendar.latest_year);
    let shown: Vec<_> = classes
        .iter()
        .filter(|c| c.2)
        .filter_map(|&(class, words, _)| {
            let book = if class == "finance" {
                leases.finance.as_ref()
            } else {
                Some(&leases.operating)
            };
            Some((words, book?))
        })
        .collect();
    let columns = shown.iter().map(|s| amount_column(latest, s.0)).collect();
    let mut note = Note::new(stem, topic, columns);
    if shown.is_empty() {
        return note;
    }
    note.label_header = Some("year");
    let concepts = if stem == "FinanceLeaseLiabilityMaturity" {
        [
            "payments still to be made on property leased as if bought",
            "the interest hidden in payments for property leased as if bought",
            "what payments for property leased as if bought are worth today",
        ]
    } else {
        [
            "rent still to be paid, before any discounting",
            "the interest hidden in future rent",
            "what future rent is worth today",
        ]
    };
    let values: Vec<[i64; 6]> = shown.iter().map(|s| s.1.payments[0]).collect();
    let parts = ladder(&mut note, latest, "thereafter", &values);
    let total = Label::new(draw.pick(&[
        "total lease payments",
        "total undiscounted lease payments",
        "total future minimum lease payments",
    ]))
    .also(&["undiscounted payments in all"])
    .concept(concepts[0]);
    let total = parts.total(&mut note, total);
    let mut parts = Parts::default();
    parts.count(total);
    let imputed: Vec<i64> = shown.iter().map(|s| -s.1.imputed[0]).collect();
    let label =
        Label::new(draw.pick(&["less imputed interest", "imputed interest", "less interest"]))
            .also(&["discount to present value"])
            .concept(concepts[1]);
    parts.add(&mut note, label, &imputed);
    let present = Label::new(draw.pick(&[
        "present value of lease liabilities",
        "total lease liabilities",
        "present value of lease payments",
    ]))
    .also(&["discounted lease obligation"])
    .concept(concepts[2]);
    let present = parts.total(&mut note, present);
    if draw.chance(35) {
        let mut parts = Parts::default();
        parts.count(present);
        let current: Vec<i64> = shown.iter().map(|s| -s.1.current[0]).collect();
        let label = Label::new(draw.pick(&["less current portion", "current lease liabilities"]))
            .also(&["lease liability due within a year"]);
        parts.add(&mut note, label, &current);
        parts.total(
            &mut note,
            draw.pick(&[
                "long-term lease liabilities",
                "non-current lease liabilities",
            ]),
        );
    }
    note
}

fn balance_sheet(ledger: &Ledger, _: &Identity, draw: &mut Draw) -> Note {
    let (leases, latest) = (&ledger.leases, ledger.base.calendar.latest_year);
    let n = balance_years(draw);
    let mut note = Note::new(
        "LeaseBalanceSheetInformation",
        "leases in the balance sheet",
        year_end_columns(latest, n),
    );
    note.prefix = Prefix::Ticker;
    let operating = &leases.operating;
    note.section(draw.pick(&["assets", "right-of-use assets"]));
    let mut assets = Parts::default();
    let label = Label::new(draw.pick(&[
        "operating lease right-of-use assets",
        "operating lease assets",
    ]))
    .concept("the right to use what is rented on straight-line terms");
    assets.add(&mut note, label, &operating.assets[..n]);
    if let Some(finance) = &leases.finance {
        let label =
            Label::new(draw.pick(&["finance lease assets", "finance lease right-of-use assets"]))
                .concept("leased property treated as bought");
        assets.add(&mut note, label, &finance.assets[..n]);
        let label = Label::new("total leased assets").also(&["right-of-use assets in all"]);
        assets.total(&mut note, label);
    }
    note.section("liabilities");
    let mut parts = Parts::default();
    let current = Label::new(draw.pick(&[
        "current operating lease liabilities",
        "operating lease liabilities, current",
    ]));
    parts.add(&mut note, current, &operating.current[..n]);
    if let Some(finance) = &leases.finance {
        parts.add(
            &mut note,
            draw.pick(&[
                "current finance lease liabilities",
                "finance lease liabilities, current",
            ]),
            &finance.current[..n],
        );
    }
    let later = Label::new(draw.pick(&[
        "non-current operating lease liabilities",
        "long-term operating lease liabilities",
    ]));
    parts.add(&mut note, later, &operating.non_current[..n]);
    if let Some(finance) = &leases.finance {
        parts.add(
            &mut note,
            draw.pick(&[
                "non-current finance lease liabilities",
                "long-term finance lease liabilities",
            ]),
            &finance.non_current[..n],
        );
    }
    let total = Label::new("total lease liabilities")
        .also(&["lease obligations in all"])
        .concept("everything owed to lessors");
    parts.total(&mut note, total);
    note
}

fn other_information(ledger: &Ledger, _: &Identity, draw: &mut Draw) -> Note {
    let (leases, latest) = (&ledger.leases, ledger.base.calendar.latest_year);
    let n = flow_years(draw).min(3);
    let mut note = Note::new(
        "OtherOperatingandFinanceLeaseInformation",
        "other lease information",
        year_columns(latest, n),
    );
    note.prefix = Prefix::Ticker;
    let finance = leases.finance.as_ref();
    let money = |note: &mut Note, label: Label, values: &[i64]| {
        single(note, label, Quantity::Money, &values[..n]);
    };
    note.section("cash paid for amounts included in lease liabilities");
    let label = Label::new(draw.pick(&[
        "operating cash flows from operating leases",
        "operating cash outflows for operating leases",
    ]));
    let label = label.concept("rent actually handed over under operating leases");
    money(&mut note, label, &leases.operating_paid);
    if finance.is_some() {
        money(
            &mut note,
            Label::new("operating cash flows from finance leases"),
            &leases.finance_interest,
        );
        money(
            &mut note,
            Label::new("financing cash flows from finance leases")
                .also(&["principal paid on finance leases"]),
            &leases.finance_principal_paid,
        );
    }
    if draw.chance(75) {
        note.section("right-of-use assets obtained in exchange for lease liabilities");
        let label = Label::new("operating leases, assets obtained").also(&["new operating leases"]);
        money(&mut note, label, &leases.operating.obtained);
        if let Some(f) = finance.filter(|f| f.obtained[..n].iter().any(|v| *v != 0)) {
            let label = Label::new("finance leases, assets obtained").also(&["new finance leases"]);
            money(&mut note, label, &f.obtained);
        }
    }
    let mut pair = |quantity, operating: &str, of: &str, values: [Option<&[i64]>; 2]| {
        for (label, values) in [operating, of].into_iter().zip(values) {
            if let Some(values) = values {
                single(&mut note, label, quantity, &values[..n]);
            }
        }
    };
    pair(
        Quantity::Years,
        "weighted average remaining term of operating leases",
        "weighted average remaining term of finance leases",
        [Some(&leases.operating.term), finance.map(|f| &f.term[..])],
    );
    pair(
        Quantity::FineRate,
        "weighted average discount rate of operating leases",
        "weighted average discount rate of finance leases",
        [Some(&leases.operating.rate), finance.map(|f| &f.rate[..])],
    );
    note
}
