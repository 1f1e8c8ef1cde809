//! Actions on their way from Python to the workers, without a copy of plain strings.

use finqa_env::{Action, ActionSource};
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::pybacked::PyBackedStr;
use pyo3::types::{PyDict, PyString};

enum Item {
    Text(PyBackedStr),
    Owned(String),
    Structured(String, serde_json::Value),
}

/// One action a slot, owned, readable from any thread.
pub(crate) struct Actions {
    items: Vec<Item>,
    length_limited: Vec<bool>,
}

impl ActionSource for Actions {
    fn action(&self, index: usize) -> (Action<'_>, bool) {
        let limited = self.length_limited.get(index).copied().unwrap_or(false);
        match &self.items[index] {
            Item::Text(text) => (Action::Text(text), limited),
            Item::Owned(text) => (Action::Text(text), limited),
            Item::Structured(text, calls) => (Action::Structured(text, calls), limited),
        }
    }
}

impl Actions {
    /// Reads a sequence of `str` (raw assistant text) and `dict` (OpenAI assistant messages).
    pub(crate) fn extract(
        actions: &Bound<'_, PyAny>,
        finish_reasons: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Self> {
        if actions.is_instance_of::<PyString>() {
            return Err(PyTypeError::new_err(
                "actions is one str; a sequence with one action per env is needed, for example [text]",
            ));
        }
        let mut items = Vec::with_capacity(actions.len().unwrap_or(0));
        for (i, action) in actions.try_iter()?.enumerate() {
            items.push(item(&action?, i)?);
        }
        let mut length_limited = Vec::new();
        if let Some(reasons) = finish_reasons {
            for reason in reasons.try_iter()? {
                let reason = reason?;
                length_limited.push(match reason.cast::<PyString>() {
                    Ok(reason) => reason.to_cow()? == "length",
                    Err(_) => false,
                });
            }
            if length_limited.len() != items.len() {
                return Err(PyValueError::new_err(format!(
                    "finish_reasons has {} entries, actions has {}; one for each action is needed",
                    length_limited.len(),
                    items.len()
                )));
            }
        }
        Ok(Self {
            items,
            length_limited,
        })
    }

    pub(crate) fn len(&self) -> usize {
        self.items.len()
    }
}

fn item(action: &Bound<'_, PyAny>, index: usize) -> PyResult<Item> {
    if let Ok(text) = action.cast::<PyString>() {
        if let Ok(text) = PyBackedStr::try_from(text.clone()) {
            return Ok(Item::Text(text));
        }
        // Lone surrogates have no UTF-8 form; a model that emits them made a mistake, we did not.
        let replaced = text.call_method1("encode", ("utf-8", "replace"))?;
        let replaced: Vec<u8> = replaced.extract()?;
        return Ok(Item::Owned(String::from_utf8_lossy(&replaced).into_owned()));
    }
    if let Ok(message) = action.cast::<PyDict>() {
        let content = match message.get_item("content")? {
            Some(content) if !content.is_none() => content.extract::<String>()?,
            _ => String::new(),
        };
        let calls = match message.get_item("tool_calls")? {
            Some(calls) if !calls.is_none() => {
                let json: String = action
                    .py()
                    .import("json")?
                    .call_method1("dumps", (calls,))?
                    .extract()?;
                serde_json::from_str(&json).map_err(|e| {
                    PyValueError::new_err(format!("actions[{index}]['tool_calls'] is no JSON: {e}"))
                })?
            }
            _ => return Ok(Item::Owned(content)),
        };
        return Ok(Item::Structured(content, calls));
    }
    Err(PyTypeError::new_err(format!(
        "actions[{index}] is of type {}; str (assistant text) or dict (assistant message with \
         \"content\" and \"tool_calls\") is needed",
        action.get_type().name()?
    )))
}
