//! Saving: everything is written beside the target first and then renamed into place.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use finqa_core::corpus::Pick;
use finqa_core::{Corpus, CorpusInfo};

use super::{
    FORMAT, FORMAT_VERSION, FileEntry, MANIFEST, Manifest, SaveFormat, parquet_store, records,
};
use crate::error::{DataError, Result};
use crate::hash::{content_hash, sha256_hex};
use crate::materialise::materialise;
use crate::staged::Staged;

/// Options of [`save`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SaveOptions {
    /// How tables and tasks are stored.
    pub format: SaveFormat,
    /// Replace a corpus with other content. A folder that is no saved corpus is never replaced.
    pub overwrite: bool,
    /// Companies to save of each endless split; finite splits are saved whole.
    pub max_companies: Option<u32>,
}

/// Saves a corpus as folder `dir` and returns its manifest. The same corpus gives the same bytes.
///
/// The folder appears as a whole or not at all. Saving over the same content is allowed.
///
/// # Errors
/// [`DataError::Corpus`] for an endless split without `max_companies`; [`DataError::Exists`] if `dir` holds other content and `overwrite` is not set, or holds files that are not of a
/// saved corpus; [`DataError::Io`].
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use finqa_core::corpus::Pick;
/// use finqa_data::{LoadOptions, SaveOptions, SynthConfig, load, materialise, save, synthetic};
/// let corpus = materialise(&synthetic(0, SynthConfig::default())?, &[Pick::first("val", 2)])?;
/// let folder = tempfile::tempdir()?;
/// let target = folder.path().join("mine");
/// let manifest = save(&corpus, &target, &SaveOptions::default())?;
/// let again = load(&target, None, &LoadOptions::default())?;
/// assert_eq!(again.corpus.info().content_hash, manifest.corpus.content_hash);
/// # Ok(())
/// # }
/// ```
pub fn save(corpus: &Corpus, dir: &Path, options: &SaveOptions) -> Result<Manifest> {
    let failed = |source| DataError::Corpus {
        path: dir.to_owned(),
        source,
    };
    let made = if corpus.as_stored().is_some() {
        None
    } else {
        let picks = everything(corpus, dir, options)?;
        Some(materialise(corpus, &picks).map_err(failed)?)
    };
    let corpus = made.as_ref().unwrap_or(corpus);
    let stored = corpus.stored().map_err(failed)?;
    let mut info = corpus.info().clone();
    info.content_hash = content_hash(corpus);
    let replaces = check_target(dir, &info.content_hash, options.overwrite)?;
    let tables = records::of_tables(stored, dir)?;
    let tasks = records::of_tasks(stored, dir)?;
    let staged = Staged::new(dir)?;
    let mut files = BTreeMap::new();
    for (stem, records, columns) in [
        ("tables", &tables, parquet_store::TABLES),
        ("tasks", &tasks, parquet_store::TASKS),
    ] {
        let name = format!("{stem}.{}", options.format.name());
        let bytes = match options.format {
            SaveFormat::Parquet => parquet_store::encode(records, columns, &dir.join(&name))?,
            SaveFormat::Jsonl => jsonl(records),
        };
        let entry = FileEntry {
            num_bytes: bytes.len() as u64,
            sha256: sha256_hex(&bytes),
        };
        staged.write(&name, &bytes)?;
        files.insert(name, entry);
    }
    let counts = (
        stored.companies().len() as u64,
        stored
            .companies()
            .iter()
            .map(|c| c.tables.len() as u64)
            .sum(),
        stored.tasks().len() as u64,
    );
    let manifest = manifest_of(info, options.format, counts, files);
    write_manifest(&staged, &manifest, dir)?;
    staged.publish(dir, replaces)?;
    Ok(manifest)
}

/// The manifest; `counts` are companies, tables and tasks.
pub(super) fn manifest_of(
    corpus: CorpusInfo,
    format: SaveFormat,
    counts: (u64, u64, u64),
    files: BTreeMap<String, FileEntry>,
) -> Manifest {
    Manifest {
        format: FORMAT.to_owned(),
        format_version: FORMAT_VERSION,
        storage: format.name().to_owned(),
        corpus,
        num_companies: counts.0,
        num_tables: counts.1,
        num_tasks: counts.2,
        files,
    }
}

pub(super) fn write_manifest(staged: &Staged, manifest: &Manifest, dir: &Path) -> Result<()> {
    let mut text = serde_json::to_vec_pretty(manifest)
        .map_err(|e| DataError::record(dir.join(MANIFEST), "manifest", e.to_string()))?;
    text.push(b'\n');
    staged.write(MANIFEST, &text)
}

/// Every split, as far as `options` says.
fn everything(corpus: &Corpus, dir: &Path, options: &SaveOptions) -> Result<Vec<Pick>> {
    let pick = |(split, num_tasks): (String, Option<usize>)| {
        if num_tasks.is_none() && options.max_companies.is_none() {
            return Err(DataError::Corpus {
                path: dir.to_owned(),
                source: finqa_core::Error::InvalidConfig(format!(
                    "split {split:?} of corpus {:?} is endless: say with max_companies how many of its companies are \
                     to be saved",
                    corpus.info().name
                )),
            });
        }
        Ok(Pick {
            split,
            max_companies: options.max_companies.filter(|_| num_tasks.is_none()),
        })
    };
    corpus.splits().into_iter().map(pick).collect()
}

fn jsonl(records: &[records::Object]) -> Vec<u8> {
    let mut out = Vec::new();
    for record in records {
        out.extend_from_slice(
            serde_json::Value::from(record.clone())
                .to_string()
                .as_bytes(),
        );
        out.push(b'\n');
    }
    out
}

/// Is there a saved corpus that this one may replace?
pub(super) fn check_target(dir: &Path, content_hash: &str, overwrite: bool) -> Result<bool> {
    let exists = |reason: String| {
        Err(DataError::Exists {
            path: dir.to_owned(),
            reason,
        })
    };
    let listing = match fs::read_dir(dir) {
        Ok(listing) => listing,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(false),
        Err(e) => return Err(DataError::io(dir, e)),
    };
    let mut names = Vec::new();
    for entry in listing {
        names.push(
            entry
                .map_err(|e| DataError::io(dir, e))?
                .file_name()
                .to_string_lossy()
                .into_owned(),
        );
    }
    names.sort();
    if names.is_empty() {
        return Ok(true);
    }
    let manifest = fs::read(dir.join(MANIFEST))
        .ok()
        .and_then(|b| serde_json::from_slice::<Manifest>(&b).ok());
    let Some(manifest) = manifest.filter(|m| m.format == FORMAT) else {
        return exists(format!(
            "the folder is no saved corpus (it holds {names:?}); save to a new folder"
        ));
    };
    let foreign: Vec<&String> = names
        .iter()
        .filter(|n| *n != MANIFEST && !manifest.files.contains_key(*n))
        .collect();
    if !foreign.is_empty() {
        return exists(format!(
            "the saved corpus there has other files beside it: {foreign:?}; move them away"
        ));
    }
    let old = &manifest.corpus.content_hash;
    if old != content_hash && !overwrite {
        return exists(format!(
            "corpus {:?} with content {old} is there, and this one is {content_hash}; set overwrite to replace it",
            manifest.corpus.name
        ));
    }
    Ok(true)
}
