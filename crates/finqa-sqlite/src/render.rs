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

#[cfg(test)]
mod tests {
    use super::*;
    use rusqlite::Connection;

    fn render(sql: &str, limits: &QueryLimits) -> QueryResult {
        crate::ffi::start().unwrap();
        let connection = Connection::open_in_memory().unwrap();
        let mut statement = connection.prepare(sql).unwrap();
        let columns: Vec<&str> = statement.column_names().collect();
        let mut records = Records::new(&columns, limits);
        let mut rows = statement.query([]).unwrap();
        while let Some(row) = rows.next().unwrap() {
            records.push(row).unwrap();
        }
        records.finish(false)
    }

    #[test]
    fn every_kind_of_value_is_strict_json() {
        let sql = "SELECT 1 AS a, 2 AS a, 9e999 AS inf, 1e300 AS big, x'00ff' AS b, NULL AS n, \
                   char(27,34,92,10) AS c, CAST(x'ff' AS TEXT) AS u, 9223372036854775807 AS i";
        let json = render(sql, &QueryLimits::default()).text;
        let value: serde_json::Value = serde_json::from_str(&json).unwrap();
        let row = &value[0];
        assert_eq!(row["a"], 1);
        assert_eq!(row["a_2"], 2);
        assert!(row["inf"].is_null());
        assert_eq!(row["big"].as_f64(), Some(1e300));
        assert_eq!(row["b"], "00FF");
        assert_eq!(row["c"], "\u{1b}\"\\\n");
        assert_eq!(row["u"], "\u{fffd}");
        assert_eq!(row["i"], i64::MAX);
    }

    #[test]
    fn rows_are_cut_on_a_boundary_and_counted() {
        let limits = QueryLimits {
            max_rows: 100,
            max_result_bytes: 40,
            ..QueryLimits::default()
        };
        let result = render("VALUES ('aaaaaaaa'),('bbbbbbbb'),('cccccccc')", &limits);
        assert_eq!(&*result.text, r#"[{"column1":"aaaaaaaa"}]"#);
        assert_eq!((result.shown_rows, result.total_rows), (1, 3));
        let limits = QueryLimits {
            max_rows: 2,
            ..QueryLimits::default()
        };
        let result = render("VALUES (1),(2),(3)", &limits);
        assert_eq!((result.shown_rows, result.total_rows), (2, 3));
    }

    #[test]
    fn a_generated_name_never_takes_a_real_one() {
        let json = render("SELECT 1 AS a, 2 AS a, 3 AS a_2", &QueryLimits::default()).text;
        assert_eq!(&*json, r#"[{"a":1,"a_3":2,"a_2":3}]"#);
    }
}
