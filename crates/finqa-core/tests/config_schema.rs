//! The published schemas take what the readers take and refuse what they refuse.

use std::path::Path;

use finqa_core::behaviour::RewardConfig;
use finqa_core::config_schema::{reward_schema, rubric_file_schema, rubric_schema};
use finqa_core::rubric::{Rubric, RubricFile};
use serde_json::{Value, json};

fn folder() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/spec"))
}

fn takes(schema: &Value, instance: &Value) -> bool {
    jsonschema::validator_for(schema)
        .expect("a schema")
        .is_valid(instance)
}

/// The rubric of the page on rewards.
fn example() -> Value {
    let page = std::fs::read_to_string(folder().join("rewards.md")).expect("the page");
    let start = page.find("```json").expect("a rubric") + "```json".len();
    let end = start + page[start..].find("```").expect("its end");
    serde_json::from_str(&page[start..end]).expect("JSON")
}

#[test]
fn the_published_files_are_these_schemas() {
    for (name, schema) in [
        ("rubric", rubric_schema()),
        ("rubric_file", rubric_file_schema()),
        ("reward", reward_schema()),
    ] {
        let text = std::fs::read_to_string(folder().join(format!("{name}.schema.json")))
            .unwrap_or_default();
        let published: Value = serde_json::from_str(&text).unwrap_or_default();
        assert!(
            published == schema,
            "docs/spec/{name}.schema.json is old: cargo run -p finqa-core --example config_schemas -- docs/spec"
        );
    }
}

#[test]
fn example_rubrics_validate_and_mistakes_do_not() {
    let schema = rubric_schema();
    let rubric = example();
    assert!(takes(&schema, &rubric) && Rubric::from_json(&rubric.to_string()).is_ok());
    let mut other = json!({"criteria": [
        {"id": "a", "dim": "primary", "kind": "answer"},
        {"id": "b", "dim": "process", "kind": "behaviour", "check": "budget", "weight": 2},
        {"id": "j", "dim": "reasoning", "kind": "judge", "prompt": "Is it sensible?"},
        {"id": "f", "dim": "completeness", "kind": "filled"}]});
    assert!(takes(&schema, &other) && Rubric::from_json(&other.to_string()).is_ok());
    other["pass"] = json!(0.9);
    for (place, value) in [
        ("/pass", json!(0.5)),
        ("/criteria", json!("none")),
        ("/criteria/1/check", json!("tidy")),
        ("/criteria/1/dim", json!("primary")),
        ("/criteria/1/weight", json!(0)),
        ("/criteria/1/kind", json!("behavior")),
        ("/criteria/0/dim", json!("derived")),
        (
            "/criteria/0",
            json!({"id": "a", "dim": "primary", "kind": "answer", "slot": "x"}),
        ),
        (
            "/criteria/0",
            json!({"id": "a", "dim": "primary", "kind": "value", "slot": "x"}),
        ),
        (
            "/criteria/0",
            json!({"id": "a", "dim": "primary", "kind": "value", "slot": "x", "truth": {"value": 5}}),
        ),
        (
            "/criteria/0",
            json!({"id": "a", "dim": "primary", "kind": "value", "slot": "x",
            "truth": {"value": "5", "scale": "milion"}}),
        ),
    ] {
        let mut wrong = other.clone();
        *wrong.pointer_mut(place).expect("a place") = value.clone();
        assert!(!takes(&schema, &wrong), "{place} {value}");
        assert!(
            Rubric::from_json(&wrong.to_string()).is_err(),
            "{place} {value}"
        );
    }
}

#[test]
fn rubric_files_validate() {
    let schema = rubric_file_schema();
    for (file, is_right) in [
        (json!({"*": example(), "task-1": example()}), true),
        (example(), true),
        (json!({}), false),
        (json!({"*": {"criteria": []}}), false),
        (json!([example()]), false),
    ] {
        assert_eq!(takes(&schema, &file), is_right, "{file}");
        assert_eq!(
            RubricFile::from_json(&file.to_string()).is_ok(),
            is_right,
            "{file}"
        );
    }
}

#[test]
fn reward_configurations_validate() {
    let schema = reward_schema();
    let default = serde_json::to_value(RewardConfig::default()).expect("JSON");
    for (config, is_right) in [
        (default, true),
        (json!({}), true),
        (
            json!({"mode": "shaped", "checks": {"budget": 1, "table_access": 0.5}}),
            true,
        ),
        (json!({"mode": "shape"}), false),
        (json!({"process_weight": 0.11}), false),
        (json!({"wrong_share": -0.1}), false),
        (json!({"checks": {"tidy": 1}}), false),
        (json!({"checks": {"budget": -1}}), false),
        (json!({"checks": {}}), false),
        (json!({"weight": 1}), false),
    ] {
        assert_eq!(takes(&schema, &config), is_right, "{config}");
        assert_eq!(
            RewardConfig::from_json(&config.to_string()).is_ok(),
            is_right,
            "{config}"
        );
    }
}
