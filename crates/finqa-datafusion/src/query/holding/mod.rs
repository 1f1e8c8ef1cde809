//! All that operators hold counts against the memory.
//!
//! DataFusion's operators count the arrays of the batches that they keep. What that leaves out grows for as long as a
//! query runs:
//!
//! - a batch without columns has no arrays, and that is what a join gives of rows that are only counted;
//! - a batch of few rows takes more memory for being a batch than for its arrays, and a sort merges each of them;
//! - a hash join counts memory that batches share once, and then copies it for each of them;
//! - queues between threads hold batches without columns for nothing;
//! - window functions count nothing at all.
//!
//! So batches pass a [`Held`] before an operator that keeps them.

mod flow;
mod gather;
mod sizes;
#[cfg(test)]
mod tests;

use std::fmt;
use std::sync::Arc;

use datafusion::common::config::ConfigOptions;
use datafusion::common::tree_node::{
    Transformed, TransformedResult as _, TreeNode as _, TreeNodeRecursion,
};
use datafusion::common::{Result, Statistics};
use datafusion::execution::memory_pool::MemoryPool;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_optimizer::PhysicalOptimizerRule;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{
    ChildStats, ChildrenPropertiesMode, DisplayAs, DisplayFormatType, ExecutionPlan,
    PlanProperties, ReplaceChildrenOptions, StatisticsArgs,
};
use futures_util::StreamExt as _;

use flow::Flow;
pub(super) use sizes::overhead;

/// Puts a [`Held`] before every operator that keeps batches.
#[derive(Debug)]
pub(super) struct CountWhatIsHeld(pub(super) Arc<dyn MemoryPool>);

impl PhysicalOptimizerRule for CountWhatIsHeld {
    fn optimize(
        &self,
        plan: Arc<dyn ExecutionPlan>,
        _: &ConfigOptions,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        plan.transform_up(|node| {
            let no_columns = |node: &dyn ExecutionPlan| {
                let kept = node.children()[0];
                kept.schema().fields().is_empty()
            };
            Ok(Transformed::yes(match node.name() {
                // They make one batch of all that they took before they look at it.
                "CrossJoinExec" | "NestedLoopJoinExec" if no_columns(&*node) => {
                    before(node, How::Merged)?
                }
                "CrossJoinExec" | "NestedLoopJoinExec" | "HashJoinExec" => {
                    before(node, How::Gathered)?
                }
                // With a limit it keeps the best rows alone.
                "SortExec" if node.fetch().is_none() => before(node, How::Gathered)?,
                _ => match Flow::through(&node, &self.0) {
                    Some(flow) => {
                        let node = before(node, How::Entering(Arc::clone(&flow)))?;
                        Held::around(node, How::Leaving(flow))
                    }
                    None => return Ok(Transformed::no(node)),
                },
            }))
        })
        .data()
    }

    fn name(&self) -> &'static str {
        "count_what_is_held"
    }

    fn schema_check(&self) -> bool {
        true
    }
}

/// `node`, whose first input passes a [`Held`]: the one that a join keeps.
fn before(node: Arc<dyn ExecutionPlan>, how: How) -> Result<Arc<dyn ExecutionPlan>> {
    let mut children: Vec<_> = node.children().into_iter().cloned().collect();
    children[0] = Held::around(Arc::clone(&children[0]), how);
    let same = ReplaceChildrenOptions::new(ChildrenPropertiesMode::Keep);
    node.replace_children(children, same)
}

/// What becomes of batches that pass.
#[derive(Clone, Debug)]
enum How {
    /// One batch of as many rows: they have no columns.
    Merged,
    /// Batches that count for what they take.
    Gathered,
    /// The same, counted until they leave.
    Entering(Arc<Flow>),
    Leaving(Arc<Flow>),
}

/// Batches on their way into an operator that keeps them, or out of it.
#[derive(Debug)]
struct Held {
    input: Arc<dyn ExecutionPlan>,
    how: How,
}

impl Held {
    fn around(input: Arc<dyn ExecutionPlan>, how: How) -> Arc<dyn ExecutionPlan> {
        Arc::new(Self { input, how })
    }
}

impl DisplayAs for Held {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match &self.how {
            How::Merged => "Held: merged",
            How::Gathered => "Held: gathered",
            How::Entering(_) => "Held: entering",
            How::Leaving(_) => "Held: leaving",
        })
    }
}

impl ExecutionPlan for Held {
    fn name(&self) -> &'static str {
        "Held"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        self.input.properties()
    }

    fn maintains_input_order(&self) -> Vec<bool> {
        vec![true]
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        vec![&self.input]
    }

    fn apply_expressions(
        &self,
        _: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        Ok(TreeNodeRecursion::Continue)
    }

    fn replace_children(
        self: Arc<Self>,
        mut children: Vec<Arc<dyn ExecutionPlan>>,
        _: ReplaceChildrenOptions,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        Ok(Self::around(children.swap_remove(0), self.how.clone()))
    }

    fn with_new_children(
        self: Arc<Self>,
        children: Vec<Arc<dyn ExecutionPlan>>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        self.replace_children(
            children,
            ReplaceChildrenOptions::new(ChildrenPropertiesMode::Recompute),
        )
    }

    fn child_stats_requests(&self, partition: Option<usize>) -> Vec<ChildStats> {
        vec![ChildStats::At(partition)]
    }

    fn statistics_from_inputs(
        &self,
        input: &[Arc<Statistics>],
        _: &StatisticsArgs,
    ) -> Result<Arc<Statistics>> {
        Ok(Arc::clone(&input[0]))
    }

    fn execute(
        &self,
        partition: usize,
        context: Arc<TaskContext>,
    ) -> Result<SendableRecordBatchStream> {
        let batches = self.input.execute(partition, Arc::clone(&context))?;
        let schema = self.schema();
        Ok(match &self.how {
            How::Merged => gather::merged(batches),
            How::Gathered => gather::gathered(batches, &context, partition),
            How::Entering(flow) => {
                let (flow, overhead) = (Arc::clone(flow), overhead(&schema));
                let batches = batches.map(move |batch| {
                    let batch = batch?;
                    flow.enter(&batch, overhead)?;
                    Ok(batch)
                });
                Box::pin(RecordBatchStreamAdapter::new(schema, batches))
            }
            How::Leaving(flow) => {
                let mut outlet = Flow::outlet(flow);
                let batches = batches.map(move |batch| {
                    let batch = batch?;
                    outlet.leave(batch.num_rows())?;
                    Ok(batch)
                });
                Box::pin(RecordBatchStreamAdapter::new(schema, batches))
            }
        })
    }
}
