//! The checks of operations, taxes and equity see a single wrong cell, and the books have the measured shape.

use super::{Ledger, YEARS};
use crate::draw::Key;
use crate::identity::identity;
use crate::split::SplitName;

fn ledger(index: u32) -> Ledger {
    let key = Key {
        seed: 4,
        split: SplitName::Train,
        index,
    };
    Ledger::new(key, &identity(key))
}

#[test]
fn one_wrong_cell_is_seen() {
    type Spoil = fn(&mut Ledger);
    let spoils: [(&str, Spoil); 24] = [
        ("I1: products", |l| l.revenue.products[0].values[3] += 1),
        ("I1: channels", |l| l.revenue.channels[0].values[0] -= 1),
        ("I1: regions", |l| l.revenue.regions[0].values[4] += 1),
        ("I1: segments", |l| l.revenue.eliminations[1] += 1),
        ("I1: segment income", |l| l.revenue.corporate[2] += 1),
        ("I1: quarters", |l| {
            l.revenue.quarterly_gross_profit[1][2] += 1;
        }),
        ("I2: operating", |l| l.base.cost_of_revenue[0] += 1),
        ("I2: income", |l| l.income.other[0].values[0] += 1),
        ("I2: income", |l| l.income.foreign[2] += 1),
        ("I2: income", |l| l.income.expenses[0].values[2] += 1),
        ("I2: income", |l| l.income.net_income[4] += 1),
        ("I3", |l| l.tax.current.state[1] += 1),
        ("I4: amounts", |l| {
            l.tax.reconciliation.items[0].values[0] += 1;
        }),
        ("I4: rates", |l| l.tax.reconciliation.effective_rate[1] += 1),
        ("I5: balances", |l| l.tax.balances.allowance[0] += 1),
        ("I5: change", |l| l.tax.balances.in_oci[0] += 1),
        ("I6: unrecognized", |l| l.tax.uncertain.lapses[2] += 1),
        ("I6: unrecognized", |l| l.tax.uncertain.beginning[0] += 1),
        ("I7: shares", |l| l.equity.shares.issued[1] += 1),
        ("I7: diluted", |l| l.equity.shares.dilutive_units[0] += 1),
        ("I7: earnings", |l| l.equity.shares.diluted_eps[3] += 1),
        ("I14", |l| l.equity.dividends.amounts[0][3] += 1),
        ("I6: stock units", |l| l.equity.awards.vested[4] += 1),
        ("I15", |l| l.equity.awards.by_line[0].values[0] += 1),
    ];
    for (rule, spoil) in spoils {
        let mut books = ledger(3);
        assert_eq!(books.violations(), Vec::<String>::new());
        spoil(&mut books);
        let seen = books.violations();
        assert!(seen.iter().any(|v| v.starts_with(rule)), "{rule}: {seen:?}");
    }
}

#[test]
fn a_tenth_of_the_years_are_losses_and_revenue_is_spread_as_measured() {
    let (mut losses, mut thousands, mut payers) = (0, 0, 0);
    let mut growth: Vec<i64> = Vec::new();
    let mut digits = [0; 10];
    for index in 0..1000 {
        let books = ledger(index);
        losses += books.income.net_income.iter().filter(|n| **n < 0).count();
        thousands += usize::from(books.base.display.share_decimals == 0);
        payers += usize::from(books.equity.dividends.yearly_amount()[0] > 0);
        let revenue = books.base.revenue;
        growth.extend((1..YEARS).map(|y| (revenue[y - 1] - revenue[y]) * 1000 / revenue[y]));
        let first = revenue[0].to_string().as_bytes()[0] - b'0';
        digits[usize::from(first)] += 1;
    }
    assert!((350..650).contains(&losses), "{losses} of 5000");
    assert!((220..380).contains(&thousands), "{thousands} of 1000");
    assert!((550..800).contains(&payers), "{payers} of 1000");
    growth.sort_unstable();
    let (low, middle, high) = (growth[640], growth[2000], growth[3360]);
    assert!((20..60).contains(&middle), "{middle}");
    // A standard deviation to each side of the median: 6 to 9 %.
    assert!((60..95).contains(&(middle - low)), "{low}");
    assert!((60..95).contains(&(high - middle)), "{high}");
    assert!(digits[1] > 220 && digits[9] < 90, "{digits:?}");
}
