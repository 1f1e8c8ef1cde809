//! Importers: one module a layout.

pub mod finqa;
mod imported;
mod qa;
pub mod tatqa;

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
