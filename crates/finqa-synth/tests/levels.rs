//! Every preset makes what it promises, 200 companies each.

use std::collections::BTreeSet;
use std::thread;

use finqa_synth::{Generator, SplitName, SynthConfig, World, tasks_of};

const COMPANIES: u32 = 200;

/// What is wrong with a company; empty if nothing is.
fn faults(generator: &Generator, split: SplitName, index: u32) -> Vec<String> {
    let config = generator.config();
    let made = generator.company(split, index);
    let mut out = Vec::new();
    let at = format!("level {} {} {index}", config.level, split.name());
    let wanted = tasks_of(split, index, config) as usize;
    if made.tasks.len() != wanted {
        out.push(format!("{at}: {} tasks, not {wanted}", made.tasks.len()));
    }
    let tables = made.company.tables.len() as u32;
    let (least, most) = match config.world {
        World::Filing => (config.min_tables, config.max_tables),
        World::Tiny => (3, 6),
    };
    // Small companies of the largest presets have not enough to report.
    if tables > most || tables < least.min(30) {
        out.push(format!("{at}: {tables} tables, not {least} to {most}"));
    }
    let names: BTreeSet<_> = made.company.tables.iter().map(|t| &t.name).collect();
    if names.len() as u32 != tables {
        out.push(format!("{at}: two tables of one name"));
    }
    for table in &made.company.tables {
        if let Err(e) = table.check(&made.company.name) {
            out.push(format!("{at}: {e}"));
        }
    }
    if generator.tables(split, index) != made.company {
        out.push(format!("{at}: other tables without questions"));
    }
    for task in &made.tasks {
        if task.level != config.level || task.split.0 != split.name() || task.gold.is_none() {
            out.push(format!("{at}: {task:?}"));
        }
    }
    out
}

#[test]
fn every_preset_makes_two_hundred_companies() {
    let mut presets: Vec<SynthConfig> = (1..=5).map(|l| SynthConfig::preset(l).unwrap()).collect();
    presets.push(SynthConfig::tiny());
    let found: Vec<String> = thread::scope(|scope| {
        let workers: Vec<_> = presets
            .into_iter()
            .map(|config| {
                scope.spawn(move || {
                    let generator = Generator::new(21, config).unwrap();
                    (0..COMPANIES)
                        .flat_map(|i| faults(&generator, SplitName::Train, i))
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
        found.is_empty(),
        "{}",
        found[..found.len().min(20)].join("\n")
    );
}

#[test]
fn both_worlds_have_the_splits_of_the_published_sizes() {
    for config in [SynthConfig::default(), SynthConfig::tiny()] {
        let generator = Generator::new(22, config).unwrap();
        for (split, companies, total) in
            [(SplitName::Eval290, 20, 290), (SplitName::Reason79, 21, 79)]
        {
            let found: Vec<String> = (0..companies)
                .flat_map(|i| faults(&generator, split, i))
                .collect();
            assert!(found.is_empty(), "{found:?}");
            let tasks: usize = (0..companies)
                .map(|i| generator.company(split, i).tasks.len())
                .sum();
            assert_eq!(tasks, total);
            assert!(generator.company(split, companies).tasks.is_empty());
        }
    }
}
