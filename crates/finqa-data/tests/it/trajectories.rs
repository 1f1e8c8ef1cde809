//! Episodes on disk: what was written comes back, and nothing half.

use finqa_core::behaviour::Check;
use finqa_core::trajectory::{
    CallRecord, CriterionRecord, EpisodeRecord, MessageRecord, TurnRecord,
};
use finqa_data::DataError;
use finqa_data::trajectories::{
    EpisodeFile, Run, Session, TrajectoryWriter, episode_from_json, from_batch, schema, to_batch,
};
use proptest::collection::vec;
use proptest::option::of;
use proptest::prelude::*;
use serde_json::json;

fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-z_]{0,12}",
        "\\PC{0,20}",
        Just("é\n\0\"\u{1F600}".to_owned())
    ]
}

fn criterion() -> impl Strategy<Value = CriterionRecord> {
    (
        text(),
        text(),
        0.0f32..2.0,
        0.0f32..1.0,
        any::<bool>(),
        text(),
    )
        .prop_map(
            |(id, dim, weight, score, applicable, reason)| CriterionRecord {
                id,
                dim,
                weight,
                score,
                applicable,
                reason,
            },
        )
}

fn call() -> impl Strategy<Value = CallRecord> {
    let numbers = (any::<i32>(), of(any::<i32>()), of(0.0f32..9.0));
    (
        numbers,
        of(text()),
        text(),
        of(text()),
        of(text()),
        of(text()),
    )
        .prop_map(
            |((turn, rows, tool_ms), tool, status, error, company, table)| CallRecord {
                turn,
                tool,
                status,
                error,
                company,
                table,
                rows,
                tool_ms,
            },
        )
}

fn turn() -> impl Strategy<Value = TurnRecord> {
    let message = (text(), text(), text()).prop_map(|(id, name, content)| MessageRecord {
        id,
        name,
        content,
    });
    let rest = (any::<bool>(), of(any::<i32>()), 0.0f32..1.0);
    (text(), text(), rest, vec(message, 0..3)).prop_map(
        |(action, tool_calls, (length_limited, num_tokens, reward), messages)| TurnRecord {
            action,
            tool_calls,
            length_limited,
            num_tokens,
            reward,
            messages,
        },
    )
}

fn episode() -> impl Strategy<Value = EpisodeRecord> {
    let texts = (vec(text(), 12), vec(text(), 0..3), vec(text(), 0..3));
    let options = (
        of(text()),
        of(any::<i64>()),
        of(any::<i8>()),
        of(any::<i16>()),
        of(any::<bool>()),
    );
    let scores = (
        vec(of(0.0f32..1.0), 6),
        vec(of(0.0f32..1.0), Check::COUNT),
        0u32..1 << 14,
    );
    let nested = (vec(criterion(), 0..3), vec(call(), 0..3), vec(turn(), 0..3));
    (
        any::<i64>(),
        texts,
        options,
        scores,
        nested,
        of(-1e9f64..1e9),
        of(0.0f32..1.0),
    )
        .prop_map(
            |(episode, (mut t, companies, failures), options, scores, nested, float, small)| {
                let mut next = || t.pop().unwrap_or_default();
                EpisodeRecord {
                    episode,
                    policy: next(),
                    policy_step: options.1,
                    task_id: next(),
                    task_index: options.3.map(i32::from),
                    split: next(),
                    question_type: next(),
                    level: options.2,
                    num_tables: options.3,
                    companies,
                    question: next(),
                    truth: options.0.clone(),
                    env_id: options.3.map(i32::from),
                    group: options.2.map(i32::from),
                    seed: options.1,
                    started_ms: options.1,
                    duration_ms: float,
                    tool_ms: float,
                    status: next(),
                    truncation_reason: next(),
                    submission: options.0,
                    is_correct: options.4,
                    outcome: small,
                    reward: small,
                    answer_reason: next(),
                    wrong_answer: next(),
                    failure: next(),
                    failures,
                    process: small,
                    num_turns: 3,
                    num_calls: 4,
                    num_errors: 5,
                    num_prompt_tokens: options.1,
                    num_completion_tokens: options.1,
                    dimensions: std::array::from_fn(|i| scores.0[i]),
                    checks: std::array::from_fn(|i| scores.1[i]),
                    flags: scores.2,
                    criteria: nested.0,
                    calls: nested.1,
                    prompt: next(),
                    turns: nested.2,
                }
            },
        )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn an_episode_comes_back_as_it_was_written(episodes in vec(episode(), 0..9)) {
        prop_assert_eq!(from_batch(&to_batch(&episodes)).unwrap(), episodes.clone());
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("episodes.parquet");
        let mut writer = TrajectoryWriter::create(&path).unwrap();
        for episode in &episodes {
            writer.write(episode.clone()).unwrap();
        }
        prop_assert!(!path.exists());
        prop_assert_eq!(writer.finish().unwrap(), episodes.len() as u64);
        let mut sorted = episodes;
        sorted.sort_by_key(|e| e.episode);
        let file = EpisodeFile::open(&path).unwrap();
        prop_assert_eq!(file.num_episodes(), sorted.len() as u64);
        let read: Vec<_> = file.episodes().unwrap().map(Result::unwrap).collect();
        prop_assert_eq!(&read, &sorted);
        let tail: Vec<_> = file.slice(2, 3).unwrap().map(Result::unwrap).collect();
        prop_assert_eq!(tail, sorted.into_iter().skip(2).take(3).collect::<Vec<_>>());
    }
}

#[test]
fn the_columns_are_those_of_the_page() {
    let page = include_str!("../../../../docs/spec/trajectories.md");
    let known: Vec<_> = schema().fields().iter().map(|f| f.name().clone()).collect();
    let table = page
        .split("\n## ")
        .find(|part| part.starts_with("An episode"));
    for row in table
        .unwrap()
        .lines()
        .filter(|line| line.starts_with("| `"))
    {
        for name in row.split('|').nth(1).unwrap().split('`').skip(1).step_by(2) {
            let found = match name.strip_suffix("<name>") {
                Some(prefix) => {
                    let columns = known.iter().filter(|k| k.starts_with(prefix)).count();
                    row.contains(&format!("×{columns} "))
                }
                None => known.iter().any(|k| k == name),
            };
            assert!(found, "column {name} of the page");
        }
    }
}

fn number(episode: i64) -> EpisodeRecord {
    EpisodeRecord {
        episode,
        task_id: format!("t{episode}"),
        ..EpisodeRecord::default()
    }
}

fn read_all(run: &Run) -> Vec<EpisodeRecord> {
    let mut all = Vec::new();
    run.episodes(0, u64::MAX, &mut |episode| {
        all.push(episode);
        true
    })
    .unwrap();
    all
}

#[test]
fn a_run_is_gone_on_with_only_if_it_is_the_same_kind() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run");
    let info = json!({"format": 1, "env": {"max_turns": 5}, "versions": {"scoring": 1}});
    let session = Session::start(&path, &info, false).unwrap();
    let busy = Session::start(&path, &info, true)
        .err()
        .unwrap()
        .to_string();
    assert!(busy.contains("another environment is recording"), "{busy}");
    session.write((0..3).map(|i| Ok(number(i)))).unwrap();

    let taken = Session::start(&path, &info, false).err().unwrap();
    assert!(matches!(&taken, DataError::Exists { reason, .. } if reason.contains("append")));
    let other = json!({"format": 1, "env": {"max_turns": 6}, "versions": {"scoring": 1}});
    let differs = Session::start(&path, &other, true)
        .err()
        .unwrap()
        .to_string();
    assert!(differs.contains("env.max_turns was 5, is 6"), "{differs}");

    let session = Session::start(&path, &info, true).unwrap();
    assert_eq!(session.first_episode(), 3);
    session.write((3..5).map(|i| Ok(number(i)))).unwrap();
    let run = Run::open(&path).unwrap();
    assert_eq!(read_all(&run), (0..5).map(number).collect::<Vec<_>>());
    assert_eq!(run.files().len(), 2);
    let mut some = Vec::new();
    run.episodes(2, 4, &mut |e| {
        some.push(e.episode);
        true
    })
    .unwrap();
    assert_eq!(some, [2, 3]);
}

#[test]
fn a_folder_with_something_else_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("thesis.txt"), "mine").unwrap();
    let refusal = Session::start(folder.path(), &json!({"format": 1}), true)
        .err()
        .unwrap();
    assert!(refusal.to_string().contains("thesis.txt"), "{refusal}");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn a_run_of_a_newer_format_is_refused_by_its_number() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("run.json"), r#"{"format": 2}"#).unwrap();
    let refusal = Run::open(folder.path()).err().unwrap();
    assert!(
        matches!(
            refusal,
            DataError::Version {
                found: 2,
                supported: 1,
                ..
            }
        ),
        "{refusal}"
    );
}

#[test]
fn an_episode_that_is_none_is_refused_by_the_member() {
    for (value, part) in [
        (json!({"flags": {"lucky": true}}), "lucky"),
        (json!({"flags": {"listed": 1}}), "flags.listed is 1"),
        (json!({"checks": {"budget": "high"}}), "checks.budget"),
        (json!({"colour": 1}), "no column \"colour\""),
        (json!({"num_turns": "three"}), "num_turns"),
        (json!([1]), "must be an object"),
    ] {
        let refusal = episode_from_json(value).unwrap_err();
        assert!(refusal.contains(part), "{refusal}");
    }
}
