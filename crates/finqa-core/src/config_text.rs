//! Configuration that people write: JSON or YAML text, read strictly.

use serde::de::DeserializeOwned;

use crate::error::{Error, Result};

/// Reads JSON; errors start with `what`, the kind of thing that is read.
pub(crate) fn json<T: DeserializeOwned>(what: &str, text: &str) -> Result<T> {
    serde_json::from_str(text).map_err(|e| refused(what, &e.to_string()))
}

/// Reads YAML. Scalars keep their digits: `value: 0.0460` is the text "0.0460" where a text is wanted.
pub(crate) fn yaml<T: DeserializeOwned>(what: &str, text: &str) -> Result<T> {
    // The message names line and column; the lines around them would make it several lines long.
    let options = serde_saphyr::options! { with_snippet: false };
    serde_saphyr::from_str_with_options(text, options).map_err(|e| refused(what, &e.to_string()))
}

/// An error that says once what is read.
fn refused(what: &str, error: &str) -> Error {
    let is_named = error.starts_with(what);
    Error::InvalidConfig(if is_named {
        error.to_owned()
    } else {
        format!("{what}: {error}")
    })
}
