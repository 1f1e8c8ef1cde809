//! Rewards: what a trainer is told of right, wrong and missing answers.

use finqa_core::behaviour::{Check, CheckWeights, RewardConfig, RewardMode};
use finqa_core::{Rubric, Task, ToolErrorCode as Code};

use crate::builder::{DEBT, Episode, episode, gold_growth, growth, lookup};

fn shaped() -> RewardConfig {
    RewardConfig {
        mode: RewardMode::Shaped,
        ..RewardConfig::default()
    }
}

fn near(a: f64, b: f64) -> bool {
    (a - b).abs() < 1e-12
}

#[test]
fn a_single_answer_earns_its_outcome_by_default() {
    let wrong = Episode {
        submission: Some("12.5%".into()),
        ..gold_growth()
    };
    for mode in [RewardMode::Outcome, RewardMode::Binary] {
        let config = RewardConfig {
            mode,
            ..RewardConfig::default()
        };
        assert_eq!(gold_growth().score_with(&growth(), &config).reward, 1.0);
        assert_eq!(wrong.score_with(&growth(), &config).reward, 0.0);
    }
}

#[test]
fn shaping_adds_little_and_less_to_wrong_answers() {
    let right = gold_growth().score_with(&growth(), &shaped());
    assert!(
        near(right.reward, 1.1) && right.process == Some(1.0),
        "{right:?}"
    );
    // All as it should be, but for the answer: 17.1 is near, and follows from nothing.
    let mut wrong = gold_growth();
    wrong.submission = Some("-17.0%".into());
    let score = wrong.score_with(&growth(), &shaped());
    assert!(near(score.reward, 0.05), "{score:?}");
    let blind = episode().submit("17.0%").score_with(&growth(), &shaped());
    assert!(
        blind.reward > 1.0 && blind.reward < right.reward,
        "{blind:?}"
    );
}

#[test]
fn without_a_submission_nothing_is_earned() {
    let mut cut = gold_growth();
    cut.submission = None;
    let score = cut.score_with(&growth(), &shaped());
    assert_eq!(
        (score.reward, score.outcome, score.reason),
        (0.0, 0.0, None)
    );
    assert_eq!(score.criteria[0].reason, "no_submission");
    assert!(score.dimensions[0].applicable && score.dimensions[0].score == 0.0);
    assert!(
        score.process.is_some_and(|p| p > 0.5),
        "the process is still told"
    );
}

#[test]
fn a_report_that_is_wrong_stays_below_every_right_one() {
    let rubric = Rubric::from_yaml(
        "criteria:
  - {id: a, dim: primary, kind: value, slot: cost, weight: 1, truth: {value: 117, op: exact}}
  - {id: b, dim: primary, kind: value, slot: base, weight: 99, truth: {value: 100, op: exact}}",
    )
    .expect("a rubric");
    let task = Task {
        rubric: Some(rubric),
        ..lookup("a report")
    };
    let read = || {
        episode()
            .list()
            .info(DEBT)
            .query(DEBT, &["117", "100", "116"])
            .calculate("116")
    };
    let right = read()
        .submit("Cost: 117\nBase: 100")
        .score_with(&task, &shaped());
    assert!(near(right.reward, 1.1), "{right:?}");
    // 0.99 by the rubric, and one cell is wrong.
    let wrong = read()
        .submit("Cost: 116\nBase: 100")
        .score_with(&task, &shaped());
    assert_eq!((wrong.outcome, wrong.reward), (0.8, 0.8));
    let config = RewardConfig {
        mode: RewardMode::Binary,
        ..RewardConfig::default()
    };
    assert_eq!(
        read()
            .submit("Cost: 116\nBase: 100")
            .score_with(&task, &config)
            .reward,
        0.0
    );
    assert_eq!(
        read()
            .submit("Cost: 117\nBase: 100")
            .score_with(&task, &config)
            .reward,
        1.0
    );
}

#[test]
fn the_process_is_the_mean_of_the_weighted_checks() {
    let mut weights = [0.0; Check::COUNT];
    weights[Check::ListedBeforeQuery as usize] = 3.0;
    weights[Check::TableAccess as usize] = 1.0;
    let config = RewardConfig {
        checks: CheckWeights::new(weights).expect("weights"),
        ..shaped()
    };
    let listed = episode()
        .list()
        .submit("17.0%")
        .score_with(&growth(), &config);
    assert!(listed.process.is_some_and(|p| near(p, 0.75)), "{listed:?}");
    assert!(CheckWeights::new([0.0; Check::COUNT]).is_err());
    assert!(CheckWeights::new([-1.0; Check::COUNT]).is_err());
    assert!(CheckWeights::new([f64::NAN; Check::COUNT]).is_err());
}

#[test]
fn failing_on_purpose_and_recovering_earns_nothing() {
    // Not listed: the process is short of 1, and one more check that holds would raise the mean.
    let plain = episode()
        .info(DEBT)
        .query(DEBT, &["117", "100"])
        .calculate("17")
        .submit("17.0%");
    let staged = episode()
        .info(DEBT)
        .query(DEBT, &["x"])
        .failing(Code::SqlNoSuchColumn)
        .query(DEBT, &[])
        .query(DEBT, &["117", "100"])
        .calculate("17")
        .submit("17.0%");
    let (plain, staged) = (
        plain.score_with(&growth(), &shaped()),
        staged.score_with(&growth(), &shaped()),
    );
    for check in [
        Check::RecoveredFromError,
        Check::HandledEmpty,
        Check::NoRepeatFailed,
    ] {
        assert_eq!(staged.check(check).score, 1.0, "{check:?}");
    }
    assert_eq!(plain.process, staged.process);
    // What is not recovered from costs.
    let failed = episode()
        .info(DEBT)
        .query(DEBT, &["117", "100"])
        .query(DEBT, &["x"])
        .failing(Code::SqlNoSuchColumn)
        .calculate("17")
        .submit("17.0%");
    assert!(failed.score_with(&growth(), &shaped()).process < plain.process);
}
