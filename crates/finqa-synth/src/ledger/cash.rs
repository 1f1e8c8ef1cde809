//! Supplemental disclosures of the cash flow statement.

use super::line::{Line, Word, jumping, lifetime};
use super::{Base, ByYear, Debt, Income, Tax};
use crate::draw::{Draw, Key, Stream, scale};

/// What was paid, and what was invested or financed without cash.
#[derive(Clone, Debug)]
#[expect(
    clippy::struct_field_names,
    reason = "non-cash items are what they are called"
)]
pub(crate) struct Cash {
    pub(crate) interest_paid: ByYear,
    /// Net of refunds; negative if these were larger.
    pub(crate) taxes_paid: ByYear,
    pub(crate) non_cash: Vec<Line>,
}

const NON_CASH: [Word; 5] = [
    Word::new(
        "capital expenditures included in accounts payable",
        &["unpaid capital expenditures"],
        "plants built but not yet paid for",
    ),
    Word::new(
        "common stock issued in acquisitions",
        &["shares given for acquired companies"],
        "",
    ),
    Word::new(
        "contingent consideration from acquisitions",
        &["earn-outs"],
        "later payments promised to sellers",
    ),
    Word::new(
        "assets acquired under vendor financing",
        &["vendor-financed purchases"],
        "equipment that its sellers let the company pay later",
    ),
    Word::new(
        "conversion of debt into common stock",
        &["converted notes"],
        "borrowings turned into shares",
    ),
];

impl Cash {
    pub(crate) fn new(key: Key, base: &Base, debt: &Debt, income: &Income, tax: &Tax) -> Self {
        let mut draw = Draw::nth(key, Stream::Income, 1);
        let interest_paid = debt
            .interest_expense
            .map(|i| scale(i, draw.range(890, 1060), 1000));
        let owed = tax.current.total();
        let taxes_paid = std::array::from_fn(|y| {
            let timing = scale(income.pretax[y].abs(), draw.normal(18), 1000);
            scale(owed[y], draw.range(850, 1120), 1000) + timing
        });
        let non_cash = NON_CASH
            .iter()
            .enumerate()
            .map(|(i, &term)| {
                let newest = scale(base.revenue[0], draw.range(5, 90), 10_000).max(1);
                let mut values = jumping(newest, &mut draw);
                if i > 0 {
                    lifetime(&mut values, 25, &mut draw);
                }
                Line { term, values }
            })
            .collect();
        Self {
            interest_paid,
            taxes_paid,
            non_cash,
        }
    }
}
