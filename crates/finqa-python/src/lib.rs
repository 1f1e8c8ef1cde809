//! Python bindings of finqa-gym: the native module `finqa_gym._native`.
//!
//! Thin on purpose: convert, call the engine through the one door that releases the GIL ([`gil`]), convert back.
//! The classes here are wrapped by pure Python ones, which carry the documentation that users read.
#![deny(unsafe_code)]
#![expect(
    clippy::needless_pass_by_value,
    reason = "PyO3 hands arguments over by value; a reference would only hide that"
)]

mod actions;
mod chats;
mod convert;
mod corpus;
mod env;
mod exceptions;
mod export;
mod filings;
mod gil;
mod options;
mod policy;
mod query;
mod scores;
mod scoring;
mod statistics;
mod traces;
mod trajectories;

use finqa_core::sql::SqlBackend as _;
use pyo3::prelude::*;
use pyo3::types::PyDict;

/// How this extension was built.
#[pyfunction]
fn build_info(py: Python<'_>) -> PyResult<Bound<'_, PyDict>> {
    let info = PyDict::new(py);
    info.set_item("version", env!("CARGO_PKG_VERSION"))?;
    info.set_item(
        "profile",
        if cfg!(debug_assertions) {
            "debug"
        } else {
            "release"
        },
    )?;
    info.set_item(
        "target",
        format!("{}-{}", std::env::consts::ARCH, std::env::consts::OS),
    )?;
    info.set_item("features", query::FEATURES)?;
    let backend = finqa_sqlite::SqliteBackend::new(finqa_sqlite::BackendConfig::default());
    info.set_item(
        "sqlite",
        backend.map_err(exceptions::Error::from)?.version(),
    )?;
    info.set_item(
        "sqlite_options",
        finqa_sqlite::build_options().map_err(exceptions::Error::from)?,
    )?;
    info.set_item("scoring", finqa_core::trajectory::SCORING_VERSION)?;
    info.set_item(
        "sqlite_warnings",
        finqa_sqlite::check_build().map_err(exceptions::Error::from)?,
    )?;
    Ok(info)
}

#[pymodule]
fn _native(m: &Bound<'_, PyModule>) -> PyResult<()> {
    m.add("__version__", env!("CARGO_PKG_VERSION"))?;
    m.add_function(wrap_pyfunction!(build_info, m)?)?;
    exceptions::register(m)?;
    m.add_class::<corpus::PyCorpus>()?;
    m.add_function(wrap_pyfunction!(corpus::synth_preset, m)?)?;
    m.add_function(wrap_pyfunction!(corpus::check_synth_config, m)?)?;
    m.add_function(wrap_pyfunction!(corpus::is_evaluation_split, m)?)?;
    m.add_class::<env::PyVectorEnv>()?;
    m.add_class::<env::PyTurns>()?;
    m.add_class::<policy::PyScriptedPolicy>()?;
    m.add_class::<trajectories::PyRun>()?;
    m.add_function(wrap_pyfunction!(trajectories::write_run, m)?)?;
    m.add_function(wrap_pyfunction!(chats::write_chats, m)?)?;
    export::register(m)?;
    filings::register(m)?;
    scores::register(m)?;
    query::register(m)?;
    scoring::register(m)?;
    traces::register(m)?;
    statistics::register(m)?;
    Ok(())
}
