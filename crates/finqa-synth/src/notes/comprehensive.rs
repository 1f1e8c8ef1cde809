//! Accumulated other comprehensive income.

use super::Kind;
use super::assets::balances;
use super::layouts::{Name, gaap, named_columns, opening_row, parts, without_concepts};
use crate::draw::Draw;
use crate::identity::Identity;
use crate::ledger::{Component, Ledger};
use crate::note::{Label, Note, Period, Sum};

pub(super) const KINDS: &[Kind] = &[
    Kind {
        stem: BALANCE.stem,
        presence_pct: |_| 72,
        make: balance,
    },
    Kind {
        stem: RECLASSIFIED.stem,
        presence_pct: |_| 45,
        make: reclassified,
    },
];

const BALANCE: Name = gaap(
    "ScheduleOfAccumulatedOtherComprehensiveIncomeLoss",
    "accumulated other comprehensive income by component",
);
const RECLASSIFIED: Name = gaap(
    "ReclassificationOutOfAccumulatedOtherComprehensiveIncome",
    "amounts reclassified out of accumulated other comprehensive income",
);

fn balance(ledger: &Ledger, _: &Identity, draw: &mut Draw) -> Note {
    if draw.chance(45) {
        return year_ends(ledger, draw);
    }
    let latest = ledger.base.calendar.latest_year;
    let components = &ledger.aoci.components;
    let words: Vec<&'static str> = components.iter().map(|c| c.name).chain(["total"]).collect();
    let mut note = BALANCE.note(named_columns(Period::Of(latest), &words));
    let before = Label::new(draw.pick(&[
        "other comprehensive income (loss) before reclassifications",
        "other comprehensive (loss) income before reclassifications",
        "unrealized gains (losses) arising during the year",
    ]))
    .also(&["gains and losses of the year before reclassifications"])
    .concept("the new gains and losses outside income");
    let moved = Label::new(draw.pick(&[
        "amounts reclassified from accumulated other comprehensive income",
        "reclassifications into net income",
        "amounts reclassified to earnings",
    ]))
    .also(&["reclassification adjustments"])
    .concept("the old gains and losses moved into income");
    let net = Label::new(draw.pick(&[
        "net other comprehensive income (loss)",
        "net current-period other comprehensive income (loss)",
    ]))
    .also(&["change of the year, net of reclassifications"])
    .concept("the year's change outside income");
    let (opening, closing) = balances(
        draw,
        "the accumulated gains and losses before the year's moves",
        "the accumulated gains and losses after the year's moves",
    );
    let years = 1 + draw.weighted(&[35, 45, 20]);
    let with_net = draw.chance(45);
    for y in (0..years).rev() {
        let year = latest - y as i32;
        let first = note.rows.len();
        if years > 1 {
            note.section(&format!("fiscal {year}"));
        }
        let with_total = |amount: fn(&Component, usize) -> i64| -> Vec<i64> {
            let mut values: Vec<i64> = components.iter().map(|c| amount(c, y)).collect();
            values.push(values.iter().sum());
            values
        };
        let start = opening_row(&mut note, opening.clone(), &with_total(|c, y| c.opening[y]));
        let mut rows = vec![
            (
                note.part(before.clone(), &with_total(|c, y| c.before[y])),
                1,
            ),
            (
                note.part(moved.clone(), &with_total(|c, y| c.reclassified[y])),
                1,
            ),
        ];
        if with_net {
            rows = vec![(note.total(net.clone(), &rows), 1)];
        }
        rows.insert(0, (start, 1));
        note.closing(closing.clone(), &rows);
        if y > 0 {
            without_concepts(&mut note, first);
        }
    }
    let n = components.len();
    note.column_sums = vec![Sum {
        total: n,
        parts: (0..n).map(|c| (c, 1)).collect(),
    }];
    note
}

/// Components as rows, year ends as columns.
fn year_ends(ledger: &Ledger, draw: &mut Draw) -> Note {
    let years = 2 + usize::from(draw.chance(25));
    let mut note = BALANCE.balances(ledger, years);
    let rows: Vec<(usize, i8)> = ledger
        .aoci
        .components
        .iter()
        .map(|c| (note.part(Label::new(c.name), &c.closing[..years]), 1))
        .collect();
    let total = Label::new(draw.pick(&[
        "accumulated other comprehensive income (loss)",
        "total accumulated other comprehensive loss",
        "total",
    ]))
    .also(&["accumulated gains and losses in total"])
    .concept("all gains and losses kept outside income");
    note.total(total, &rows);
    note
}

fn reclassified(ledger: &Ledger, _: &Identity, draw: &mut Draw) -> Note {
    let years = 2 + usize::from(draw.chance(65));
    let mut note = RECLASSIFIED.flows(ledger, years);
    let headings = draw.chance(75);
    let mut totals = Vec::new();
    for c in ledger
        .aoci
        .components
        .iter()
        .filter(|c| !c.lines.is_empty())
    {
        if headings {
            note.section(c.name);
        }
        let lines = parts(&mut note, &c.lines);
        let before = note.total(Label::new(format!("{} before tax", c.name)), &lines);
        let tax = note.part(Label::new(format!("tax on {}", c.name)), &c.tax[..years]);
        let net = Label::new(format!("{}, net of tax", c.name));
        totals.push((note.total(net, &[(before, 1), (tax, 1)]), 1));
    }
    let total = Label::new(draw.pick(&[
        "total reclassifications for the year, net of tax",
        "total reclassified, net of tax",
        "total amounts reclassified",
    ]))
    .also(&["all amounts reclassified after tax"])
    .concept("everything moved from outside into income");
    note.total(total, &totals);
    note
}
