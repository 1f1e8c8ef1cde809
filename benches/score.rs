//! Scoring a submission under both sets of rules: a number that is right, one in prose, a list, and one that is wrong;
//! and a report of twelve slots by its rubric.
//!
//! Run with `cargo bench -p finqa-benches --bench score`.

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use finqa_core::answer::{AnswerMode, AnswerSpec, score_answer};
use finqa_core::rubric::{Rubric, RubricOptions, score_rubric};

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

/// A rubric of eight primary and four derived values, and a report; `off` is added to the first primary value and
/// what follows from it.
fn report(off: u32) -> (Rubric, String) {
    let (mut criteria, mut lines) = (Vec::new(), Vec::new());
    let truth = |i: u32| 1526 + 77 * i;
    let said = |i: u32| truth(i) + if i == 0 { off } else { 0 };
    for i in 0..8 {
        criteria.push(format!(
            r#"{{"id": "p{i}", "dim": "primary", "kind": "value", "slot": "cost_{i}",
                "truth": {{"value": "{}", "scale": "million", "op": "exact"}}}}"#,
            truth(i)
        ));
        lines.push(format!("- **Cost {i}**: ${} million", said(i)));
    }
    for i in 0..4 {
        let ratio = |of: &dyn Fn(u32) -> u32| f64::from(of(i)) / f64::from(of(i + 4));
        criteria.push(format!(
            r#"{{"id": "d{i}", "dim": "derived", "kind": "value", "slot": "ratio_{i}",
                "truth": {{"value": "{:.3}", "unit": "ratio", "decimals": 3}}, "from": {{"expr": "cost_{i}/cost_{}"}}}}"#,
            ratio(&truth),
            i + 4
        ));
        lines.push(format!("- Ratio {i}: {:.3}", ratio(&said)));
    }
    let rubric = format!("{{\"criteria\": [{}]}}", criteria.join(","));
    let rubric = serde_json::from_str(&rubric).expect("a rubric");
    (rubric, lines.join("\n"))
}

fn rubric(c: &mut Criterion) {
    let mut group = c.benchmark_group("score_rubric");
    for (name, off) in [("right", 0), ("wrong", 100)] {
        let (rubric, report) = report(off);
        group.bench_function(name, |b| {
            b.iter(|| score_rubric(black_box(&report), &rubric, &RubricOptions::default()));
        });
    }
    group.finish();
}

criterion_group!(benches, score, rubric);
criterion_main!(benches);
