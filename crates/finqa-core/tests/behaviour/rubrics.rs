//! Rubrics in episodes: criteria about the calls, numbers that were seen, answers as criteria.

use finqa_core::behaviour::{
    Check, Failure, Flag, REASONS, RewardConfig, RewardMode, WrongAnswer, criteria_of,
    needed_tables,
};
use finqa_core::rubric::Dimension;
use finqa_core::{KnownWrong, Mistake, Rubric, Task, ToolErrorCode as Code};

use crate::builder::{DEBT, Episode, INCOME, OTHER, episode, gold_query, growth, lookup};

const BURDEN: &str = r"
slots:
  - {name: note, label: Note}
criteria:
  - {id: p1, dim: primary, kind: value, slot: cost, truth: {value: 1526, op: exact}}
  - {id: p2, dim: primary, kind: value, slot: expense, truth: {value: 33174, op: exact}}
  - {id: d1, dim: derived, kind: value, slot: ratio, truth: {value: 0.046, unit: ratio, decimals: 3},
     from: {expr: cost/expense}}
  - {id: r1, dim: reasoning, kind: choice, slot: verdict, rule: low if d1<0.03 else high}
  - {id: t1, dim: process, kind: table_access, tables: [debt, income]}
  - {id: b1, dim: process, kind: behaviour, check: listed_before_query, weight: 3}
  - {id: j1, dim: reasoning, kind: judge, prompt: Is it sensible?}
";

const RIGHT: &str = "Cost: 1,526\nExpense: 33,174\nRatio: 4.6%\nVerdict: high\nNote: none needed";

fn burden() -> Task {
    let mut task = Task {
        rubric: Some(Rubric::from_yaml(BURDEN).expect("a rubric")),
        ..lookup("a report")
    };
    if let Some(gold) = &mut task.gold {
        gold.queries = vec![gold_query("debt"), gold_query("income")];
    }
    task
}

/// Lists, reads and queries both tables.
fn read() -> Episode {
    episode()
        .needs(&[DEBT, INCOME])
        .list()
        .info(DEBT)
        .query(DEBT, &["1,526"])
        .info(INCOME)
        .query(INCOME, &["33,174"])
}

/// Score, whether it applies, and reason of one criterion.
fn of(episode: &Episode, task: &Task, id: &str) -> (f64, bool, &'static str) {
    let at = criteria_of(task)
        .iter()
        .position(|c| c.id == id)
        .expect("an id");
    let criterion = episode.score(task).criteria[at];
    assert!(
        REASONS.iter().any(|(name, _)| *name == criterion.reason),
        "{} is not listed",
        criterion.reason
    );
    (criterion.score, criterion.applicable, criterion.reason)
}

#[test]
fn criteria_about_the_calls_are_scored_from_the_log() {
    let task = burden();
    let right = read().submit(RIGHT);
    let score = right.score(&task);
    assert!(score.is_correct && score.failure.is_none(), "{score:?}");
    assert_eq!((score.outcome, score.process), (1.0, Some(1.0)));
    assert_eq!(score.reason, Some("rubric_passed"));
    assert_eq!(of(&right, &task, "t1"), (1.0, true, "right_tables"));
    assert_eq!(of(&right, &task, "b1"), (1.0, true, "listed_first"));
    assert_eq!(of(&right, &task, "j1"), (0.0, false, "not_applicable"));

    let one_table = episode()
        .needs(&[DEBT, INCOME])
        .info(DEBT)
        .query(DEBT, &["1,526"])
        .submit(RIGHT);
    let (access, ..) = of(&one_table, &task, "t1");
    assert!((access - 2.0 / 3.0).abs() < 1e-12);
    assert_eq!(of(&one_table, &task, "b1"), (0.0, true, "not_listed"));
    let process = one_table.score(&task).process.expect("it applies");
    assert!((process - access / 4.0).abs() < 1e-12, "{process}");
    // The process is no part of the outcome.
    assert_eq!(one_table.score(&task).outcome, 1.0);
}

#[test]
fn what_does_not_apply_leaves_the_process() {
    let task = burden();
    let no_list_tool = Episode {
        can_list: false,
        ..read().submit(RIGHT)
    };
    assert_eq!(of(&no_list_tool, &task, "b1"), (0.0, false, "no_list_tool"));
    assert_eq!(no_list_tool.score(&task).process, Some(1.0));
}

#[test]
fn each_table_access_looks_at_its_own_tables() {
    let text = BURDEN.replace("[debt, income]", "[debt]")
        + "  - {id: t2, dim: process, kind: table_access, tables: [income]}\n";
    let task = Task {
        rubric: Some(Rubric::from_yaml(&text).expect("a rubric")),
        ..burden()
    };
    assert_eq!(needed_tables(&task), [("acme", "debt"), ("acme", "income")]);
    let one = episode().needs(&[DEBT, INCOME]).info(INCOME).submit(RIGHT);
    assert_eq!(of(&one, &task, "t1"), (0.0, true, "no_right_table"));
    assert_eq!(of(&one, &task, "t2"), (1.0, true, "right_tables"));
}

#[test]
fn needed_tables_are_the_rubrics_or_the_gold_programs() {
    let mut task = burden();
    assert_eq!(needed_tables(&task), [("acme", "debt"), ("acme", "income")]);
    task.rubric = Some(
        Rubric::from_yaml(&BURDEN.replace("[debt, income]", "[income, elsewhere, income]"))
            .expect("a rubric"),
    );
    assert_eq!(
        needed_tables(&task),
        [("acme", "income"), ("acme", "elsewhere")]
    );
    task.rubric = None;
    assert_eq!(needed_tables(&task), [("acme", "debt"), ("acme", "income")]);
    task.gold = None;
    assert!(needed_tables(&task).is_empty());
}

#[test]
fn a_ratio_of_invented_numbers_gets_no_credit() {
    let task = burden();
    // 31,000 was never returned; 30,000 stands in the result beside the right one.
    let report =
        |expense: &str, ratio: &str| RIGHT.replace("33,174", expense).replace("4.6%", ratio);
    let other = read()
        .query(INCOME, &["30,000"])
        .submit(&report("30,000", "5.1%"));
    assert_eq!(of(&other, &task, "d1"), (0.5, true, "consistent"));
    let invented = read().submit(&report("31,000", "4.9%"));
    assert_eq!(of(&invented, &task, "d1"), (0.0, true, "invented_inputs"));
    // The credit is configurable.
    let config = RewardConfig {
        cascade_credit: 1.0,
        ..RewardConfig::default()
    };
    assert_eq!(other.score_with(&task, &config).criteria[2].score, 1.0);
}

#[test]
fn each_slot_counts_as_a_number() {
    let task = burden();
    let check = |episode: &Episode| episode.score(&task).check(Check::NoHallucinatedAnswer);
    assert_eq!(check(&read().submit(RIGHT)).reason, "grounded");
    let invented = check(&read().submit(&RIGHT.replace("33,174", "31,999")));
    assert_eq!(invented.reason, "invented");
    // One of three numbers: the ratio follows from what was returned, whatever the report says.
    assert!((invented.score - 2.0 / 3.0).abs() < 1e-12, "{invented:?}");
    let both = check(&read().submit(&RIGHT.replace("33,174", "31,999").replace("4.6%", "6.1%")));
    assert!((both.score - 1.0 / 3.0).abs() < 1e-12, "{both:?}");
    // A derived number that follows from the report's own needs no calculator.
    let derived = check(&read().submit(&RIGHT.replace("33,174", "31,999").replace("4.6%", "4.8%")));
    assert!((derived.score - 2.0 / 3.0).abs() < 1e-12, "{derived:?}");
    // Slots that are left out do not make an invented number weigh less.
    let few = check(&read().submit("Expense: 31,999"));
    assert!((few.score - 2.0 / 3.0).abs() < 1e-12, "{few:?}");
    assert_eq!(
        check(&read().submit("Verdict: high")).reason,
        "no_number_given"
    );
}

#[test]
fn without_a_report_what_applies_is_zero() {
    let task = burden();
    let mut cut = read();
    cut.submission = None;
    let score = cut.score(&task);
    assert_eq!(
        (score.outcome, score.reward, score.reason),
        (0.0, 0.0, None)
    );
    assert_eq!(of(&cut, &task, "p1"), (0.0, true, "no_submission"));
    assert_eq!(of(&cut, &task, "j1"), (0.0, false, "not_applicable"));
    assert_eq!(of(&cut, &task, "t1"), (1.0, true, "right_tables"));
    let applies: Vec<bool> = score.dimensions.iter().map(|d| d.applicable).collect();
    let of_report = read().submit(RIGHT).score(&task).dimensions;
    assert_eq!(applies, of_report.map(|d| d.applicable));
    assert!(score.dimensions.iter().all(|d| d.score == 0.0));
    assert_eq!(score.failure, Some(Failure::OutOfTurns));
}

#[test]
fn wrong_reports_have_kinds() {
    let mut task = burden();
    let of = |task: &Task, text: &str| {
        let score = read().submit(text).score(task);
        (score.wrong_answer, score.failure)
    };
    let negative = RIGHT.replace("1,526", "-1,526");
    assert_eq!(
        of(&task, &negative),
        (WrongAnswer::Sign, Some(Failure::WrongSign))
    );
    let scaled = RIGHT.replace("1,526", "1,526,000");
    assert_eq!(
        of(&task, &scaled),
        (WrongAnswer::Scale, Some(Failure::WrongScale))
    );
    let other = RIGHT.replace("1,526", "1,333");
    assert_eq!(
        of(&task, &other),
        (WrongAnswer::Report, Some(Failure::WrongReport))
    );
    task.known_wrong.push(KnownWrong {
        answer: other.replace("Verdict: high", "**Verdict**: HIGH"),
        mistake: Mistake::PartOrTotal,
    });
    assert_eq!(
        of(&task, &other),
        (WrongAnswer::PartOrTotal, Some(Failure::WrongRow))
    );
    assert_eq!(of(&task, "12.5").0, WrongAnswer::Unreadable);
    let (wrong, failure) = of(&task, "The information is not available.");
    assert_eq!(
        (wrong, failure),
        (WrongAnswer::Declined, Some(Failure::GaveUp))
    );
}

#[test]
fn a_rubric_may_take_the_tasks_own_answer() {
    let rubric = Rubric::from_yaml(
        "criteria:
  - {id: answer, dim: primary, kind: answer}
  - {id: listed, dim: process, kind: behaviour, check: listed_before_query}
  - {id: clean, dim: process, kind: behaviour, check: no_repeat_failed}",
    )
    .expect("a rubric");
    let plain = growth();
    let task = Task {
        rubric: Some(rubric),
        ..growth()
    };
    let right = episode()
        .info(DEBT)
        .query(DEBT, &["117", "100"])
        .calculate("17")
        .submit("17.0%");
    let score = right.score(&task);
    assert!(score.is_correct && score.outcome == 1.0, "{score:?}");
    assert_eq!(score.criteria[0].reason, "equal");
    assert_eq!(score.process, Some(0.0), "not listed, and nothing failed");
    assert_eq!(score.checks, right.score(&plain).checks);
    let wrong = right.clone().submit("-17.0%").score(&task);
    assert_eq!(
        (wrong.outcome, wrong.wrong_answer),
        (0.0, WrongAnswer::Sign)
    );
    assert_eq!(wrong.criteria[0].reason, "wrong_sign");
    let gave_up = episode().submit("unknown").score(&task);
    assert!(gave_up.has(Flag::Declined) && gave_up.failure == Some(Failure::GaveUp));
}

#[test]
fn a_single_answer_is_a_rubric_of_one_criterion() {
    let task = growth();
    let infos = criteria_of(&task);
    assert_eq!(infos.len(), 1);
    assert_eq!(
        (infos[0].id, infos[0].dim, infos[0].kind, infos[0].weight),
        ("answer", Dimension::Primary, "answer", 1.0)
    );
    let score = episode().submit("17.0%").score(&task);
    assert_eq!(
        (score.criteria.len(), score.criteria[0].reason),
        (1, "equal")
    );
    assert_eq!(score.dimensions[0].score, 1.0);
    let kinds: Vec<&str> = criteria_of(&burden()).iter().map(|c| c.kind).collect();
    assert_eq!(
        kinds,
        [
            "value",
            "value",
            "value",
            "choice",
            "table_access",
            "behaviour",
            "judge"
        ]
    );
}

#[test]
fn spamming_tables_lowers_the_process() {
    let task = burden();
    let config = RewardConfig {
        mode: RewardMode::Shaped,
        ..RewardConfig::default()
    };
    let clean = read().submit(RIGHT).score_with(&task, &config);
    let spam = (3..30).fold(read().info(OTHER), |e, i| e.info((0, i)));
    let spam = spam.submit(RIGHT).score_with(&task, &config);
    assert!(spam.reward < clean.reward && spam.outcome == clean.outcome);
    let failing = read().info(OTHER).failing(Code::UnknownTable).submit(RIGHT);
    assert_eq!(failing.score_with(&task, &config).process, clean.process);
}
