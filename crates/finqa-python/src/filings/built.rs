//! A build with DataFusion.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use finqa_core::{Corpus, CorpusInfo};
use finqa_datafusion::facts::{self, FactsError, IngestOptions, Mapping};
use finqa_datafusion::mining::{self, MineOptions};
use pyo3::exceptions::{PyMemoryError, PyValueError};
use pyo3::prelude::*;
use serde_json::Value as Json;

use super::{cancelled, tell};
use crate::corpus::PyCorpus;
use crate::exceptions::{BackendError, Error, NotFoundError};
use crate::gil;

pub(super) fn ingest(
    py: Python<'_>,
    sources: &[PathBuf],
    target: &Path,
    options: &str,
    progress: Option<&Py<PyAny>>,
) -> PyResult<String> {
    let options = ingest_options(options)?;
    let mut raised = None;
    let done = gil::enter(py, || {
        facts::ingest(sources, target, &options, &mut |seen| {
            let told = (
                seen.rows,
                seen.companies,
                seen.companies_total,
                seen.elapsed.as_secs_f64(),
            );
            tell(progress, told, &mut raised)
        })
    });
    if let Some(error) = raised {
        return Err(error);
    }
    let report = done.map_err(failed)?;
    serde_json::to_string(&report).map_err(|e| PyValueError::new_err(e.to_string()))
}

pub(super) fn mine(
    py: Python<'_>,
    corpus: &PyCorpus,
    options: &str,
    name: String,
) -> PyResult<(PyCorpus, String)> {
    let options = mine_options(options)?;
    let mut raised = None;
    let done = gil::enter(py, || {
        let (tasks, report) = mining::mine(&corpus.corpus, &options, &mut || {
            tell(None, (), &mut raised)
        })?;
        let stored = corpus
            .corpus
            .stored()
            .map_err(|e| FactsError::Invalid(e.to_string()))?;
        let info = CorpusInfo {
            name,
            ..corpus.corpus.info().clone()
        };
        let tasks = tasks.into_iter().map(Arc::new).collect();
        let companies = stored.companies().to_vec();
        let mined = Corpus::from_shared(info, companies, tasks)
            .map_err(|e| FactsError::Invalid(e.to_string()))?;
        // The hash is of what is now in it.
        let all: Vec<u32> = (0..mined.num_tasks() as u32).collect();
        let mined =
            finqa_data::select(&mined, &all, "").map_err(|e| FactsError::Invalid(e.to_string()))?;
        Ok((mined, report))
    });
    if let Some(error) = raised {
        return Err(error);
    }
    let (mined, report) = done.map_err(failed)?;
    let report =
        serde_json::to_string(&report).map_err(|e| PyValueError::new_err(e.to_string()))?;
    Ok((PyCorpus::of(mined), report))
}

#[expect(
    clippy::unnecessary_wraps,
    reason = "builds without DataFusion have no kinds"
)]
pub(super) fn kinds() -> PyResult<Vec<&'static str>> {
    Ok(mining::KINDS.to_vec())
}

fn object(options: &str) -> PyResult<serde_json::Map<String, Json>> {
    match serde_json::from_str(options) {
        Ok(Json::Object(object)) => Ok(object),
        Ok(other) => Err(PyValueError::new_err(format!(
            "options are {other}, no JSON object"
        ))),
        Err(e) => Err(PyValueError::new_err(format!("options: {e}"))),
    }
}

fn texts(value: Option<&Json>) -> Vec<String> {
    let list = value.and_then(Json::as_array).into_iter().flatten();
    list.filter_map(|text| text.as_str().map(str::to_owned))
        .collect()
}

fn ingest_options(options: &str) -> PyResult<IngestOptions> {
    let given = object(options)?;
    let default = IngestOptions::default();
    let mapping = match given.get("columns") {
        None | Some(Json::Null) => None,
        Some(columns) => Some(Mapping::from_json(&columns.to_string()).map_err(failed)?),
    };
    let number = |key: &str| given.get(key).and_then(Json::as_u64);
    Ok(IngestOptions {
        companies: texts(given.get("companies")),
        forms: texts(given.get("forms")),
        min_year: given
            .get("min_year")
            .and_then(Json::as_i64)
            .map(|year| year as i32),
        memory_bytes: number("memory_bytes").map_or(default.memory_bytes, |n| n as usize),
        mapping,
        quarters: given
            .get("quarters")
            .and_then(Json::as_bool)
            .unwrap_or(default.quarters),
        name: given.get("name").and_then(Json::as_str).map(str::to_owned),
        overwrite: given
            .get("overwrite")
            .and_then(Json::as_bool)
            .unwrap_or(false),
        max_examples: number("max_examples").map_or(default.max_examples, |n| n as usize),
    })
}

fn mine_options(options: &str) -> PyResult<MineOptions> {
    let given = object(options)?;
    let default = MineOptions::default();
    let number = |key: &str| given.get(key).and_then(Json::as_u64);
    Ok(MineOptions {
        per_company: number("per_company").map_or(default.per_company, |n| n as u32),
        kinds: texts(given.get("kinds")),
        seed: number("seed").unwrap_or(default.seed),
        split: given
            .get("split")
            .and_then(Json::as_str)
            .map_or(default.split, str::to_owned),
        memory_bytes: number("memory_bytes").map_or(default.memory_bytes, |n| n as usize),
    })
}

fn failed(error: FactsError) -> PyErr {
    let text = error.to_string();
    match error {
        FactsError::Data(error) => Error::from(error).into(),
        FactsError::Memory { .. } => PyMemoryError::new_err(text),
        FactsError::UnknownCompany { .. } => NotFoundError::new_err(text),
        FactsError::Cancelled(target) => cancelled(target),
        FactsError::Stopped(_) | FactsError::Engine(_) => BackendError::new_err(text),
        _ => PyValueError::new_err(text),
    }
}
