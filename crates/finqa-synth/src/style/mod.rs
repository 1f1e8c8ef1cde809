//! Writes notes as filings do: names, headers, labels, signs, dashes.
//!
//! Rows and columns keep their indices: row `r` of the note is row `r` of the table, value column `c` of the note is
//! column `c + 1`.

use finqa_core::{Table, Value};

use crate::config::SynthConfig;
use crate::draw::Draw;
use crate::identity::Identity;
use crate::note::{Cell, Display, Note, Prefix};

/// A written table together with what it was made from.
pub(crate) struct Written {
    /// The note with the numbers as shown: in this table's own scale and decimals.
    pub(crate) note: Note,
    pub(crate) table: Table,
    /// Scale and decimals of this table's money and shares.
    pub(crate) display: Display,
    /// The scale can be read from headers, labels or description.
    pub(crate) scale_stated: bool,
}

impl Written {
    /// Header of the label column.
    pub(crate) fn label_header(&self) -> &str {
        &self.table.columns[0]
    }

    /// Header of value column `column` of the note.
    pub(crate) fn header(&self, column: usize) -> &str {
        &self.table.columns[column + 1]
    }

    /// The label of row `row` as it stands in the table.
    pub(crate) fn label(&self, row: usize) -> &str {
        self.table.row(row)[0].as_str().unwrap_or_default()
    }

    /// The text of a cell as it stands in the table.
    pub(crate) fn shown(&self, row: usize, column: usize) -> &str {
        self.table.row(row)[column + 1].as_str().unwrap_or_default()
    }
}

/// Writes the notes of a company, in the order in which its tables are listed.
pub(crate) fn write_all(
    notes: Vec<Note>,
    company: Display,
    identity: &Identity,
    config: &SynthConfig,
    mut draw_of: impl FnMut(usize) -> Draw,
) -> Vec<Written> {
    let mut written: Vec<Written> = notes
        .into_iter()
        .enumerate()
        .map(|(i, note)| write(note, company, identity, config, &mut draw_of(i)))
        .collect();
    written.sort_by(|a, b| a.table.name.cmp(&b.table.name));
    written
}

fn write(
    note: Note,
    display: Display,
    identity: &Identity,
    _config: &SynthConfig,
    _draw: &mut Draw,
) -> Written {
    let prefix = match note.prefix {
        Prefix::UsGaap => "us_gaap",
        Prefix::Srt => "srt",
        Prefix::Ticker => &identity.ticker,
    };
    let mut columns = vec![note.label_header.unwrap_or("category").to_owned()];
    columns.extend(note.columns.iter().enumerate().map(|(i, c)| {
        if c.words.is_empty() {
            c.period.year().to_string()
        } else {
            format!("{}_{i}", c.words)
        }
    }));
    let mut rows = Vec::new();
    for row in &note.rows {
        rows.push(Value::text(row.label.text.as_str()));
        for c in 0..note.columns.len() {
            rows.push(Value::text(match row.cells.get(c) {
                Some(Cell::Number(n)) => plain((*n).into(), display.decimals_of(row.quantity)),
                Some(Cell::Text(t)) => t.clone(),
                Some(Cell::Empty) | None => String::new(),
            }));
        }
    }
    let table = Table {
        name: format!("{prefix}_{}TableTextBlock", note.stem),
        columns,
        rows,
        description: note.topic.replace(' ', "_"),
        scale: String::new(),
        extra: serde_json::Map::new(),
    };
    Written {
        note,
        table,
        display,
        scale_stated: false,
    }
}

/// A decimal number without grouping: 12345 with one decimal is `1234.5`.
pub(crate) fn plain(value: i128, decimals: u8) -> String {
    let width = usize::from(decimals);
    let digits = format!("{:0>width$}", value.unsigned_abs(), width = width + 1);
    let (whole, fraction) = digits.split_at(digits.len() - width);
    let sign = if value < 0 { "-" } else { "" };
    if width == 0 {
        format!("{sign}{whole}")
    } else {
        format!("{sign}{whole}.{fraction}")
    }
}
