//! Importers: one module a layout.

pub mod answer_spec;
mod benchmark_csv;
mod csv_rows;
pub mod finqa;
pub mod folder;
mod imported;
pub mod openenv;
pub mod parquet_json;
mod parquet_rows;
mod qa;
pub mod rllm;
mod scale;
pub(crate) mod sqlite_file;
mod table_json;
mod table_notes;
mod tasks_file;
mod tasks_gold;
pub mod tatqa;
mod tree;

pub use imported::{Imported, Refusal};

impl Imported {
    /// Notes that a record was not used.
    pub(crate) fn refuse(
        &mut self,
        record: impl Into<String>,
        reason: &str,
        detail: impl Into<String>,
    ) {
        *self.refused.entry(reason.to_owned()).or_insert(0) += 1;
        self.refusals.push(Refusal {
            record: record.into(),
            reason: reason.to_owned(),
            detail: detail.into(),
        });
    }
}
