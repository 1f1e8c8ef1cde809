//! Identities of the books and sums of the tables, on ten thousand companies.

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
