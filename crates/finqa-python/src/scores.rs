//! Scores of episodes as NumPy arrays and dicts, and the names behind their codes.

use finqa_core::behaviour::{
    Check, EpisodeScore, Failure, Flag, REASONS, RewardConfig, Set, WrongAnswer, criteria_of,
    reason_code,
};
use finqa_core::rubric::{CriterionScore, Dimension, RubricFile};
use finqa_core::task::Task;
use finqa_env::vector::Row;
use numpy::{Element, PyArray1, PyArray2, PyArrayMethods};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyString};

use crate::exceptions::Error;

/// A criterion of a task: id, dimension, kind, weight.
pub(crate) type CriterionTuple = (String, &'static str, &'static str, f64);

/// The criteria of a task, in the order of `EpisodeScore::criteria`.
pub(crate) fn criteria(task: &Task) -> Vec<CriterionTuple> {
    let criteria = criteria_of(task).into_iter();
    criteria
        .map(|c| (c.id.to_owned(), c.dim.name(), c.kind, c.weight))
        .collect()
}

/// A column of infos.
type Column<'py> = (&'static str, Bound<'py, PyAny>);

/// The columns of `rows`: numbers of the episodes that ended in this step; NaN, False or -1 in the other rows.
pub(crate) fn columns<'py>(
    py: Python<'py>,
    rows: &[Row],
    max_criteria: usize,
) -> PyResult<Vec<Column<'py>>> {
    let scores = Scores { py, rows };
    let mut columns = vec![
        ("outcome", scores.one(f32::NAN, |s| s.outcome as f32)),
        ("is_correct", scores.one(false, |s| s.is_correct)),
        (
            "process",
            scores.one(f32::NAN, |s| s.process.map_or(f32::NAN, |p| p as f32)),
        ),
        (
            "failure",
            scores.one(-1_i8, |s| s.failure.map_or(-1, |f| f as i8)),
        ),
        ("wrong_answer", scores.one(-1_i8, |s| s.wrong_answer as i8)),
        ("flags", scores.set(Flag::COUNT, |s| s.flags)?),
        ("failures", scores.set(Failure::COUNT, |s| s.failures)?),
        (
            "dimension_score",
            scores.many(Dimension::SCORED.len(), f32::NAN, |s, out| {
                for (out, dimension) in out.iter_mut().zip(&s.dimensions) {
                    if dimension.applicable {
                        *out = dimension.score as f32;
                    }
                }
            })?,
        ),
    ];
    columns.extend(scores.criteria(
        ["check_score", "check_applicable", "check_reason"],
        Check::COUNT,
        |s| &s.checks,
    )?);
    columns.extend(scores.criteria(
        [
            "criterion_score",
            "criterion_applicable",
            "criterion_reason",
        ],
        max_criteria,
        |s| &s.criteria,
    )?);
    Ok(columns)
}

struct Scores<'a, 'py> {
    py: Python<'py>,
    rows: &'a [Row],
}

impl<'py> Scores<'_, 'py> {
    /// An array (n,).
    fn one<T: Element + Copy>(
        &self,
        none: T,
        value: impl Fn(&EpisodeScore) -> T,
    ) -> Bound<'py, PyAny> {
        let values = self
            .rows
            .iter()
            .map(|row| row.score.as_deref().map_or(none, &value));
        PyArray1::from_iter(self.py, values).into_any()
    }

    /// An array (n, width): `fill` gets the place of an episode that ended, full of `none`.
    fn many<T: Element + Copy>(
        &self,
        width: usize,
        none: T,
        fill: impl Fn(&EpisodeScore, &mut [T]),
    ) -> PyResult<Bound<'py, PyAny>> {
        let array = PyArray2::zeros(self.py, [self.rows.len(), width], false);
        if width > 0 {
            let mut values = array.readwrite();
            let values = values.as_slice_mut()?;
            values.fill(none);
            for (row, out) in self.rows.iter().zip(values.chunks_exact_mut(width)) {
                if let Some(score) = &row.score {
                    fill(score, out);
                }
            }
        }
        Ok(array.into_any())
    }

    fn set(&self, width: usize, set: fn(&EpisodeScore) -> Set) -> PyResult<Bound<'py, PyAny>> {
        self.many(width, false, |score, out| {
            for (i, out) in out.iter_mut().enumerate() {
                *out = set(score) >> i & 1 == 1;
            }
        })
    }

    /// The columns score, applicable and reason of criteria.
    fn criteria(
        &self,
        [score, applicable, reason]: [&'static str; 3],
        width: usize,
        criteria: fn(&EpisodeScore) -> &[CriterionScore],
    ) -> PyResult<[Column<'py>; 3]> {
        let scores = self.many(width, f32::NAN, |s, out| {
            for (out, c) in out.iter_mut().zip(criteria(s)) {
                if c.applicable {
                    *out = c.score as f32;
                }
            }
        })?;
        let apply = self.many(width, false, |s, out| {
            for (out, c) in out.iter_mut().zip(criteria(s)) {
                *out = c.applicable;
            }
        })?;
        let reasons = self.many(width, -1_i16, |s, out| {
            for (out, c) in out.iter_mut().zip(criteria(s)) {
                *out = reason_code(c.reason) as i16;
            }
        })?;
        Ok([(score, scores), (applicable, apply), (reason, reasons)])
    }
}

/// Sets `columns` in `infos`.
pub(crate) fn set_columns(infos: &Bound<'_, PyDict>, columns: &[Column<'_>]) -> PyResult<()> {
    for (name, array) in columns {
        infos.set_item(PyString::intern(infos.py(), name), array)?;
    }
    Ok(())
}

/// Puts what an episode came to into the dict of `VectorEnv.episode`; `criteria` are those of its task.
pub(crate) fn describe(
    dict: &Bound<'_, PyDict>,
    score: Option<&EpisodeScore>,
    criteria: &[CriterionTuple],
) -> PyResult<()> {
    let py = dict.py();
    dict.set_item("outcome", score.map(|s| s.outcome))?;
    dict.set_item("reward", score.map(|s| s.reward))?;
    dict.set_item("process", score.and_then(|s| s.process))?;
    dict.set_item("failure", score.and_then(|s| s.failure).map(Failure::name))?;
    dict.set_item("wrong_answer", score.map(|s| s.wrong_answer.name()))?;
    let failures: Vec<&str> = Failure::ALL
        .iter()
        .filter(|f| score.is_some_and(|s| s.shows(**f)))
        .map(|f| f.name())
        .collect();
    dict.set_item("failures", failures)?;
    let (flags, checks, rubric) = (PyDict::new(py), PyDict::new(py), PyDict::new(py));
    if let Some(score) = score {
        for flag in Flag::ALL {
            flags.set_item(flag.name(), score.has(*flag))?;
        }
        for (check, reached) in Check::ALL.iter().zip(&score.checks) {
            checks.set_item(check.name(), criterion(py, reached)?)?;
        }
        for ((id, dim, _, weight), reached) in criteria.iter().zip(&score.criteria) {
            let entry = criterion(py, reached)?;
            entry.set_item("dim", dim)?;
            entry.set_item("weight", weight)?;
            rubric.set_item(id, entry)?;
        }
    }
    dict.set_item("flags", flags)?;
    dict.set_item("checks", checks)?;
    dict.set_item("criteria", rubric)
}

/// Score (None where it does not apply) and reason.
fn criterion<'py>(py: Python<'py>, reached: &CriterionScore) -> PyResult<Bound<'py, PyDict>> {
    let entry = PyDict::new(py);
    entry.set_item("score", reached.applicable.then_some(reached.score))?;
    entry.set_item("reason", reached.reason)?;
    Ok(entry)
}

/// The names behind the columns, by kind: pairs of name and meaning, in the order of the codes.
#[pyfunction]
fn score_names(py: Python<'_>) -> PyResult<Bound<'_, PyDict>> {
    let names = PyDict::new(py);
    let dimensions: Vec<_> = Dimension::SCORED
        .iter()
        .map(|d| (d.name(), d.meaning()))
        .collect();
    names.set_item("dimensions", dimensions)?;
    let checks: Vec<_> = Check::ALL.iter().map(|c| (c.name(), c.meaning())).collect();
    names.set_item("checks", checks)?;
    let flags: Vec<_> = Flag::ALL.iter().map(|f| (f.name(), f.meaning())).collect();
    names.set_item("flags", flags)?;
    let failures: Vec<_> = Failure::ALL
        .iter()
        .map(|f| (f.name(), f.meaning()))
        .collect();
    names.set_item("failures", failures)?;
    let wrong: Vec<_> = WrongAnswer::ALL
        .iter()
        .map(|w| (w.name(), w.meaning()))
        .collect();
    names.set_item("wrong_answers", wrong)?;
    names.set_item("reasons", REASONS.to_vec())?;
    Ok(names)
}

/// Reads a reward configuration, "json" or "yaml" text: the same with every field, as JSON.
#[pyfunction]
fn read_reward(text: &str, form: &str) -> PyResult<String> {
    let config = reward(text, form)?;
    serde_json::to_string(&config).map_err(|e| PyValueError::new_err(e.to_string()))
}

pub(crate) fn reward(text: &str, form: &str) -> PyResult<RewardConfig> {
    let config = match form {
        "yaml" => RewardConfig::from_yaml(text),
        _ => RewardConfig::from_json(text),
    };
    Ok(config.map_err(Error::from)?)
}

/// Reads a file of rubrics, "json" or "yaml" text.
pub(crate) fn rubrics(text: &str, form: &str) -> PyResult<RubricFile> {
    let file = match form {
        "yaml" => RubricFile::from_yaml(text),
        _ => RubricFile::from_json(text),
    };
    Ok(file.map_err(Error::from)?)
}

/// Refuses a text, "json" or "yaml", that is no file of rubrics.
#[pyfunction]
fn check_rubrics(text: &str, form: &str) -> PyResult<()> {
    rubrics(text, form).map(drop)
}

/// Rewards of submissions under a reward configuration (JSON), one for each outcome.
#[pyfunction]
fn rewards(
    config: &str,
    outcomes: Vec<f64>,
    is_correct: Vec<bool>,
    process: Vec<f64>,
) -> PyResult<Vec<f64>> {
    let config = reward(config, "json")?;
    let rows = outcomes.iter().zip(is_correct).zip(process);
    Ok(rows
        .map(|((outcome, is_correct), process)| config.reward(*outcome, is_correct, Some(process)))
        .collect())
}

pub(crate) fn register(m: &Bound<'_, PyModule>) -> PyResult<()> {
    m.add_function(wrap_pyfunction!(score_names, m)?)?;
    m.add_function(wrap_pyfunction!(read_reward, m)?)?;
    m.add_function(wrap_pyfunction!(check_rubrics, m)?)?;
    m.add_function(wrap_pyfunction!(rewards, m)?)
}
