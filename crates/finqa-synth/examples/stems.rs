//! Prints the shape of the synthetic tables: `cargo run -p finqa-synth --example shape [companies]`.
#![expect(clippy::print_stdout, reason = "printing is what it is for")]

use std::time::Instant;

use finqa_synth::{Generator, SplitName, SynthConfig};

#[path = "../tests/measure/mod.rs"]
mod measure;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let companies: u32 = std::env::args().nth(1).map_or(Ok(500), |n| n.parse())?;
    let generator = Generator::new(1, SynthConfig::default())?;
    let start = Instant::now();
    let made: Vec<_> = (0..companies)
        .map(|i| generator.tables(SplitName::Train, i))
        .collect();
    let seconds = start.elapsed().as_secs_f64();
    let mut by: std::collections::BTreeMap<String, (finqa_core::Company, u32)> = Default::default();
    for c in made {
        for t in c.tables {
            let stem = t
                .name
                .rsplit_once('_')
                .map_or(t.name.clone(), |x| x.1.to_owned());
            by.entry(stem)
                .or_insert_with(|| {
                    (
                        finqa_core::Company {
                            name: String::new(),
                            tables: vec![],
                        },
                        0,
                    )
                })
                .0
                .tables
                .push(t);
        }
    }
    for (stem, (c, _)) in by {
        let mut s = measure::Shape::default();
        s.add(&c);
        let n = s.growth_len();
        if n > 0 {
            println!(
                "{n:6} {:?} rows {:?} {:?} {stem}",
                [50, 100, 250, 500, 750, 900, 950].map(|q| s.growth(q)),
                [100, 250, 500, 750, 900].map(|q| s.rows(q)),
                s.signs()
            );
        } else {
            println!(
                "     0 rows {:?} {:?} {stem}",
                [100, 250, 500, 750, 900].map(|q| s.rows(q)),
                s.signs()
            );
        }
    }
    Ok(())
}
