//! System and task prompts.

use finqa_core::task::Task;
use finqa_core::tool::{ToolKind, ToolProfile, Toolbox};

use crate::config::EnvConfig;

/// The system prompt: the configured one, or the profile's own with the tools' actual names.
pub(crate) fn system_prompt(config: &EnvConfig, tools: &Toolbox) -> String {
    if let Some(text) = &config.system_prompt {
        return text.clone();
    }
    let name = |kind| tools.name_of(kind).unwrap_or("");
    let list = name(ToolKind::ListTables);
    let info = name(ToolKind::TableInfo);
    let sql = name(ToolKind::SqlQuery);
    let submit = name(ToolKind::SubmitAnswer);
    match config.tool_profile {
        ToolProfile::Compact => {
            format!(
                "Answer from the tables. Tools: {}. List, look, query, then answer.",
                tools.names()
            )
        }
        profile => {
            let calculate = match tools.name_of(ToolKind::Calculator) {
                Some(calculator) => format!("Use {calculator} for arithmetic. "),
                None => String::new(),
            };
            let answer = if profile == ToolProfile::Rllm {
                format!(
                    "When you are sure, call {submit}, or write a last message without a tool call that ends in a \
                     line `FINAL ANSWER: <answer>`."
                )
            } else {
                format!("When you are sure, call {submit}.")
            };
            format!(
                "You are a financial analyst. You answer questions about companies from the tables of their annual \
                 reports, which you reach only through tools.\n\
                 Work in this order: {list} to see which tables there are; {info} to read the columns and row labels \
                 of those that matter; {sql} to fetch the cells you need. Table and column names cannot be guessed. \
                 If a call fails, read the error, correct the call and try again. {calculate}\
                 Cells are text as printed: strip currency signs, commas and percent signs; parentheses mean a \
                 negative number and a dash means zero.\n\
                 Never invent a number: if the tables do not hold the answer, say so. Give the answer in the unit \
                 that the question asks for. {answer}"
            )
        }
    }
}

/// The user message: the configured template filled in, or the query as the published data sets word it.
pub(crate) fn task_prompt(config: &EnvConfig, task: &Task) -> String {
    match &config.task_prompt {
        None => task.user_query(),
        Some(template) => fill(template, |name| match name {
            "query" => Some(task.user_query()),
            "question" => Some(task.question.clone()),
            "companies" => Some(task.companies.join(", ")),
            "unit_hint" => Some(task.unit_hint.clone()),
            _ => None,
        }),
    }
}

/// `template` with every `{name}` that `value` knows replaced. One pass: braces in a value stay what they are.
fn fill(template: &str, value: impl Fn(&str) -> Option<String>) -> String {
    let mut out = String::with_capacity(template.len());
    let mut rest = template;
    while let Some(open) = rest.find('{') {
        let (before, after) = rest.split_at(open);
        out.push_str(before);
        let found = after[1..].find(['{', '}']).and_then(|end| {
            let end = end + 1;
            let text = after[end..]
                .starts_with('}')
                .then(|| value(&after[1..end]))?;
            Some((text?, end + 1))
        });
        let taken = if let Some((text, taken)) = found {
            out.push_str(&text);
            taken
        } else {
            out.push('{');
            1
        };
        rest = &after[taken..];
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::fill;

    #[test]
    fn braces_in_values_are_not_filled_again() {
        let value = |name: &str| match name {
            "query" => Some("what is {question}?".to_string()),
            "question" => Some("x".to_string()),
            _ => None,
        };
        for (template, expected) in [
            ("{query} {question}", "what is {question}? x"),
            ("{{question}} {other} {", "{x} {other} {"),
            ("{\"a\": \"{question}\"} }", "{\"a\": \"x\"} }"),
            ("é{question}é", "éxé"),
            ("", ""),
        ] {
            assert_eq!(fill(template, value), expected, "{template}");
        }
    }
}
