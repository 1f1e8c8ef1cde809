//! Writing a corpus company by company: memory holds one row group, not the corpus.

use std::collections::HashSet;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use finqa_core::corpus::{Corpus, CorpusInfo};
use finqa_core::{Company, Task};
use sha2::{Digest, Sha256};

use super::write::{check_target, manifest_of, write_manifest};
use super::{FileEntry, Manifest, SaveFormat, SaveOptions, parquet_store, records};
use crate::error::{DataError, Result};
use crate::hash::{Canonical, hex};
use crate::staged::Staged;

/// Writes the native layout one company at a time, in the order in which they are given.
///
/// The folder appears with [`CorpusWriter::finish`], as a whole or not at all: a writer that is dropped before leaves
/// nothing behind. A corpus written like this loads as one that [`super::save`] wrote, with the same content hash.
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use finqa_core::{Company, CorpusInfo, Table, Value};
/// use finqa_data::{CorpusWriter, LoadOptions, SaveOptions, load};
///
/// let folder = tempfile::tempdir()?;
/// let target = folder.path().join("corpus");
/// let mut writer = CorpusWriter::new(&target, &SaveOptions::default())?;
/// let sales = Table::new("acme", "sales", vec!["item".into(), "2024".into()], vec![
///     Value::text("Total"), Value::text("1,234"),
/// ])?;
/// writer.company(&Company { name: "acme".into(), tables: vec![sales] })?;
/// let info = CorpusInfo { name: "mine".into(), ..CorpusInfo::default() };
/// let manifest = writer.finish(info, &[])?;
/// let again = load(&target, None, &LoadOptions::default())?;
/// assert_eq!(again.corpus.info().content_hash, manifest.corpus.content_hash);
/// # Ok(())
/// # }
/// ```
pub struct CorpusWriter {
    target: PathBuf,
    options: SaveOptions,
    staged: Staged,
    tables: Records,
    canonical: Canonical,
    /// Names of the companies so far, in small letters.
    names: HashSet<String>,
    num_companies: u64,
    num_tables: u64,
}

impl CorpusWriter {
    /// A corpus that will lie at `dir`. [`SaveOptions::max_companies`] has no meaning here.
    ///
    /// # Errors
    /// [`DataError::Exists`] if `dir` holds anything, unless it is a saved corpus and `overwrite` is set;
    /// [`DataError::Io`].
    pub fn new(dir: &Path, options: &SaveOptions) -> Result<Self> {
        // No content has this hash, so a corpus that is there is replaced only if that was asked for.
        check_target(dir, "", options.overwrite)?;
        let staged = Staged::new(dir)?;
        let tables = Records::new(&staged, "tables", options.format, parquet_store::TABLES)?;
        Ok(Self {
            target: dir.to_owned(),
            options: *options,
            staged,
            tables,
            canonical: Canonical::new(),
            names: HashSet::new(),
            num_companies: 0,
            num_tables: 0,
        })
    }

    /// Adds a company.
    ///
    /// # Errors
    /// [`DataError::Corpus`] if a table breaks its invariants or a name repeats (case is ignored); [`DataError::Io`].
    pub fn company(&mut self, company: &Company) -> Result<()> {
        // The rules of a corpus, for this company alone.
        let checked = Corpus::from_shared(
            CorpusInfo::default(),
            vec![Arc::new(company.clone())],
            Vec::new(),
        );
        let failed = |source| DataError::Corpus {
            path: self.target.clone(),
            source,
        };
        checked.map_err(failed)?;
        if !self.names.insert(company.name.to_lowercase()) {
            return Err(failed(finqa_core::Error::InvalidConfig(format!(
                "company {:?} is added twice; names must differ by more than case",
                company.name
            ))));
        }
        self.canonical.company(company);
        for record in records::of_company(company, &self.target)? {
            self.tables.push(record)?;
        }
        self.num_companies += 1;
        self.num_tables += company.tables.len() as u64;
        Ok(())
    }

    /// Adds the tasks and puts the folder in its place. The content hash of `info` is filled in.
    ///
    /// # Errors
    /// [`DataError::Io`]; [`DataError::Exists`] if something came to lie at the target meanwhile.
    pub fn finish(mut self, mut info: CorpusInfo, tasks: &[Task]) -> Result<Manifest> {
        let format = self.options.format;
        let mut file = Records::new(&self.staged, "tasks", format, parquet_store::TASKS)?;
        for task in tasks {
            self.canonical.task(task);
            file.push(records::of_task(task, &self.target)?)?;
        }
        let files = [self.tables.finish()?, file.finish()?].into();
        info.content_hash = self.canonical.finish();
        let replaces = check_target(&self.target, &info.content_hash, self.options.overwrite)?;
        let counts = (self.num_companies, self.num_tables, tasks.len() as u64);
        let manifest = manifest_of(info, format, counts, files);
        write_manifest(&self.staged, &manifest, &self.target)?;
        self.staged.publish(&self.target, replaces)?;
        Ok(manifest)
    }
}

/// A file of records, hashed while it is written.
struct Records {
    name: String,
    path: PathBuf,
    rows: Rows,
}

enum Rows {
    Parquet(Box<parquet_store::Encoder<Hashed>>),
    Lines(Hashed),
}

impl Records {
    fn new(
        staged: &Staged,
        stem: &str,
        format: SaveFormat,
        columns: &'static [(&'static str, parquet_store::Kind)],
    ) -> Result<Self> {
        let name = format!("{stem}.{}", format.name());
        let path = staged.path().join(&name);
        let file = File::create(&path).map_err(|e| DataError::io(&path, e))?;
        let out = Hashed::new(file);
        let rows = match format {
            SaveFormat::Parquet => {
                Rows::Parquet(Box::new(parquet_store::Encoder::new(out, columns, &path)?))
            }
            SaveFormat::Jsonl => Rows::Lines(out),
        };
        Ok(Self { name, path, rows })
    }

    fn push(&mut self, record: records::Object) -> Result<()> {
        match &mut self.rows {
            Rows::Parquet(encoder) => encoder.push(record),
            Rows::Lines(out) => {
                let line = serde_json::Value::from(record).to_string();
                out.write_all(line.as_bytes())
                    .and_then(|()| out.write_all(b"\n"))
                    .map_err(|e| DataError::io(&self.path, e))
            }
        }
    }

    /// Waits until the file is on the disk.
    fn finish(self) -> Result<(String, FileEntry)> {
        let out = match self.rows {
            Rows::Parquet(encoder) => encoder.finish()?,
            Rows::Lines(out) => out,
        };
        let entry = out.finish().map_err(|e| DataError::io(&self.path, e))?;
        Ok((self.name, entry))
    }
}

/// Counts and hashes what passes through.
struct Hashed {
    out: BufWriter<File>,
    hasher: Sha256,
    num_bytes: u64,
}

impl Hashed {
    fn new(file: File) -> Self {
        Self {
            out: BufWriter::with_capacity(1 << 18, file),
            hasher: Sha256::new(),
            num_bytes: 0,
        }
    }

    fn finish(self) -> std::io::Result<FileEntry> {
        let file = self
            .out
            .into_inner()
            .map_err(std::io::IntoInnerError::into_error)?;
        file.sync_all()?;
        Ok(FileEntry {
            num_bytes: self.num_bytes,
            sha256: hex(&self.hasher.finalize()),
        })
    }
}

impl Write for Hashed {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let n = self.out.write(bytes)?;
        self.hasher.update(&bytes[..n]);
        self.num_bytes += n as u64;
        Ok(n)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.out.flush()
    }
}
