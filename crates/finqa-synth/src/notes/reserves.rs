//! Roll-forwards of reserves and contract balances.

use super::Kind;
use super::assets::balances;
use super::layouts::{Name, gaap, named_columns, opening_row, own, roll, without_concepts};
use crate::draw::Draw;
use crate::identity::{Identity, Industry};
use crate::ledger::Ledger;
use crate::note::{Label, Note, Period, Sum};

pub(super) const KINDS: &[Kind] = &[
    Kind {
        stem: WARRANTY.stem,
        presence_pct: |id| match id.industry {
            Industry::Semiconductors => 45,
            Industry::Industrial => 80,
            Industry::ConsumerGoods => 40,
            _ => 0,
        },
        make: warranty,
    },
    Kind {
        stem: CONTRACTS.stem,
        presence_pct: |_| 50,
        make: contract_balances,
    },
    Kind {
        stem: ADVANCES.stem,
        presence_pct: |id| match id.industry {
            Industry::Software => 75,
            _ => 30,
        },
        make: contract_liabilities,
    },
    Kind {
        stem: ALLOWANCE.stem,
        presence_pct: |_| 40,
        make: allowance,
    },
    Kind {
        stem: RESTRUCTURING.stem,
        // One company in two has no such reserve; see `available`.
        presence_pct: |_| 34,
        make: restructuring,
    },
];

const WARRANTY: Name = gaap(
    "ScheduleOfProductWarrantyLiability",
    "the product warranty liability",
);
const CONTRACTS: Name = gaap(
    "ContractWithCustomerAssetAndLiability",
    "contract assets and liabilities",
);
const ADVANCES: Name = own(
    "ContractLiabilitiesRollForward",
    "changes in contract liabilities",
);
const ALLOWANCE: Name = gaap(
    "AccountsReceivableAllowanceForCreditLoss",
    "the allowance for credit losses",
);
const RESTRUCTURING: Name = own(
    "RestructuringReserveRollForward",
    "the restructuring reserve by type of cost",
);

fn warranty(ledger: &Ledger, _: &Identity, draw: &mut Draw) -> Note {
    let years = 2 + usize::from(draw.chance(45));
    let labels = balances(
        draw,
        "the warranty reserve before the year's moves",
        "the warranty reserve after the year's moves",
    );
    match &ledger.liabilities.warranty {
        Some(reserve) => roll(&WARRANTY, ledger, reserve, years, labels),
        None => WARRANTY.flows(ledger, years),
    }
}

fn contract_balances(ledger: &Ledger, _: &Identity, draw: &mut Draw) -> Note {
    let contracts = &ledger.liabilities.contracts;
    let mut note = CONTRACTS.balances(ledger, 2);
    let receivables = Label::new(draw.pick(&[
        "accounts receivable, net",
        "receivables",
        "trade receivables, net",
    ]))
    .also(&["customer receivables"]);
    note.part(receivables, &contracts.receivables[..2]);
    let assets = Label::new(draw.pick(&[
        "contract assets",
        "unbilled contract assets",
        "contract assets, current",
    ]))
    .also(&["costs and earnings in excess of billings"])
    .concept("the work done that cannot be invoiced yet");
    note.part(assets, &contracts.contract_assets[..2]);
    let (current, long) = draw.pick(&[
        (
            "contract liabilities, current",
            "contract liabilities, noncurrent",
        ),
        (
            "current contract liabilities",
            "long-term contract liabilities",
        ),
        ("deferred revenue, current", "deferred revenue, noncurrent"),
        (
            "short-term contract liabilities",
            "contract liabilities, less current portion",
        ),
    ]);
    let current = Label::new(current)
        .also(&["advances to be earned within a year"])
        .concept("the customer advances to be earned within a year");
    let long = Label::new(long)
        .also(&["advances to be earned after a year"])
        .concept("the customer advances to be earned later than in a year");
    let rows = [
        (note.part(current, &contracts.current[..2]), 1),
        (note.part(long, &contracts.noncurrent[..2]), 1),
    ];
    if draw.chance(65) {
        let total =
            Label::new(draw.pick(&["total contract liabilities", "contract liabilities, total"]))
                .also(&["advances from customers in total"])
                .concept("all customer advances");
        note.total(total, &rows);
    }
    note
}

fn contract_liabilities(ledger: &Ledger, _: &Identity, draw: &mut Draw) -> Note {
    let years = 2 + usize::from(draw.chance(25));
    let labels = balances(
        draw,
        "the customer advances before the year's moves",
        "the customer advances after the year's moves",
    );
    roll(
        &ADVANCES,
        ledger,
        &ledger.liabilities.contracts.roll,
        years,
        labels,
    )
}

fn allowance(ledger: &Ledger, _: &Identity, draw: &mut Draw) -> Note {
    let years = 2 + usize::from(draw.chance(55));
    let labels = balances(
        draw,
        "the credit loss allowance before the year's moves",
        "the credit loss allowance after the year's moves",
    );
    roll(
        &ALLOWANCE,
        ledger,
        &ledger.liabilities.allowance,
        years,
        labels,
    )
}

fn restructuring(ledger: &Ledger, _: &Identity, draw: &mut Draw) -> Note {
    let latest = ledger.base.calendar.latest_year;
    let kinds = &ledger.liabilities.restructuring.kinds;
    let people = draw.pick(&[
        "severance and benefits",
        "employee severance",
        "workforce reductions",
    ]);
    let places = draw.pick(&[
        "facility closures",
        "facilities and exit costs",
        "lease and facility exits",
    ]);
    let words: Vec<&'static str> = [people, places, "other costs"][..kinds.len()]
        .iter()
        .copied()
        .chain(["total"])
        .collect();
    let mut note = RESTRUCTURING.note(named_columns(Period::Of(latest), &words));
    let years = 1 + draw.below(2);
    let (opening, closing) = balances(
        draw,
        "the unpaid cost of reorganizing before the year's moves",
        "the unpaid cost of reorganizing after the year's moves",
    );
    for y in (0..years).rev() {
        let year = latest - y as i32;
        let first = note.rows.len();
        if years > 1 {
            note.section(&format!("fiscal {year}"));
        }
        let with_total = |values: Vec<i64>| -> Vec<i64> {
            let total = values.iter().sum();
            values.into_iter().chain([total]).collect()
        };
        let values = with_total(kinds.iter().map(|k| k.opening[y]).collect());
        let mut rows = vec![(opening_row(&mut note, opening.clone(), &values), 1)];
        for (m, item) in kinds[0].moves.iter().enumerate() {
            let values = with_total(kinds.iter().map(|k| k.moves[m].amounts[y]).collect());
            rows.push((note.part(item.word.label(), &values), 1));
        }
        note.closing(closing.clone(), &rows);
        if y > 0 {
            without_concepts(&mut note, first);
        }
    }
    let n = kinds.len();
    note.column_sums = vec![Sum {
        total: n,
        parts: (0..n).map(|c| (c, 1)).collect(),
    }];
    note
}
