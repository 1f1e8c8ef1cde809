//! Income taxes.

use super::Kind;
use super::rows::{balances, flows, lines, lines_as, negative, part, row, years_shown};
use crate::draw::Draw;
use crate::identity::{Identity, Industry};
use crate::ledger::{ByYear, Ledger};
use crate::note::{Label, Note, Prefix, Quantity, Role};

pub(super) const KINDS: &[Kind] = &[
    Kind {
        stem: "ScheduleOfIncomeBeforeIncomeTaxDomesticAndForeign",
        presence_pct: |i| if sells_at_home_only(i) { 0 } else { 84 },
        make: pretax,
    },
    Kind {
        stem: "ScheduleOfComponentsOfIncomeTaxExpenseBenefit",
        presence_pct: |_| 94,
        make: provision,
    },
    Kind {
        stem: "ScheduleOfEffectiveIncomeTaxRateReconciliation",
        presence_pct: |_| 94,
        make: reconciliation,
    },
    Kind {
        stem: "ScheduleOfDeferredTaxAssetsAndLiabilities",
        presence_pct: |_| 92,
        make: deferred,
    },
    Kind {
        stem: "ScheduleOfUnrecognizedTaxBenefitsRollForward",
        presence_pct: |_| 74,
        make: uncertain,
    },
    Kind {
        stem: "SummaryOfChangesInNetDeferredTaxes",
        presence_pct: |_| 28,
        make: deferred_change,
    },
];

fn sells_at_home_only(identity: &Identity) -> bool {
    matches!(identity.industry, Industry::Utility | Industry::ManagedCare)
}

fn pretax(ledger: &Ledger, _: &Identity, draw: &mut Draw) -> Note {
    let mut note = Note::new(
        "ScheduleOfIncomeBeforeIncomeTaxDomesticAndForeign",
        "components of income before income taxes",
        flows(ledger, years_shown(draw, 88)),
    );
    let (home, abroad) = draw.pick(&[
        ("domestic", "foreign"),
        ("United States", "international"),
        ("U.S. operations", "non-U.S. operations"),
    ]);
    let home = Label::new(home)
        .also(&[
            "income earned in the United States",
            "domestic pretax income",
        ])
        .concept("profit made in the home country");
    let abroad = Label::new(abroad)
        .also(&[
            "income earned outside the United States",
            "foreign pretax income",
        ])
        .concept("profit made abroad");
    let parts = [
        part(&mut note, home, &ledger.income.domestic),
        part(&mut note, abroad, &ledger.income.foreign),
    ];
    let total = Label::new(draw.pick(&[
        "total income before income taxes",
        "income before provision for income taxes",
        "earnings before income taxes",
    ]))
    .also(&["pretax income", "total pretax income"])
    .concept("profit before the tax collector");
    note.total(total, &parts);
    note
}

fn provision(ledger: &Ledger, identity: &Identity, draw: &mut Draw) -> Note {
    let mut note = Note::new(
        "ScheduleOfComponentsOfIncomeTaxExpenseBenefit",
        "components of the provision for income taxes",
        flows(ledger, years_shown(draw, 88)),
    );
    let tax = &ledger.tax;
    let mut totals = Vec::new();
    for (heading, of, total) in [
        (
            "current:",
            &tax.current,
            Label::new("total current")
                .also(&["current tax expense", "current provision"])
                .concept("taxes owed for the year itself"),
        ),
        (
            "deferred:",
            &tax.deferred,
            Label::new("total deferred")
                .also(&["deferred tax expense", "deferred provision"])
                .concept("taxes put off to later years"),
        ),
    ] {
        note.section(heading);
        // The same three labels under both headings, as in filings; no other names, since none would tell them apart.
        let mut parts = vec![
            part(&mut note, "federal", &of.federal),
            part(&mut note, "state and local", &of.state),
        ];
        if !sells_at_home_only(identity) {
            parts.push(part(&mut note, "foreign", &of.foreign));
        }
        totals.push((note.total(total, &parts), 1));
    }
    let total = Label::new(draw.pick(&[
        "provision for income taxes",
        "total income tax expense (benefit)",
        "total provision for income taxes",
        "income tax expense",
    ]))
    .also(&["total tax expense", "income taxes"])
    .concept("what governments take of the profit");
    note.total(total, &totals);
    note
}

fn reconciliation(ledger: &Ledger, _: &Identity, draw: &mut Draw) -> Note {
    let books = &ledger.tax.reconciliation;
    let mut note = Note::new(
        "ScheduleOfEffectiveIncomeTaxRateReconciliation",
        "reconciliation of the statutory to the effective tax rate",
        flows(ledger, years_shown(draw, 88)),
    );
    // Rates alone, amounts alone, or amounts with the effective rate below.
    let shown = draw.weighted(&[55, 25, 20]);
    if shown == 0 {
        let statutory = Label::new(draw.pick(&[
            "U.S. federal statutory rate",
            "statutory federal income tax rate",
            "federal statutory tax rate",
        ]))
        .also(&["statutory rate"])
        .concept("the rate written in the law");
        let rate = Quantity::Rate;
        let mut parts = vec![(
            row(
                &mut note,
                statutory,
                Role::Part,
                rate,
                &books.statutory_rate,
            ),
            1,
        )];
        let items = lines_as(&mut note, &books.rates, 1, rate, |line| line.term.into());
        parts.extend(items);
        note.total(effective_rate(), &parts);
        return note;
    }
    note.topic = "reconciliation of income taxes at the statutory rate to the provision";
    let statutory = Label::new(draw.pick(&[
        "income tax at federal statutory rate",
        "tax computed at the U.S. federal statutory rate",
        "expected provision at statutory rate",
    ]))
    .also(&["tax at the statutory rate"])
    .concept("the tax that the law's rate alone would give");
    let mut parts = vec![part(&mut note, statutory, &books.statutory)];
    parts.extend(lines(&mut note, &books.items, 1));
    let total = Label::new("provision for income taxes")
        .also(&["total tax expense", "income tax expense"])
        .concept("what governments take of the profit");
    note.total(total, &parts);
    if shown == 2 {
        row(
            &mut note,
            effective_rate(),
            Role::Single,
            Quantity::Rate,
            &books.effective_rate,
        );
    }
    note
}

fn effective_rate() -> Label {
    Label::new("effective tax rate")
        .also(&["effective income tax rate", "overall tax rate"])
        .concept("the share of pretax profit that goes to taxes")
}

fn deferred(ledger: &Ledger, _: &Identity, draw: &mut Draw) -> Note {
    let books = &ledger.tax.balances;
    let mut note = Note::new(
        "ScheduleOfDeferredTaxAssetsAndLiabilities",
        "deferred tax assets and liabilities",
        balances(ledger, 2),
    );
    note.section("deferred tax assets:");
    let parts = lines(&mut note, &books.assets, 1);
    let total = Label::new(draw.pick(&["total deferred tax assets", "gross deferred tax assets"]))
        .also(&["deferred tax assets before the valuation allowance"])
        .concept("all future deductions, whether or not they will be used");
    let mut assets = note.total(total, &parts);
    if books.allowance[..2].iter().any(|a| *a != 0) {
        let label = Label::new(draw.pick(&["valuation allowance", "less: valuation allowance"]))
            .also(&["allowance against deferred tax assets"])
            .concept("the part of future deductions not expected to be used");
        let allowance = part(&mut note, label, &negative(&books.allowance));
        let label = Label::new("deferred tax assets, net of valuation allowance")
            .also(&["deferred tax assets after the allowance"])
            .concept("future deductions expected to be used");
        assets = note.total(label, &[(assets, 1), allowance]);
    }
    note.section("deferred tax liabilities:");
    let parts = lines(&mut note, &books.liabilities, -1);
    let label = Label::new(draw.pick(&[
        "total deferred tax liabilities",
        "gross deferred tax liabilities",
    ]))
    .also(&["sum of deferred tax liabilities"])
    .concept("all taxes put off so far");
    let liabilities = note.total(label, &parts);
    let label = if books.net[0] < 0 {
        Label::new("net deferred tax liabilities").also(&["net deferred tax position"])
    } else {
        Label::new("net deferred tax assets").also(&["net deferred tax position"])
    };
    note.total(label, &[(assets, 1), (liabilities, 1)]);
    note
}

fn uncertain(ledger: &Ledger, _: &Identity, draw: &mut Draw) -> Note {
    let books = &ledger.tax.uncertain;
    let years = years_shown(draw, 85);
    let mut note = Note::new(
        "ScheduleOfUnrecognizedTaxBenefitsRollForward",
        "changes in unrecognized tax benefits",
        flows(ledger, years),
    );
    let (open, close) = draw.pick(&[
        ("balance at beginning of year", "balance at end of year"),
        ("beginning balance", "ending balance"),
        (
            "unrecognized tax benefits, beginning of year",
            "unrecognized tax benefits, end of year",
        ),
    ]);
    let opening = Label::new(open).also(&["opening balance", "amount at the start of the year"]);
    let opening = row(
        &mut note,
        opening,
        Role::Opening,
        Quantity::Money,
        &books.beginning,
    );
    let mut parts = vec![(opening, 1)];
    let mut moved = |label: Label, values: &ByYear| {
        if values[..years].iter().any(|v| *v != 0) {
            parts.push(part(&mut note, label, values));
        }
    };
    moved(
        Label::new(draw.pick(&[
            "additions for current year tax positions",
            "increases related to current year positions",
        ]))
        .also(&["new positions of the year"])
        .concept("disputes that the year itself brought"),
        &books.current_additions,
    );
    moved(
        Label::new(draw.pick(&[
            "additions for tax positions of prior years",
            "increases related to prior year positions",
        ]))
        .also(&["additions for earlier years"]),
        &books.prior_additions,
    );
    moved(
        Label::new(draw.pick(&[
            "reductions for tax positions of prior years",
            "decreases related to prior year positions",
        ]))
        .also(&["reductions for earlier years"]),
        &negative(&books.prior_reductions),
    );
    moved(
        Label::new(draw.pick(&["settlements", "settlements with taxing authorities"]))
            .also(&["amounts settled"])
            .concept("disputes ended by agreement"),
        &negative(&books.settlements),
    );
    moved(
        Label::new(draw.pick(&[
            "lapse of statute of limitations",
            "expiration of statutes of limitations",
        ]))
        .also(&["lapses", "expired positions"])
        .concept("disputes that time ended"),
        &negative(&books.lapses),
    );
    note.closing(
        Label::new(close)
            .also(&["closing balance", "amount at the end of the year"])
            .concept("tax positions still in dispute"),
        &parts,
    );
    note
}

fn deferred_change(ledger: &Ledger, _: &Identity, draw: &mut Draw) -> Note {
    let books = &ledger.tax.balances;
    let expense = ledger.tax.deferred.total();
    let mut note = Note::new(
        "SummaryOfChangesInNetDeferredTaxes",
        "changes in net deferred taxes",
        flows(ledger, years_shown(draw, 60)),
    );
    note.prefix = Prefix::Ticker;
    let opening = std::array::from_fn(|y| books.opening(y, &expense));
    let label = Label::new("net deferred taxes, beginning of year").also(&["opening position"]);
    let opening = row(&mut note, label, Role::Opening, Quantity::Money, &opening);
    let benefit = Label::new("deferred income tax (expense) benefit")
        .also(&["deferred taxes in the income statement"])
        .concept("what the year's provision moved");
    let benefit = part(&mut note, benefit, &negative(&expense));
    let oci = Label::new("recorded in other comprehensive income")
        .also(&["deferred taxes outside the income statement"])
        .concept("what bypassed the income statement");
    let oci = part(&mut note, oci, &books.in_oci);
    let label = Label::new("net deferred taxes, end of year").also(&["closing position"]);
    note.closing(label, &[(opening, 1), benefit, oci]);
    note
}
