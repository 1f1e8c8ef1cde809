//! Reading tool calls: a Hermes call alone, behind reasoning, with a mistake, and a message without a call.
//!
//! Run with `cargo bench -p finqa-benches --bench parser`.

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use finqa_core::action::{ActionFormat, ParseLevel, ParseOptions, parse_action};
use finqa_core::tool::{ToolProfile, Toolbox};

const CALL: &str = "<tool_call>\n{\"name\": \"sql_query\", \"arguments\": {\"company_name\": \"acme\", \"table_name\": \
    \"income\", \"query\": \"SELECT \\\"2023\\\" FROM income WHERE item = 'Revenue'\"}}\n</tool_call>";

fn parser(c: &mut Criterion) {
    let tools = Toolbox::new(ToolProfile::Rllm, &[], vec![]).expect("the profile is valid");
    let reasoning =
        "The growth rate needs both years, so I read the row of the revenue first. ".repeat(20);
    let behind = format!("<think>{reasoning}</think>\nI query the table.\n{CALL}");
    let broken = CALL.replace("}}", "}");
    let cases = [
        ("hermes_call", CALL, ActionFormat::Hermes),
        ("hermes_call_auto", CALL, ActionFormat::Auto),
        ("hermes_call_behind_reasoning", &behind, ActionFormat::Auto),
        ("hermes_call_broken", &broken, ActionFormat::Auto),
        ("no_call", &reasoning, ActionFormat::Auto),
    ];
    let mut group = c.benchmark_group("parser");
    for (name, text, format) in cases {
        let options = ParseOptions {
            format,
            level: ParseLevel::Strict,
            length_limited: false,
        };
        group.throughput(Throughput::Bytes(text.len() as u64));
        group.bench_function(name, |b| {
            b.iter(|| parse_action(black_box(text), &tools, &options));
        });
    }
    group.finish();
}

criterion_group!(benches, parser);
criterion_main!(benches);
