//! Properties of answers: no input panics, reading is consistent, long inputs cost linear time.

use std::time::{Duration, Instant};

use finqa_core::answer::{
    AnswerMode, AnswerSpec, Multi, Op, Scale, Unit, Verdict, cell_number, final_answer,
    parse_number, score_answer,
};
use proptest::prelude::*;

const UNITS: [Unit; 12] = [
    Unit::Amount,
    Unit::Count,
    Unit::Percent,
    Unit::Ratio,
    Unit::Pp,
    Unit::Bps,
    Unit::Multiple,
    Unit::PerShare,
    Unit::Year,
    Unit::Text,
    Unit::Bool,
    Unit::Absent,
];
const SCALES: [Scale; 4] = [Scale::One, Scale::Thousand, Scale::Million, Scale::Billion];

fn specs() -> impl Strategy<Value = AnswerSpec> {
    (
        proptest::sample::select(UNITS.to_vec()),
        proptest::sample::select(SCALES.to_vec()),
        proptest::sample::select(vec![Op::Exact, Op::Derived]),
        proptest::sample::select(vec![Multi::Single, Multi::List, Multi::Keyed]),
        any::<bool>(),
    )
        .prop_map(|(unit, scale, op, multi, signed_change)| AnswerSpec {
            unit,
            scale,
            op,
            multi,
            signed_change,
            aliases: vec!["U.S.".to_owned()],
        })
}

/// Texts made of the pieces that the rules look at.
fn near_answers() -> impl Strategy<Value = String> {
    const PIECES: [&str; 69] = [
        "1",
        "23",
        "0",
        "2022",
        "2023",
        "1,234",
        "0.5",
        ".",
        ",",
        ";",
        ":",
        "=",
        "%",
        "\\%",
        "$",
        "\\$",
        "€",
        "(",
        ")",
        "-",
        "—",
        "+",
        "/",
        " ",
        "\n",
        "_",
        "^",
        "e",
        "e9",
        "1e999999999",
        "9999999999999999999999999999",
        "x",
        "pp",
        "bps",
        "million",
        "k",
        "thousand",
        "percent",
        "percentage points",
        "USD",
        "shares",
        "per share",
        "decreased",
        "rose",
        "yes",
        "no",
        "the",
        "FY",
        "to",
        "->",
        "\\boxed{",
        "{",
        "}",
        "\\frac{",
        "\\frac",
        "\\text{",
        "\\",
        "**",
        "FINAL ANSWER:",
        "```",
        "\"",
        "[",
        "]",
        "½",
        "²",
        "\u{200b}",
        "not ",
        "disclosed",
        "N/A",
    ];
    proptest::collection::vec(proptest::sample::select(PIECES.to_vec()), 0..14)
        .prop_map(|pieces| pieces.concat())
}

/// Scores in both modes and checks what holds for every verdict.
fn check(predicted: &str, truth: &str, spec: &AnswerSpec) {
    for mode in [AnswerMode::Strict, AnswerMode::OpenEnv] {
        let Verdict {
            score,
            reason,
            is_correct,
        } = score_answer(predicted, truth, spec, mode);
        let is_right = matches!(reason, "equal" | "rounded" | "within_tolerance");
        assert_eq!(is_right, is_correct, "{reason}");
        assert!(
            (score - f64::from(u8::from(is_right))).abs() < f64::EPSILON,
            "{score} with reason {reason}"
        );
        assert!(
            Verdict::REASONS.iter().any(|(name, _)| *name == reason),
            "{reason} is not listed"
        );
    }
    let _ = final_answer(predicted);
    let _ = cell_number(predicted);
    let _ = parse_number(predicted, spec.unit, spec.scale);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn no_text_panics(predicted in any::<String>(), truth in any::<String>(), spec in specs()) {
        check(&predicted, &truth, &spec);
    }

    #[test]
    fn no_near_answer_panics(predicted in near_answers(), truth in near_answers(), spec in specs()) {
        check(&predicted, &truth, &spec);
    }

    #[test]
    fn a_readable_text_equals_itself(text in near_answers(), spec in specs()) {
        let spec = AnswerSpec { multi: Multi::Single, ..spec };
        if parse_number(&text, spec.unit, spec.scale).is_some() {
            let verdict = score_answer(&text, &text, &spec, AnswerMode::Strict);
            prop_assert_eq!(verdict.reason, "equal", "{:?}", text);
        }
    }

    #[test]
    fn a_shown_reading_is_read_as_itself(text in near_answers(), scale in proptest::sample::select(SCALES.to_vec())) {
        if let Some(shown) = parse_number(&text, Unit::Amount, scale) {
            prop_assert_eq!(parse_number(&shown, Unit::Amount, scale), Some(shown), "{:?}", text);
        }
    }

    #[test]
    fn integers_compare_as_integers(a in -2_000_000i64..2_000_000, near in -3i64..=3) {
        let spec = AnswerSpec { op: Op::Exact, ..AnswerSpec::default() };
        let verdict = score_answer(&(a + near).to_string(), &a.to_string(), &spec, AnswerMode::Strict);
        prop_assert_eq!(verdict.score > 0.0, near == 0);
    }

    /// A truth with three decimals takes exactly what lies at most half a unit of the third away.
    #[test]
    fn finer_submissions_round_to_the_truth(thousandths in 1i64..100_000, off in -1_000i64..1_000) {
        let text = |n: i64, decimals: u32| {
            let unit = 10i64.pow(decimals);
            format!("{}{}.{:0width$}", if n < 0 { "-" } else { "" }, n.abs() / unit, n.abs() % unit, width = decimals as usize)
        };
        let truth = text(thousandths, 3);
        let predicted = text(thousandths * 1_000 + off, 6);
        let spec = AnswerSpec { unit: Unit::Ratio, ..AnswerSpec::default() };
        let verdict = score_answer(&predicted, &truth, &spec, AnswerMode::Strict);
        prop_assert_eq!(verdict.score > 0.0, off.abs() <= 500, "{} for {}", predicted, truth);
    }

    /// A cell that the calculator can use has the form that it takes.
    #[test]
    fn cells_give_plain_decimals(cell in near_answers()) {
        if let Some(number) = cell_number(&cell) {
            let digits = number.strip_prefix('-').unwrap_or(&number);
            prop_assert!(digits.starts_with(|c: char| c.is_ascii_digit()), "{:?} gives {:?}", cell, number);
            prop_assert!(number.parse::<f64>().is_ok(), "{:?} gives {:?}", cell, number);
        }
    }
}

/// The pieces that could make a reader look at the same text again and again.
#[test]
fn long_inputs_cost_linear_time() {
    const BYTES: usize = 40_000;
    let patterns = [
        "1",
        "9,",
        "1,234,",
        "1 ",
        "-",
        "$",
        "$1",
        "(",
        "((1",
        "\\boxed{",
        "\\boxed{1}",
        "{",
        "}",
        "\\frac{",
        "\\frac1",
        "\\text{",
        "\\",
        "\"",
        "\"a\n",
        "\"1\",",
        "f",
        "FINAL ANSWER:",
        "FINAL ANSWER:\n",
        "```",
        "2022:",
        "2022:1,",
        "1e9",
        "1/",
        "1/2,",
        "a ",
        "the ",
        "—",
        "½",
        "\u{fdfa}",
        "20",
        "2022 to ",
        "%",
        ";",
        "\n",
        ":",
        "=",
        ".",
        "yes ",
        "１",
    ];
    // A quadratic reader needs about 10^9 steps for one call; this bound is for a debug build on a busy machine.
    let limit = Duration::from_secs(3);
    for (unit, multi) in [
        (Unit::Amount, Multi::Single),
        (Unit::Amount, Multi::Keyed),
        (Unit::Text, Multi::List),
        (Unit::Bool, Multi::Single),
        (Unit::Absent, Multi::Single),
    ] {
        let spec = AnswerSpec {
            unit,
            multi,
            ..AnswerSpec::default()
        };
        for pattern in patterns {
            let long = pattern.repeat(BYTES / pattern.len());
            let boxed = format!("\\boxed{{{long}}}");
            let start = Instant::now();
            check(&long, &boxed, &spec);
            let took = start.elapsed();
            assert!(
                took < limit,
                "{pattern:?} repeated took {took:?} ({unit:?}, {multi:?})"
            );
        }
    }
}
