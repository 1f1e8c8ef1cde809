//! Rows of SQLite on their way into the text that a policy sees.

use finqa_core::records::RecordsWriter;
use finqa_core::sql::{QueryLimits, QueryResult};
use rusqlite::Row;
use rusqlite::types::ValueRef;

/// Rows rendered so far.
pub(crate) struct Records {
    writer: RecordsWriter,
    columns: usize,
    cut: bool,
}

impl Records {
    pub(crate) fn new(columns: &[&str], limits: &QueryLimits) -> Self {
        Self {
            writer: RecordsWriter::new(columns, limits),
            columns: columns.len(),
            cut: false,
        }
    }

    /// Renders a row, or only counts it once the caps are reached.
    pub(crate) fn push(&mut self, row: &Row<'_>) -> rusqlite::Result<()> {
        if self.writer.is_full() {
            self.cut = true;
            self.writer.count_row();
            return Ok(());
        }
        for column in 0..self.columns {
            match row.get_ref(column)? {
                ValueRef::Null => self.writer.push_null(),
                ValueRef::Integer(i) => self.writer.push_integer(i),
                ValueRef::Real(f) => self.writer.push_real(f),
                ValueRef::Text(text) => self.writer.push_text(text),
                ValueRef::Blob(bytes) => self.writer.push_blob(bytes),
            }
        }
        self.cut |= !self.writer.end_row();
        Ok(())
    }

    /// Whether rows were left out already.
    pub(crate) fn is_cut(&self) -> bool {
        self.cut
    }

    /// The result; `stopped` says that counting ended before the rows did.
    pub(crate) fn finish(self, stopped: bool) -> QueryResult {
        self.writer.finish(stopped)
    }
}
