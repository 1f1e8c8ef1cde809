//! All files of a live log as they are at one moment.

use std::fs;
use std::path::{Path, PathBuf};

use finqa_core::trajectory::EpisodeRecord;

use super::live::{Counts, LogEnd, LogReader, read_counts};
use super::session::has_ending;
use crate::error::{DataError, Result};

/// Name of the log of starts in the folder of a session.
const STARTED: &str = "started.jsonl";

/// The files of one session's log with their lengths: what is written later is not looked at.
#[derive(Clone, Debug)]
pub(super) struct Snapshot {
    files: Vec<(PathBuf, u64)>,
    pub(super) counts: Counts,
}

impl Snapshot {
    /// Takes a snapshot of the log in `folder`.
    pub(super) fn of(folder: &Path) -> Result<Self> {
        let mut files = Vec::new();
        for entry in fs::read_dir(folder).map_err(|e| DataError::io(folder, e))? {
            let path = entry.map_err(|e| DataError::io(folder, e))?.path();
            let name = path.file_name().and_then(|n| n.to_str()).unwrap_or("");
            if name.starts_with("worker-") && has_ending(name, "log") {
                let length = path.metadata().map_err(|e| DataError::io(&path, e))?.len();
                files.push((path, length));
            }
        }
        files.sort();
        // After the lengths: of a running session more may be started than is seen finished, never less.
        let counts = read_counts(&folder.join(STARTED))?;
        Ok(Self { files, counts })
    }

    /// The episodes, roughly in order of start.
    pub(super) fn episodes(&self) -> Result<SnapshotReader> {
        let mut readers = Vec::with_capacity(self.files.len());
        for (path, length) in &self.files {
            let mut reader = LogReader::open(path, *length)?;
            let next = reader.read()?;
            readers.push((next, reader));
        }
        Ok(SnapshotReader { readers })
    }
}

/// Merges the files of a session by the numbers of their next episodes.
pub(super) struct SnapshotReader {
    readers: Vec<(Option<EpisodeRecord>, LogReader)>,
}

impl SnapshotReader {
    pub(super) fn read(&mut self) -> Result<Option<EpisodeRecord>> {
        let ahead = self.readers.iter_mut().filter(|(next, _)| next.is_some());
        let first = ahead.min_by_key(|(next, _)| next.as_ref().map(|e| e.episode));
        let Some((next, reader)) = first else {
            return Ok(None);
        };
        Ok(std::mem::replace(next, reader.read()?))
    }

    /// Whether a file holds a line that cannot be read.
    pub(super) fn is_damaged(&self) -> bool {
        let mut ends = self.readers.iter().filter_map(|(_, reader)| reader.end());
        ends.any(|end| matches!(end, LogEnd::Damaged(..)))
    }

    /// What is wrong with the ends of the files, once all was read.
    pub(super) fn warnings(&self) -> Vec<String> {
        self.readers
            .iter()
            .filter_map(|(_, reader)| {
                let name = reader.name();
                match reader.end()? {
                    LogEnd::Whole => None,
                    LogEnd::Torn(bytes) => Some(format!(
                        "{name}: the last {bytes} bytes are a record that was never finished"
                    )),
                    LogEnd::Damaged(record, reason) => Some(format!(
                        "{name}, record {record}: {reason}; this record and those after it are left out"
                    )),
                }
            })
            .collect()
    }
}
