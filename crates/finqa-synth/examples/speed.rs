//! Measures how fast companies are made on one core: `speed [COMPANIES]`, in a release build.
//!
//! Prints companies and tables a second, of the tables alone and with their guarded tasks, for every preset level.
#![expect(clippy::print_stdout, reason = "it prints")]

use std::time::Instant;

use finqa_synth::{Generator, SplitName, SynthConfig};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let companies: u32 = match std::env::args().nth(1) {
        Some(text) => text.parse()?,
        None => 300,
    };
    println!("level   what    companies/s   tables/s   tasks/s   (wall time, one thread)");
    for level in 1..=5 {
        let generator = Generator::new(0, SynthConfig::preset(level)?)?;
        let start = Instant::now();
        let tables: usize = (0..companies)
            .map(|i| generator.tables(SplitName::Train, i).tables.len())
            .sum();
        let s = start.elapsed().as_secs_f64();
        let rate = f64::from(companies) / s;
        println!(
            "{level:>5}   tables {rate:>12.0} {:>10.0}",
            tables as f64 / s
        );
        let start = Instant::now();
        let (mut tables, mut tasks) = (0, 0);
        for i in 0..companies {
            let made = generator.company(SplitName::Train, i);
            tables += made.company.tables.len();
            tasks += made.tasks.len();
        }
        let s = start.elapsed().as_secs_f64();
        let rate = f64::from(companies) / s;
        println!(
            "{level:>5}   tasks  {rate:>12.0} {:>10.0} {:>9.0}",
            tables as f64 / s,
            tasks as f64 / s
        );
    }
    Ok(())
}
