//! Scoring a submission under both sets of rules: a number that is right, one in prose, a list, and one that is wrong.
//!
//! Run with `cargo bench -p finqa-benches --bench score`.

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use finqa_core::answer::{AnswerMode, AnswerSpec, score_answer};

/// Name, submission, truth.
const CASES: [(&str, &str, &str); 4] = [
    ("number", "17.03%", "17.03%"),
    (
        "prose",
        "Revenue grew by about 17.03% from 2022 to 2023.",
        "\\boxed{17.03\\%}",
    ),
    (
        "list",
        "2022: 1,452.4; 2023: 1,699.7",
        "2022: 1452.4, 2023: 1699.7",
    ),
    ("wrong", "The answer is 12.5 million", "17.03%"),
];

fn score(c: &mut Criterion) {
    let spec = AnswerSpec::default();
    for (mode_name, mode) in [
        ("strict", AnswerMode::Strict),
        ("openenv", AnswerMode::OpenEnv),
    ] {
        let mut group = c.benchmark_group(format!("score_{mode_name}"));
        for (name, submission, truth) in CASES {
            group.bench_function(name, |b| {
                b.iter(|| score_answer(black_box(submission), black_box(truth), &spec, mode));
            });
        }
        group.finish();
    }
}

criterion_group!(benches, score);
criterion_main!(benches);
