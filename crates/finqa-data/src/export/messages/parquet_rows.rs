//! Demonstrations as rows of a Parquet file: `messages` is a list of structs, so that `datasets` and pyarrow read it
//! without being told how.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow_array::builder::{
    ArrayBuilder, Float32Builder, Int32Builder, ListBuilder, StringBuilder, StructBuilder,
    UInt64Builder,
};
use arrow_array::{ArrayRef, RecordBatch};
use arrow_schema::{DataType, Field, Fields, Schema};
use finqa_core::chat::{ChatMessage, Demonstration};
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::WriterProperties;
use serde_json::Value as Json;

use crate::error::{DataError, Result};

/// Rows gathered before they are written.
const BATCH_ROWS: usize = 256;
/// Text columns, in order.
const TEXTS: [&str; 8] = [
    "task_id",
    "split",
    "policy",
    "variant",
    "tool_profile",
    "format",
    "verdict",
    "tools",
];
/// Integer columns, in order.
const COUNTS: [&str; 3] = ["num_turns", "num_calls", "num_errors"];

fn text(name: &str, nullable: bool) -> Field {
    Field::new(name, DataType::Utf8, nullable)
}

fn item(fields: Fields) -> Arc<Field> {
    Arc::new(Field::new("item", DataType::Struct(fields), true))
}

fn function_fields() -> Fields {
    vec![text("name", false), text("arguments", false)].into()
}

fn call_fields() -> Fields {
    vec![
        text("id", false),
        text("type", false),
        Field::new("function", DataType::Struct(function_fields()), false),
    ]
    .into()
}

/// Members of a message; what a role does not have is NULL.
fn message_fields() -> Fields {
    vec![
        text("role", false),
        text("content", false),
        Field::new("tool_calls", DataType::List(item(call_fields())), true),
        text("tool_call_id", true),
        text("name", true),
    ]
    .into()
}

fn schema() -> Schema {
    let mut fields = vec![Field::new(
        "messages",
        DataType::List(item(message_fields())),
        false,
    )];
    fields.extend(TEXTS.map(|name| text(name, false)));
    fields.push(text("submission", true));
    fields.push(Field::new("seed", DataType::UInt64, false));
    fields.push(Field::new("reward", DataType::Float32, false));
    fields.extend(COUNTS.map(|name| Field::new(name, DataType::Int32, false)));
    Schema::new(fields)
}

fn call_builder() -> StructBuilder {
    let function: Vec<Box<dyn ArrayBuilder>> = vec![
        Box::new(StringBuilder::new()),
        Box::new(StringBuilder::new()),
    ];
    let call: Vec<Box<dyn ArrayBuilder>> = vec![
        Box::new(StringBuilder::new()),
        Box::new(StringBuilder::new()),
        Box::new(StructBuilder::new(function_fields(), function)),
    ];
    StructBuilder::new(call_fields(), call)
}

fn message_builder() -> ListBuilder<StructBuilder> {
    let calls = ListBuilder::new(call_builder()).with_field(item(call_fields()));
    let message: Vec<Box<dyn ArrayBuilder>> = vec![
        Box::new(StringBuilder::new()),
        Box::new(StringBuilder::new()),
        Box::new(calls),
        Box::new(StringBuilder::new()),
        Box::new(StringBuilder::new()),
    ];
    ListBuilder::new(StructBuilder::new(message_fields(), message))
        .with_field(item(message_fields()))
}

/// The rows under way.
pub(super) struct Rows {
    path: PathBuf,
    schema: Arc<Schema>,
    writer: ArrowWriter<File>,
    messages: ListBuilder<StructBuilder>,
    texts: [StringBuilder; TEXTS.len()],
    submission: StringBuilder,
    seed: UInt64Builder,
    reward: Float32Builder,
    counts: [Int32Builder; COUNTS.len()],
    pending: usize,
}

fn broken(path: &Path, e: &dyn std::fmt::Display) -> DataError {
    DataError::record(path, "Parquet", e.to_string())
}

/// The builder of a struct's member; the schema above says of which kind it is.
fn member<T: ArrayBuilder>(builder: &mut StructBuilder, index: usize) -> Result<&mut T> {
    builder.field_builder::<T>(index).ok_or_else(|| {
        DataError::record(
            "messages",
            format!("member {index}"),
            "has a builder of another type",
        )
    })
}

fn append_text(builder: &mut StructBuilder, index: usize, value: Option<&str>) -> Result<()> {
    member::<StringBuilder>(builder, index)?.append_option(value);
    Ok(())
}

fn append_message(builder: &mut StructBuilder, message: &ChatMessage) -> Result<()> {
    let some = |text: &'_ str| (!text.is_empty()).then(|| text.to_owned());
    append_text(builder, 0, Some(message.role.name()))?;
    append_text(builder, 1, Some(&message.content))?;
    let calls = member::<ListBuilder<StructBuilder>>(builder, 2)?;
    for call in &message.tool_calls {
        let values = calls.values();
        append_text(values, 0, Some(&call.id))?;
        append_text(values, 1, Some("function"))?;
        let function = member::<StructBuilder>(values, 2)?;
        append_text(function, 0, Some(&call.name))?;
        let arguments = Json::Object(call.arguments.clone()).to_string();
        append_text(function, 1, Some(&arguments))?;
        function.append(true);
        values.append(true);
    }
    calls.append(!message.tool_calls.is_empty());
    append_text(builder, 3, some(&message.tool_call_id).as_deref())?;
    append_text(builder, 4, some(&message.name).as_deref())?;
    builder.append(true);
    Ok(())
}

impl Rows {
    pub(super) fn new(file: File, path: &Path) -> Result<Self> {
        let schema = Arc::new(schema());
        let level = ZstdLevel::try_new(3).map_err(|e| broken(path, &e))?;
        let properties = WriterProperties::builder()
            .set_compression(Compression::ZSTD(level))
            .build();
        let writer = ArrowWriter::try_new(file, Arc::clone(&schema), Some(properties))
            .map_err(|e| broken(path, &e))?;
        Ok(Self {
            path: path.to_owned(),
            schema,
            writer,
            messages: message_builder(),
            texts: std::array::from_fn(|_| StringBuilder::new()),
            submission: StringBuilder::new(),
            seed: UInt64Builder::new(),
            reward: Float32Builder::new(),
            counts: std::array::from_fn(|_| Int32Builder::new()),
            pending: 0,
        })
    }

    pub(super) fn push(&mut self, demo: &Demonstration) -> Result<()> {
        for message in &demo.messages {
            append_message(self.messages.values(), message)?;
        }
        self.messages.append(true);
        let tools = demo.tools.to_string();
        let texts = [
            demo.task_id.as_str(),
            &demo.split,
            &demo.policy,
            &demo.variant,
            demo.tool_profile.name(),
            demo.call_form.name(),
            &demo.verdict,
            &tools,
        ];
        for (builder, value) in self.texts.iter_mut().zip(texts) {
            builder.append_value(value);
        }
        self.submission.append_option(demo.submission.as_deref());
        self.seed.append_value(demo.seed);
        self.reward.append_value(demo.reward);
        let counts = [demo.num_turns, demo.num_calls, demo.num_errors];
        for (builder, value) in self.counts.iter_mut().zip(counts) {
            builder.append_value(value as i32);
        }
        self.pending += 1;
        if self.pending >= BATCH_ROWS {
            self.flush()?;
        }
        Ok(())
    }

    fn flush(&mut self) -> Result<()> {
        if self.pending == 0 {
            return Ok(());
        }
        self.pending = 0;
        let mut arrays: Vec<ArrayRef> = vec![Arc::new(self.messages.finish())];
        for builder in &mut self.texts {
            arrays.push(Arc::new(builder.finish()));
        }
        arrays.push(Arc::new(self.submission.finish()));
        arrays.push(Arc::new(self.seed.finish()));
        arrays.push(Arc::new(self.reward.finish()));
        for builder in &mut self.counts {
            arrays.push(Arc::new(builder.finish()));
        }
        let batch = RecordBatch::try_new(Arc::clone(&self.schema), arrays)
            .map_err(|e| broken(&self.path, &e))?;
        self.writer
            .write(&batch)
            .map_err(|e| broken(&self.path, &e))
    }

    /// Writes what is left and hands the file back.
    pub(super) fn finish(mut self) -> Result<File> {
        self.flush()?;
        self.writer.into_inner().map_err(|e| broken(&self.path, &e))
    }
}
