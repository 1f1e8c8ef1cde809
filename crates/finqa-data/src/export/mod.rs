//! Writing a corpus in the layouts that other programs read, and demonstrations as training files.
//!
//! What a layout cannot hold is never lost silently: a record that cannot be written is counted in
//! [`ExportReport::left_out`]; what a reader does not get back of the records that were written is found by reading
//! the files again before they are put in place, and counted in [`ExportReport::not_kept`].

mod compare;
pub mod messages;
mod openenv;
mod plan;
mod rllm;
mod select;
mod tables;

use std::collections::BTreeMap;
use std::path::Path;

use finqa_core::{Corpus, CorpusInfo};
use serde::{Deserialize, Serialize};

use crate::error::{DataError, Result};
use crate::hash::{content_hash, hash_of};
use crate::import::{self, Imported, Refusal};
use crate::native::{SaveOptions, save};
use crate::staged::Staged;

pub use messages::{MessagesFormat, MessagesOptions, MessagesWriter};
use plan::Plan;
use select::Selection;

const FORMAT: &str = "finqa-gym-export";
/// The report of an export, beside its files.
const REPORT: &str = "export.json";

/// A layout that can be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ExportLayout {
    /// `benchmark_questions/` and `input_companies/` of OpenEnv's FinQA environment.
    OpenEnv,
    /// `*_finqa.csv` and `company_tables/` of rLLM.
    Rllm,
    /// The native layout, as [`save`] writes it.
    Native,
}

impl ExportLayout {
    /// Every layout that can be written.
    pub const ALL: [Self; 3] = [Self::OpenEnv, Self::Rllm, Self::Native];

    /// The name on command lines.
    pub const fn name(self) -> &'static str {
        match self {
            Self::OpenEnv => "openenv",
            Self::Rllm => "rllm",
            Self::Native => "native",
        }
    }

    /// Reads what [`ExportLayout::name`] writes; `None` for any other word.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|layout| layout.name() == name)
    }
}

/// Options of [`export`].
#[derive(Clone, Debug, Default)]
pub struct ExportOptions {
    /// Only tasks of this split; `None` for all.
    pub split: Option<String>,
    /// At most so many tasks, in corpus order; `None` for all.
    pub max_tasks: Option<usize>,
    /// Replace an earlier export (or, for the native layout, a saved corpus). Nothing else is ever replaced.
    pub overwrite: bool,
}

/// What was written, and what was not.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct ExportReport {
    /// Layout.
    pub layout: String,
    /// Name of the corpus.
    pub corpus: String,
    /// Content hash of what was asked for: the corpus, or the chosen part of it.
    pub content_hash: String,
    /// Companies written.
    pub num_companies: usize,
    /// Tables written.
    pub num_tables: usize,
    /// Tasks written.
    pub num_tasks: usize,
    /// Records that the layout cannot hold: reason -> count.
    pub left_out: BTreeMap<String, u32>,
    /// What a reader does not get back of the records written: what -> number of records.
    pub not_kept: BTreeMap<String, u32>,
    /// The records left out, one by one.
    #[serde(skip)]
    pub refusals: Vec<Refusal>,
}

impl ExportReport {
    fn leave_out(&mut self, record: String, reason: &str, detail: impl Into<String>) {
        *self.left_out.entry(reason.to_owned()).or_insert(0) += 1;
        self.refusals.push(Refusal {
            record,
            reason: reason.to_owned(),
            detail: detail.into(),
        });
    }

    fn not_kept(&mut self, what: &str) {
        *self.not_kept.entry(what.to_owned()).or_insert(0) += 1;
    }
}

/// Writes `corpus`, or a part of it, as folder `dir` in another layout.
///
/// With a split or a number of tasks, only companies that the chosen tasks ask about are written. The folder appears
/// as a whole or not at all.
///
/// # Errors
/// [`DataError::Exists`] if `dir` is not empty and is not an earlier export (or `overwrite` is not set);
/// [`DataError::Corpus`] for a split that is not there; [`DataError::Io`].
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use finqa_core::corpus::Pick;
/// use finqa_data::{
///     ExportLayout, ExportOptions, LoadOptions, SynthConfig, export, load, materialise, synthetic,
/// };
/// let corpus = materialise(&synthetic(0, SynthConfig::default())?, &[Pick::first("val", 2)])?;
/// let folder = tempfile::tempdir()?;
/// let target = folder.path().join("for_rllm");
/// let report = export(&corpus, &target, ExportLayout::Rllm, &ExportOptions::default())?;
/// assert!(report.left_out.is_empty());
/// let again = load(&target, None, &LoadOptions::default())?.corpus;
/// assert_eq!(again.task(0)?.truth, corpus.task(0)?.truth);
/// # Ok(())
/// # }
/// ```
pub fn export(
    corpus: &Corpus,
    dir: &Path,
    layout: ExportLayout,
    options: &ExportOptions,
) -> Result<ExportReport> {
    let selection = Selection::of(corpus, dir, options)?;
    if layout == ExportLayout::Native {
        return save_native(corpus, dir, &selection, options);
    }
    let replaces = may_write(dir, options.overwrite)?;
    let mut report = ExportReport {
        layout: layout.name().to_owned(),
        corpus: corpus.info().name.clone(),
        content_hash: if selection.is_everything {
            content_hash(corpus)
        } else {
            hash_of(&selection.companies(), &selection.tasks())
        },
        ..ExportReport::default()
    };
    let plan = Plan::new(&selection, layout, &mut report);
    report.num_companies = plan.companies.len();
    report.num_tables = plan.companies.iter().map(|c| c.tables.len()).sum();
    report.num_tasks = plan.tasks.len();
    let staged = Staged::new(dir)?;
    let again = if layout == ExportLayout::Rllm {
        rllm::write(&plan, &staged)?;
        read_again(&plan, || import::rllm::import(staged.path()))?
    } else {
        openenv::write(&plan, &staged)?;
        read_again(&plan, || import::openenv::import(staged.path()))?
    };
    compare::compare(&plan, &again, &mut report);
    staged.write(REPORT, &report_bytes(&report, dir)?)?;
    staged.publish(dir, replaces)?;
    Ok(report)
}

/// What the importer makes of the files; a corpus without any company has none to read.
fn read_again(plan: &Plan<'_>, import: impl Fn() -> Result<Imported>) -> Result<Imported> {
    if plan.companies.is_empty() {
        return Ok(Imported::default());
    }
    import()
}

fn report_bytes(report: &ExportReport, dir: &Path) -> Result<Vec<u8>> {
    let broken = |e: serde_json::Error| DataError::record(dir, REPORT, e.to_string());
    let mut value = serde_json::json!({"format": FORMAT, "format_version": 1});
    if let (Some(into), serde_json::Value::Object(fields)) = (
        value.as_object_mut(),
        serde_json::to_value(report).map_err(broken)?,
    ) {
        into.extend(fields);
    }
    let mut bytes = serde_json::to_vec_pretty(&value).map_err(broken)?;
    bytes.push(b'\n');
    Ok(bytes)
}

/// Is there an earlier export that this one replaces?
fn may_write(dir: &Path, overwrite: bool) -> Result<bool> {
    let mut listing = match std::fs::read_dir(dir) {
        Ok(listing) => listing,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(false),
        Err(e) => return Err(DataError::io(dir, e)),
    };
    if listing.next().is_none() {
        return Ok(true);
    }
    let earlier = std::fs::read(dir.join(REPORT))
        .ok()
        .and_then(|bytes| serde_json::from_slice::<serde_json::Value>(&bytes).ok())
        .is_some_and(|report| report["format"] == FORMAT);
    let reason = match (earlier, overwrite) {
        (true, true) => return Ok(true),
        (true, false) => "an earlier export is there; set overwrite to replace it",
        (false, _) => "the folder is not empty and is no earlier export; export to a new folder",
    };
    Err(DataError::Exists {
        path: dir.to_owned(),
        reason: reason.to_owned(),
    })
}

fn save_native(
    corpus: &Corpus,
    dir: &Path,
    selection: &Selection,
    options: &ExportOptions,
) -> Result<ExportReport> {
    let save_options = SaveOptions {
        overwrite: options.overwrite,
        ..SaveOptions::default()
    };
    let manifest = if selection.is_everything {
        save(corpus, dir, &save_options)?
    } else {
        let info = CorpusInfo {
            content_hash: String::new(),
            ..corpus.info().clone()
        };
        let part =
            Corpus::new(info, selection.companies(), selection.tasks()).map_err(|source| {
                DataError::Corpus {
                    path: dir.to_owned(),
                    source,
                }
            })?;
        save(&part, dir, &save_options)?
    };
    Ok(ExportReport {
        layout: ExportLayout::Native.name().to_owned(),
        corpus: corpus.info().name.clone(),
        content_hash: manifest.corpus.content_hash,
        num_companies: manifest.num_companies as usize,
        num_tables: manifest.num_tables as usize,
        num_tasks: manifest.num_tasks as usize,
        ..ExportReport::default()
    })
}
