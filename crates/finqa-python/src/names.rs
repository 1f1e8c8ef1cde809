//! The stable names of behaviour, with what each means: reports show both.

use finqa_core::behaviour::{Check, Failure, Flag, WrongAnswer};
use finqa_core::rubric::Dimension;
use pyo3::prelude::*;
use pyo3::types::PyDict;

type Names = Vec<(&'static str, &'static str)>;

/// Names and meanings in the order that is part of the format, by kind.
#[pyfunction]
fn behaviour_names(py: Python<'_>) -> PyResult<Bound<'_, PyDict>> {
    macro_rules! named {
        ($type:ident) => {
            $type::ALL
                .iter()
                .map(|known| (known.name(), known.meaning()))
                .collect::<Names>()
        };
    }
    let names = PyDict::new(py);
    names.set_item("checks", named!(Check))?;
    names.set_item("flags", named!(Flag))?;
    names.set_item("failures", named!(Failure))?;
    names.set_item("wrong_answers", named!(WrongAnswer))?;
    let dimensions: Vec<_> = Dimension::SCORED.iter().map(|d| d.name()).collect();
    names.set_item("dimensions", dimensions)?;
    Ok(names)
}

pub(crate) fn register(m: &Bound<'_, PyModule>) -> PyResult<()> {
    m.add_function(wrap_pyfunction!(behaviour_names, m)?)
}
