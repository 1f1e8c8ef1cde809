//! Demonstrations as training files for supervised fine-tuning: JSON lines or Parquet.
//!
//! Both hold one record a demonstration with the same names; `messages` is in OpenAI's form. See
//! [`finqa_core::chat::Demonstration`] for the meaning of each.

mod parquet_rows;

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use finqa_core::chat::{ArgumentsForm, Demonstration};

use crate::error::{DataError, Result};
use crate::staged::StagedFile;
use parquet_rows::Rows;

/// How demonstrations are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum MessagesFormat {
    /// One JSON object a line.
    Jsonl,
    /// Parquet with `messages` as a list of structs, compressed with Zstandard.
    Parquet,
}

/// Options of [`MessagesWriter::create`].
#[derive(Clone, Copy, Debug, Default)]
pub struct MessagesOptions {
    /// How the arguments of calls are written. Parquet holds text only: objects of several tools have no common
    /// schema, and readers would fill them up with nulls.
    pub arguments: ArgumentsForm,
    /// Replace a file that is there.
    pub overwrite: bool,
}

enum Sink {
    Jsonl(BufWriter<File>),
    Parquet(Box<Rows>),
}

/// Writes demonstrations one by one; the file appears with [`MessagesWriter::finish`], as a whole or not at all.
pub struct MessagesWriter {
    path: PathBuf,
    staged: StagedFile,
    sink: Sink,
    arguments: ArgumentsForm,
    num_rows: u64,
}

impl MessagesWriter {
    /// Starts a file.
    ///
    /// # Errors
    /// [`DataError::Exists`] if `path` is there and `overwrite` is not set or it is no file;
    /// [`DataError::Layout`] for arguments as objects in Parquet; [`DataError::Io`].
    pub fn create(path: &Path, format: MessagesFormat, options: MessagesOptions) -> Result<Self> {
        if path.exists() && !(options.overwrite && path.is_file()) {
            let reason = if path.is_file() {
                "the file is there; set overwrite to replace it"
            } else {
                "this is no file; name a file to write"
            };
            return Err(DataError::Exists {
                path: path.to_owned(),
                reason: reason.to_owned(),
            });
        }
        if format == MessagesFormat::Parquet && options.arguments == ArgumentsForm::Object {
            return Err(DataError::layout(
                path,
                "arguments as objects need JSON lines; Parquet holds them as text",
            ));
        }
        let (staged, file) = StagedFile::new(path)?;
        let sink = match format {
            MessagesFormat::Jsonl => Sink::Jsonl(BufWriter::new(file)),
            MessagesFormat::Parquet => Sink::Parquet(Box::new(Rows::new(file, path)?)),
        };
        Ok(Self {
            path: path.to_owned(),
            staged,
            sink,
            arguments: options.arguments,
            num_rows: 0,
        })
    }

    /// Adds a demonstration.
    ///
    /// # Errors
    /// [`DataError::Io`] or, for Parquet, [`DataError::Record`].
    pub fn write(&mut self, demonstration: &Demonstration) -> Result<()> {
        self.num_rows += 1;
        match &mut self.sink {
            Sink::Jsonl(file) => writeln!(file, "{}", demonstration.to_json(self.arguments))
                .map_err(|e| DataError::io(&self.path, e)),
            Sink::Parquet(rows) => rows.push(demonstration),
        }
    }

    /// Puts the file in place and returns the number of its records.
    ///
    /// # Errors
    /// As [`MessagesWriter::write`].
    pub fn finish(self) -> Result<u64> {
        let file = match self.sink {
            Sink::Jsonl(buffer) => buffer
                .into_inner()
                .map_err(|e| DataError::io(&self.path, e.into_error()))?,
            Sink::Parquet(rows) => rows.finish()?,
        };
        self.staged.publish(&file)?;
        Ok(self.num_rows)
    }
}
