//! Saving: everything is written beside the target first and then renamed into place.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use finqa_core::Corpus;

use super::{
    FORMAT, FORMAT_VERSION, FileEntry, MANIFEST, Manifest, SaveFormat, parquet_store, records,
};
use crate::error::{DataError, Result};
use crate::hash::{content_hash, sha256_hex};
use crate::staged::Staged;

/// Options of [`save`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SaveOptions {
    /// How tables and tasks are stored.
    pub format: SaveFormat,
    /// Replace a corpus with other content. A folder that is no saved corpus is never replaced.
    pub overwrite: bool,
}

/// Saves a corpus as folder `dir` and returns its manifest. The same corpus gives the same bytes.
///
/// The folder appears as a whole or not at all. Saving over the same content is allowed.
///
/// # Errors
/// [`DataError::Exists`] if `dir` holds other content and `overwrite` is not set, or holds files that are not of a
/// saved corpus; [`DataError::Io`].
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use finqa_data::{LoadOptions, SaveOptions, builtin, load, save};
/// let corpus = builtin::corpus(0, 2)?;
/// let folder = tempfile::tempdir()?;
/// let target = folder.path().join("mine");
/// let manifest = save(&corpus, &target, &SaveOptions::default())?;
/// let again = load(&target, None, &LoadOptions::default())?;
/// assert_eq!(again.corpus.info().content_hash, manifest.corpus.content_hash);
/// # Ok(())
/// # }
/// ```
pub fn save(corpus: &Corpus, dir: &Path, options: &SaveOptions) -> Result<Manifest> {
    let mut info = corpus.info().clone();
    info.content_hash = content_hash(corpus);
    let replaces = check_target(dir, &info.content_hash, options.overwrite)?;
    let tables = records::of_tables(corpus, dir)?;
    let tasks = records::of_tasks(corpus, dir)?;
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
    let manifest = Manifest {
        format: FORMAT.to_owned(),
        format_version: FORMAT_VERSION,
        storage: options.format.name().to_owned(),
        corpus: info,
        num_companies: corpus.companies().len() as u64,
        num_tables: corpus
            .companies()
            .iter()
            .map(|c| c.tables.len() as u64)
            .sum(),
        num_tasks: corpus.tasks().len() as u64,
        files,
    };
    let mut text = serde_json::to_vec_pretty(&manifest)
        .map_err(|e| DataError::record(dir.join(MANIFEST), "manifest", e.to_string()))?;
    text.push(b'\n');
    staged.write(MANIFEST, &text)?;
    staged.publish(dir, replaces)?;
    Ok(manifest)
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
fn check_target(dir: &Path, content_hash: &str, overwrite: bool) -> Result<bool> {
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
