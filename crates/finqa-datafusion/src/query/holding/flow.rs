//! Rows that went into an operator and have not left it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use datafusion::arrow::array::RecordBatch;
use datafusion::common::Result;
use datafusion::execution::memory_pool::{MemoryConsumer, MemoryPool, MemoryReservation};
use datafusion::physical_expr::window::{PlainAggregateWindowExpr, WindowExpr};
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::windows::{BoundedWindowAggExec, WindowAggExec};

use super::sizes::Counter;

/// Aggregates, besides those of distinct values, that keep what they saw of a window.
const KEEPING: [&str; 2] = ["median", "percentile_cont"];

/// What such an aggregate takes for a value, at most: one of a hash table.
const KEPT_VALUE: usize = 96;

/// Rows of which a queue makes one batch, if they come in smaller ones: half of those of DataFusion's batches.
const QUEUED_ROWS: usize = 4096;

/// What counts of a batch.
#[derive(Debug)]
enum Operator {
    /// All that it takes, and so much for the results of a row.
    Window(usize),
    /// That it is a batch: it has no columns, and the queue counts those itself.
    Queue,
}

/// The rows in an operator that gives every row that it takes once.
#[derive(Debug)]
pub(super) struct Flow {
    held: MemoryReservation,
    operator: Operator,
    /// Whether rows stay behind when they leave.
    stays: bool,
    inside: Mutex<Inside>,
}

#[derive(Debug, Default)]
struct Inside {
    counter: Counter,
    bytes: usize,
    rows_in: usize,
    rows_out: usize,
    outlets: usize,
}

impl Flow {
    /// That of an operator of which it must be known.
    pub(super) fn through(
        node: &Arc<dyn ExecutionPlan>,
        pool: &Arc<dyn MemoryPool>,
    ) -> Option<Arc<Self>> {
        let windows = node
            .downcast_ref::<WindowAggExec>()
            .map(WindowAggExec::window_expr)
            .or_else(|| {
                node.downcast_ref::<BoundedWindowAggExec>()
                    .map(BoundedWindowAggExec::window_expr)
            });
        let (operator, stays) = match windows {
            Some(windows) => (
                Operator::Window(windows.iter().map(result_of_a_row).sum()),
                windows.iter().any(keeps),
            ),
            None if node.name() == "RepartitionExec" && node.schema().fields().is_empty() => {
                (Operator::Queue, false)
            }
            None => return None,
        };
        Some(Arc::new(Self {
            held: MemoryConsumer::new(format!("rows of {}", node.name())).register(pool),
            operator,
            stays,
            inside: Mutex::default(),
        }))
    }

    pub(super) fn enter(&self, batch: &RecordBatch, overhead: usize) -> Result<()> {
        let mut inside = self.inside();
        let rows = batch.num_rows();
        inside.bytes += match self.operator {
            Operator::Window(result) => {
                // They are put together before they are looked at.
                let (held, copied) = inside.counter.count(batch);
                overhead + held + copied + result * rows
            }
            Operator::Queue => (overhead * rows.min(QUEUED_ROWS)).div_ceil(QUEUED_ROWS),
        };
        inside.rows_in += rows;
        self.held.try_resize(inside.held())
    }

    /// Where batches leave.
    pub(super) fn outlet(flow: &Arc<Self>) -> Outlet {
        flow.inside().outlets += 1;
        Outlet {
            flow: Arc::clone(flow),
            leaving: 0,
        }
    }

    fn inside(&self) -> MutexGuard<'_, Inside> {
        self.inside.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inside {
    fn held(&self) -> usize {
        let rows = self.rows_in.saturating_sub(self.rows_out) as u128;
        let bytes = self.bytes as u128 * rows / (self.rows_in.max(1) as u128);
        usize::try_from(bytes).unwrap_or(usize::MAX)
    }
}

/// One end of a [`Flow`].
pub(super) struct Outlet {
    flow: Arc<Flow>,
    /// Rows that were given last: whoever has them may still hold what they share with the operator.
    leaving: usize,
}

impl Outlet {
    pub(super) fn leave(&mut self, rows: usize) -> Result<()> {
        let left = std::mem::replace(&mut self.leaving, rows);
        let mut inside = self.flow.inside();
        if !self.flow.stays {
            inside.rows_out += left;
        }
        self.flow.held.try_resize(inside.held())
    }
}

impl Drop for Outlet {
    fn drop(&mut self) {
        let mut inside = self.flow.inside();
        inside.outlets -= 1;
        inside.rows_out += self.leaving;
        if inside.outlets == 0 {
            inside.rows_out = inside.rows_in;
        }
        self.flow.held.resize(inside.held());
    }
}

/// Results are made for each partition of the window and put together.
fn result_of_a_row(window: &Arc<dyn WindowExpr>) -> usize {
    let field = window.field().ok();
    let width = field.and_then(|field| field.data_type().primitive_width());
    2 * width.unwrap_or(16) + if keeps(window) { KEPT_VALUE } else { 0 }
}

fn keeps(window: &Arc<dyn WindowExpr>) -> bool {
    let plain = window.as_any().downcast_ref::<PlainAggregateWindowExpr>();
    plain.is_some_and(|window| {
        let aggregate = window.get_aggregate_expr();
        aggregate.is_distinct() || KEEPING.contains(&aggregate.fun().name())
    })
}
