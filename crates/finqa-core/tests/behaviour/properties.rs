//! What holds for every episode, right or wrong, sensible or not.

use finqa_core::action::AttemptStatus;
use finqa_core::answer::AnswerMode;
use finqa_core::behaviour::{
    CallEvent, Check, CheckWeights, Ended, EpisodeLog, EpisodeScore, RewardConfig, RewardMode,
    TableKey, score_episode,
};
use finqa_core::tool::ToolKind;
use finqa_core::{Rubric, Task, ToolErrorCode};
use proptest::collection::vec;
use proptest::option::of as maybe;
use proptest::prelude::*;
use proptest::sample::select;

use crate::builder::{DEBT, Episode, INCOME, episode, growth, lookup, unanswerable};

const REPORT: &str = r"
criteria:
  - {id: p1, dim: primary, kind: value, slot: cost, weight: 2, truth: {value: 1526, op: exact}}
  - {id: p2, dim: primary, kind: value, slot: expense, truth: {value: 33174, op: exact}}
  - {id: d1, dim: derived, kind: value, slot: ratio, truth: {value: 0.046, unit: ratio, decimals: 3},
     from: {expr: cost/expense}}
  - {id: r1, dim: reasoning, kind: choice, slot: verdict, rule: low if d1<0.03 else high}
  - {id: c1, dim: consistency, kind: sum, slots: [cost, expense], total: total}
  - {id: t1, dim: process, kind: table_access, tables: [debt]}
  - {id: b1, dim: process, kind: behaviour, check: no_hallucinated_answer}
slots:
  - {name: total, unit: amount}
pass: 0.81
";

/// The right lines of the report.
const RIGHT: [&str; 5] = [
    "Cost: 1,526",
    "Expense: 33,174",
    "Ratio: 4.6%",
    "Verdict: high",
    "Total: 34,700",
];

fn report() -> Task {
    Task {
        rubric: Some(Rubric::from_yaml(REPORT).expect("a rubric")),
        ..lookup("a report")
    }
}

fn config() -> impl Strategy<Value = RewardConfig> {
    let mode = select(vec![
        RewardMode::Outcome,
        RewardMode::Binary,
        RewardMode::Shaped,
    ]);
    let weights = vec(0.0..3.0_f64, Check::COUNT);
    (mode, 0.0..=0.1_f64, 0.0..=0.5_f64, 0.0..=1.0_f64, weights).prop_map(
        |(mode, process_weight, wrong_share, cascade_credit, weights)| {
            let mut checks = [1.0; Check::COUNT];
            checks.copy_from_slice(&weights);
            RewardConfig {
                mode,
                process_weight,
                wrong_share,
                cascade_credit,
                checks: CheckWeights::new(checks).unwrap_or_default(),
            }
        },
    )
}

fn call() -> impl Strategy<Value = CallEvent> {
    let table = (0..2_u32, 0..4_u16);
    (
        maybe(select(ToolKind::ALL.to_vec())),
        select(AttemptStatus::ALL.to_vec()),
        maybe(select(ToolErrorCode::ALL.to_vec())),
        maybe(table),
        (0..3_u32, 0..4_u64),
        (any::<bool>(), any::<bool>()),
    )
        .prop_map(
            |(kind, status, error, table, (rows, fingerprint), flags)| CallEvent {
                turn: 1,
                kind,
                status,
                error,
                table,
                rows,
                fingerprint,
                has_filter: flags.0,
                has_arithmetic: flags.1,
                latency_ns: 0,
            },
        )
}

/// Text with many numbers, and text with anything.
fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        "[-0-9.,%$() e:;\"{}a-zK\u{2014}\u{ff11}=/]{0,60}",
        ".{0,40}",
        select(vec![
            "\\boxed{17.0\\%}".to_owned(),
            RIGHT.join("\n"),
            "not answerable".to_owned(),
            "Cost: 1526\nExpense: 9\nRatio: 169.6".to_owned(),
        ]),
    ]
}

fn task() -> impl Strategy<Value = Task> {
    select(vec![
        growth(),
        lookup("117"),
        unanswerable(),
        report(),
        Task::default(),
    ])
}

/// A line of the report that may be right, wrong, or nothing.
fn lines() -> impl Strategy<Value = Vec<String>> {
    let line = |i: usize| {
        let label = RIGHT[i].split(':').next().unwrap_or_default();
        prop_oneof![
            Just(RIGHT[i].to_owned()),
            (0..40_000_u32).prop_map(move |n| format!("{label}: {n}")),
            Just(String::new()),
        ]
    };
    (line(0), line(1), line(2), line(3), line(4)).prop_map(|(a, b, c, d, e)| vec![a, b, c, d, e])
}

fn read() -> Episode {
    episode()
        .list()
        .info(DEBT)
        .query(DEBT, &["1,526", "33,174"])
}

fn shaped() -> RewardConfig {
    RewardConfig {
        mode: RewardMode::Shaped,
        ..RewardConfig::default()
    }
}

proptest! {
    #[test]
    fn any_log_is_scored(
        task in task(),
        config in config(),
        calls in vec(call(), 0..12),
        outputs in vec(text(), 0..12),
        submission in maybe(text()),
        needed in vec((0..2_u32, 0..4_u16), 0..3),
        ended in select(vec![Ended::Submitted, Ended::OutOfTurns, Ended::Malformed, Ended::Fault]),
        (can_list, can_inspect, is_strict) in (any::<bool>(), any::<bool>(), any::<bool>()),
    ) {
        let outputs: Vec<&str> = outputs.iter().map(String::as_str).collect();
        let log = EpisodeLog {
            calls: &calls,
            more_tables: &[],
            outputs: &outputs,
            submission: submission.as_deref(),
            ended,
            needed_tables: &needed,
            can_list,
            can_inspect,
        };
        let mode = if is_strict { AnswerMode::Strict } else { AnswerMode::OpenEnv };
        let score = score_episode(&task, &log, mode, &config);
        let unit = |x: f64| (0.0..=1.0).contains(&x);
        prop_assert!(unit(score.outcome) && score.process.is_none_or(unit));
        for c in score.checks.iter().chain(&score.criteria) {
            prop_assert!(unit(c.score) && (c.applicable || c.score == 0.0), "{c:?}");
        }
        prop_assert!(score.dimensions.iter().all(|d| unit(d.score)));
        prop_assert!((0.0..=1.0 + config.process_weight).contains(&score.reward));
        prop_assert!(!(score.is_correct && score.failure.is_some()));
        if submission.is_none() {
            prop_assert_eq!((score.reward, score.outcome), (0.0, 0.0));
        }
    }

    #[test]
    fn no_wrong_answer_reaches_a_right_one(
        config in config(),
        task in task(),
        (one, two) in (lines(), lines()),
        (text_one, text_two) in (text(), text()),
        is_report in any::<bool>(),
    ) {
        prop_assert!(config.check().is_ok());
        let submissions = if is_report { [one.join("\n"), two.join("\n")] } else { [text_one, text_two] };
        let mut scores: Vec<EpisodeScore> = Vec::new();
        for submission in &submissions {
            // A good process and a bad one for each.
            scores.push(read().calculate("17").submit(submission).score_with(&task, &config));
            scores.push(episode().submit(submission).score_with(&task, &config));
        }
        let right = read().submit(&task.truth).score_with(&task, &config);
        scores.push(right);
        for wrong in scores.iter().filter(|s| !s.is_correct) {
            for right in scores.iter().filter(|s| s.is_correct) {
                prop_assert!(wrong.reward < right.reward, "{wrong:?} {right:?}");
            }
            if task.rubric.is_none() {
                prop_assert!(wrong.reward <= 0.05);
            }
        }
    }

    #[test]
    fn outcomes_that_differ_by_more_than_the_process_weight_keep_their_order(
        config in config(),
        (one, two) in (lines(), lines()),
        (good_one, good_two) in (any::<bool>(), any::<bool>()),
    ) {
        let config = RewardConfig { mode: RewardMode::Shaped, ..config };
        let play = |is_good: bool, lines: &[String]| {
            let start = if is_good { read() } else { episode() };
            start.submit(&lines.join("\n")).score_with(&report(), &config)
        };
        let (a, b) = (play(good_one, &one), play(good_two, &two));
        if a.outcome > b.outcome + config.process_weight + 1e-12 {
            prop_assert!(a.reward > b.reward, "{a:?} {b:?}");
        }
    }

    #[test]
    fn a_right_slot_more_never_lowers_the_outcome(config in config(), lines in lines(), at in 0..5_usize) {
        // A total that does not add up with what is written agrees with nothing: no right slot.
        let has_wrong = (0..2).any(|i| !lines[i].is_empty() && lines[i] != RIGHT[i]);
        prop_assume!(!(at == 4 && has_wrong));
        let with = |line: &str| {
            let mut lines = lines.clone();
            line.clone_into(&mut lines[at]);
            read().submit(&lines.join("\n")).score_with(&report(), &config)
        };
        let (before, after) = (with(""), with(RIGHT[at]));
        prop_assert!(after.outcome + 1e-12 >= before.outcome, "{before:?} {after:?}");
    }

    #[test]
    fn the_order_of_slots_means_nothing(
        config in config(),
        (lines, order) in lines().prop_flat_map(|l| (Just(l.clone()), Just(l).prop_shuffle())),
    ) {
        let a = read().submit(&lines.join("\n")).score_with(&report(), &config);
        let b = read().submit(&order.join("\n")).score_with(&report(), &config);
        prop_assert_eq!(a, b);
    }

    #[test]
    fn spamming_tables_and_results_never_gains(
        submission in text(),
        tables in vec(1..9_u16, 1..6),
        task in task(),
    ) {
        let plain = read().submit(&submission).score_with(&task, &shaped());
        let infos = tables.iter().fold(read(), |e, t| e.info((0, *t)));
        let infos = infos.submit(&submission).score_with(&task, &shaped());
        prop_assert!(infos.reward <= plain.reward + 1e-12, "{plain:?} {infos:?}");
        let again = tables.iter().fold(read(), |e, _| e.query(DEBT, &["1,526", "33,174"]));
        let again = again.submit(&submission).score_with(&task, &shaped());
        prop_assert!(again.reward <= plain.reward + 1e-12, "{plain:?} {again:?}");
    }

    #[test]
    fn repeating_numbers_in_the_submission_never_gains(
        numbers in vec(select(vec!["1,526", "33,174", "77.25", "4.25", "17.0%"]), 1..4),
        times in 1..4_usize,
        line in 0..5_usize,
    ) {
        let once = numbers.join("; ");
        let often = vec![once.as_str(); times + 1].join("; ");
        for task in [growth(), lookup("1526"), unanswerable()] {
            let a = read().submit(&once).score_with(&task, &shaped());
            let b = read().submit(&often).score_with(&task, &shaped());
            prop_assert!(b.reward <= a.reward + 1e-12, "{often}: {a:?} {b:?}");
        }
        // The same line again, or a seen number in a slot that was left out, hides no invented one.
        let wrong = ["Cost: 1,999", RIGHT[line.max(1)]].join("\n");
        let padded = format!("{wrong}\n{}", vec![RIGHT[line.max(1)]; times].join("\n"));
        let check = |text: &str| {
            let score = read().submit(text).score_with(&report(), &shaped());
            (score.reward, score.check(Check::NoHallucinatedAnswer).score)
        };
        prop_assert_eq!(check(&wrong), check(&padded));
    }
}

#[test]
fn no_evidence_is_needed_for_the_order_of_tables() {
    // The check looks at sets of tables: which was read first does not matter.
    let needs = |tables: &[TableKey]| episode().needs(tables).info(INCOME).info(DEBT);
    let a = needs(&[DEBT, INCOME]).score(&growth());
    let b = needs(&[INCOME, DEBT]).score(&growth());
    assert_eq!(a.check(Check::TableAccess), b.check(Check::TableAccess));
}
