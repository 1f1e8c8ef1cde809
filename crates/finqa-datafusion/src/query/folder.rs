//! Opening the folders of runs: which files count, and what their `run.json` says.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use datafusion::arrow::array::{ArrayRef, Int64Array, RecordBatch, StringArray};
use datafusion::execution::memory_pool::{MemoryConsumer, MemoryPool, MemoryReservation};
use datafusion::parquet::arrow::ArrowWriter;
use datafusion::parquet::errors::ParquetError;
use finqa_core::behaviour::{Check, Failure, Flag, WrongAnswer};
use finqa_data::DataError;
use finqa_data::trajectories::{Run, schema};
use serde_json::Value;

use super::files::RunFiles;
use super::{Limits, QueryError, RunFolder};
use crate::runtime::Stopped;

/// Runs that are asked about.
pub(super) struct Runs {
    /// Their files.
    pub files: RunFiles,
    /// The tables that need no file: `runs` and `meanings`.
    pub about: Vec<(&'static str, RecordBatch)>,
    /// The memory of files that are nowhere else.
    pub held: MemoryReservation,
}

/// What opening may take.
pub(super) struct Opening<'a> {
    pub limits: &'a Limits,
    pub pool: &'a Arc<dyn MemoryPool>,
    /// Nobody waits for the runs any more.
    pub stop: &'a AtomicBool,
}

impl Runs {
    /// Opens each run as it is now: what a crash left is recovered, what is being recorded is read as far as it got.
    ///
    /// A recovery that has begun comes to its end even if nobody waits for it: the next reader is spared it.
    pub(super) fn open(folders: &[RunFolder], opening: &Opening<'_>) -> Result<Self, QueryError> {
        let mut files = RunFiles::new();
        let held =
            MemoryConsumer::new("episodes of sessions that are not closed").register(opening.pool);
        let mut opened = Vec::with_capacity(folders.len());
        let mut names = BTreeSet::new();
        for folder in folders {
            opening.go_on()?;
            let run = Run::open(&folder.path)?;
            let name = folder.name.clone().unwrap_or_else(|| own_name(&run));
            if !names.insert(name.clone()) {
                return Err(QueryError::SameName {
                    path: folder.path.display().to_string(),
                    name,
                });
            }
            for file in run.files() {
                let added = files.add(&name, &file);
                added.map_err(|source| DataError::io(file, source))?;
            }
            if let Some(bytes) = unclosed(&run, opening, &held)? {
                let added = files.add_bytes(&name, bytes);
                added.map_err(|source| DataError::io(&folder.path, source))?;
            }
            opened.push((name, run));
        }
        Ok(Self {
            files,
            about: vec![("runs", runs_table(&opened)), ("meanings", meanings())],
            held,
        })
    }
}

impl Opening<'_> {
    fn go_on(&self) -> Result<(), QueryError> {
        if self.stop.load(Ordering::Relaxed) {
            return Err(Stopped::Interrupted.into());
        }
        Ok(())
    }
}

fn own_name(run: &Run) -> String {
    let path = run.path();
    run.info()["run"].as_str().map_or_else(
        || {
            let real = path.canonicalize().unwrap_or_else(|_| path.to_owned());
            let name = real.file_name().unwrap_or_default();
            name.to_string_lossy().into_owned()
        },
        str::to_string,
    )
}

/// The episodes of sessions that are not closed, as a Parquet file in memory: planning and scans have one way for all.
fn unclosed(
    run: &Run,
    opening: &Opening<'_>,
    held: &MemoryReservation,
) -> Result<Option<Vec<u8>>, QueryError> {
    let closed: u64 = run.sessions().iter().map(|s| s.num_episodes).sum();
    if run.num_episodes() == closed {
        return Ok(None);
    }
    let broken = |e: ParquetError| DataError::record(run.path(), "log", e.to_string());
    let mut writer = ArrowWriter::try_new(Vec::new(), Arc::new(schema()), None).map_err(broken)?;
    let mut counted = 0;
    let mut write = |batch: RecordBatch| -> Result<(), QueryError> {
        opening.go_on()?;
        writer.write(&batch).map_err(broken)?;
        writer.flush().map_err(broken)?;
        // Rows that stand in no other file are counted as long as the query runs, as a result is.
        let bytes = writer.bytes_written();
        held.try_grow(bytes - counted)
            .map_err(|e| QueryError::of(&e, opening.limits.memory_bytes))?;
        counted = bytes;
        Ok(())
    };
    let mut failed = None;
    run.batches_of_logs(None, &mut |batch| {
        failed = write(batch).err();
        failed.is_none()
    })?;
    if let Some(error) = failed {
        return Err(error);
    }
    Ok(Some(writer.into_inner().map_err(broken)?))
}

fn texts<'a>(values: impl Iterator<Item = Option<&'a str>>) -> ArrayRef {
    Arc::new(values.collect::<StringArray>())
}

fn runs_table(runs: &[(String, Run)]) -> RecordBatch {
    let infos = || runs.iter().map(|(_, run)| run.info());
    let text = |pointer: &str| texts(infos().map(|info| info.pointer(pointer)?.as_str()));
    let number = |pointer: &str| -> ArrayRef {
        let values = infos().map(|info| info.pointer(pointer)?.as_i64());
        Arc::new(values.collect::<Int64Array>())
    };
    let count = |of: fn(&Run) -> u64| -> ArrayRef {
        let values = runs.iter().map(|(_, run)| Some(of(run) as i64));
        Arc::new(values.collect::<Int64Array>())
    };
    let env: Vec<Option<String>> = infos()
        .map(|info| info.get("env").map(Value::to_string))
        .collect();
    let columns = [
        (
            "run",
            texts(runs.iter().map(|(name, _)| Some(name.as_str()))),
        ),
        ("policy", text("/policy")),
        ("policy_step", number("/policy_step")),
        ("created", text("/created")),
        ("source", text("/source")),
        ("corpus", text("/corpus/name")),
        ("corpus_hash", text("/corpus/content_hash")),
        ("finqa_gym", text("/versions/finqa_gym")),
        ("sqlite", text("/versions/sqlite")),
        ("scoring", number("/versions/scoring")),
        ("env", texts(env.iter().map(Option::as_deref))),
        ("system_prompt", text("/system_prompt")),
        ("num_episodes", count(Run::num_episodes)),
        ("num_running", count(Run::num_running)),
        ("num_lost", count(Run::num_lost)),
        ("num_abandoned", count(Run::num_abandoned)),
    ];
    batch(columns)
}

/// What the names in other tables mean.
fn meanings() -> RecordBatch {
    let rows: Vec<(&str, &str, &str)> = Check::ALL
        .iter()
        .map(|c| ("check", c.name(), c.meaning()))
        .chain(Flag::ALL.iter().map(|f| ("flag", f.name(), f.meaning())))
        .chain(
            Failure::ALL
                .iter()
                .map(|f| ("failure", f.name(), f.meaning())),
        )
        .chain(
            WrongAnswer::ALL
                .iter()
                .map(|w| ("wrong_answer", w.name(), w.meaning())),
        )
        .collect();
    batch([
        ("kind", texts(rows.iter().map(|row| Some(row.0)))),
        ("name", texts(rows.iter().map(|row| Some(row.1)))),
        ("meaning", texts(rows.iter().map(|row| Some(row.2)))),
    ])
}

fn batch<const N: usize>(columns: [(&str, ArrayRef); N]) -> RecordBatch {
    let nullable = columns.map(|(name, array)| (name, array, true));
    RecordBatch::try_from_iter_with_nullable(nullable).expect("columns of one length")
}
