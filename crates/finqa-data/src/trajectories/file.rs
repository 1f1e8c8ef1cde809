//! A Parquet file of episodes, read as a whole or a few columns of it.

use std::fs::File;
use std::path::{Path, PathBuf};

use arrow_array::RecordBatch;
use finqa_core::trajectory::EpisodeRecord;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReader,
    ParquetRecordBatchReaderBuilder,
};

use super::columns;
use super::writer::broken;
use crate::error::{DataError, Result};

/// Rows that are decoded at a time: whole episodes are large, scalars are not.
const EPISODE_BATCH: usize = 512;
const COLUMN_BATCH: usize = 64 * 1024;

/// A file that [`super::TrajectoryWriter`] wrote, or one with the same columns.
pub struct EpisodeFile {
    path: PathBuf,
    metadata: ArrowReaderMetadata,
}

impl EpisodeFile {
    /// Reads the footer.
    ///
    /// # Errors
    /// [`DataError::Io`]; [`DataError::Record`] if it is no Parquet file; [`DataError::Layout`] if it has no column
    /// `episode`.
    pub fn open(path: &Path) -> Result<Self> {
        let file = File::open(path).map_err(|e| DataError::io(path, e))?;
        let metadata = ArrowReaderMetadata::load(&file, ArrowReaderOptions::default())
            .map_err(|e| broken(path, &e))?;
        if metadata.schema().index_of("episode").is_err() {
            return Err(DataError::layout(
                path,
                "there is no column \"episode\": this is no file of trajectories",
            ));
        }
        Ok(Self {
            path: path.to_owned(),
            metadata,
        })
    }

    /// Rows.
    pub fn num_episodes(&self) -> u64 {
        self.metadata
            .metadata()
            .file_metadata()
            .num_rows()
            .cast_unsigned()
    }

    fn reader(
        &self,
        batch_rows: usize,
        range: Option<(usize, usize)>,
        names: Option<&[&str]>,
    ) -> Result<ParquetRecordBatchReader> {
        let file = File::open(&self.path).map_err(|e| DataError::io(&self.path, e))?;
        let mut builder =
            ParquetRecordBatchReaderBuilder::new_with_metadata(file, self.metadata.clone())
                .with_batch_size(batch_rows);
        if let Some(names) = names {
            let mask = ProjectionMask::columns(builder.parquet_schema(), names.iter().copied());
            builder = builder.with_projection(mask);
        }
        if let Some((start, count)) = range {
            builder = builder.with_offset(start).with_limit(count);
        }
        builder.build().map_err(|e| broken(&self.path, &e))
    }

    /// The columns `names`, in batches. A name that the file does not have is left out.
    ///
    /// # Errors
    /// [`DataError::Record`] if the file is damaged.
    pub fn columns(&self, names: &[&str]) -> Result<Vec<RecordBatch>> {
        self.reader(COLUMN_BATCH, None, Some(names))?
            .map(|batch| batch.map_err(|e| broken(&self.path, &e)))
            .collect()
    }

    /// All episodes, in the order of the file.
    ///
    /// # Errors
    /// [`DataError::Record`] if the file is damaged; so are the items.
    pub fn episodes(&self) -> Result<impl Iterator<Item = Result<EpisodeRecord>> + use<>> {
        self.slice(0, usize::MAX)
    }

    /// The episodes from row `start` on, at most `count`.
    ///
    /// # Errors
    /// As [`EpisodeFile::episodes`].
    pub fn slice(
        &self,
        start: usize,
        count: usize,
    ) -> Result<impl Iterator<Item = Result<EpisodeRecord>> + use<>> {
        let range = (start > 0 || count < usize::MAX).then_some((start, count));
        let reader = self.reader(EPISODE_BATCH, range, None)?;
        let path = self.path.clone();
        Ok(reader.flat_map(move |batch| {
            let episodes = batch.map_err(|e| broken(&path, &e)).and_then(|batch| {
                columns::from_batch(&batch)
                    .map_err(|reason| DataError::record(&path, "Parquet", reason))
            });
            match episodes {
                Ok(episodes) => episodes.into_iter().map(Ok).collect(),
                Err(e) => vec![Err(e)],
            }
        }))
    }
}
