//! Which files hold what.

use std::path::{Path, PathBuf};

use finqa_data::DataError;

use super::error::Result;

/// How a file is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    Tsv,
    Csv,
    Json,
    Parquet,
}

impl Format {
    pub(super) fn of(path: &Path) -> Option<Self> {
        let ending = path.extension()?.to_str()?.to_ascii_lowercase();
        Some(match ending.as_str() {
            // The SEC's files are called num.txt.
            "tsv" | "txt" => Self::Tsv,
            "csv" => Self::Csv,
            "jsonl" | "ndjson" | "json" => Self::Json,
            "parquet" => Self::Parquet,
            _ => return None,
        })
    }
}

/// Endings of files, for error texts.
const ENDINGS: &str = ".tsv, .txt, .csv, .jsonl, .ndjson, .json or .parquet";

/// The files of a data set; several quarters have several files of each kind.
#[derive(Clone, Debug, Default)]
pub(super) struct Sources {
    pub(super) filings: Vec<PathBuf>,
    pub(super) facts: Vec<PathBuf>,
    pub(super) presentation: Vec<PathBuf>,
    pub(super) tags: Vec<PathBuf>,
}

impl Sources {
    /// The files of the SEC's layout in folders: `sub` and `num`, and `pre` and `tag` where they are.
    pub(super) fn sec(folders: &[PathBuf]) -> Result<Self> {
        let mut sources = Self::default();
        for folder in folders {
            if !folder.is_dir() {
                std::fs::metadata(folder).map_err(|e| DataError::io(folder, e))?;
                return Err(DataError::layout(
                    folder,
                    "is a file; the SEC's layout is a folder with sub and num (and pre, tag). A file with one row a \
                     fact needs a mapping of its columns",
                )
                .into());
            }
            sources.filings.push(needed(folder, "sub")?);
            sources.facts.push(needed(folder, "num")?);
            sources.presentation.extend(find(folder, "pre")?);
            sources.tags.extend(find(folder, "tag")?);
        }
        Ok(sources)
    }

    /// Files with one row a fact; of a folder, all files of a known ending, by name.
    pub(super) fn plain(paths: &[PathBuf]) -> Result<Self> {
        let mut facts = Vec::new();
        for path in paths {
            if path.is_dir() {
                let mut inside = Vec::new();
                for entry in std::fs::read_dir(path).map_err(|e| DataError::io(path, e))? {
                    let entry = entry.map_err(|e| DataError::io(path, e))?.path();
                    if entry.is_file() && Format::of(&entry).is_some() {
                        inside.push(entry);
                    }
                }
                if inside.is_empty() {
                    return Err(DataError::layout(
                        path,
                        format!("has no file ending in {ENDINGS}"),
                    )
                    .into());
                }
                inside.sort();
                facts.extend(inside);
                continue;
            }
            std::fs::metadata(path).map_err(|e| DataError::io(path, e))?;
            if Format::of(path).is_none() {
                return Err(DataError::layout(
                    path,
                    format!("facts are read from files ending in {ENDINGS}"),
                )
                .into());
            }
            facts.push(path.clone());
        }
        Ok(Self {
            facts,
            ..Self::default()
        })
    }
}

fn needed(folder: &Path, stem: &str) -> Result<PathBuf> {
    find(folder, stem)?.ok_or_else(|| {
        DataError::layout(
            folder,
            format!(
                "has no {stem} file ({stem} with {ENDINGS}); the SEC's layout needs sub and num"
            ),
        )
        .into()
    })
}

fn find(folder: &Path, stem: &str) -> Result<Option<PathBuf>> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(|e| DataError::io(folder, e))? {
        let path = entry.map_err(|e| DataError::io(folder, e))?.path();
        let same = path
            .file_stem()
            .and_then(|s| s.to_str())
            .is_some_and(|s| s.eq_ignore_ascii_case(stem));
        if same && path.is_file() && Format::of(&path).is_some() {
            found.push(path);
        }
    }
    found.sort();
    if found.len() > 1 {
        return Err(DataError::layout(
            folder,
            format!(
                "has {} and {}; which one is meant?",
                found[0].display(),
                found[1].display()
            ),
        )
        .into());
    }
    Ok(found.pop())
}

/// A file as reports name it: its folder and name.
pub(super) fn short(path: &Path) -> String {
    let name = |p: &Path| p.file_name().map(|n| n.to_string_lossy().into_owned());
    let file = name(path).unwrap_or_default();
    match path.parent().and_then(name) {
        Some(folder) => format!("{folder}/{file}"),
        None => file,
    }
}
