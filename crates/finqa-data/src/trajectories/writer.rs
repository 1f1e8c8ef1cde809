//! Episodes into Parquet files, a row group at a time.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use finqa_core::trajectory::EpisodeRecord;
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::WriterProperties;

use super::columns;
use super::pending::Pending;
use crate::error::{DataError, Result};
use crate::staged::StagedFile;

/// Distinct texts of a column up to this many bytes are stored once a row group: schemas and results come again.
const DICTIONARY_BYTES: usize = 8 << 20;

/// Writes episodes one by one; the file appears with [`TrajectoryWriter::finish`], as a whole or not at all.
///
/// ```
/// use finqa_core::trajectory::EpisodeRecord;
/// use finqa_data::trajectories::{EpisodeFile, TrajectoryWriter};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = tempfile::tempdir()?;
/// let path = folder.path().join("episodes.parquet");
/// let mut writer = TrajectoryWriter::create(&path)?;
/// writer.write(EpisodeRecord { task_id: "t1".into(), ..EpisodeRecord::default() })?;
/// assert_eq!(writer.finish()?, 1);
/// let episodes: Vec<_> = EpisodeFile::open(&path)?.episodes()?.collect::<Result<_, _>>()?;
/// assert_eq!(episodes[0].task_id, "t1");
/// # Ok(())
/// # }
/// ```
pub struct TrajectoryWriter {
    path: PathBuf,
    staged: StagedFile,
    writer: ArrowWriter<File>,
    /// The next row group.
    pending: Pending,
    num_episodes: u64,
}

impl TrajectoryWriter {
    /// Starts a file; one that is there is replaced by [`TrajectoryWriter::finish`].
    ///
    /// # Errors
    /// [`DataError::Io`].
    pub fn create(path: &Path) -> Result<Self> {
        let (staged, file) = StagedFile::new(path)?;
        let level = ZstdLevel::try_new(1).map_err(|e| broken(path, &e))?;
        let properties = WriterProperties::builder()
            .set_compression(Compression::ZSTD(level))
            .set_dictionary_page_size_limit(DICTIONARY_BYTES)
            .build();
        let writer = ArrowWriter::try_new(file, Arc::new(columns::schema()), Some(properties))
            .map_err(|e| broken(path, &e))?;
        Ok(Self {
            path: path.to_owned(),
            staged,
            writer,
            pending: Pending::default(),
            num_episodes: 0,
        })
    }

    /// Adds an episode.
    ///
    /// # Errors
    /// [`DataError::Record`] if the file cannot be written.
    pub fn write(&mut self, episode: EpisodeRecord) -> Result<()> {
        self.num_episodes += 1;
        if self.pending.push(episode) {
            self.flush()?;
        }
        Ok(())
    }

    /// Episodes so far.
    pub fn num_episodes(&self) -> u64 {
        self.num_episodes
    }

    fn flush(&mut self) -> Result<()> {
        if self.pending.is_empty() {
            return Ok(());
        }
        self.pending.sort();
        let batch = columns::to_batch(self.pending.episodes());
        self.pending.clear();
        self.writer
            .write(&batch)
            .and_then(|()| self.writer.flush())
            .map_err(|e| broken(&self.path, &e))
    }

    /// Puts the file in place and returns the number of its episodes.
    ///
    /// # Errors
    /// As [`TrajectoryWriter::write`].
    pub fn finish(mut self) -> Result<u64> {
        self.flush()?;
        let file = self
            .writer
            .into_inner()
            .map_err(|e| broken(&self.path, &e))?;
        self.staged.publish(&file)?;
        Ok(self.num_episodes)
    }
}

pub(super) fn broken(path: &Path, e: &dyn std::fmt::Display) -> DataError {
    DataError::record(path, "Parquet", e.to_string())
}
