//! Identities of the books and sums of the tables, on ten thousand companies.
//!
//! - I1 revenue by product, channel, place and segment (less eliminations) is the revenue.
//! - I2 revenue − costs − operating expenses + other income − interest = pretax income = domestic + foreign; less tax
//!   it is net income.
//! - I3 current and deferred tax by authority add up to the tax expense.
//! - I4 the statutory tax and the reconciling items add up to the tax expense; rates follow from the amounts.
//! - I5 deferred tax assets − allowance − liabilities = net; its change is deferred expense and what went to equity.
//! - I6 balances that roll forward: opening + moves = closing, and each year opens where the last one closed.
//! - I7 earnings per share = net income / weighted shares to the cent; diluted = basic + dilution.
//! - I8 inventories add up.
//! - I9 gross − accumulated = net for plant and intangible assets; future amortization adds up to the net amount;
//!   depreciation and amortization is one amount wherever it is shown.
//! - I10 debt: principal − costs = carrying; current + long-term; maturities; interest is coupon x principal.
//! - I11 leases: undiscounted − imputed interest = liability = current + non-current; cost adds up.
//! - I12 accrued and other assets and liabilities add up.
//! - I13 fair values by level add up.
//! - I14 dividends are so much a share x the shares entitled.
//! - I15 stock compensation by line adds up.
//! - I16 long-lived assets by place add up to plant and right-of-use assets.
//! - I17 net assets acquired + goodwill = price, which is what was paid; goodwill acquired is in the roll-forward.

use std::thread;

use finqa_synth::{Generator, SplitName, SynthConfig};

/// Companies of each split: 10,000 in all.
const COMPANIES: u32 = 2500;

#[test]
fn identities_hold_for_ten_thousand_companies() {
    let generator = Generator::new(11, SynthConfig::default()).unwrap();
    let broken: Vec<String> = thread::scope(|scope| {
        let workers: Vec<_> = SplitName::ALL
            .into_iter()
            .map(|split| {
                let generator = &generator;
                scope.spawn(move || {
                    (0..COMPANIES)
                        .flat_map(|index| {
                            let broken = generator.violations(split, index);
                            broken
                                .into_iter()
                                .map(move |b| format!("{split:?} {index}: {b}"))
                        })
                        .collect::<Vec<_>>()
                })
            })
            .collect();
        workers
            .into_iter()
            .flat_map(|w| w.join().unwrap())
            .collect()
    });
    assert!(
        broken.is_empty(),
        "{} broken: {:#?}",
        broken.len(),
        &broken[..broken.len().min(10)]
    );
}

#[test]
fn a_company_does_not_depend_on_what_was_made_before() {
    let generator = Generator::new(5, SynthConfig::default()).unwrap();
    let forward: Vec<_> = (0..20)
        .map(|i| generator.tables(SplitName::Train, i))
        .collect();
    let again = Generator::new(5, SynthConfig::default()).unwrap();
    for (i, company) in forward.iter().enumerate().rev() {
        assert_eq!(&again.tables(SplitName::Train, i as u32), company);
    }
    let other = Generator::new(6, SynthConfig::default()).unwrap();
    assert_ne!(other.tables(SplitName::Train, 0), forward[0]);
}
