//! Reading a run: closed sessions, those that a crash left, and one that is being recorded.

use std::path::{Path, PathBuf};

use arrow_array::RecordBatch;
use arrow_schema::{DataType, Field};
use finqa_core::trajectory::EpisodeRecord;
use serde_json::Value as Json;

use super::columns;
use super::file::EpisodeFile;
use super::pending::Pending;
use super::session::{
    RunLock, SessionSummary, is_closed, logged_sessions, read_info, read_summaries, recover,
};
use super::snapshot::Snapshot;
use crate::error::{DataError, Result};

/// How often a run is looked at again that changes meanwhile.
const ATTEMPTS: usize = 5;

/// A run as it was when it was opened.
pub struct Run {
    path: PathBuf,
    info: Json,
    sessions: Vec<SessionSummary>,
    files: Vec<EpisodeFile>,
    /// Logs of sessions that are not closed, with their numbers of episodes.
    logs: Vec<(Snapshot, u64)>,
    num_lost: u64,
    num_running: u64,
    warnings: Vec<String>,
}

impl Run {
    /// Opens a run. What a crash left is recovered into Parquet if the folder can be written, else read as it is; a
    /// run that is being recorded is read as it is, undisturbed.
    ///
    /// # Errors
    /// [`DataError::Io`] if there is no run; [`DataError::Version`], [`DataError::Record`], [`DataError::Layout`] if
    /// it cannot be read.
    pub fn open(path: &Path) -> Result<Self> {
        let info = read_info(path)?;
        let mut gone = None;
        for _ in 0..ATTEMPTS {
            match Self::look(path, &info) {
                Ok(Some(run)) => return Ok(run),
                Ok(None) => {}
                // A log was closed, or recovered by another reader, between the look at its folder and its files.
                Err(DataError::Io { path, source })
                    if source.kind() == std::io::ErrorKind::NotFound =>
                {
                    gone = Some(DataError::Io { path, source });
                }
                Err(other) => return Err(other),
            }
        }
        Err(gone.unwrap_or_else(|| {
            DataError::layout(
                path,
                format!(
                    "sessions were closed during each of {ATTEMPTS} attempts to read the run; open it again"
                ),
            )
        }))
    }

    /// The run as it is now; `None` if a session was closed while its log was read.
    fn look(path: &Path, info: &Json) -> Result<Option<Self>> {
        let mut running = false;
        if path.join("live").exists() {
            match RunLock::try_take(path) {
                Ok(Some(lock)) => match recover(path, &lock) {
                    Ok(()) => {}
                    Err(e) if is_read_only(&e) => {}
                    Err(e) => return Err(e),
                },
                Ok(None) => running = true,
                Err(_) => running = RunLock::is_held(path),
            }
        }
        // The logs before the summaries: a session that is closed meanwhile is then seen twice rather than never.
        let logged = logged_sessions(path)?;
        let sessions = read_summaries(path)?;
        let mut run = Self {
            path: path.to_owned(),
            info: info.clone(),
            files: Vec::new(),
            logs: Vec::new(),
            num_lost: sessions.iter().map(|s| s.num_lost).sum(),
            num_running: 0,
            warnings: sessions.iter().flat_map(|s| s.warnings.clone()).collect(),
            sessions,
        };
        for session in logged {
            if run.sessions.iter().any(|s| s.session == session) {
                continue;
            }
            let snapshot = Snapshot::of(&path.join("live").join(&session))?;
            let mut reader = snapshot.episodes()?;
            let mut count = 0;
            while reader.read()?.is_some() {
                count += 1;
            }
            // A log is removed file by file once its session is closed: what was read may be a part of it.
            if is_closed(path, &session) {
                return Ok(None);
            }
            let counts = snapshot.counts;
            let open = counts.started.saturating_sub(counts.abandoned + count);
            if running {
                run.num_running += open;
            } else {
                run.num_lost += open;
                run.warnings.extend(reader.warnings());
            }
            run.logs.push((snapshot, count));
        }
        // After the logs: closed files stay, so that the time until a log is read is short.
        for session in &run.sessions {
            let mut found = 0;
            for name in &session.files {
                let file = EpisodeFile::open(&path.join(name))?;
                found += file.num_episodes();
                run.files.push(file);
            }
            if found != session.num_episodes {
                return Err(DataError::layout(
                    path,
                    format!(
                        "the files of session {} hold {found} episodes, its summary says {}",
                        session.session, session.num_episodes
                    ),
                ));
            }
        }
        Ok(Some(run))
    }

    /// The folder.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The content of `run.json`.
    pub fn info(&self) -> &Json {
        &self.info
    }

    /// Its closed sessions.
    pub fn sessions(&self) -> &[SessionSummary] {
        &self.sessions
    }

    /// The Parquet files of the closed sessions, in order.
    pub fn files(&self) -> Vec<PathBuf> {
        let names = self.sessions.iter().flat_map(|session| &session.files);
        names.map(|name| self.path.join(name)).collect()
    }

    /// Finished episodes.
    pub fn num_episodes(&self) -> u64 {
        let closed: u64 = self.sessions.iter().map(|s| s.num_episodes).sum();
        closed + self.logs.iter().map(|(_, count)| count).sum::<u64>()
    }

    /// Episodes that ran when their process died.
    pub fn num_lost(&self) -> u64 {
        self.num_lost
    }

    /// Episodes that ran when the run, which is being recorded, was opened.
    pub fn num_running(&self) -> u64 {
        self.num_running
    }

    /// Episodes that were reset or closed by their caller before they ended.
    pub fn num_abandoned(&self) -> u64 {
        let closed: u64 = self.sessions.iter().map(|s| s.num_abandoned).sum();
        closed
            + self
                .logs
                .iter()
                .map(|(log, _)| log.counts.abandoned)
                .sum::<u64>()
    }

    /// What was wrong with the ends of logs.
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }

    /// The columns of scalars, by name.
    pub fn scalar_columns() -> Vec<Field> {
        let fields = columns::schema().fields;
        let scalars = fields
            .iter()
            .filter(|f| !matches!(f.data_type(), DataType::List(_) | DataType::Struct(_)));
        scalars.map(|field| (**field).clone()).collect()
    }

    /// The columns `names` of all episodes, in batches; those of a batch are in the order of the schema.
    ///
    /// # Errors
    /// [`DataError::Layout`] for a name that is no column of scalars; [`DataError::Record`] if a file is damaged.
    pub fn columns(&self, names: &[&str]) -> Result<Vec<RecordBatch>> {
        let known = Self::scalar_columns();
        if let Some(name) = names
            .iter()
            .find(|name| !known.iter().any(|f| f.name() == *name))
        {
            let known: Vec<_> = known.iter().map(|f| f.name().as_str()).collect();
            return Err(DataError::layout(
                &self.path,
                format!(
                    "there is no column {name:?} of scalars; there are {}",
                    known.join(", ")
                ),
            ));
        }
        let mut batches = Vec::new();
        for file in &self.files {
            batches.extend(file.columns(names)?);
        }
        self.batches_of_logs(Some(names), &mut |batch| {
            batches.push(batch);
            true
        })?;
        Ok(batches)
    }

    /// Hands the episodes of sessions that are not closed to `each`, in batches that a column of text can hold: the
    /// columns `names` or all; stops early if it returns false.
    ///
    /// # Errors
    /// [`DataError::Io`] if a log was closed meanwhile: open the run again.
    pub fn batches_of_logs(
        &self,
        names: Option<&[&str]>,
        each: &mut dyn FnMut(RecordBatch) -> bool,
    ) -> Result<()> {
        for (log, count) in &self.logs {
            let mut reader = log.episodes()?;
            let mut pending = Pending::default();
            let mut left = *count;
            while left > 0 {
                let next = reader.read()?;
                left = if next.is_some() { left - 1 } else { 0 };
                let is_full = next.is_some_and(|episode| pending.push(episode));
                if pending.is_empty() || !is_full && left > 0 {
                    continue;
                }
                // Not sorted: the rows stand in the order of [`Run::episodes`].
                let episodes = pending.episodes();
                let batch = names.map_or_else(
                    || columns::to_batch(episodes),
                    |names| columns::to_batch_of(episodes, names),
                );
                pending.clear();
                if !each(batch) {
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    /// Hands the episodes `start..stop` to `each`, in order of the files; stops early if it returns false.
    ///
    /// # Errors
    /// [`DataError::Record`] if a file is damaged, [`DataError::Io`] if a log was closed meanwhile: open the run again.
    pub fn episodes(
        &self,
        start: u64,
        stop: u64,
        each: &mut dyn FnMut(EpisodeRecord) -> bool,
    ) -> Result<()> {
        let mut first = 0;
        for file in &self.files {
            let count = file.num_episodes();
            let (from, to) = (start.max(first), stop.min(first + count));
            if from < to {
                for episode in file.slice((from - first) as usize, (to - from) as usize)? {
                    if !each(episode?) {
                        return Ok(());
                    }
                }
            }
            first += count;
        }
        for (log, count) in &self.logs {
            if start < first + count && stop > first {
                let mut reader = log.episodes()?;
                let mut number = first;
                while let Some(episode) = reader.read()? {
                    if number >= stop {
                        return Ok(());
                    }
                    if number >= start && !each(episode) {
                        return Ok(());
                    }
                    number += 1;
                }
            }
            first += count;
        }
        Ok(())
    }
}

fn is_read_only(error: &DataError) -> bool {
    use std::io::ErrorKind;
    let DataError::Io { source, .. } = error else {
        return false;
    };
    matches!(
        source.kind(),
        ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem | ErrorKind::StorageFull
    )
}
