//! Borrowings and leases.

use super::Kind;
use crate::draw::{Draw, apportion};
use crate::identity::Identity;
use crate::ledger::Ledger;
use crate::note::{Column, Label, Note, Period};

pub(super) const KINDS: &[Kind] = &[Kind {
    stem: "ScheduleOfMaturitiesOfLongTermDebt",
    presence_pct: |_| 90,
    make: maturities,
}];

fn maturities(ledger: &Ledger, _: &Identity, draw: &mut Draw) -> Note {
    let latest = ledger.base.calendar.latest_year;
    let mut note = Note::new(
        "ScheduleOfMaturitiesOfLongTermDebt",
        "maturities of long-term debt",
        vec![Column::named(Period::Of(latest), "amount")],
    );
    note.label_header = Some("year");
    let weights: Vec<i64> = (0..6).map(|_| draw.range(5, 40)).collect();
    let mut parts = Vec::new();
    for (i, value) in apportion(ledger.debt.principal[0], &weights)
        .into_iter()
        .enumerate()
    {
        let year = latest + 1 + i as i32;
        let label = if i < 5 {
            year.to_string()
        } else {
            "thereafter".to_owned()
        };
        let row = note.part(Label::new(label), &[value]);
        if i < 5 {
            note.rows[row].due = Some(year);
        }
        parts.push((row, 1));
    }
    note.total(Label::new("total"), &parts);
    note
}
