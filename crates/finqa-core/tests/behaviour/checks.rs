//! Every check, with the least that makes it apply, hold and fail.

use finqa_core::ToolErrorCode as Code;
use finqa_core::behaviour::{Check, Failure};
use finqa_core::gold::GoldAnswer;

use crate::builder::{
    DEBT, Episode, INCOME, OTHER, check, episode, gold_growth, growth, lookup, unanswerable,
};

/// Asserts what a check comes to in several episodes of [`growth`].
fn comes_to(which: Check, cases: &[(Episode, Option<f64>, &str)]) {
    for (i, (episode, score, reason)) in cases.iter().enumerate() {
        let got = check(episode, &growth(), which);
        assert_eq!(got, (*score, *reason), "{} in case {i}", which.name());
    }
}

#[test]
fn gold_is_clean() {
    let score = gold_growth().score(&growth());
    for check in Check::ALL {
        let c = score.check(*check);
        assert!(!c.applicable || c.score == 1.0, "{check:?}: {c:?}");
    }
    assert_eq!(score.process, Some(1.0));
}

#[test]
fn tables_are_listed_before_anything_else() {
    let no_list_tool = Episode {
        can_list: false,
        ..gold_growth()
    };
    comes_to(
        Check::ListedBeforeQuery,
        &[
            (gold_growth(), Some(1.0), "listed_first"),
            (episode(), None, "nothing_done"),
            (episode().malformed(), None, "nothing_done"),
            (episode().calculate("2"), None, "nothing_done"),
            (episode().list(), Some(1.0), "listed_first"),
            (
                episode().calculate("2").list().info(DEBT),
                Some(1.0),
                "listed_first",
            ),
            (episode().info(DEBT).list(), Some(0.0), "listed_late"),
            (
                episode()
                    .query(DEBT, &[])
                    .failing(Code::UnknownTable)
                    .list(),
                Some(0.0),
                "listed_late",
            ),
            (episode().submit("5"), Some(0.0), "not_listed"),
            (
                episode().list().failing(Code::UnknownCompany).info(DEBT),
                Some(0.0),
                "not_listed",
            ),
            (no_list_tool, None, "no_list_tool"),
        ],
    );
    // An answer that is no call of its own.
    let mut written = episode();
    written.submission = Some("5".into());
    comes_to(
        Check::ListedBeforeQuery,
        &[(written, Some(0.0), "not_listed")],
    );
}

#[test]
fn schemas_are_read_before_queries() {
    let no_schema_tool = Episode {
        can_inspect: false,
        ..gold_growth()
    };
    let mut open = episode().query(DEBT, &["1"]);
    open.calls[0].table = None;
    let mut open_after_schema = episode().info(INCOME).query(DEBT, &["1"]);
    open_after_schema.calls[1].table = None;
    comes_to(
        Check::InspectedBeforeQuery,
        &[
            (episode().info(DEBT), None, "no_query"),
            (gold_growth(), Some(1.0), "inspected"),
            (
                episode().query(DEBT, &["1"]).info(DEBT),
                Some(0.0),
                "not_inspected",
            ),
            (
                episode().info(INCOME).query(DEBT, &["1"]),
                Some(0.0),
                "not_inspected",
            ),
            (
                episode()
                    .info(DEBT)
                    .failing(Code::UnknownTable)
                    .query(DEBT, &["1"]),
                Some(0.0),
                "not_inspected",
            ),
            (
                episode()
                    .info(DEBT)
                    .query(DEBT, &["1"])
                    .query(INCOME, &["2"])
                    .query(DEBT, &["3"]),
                Some(0.5),
                "inspected_in_part",
            ),
            // A table that does not exist was never looked at; a query without its arguments asks no table.
            (
                episode()
                    .query(OTHER, &[])
                    .failing(Code::UnknownTable)
                    .info(DEBT)
                    .query(DEBT, &["1"]),
                Some(0.5),
                "inspected_in_part",
            ),
            (
                episode()
                    .info(DEBT)
                    .query(DEBT, &[])
                    .failing(Code::SqlNoSuchTable),
                Some(0.0),
                "not_inspected",
            ),
            (
                episode().query(DEBT, &[]).failing(Code::BadArguments),
                None,
                "no_query",
            ),
            (
                episode().query(DEBT, &[]).failing(Code::SqlSyntax),
                Some(0.0),
                "not_inspected",
            ),
            // Where tools take no table, any schema will do.
            (open, Some(0.0), "not_inspected"),
            (open_after_schema, Some(1.0), "inspected"),
            (no_schema_tool, None, "no_schema_tool"),
        ],
    );
}

#[test]
fn failed_queries_are_corrected_soon() {
    let failed = || {
        episode()
            .query(DEBT, &["wrong"])
            .failing(Code::SqlNoSuchColumn)
    };
    comes_to(
        Check::RecoveredFromError,
        &[
            (gold_growth(), None, "no_failed_query"),
            (
                episode().info(DEBT).failing(Code::UnknownTable),
                None,
                "no_failed_query",
            ),
            (failed(), Some(0.0), "not_recovered"),
            (failed().query(DEBT, &["1"]), Some(1.0), "recovered"),
            (
                failed().calculate("1").calculate("2").query(DEBT, &["1"]),
                Some(1.0),
                "recovered",
            ),
            (
                failed()
                    .calculate("1")
                    .calculate("2")
                    .calculate("3")
                    .query(DEBT, &["1"]),
                Some(0.0),
                "not_recovered",
            ),
            // Reading is how one recovers, so it takes nothing from the three calls.
            (
                failed()
                    .list()
                    .info(DEBT)
                    .info(INCOME)
                    .info(OTHER)
                    .query(DEBT, &["1"]),
                Some(1.0),
                "recovered",
            ),
            // The same query, which now succeeds by a wonder, corrects nothing.
            (failed().query(DEBT, &["wrong"]), Some(0.0), "not_recovered"),
            (
                failed()
                    .query(DEBT, &["1"])
                    .query(DEBT, &["2"])
                    .failing(Code::SqlSyntax),
                Some(0.5),
                "recovered_in_part",
            ),
            (
                episode()
                    .query(DEBT, &[])
                    .failing(Code::BadArguments)
                    .query(DEBT, &["1"]),
                Some(1.0),
                "recovered",
            ),
        ],
    );
}

#[test]
fn what_failed_is_not_tried_again_unchanged() {
    let failed = || {
        episode()
            .query(DEBT, &["wrong"])
            .failing(Code::SqlNoSuchColumn)
    };
    comes_to(
        Check::NoRepeatFailed,
        &[
            (gold_growth(), None, "no_failed_call"),
            (failed().query(DEBT, &["1"]), Some(1.0), "not_repeated"),
            (
                failed()
                    .query(DEBT, &["wrong"])
                    .failing(Code::SqlNoSuchColumn),
                Some(0.0),
                "repeated",
            ),
            (
                episode()
                    .calculate("1/0")
                    .failing(Code::CalcDivisionByZero)
                    .list()
                    .calculate("1/0"),
                Some(0.0),
                "repeated",
            ),
            (episode().malformed().malformed(), Some(1.0), "not_repeated"),
            // Not run because the message held too many calls: to make it again is right.
            (
                episode()
                    .query(DEBT, &["1"])
                    .failing(Code::TooManyCalls)
                    .query(DEBT, &["1"]),
                None,
                "no_failed_call",
            ),
        ],
    );
}

#[test]
fn empty_results_are_followed_up() {
    let empty = || episode().query(DEBT, &[]);
    comes_to(
        Check::HandledEmpty,
        &[
            (gold_growth(), None, "no_empty_result"),
            (empty().submit("0"), Some(0.0), "not_handled"),
            (
                empty().query(DEBT, &[]).submit("0"),
                Some(0.0),
                "not_handled",
            ),
            (
                empty().query(DEBT, &["1"]).submit("1"),
                Some(1.0),
                "handled",
            ),
            (empty().info(DEBT).submit("1"), Some(1.0), "handled"),
            (
                empty().list().calculate("1").submit("1"),
                Some(0.0),
                "not_handled",
            ),
            (
                empty().query(INCOME, &[]).submit("1"),
                Some(0.5),
                "handled_in_part",
            ),
        ],
    );
}

#[test]
fn an_empty_result_is_what_there_is_to_find_where_there_is_no_answer() {
    let empty = || episode().list().info(DEBT).query(DEBT, &[]);
    let handled = |episode: Episode| check(&episode, &unanswerable(), Check::HandledEmpty);
    assert_eq!(
        handled(empty().submit("not answerable")),
        (None, "abstained")
    );
    assert_eq!(handled(empty().submit("0")), (Some(0.0), "not_handled"));
}

#[test]
fn queries_filter() {
    comes_to(
        Check::FilteredSql,
        &[
            (episode().list(), None, "no_query"),
            (gold_growth(), Some(1.0), "filtered"),
            (
                episode().query(DEBT, &["1"]).unfiltered(),
                Some(0.0),
                "not_filtered",
            ),
            (
                episode()
                    .query(DEBT, &["1"])
                    .unfiltered()
                    .query(DEBT, &["2"]),
                Some(0.5),
                "filtered_in_part",
            ),
        ],
    );
}

#[test]
fn arithmetic_is_left_to_tools() {
    let read = || episode().list().info(DEBT).query(DEBT, &["117", "100"]);
    comes_to(
        Check::CalculatorUsed,
        &[
            (
                read().calculate("17").submit("17.0%"),
                Some(1.0),
                "calculated",
            ),
            (
                read().calculate("0.17").submit("17.0%"),
                Some(1.0),
                "calculated",
            ),
            (read().submit("17.0%"), Some(0.0), "not_calculated"),
            // Something else was worked out: the answer was not.
            (
                read().calculate("2").submit("17.0%"),
                Some(0.0),
                "result_unused",
            ),
            (
                read()
                    .calculate("x")
                    .failing(Code::CalcSyntax)
                    .submit("17.0%"),
                Some(0.0),
                "not_calculated",
            ),
            (
                episode()
                    .query(DEBT, &["17.0"])
                    .with_arithmetic()
                    .submit("17.0%"),
                Some(1.0),
                "calculated",
            ),
            (read().calculate("17"), Some(1.0), "calculated"),
        ],
    );
    let (score, reason) = check(&gold_growth(), &lookup("117"), Check::CalculatorUsed);
    assert_eq!((score, reason), (None, "no_arithmetic"));
    let mut without = growth();
    without.gold = None;
    let (score, reason) = check(&gold_growth(), &without, Check::CalculatorUsed);
    assert_eq!((score, reason), (None, "no_gold"));
}

#[test]
fn the_budget_is_twice_the_gold_programs_calls() {
    let gold = growth().gold.expect("a program");
    // List, schema, query, calculation, submission.
    assert_eq!(gold.num_calls(), 5);
    let many = |n: usize| (0..n).fold(episode(), |e, i| e.calculate(&i.to_string()));
    comes_to(
        Check::Budget,
        &[
            (gold_growth(), Some(1.0), "within_budget"),
            (many(10), Some(1.0), "within_budget"),
            (many(20), Some(0.5), "over_budget"),
        ],
    );
    let mut without = growth();
    without.gold = None;
    assert_eq!(check(&many(90), &without, Check::Budget), (None, "no_gold"));
    let mut lookup = lookup("117").gold.expect("a program");
    assert_eq!(lookup.num_calls(), 4);
    lookup.queries.push(crate::builder::gold_query("income"));
    lookup.answer = GoldAnswer::Greater {
        left: "{0}+{1}".into(),
        right: "{1}".into(),
        operands: Vec::new(),
    };
    // One list, two schemas, two queries, one side to work out, the submission.
    assert_eq!(lookup.num_calls(), 7);
}

#[test]
fn the_needed_tables_are_looked_at_and_no_others() {
    let two = || episode().needs(&[DEBT, INCOME]);
    comes_to(
        Check::TableAccess,
        &[
            (episode().needs(&[]).info(DEBT), None, "tables_unknown"),
            (gold_growth(), Some(1.0), "right_tables"),
            (episode(), Some(0.0), "no_right_table"),
            (episode().info(OTHER), Some(0.0), "no_right_table"),
            (
                episode().info(DEBT).failing(Code::SqlBudget),
                Some(0.0),
                "no_right_table",
            ),
            (two().info(DEBT), Some(2.0 / 3.0), "other_tables"),
            (
                two().query(DEBT, &["1"]).info(INCOME).info(DEBT),
                Some(1.0),
                "right_tables",
            ),
            (
                two().info(DEBT).info(INCOME).info(OTHER),
                Some(0.8),
                "other_tables",
            ),
            (
                episode().needs(&[DEBT, DEBT]).info(DEBT),
                Some(1.0),
                "right_tables",
            ),
        ],
    );
}

#[test]
fn abstaining_takes_a_look_at_the_tables() {
    let looked = || episode().list().info(DEBT).query(DEBT, &[]);
    for (episode, score, reason) in [
        (looked().submit("not answerable"), Some(1.0), "abstained"),
        (
            episode().list().submit("not answerable"),
            Some(0.0),
            "abstained_blindly",
        ),
        (looked().submit("17.0%"), Some(0.0), "not_abstained"),
        (looked().submit("I don't know"), Some(0.0), "not_abstained"),
        (looked(), Some(0.0), "no_submission"),
    ] {
        let got = check(&episode, &unanswerable(), Check::AbstainedRightly);
        assert_eq!(got, (score, reason));
    }
    let (score, reason) = check(&gold_growth(), &growth(), Check::AbstainedRightly);
    assert_eq!((score, reason), (None, "answerable"));
}

#[test]
fn a_query_that_joins_asks_every_table() {
    let joined = episode().info(DEBT).query(DEBT, &["117"]).joining(INCOME);
    comes_to(
        Check::InspectedBeforeQuery,
        &[(joined.clone(), Some(0.5), "inspected_in_part")],
    );
    let both = joined.clone().needs(&[DEBT, INCOME]).submit("9");
    comes_to(
        Check::TableAccess,
        &[
            (both.clone(), Some(1.0), "right_tables"),
            // Asked twice, counted once.
            (
                both.clone().query(INCOME, &["1"]).joining(INCOME),
                Some(1.0),
                "right_tables",
            ),
            (joined, Some(2.0 / 3.0), "other_tables"),
        ],
    );
    assert!(!both.score(&growth()).shows(Failure::WrongTable));
}
