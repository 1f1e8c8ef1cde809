//! The layouts that can be read, and how one is recognised.

use std::fmt;
use std::fs;
use std::io::Read;
use std::path::Path;

use serde_json::Value;

use crate::error::{DataError, Result};
use crate::import::folder;
use crate::native;

/// A way in which data lies on disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Layout {
    /// `benchmark_questions/` and `input_companies/` of OpenEnv's FinQA environment (Snorkel Finance).
    OpenEnv,
    /// `*_finqa.csv` and `company_tables/` of rLLM, as a folder or as `data.tar.gz`.
    Rllm,
    /// A TAT-QA JSON file.
    TatQa,
    /// A FinQA JSON file.
    FinQa,
    /// A corpus saved by [`crate::save`].
    Native,
    /// A folder of CSV, TSV, Parquet or JSONL tables.
    Folder,
    /// A SQLite database.
    Sqlite,
}

impl Layout {
    /// Every layout.
    pub const ALL: [Self; 7] = [
        Self::OpenEnv,
        Self::Rllm,
        Self::TatQa,
        Self::FinQa,
        Self::Native,
        Self::Folder,
        Self::Sqlite,
    ];

    /// The name in [`finqa_core::CorpusInfo::layout`] and on command lines.
    pub const fn name(self) -> &'static str {
        match self {
            Self::OpenEnv => "openenv",
            Self::Rllm => "rllm",
            Self::TatQa => "tatqa",
            Self::FinQa => "finqa",
            Self::Native => "native",
            Self::Folder => "folder",
            Self::Sqlite => "sqlite",
        }
    }

    /// Reads what [`Layout::name`] writes; `None` for any other word.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|layout| layout.name() == name)
    }
}

impl fmt::Display for Layout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Finds out which layout lies at `path`.
///
/// # Errors
/// [`DataError::Io`] if nothing can be read there; [`DataError::Layout`], with what was looked for and what was
/// found, if it is none of the layouts.
pub fn detect(path: &Path) -> Result<Layout> {
    let meta = fs::metadata(path).map_err(|e| DataError::io(path, e))?;
    if meta.is_dir() {
        folder_layout(path)
    } else {
        file_layout(path)
    }
}

fn folder_layout(path: &Path) -> Result<Layout> {
    if native::is_corpus(path) {
        return Ok(Layout::Native);
    }
    let entries = entries(path)?;
    let has = |name: &str| entries.iter().any(|(n, _)| n == name);
    if path.join("input_companies").is_dir() {
        return Ok(Layout::OpenEnv);
    }
    if path.join("company_tables").is_dir()
        || path.join("data/company_tables").is_dir()
        || has("data.tar.gz")
        || entries.iter().any(|(n, _)| n.ends_with("_finqa.csv"))
    {
        return Ok(Layout::Rllm);
    }
    if entries
        .iter()
        .any(|(name, is_dir)| !is_dir && is_table(name))
    {
        return Ok(Layout::Folder);
    }
    for (name, is_dir) in &entries {
        if *is_dir
            && self::entries(&path.join(name))?
                .iter()
                .any(|(n, dir)| !dir && is_table(n))
        {
            return Ok(Layout::Folder);
        }
    }
    let shown: Vec<&str> = entries.iter().take(12).map(|(n, _)| n.as_str()).collect();
    Err(DataError::layout(
        path,
        format!(
            "no known layout. Looked for manifest.json (native), input_companies/ (openenv), company_tables/, \
             data.tar.gz or *_finqa.csv (rllm), and table files ending in {:?} here or one folder below (folder). \
             Found {} entries: {shown:?}",
            folder::ENDINGS,
            entries.len(),
        ),
    ))
}

/// Visible names, sorted, and whether each is a folder.
fn entries(path: &Path) -> Result<Vec<(String, bool)>> {
    let mut out = Vec::new();
    for entry in fs::read_dir(path).map_err(|e| DataError::io(path, e))? {
        let entry = entry.map_err(|e| DataError::io(path, e))?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if !name.starts_with('.') {
            out.push((name, entry.path().is_dir()));
        }
    }
    out.sort();
    Ok(out)
}

/// Is this a table file? A tasks file alone makes no corpus.
fn is_table(name: &str) -> bool {
    let ending = name.rsplit_once('.').map_or("", |(_, e)| e).to_lowercase();
    folder::ENDINGS.contains(&ending.as_str()) && !name.starts_with("tasks.")
}

fn file_layout(path: &Path) -> Result<Layout> {
    let mut head = [0u8; 16];
    let mut file = fs::File::open(path).map_err(|e| DataError::io(path, e))?;
    let mut filled = 0;
    while filled < head.len() {
        match file
            .read(&mut head[filled..])
            .map_err(|e| DataError::io(path, e))?
        {
            0 => break,
            n => filled += n,
        }
    }
    if head == *b"SQLite format 3\0" {
        return Ok(Layout::Sqlite);
    }
    if head.starts_with(&[0x1f, 0x8b]) {
        return Ok(Layout::Rllm);
    }
    let found = match first_record(path)? {
        Some(first) => {
            let has = |key: &str| first.get(key).is_some();
            if has("table") && has("paragraphs") && has("questions") {
                return Ok(Layout::TatQa);
            }
            if has("table") && has("pre_text") && (has("qa") || has("qa_0")) {
                return Ok(Layout::FinQa);
            }
            let keys: Vec<&String> = first
                .as_object()
                .map(|o| o.keys().take(12).collect())
                .unwrap_or_default();
            format!("a JSON list whose first record has the keys {keys:?}")
        }
        None => format!(
            "a file of {} bytes that is none of these",
            fs::metadata(path).map_or(0, |m| m.len())
        ),
    };
    Err(DataError::layout(
        path,
        format!(
            "no known layout. Looked for a SQLite database, a data.tar.gz (rllm), a JSON list of records with table, \
             paragraphs and questions (tatqa) or with table, pre_text and qa (finqa). Found {found}. To read one CSV \
             file, pass its folder"
        ),
    ))
}

/// The first record of a JSON list, without reading the rest of the text as JSON.
fn first_record(path: &Path) -> Result<Option<Value>> {
    let bytes = fs::read(path).map_err(|e| DataError::io(path, e))?;
    let start = bytes
        .iter()
        .position(|b| !b.is_ascii_whitespace() && ![0xef, 0xbb, 0xbf].contains(b));
    let Some(start) = start.filter(|&i| bytes[i] == b'[') else {
        return Ok(None);
    };
    let mut records =
        serde_json::Deserializer::from_slice(&bytes[start + 1..]).into_iter::<Value>();
    Ok(records.next().and_then(std::result::Result::ok))
}
