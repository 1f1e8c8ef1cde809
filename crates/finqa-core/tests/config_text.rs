//! Rubrics and reward configurations as people write them.

use finqa_core::behaviour::{Check, RewardConfig, RewardMode};
use finqa_core::rubric::{CriterionKind, Rubric, RubricFile};
use finqa_core::{Result, Task};

const YAML: &str = r#"
slots:
  - {name: total, label: Total assets, unit: amount, scale: million}
criteria:
  - id: p1
    dim: primary
    kind: value
    slot: cost
    weight: 2
    truth: {value: 0.0460, unit: ratio, op: derived, decimals: 3}
  - id: p2
    dim: primary
    kind: value
    slot: expense
    truth: {value: "33,174", scale: million, op: exact}
  - {id: v, dim: reasoning, kind: choice, slot: verdict, rule: no if cost<0.03 else yes}
  - {id: t1, dim: process, kind: table_access, tables: [debt, income]}
  - {id: b1, dim: process, kind: behaviour, check: recovered_from_error, weight: 0.5}
weights: {primary: 0.7, reasoning: 0.3}
pass: 0.85
"#;

const JSON: &str = r#"{"slots": [{"name": "total", "label": "Total assets", "unit": "amount", "scale": "million"}],
 "criteria": [
  {"id": "p1", "dim": "primary", "kind": "value", "slot": "cost", "weight": 2,
   "truth": {"value": "0.0460", "unit": "ratio", "op": "derived", "decimals": 3}},
  {"id": "p2", "dim": "primary", "kind": "value", "slot": "expense",
   "truth": {"value": "33,174", "scale": "million", "op": "exact"}},
  {"id": "v", "dim": "reasoning", "kind": "choice", "slot": "verdict", "rule": "no if cost<0.03 else yes"},
  {"id": "t1", "dim": "process", "kind": "table_access", "tables": ["debt", "income"]},
  {"id": "b1", "dim": "process", "kind": "behaviour", "check": "recovered_from_error", "weight": 0.5}],
 "weights": {"primary": 0.7, "reasoning": 0.3}, "pass": 0.85}"#;

fn message<T: std::fmt::Debug>(result: Result<T>) -> String {
    result.expect_err("a mistake").to_string()
}

#[test]
fn yaml_and_json_are_the_same_rubric() {
    let yaml = Rubric::from_yaml(YAML).expect("a rubric");
    assert_eq!(yaml, Rubric::from_json(JSON).expect("a rubric"));
    let CriterionKind::Value { truth, .. } = &yaml.criteria[0].kind else {
        panic!("a value");
    };
    assert_eq!(truth.value, "0.0460", "digits are kept");
}

#[test]
fn mistakes_are_told_with_criterion_field_value_and_what_is_right() {
    for (old, new, wanted) in [
        (
            "\"scale\": \"million\", \"op\"",
            "\"scale\": \"milion\", \"op\"",
            r#"rubric, criterion "p2", field "truth": unknown variant `milion`, expected one of ``, `thousand`, `million`, `billion`"#,
        ),
        (
            "\"weight\": 2",
            "\"weight\": \"two\"",
            r#"rubric, criterion "p1", field "weight": invalid type: string "two", expected f64"#,
        ),
        (
            "\"weight\": 2",
            "\"wieght\": 2",
            r#"rubric, criterion "p1", field "wieght": unknown field `wieght`, expected one of `id`, `dim`"#,
        ),
        (
            "\"0.0460\"",
            "0.046",
            r#"rubric, criterion "p1", field "truth": invalid type: floating point `0.046`, expected a string"#,
        ),
        (
            "\"dim\": \"reasoning\"",
            "\"dim\": \"reason\"",
            r#"rubric, criterion "v", field "dim": unknown variant `reason`, expected one of `primary`"#,
        ),
        (
            "\"kind\": \"choice\"",
            "\"kind\": \"chioce\"",
            r#"rubric, criterion "v": kind "chioce" is unknown; it must be one of value, choice"#,
        ),
        (
            "\"id\": \"t1\", ",
            "",
            "rubric, criterion number 4: missing field `id`",
        ),
        (
            "recovered_from_error",
            "recovered",
            "rubric, criterion \"b1\": check \"recovered\" is unknown; it must be one of listed_before_query, ",
        ),
        (
            "0.85",
            "0.5",
            "rubric: pass is 0.5; it must be from 0.81 to 1",
        ),
        (
            "\"pass\"",
            "\"passes\"",
            "rubric: unknown field `passes`, expected one of",
        ),
        (
            "\"0.0460\", \"unit\"",
            "\"0.0460\" \"unit\"",
            "rubric: expected `,` or `}` at line 4",
        ),
    ] {
        let text = JSON.replace(old, new);
        assert_ne!(text, JSON, "{old}");
        let error = message(Rubric::from_json(&text));
        assert!(error.contains(wanted), "{new}: {error}");
    }
    let error = message(Rubric::from_yaml(
        &YAML.replace("scale: million, op", "scale: milion, op"),
    ));
    assert!(
        error.starts_with(r#"rubric, criterion "p2", field "truth": unknown variant `milion`"#),
        "{error}"
    );
    let error = message(Rubric::from_yaml("criteria: [a: b: c]"));
    assert!(
        error.starts_with("rubric: ") && error.contains("line 1"),
        "{error}"
    );
}

#[test]
fn a_file_holds_rubrics_for_tasks_types_and_all() {
    let one = "{criteria: [{id: a, dim: primary, kind: answer}]}";
    let two = "{criteria: [{id: a, dim: primary, kind: answer}, {id: b, dim: process, kind: behaviour, check: budget}]}";
    let text = format!("acme-1: {two}\nGrowth - YoY: {one}\n'*': {two}\n");
    let file = RubricFile::from_yaml(&text).expect("a file");
    let task = |id: &str, kind: &str| Task {
        id: id.into(),
        question_type: kind.into(),
        ..Task::default()
    };
    let found = |id, kind| {
        let task = task(id, kind);
        let rubric = file.rubric_for(&task).expect("any task has one");
        file.entries()
            .iter()
            .find(|(_, r)| std::ptr::eq(r, rubric))
            .map(|(key, _)| key.clone())
    };
    assert_eq!(found("acme-1", "Growth - YoY").as_deref(), Some("acme-1"));
    assert_eq!(
        found("acme-2", "Growth - YoY").as_deref(),
        Some("Growth - YoY")
    );
    assert_eq!(found("acme-2", "").as_deref(), Some("*"));
    let few = RubricFile::from_yaml(&format!("acme-1: {one}")).expect("a file");
    assert!(few.rubric_for(&task("acme-2", "")).is_none());

    let json = format!("{{\"acme-1\": {JSON}}}");
    let file = RubricFile::from_json(&json).expect("a file");
    assert_eq!(
        file.entries()[0].1,
        Rubric::from_json(JSON).expect("a rubric")
    );
    // A rubric by itself is for its task, or for all.
    let single = RubricFile::from_yaml(YAML).expect("a rubric is a file");
    assert_eq!(single.entries()[0].0, RubricFile::ANY);
    let single =
        RubricFile::from_json(&JSON.replacen('{', "{\"task\": \"acme-3\",", 1)).expect("a file");
    assert_eq!(single.entries()[0].0, "acme-3");
}

#[test]
fn mistakes_in_a_file_are_told_with_the_key() {
    let json = format!(
        "{{\"acme-1\": {}}}",
        JSON.replace("\"weight\": 2", "\"weight\": \"two\"")
    );
    assert_eq!(
        message(RubricFile::from_json(&json))
            .split(": invalid")
            .next(),
        Some(r#"rubric file, key "acme-1": rubric, criterion "p1", field "weight""#)
    );
    let yaml = "acme-1: {criteria: [{id: a, dim: primary, kind: answer}], pass: 2}";
    assert_eq!(
        message(RubricFile::from_yaml(yaml)),
        "rubric file, key \"acme-1\": rubric: pass is 2; it must be from 0.81 to 1, since a wrong report scores up to 0.8"
    );
    let error = message(RubricFile::from_json(&format!(
        "{{\"a\": {JSON}, \"a\": {JSON}}}"
    )));
    assert_eq!(
        error,
        "rubric file: the key \"a\" stands twice; one rubric a key"
    );
    let error = message(RubricFile::from_yaml(
        "a: {criteria: [{id: a, dim: primary, kind: answer}]}\na: {criteria: []}",
    ));
    assert!(
        error.contains("duplicate") || error.contains("twice"),
        "{error}"
    );
    assert!(message(RubricFile::from_json("{}")).contains("no rubric"));
    assert!(message(RubricFile::from_json("[]")).contains("rubrics by task id"));
    assert!(message(RubricFile::from_yaml("")).starts_with("rubric file: "));
}

#[test]
fn a_bomb_of_aliases_is_refused() {
    let mut text = "a: &a [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for (next, last) in ('b'..='j').zip('a'..) {
        let many = vec![format!("*{last}"); 10].join(", ");
        text = format!("{text}{next}: &{next} [{many}]\n");
    }
    assert!(RubricFile::from_yaml(&text).is_err());
}

#[test]
fn reward_configs_are_read_strictly() {
    let config = RewardConfig::from_yaml(
        "mode: shaped\nprocess_weight: 0.05\nchecks: {budget: 3, table_access: 1}",
    )
    .expect("a configuration");
    assert_eq!(
        (config.mode, config.process_weight),
        (RewardMode::Shaped, 0.05)
    );
    assert!((config.checks.weight(Check::Budget) - 3.0).abs() < 1e-12);
    assert!(config.checks.weight(Check::ListedBeforeQuery).abs() < 1e-12);
    let written = serde_json::to_string(&config).expect("JSON");
    assert_eq!(
        RewardConfig::from_json(&written).expect("its own JSON"),
        config
    );
    assert_eq!(
        RewardConfig::from_json("{}").expect("defaults"),
        RewardConfig::default()
    );
    for (text, wanted) in [
        (
            r#"{"process_weight": 0.2}"#,
            "reward: process_weight is 0.2; it must be from 0 to 0.1",
        ),
        (
            r#"{"process_weight": -0.1}"#,
            "reward: process_weight is -0.1; it must be from 0 to 0.1",
        ),
        (
            r#"{"wrong_share": 0.6}"#,
            "reward: wrong_share is 0.6; it must be from 0 to 0.5",
        ),
        (
            r#"{"cascade_credit": 1.5}"#,
            "reward: cascade_credit is 1.5; it must be from 0 to 1",
        ),
        (
            r#"{"mode": "both"}"#,
            "reward: unknown variant `both`, expected one of `outcome`, `binary`, `shaped`",
        ),
        (
            r#"{"procss_weight": 0.1}"#,
            "reward: unknown field `procss_weight`, expected one of `mode`, `process_weight`",
        ),
        (
            r#"{"checks": {"listed": 1}}"#,
            "reward: check \"listed\" is unknown; it must be one of listed_before_query, ",
        ),
        (
            r#"{"checks": {"budget": -1}}"#,
            "reward: checks: budget is -1; a weight is 0 or more",
        ),
        (
            r#"{"checks": {}}"#,
            "reward: checks: no check has a weight above 0",
        ),
    ] {
        let error = message(RewardConfig::from_json(text));
        assert!(error.starts_with(wanted), "{text}: {error}");
        let error = message(RewardConfig::from_yaml(text)).replace('`', "");
        let wanted = wanted.trim_start_matches("reward: ").replace('`', "");
        assert!(error.contains(&wanted), "{text}: {error}");
    }
    let nan = RewardConfig {
        process_weight: f64::NAN,
        ..RewardConfig::default()
    };
    assert_eq!(
        message(nan.check()),
        "reward: process_weight is NaN; it must be from 0 to 0.1"
    );
}
