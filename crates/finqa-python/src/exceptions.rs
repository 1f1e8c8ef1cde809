//! Exceptions, and the only place where errors of the engine become them.

use pyo3::create_exception;
use pyo3::exceptions::{
    PyException, PyFileNotFoundError, PyOSError, PyPermissionError, PyValueError,
};
use pyo3::prelude::*;

create_exception!(
    finqa_gym,
    FinqaError,
    PyException,
    "Base of every exception that finqa-gym defines."
);
create_exception!(
    finqa_gym,
    DataError,
    FinqaError,
    "A file or a corpus that cannot be used as it is."
);
create_exception!(
    finqa_gym,
    NotFoundError,
    FinqaError,
    "A company, task or split that does not exist."
);
create_exception!(
    finqa_gym,
    BackendError,
    FinqaError,
    "A failure inside the SQL engine that is no mistake of a policy."
);
create_exception!(
    finqa_gym,
    ToolCallError,
    FinqaError,
    "A tool called directly from Python refused its input; `code` holds the stable name of the mistake."
);
create_exception!(finqa_gym, EnvError, FinqaError, "Misuse of an environment.");
create_exception!(
    finqa_gym,
    ResetNeededError,
    EnvError,
    "A step before reset, or of an episode that is over."
);
create_exception!(
    finqa_gym,
    AlreadyPendingCallError,
    EnvError,
    "An action is still under way."
);
create_exception!(
    finqa_gym,
    ClosedEnvError,
    EnvError,
    "The environment was closed."
);
create_exception!(
    finqa_gym,
    ForkedProcessError,
    EnvError,
    "The environment was made in another process."
);
create_exception!(
    finqa_gym,
    QueryError,
    FinqaError,
    "SQL over runs that is wrong, is not allowed or went over a limit; `code` holds the stable name of the reason."
);
create_exception!(
    finqa_gym,
    FeatureNotBuiltError,
    FinqaError,
    "This build leaves out what was asked for; the text says how to get it."
);

pub(crate) fn register(m: &Bound<'_, PyModule>) -> PyResult<()> {
    let py = m.py();
    m.add("FinqaError", py.get_type::<FinqaError>())?;
    m.add("DataError", py.get_type::<DataError>())?;
    m.add("NotFoundError", py.get_type::<NotFoundError>())?;
    m.add("BackendError", py.get_type::<BackendError>())?;
    m.add("ToolCallError", py.get_type::<ToolCallError>())?;
    m.add("EnvError", py.get_type::<EnvError>())?;
    m.add("ResetNeededError", py.get_type::<ResetNeededError>())?;
    m.add(
        "AlreadyPendingCallError",
        py.get_type::<AlreadyPendingCallError>(),
    )?;
    m.add("ClosedEnvError", py.get_type::<ClosedEnvError>())?;
    m.add("ForkedProcessError", py.get_type::<ForkedProcessError>())?;
    m.add("QueryError", py.get_type::<QueryError>())?;
    m.add(
        "FeatureNotBuiltError",
        py.get_type::<FeatureNotBuiltError>(),
    )?;
    Ok(())
}

/// Errors of every crate below, on their way to Python.
#[derive(Debug)]
pub(crate) enum Error {
    Env(finqa_env::Error),
    Core(finqa_core::Error),
    Data(finqa_data::DataError),
    Tool(finqa_core::ToolError),
}

impl From<finqa_env::Error> for Error {
    fn from(e: finqa_env::Error) -> Self {
        Self::Env(e)
    }
}

impl From<finqa_core::Error> for Error {
    fn from(e: finqa_core::Error) -> Self {
        Self::Core(e)
    }
}

impl From<finqa_data::DataError> for Error {
    fn from(e: finqa_data::DataError) -> Self {
        Self::Data(e)
    }
}

impl From<finqa_core::ToolError> for Error {
    fn from(e: finqa_core::ToolError) -> Self {
        Self::Tool(e)
    }
}

impl From<Error> for PyErr {
    fn from(error: Error) -> Self {
        match error {
            Error::Env(finqa_env::Error::Core(e)) | Error::Core(e) => core_error(&e),
            Error::Env(e) => env_error(&e),
            Error::Data(e) => data_error(&e),
            Error::Tool(e) => {
                let error = ToolCallError::new_err(e.message.clone());
                Python::attach(|py| {
                    // Setting an attribute on a fresh exception object cannot fail in a way worth reporting.
                    let _ = error.value(py).setattr("code", e.code.name());
                });
                error
            }
        }
    }
}

/// `what` needs the Cargo feature `feature`.
#[cfg(not(feature = "datafusion"))]
pub(crate) fn feature_not_built(what: &str, feature: &str) -> PyErr {
    FeatureNotBuiltError::new_err(format!(
        "{what} needs {feature}, which this build leaves out; in a checkout, `make build FEATURES={feature}` compiles \
         it, and the released wheels have it (pip install --only-binary :all: finqa-gym)"
    ))
}

#[cfg(feature = "datafusion")]
pub(crate) fn query_error(e: &finqa_datafusion::query::QueryError) -> PyErr {
    use finqa_datafusion::query::QueryError as Failed;
    let text = e.to_string();
    match e {
        Failed::Data(e) => data_error(e),
        Failed::SameName { .. } => PyValueError::new_err(text),
        _ => {
            let error = QueryError::new_err(text);
            Python::attach(|py| {
                // Setting an attribute on a fresh exception object cannot fail in a way worth reporting.
                let _ = error.value(py).setattr("code", e.code());
            });
            error
        }
    }
}

fn core_error(e: &finqa_core::Error) -> PyErr {
    let text = e.to_string();
    match e {
        finqa_core::Error::UnknownCompany { .. }
        | finqa_core::Error::UnknownTask { .. }
        | finqa_core::Error::UnknownSplit { .. } => NotFoundError::new_err(text),
        finqa_core::Error::BadTable { .. } | finqa_core::Error::BrokenSource { .. } => {
            DataError::new_err(text)
        }
        finqa_core::Error::Backend(_) => BackendError::new_err(text),
        _ => PyValueError::new_err(text),
    }
}

fn env_error(e: &finqa_env::Error) -> PyErr {
    let text = e.to_string();
    match e {
        finqa_env::Error::ResetNeeded { .. } | finqa_env::Error::EpisodeOver { .. } => {
            ResetNeededError::new_err(text)
        }
        finqa_env::Error::AlreadyPending { .. } => AlreadyPendingCallError::new_err(text),
        finqa_env::Error::Recording(_) => PyOSError::new_err(text),
        finqa_env::Error::Closed => ClosedEnvError::new_err(text),
        finqa_env::Error::Forked { .. } => ForkedProcessError::new_err(text),
        _ => PyValueError::new_err(text),
    }
}

fn data_error(e: &finqa_data::DataError) -> PyErr {
    let text = e.to_string();
    let kind = match e {
        finqa_data::DataError::Io { source, .. } => Some(source.kind()),
        _ => None,
    };
    match kind {
        Some(std::io::ErrorKind::NotFound) => PyFileNotFoundError::new_err(text),
        Some(std::io::ErrorKind::PermissionDenied) => PyPermissionError::new_err(text),
        _ => DataError::new_err(text),
    }
}
