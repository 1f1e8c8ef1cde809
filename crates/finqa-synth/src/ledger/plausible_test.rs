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
    let Ledger { base, income, debt, leases, equity, assets, intangibles, cash, tax, .. } = ledger;
    for y in 0..YEARS {
        let revenue = base.revenue[y];
        see("revenue, units", revenue);
        see("gross margin", ratio(base.gross_profit[y], revenue));
        see("operating expenses to revenue", ratio(base.operating_expenses[y], revenue));
        see("operating margin", ratio(base.operating_income[y], revenue));
        see("net margin", ratio(income.net_income[y], revenue));
        see("loss years", i64::from(income.net_income[y] < 0) * 1000);
        let rate = scale(income.tax_expense[y], 1000, income.pretax[y]);
        see("effective tax rate", rate);
        see("effective tax rate as shown", tax.reconciliation.effective_rate[y]);
        for line in &income.expenses {
            see("expense line to revenue", ratio(line.values[y], revenue));
        }
        let shares = &equity.shares;
        see("shares, units", shares.basic[y]);
        see("earnings per share, cents", shares.basic_eps[y]);
        see("share price, cents", shares.price[y]);
        see("dilution", ratio(shares.diluted[y] - shares.basic[y], shares.basic[y]));
        if income.net_income[y] * 50 > revenue {
            see("price to earnings, tenths", scale(shares.price[y], 10, shares.basic_eps[y].max(1)));
            see("dividends to net income", ratio(equity.dividends.yearly_amount()[y], income.net_income[y]));
        }
        see("dividends to revenue", ratio(equity.dividends.yearly_amount()[y], revenue));
        see("dividend yield", ratio(equity.dividends.yearly_per_share()[y], shares.price[y]));
        see("repurchases to revenue", ratio(shares.repurchase_cost[y], revenue));
        see("stock compensation to revenue", ratio(equity.awards.expense[y], revenue));
        see("depreciation to gross plant", ratio(assets.depreciation[y], assets.gross.total[y]));
        see("wear to revenue", ratio(ledger.depreciation_and_amortization()[y], revenue));
        see("plant worn", ratio(assets.accumulated[y], assets.gross.total[y]));
        see("intangibles to revenue", ratio(intangibles.net()[y], revenue));
        see("goodwill to revenue", ratio(intangibles.goodwill_total[y], revenue));
        see("lease cost to revenue", ratio(leases.total_cost[y], revenue));
        see("lease term, tenths of years", leases.operating.term[y]);
        see("lease rate, hundredths", leases.operating.rate[y]);
        see("imputed interest", ratio(leases.operating.imputed[y], leases.operating.undiscounted[y]));
        see("interest to revenue", ratio(debt.interest_expense[y], revenue));
        see("debt to revenue", ratio(debt.carrying[y], revenue));
        if debt.interest_expense[y] >= 20 {
            see("interest paid to expense", ratio(cash.interest_paid[y], debt.interest_expense[y]));
        }
        if debt.carrying[y] >= 100 && debt.opening[y] > debt.principal[y] / 2 {
            see("interest to debt", ratio(debt.interest_expense[y], debt.carrying[y]));
        }
        see("accrued to revenue", ratio(ledger.liabilities.accrued.total[y], revenue));
        see("receivables to revenue", ratio(ledger.liabilities.contracts.receivables[y], revenue));
        if let Some(inventory) = &assets.inventory {
            see("inventories to cost", ratio(inventory.total[y], base.cost_of_revenue[y]));
        }
        for plan in ledger.pension.iter().flat_map(|p| p.plans()) {
            let Plan { discount_rate, return_rate, growth_rate, interest, obligation_opening, .. } = plan;
            see("discount rate, hundredths", discount_rate[y]);
            see("return on plan assets, hundredths", return_rate[y]);
            see("growth of pay, hundredths", growth_rate[y]);
            see("interest cost to obligation", ratio(interest[y], obligation_opening[y]));
            see("obligation to revenue", ratio(plan.obligation[y], revenue));
        }
    }
    for note in debt.instruments.iter().filter(|i| i.rate_text.ends_with('%')) {
        see("coupon, thousandths", note.coupon);
        see("coupon above the world, thousandths", note.coupon - rates::long(note.issued));
        see("tenor, years", (note.due - note.issued).into());
    }
}

/// Name, least and most that any company may have, and where the middle nine tenths must lie.
const RANGES: &[(&str, i64, i64)] = &[];

#[test]
fn no_figure_is_absurd() {
    let mut found = Found::new();
    for index in 0..COMPANIES {
        let key = Key { seed: 8, split: SplitName::Train, index };
        look(&Ledger::new(key, &identity(key)), &mut found);
    }
    for (name, values) in &mut found {
        values.sort_unstable();
        let at = |per_mille: usize| values[(values.len() - 1) * per_mille / 1000];
        println!("{name:40} {:?} mean {}", [0, 1, 10, 50, 250, 500, 750, 950, 990, 999, 1000].map(at), values.iter().sum::<i64>() / values.len() as i64);
    }
    assert!(RANGES.is_empty());
}
