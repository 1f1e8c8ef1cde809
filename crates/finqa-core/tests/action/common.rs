//! What the tests of the action parser share.

use finqa_core::action::{
    ActionFormat, ParseLevel, ParseOptions, ParsedAction, parse_action, parse_structured,
};
use finqa_core::tool::{ToolKind, ToolProfile, ToolSpec, Toolbox};
use serde_json::Value;

/// The tools that the catalogue is written for: profile `rllm` and the tools of `data/action_tools.json`.
pub(super) fn toolbox() -> Toolbox {
    let file: Value =
        serde_json::from_str(include_str!("../data/action_tools.json")).expect("JSON");
    let user = file["user_tools"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|tool| ToolSpec {
            name: tool["name"].as_str().expect("name").to_string(),
            description: tool["description"]
                .as_str()
                .expect("description")
                .to_string(),
            parameters: tool["parameters"].clone(),
            kind: ToolKind::User,
        });
    Toolbox::new(ToolProfile::Rllm, &[], user.collect()).expect("valid tools")
}

pub(super) fn options(case: &Value) -> ParseOptions {
    ParseOptions {
        format: ActionFormat::parse(case["format"].as_str().expect("format")).expect("a format"),
        level: ParseLevel::parse(case["level"].as_str().expect("level")).expect("a level"),
        length_limited: case["length_limited"].as_bool().expect("length_limited"),
    }
}

pub(super) fn parse(case: &Value, text: &str, tools: &Toolbox) -> ParsedAction {
    if case["format"] == "structured" {
        parse_structured(
            &serde_json::from_str(text).expect("structured calls"),
            tools,
        )
    } else {
        parse_action(text, tools, &options(case))
    }
}
