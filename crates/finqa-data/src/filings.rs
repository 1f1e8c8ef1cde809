//! The stand-in for the SEC's financial statement data sets, as files.

use std::fs::File;
use std::io::{BufWriter, ErrorKind};
use std::path::Path;

use finqa_synth::filings::{FilingFiles, FilingsConfig, FilingsWritten, write};

use crate::error::{DataError, Result};
use crate::staged::Staged;

/// Bytes gathered before they are written.
const BUFFER: usize = 1 << 20;

/// Writes `sub.tsv`, `num.tsv`, `pre.tsv` and `tag.tsv` into the new folder `dir`, which appears as a whole or not at
/// all.
///
/// `progress` is called with the facts written so far; returning false stops.
///
/// # Errors
/// [`DataError::Exists`] if there is something at `dir`; [`DataError::Cancelled`]; [`DataError::Io`].
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use finqa_data::{FilingsConfig, write_filings};
/// let folder = tempfile::tempdir()?;
/// let config = FilingsConfig { num_facts: 1000, seed: 0 };
/// let written = write_filings(&folder.path().join("facts"), &config, &mut |_| true)?;
/// assert!(written.num_facts >= 1000);
/// assert!(folder.path().join("facts/num.tsv").exists());
/// # Ok(())
/// # }
/// ```
pub fn write_filings(
    dir: &Path,
    config: &FilingsConfig,
    progress: &mut dyn FnMut(u64) -> bool,
) -> Result<FilingsWritten> {
    if dir.symlink_metadata().is_ok() {
        return Err(DataError::Exists {
            path: dir.to_owned(),
            reason: "there is something already; name a new folder".into(),
        });
    }
    let staged = Staged::new(dir)?;
    let file = |name: &str| {
        let path = staged.path().join(name);
        File::create(&path)
            .map(|file| BufWriter::with_capacity(BUFFER, file))
            .map_err(|e| DataError::io(path, e))
    };
    let mut files = FilingFiles {
        sub: file("sub.tsv")?,
        num: file("num.tsv")?,
        pre: file("pre.tsv")?,
        tag: file("tag.tsv")?,
    };
    let written = write(config, &mut files, progress).map_err(|e| {
        if e.kind() == ErrorKind::Interrupted {
            DataError::Cancelled {
                path: dir.to_owned(),
            }
        } else {
            DataError::io(staged.path(), e)
        }
    })?;
    drop(files);
    staged.publish(dir, false)?;
    Ok(written)
}
