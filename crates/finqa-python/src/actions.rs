//! Actions on their way from Python to the workers, without a copy of plain strings.

use finqa_env::{Action, ActionSource, NumTokens};
use pyo3::exceptions::{PyRecursionError, PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::pybacked::PyBackedStr;
use pyo3::types::{PyDict, PyList, PyString, PyTuple};

enum Item {
    Text(PyBackedStr),
    Owned(String),
    Structured(String, serde_json::Value),
}

/// One action a slot, owned, readable from any thread.
pub(crate) struct Actions {
    items: Vec<Item>,
    length_limited: Vec<bool>,
    num_tokens: Vec<NumTokens>,
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

    fn num_tokens(&self, index: usize) -> Option<NumTokens> {
        self.num_tokens.get(index).copied()
    }
}

impl Actions {
    /// Reads a sequence of `str` (raw assistant text) and `dict` (OpenAI assistant messages).
    pub(crate) fn extract(
        actions: &Bound<'_, PyAny>,
        finish_reasons: Option<&Bound<'_, PyAny>>,
        num_tokens: Option<&Bound<'_, PyAny>>,
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
            if reasons.is_instance_of::<PyString>() {
                return Err(PyTypeError::new_err(
                    "finish_reasons is one str; a sequence with one entry per action is needed",
                ));
            }
            for reason in reasons.try_iter()? {
                let reason = reason?;
                length_limited.push(if reason.is_none() {
                    false
                } else if let Ok(reason) = reason.cast::<PyString>() {
                    reason.to_cow()? == "length"
                } else {
                    // Env ids in second place, as other libraries have them, must not pass for reasons.
                    return Err(PyTypeError::new_err(format!(
                        "finish_reasons holds a {}; str or None is needed",
                        reason.get_type().name()?
                    )));
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
        let num_tokens = num_tokens
            .map(|counts| token_counts(counts, items.len()))
            .transpose()?
            .unwrap_or_default();
        Ok(Self {
            items,
            length_limited,
            num_tokens,
        })
    }

    pub(crate) fn len(&self) -> usize {
        self.items.len()
    }
}

/// Reads a sequence of None, completion tokens, or pairs of prompt and completion tokens.
fn token_counts(counts: &Bound<'_, PyAny>, num_actions: usize) -> PyResult<Vec<NumTokens>> {
    let mut out = Vec::with_capacity(num_actions);
    for (i, count) in counts.try_iter()?.enumerate() {
        let count = count?;
        let tokens = if count.is_none() {
            NumTokens::default()
        } else if !count.is_instance_of::<PyTuple>() // a failed extraction costs as much as the rest of an action
            && let Ok(completion) = count.extract::<u32>()
        {
            NumTokens {
                prompt: None,
                completion: Some(completion),
            }
        } else if let Ok((prompt, completion)) = count.extract::<(Option<u32>, Option<u32>)>() {
            NumTokens { prompt, completion }
        } else {
            return Err(PyTypeError::new_err(format!(
                "num_tokens[{i}] is {}; None, the tokens of the message, or (tokens of the prompt, tokens of the \
                 message) are needed",
                count.repr()?
            )));
        };
        out.push(tokens);
    }
    if out.len() == num_actions {
        return Ok(out);
    }
    Err(PyValueError::new_err(format!(
        "num_tokens has {} entries, actions has {num_actions}; one for each action is needed",
        out.len()
    )))
}

/// The text of a `str`. Lone surrogates have no UTF-8 form and become `?`: a model that emits them made a mistake, its
/// trainer did not.
fn utf8(text: &Bound<'_, PyString>) -> PyResult<String> {
    if let Ok(text) = text.to_cow() {
        return Ok(text.into_owned());
    }
    let bytes: Vec<u8> = text
        .call_method1("encode", ("utf-8", "replace"))?
        .extract()?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

fn item(action: &Bound<'_, PyAny>, index: usize) -> PyResult<Item> {
    if let Ok(text) = action.cast::<PyString>() {
        return Ok(match PyBackedStr::try_from(text.clone()) {
            Ok(text) => Item::Text(text),
            Err(_) => Item::Owned(utf8(text)?),
        });
    }
    let Ok(message) = action.cast::<PyDict>() else {
        return Err(PyTypeError::new_err(format!(
            "actions[{index}] is of type {}; str (assistant text) or dict (assistant message with \
             \"content\" and \"tool_calls\") is needed",
            action.get_type().name()?
        )));
    };
    let content = match message.get_item("content")? {
        Some(content) if !content.is_none() => utf8(content.cast::<PyString>().map_err(|_| {
            PyTypeError::new_err(format!(
                "actions[{index}]['content'] is no str; None or a text is needed"
            ))
        })?)?,
        _ => String::new(),
    };
    match message.get_item("tool_calls")? {
        Some(calls) if calls.is_truthy()? => {
            Ok(Item::Structured(content, tool_calls(&calls, index)?))
        }
        // A server without a tool parser, or whose parser found nothing, leaves the calls in the text.
        _ => Ok(Item::Owned(content)),
    }
}

/// In the place of what cannot be written; no JSON, so that it is reported.
const TOO_DEEP: &str = "nested too deeply";

/// OpenAI's `tool_calls` by way of the `json` module. What the JSON of RFC 8259 cannot hold (NaN, numbers beyond a double,
/// deep nesting) is the model's mistake and stays text, whose error the parser of calls reports; what `json` cannot write
/// is the trainer's and raises.
fn tool_calls(calls: &Bound<'_, PyAny>, index: usize) -> PyResult<serde_json::Value> {
    let read = |written: Option<String>| serde_json::from_str(&written?).ok();
    if let Some(calls) = read(json_text(calls, index)?) {
        return Ok(calls);
    }
    let calls = with_arguments_as_text(calls, index)?;
    Ok(read(json_text(&calls, index)?).unwrap_or_else(|| TOO_DEEP.into()))
}

/// Calls whose arguments are texts, as they come from a server: each is then judged by itself, beside its tool's name.
fn with_arguments_as_text<'py>(
    calls: &Bound<'py, PyAny>,
    index: usize,
) -> PyResult<Bound<'py, PyAny>> {
    let Ok(calls) = calls.cast::<PyList>() else {
        return Ok(calls.clone());
    };
    let changed = PyList::empty(calls.py());
    for call in calls {
        changed.append(match call.cast::<PyDict>() {
            Ok(call) => with_text_in_function(call, index)?.into_any(),
            Err(_) => call,
        })?;
    }
    Ok(changed.into_any())
}

fn with_text_in_function<'py>(
    call: &Bound<'py, PyDict>,
    index: usize,
) -> PyResult<Bound<'py, PyDict>> {
    let call = call.copy()?;
    if let Some(function) = call.get_item("function")?
        && let Ok(function) = function.cast::<PyDict>()
        && let Some(arguments) = function.get_item("arguments")?
        && !arguments.is_instance_of::<PyString>()
    {
        let function = function.copy()?;
        let written = json_text(&arguments, index)?;
        function.set_item("arguments", written.as_deref().unwrap_or(TOO_DEEP))?;
        call.set_item("function", function)?;
    }
    Ok(call)
}

/// `json.dumps`; None for nesting beyond what Python's stack holds.
fn json_text(value: &Bound<'_, PyAny>, index: usize) -> PyResult<Option<String>> {
    let py = value.py();
    let options = PyDict::new(py);
    options.set_item("ensure_ascii", false)?;
    match py
        .import("json")?
        .call_method("dumps", (value,), Some(&options))
    {
        Ok(text) => utf8(text.cast::<PyString>()?).map(Some),
        Err(error) if error.is_instance_of::<PyRecursionError>(py) => Ok(None),
        Err(error) => Err(PyTypeError::new_err(format!(
            "actions[{index}]['tool_calls'] cannot be written as JSON: {error}"
        ))),
    }
}
