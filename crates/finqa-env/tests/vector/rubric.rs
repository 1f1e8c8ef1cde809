//! Tasks with a rubric earn rewards between 0 and 1, and count as right when the report passes.

use std::sync::Arc;

use finqa_core::corpus::Corpus;
use finqa_core::rubric::Rubric;
use finqa_core::sql::SqlBackend;
use finqa_core::task::Task;
use finqa_env::{EnvConfig, ResetOptions, Status, VectorEnv};
use finqa_sqlite::{BackendConfig, SqliteBackend};

use crate::common::{Texts, corpus};

/// Every task of the corpus asks for sales, costs and profit, in a report.
fn env(config: EnvConfig) -> VectorEnv {
    let plain = corpus();
    let rubric: Rubric = serde_json::from_str(
        r#"{"criteria": [
            {"id": "p1", "dim": "primary", "kind": "value", "slot": "sales", "truth": {"value": "10", "op": "exact"}},
            {"id": "p2", "dim": "primary", "kind": "value", "slot": "costs", "truth": {"value": "-4", "op": "exact"}},
            {"id": "d1", "dim": "derived", "kind": "value", "slot": "profit", "truth": {"value": "6", "op": "exact"},
             "from": {"expr": "sales + costs"}},
            {"id": "s1", "dim": "structure", "kind": "format", "headings": ["Report"]}
        ]}"#,
    )
    .expect("a rubric");
    let tasks = plain
        .stored()
        .expect("it is stored")
        .tasks()
        .iter()
        .map(|task| Task {
            rubric: Some(rubric.clone()),
            ..(**task).clone()
        })
        .collect();
    let companies = plain
        .stored()
        .expect("it is stored")
        .companies()
        .iter()
        .map(|c| (**c).clone())
        .collect();
    let corpus = Corpus::new(plain.info().clone(), companies, tasks).expect("a valid corpus");
    let backend: Arc<dyn SqlBackend> =
        Arc::new(SqliteBackend::new(BackendConfig::default()).expect("SQLite starts"));
    let env = VectorEnv::new(Arc::new(corpus), backend, config).expect("a valid config");
    env.reset(&ResetOptions::default()).expect("a reset");
    env
}

#[test]
fn a_report_earns_its_outcome() {
    let env = env(EnvConfig {
        num_envs: 4,
        ..EnvConfig::default()
    });
    let submit = |report: &str| {
        let report = report.replace('\n', "\\n");
        format!(
            "<tool_call>{{\"name\": \"submit_answer\", \"arguments\": {{\"answer\": \"{report}\"}}}}</tool_call>"
        )
    };
    let messages = [
        "# Report\n- Sales: 10\n- Costs: (4)\n- Profit: 6",
        // Without the heading half of the form is lost; it still passes.
        "- Sales: 10\n- Costs: (4)\n- Profit: 6",
        // A wrong cell, and what follows from it: no credit for that, since no tool returned the cell.
        "# Report\n- Sales: 11\n- Costs: (4)\n- Profit: 7",
        "",
    ]
    .map(submit);
    let rows = env
        .step(
            Arc::new(Texts(messages.to_vec())),
            &[0, 1, 2, 3],
            &mut || true,
        )
        .expect("a step")
        .expect("no interruption");
    let weights = 0.30 + 0.30 + 0.10 + 0.05;
    let wanted = [
        1.0,
        (weights - 0.025) / weights,
        (0.15 + 0.10 + 0.05) / weights,
        0.0,
    ];
    for (row, wanted) in rows.iter().zip(wanted) {
        assert_eq!(row.info.status, Status::Terminated);
        assert!((f64::from(row.reward) - wanted).abs() < 1e-6, "{row:?}");
        let verdict = row.info.verdict.expect("a verdict");
        assert!((verdict.score - wanted).abs() < 1e-12);
        assert_eq!(verdict.is_correct, wanted > 0.8);
    }
    let stats = env.stats();
    assert_eq!((stats.terminated, stats.correct), (4, 2));
}
