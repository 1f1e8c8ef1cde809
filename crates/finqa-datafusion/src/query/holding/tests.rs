use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, Int64Array, ListArray, RecordBatch, RecordBatchOptions};
use datafusion::arrow::datatypes::{Int64Type, Schema};
use datafusion::common::config::ConfigOptions;
use datafusion::common::{DataFusionError, Result};
use datafusion::datasource::memory::MemorySourceConfig;
use datafusion::execution::TaskContext;
use datafusion::execution::memory_pool::{GreedyMemoryPool, MemoryPool};
use datafusion::execution::runtime_env::RuntimeEnvBuilder;
use datafusion::physical_expr::expressions::col;
use datafusion::physical_optimizer::PhysicalOptimizerRule as _;
use datafusion::physical_plan::joins::utils::JoinOn;
use datafusion::physical_plan::joins::{HashJoinExecBuilder, PartitionMode};
use datafusion::physical_plan::repartition::RepartitionExec;
use datafusion::physical_plan::{ExecutionPlan, Partitioning};
use futures_util::StreamExt as _;

use super::CountWhatIsHeld;
use crate::runtime::block_on;

/// `plan` with what it holds counted, and where it runs.
fn counted(
    plan: Arc<dyn ExecutionPlan>,
    memory: usize,
) -> (Arc<dyn ExecutionPlan>, Arc<TaskContext>) {
    let pool: Arc<dyn MemoryPool> = Arc::new(GreedyMemoryPool::new(memory));
    let environment = RuntimeEnvBuilder::new().with_memory_pool(Arc::clone(&pool));
    let context = TaskContext::default().with_runtime(environment.build_arc().unwrap());
    let plan = CountWhatIsHeld(pool).optimize(plan, &ConfigOptions::default());
    (plan.unwrap(), Arc::new(context))
}

fn source(batches: Vec<RecordBatch>) -> Arc<dyn ExecutionPlan> {
    let schema = batches[0].schema();
    MemorySourceConfig::try_new_exec(&[batches], schema, None).unwrap()
}

fn without_columns(rows: usize) -> RecordBatch {
    let options = RecordBatchOptions::new().with_row_count(Some(rows));
    RecordBatch::try_new_with_options(Arc::new(Schema::empty()), vec![], &options).unwrap()
}

/// Rows that the first `partitions` of a queue to two give, one batch of each after the other, and what it holds then.
fn through_a_queue(partitions: usize) -> (Result<usize>, usize) {
    let queue = RepartitionExec::try_new(
        source(vec![without_columns(5000); 1000]),
        Partitioning::RoundRobinBatch(2),
    );
    let (plan, context) = counted(Arc::new(queue.unwrap()), 32 << 10);
    let pool = Arc::clone(&context.runtime_env().memory_pool);
    let rows = async move {
        // All of them are there to be filled.
        let mut streams: Vec<_> = (0..2)
            .map(|i| plan.execute(i, Arc::clone(&context)).unwrap())
            .collect();
        let (mut rows, mut open) = (0, true);
        while open {
            open = false;
            for stream in &mut streams[..partitions] {
                if let Some(batch) = stream.next().await {
                    rows += batch?.num_rows();
                    open = true;
                }
            }
        }
        Ok(rows)
    };
    let rows = block_on(rows, None, &mut || true).unwrap();
    (rows, pool.reserved())
}

#[test]
fn rows_that_wait_for_their_turn_count_though_they_have_no_columns() {
    let (rows, _) = through_a_queue(1);
    let error = rows.unwrap_err();
    assert!(
        matches!(error.find_root(), DataFusionError::ResourcesExhausted(_)),
        "{error}"
    );
}

#[test]
fn rows_that_have_left_a_queue_do_not_count() {
    let (rows, reserved) = through_a_queue(2);
    assert_eq!((rows.unwrap(), reserved), (5_000_000, 0));
}

fn numbers(of: impl Iterator<Item = i64>) -> RecordBatch {
    let numbers: ArrayRef = Arc::new(Int64Array::from_iter_values(of));
    RecordBatch::try_from_iter([("n", numbers)]).unwrap()
}

/// The rows of a hash join that keeps `batches`.
fn joined(batches: Vec<RecordBatch>, memory: usize) -> Result<usize> {
    let (left, right) = (source(batches), source(vec![numbers(0..1)]));
    let on: JoinOn = vec![(
        col("n", &left.schema()).unwrap(),
        col("n", &right.schema()).unwrap(),
    )];
    let join = HashJoinExecBuilder::new(left, right, on, datafusion::common::JoinType::Inner)
        .with_partition_mode(PartitionMode::CollectLeft)
        .build()
        .unwrap();
    let (plan, context) = counted(Arc::new(join), memory);
    let rows = async move {
        let mut stream = plan.execute(0, context)?;
        let mut rows = 0;
        while let Some(batch) = stream.next().await {
            rows += batch?.num_rows();
        }
        Ok(rows)
    };
    block_on(rows, None, &mut || true).unwrap()
}

#[test]
fn a_hash_join_counts_batches_that_share_their_memory_as_often_as_it_copies_them() {
    // 100 times the same 64 KiB, as a cross join gives them: a join puts 6.4 MB together.
    let shared = vec![numbers(0..8192); 100];
    let error = joined(shared, 4 << 20).unwrap_err();
    assert!(error.to_string().contains("HashJoinInput"), "{error}");
    // Parts of one batch take no more than it does.
    let whole = numbers(0..131_072);
    let parts = (0..16).map(|i| whole.slice(i * 8192, 8192)).collect();
    assert_eq!(joined(parts, 6 << 20).unwrap(), 1);
}

#[test]
fn a_slice_of_lists_is_copied_without_the_others() {
    let lists = (0..64).map(|_| Some((0..100).map(Some).collect::<Vec<_>>()));
    let lists: ArrayRef = Arc::new(ListArray::from_iter_primitive::<Int64Type, _, _>(lists));
    let batch = RecordBatch::try_from_iter([("lists", lists)]).unwrap();
    let copied = |batch: &RecordBatch| super::sizes::Counter::default().count(batch).1;
    let all = copied(&batch);
    assert!(all >= 64 * 100 * 8, "{all}");
    let parts = [batch.slice(0, 16), batch.slice(16, 48)].map(|part| copied(&part));
    assert_eq!(parts[0] * 3, parts[1]);
    assert_eq!(parts.iter().sum::<usize>(), all);
}
