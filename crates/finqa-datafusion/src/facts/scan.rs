//! Files as streams of batches: what the engine sorts.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use datafusion::arrow::array::{
    ArrayRef, Int32Builder, RecordBatch, StringBuilder, UInt32Builder, UInt64Builder,
};
use datafusion::arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use datafusion::common::DataFusionError;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_plan::stream::RecordBatchReceiverStreamBuilder;
use datafusion::physical_plan::streaming::PartitionStream;

use super::error::{FactsError, Result};
use super::filings::{Filings, Use};
use super::layout::{Layout, Not};
use super::options::IngestOptions;
use super::report::{Example, IngestReport};
use super::rows::{Row, Wanted, read};
use super::sources::short;

/// Rows of a batch.
const BATCH_ROWS: usize = 4096;
/// Bytes of text from which a batch ends early: a few long records shall not be more than a reader may take.
const BATCH_BYTES: usize = 16 << 20;

/// What readers share with whoever waits for them.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) layout: Layout,
    pub(super) filings: Filings,
    /// Files of facts as reports name them.
    pub(super) files: Vec<String>,
    pub(super) max_examples: usize,
    pub(super) target: PathBuf,
    pub(super) rows: AtomicU64,
    pub(super) companies: AtomicU64,
    /// Somebody wants it to end.
    pub(super) stop: Arc<AtomicBool>,
    report: Mutex<IngestReport>,
}

impl Shared {
    pub(super) fn new(
        layout: Layout,
        filings: Filings,
        facts: &[PathBuf],
        options: &IngestOptions,
        target: PathBuf,
        stop: Arc<AtomicBool>,
        report: IngestReport,
    ) -> Self {
        Self {
            layout,
            filings,
            files: facts.iter().map(|path| short(path)).collect(),
            max_examples: options.max_examples,
            target,
            rows: AtomicU64::new(0),
            companies: AtomicU64::new(0),
            stop,
            report: Mutex::new(report),
        }
    }

    pub(super) fn report(&self) -> MutexGuard<'_, IngestReport> {
        self.report.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// An error once somebody wants it to end.
    pub(super) fn go_on(&self) -> Result<()> {
        if self.stop.load(Ordering::Relaxed) {
            return Err(FactsError::Cancelled(self.target.clone()));
        }
        Ok(())
    }
}

/// Columns of the facts.
#[derive(Debug, Default)]
struct FactColumns {
    filing: UInt32Builder,
    tag: StringBuilder,
    taxonomy: StringBuilder,
    date: Int32Builder,
    quarters: Int32Builder,
    unit: StringBuilder,
    segments: StringBuilder,
    value: StringBuilder,
    label: StringBuilder,
    statement: StringBuilder,
    line: UInt64Builder,
    rows: usize,
    bytes: usize,
}

/// Columns of the presentation.
#[derive(Debug, Default)]
struct ShownColumns {
    filing: UInt32Builder,
    report: Int32Builder,
    line: Int32Builder,
    statement: StringBuilder,
    parenthetical: Int32Builder,
    tag: StringBuilder,
    label: StringBuilder,
    negating: Int32Builder,
    rows: usize,
    bytes: usize,
}

/// A file of facts or of presentation.
pub(super) struct FileStream {
    path: PathBuf,
    kind: Kind,
    schema: SchemaRef,
    shared: Arc<Shared>,
}

/// What a file holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Facts {
        /// Position among the files.
        file: u32,
    },
    Presentation,
}

impl Kind {
    pub(super) fn schema(self) -> SchemaRef {
        let columns: &[(&str, DataType)] = match self {
            Self::Facts { .. } => &[
                ("filing", DataType::UInt32),
                ("tag", DataType::Utf8),
                ("taxonomy", DataType::Utf8),
                ("date", DataType::Int32),
                ("quarters", DataType::Int32),
                ("unit", DataType::Utf8),
                ("segments", DataType::Utf8),
                ("value", DataType::Utf8),
                ("label", DataType::Utf8),
                ("statement", DataType::Utf8),
                ("line", DataType::UInt64),
            ],
            Self::Presentation => &[
                ("filing", DataType::UInt32),
                ("report", DataType::Int32),
                ("line", DataType::Int32),
                ("statement", DataType::Utf8),
                ("parenthetical", DataType::Int32),
                ("tag", DataType::Utf8),
                ("label", DataType::Utf8),
                ("negating", DataType::Int32),
            ],
        };
        let fields: Vec<Field> = columns
            .iter()
            .map(|(name, kind)| Field::new(*name, kind.clone(), false))
            .collect();
        Arc::new(Schema::new(fields))
    }
}

impl fmt::Debug for FileStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FileStream")
            .field("path", &self.path)
            .field("kind", &self.kind)
            .finish_non_exhaustive()
    }
}

impl FileStream {
    pub(super) fn new(path: PathBuf, kind: Kind, shared: Arc<Shared>) -> Self {
        Self {
            path,
            kind,
            schema: kind.schema(),
            shared,
        }
    }
}

impl PartitionStream for FileStream {
    fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    fn execute(&self, _ctx: Arc<TaskContext>) -> SendableRecordBatchStream {
        let mut builder = RecordBatchReceiverStreamBuilder::new(Arc::clone(&self.schema), 2);
        let sender = builder.tx();
        let (path, kind, schema) = (self.path.clone(), self.kind, Arc::clone(&self.schema));
        let shared = Arc::clone(&self.shared);
        builder.spawn_blocking(move || {
            // False once nobody listens any more.
            let mut send = |columns: Vec<ArrayRef>| -> Result<bool> {
                shared.go_on()?;
                let batch = RecordBatch::try_new(Arc::clone(&schema), columns)
                    .map_err(|e| FactsError::Engine(e.to_string()))?;
                Ok(sender.blocking_send(Ok(batch)).is_ok())
            };
            let done = match kind {
                Kind::Facts { file } => facts(&path, file, &shared, &mut send),
                Kind::Presentation => presentation(&path, &shared, &mut send),
            };
            done.map_err(|e| DataFusionError::External(Box::new(e)))
        });
        builder.build()
    }
}

type Send<'a> = dyn FnMut(Vec<ArrayRef>) -> Result<bool> + 'a;

fn facts(path: &Path, file: u32, shared: &Shared, send: &mut Send<'_>) -> Result<()> {
    let wanted = shared.layout.wanted();
    let mut columns = FactColumns::default();
    let name = short(path);
    let mut counted = 0;
    // One reader's counts are added a batch at a time: the lock is not on the path of a row.
    let mut left_out: Vec<(&'static str, u64)> = Vec::new();
    let mut listened = true;
    read(path, &wanted, &mut |line, row| {
        counted += 1;
        let fact = match &row {
            Row::Broken(reason) => Err(Not::Bad("row_unreadable", reason.clone())),
            Row::Fields(fields) => shared.layout.fact(fields, &shared.filings),
        };
        match fact {
            Ok(fact) => {
                columns.filing.append_value(fact.filing);
                columns.tag.append_value(fact.tag);
                columns.taxonomy.append_value(fact.taxonomy);
                columns.date.append_value(fact.date);
                columns.quarters.append_value(fact.quarters);
                columns.unit.append_value(fact.unit);
                columns.segments.append_value(fact.segments);
                columns.value.append_value(fact.value.plain());
                columns.label.append_value(fact.label);
                columns.statement.append_value(fact.statement);
                columns.line.append_value((u64::from(file) << 40) | line);
                columns.rows += 1;
                columns.bytes += fact.text_bytes();
            }
            Err(Not::LeftOut(reason)) => match left_out.iter_mut().find(|(r, _)| *r == reason) {
                Some((_, count)) => *count += 1,
                None => left_out.push((reason, 1)),
            },
            Err(Not::Bad(reason, detail)) => {
                let at = format!("{name} line {line}");
                shared
                    .report()
                    .bad(reason, shared.max_examples, || Example { at, detail });
            }
        }
        if counted % BATCH_ROWS as u64 == 0 {
            shared.rows.fetch_add(BATCH_ROWS as u64, Ordering::Relaxed);
            shared.go_on()?;
        }
        if columns.rows == BATCH_ROWS || columns.bytes >= BATCH_BYTES {
            listened = send(columns.take())?;
        }
        Ok(listened)
    })?;
    shared
        .rows
        .fetch_add(counted % BATCH_ROWS as u64, Ordering::Relaxed);
    {
        let mut report = shared.report();
        for (reason, count) in left_out {
            report.leave_out(reason, count);
        }
    }
    if listened && columns.rows > 0 {
        send(columns.take())?;
    }
    Ok(())
}

impl FactColumns {
    fn take(&mut self) -> Vec<ArrayRef> {
        self.rows = 0;
        self.bytes = 0;
        vec![
            Arc::new(self.filing.finish()),
            Arc::new(self.tag.finish()),
            Arc::new(self.taxonomy.finish()),
            Arc::new(self.date.finish()),
            Arc::new(self.quarters.finish()),
            Arc::new(self.unit.finish()),
            Arc::new(self.segments.finish()),
            Arc::new(self.value.finish()),
            Arc::new(self.label.finish()),
            Arc::new(self.statement.finish()),
            Arc::new(self.line.finish()),
        ]
    }
}

impl ShownColumns {
    fn take(&mut self) -> Vec<ArrayRef> {
        self.rows = 0;
        self.bytes = 0;
        vec![
            Arc::new(self.filing.finish()),
            Arc::new(self.report.finish()),
            Arc::new(self.line.finish()),
            Arc::new(self.statement.finish()),
            Arc::new(self.parenthetical.finish()),
            Arc::new(self.tag.finish()),
            Arc::new(self.label.finish()),
            Arc::new(self.negating.finish()),
        ]
    }
}

const PRE: [(&str, bool); 8] = [
    ("adsh", true),
    ("report", true),
    ("line", true),
    ("stmt", true),
    ("tag", true),
    ("inpth", false),
    ("plabel", false),
    ("negating", false),
];

fn presentation(path: &Path, shared: &Shared, send: &mut Send<'_>) -> Result<()> {
    let wanted = PRE.map(|(name, required)| Wanted { name, required });
    let mut columns = ShownColumns::default();
    let mut listened = true;
    let name = short(path);
    read(path, &wanted, &mut |line, row| {
        let bad = |detail: String| {
            let at = format!("{name} line {line}");
            shared
                .report()
                .bad_presentation
                .add(shared.max_examples, || Example { at, detail });
            Ok(true)
        };
        let fields = match row {
            Row::Broken(reason) => return bad(reason),
            Row::Fields(fields) => fields,
        };
        let [
            adsh,
            report,
            number,
            statement,
            tag,
            inside,
            label,
            negating,
        ] = *fields
        else {
            return bad("has other columns than pre".into());
        };
        let (Some(adsh), Some(tag)) = (adsh, tag) else {
            return bad("has no adsh or no tag".into());
        };
        let Some((filing, known)) = shared.filings.find(adsh) else {
            return bad(format!("filing {adsh:?} is not in sub"));
        };
        if known.usage != Use::Keep {
            return Ok(true);
        }
        let whole = |text: Option<&str>| text.and_then(|t| t.parse::<i32>().ok());
        let (Some(report), Some(number)) = (whole(report), whole(number)) else {
            return bad(format!(
                "report is {report:?} and line {number:?}; whole numbers are needed"
            ));
        };
        let flag = |text: Option<&str>| i32::from(matches!(text, Some("1" | "true" | "TRUE")));
        columns.filing.append_value(filing);
        columns.report.append_value(report);
        columns.line.append_value(number);
        columns.statement.append_value(statement.unwrap_or("UN"));
        columns.parenthetical.append_value(flag(inside));
        columns.tag.append_value(tag);
        columns.label.append_value(label.unwrap_or(""));
        columns.negating.append_value(flag(negating));
        columns.rows += 1;
        columns.bytes += tag.len() + label.map_or(0, str::len);
        if columns.rows == BATCH_ROWS || columns.bytes >= BATCH_BYTES {
            listened = send(columns.take())?;
        }
        Ok(listened)
    })?;
    if listened && columns.rows > 0 {
        send(columns.take())?;
    }
    Ok(())
}
