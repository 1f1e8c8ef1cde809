//! Properties of rubric scores, and agreement with a second reckoning in whole numbers that shares no code with them.

use std::time::{Duration, Instant};

use finqa_core::answer::AnswerMode;
use finqa_core::rubric::{Rubric, RubricOptions, RubricScore, score_rubric};
use proptest::prelude::*;

/// Slots in the order of their truths.
const LABELS: [&str; 5] = ["Cost", "Revenue", "Total", "Quotient", "Verdict"];

/// What a report says: cost, revenue and sum as whole numbers, the quotient in thousandths, whether it calls it small.
#[derive(Clone, Copy, Debug)]
struct Said {
    numbers: [Option<i64>; 4],
    small: Option<bool>,
}

fn thousandths(a: i64, b: i64) -> i64 {
    (2000 * a + b) / (2 * b)
}

fn truth(a: i64, b: i64) -> Said {
    let quotient = thousandths(a, b);
    Said {
        numbers: [Some(a), Some(b), Some(a + b), Some(quotient)],
        small: Some(quotient < 500),
    }
}

fn decimal(thousandths: i64) -> String {
    format!("{}.{:03}", thousandths / 1000, thousandths % 1000)
}

const fn word(small: bool) -> &'static str {
    if small { "small" } else { "large" }
}

fn rubric(a: i64, b: i64) -> Rubric {
    let (sum, quotient) = (a + b, decimal(thousandths(a, b)));
    serde_json::from_str(&format!(
        r#"{{"criteria": [
        {{"id": "p1", "dim": "primary", "kind": "value", "slot": "cost", "weight": 2, "truth": {{"value": "{a}", "op": "exact"}}}},
        {{"id": "p2", "dim": "primary", "kind": "value", "slot": "revenue", "truth": {{"value": "{b}", "op": "exact"}}}},
        {{"id": "d1", "dim": "derived", "kind": "value", "slot": "total", "truth": {{"value": "{sum}", "op": "exact"}},
          "from": {{"expr": "cost + revenue"}}}},
        {{"id": "d2", "dim": "derived", "kind": "value", "slot": "quotient", "weight": 3,
          "truth": {{"value": "{quotient}", "unit": "ratio", "decimals": 3}}, "from": {{"expr": "p1/p2"}}}},
        {{"id": "r1", "dim": "reasoning", "kind": "choice", "slot": "verdict", "rule": "small if d2<0.5 else large"}},
        {{"id": "c1", "dim": "consistency", "kind": "sum", "slots": ["cost", "revenue"], "total": "total"}}
        ]}}"#
    ))
    .expect("a rubric")
}

/// The report's lines, one a slot that is there.
fn lines(said: &Said) -> Vec<String> {
    let texts = [
        said.numbers[0].map(|n| n.to_string()),
        said.numbers[1].map(|n| n.to_string()),
        said.numbers[2].map(|n| n.to_string()),
        said.numbers[3].map(decimal),
        said.small.map(|small| word(small).to_owned()),
    ];
    LABELS
        .iter()
        .zip(texts)
        .filter_map(|(label, text)| Some(format!("- {label}: {}", text?)))
        .collect()
}

/// The score, reckoned from the whole numbers.
fn reckoned(said: &Said, a: i64, b: i64) -> (f64, bool) {
    let right = truth(a, b);
    let is_right = |i: usize| said.numbers[i].is_some() && said.numbers[i] == right.numbers[i];
    let share = |yes: bool| f64::from(u8::from(yes));
    let one_input_right = is_right(0) || is_right(1);
    let primary = (2.0 * share(is_right(0)) + share(is_right(1))) / 3.0;
    let derived = |i: usize, follows: &dyn Fn(i64, i64) -> i64| {
        if is_right(i) {
            return 1.0;
        }
        let (Some(cost), Some(revenue), Some(value)) =
            (said.numbers[0], said.numbers[1], said.numbers[i])
        else {
            return 0.0;
        };
        0.5 * share(value == follows(cost, revenue) && cost != revenue && one_input_right)
    };
    let derived = (derived(2, &|a, b| a + b) + 3.0 * derived(3, &thousandths)) / 4.0;
    let reasoning = match (said.small, said.numbers[3]) {
        (Some(small), Some(quotient)) if small == (quotient < 500) => {
            if Some(small) == right.small {
                1.0
            } else {
                0.5 * share(one_input_right)
            }
        }
        _ => 0.0,
    };
    let consistency = match said.numbers {
        [Some(cost), Some(revenue), Some(sum), _] => {
            share(cost + revenue == sum && (0..3).any(is_right))
        }
        _ => 0.0,
    };
    let filled = said.numbers.iter().flatten().count() + usize::from(said.small.is_some());
    let completeness = filled as f64 / 5.0;
    let score = (0.30 * primary
        + 0.30 * derived
        + 0.15 * reasoning
        + 0.10 * consistency
        + 0.10 * completeness)
        / 0.95;
    (score, score > 0.9 - 1e-9 && is_right(0) && is_right(1))
}

/// Missing, right, following from the others, or anything.
fn reports() -> impl Strategy<Value = (i64, i64, Said)> {
    let number = || (0..4u8, 100..5000i64);
    (
        100..5000i64,
        100..5000i64,
        [number(), number(), number(), number()],
        (0..4u8, any::<bool>()),
    )
        .prop_map(|(a, b, kinds, (kind, small))| {
            let right = truth(a, b);
            let mut numbers = [None; 4];
            for (i, (kind, anything)) in kinds.into_iter().enumerate() {
                let follows = match (i, numbers[0], numbers[1]) {
                    (2, Some(a), Some(b)) => Some(a + b),
                    (3, Some(a), Some(b)) => Some(thousandths(a, b)),
                    (1, cost, _) => cost,
                    _ => None,
                };
                numbers[i] = match kind {
                    0 => None,
                    1 => right.numbers[i],
                    2 => follows.or(right.numbers[i]),
                    _ => Some(anything),
                };
            }
            let small = match kind {
                0 => None,
                1 => right.small,
                2 => numbers[3].map(|q| q < 500),
                _ => Some(small),
            };
            (a, b, Said { numbers, small })
        })
}

fn scored(report: &str, rubric: &Rubric) -> RubricScore {
    let score = score_rubric(report, rubric, &RubricOptions::default());
    assert!((0.0..=1.0).contains(&score.score), "{score:?}");
    let outcome = if score.is_correct {
        assert!(score.score > 0.8, "{score:?}");
        score.score
    } else {
        score.score.min(0.8)
    };
    assert!((score.outcome - outcome).abs() < f64::EPSILON, "{score:?}");
    score
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1024))]

    #[test]
    fn scores_are_those_of_the_second_reckoning((a, b, said) in reports()) {
        let report = lines(&said).join("\n");
        let score = scored(&report, &rubric(a, b));
        let (expected, is_correct) = reckoned(&said, a, b);
        prop_assert!((score.score - expected).abs() < 1e-9, "{report}\n{score:#?}\n{expected}");
        prop_assert_eq!(score.is_correct, is_correct, "{}\n{:#?}", report, score);
    }

    #[test]
    fn the_order_of_slots_means_nothing((a, b, said) in reports(), seed in any::<u64>()) {
        let mut lines = lines(&said);
        let rubric = rubric(a, b);
        let before = scored(&lines.join("\n"), &rubric);
        let mut state = seed | 1;
        for i in (1..lines.len()).rev() {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            lines.swap(i, (state >> 33) as usize % (i + 1));
        }
        prop_assert_eq!(before.clone(), scored(&lines.join("\n\n"), &rubric));
        // Nor does the dress, nor the form: a table, JSON.
        let table: Vec<String> = lines
            .iter()
            .map(|line| format!("| **{}** |", line.trim_start_matches("- ").to_uppercase().replace(": ", "** | ")))
            .collect();
        prop_assert_eq!(before.clone(), scored(&table.join("\r\n"), &rubric));
        let members: Vec<String> = lines
            .iter()
            .map(|line| format!("\"{}\"", line.trim_start_matches("- ").replace(": ", "\": \"")))
            .collect();
        prop_assert_eq!(before, scored(&format!("{{{}}}", members.join(", ")), &rubric));
    }

    #[test]
    fn a_right_slot_more_never_lowers_a_score((a, b, said) in reports()) {
        let (rubric, right) = (rubric(a, b), truth(a, b));
        let before = scored(&lines(&said).join("\n"), &rubric);
        for slot in 0..5 {
            let mut more = said;
            if slot < 4 && said.numbers[slot].is_none() {
                more.numbers[slot] = right.numbers[slot];
            } else if slot == 4 && said.small.is_none() {
                more.small = right.small;
            }
            let after = scored(&lines(&more).join("\n"), &rubric);
            prop_assert!(after.score >= before.score - 1e-12, "{said:?} {more:?}");
            prop_assert!(after.outcome >= before.outcome - 1e-12, "{said:?} {more:?}");
        }
    }

    #[test]
    fn no_wrong_report_reaches_a_right_one((a, b, said) in reports(), weights in [0.0..1.0f64, 0.0..1.0, 0.0..1.0]) {
        let mut rubric = rubric(a, b);
        rubric.weights.derived = weights[0];
        rubric.weights.reasoning = weights[1];
        rubric.weights.completeness = weights[2];
        let right = scored(&lines(&truth(a, b)).join("\n"), &rubric);
        prop_assert!(right.is_correct && right.outcome > 1.0 - 1e-9, "{right:?}");
        let score = scored(&lines(&said).join("\n"), &rubric);
        prop_assert!(score.is_correct || score.outcome <= 0.8);
        let openenv = score_rubric(&lines(&said).join("\n"), &rubric, &RubricOptions::of(AnswerMode::OpenEnv));
        prop_assert!(openenv.is_correct || openenv.outcome <= 0.8);
    }

    #[test]
    fn any_text_is_read(pieces in proptest::collection::vec(proptest::sample::select(PIECES.to_vec()), 0..24)) {
        scored(&pieces.concat(), &rubric(300, 400));
    }
}

const PIECES: [&str; 30] = [
    "Cost", "cost", "Revenue", "Total", "Quotient", "Verdict", ":", ": ", "=", "|", "\n", "- ",
    "# ", "1. ", "**", "300", "0.75", "(", ")", "{", "}", "\"", ",", "small", "large", "?", "N/A",
    "\u{ff1a}", "é", "```",
];

#[test]
fn long_reports_cost_linear_time() {
    const BYTES: usize = 300_000;
    let rubric = rubric(300, 400);
    for pattern in [
        "Cost: 1\n",
        "Cost: ",
        "|",
        "(",
        "\n",
        "cost",
        "é:",
        "{\"cost\":",
        "# ",
        "9",
        "1. ",
        "Cost (a): 1 Total: ",
    ] {
        let long = pattern.repeat(BYTES / pattern.len());
        let start = Instant::now();
        scored(&long, &rubric);
        // A quadratic reader needs minutes; this bound is for a debug build on a busy machine.
        let took = start.elapsed();
        assert!(took < Duration::from_secs(3), "{pattern:?}: {took:?}");
    }
}
