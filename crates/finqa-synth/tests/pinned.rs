//! The same bytes on every machine, in any order, on any number of threads.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail by panicking")]

use std::fmt::Write as _;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;

use finqa_synth::{Generator, Made, SplitName, SynthConfig, VERSION};
use sha2::{Digest, Sha256};

/// SHA-256 of companies with their tasks as JSON, and on the first line the [`VERSION`] that they belong to.
///
/// Whoever trained on a corpus or published results knows it by version, seed and configuration: if one of these
/// hashes changes, so has every corpus, and `VERSION` must be raised once the last one was released. Written anew by
/// `FINQA_PIN=1 cargo test -p finqa-synth --test pinned`.
const PINNED: &str = include_str!("pinned.txt");

fn hash(made: &Made) -> String {
    let mut digest = Sha256::new();
    digest.update(serde_json::to_vec(&made.company).unwrap());
    for task in &made.tasks {
        digest.update(b"\n");
        digest.update(serde_json::to_vec(task).unwrap());
    }
    digest
        .finalize()
        .iter()
        .fold(String::new(), |mut out, byte| {
            write!(out, "{byte:02x}").unwrap();
            out
        })
}

fn generators() -> Vec<(String, Generator)> {
    let mut out: Vec<(String, Generator)> = (1..=5)
        .map(|level| {
            let config = SynthConfig::preset(level).unwrap();
            (format!("level{level}"), Generator::new(0, config).unwrap())
        })
        .collect();
    let tiny = Generator::new(0, SynthConfig::tiny()).unwrap();
    out.push(("tiny".to_owned(), tiny));
    out
}

#[test]
fn companies_have_the_pinned_bytes() {
    let mut found = format!("version {VERSION}\n");
    for (name, generator) in generators() {
        for split in SplitName::ALL {
            let made = generator.company(split, 7);
            writeln!(found, "{name}/{}/7 {}", split.name(), hash(&made)).unwrap();
        }
    }
    if std::env::var_os("FINQA_PIN").is_some() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/pinned.txt");
        std::fs::write(path, &found).unwrap();
        return;
    }
    let changed: Vec<_> = found
        .lines()
        .zip(PINNED.lines())
        .filter(|(now, pinned)| now != pinned)
        .collect();
    assert!(
        found == PINNED,
        "the corpus has changed, so VERSION must be raised; now and pinned: {changed:#?}"
    );
}

#[test]
fn order_and_threads_make_no_difference() {
    const COMPANIES: u32 = 24;
    let generator = Generator::new(9, SynthConfig::default()).unwrap();
    let forward: Vec<String> = (0..COMPANIES)
        .map(|i| hash(&generator.company(SplitName::Train, i)))
        .collect();
    for threads in [1, 3, 8] {
        let next = AtomicU32::new(0);
        let found = Mutex::new(vec![String::new(); COMPANIES as usize]);
        thread::scope(|scope| {
            for _ in 0..threads {
                scope.spawn(|| {
                    loop {
                        let turn = next.fetch_add(1, Ordering::Relaxed);
                        if turn >= COMPANIES {
                            return;
                        }
                        // 11 and 24 share no factor: every company once, far from the order.
                        let index = turn * 11 % COMPANIES;
                        let own = generator.clone();
                        let hash = hash(&own.company(SplitName::Train, index));
                        found.lock().unwrap()[index as usize] = hash;
                    }
                });
            }
        });
        assert_eq!(found.into_inner().unwrap(), forward, "{threads} threads");
    }
}
