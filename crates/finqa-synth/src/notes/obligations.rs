//! Contractual obligations and purchase commitments.

use super::Kind;
use super::parts::{Parts, amount_column, ladder};
use crate::draw::Draw;
use crate::identity::Identity;
use crate::ledger::{Ladder, Ledger};
use crate::note::{Column, Label, Note, Period, Prefix, Sum};

pub(super) const KINDS: &[Kind] = &[
    Kind {
        stem: "ContractualObligationFiscalYearMaturitySchedule",
        presence_pct: |_| 52,
        make: contractual,
    },
    Kind {
        stem: "PurchaseObligationFiscalYearMaturitySchedule",
        presence_pct: |_| 16,
        make: purchases,
    },
];

fn contractual(ledger: &Ledger, _: &Identity, draw: &mut Draw) -> Note {
    match draw.weighted(&[40, 30, 30]) {
        0 => by_year_columns(ledger, draw),
        1 => by_span(ledger, draw),
        _ => by_year_rows(ledger, draw),
    }
}

fn empty(columns: Vec<Column>) -> Note {
    let mut note = Note::new(
        "ContractualObligationFiscalYearMaturitySchedule",
        "contractual obligations",
        columns,
    );
    note.prefix = Prefix::Srt;
    note
}

/// The classes of obligations with their amounts.
fn classes(ledger: &Ledger, draw: &mut Draw) -> Vec<(Label, Ladder)> {
    let all = &ledger.obligations;
    let debt = Label::new(draw.pick(&["long-term debt", "debt principal", "debt maturities"]))
        .also(&["principal of borrowings"])
        .concept("what is to be paid back to term lenders");
    let interest = Label::new(draw.pick(&[
        "interest on debt",
        "interest payments",
        "interest on long-term debt",
    ]))
    .also(&["coupons still to be paid"])
    .concept("the future price of today's borrowings");
    let operating = Label::new(draw.pick(&["operating leases", "operating lease obligations"]))
        .also(&["rent under operating leases"])
        .concept("rent commitments that are not purchases in disguise");
    let finance = Label::new(draw.pick(&["finance leases", "finance lease obligations"]))
        .also(&["payments under finance leases"]);
    let purchase = Label::new(draw.pick(&[
        "purchase obligations",
        "purchase commitments",
        "unconditional purchase obligations",
    ]))
    .also(&["commitments to suppliers"])
    .concept("what suppliers have been promised");
    let other =
        Label::new(draw.pick(&["other obligations", "other long-term liabilities", "other"]))
            .also(&["remaining commitments"]);
    let mut out = vec![
        (debt, all.debt),
        (interest, all.interest),
        (operating, all.operating_leases),
        (finance, all.finance_leases),
        (purchase, all.purchase),
        (other, all.other),
    ];
    out.retain(|class| class.1.iter().any(|v| *v != 0));
    out
}

fn total_label(draw: &mut Draw) -> Label {
    Label::new(draw.pick(&[
        "total",
        "total contractual obligations",
        "total contractual cash obligations",
    ]))
    .also(&["all commitments together"])
    .concept("everything the company has signed up to pay")
}

/// One column a fiscal year, then "thereafter" and the total.
fn by_year_columns(ledger: &Ledger, draw: &mut Draw) -> Note {
    let latest = ledger.base.calendar.latest_year;
    let mut columns: Vec<Column> = (1..=5)
        .map(|k| Column::of(Period::Year(latest + k)))
        .collect();
    columns.push(amount_column(latest, "thereafter"));
    columns.push(amount_column(latest, "total"));
    let mut note = empty(columns);
    note.column_sums.push(Sum {
        total: 6,
        parts: (0..6).map(|c| (c, 1)).collect(),
    });
    let mut parts = Parts::default();
    for (label, amounts) in classes(ledger, draw) {
        let mut values = amounts.to_vec();
        values.push(amounts.iter().sum());
        parts.add(&mut note, label, &values);
    }
    let total = total_label(draw);
    parts.total(&mut note, total);
    note
}

/// Spans of years as columns, the total first.
fn by_span(ledger: &Ledger, draw: &mut Draw) -> Note {
    let latest = ledger.base.calendar.latest_year;
    let words = draw.pick(&[
        [
            "total",
            "less than 1 year",
            "1-3 years",
            "3-5 years",
            "more than 5 years",
        ],
        [
            "total",
            "within 1 year",
            "2-3 years",
            "4-5 years",
            "after 5 years",
        ],
    ]);
    let mut note = empty(words.map(|w| amount_column(latest, w)).to_vec());
    note.column_sums.push(Sum {
        total: 0,
        parts: (1..5).map(|c| (c, 1)).collect(),
    });
    let mut parts = Parts::default();
    for (label, a) in classes(ledger, draw) {
        let values = [a.iter().sum(), a[0], a[1] + a[2], a[3] + a[4], a[5]];
        parts.add(&mut note, label, &values);
    }
    let total = total_label(draw);
    parts.total(&mut note, total);
    note
}

/// Fiscal years as rows, classes as columns.
fn by_year_rows(ledger: &Ledger, draw: &mut Draw) -> Note {
    let latest = ledger.base.calendar.latest_year;
    let all = &ledger.obligations;
    let leases: Ladder = std::array::from_fn(|k| all.operating_leases[k] + all.finance_leases[k]);
    let mut shown = vec![
        ("long-term debt", all.debt),
        ("interest", all.interest),
        ("leases", leases),
        ("purchase obligations", all.purchase),
        ("other", all.other),
    ];
    shown.retain(|class| class.1.iter().any(|v| *v != 0));
    shown.push(("total", all.total));
    let columns = shown.iter().map(|s| amount_column(latest, s.0)).collect();
    let mut note = empty(columns);
    note.label_header = Some("year");
    let last = shown.len() - 1;
    note.column_sums.push(Sum {
        total: last,
        parts: (0..last).map(|c| (c, 1)).collect(),
    });
    let values: Vec<Ladder> = shown.iter().map(|s| s.1).collect();
    let parts = ladder(&mut note, latest, "thereafter", &values);
    let label = total_label(draw);
    parts.total(&mut note, label);
    note
}

fn purchases(ledger: &Ledger, _: &Identity, draw: &mut Draw) -> Note {
    let latest = ledger.base.calendar.latest_year;
    let all = &ledger.obligations;
    let mut columns: Vec<Column> = all
        .purchases
        .iter()
        .map(|p| amount_column(latest, p.0))
        .collect();
    let last = columns.len();
    columns.push(amount_column(latest, "total"));
    let mut note = Note::new(
        "PurchaseObligationFiscalYearMaturitySchedule",
        "purchase obligations by contract type",
        columns,
    );
    note.prefix = Prefix::Ticker;
    note.label_header = Some("year");
    note.column_sums.push(Sum {
        total: last,
        parts: (0..last).map(|c| (c, 1)).collect(),
    });
    let mut values: Vec<Ladder> = all.purchases.iter().map(|p| p.1).collect();
    values.push(all.purchase);
    let parts = ladder(&mut note, latest, "thereafter", &values);
    let label = Label::new(draw.pick(&["total", "total purchase obligations"]))
        .also(&["commitments to suppliers in all"]);
    parts.total(&mut note, label);
    note
}
