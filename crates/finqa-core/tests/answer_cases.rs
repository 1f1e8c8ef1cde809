//! Labelled answer cases: the committed catalogue, and the shared one where it is present.

use std::path::{Path, PathBuf};

use finqa_core::answer::{AnswerMode, AnswerSpec, Verdict, score_answer};
use serde_json::Value;

/// One case with the keys of the files.
struct Case {
    id: String,
    predicted: String,
    truth: String,
    spec: AnswerSpec,
    expected_openenv: f64,
    expected_strict: f64,
    reason: String,
}

fn cases(path: &Path) -> Vec<Case> {
    let text = std::fs::read_to_string(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    text.lines()
        .filter(|line| !line.trim().is_empty())
        .map(|line| {
            let case: Value = serde_json::from_str(line).unwrap_or_else(|e| panic!("{line}: {e}"));
            let text = |key: &str| {
                case[key]
                    .as_str()
                    .unwrap_or_else(|| panic!("{key} in {line}"))
                    .to_owned()
            };
            let score = |key: &str| {
                case[key]
                    .as_f64()
                    .unwrap_or_else(|| panic!("{key} in {line}"))
            };
            Case {
                id: text("id"),
                predicted: text("predicted"),
                truth: text("truth"),
                spec: serde_json::from_value(case["question"].clone())
                    .unwrap_or_else(|e| panic!("{line}: {e}")),
                expected_openenv: score("expected_openenv"),
                expected_strict: score("expected_strict"),
                reason: text("reason"),
            }
        })
        .collect()
}

/// Runs every case in both modes and lists all that differ.
fn check(cases: &[Case]) {
    let mut wrong = Vec::new();
    for case in cases {
        for (mode, expected) in [
            (AnswerMode::Strict, case.expected_strict),
            (AnswerMode::OpenEnv, case.expected_openenv),
        ] {
            let verdict = score_answer(&case.predicted, &case.truth, &case.spec, mode);
            assert!(
                Verdict::REASONS
                    .iter()
                    .any(|(name, _)| *name == verdict.reason),
                "{}",
                verdict.reason
            );
            if (verdict.score - expected).abs() > 0.0 {
                wrong.push(format!(
                    "{} {}: {:?} against {:?} ({:?}) gives {} ({}), expected {expected}: {}",
                    case.id,
                    mode.name(),
                    case.predicted,
                    case.truth,
                    case.spec,
                    verdict.score,
                    verdict.reason,
                    case.reason
                ));
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "{} of {} cases differ:\n{}",
        wrong.len(),
        cases.len(),
        wrong.join("\n")
    );
}

#[test]
fn the_catalogue_is_scored_as_labelled() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/answer_cases.jsonl");
    let cases = cases(&path);
    assert!(
        cases.len() >= 80,
        "the catalogue has {} cases; at least 80 are promised",
        cases.len()
    );
    let disagreements = cases
        .iter()
        .filter(|c| (c.expected_openenv - c.expected_strict).abs() > 0.0)
        .count();
    assert!(
        disagreements >= 30,
        "only {disagreements} cases tell the modes apart"
    );
    check(&cases);
}

#[test]
fn the_shared_cases_are_scored_as_labelled() {
    let shared = std::env::var_os("FINQA_SHARED").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared"),
        PathBuf::from,
    );
    let path = shared.join("answers/answer_cases.jsonl");
    if !path.is_file() {
        println!(
            "skipped: {} is absent; set FINQA_SHARED to the folder that holds it",
            path.display()
        );
        return;
    }
    let cases = cases(&path);
    assert!(!cases.is_empty(), "{} is empty", path.display());
    check(&cases);
}
