//! Rows as JSON records, cut at a number of rows and bytes.

use std::fmt::Write as _;

use finqa_core::sql::{QueryLimits, QueryResult};
use rusqlite::Row;
use rusqlite::types::ValueRef;
use rustc_hash::FxHashSet;

/// Collects the rows of one result.
pub(crate) struct Records {
    json: String,
    /// `"name":` of each column, escaped.
    keys: Vec<String>,
    max_rows: u32,
    max_bytes: usize,
    shown: u32,
    total: u32,
}

impl Records {
    /// Starts a result with these columns. A name that repeats gets `_2`, `_3`, …: a JSON object would lose values.
    pub(crate) fn new(columns: &[&str], limits: &QueryLimits) -> Self {
        let mut used: FxHashSet<String> = columns.iter().map(|&c| c.to_owned()).collect();
        let mut seen = FxHashSet::default();
        let keys = columns
            .iter()
            .map(|&column| {
                let mut name = column.to_owned();
                if !seen.insert(column) {
                    let mut n = 2;
                    loop {
                        name = format!("{column}_{n}");
                        if used.insert(name.clone()) {
                            break;
                        }
                        n += 1;
                    }
                }
                let mut key = String::with_capacity(name.len() + 3);
                push_text(&mut key, &name);
                key.push(':');
                key
            })
            .collect();
        Self {
            json: String::from("["),
            keys,
            max_rows: limits.max_rows,
            max_bytes: limits.max_result_bytes as usize,
            shown: 0,
            total: 0,
        }
    }

    /// Adds a row: renders it as long as it and all before it fit, counts it in any case.
    pub(crate) fn push(&mut self, row: &Row<'_>) -> rusqlite::Result<()> {
        let fits_so_far = self.shown == self.total && self.shown < self.max_rows;
        self.total = self.total.saturating_add(1);
        if !fits_so_far {
            return Ok(());
        }
        let before = self.json.len();
        if self.shown > 0 {
            self.json.push(',');
        }
        self.json.push('{');
        for (index, key) in self.keys.iter().enumerate() {
            if index > 0 {
                self.json.push(',');
            }
            self.json.push_str(key);
            push_value(&mut self.json, row.get_ref(index)?);
            // Two bytes are left for "}]".
            if self.json.len() + 2 > self.max_bytes {
                self.json.truncate(before);
                return Ok(());
            }
        }
        self.json.push('}');
        self.shown += 1;
        Ok(())
    }

    /// Whether rows were left out.
    pub(crate) fn is_cut(&self) -> bool {
        self.shown < self.total
    }

    /// The result; `stopped` says that there may be more rows than were counted.
    pub(crate) fn finish(mut self, stopped: bool) -> QueryResult {
        self.json.push(']');
        QueryResult {
            json: self.json.into_boxed_str(),
            shown_rows: self.shown,
            total_rows: self.total,
            total_is_lower_bound: stopped,
        }
    }
}

fn push_value(json: &mut String, value: ValueRef<'_>) {
    match value {
        ValueRef::Null => json.push_str("null"),
        ValueRef::Integer(i) => {
            let written = write!(json, "{i}");
            debug_assert!(written.is_ok(), "a String takes every write");
        }
        // The shortest digits that give the same number again. JSON knows no infinity; SQLite has no NaN.
        ValueRef::Real(r) if r.is_finite() => {
            let written = write!(json, "{r:?}");
            debug_assert!(written.is_ok(), "a String takes every write");
        }
        ValueRef::Real(_) => json.push_str("null"),
        ValueRef::Text(bytes) => push_text(json, &String::from_utf8_lossy(bytes)),
        ValueRef::Blob(bytes) => {
            json.push('"');
            for byte in bytes {
                let written = write!(json, "{byte:02x}");
                debug_assert!(written.is_ok(), "a String takes every write");
            }
            json.push('"');
        }
    }
}

fn push_text(json: &mut String, text: &str) {
    json.push('"');
    let mut plain_from = 0;
    for (at, byte) in text.bytes().enumerate() {
        if byte >= 0x20 && byte != b'"' && byte != b'\\' {
            continue;
        }
        json.push_str(&text[plain_from..at]);
        plain_from = at + 1;
        match byte {
            b'"' => json.push_str("\\\""),
            b'\\' => json.push_str("\\\\"),
            b'\n' => json.push_str("\\n"),
            b'\r' => json.push_str("\\r"),
            b'\t' => json.push_str("\\t"),
            _ => {
                let written = write!(json, "\\u{byte:04x}");
                debug_assert!(written.is_ok(), "a String takes every write");
            }
        }
    }
    json.push_str(&text[plain_from..]);
    json.push('"');
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
        let json = render(sql, &QueryLimits::default()).json;
        let value: serde_json::Value = serde_json::from_str(&json).unwrap();
        let row = &value[0];
        assert_eq!(row["a"], 1);
        assert_eq!(row["a_2"], 2);
        assert!(row["inf"].is_null());
        assert_eq!(row["big"].as_f64(), Some(1e300));
        assert_eq!(row["b"], "00ff");
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
        assert_eq!(&*result.json, r#"[{"column1":"aaaaaaaa"}]"#);
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
        let json = render("SELECT 1 AS a, 2 AS a, 3 AS a_2", &QueryLimits::default()).json;
        assert_eq!(&*json, r#"[{"a":1,"a_3":2,"a_2":3}]"#);
    }
}
