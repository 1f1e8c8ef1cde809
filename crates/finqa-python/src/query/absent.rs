//! A build without DataFusion.

use std::path::{Path, PathBuf};
use std::time::Duration;

use pyo3::prelude::*;
use pyo3::types::{PyCapsule, PyDict, PyList};

use super::RelationTuple;
use crate::exceptions::feature_not_built;

/// There are none.
pub(super) enum Rows {}

impl Rows {
    pub(super) fn num_rows(&self) -> usize {
        match *self {}
    }

    pub(super) fn columns(&self) -> Vec<(String, String)> {
        match *self {}
    }

    pub(super) fn rows<'py>(
        &self,
        _: Python<'py>,
        _: usize,
        _: usize,
    ) -> PyResult<Bound<'py, PyList>> {
        match *self {}
    }

    pub(super) fn to_dict<'py>(&self, _: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        match *self {}
    }

    pub(super) fn write_parquet(&self, _: Python<'_>, _: &Path) -> PyResult<()> {
        match *self {}
    }

    pub(super) fn capsule<'py>(&self, _: Python<'py>) -> PyResult<Bound<'py, PyCapsule>> {
        match *self {}
    }
}

pub(super) fn run(
    _: Python<'_>,
    _: &str,
    _: Vec<(Option<String>, PathBuf)>,
    _: usize,
    _: Option<Duration>,
    _: Option<usize>,
) -> PyResult<Rows> {
    Err(feature_not_built("finqa_gym.query", "datafusion"))
}

pub(super) fn relations(_: Python<'_>) -> PyResult<Vec<RelationTuple>> {
    Err(feature_not_built("finqa_gym.analytics", "datafusion"))
}
