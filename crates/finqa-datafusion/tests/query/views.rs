//! The views, against numbers worked out by hand from the fixture.

use crate::fixture::{Runs, episode, write_run};
use finqa_datafusion::query::{Limits, RunFolder, query};

#[test]
fn pass_at_1_averages_over_questions() {
    // base: q1 1/4, q2 4/4, q3 0/2; tuned: q1 3/4, q2 4/4, q4 1/1.
    let runs = Runs::new();
    let rows = runs
        .ask("SELECT run, policy, policy_step, num_tasks, num_episodes, pass_at_1 FROM pass_at_1 ORDER BY run");
    assert_eq!(
        rows,
        ["base|tiny||3|10|0.4167", "tuned|tiny|200|3|9|0.9167"]
    );
    let ends = runs.ask(
        "SELECT low < pass_at_1, high > pass_at_1, low, high FROM pass_at_1 WHERE run = 'base'",
    );
    assert_eq!(ends, ["true|true|0|1"]);
}

#[test]
fn pass_at_k_goes_up_to_the_question_with_the_fewest_episodes() {
    let runs = Runs::new();
    // k = 2: q1 1 - C(3,2)/C(4,2) = 1/2, q2 1, q3 0.
    let rows = runs.ask("SELECT run, k, num_tasks, pass_at_k FROM pass_at_k ORDER BY run, k");
    assert_eq!(
        rows,
        ["base|1|3|0.4167", "base|2|3|0.5", "tuned|1|3|0.9167"]
    );
}

#[test]
fn success_is_taken_apart_by_what_a_question_is() {
    let runs = Runs::new();
    let rows = runs.ask(
        "SELECT question_type, k, num_tasks, pass_at_k FROM by_question_type WHERE run = 'base' ORDER BY 1, 2",
    );
    assert_eq!(
        rows,
        [
            "lookup|1|2|0.125",
            "lookup|2|2|0.25",
            "ratio|1|1|1",
            "ratio|2|1|1",
            "ratio|4|1|1"
        ]
    );
    assert_eq!(
        runs.ask(
            "SELECT level, pass_at_k FROM by_level WHERE run = 'base' AND k = 1 ORDER BY level"
        ),
        ["1|0.125", "2|1"]
    );
    assert_eq!(
        runs.ask("SELECT split, k FROM by_split WHERE run = 'tuned'"),
        ["test|1"]
    );
    assert_eq!(
        runs.ask("SELECT num_tables, k FROM by_num_tables WHERE run = 'tuned'"),
        ["1|1"]
    );
}

#[test]
fn two_runs_are_compared_on_the_questions_that_both_answered() {
    let runs = Runs::new();
    // q1 rises by 1/2, q2 stays; q3 and q4 are in one run each.
    let rows = runs.ask(
        "SELECT num_tasks, correct_a, correct_b, difference, low, high, num_better, num_worse, reward_difference
         FROM paired WHERE run_a = 'base' AND run_b = 'tuned'",
    );
    assert_eq!(rows, ["2|0.625|0.875|0.25|0|0.5|1|0|0.25"]);
    assert_eq!(
        runs.ask("SELECT run_a, run_b FROM paired ORDER BY 1, 2"),
        ["base|tuned", "tuned|base"]
    );
}

#[test]
fn tool_errors_are_shares_of_the_calls_of_a_tool() {
    let runs = Runs::new();
    assert_eq!(
        runs.ask(
            "SELECT tool, error, num_errors, num_calls, rate FROM tool_errors WHERE run = 'base' ORDER BY 1, 2"
        ),
        [
            "list_tables|any|0|12|0",
            "sql_query|any|2|12|0.1667",
            "sql_query|sql_no_such_column|1|12|0.0833",
            "sql_query|sql_syntax|1|12|0.0833"
        ]
    );
}

#[test]
fn behaviour_has_a_row_for_each_check_and_flag() {
    let runs = Runs::new();
    let rows = runs.ask(
        "SELECT kind, name, num_episodes, applicable_share, mean FROM behaviour
         WHERE run = 'base' AND name IN ('recovered_from_error', 'listed_before_query', 'had_error', 'budget') ORDER BY 1, 2",
    );
    // Listed where right: 1 of q1, 4 of q2, and the episode of unknown outcome, which lists too.
    assert_eq!(
        rows,
        [
            "check|budget|12|0|",
            "check|listed_before_query|12|1|0.5",
            "check|recovered_from_error|12|0.1667|0.5",
            "flag|had_error|12|1|0.1667"
        ]
    );
    assert_eq!(
        runs.ask("SELECT count(*) FROM behaviour WHERE run = 'base'"),
        ["25"]
    );
}

#[test]
fn failures_are_shares_of_the_failed_and_of_all() {
    let runs = Runs::new();
    let rows = runs.ask(
        "SELECT failure, num_episodes, share_of_failed, share, num_showing FROM failures WHERE run = 'base' ORDER BY num_episodes DESC, failure",
    );
    // Failed: 3 of q1, 2 of q3 and the fault. The right answer of q2 that had an error shows no_correction.
    assert_eq!(
        rows,
        [
            "wrong_scale|5|0.8333|0.4167|5",
            "infra_fault|1|0.1667|0.0833|1",
            "no_correction|0|0|0|1"
        ]
    );
    let rows = runs.ask("SELECT wrong_answer, num_episodes, share_of_wrong, share FROM wrong_answers WHERE run = 'tuned'");
    assert_eq!(rows, ["scale|1|1|0.1111"]);
}

#[test]
fn dimensions_and_cost_are_means() {
    let runs = Runs::new();
    let rows = runs.ask("SELECT dimension, num_applicable, mean FROM dimensions WHERE run = 'base' AND num_applicable > 0 ORDER BY dimension");
    assert_eq!(rows, ["primary|12|0.5", "structure|12|1"]);
    let rows = runs.ask(
        "SELECT num_episodes, mean_turns, mean_calls, mean_prompt_tokens, tokens_per_right_answer, median_duration_ms
         FROM cost WHERE run = 'tuned'",
    );
    assert_eq!(rows, ["9|2|2|100|135|100"]);
}

#[test]
fn a_learning_curve_has_a_row_for_each_step() {
    let folder = tempfile::tempdir().unwrap();
    let mut episodes = Vec::new();
    for step in [0, 100, 200] {
        for question in 0..4 {
            let number = step * 10 + question;
            let mut one = episode(
                number,
                &format!("q{question}"),
                question < step / 100 + 1,
                None,
            );
            one.policy_step = Some(step);
            episodes.push(one);
        }
    }
    write_run(folder.path(), &episodes);
    let run = RunFolder {
        name: Some("r".to_string()),
        path: folder.path().to_path_buf(),
    };
    let sql = "SELECT policy_step, pass_at_1, mean_reward, errors_per_call, truncated_share FROM learning_curve ORDER BY policy_step";
    let rows = query(sql, &[run], &Limits::default(), &mut || true).unwrap();
    assert_eq!(
        crate::fixture::lines(&rows),
        ["0|0.25|0.25|0|0", "100|0.5|0.5|0|0", "200|0.75|0.75|0|0"]
    );
}

#[test]
fn intervals_in_sql_are_those_of_the_core() {
    let runs = Runs::new();
    let rows = runs.ask(
        "SELECT i['mean'], i['low'], i['high'], i['num_clusters'] FROM (
           SELECT bootstrap_interval(CAST(is_correct AS DOUBLE), task_id) AS i FROM episodes
           WHERE run = 'base' AND is_correct IS NOT NULL AND NOT flag_infra_fault)",
    );
    let values = [1.0, 0.0, 0.0, 0.0, 1.0, 1.0, 1.0, 1.0, 0.0, 0.0];
    let clusters = [1, 1, 1, 1, 2, 2, 2, 2, 3, 3];
    let options = finqa_core::statistics::Bootstrap::default();
    let core = finqa_core::statistics::bootstrap_mean(&values, Some(&clusters), &options).unwrap();
    let round = |x: f64| (x * 1e4).round() / 1e4;
    let expected = format!(
        "{}|{}|{}|3",
        core.mean,
        round(core.low.unwrap()),
        round(core.high.unwrap())
    );
    assert_eq!(rows, [expected]);
    assert_eq!(
        runs.ask("SELECT pass_at_k(4, 1, 2), pass_at_k(4, 1, 9), pass_at_k(NULL, 1, 1)"),
        ["0.5||"]
    );
    assert_eq!(
        runs.ask("SELECT bootstrap_interval(reward)['mean'] FROM episodes WHERE false"),
        [""]
    );
}
