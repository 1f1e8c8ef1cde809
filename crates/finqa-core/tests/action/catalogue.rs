//! The committed catalogue of messages and what the parser makes of them. The first rows, `table/…`, are the table
//! of malformed output in `docs/spec/actions.md`.

use super::common::{options, parse, toolbox};
use finqa_core::action::AttemptStatus;
use serde_json::{Value, json};

const CASES: &str = include_str!("../data/action_cases.jsonl");

fn cases() -> Vec<Value> {
    CASES
        .lines()
        .map(|line| serde_json::from_str(line).expect("one case a line"))
        .collect()
}

#[test]
fn every_case_is_parsed_as_written() {
    let tools = toolbox();
    let mut wrong = Vec::new();
    for case in cases() {
        let text = case["text"].as_str().expect("text");
        let action = parse(&case, text, &tools);
        let attempts: Vec<Value> = action
            .attempts
            .iter()
            .map(|attempt| {
                let tool = attempt.tool.map(|index| tools.specs()[index].name.clone());
                json!({
                    "status": attempt.status.name(),
                    "name": tool,
                    "arguments": attempt.call.as_ref().map(|call| &call.arguments),
                })
            })
            .collect();
        let seen = json!({"attempts": attempts, "text_out": action.text});
        let expected = json!({"attempts": case["attempts"], "text_out": case["text_out"]});
        if seen != expected {
            wrong.push(format!(
                "{}\n  text     {text:?}\n  expected {expected}\n  seen     {seen}",
                case["name"]
            ));
        }
        for attempt in &action.attempts {
            let runs = attempt.status.runs();
            assert_eq!(runs, attempt.call.is_some(), "{}", case["name"]);
            assert_eq!(runs, attempt.feedback.is_empty(), "{}", case["name"]);
            let mended = attempt.status == AttemptStatus::Repaired;
            assert_eq!(mended, !attempt.repairs.is_empty(), "{}", case["name"]);
        }
    }
    assert!(
        wrong.is_empty(),
        "{} cases differ:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

#[test]
fn the_catalogue_covers_every_format_level_and_status() {
    let cases = cases();
    let table = cases
        .iter()
        .filter(|c| c["name"].as_str().is_some_and(|n| n.starts_with("table/")));
    let table = table.count();
    assert!(
        table >= 18 && cases.len() - table >= 80,
        "{table} of {}",
        cases.len()
    );
    for status in AttemptStatus::ALL {
        let has = |case: &Value| {
            case["attempts"]
                .as_array()
                .is_some_and(|all| all.iter().any(|a| a["status"] == status.name()))
        };
        assert!(
            cases.iter().any(has),
            "no case with status {}",
            status.name()
        );
    }
    for case in &cases {
        if case["format"] != "structured" {
            options(case);
        }
    }
}

#[test]
fn repair_changes_nothing_where_strict_succeeds() {
    let tools = toolbox();
    for case in cases().into_iter().filter(|c| c["format"] != "structured") {
        let text = case["text"].as_str().expect("text");
        let mut options = options(&case);
        options.level = finqa_core::action::ParseLevel::Strict;
        let strict = finqa_core::action::parse_action(text, &tools, &options);
        if strict.attempts.is_empty()
            || !strict
                .attempts
                .iter()
                .all(|a| a.status == AttemptStatus::Ok)
        {
            continue;
        }
        options.level = finqa_core::action::ParseLevel::Repair;
        let repair = finqa_core::action::parse_action(text, &tools, &options);
        assert_eq!(strict, repair, "{}", case["name"]);
    }
}
