//! Pay in shares.

use super::Kind;
use super::rows::{flows, lines, negative, part, row, years_shown};
use crate::draw::Draw;
use crate::identity::Identity;
use crate::ledger::{ByYear, Ledger};
use crate::note::{Cell, Column, Label, Note, Period, Quantity, Role, Row};

pub(super) const KINDS: &[Kind] = &[
    Kind {
        stem: "ScheduleOfShareBasedCompensationRestrictedStockUnitsAwardActivity",
        presence_pct: |_| 84,
        make: units,
    },
    Kind {
        stem: "ScheduleOfEmployeeServiceShareBasedCompensationAllocationOfRecognizedPeriodCosts",
        presence_pct: |_| 72,
        make: cost,
    },
];

const STEM: &str = "ScheduleOfShareBasedCompensationRestrictedStockUnitsAwardActivity";

fn labels(draw: &mut Draw) -> [Label; 5] {
    let [begin, granted, vested, forfeited, end] = draw.pick(&[
        [
            "unvested at beginning of year",
            "granted",
            "vested",
            "forfeited",
            "unvested at end of year",
        ],
        [
            "nonvested shares, beginning of period",
            "shares granted",
            "shares vested",
            "shares forfeited",
            "nonvested shares, end of period",
        ],
        [
            "balance, beginning of year",
            "awarded",
            "released",
            "canceled",
            "balance, end of year",
        ],
        [
            "outstanding at beginning of year",
            "units granted",
            "units vested",
            "units forfeited or expired",
            "outstanding at end of year",
        ],
    ]);
    [
        Label::new(begin).also(&["opening number of units"]),
        Label::new(granted)
            .also(&["new awards"])
            .concept("units promised during the year"),
        Label::new(vested)
            .also(&["units that vested"])
            .concept("units that employees earned"),
        Label::new(forfeited)
            .also(&["units lost"])
            .concept("units that leavers gave up"),
        Label::new(end)
            .also(&["closing number of units"])
            .concept("units promised but not yet earned"),
    ]
}

fn units(ledger: &Ledger, _: &Identity, draw: &mut Draw) -> Note {
    if draw.chance(62) {
        one_year(ledger, draw)
    } else {
        by_year(ledger, draw)
    }
}

/// The newest year: counts beside fair values. A row has one unit, so the fair values are words.
fn one_year(ledger: &Ledger, draw: &mut Draw) -> Note {
    let books = &ledger.equity.awards;
    let latest = ledger.base.calendar.latest_year;
    let value = draw.pick(&[
        "weighted-average grant-date fair value",
        "weighted average fair value per share",
    ]);
    let count = draw.pick(&["number of shares", "shares", "number of units"]);
    let mut note = Note::new(
        STEM,
        "restricted stock unit activity",
        vec![
            Column::named(Period::Of(latest), count),
            Column::named(Period::Of(latest), value),
        ],
    );
    let steps = [
        (books.beginning[0], books.beginning_value[0]),
        (books.granted[0], books.granted_value[0]),
        (-books.vested[0], books.vested_value[0]),
        (-books.forfeited[0], books.forfeited_value[0]),
        (books.ending[0], books.ending_value[0]),
    ];
    let last = steps.len() - 1;
    let mut parts = Vec::new();
    for (i, (label, (units, cents))) in labels(draw).into_iter().zip(steps).enumerate() {
        let words = Cell::Text(format!("{}.{:02}", cents / 100, cents % 100));
        if i == last {
            let end = note.closing(label, &parts);
            note.rows[end].cells[1] = words;
        } else {
            let role = if i == 0 { Role::Opening } else { Role::Part };
            let at = note.push(Row {
                label,
                role,
                quantity: Quantity::Shares,
                cells: vec![Cell::Number(units), words],
                due: None,
            });
            parts.push((at, 1));
        }
    }
    note
}

fn by_year(ledger: &Ledger, draw: &mut Draw) -> Note {
    let books = &ledger.equity.awards;
    let mut note = Note::new(
        STEM,
        "restricted stock unit activity",
        flows(ledger, years_shown(draw, 75)),
    );
    let [begin, granted, vested, forfeited, end] = labels(draw);
    let count = Quantity::Shares;
    let mut parts = vec![(
        row(&mut note, begin, Role::Opening, count, &books.beginning),
        1,
    )];
    for (label, values) in [
        (granted, books.granted),
        (vested, negative(&books.vested)),
        (forfeited, negative(&books.forfeited)),
    ] {
        parts.push((row(&mut note, label, Role::Part, count, &values), 1));
    }
    note.closing(end, &parts);
    let label = Label::new("weighted-average grant-date fair value of units granted")
        .also(&["fair value per unit granted"])
        .concept("what a new unit was worth");
    row(
        &mut note,
        label,
        Role::Single,
        Quantity::PerShare,
        &books.granted_value,
    );
    if draw.chance(55) {
        let worth: ByYear = books.vested_worth;
        let label = Label::new("total fair value of units vested")
            .also(&["vesting-date fair value"])
            .concept("what employees received in the year");
        row(&mut note, label, Role::Single, Quantity::Money, &worth);
    }
    note
}

fn cost(ledger: &Ledger, _: &Identity, draw: &mut Draw) -> Note {
    let books = &ledger.equity.awards;
    let mut note = Note::new(
        "ScheduleOfEmployeeServiceShareBasedCompensationAllocationOfRecognizedPeriodCosts",
        "stock-based compensation expense by line item",
        flows(ledger, years_shown(draw, 85)),
    );
    let parts = lines(&mut note, &books.by_line, 1);
    let total = Label::new(draw.pick(&[
        "total stock-based compensation expense",
        "total stock-based compensation",
        "stock-based compensation expense before taxes",
    ]))
    .also(&["share-based compensation cost"])
    .concept("the cost of paying with shares");
    let total = note.total(total, &parts);
    if draw.chance(55) {
        let label = Label::new("income tax benefit")
            .also(&["tax benefit on stock awards"])
            .concept("what taxes gave back on it");
        let benefit = part(&mut note, label, &negative(&books.tax_benefit));
        let label = Label::new("stock-based compensation expense, net of tax")
            .also(&["after-tax cost of stock awards"]);
        note.total(label, &[(total, 1), benefit]);
    }
    note
}
