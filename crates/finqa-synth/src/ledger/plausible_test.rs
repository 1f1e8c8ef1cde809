//! No absurd figures: ranges of ratios over five thousand companies.

use std::collections::BTreeMap;

use super::{Ledger, Plan, YEARS, rates};
use crate::draw::{Key, scale};
use crate::identity::identity;
use crate::split::SplitName;

const COMPANIES: u32 = 5000;

/// Values by name.
type Found = BTreeMap<&'static str, Vec<i64>>;

fn ratio(a: i64, b: i64) -> i64 {
    scale(a, 1000, b.max(1))
}

/// Ratios are in tenths of a percent unless said otherwise.
fn look(ledger: &Ledger, found: &mut Found) {
    let mut see = |name, value| found.entry(name).or_default().push(value);
    let Ledger {
        base,
        income,
        debt,
        leases,
        equity,
        assets,
        intangibles,
        cash,
        tax,
        ..
    } = ledger;
    for y in 0..YEARS {
        let revenue = base.revenue[y];
        see("revenue, units", revenue);
        see("gross margin", ratio(base.gross_profit[y], revenue));
        see(
            "operating expenses to revenue",
            ratio(base.operating_expenses[y], revenue),
        );
        see("operating margin", ratio(base.operating_income[y], revenue));
        see("net margin", ratio(income.net_income[y], revenue));
        see("loss years", i64::from(income.net_income[y] < 0) * 1000);
        let rate = scale(income.tax_expense[y], 1000, income.pretax[y]);
        see("effective tax rate", rate);
        see(
            "effective tax rate as shown",
            tax.reconciliation.effective_rate[y],
        );
        see(
            "foreign share of pretax income",
            scale(income.foreign[y], 1000, income.pretax[y]),
        );
        for line in &income.expenses {
            see("expense line to revenue", ratio(line.values[y], revenue));
        }
        let shares = &equity.shares;
        see("shares, units", shares.basic[y]);
        see("earnings per share, cents", shares.basic_eps[y]);
        see("share price, cents", shares.price[y]);
        see(
            "dilution",
            ratio(shares.diluted[y] - shares.basic[y], shares.basic[y]),
        );
        if income.net_income[y] * 50 > revenue {
            see(
                "price to earnings, tenths",
                scale(shares.price[y], 10, shares.basic_eps[y].max(1)),
            );
            see(
                "dividends to net income",
                ratio(equity.dividends.yearly_amount()[y], income.net_income[y]),
            );
        }
        see(
            "dividends to revenue",
            ratio(equity.dividends.yearly_amount()[y], revenue),
        );
        see(
            "dividend yield",
            ratio(equity.dividends.yearly_per_share()[y], shares.price[y]),
        );
        see(
            "repurchases to revenue",
            ratio(shares.repurchase_cost[y], revenue),
        );
        see(
            "stock compensation to revenue",
            ratio(equity.awards.expense[y], revenue),
        );
        see(
            "depreciation to gross plant",
            ratio(assets.depreciation[y], assets.gross.total[y]),
        );
        see(
            "wear to revenue",
            ratio(ledger.depreciation_and_amortization()[y], revenue),
        );
        see(
            "plant worn",
            ratio(assets.accumulated[y], assets.gross.total[y]),
        );
        see(
            "intangibles to revenue",
            ratio(intangibles.net()[y], revenue),
        );
        see(
            "goodwill to revenue",
            ratio(intangibles.goodwill_total[y], revenue),
        );
        see(
            "lease cost to revenue",
            ratio(leases.total_cost[y], revenue),
        );
        see("lease term, tenths of years", leases.operating.term[y]);
        see("lease rate, hundredths", leases.operating.rate[y]);
        see(
            "imputed interest",
            ratio(
                leases.operating.imputed[y],
                leases.operating.undiscounted[y],
            ),
        );
        see(
            "interest to revenue",
            ratio(debt.interest_expense[y], revenue),
        );
        see("debt to revenue", ratio(debt.carrying[y], revenue));
        if debt.interest_expense[y] >= 20 {
            see(
                "interest paid to expense",
                ratio(cash.interest_paid[y], debt.interest_expense[y]),
            );
        }
        if debt.carrying[y] >= 100 && debt.opening[y] > debt.principal[y] / 2 {
            see(
                "interest to debt",
                ratio(debt.interest_expense[y], debt.carrying[y]),
            );
        }
        see(
            "accrued to revenue",
            ratio(ledger.liabilities.accrued.total[y], revenue),
        );
        see(
            "receivables to revenue",
            ratio(ledger.liabilities.contracts.receivables[y], revenue),
        );
        if let Some(inventory) = &assets.inventory {
            see(
                "inventories to cost",
                ratio(inventory.total[y], base.cost_of_revenue[y]),
            );
        }
        for plan in ledger.pension.iter().flat_map(|p| p.plans()) {
            let Plan {
                discount_rate,
                return_rate,
                growth_rate,
                interest,
                obligation_opening,
                ..
            } = plan;
            see("discount rate, hundredths", discount_rate[y]);
            see("return on plan assets, hundredths", return_rate[y]);
            see("growth of pay, hundredths", growth_rate[y]);
            see(
                "interest cost to obligation",
                ratio(interest[y], obligation_opening[y]),
            );
            see("obligation to revenue", ratio(plan.obligation[y], revenue));
        }
    }
    for note in debt
        .instruments
        .iter()
        .filter(|i| i.rate_text.ends_with('%'))
    {
        see("coupon, thousandths", note.coupon);
        see(
            "coupon above the world, thousandths",
            note.coupon - rates::long(note.issued),
        );
        see("tenor, years", (note.due - note.issued).into());
    }
}

/// Name, least, the twentieth from below, the twentieth from above, and most: any value lies between the outer two,
/// and nine tenths of them between the inner two.
const RANGES: [(&str, i64, i64, i64, i64); 44] = [
    ("revenue, units", 500, 1500, 9_000_000, 60_000_000),
    ("gross margin", 80, 150, 800, 850),
    ("operating expenses to revenue", 5, 50, 750, 1400),
    ("operating margin", -500, -120, 320, 400),
    ("net margin", -500, -120, 260, 350),
    ("effective tax rate", -80, 80, 380, 560),
    ("effective tax rate as shown", -80, 80, 380, 560),
    ("expense line to revenue", 0, 0, 450, 800),
    ("shares, units", 50, 200, 150_000, 600_000),
    ("earnings per share, cents", -6000, -700, 2500, 6000),
    ("share price, cents", 200, 1500, 70_000, 400_000),
    ("dilution", 0, 0, 40, 50),
    ("price to earnings, tenths", 15, 60, 900, 12_000),
    ("dividends to net income", 0, 0, 650, 5000),
    ("dividends to revenue", 0, 0, 90, 200),
    ("dividend yield", 0, 0, 50, 180),
    ("repurchases to revenue", 0, 0, 205, 260),
    ("stock compensation to revenue", 1, 4, 120, 160),
    ("depreciation to gross plant", 0, 18, 83, 90),
    ("wear to revenue", 2, 10, 180, 300),
    ("plant worn", 200, 290, 710, 750),
    ("intangibles to revenue", 5, 20, 350, 1300),
    ("goodwill to revenue", 15, 40, 700, 1300),
    ("lease cost to revenue", 2, 5, 75, 170),
    ("lease term, tenths of years", 12, 35, 90, 240),
    ("lease rate, hundredths", 150, 240, 560, 800),
    ("imputed interest", 60, 80, 250, 260),
    ("interest to revenue", 0, 0, 40, 100),
    ("debt to revenue", 0, 10, 850, 2500),
    ("interest paid to expense", 850, 880, 1070, 1100),
    ("interest to debt", 10, 20, 62, 80),
    ("accrued to revenue", 15, 30, 200, 380),
    ("receivables to revenue", 20, 50, 260, 500),
    ("inventories to cost", 1, 10, 320, 900),
    ("discount rate, hundredths", 150, 200, 600, 700),
    ("return on plan assets, hundredths", 400, 430, 850, 900),
    ("growth of pay, hundredths", 200, 220, 450, 500),
    ("interest cost to obligation", 10, 18, 60, 75),
    ("obligation to revenue", 0, 3, 600, 1200),
    ("coupon, thousandths", 1500, 1500, 7000, 7000),
    (
        "coupon above the world, thousandths",
        -2500,
        -500,
        3000,
        4500,
    ),
    ("tenor, years", 1, 2, 30, 40),
    ("foreign share of pretax income", -400, -100, 700, 750),
    ("loss years", 0, 0, 1000, 1000),
];

#[test]
fn no_figure_is_absurd() {
    let mut found = Found::new();
    for index in 0..COMPANIES {
        let key = Key {
            seed: 8,
            split: SplitName::Train,
            index,
        };
        look(&Ledger::new(key, &identity(key)), &mut found);
    }
    let mut absurd = Vec::new();
    for (name, values) in &mut found {
        values.sort_unstable();
        let at = |per_mille: usize| values[(values.len() - 1) * per_mille / 1000];
        let [least, low, high, most] = [0, 50, 950, 1000].map(at);
        let Some(range) = RANGES.iter().find(|r| r.0 == *name) else {
            panic!("{name} has no range");
        };
        if least < range.1 || low < range.2 || high > range.3 || most > range.4 {
            absurd.push(format!(
                "{name}: {least} {low} {high} {most}, not within {range:?}"
            ));
        }
    }
    assert!(absurd.is_empty(), "{absurd:#?}");
    assert_eq!(found.len(), RANGES.len());
    // A tenth of the years bring losses.
    let losses = &found["loss years"];
    let mean = losses.iter().sum::<i64>() / losses.len() as i64;
    assert!((80..=120).contains(&mean), "{mean} of 1000");
}
