//! What goes wrong when data is read or written.

use std::path::{Path, PathBuf};

/// An error about files. The text names the path, the record and the reason.
///
/// A single record that cannot be used is no error but a [`crate::Refusal`].
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DataError {
    /// A file or folder could not be read or written.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What the operating system says.
        #[source]
        source: std::io::Error,
    },
    /// The files do not form the layout that was asked for, or none that is known.
    #[error("{}: {reason}", path.display())]
    Layout {
        /// The file or folder.
        path: PathBuf,
        /// What was looked for, what was found.
        reason: String,
    },
    /// A file is broken at one place.
    #[error("{}, {record}: {reason}", path.display())]
    Record {
        /// The file.
        path: PathBuf,
        /// The place in it ("line 12", "table \"debt\"").
        record: String,
        /// What is wrong and what would be right.
        reason: String,
    },
    /// Two records have the same identifier.
    #[error("{}: {what} {id:?} appears twice; it must be unique", path.display())]
    DuplicateId {
        /// The file.
        path: PathBuf,
        /// What kind of identifier ("task id").
        what: &'static str,
        /// The identifier.
        id: String,
    },
    /// The content is not what the manifest says: the file was changed or damaged after it was saved.
    #[error("{}: the SHA-256 is {found}, but the manifest says {expected}; the file was changed after it was saved", path.display())]
    Checksum {
        /// The file or folder.
        path: PathBuf,
        /// Hash in the manifest, hex.
        expected: String,
        /// Hash of the content, hex.
        found: String,
    },
    /// The files were written by a newer version of the format.
    #[error("{}: format version {found} is newer than {supported}, the newest that this build reads; update finqa-gym or save the corpus again with the older version", path.display())]
    Version {
        /// The manifest.
        path: PathBuf,
        /// Version of the files.
        found: u32,
        /// Newest version that this build reads.
        supported: u32,
    },
    /// The target of a save holds something else.
    #[error("{}: {reason}", path.display())]
    Exists {
        /// The target.
        path: PathBuf,
        /// What is there and what would be right.
        reason: String,
    },
    /// Somebody stopped it; nothing was written.
    #[error("{}: stopped; nothing was written", path.display())]
    Cancelled {
        /// What would have been written.
        path: PathBuf,
    },
    /// Tables and tasks do not form a corpus.
    #[error("{}: {source}", path.display())]
    Corpus {
        /// Where they come from.
        path: PathBuf,
        /// The rule that is broken.
        #[source]
        source: finqa_core::Error,
    },
}

/// Result with [`DataError`].
pub type Result<T, E = DataError> = std::result::Result<T, E>;

impl DataError {
    /// An I/O error at `path`.
    pub fn io(path: impl Into<PathBuf>, source: std::io::Error) -> Self {
        Self::Io {
            path: path.into(),
            source,
        }
    }

    /// A layout error at `path`.
    pub fn layout(path: impl Into<PathBuf>, reason: impl Into<String>) -> Self {
        Self::Layout {
            path: path.into(),
            reason: reason.into(),
        }
    }

    /// A broken record of `path`.
    pub fn record(
        path: impl Into<PathBuf>,
        record: impl Into<String>,
        reason: impl Into<String>,
    ) -> Self {
        Self::Record {
            path: path.into(),
            record: record.into(),
            reason: reason.into(),
        }
    }
}

/// Reads a file as UTF-8 without byte order mark; the error names the first bad byte.
pub(crate) fn utf8<'a>(path: &Path, bytes: &'a [u8]) -> Result<&'a str> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    std::str::from_utf8(bytes).map_err(|e| {
        let at = e.valid_up_to();
        let line = bytes[..at].split(|&b| b == b'\n').count();
        DataError::record(
            path,
            format!("line {line}"),
            format!("byte {at} is not UTF-8; save the file as UTF-8"),
        )
    })
}
