//! Revenue and income.

use super::Kind;
use crate::draw::{Draw, apportion};
use crate::identity::Identity;
use crate::ledger::Ledger;
use crate::note::{Label, Note, year_columns};

pub(super) const KINDS: &[Kind] = &[Kind {
    stem: "DisaggregationOfRevenue",
    presence_pct: |_| 100,
    make: revenue,
}];

fn revenue(ledger: &Ledger, _: &Identity, draw: &mut Draw) -> Note {
    let base = &ledger.base;
    let years = 2 + draw.below(2);
    let mut note = Note::new(
        "DisaggregationOfRevenue",
        "revenue by product",
        year_columns(base.calendar.latest_year, years),
    );
    let split: Vec<Vec<i64>> = base.revenue[..years]
        .iter()
        .map(|r| apportion(*r, &[5, 3, 2]))
        .collect();
    let parts: Vec<(usize, i8)> = ["hardware", "software", "services"]
        .into_iter()
        .enumerate()
        .map(|(i, label)| {
            let values: Vec<i64> = split.iter().map(|year| year[i]).collect();
            (note.part(label.into(), &values), 1)
        })
        .collect();
    let total = Label::new("total revenue")
        .also(&["net sales"])
        .concept("the company's top line");
    note.total(total, &parts);
    note
}
