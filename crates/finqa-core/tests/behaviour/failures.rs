//! Flags, failure classes and kinds of wrong answers.

use finqa_core::answer::{AnswerMode, Multi, Scale, Unit};
use finqa_core::behaviour::{
    Ended, EpisodeLog, Failure, Flag, RewardConfig, WrongAnswer, score_episode,
};
use finqa_core::{KnownWrong, Mistake, Task, ToolErrorCode as Code};

use crate::builder::{
    DEBT, Episode, INCOME, OTHER, episode, failures, flags, gold_growth, growth, lookup,
    unanswerable,
};

/// Asserts what an episode shows and by what it is explained.
fn shows(episode: &Episode, task: &Task, shown: &[Failure], class: Option<Failure>) {
    let score = episode.score(task);
    let names: Vec<&str> = shown.iter().map(|f| f.name()).collect();
    assert_eq!(failures(&score), names, "{:?}", episode.submission);
    assert_eq!(score.failure, class, "{:?}", episode.submission);
}

/// Reads the right table, which shows 117 and 100.
fn read() -> Episode {
    episode().list().info(DEBT).query(DEBT, &["117", "100"])
}

#[test]
fn gold_and_recovery_show_no_failure() {
    shows(&gold_growth(), &growth(), &[], None);
    let wrong_table = episode().query(OTHER, &[]).failing(Code::UnknownTable);
    let recovered = wrong_table
        .list()
        .info(DEBT)
        .query(DEBT, &["117", "100"])
        .calculate("17")
        .submit("17.0%");
    shows(&recovered, &growth(), &[], None);
    assert!(recovered.score(&growth()).has(Flag::Recovered));
    let after_empty = episode()
        .list()
        .info(DEBT)
        .query(DEBT, &[])
        .query(DEBT, &["117", "100"])
        .calculate("17")
        .submit("17.0%");
    shows(&after_empty, &growth(), &[], None);
    let missing_argument = read().query(DEBT, &["117"]).failing(Code::BadArguments);
    let missing_argument = missing_argument
        .query(DEBT, &["117"])
        .calculate("17")
        .submit("17.0%");
    shows(&missing_argument, &growth(), &[], None);
}

#[test]
fn every_failure_has_an_episode_that_it_explains() {
    use Failure as F;
    let wrong = |answer: &str| read().calculate("12.5").submit(answer);
    let with = |mistake: Mistake, answer: &str| {
        let mut task = growth();
        task.known_wrong.push(KnownWrong {
            answer: answer.into(),
            mistake,
        });
        task
    };
    let mut fault = read();
    fault.ended = Ended::Fault;
    let mut malformed = read().malformed();
    malformed.ended = Ended::Malformed;
    let cases: Vec<(Episode, Task, Vec<F>)> = vec![
        (fault, growth(), vec![F::InfraFault]),
        (
            wrong("12.5%"),
            unanswerable(),
            vec![F::AnsweredUnanswerable],
        ),
        (read().submit("unknown"), growth(), vec![F::GaveUp]),
        (malformed, growth(), vec![F::MalformedCall, F::NoCorrection]),
        (
            read().malformed().malformed(),
            growth(),
            vec![F::MalformedCall, F::OutOfTurns, F::NoCorrection],
        ),
        (read(), growth(), vec![F::OutOfTurns]),
        (
            episode().list().info(DEBT).query(DEBT, &[]).submit("12.5%"),
            growth(),
            vec![F::HallucinatedAfterFailure],
        ),
        (
            episode().list().info(DEBT).submit("12.5%"),
            growth(),
            vec![F::HallucinatedAfterFailure],
        ),
        (
            episode().list().info(DEBT).query(DEBT, &[]).submit("0"),
            lookup("117"),
            vec![F::EmptyAsAnswer],
        ),
        (
            episode()
                .info(OTHER)
                .failing(Code::UnknownTable)
                .info(INCOME)
                .query(INCOME, &["12.5"])
                .submit("12.5%"),
            growth(),
            vec![F::UnknownTable, F::WrongTable],
        ),
        (
            read()
                .calculate("x")
                .failing(Code::CalcSyntax)
                .submit("18.5%"),
            growth(),
            vec![F::NoCorrection],
        ),
        (
            episode()
                .list()
                .query(DEBT, &["117", "12.5"])
                .submit("12.5%"),
            growth(),
            vec![F::NoSchema],
        ),
        (
            episode()
                .list()
                .info(INCOME)
                .query(INCOME, &["12.5"])
                .submit("12.5%"),
            growth(),
            vec![F::WrongTable],
        ),
        (
            wrong("12.5%"),
            with(Mistake::WrongYear, "12.5%"),
            vec![F::WrongYear],
        ),
        (
            wrong("12.5%"),
            with(Mistake::WrongBase, "\\boxed{12.5\\%}"),
            vec![F::WrongBase],
        ),
        (wrong("-17.0%"), growth(), vec![F::WrongSign]),
        (wrong("0.17%"), growth(), vec![F::WrongScale]),
        (
            wrong("12.5%"),
            with(Mistake::Restated, "12.5%"),
            vec![F::WrongRow],
        ),
        (wrong("17.1%"), growth(), vec![F::Rounding]),
        (wrong("12.5%"), growth(), vec![F::OtherWrong]),
    ];
    let mut explained: Vec<F> = Vec::new();
    for (episode, task, shown) in cases {
        shows(&episode, &task, &shown, Some(shown[0]));
        explained.push(shown[0]);
    }
    for failure in F::ALL {
        let elsewhere = *failure == F::WrongReport;
        assert!(
            elsewhere || explained.contains(failure),
            "no case for {failure:?}"
        );
    }
}

#[test]
fn a_right_answer_has_no_class_whatever_it_shows() {
    let blind = episode().query(DEBT, &["17.0"]).submit("17.0%");
    shows(&blind, &growth(), &[Failure::NoSchema], None);
    let abstained = episode()
        .list()
        .info(DEBT)
        .query(DEBT, &[])
        .submit("not answerable");
    shows(&abstained, &unanswerable(), &[], None);
}

#[test]
fn giving_up_is_told_from_inventing() {
    for text in [
        "unknown",
        "N/A",
        "I could not find the data.",
        "The information is not available.",
        "none",
        "",
    ] {
        let score = read().submit(text).score(&growth());
        assert_eq!(score.failure, Some(Failure::GaveUp), "{text:?}");
        assert_eq!(score.wrong_answer, WrongAnswer::Declined, "{text:?}");
        assert!(score.has(Flag::Declined), "{text:?}");
    }
    for text in ["12.5%", "twelve", "I could not find it, so 12.5%"] {
        let score = read().submit(text).score(&growth());
        assert!(!score.has(Flag::Declined), "{text:?}");
        assert_ne!(score.failure, Some(Failure::GaveUp), "{text:?}");
    }
}

#[test]
fn a_wrong_yes_or_no_is_an_answer() {
    let mut task = lookup("yes");
    task.answer.unit = Unit::Bool;
    for (text, declines) in [
        ("No, cash could not cover the debt.", false),
        ("no", false),
        ("I could not tell.", true),
        ("No data is available.", true),
    ] {
        let score = read().submit(text).score(&task);
        assert!(!score.is_correct, "{text:?}");
        assert_eq!(score.has(Flag::Declined), declines, "{text:?}");
    }
}

#[test]
fn kinds_of_wrong_answers() {
    let of = |task: &Task, text: &str| read().submit(text).score(task).wrong_answer;
    let growth = growth();
    for (text, wrong) in [
        ("17.0%", WrongAnswer::None),
        ("-17.0%", WrongAnswer::Sign),
        ("0.17%", WrongAnswer::Scale),
        ("17.1%", WrongAnswer::Rounding),
        ("18.0%", WrongAnswer::Other),
        ("17 or 18", WrongAnswer::Unreadable),
        ("$17", WrongAnswer::Other),
        ("seventeen", WrongAnswer::Unreadable),
        ("not available", WrongAnswer::Declined),
    ] {
        assert_eq!(of(&growth, text), wrong, "{text}");
    }
    let mut amount = lookup("1,234.5");
    assert_eq!(of(&amount, "1,235"), WrongAnswer::Rounding);
    assert_eq!(of(&amount, "1,236"), WrongAnswer::Other);
    amount.truth = "77".into();
    assert_eq!(of(&amount, "78"), WrongAnswer::Other);
    for (i, mistake) in [
        Mistake::WrongYear,
        Mistake::WrongBase,
        Mistake::Sign,
        Mistake::Scale,
        Mistake::SiblingRow,
        Mistake::SiblingTable,
        Mistake::Restated,
        Mistake::PartOrTotal,
        Mistake::Invented,
    ]
    .into_iter()
    .enumerate()
    {
        amount.known_wrong.push(KnownWrong {
            answer: format!("{}", 500 + i),
            mistake,
        });
        let wrong = of(&amount, &format!("${} million", 500 + i));
        assert_eq!(wrong, WrongAnswer::from(mistake), "{mistake:?}");
    }
    let mut absent = unanswerable();
    absent.known_wrong.push(KnownWrong {
        answer: "\\boxed{12.5\\%}".into(),
        mistake: Mistake::SiblingRow,
    });
    assert_eq!(of(&absent, "12.5 %"), WrongAnswer::SiblingRow);
    assert_eq!(of(&absent, "13.5 %"), WrongAnswer::Invented);
    assert_eq!(of(&absent, "I don't know"), WrongAnswer::Unreadable);
    // Without an answer there is no wrong one.
    assert_eq!(read().score(&growth).wrong_answer, WrongAnswer::None);
}

#[test]
fn openenv_answers_have_kinds_too() {
    let task = growth();
    let outputs = [""];
    let calls = episode().submit("x").calls;
    let score = |text: &str| {
        let log = EpisodeLog {
            calls: &calls,
            more_tables: &[],
            outputs: &outputs,
            submission: Some(text),
            ended: Ended::Submitted,
            needed_tables: &[DEBT],
            can_list: true,
            can_inspect: true,
        };
        score_episode(&task, &log, AnswerMode::OpenEnv, &RewardConfig::default())
    };
    assert_eq!(score("17.1%").wrong_answer, WrongAnswer::None);
    assert_eq!(score("17.1%").reason, Some("within_tolerance"));
    assert_eq!(score("-17.0%").wrong_answer, WrongAnswer::Sign);
    assert_eq!(score("unknown").wrong_answer, WrongAnswer::Declined);
}

#[test]
fn flags_say_what_happened() {
    let names = |episode: &Episode, task: &Task| flags(&episode.score(task)).join(" ");
    assert_eq!(
        names(&gold_growth(), &growth()),
        "listed read_schema queried calculated submitted"
    );
    let guess = episode()
        .query(OTHER, &["x"])
        .failing(Code::UnknownTable)
        .query(OTHER, &["x"])
        .failing(Code::UnknownTable)
        .submit("12.5%");
    assert_eq!(
        names(&guess, &growth()),
        "submitted had_error hallucinated repeated_failed"
    );
    let recovered = episode()
        .query(DEBT, &[])
        .failing(Code::SqlSyntax)
        .query(DEBT, &[]);
    assert_eq!(
        names(&recovered.clone(), &growth()),
        "queried had_error had_empty_result repeated_failed"
    );
    let recovered = recovered.query(DEBT, &["1"]).submit("not available");
    assert_eq!(
        names(&recovered, &unanswerable()),
        "queried submitted had_error recovered had_empty_result declined unanswerable repeated_failed"
    );
    let mut malformed = episode().malformed();
    malformed.ended = Ended::Fault;
    assert_eq!(
        names(&malformed, &growth()),
        "had_error malformed_call infra_fault"
    );
    let sums = episode().query(DEBT, &["17.0"]).with_arithmetic();
    assert_eq!(names(&sums, &growth()), "queried calculated");
}

#[test]
fn logs_without_truth_are_judged_by_their_calls() {
    let unknown = Task::default();
    let score = read().submit("12.5%").score(&unknown);
    assert!(!score.is_correct);
    assert_eq!(
        (score.failure, score.wrong_answer),
        (None, WrongAnswer::None)
    );
    let guess = episode()
        .query(OTHER, &[])
        .failing(Code::UnknownTable)
        .submit("12.5%");
    let score = guess.score(&unknown);
    assert_eq!(score.failure, Some(Failure::HallucinatedAfterFailure));
    let no_schema_tool = Episode {
        can_inspect: false,
        ..episode().needs(&[]).query(DEBT, &["12.5"]).submit("12.5%")
    };
    assert_eq!(no_schema_tool.score(&unknown).failure, None);
}

#[test]
fn lists_are_wrong_if_one_value_is() {
    let mut task = lookup("5; 6");
    task.answer.multi = Multi::List;
    task.answer.unit = Unit::Amount;
    task.answer.scale = Scale::One;
    let score = episode()
        .list()
        .info(DEBT)
        .query(DEBT, &["5", "6"])
        .submit("5; 6")
        .score(&task);
    assert!(score.is_correct && score.failure.is_none());
    let score = episode()
        .list()
        .info(DEBT)
        .query(DEBT, &["5", "6"])
        .submit("6; 5")
        .score(&task);
    assert_eq!(score.failure, Some(Failure::OtherWrong));
}
