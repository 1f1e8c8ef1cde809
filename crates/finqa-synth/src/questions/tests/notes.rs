//! Every type of question has tables on which it succeeds.

use super::with_notes;
use crate::config::SynthConfig;
use crate::draw::{Draw, Stream};
use crate::note::{
    Cell, Column, Label, Note, Period, Quantity, Role, Row, year_columns, year_end_columns,
};
use crate::questions::desk::Desk;
use crate::questions::plan::{Kind, WEIGHTS};
use crate::questions::single;

/// Parts and a total over three years.
fn parts() -> Note {
    let mut note = Note::new("A", "revenue by product", year_columns(2024, 3));
    let rows: Vec<(usize, i8)> = [
        ("hardware", [5210, 4650, 4011]),
        ("software", [3103, 2877, 1990]),
        ("services", [1477, 1690, 1203]),
        ("licences", [402, 377, 611]),
    ]
    .into_iter()
    .map(|(label, values)| (note.part(label.into(), &values), 1))
    .collect();
    let total = Label::new("total revenue")
        .also(&["net sales"])
        .concept("the company's top line");
    note.total(total, &rows);
    note
}

/// Years in the rows.
fn ladder() -> Note {
    let mut note = Note::new(
        "B",
        "maturities of long-term debt",
        vec![Column::named(Period::Of(2024), "amount")],
    );
    note.label_header = Some("year");
    let mut rows = Vec::new();
    for (i, value) in [510, 822, 1204, 377, 690].into_iter().enumerate() {
        let year = 2025 + i as i32;
        let row = note.part(Label::new(year.to_string()), &[value]);
        note.rows[row].due = Some(year);
        rows.push((row, 1));
    }
    rows.push((note.part("thereafter".into(), &[2950]), 1));
    note.total("total".into(), &rows);
    note
}

/// Gross, deducted and net columns of one year end.
fn columns() -> Note {
    let at = |words| Column::named(Period::YearEnd(2024), words);
    let mut note = Note::new(
        "C",
        "finite-lived intangible assets",
        vec![
            at("gross carrying amount"),
            at("accumulated amortization"),
            at("net carrying amount"),
        ],
    );
    let a = note.part("customer relationships".into(), &[2480, -930, 1550]);
    let b = note.part("developed technology".into(), &[1310, -644, 666]);
    note.total("total".into(), &[(a, 1), (b, 1)]);
    note
}

/// Opening and closing balances, one of the flows negative, and a rate.
fn balances() -> Note {
    let mut note = Note::new("D", "product warranty liability", year_end_columns(2024, 3));
    let opening = note.push(Row::numbers(
        "balance at beginning of year".into(),
        Role::Opening,
        Quantity::Money,
        &[310, 287, 264],
    ));
    let accruals = note.part("accruals".into(), &[144, 131, 120]);
    let settled = note.part("settlements".into(), &[-98, -108, -97]);
    note.closing(
        "balance at end of year".into(),
        &[(opening, 1), (accruals, 1), (settled, 1)],
    );
    for (label, values) in [
        ("discount rate", [41, 52, 29]),
        ("payout rate", [317, 377, 367]),
    ] {
        let mut row = Row::numbers(label.into(), Role::Single, Quantity::Rate, &values);
        row.cells[2] = Cell::Number(values[2]);
        note.push(row);
    }
    note
}

fn all() -> Vec<Note> {
    vec![parts(), ladder(), columns(), balances()]
}

#[test]
fn every_type_is_made() {
    let config = SynthConfig::default();
    let kinds = WEIGHTS.iter().map(|(kind, _)| *kind).chain([Kind::YesNo]);
    for kind in kinds {
        let mut made = 0;
        for index in 0..20 {
            with_notes(index, &config, all(), |view| {
                let desk = Desk::new(view);
                let mut draw = Draw::nth(view.key, Stream::Questions, 0);
                made += (0..300)
                    .filter_map(|_| {
                        let table = draw.below(desk.sheets.len());
                        single::maker(kind)?(&desk, table, &mut draw)
                    })
                    .take(1)
                    .count();
            });
        }
        assert!(made >= 18, "{kind:?} was made for {made} of 20 companies");
    }
}

#[test]
fn restated_years_are_named() {
    let mut note = parts();
    let mut again = note.columns[1].clone();
    again.restated = true;
    note.columns.push(again);
    for row in &mut note.rows {
        let value = row.cells[1].number().unwrap();
        row.cells.push(Cell::Number(value + value / 7));
    }
    let mut seen = 0;
    with_notes(3, &SynthConfig::default(), vec![note], |view| {
        let desk = Desk::new(view);
        let mut draw = Draw::nth(view.key, Stream::Questions, 1);
        for _ in 0..200 {
            let Some(draft) = single::maker(Kind::NetChange).unwrap()(&desk, 0, &mut draw) else {
                continue;
            };
            let asks_2023 = draft.question.contains("2023");
            let names_version = draft.question.contains("as restated")
                || draft.question.contains("as first reported");
            assert_eq!(asks_2023, names_version, "{}", draft.question);
            seen += usize::from(asks_2023);
        }
    });
    assert!(seen > 20, "{seen}");
}

#[test]
fn rows_that_only_a_heading_tells_apart_are_named_with_it() {
    let mut note = Note::new("E", "income tax expense", year_columns(2024, 2));
    let mut totals = Vec::new();
    for heading in ["current", "deferred"] {
        note.section(heading);
        let a = note.part(
            "federal".into(),
            &[if heading == "current" { 811 } else { -120 }, 700],
        );
        let b = note.part(
            "foreign".into(),
            &[290, if heading == "current" { 311 } else { 45 }],
        );
        totals.push((note.total("total".into(), &[(a, 1), (b, 1)]), 1));
    }
    note.total("provision for income taxes".into(), &totals);
    let config = SynthConfig {
        section_pct: 100,
        ..SynthConfig::default()
    };
    let mut seen = 0;
    with_notes(4, &config, vec![note], |view| {
        let desk = Desk::new(view);
        let mut draw = Draw::nth(view.key, Stream::Questions, 2);
        for _ in 0..300 {
            let Some(draft) = single::maker(Kind::Lookup).unwrap()(&desk, 0, &mut draw) else {
                continue;
            };
            if draft.question.contains("federal") {
                seen += 1;
                let named = ["under \"current\"", "under \"deferred\""]
                    .iter()
                    .any(|h| draft.question.contains(h));
                assert!(named, "{}", draft.question);
                assert!(
                    draft.gold.queries[0].sql.contains("rowid"),
                    "{}",
                    draft.gold.queries[0].sql
                );
            }
        }
    });
    assert!(seen > 10, "{seen}");
}
