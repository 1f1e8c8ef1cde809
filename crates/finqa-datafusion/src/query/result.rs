//! The rows of a result, as Arrow keeps them and as anything else takes them.

use std::fs::{self, File};
use std::path::Path;
use std::sync::Arc;

use arrow_array::ffi_stream::FFI_ArrowArrayStream;
use datafusion::arrow::array::{RecordBatch, RecordBatchIterator};
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::parquet::arrow::ArrowWriter;

use finqa_data::DataError;

use super::QueryError;

/// A result in memory.
#[derive(Clone, Debug)]
pub struct QueryResult {
    /// Columns.
    pub schema: SchemaRef,
    /// Rows, in order.
    pub batches: Arc<[RecordBatch]>,
}

impl QueryResult {
    /// Rows of all batches.
    pub fn num_rows(&self) -> usize {
        self.batches.iter().map(RecordBatch::num_rows).sum()
    }

    /// The rows over Arrow's C stream interface: whoever takes them shares the memory.
    pub fn stream(&self) -> FFI_ArrowArrayStream {
        let batches: Vec<_> = self.batches.iter().cloned().map(Ok).collect();
        FFI_ArrowArrayStream::new(Box::new(RecordBatchIterator::new(
            batches,
            Arc::clone(&self.schema),
        )))
    }

    /// Writes the rows to a Parquet file, which appears as a whole or not at all.
    ///
    /// # Errors
    /// [`QueryError::Data`].
    pub fn write_parquet(&self, path: &Path) -> Result<(), QueryError> {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let staged = path.with_file_name(format!(".{name}.{}.tmp", std::process::id()));
        let written = self
            .write_to(&staged)
            .and_then(|()| fs::rename(&staged, path));
        written.map_err(|source| {
            let _ = fs::remove_file(&staged); // what went wrong first is what is told
            DataError::io(path, source).into()
        })
    }

    fn write_to(&self, path: &Path) -> std::io::Result<()> {
        let mut writer = ArrowWriter::try_new(File::create(path)?, Arc::clone(&self.schema), None)?;
        for batch in self.batches.iter() {
            writer.write(batch)?;
        }
        writer.into_inner()?.sync_all()
    }
}
