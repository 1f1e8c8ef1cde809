//! One recording into a run: its lock, its folder of logs, and the commit that turns them into Parquet.

use std::fs::{self, File, TryLockError};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use super::snapshot::Snapshot;
use super::writer::TrajectoryWriter;
use crate::error::{DataError, Result};
use crate::staged::StagedFile;

/// Version of the layout of a run; a reader refuses a larger one.
pub const RUN_FORMAT: u64 = 1;
/// Episodes of one Parquet file.
const PART_EPISODES: u64 = 250_000;
/// Folder of a run for logs that could not be read to their end.
const DAMAGED: &str = "damaged";

/// What a closed session holds: the content of `sessions/<session>.json`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct SessionSummary {
    /// The session.
    pub session: String,
    /// Names of its Parquet files.
    pub files: Vec<String>,
    /// Episodes in them.
    pub num_episodes: u64,
    /// Episodes that were started.
    pub num_started: u64,
    /// Episodes that the caller reset or closed before they ended; they have no record.
    pub num_abandoned: u64,
    /// Episodes that ran when the process died.
    pub num_lost: u64,
    /// Whether it was closed, not recovered after a crash.
    pub closed: bool,
    /// Unix time of the commit in milliseconds.
    pub committed_ms: u64,
    /// What was wrong with the ends of its logs.
    pub warnings: Vec<String>,
}

/// The lock of a run: whoever holds it is the only one to write.
pub(super) struct RunLock {
    file: File,
    process_id: u32,
}

impl RunLock {
    const NAME: &str = "run.lock";

    /// Takes the lock; `None` if somebody else has it.
    pub(super) fn try_take(run: &Path) -> Result<Option<Self>> {
        let path = run.join(Self::NAME);
        let file = File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&path)
            .map_err(|e| DataError::io(&path, e))?;
        match file.try_lock() {
            Ok(()) => Ok(Some(Self {
                file,
                process_id: std::process::id(),
            })),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(e)) => Err(DataError::io(&path, e)),
        }
    }

    /// Whether somebody holds it, found out without writing.
    pub(super) fn is_held(run: &Path) -> bool {
        let Ok(file) = File::open(run.join(Self::NAME)) else {
            return false;
        };
        matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock))
    }
}

impl Drop for RunLock {
    fn drop(&mut self) {
        // A process that was forked meanwhile holds the same lock: closing the file here would leave it there, and giving
        // it back there would take it from here. A failure has nobody to go to.
        if std::process::id() == self.process_id {
            let _ = self.file.unlock();
        }
    }
}

/// A recording that is under way. Dropped without [`Session::commit`] it is what a crash leaves behind.
pub struct Session {
    run: PathBuf,
    name: String,
    first_episode: i64,
    _lock: RunLock,
}

impl Session {
    /// Makes a run, or goes on with one, and starts a session in it.
    ///
    /// `info` is the content of `run.json`. A run that is there needs `append`, and must have been recorded with the
    /// same corpus, versions, prompts, tools and options; what a crash left in it is recovered first.
    ///
    /// # Errors
    /// [`DataError::Exists`] if the folder holds a run (without `append`), one that differs or that is being
    /// recorded, or something else; [`DataError::Io`].
    pub fn start(run: &Path, info: &Json, append: bool) -> Result<Self> {
        let exists = |reason: String| DataError::Exists {
            path: run.to_owned(),
            reason,
        };
        fs::create_dir_all(run).map_err(|e| DataError::io(run, e))?;
        let info_path = run.join("run.json");
        if !info_path.exists() {
            let names = names_in(run)?;
            if let Some(name) = names
                .iter()
                .find(|name| !name.starts_with('.') && *name != "run.lock")
            {
                return Err(exists(format!(
                    "the folder holds {name:?} and no run.json; record into a new folder"
                )));
            }
        } else if !append {
            return Err(exists(
                "a run is there already; record into another folder, or go on with it by append=True".into(),
            ));
        }
        let lock = RunLock::try_take(run)?.ok_or_else(|| {
            exists(
                "another environment is recording into this run; give each a folder of its own"
                    .into(),
            )
        })?;
        if info_path.exists() {
            let old = read_info(run)?;
            if let Some(difference) = difference(&old, info) {
                return Err(exists(format!(
                    "the run was recorded differently, so it cannot be gone on with: {difference}"
                )));
            }
            recover(run, &lock)?;
        } else {
            write_atomically(&info_path, &pretty(info))?;
        }
        let summaries = read_summaries(run)?;
        let last = summaries
            .iter()
            .filter_map(|s| s.session.parse().ok())
            .max();
        let name = format!("{:04}", last.unwrap_or(0_u32) + 1);
        let live = run.join("live").join(&name);
        fs::create_dir_all(&live).map_err(|e| DataError::io(&live, e))?;
        Ok(Self {
            run: run.to_owned(),
            name,
            first_episode: summaries.iter().map(|s| s.num_started).sum::<u64>() as i64,
            _lock: lock,
        })
    }

    /// The folder for the logs.
    pub fn live(&self) -> PathBuf {
        self.run.join("live").join(&self.name)
    }

    /// Number of the first episode: those of the sessions before are taken.
    pub fn first_episode(&self) -> i64 {
        self.first_episode
    }

    /// Turns the logs, which must be complete, into Parquet and removes them.
    ///
    /// # Errors
    /// [`DataError::Io`], [`DataError::Record`]; the logs are still there then, and the next reader tries again.
    pub fn commit(self) -> Result<SessionSummary> {
        compact(&self.run, &self.name, true)
    }

    /// Writes `records` as the whole session, without a log.
    ///
    /// # Errors
    /// As [`Session::commit`]; the first error among `records` ends it.
    pub fn write(
        self,
        records: impl Iterator<Item = Result<finqa_core::trajectory::EpisodeRecord>>,
    ) -> Result<SessionSummary> {
        let mut parts = Parts::new(&self.run, &self.name);
        for record in records {
            parts.write(record?)?;
        }
        let (files, num_episodes) = parts.finish()?;
        commit(
            &self.run,
            SessionSummary {
                session: self.name.clone(),
                files,
                num_episodes,
                num_started: num_episodes,
                closed: true,
                ..SessionSummary::default()
            },
        )
    }
}

fn names_in(folder: &Path) -> Result<Vec<String>> {
    match fs::read_dir(folder) {
        Ok(entries) => entries
            .map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()))
            .collect::<std::io::Result<_>>()
            .map_err(|e| DataError::io(folder, e)),
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(e) => Err(DataError::io(folder, e)),
    }
}

/// Whether a file name ends in `.ending`.
pub(super) fn has_ending(name: &str, ending: &str) -> bool {
    Path::new(name).extension().is_some_and(|e| e == ending)
}

fn pretty(value: &impl Serialize) -> Vec<u8> {
    // Maps with text keys and plain values: serialising them cannot fail.
    let mut bytes = serde_json::to_vec_pretty(value).unwrap_or_default();
    bytes.push(b'\n');
    bytes
}

fn write_atomically(path: &Path, bytes: &[u8]) -> Result<()> {
    let (staged, mut file) = StagedFile::new(path)?;
    file.write_all(bytes).map_err(|e| DataError::io(path, e))?;
    staged.publish(&file)
}

/// The content of `run.json`.
pub(super) fn read_info(run: &Path) -> Result<Json> {
    let path = run.join("run.json");
    let bytes = fs::read(&path).map_err(|e| DataError::io(&path, e))?;
    let info: Json = serde_json::from_slice(&bytes)
        .map_err(|e| DataError::record(&path, "run.json", e.to_string()))?;
    let format = info.get("format").and_then(Json::as_u64);
    match format {
        Some(format) if format <= RUN_FORMAT => Ok(info),
        Some(format) => Err(DataError::Version {
            path,
            found: u32::try_from(format).unwrap_or(u32::MAX),
            supported: RUN_FORMAT as u32,
        }),
        None => Err(DataError::layout(
            path,
            "there is no number \"format\": this is no run of finqa-gym",
        )),
    }
}

/// Options that change neither what an episode shows nor what it is worth: they may differ when a run is gone on with.
const FREE_OPTIONS: [&str; 10] = [
    "num_envs",
    "num_threads",
    "group_size",
    "seed",
    "shuffle",
    "autoreset_mode",
    "keep_messages",
    "measure_latency",
    "cache_bytes",
    "defer_record",
];

/// What must be equal of a run that is gone on with, and differs.
fn difference(old: &Json, new: &Json) -> Option<String> {
    let pointers = [
        "/versions",
        "/corpus/content_hash",
        "/env",
        "/system_prompt",
        "/tools",
    ];
    pointers.into_iter().find_map(|pointer| {
        let (old, new) = (old.pointer(pointer), new.pointer(pointer));
        let name = pointer[1..].replace('/', ".");
        unequal(
            &name,
            old.unwrap_or(&Json::Null),
            new.unwrap_or(&Json::Null),
        )
    })
}

fn unequal(name: &str, old: &Json, new: &Json) -> Option<String> {
    if let (Json::Object(olds), Json::Object(news)) = (old, new) {
        let keys = olds
            .keys()
            .chain(news.keys().filter(|k| !olds.contains_key(*k)));
        let find = |map: &serde_json::Map<String, Json>, key: &str| {
            map.get(key).cloned().unwrap_or_default()
        };
        return keys
            .into_iter()
            .filter(|key| name != "env" || !FREE_OPTIONS.contains(&key.as_str()))
            .find_map(|key| unequal(&format!("{name}.{key}"), &find(olds, key), &find(news, key)));
    }
    let shown = |value: &Json| {
        let text = value.to_string();
        match text.char_indices().nth(80) {
            Some((end, _)) => format!("{}…", &text[..end]),
            None => text,
        }
    };
    (old != new).then(|| format!("{name} was {}, is {}", shown(old), shown(new)))
}

/// The closed sessions of a run, in order.
pub(super) fn read_summaries(run: &Path) -> Result<Vec<SessionSummary>> {
    let folder = run.join("sessions");
    let mut names = names_in(&folder)?;
    names.retain(|name| has_ending(name, "json") && !name.starts_with('.'));
    names.sort();
    names
        .iter()
        .map(|name| {
            let path = folder.join(name);
            let bytes = fs::read(&path).map_err(|e| DataError::io(&path, e))?;
            serde_json::from_slice(&bytes)
                .map_err(|e| DataError::record(&path, "session", e.to_string()))
        })
        .collect()
}

/// Sessions with a log; those that are being closed have a summary, too.
pub(super) fn logged_sessions(run: &Path) -> Result<Vec<String>> {
    let mut names = names_in(&run.join("live"))?;
    names.sort();
    Ok(names)
}

/// Whether a session has a summary, which it gets before its log is removed.
pub(super) fn is_closed(run: &Path, session: &str) -> bool {
    summary_path(run, session).exists()
}

fn summary_path(run: &Path, session: &str) -> PathBuf {
    run.join("sessions").join(format!("{session}.json"))
}

/// Compacts what crashed sessions left, and removes logs of sessions that died between commit and removal.
pub(super) fn recover(run: &Path, _lock: &RunLock) -> Result<()> {
    let closed = read_summaries(run)?;
    for session in logged_sessions(run)? {
        if !closed.iter().any(|s| s.session == session) {
            compact(run, &session, false)?;
        }
    }
    for session in logged_sessions(run)? {
        remove_log(run, &session)?;
    }
    Ok(())
}

fn remove_log(run: &Path, session: &str) -> Result<()> {
    let live = run.join("live");
    let folder = live.join(session);
    match fs::remove_dir_all(&folder) {
        Err(e) if e.kind() != std::io::ErrorKind::NotFound => return Err(DataError::io(folder, e)),
        _ => {}
    }
    // Only if it is empty.
    let _ = fs::remove_dir(live);
    Ok(())
}

fn compact(run: &Path, session: &str, closed: bool) -> Result<SessionSummary> {
    let snapshot = Snapshot::of(&run.join("live").join(session))?;
    let mut reader = snapshot.episodes()?;
    let mut parts = Parts::new(run, session);
    while let Some(episode) = reader.read()? {
        parts.write(episode)?;
    }
    let (files, num_episodes) = parts.finish()?;
    let counts = snapshot.counts;
    let mut warnings = reader.warnings();
    let is_damaged = reader.is_damaged();
    if is_damaged {
        warnings.push(format!("the log is kept in {DAMAGED}/{session}"));
    }
    let summary = commit(
        run,
        SessionSummary {
            session: session.to_owned(),
            files,
            num_episodes,
            num_started: counts.started,
            num_abandoned: counts.abandoned,
            num_lost: counts
                .started
                .saturating_sub(counts.abandoned + num_episodes),
            closed,
            warnings,
            ..SessionSummary::default()
        },
    )?;
    if is_damaged {
        keep_log(run, session)?;
    }
    remove_log(run, session)?;
    Ok(summary)
}

/// Puts a log that could not be read to its end where nobody removes it.
fn keep_log(run: &Path, session: &str) -> Result<()> {
    let folder = run.join(DAMAGED);
    fs::create_dir_all(&folder).map_err(|e| DataError::io(&folder, e))?;
    let kept = folder.join(session);
    fs::rename(run.join("live").join(session), &kept).map_err(|e| DataError::io(kept, e))
}

fn commit(run: &Path, mut summary: SessionSummary) -> Result<SessionSummary> {
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    summary.committed_ms = now.as_millis() as u64;
    let path = summary_path(run, &summary.session);
    write_atomically(&path, &pretty(&summary))?;
    Ok(summary)
}

/// The Parquet files of a session, one after the other.
struct Parts<'a> {
    run: &'a Path,
    session: &'a str,
    writer: Option<TrajectoryWriter>,
    files: Vec<String>,
    num_episodes: u64,
}

impl<'a> Parts<'a> {
    fn new(run: &'a Path, session: &'a str) -> Self {
        Self {
            run,
            session,
            writer: None,
            files: Vec::new(),
            num_episodes: 0,
        }
    }

    fn write(&mut self, episode: finqa_core::trajectory::EpisodeRecord) -> Result<()> {
        let mut writer = if let Some(writer) = self.writer.take() {
            writer
        } else {
            let name = format!("episodes-{}-{}.parquet", self.session, self.files.len());
            let writer = TrajectoryWriter::create(&self.run.join(&name))?;
            self.files.push(name);
            writer
        };
        writer.write(episode)?;
        if writer.num_episodes() >= PART_EPISODES {
            self.num_episodes += writer.finish()?;
        } else {
            self.writer = Some(writer);
        }
        Ok(())
    }

    fn finish(mut self) -> Result<(Vec<String>, u64)> {
        if let Some(writer) = self.writer.take() {
            self.num_episodes += writer.finish()?;
        }
        Ok((self.files, self.num_episodes))
    }
}
