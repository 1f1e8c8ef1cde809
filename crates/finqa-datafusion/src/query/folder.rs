//! Opening the folders of runs: which files count, and what their `run.json` says.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, Int64Array, RecordBatch, StringArray};
use finqa_core::behaviour::{Check, Failure, Flag, WrongAnswer};
use serde_json::Value;

use super::files::RunFiles;
use super::{QueryError, RunFolder};

/// The newest format of `run.json` that is read.
const FORMAT: u64 = 1;

/// Runs that are asked about.
pub(super) struct Runs {
    /// Their files.
    pub files: RunFiles,
    /// The tables that need no file: `runs` and `meanings`.
    pub about: Vec<(&'static str, RecordBatch)>,
}

impl Runs {
    /// Reads the `run.json` of each folder and finds its files.
    pub(super) fn open(folders: &[RunFolder]) -> Result<Self, QueryError> {
        let mut files = RunFiles::new();
        let mut opened = Vec::with_capacity(folders.len());
        let mut names = BTreeSet::new();
        for folder in folders {
            let run = Opened::open(folder)?;
            if !names.insert(run.name.clone()) {
                return Err(QueryError::Run {
                    path: folder.path.display().to_string(),
                    reason: format!(
                        "another run is called {:?} too; give each a name of its own: {{\"name\": folder, …}}",
                        run.name
                    ),
                });
            }
            for file in &run.files {
                files
                    .add(&run.name, file)
                    .map_err(|source| QueryError::Io {
                        path: file.display().to_string(),
                        source,
                    })?;
            }
            opened.push(run);
        }
        Ok(Self {
            files,
            about: vec![("runs", runs_table(&opened)), ("meanings", meanings())],
        })
    }
}

struct Opened {
    name: String,
    about: Value,
    files: Vec<PathBuf>,
}

impl Opened {
    fn open(folder: &RunFolder) -> Result<Self, QueryError> {
        let path = &folder.path;
        let wrong = |reason: String| QueryError::Run {
            path: path.display().to_string(),
            reason,
        };
        let about = run_json(path)?;
        let format = about["format"].as_u64().unwrap_or(FORMAT);
        if format > FORMAT {
            return Err(wrong(format!(
                "its format is {format}, newer than {FORMAT}, the newest that this build reads; update finqa-gym"
            )));
        }
        let files = episode_files(path)?;
        if about.is_null() && files.is_empty() {
            return Err(wrong(
                "there is neither a run.json nor a file episodes-*.parquet in it; a run is a folder that \
                 VectorEnv(record=…) wrote"
                    .to_string(),
            ));
        }
        let own = about["run"].as_str().map(str::to_string);
        let name = folder.name.clone().or(own).unwrap_or_else(|| {
            let real = path.canonicalize().unwrap_or_else(|_| path.clone());
            real.file_name()
                .map_or_else(String::new, |name| name.to_string_lossy().into_owned())
        });
        Ok(Self { name, about, files })
    }
}

fn io(path: &Path) -> impl FnOnce(std::io::Error) -> QueryError + '_ {
    move |source| QueryError::Io {
        path: path.display().to_string(),
        source,
    }
}

/// The run's description; `null` where there is none.
fn run_json(folder: &Path) -> Result<Value, QueryError> {
    let path = folder.join("run.json");
    let text = match fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound && folder.is_dir() => {
            return Ok(Value::Null);
        }
        Err(error) => return Err(io(&path)(error)),
    };
    serde_json::from_str(&text).map_err(|error| QueryError::Run {
        path: path.display().to_string(),
        reason: format!("is no JSON: {error}"),
    })
}

fn episode_files(folder: &Path) -> Result<Vec<PathBuf>, QueryError> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).map_err(io(folder))? {
        let path = entry.map_err(io(folder))?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if name.starts_with("episodes-") && name.ends_with(".parquet") {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

fn texts<'a>(values: impl Iterator<Item = Option<&'a str>>) -> ArrayRef {
    Arc::new(values.collect::<StringArray>())
}

fn runs_table(runs: &[Opened]) -> RecordBatch {
    let text = |pointer: &str| texts(runs.iter().map(|run| run.about.pointer(pointer)?.as_str()));
    let number = |pointer: &str| -> ArrayRef {
        Arc::new(
            runs.iter()
                .map(|run| run.about.pointer(pointer)?.as_i64())
                .collect::<Int64Array>(),
        )
    };
    let env: Vec<Option<String>> = runs
        .iter()
        .map(|run| run.about.get("env").map(Value::to_string))
        .collect();
    let columns = [
        ("run", texts(runs.iter().map(|run| Some(run.name.as_str())))),
        ("policy", text("/policy")),
        ("policy_step", number("/policy_step")),
        ("created", text("/created")),
        ("source", text("/source")),
        ("corpus", text("/corpus/name")),
        ("corpus_hash", text("/corpus/content_hash")),
        ("finqa_gym", text("/versions/finqa_gym")),
        ("sqlite", text("/versions/sqlite")),
        ("scoring", number("/versions/scoring")),
        ("env", texts(env.iter().map(Option::as_deref))),
        ("system_prompt", text("/system_prompt")),
        (
            "num_files",
            Arc::new(
                runs.iter()
                    .map(|run| Some(run.files.len() as i64))
                    .collect::<Int64Array>(),
            ),
        ),
    ];
    batch(columns)
}

/// What the names in other tables mean.
fn meanings() -> RecordBatch {
    let rows: Vec<(&str, &str, &str)> = Check::ALL
        .iter()
        .map(|c| ("check", c.name(), c.meaning()))
        .chain(Flag::ALL.iter().map(|f| ("flag", f.name(), f.meaning())))
        .chain(
            Failure::ALL
                .iter()
                .map(|f| ("failure", f.name(), f.meaning())),
        )
        .chain(
            WrongAnswer::ALL
                .iter()
                .map(|w| ("wrong_answer", w.name(), w.meaning())),
        )
        .collect();
    batch([
        ("kind", texts(rows.iter().map(|row| Some(row.0)))),
        ("name", texts(rows.iter().map(|row| Some(row.1)))),
        ("meaning", texts(rows.iter().map(|row| Some(row.2)))),
    ])
}

fn batch<const N: usize>(columns: [(&str, ArrayRef); N]) -> RecordBatch {
    let nullable = columns.map(|(name, array)| (name, array, true));
    RecordBatch::try_from_iter_with_nullable(nullable).expect("columns of one length")
}
