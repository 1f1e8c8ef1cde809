//! Rubrics: every kind of criterion and every guard, with reports written by hand.

#![expect(
    clippy::float_cmp,
    reason = "a criterion scores 0, 0.5 or 1, which floats hold exactly"
)]

use finqa_core::answer::{AnswerMode, Verdict};
use finqa_core::rubric::{
    CriterionKind, Dimension, Rubric, RubricOptions, RubricScore, score_rubric,
};
use finqa_core::{Corpus, CorpusInfo, Task};

/// Two primary values in millions, a ratio and its change, a verdict, a total that is said twice, a form.
const BURDEN: &str = r#"{
  "slots": [
    {"name": "total_in", "label": "Total", "section": "1. Inputs", "unit": "amount", "scale": "million"},
    {"name": "total_end", "label": "Total", "section": "3. Conclusion", "unit": "amount", "scale": "million"}
  ],
  "criteria": [
    {"id": "p1", "dim": "primary", "kind": "value", "slot": "cost", "weight": 1,
     "truth": {"value": "1526", "unit": "amount", "scale": "million", "op": "exact"}},
    {"id": "p2", "dim": "primary", "kind": "value", "slot": "expense", "weight": 3,
     "truth": {"value": "33,174", "unit": "amount", "scale": "million", "op": "exact"}},
    {"id": "d1", "dim": "derived", "kind": "value", "slot": "ratio", "weight": 2,
     "truth": {"value": "0.046", "unit": "ratio", "op": "derived", "decimals": 3}, "from": {"expr": "cost/expense"}},
    {"id": "d2", "dim": "derived", "kind": "value", "slot": "excess",
     "truth": {"value": "1.6", "unit": "pp", "op": "derived"}, "from": {"expr": "d1*100 - 3"}},
    {"id": "r1", "dim": "reasoning", "kind": "choice", "slot": "verdict",
     "rule": "low if d1<0.03 else moderate if d1<0.08 else high", "truth": {"value": "moderate", "aliases": ["medium"]}},
    {"id": "c1", "dim": "consistency", "kind": "equal", "slots": ["total_in", "total_end"]},
    {"id": "c2", "dim": "consistency", "kind": "sum", "slots": ["cost", "expense"], "total": "total_in"},
    {"id": "s1", "dim": "structure", "kind": "format", "headings": ["1. Inputs", "2. Metrics", "3. Conclusion"]},
    {"id": "t1", "dim": "process", "kind": "table_access", "tables": ["a", "b"]},
    {"id": "b1", "dim": "process", "kind": "behaviour", "check": "listed_before_query"},
    {"id": "j1", "dim": "reasoning", "kind": "judge", "prompt": "Is it sensible?"}
  ],
  "pass": 0.9
}"#;

const RIGHT: &str = "\
## 1. Inputs
- Cost: $1,526 million
- Expense: $33,174 million
- Total: $34,700 million

## 2. Metrics
- Ratio: 4.6%
- Excess: 1.6 pp

## 3. Conclusion
- Total: $34.7 billion
- Verdict: **Moderate**
";

fn burden() -> Rubric {
    serde_json::from_str(BURDEN).expect("a rubric")
}

fn with(changes: &[(&str, &str)]) -> String {
    changes.iter().fold(RIGHT.to_owned(), |text, (old, new)| {
        assert!(text.contains(old), "{old:?}");
        text.replace(old, new)
    })
}

fn scored(report: &str) -> RubricScore {
    let score = score_rubric(report, &burden(), &RubricOptions::default());
    for criterion in &score.criteria {
        assert!(
            RubricScore::REASONS
                .iter()
                .chain(Verdict::REASONS)
                .any(|(name, _)| *name == criterion.reason),
            "{} is not listed",
            criterion.reason
        );
    }
    score
}

/// Score and reason of one criterion.
fn of(score: &RubricScore, id: &str) -> (f64, &'static str) {
    let at = burden()
        .criteria
        .iter()
        .position(|c| c.id == id)
        .expect("an id");
    (score.criteria[at].score, score.criteria[at].reason)
}

fn near(a: f64, b: f64) -> bool {
    (a - b).abs() < 1e-12
}

#[test]
fn the_right_report_scores_one() {
    let score = scored(RIGHT);
    assert!(score.is_correct, "{score:?}");
    assert!(
        near(score.score, 1.0) && near(score.outcome, 1.0),
        "{score:?}"
    );
    assert!(score.dimensions.iter().all(|d| d.applicable));
    for id in ["t1", "b1", "j1"] {
        assert_eq!(of(&score, id), (0.0, "not_applicable"));
    }
    assert_eq!(of(&score, "r1").1, "true_choice");
    assert_eq!(
        of(&scored(&with(&[("**Moderate**", "medium")])), "r1").1,
        "true_choice"
    );
    // JSON holds the values, but no headings.
    let json = r#"{"cost": "$1,526", "Expense": 33174, "total_in": 34700, "ratio": 0.046, "excess": "1.6",
                   "total_end": 34700.0, "verdict": "moderate"}"#;
    let score = scored(json);
    assert!(score.is_correct && near(score.score, 0.95), "{score:?}");
}

#[test]
fn nothing_scores_nothing() {
    for text in ["", "I don't know", "{}", "Cost 5", "## 1. inputs"] {
        let score = scored(text);
        assert!(score.score < 0.02 && !score.is_correct, "{text}: {score:?}");
        assert_eq!(of(&score, "p1"), (0.0, "missing"));
        assert_eq!(of(&score, "r1"), (0.0, "missing"));
        assert_eq!(of(&score, "c1"), (0.0, "missing_input"));
    }
    assert!(near(scored("").score, 0.0));
}

#[test]
fn a_wrong_cell_costs_its_own_weight_and_halves_what_follows() {
    let score = scored(&with(&[
        ("$1,526 million", "$1,490 million"),
        ("4.6%", "4.5%"),
        ("1.6 pp", "1.5 pp"),
        ("$34,700 million", "34,664"),
        ("$34.7 billion", "34,664"),
    ]));
    assert_eq!(of(&score, "p1"), (0.0, "off_value"));
    assert_eq!(of(&score, "p2").0, 1.0);
    assert!(near(score.dimensions[0].score, 0.75));
    assert_eq!(of(&score, "d1"), (0.5, "consistent"));
    assert_eq!(of(&score, "d2"), (0.5, "consistent"));
    assert_eq!(of(&score, "r1"), (1.0, "true_choice"));
    // Neither total has a truth, so agreement needs none.
    assert_eq!(of(&score, "c1"), (1.0, "agree"));
    assert_eq!(of(&score, "c2"), (1.0, "agree"));
    let expected = 0.3 * 0.75 + 0.3 * 0.5 + 0.15 + 0.1 + 0.1 + 0.05;
    assert!(near(score.score, expected), "{score:?}");
    assert!(!score.is_correct && near(score.outcome, score.score));
}

#[test]
fn a_high_score_with_a_wrong_primary_value_is_capped() {
    let mut rubric = burden();
    rubric.weights.primary = 0.05;
    let only = with(&[("$1,526 million", "$1,525 million")]);
    let strict = score_rubric(&only, &rubric, &RubricOptions::of(AnswerMode::Strict));
    let openenv = score_rubric(&only, &rubric, &RubricOptions::of(AnswerMode::OpenEnv));
    assert!(
        strict.score > 0.9 && near(strict.score, openenv.score),
        "{strict:?}"
    );
    assert!(!strict.is_correct && near(strict.outcome, 0.8));
    assert!(openenv.is_correct && near(openenv.outcome, openenv.score));
}

#[test]
fn a_formula_of_its_own_gets_no_credit() {
    // The new value as the base: neither the truth nor cost/expense of the report.
    let score = scored(&with(&[
        ("$1,526 million", "$1,490 million"),
        ("4.6%", "21.7"),
    ]));
    assert_eq!(of(&score, "d1").0, 0.0);
    // An input that is missing, or no number.
    for input in ["", "?", "about five"] {
        let score = scored(&with(&[("$1,526 million", input), ("4.6%", "4.5%")]));
        assert_eq!(of(&score, "d1"), (0.0, "off_value"), "{input}");
    }
    // A right value needs no inputs.
    let score = scored(&with(&[("$1,526 million", "?")]));
    assert_eq!(of(&score, "d1").0, 1.0);
}

#[test]
fn cheap_consistency_gets_no_credit() {
    let numbers = |cost: &str, expense: &str, ratio: &str, excess: &str| {
        scored(&with(&[
            ("$1,526 million", cost),
            ("$33,174 million", expense),
            ("4.6%", ratio),
            ("1.6 pp", excess),
        ]))
    };
    let score = numbers("10", "20", "0.5", "47");
    assert_eq!(of(&score, "d1"), (0.0, "no_right_input"));
    assert_eq!(of(&score, "d2"), (0.0, "no_right_input"));
    let score = numbers("20", "20", "1", "97");
    assert_eq!(of(&score, "d1"), (0.0, "equal_inputs"));
    let score = numbers("33174", "33174", "1", "97");
    assert_eq!(of(&score, "d1"), (0.0, "equal_inputs"));
    // One right number further down the chain is enough.
    let score = numbers("3317.4", "33,174", "0.1", "7");
    assert_eq!(of(&score, "d2"), (0.5, "consistent"));
    let score = numbers("1526", "15.26", "0", "-3");
    assert_eq!(of(&score, "d2"), (0.0, "zero_inputs"));
    // No credit without the credit.
    let report = with(&[("$1,526 million", "3317.4"), ("4.6%", "10%")]);
    for (credit, expected) in [(0.0, 0.0), (0.25, 0.25), (1.0, 1.0)] {
        let options = RubricOptions {
            cascade_credit: credit,
            ..RubricOptions::default()
        };
        let score = score_rubric(&report, &burden(), &options);
        assert_eq!(of(&score, "d1"), (expected, "consistent"));
    }
}

#[test]
fn what_follows_from_an_invented_number_gets_no_credit() {
    let report = with(&[("$1,526 million", "$3,317.4 million"), ("4.6%", "10%")]);
    for (known, expected) in [
        (vec!["3317.4"], (0.5, "consistent")),
        (vec!["1526", "33174"], (0.0, "invented_inputs")),
    ] {
        let seen = |number: &str| known.contains(&number);
        let options = RubricOptions {
            seen: Some(&seen),
            ..RubricOptions::default()
        };
        assert_eq!(
            of(&score_rubric(&report, &burden(), &options), "d1"),
            expected
        );
    }
}

#[test]
fn a_choice_follows_from_the_reports_own_numbers() {
    // A ratio of 0.1 makes it high.
    let ten = [("$1,526 million", "$3,317.4 million"), ("4.6%", "10%")];
    let choice = |verdict: &str, numbers: &[(&str, &str)]| {
        let mut changes = numbers.to_vec();
        changes.push(("**Moderate**", verdict));
        of(&scored(&with(&changes)), "r1")
    };
    assert_eq!(choice("high", &ten), (0.5, "self_consistent"));
    assert_eq!(choice("moderate", &ten), (0.0, "contradiction"));
    assert_eq!(choice("medium", &ten), (0.0, "contradiction"));
    assert_eq!(choice("low", &[]), (0.0, "contradiction"));
    assert_eq!(choice("moderate or high", &[]), (0.0, "contradiction"));
    assert_eq!(choice("?", &[]), (0.0, "unfilled"));
    assert_eq!(choice("moderate", &[("4.6%", "?")]), (0.0, "missing_input"));
    let junk = [
        ("$1,526 million", "1"),
        ("$33,174 million", "2"),
        ("4.6%", "0.5"),
    ];
    assert_eq!(choice("high", &junk), (0.0, "no_right_input"));
}

#[test]
fn numbers_must_agree_with_each_other() {
    let score = scored(&with(&[("$34.7 billion", "34,701")]));
    assert_eq!(of(&score, "c1"), (0.0, "disagree"));
    assert_eq!(of(&score, "c2"), (1.0, "agree"));
    let score = scored(&with(&[("$34,700 million", "34,701")]));
    assert_eq!(of(&score, "c2"), (0.0, "disagree"));
    let score = scored(&with(&[("$34,700 million", "-")]));
    assert_eq!(of(&score, "c2"), (0.0, "missing_input"));
    let mut rubric = burden();
    for criterion in &mut rubric.criteria {
        if let CriterionKind::Sum { tolerance, .. } = &mut criterion.kind {
            "1".clone_into(tolerance);
        }
    }
    rubric.check().expect("a sound rubric");
    for (total, expected) in [("34,701", 1.0), ("34,699", 1.0), ("34,702", 0.0)] {
        let report = with(&[("$34,700 million", total)]);
        let score = score_rubric(&report, &rubric, &RubricOptions::default());
        assert_eq!(of(&score, "c2").0, expected, "{total}");
    }
    // Agreement of made-up numbers is worth nothing where none is right.
    let score = scored(&with(&[
        ("$1,526 million", "1"),
        ("$33,174 million", "2"),
        ("$34,700 million", "3"),
        ("$34.7 billion", "3"),
    ]));
    assert_eq!(of(&score, "c2"), (0.0, "no_right_input"));
}

#[test]
fn filled_means_a_value() {
    let share = |text: &str| scored(text).dimensions[4].score;
    assert!(near(share(RIGHT), 1.0));
    for empty in [
        "$?M",
        "?",
        "N/A",
        "not available",
        "TBD",
        "—",
        "___",
        "",
        "unknown",
        "1 or 2",
    ] {
        let report = with(&[("$1,526 million", empty)]);
        assert!(
            near(share(&report), 6.0 / 7.0),
            "{empty:?}: {}",
            share(&report)
        );
    }
    let zeros = "1. Inputs\nCost: 0\nExpense: 0\nTotal: 0\nRatio: 0\nExcess: 0%\n3. Conclusion\nTotal: 0\nVerdict: low";
    assert!(near(share(zeros), 1.0 / 7.0), "{}", share(zeros));
    assert!(near(share(&zeros.replace("Cost: 0", "Cost: 5")), 1.0));
}

#[test]
fn the_form_is_headings_in_order_and_a_value_a_line() {
    let form = |text: &str| of(&scored(text), "s1");
    assert_eq!(form(RIGHT), (1.0, "complete"));
    assert_eq!(
        form(&with(&[("## 2. Metrics\n", "")])),
        (0.75, "incomplete")
    );
    assert_eq!(
        form(&with(&[("## 2. Metrics", "Metrics:")])),
        (1.0, "complete")
    );
    let swapped = with(&[
        ("1. Inputs", "X"),
        ("2. Metrics", "1. Inputs"),
        ("## X", "## 2. Metrics"),
    ]);
    assert_eq!(form(&swapped), (0.75, "incomplete"));
    let crowded = with(&[("4.6%\n- Excess", "4.6%; Excess")]);
    assert_eq!(form(&crowded), (0.75, "crowded"));
    assert_eq!(of(&scored(&crowded), "d2"), (0.0, "missing"));
}

#[test]
fn json_has_the_form_of_the_page_and_comes_back() {
    let rubric = burden();
    let text = serde_json::to_string(&rubric).expect("JSON");
    assert_eq!(
        serde_json::from_str::<Rubric>(&text).expect("a rubric"),
        rubric
    );
    assert_eq!(rubric.criteria[8].dim, Dimension::Process);
    // What is not said has the documented default.
    let short: Rubric = serde_json::from_str(
        r#"{"criteria": [{"id": "p", "dim": "primary", "kind": "value", "slot": "x", "truth": {"value": "5"}}]}"#,
    )
    .expect("a rubric");
    assert!(near(short.pass, 0.9) && near(short.weights.primary, 0.3));
    assert!(near(short.criteria[0].weight, 1.0));
}

#[test]
fn a_rubric_that_cannot_work_is_refused_with_the_place() {
    for (old, new, wanted) in [
        ("\"pass\": 0.9", "\"pass\": 0.8", "pass is 0.8"),
        ("\"pass\": 0.9", "\"fail\": 0.9", "unknown field `fail`"),
        (
            "\"kind\": \"sum\"",
            "\"kind\": \"total\"",
            "criterion \"c2\": kind \"total\" is unknown",
        ),
        (
            "\"total\": \"total_in\"",
            "\"tolerance\": \"1\"",
            "criterion \"c2\": kind sum needs the field \"total\"",
        ),
        (
            "\"total\": \"total_in\"",
            "\"total\": \"total_in\", \"rule\": \"\"",
            "takes no field \"rule\"",
        ),
        (
            "\"total\": \"total_in\"",
            "\"total\": \"nothing\"",
            "criterion \"c2\": there is no slot \"nothing\"",
        ),
        (
            "\"id\": \"p2\"",
            "\"id\": \"p1\"",
            "criterion \"p1\": ids are not empty and unique",
        ),
        ("\"weight\": 3", "\"weight\": 0", "weight is 0"),
        ("\"weight\": 3", "\"weight\": 1e39", "at most 1000000"),
        (
            "cost/expense",
            "cost/costs",
            "criterion \"d1\": there is no slot \"costs\"",
        ),
        ("cost/expense", "cost/", "has no value for the true values"),
        (
            "cost/expense",
            "cost/(expense-p2)",
            "has no value for the true values",
        ),
        (
            "cost/expense",
            "ratio/expense",
            "\"ratio\" depends on itself",
        ),
        (
            "cost/expense",
            "verdict/expense",
            "\"verdict\" holds no number",
        ),
        ("\"33,174\"", "\"33174 or so 5\"", "cannot be read"),
        (
            "\"moderate\", \"aliases\"",
            "\"high\", \"aliases\"",
            "the rule gives \"moderate\" for the true values, the truth is \"high\"",
        ),
        ("low if d1<0.03 else", "low else", "is none; write"),
        (
            "\"slot\": \"expense\", \"weight\": 3",
            "\"slot\": \"cost\", \"weight\": 3",
            "two criteria",
        ),
        (
            "\"section\": \"3. Conclusion\"",
            "\"section\": \"1) inputs\"",
            "both have the label \"total\"",
        ),
        (
            "\"slot\": \"excess\"",
            "\"slot\": \"max\"",
            "no function of the calculator",
        ),
        (
            "\"dim\": \"process\", \"kind\": \"table_access\"",
            "\"dim\": \"primary\", \"kind\": \"table_access\"",
            "do not go together",
        ),
        ("\"2. Metrics\"", "\"--\"", "headings with letters"),
        (
            "\"unit\": \"ratio\"",
            "\"unit\": \"absent\"",
            "cannot be read",
        ),
        (
            "\"dim\": \"primary\"",
            "\"dim\": \"consistency\"",
            "no criterion of kind value, text or answer in dimension primary",
        ),
        (
            "\"check\": \"listed_before_query\"",
            "\"check\": \"listed\"",
            "check \"listed\" is unknown; it must be one of listed_before_query, ",
        ),
        ("[\"a\", \"b\"]", "[]", "one table or more"),
    ] {
        let text = BURDEN.replace(old, new);
        assert_ne!(text, BURDEN, "{old}");
        let error = serde_json::from_str::<Rubric>(&text)
            .expect_err(old)
            .to_string();
        assert!(error.contains(wanted), "{old} -> {new}: {error}");
    }
}

#[test]
fn a_task_scores_by_its_rubric_in_both_modes() {
    let task = Task {
        id: "t".into(),
        companies: vec!["acme".into()],
        truth: RIGHT.into(),
        rubric: Some(burden()),
        ..Task::default()
    };
    for mode in [AnswerMode::Strict, AnswerMode::OpenEnv] {
        let right = task.score(RIGHT, mode);
        assert!(right.is_correct && near(right.score, 1.0), "{right:?}");
        assert_eq!(right.reason, "rubric_passed");
        let half = task.score("Cost: 1526\nExpense: 33174", mode);
        assert!(
            !half.is_correct && half.score > 0.3 && half.score < 0.5,
            "{half:?}"
        );
        assert_eq!(half.reason, "rubric_failed");
    }
    // Without a rubric nothing changes, in JSON neither.
    let plain = Task {
        rubric: None,
        ..task.clone()
    };
    assert!(
        !serde_json::to_string(&plain)
            .expect("JSON")
            .contains("rubric")
    );
    let text = serde_json::to_string(&task).expect("JSON");
    assert_eq!(serde_json::from_str::<Task>(&text).expect("a task"), task);
    let mut unsound = task;
    unsound.rubric = Some(Rubric::default());
    let error = Corpus::new(CorpusInfo::default(), Vec::new(), vec![unsound]).expect_err("unsound");
    assert!(error.to_string().contains("dimension primary"), "{error}");
}
