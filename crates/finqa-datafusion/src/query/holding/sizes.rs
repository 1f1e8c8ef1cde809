//! What a batch takes beyond what DataFusion counts of it.

use datafusion::arrow::array::{Array as _, ArrayData, RecordBatch};
use datafusion::arrow::datatypes::{DataType, Schema};
use datafusion::common::utils::memory::RecordBatchMemoryCounter;

/// A batch and its schema, which a cross join makes anew for each.
const BATCH: usize = 128;

/// An array and its buffers, each of which the allocator rounds up.
const COLUMN: usize = 128;

/// What a batch takes besides the memory of its values.
pub(in crate::query) fn overhead(schema: &Schema) -> usize {
    BATCH + schema.flattened_fields().len() * COLUMN
}

/// Counts the memory of batches, once where they share it and as if they did not.
#[derive(Debug, Default)]
pub(super) struct Counter {
    seen: RecordBatchMemoryCounter,
}

impl Counter {
    /// What this batch adds to those before it, and what a copy of it would take.
    pub(super) fn count(&mut self, batch: &RecordBatch) -> (usize, usize) {
        let copy = batch.columns().iter().map(|c| copied(&c.to_data())).sum();
        (self.seen.count_batch(batch), copy)
    }
}

/// What a copy of an array takes: its rows alone, of which slices of one array have parts.
fn copied(array: &ArrayData) -> usize {
    let items = |from: usize, to: usize| -> usize {
        let of = |child: &ArrayData| copied(&child.slice(from, to - from));
        array.child_data().iter().map(of).sum()
    };
    let len = array.len();
    match array.data_type() {
        DataType::List(_) | DataType::Map(..) => {
            let ends = array.buffer::<i32>(0);
            len * size_of::<i32>() + items(ends[0] as usize, ends[len] as usize)
        }
        DataType::LargeList(_) => {
            let ends = array.buffer::<i64>(0);
            len * size_of::<i64>() + items(ends[0] as usize, ends[len] as usize)
        }
        DataType::FixedSizeList(_, size) => {
            let (from, size) = (array.offset(), *size as usize);
            items(from * size, (from + len) * size)
        }
        DataType::Struct(_) => array.child_data().iter().map(copied).sum(),
        // The values are shared by copies too.
        DataType::Dictionary(key, _) => len * key.primitive_width().unwrap_or(8),
        _ => array
            .get_slice_memory_size()
            .unwrap_or_else(|_| array.get_array_memory_size()),
    }
}
