//! One entry for every layout.

use std::fmt;
use std::path::{Path, PathBuf};

use finqa_core::{Corpus, CorpusInfo, CorpusLimits, Table};

use crate::error::{DataError, Result};
use crate::hash::hash_of;
use crate::import::{self, Imported, Refusal, folder, openenv, rllm, sqlite_file};
use crate::layout::{Layout, detect};
use crate::native;

/// Version of the importers: raised when the same files give other tables, tasks or units.
pub const IMPORT_VERSION: u32 = 2;

/// Reads the tables of a SQLite file; what it cannot use is returned as refusals, what stops it as text.
pub type ReadSqlite = fn(&Path) -> std::result::Result<(Vec<Table>, Vec<Refusal>), String>;

/// How far a load has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// What is being done ("read", "check", "hash", "done").
    pub stage: &'static str,
    /// Steps done.
    pub done: u32,
    /// Steps in all.
    pub total: u32,
}

/// Options of [`load`].
#[derive(Default)]
pub struct LoadOptions<'a> {
    /// Reads SQLite files; without it they are refused with an error. `finqa_sqlite` has such a reader.
    pub read_sqlite: Option<ReadSqlite>,
    /// Called before each stage and at the end, on the calling thread.
    pub progress: Option<&'a dyn Fn(Progress)>,
    /// Tasks file of a folder or database, if it does not lie at its usual place.
    pub tasks: Option<PathBuf>,
    /// Limits of the corpus; the native layout keeps its own where these are unset.
    pub limits: CorpusLimits,
    /// Name of the corpus; the name of the file or folder if unset.
    pub name: Option<String>,
}

impl fmt::Debug for LoadOptions<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LoadOptions")
            .field("read_sqlite", &self.read_sqlite.is_some())
            .field("progress", &self.progress.is_some())
            .field("tasks", &self.tasks)
            .field("limits", &self.limits)
            .field("name", &self.name)
            .finish()
    }
}

/// A corpus, and the records of its source that are not in it.
#[derive(Debug)]
pub struct Loaded {
    /// The corpus.
    pub corpus: Corpus,
    /// Records that could not be used; counted by reason in [`CorpusInfo::refused`].
    pub refusals: Vec<Refusal>,
}

/// Reads a corpus. `layout` is found out by [`detect`] if it is `None`.
///
/// # Errors
/// The path cannot be read, is no known layout, or a file in it is broken. The error names the file, the record and
/// the reason. A single record that cannot be used is no error: see [`Loaded::refusals`].
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use finqa_data::{LoadOptions, load};
/// let root = tempfile::tempdir()?;
/// std::fs::create_dir(root.path().join("acme"))?;
/// std::fs::write(root.path().join("acme/sales.csv"), "region,2024\nnorth,12\nsouth,30\n")?;
/// std::fs::write(root.path().join("tasks.csv"), "question,answer\nWhat were sales in the south in 2024?,30\n")?;
/// let loaded = load(root.path(), None, &LoadOptions::default())?;
/// assert_eq!(loaded.corpus.info().layout, "folder");
/// assert_eq!(loaded.corpus.task(0)?.companies, ["acme"]);
/// assert!(loaded.refusals.is_empty());
/// # Ok(())
/// # }
/// ```
pub fn load(path: &Path, layout: Option<Layout>, options: &LoadOptions<'_>) -> Result<Loaded> {
    let step = |stage, done| {
        if let Some(report) = options.progress {
            report(Progress {
                stage,
                done,
                total: 3,
            });
        }
    };
    step("read", 0);
    let layout = match layout {
        Some(layout) => {
            std::fs::metadata(path).map_err(|e| DataError::io(path, e))?;
            layout
        }
        None => detect(path)?,
    };
    if options.tasks.is_some() && !matches!(layout, Layout::Folder | Layout::Sqlite) {
        return Err(DataError::layout(
            path,
            format!(
                "the layout is {layout}, which holds its own tasks; a tasks file goes with folder and sqlite"
            ),
        ));
    }
    fits(path, layout)?;
    let tasks = options.tasks.as_deref();
    let imported = match layout {
        Layout::Native => {
            let mut read = native::load(path)?;
            overlay(&mut read.info, options);
            step("check", 1);
            let corpus = Corpus::new(read.info, read.companies, read.tasks).map_err(|source| {
                DataError::Corpus {
                    path: path.to_owned(),
                    source,
                }
            })?;
            step("done", 3);
            return Ok(Loaded {
                corpus,
                refusals: Vec::new(),
            });
        }
        Layout::OpenEnv => openenv::import(path)?,
        Layout::Rllm => rllm::import(path)?,
        Layout::TatQa => import::tatqa::import(path, &read_text(path)?)?,
        Layout::FinQa => import::finqa::import(path, &read_text(path)?)?,
        Layout::Folder => folder::import(path, tasks)?,
        Layout::Sqlite => sqlite_file::import(path, options.read_sqlite, tasks)?,
    };
    step("hash", 1);
    let Imported {
        companies,
        tasks,
        refused,
        refusals,
        licence,
    } = imported;
    let name = options.name.clone().unwrap_or_else(|| default_name(path));
    let info = CorpusInfo {
        name,
        layout: layout.name().to_owned(),
        version: IMPORT_VERSION,
        content_hash: hash_of(&companies, &tasks),
        licence,
        refused,
        limits: options.limits.clone(),
    };
    step("check", 2);
    let corpus = Corpus::new(info, companies, tasks).map_err(|source| DataError::Corpus {
        path: path.to_owned(),
        source,
    })?;
    step("done", 3);
    Ok(Loaded { corpus, refusals })
}

fn read_text(path: &Path) -> Result<String> {
    let bytes = std::fs::read(path).map_err(|e| DataError::io(path, e))?;
    crate::error::utf8(path, &bytes).map(str::to_owned)
}

/// Refuses a folder where the layout is one file, and a file where it is a folder: what would follow is an error of
/// some reader that does not name the mistake.
fn fits(path: &Path, layout: Layout) -> Result<()> {
    let needed = match layout {
        Layout::TatQa | Layout::FinQa => (!path.is_file()).then_some("one JSON file"),
        Layout::Sqlite => (!path.is_file()).then_some("one database file"),
        Layout::Native | Layout::OpenEnv | Layout::Folder => (!path.is_dir()).then_some("a folder"),
        Layout::Rllm => None,
    };
    needed.map_or(Ok(()), |needed| {
        let found = if path.is_dir() { "a folder" } else { "a file" };
        Err(DataError::layout(
            path,
            format!("this is {found}, but layout {layout} is {needed}"),
        ))
    })
}

/// `tatqa_dataset_dev` for `…/tatqa_dataset_dev.json`.
fn default_name(path: &Path) -> String {
    let full = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let name = full
        .file_name()
        .map_or_else(String::new, |n| n.to_string_lossy().into_owned());
    if full.is_dir() {
        return name;
    }
    name.split_once('.')
        .map_or(name.clone(), |(stem, _)| stem.to_owned())
}

/// Puts the caller's name and limits over those of a saved corpus.
fn overlay(info: &mut CorpusInfo, options: &LoadOptions<'_>) {
    if let Some(name) = &options.name {
        info.name.clone_from(name);
    }
    let (have, wanted) = (&mut info.limits, &options.limits);
    have.max_ops = wanted.max_ops.or(have.max_ops);
    have.max_rows = wanted.max_rows.or(have.max_rows);
    have.max_result_bytes = wanted.max_result_bytes.or(have.max_result_bytes);
    have.max_turns = wanted.max_turns.or(have.max_turns);
}
