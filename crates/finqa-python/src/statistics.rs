//! Statistics of graded episodes as plain functions.

use finqa_core::statistics::{self, Bootstrap, Interval};
use numpy::{PyArray1, PyReadonlyArray1};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

use crate::exceptions::Error;
use crate::gil;

/// (mean, low, high, num_clusters); NaN for an end that there is not.
type IntervalTuple = (f64, f64, f64, usize);

/// (difference, mean_a, mean_b, num_better, num_worse, num_only_a, num_only_b)
type DifferenceTuple = (IntervalTuple, f64, f64, usize, usize, usize, usize);

fn tuple(interval: Interval) -> IntervalTuple {
    (
        interval.mean,
        interval.low.unwrap_or(f64::NAN),
        interval.high.unwrap_or(f64::NAN),
        interval.num_clusters,
    )
}

/// pass@k of each question from its counts; NaN where it cannot be estimated.
#[pyfunction]
fn pass_at_k<'py>(
    py: Python<'py>,
    num_episodes: PyReadonlyArray1<'py, i64>,
    num_correct: PyReadonlyArray1<'py, i64>,
    k: i64,
) -> PyResult<Bound<'py, PyArray1<f64>>> {
    let (episodes, correct) = (num_episodes.as_slice()?, num_correct.as_slice()?);
    if episodes.len() != correct.len() {
        return Err(PyValueError::new_err(format!(
            "{} values of num_episodes for {} of num_correct",
            episodes.len(),
            correct.len()
        )));
    }
    let estimate = |n: i64, c: i64| {
        let [n, c, k] = [n, c, k].map(u32::try_from);
        statistics::pass_at_k(n.ok()?, c.ok()?, k.ok()?)
    };
    let values = episodes.iter().zip(correct);
    Ok(PyArray1::from_iter(
        py,
        values.map(|(&n, &c)| estimate(n, c).unwrap_or(f64::NAN)),
    ))
}

/// Mean of `values` with a percentile interval, clusters resampled.
#[pyfunction]
#[pyo3(signature = (values, clusters=None, resamples=1000, level=0.95, seed=0))]
fn bootstrap_interval(
    py: Python<'_>,
    values: PyReadonlyArray1<'_, f64>,
    clusters: Option<PyReadonlyArray1<'_, i64>>,
    resamples: u32,
    level: f64,
    seed: u64,
) -> PyResult<IntervalTuple> {
    let options = Bootstrap {
        resamples,
        level,
        seed,
    };
    let values = values.as_slice()?;
    let clusters = clusters
        .as_ref()
        .map(PyReadonlyArray1::as_slice)
        .transpose()?;
    let interval = gil::enter(py, || {
        statistics::bootstrap_mean(values, clusters, &options)
    });
    Ok(tuple(interval.map_err(Error::from)?))
}

/// Difference of two runs, question by question.
#[pyfunction]
#[pyo3(signature = (values_a, clusters_a, values_b, clusters_b, resamples=1000, level=0.95, seed=0))]
#[expect(clippy::too_many_arguments, reason = "two samples and the options")]
fn paired_difference(
    py: Python<'_>,
    values_a: PyReadonlyArray1<'_, f64>,
    clusters_a: PyReadonlyArray1<'_, i64>,
    values_b: PyReadonlyArray1<'_, f64>,
    clusters_b: PyReadonlyArray1<'_, i64>,
    resamples: u32,
    level: f64,
    seed: u64,
) -> PyResult<DifferenceTuple> {
    let options = Bootstrap {
        resamples,
        level,
        seed,
    };
    let a = (values_a.as_slice()?, clusters_a.as_slice()?);
    let b = (values_b.as_slice()?, clusters_b.as_slice()?);
    let found = gil::enter(py, || statistics::paired_difference(a, b, &options));
    let d = found.map_err(Error::from)?;
    Ok((
        tuple(d.difference),
        d.mean_a,
        d.mean_b,
        d.num_better,
        d.num_worse,
        d.num_only_a,
        d.num_only_b,
    ))
}

pub(crate) fn register(m: &Bound<'_, PyModule>) -> PyResult<()> {
    m.add_function(wrap_pyfunction!(pass_at_k, m)?)?;
    m.add_function(wrap_pyfunction!(bootstrap_interval, m)?)?;
    m.add_function(wrap_pyfunction!(paired_difference, m)?)?;
    Ok(())
}
