//! Runs that are not closed: what opening them takes counts as the query's.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use finqa_core::corpus::Pick;
use finqa_data::trajectories::Session;
use finqa_data::{SynthConfig, materialise, synthetic};
use finqa_datafusion::query::{Limits, QueryError, QueryResult, RunFolder, query};
use finqa_env::{
    Action, ActionSource, EnvConfig, NumTokens, RecorderOptions, ResetOptions, VectorEnv,
};
use finqa_sqlite::{BackendConfig, SqliteBackend};

use crate::fixture::lines;

struct Answer;

impl ActionSource for Answer {
    fn action(&self, _: usize) -> (Action<'_>, bool) {
        (Action::Text("FINAL ANSWER: 1"), false)
    }

    fn num_tokens(&self, _: usize) -> Option<NumTokens> {
        None
    }
}

/// A session that is under way, with two finished episodes.
fn record(run: &Path) -> Session {
    let corpus = synthetic(0, SynthConfig::default()).expect("a fixture that works");
    let corpus = materialise(&corpus, &[Pick::first("train", 1)]).expect("a fixture that works");
    let backend = SqliteBackend::new(BackendConfig::default()).expect("a fixture that works");
    let config = EnvConfig {
        num_envs: 2,
        num_threads: 1,
        ..EnvConfig::default()
    };
    let env =
        VectorEnv::new(Arc::new(corpus), Arc::new(backend), config).expect("a fixture that works");
    let session = Session::start(run, &serde_json::json!({"format": 1}), false)
        .expect("a fixture that works");
    env.start_recording(&session.live(), RecorderOptions::default())
        .expect("a fixture that works");
    env.reset(&ResetOptions::default())
        .expect("a fixture that works");
    env.step(Arc::new(Answer), &[0, 1], &mut || true)
        .expect("a fixture that works");
    env.close_recording().expect("a fixture that works");
    session
}

fn ask(sql: &str, run: &Path, limits: &Limits) -> Result<QueryResult, QueryError> {
    let folder = RunFolder {
        name: None,
        path: run.to_owned(),
    };
    query(sql, &[folder], limits, &mut || true)
}

#[test]
fn episodes_of_a_session_that_is_under_way_are_seen_and_count_against_the_memory() {
    let folder = tempfile::tempdir().unwrap();
    let run = folder.path().join("run");
    let session = record(&run);
    let sql = "SELECT count(*), count(DISTINCT prompt) > 0 FROM episodes";
    let seen = ask(sql, &run, &Limits::default()).unwrap();
    assert_eq!(lines(&seen), ["2|true"]);
    let little = Limits {
        memory_bytes: 2000,
        ..Limits::default()
    };
    let error = ask("SELECT 1 AS one", &run, &little).unwrap_err();
    assert!(
        error.code() == "memory" && error.to_string().contains("sessions that are not closed"),
        "{error}"
    );
    drop(session);
    // What is recovered stands in files: it takes nothing.
    ask("SELECT 1 AS one", &run, &little).unwrap();
}

/// A pipe that nobody writes stands for a run that takes long to read.
#[cfg(unix)]
#[test]
fn the_time_limit_and_an_interrupt_end_the_opening() {
    let folder = tempfile::tempdir().unwrap();
    let run = folder.path().join("run");
    std::fs::create_dir(&run).unwrap();
    let pipe = run.join("run.json");
    let made = std::process::Command::new("mkfifo").arg(&pipe).status();
    assert!(made.unwrap().success());
    let (send, receive) = std::sync::mpsc::channel();
    let path = run.clone();
    std::thread::spawn(move || {
        let limits = Limits {
            timeout: Some(Duration::from_millis(200)),
            ..Limits::default()
        };
        let late = ask("SELECT 1 AS one", &path, &limits);
        let folder = RunFolder { name: None, path };
        let mut asked = 0;
        let stopped = query(
            "SELECT 1 AS one",
            &[folder],
            &Limits::default(),
            &mut || {
                asked += 1;
                asked < 3
            },
        );
        send.send([late, stopped].map(|answer| answer.unwrap_err().to_string()))
    });
    let told = receive
        .recv_timeout(Duration::from_secs(10))
        .expect("a query that waits for its run ends");
    assert!(told[0].contains("the time limit"), "{told:?}");
    assert_eq!(told[1], "interrupted");
    // The readers that were left behind go home.
    drop(std::fs::File::options().write(true).open(&pipe));
}
