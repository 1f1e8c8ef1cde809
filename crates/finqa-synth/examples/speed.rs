//! Measures how fast companies are made on one core: `speed [COMPANIES]`, in a release build.
//!
//! Prints companies and tables a second, of the tables alone and with their guarded tasks, for every preset level.
#![expect(clippy::print_stdout, reason = "it prints")]

use std::sync::OnceLock;
use std::time::Instant;

use finqa_synth::{Generator, SplitName, SynthConfig};

/// Seconds that this thread has had a processor, so that others on the machine do not count; wall time where the
/// system does not tell.
fn cpu_s() -> f64 {
    static START: OnceLock<Instant> = OnceLock::new();
    let told = std::fs::read_to_string("/proc/thread-self/schedstat").ok();
    let nanoseconds = told.and_then(|t| t.split(' ').next()?.parse::<f64>().ok());
    let wall = START.get_or_init(Instant::now).elapsed().as_secs_f64();
    nanoseconds.map_or(wall, |n| n / 1e9)
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let companies: u32 = match std::env::args().nth(1) {
        Some(text) => text.parse()?,
        None => 300,
    };
    println!("level   what    companies/s   tables/s   tasks/s   (processor time, one thread)");
    for level in 1..=5 {
        let generator = Generator::new(0, SynthConfig::preset(level)?)?;
        let start = cpu_s();
        let tables: usize = (0..companies)
            .map(|i| generator.tables(SplitName::Train, i).tables.len())
            .sum();
        let s = cpu_s() - start;
        let rate = f64::from(companies) / s;
        println!(
            "{level:>5}   tables {rate:>12.0} {:>10.0}",
            tables as f64 / s
        );
        let start = cpu_s();
        let (mut tables, mut tasks) = (0, 0);
        for i in 0..companies {
            let made = generator.company(SplitName::Train, i);
            tables += made.company.tables.len();
            tasks += made.tasks.len();
        }
        let s = cpu_s() - start;
        let rate = f64::from(companies) / s;
        println!(
            "{level:>5}   tasks  {rate:>12.0} {:>10.0} {:>9.0}",
            tables as f64 / s,
            tasks as f64 / s
        );
    }
    Ok(())
}
