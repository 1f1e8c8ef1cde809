//! Prints the questions of a company with the tables that answer them:
//! `cargo run -p finqa-synth --example questions -- SPLIT FIRST COUNT [CONFIG_JSON]`.
#![expect(clippy::print_stdout, reason = "it prints")]

use std::collections::BTreeSet;

use finqa_synth::{Generator, SplitName, SynthConfig};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let name = arguments.first().map_or("val", String::as_str);
    let split = SplitName::ALL
        .into_iter()
        .find(|s| s.name() == name)
        .ok_or_else(|| format!("no split is called {name:?}"))?;
    let number = |i: usize, otherwise| arguments.get(i).map_or(Ok(otherwise), |n| n.parse::<u32>());
    let (first, count) = (number(1, 0)?, number(2, 1)?);
    let config = match arguments.get(3) {
        Some(json) => SynthConfig::from_json(json)?,
        None => SynthConfig::default(),
    };
    let generator = Generator::new(0, config)?;
    for index in first..first + count {
        let made = generator.company(split, index);
        let tables = &made.company.tables;
        println!("\n===== {}: {} tables", made.company.name, tables.len());
        let mut shown = BTreeSet::new();
        for task in &made.tasks {
            println!(
                "\n[{}] {} {}\n  {}  {}",
                task.question_type, task.question, task.unit_hint, task.truth, task.id
            );
            for wrong in &task.known_wrong {
                println!("    not {} ({:?})", wrong.answer, wrong.mistake);
            }
            for query in task.gold.iter().flat_map(|g| &g.queries) {
                println!("  {}", query.sql);
                let found = tables.iter().find(|t| t.name == query.table);
                if let Some(table) = found.filter(|t| shown.insert(t.name.clone())) {
                    print_table(table);
                }
            }
        }
    }
    Ok(())
}

fn print_table(table: &finqa_core::Table) {
    println!("    ## {} | {}", table.name, table.description);
    let mut rows = vec![table.columns.clone()];
    for row in 0..table.num_rows() {
        let cells = table.row(row).iter().map(|v| match v {
            finqa_core::Value::Integer(n) => n.to_string(),
            other => other.as_str().unwrap_or_default().to_owned(),
        });
        rows.push(cells.collect());
    }
    let widths: Vec<usize> = (0..table.columns.len())
        .map(|c| rows.iter().map(|r| r[c].chars().count()).max().unwrap_or(0))
        .collect();
    for row in rows {
        let cells = row
            .iter()
            .zip(&widths)
            .map(|(cell, w)| format!("{cell:<w$}"));
        println!("    {}", cells.collect::<Vec<_>>().join(" | ").trim_end());
    }
}
