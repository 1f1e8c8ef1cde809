//! Exports, demonstrations and audits of corpora.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use finqa_core::answer::AnswerMode;
use finqa_core::chat::{ArgumentsForm, CallForm};
use finqa_core::sql::SqlBackend;
use finqa_core::tool::ToolProfile;
use finqa_data::export::{MessagesFormat, MessagesOptions, MessagesWriter};
use finqa_data::{ExportLayout, ExportOptions};
use finqa_policy::{AuditOptions, AuditReport, DemonstrateOptions, Demonstrations, PolicyKind};
use finqa_sqlite::{BackendConfig, SqliteBackend};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

use crate::convert::json_to_py;
use crate::corpus::PyCorpus;
use crate::exceptions::Error;
use crate::gil;

pub(crate) fn register(m: &Bound<'_, PyModule>) -> PyResult<()> {
    m.add_class::<PyDemonstrations>()?;
    m.add_class::<PyAuditReport>()?;
    m.add_function(wrap_pyfunction!(export_corpus, m)?)?;
    m.add_function(wrap_pyfunction!(audit_corpus, m)?)?;
    Ok(())
}

fn backend() -> PyResult<Arc<dyn SqlBackend>> {
    let backend = SqliteBackend::new(BackendConfig::default()).map_err(Error::from)?;
    Ok(Arc::new(backend))
}

/// Writes a corpus in another layout and returns the report as a dict.
#[pyfunction]
#[pyo3(signature = (corpus, path, layout, split=None, max_tasks=None, overwrite=false))]
fn export_corpus<'py>(
    py: Python<'py>,
    corpus: &PyCorpus,
    path: PathBuf,
    layout: &str,
    split: Option<String>,
    max_tasks: Option<usize>,
    overwrite: bool,
) -> PyResult<Bound<'py, PyAny>> {
    let layout = ExportLayout::from_name(layout).ok_or_else(|| {
        PyValueError::new_err(format!(
            "layout {layout:?} cannot be written; it must be one of {}",
            ExportLayout::ALL.map(ExportLayout::name).join(", ")
        ))
    })?;
    let options = ExportOptions {
        split,
        max_tasks,
        overwrite,
    };
    let report = gil::enter(py, || {
        finqa_data::export(&corpus.corpus, &path, layout, &options)
    })
    .map_err(Error::from)?;
    let mut value =
        serde_json::to_value(&report).map_err(|e| PyValueError::new_err(e.to_string()))?;
    value["refusals"] = report
        .refusals
        .iter()
        .map(|r| serde_json::json!([r.record, r.reason, r.detail]))
        .collect();
    json_to_py(py, &value)
}

/// Episodes of scripted policies, one at a time.
#[pyclass(name = "Demonstrations", module = "finqa_gym._native", frozen)]
pub(crate) struct PyDemonstrations {
    demonstrations: Mutex<Demonstrations>,
    arguments: ArgumentsForm,
}

#[pymethods]
impl PyDemonstrations {
    #[new]
    #[pyo3(signature = (corpus, policies, tool_profile="rllm", answer_mode="strict", format="structured",
        arguments="text", split=None, max_tasks=None, seed=0, min_reward=None, max_turns=None))]
    #[expect(clippy::too_many_arguments, reason = "one keyword a setting")]
    fn new(
        corpus: &PyCorpus,
        policies: Vec<String>,
        tool_profile: &str,
        answer_mode: &str,
        format: &str,
        arguments: &str,
        split: Option<String>,
        max_tasks: Option<usize>,
        seed: u64,
        min_reward: Option<f32>,
        max_turns: Option<u32>,
    ) -> PyResult<Self> {
        let policies: finqa_core::Result<Vec<PolicyKind>> = policies
            .iter()
            .map(|name| PolicyKind::parse(name))
            .collect();
        let options = DemonstrateOptions {
            policies: policies.map_err(Error::from)?,
            tool_profile: ToolProfile::parse(tool_profile).map_err(Error::from)?,
            answer_mode: AnswerMode::parse(answer_mode).map_err(Error::from)?,
            call_form: CallForm::parse(format).map_err(Error::from)?,
            split,
            max_tasks,
            seed,
            min_reward,
            max_turns,
        };
        let demonstrations =
            Demonstrations::new(&corpus.corpus, &backend()?, options).map_err(Error::from)?;
        Ok(Self {
            demonstrations: Mutex::new(demonstrations),
            arguments: ArgumentsForm::parse(arguments).map_err(Error::from)?,
        })
    }

    fn __iter__(slf: Bound<'_, Self>) -> Bound<'_, Self> {
        slf
    }

    fn __next__<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyAny>>> {
        let next = gil::enter(py, || {
            let mut demonstrations = self
                .demonstrations
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            demonstrations.next()
        });
        next.map(|demo| json_to_py(py, &demo.to_json(self.arguments)))
            .transpose()
    }

    /// Writes those that are left to a file: (written, left out).
    #[pyo3(signature = (path, format, overwrite=false, progress=None))]
    fn write(
        &self,
        py: Python<'_>,
        path: PathBuf,
        format: &str,
        overwrite: bool,
        progress: Option<Py<PyAny>>,
    ) -> PyResult<(u64, usize)> {
        let format = match format {
            "jsonl" => MessagesFormat::Jsonl,
            "parquet" => MessagesFormat::Parquet,
            _ => {
                return Err(PyValueError::new_err(format!(
                    "format {format:?} is unknown; it must be \"jsonl\" or \"parquet\""
                )));
            }
        };
        let options = MessagesOptions {
            arguments: self.arguments,
            overwrite,
        };
        let mut teller = Teller::new(progress);
        let done = gil::enter(py, || -> finqa_data::Result<Option<(u64, usize)>> {
            let mut writer = MessagesWriter::create(&path, format, options)?;
            let mut demonstrations = self
                .demonstrations
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            while let Some(demo) = demonstrations.next() {
                writer.write(&demo)?;
                if !teller.tell(demonstrations.num_done()) {
                    return Ok(None);
                }
            }
            Ok(Some((writer.finish()?, demonstrations.num_left_out())))
        });
        teller.raise()?;
        Ok(done.map_err(Error::from)?.unwrap_or_default())
    }

    /// Episodes in all, those that will be left out included.
    #[getter]
    fn num_episodes(&self) -> usize {
        self.demonstrations
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .num_episodes()
    }

    /// Episodes left out so far.
    #[getter]
    fn num_left_out(&self) -> usize {
        self.demonstrations
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .num_left_out()
    }
}

/// Tells Python about progress, and hears of Ctrl-C, every few tasks.
struct Teller {
    callback: Option<Py<PyAny>>,
    raised: Option<PyErr>,
}

impl Teller {
    /// Tasks between two looks at Python.
    const EVERY: usize = 16;

    fn new(callback: Option<Py<PyAny>>) -> Self {
        Self {
            callback,
            raised: None,
        }
    }

    /// Whether to go on.
    fn tell(&mut self, done: usize) -> bool {
        if !done.is_multiple_of(Self::EVERY) {
            return true;
        }
        Python::attach(|py| {
            let told = self
                .callback
                .as_ref()
                .map_or(Ok(()), |call| call.call1(py, (done,)).map(drop));
            match told.and_then(|()| py.check_signals()) {
                Ok(()) => true,
                Err(e) => {
                    self.raised = Some(e);
                    false
                }
            }
        })
    }

    fn raise(self) -> PyResult<()> {
        self.raised.map_or(Ok(()), Err)
    }
}

/// What an audit found.
#[pyclass(name = "AuditReport", module = "finqa_gym._native", frozen)]
pub(crate) struct PyAuditReport {
    report: AuditReport,
}

#[pymethods]
impl PyAuditReport {
    #[getter]
    fn num_tasks(&self) -> usize {
        self.report.tasks.len()
    }

    #[getter]
    fn num_failed(&self) -> usize {
        self.report.num_failed()
    }

    #[getter]
    fn num_warned(&self) -> usize {
        self.report.num_warned()
    }

    /// The report as a dict.
    fn to_dict<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        json_to_py(py, &self.report.to_json())
    }

    fn to_markdown(&self) -> String {
        self.report.to_markdown()
    }

    /// Every code: (code, class, meaning).
    #[classattr]
    #[pyo3(name = "codes")]
    fn codes() -> Vec<(&'static str, &'static str, &'static str)> {
        finqa_policy::audit::CODES
            .iter()
            .map(|(code, class, meaning)| (*code, class.name(), *meaning))
            .collect()
    }
}

/// Audits a corpus.
#[pyfunction]
#[pyo3(signature = (corpus, tool_profile="rllm", split=None, max_tasks=None, progress=None))]
fn audit_corpus(
    py: Python<'_>,
    corpus: &PyCorpus,
    tool_profile: &str,
    split: Option<String>,
    max_tasks: Option<usize>,
    progress: Option<Py<PyAny>>,
) -> PyResult<PyAuditReport> {
    let options = AuditOptions {
        tool_profile: ToolProfile::parse(tool_profile).map_err(Error::from)?,
        split,
        max_tasks,
        ..AuditOptions::default()
    };
    let backend = backend()?;
    let mut teller = Teller::new(progress);
    let report = gil::enter(py, || {
        finqa_policy::audit(&corpus.corpus, &backend, &options, &mut |done| {
            teller.tell(done)
        })
    });
    teller.raise()?;
    Ok(PyAuditReport {
        report: report.map_err(Error::from)?,
    })
}
