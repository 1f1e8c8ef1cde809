//! Demonstrations as JSON lines and Parquet.

use std::fs;
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{Float32Type, Int32Type, UInt64Type};
use arrow_array::{Array, RecordBatch};
use finqa_core::ToolProfile;
use finqa_core::chat::{ArgumentsForm, CallForm, ChatCall, ChatMessage, Demonstration, Role};
use finqa_data::export::{MessagesFormat, MessagesOptions, MessagesWriter};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use serde_json::{Value, json};

fn demonstration(i: u64) -> Demonstration {
    let Value::Object(arguments) = json!({"query": "SELECT \"2024\"\nFROM t", "n": i}) else {
        unreachable!("an object was written")
    };
    Demonstration {
        task_id: format!("task/{i}"),
        split: "train".into(),
        policy: "gold".into(),
        variant: "straight".into(),
        seed: u64::MAX - i,
        tool_profile: ToolProfile::Rllm,
        call_form: CallForm::Structured,
        messages: vec![
            ChatMessage::text(Role::System, "Be careful."),
            ChatMessage::text(Role::User, "What was “it”?"),
            ChatMessage {
                tool_calls: vec![ChatCall {
                    id: "call_1_0".into(),
                    name: "sql_query".into(),
                    arguments,
                }],
                ..ChatMessage::text(Role::Assistant, "")
            },
            ChatMessage {
                tool_call_id: "call_1_0".into(),
                name: "sql_query".into(),
                ..ChatMessage::text(Role::Tool, "[{\"2024\":\"5\"}]")
            },
        ],
        tools: Arc::new(json!([{"type": "function"}])),
        submission: i.is_multiple_of(2).then(|| "5".into()),
        reward: 0.5,
        verdict: "equal".into(),
        num_turns: 1,
        num_calls: 1,
        num_errors: 0,
    }
}

#[test]
fn json_lines_hold_the_messages_in_openai_form() {
    let folder = tempfile::tempdir().unwrap();
    for arguments in [ArgumentsForm::Text, ArgumentsForm::Object] {
        let path = folder.path().join("demos.jsonl");
        let options = MessagesOptions {
            arguments,
            overwrite: true,
        };
        let mut writer = MessagesWriter::create(&path, MessagesFormat::Jsonl, options).unwrap();
        for i in 0..3 {
            writer.write(&demonstration(i)).unwrap();
        }
        assert_eq!(writer.finish().unwrap(), 3);
        let text = fs::read_to_string(&path).unwrap();
        let lines: Vec<Value> = text
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        assert_eq!(lines.len(), 3);
        assert_eq!(lines[1], demonstration(1).to_json(arguments));
        let given = &lines[1]["messages"][2]["tool_calls"][0]["function"]["arguments"];
        assert_eq!(given.is_object(), arguments == ArgumentsForm::Object);
        assert_eq!(lines[1]["submission"], Value::Null);
    }
}

/// The batches of a file.
fn batches(path: &std::path::Path) -> Vec<RecordBatch> {
    ParquetRecordBatchReaderBuilder::try_new(fs::File::open(path).unwrap())
        .unwrap()
        .build()
        .unwrap()
        .map(Result::unwrap)
        .collect()
}

#[test]
fn parquet_holds_a_list_of_structs() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("demos.parquet");
    let mut writer =
        MessagesWriter::create(&path, MessagesFormat::Parquet, MessagesOptions::default()).unwrap();
    for i in 0..600 {
        writer.write(&demonstration(i)).unwrap();
    }
    assert!(!path.exists(), "the file appears when it is finished");
    assert_eq!(writer.finish().unwrap(), 600);
    let batches = batches(&path);
    assert_eq!(
        batches.iter().map(RecordBatch::num_rows).sum::<usize>(),
        600
    );
    let first = &batches[0];
    let messages = first["messages"].as_list::<i32>();
    assert_eq!(messages.value_length(0), 4);
    let of_one = messages.value(1);
    let of_one = of_one.as_struct();
    let roles = of_one["role"].as_string::<i32>();
    assert_eq!(roles.value(0), "system");
    assert_eq!(
        of_one["content"].as_string::<i32>().value(1),
        "What was “it”?"
    );
    let calls = of_one["tool_calls"].as_list::<i32>();
    assert!(calls.is_null(0) && calls.is_valid(2));
    let call = calls.value(2);
    let function = &call.as_struct()["function"];
    let arguments = function.as_struct()["arguments"].as_string::<i32>();
    assert_eq!(
        serde_json::from_str::<Value>(arguments.value(0)).unwrap(),
        json!({"query": "SELECT \"2024\"\nFROM t", "n": 1})
    );
    let ids = of_one["tool_call_id"].as_string::<i32>();
    assert!(ids.is_null(0));
    assert_eq!(ids.value(3), "call_1_0");
    assert_eq!(
        first["seed"].as_primitive::<UInt64Type>().value(1),
        u64::MAX - 1
    );
    assert_eq!(first["num_calls"].as_primitive::<Int32Type>().value(0), 1);
    assert!((first["reward"].as_primitive::<Float32Type>().value(0) - 0.5).abs() < f32::EPSILON);
    assert!(first["submission"].is_null(1) && first["submission"].is_valid(2));
}

#[test]
fn an_unfinished_file_leaves_no_trace_and_nothing_is_replaced_unasked() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("demos.jsonl");
    let create = |options| MessagesWriter::create(&path, MessagesFormat::Jsonl, options);
    let mut writer = create(MessagesOptions::default()).unwrap();
    writer.write(&demonstration(0)).unwrap();
    drop(writer);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    fs::write(&path, "mine").unwrap();
    let refused = create(MessagesOptions::default())
        .err()
        .unwrap()
        .to_string();
    assert!(refused.contains("set overwrite"), "{refused}");
    assert_eq!(fs::read_to_string(&path).unwrap(), "mine");
    let object = MessagesOptions {
        arguments: ArgumentsForm::Object,
        overwrite: true,
    };
    let refused = MessagesWriter::create(&path, MessagesFormat::Parquet, object)
        .err()
        .unwrap();
    assert!(refused.to_string().contains("JSON lines"), "{refused}");
}
