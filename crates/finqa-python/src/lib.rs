//! `finqa_gym._native`: the Python face of the engine.
//!
//! Everything here converts, releases the interpreter lock and maps errors; behaviour lives in the other crates.

use pyo3::prelude::*;

/// The extension module that `finqa_gym` re-exports; users import from `finqa_gym`, not from here.
#[pymodule(name = "_native")]
mod native {
    use pyo3::exceptions::PyRuntimeError;
    use pyo3::prelude::*;
    use pyo3::types::{PyDict, PyModule};
    use rusqlite::Connection;

    /// What this binary was built from.
    ///
    /// # Errors
    /// `RuntimeError` if the bundled SQLite cannot open an in-memory database.
    #[pyfunction]
    fn build_info(py: Python<'_>) -> PyResult<Bound<'_, PyDict>> {
        let options = compile_options().map_err(|error| {
            PyRuntimeError::new_err(format!(
                "build_info: SQLite could not list its compile options: {error}"
            ))
        })?;
        let info = PyDict::new(py);
        info.set_item("version", env!("CARGO_PKG_VERSION"))?;
        info.set_item(
            "profile",
            if cfg!(debug_assertions) {
                "dev"
            } else {
                "release"
            },
        )?;
        info.set_item("sqlite_version", rusqlite::version())?;
        info.set_item("sqlite_compile_options", options)?;
        Ok(info)
    }

    fn compile_options() -> rusqlite::Result<Vec<String>> {
        let connection = Connection::open_in_memory()?;
        let mut statement = connection.prepare("PRAGMA compile_options")?;
        statement.query_map([], |row| row.get(0))?.collect()
    }

    #[pymodule_init]
    fn init(module: &Bound<'_, PyModule>) -> PyResult<()> {
        module.add("__version__", env!("CARGO_PKG_VERSION"))
    }
}
