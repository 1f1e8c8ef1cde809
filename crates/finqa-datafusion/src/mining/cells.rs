//! The cells of a corpus as a table that SQL can ask.

use std::fmt;
use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, Float64Builder, Int32Builder, RecordBatch};
use datafusion::arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use datafusion::error::DataFusionError;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::streaming::PartitionStream;
use finqa_core::{Corpus, Table};

use super::sheet::{Sheet, label, number, scale};

/// Columns, one row a number in a period's column:
///
/// | column | |
/// |---|---|
/// | `company`, `tbl`, `line`, `col` | where it stands, from 0 |
/// | `period` | year * 10, or year * 10 + quarter |
/// | `value` | about its value: to choose by, never to answer with |
/// | `measure`, `scale` | what it counts |
/// | `is_total` | the row is a total of others |
/// | `role` | 1: worth dividing, 2: worth dividing by |
const COLUMNS: [&str; 10] = [
    "company", "tbl", "line", "col", "period", "value", "measure", "scale", "is_total", "role",
];

/// Words of rows that a ratio is made of.
const ABOVE: [&str; 8] = [
    "net income",
    "operating income",
    "gross profit",
    "research and development",
    "interest expense",
    "cash and cash equivalents",
    "provided by operating",
    "total current assets",
];
/// Words of rows that a ratio is made over.
const BELOW: [&str; 7] = [
    "total assets",
    "total liabilities",
    "equity",
    "net sales",
    "revenue",
    "total current liabilities",
    "long-term debt",
];

pub(super) struct Cells {
    corpus: Arc<Corpus>,
    schema: SchemaRef,
}

impl fmt::Debug for Cells {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cells")
            .field("corpus", &self.corpus.info().name)
            .finish_non_exhaustive()
    }
}

impl Cells {
    pub(super) fn new(corpus: &Arc<Corpus>) -> Self {
        let fields = COLUMNS.map(|name| {
            let kind = if name == "value" {
                DataType::Float64
            } else {
                DataType::Int32
            };
            Field::new(name, kind, false)
        });
        Self {
            corpus: Arc::clone(corpus),
            schema: Arc::new(Schema::new(fields.to_vec())),
        }
    }
}

impl PartitionStream for Cells {
    fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    fn execute(&self, _ctx: Arc<TaskContext>) -> SendableRecordBatchStream {
        let (corpus, schema) = (Arc::clone(&self.corpus), Arc::clone(&self.schema));
        // A batch a company: as many rows as its tables have.
        let batches = (0..corpus.num_companies()).map(move |index| {
            let company = corpus
                .company(index as u32)
                .map_err(|e| DataFusionError::Execution(e.to_string()))?;
            let mut rows = Rows::default();
            for (place, table) in company.tables.iter().enumerate() {
                rows.table(index as i32, place as i32, table);
            }
            Ok(RecordBatch::try_new(Arc::clone(&schema), rows.columns())?)
        });
        let stream = futures_util::stream::iter(batches);
        Box::pin(RecordBatchStreamAdapter::new(
            Arc::clone(&self.schema),
            stream,
        ))
    }
}

#[derive(Default)]
struct Rows {
    numbers: [Int32Builder; 9],
    values: Float64Builder,
}

impl Rows {
    fn table(&mut self, company: i32, place: i32, table: &Table) {
        let Some(sheet) = Sheet::of(table) else {
            return;
        };
        for (line, measure) in sheet.rows.iter().enumerate() {
            let Some(measure) = measure else { continue };
            let words = label(table, line).unwrap_or_default().to_lowercase();
            let is_total = words == "total" || words.starts_with("total ");
            let has = |list: &[&str]| list.iter().any(|w| words.contains(w));
            // A part of a total that has its name, as in "net sales by region", is none of them.
            let role = i32::from(has(&ABOVE)) + 2 * i32::from(has(&BELOW));
            for &(column, period) in &sheet.periods {
                let Some(value) = number(table, line, column) else {
                    continue;
                };
                let Ok(value) = value.parse::<f64>() else {
                    continue;
                };
                let values = [
                    company,
                    place,
                    line as i32,
                    column as i32,
                    period,
                    measure.code(),
                    scale(table) as i32,
                    i32::from(is_total),
                    role,
                ];
                for (builder, value) in self.numbers.iter_mut().zip(values) {
                    builder.append_value(value);
                }
                self.values.append_value(value);
            }
        }
    }

    fn columns(mut self) -> Vec<ArrayRef> {
        let mut out: Vec<ArrayRef> = Vec::with_capacity(COLUMNS.len());
        for (i, builder) in self.numbers.iter_mut().enumerate() {
            if i == 5 {
                out.push(Arc::new(self.values.finish()));
            }
            out.push(Arc::new(builder.finish()));
        }
        out
    }
}
