//! The same bytes on every machine, in any order, on any number of threads.

use std::fmt::Write as _;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;

use finqa_synth::{Generator, Made, SplitName, SynthConfig, VERSION};
use sha2::{Digest, Sha256};

/// SHA-256 of companies with their tasks as JSON, of the version of [`VERSION`].
///
/// Whoever bought, published or trained on a corpus has it by seed and configuration: if one of these changes, so has
/// every corpus, and `VERSION` must be raised with them. A failing test prints the new list.
const PINNED_VERSION: u32 = 1;
const PINNED: &[(&str, &str)] = &[];

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
    let mut found: Vec<(String, String)> = Vec::new();
    for (name, generator) in generators() {
        for split in SplitName::ALL {
            let made = generator.company(split, 7);
            found.push((format!("{name}/{}/7", split.name()), hash(&made)));
        }
    }
    let same = found.len() == PINNED.len()
        && found
            .iter()
            .zip(PINNED)
            .all(|((name, hash), (pinned, bytes))| name == pinned && hash == bytes);
    let list: String = found.iter().fold(String::new(), |mut out, (name, hash)| {
        writeln!(out, "    (\"{name}\", \"{hash}\"),").unwrap();
        out
    });
    assert!(
        same && VERSION == PINNED_VERSION,
        "the corpus of version {VERSION} has changed; raise VERSION and pin:\n{list}"
    );
}

#[test]
fn order_and_threads_make_no_difference() {
    let generator = Generator::new(9, SynthConfig::default()).unwrap();
    const COMPANIES: u32 = 24;
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
