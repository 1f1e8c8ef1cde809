//! Small runs with known numbers.

use std::path::{Path, PathBuf};
use std::time::Duration;

use finqa_core::behaviour::{Check, Flag};
use finqa_core::trajectory::{
    CallRecord, CriterionRecord, EpisodeRecord, MessageRecord, TurnRecord,
};
use finqa_data::trajectories::Session;
use finqa_datafusion::arrow::util::display::{ArrayFormatter, FormatOptions};
use finqa_datafusion::query::{Limits, QueryError, QueryResult, RunFolder, query};
use tempfile::TempDir;

/// An episode of `task_id`, right or wrong, with two calls, the second of which may fail.
pub(crate) fn episode(
    number: i64,
    task_id: &str,
    right: bool,
    error: Option<&str>,
) -> EpisodeRecord {
    let call = |turn, tool: &str, error: Option<&str>| CallRecord {
        turn,
        tool: Some(tool.to_string()),
        status: "ok".to_string(),
        error: error.map(str::to_string),
        table: Some("debt".to_string()),
        rows: Some(3),
        ..CallRecord::default()
    };
    let turn = |action: &str, content: &str| TurnRecord {
        action: action.to_string(),
        messages: vec![MessageRecord {
            id: "1".to_string(),
            name: "sql_query".to_string(),
            content: content.to_string(),
        }],
        ..TurnRecord::default()
    };
    let mut checks = [None; Check::COUNT];
    checks[Check::ListedBeforeQuery as usize] = Some(if right { 1.0 } else { 0.0 });
    checks[Check::RecoveredFromError as usize] = error.map(|_| 0.5);
    let mut flags = 1 << Flag::Submitted as u32;
    if error.is_some() {
        flags |= 1 << Flag::HadError as u32;
    }
    EpisodeRecord {
        episode: number,
        policy: "tiny".to_string(),
        task_id: task_id.to_string(),
        split: "test".to_string(),
        question_type: if task_id == "q2" { "ratio" } else { "lookup" }.to_string(),
        level: Some(if task_id == "q2" { 2 } else { 1 }),
        num_tables: Some(1),
        status: "terminated".to_string(),
        submission: Some("42".to_string()),
        is_correct: Some(right),
        outcome: Some(f32::from(u8::from(right))),
        reward: Some(f32::from(u8::from(right))),
        wrong_answer: if right { "none" } else { "scale" }.to_string(),
        failure: if right { "" } else { "wrong_scale" }.to_string(),
        failures: match (right, error) {
            (true, None) => vec![],
            (true, Some(_)) => vec!["no_correction".to_string()],
            (false, _) => vec!["wrong_scale".to_string()],
        },
        duration_ms: Some(100.0),
        num_turns: 2,
        num_calls: 2,
        num_errors: i32::from(error.is_some()),
        num_prompt_tokens: Some(100),
        num_completion_tokens: Some(20),
        dimensions: [Some(0.5), None, None, None, None, Some(1.0)],
        checks,
        flags,
        criteria: vec![CriterionRecord {
            id: "answer".to_string(),
            dim: "primary".to_string(),
            weight: 1.0,
            score: f32::from(u8::from(right)),
            applicable: true,
            reason: "equal".to_string(),
        }],
        calls: vec![call(1, "list_tables", None), call(2, "sql_query", error)],
        prompt: format!("What is {task_id}?"),
        turns: vec![turn("list", "debt, leases"), turn("query", "42")],
        ..EpisodeRecord::default()
    }
}

/// Episodes of `task_id`, the first `right` of them right.
fn tries(from: i64, task_id: &str, number: i64, right: i64) -> Vec<EpisodeRecord> {
    (0..number)
        .map(|i| episode(from + i, task_id, i < right, None))
        .collect()
}

/// Two runs: `base` has q1 1 of 4, q2 4 of 4, q3 0 of 2, and two that do not count; `tuned` q1 3 of 4, q2 4 of 4 and q4.
pub(crate) struct Runs {
    pub(crate) folder: TempDir,
}

impl Runs {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().expect("a fixture that works");
        let mut base = tries(0, "q1", 4, 1);
        base.extend(tries(4, "q2", 4, 4));
        base.extend(tries(8, "q3", 2, 0));
        let mut fault = episode(10, "q3", false, None);
        fault.flags |= 1 << Flag::InfraFault as u32;
        fault.failure = "infra_fault".to_string();
        fault.failures = vec!["infra_fault".to_string()];
        base.push(fault);
        base.push(EpisodeRecord {
            is_correct: None,
            ..episode(11, "q3", true, None)
        });
        base[1] = episode(1, "q1", false, Some("sql_syntax"));
        base[5] = episode(5, "q2", true, Some("sql_no_such_column"));
        write_run(&folder.path().join("base"), &base);
        let mut tuned = tries(0, "q1", 4, 3);
        tuned.extend(tries(4, "q2", 4, 4));
        tuned.extend(tries(8, "q4", 1, 1));
        for episode in &mut tuned {
            episode.policy_step = Some(200);
        }
        write_run(&folder.path().join("tuned"), &tuned);
        Self { folder }
    }

    pub(crate) fn paths(&self) -> Vec<RunFolder> {
        ["base", "tuned"]
            .map(|name| RunFolder {
                name: None,
                path: self.folder.path().join(name),
            })
            .to_vec()
    }

    pub(crate) fn ask(&self, sql: &str) -> Vec<String> {
        lines(
            &self
                .try_ask(sql, &Limits::default())
                .unwrap_or_else(|e| panic!("{sql}: {e}")),
        )
    }

    pub(crate) fn try_ask(&self, sql: &str, limits: &Limits) -> Result<QueryResult, QueryError> {
        query(sql, &self.paths(), limits, &mut || true)
    }
}

/// Two sessions, as a recording that was gone on with leaves them.
pub(crate) fn write_run(folder: &Path, episodes: &[EpisodeRecord]) {
    let info = serde_json::json!({
        "format": 1, "policy": "tiny", "corpus": {"name": "toy"}, "versions": {"scoring": 3},
    });
    let (first, second) = episodes.split_at(episodes.len() / 2);
    for (part, episodes) in [first, second].into_iter().enumerate() {
        let session = Session::start(folder, &info, part > 0).expect("a fixture that works");
        session
            .write(episodes.iter().cloned().map(Ok))
            .expect("a fixture that works");
    }
}

/// Rows as text, columns parted by `|`, numbers with at most four decimals.
pub(crate) fn lines(result: &QueryResult) -> Vec<String> {
    let options = FormatOptions::default();
    let mut lines = Vec::new();
    for batch in result.batches.iter() {
        let columns: Vec<_> = batch
            .columns()
            .iter()
            .map(|column| ArrayFormatter::try_new(column, &options).expect("a fixture that works"))
            .collect();
        for row in 0..batch.num_rows() {
            let cell = |c: &ArrayFormatter<'_>| {
                let text = c.value(row).to_string();
                match text.parse::<f64>() {
                    Ok(number) if text.contains('.') => ((number * 1e4).round() / 1e4).to_string(),
                    _ => text,
                }
            };
            lines.push(columns.iter().map(cell).collect::<Vec<_>>().join("|"));
        }
    }
    lines
}

/// Every file below a folder, with its bytes.
pub(crate) fn snapshot(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut found = Vec::new();
    let mut open = vec![folder.to_path_buf()];
    while let Some(next) = open.pop() {
        for entry in std::fs::read_dir(next).expect("a fixture that works") {
            let path = entry.expect("a fixture that works").path();
            if path.is_dir() {
                open.push(path);
            } else {
                let bytes = std::fs::read(&path).expect("a fixture that works");
                found.push((path, bytes));
            }
        }
    }
    found.sort();
    found
}

/// Little memory and time.
pub(crate) fn tight() -> Limits {
    Limits {
        memory_bytes: 64 << 20,
        timeout: Some(Duration::from_secs(1)),
        max_rows: Some(100_000),
    }
}
