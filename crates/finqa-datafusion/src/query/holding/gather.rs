//! Batches for an operator that takes all of them before it gives any.

use std::future::ready;
use std::sync::Arc;

use datafusion::arrow::array::{RecordBatch, RecordBatchOptions, UInt64Array};
use datafusion::arrow::compute::{BatchCoalescer, take_record_batch};
use datafusion::common::{Result, exec_datafusion_err};
use datafusion::execution::memory_pool::{MemoryConsumer, MemoryReservation};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use futures_util::{StreamExt as _, TryStreamExt as _, stream};

use super::sizes::{Counter, overhead};

/// Where small batches are large together, however few their rows: nothing counts them until they are one.
const LARGE: usize = 16 << 20;

/// One batch of as many rows: without columns it is their number.
pub(super) fn merged(batches: SendableRecordBatchStream) -> SendableRecordBatchStream {
    let schema = batches.schema();
    let empty = Arc::clone(&schema);
    let one = async move {
        let rows = batches
            .try_fold(0_usize, |rows, batch| {
                let sum = rows.checked_add(batch.num_rows());
                ready(sum.ok_or_else(|| exec_datafusion_err!("more rows than can be counted")))
            })
            .await?;
        let options = RecordBatchOptions::new().with_row_count(Some(rows));
        Ok(RecordBatch::try_new_with_options(empty, vec![], &options)?)
    };
    Box::pin(RecordBatchStreamAdapter::new(schema, stream::once(one)))
}

/// Batches of some size that share no memory, and whose overhead counts until all have passed.
pub(super) fn gathered(
    batches: SendableRecordBatchStream,
    context: &TaskContext,
    partition: usize,
) -> SendableRecordBatchStream {
    let schema = batches.schema();
    let size = context.session_config().batch_size();
    let gathered = Gathered {
        batches,
        small: BatchCoalescer::new(Arc::clone(&schema), size)
            .with_biggest_coalesce_batch_size(Some(size / 2)),
        unshared: Unshared::default(),
        overhead: overhead(&schema),
        held: MemoryConsumer::new(format!("batches[{partition}]")).register(context.memory_pool()),
    };
    let gathered = stream::try_unfold(gathered, |mut gathered| async move {
        let batch = gathered.next().await?;
        Ok(batch.map(|batch| (batch, gathered)))
    });
    Box::pin(RecordBatchStreamAdapter::new(schema, gathered))
}

struct Gathered {
    batches: SendableRecordBatchStream,
    small: BatchCoalescer,
    unshared: Unshared,
    overhead: usize,
    held: MemoryReservation,
}

impl Gathered {
    async fn next(&mut self) -> Result<Option<RecordBatch>> {
        loop {
            if let Some(batch) = self.small.next_completed_batch() {
                self.held.try_grow(self.overhead)?;
                return self.unshared.take(batch).map(Some);
            }
            match self.batches.next().await {
                Some(batch) => {
                    self.small.push_batch(batch?)?;
                    if self.small.size() > LARGE {
                        self.small.finish_buffered_batch()?;
                    }
                }
                None if self.small.is_empty() => return Ok(None),
                None => self.small.finish_buffered_batch()?,
            }
        }
    }
}

/// Copies batches that share memory, as soon as copies of all would take more than they do.
///
/// A cross join gives the same columns again and again: large ones pass a coalescer as they are.
#[derive(Debug, Default)]
struct Unshared {
    counter: Counter,
    held: usize,
    copied: usize,
}

impl Unshared {
    fn take(&mut self, batch: RecordBatch) -> Result<RecordBatch> {
        let (added, copied) = self.counter.count(&batch);
        self.held += added;
        self.copied += copied;
        if self.copied <= self.held {
            return Ok(batch);
        }
        let all = UInt64Array::from_iter_values(0..batch.num_rows() as u64);
        let batch = take_record_batch(&batch, &all)?;
        self.held += self.counter.count(&batch).0;
        Ok(batch)
    }
}
