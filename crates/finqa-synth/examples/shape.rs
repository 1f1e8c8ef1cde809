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
    let mut shape = measure::Shape::default();
    for company in &made {
        shape.add(company);
    }
    let tables: usize = made.iter().map(|c| c.tables.len()).sum();
    println!(
        "{tables} tables in {seconds:.2} s: {:.0} a second",
        tables as f64 / seconds
    );
    println!(
        "tables a company: least {} median {} most {} mean {:.1}",
        shape.tables(0),
        shape.tables(500),
        shape.tables(1000),
        shape.mean_tables() as f64 / 10.0
    );
    let quantiles = [0, 50, 100, 250, 500, 750, 900, 950, 1000];
    println!("quantiles            {quantiles:?}");
    println!(
        "rows a table         {:?}",
        quantiles.map(|q| shape.rows(q))
    );
    println!(
        "columns a table      {:?}",
        quantiles.map(|q| shape.columns(q))
    );
    println!(
        "year on year, tenths of a percent {:?}",
        quantiles.map(|q| shape.growth(q))
    );
    let (negatives, zeros) = shape.signs();
    println!("of 1000 numbers: {negatives} negative, {zeros} zero");
    let digits: Vec<u64> = (1..10).map(|d| shape.first_digit(d)).collect();
    println!("first digits of 1000: {digits:?}");
    println!(
        "of 1000 tables: two years {}, three {}, none {}, one {}, four and more {}; custom tags {}",
        shape.years(2..=2),
        shape.years(3..=3),
        shape.years(0..=0),
        shape.years(1..=1),
        shape.years(4..=20),
        shape.custom()
    );
    println!("{} stems", shape.stems().len());
    Ok(())
}
