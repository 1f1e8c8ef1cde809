//! Corpora: loading, saving, looking inside.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use finqa_core::Split;
use finqa_core::answer::AnswerMode;
use finqa_core::corpus::{Corpus, CorpusLimits, Pick};
use finqa_core::sql::SqlBackend;
use finqa_core::table::{Table, Value};
use finqa_core::task::Task;
use finqa_core::tool::ToolProfile;
use finqa_data::{
    Layout, LoadOptions, Loaded, Progress, Refusal, SaveFormat, SaveOptions, SynthConfig,
    SynthError,
};
use finqa_policy::{ValidateOptions, validate};
use finqa_sqlite::{BackendConfig, SqliteBackend, read_database};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList};

use crate::convert::{json_to_py, py_to_json};
use crate::exceptions::{Error, NotFoundError};
use crate::gil;

/// Companies and tasks.
#[pyclass(name = "Corpus", module = "finqa_gym._native", frozen)]
pub(crate) struct PyCorpus {
    pub(crate) corpus: Arc<Corpus>,
    refusals: Vec<Refusal>,
}

/// Tables of a user's SQLite file, for `finqa_data`, which knows no SQL engine.
fn read_sqlite(path: &Path) -> Result<(Vec<Table>, Vec<Refusal>), String> {
    let import = read_database(path).map_err(|e| {
        // The caller names the path, too.
        let text = e.to_string();
        let path = path.display().to_string();
        text.strip_prefix(&path).map_or(text.clone(), |reason| {
            reason.trim_start_matches([':', ' ']).to_owned()
        })
    })?;
    let refusals = import
        .refused
        .into_iter()
        .map(|table| Refusal {
            record: table.name,
            reason: "table_not_usable".into(),
            detail: table.reason,
        })
        .collect();
    Ok((import.company.tables, refusals))
}

#[cfg(feature = "datafusion")]
impl PyCorpus {
    /// A corpus that was made elsewhere.
    pub(crate) fn of(corpus: Corpus) -> Self {
        Self {
            corpus: Arc::new(corpus),
            refusals: Vec::new(),
        }
    }
}

/// A task as a dict.
pub(crate) fn task_dict<'py>(py: Python<'py>, task: &Task) -> PyResult<Bound<'py, PyAny>> {
    let value = serde_json::to_value(task).map_err(|e| PyValueError::new_err(e.to_string()))?;
    let dict = json_to_py(py, &value)?;
    dict.set_item("user_query", task.user_query())?;
    Ok(dict)
}

#[pymethods]
impl PyCorpus {
    #[staticmethod]
    #[pyo3(signature = (path, layout=None, tasks=None, name=None, limits=None, progress=None))]
    fn load(
        py: Python<'_>,
        path: PathBuf,
        layout: Option<&str>,
        tasks: Option<PathBuf>,
        name: Option<String>,
        limits: Option<&Bound<'_, PyDict>>,
        progress: Option<Py<PyAny>>,
    ) -> PyResult<Self> {
        let limits: CorpusLimits = match limits {
            None => CorpusLimits::default(),
            Some(limits) => serde_json::from_value(py_to_json(limits, "limits")?)
                .map_err(|e| PyValueError::new_err(format!("limits: {e}")))?,
        };
        let layout = layout.map(parse_layout).transpose()?;
        let failed = std::sync::Mutex::new(None);
        let report = |step: Progress| {
            if let Some(callback) = &progress {
                Python::attach(|py| {
                    if let Err(e) = callback.call1(py, (step.stage, step.done, step.total)) {
                        failed
                            .lock()
                            .unwrap_or_else(std::sync::PoisonError::into_inner)
                            .get_or_insert(e);
                    }
                });
            }
        };
        let loaded = gil::enter(py, || {
            let options = LoadOptions {
                read_sqlite: Some(read_sqlite),
                progress: Some(&report),
                tasks,
                limits,
                name,
            };
            finqa_data::load(&path, layout, &options)
        });
        if let Some(error) = failed
            .into_inner()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
        {
            return Err(error);
        }
        let Loaded { corpus, refusals } = loaded.map_err(Error::from)?;
        Ok(Self {
            corpus: Arc::new(corpus),
            refusals,
        })
    }

    /// The synthetic corpus of a seed and a configuration in JSON.
    #[staticmethod]
    fn synthetic(seed: u64, config: &str) -> PyResult<Self> {
        let corpus = finqa_data::synthetic(seed, parse_config(config)?).map_err(synth_error)?;
        Ok(Self {
            corpus: Arc::new(corpus),
            refusals: Vec::new(),
        })
    }

    #[pyo3(signature = (path, format="parquet", overwrite=false, max_companies=None))]
    fn save(
        &self,
        py: Python<'_>,
        path: PathBuf,
        format: &str,
        overwrite: bool,
        max_companies: Option<u32>,
    ) -> PyResult<()> {
        let format = SaveFormat::from_name(format).ok_or_else(|| {
            PyValueError::new_err(format!(
                "format {format:?} is unknown; it must be \"parquet\" or \"jsonl\""
            ))
        })?;
        let options = SaveOptions {
            format,
            overwrite,
            max_companies,
        };
        gil::enter(py, || finqa_data::save(&self.corpus, &path, &options)).map_err(Error::from)?;
        Ok(())
    }

    #[getter]
    fn name(&self) -> &str {
        &self.corpus.info().name
    }

    #[getter]
    fn layout(&self) -> &str {
        &self.corpus.info().layout
    }

    #[getter]
    fn version(&self) -> u32 {
        self.corpus.info().version
    }

    #[getter]
    fn content_hash(&self) -> &str {
        &self.corpus.info().content_hash
    }

    #[getter]
    fn licence(&self) -> &str {
        &self.corpus.info().licence
    }

    /// Number of task indices; of an endless corpus, how far they reach.
    #[getter]
    fn num_tasks(&self) -> usize {
        self.corpus.num_tasks()
    }

    /// The same of companies.
    #[getter]
    fn num_companies(&self) -> usize {
        self.corpus.num_companies()
    }

    #[getter]
    fn is_endless(&self) -> bool {
        self.corpus.is_endless()
    }

    #[getter]
    fn refused<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let dict = PyDict::new(py);
        for (reason, count) in &self.corpus.info().refused {
            dict.set_item(reason, count)?;
        }
        Ok(dict)
    }

    #[getter]
    fn refusals(&self) -> Vec<(String, String, String)> {
        self.refusals
            .iter()
            .map(|r| (r.record.clone(), r.reason.clone(), r.detail.clone()))
            .collect()
    }

    /// Split -> number of tasks, or None if it is endless.
    fn splits<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let dict = PyDict::new(py);
        for (split, count) in self.corpus.splits() {
            dict.set_item(split, count)?;
        }
        Ok(dict)
    }

    /// Indices of the tasks of a split, or of its first `max_tasks`.
    #[pyo3(signature = (split=None, max_tasks=None))]
    fn task_indices(&self, split: Option<&str>, max_tasks: Option<usize>) -> PyResult<Vec<u32>> {
        let indices = self.corpus.task_indices(split, max_tasks);
        Ok(indices.map_err(Error::from)?)
    }

    #[pyo3(signature = (split=None, max_tasks=None))]
    fn task_ids(
        &self,
        py: Python<'_>,
        split: Option<&str>,
        max_tasks: Option<usize>,
    ) -> PyResult<Vec<String>> {
        let ids = gil::enter(py, || {
            self.corpus
                .task_indices(split, max_tasks)?
                .into_iter()
                .map(|index| self.corpus.task(index).map(|task| task.id.clone()))
                .collect::<finqa_core::Result<_>>()
        });
        Ok(ids.map_err(Error::from)?)
    }

    fn task_index(&self, py: Python<'_>, task_id: &str) -> PyResult<usize> {
        gil::enter(py, || self.corpus.task_index(task_id)).ok_or_else(|| {
            let name = &self.corpus.info().name;
            NotFoundError::new_err(if self.corpus.is_endless() {
                format!("no task {task_id:?} in corpus {name:?}; task_ids(split, limit) lists ids")
            } else {
                format!(
                    "no task {task_id:?} in corpus {name:?}; task_ids() lists its {} ids",
                    self.corpus.num_tasks()
                )
            })
        })
    }

    /// A task as a dict.
    fn task<'py>(&self, py: Python<'py>, index: u32) -> PyResult<Bound<'py, PyAny>> {
        let task = gil::enter(py, || self.corpus.task(index)).map_err(Error::from)?;
        task_dict(py, &task)
    }

    /// Names of the companies `start..stop` of a split, counted inside of it.
    #[pyo3(signature = (split=None, start=0, stop=None))]
    fn company_names(
        &self,
        py: Python<'_>,
        split: Option<&str>,
        start: usize,
        stop: Option<usize>,
    ) -> PyResult<Vec<String>> {
        let names = gil::enter(py, || {
            self.corpus
                .company_indices(split, start, stop)?
                .into_iter()
                .map(|index| self.corpus.company(index).map(|c| c.name.clone()))
                .collect::<finqa_core::Result<_>>()
        });
        Ok(names.map_err(Error::from)?)
    }

    /// The companies of (split, number or None) with their tasks, all in memory.
    fn take(&self, py: Python<'_>, picks: Vec<(String, Option<u32>)>) -> PyResult<Self> {
        let picks: Vec<Pick> = picks
            .into_iter()
            .map(|(split, max_companies)| Pick {
                split,
                max_companies,
            })
            .collect();
        let corpus = gil::enter(py, || finqa_data::materialise(&self.corpus, &picks))
            .map_err(Error::from)?;
        Ok(Self {
            corpus: Arc::new(corpus),
            refusals: Vec::new(),
        })
    }

    /// Some tasks of a stored corpus with all its companies.
    fn select(&self, py: Python<'_>, task_indices: Vec<u32>, suffix: &str) -> PyResult<Self> {
        let corpus = gil::enter(py, || {
            finqa_data::select(&self.corpus, &task_indices, suffix)
        })
        .map_err(Error::from)?;
        Ok(Self {
            corpus: Arc::new(corpus),
            refusals: Vec::new(),
        })
    }

    /// Tables of a company.
    fn tables<'py>(&self, py: Python<'py>, company: &str) -> PyResult<Bound<'py, PyList>> {
        let index = gil::enter(py, || self.corpus.company_index(company)).ok_or_else(|| {
            let name = &self.corpus.info().name;
            NotFoundError::new_err(if self.corpus.is_endless() {
                format!(
                    "no company {company:?} in corpus {name:?}; company_names(split, start, stop) lists names"
                )
            } else {
                format!(
                    "no company {company:?} in corpus {name:?}; companies lists its {}",
                    self.corpus.num_companies()
                )
            })
        })?;
        let company = gil::enter(py, || self.corpus.company(index as u32)).map_err(Error::from)?;
        let list = PyList::empty(py);
        for table in &company.tables {
            let dict = PyDict::new(py);
            dict.set_item("name", &table.name)?;
            dict.set_item("columns", &table.columns)?;
            dict.set_item("description", &table.description)?;
            dict.set_item("scale", &table.scale)?;
            let rows = PyList::empty(py);
            for row in 0..table.num_rows() {
                let cells = PyList::empty(py);
                for cell in table.row(row) {
                    match cell {
                        Value::Null => cells.append(py.None())?,
                        Value::Integer(i) => cells.append(i)?,
                        Value::Real(f) => cells.append(f)?,
                        Value::Text(s) => cells.append(&**s)?,
                    }
                }
                rows.append(cells)?;
            }
            dict.set_item("rows", rows)?;
            list.append(dict)?;
        }
        Ok(list)
    }

    /// Runs every gold program: (task id, outcome, detail, submission).
    #[pyo3(signature = (tool_profile="rllm", answer_mode="strict", progress=None))]
    fn validate(
        &self,
        py: Python<'_>,
        tool_profile: &str,
        answer_mode: &str,
        progress: Option<Py<PyAny>>,
    ) -> PyResult<Vec<(String, &'static str, String, String)>> {
        let options = ValidateOptions {
            tool_profile: ToolProfile::parse(tool_profile).map_err(Error::from)?,
            answer_mode: AnswerMode::parse(answer_mode).map_err(Error::from)?,
        };
        let backend: Arc<dyn SqlBackend> =
            Arc::new(SqliteBackend::new(BackendConfig::default()).map_err(Error::from)?);
        let num_tasks = self
            .corpus
            .task_indices(None, None)
            .map_err(Error::from)?
            .len();
        let mut raised = None;
        let checks = gil::enter(py, || {
            validate(&self.corpus, &backend, &options, &mut |done| {
                // One look at Python every few tasks: often enough for a bar and for Ctrl-C.
                if done % 16 != 0 && done != num_tasks {
                    return true;
                }
                Python::attach(|py| {
                    let told = progress
                        .as_ref()
                        .map_or(Ok(()), |call| call.call1(py, (done,)).map(drop));
                    match told.and_then(|()| py.check_signals()) {
                        Ok(()) => true,
                        Err(e) => {
                            raised = Some(e);
                            false
                        }
                    }
                })
            })
        });
        if let Some(error) = raised {
            return Err(error);
        }
        checks
            .map_err(Error::from)?
            .into_iter()
            .map(|check| {
                let task = self.corpus.task(check.task_index).map_err(Error::from)?;
                Ok((
                    task.id.clone(),
                    check.outcome,
                    check.detail,
                    check.submission,
                ))
            })
            .collect()
    }
}

/// Whether tasks of a split are there to measure with.
#[pyfunction]
pub(crate) fn is_evaluation_split(name: String) -> bool {
    Split(name).is_evaluation()
}

/// A preset of the synthetic corpus as JSON: `"1"` to `"5"` or `"tiny"`.
#[pyfunction]
pub(crate) fn synth_preset(name: &str) -> PyResult<String> {
    let config = match (name, name.parse()) {
        ("tiny", _) => SynthConfig::tiny(),
        (_, Ok(level @ 1..=5)) => SynthConfig::preset(level).map_err(synth_error)?,
        _ => {
            return Err(PyValueError::new_err(format!(
                "preset {name:?} is unknown; it must be a level from 1 to 5 or \"tiny\""
            )));
        }
    };
    serde_json::to_string(&config).map_err(|e| PyValueError::new_err(e.to_string()))
}

/// Refuses a configuration in JSON that cannot work.
#[pyfunction]
pub(crate) fn check_synth_config(config: &str) -> PyResult<()> {
    parse_config(config).map(drop)
}

fn parse_config(text: &str) -> PyResult<SynthConfig> {
    let unreadable = |e: serde_json::Error| PyValueError::new_err(format!("SynthConfig: {e}"));
    let fields: serde_json::Map<String, serde_json::Value> =
        serde_json::from_str(text).map_err(unreadable)?;
    // One by one first: serde names the value that it cannot read, but not the field.
    for (name, value) in &fields {
        let mut one = serde_json::Map::new();
        one.insert(name.clone(), value.clone());
        serde_json::from_value::<SynthConfig>(one.into())
            .map_err(|e| PyValueError::new_err(format!("SynthConfig.{name} is {value}: {e}")))?;
    }
    SynthConfig::from_json(text).map_err(synth_error)
}

#[expect(clippy::needless_pass_by_value, reason = "map_err hands it over")]
fn synth_error(error: SynthError) -> PyErr {
    PyValueError::new_err(error.to_string())
}

fn parse_layout(name: &str) -> PyResult<Layout> {
    Layout::from_name(name).ok_or_else(|| {
        let names: Vec<_> = Layout::ALL.iter().map(|l| l.name()).collect();
        PyValueError::new_err(format!(
            "layout {name:?} is unknown; it must be one of {}",
            names.join(", ")
        ))
    })
}
