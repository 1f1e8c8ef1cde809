//! Tables written by pandas as JSON.
//!
//! `pandas.read_json` guesses: it turns year headers into dates and number strings into numbers, so the two
//! published readers disagree with each other about one file. Here names and cells stay what the file says.

use std::collections::HashMap;
use std::fmt;
use std::marker::PhantomData;

use finqa_core::Value;
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::names;

/// Why a JSON text is no usable table: a stable reason and what was seen.
#[derive(Debug)]
pub(crate) struct BadTable {
    pub(crate) reason: &'static str,
    pub(crate) detail: String,
}

fn bad(reason: &'static str, detail: impl Into<String>) -> BadTable {
    BadTable {
        reason,
        detail: detail.into(),
    }
}

/// The members of a JSON object in file order, repeated keys included.
pub(crate) struct Members<T>(pub(crate) Vec<(String, T)>);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Members<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Collect<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for Collect<T> {
            type Value = Members<T>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a JSON object")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut out = Vec::new();
                while let Some(member) = map.next_entry()? {
                    out.push(member);
                }
                Ok(Members(out))
            }
        }
        deserializer.deserialize_map(Collect(PhantomData))
    }
}

type Raw = Box<RawValue>;
/// Column names and row-major cells.
pub(crate) type Cells = (Vec<String>, Vec<Value>);

/// Columns and row-major cells of a table in one of the shapes that pandas writes:
/// `{"col": {"0": v}}`, `{"col": [v]}`, `[{"col": v}]`, `{"columns": […], "index": […], "data": [[…]]}`, and
/// `{"0": {"col": v}}` where the outer keys are 0, 1, 2, … and the inner ones are not all numbers.
pub(crate) fn parse(text: &str) -> Result<Cells, BadTable> {
    let text = text.trim();
    let (columns, rows) = if text.starts_with('[') {
        records(text)?
    } else {
        object(text)?
    };
    if columns.is_empty() || rows.is_empty() {
        return Err(bad(
            "empty_table",
            format!(
                "the table has {} columns and {} rows; both must be at least 1",
                columns.len(),
                rows.len() / columns.len().max(1)
            ),
        ));
    }
    Ok((names::columns(columns), rows))
}

fn invalid(e: &serde_json::Error) -> BadTable {
    bad(
        "table_not_json",
        format!("the table is not the JSON that pandas writes: {e}"),
    )
}

/// A cell: strings as they are, numbers as they are spelled, `true`, `false`, and NULL for `null`.
fn cell(raw: &str, column: &str) -> Result<Value, BadTable> {
    match raw.as_bytes().first() {
        Some(b'"') => {
            let text: String = serde_json::from_str(raw).map_err(|e| invalid(&e))?;
            Ok(Value::text(text))
        }
        Some(b'[' | b'{') => Err(bad(
            "nested_cell",
            format!(
                "column {column:?} holds a list or an object; a cell must be text, a number or null"
            ),
        )),
        _ if raw == "null" => Ok(Value::Null),
        _ => Ok(Value::text(raw)),
    }
}

fn records(text: &str) -> Result<Cells, BadTable> {
    let records: Vec<Members<Raw>> = serde_json::from_str(text).map_err(|e| invalid(&e))?;
    let mut grid = Grid::default();
    for (row, record) in records.iter().enumerate() {
        let mut repeats: HashMap<&str, usize> = HashMap::new();
        for (name, value) in &record.0 {
            let nth = repeats.entry(name).and_modify(|n| *n += 1).or_insert(0);
            let column = grid.column(name, *nth);
            grid.put(row, column, cell(value.get(), name)?);
        }
    }
    Ok(grid.finish(records.len()))
}

fn object(text: &str) -> Result<Cells, BadTable> {
    let members: Members<Raw> = serde_json::from_str(text).map_err(|e| invalid(&e))?;
    if let Some(split) = split_shape(&members.0)? {
        return Ok(split);
    }
    let counted = members
        .0
        .iter()
        .enumerate()
        .all(|(i, (key, _))| *key == i.to_string());
    let mut grid = Grid::default();
    if counted && !members.0.is_empty() {
        let rows: Result<Vec<Members<Raw>>, _> = members
            .0
            .iter()
            .map(|(_, raw)| serde_json::from_str(raw.get()))
            .collect();
        if let Ok(rows) = rows
            && rows
                .iter()
                .flat_map(|r| &r.0)
                .any(|(k, _)| k.parse::<u64>().is_err())
        {
            for (row, record) in rows.iter().enumerate() {
                for (name, value) in &record.0 {
                    let column = grid.column(name, 0);
                    grid.put(row, column, cell(value.get(), name)?);
                }
            }
            return Ok(grid.finish(rows.len()));
        }
    }
    // Rows appear in the order in which their keys first appear in any column.
    let mut row_of: HashMap<String, usize> = HashMap::new();
    let mut repeats: HashMap<&str, usize> = HashMap::new();
    for (name, raw) in &members.0 {
        let nth = repeats.entry(name).and_modify(|n| *n += 1).or_insert(0);
        let column = grid.column(name, *nth);
        let raw = raw.get();
        if raw.starts_with('[') {
            let cells: Vec<Raw> = serde_json::from_str(raw).map_err(|e| invalid(&e))?;
            for (row, value) in cells.iter().enumerate() {
                row_of.entry(row.to_string()).or_insert(row);
                grid.put(row, column, cell(value.get(), name)?);
            }
        } else if raw.starts_with('{') {
            let cells: Members<Raw> = serde_json::from_str(raw).map_err(|e| invalid(&e))?;
            for (key, value) in &cells.0 {
                let next = row_of.len();
                let row = *row_of.entry(key.clone()).or_insert(next);
                grid.put(row, column, cell(value.get(), name)?);
            }
        } else {
            return Err(bad(
                "table_shape",
                format!(
                    "column {name:?} is {}; it must be an object from row to cell, or a list",
                    shorten(raw)
                ),
            ));
        }
    }
    Ok(grid.finish(row_of.len()))
}

/// pandas' `orient="split"`.
fn split_shape(members: &[(String, Raw)]) -> Result<Option<Cells>, BadTable> {
    let get = |key: &str| members.iter().find(|(k, _)| k == key).map(|(_, v)| v.get());
    let known = members
        .iter()
        .all(|(k, _)| matches!(k.as_str(), "columns" | "index" | "data"));
    let (Some(columns), Some(data), true) = (get("columns"), get("data"), known) else {
        return Ok(None);
    };
    let (Ok(columns), Ok(data)) = (
        serde_json::from_str::<Vec<serde_json::Value>>(columns),
        serde_json::from_str::<Vec<Vec<Raw>>>(data),
    ) else {
        return Ok(None);
    };
    let names: Vec<String> = columns
        .into_iter()
        .map(|v| v.as_str().map_or_else(|| v.to_string(), str::to_owned))
        .collect();
    let mut cells = Vec::with_capacity(names.len() * data.len());
    for (i, row) in data.iter().enumerate() {
        if row.len() != names.len() {
            return Err(bad(
                "ragged_rows",
                format!(
                    "row {i} has {} cells, but there are {} columns",
                    row.len(),
                    names.len()
                ),
            ));
        }
        for (value, name) in row.iter().zip(&names) {
            cells.push(cell(value.get(), name)?);
        }
    }
    Ok(Some((names, cells)))
}

fn shorten(raw: &str) -> String {
    raw.chars().take(40).collect()
}

/// Cells by row and column while both are still being found.
#[derive(Default)]
pub(super) struct Grid {
    columns: Vec<String>,
    index: HashMap<(String, usize), usize>,
    cells: Vec<(usize, usize, Value)>,
}

impl Grid {
    /// Index of the `nth` column of that name; repeated keys are columns of their own.
    pub(super) fn column(&mut self, name: &str, nth: usize) -> usize {
        if let Some(&i) = self.index.get(&(name.to_owned(), nth)) {
            return i;
        }
        let i = self.columns.len();
        self.columns.push(name.to_owned());
        self.index.insert((name.to_owned(), nth), i);
        i
    }

    pub(super) fn put(&mut self, row: usize, column: usize, value: Value) {
        self.cells.push((row, column, value));
    }

    pub(super) fn finish(self, num_rows: usize) -> Cells {
        let n = self.columns.len();
        let mut rows = vec![Value::Null; n * num_rows];
        for (row, column, value) in self.cells {
            rows[row * n + column] = value;
        }
        (self.columns, rows)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(json: &str) -> (Vec<String>, Vec<Option<String>>) {
        let (columns, rows) = parse(json).unwrap();
        (
            columns,
            rows.iter().map(|v| v.as_str().map(str::to_owned)).collect(),
        )
    }

    fn reason(json: &str) -> &'static str {
        parse(json).unwrap_err().reason
    }

    #[test]
    fn the_orientations_give_the_same_table() {
        let want = texts(r#"{"item":{"0":"a","1":"b"},"2024":{"0":"$ 1","1":"(2)"}}"#);
        assert_eq!(want.0, ["item", "2024"]);
        for json in [
            r#"[{"item":"a","2024":"$ 1"},{"item":"b","2024":"(2)"}]"#,
            r#"{"item":["a","b"],"2024":["$ 1","(2)"]}"#,
            r#"{"0":{"item":"a","2024":"$ 1"},"1":{"item":"b","2024":"(2)"}}"#,
            r#"{"columns":["item","2024"],"index":[0,1],"data":[["a","$ 1"],["b","(2)"]]}"#,
        ] {
            assert_eq!(texts(json), want, "{json}");
        }
    }

    #[test]
    fn keys_keep_their_order() {
        let (columns, rows) = texts(r#"{"z":{"1":"one","0":"zero"},"a":{"0":"x","1":"y"}}"#);
        assert_eq!(columns, ["z", "a"]);
        assert_eq!(rows, ["one", "y", "zero", "x"].map(|s| Some(s.to_owned())));
    }

    #[test]
    fn year_headers_and_an_empty_first_header_stay_names() {
        let (columns, _) = texts(r#"{"":{"0":"a"},"2024":{"0":"1"},"2023":{"0":"2"}}"#);
        assert_eq!(columns, ["col_0", "2024", "2023"]);
    }

    #[test]
    fn only_year_columns_are_still_columns() {
        let (columns, _) = texts(r#"{"2024":{"0":"1"},"2023":{"0":"2"}}"#);
        assert_eq!(columns, ["2024", "2023"]);
    }

    #[test]
    fn cells_stay_strings_and_numbers_keep_their_spelling() {
        let (_, rows) =
            texts(r#"[{"a":"007","b":1.50,"c":1e3,"d":true,"e":null,"f":"nan","g":"2019-01-01"}]"#);
        let want = [
            Some("007"),
            Some("1.50"),
            Some("1e3"),
            Some("true"),
            None,
            Some("nan"),
            Some("2019-01-01"),
        ];
        assert_eq!(rows, want.map(|s| s.map(str::to_owned)));
    }

    #[test]
    fn repeated_headers_are_kept_apart() {
        let (columns, rows) = texts(r#"{"x":{"0":"k"},"2024":{"0":"1"},"2024":{"0":"2"}}"#);
        assert_eq!(columns, ["x", "2024", "2024_2"]);
        assert_eq!(rows[2].as_deref(), Some("2"));
        assert_eq!(texts(r#"[{"2024":"1","2024":"2"}]"#).0, ["2024", "2024_2"]);
    }

    #[test]
    fn columns_that_differ_only_in_case_are_renamed() {
        assert_eq!(
            texts(r#"{"Total":["1"],"total":["2"]}"#).0,
            ["Total", "total_2"]
        );
    }

    #[test]
    fn missing_cells_are_null() {
        let (columns, rows) = texts(r#"[{"a":"1"},{"b":"2"}]"#);
        assert_eq!(columns, ["a", "b"]);
        assert_eq!(
            rows,
            [Some("1".to_owned()), None, None, Some("2".to_owned())]
        );
    }

    #[test]
    fn broken_tables_have_a_reason() {
        assert_eq!(reason("{}"), "empty_table");
        assert_eq!(reason("[]"), "empty_table");
        assert_eq!(reason(r#"{"a":{}}"#), "empty_table");
        assert_eq!(reason(r#"{"a":{"0":[1]}}"#), "nested_cell");
        assert_eq!(reason(r#"{"a":"b"}"#), "table_shape");
        assert_eq!(reason(r#"{"a":"#), "table_not_json");
        assert_eq!(
            reason(r#"{"columns":["a"],"data":[["1","2"]]}"#),
            "ragged_rows"
        );
    }
}
