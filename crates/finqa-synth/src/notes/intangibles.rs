//! Intangible assets and goodwill.

use super::Kind;
use super::layouts::{Name, gaap, ladder, named_columns, own, without_concepts, year_end_words};
use crate::draw::Draw;
use crate::identity::Identity;
use crate::ledger::Ledger;
use crate::note::{Cell, Column, Label, Note, Period, Role, Row, Sum};

pub(super) const KINDS: &[Kind] = &[
    Kind {
        stem: FINITE.stem,
        presence_pct: |_| 60,
        make: finite,
    },
    Kind {
        stem: LASTING.stem,
        presence_pct: |_| 30,
        make: lasting,
    },
    Kind {
        stem: ALL.stem,
        presence_pct: |_| 20,
        make: intangibles_and_goodwill,
    },
    Kind {
        stem: FUTURE.stem,
        presence_pct: |_| 42,
        make: future,
    },
    Kind {
        stem: GOODWILL.stem,
        presence_pct: |_| 40,
        make: goodwill,
    },
];

const FINITE: Name = gaap(
    "ScheduleOfFiniteLivedIntangibleAssets",
    "finite-lived intangible assets",
);
const LASTING: Name = gaap(
    "ScheduleOfIndefiniteLivedIntangibleAssets",
    "indefinite-lived intangible assets",
);
const ALL: Name = gaap(
    "ScheduleOfIntangibleAssetsAndGoodwill",
    "intangible assets and goodwill",
);
const FUTURE: Name = gaap(
    // Lower-case "of": so the taxonomy has it.
    "ScheduleofFiniteLivedIntangibleAssetsFutureAmortizationExpense",
    "expected amortization of intangible assets",
);
const GOODWILL: Name = own(
    "GoodwillRollForwardBySegment",
    "changes in goodwill by segment",
);

/// Header words of a gross, accumulated, net block.
fn block_words(draw: &mut Draw) -> [&'static str; 3] {
    [
        draw.pick(&["gross carrying amount", "gross amount", "cost"]),
        draw.pick(&["accumulated amortization", "amortization to date"]),
        draw.pick(&["net carrying amount", "net amount", "net book value"]),
    ]
}

fn finite_total(draw: &mut Draw) -> Label {
    Label::new(draw.pick(&[
        "total finite-lived intangible assets",
        "total",
        "total amortizable intangible assets",
        "total intangible assets subject to amortization",
    ]))
    .also(&["all amortized intangible assets"])
    .concept("the intangible assets that wear out, together")
}

/// Appends the classes with gross, accumulated (negative) and net amounts of the given years side by side.
fn class_rows(note: &mut Note, ledger: &Ledger, years: &[usize], life: bool) -> Vec<(usize, i8)> {
    let classes = &ledger.intangibles.classes;
    classes
        .iter()
        .map(|class| {
            let values: Vec<i64> = years
                .iter()
                .flat_map(|&y| [class.gross[y], -class.accumulated[y], class.net[y]])
                .collect();
            let row = note.part(class.word.label(), &values);
            if life {
                note.rows[row].cells.push(years_cell(class.life));
            }
            (row, 1)
        })
        .collect()
}

/// Tenths of years in words of a cell: "7.5 years" would be text to a reader; a bare figure is what filings show.
fn years_cell(tenths: i64) -> Cell {
    Cell::Text(format!("{}.{}", tenths / 10, tenths % 10))
}

fn finite(ledger: &Ledger, _: &Identity, draw: &mut Draw) -> Note {
    let latest = ledger.base.calendar.latest_year;
    let words = block_words(draw);
    match draw.weighted(&[35, 40, 25]) {
        // Two year ends side by side.
        0 => {
            let mut columns = named_columns(Period::YearEnd(latest), &words);
            columns.extend(named_columns(Period::YearEnd(latest - 1), &words));
            let mut note = FINITE.note(columns);
            let rows = class_rows(&mut note, ledger, &[0, 1], false);
            note.total(finite_total(draw), &rows);
            note.column_sums = vec![net_of(0), net_of(3)];
            note
        }
        // The newest one, often with useful lives.
        1 => {
            let life = draw.chance(45);
            let mut columns = named_columns(Period::YearEnd(latest), &words);
            if life {
                columns.push(Column::named(
                    Period::Of(latest),
                    "weighted-average life in years",
                ));
            }
            let mut note = FINITE.note(columns);
            let rows = class_rows(&mut note, ledger, &[0], life);
            let total = note.total(finite_total(draw), &rows);
            if life {
                note.rows[total].cells[3] = Cell::Empty;
            }
            note.column_sums = vec![net_of(0)];
            note
        }
        // Two year ends one below the other.
        _ => {
            let mut note = FINITE.note(named_columns(Period::Of(latest), &words));
            let total = finite_total(draw);
            for y in 0..2 {
                let year = latest - y as i32;
                let first = note.section(&year_end_words(ledger.base.calendar, year));
                let rows = class_rows(&mut note, ledger, &[y], false);
                note.total(total.clone(), &rows);
                if y > 0 {
                    without_concepts(&mut note, first);
                }
            }
            note.column_sums = vec![net_of(0)];
            note
        }
    }
}

/// The net column of the block that starts at `first`; accumulated amounts are negative.
fn net_of(first: usize) -> Sum {
    Sum {
        total: first + 2,
        parts: vec![(first, 1), (first + 1, 1)],
    }
}

fn lasting(ledger: &Ledger, _: &Identity, draw: &mut Draw) -> Note {
    let items = &ledger.intangibles.lasting;
    let mut note = LASTING.balances(ledger, 2);
    let mut rows = super::layouts::parts(&mut note, &items.items);
    if draw.chance(60) {
        let label = Label::new("goodwill");
        rows.push((note.part(label, &ledger.intangibles.goodwill_total[..2]), 1));
    }
    let total = Label::new(draw.pick(&[
        "total indefinite-lived intangible assets",
        "total",
        "total intangible assets not subject to amortization",
    ]))
    .also(&["all unamortized intangible assets"])
    .concept("the intangible assets that never wear out, together");
    note.total(total, &rows);
    note
}

fn intangibles_and_goodwill(ledger: &Ledger, _: &Identity, draw: &mut Draw) -> Note {
    let latest = ledger.base.calendar.latest_year;
    let words = block_words(draw);
    let mut note = ALL.note(named_columns(Period::YearEnd(latest), &words));
    note.twin_of = Some(FINITE.stem);
    let rows = class_rows(&mut note, ledger, &[0], false);
    let finite = note.total(Label::new("total finite-lived intangible assets"), &rows);
    let mut all = vec![(finite, 1)];
    let whole = |amount: i64| [amount, 0, amount];
    for item in &ledger.intangibles.lasting.items {
        all.push((note.part(item.word.label(), &whole(item.amounts[0])), 1));
    }
    // The tables of either kind have the concepts.
    without_concepts(&mut note, 0);
    let total =
        Label::new(draw.pick(&["total intangible assets", "total other intangible assets"]))
            .also(&["intangible assets without goodwill"])
            .concept("all intangible assets except goodwill");
    let intangible = note.total(total, &all);
    let goodwill =
        Label::new("goodwill").concept("the price once paid for companies beyond what was in them");
    let goodwill = note.part(goodwill, &whole(ledger.intangibles.goodwill_total[0]));
    let total = Label::new("total goodwill and intangible assets")
        .also(&["goodwill and intangible assets in total"])
        .concept("everything bought that cannot be touched");
    note.total(total, &[(intangible, 1), (goodwill, 1)]);
    note.column_sums = vec![net_of(0)];
    if draw.chance(60) {
        super::layouts::blank_zeros(&mut note);
    }
    note
}

fn future(ledger: &Ledger, _: &Identity, draw: &mut Draw) -> Note {
    let latest = ledger.base.calendar.latest_year;
    let words = draw.pick(&[
        "amount",
        "estimated amortization expense",
        "amortization expense",
    ]);
    let mut note = FUTURE.note(vec![Column::named(Period::Of(latest), words)]);
    let amounts: Vec<Vec<i64>> = ledger.intangibles.future.iter().map(|a| vec![*a]).collect();
    let total = Label::new(draw.pick(&[
        "total",
        "total expected amortization",
        "total future amortization expense",
    ]))
    .also(&["all expected amortization"])
    .concept("what is left to amortize");
    ladder(&mut note, latest, &amounts, total);
    note
}

fn goodwill(ledger: &Ledger, _: &Identity, draw: &mut Draw) -> Note {
    let latest = ledger.base.calendar.latest_year;
    let segments = &ledger.intangibles.goodwill;
    let words: Vec<&'static str> = segments.iter().map(|s| s.name).chain(["total"]).collect();
    let mut note = GOODWILL.note(named_columns(Period::Of(latest), &words));
    let years = 1 + draw.below(2);
    let impaired = segments
        .iter()
        .any(|s| s.impairment[..years].iter().any(|i| *i != 0));
    let bought = segments
        .iter()
        .any(|s| s.acquired[..years].iter().any(|a| *a != 0));
    let acquired = Label::new(draw.pick(&[
        "acquisitions",
        "goodwill acquired",
        "additions from acquisitions",
    ]))
    .also(&["goodwill from purchases"])
    .concept("the goodwill that purchases brought");
    let impairment =
        Label::new(draw.pick(&["impairment", "impairment charges", "goodwill impairment"]))
            .also(&["goodwill written down"])
            .concept("the goodwill that lost its value");
    let translation = Label::new(draw.pick(&[
        "foreign currency translation and other",
        "currency translation",
        "foreign exchange and other adjustments",
    ]))
    .concept("the currency effect on goodwill");
    let (opening, closing) = super::assets::balances(
        draw,
        "the goodwill before the year's moves",
        "the goodwill after the year's moves",
    );
    // Oldest year first: every block opens where the one above closed.
    for y in (0..years).rev() {
        let year = latest - y as i32;
        let first = note.rows.len();
        if years > 1 {
            note.section(&format!("fiscal {year}"));
        }
        let with_total = |amount: fn(&crate::ledger::Segment, usize) -> i64| -> Vec<i64> {
            let mut values: Vec<i64> = segments.iter().map(|s| amount(s, y)).collect();
            values.push(values.iter().sum());
            values
        };
        let values = with_total(|s, y| s.opening[y]);
        let mut rows = vec![(
            note.push(Row::numbers(
                opening.clone(),
                Role::Opening,
                crate::note::Quantity::Money,
                &values,
            )),
            1,
        )];
        if bought {
            rows.push((
                note.part(acquired.clone(), &with_total(|s, y| s.acquired[y])),
                1,
            ));
        }
        if impaired {
            rows.push((
                note.part(impairment.clone(), &with_total(|s, y| s.impairment[y])),
                1,
            ));
        }
        rows.push((
            note.part(translation.clone(), &with_total(|s, y| s.translation[y])),
            1,
        ));
        note.closing(closing.clone(), &rows);
        if y > 0 {
            without_concepts(&mut note, first);
        }
    }
    let n = segments.len();
    note.column_sums = vec![Sum {
        total: n,
        parts: (0..n).map(|c| (c, 1)).collect(),
    }];
    if draw.chance(40) {
        super::layouts::blank_zeros(&mut note);
    }
    note
}
