//! The engine: its memory, its temporary files, and the two sorted streams that an ingest reads.

use std::path::Path;
use std::sync::Arc;

use datafusion::arrow::array::{RecordBatch, UInt32Array};
use datafusion::arrow::datatypes::{DataType, Field, Schema};
use datafusion::catalog::TableProvider;
use datafusion::catalog::streaming::StreamingTable;
use datafusion::datasource::MemTable;
use datafusion::error::Result as EngineResult;
use datafusion::execution::SendableRecordBatchStream;
use datafusion::execution::disk_manager::{DiskManagerBuilder, DiskManagerMode};
use datafusion::execution::memory_pool::{FairSpillPool, MemoryPool, PeakRecordingPool};
use datafusion::execution::runtime_env::RuntimeEnvBuilder;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::streaming::PartitionStream;
use datafusion::prelude::{SessionConfig, SessionContext};

use super::filings::{Filings, Use};
use super::scan::{FileStream, Kind, Shared};
use super::sources::Sources;

/// Facts by company; of each fact the latest filing comes last. Every order is total, so that the same files give the
/// same corpus.
const FACTS: &str = "\
SELECT c.company, f.tag, f.segments, f.unit, f.quarters, f.date, f.filing, f.value, f.taxonomy, f.label, f.statement, \
f.line \
FROM filings c JOIN facts f ON c.filing = f.filing \
ORDER BY c.company, f.tag, f.segments, f.unit, f.quarters, f.date, f.filing, f.line";

/// Presentation by company, the latest filing first.
const PRESENTATION: &str = "\
SELECT c.company, p.filing, p.report, p.line, p.statement, p.parenthetical, p.tag, p.label, p.negating \
FROM filings c JOIN presentation p ON c.filing = p.filing \
ORDER BY c.company, p.filing DESC, p.report, p.line, p.tag";

/// Memory that a sort keeps for merging what it spilled.
const SPILL_RESERVE: usize = 4 << 20;

pub(super) struct Session {
    context: SessionContext,
    pub(super) peak: Arc<PeakRecordingPool>,
}

/// A sorted stream with its plan, which knows what was spilled.
pub(super) struct Sorted {
    pub(super) stream: SendableRecordBatchStream,
    pub(super) plan: Arc<dyn ExecutionPlan>,
}

impl Session {
    /// An engine with `pool_bytes` of memory that spills into `spill`.
    pub(super) fn new(pool_bytes: usize, spill: &Path) -> EngineResult<Self> {
        let peak = Arc::new(PeakRecordingPool::new(Arc::new(FairSpillPool::new(
            pool_bytes,
        ))));
        let environment = RuntimeEnvBuilder::new()
            .with_memory_pool(Arc::clone(&peak) as Arc<dyn MemoryPool>)
            .with_disk_manager_builder(
                DiskManagerBuilder::default()
                    .with_mode(DiskManagerMode::Directories(vec![spill.to_owned()])),
            )
            .build_arc()?;
        let config = SessionConfig::new()
            // One pipeline: its memory is known, and readers have threads of their own anyway.
            .with_target_partitions(1)
            .with_batch_size(4096)
            .with_information_schema(false)
            .with_sort_spill_reservation_bytes(SPILL_RESERVE);
        Ok(Self {
            context: SessionContext::new_with_config_rt(config, environment),
            peak,
        })
    }

    pub(super) fn pool(&self) -> Arc<dyn MemoryPool> {
        Arc::clone(&self.context.runtime_env().memory_pool)
    }

    /// Registers filings and files.
    pub(super) fn register(&self, sources: &Sources, shared: &Arc<Shared>) -> EngineResult<()> {
        let batch = of_filings(&shared.filings)?;
        let table = MemTable::try_new(batch.schema(), vec![vec![batch]])?;
        self.context.register_table("filings", Arc::new(table))?;
        let facts = sources.facts.iter().enumerate().map(|(file, path)| {
            let kind = Kind::Facts { file: file as u32 };
            FileStream::new(path.clone(), kind, Arc::clone(shared))
        });
        self.files("facts", Kind::Facts { file: 0 }, facts.collect())?;
        let shown = sources.presentation.iter();
        let shown =
            shown.map(|path| FileStream::new(path.clone(), Kind::Presentation, Arc::clone(shared)));
        self.files("presentation", Kind::Presentation, shown.collect())
    }

    fn files(&self, name: &str, kind: Kind, files: Vec<FileStream>) -> EngineResult<()> {
        let partitions: Vec<Arc<dyn PartitionStream>> = files
            .into_iter()
            .map(|file| Arc::new(file) as Arc<dyn PartitionStream>)
            .collect();
        let table: Arc<dyn TableProvider> = if partitions.is_empty() {
            Arc::new(MemTable::try_new(kind.schema(), vec![Vec::new()])?)
        } else {
            Arc::new(StreamingTable::try_new(kind.schema(), partitions)?)
        };
        self.context.register_table(name, table)?;
        Ok(())
    }

    pub(super) async fn facts(&self) -> EngineResult<Sorted> {
        self.sorted(FACTS).await
    }

    pub(super) async fn presentation(&self) -> EngineResult<Sorted> {
        self.sorted(PRESENTATION).await
    }

    async fn sorted(&self, sql: &str) -> EngineResult<Sorted> {
        let plan = self.context.sql(sql).await?.create_physical_plan().await?;
        let stream =
            datafusion::physical_plan::execute_stream(Arc::clone(&plan), self.context.task_ctx())?;
        Ok(Sorted { stream, plan })
    }
}

/// Which company each kept filing is of. Filings are numbered by date, so that a later one has a larger number.
fn of_filings(filings: &Filings) -> EngineResult<RecordBatch> {
    let kept = || {
        let all = filings.filings.iter().enumerate();
        all.filter(|(_, filing)| filing.usage == Use::Keep)
    };
    let schema = Schema::new(vec![
        Field::new("filing", DataType::UInt32, false),
        Field::new("company", DataType::UInt32, false),
    ]);
    let batch = RecordBatch::try_new(
        Arc::new(schema),
        vec![
            Arc::new(kept().map(|(i, _)| i as u32).collect::<UInt32Array>()),
            Arc::new(kept().map(|(_, f)| f.company).collect::<UInt32Array>()),
        ],
    )?;
    Ok(batch)
}

/// Bytes that a plan wrote to disk.
pub(super) fn spilled(plan: &Arc<dyn ExecutionPlan>) -> u64 {
    let own = plan.metrics().and_then(|m| m.spilled_bytes()).unwrap_or(0) as u64;
    own + plan.children().into_iter().map(spilled).sum::<u64>()
}
