//! Every task of the synthetic corpus is solved by its gold program, in every profile, through the engine.

use std::sync::Arc;

use finqa_core::ToolProfile;
use finqa_core::sql::SqlBackend;
use finqa_policy::{ValidateOptions, validate};
use finqa_sqlite::{BackendConfig, SqliteBackend};
use finqa_synth::{SynthConfig, corpus};

#[test]
fn gold_programs_solve_every_task() {
    let config = SynthConfig {
        train_companies: Some(12),
        val_companies: 4,
        ..SynthConfig::default()
    };
    let corpus = Arc::new(corpus(5, config).expect("a corpus"));
    let backend: Arc<dyn SqlBackend> =
        Arc::new(SqliteBackend::new(BackendConfig::default()).expect("a backend"));
    for profile in ToolProfile::ALL {
        let options = ValidateOptions {
            tool_profile: profile,
            ..ValidateOptions::default()
        };
        let checks = validate(&corpus, &backend, &options, &mut |_| true).expect("it runs");
        // A profile without a company argument reaches the task's first company only.
        let reachable = |index: u32| {
            let task = corpus.task(index).expect("a task");
            profile != ToolProfile::Compact || task.companies.len() == 1
        };
        let bad: Vec<_> = checks
            .iter()
            .filter(|c| c.outcome != "ok" && reachable(c.task_index))
            .collect();
        assert!(checks.len() > 600, "{}", checks.len());
        assert!(
            bad.is_empty(),
            "{}: {} of {}: {:#?}",
            profile.name(),
            bad.len(),
            checks.len(),
            &bad[..bad.len().min(5)]
        );
    }
}
