//! Accruals, payables, other assets and other liabilities.

use super::Kind;
use super::layouts::{Name, gaap, own, parts, schedule, without_concepts};
use crate::draw::Draw;
use crate::identity::Identity;
use crate::ledger::Ledger;
use crate::note::{Label, Note};

pub(super) const KINDS: &[Kind] = &[
    Kind {
        stem: ACCRUED.stem,
        presence_pct: |_| 62,
        make: accrued,
    },
    Kind {
        stem: OTHER_CURRENT.stem,
        presence_pct: |_| 45,
        make: other_current,
    },
    Kind {
        stem: OTHER_NONCURRENT.stem,
        presence_pct: |_| 50,
        make: other_noncurrent,
    },
    Kind {
        stem: OTHER.stem,
        presence_pct: |_| 22,
        make: other,
    },
    Kind {
        stem: PAYABLES.stem,
        presence_pct: |_| 38,
        make: payables,
    },
    Kind {
        stem: OTHER_ASSETS.stem,
        presence_pct: |_| 50,
        make: other_assets,
    },
    Kind {
        stem: PREPAID.stem,
        presence_pct: |_| 40,
        make: prepaid,
    },
    Kind {
        stem: RECEIVABLES.stem,
        presence_pct: |_| 40,
        make: receivables,
    },
];

const ACCRUED: Name = gaap("ScheduleOfAccruedLiabilities", "accrued liabilities");
const OTHER_CURRENT: Name = gaap("OtherCurrentLiabilities", "other current liabilities");
const OTHER_NONCURRENT: Name = gaap("OtherNoncurrentLiabilities", "other noncurrent liabilities");
const OTHER: Name = gaap(
    "OtherLiabilities",
    "other liabilities, current and noncurrent",
);
const PAYABLES: Name = gaap(
    "ScheduleOfAccountsPayableAndAccruedLiabilities",
    "accounts payable and accrued liabilities",
);
const OTHER_ASSETS: Name = gaap("ScheduleOfOtherAssets", "other assets");
const PREPAID: Name = own(
    "PrepaidExpensesAndOtherCurrentAssets",
    "prepaid expenses and other current assets",
);
const RECEIVABLES: Name = own("AccountsReceivableNet", "accounts receivable, net");

/// Two year ends; now and then three.
fn year_ends(draw: &mut Draw) -> usize {
    2 + usize::from(draw.chance(10))
}

fn accrued(ledger: &Ledger, _: &Identity, draw: &mut Draw) -> Note {
    let years = year_ends(draw);
    let total = Label::new(draw.pick(&[
        "total accrued liabilities",
        "accrued liabilities",
        "total",
        "total accrued expenses",
        "accrued and other liabilities, total",
    ]))
    .also(&["accrued liabilities in total"])
    .concept("everything accrued but not yet paid");
    schedule(&ACCRUED, ledger, &ledger.liabilities.accrued, years, total)
}

fn other_current(ledger: &Ledger, _: &Identity, draw: &mut Draw) -> Note {
    let years = year_ends(draw);
    let total = Label::new(draw.pick(&[
        "total other current liabilities",
        "total",
        "other current liabilities, total",
    ]))
    .also(&["short-term liabilities of this kind in total"])
    .concept("all small liabilities due within a year");
    schedule(
        &OTHER_CURRENT,
        ledger,
        &ledger.liabilities.other_current,
        years,
        total,
    )
}

fn other_noncurrent(ledger: &Ledger, _: &Identity, draw: &mut Draw) -> Note {
    let years = year_ends(draw);
    let total = Label::new(draw.pick(&[
        "total other noncurrent liabilities",
        "total other long-term liabilities",
        "total",
    ]))
    .also(&["long-term liabilities of this kind in total"])
    .concept("all small liabilities due after a year");
    schedule(
        &OTHER_NONCURRENT,
        ledger,
        &ledger.liabilities.other_noncurrent,
        years,
        total,
    )
}

fn other(ledger: &Ledger, _: &Identity, draw: &mut Draw) -> Note {
    let mut note = OTHER.balances(ledger, 2);
    note.twin_of = Some(OTHER_NONCURRENT.stem);
    let sections = draw.chance(70);
    let mut totals = Vec::new();
    for (items, heading, total) in [
        (
            &ledger.liabilities.other_current,
            "current",
            "total current portion",
        ),
        (
            &ledger.liabilities.other_noncurrent,
            "noncurrent",
            "total noncurrent portion",
        ),
    ] {
        if sections {
            note.section(heading);
        }
        let rows = parts(&mut note, &items.items);
        // The rest ("other") is last; what it is called elsewhere would name two rows here.
        if let Some(&(rest, _)) = rows.last() {
            let label = &mut note.rows[rest].label;
            label.also = &[];
            if label.text == "other" {
                label.text = format!("other, {heading}");
            }
        }
        totals.push((note.total(Label::new(total), &rows), 1));
    }
    without_concepts(&mut note, 0);
    let total = Label::new(draw.pick(&["total other liabilities", "other liabilities, total"]))
        .also(&["other liabilities, current and noncurrent together"])
        .concept("all small liabilities, whenever due");
    note.total(total, &totals);
    note
}

fn payables(ledger: &Ledger, _: &Identity, draw: &mut Draw) -> Note {
    let liabilities = &ledger.liabilities;
    let mut note = PAYABLES.balances(ledger, 2);
    note.twin_of = Some(ACCRUED.stem);
    let mut rows = parts(&mut note, [&liabilities.accounts_payable]);
    if draw.chance(35) {
        let label = Label::new("accrued liabilities")
            .also(&["accrued expenses"])
            .concept("everything accrued but not yet paid");
        rows.push((note.part(label, &liabilities.accrued.total[..2]), 1));
        rows.extend(parts(
            &mut note,
            liabilities.other_current.items.iter().take(1),
        ));
    } else {
        rows.extend(parts(&mut note, &liabilities.accrued.items));
    }
    without_concepts(&mut note, 1);
    let total = Label::new(draw.pick(&[
        "total accounts payable and accrued liabilities",
        "accounts payable and accrued liabilities, total",
        "total",
    ]))
    .also(&["payables and accruals in total"])
    .concept("supplier bills and accruals together");
    note.total(total, &rows);
    note
}

fn other_assets(ledger: &Ledger, _: &Identity, draw: &mut Draw) -> Note {
    let years = year_ends(draw);
    let total = Label::new(draw.pick(&["total other assets", "total", "other assets, net"]))
        .also(&["all other assets in total"])
        .concept("all small long-term assets");
    schedule(
        &OTHER_ASSETS,
        ledger,
        &ledger.liabilities.other_assets,
        years,
        total,
    )
}

fn prepaid(ledger: &Ledger, _: &Identity, draw: &mut Draw) -> Note {
    let total = Label::new(draw.pick(&[
        "total prepaid expenses and other current assets",
        "total",
        "total other current assets",
    ]))
    .also(&["prepaid and other current assets in total"])
    .concept("all small short-term assets");
    schedule(&PREPAID, ledger, &ledger.liabilities.prepaid, 2, total)
}

fn receivables(ledger: &Ledger, _: &Identity, draw: &mut Draw) -> Note {
    let contracts = &ledger.liabilities.contracts;
    let mut note = RECEIVABLES.balances(ledger, 2);
    let gross = &contracts.receivables_gross;
    let unbilled = &contracts.unbilled;
    let billed = crate::ledger::subtract(gross, unbilled);
    let mut rows = Vec::new();
    if draw.chance(60) {
        let label = Label::new("billed receivables")
            .also(&["trade receivables, billed"])
            .concept("the invoices not yet paid by customers");
        rows.push((note.part(label, &billed[..2]), 1));
        let label = Label::new("unbilled receivables")
            .also(&["accrued revenue"])
            .concept("the sales not yet invoiced");
        rows.push((note.part(label, &unbilled[..2]), 1));
        if draw.chance(60) {
            let label = Label::new("accounts receivable, gross")
                .also(&["receivables before the allowance"])
                .concept("what customers owe before expected losses");
            rows = vec![(note.total(label, &rows), 1)];
        }
    } else {
        let label = Label::new("trade accounts receivable")
            .also(&["receivables before the allowance"])
            .concept("what customers owe before expected losses");
        rows.push((note.part(label, &gross[..2]), 1));
    }
    let label = Label::new(draw.pick(&[
        "less: allowance for credit losses",
        "allowance for expected credit losses",
        "less: allowance for doubtful accounts",
    ]))
    .also(&["credit loss allowance"])
    .concept("the customer debts that may never be paid");
    let allowance = ledger.liabilities.allowance.closing.map(|a| -a);
    rows.push((note.part(label, &allowance[..2]), 1));
    let label = Label::new(draw.pick(&[
        "accounts receivable, net",
        "total receivables, net",
        "receivables, net",
    ]))
    .also(&["receivables after the allowance"])
    .concept("what customers owe after expected losses");
    note.total(label, &rows);
    note
}
