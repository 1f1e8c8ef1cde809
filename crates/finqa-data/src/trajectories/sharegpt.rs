//! ShareGPT conversations as a Parquet file.

use std::io::{BufWriter, Write as _};
use std::path::Path;
use std::sync::Arc;

use arrow_array::RecordBatch;
use arrow_schema::Schema;
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::WriterProperties;
use serde::{Deserialize, Serialize};

use super::cells::{Row, array_of, field_of, read_into, row};
use super::writer::broken;
use crate::error::{DataError, Result};
use crate::staged::StagedFile;

/// Conversations of a row group.
const GROUP_ROWS: usize = 1024;

/// What one side says.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShareGptTurn {
    /// "system", "human", "gpt" or "observation".
    pub from: String,
    /// The text.
    pub value: String,
}
row!(ShareGptTurn { from, value });

/// A conversation with what it came to.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ShareGptChat {
    /// In order.
    pub conversations: Vec<ShareGptTurn>,
    /// The tools in OpenAI's form, as JSON.
    pub tools: String,
    /// Task.
    pub task_id: String,
    /// Its split.
    pub split: String,
    /// Who acted.
    pub policy: String,
    /// The answer handed in.
    pub submission: Option<String>,
    /// The reward, if it is known.
    pub reward: Option<f32>,
}
row!(ShareGptChat {
    conversations,
    tools,
    task_id,
    split,
    policy,
    submission,
    reward
});

/// Writes conversations to a Parquet file, which appears as a whole or not at all, over what was there.
///
/// # Errors
/// [`DataError::Io`], [`DataError::Record`], and the first error among `chats`.
pub fn write_sharegpt(
    path: &Path,
    chats: &mut dyn Iterator<Item = Result<ShareGptChat>>,
) -> Result<u64> {
    let (staged, file) = StagedFile::new(path)?;
    let schema = Arc::new(Schema::new(ShareGptChat::fields()));
    let level = ZstdLevel::try_new(3).map_err(|e| broken(path, &e))?;
    let properties = WriterProperties::builder()
        .set_compression(Compression::ZSTD(level))
        .build();
    let mut writer = ArrowWriter::try_new(file, Arc::clone(&schema), Some(properties))
        .map_err(|e| broken(path, &e))?;
    let mut count = 0;
    loop {
        let group = chats.take(GROUP_ROWS).collect::<Result<Vec<_>>>()?;
        if group.is_empty() {
            break;
        }
        count += group.len() as u64;
        let batch = RecordBatch::try_new(Arc::clone(&schema), ShareGptChat::arrays(group.iter()));
        batch
            .and_then(|batch| writer.write(&batch).map_err(Into::into))
            .map_err(|e| broken(path, &e))?;
    }
    let file = writer.into_inner().map_err(|e| broken(path, &e))?;
    staged.publish(&file)?;
    Ok(count)
}

/// Writes JSON lines to a file, which appears as a whole or not at all, over what was there.
///
/// # Errors
/// [`DataError::Io`], and the first error among `lines`.
pub fn write_lines(path: &Path, lines: &mut dyn Iterator<Item = Result<String>>) -> Result<u64> {
    let (staged, file) = StagedFile::new(path)?;
    let mut out = BufWriter::new(file);
    let mut count = 0;
    for line in lines {
        writeln!(out, "{}", line?).map_err(|e| DataError::io(path, e))?;
        count += 1;
    }
    let file = out
        .into_inner()
        .map_err(|e| DataError::io(path, e.into_error()))?;
    staged.publish(&file)?;
    Ok(count)
}

impl ShareGptChat {
    /// Reads a record of JSON.
    ///
    /// # Errors
    /// [`DataError::Record`] with its number.
    pub fn from_json(path: &Path, number: u64, text: &str) -> Result<Self> {
        serde_json::from_str(text)
            .map_err(|e| DataError::record(path, format!("record {number}"), e.to_string()))
    }
}
