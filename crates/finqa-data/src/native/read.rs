//! Loading a saved corpus: every hash is checked before anything is used.

use std::fs;
use std::path::Path;

use finqa_core::{Company, CorpusInfo, Task};

use super::records::{self, Object};
use super::{FORMAT, FORMAT_VERSION, MANIFEST, Manifest, SaveFormat, parquet_store};
use crate::error::{DataError, Result, utf8};
use crate::hash::{hash_of, sha256_hex};

/// The parts of a corpus.
pub(crate) struct Saved {
    pub(crate) info: CorpusInfo,
    pub(crate) companies: Vec<Company>,
    pub(crate) tasks: Vec<Task>,
}

/// Reads a folder that [`super::save`] wrote.
pub(crate) fn load(dir: &Path) -> Result<Saved> {
    let manifest = manifest(&dir.join(MANIFEST))?;
    let path = dir.join(MANIFEST);
    let Some(format) = SaveFormat::from_name(&manifest.storage) else {
        let reason = format!(
            "storage is {:?}; it must be \"parquet\" or \"jsonl\"",
            manifest.storage
        );
        return Err(DataError::record(path, "storage", reason));
    };
    let read = |stem: &str, columns| {
        let name = format!("{stem}.{}", format.name());
        let path = dir.join(&name);
        let Some(entry) = manifest.files.get(&name) else {
            return Err(DataError::record(
                dir.join(MANIFEST),
                "files",
                format!("{name} is missing"),
            ));
        };
        let bytes = fs::read(&path).map_err(|e| DataError::io(&path, e))?;
        let found = sha256_hex(&bytes);
        if found != entry.sha256 {
            return Err(DataError::Checksum {
                path,
                expected: entry.sha256.clone(),
                found,
            });
        }
        let records = match format {
            SaveFormat::Parquet => parquet_store::decode(&path, columns)?,
            SaveFormat::Jsonl => jsonl(&path, &bytes)?,
        };
        Ok((records, path))
    };
    let (tables, tables_path) = read("tables", parquet_store::TABLES)?;
    let (tasks, tasks_path) = read("tasks", parquet_store::TASKS)?;
    let companies = records::to_companies(tables, &tables_path)?;
    let tasks = records::to_tasks(tasks, &tasks_path)?;
    let found = hash_of(&companies, &tasks);
    if found != manifest.corpus.content_hash {
        let expected = manifest.corpus.content_hash;
        return Err(DataError::Checksum {
            path: dir.to_owned(),
            expected,
            found,
        });
    }
    Ok(Saved {
        info: manifest.corpus,
        companies,
        tasks,
    })
}

/// Reads a manifest. The version is looked at first: a newer manifest may have other members.
fn manifest(path: &Path) -> Result<Manifest> {
    let bytes = fs::read(path).map_err(|e| DataError::io(path, e))?;
    let bad =
        |e: serde_json::Error| DataError::record(path, format!("line {}", e.line()), e.to_string());
    let any: serde_json::Value = serde_json::from_slice(&bytes).map_err(bad)?;
    if any["format"] != FORMAT {
        return Err(DataError::layout(
            path,
            format!("\"format\" is {}; it must be {FORMAT:?}", any["format"]),
        ));
    }
    match any["format_version"].as_u64() {
        Some(version) if version > u64::from(FORMAT_VERSION) => Err(DataError::Version {
            path: path.to_owned(),
            found: u32::try_from(version).unwrap_or(u32::MAX),
            supported: FORMAT_VERSION,
        }),
        Some(1..) => serde_json::from_slice(&bytes).map_err(bad),
        _ => Err(DataError::record(
            path,
            "format_version",
            format!(
                "it is {}; it must be a whole number from 1 to {FORMAT_VERSION}",
                any["format_version"]
            ),
        )),
    }
}

fn jsonl(path: &Path, bytes: &[u8]) -> Result<Vec<Object>> {
    utf8(path, bytes)?
        .lines()
        .enumerate()
        .map(|(i, line)| {
            serde_json::from_str(line)
                .map_err(|e| DataError::record(path, format!("line {}", i + 1), e.to_string()))
        })
        .collect()
}
