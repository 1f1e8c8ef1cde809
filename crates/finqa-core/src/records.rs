//! Rows of a query as text: JSON records, or compact lines for very small models.

use std::fmt::Write as _;

use crate::sql::{QueryLimits, QueryResult, ResultStyle};
use crate::table::Value;

/// Ends a cell that was cut to let the first row fit.
const CUT_MARK: &str = " …(cut)";

/// Streams rows into the text of a [`QueryResult`], within a row cap and a byte cap.
///
/// Push the cells of a row in column order, then call [`end_row`](Self::end_row). Rows that do not fit are counted,
/// not shown, and once one was left out none is shown any more. A first row that does not fit is shown with its
/// longest cells cut. Nothing is allocated per cell.
///
/// JSON is strictly valid: NaN and infinities become `null`, control characters are escaped, text that is no UTF-8
/// gets replacement characters, blobs become hex digits, and a column name that repeats gets `_2`, `_3`, ….
///
/// # Examples
/// ```
/// use finqa_core::records::RecordsWriter;
/// use finqa_core::sql::QueryLimits;
///
/// let mut writer = RecordsWriter::new(&["item", "2024"], &QueryLimits::default());
/// writer.push_text(b"Revenue");
/// writer.push_real(5.0);
/// writer.end_row();
/// let result = writer.finish(false);
/// assert_eq!(&*result.text, r#"[{"item":"Revenue","2024":5.0}]"#);
/// ```
#[derive(Clone, Debug)]
pub struct RecordsWriter {
    style: ResultStyle,
    /// What stands before each cell: `{"item":` or ` `; the separators included.
    before: Vec<Box<str>>,
    out: String,
    max_rows: u32,
    max_bytes: usize,
    /// Where the row in progress begins in `out`.
    row_start: usize,
    column: usize,
    /// The row in progress is only counted.
    skipping: bool,
    shown: u32,
    total: u32,
    /// Spans in `out` of the text cells of the first row.
    first_row: Vec<(usize, usize)>,
}

impl RecordsWriter {
    /// A writer for rows of `columns`; takes style, `max_rows` and `max_result_bytes` from `limits`.
    pub fn new<S: AsRef<str>>(columns: &[S], limits: &QueryLimits) -> Self {
        let mut out = String::with_capacity(512.min(limits.max_result_bytes as usize));
        let names = distinct_names(columns);
        let before = match limits.style {
            ResultStyle::Json => {
                out.push('[');
                names
                    .iter()
                    .enumerate()
                    .map(|(i, name)| json_key(i, name))
                    .collect()
            }
            ResultStyle::Compact => {
                let before: Vec<Box<str>> = (0..names.len())
                    .map(|i| if i == 0 { " " } else { " | " }.into())
                    .collect();
                for (space, name) in before.iter().zip(&names) {
                    out.push_str(space);
                    push_plain(&mut out, name);
                }
                before
            }
        };
        Self {
            style: limits.style,
            before,
            row_start: out.len(),
            out,
            max_rows: limits.max_rows,
            max_bytes: limits.max_result_bytes as usize,
            column: 0,
            skipping: limits.max_rows == 0,
            shown: 0,
            total: 0,
            first_row: Vec::new(),
        }
    }

    /// Whether further rows are only counted: their cells need not be pushed, [`count_row`](Self::count_row) is
    /// enough.
    pub fn is_full(&self) -> bool {
        self.shown >= self.max_rows || self.shown < self.total
    }

    /// NULL.
    pub fn push_null(&mut self) {
        if self.begin_cell() {
            self.out.push_str(self.null());
        }
    }

    /// An integer, all digits.
    pub fn push_integer(&mut self, value: i64) {
        if self.begin_cell() {
            push_number(&mut self.out, value);
        }
    }

    /// A float: the shortest digits that read back as the same value, `5.0` for whole numbers, NULL if not finite.
    pub fn push_real(&mut self, value: f64) {
        if self.begin_cell() {
            if value.is_finite() {
                push_number(&mut self.out, value);
            } else {
                self.out.push_str(self.null());
            }
        }
    }

    /// Text; bytes that are no UTF-8 become U+FFFD.
    pub fn push_text(&mut self, bytes: &[u8]) {
        if !self.begin_cell() {
            return;
        }
        let start = self.out.len();
        match std::str::from_utf8(bytes) {
            Ok(text) => self.write_text(text),
            Err(_) => self.write_text(&String::from_utf8_lossy(bytes)),
        }
        self.end_text_cell(start);
    }

    /// A blob, as upper-case hex digits like `hex()` writes it.
    pub fn push_blob(&mut self, bytes: &[u8]) {
        const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
        if !self.begin_cell() {
            return;
        }
        let start = self.out.len();
        let quote = if self.style == ResultStyle::Json {
            "\""
        } else {
            ""
        };
        self.out.push_str(quote);
        for byte in bytes {
            self.out.push(DIGITS[usize::from(byte >> 4)] as char);
            self.out.push(DIGITS[usize::from(byte & 15)] as char);
        }
        self.out.push_str(quote);
        self.end_text_cell(start);
    }

    /// A cell of a table.
    pub fn push_value(&mut self, value: &Value) {
        match value {
            Value::Null => self.push_null(),
            Value::Integer(i) => self.push_integer(*i),
            Value::Real(x) => self.push_real(*x),
            Value::Text(text) => self.push_text(text.as_bytes()),
        }
    }

    /// Ends the row whose cells were pushed; true if it is shown. Cells that were not pushed are NULL.
    pub fn end_row(&mut self) -> bool {
        while !self.skipping && self.column < self.before.len() {
            self.push_null();
        }
        self.total = self.total.saturating_add(1);
        self.column = 0;
        if !self.skipping && self.style == ResultStyle::Json {
            self.out.push('}');
        }
        // One byte more for the bracket that closes the list.
        let too_long =
            self.out.len() + usize::from(self.style == ResultStyle::Json) > self.max_bytes;
        if !self.skipping && too_long && !(self.shown == 0 && self.cut_first_row()) {
            self.skipping = true;
        }
        if self.skipping {
            self.out.truncate(self.row_start);
            return false;
        }
        self.shown += 1;
        self.row_start = self.out.len();
        self.skipping = self.shown >= self.max_rows;
        true
    }

    /// Counts a row without looking at its cells.
    pub fn count_row(&mut self) {
        self.skipping = true;
        self.end_row();
    }

    /// The result. `total_is_lower_bound`: counting stopped before the last row.
    pub fn finish(mut self, total_is_lower_bound: bool) -> QueryResult {
        self.out.truncate(self.row_start);
        match self.style {
            ResultStyle::Json => self.out.push(']'),
            ResultStyle::Compact if self.total == 0 => self.out.push_str("\n (no rows)"),
            ResultStyle::Compact => {}
        }
        QueryResult {
            text: self.out.into(),
            shown_rows: self.shown,
            total_rows: self.total,
            total_is_lower_bound,
        }
    }

    const fn null(&self) -> &'static str {
        match self.style {
            ResultStyle::Json => "null",
            ResultStyle::Compact => "NULL",
        }
    }

    /// Writes what stands before a cell; false if the cell is not to be written.
    fn begin_cell(&mut self) -> bool {
        let Some(before) = self.before.get(self.column) else {
            debug_assert!(self.before.is_empty(), "more cells than columns");
            return false;
        };
        if !self.skipping && self.shown > 0 && self.out.len() > self.max_bytes {
            self.skipping = true;
        }
        if self.skipping {
            return false;
        }
        if self.column == 0 {
            match self.style {
                ResultStyle::Json if self.shown > 0 => self.out.push(','),
                ResultStyle::Json => {}
                ResultStyle::Compact => self.out.push('\n'),
            }
        }
        self.out.push_str(before);
        self.column += 1;
        true
    }

    fn write_text(&mut self, text: &str) {
        match self.style {
            ResultStyle::Json => push_json_string(&mut self.out, text),
            ResultStyle::Compact => push_plain(&mut self.out, text),
        }
    }

    /// Notes the cell if the first row may have to be cut, and keeps that row from growing without bound.
    fn end_text_cell(&mut self, start: usize) {
        if self.shown > 0 {
            return;
        }
        // No cell can show more than the whole cap; a row of many long ones is held to even shares early.
        let limit = if self.out.len() > 4 * self.max_bytes {
            (self.max_bytes / self.before.len().max(1)).max(CUT_MARK.len() + 2)
        } else {
            self.max_bytes
        };
        if self.out.len() - start > limit {
            let cell = self.out.split_off(start);
            self.write_cut(&cell, limit);
        }
        self.first_row.push((start, self.out.len()));
    }

    /// Cuts the longest text cells of the first row, all to one length, until it fits; false if it cannot.
    fn cut_first_row(&mut self) -> bool {
        let closing = usize::from(self.style == ResultStyle::Json);
        let text_bytes: usize = self.first_row.iter().map(|(start, end)| end - start).sum();
        let fixed = self.out.len() + closing - text_bytes;
        let Some(mut room) = self.max_bytes.checked_sub(fixed) else {
            return false;
        };
        // Short cells take what they need, the others share the rest evenly.
        let mut lengths: Vec<usize> = self
            .first_row
            .iter()
            .map(|(start, end)| end - start)
            .collect();
        lengths.sort_unstable();
        let mut limit = 0;
        for (i, length) in lengths.iter().enumerate() {
            limit = room / (lengths.len() - i);
            if *length > limit {
                break;
            }
            room -= length;
        }
        if limit < CUT_MARK.len() + 2 {
            return false;
        }
        let row = self.out.split_off(self.row_start);
        let base = self.row_start;
        let mut copied = 0;
        for (start, end) in std::mem::take(&mut self.first_row) {
            self.out.push_str(&row[copied..start - base]);
            self.write_cut(&row[start - base..end - base], limit);
            copied = end - base;
        }
        self.out.push_str(&row[copied..]);
        self.out.len() + closing <= self.max_bytes
    }

    /// Writes a rendered text cell in at most `limit` bytes, never splitting an escape or a character.
    fn write_cut(&mut self, cell: &str, limit: usize) {
        if cell.len() <= limit {
            self.out.push_str(cell);
            return;
        }
        let quote = usize::from(self.style == ResultStyle::Json);
        // A cell that was cut before loses that mark for the new one.
        let inner = &cell[quote..cell.len() - quote];
        let inner = inner.strip_suffix(CUT_MARK).unwrap_or(inner);
        let room = limit.saturating_sub(2 * quote + CUT_MARK.len());
        let mut end = 0;
        let mut rest = inner;
        while let Some(c) = rest.chars().next() {
            let unit = match c {
                '\\' if quote == 0 => rest.len().min(2),
                '\\' if rest.as_bytes().get(1) == Some(&b'u') => 6,
                '\\' => 2,
                c => c.len_utf8(),
            };
            let unit = if rest.is_char_boundary(unit) {
                unit
            } else {
                c.len_utf8()
            };
            if end + unit > room {
                break;
            }
            end += unit;
            rest = &rest[unit..];
        }
        let quotes = if quote == 1 { "\"" } else { "" };
        self.out.push_str(quotes);
        self.out.push_str(&inner[..end]);
        self.out.push_str(CUT_MARK);
        self.out.push_str(quotes);
    }
}

/// Renders rows of a table in [`ResultStyle::Compact`], without caps: a header line and a line a row.
///
/// `cells` is row-major with `columns.len()` cells a row.
///
/// # Examples
/// ```
/// use finqa_core::{Value, records::render_compact};
///
/// let cells = [Value::text("Revenue"), Value::text("$ 5"), Value::text("Costs"), Value::Null];
/// assert_eq!(render_compact(&["item", "2024"], &cells), " item | 2024\n Revenue | $ 5\n Costs | NULL");
/// ```
pub fn render_compact<S: AsRef<str>>(columns: &[S], cells: &[Value]) -> String {
    let limits = QueryLimits {
        max_rows: u32::MAX,
        max_result_bytes: u32::MAX,
        style: ResultStyle::Compact,
        ..QueryLimits::default()
    };
    let mut writer = RecordsWriter::new(columns, &limits);
    for row in cells.chunks(columns.len().max(1)) {
        for value in row {
            writer.push_value(value);
        }
        writer.end_row();
    }
    writer.finish(false).text.into()
}

/// Column names with `_2`, `_3`, … behind those that came before.
fn distinct_names<S: AsRef<str>>(columns: &[S]) -> Vec<String> {
    let mut seen = std::collections::HashSet::with_capacity(columns.len());
    let mut next = std::collections::HashMap::new();
    let taken: std::collections::HashSet<&str> = columns.iter().map(AsRef::as_ref).collect();
    columns
        .iter()
        .map(|column| {
            let column = column.as_ref();
            let mut name = column.to_string();
            // A suffixed name must not hit another column that is really called that.
            while !seen.insert(name.clone()) {
                let n = next.entry(column).or_insert(1_u32);
                *n += 1;
                name = format!("{column}_{n}");
                if taken.contains(name.as_str()) {
                    name = column.to_string();
                }
            }
            name
        })
        .collect()
}

fn json_key(index: usize, name: &str) -> Box<str> {
    let mut key = String::from(if index == 0 { "{" } else { "," });
    push_json_string(&mut key, name);
    key.push(':');
    key.into()
}

/// Writes a JSON string; everything but quotes, backslashes and control characters goes out as it is.
pub(crate) fn push_json_string(out: &mut String, text: &str) {
    let bytes = text.as_bytes();
    out.push('"');
    let mut done = 0;
    loop {
        let at = next_special(bytes, done);
        out.push_str(&text[done..at]);
        let Some(byte) = bytes.get(at) else { break };
        done = at + 1;
        match byte {
            b'"' => out.push_str("\\\""),
            b'\\' => out.push_str("\\\\"),
            b'\n' => out.push_str("\\n"),
            b'\r' => out.push_str("\\r"),
            b'\t' => out.push_str("\\t"),
            _ => {
                let _ = write!(out, "\\u{byte:04x}");
            }
        }
    }
    out.push('"');
}

/// Position of the first byte from `from` on that JSON strings must escape, or the length. Looks at eight bytes at a
/// time: cells are short and rarely hold such a byte.
fn next_special(bytes: &[u8], from: usize) -> usize {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const HIGH: u64 = 0x8080_8080_8080_8080;
    // The lowest flag set is exact: a borrow can only raise flags above a byte that is itself below the bound.
    let below = |word: u64, bound: u8| word.wrapping_sub(ONES * u64::from(bound)) & !word & HIGH;
    let mut at = from;
    while let Some(chunk) = bytes.get(at..).and_then(|rest| rest.first_chunk::<8>()) {
        let word = u64::from_le_bytes(*chunk);
        let flags = below(word, 0x20)
            | below(word ^ (ONES * u64::from(b'"')), 1)
            | below(word ^ (ONES * u64::from(b'\\')), 1);
        if flags != 0 {
            return at + (flags.trailing_zeros() / 8) as usize;
        }
        at += 8;
    }
    let special = |b: &u8| *b < 0x20 || *b == b'"' || *b == b'\\';
    bytes[at..]
        .iter()
        .position(special)
        .map_or(bytes.len(), |i| at + i)
}

/// Writes a number as JSON does, by way of the stack.
fn push_number(out: &mut String, number: impl serde::Serialize) {
    let mut buffer = [0_u8; 40];
    let mut rest = &mut buffer[..];
    // Digits, sign, point and exponent take at most 25 bytes, so neither step fails.
    if serde_json::to_writer(&mut rest, &number).is_ok() {
        let length = 40 - rest.len();
        out.push_str(std::str::from_utf8(&buffer[..length]).unwrap_or("null"));
    }
}

/// Writes a cell of a compact line: control characters become blanks, blanks at the ends go, `|` becomes `\|`.
pub(crate) fn push_plain(out: &mut String, text: &str) {
    let text = text.trim();
    let mut done = 0;
    for (i, byte) in text.bytes().enumerate() {
        if byte >= 0x20 && byte != b'|' {
            continue;
        }
        out.push_str(&text[done..i]);
        done = i + 1;
        out.push_str(if byte == b'|' { "\\|" } else { " " });
    }
    out.push_str(&text[done..]);
}
