//! The live log: what a recorder writes, cut off anywhere.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use finqa_core::Corpus;
use finqa_core::trajectory::EpisodeRecord;
use finqa_data::DataError;
use finqa_data::trajectories::{LogEnd, LogReader, Run, Session, read_counts, to_batch};
use finqa_env::{
    Action, ActionSource, EnvConfig, NumTokens, RecorderOptions, ResetOptions, VectorEnv,
};
use finqa_sqlite::{BackendConfig, SqliteBackend};
use serde_json::json;

use crate::common::synthetic_part;

struct Texts(Vec<String>);

impl ActionSource for Texts {
    fn action(&self, index: usize) -> (Action<'_>, bool) {
        let text = &self.0[index];
        (
            Action::Text(text),
            index == 0 && text.contains("<tool_call>"),
        )
    }

    fn num_tokens(&self, index: usize) -> Option<NumTokens> {
        Some(NumTokens {
            prompt: None,
            completion: Some(index as u32),
        })
    }
}

/// An environment of `num_envs` slots that records as a session of `run`.
fn recording(run: &Path, num_envs: usize) -> (VectorEnv, Session) {
    recording_of(run, num_envs, synthetic_part(&[("train", 2)]))
}

fn recording_of(run: &Path, num_envs: usize, corpus: Corpus) -> (VectorEnv, Session) {
    let corpus = Arc::new(corpus);
    let backend = Arc::new(SqliteBackend::new(BackendConfig::default()).unwrap());
    let config = EnvConfig {
        num_envs,
        num_threads: 1,
        ..EnvConfig::default()
    };
    let env = VectorEnv::new(corpus, backend, config).unwrap();
    let session = Session::start(run, &json!({"format": 1}), true).unwrap();
    let options = RecorderOptions {
        first_episode: session.first_episode(),
        ..RecorderOptions::default()
    };
    env.start_recording(&session.live(), options).unwrap();
    (env, session)
}

fn step(env: &VectorEnv, text: impl Fn(usize) -> String) {
    let slots: Vec<u32> = (0..env.context().config.num_envs as u32).collect();
    let texts = Texts(slots.iter().map(|&slot| text(slot as usize)).collect());
    env.step(Arc::new(texts), &slots, &mut || true).unwrap();
}

/// Plays `rounds` episodes in each slot: a call, then an answer.
fn play(env: &VectorEnv, rounds: usize) {
    for round in 0..rounds {
        let rows = env.reset(&ResetOptions::default()).unwrap();
        let companies: Vec<String> = rows
            .iter()
            .map(|row| {
                env.context()
                    .corpus
                    .task(row.info.task_index)
                    .unwrap()
                    .companies[0]
                    .clone()
            })
            .collect();
        step(env, |slot| {
            format!(
                "<tool_call>{{\"name\": \"get_table_names\", \"arguments\": {{\"company_name\": \"{}\"}}}}</tool_call>",
                companies[slot]
            )
        });
        step(env, |slot| format!("FINAL ANSWER: {round}-{slot}"));
    }
}

/// The log files of a session that hold something.
fn logs(session: &Session) -> Vec<PathBuf> {
    let mut files: Vec<_> = std::fs::read_dir(session.live())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| {
            path.file_name()
                .unwrap()
                .to_str()
                .unwrap()
                .starts_with("worker")
        })
        .filter(|path| path.metadata().unwrap().len() > 0)
        .collect();
    files.sort();
    files
}

fn read(path: &Path, num_bytes: u64) -> (Vec<EpisodeRecord>, LogEnd) {
    let mut reader = LogReader::open(path, num_bytes).unwrap();
    let mut episodes = Vec::new();
    while let Some(episode) = reader.read().unwrap() {
        episodes.push(episode);
    }
    (episodes, reader.end().unwrap().clone())
}

#[test]
fn a_log_cut_anywhere_gives_the_whole_records_before_the_cut() {
    let folder = tempfile::tempdir().unwrap();
    let (env, session) = recording(folder.path(), 2);
    play(&env, 2);
    let [file] = logs(&session).try_into().unwrap();
    let bytes = std::fs::read(&file).unwrap();
    let (all, end) = read(&file, bytes.len() as u64);
    assert_eq!((all.len(), end), (4, LogEnd::Whole));
    let ends = ends(&file);
    for cut in 0..bytes.len() as u64 {
        let whole = ends.iter().filter(|&&end| end <= cut).count();
        let torn = cut - whole.checked_sub(1).map_or(0, |i| ends[i]);
        let (episodes, end) = read(&file, cut);
        assert_eq!(episodes, all[..whole], "cut at byte {cut}");
        let expected = if torn == 0 {
            LogEnd::Whole
        } else {
            LogEnd::Torn(torn)
        };
        assert_eq!(end, expected, "cut at byte {cut}");
    }
}

/// Where the records of a log end.
fn ends(path: &Path) -> Vec<u64> {
    let mut reader = LogReader::open(path, u64::MAX).unwrap();
    std::iter::from_fn(|| {
        reader.read().unwrap()?;
        Some(reader.position())
    })
    .collect()
}

#[test]
fn a_record_overwritten_with_zeros_ends_the_log_with_its_number() {
    let folder = tempfile::tempdir().unwrap();
    let (env, session) = recording(folder.path(), 4);
    play(&env, 2);
    let [file] = logs(&session).try_into().unwrap();
    let mut bytes = std::fs::read(&file).unwrap();
    let second = ends(&file)[0] as usize;
    bytes[second..second + 20].fill(0);
    std::fs::write(&file, &bytes).unwrap();
    let (episodes, end) = read(&file, bytes.len() as u64);
    assert_eq!(episodes.len(), 1);
    assert!(matches!(end, LogEnd::Damaged(2, _)), "{end:?}");
}

#[test]
fn texts_that_repeat_are_written_once() {
    let folder = tempfile::tempdir().unwrap();
    let (env, session) = recording(folder.path(), 4);
    play(&env, 6);
    let [file] = logs(&session).try_into().unwrap();
    let text = std::fs::read_to_string(&file).unwrap();
    let (episodes, _) = read(&file, text.len() as u64);
    let list = &episodes[0].turns[0].messages[0].content;
    assert!(list.len() > 200, "{list}");
    assert_eq!(text.matches(list.as_str()).count(), 1);
    let shown = |e: &EpisodeRecord| e.turns[0].messages[0].content == *list;
    assert!(episodes.iter().filter(|e| shown(e)).count() > 4);
    assert!(
        text.len() / episodes.len() < 2_500,
        "{} bytes an episode",
        text.len() / episodes.len()
    );
}

#[test]
fn every_episode_is_recorded_with_its_messages_and_tokens() {
    let folder = tempfile::tempdir().unwrap();
    let (env, session) = recording(folder.path(), 4);
    play(&env, 2);
    step_after_reset(&env);
    let [file] = logs(&session).try_into().unwrap();
    env.close_recording().unwrap();
    let counts = read_counts(&file.with_file_name("started.jsonl")).unwrap();
    assert_eq!((counts.started, counts.abandoned), (12, 4));
    let summary = session.commit().unwrap();
    assert_eq!((summary.num_episodes, summary.num_lost), (8, 0));
    let run = Run::open(folder.path()).unwrap();
    let mut episodes = Vec::new();
    run.episodes(0, 99, &mut |episode| {
        episodes.push(episode);
        true
    })
    .unwrap();
    for (number, episode) in episodes.iter().enumerate() {
        let slot = episode.env_id.unwrap();
        assert_eq!(episode.episode, number as i64);
        assert_eq!(episode.submission, Some(format!("{}-{slot}", number / 4)));
        assert_eq!(episode.turns.len(), 2);
        assert_eq!(episode.turns[0].num_tokens, Some(slot));
        assert_eq!(episode.turns[0].length_limited, slot == 0);
        assert_eq!(episode.num_completion_tokens, Some(2 * i64::from(slot)));
        assert!(episode.prompt.contains(&episode.question));
    }
}

/// The files of a log with their names and bytes.
fn files_of(session: &Session) -> Vec<(PathBuf, Vec<u8>)> {
    let entries = std::fs::read_dir(session.live()).unwrap();
    entries
        .map(|entry| entry.unwrap().path())
        .map(|path| {
            (
                PathBuf::from(path.file_name().unwrap()),
                std::fs::read(&path).unwrap(),
            )
        })
        .collect()
}

#[test]
fn a_log_gives_the_columns_that_are_asked_for_in_the_order_of_its_episodes() {
    let folder = tempfile::tempdir().unwrap();
    let (env, session) = recording(folder.path(), 3);
    play(&env, 2);
    let run = Run::open(folder.path()).unwrap();
    assert_eq!((run.sessions().len(), run.num_episodes()), (0, 6));
    let mut episodes = Vec::new();
    run.episodes(0, 99, &mut |episode| {
        episodes.push(episode);
        true
    })
    .unwrap();
    let [batch] = run
        .columns(&["reward", "episode"])
        .unwrap()
        .try_into()
        .unwrap();
    let all = to_batch(&episodes);
    let names: Vec<_> = batch
        .schema_ref()
        .fields()
        .iter()
        .map(|f| f.name().clone())
        .collect();
    assert_eq!(names, ["episode", "reward"]);
    for name in names {
        assert_eq!(batch.column_by_name(&name), all.column_by_name(&name));
    }
    let mut batches = Vec::new();
    run.batches_of_logs(None, &mut |batch| {
        batches.push(batch);
        true
    })
    .unwrap();
    assert_eq!(batches, [all]);
    assert_eq!(run.columns(&[]).unwrap()[0].num_rows(), 6);
    drop(session);
}

/// The summaries are written before the log is removed: whoever looks at both must never miss both.
#[test]
fn a_session_that_is_closed_while_the_run_is_opened_is_seen() {
    use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
    let recorded = tempfile::tempdir().unwrap();
    let (env, session) = recording(recorded.path(), 1);
    play(&env, 2);
    env.close_recording().unwrap();
    let log = files_of(&session);
    let folder = tempfile::tempdir().unwrap();
    let run = folder.path();
    drop(Session::start(run, &json!({"format": 1}), false).unwrap());
    // Many sessions without episodes: reading their summaries is most of an opening, and the time in which one may close.
    std::fs::create_dir_all(run.join("sessions")).unwrap();
    for i in 0..500 {
        let summary = json!({"session": format!("empty-{i}")}).to_string();
        std::fs::write(run.join(format!("sessions/empty-{i}.json")), summary).unwrap();
    }
    let (visible, over) = (AtomicU64::new(0), AtomicBool::new(false));
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for _ in 0..40 {
                // A reader holds the lock while it recovers what is there.
                let session = loop {
                    match Session::start(run, &json!({"format": 1}), true) {
                        Ok(session) => break session,
                        Err(DataError::Exists { .. }) => std::thread::yield_now(),
                        Err(other) => panic!("{other}"),
                    }
                };
                for (name, bytes) in &log {
                    std::fs::write(session.live().join(name), bytes).unwrap();
                }
                visible.fetch_add(2, Ordering::SeqCst);
                session.commit().unwrap();
                // Sessions that follow each other faster than a folder is listed would be no test of this.
                std::thread::sleep(std::time::Duration::from_millis(5));
            }
            over.store(true, Ordering::SeqCst);
        });
        while !over.load(Ordering::SeqCst) {
            let at_least = visible.load(Ordering::SeqCst);
            let seen = Run::open(run).unwrap().num_episodes();
            assert!(seen >= at_least, "{seen} of {at_least} episodes");
        }
    });
    assert_eq!(Run::open(run).unwrap().num_episodes(), 80);
}

/// Starts episodes that nobody finishes.
fn step_after_reset(env: &VectorEnv) {
    env.reset(&ResetOptions::default()).unwrap();
    step(env, |_| "hello".into());
}

#[test]
fn recording_starts_before_the_first_reset_and_once() {
    let folder = tempfile::tempdir().unwrap();
    let (env, session) = recording(folder.path(), 2);
    let again = env.start_recording(&session.live(), RecorderOptions::default());
    assert!(again.is_err());
    env.reset(&ResetOptions::default()).unwrap();
    let late = env.start_recording(&session.live(), RecorderOptions::default());
    assert!(
        late.unwrap_err()
            .to_string()
            .contains("before the first reset")
    );
}

#[test]
fn a_level_that_has_no_place_in_a_record_costs_no_episode() {
    let part = synthetic_part(&[("train", 2)]);
    let stored = part.stored().unwrap();
    let tasks = stored.tasks().iter().enumerate().map(|(i, task)| {
        let mut task = (**task).clone();
        task.level = if i % 2 == 0 { 200 } else { 3 };
        Arc::new(task)
    });
    let companies = stored.companies().to_vec();
    let odd = Corpus::from_shared(part.info().clone(), companies, tasks.collect()).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let (env, session) = recording_of(folder.path(), 4, odd);
    play(&env, 2);
    let [file] = logs(&session).try_into().unwrap();
    let (episodes, end) = read(&file, u64::MAX);
    assert_eq!((episodes.len(), end), (8, LogEnd::Whole));
    for level in [None, Some(3)] {
        assert!(episodes.iter().any(|e| e.level == level), "{level:?}");
    }
}

#[test]
fn a_log_that_cannot_be_read_to_its_end_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    let (env, session) = recording(folder.path(), 4);
    play(&env, 2);
    env.close_recording().unwrap();
    let [file] = logs(&session).try_into().unwrap();
    let name = session.live().file_name().unwrap().to_owned();
    let mut bytes = std::fs::read(&file).unwrap();
    let second = ends(&file)[0] as usize;
    bytes[second..second + 20].fill(0);
    std::fs::write(&file, &bytes).unwrap();
    let summary = session.commit().unwrap();
    assert_eq!(summary.num_episodes, 1);
    assert!(summary.warnings.iter().any(|w| w.contains("damaged/")));
    let kept = folder.path().join("damaged").join(name);
    assert_eq!(
        std::fs::read(kept.join(file.file_name().unwrap())).unwrap(),
        bytes
    );
}
