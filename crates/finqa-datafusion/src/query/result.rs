//! The rows of a result, as Arrow keeps them and as anything else takes them.

use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use arrow_array::ffi_stream::FFI_ArrowArrayStream;
use datafusion::arrow::array::{RecordBatch, RecordBatchIterator};
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::parquet::arrow::ArrowWriter;

use finqa_data::{DataError, StagedFile};

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
        // A folder that is not there is more likely a slip than a wish: staging would make it.
        let parent = path.parent().filter(|p| !p.as_os_str().is_empty());
        std::fs::metadata(parent.unwrap_or(Path::new(".")))
            .map_err(|source| DataError::io(path, source))?;
        let (staged, file) = StagedFile::new(path)?;
        let file = self
            .write_to(file)
            .map_err(|source| DataError::io(path, source))?;
        Ok(staged.publish(&file)?)
    }

    fn write_to(&self, file: File) -> std::io::Result<File> {
        let mut writer = ArrowWriter::try_new(file, Arc::clone(&self.schema), None)?;
        for batch in self.batches.iter() {
            writer.write(batch)?;
        }
        Ok(writer.into_inner()?)
    }
}
