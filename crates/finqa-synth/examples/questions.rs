//! Prints the questions of a company: `cargo run -p finqa-synth --example questions -- val 0`.
#![expect(clippy::print_stdout, reason = "it prints")]

use finqa_synth::{Generator, SplitName, SynthConfig};

fn main() -> Result<(), finqa_synth::SynthError> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let name = arguments.first().map_or("val", String::as_str);
    let split = SplitName::ALL
        .into_iter()
        .find(|s| s.name() == name)
        .unwrap_or(SplitName::Val);
    let index = arguments.get(1).and_then(|i| i.parse().ok()).unwrap_or(0);
    let made = Generator::new(0, SynthConfig::default())?.company(split, index);
    println!(
        "{}: {} tables",
        made.company.name,
        made.company.tables.len()
    );
    for task in &made.tasks {
        println!(
            "\n[{}] {} {}",
            task.question_type, task.question, task.unit_hint
        );
        println!("  {}  {}", task.truth, task.id);
        for wrong in &task.known_wrong {
            println!("    not {} ({:?})", wrong.answer, wrong.mistake);
        }
        for query in task.gold.iter().flat_map(|g| &g.queries) {
            println!("  {}", query.sql);
        }
    }
    Ok(())
}
