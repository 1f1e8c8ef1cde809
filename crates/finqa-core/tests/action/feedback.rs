//! What a policy reads about a call that did not run.

use finqa_core::Error;
use finqa_core::action::{
    ActionFormat, AttemptStatus, ParseLevel, ParseOptions, parse_action, parse_structured,
};
use serde_json::json;

use super::common::toolbox;

fn only(format: ActionFormat, length_limited: bool, text: &str) -> (AttemptStatus, String) {
    let options = ParseOptions {
        format,
        length_limited,
        ..ParseOptions::default()
    };
    let mut action = parse_action(text, &toolbox(), &options);
    assert_eq!(action.attempts.len(), 1, "{text:?}: {action:?}");
    let attempt = action.attempts.remove(0);
    (attempt.status, attempt.feedback)
}

#[track_caller]
fn says(feedback: &str, parts: &[&str]) {
    for part in parts {
        assert!(feedback.contains(part), "{part:?} is not in {feedback:?}");
    }
    assert!(feedback.chars().count() < 900, "too long: {feedback:?}");
}

#[test]
fn unreadable_json_names_the_place() {
    let text =
        "<tool_call>{\"name\": \"calculator\", \"arguments\": {\"expression\": oops}}</tool_call>";
    let (status, feedback) = only(ActionFormat::Auto, false, text);
    assert_eq!(status, AttemptStatus::InvalidJson);
    let place = format!(
        "character {} of the call",
        text.find("oops").expect("there") + 1
    );
    says(
        &feedback,
        &[
            "text outside of quotes",
            &place,
            "oops}}",
            "<tool_call>\n{\"name\": \"calculator\"",
        ],
    );
}

#[test]
fn an_unclosed_call_says_what_is_missing() {
    let (status, feedback) = only(
        ActionFormat::Hermes,
        false,
        "<tool_call>{\"name\": \"calculator\", \"argum",
    );
    assert_eq!(status, AttemptStatus::Unclosed);
    says(
        &feedback,
        &["not complete", "the string is not closed", "</tool_call>"],
    );
}

#[test]
fn a_cut_message_is_told_so() {
    let (status, feedback) = only(ActionFormat::Hermes, true, "<tool_call>{\"name\": \"calc");
    assert_eq!(status, AttemptStatus::Truncated);
    says(&feedback, &["length limit", "not run"]);
}

#[test]
fn missing_arguments_show_the_signature() {
    let text = "[sql_query(company_name='A')]";
    let (status, feedback) = only(ActionFormat::Pythonic, false, text);
    assert_eq!(status, AttemptStatus::BadArguments);
    says(
        &feedback,
        &[
            "missing table_name, query",
            "company_name",
            "sql_query(company_name, table_name, query)",
            "[sql_query(company_name='...', table_name='...', query='...')]",
        ],
    );
}

#[test]
fn a_wrong_type_shows_the_value_and_the_type() {
    let text = "[TOOL_CALLS]typed{\"n\": \"seven\", \"unit\": \"yen\"}";
    let (status, feedback) = only(ActionFormat::Auto, false, text);
    assert_eq!(status, AttemptStatus::BadArguments);
    says(
        &feedback,
        &[
            "n must be integer, not",
            "seven",
            "unit must be one of \"usd\", \"eur\"",
            "n: integer",
            "[note]",
        ],
    );
}

#[test]
fn an_unknown_tool_lists_the_tools_and_the_nearest() {
    let text = "<function=sql_qery></function>";
    let (status, feedback) = only(ActionFormat::QwenXml, false, text);
    assert_eq!(status, AttemptStatus::UnknownTool);
    says(
        &feedback,
        &[
            "\"sql_qery\"",
            "Did you mean sql_query?",
            &toolbox().names(),
            "<parameter=query>",
        ],
    );
    let (_, feedback) = only(ActionFormat::QwenXml, false, "<function=zzzzzz></function>");
    assert!(!feedback.contains("Did you mean"), "{feedback}");
}

#[test]
fn a_call_in_reasoning_is_told_where_to_stand() {
    let text = "<think><tool_call>{\"name\": \"ping\"}</tool_call>";
    let (status, feedback) = only(ActionFormat::Auto, false, text);
    assert_eq!(status, AttemptStatus::InReasoning);
    says(&feedback, &["not run", "</think>", "ping"]);
}

#[test]
fn a_call_without_a_name_lists_the_tools() {
    let calls = json!([{"function": {"arguments": "{}"}}]);
    let action = parse_structured(&calls, &toolbox());
    assert_eq!(action.attempts[0].status, AttemptStatus::MissingName);
    says(
        &action.attempts[0].feedback,
        &["no tool name", "sql_query", "\"function\""],
    );
}

/// Every example that a feedback shows is itself a call that runs, in the format it was shown for.
#[test]
fn the_examples_run() {
    let tools = toolbox();
    let broken = [
        (
            ActionFormat::Hermes,
            "<tool_call>{\"name\": \"NAME\", oops}</tool_call>",
        ),
        (
            ActionFormat::QwenXml,
            "<tool_call><function=NAME>oops</function></tool_call>",
        ),
        (ActionFormat::LlamaJson, "{\"name\": \"NAME\", oops}"),
        (ActionFormat::Pythonic, "[NAME(oops)]"),
        (
            ActionFormat::Mistral,
            "[TOOL_CALLS][{\"name\": \"NAME\", oops}]",
        ),
        (ActionFormat::Mistral, "[TOOL_CALLS]NAME{oops}"),
        (
            ActionFormat::Harmony,
            "<|channel|>commentary to=functions.NAME<|message|>{oops}<|call|>",
        ),
    ];
    for (format, pattern) in broken {
        for (index, spec) in tools.specs().iter().enumerate() {
            let (status, feedback) = only(format, false, &pattern.replace("NAME", &spec.name));
            assert_eq!(status, AttemptStatus::InvalidJson, "{pattern}");
            let (_, example) = feedback
                .split_once("looks like this:\n")
                .expect("an example");
            for format in [format, ActionFormat::Auto] {
                let options = ParseOptions {
                    format,
                    ..ParseOptions::default()
                };
                let action = parse_action(example, &tools, &options);
                let seen: Vec<_> = action.attempts.iter().map(|a| (a.status, a.tool)).collect();
                assert_eq!(
                    seen,
                    [(AttemptStatus::Ok, Some(index))],
                    "{format:?} {example}"
                );
            }
        }
    }
}

#[test]
fn names_are_read_back_and_wrong_ones_list_the_choices() {
    for format in ActionFormat::ALL {
        assert_eq!(ActionFormat::parse(format.name()).expect("known"), format);
    }
    for level in ParseLevel::ALL {
        assert_eq!(ParseLevel::parse(level.name()).expect("known"), level);
    }
    let Err(Error::InvalidConfig(text)) = ActionFormat::parse("json") else {
        panic!("accepted")
    };
    says(
        &text,
        &[
            "\"json\"",
            "action_format",
            "\"auto\"",
            "\"qwen_xml\"",
            "\"harmony\"",
        ],
    );
    let Err(Error::InvalidConfig(text)) = ParseLevel::parse("lax") else {
        panic!("accepted")
    };
    says(
        &text,
        &["\"lax\"", "parse_level", "\"strict\"", "\"repair\""],
    );
    let names: Vec<_> = AttemptStatus::ALL.iter().map(|s| s.name()).collect();
    assert_eq!(names[0], "ok");
    for (index, status) in AttemptStatus::ALL.into_iter().enumerate() {
        assert_eq!(status as usize, index);
    }
}

#[test]
fn repairs_are_named() {
    let options = ParseOptions {
        level: ParseLevel::Repair,
        ..ParseOptions::default()
    };
    let text = "<tool_call>\n```json\n{'name': 'typed', 'arguments': {\"n\": 1, \"flag\": True, \
                \"note\": \"a\nb\\'\",}\n```\n</tool_call>";
    let action = parse_action(text, &toolbox(), &options);
    assert_eq!(
        action.attempts[0].status,
        AttemptStatus::Repaired,
        "{action:?}"
    );
    assert_eq!(
        action.attempts[0].repairs,
        [
            "trailing_comma",
            "single_quotes",
            "python_literals",
            "control_characters",
            "escaped_quote",
            "missing_brace",
            "code_fence"
        ]
    );
}

#[test]
fn ids_of_calls_are_kept() {
    let calls = json!([{"id": "call_7", "function": {"name": "ping", "arguments": "{}"}}]);
    let action = parse_structured(&calls, &toolbox());
    assert_eq!(action.calls().next().expect("a call").id, "call_7");
    let text = "[TOOL_CALLS]ping[CALL_ID]abc123DEF[ARGS]{}";
    let action = parse_action(text, &toolbox(), &ParseOptions::default());
    assert_eq!(action.calls().next().expect("a call").id, "abc123DEF");
}
