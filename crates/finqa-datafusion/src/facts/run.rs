//! An ingest from its files to the corpus.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use datafusion::arrow::array::RecordBatch;
use datafusion::execution::SendableRecordBatchStream;
use datafusion::execution::memory_pool::{MemoryConsumer, MemoryReservation};
use finqa_core::CorpusInfo;
use finqa_data::{CorpusWriter, DataError, SaveFormat, SaveOptions};
use futures_util::StreamExt as _;

use super::company::{Gathered, company_of, take_facts, take_shown};
use super::error::{FactsError, Result};
use super::filings::Filings;
use super::layout::{Layout, Named};
use super::options::{IngestOptions, IngestProgress};
use super::placing::{Rules, sheets};
use super::report::IngestReport;
use super::rows::{Row, Wanted, read};
use super::scan::Shared;
use super::session::{Session, Sorted, spilled};
use super::sources::Sources;
use super::{INGEST_VERSION, table};
use crate::runtime::block_on;

/// How long a wait for the engine lasts before the stop flag is looked at.
const POLL: Duration = Duration::from_millis(50);

/// Reads the facts in `sources` and writes a corpus in the native layout to the folder `target`.
///
/// Without [`IngestOptions::mapping`] every source is a folder in the SEC's layout (`sub` and `num`, and `pre` and
/// `tag` where they are, as .txt, .tsv, .csv, .jsonl or .parquet); with it, a file or folder with one row a fact.
/// `progress` is called ten times a second and before the corpus is put in its place; returning false stops the ingest,
/// and nothing is left behind.
///
/// # Errors
/// [`FactsError`]. A row that cannot be used is no error but counted in the report.
///
/// ```
/// use finqa_data::{FilingsConfig, write_filings};
/// use finqa_datafusion::facts::{IngestOptions, ingest};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let folder = tempfile::tempdir()?;
/// let facts = folder.path().join("facts");
/// write_filings(&facts, &FilingsConfig { num_facts: 2000, seed: 1 }, &mut |_| true)?;
/// let corpus = folder.path().join("corpus");
/// let report = ingest(&[facts], &corpus, &IngestOptions::default(), &mut |_| true)?;
/// assert_eq!(report.accounted(), report.rows);
/// assert!(report.bad_rows.is_empty() && report.tables > 0);
/// # Ok(())
/// # }
/// ```
pub fn ingest(
    sources: &[PathBuf],
    target: &Path,
    options: &IngestOptions,
    progress: &mut dyn FnMut(&IngestProgress) -> bool,
) -> Result<IngestReport> {
    let start = Instant::now();
    if sources.is_empty() {
        return Err(FactsError::Invalid(
            "there are no facts: name a folder or a file".into(),
        ));
    }
    options.pool_bytes()?;
    let save = SaveOptions {
        format: SaveFormat::Parquet,
        overwrite: options.overwrite,
        max_companies: None,
    };
    // Refuses a target that cannot be before anything is read.
    let writer = CorpusWriter::new(target, &save)?;
    let stop = Arc::new(AtomicBool::new(false));
    let told = Arc::new(Told::default());
    let work = run(
        sources.to_vec(),
        target.to_owned(),
        options.clone(),
        writer,
        Arc::clone(&stop),
        Arc::clone(&told),
    );
    let done = block_on(work, None, &mut || {
        let seen = told.progress(start.elapsed());
        if !progress(&seen) {
            // The work ends by itself, so that nothing of it is left when this function returns.
            stop.store(true, Ordering::Relaxed);
        }
        true
    })?;
    let Read {
        writer,
        info,
        mut report,
    } = done?;
    // Asked once more before the corpus is put in its place: also whoever reads a small file can still say no.
    if !progress(&told.progress(start.elapsed())) {
        return Err(FactsError::Cancelled(target.to_owned()));
    }
    report.content_hash = writer.finish(info, &[])?.corpus.content_hash;
    report.seconds = start.elapsed().as_secs_f64();
    Ok(report)
}

/// All facts, before the corpus is put in its place.
struct Read {
    writer: CorpusWriter,
    info: CorpusInfo,
    report: IngestReport,
}

/// What the caller sees of the work.
#[derive(Default)]
struct Told {
    shared: std::sync::OnceLock<Arc<Shared>>,
}

impl Told {
    fn progress(&self, elapsed: Duration) -> IngestProgress {
        let shared = self.shared.get();
        let count = |of: fn(&Shared) -> u64| shared.map_or(0, |s| of(s));
        IngestProgress {
            rows: count(|s| s.rows.load(Ordering::Relaxed)),
            companies: count(|s| s.companies.load(Ordering::Relaxed)),
            companies_total: count(|s| s.filings.companies.len() as u64),
            elapsed,
        }
    }
}

async fn run(
    paths: Vec<PathBuf>,
    target: PathBuf,
    options: IngestOptions,
    mut writer: CorpusWriter,
    stop: Arc<AtomicBool>,
    told: Arc<Told>,
) -> Result<Read> {
    let layout = options.mapping.clone().map_or(Layout::Sec, Layout::Plain);
    let sources = match &layout {
        Layout::Sec => Sources::sec(&paths)?,
        Layout::Plain(_) => Sources::plain(&paths)?,
    };
    let spill = spill_folder(&target)?;
    let failed = |e| FactsError::of(e, options.memory_bytes);
    let session = Session::new(options.pool_bytes()?, spill.path()).map_err(failed)?;
    let held = MemoryConsumer::new("filings, tags and one company").register(&session.pool());
    let mut report = IngestReport {
        layout: layout.name().to_owned(),
        files: sources.facts.len() as u64,
        ..IngestReport::default()
    };
    let filings = match &layout {
        Layout::Sec => Filings::read(&sources, &options, &held, &mut report)?,
        Layout::Plain(mapping) => {
            let mut named = Named::default();
            let wanted = Named::wanted(mapping);
            for path in &sources.facts {
                let mut lines = 0u64;
                read(path, &wanted, &mut |_, row| {
                    lines += 1;
                    if lines.is_multiple_of(4096) && stop.load(Ordering::Relaxed) {
                        return Err(FactsError::Cancelled(target.clone()));
                    }
                    if let Row::Fields(fields) = row {
                        held.try_grow(named.note(fields)).map_err(failed)?;
                    }
                    Ok(true)
                })?;
            }
            Filings::of_rows(named.into_filings(), &options)?
        }
    };
    report.filings = filings.filings.len() as u64;
    let labels = labels(&sources, &held, &options)?;
    let shared = Arc::new(Shared::new(
        layout,
        filings,
        &sources.facts,
        &options,
        target,
        stop,
        report,
    ));
    // Set once: this is the only place.
    let _ = told.shared.set(Arc::clone(&shared));
    session.register(&sources, &shared).map_err(failed)?;
    let rules = Rules {
        labels: &labels,
        min_year: options.min_year,
        quarters: options.quarters,
    };
    let mut facts = Reader::new(session.facts().await.map_err(failed)?, &shared, &options);
    let mut shown = Reader::new(
        session.presentation().await.map_err(failed)?,
        &shared,
        &options,
    );
    let fixed = held.size();
    while let Some(company) = facts.company().await? {
        let gathered = gather(company, &mut facts, &mut shown, &shared, &held).await?;
        write(company, &gathered, &rules, &shared, &mut writer)?;
        drop(gathered);
        held.resize(fixed);
        shared
            .companies
            .store(u64::from(company) + 1, Ordering::Relaxed);
    }
    shown.drain().await?;
    let mut report = std::mem::take(&mut *shared.report());
    report.rows = shared.rows.load(Ordering::Relaxed);
    report.peak_reserved_bytes = session.peak.max_reserved() as u64;
    report.spilled_bytes = spilled(&facts.sorted.plan) + spilled(&shown.sorted.plan);
    report.companies_without_tables =
        (shared.filings.companies.len() as u64).saturating_sub(report.companies);
    if report.companies == 0 {
        return Err(FactsError::Invalid(nothing_left(&report)));
    }
    shared.go_on()?;
    let info = CorpusInfo {
        name: options
            .name
            .clone()
            .unwrap_or_else(|| name_of(&shared.target)),
        layout: format!("facts-{}", report.layout),
        version: INGEST_VERSION,
        refused: refused(&report),
        ..CorpusInfo::default()
    };
    Ok(Read {
        writer,
        info,
        report,
    })
}

/// A private folder beside the target, where there is room for the corpus too. Removed when it is dropped.
fn spill_folder(target: &Path) -> Result<tempfile::TempDir> {
    let parent = target
        .parent()
        .filter(|p| !p.as_os_str().is_empty())
        .unwrap_or(Path::new("."));
    tempfile::Builder::new()
        .prefix(".finqa-ingest-")
        .tempdir_in(parent)
        .map_err(|e| DataError::io(parent, e).into())
}

fn name_of(target: &Path) -> String {
    target
        .file_name()
        .map_or_else(|| "facts".to_owned(), |n| n.to_string_lossy().into_owned())
}

fn nothing_left(report: &IngestReport) -> String {
    let reasons = report
        .left_out
        .iter()
        .map(|(reason, n)| format!("{reason} {n}"));
    let bad = report
        .bad_rows
        .iter()
        .map(|(reason, tally)| format!("{reason} {}", tally.count));
    let reasons: Vec<String> = reasons.chain(bad).collect();
    format!(
        "no fact is left of the {} rows read ({}); nothing was written",
        report.rows,
        if reasons.is_empty() {
            "the files are empty".to_owned()
        } else {
            reasons.join(", ")
        }
    )
}

/// Rows that did not become cells, for the manifest.
fn refused(report: &IngestReport) -> std::collections::BTreeMap<String, u32> {
    let bad = report
        .bad_rows
        .iter()
        .map(|(reason, tally)| (reason.clone(), tally.count));
    bad.chain(
        report
            .left_out
            .iter()
            .map(|(reason, count)| (reason.clone(), *count)),
    )
    .chain([("conflict".to_owned(), report.conflicts.count)])
    .filter(|(_, count)| *count > 0)
    .map(|(reason, count)| (reason, u32::try_from(count).unwrap_or(u32::MAX)))
    .collect()
}

/// Labels of the standard tags; companies' own are named by their words.
fn labels(
    sources: &Sources,
    held: &MemoryReservation,
    options: &IngestOptions,
) -> Result<HashMap<String, String>> {
    let wanted = [("tag", true), ("tlabel", false), ("custom", false)]
        .map(|(name, required)| Wanted { name, required });
    let mut out: HashMap<String, String> = HashMap::new();
    for path in &sources.tags {
        read(path, &wanted, &mut |_, row| {
            if let Row::Fields([Some(tag), Some(label), custom]) = row
                && *custom != Some("1")
                && !out.contains_key(*tag)
            {
                held.try_grow(96 + tag.len() + label.len())
                    .map_err(|e| FactsError::of(e, options.memory_bytes))?;
                out.insert((*tag).to_owned(), (*label).to_owned());
            }
            Ok(true)
        })?;
    }
    Ok(out)
}

async fn gather(
    company: u32,
    facts: &mut Reader,
    shown: &mut Reader,
    shared: &Shared,
    held: &MemoryReservation,
) -> Result<Gathered> {
    let mut gathered = Gathered::default();
    let mut counted = 0;
    while facts.company().await? == Some(company) {
        let (batch, row) = facts.at()?;
        let row = take_facts(batch, row, company, &mut gathered.cells, shared)?;
        facts.row = row;
        let bytes: usize = gathered.cells[counted..]
            .iter()
            .map(super::company::Cell::size)
            .sum();
        counted = gathered.cells.len();
        held.try_grow(bytes)
            .map_err(|e| FactsError::of(e, facts.limit))?;
    }
    // Companies whose facts were all left out have a presentation all the same.
    while let Some(other) = shown.company().await?.filter(|other| *other <= company) {
        let (batch, row) = shown.at()?;
        let mut passed_over = Vec::new();
        let lines = if other == company {
            &mut gathered.shown
        } else {
            &mut passed_over
        };
        shown.row = take_shown(batch, row, other, lines)?;
    }
    Ok(gathered)
}

fn write(
    company: u32,
    gathered: &Gathered,
    rules: &Rules<'_>,
    shared: &Shared,
    writer: &mut CorpusWriter,
) -> Result<()> {
    let filer = shared.filings.company(company);
    let mut report = shared.report();
    let before = report.accounted();
    let (calendar, sheets) = sheets(filer, gathered, rules, &mut report);
    // What is in no table though it has a column: another fact has its place.
    let told = report.accounted() - before;
    report.leave_out(
        "place_taken",
        (gathered.cells.len() as u64).saturating_sub(told),
    );
    if sheets.is_empty() {
        return Ok(());
    }
    let (made, cells) = table::company(filer, calendar, sheets)
        .map_err(|e| FactsError::Engine(format!("company {}: {e}", filer.slug)))?;
    report.companies += 1;
    report.tables += made.tables.len() as u64;
    report.cells += cells;
    drop(report);
    writer.company(&made)?;
    Ok(())
}

/// A sorted stream, row by row.
struct Reader {
    sorted: Sorted,
    batch: Option<RecordBatch>,
    row: usize,
    shared: Arc<Shared>,
    limit: usize,
}

impl Reader {
    fn new(sorted: Sorted, shared: &Arc<Shared>, options: &IngestOptions) -> Self {
        Self {
            sorted,
            batch: None,
            row: 0,
            shared: Arc::clone(shared),
            limit: options.memory_bytes,
        }
    }

    /// The company of the next row; `None` at the end.
    async fn company(&mut self) -> Result<Option<u32>> {
        loop {
            if let Some(batch) = &self.batch
                && self.row < batch.num_rows()
            {
                return company_of(batch, self.row).map(Some);
            }
            self.row = 0;
            self.batch = next(&mut self.sorted.stream, &self.shared, self.limit).await?;
            if self.batch.is_none() {
                return Ok(None);
            }
        }
    }

    fn at(&self) -> Result<(&RecordBatch, usize)> {
        let batch = self.batch.as_ref();
        batch
            .map(|batch| (batch, self.row))
            .ok_or_else(|| FactsError::Engine("no row is left".into()))
    }

    async fn drain(&mut self) -> Result<()> {
        while self.company().await?.is_some() {
            self.row = usize::MAX;
        }
        Ok(())
    }
}

/// The next batch; looks at the stop flag while it waits.
async fn next(
    stream: &mut SendableRecordBatchStream,
    shared: &Shared,
    limit: usize,
) -> Result<Option<RecordBatch>> {
    loop {
        shared.go_on()?;
        match tokio::time::timeout(POLL, stream.next()).await {
            Err(_) => {}
            Ok(None) => return Ok(None),
            Ok(Some(batch)) => return batch.map(Some).map_err(|e| FactsError::of(e, limit)),
        }
    }
}
