//! What SQL can name: the tables of recorded episodes, and the views on them that answer the usual questions.

use std::fmt::Write as _;
use std::sync::LazyLock;

use finqa_core::behaviour::{Check, Flag};
use finqa_core::rubric::Dimension;

/// Columns of the files: what `episodes` is made of.
pub(super) const FILES: &str = "episode_files";

/// A table or view.
#[derive(Clone, Debug)]
pub struct Relation {
    /// Its name in SQL.
    pub name: &'static str,
    /// Whether it holds what was recorded; otherwise it is worked out.
    pub is_table: bool,
    /// What a row is, and how the numbers are to be read.
    pub doc: &'static str,
    /// Its definition; empty for what stands in no file of episodes.
    pub sql: String,
}

/// Who acted: every view has one row, or one group of rows, for each. Rows have no order, as SQL has it: the outer
/// query says one.
const WHO: &str = "run, policy, policy_step";

/// All of them, each after those it is made of.
pub static RELATIONS: LazyLock<Vec<Relation>> = LazyLock::new(|| {
    let mut relations = tables();
    relations.extend(success());
    relations.extend(conduct());
    relations
});

/// Whether this is one of them.
pub(super) fn find(name: &str) -> Option<&'static Relation> {
    RELATIONS.iter().find(|relation| relation.name == name)
}

fn table(name: &'static str, doc: &'static str, sql: String) -> Relation {
    Relation {
        name,
        is_table: true,
        doc,
        sql,
    }
}

fn view(name: &'static str, doc: &'static str, sql: String) -> Relation {
    Relation {
        name,
        is_table: false,
        doc,
        sql,
    }
}

fn tables() -> Vec<Relation> {
    let parts = |column: &str, fields: &str| {
        let picked = fields.split(' ').fold(String::new(), |mut text, field| {
            let _ = write!(text, ", part['{field}'] AS \"{field}\""); // a String takes everything
            text
        });
        format!(
            "SELECT run, episode, task_id, policy, policy_step, number AS {column}{picked} FROM (
               SELECT run, episode, task_id, policy, policy_step, unnest({column}s) AS part,
                      unnest(range(1, CAST(coalesce(array_length({column}s), 0) AS BIGINT) + 1)) AS number
               FROM episodes)"
        )
    };
    vec![
        table(
            "episodes",
            "One row per episode: the columns of docs/spec/trajectories.md, and the run.",
            format!("SELECT run, * EXCEPT (run) FROM {FILES}"),
        ),
        table(
            "calls",
            "One row per call; `call` counts from 1 within its episode.",
            parts("call", "turn tool status error company table rows tool_ms"),
        ),
        table(
            "turns",
            "One row per message of the policy; `turn` counts from 1 within its episode.",
            parts(
                "turn",
                "action tool_calls length_limited num_tokens reward messages",
            ),
        ),
        table(
            "criteria",
            "One row per criterion of an episode's rubric.",
            "SELECT run, episode, task_id, policy, policy_step, part['id'] AS id, part['dim'] AS dim,
                    part['weight'] AS weight, part['score'] AS score, part['applicable'] AS applicable,
                    part['reason'] AS reason
             FROM (SELECT run, episode, task_id, policy, policy_step, unnest(criteria) AS part FROM episodes)"
                .to_string(),
        ),
        table(
            "runs",
            "One row per run, from its run.json.",
            String::new(),
        ),
        table(
            "meanings",
            "What the names of checks, flags, failure classes and kinds of wrong answers mean.",
            String::new(),
        ),
    ]
}

/// pass@k by what `by` names, if anything; `by` is a column of `by_task`.
fn pass_at_k(by: Option<&str>) -> String {
    let keys = by.map_or(WHO.to_string(), |by| format!("{WHO}, {by}"));
    format!(
        "SELECT {keys}, k, num_tasks, num_episodes, i['mean'] AS pass_at_k, i['low'] AS low, i['high'] AS high
         FROM (
           SELECT {keys}, k, count(*) AS num_tasks, sum(num_episodes) AS num_episodes,
                  bootstrap_interval(pass_at_k(num_episodes, num_correct, k)) AS i
           FROM (SELECT {keys}, num_episodes, num_correct,
                        min(num_episodes) OVER (PARTITION BY {keys}) AS fewest FROM by_task)
           CROSS JOIN (VALUES (1), (2), (4), (8), (16), (32), (64), (128), (256), (512), (1024)) AS tries(k)
           WHERE k <= fewest
           GROUP BY {keys}, k)"
    )
}

fn success() -> Vec<Relation> {
    let by = |name, doc, column| view(name, doc, pass_at_k(Some(column)));
    vec![
        view(
            "by_task",
            "One row per question: its episodes and how many were right. Episodes that a fault of the machine ended, \
             and those whose outcome is not known, do not count, here and in every view made of it.",
            format!(
                "SELECT {WHO}, task_id, min(split) AS split, min(question_type) AS question_type, min(level) AS level,
                        min(num_tables) AS num_tables, count(*) AS num_episodes,
                        count(*) FILTER (WHERE is_correct) AS num_correct, avg(reward) AS mean_reward,
                        avg(num_turns) AS mean_turns, avg(num_calls) AS mean_calls, sum(num_calls) AS num_calls,
                        sum(num_errors) AS num_errors,
                        count(*) FILTER (WHERE status = 'truncated') AS num_truncated
                 FROM episodes WHERE is_correct IS NOT NULL AND NOT flag_infra_fault
                 GROUP BY {WHO}, task_id"
            ),
        ),
        view(
            "pass_at_1",
            "Share of right answers, averaged over questions, with the 95 % interval of resampled questions.",
            format!(
                "SELECT {WHO}, num_tasks, num_episodes, i['mean'] AS pass_at_1, i['low'] AS low, i['high'] AS high
                 FROM (SELECT {WHO}, count(*) AS num_tasks, sum(num_episodes) AS num_episodes,
                              bootstrap_interval(pass_at_k(num_episodes, num_correct, 1)) AS i
                       FROM by_task GROUP BY {WHO})"
            ),
        ),
        view(
            "pass_at_k",
            "Chance that one of k episodes is right (unbiased: 1 - C(n-c, k) / C(n, k), averaged over questions), \
             for k = 1, 2, 4, … up to the episodes of the question with the fewest.",
            pass_at_k(None),
        ),
        by(
            "by_question_type",
            "pass_at_k for each type of question.",
            "question_type",
        ),
        by("by_split", "pass_at_k for each split.", "split"),
        by("by_level", "pass_at_k for each level.", "level"),
        by(
            "by_num_tables",
            "pass_at_k for each number of tables that a question needs.",
            "num_tables",
        ),
        view(
            "learning_curve",
            "What training did: one row per policy_step, questions counting the same.",
            format!(
                "SELECT {WHO}, num_tasks, num_episodes, i['mean'] AS pass_at_1, i['low'] AS low, i['high'] AS high,
                        mean_reward, mean_turns, mean_calls, errors_per_call, truncated_share
                 FROM (SELECT {WHO}, count(*) AS num_tasks, sum(num_episodes) AS num_episodes,
                              bootstrap_interval(pass_at_k(num_episodes, num_correct, 1)) AS i,
                              avg(mean_reward) AS mean_reward, avg(mean_turns) AS mean_turns,
                              avg(mean_calls) AS mean_calls,
                              sum(num_errors) / nullif(CAST(sum(num_calls) AS DOUBLE), 0) AS errors_per_call,
                              sum(num_truncated) / CAST(sum(num_episodes) AS DOUBLE) AS truncated_share
                       FROM by_task GROUP BY {WHO})"
            ),
        ),
        view(
            "paired",
            "Two runs question by question, every run against every other: of the questions that both answered, how \
             much better run_b is than run_a, with the 95 % interval of resampled questions. \
             WHERE run_a = … AND run_b = … reads those two only.",
            "WITH tasks AS (
               SELECT run, task_id, avg(CAST(is_correct AS DOUBLE)) AS correct, avg(CAST(reward AS DOUBLE)) AS reward
               FROM episodes WHERE is_correct IS NOT NULL AND NOT flag_infra_fault GROUP BY run, task_id)
             SELECT run_a, run_b, num_tasks, correct_a, correct_b, i['mean'] AS difference, i['low'] AS low,
                    i['high'] AS high, num_better, num_worse, r['mean'] AS reward_difference, r['low'] AS reward_low,
                    r['high'] AS reward_high
             FROM (SELECT a.run AS run_a, b.run AS run_b, count(*) AS num_tasks, avg(a.correct) AS correct_a,
                          avg(b.correct) AS correct_b, bootstrap_interval(b.correct - a.correct) AS i,
                          bootstrap_interval(b.reward - a.reward) AS r,
                          count(*) FILTER (WHERE b.correct > a.correct) AS num_better,
                          count(*) FILTER (WHERE b.correct < a.correct) AS num_worse
                   FROM tasks a JOIN tasks b ON a.task_id = b.task_id WHERE a.run <> b.run GROUP BY a.run, b.run)"
                .to_string(),
        ),
    ]
}

/// Turns aggregates of columns into rows: one scan, whatever the number of columns.
fn rows_of(columns: &[(&str, &str, String)]) -> String {
    let mut aggregates = String::new();
    let mut structs = Vec::new();
    for (number, (kind, name, column)) in columns.iter().enumerate() {
        // A String takes everything.
        let _ = write!(
            aggregates,
            ", count({column}) AS n{number}, avg(CAST({column} AS DOUBLE)) AS m{number}"
        );
        structs.push(format!(
            "named_struct('kind', '{kind}', 'name', '{name}', 'n', n{number}, 'mean', m{number})"
        ));
    }
    format!(
        "SELECT {WHO}, num_episodes, unnest([{}]) AS r
         FROM (SELECT {WHO}, count(*) AS num_episodes{aggregates} FROM episodes GROUP BY {WHO})",
        structs.join(", ")
    )
}

fn behaviour() -> String {
    let checks = Check::ALL
        .iter()
        .map(|c| ("check", c.name(), format!("check_{}", c.name())));
    let flags = Flag::ALL
        .iter()
        .map(|f| ("flag", f.name(), format!("flag_{}", f.name())));
    let columns: Vec<_> = checks.chain(flags).collect();
    format!(
        "SELECT {WHO}, r['kind'] AS kind, r['name'] AS name, num_episodes,
                r['n'] / CAST(num_episodes AS DOUBLE) AS applicable_share, r['mean'] AS mean
         FROM ({})",
        rows_of(&columns)
    )
}

fn dimensions() -> String {
    let columns: Vec<_> = Dimension::SCORED
        .iter()
        .map(|d| ("dimension", d.name(), format!("dimension_{}", d.name())))
        .collect();
    format!(
        "SELECT {WHO}, r['name'] AS dimension, num_episodes, r['n'] AS num_applicable, r['mean'] AS mean
         FROM ({})",
        rows_of(&columns)
    )
}

fn conduct() -> Vec<Relation> {
    vec![
        view(
            "tool_errors",
            "Calls that failed, by tool and error; error 'any' adds them up, for tools without errors too. \
             rate: share of the tool's calls.",
            format!(
                "WITH counted AS (
                   SELECT {WHO}, coalesce(tool, 'unreadable') AS tool, error, count(*) AS num_errors
                   FROM calls GROUP BY {WHO}, coalesce(tool, 'unreadable'), error),
                 shares AS (
                   SELECT *, sum(num_errors) OVER (PARTITION BY {WHO}, tool) AS num_calls FROM counted)
                 SELECT {WHO}, tool, error, num_errors, num_calls, num_errors / CAST(num_calls AS DOUBLE) AS rate
                 FROM shares WHERE error IS NOT NULL
                 UNION ALL
                 SELECT {WHO}, tool, 'any', coalesce(sum(num_errors) FILTER (WHERE error IS NOT NULL), 0),
                        sum(num_errors),
                        coalesce(sum(num_errors) FILTER (WHERE error IS NOT NULL), 0) / CAST(sum(num_errors) AS DOUBLE)
                 FROM counted GROUP BY {WHO}, tool"
            ),
        ),
        view(
            "behaviour",
            "Checks and flags of every episode. For a check: the share of episodes that it applies to, and its mean \
             (0 to 1) there. For a flag: the share of episodes that show it.",
            behaviour(),
        ),
        view(
            "failures",
            "Failure classes. num_episodes failed with that class as first cause, num_showing show it, whether right \
             or wrong; shares are of the failed episodes and of all.",
            format!(
                "WITH totals AS (
                   SELECT {WHO}, count(*) AS num_all, count(*) FILTER (WHERE failure <> '') AS num_failed
                   FROM episodes GROUP BY {WHO}),
                 shown AS (
                   SELECT {WHO}, shown AS failure, count(*) FILTER (WHERE shown = failure) AS num_episodes,
                          count(*) AS num_showing
                   FROM (SELECT {WHO}, failure, unnest(failures) AS shown FROM episodes)
                   GROUP BY {WHO}, shown)
                 SELECT shown.run, shown.policy, shown.policy_step, failure, num_episodes,
                        num_episodes / nullif(CAST(num_failed AS DOUBLE), 0) AS share_of_failed,
                        num_episodes / CAST(num_all AS DOUBLE) AS share, num_showing,
                        num_showing / CAST(num_all AS DOUBLE) AS share_showing
                 FROM shown JOIN totals ON (shown.run IS NOT DISTINCT FROM totals.run)
                      AND (shown.policy IS NOT DISTINCT FROM totals.policy)
                      AND (shown.policy_step IS NOT DISTINCT FROM totals.policy_step)"
            ),
        ),
        view(
            "wrong_answers",
            "Kinds of wrong answer, with their share of the wrong answers and of all episodes.",
            format!(
                "SELECT {WHO}, wrong_answer, num_episodes,
                        num_episodes / CAST(num_wrong AS DOUBLE) AS share_of_wrong,
                        num_episodes / CAST(num_all AS DOUBLE) AS share
                 FROM (SELECT *, sum(num_episodes) OVER (PARTITION BY {WHO}) AS num_all,
                              sum(CASE WHEN wrong_answer <> 'none' THEN num_episodes END)
                                OVER (PARTITION BY {WHO}) AS num_wrong
                       FROM (SELECT {WHO}, wrong_answer, count(*) AS num_episodes
                             FROM episodes GROUP BY {WHO}, wrong_answer))
                 WHERE wrong_answer <> 'none'"
            ),
        ),
        view(
            "dimensions",
            "Mean of each rubric dimension over the episodes that it applies to.",
            dimensions(),
        ),
        view(
            "cost",
            "What episodes take: turns, calls, tokens (if the caller gave them) and time in milliseconds.",
            format!(
                "SELECT {WHO}, count(*) AS num_episodes, avg(num_turns) AS mean_turns, avg(num_calls) AS mean_calls,
                        avg(num_errors) AS mean_errors, avg(num_prompt_tokens) AS mean_prompt_tokens,
                        avg(num_completion_tokens) AS mean_completion_tokens,
                        sum(num_prompt_tokens + num_completion_tokens)
                          / nullif(CAST(count(*) FILTER (WHERE is_correct) AS DOUBLE), 0) AS tokens_per_right_answer,
                        avg(duration_ms) AS mean_duration_ms, approx_median(duration_ms) AS median_duration_ms,
                        approx_percentile_cont(0.95) WITHIN GROUP (ORDER BY duration_ms) AS p95_duration_ms,
                        avg(tool_ms) AS mean_tool_ms
                 FROM episodes GROUP BY {WHO}"
            ),
        ),
    ]
}
