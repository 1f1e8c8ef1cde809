//! The calculator tool: plain arithmetic as models write it (growth, ratio, sum, percent), functions, a value that
//! leaves the machine integers, and an error text.
//!
//! Run with `cargo bench -p finqa-benches --bench calculator`.

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use finqa_core::calculator::calculate;

const EXPRESSIONS: [(&str, &str); 10] = [
    ("growth", "(1496.5 - 1202.9) / 1202.9 * 100"),
    ("ratio", "361.9 / 1774.5"),
    ("sum", "1234.5 + 2345.6 + 3456.7"),
    ("percent", "15% of $1,699.7"),
    ("unicode", "($1,699.7 − 1,452.4) ÷ 1,452.4 × 100"),
    ("round", "round((120 / 100 - 1) * 100, 2)"),
    ("average", "avg(1234.5, 2345.6, 3456.7)"),
    ("cagr", "(1496.5 / 1202.9) ** (1/3) - 1"),
    (
        "big",
        "(1/7919 + 1/7907 + 1/7901 + 1/7883 + 1/7879 + 1/7877 + 1/7873 + 1/7867 + 1/7853 + 1/7841) / 3",
    ),
    ("error", "(1496.5 - ) / 1202.9"),
];

fn calculator(c: &mut Criterion) {
    let mut group = c.benchmark_group("calculator");
    for (name, expression) in EXPRESSIONS {
        group.bench_function(name, |b| b.iter(|| calculate(black_box(expression))));
    }
    group.finish();
}

criterion_group!(benches, calculator);
criterion_main!(benches);
