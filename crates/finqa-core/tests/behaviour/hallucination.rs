//! Where submitted numbers come from.

use finqa_core::ToolErrorCode as Code;
use finqa_core::answer::{AnswerSpec, Multi, Scale, Unit};
use finqa_core::behaviour::Check;
use finqa_core::{Task, ToolErrorCode};

use crate::builder::{DEBT, Episode, INCOME, OTHER, check, episode, growth, lookup, unanswerable};

fn of(episode: &Episode, task: &Task) -> (Option<f64>, &'static str) {
    check(episode, task, Check::NoHallucinatedAnswer)
}

/// What the check says about submissions after a query with these cells.
fn after(cells: &[&str], unit: Unit, submissions: &[(&str, &str)]) {
    let mut task = lookup("1");
    task.answer = AnswerSpec {
        unit,
        ..AnswerSpec::default()
    };
    for (submission, reason) in submissions {
        let episode = episode().list().query(DEBT, cells).submit(submission);
        assert_eq!(
            of(&episode, &task).1,
            *reason,
            "{submission} after {cells:?}"
        );
    }
}

#[test]
fn numbers_of_results_are_grounded_however_they_are_written() {
    after(
        &["$ 1,234.56", "(56)"],
        Unit::Amount,
        &[
            ("1,234.56", "grounded"),
            ("1234.6", "grounded"),
            ("1235", "grounded"),
            ("-1,234.56", "grounded"),
            ("56", "grounded"),
            ("1.23456", "grounded"),
            ("1,234,560", "grounded"),
            ("1.235 million", "grounded"),
            ("1,234.5", "invented"),
            ("1,236", "invented"),
            ("123456", "invented"),
            ("57", "invented"),
            ("8,317", "invented"),
            ("unknown", "no_number_given"),
        ],
    );
}

#[test]
fn rates_are_seen_as_percent_or_ratio() {
    after(
        &["0.1703"],
        Unit::Percent,
        &[
            ("17.03%", "grounded"),
            ("17.0", "grounded"),
            ("17%", "grounded"),
            ("0.1703", "grounded"),
            ("17.1%", "invented"),
            ("170.3%", "invented"),
        ],
    );
    after(
        &["20.4"],
        Unit::Ratio,
        &[
            ("0.204", "grounded"),
            ("20.4%", "grounded"),
            ("0.214", "invented"),
        ],
    );
}

#[test]
fn one_step_of_arithmetic_follows() {
    after(
        &["117", "100"],
        Unit::Percent,
        &[
            ("17.0%", "grounded"),
            ("14.53%", "grounded"),
            ("85.47%", "grounded"),
            ("117.0%", "grounded"),
            ("18.0%", "invented"),
        ],
    );
    after(
        &["117", "40"],
        Unit::Amount,
        &[
            ("77", "grounded"),
            ("157", "grounded"),
            ("4,680", "grounded"),
            ("2.925", "grounded"),
            ("78.5", "invented"),
            ("9,360", "invented"),
        ],
    );
}

#[test]
fn a_right_answer_may_take_more_steps_than_are_traced() {
    let sum = lookup("31");
    let query = || episode().list().query(DEBT, &["7", "11", "13"]);
    assert_eq!(of(&query().submit("31"), &sum).1, "grounded");
    assert_eq!(of(&query().submit("32"), &sum).1, "invented");
    let other = episode().list().query(OTHER, &["7", "11", "13"]);
    assert_eq!(of(&other.submit("31"), &sum).1, "invented");
}

#[test]
fn rows_can_be_counted() {
    after(
        &["a", "b", "c"],
        Unit::Count,
        &[("3", "grounded"), ("4", "invented")],
    );
}

#[test]
fn dashes_are_zeros() {
    after(
        &["\u{2014}"],
        Unit::Amount,
        &[("0", "grounded"), ("7", "invented")],
    );
    after(&["5"], Unit::Amount, &[("0", "invented")]);
}

#[test]
fn years_and_keys_only_label() {
    let mut task = lookup("1");
    task.answer.multi = Multi::Keyed;
    let read = || episode().query(DEBT, &["5", "6"]);
    for (submission, reason) in [
        ("2022: 5; 2023: 6", "grounded"),
        ("{\"2022\": 5, \"2023\": 6}", "grounded"),
        ("2022: 5; 2023: 7", "invented"),
        ("in FY2023, note 12: 6", "grounded"),
    ] {
        assert_eq!(
            of(&read().submit(submission), &task).1,
            reason,
            "{submission}"
        );
    }
    // A year that is asked for must have been seen, if only in a column's name.
    let mut task = lookup("2024");
    task.answer.unit = Unit::Year;
    assert_eq!(of(&read().submit("2024"), &task).1, "grounded");
    assert_eq!(of(&read().submit("2019"), &task).1, "invented");
}

#[test]
fn only_what_succeeded_is_evidence() {
    let task = lookup("1");
    for (episode, reason) in [
        // 99,999 stands in the error, 777 in the list, 4.25 in the schema.
        (
            episode()
                .query(INCOME, &["5"])
                .query(DEBT, &[])
                .failing(Code::SqlSyntax)
                .query(DEBT, &["6"]),
            "99,999",
        ),
        (episode().list().query(DEBT, &["6"]), "777"),
    ]
    .map(|(episode, number)| (episode.submit(number), "invented"))
    {
        assert_eq!(of(&episode, &task).1, reason);
    }
    let schema = episode().info(DEBT).query(DEBT, &["6"]).submit("4.25");
    assert_eq!(of(&schema, &task).1, "grounded");
    let other = episode().info(OTHER).query(DEBT, &["6"]).submit("4.25");
    assert_eq!(of(&other, &task).1, "invented");
    let user = episode().user_tool("rate: 4.31").submit("4.31");
    assert_eq!(of(&user, &task).1, "grounded");
    // The submission's own echo is none.
    assert_eq!(of(&episode().submit("4.31"), &task).1, "invented");
}

#[test]
fn the_calculator_proves_nothing_without_data() {
    let task = growth();
    let laundered = episode().list().calculate("12.5").submit("12.5%");
    assert_eq!(of(&laundered, &task), (Some(0.0), "invented"));
    let after_data = episode()
        .query(DEBT, &["112.5", "3", "4"])
        .calculate("12.5")
        .submit("12.5%");
    assert_eq!(of(&after_data, &task), (Some(1.0), "grounded"));
}

#[test]
fn a_number_after_nothing_was_found_is_invented_wherever_it_stands() {
    let task = growth();
    for (episode, reason) in [
        (
            episode().info(DEBT).query(DEBT, &[]).submit("4.25%"),
            "nothing_found",
        ),
        (
            episode()
                .query(OTHER, &["17.0"])
                .query(DEBT, &["x"])
                .failing(ToolErrorCode::SqlNoSuchColumn)
                .submit("17.0%"),
            "nothing_found",
        ),
        // A needed table had rows before.
        (
            episode()
                .query(DEBT, &["17.0"])
                .query(DEBT, &[])
                .submit("17.0%"),
            "grounded",
        ),
        // Any table will do where it is not known which are needed.
        (
            episode()
                .needs(&[])
                .query(OTHER, &["17.0"])
                .query(DEBT, &[])
                .submit("17.0%"),
            "grounded",
        ),
        (
            episode().query(DEBT, &[]).submit("unknown"),
            "no_number_given",
        ),
    ] {
        assert_eq!(of(&episode, &task).1, reason);
    }
}

#[test]
fn labels_and_missing_submissions_are_not_looked_at() {
    let mut task = lookup("yes");
    for unit in [Unit::Bool, Unit::Text] {
        task.answer.unit = unit;
        assert_eq!(
            of(&episode().submit("yes, 5"), &task),
            (None, "no_number_asked")
        );
    }
    assert_eq!(
        of(&episode().query(DEBT, &["1"]), &growth()),
        (None, "no_submission")
    );
    let declined = episode()
        .info(DEBT)
        .submit("Not disclosed in the 10-K for 2024, Q4.");
    assert_eq!(
        of(&declined, &unanswerable()),
        (Some(1.0), "no_number_given")
    );
    assert_eq!(
        of(&episode().submit("12.5%"), &unanswerable()).1,
        "invented"
    );
}

#[test]
fn long_results_are_read_up_to_a_bound() {
    let task = lookup("1");
    let filler: Vec<String> = (0..200)
        .map(|i| format!("{}.{i:03}", 10_000 + i * 7))
        .collect();
    let cells: Vec<&str> = filler.iter().map(String::as_str).collect();
    let near = episode().query(DEBT, &["5,551,212"]).query(DEBT, &cells);
    assert_eq!(of(&near.clone().submit("5,551,212"), &task).1, "grounded");
    // Ten times as much as is read stands between.
    let far = (0..80).fold(episode().query(DEBT, &["5,551,212"]), |e, i| {
        let more: Vec<String> = filler.iter().map(|f| format!("{f}{i}")).collect();
        e.query(DEBT, &more.iter().map(String::as_str).collect::<Vec<_>>())
    });
    assert_eq!(of(&far.submit("5,551,212"), &task).1, "invented");
}

#[test]
fn scales_of_words_are_those_of_the_answer() {
    let task = Task {
        answer: AnswerSpec {
            unit: Unit::Amount,
            scale: Scale::Million,
            ..AnswerSpec::default()
        },
        ..lookup("1500")
    };
    let read = || episode().query(DEBT, &["1,100", "400"]);
    assert_eq!(of(&read().submit("$1.5 billion"), &task).1, "grounded");
    assert_eq!(of(&read().submit("$1.6 billion"), &task).1, "invented");
}
