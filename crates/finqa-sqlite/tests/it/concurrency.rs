//! The number of threads changes no outcome.

use std::sync::Arc;

use finqa_core::Company;
use finqa_core::sql::QueryOutcome;
use finqa_sqlite::{BackendConfig, SqliteBackend};

use crate::support::{data, fixture, query};

fn statements() -> Vec<String> {
    let text = std::fs::read_to_string(data("attacks.jsonl")).unwrap();
    text.lines()
        .map(|line| {
            let case: serde_json::Value = serde_json::from_str(line).unwrap();
            case["sql"].as_str().unwrap().to_owned()
        })
        .collect()
}

/// Every thread runs everything, each in another order; its outcomes in the order of the list.
fn outcomes(
    backend: &SqliteBackend,
    companies: &[Arc<Company>],
    threads: usize,
) -> Vec<Vec<QueryOutcome>> {
    let statements = statements();
    let work: Vec<(usize, usize)> = (0..companies.len())
        .flat_map(|c| (0..statements.len()).map(move |s| (c, s)))
        .collect();
    std::thread::scope(|scope| {
        let handles: Vec<_> = (0..threads)
            .map(|thread| {
                let (statements, work) = (&statements, &work);
                scope.spawn(move || {
                    let mut found = vec![None; work.len()];
                    for step in 0..work.len() {
                        // Each starts elsewhere, every second one goes backwards.
                        let forward = (step + thread * 31) % work.len();
                        let index = if thread % 2 == 0 {
                            forward
                        } else {
                            work.len() - 1 - forward
                        };
                        let (company, statement) = work[index];
                        found[index] =
                            Some(query(backend, &companies[company], &statements[statement]));
                    }
                    found
                        .into_iter()
                        .map(|outcome| outcome.expect("every index occurs once"))
                        .collect()
                })
            })
            .collect();
        handles
            .into_iter()
            .map(|handle| handle.join().unwrap())
            .collect()
    })
}

#[test]
fn outcomes_are_equal_for_1_2_and_8_threads() {
    let (own, foreign) = fixture(&data("fixture.sql"), "tidewater_");
    let companies = [own, foreign];
    let mut expected: Option<Vec<QueryOutcome>> = None;
    for threads in [1, 2, 8] {
        for result_cache_bytes in [0, 1 << 20] {
            // One connection a thread and images that do not fit: everything is evicted all the time.
            let config = BackendConfig {
                max_connections_per_thread: 1,
                image_cache_bytes: 1,
                result_cache_bytes,
                query_timeout: None,
                ..BackendConfig::default()
            };
            let backend = SqliteBackend::new(config).unwrap();
            for found in outcomes(&backend, &companies, threads) {
                assert_eq!(&found, expected.get_or_insert_with(|| found.clone()));
            }
        }
    }
}
