//! Revenue by what, where and whom.

use super::Kind;
use super::rows::{bare, flows, lines, lines_as, part, years_shown};
use crate::draw::Draw;
use crate::identity::{Identity, Industry};
use crate::ledger::{Ledger, Line};
use crate::note::{Column, Label, Note, Period, Prefix, Quantity, Sum};

pub(super) const KINDS: &[Kind] = &[
    Kind {
        stem: "DisaggregationOfRevenue",
        presence_pct: |_| 96,
        make: revenue,
    },
    Kind {
        stem: "RevenueFromExternalCustomersByGeographicAreas",
        presence_pct: |i| match i.industry {
            Industry::Utility | Industry::ManagedCare => 0,
            _ => 80,
        },
        make: geography,
    },
    Kind {
        stem: "RevenueBySegment",
        presence_pct: |_| 50,
        make: segment_revenue,
    },
    Kind {
        stem: "SummaryOfSegmentRevenueAndOperatingIncome",
        presence_pct: |_| 55,
        make: segment_results,
    },
    Kind {
        stem: "SummaryOfSelectedQuarterlyFinancialData",
        presence_pct: |_| 38,
        make: quarterly,
    },
];

fn revenue(ledger: &Ledger, _: &Identity, draw: &mut Draw) -> Note {
    let books = &ledger.revenue;
    let years = years_shown(draw, 55);
    let columns = flows(ledger, years);
    let (mut note, products, channels) = match draw.weighted(&[60, 16, 24]) {
        0 => (new("revenue by product", columns), true, false),
        1 => (new("revenue by channel", columns), false, true),
        _ => (new("disaggregated revenue", columns), true, true),
    };
    let both = products && channels;
    let mut cut = |lines_of: &[Line], heading: &str| {
        if both {
            note.section(heading);
        }
        let parts = lines(&mut note, lines_of, 1);
        let total = if both {
            // The same sum twice: neither of them may have names that fit both.
            Label::new(books.total.text)
        } else {
            books.total.into()
        };
        note.total(total, &parts);
    };
    if products {
        cut(&books.products, "by product:");
    }
    if channels {
        cut(&books.channels, "by channel:");
    }
    note
}

fn new(topic: &'static str, columns: Vec<Column>) -> Note {
    Note::new("DisaggregationOfRevenue", topic, columns)
}

fn geography(ledger: &Ledger, _: &Identity, draw: &mut Draw) -> Note {
    let books = &ledger.revenue;
    let mut note = Note::new(
        "RevenueFromExternalCustomersByGeographicAreas",
        "revenue by geographic area",
        flows(ledger, years_shown(draw, 85)),
    );
    let home = lines(&mut note, &books.regions[..1], 1);
    let mut parts = lines(&mut note, &books.regions[1..], 1);
    if draw.chance(35) && parts.len() > 2 {
        let total = Label::new("total international")
            .also(&["revenue outside the United States", "foreign sales"])
            .concept("all that is sold abroad");
        let abroad = note.total(total, &parts);
        parts = vec![(abroad, 1)];
    }
    parts.extend(home);
    note.total(books.total.into(), &parts);
    note
}

fn segment_revenue(ledger: &Ledger, _: &Identity, draw: &mut Draw) -> Note {
    let books = &ledger.revenue;
    let mut note = Note::new(
        "RevenueBySegment",
        "revenue by segment",
        flows(ledger, years_shown(draw, 60)),
    );
    note.prefix = Prefix::Ticker;
    note.twin_of = Some("DisaggregationOfRevenue");
    let mut parts = lines(&mut note, &books.segments, 1);
    if books.eliminations.iter().any(|e| *e != 0) {
        if draw.chance(50) {
            let label = Label::new("total segment revenue")
                .also(&["revenue before eliminations"])
                .concept("sales before what units sell to each other is taken out");
            parts = vec![(note.total(label, &parts), 1)];
        }
        parts.push(part(&mut note, eliminations(), &books.eliminations));
    }
    note.total(books.total.into(), &parts);
    note
}

fn eliminations() -> Label {
    Label::new("intersegment eliminations")
        .also(&["eliminations"])
        .concept("what units sold to each other")
}

fn segment_results(ledger: &Ledger, _: &Identity, draw: &mut Draw) -> Note {
    let books = &ledger.revenue;
    let mut note = Note::new(
        "SummaryOfSegmentRevenueAndOperatingIncome",
        "revenue and operating income by segment",
        flows(ledger, years_shown(draw, 65)),
    );
    note.prefix = Prefix::Ticker;
    note.section("revenue:");
    let mut parts = lines_as(&mut note, &books.segments, 1, Quantity::Money, bare);
    if books.eliminations.iter().any(|e| *e != 0) {
        parts.push(part(&mut note, eliminations(), &books.eliminations));
    }
    note.total(books.total.into(), &parts);
    note.section("operating income (loss):");
    let mut parts = lines_as(&mut note, &books.segment_income, 1, Quantity::Money, bare);
    let corporate = Label::new(draw.pick(&[
        "corporate and unallocated",
        "corporate expenses",
        "unallocated corporate costs",
    ]))
    .also(&["head office costs"])
    .concept("what no segment bears");
    parts.push(part(&mut note, corporate, &books.corporate));
    let total = Label::new("total operating income")
        .also(&["consolidated operating income", "operating profit"])
        .concept("profit from operations");
    note.total(total, &parts);
    note
}

fn quarterly(ledger: &Ledger, _: &Identity, draw: &mut Draw) -> Note {
    let books = &ledger.revenue;
    let latest = ledger.base.calendar.latest_year;
    // One year with its total, or eight quarters.
    let years = 1 + draw.weighted(&[65, 35]);
    let quarters = |y: usize| {
        let year = latest - y as i32;
        (1..=4).map(move |q| Column::of(Period::Quarter(year, q)))
    };
    let mut columns: Vec<Column> = (0..years).flat_map(quarters).collect();
    if years == 1 {
        columns.push(Column::named(Period::Year(latest), "full year"));
    }
    let mut note = Note::new(
        "SummaryOfSelectedQuarterlyFinancialData",
        "selected quarterly financial data",
        columns,
    );
    note.prefix = Prefix::Ticker;
    if years == 1 {
        note.column_sums.push(Sum {
            total: 4,
            parts: (0..4).map(|q| (q, 1)).collect(),
        });
    }
    let values = |of: &[[i64; 4]; 2]| {
        let mut values: Vec<i64> = of[..years].iter().flatten().copied().collect();
        if years == 1 {
            values.push(of[0].iter().sum());
        }
        values
    };
    let revenue = values(&books.quarterly);
    let gross = values(&books.quarterly_gross_profit);
    let top = note.part(books.total.into(), &revenue);
    if draw.chance(55) {
        let cost: Vec<i64> = revenue.iter().zip(&gross).map(|(r, g)| r - g).collect();
        let cost = note.part(
            Label::new("cost of revenue").also(&["cost of sales", "cost of goods sold"]),
            &cost,
        );
        note.total(gross_profit(), &[(top, 1), (cost, -1)]);
    } else {
        note.part(gross_profit(), &gross);
    }
    let operating = values(&books.quarterly_operating_income);
    let label = Label::new("operating income (loss)")
        .also(&["operating profit"])
        .concept("profit from operations");
    if draw.chance(60) {
        let expenses: Vec<i64> = gross.iter().zip(&operating).map(|(g, o)| g - o).collect();
        let overhead = Label::new("operating expenses").also(&["overhead"]);
        let expenses = note.part(overhead, &expenses);
        note.total(label, &[(expenses - 1, 1), (expenses, -1)]);
    } else {
        note.part(label, &operating);
    }
    note
}

fn gross_profit() -> Label {
    Label::new("gross profit")
        .also(&["gross margin dollars"])
        .concept("what is left of sales after direct costs")
}
