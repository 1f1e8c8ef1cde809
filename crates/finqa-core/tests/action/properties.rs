//! Properties that hold for every message.

use std::time::{Duration, Instant};

use finqa_core::action::{
    ActionFormat, AttemptStatus, ParseLevel, ParseOptions, ParsedAction, parse_action,
};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::common::toolbox;

fn all_options() -> Vec<ParseOptions> {
    let mut all = Vec::new();
    for format in ActionFormat::ALL {
        for level in ParseLevel::ALL {
            for length_limited in [false, true] {
                all.push(ParseOptions {
                    format,
                    level,
                    length_limited,
                });
            }
        }
    }
    all
}

fn well_formed(text: &str, action: &ParsedAction) {
    let head: String = text.chars().take(200).collect();
    let mut end = 0;
    for attempt in &action.attempts {
        let (from, to) = attempt.span;
        assert!(
            end <= from && from < to && to <= text.len(),
            "{head:?} {end} {attempt:?}"
        );
        let boundaries = text.is_char_boundary(from) && text.is_char_boundary(to);
        assert!(boundaries, "{head:?} {attempt:?}");
        end = to;
        assert_eq!(
            attempt.status.runs(),
            attempt.call.is_some(),
            "{head:?} {attempt:?}"
        );
        assert_eq!(
            attempt.status.runs(),
            attempt.feedback.is_empty(),
            "{head:?} {attempt:?}"
        );
        let mended = attempt.status == AttemptStatus::Repaired;
        assert_eq!(mended, !attempt.repairs.is_empty(), "{head:?} {attempt:?}");
    }
    assert!(action.text.len() <= text.len(), "{head:?}");
}

/// Pieces that messages of any format are made of, right and wrong ones.
const PIECES: &[&str] = &[
    "<tool_call>",
    "</tool_call>",
    "<think>",
    "<function=",
    "calculator>",
    "ping>",
    "</function>",
    "<parameter=expression>",
    "</parameter>",
    "<|python_tag|>",
    "[TOOL_CALLS]",
    "[ARGS]",
    "[CALL_ID]",
    "<|python_start|>",
    "<|python_end|>",
    "<|channel|>",
    "<|message|>",
    "<|start|>",
    "<|call|>",
    "<|end|>",
    "commentary",
    "final",
    " to=functions.ping",
    "to=",
    "{\"name\": \"ping\"}",
    "{}",
    "{\"name\": \"calculator\", \"arguments\": {\"expression\": \"1\"}}",
    "{",
    "}",
    "[",
    "]",
    "(",
    ")",
    "\"",
    "'",
    "\\",
    "\\u12",
    "\\ud83d",
    ",",
    ":",
    ";",
    "=",
    "ping",
    "[ping()]",
    "calculator(expression='1')",
    "\"name\"",
    "\"arguments\"",
    "1",
    "-",
    "1e9",
    "True",
    "null",
    "é",
    "😀",
    "\u{a0}",
    "\n",
    " ",
    "\u{1}",
    "```",
    "```json\n",
    "'''",
    "<|im_end|>",
];

fn message() -> impl Strategy<Value = String> {
    prop::collection::vec(prop::sample::select(PIECES), 0..24).prop_map(|pieces| pieces.concat())
}

/// Valid calls, one in each form.
const VALID: &[&str] = &[
    "Hi <tool_call>\n{\"name\": \"calculator\", \"arguments\": {\"expression\": \"1+2 é\"}}\n</tool_call>",
    "<tool_call>\n<function=calculator>\n<parameter=expression>\n1+2 é\n</parameter>\n</function>\n</tool_call>",
    "{\"name\": \"calculator\", \"parameters\": {\"expression\": \"1+2 é\"}}",
    "[calculator(expression='1+2 é'), ping()]",
    "[TOOL_CALLS][{\"name\": \"calculator\", \"arguments\": {\"expression\": \"1+2 é\"}}]",
    "[TOOL_CALLS]calculator[ARGS]{\"expression\": \"1+2 é\"}",
    "<|channel|>commentary to=functions.calculator <|constrain|>json<|message|>{\"expression\": \"1+2 é\"}<|call|>",
];

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(192) })]

    #[test]
    fn any_string_is_taken_apart(text in any::<String>()) {
        let tools = toolbox();
        for options in all_options() {
            well_formed(&text, &parse_action(&text, &tools, &options));
        }
    }

    #[test]
    fn any_mix_of_markers_is_taken_apart(text in message(), close in any::<bool>()) {
        let text = if close { text.replace("<think>", "</think>") } else { text };
        let tools = toolbox();
        for options in all_options() {
            well_formed(&text, &parse_action(&text, &tools, &options));
        }
    }

    #[test]
    fn valid_calls_with_a_slip_are_taken_apart(
        which in prop::sample::select(VALID),
        at in any::<prop::sample::Index>(),
        cut in 0usize..6,
        put in prop::sample::select(PIECES),
        insert in any::<bool>(),
    ) {
        let marks: Vec<char> = which.chars().collect();
        let at = at.index(marks.len());
        let rest: String = marks[(at + cut).min(marks.len())..].iter().collect();
        let head: String = marks[..at].iter().collect();
        let text = format!("{head}{}{rest}", if insert { put } else { "" });
        let tools = toolbox();
        for options in all_options() {
            well_formed(&text, &parse_action(&text, &tools, &options));
        }
    }

    /// A prefix of a call never runs with a value that the whole call does not have.
    #[test]
    fn a_cut_call_never_runs_with_other_arguments(
        which in prop::sample::select(VALID), at in any::<prop::sample::Index>(),
    ) {
        let marks: Vec<char> = which.chars().collect();
        let text: String = marks[..at.index(marks.len())].iter().collect();
        let tools = toolbox();
        for options in all_options() {
            let whole = parse_action(which, &tools, &options);
            let whole: Vec<_> = whole.calls().cloned().collect();
            for call in parse_action(&text, &tools, &options).calls() {
                prop_assert!(whole.contains(call), "{text:?} {options:?} {call:?}");
            }
        }
    }

    #[test]
    fn nothing_in_reasoning_runs(text in message(), after in message()) {
        let tools = toolbox();
        for options in all_options() {
            for message in [
                format!("<think>{text}"),
                format!("<think>{text}</think>"),
                format!("{}</think>", text.replace("<think>", "")),
            ] {
                let action = parse_action(&message, &tools, &options);
                prop_assert_eq!(action.calls().count(), 0, "{:?} {:?}", message, options);
            }
            // What stands behind closed reasoning is read as if it stood alone.
            let alone = parse_action(&after, &tools, &ParseOptions { format: ActionFormat::Hermes, ..options });
            let behind = parse_action(
                &format!("<think>{text}</think>{after}"), &tools,
                &ParseOptions { format: ActionFormat::Hermes, ..options },
            );
            prop_assert_eq!(alone.text, behind.text);
            prop_assert!(alone.attempts.iter().map(|a| a.status).eq(
                behind.attempts.iter().skip(behind.attempts.len() - alone.attempts.len()).map(|a| a.status)
            ));
        }
    }

    #[test]
    fn calls_written_in_every_form_are_read_back(
        query in "[ -~\\n\\té€😀]{0,40}", n in any::<i64>(), flag in any::<bool>(),
    ) {
        let mut arguments = Map::new();
        arguments.insert("n".into(), json!(n));
        arguments.insert("flag".into(), json!(flag));
        arguments.insert("note".into(), json!(query));
        let object = Value::Object(arguments.clone());
        let python = format!(
            "n={n}, flag={}, note={}", if flag { "True" } else { "False" },
            // Python reads JSON's escapes of these characters alike.
            json!(query)
        );
        let xml = query.contains("</parameter>") || query.contains('<');
        let forms = [
            (ActionFormat::Hermes, format!("<tool_call>{}</tool_call>", json!({"name": "typed", "arguments": object}))),
            (ActionFormat::LlamaJson, json!({"name": "typed", "parameters": object}).to_string()),
            (ActionFormat::Pythonic, format!("[typed({python})]")),
            (ActionFormat::Mistral, format!("[TOOL_CALLS]{}", json!([{"name": "typed", "arguments": object}]))),
            (ActionFormat::Mistral, format!("[TOOL_CALLS]typed{object}")),
            (ActionFormat::Harmony, format!("<|channel|>commentary to=functions.typed<|message|>{object}<|call|>")),
            (ActionFormat::QwenXml, format!(
                "<tool_call><function=typed><parameter=n>\n{n}\n</parameter><parameter=flag>\n{flag}\n</parameter>\
                 <parameter=note>\n{}\n</parameter></function></tool_call>",
                if xml { "" } else { query.as_str() }
            )),
        ];
        let tools = toolbox();
        for (format, text) in forms {
            let mut expected = arguments.clone();
            if format == ActionFormat::QwenXml && xml {
                expected.insert("note".into(), json!(""));
            }
            for format in [format, ActionFormat::Auto] {
                for level in ParseLevel::ALL {
                    let options = ParseOptions { format, level, length_limited: false };
                    let action = parse_action(&text, &tools, &options);
                    prop_assert_eq!(action.attempts.len(), 1, "{:?} {:?} {:?}", text, format, action);
                    prop_assert_eq!(action.attempts[0].status, AttemptStatus::Ok, "{:?} {:?}", text, action);
                    prop_assert_eq!(action.calls().next().map(|c| &c.arguments), Some(&expected));
                    prop_assert_eq!(&action.text, "");
                }
            }
        }
    }
}

/// A prefix of a valid message is whole calls and at most one that ended too early, never a call with a mistake.
#[test]
fn prefixes_of_valid_messages_are_whole_or_cut() {
    let tools = toolbox();
    let formats = [
        ActionFormat::Hermes,
        ActionFormat::QwenXml,
        ActionFormat::LlamaJson,
        ActionFormat::Pythonic,
        ActionFormat::Mistral,
        ActionFormat::Mistral,
        ActionFormat::Harmony,
    ];
    for (text, own) in VALID.iter().zip(formats) {
        for (cut, _) in text.char_indices() {
            for (format, length_limited) in [
                (own, false),
                (own, true),
                (ActionFormat::Auto, false),
                (ActionFormat::Auto, true),
            ] {
                let options = ParseOptions {
                    format,
                    level: ParseLevel::Strict,
                    length_limited,
                };
                let action = parse_action(&text[..cut], &tools, &options);
                let early = if length_limited {
                    AttemptStatus::Truncated
                } else {
                    AttemptStatus::Unclosed
                };
                let seen: Vec<_> = action.attempts.iter().map(|a| a.status).collect();
                let fits = match seen.split_last() {
                    None => true,
                    Some((last, others)) => {
                        (*last == AttemptStatus::Ok || *last == early)
                            && others.iter().all(|status| *status == AttemptStatus::Ok)
                    }
                };
                assert!(fits, "{:?} {options:?} {seen:?}", &text[..cut]);
            }
        }
    }
}

/// 100 kB of what would cost a backtracking parser quadratic time, in every format and level.
#[test]
fn long_hostile_messages_take_linear_time() {
    const SIZE: usize = 100_000;
    let seeds = [
        "<tool_call>",
        "<tool_call>{",
        "<tool_call>{\"a\":\"",
        "<tool_call>{'a':\"",
        "<tool_call>{\"a\":\"\\",
        "{",
        "[",
        "{\"a\":",
        "[[",
        "<think>",
        "</think>",
        "<think></think>",
        "<",
        "</",
        "<tool_call></tool_call>",
        "<function=f><parameter=a>",
        "<parameter=a>",
        "</parameter>",
        "<function=",
        "<|python_tag|>{\"name\":\"",
        "[TOOL_CALLS]",
        "[TOOL_CALLS][",
        "[TOOL_CALLS]a{",
        "[TOOL_CALLS]a{}",
        "[TOOL_CALLS][{},",
        "[ping(",
        "[ping(),",
        "ping(),",
        "<|channel|>",
        "<|message|>",
        "<|start|>",
        " to=",
        "<|channel|>commentary to=ping<|message|>{",
        "<|channel|>commentary to=ping<|message|>{}",
        "<|python_start|>[ping(a='",
        "{\"name\":\"ping\"};",
        " ",
        "\n",
        "```",
        "\\",
        "\"",
        "'",
        "<|im_end|>",
        "é",
        "<tool_call>{\"name\": \"ping\"}</tool_call>",
    ];
    let tools = toolbox();
    let heads = [
        "",
        "<tool_call>",
        "<tool_call>{\"name\":\"",
        "[ping(a=",
        "{\"name\":",
        "[TOOL_CALLS][",
        "<|message|>",
        "<|channel|>commentary to=ping<|message|>",
        "<function=ping><parameter=a>",
    ];
    for seed in seeds {
        let started = Instant::now();
        for head in heads {
            let text = format!("{head}{}", seed.repeat(SIZE / seed.len()));
            // Every format reads the bare seeds; the heads have markers, by which Auto decides.
            let formats = if head.is_empty() {
                &ActionFormat::ALL[..]
            } else {
                &[ActionFormat::Auto]
            };
            for &format in formats {
                let options = ParseOptions {
                    format,
                    level: ParseLevel::Repair,
                    length_limited: false,
                };
                let action = parse_action(&text, &tools, &options);
                assert!(action.attempts.len() <= 64);
                well_formed(&text, &action);
            }
        }
        // 15 messages, unoptimised; quadratic time would be minutes.
        assert!(
            started.elapsed() < Duration::from_secs(30),
            "{seed:?} took {:?}",
            started.elapsed()
        );
        if started.elapsed() > Duration::from_secs(2) {
            println!("{seed:?}: {:?}", started.elapsed());
        }
    }
}

/// 127 levels are read, as `serde_json` does; the 128th is refused in every format that nests.
#[test]
fn nesting_is_bounded() {
    let tools = toolbox();
    for (depth, status) in [(125, AttemptStatus::Ok), (126, AttemptStatus::InvalidJson)] {
        let nested = format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        let text = format!(
            "<tool_call>{{\"name\": \"typed\", \"arguments\": {{\"n\": 1, \"tags\": {nested}}}}}</tool_call>"
        );
        let action = parse_action(&text, &tools, &ParseOptions::default());
        assert_eq!(action.attempts[0].status, status, "{depth}");
    }
    for (depth, status) in [(127, AttemptStatus::Ok), (128, AttemptStatus::InvalidJson)] {
        let nested = format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        let text = format!("[typed(n=1, tags={nested})]");
        let action = parse_action(&text, &tools, &ParseOptions::default());
        assert_eq!(action.attempts[0].status, status, "{depth}");
    }
}

#[test]
fn reasoning_that_opens_inside_a_call() {
    let tools = toolbox();
    let text =
        r#"[TOOL_CALLS][{"name": "calculator"<think>, "arguments": {"expression": "1+2 é"}}]"#;
    for options in all_options() {
        well_formed(text, &parse_action(text, &tools, &options));
    }
}
