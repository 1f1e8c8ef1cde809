//! The native layout: one folder with a manifest, the tables and the tasks.
//!
//! ```text
//! manifest.json                        format version, corpus info, counts, content hash, SHA-256 of each file
//! tables.parquet or tables.jsonl       one record a table: company, name, columns, rows, …
//! tasks.parquet or tasks.jsonl         one record a task
//! ```

mod parquet_store;
mod read;
mod records;
mod stream;
mod write;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use finqa_core::CorpusInfo;
use serde::{Deserialize, Serialize};

pub(crate) use read::load;
pub use stream::CorpusWriter;
pub use write::{SaveOptions, save};

/// Newest version of the layout, the one that is written.
pub const FORMAT_VERSION: u32 = 1;
const FORMAT: &str = "finqa-gym-corpus";
const MANIFEST: &str = "manifest.json";

/// How tables and tasks are stored. The content hash is the same for both.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SaveFormat {
    /// Parquet, compressed with Zstandard.
    #[default]
    Parquet,
    /// JSON lines: for reading and comparing by eye.
    Jsonl,
}

impl SaveFormat {
    /// The name in the manifest and the ending of the files.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Parquet => "parquet",
            Self::Jsonl => "jsonl",
        }
    }

    /// Reads what [`SaveFormat::name`] writes; `None` for any other word.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Parquet, Self::Jsonl]
            .into_iter()
            .find(|format| format.name() == name)
    }
}

/// `manifest.json`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// Always `"finqa-gym-corpus"`.
    pub format: String,
    /// Version of the layout.
    pub format_version: u32,
    /// `"parquet"` or `"jsonl"`.
    pub storage: String,
    /// What the corpus is; holds the content hash.
    pub corpus: CorpusInfo,
    /// Number of companies.
    pub num_companies: u64,
    /// Number of tables.
    pub num_tables: u64,
    /// Number of tasks.
    pub num_tasks: u64,
    /// The files.
    pub files: BTreeMap<String, FileEntry>,
}

/// One file of a saved corpus.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileEntry {
    /// Size.
    pub num_bytes: u64,
    /// SHA-256, lower-case hex.
    pub sha256: String,
}

/// Is there a manifest of this layout, of whatever version?
pub(crate) fn is_corpus(dir: &Path) -> bool {
    fs::read(dir.join(MANIFEST))
        .ok()
        .and_then(|bytes| serde_json::from_slice::<serde_json::Value>(&bytes).ok())
        .is_some_and(|manifest| manifest["format"] == FORMAT)
}
