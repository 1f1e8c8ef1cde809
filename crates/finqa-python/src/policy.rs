//! Scripted policies.

use std::sync::{Mutex, PoisonError};

use finqa_policy::{PolicyKind, ScriptedPolicy};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::pybacked::PyBackedStr;

use crate::env::PyVectorEnv;
use crate::exceptions::Error;
use crate::gil;

/// A script that drives the slots of an environment.
#[pyclass(name = "ScriptedPolicy", module = "finqa_gym._native", frozen)]
pub(crate) struct PyScriptedPolicy {
    policy: Mutex<ScriptedPolicy>,
}

#[pymethods]
impl PyScriptedPolicy {
    #[new]
    fn new(kind: &str, env: &Bound<'_, PyVectorEnv>, seed: u64) -> PyResult<Self> {
        let kind = PolicyKind::parse(kind).map_err(Error::from)?;
        let ctx = env.get().env.context();
        let policy = ScriptedPolicy::new(
            kind,
            std::sync::Arc::clone(&ctx.corpus),
            ctx.toolbox.clone(),
            ctx.config.num_envs,
            seed,
        );
        Ok(Self {
            policy: Mutex::new(policy),
        })
    }

    /// Slots `env_ids` start episodes of `task_indices`.
    fn reset(&self, py: Python<'_>, env_ids: Vec<u32>, task_indices: Vec<u32>) -> PyResult<()> {
        let done = gil::enter(py, || {
            let mut policy = self.policy.lock().unwrap_or_else(PoisonError::into_inner);
            env_ids
                .into_iter()
                .zip(task_indices)
                .try_for_each(|(slot, task)| policy.reset(slot as usize, task))
        });
        Ok(done.map_err(Error::from)?)
    }

    /// The next messages of `env_ids` after `observations`.
    fn act(
        &self,
        py: Python<'_>,
        env_ids: Vec<u32>,
        observations: Vec<PyBackedStr>,
    ) -> PyResult<Vec<String>> {
        if env_ids.len() != observations.len() {
            return Err(PyValueError::new_err(format!(
                "{} observations for {} envs",
                observations.len(),
                env_ids.len()
            )));
        }
        let actions = gil::enter(py, || {
            let mut policy = self.policy.lock().unwrap_or_else(PoisonError::into_inner);
            env_ids
                .iter()
                .zip(&observations)
                .map(|(slot, text)| policy.act(*slot as usize, text))
                .collect::<finqa_core::Result<Vec<_>>>()
        });
        Ok(actions.map_err(Error::from)?)
    }

    /// The courses that the script takes in the episodes of `env_ids`.
    fn variants(&self, env_ids: Vec<u32>) -> PyResult<Vec<&'static str>> {
        let policy = self.policy.lock().unwrap_or_else(PoisonError::into_inner);
        let variants: finqa_core::Result<Vec<_>> = env_ids
            .iter()
            .map(|slot| policy.variant(*slot as usize))
            .collect();
        Ok(variants.map_err(Error::from)?)
    }
}
