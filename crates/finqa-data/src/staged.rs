//! Writing beside the target and renaming into place, so that a target is there as a whole or not at all.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use crate::error::{DataError, Result};

/// A folder beside the target that is removed unless it is published.
pub(crate) struct Staged {
    path: PathBuf,
    published: std::cell::Cell<bool>,
}

impl Staged {
    pub(crate) fn new(target: &Path) -> Result<Self> {
        let path = beside(target, "folder", |path| fs::create_dir(path))?.0;
        Ok(Self {
            path,
            published: false.into(),
        })
    }

    /// Writes a file and waits until it is on the disk.
    pub(crate) fn write(&self, name: &str, bytes: &[u8]) -> Result<()> {
        let path = self.path.join(name);
        let mut file = fs::File::create(&path).map_err(|e| DataError::io(&path, e))?;
        file.write_all(bytes)
            .and_then(|()| file.sync_all())
            .map_err(|e| DataError::io(&path, e))
    }

    /// Where the files lie until they are published.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Writes one of many small files, in a folder that is made if need be; to wait for the disk after each would
    /// take most of the time.
    pub(crate) fn write_small(&self, name: &str, bytes: &[u8]) -> Result<()> {
        let path = self.path.join(name);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent).map_err(|e| DataError::io(parent, e))?;
        }
        fs::write(&path, bytes).map_err(|e| DataError::io(&path, e))
    }

    /// Renames into place. The old corpus is moved aside first and put back if the rename fails.
    pub(crate) fn publish(&self, target: &Path, replaces: bool) -> Result<()> {
        let aside = self.path.with_extension("old");
        if replaces {
            fs::rename(target, &aside).map_err(|e| DataError::io(target, e))?;
        }
        if let Err(e) = fs::rename(&self.path, target) {
            if replaces {
                fs::rename(&aside, target).map_err(|e| DataError::io(&aside, e))?;
            }
            return Err(DataError::io(target, e));
        }
        self.published.set(true);
        if replaces {
            fs::remove_dir_all(&aside).map_err(|e| DataError::io(&aside, e))?;
        }
        Ok(())
    }
}

impl Drop for Staged {
    fn drop(&mut self) {
        if !self.published.get() {
            // Nothing can be done about a failure here; the error that led here is the one to report.
            let _ = fs::remove_dir_all(&self.path);
        }
    }
}

/// A file beside the target that is removed unless it is published.
pub struct StagedFile {
    path: PathBuf,
    target: PathBuf,
    published: bool,
}

impl StagedFile {
    /// Makes the file; what is written to the handle appears at `target` with [`StagedFile::publish`].
    ///
    /// # Errors
    /// [`DataError::Io`]; [`DataError::Layout`] if `target` has no name or too many unfinished files lie beside it.
    pub fn new(target: &Path) -> Result<(Self, fs::File)> {
        let (path, file) = beside(target, "file", |path| {
            fs::File::options().write(true).create_new(true).open(path)
        })?;
        let staged = Self {
            path,
            target: target.to_owned(),
            published: false,
        };
        Ok((staged, file))
    }

    /// Waits until the file is on the disk and renames it into place, over whatever is there.
    ///
    /// # Errors
    /// [`DataError::Io`].
    pub fn publish(mut self, file: &fs::File) -> Result<()> {
        file.sync_all().map_err(|e| DataError::io(&self.path, e))?;
        fs::rename(&self.path, &self.target).map_err(|e| DataError::io(&self.target, e))?;
        self.published = true;
        Ok(())
    }
}

impl Drop for StagedFile {
    fn drop(&mut self) {
        if !self.published {
            // As above.
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// Makes something under a free hidden name in the folder of `target`.
fn beside<T>(
    target: &Path,
    what: &str,
    make: impl Fn(&Path) -> std::io::Result<T>,
) -> Result<(PathBuf, T)> {
    let name = target.file_name().ok_or_else(|| {
        DataError::layout(
            target,
            format!("the target must be a {what} with a name of its own"),
        )
    })?;
    let parent = match target.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    fs::create_dir_all(parent).map_err(|e| DataError::io(parent, e))?;
    for attempt in 0..1000u32 {
        let path = parent.join(format!(
            ".{}.{}-{attempt}.tmp",
            name.to_string_lossy(),
            std::process::id()
        ));
        match make(&path) {
            Ok(new) => return Ok((path, new)),
            Err(e) if e.kind() == std::io::ErrorKind::AlreadyExists => {}
            Err(e) => return Err(DataError::io(path, e)),
        }
    }
    Err(DataError::layout(
        parent,
        "1000 unfinished saves lie here (names ending in .tmp); remove them",
    ))
}
