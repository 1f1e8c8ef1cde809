//! A build without DataFusion.

use std::path::{Path, PathBuf};

use pyo3::prelude::*;

use crate::corpus::PyCorpus;
use crate::exceptions::feature_not_built;

pub(super) fn ingest(
    _: Python<'_>,
    _: &[PathBuf],
    _: &Path,
    _: &str,
    _: Option<&Py<PyAny>>,
) -> PyResult<String> {
    Err(feature_not_built("finqa_gym.data.ingest", "datafusion"))
}

pub(super) fn mine(
    _: Python<'_>,
    _: &PyCorpus,
    _: &str,
    _: String,
) -> PyResult<(PyCorpus, String)> {
    Err(feature_not_built("finqa_gym.data.mine", "datafusion"))
}

pub(super) fn kinds() -> PyResult<Vec<&'static str>> {
    Err(feature_not_built("finqa_gym.data.mine", "datafusion"))
}
