//! Plant, inventories and places.

use super::Kind;
use super::layouts::{Name, gaap, own, parts, roll, schedule};
use crate::draw::Draw;
use crate::identity::{Identity, Industry};
use crate::ledger::Ledger;
use crate::note::{Cell, Label, Note, year_columns};

pub(super) const KINDS: &[Kind] = &[
    Kind {
        stem: PLACES.stem,
        presence_pct: |_| 45,
        make: long_lived_by_place,
    },
    Kind {
        stem: BOTH.stem,
        presence_pct: |_| 30,
        make: revenue_and_long_lived,
    },
    Kind {
        stem: INVENTORY.stem,
        presence_pct: |id| match id.industry {
            Industry::Software | Industry::ManagedCare => 0,
            Industry::Telecom => 45,
            _ => 85,
        },
        make: inventory,
    },
    Kind {
        stem: PLANT.stem,
        presence_pct: |_| 88,
        make: plant,
    },
    Kind {
        stem: WEAR.stem,
        presence_pct: |_| 40,
        make: depreciation_and_amortization,
    },
    Kind {
        stem: RETIREMENT.stem,
        presence_pct: |id| match id.industry {
            Industry::Utility | Industry::Energy => 80,
            Industry::Telecom => 55,
            Industry::Semiconductors => 15,
            _ => 0,
        },
        make: retirement_obligation,
    },
];

const PLACES: Name = gaap(
    "LongLivedAssetsByGeographicAreas",
    "long-lived assets by geographic area",
);
const BOTH: Name = gaap(
    "ScheduleOfRevenuesFromExternalCustomersAndLongLivedAssetsByGeographicalAreas",
    "revenue and long-lived assets by geographic area",
);
const INVENTORY: Name = gaap("ScheduleOfInventoryCurrent", "inventories");
const PLANT: Name = own(
    "ScheduleOfPropertyPlantAndEquipment",
    "property, plant and equipment",
);
const WEAR: Name = own(
    "ScheduleOfDepreciationAndAmortizationExpense",
    "depreciation and amortization expense",
);
const RETIREMENT: Name = own(
    "AssetRetirementObligationsRollForward",
    "asset retirement obligations",
);

fn long_lived_total(draw: &mut Draw) -> Label {
    let text = draw.pick(&[
        "total long-lived assets",
        "total",
        "long-lived assets, total",
    ]);
    Label::new(text)
        .also(&["long-lived assets in all countries"])
        .concept("the plant and leased assets in all countries together")
}

fn long_lived_by_place(ledger: &Ledger, _: &Identity, draw: &mut Draw) -> Note {
    let years = 2 + usize::from(draw.chance(20));
    let total = long_lived_total(draw);
    if ledger.assets.long_lived.items.len() < 2 {
        return PLACES.balances(ledger, years);
    }
    schedule(&PLACES, ledger, &ledger.assets.long_lived, years, total)
}

fn revenue_and_long_lived(ledger: &Ledger, _: &Identity, draw: &mut Draw) -> Note {
    let years = 2 + usize::from(draw.chance(60));
    let mut note = BOTH.note(year_columns(ledger.base.calendar.latest_year, years));
    if ledger.assets.long_lived.items.len() < 2 {
        return note;
    }
    note.section("revenue");
    let rows: Vec<(usize, i8)> = ledger
        .revenue
        .regions
        .iter()
        .map(|line| {
            let mut label = Label::from(line.term);
            // The table of revenue alone has the concepts.
            label.concept = "";
            (note.part(label, &line.values[..years]), 1)
        })
        .collect();
    note.total(
        Label::new(draw.pick(&["total revenue", "total revenues", "total net sales"]))
            .concept("the sales in all countries together"),
        &rows,
    );
    note.section("long-lived assets");
    let first = note.rows.len();
    let rows = parts(&mut note, &ledger.assets.long_lived.items);
    note.total(Label::new("total long-lived assets"), &rows);
    // Balances are shown for two year ends only.
    for row in &mut note.rows[first..] {
        for cell in row.cells.iter_mut().skip(2) {
            *cell = Cell::Empty;
        }
    }
    note
}

fn inventory(ledger: &Ledger, _: &Identity, draw: &mut Draw) -> Note {
    let text = draw.pick(&[
        "total inventories",
        "inventories, net",
        "total inventory",
        "inventories",
    ]);
    let total = Label::new(text)
        .also(&["inventory in total"])
        .concept("the stock of goods in total");
    match &ledger.assets.inventory {
        Some(items) => schedule(&INVENTORY, ledger, items, 2, total),
        None => INVENTORY.balances(ledger, 2),
    }
}

fn plant(ledger: &Ledger, _: &Identity, draw: &mut Draw) -> Note {
    let assets = &ledger.assets;
    let mut note = PLANT.balances(ledger, 2);
    let mut rows = parts(&mut note, &assets.gross.items);
    let gross = Label::new(draw.pick(&[
        "property, plant and equipment, gross",
        "total property, plant and equipment, at cost",
        "gross property, plant and equipment",
    ]))
    .also(&["plant at cost"])
    .concept("what all plant has cost");
    if draw.chance(85) {
        rows = vec![(note.total(gross, &rows), 1)];
    }
    let worn = Label::new(draw.pick(&[
        "less: accumulated depreciation",
        "accumulated depreciation",
        "less accumulated depreciation and amortization",
    ]))
    .also(&["depreciation to date"])
    .concept("the wear of the plant so far");
    rows.push((note.part(worn, &assets.accumulated.map(|a| -a)[..2]), 1));
    let net = Label::new(draw.pick(&[
        "property, plant and equipment, net",
        "total property, plant and equipment, net",
        "net property, plant and equipment",
    ]))
    .also(&["plant after depreciation"])
    .concept("the book value of the plant");
    note.total(net, &rows);
    note
}

fn depreciation_and_amortization(ledger: &Ledger, _: &Identity, draw: &mut Draw) -> Note {
    let years = 2 + usize::from(draw.chance(70));
    let mut note = WEAR.flows(ledger, years);
    let intangibles = &ledger.intangibles;
    let depreciation = Label::new(draw.pick(&[
        "depreciation of property, plant and equipment",
        "depreciation expense",
        "depreciation",
    ]))
    .also(&["plant depreciation"])
    .concept("the yearly wear of the plant");
    let mut rows = vec![(
        note.part(depreciation, &ledger.assets.depreciation[..years]),
        1,
    )];
    let cost = &intangibles.amortization_in_cost;
    if cost[0] != 0 && draw.chance(55) {
        let rest = crate::ledger::subtract(&intangibles.amortization, cost);
        let label = Label::new("amortization of intangibles in cost of revenue")
            .also(&["amortization charged to cost of revenue"])
            .concept("the intangibles' wear counted in the cost of revenue");
        rows.push((note.part(label, &cost[..years]), 1));
        let label = Label::new("amortization of intangibles in operating expenses")
            .also(&["amortization charged to operating expenses"])
            .concept("the intangibles' wear counted in operating expenses");
        rows.push((note.part(label, &rest[..years]), 1));
    } else {
        let label = Label::new(draw.pick(&[
            "amortization of intangible assets",
            "amortization of acquired intangibles",
            "intangible asset amortization",
        ]))
        .concept("the yearly wear of the intangible assets");
        rows.push((note.part(label, &intangibles.amortization[..years]), 1));
    }
    let total = Label::new(draw.pick(&[
        "total depreciation and amortization",
        "depreciation and amortization",
        "total",
    ]))
    .also(&["depreciation plus amortization"])
    .concept("the wear of assets");
    note.total(total, &rows);
    note
}

fn retirement_obligation(ledger: &Ledger, _: &Identity, draw: &mut Draw) -> Note {
    let years = 2 + usize::from(draw.chance(20));
    let labels = balances(
        draw,
        "the duty to dismantle, before the year's moves",
        "the duty to dismantle, after the year's moves",
    );
    match &ledger.assets.retirement_obligation {
        Some(obligation) => roll(&RETIREMENT, ledger, obligation, years, labels),
        None => RETIREMENT.flows(ledger, years),
    }
}

/// Labels of an opening and a closing balance.
pub(super) fn balances(
    draw: &mut Draw,
    opening: &'static str,
    closing: &'static str,
) -> (Label, Label) {
    const PAIRS: [(&str, &[&str], &str, &[&str]); 5] = [
        (
            "balance at beginning of year",
            &["opening balance"],
            "balance at end of year",
            &["closing balance"],
        ),
        (
            "beginning balance",
            &["opening balance"],
            "ending balance",
            &["closing balance"],
        ),
        (
            "balance, beginning of period",
            &["beginning balance"],
            "balance, end of period",
            &["ending balance"],
        ),
        (
            "opening balance",
            &["balance at the start of the year"],
            "closing balance",
            &["balance at the end of the year"],
        ),
        (
            "balance as of beginning of year",
            &["beginning balance"],
            "balance as of end of year",
            &["ending balance"],
        ),
    ];
    let (a, also_a, b, also_b) = draw.pick(&PAIRS);
    (
        Label::new(a).also(also_a).concept(opening),
        Label::new(b).also(also_b).concept(closing),
    )
}
