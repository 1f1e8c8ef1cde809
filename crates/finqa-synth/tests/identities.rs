//! The books and tables of many companies: every identity holds, every sum adds up.

use std::thread;

use finqa_synth::{Generator, SplitName, SynthConfig};

const COMPANIES: u32 = 10_000;

#[test]
fn identities_and_sums_hold_for_ten_thousand_companies() {
    let generator = Generator::new(7, SynthConfig::default()).unwrap();
    let workers = 4;
    let broken: Vec<String> = thread::scope(|scope| {
        let threads: Vec<_> = (0..workers)
            .map(|worker| {
                let generator = &generator;
                scope.spawn(move || {
                    (worker..COMPANIES)
                        .step_by(workers as usize)
                        .flat_map(|i| {
                            let found = generator.violations(SplitName::Train, i);
                            found.into_iter().map(move |v| format!("company {i}: {v}"))
                        })
                        .take(20)
                        .collect::<Vec<_>>()
                })
            })
            .collect();
        threads
            .into_iter()
            .flat_map(|t| t.join().unwrap())
            .collect()
    });
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

#[test]
fn a_company_is_the_same_in_any_order_of_generation() {
    let generator = Generator::new(5, SynthConfig::default()).unwrap();
    let forth: Vec<_> = (0..40)
        .map(|i| generator.tables(SplitName::Val, i))
        .collect();
    let again = Generator::new(5, SynthConfig::default()).unwrap();
    for i in (0..40).rev() {
        assert_eq!(again.tables(SplitName::Val, i), forth[i as usize]);
    }
    let other = Generator::new(6, SynthConfig::default()).unwrap();
    assert_ne!(other.tables(SplitName::Val, 0).tables, forth[0].tables);
    assert_ne!(
        generator.tables(SplitName::Train, 0).tables,
        forth[0].tables
    );
}
