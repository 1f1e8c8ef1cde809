//! Companies bought.

use super::Kind;
use super::layouts::{Name, gaap, named_columns, own, without_concepts};
use crate::draw::Draw;
use crate::identity::{Identity, Industry};
use crate::ledger::{Deal, Ledger};
use crate::note::{Column, Label, Note, Period, Sum};

pub(super) const KINDS: &[Kind] = &[
    Kind {
        stem: TAKEN_OVER.stem,
        presence_pct: |id| {
            if id.industry == Industry::Utility {
                12
            } else {
                36
            }
        },
        make: taken_over,
    },
    Kind {
        stem: PAID.stem,
        presence_pct: |id| {
            if id.industry == Industry::Utility {
                5
            } else {
                14
            }
        },
        make: consideration,
    },
];

const TAKEN_OVER: Name = gaap(
    "ScheduleOfRecognizedIdentifiedAssetsAcquiredAndLiabilitiesAssumed",
    "assets acquired and liabilities assumed",
);
const PAID: Name = own(
    "PurchaseConsideration",
    "consideration paid for acquisitions",
);

/// The purchases young enough to be shown, and a column for each, with one for all where there are several.
fn columns<'a>(ledger: &'a Ledger, draw: &mut Draw) -> (Vec<&'a Deal>, Vec<Column>, Vec<Sum>) {
    let latest = ledger.base.calendar.latest_year;
    let deals: Vec<&Deal> = ledger
        .acquisitions
        .deals
        .iter()
        .filter(|d| d.year <= 2)
        .collect();
    let mut columns: Vec<Column> = deals
        .iter()
        .map(|d| Column::named(Period::Of(latest - d.year as i32), d.target))
        .collect();
    let mut sums = Vec::new();
    if deals.len() == 1 {
        let words = draw.pick(&["fair value", "amount", "purchase price allocation"]);
        columns[0] = Column::named(columns[0].period, words);
    } else if draw.chance(65) {
        columns.extend(named_columns(Period::Of(latest), &["total"]));
        sums.push(Sum {
            total: deals.len(),
            parts: (0..deals.len()).map(|c| (c, 1)).collect(),
        });
    }
    (deals, columns, sums)
}

/// Amounts of all deals, with their total where there is a column for it.
fn across(note: &Note, deals: &[&Deal], amount: impl Fn(&Deal) -> i64) -> Vec<i64> {
    let mut values: Vec<i64> = deals.iter().map(|d| amount(d)).collect();
    if note.columns.len() > deals.len() {
        values.push(values.iter().sum());
    }
    values
}

fn taken_over(ledger: &Ledger, _: &Identity, draw: &mut Draw) -> Note {
    let (deals, columns, sums) = columns(ledger, draw);
    let mut note = TAKEN_OVER.note(columns);
    note.column_sums = sums;
    let goodwill = Label::new("goodwill")
        .also(&["goodwill recognized"])
        .concept("the part of the price that bought nothing one can name");
    let net = Label::new(draw.pick(&[
        "net identifiable assets acquired",
        "total identifiable net assets",
        "identifiable net assets acquired",
    ]))
    .also(&["net assets without goodwill"])
    .concept("what was bought, less what was taken on");
    let price = Label::new(draw.pick(&[
        "total purchase price",
        "total consideration",
        "net assets acquired",
        "purchase price",
        "total fair value of consideration transferred",
    ]))
    .also(&["price of the acquisition"])
    .concept("what the purchase cost");
    let subtotals = draw.chance(35);
    let show_net = draw.chance(45);
    let headings = subtotals && draw.chance(45);
    if headings {
        note.section("assets acquired");
    }
    let mut assets = lines(&mut note, &deals, |d| &d.assets);
    let first = note.rows.len();
    assets.extend(lines(&mut note, &deals, |d| &d.intangibles));
    without_concepts(&mut note, first);
    if !show_net {
        let values = across(&note, &deals, |d| d.goodwill);
        assets.push((note.part(goodwill.clone(), &values), 1));
    }
    if subtotals {
        let label = Label::new(draw.pick(&["total assets acquired", "total assets"]))
            .concept("everything of value that came with the purchase");
        assets = vec![(note.total(label, &assets), 1)];
    }
    if headings {
        note.section("liabilities assumed");
    }
    let mut liabilities = lines(&mut note, &deals, |d| &d.liabilities);
    if subtotals {
        let label = Label::new(draw.pick(&["total liabilities assumed", "total liabilities"]))
            .concept("everything owed that came with the purchase");
        liabilities = vec![(note.total(label, &liabilities), 1)];
    }
    let mut rows = assets;
    rows.extend(liabilities);
    if show_net {
        let net = note.total(net, &rows);
        let values = across(&note, &deals, |d| d.goodwill);
        let goodwill = note.part(goodwill, &values);
        rows = vec![(net, 1), (goodwill, 1)];
    }
    note.total(price, &rows);
    note
}

/// Appends the lines of one kind.
fn lines(
    note: &mut Note,
    deals: &[&Deal],
    of: fn(&Deal) -> &Vec<(crate::ledger::items::Word, i64)>,
) -> Vec<(usize, i8)> {
    of(deals[0])
        .iter()
        .enumerate()
        .map(|(i, (word, _))| {
            let values = across(note, deals, |d| of(d)[i].1);
            (note.part(word.label(), &values), 1)
        })
        .collect()
}

fn consideration(ledger: &Ledger, _: &Identity, draw: &mut Draw) -> Note {
    let (deals, columns, sums) = columns(ledger, draw);
    let mut note = PAID.note(columns);
    note.column_sums = sums;
    let rows = lines(&mut note, &deals, |d| &d.paid);
    if rows.len() > 1 {
        let total = Label::new(draw.pick(&["total consideration", "total purchase consideration"]))
            .also(&["price of the acquisition"]);
        note.total(total, &rows);
    }
    let values = across(&note, &deals, |d| d.goodwill);
    note.part(Label::new("goodwill recognized"), &values);
    note
}
