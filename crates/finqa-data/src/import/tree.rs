//! Files of a source by relative path, from a folder or from a `.tar.gz`.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

use crate::error::{DataError, Result};

/// Folders deeper than this below the root are not looked at.
const MAX_DEPTH: usize = 6;
/// Largest unpacked size of an archive.
const MAX_UNPACKED_BYTES: u64 = 8 << 30;

/// Relative paths with `/`, sorted, so that the order never depends on the file system.
pub(crate) struct Tree {
    root: PathBuf,
    files: BTreeMap<String, Option<Vec<u8>>>,
}

impl Tree {
    /// Opens a folder or a `.tar.gz` / `.tgz`. Hidden files are left out; an archive is never unpacked to disk.
    pub(crate) fn open(root: &Path) -> Result<Self> {
        let mut files = BTreeMap::new();
        if root.is_dir() {
            walk(root, "", 0, &mut files)?;
        } else {
            unpack(root, &mut files)?;
        }
        Ok(Self {
            root: root.to_owned(),
            files,
        })
    }

    /// All relative paths, sorted.
    pub(crate) fn paths(&self) -> impl Iterator<Item = &str> {
        self.files.keys().map(String::as_str)
    }

    pub(crate) fn contains(&self, path: &str) -> bool {
        self.files.contains_key(path)
    }

    /// Where a file is, for errors.
    pub(crate) fn full_path(&self, path: &str) -> PathBuf {
        self.root.join(path)
    }

    /// The bytes of a file.
    pub(crate) fn read(&self, path: &str) -> Result<Cow<'_, [u8]>> {
        if let Some(Some(bytes)) = self.files.get(path) {
            return Ok(Cow::Borrowed(bytes));
        }
        let full = self.full_path(path);
        fs::read(&full)
            .map(Cow::Owned)
            .map_err(|e| DataError::io(full, e))
    }

    /// The text of a file.
    pub(crate) fn text(&self, path: &str) -> Result<String> {
        let bytes = self.read(path)?;
        crate::error::utf8(&self.full_path(path), &bytes).map(str::to_owned)
    }
}

fn walk(
    folder: &Path,
    prefix: &str,
    depth: usize,
    files: &mut BTreeMap<String, Option<Vec<u8>>>,
) -> Result<()> {
    for entry in fs::read_dir(folder).map_err(|e| DataError::io(folder, e))? {
        let entry = entry.map_err(|e| DataError::io(folder, e))?;
        let path = entry.path();
        let name = entry.file_name();
        let Some(name) = name.to_str() else {
            return Err(DataError::layout(
                path,
                "the file name is not UTF-8; rename it",
            ));
        };
        if name.starts_with('.') {
            continue;
        }
        let relative = format!("{prefix}{name}");
        // `metadata` follows links: a linked data folder is read like any other.
        let meta = fs::metadata(&path).map_err(|e| DataError::io(&path, e))?;
        if meta.is_file() {
            files.insert(relative, None);
        } else if meta.is_dir() && depth < MAX_DEPTH {
            walk(&path, &format!("{relative}/"), depth + 1, files)?;
        }
    }
    Ok(())
}

fn unpack(archive: &Path, files: &mut BTreeMap<String, Option<Vec<u8>>>) -> Result<()> {
    let io = |e| DataError::io(archive, e);
    let file = fs::File::open(archive).map_err(io)?;
    let gz = flate2::read::GzDecoder::new(std::io::BufReader::new(file)).take(MAX_UNPACKED_BYTES);
    let mut tar = tar::Archive::new(gz);
    for entry in tar.entries().map_err(io)? {
        let mut entry = entry.map_err(io)?;
        if !entry.header().entry_type().is_file() {
            continue;
        }
        let path = entry.path().map_err(io)?.into_owned();
        let parts: Vec<&str> = path
            .iter()
            .filter_map(|p| p.to_str())
            .filter(|p| *p != ".")
            .collect();
        let wanted = path.extension().is_some_and(|e| e == "csv" || e == "json");
        if !wanted || parts.iter().any(|p| p.starts_with('.')) {
            continue;
        }
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes).map_err(io)?;
        files.insert(parts.join("/"), Some(bytes));
    }
    Ok(())
}
