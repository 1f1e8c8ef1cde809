//! Writes notes as filings do: names, headers, labels, signs, dashes.
//!
//! Rows and columns keep their indices: row `r` of the note is row `r` of the table, value column `c` of the note is
//! column `c + 1`. What moves rows, columns or numbers (`order`, `units`) therefore moves them in the note.

mod calendar;
mod cells;
mod headers;
mod house;
mod labels;
mod names;
mod order;
mod phrases;
mod units;

use finqa_core::answer::Scale;
use finqa_core::{Table, Value};

pub(crate) use calendar::year_end;

use self::cells::Cells;
use self::house::House;
use crate::config::SynthConfig;
use crate::draw::{Draw, Key, Stream};
use crate::identity::Identity;
use crate::ledger::Ledger;
use crate::note::{Display, Note, Prefix};

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
///
/// A folder lists its files in no order, and so do these tables.
pub(crate) fn write_all(
    notes: Vec<Note>,
    key: Key,
    ledger: &Ledger,
    identity: &Identity,
    config: &SynthConfig,
) -> Vec<Written> {
    let mut company = Draw::nth(key, Stream::Style, u32::MAX);
    let house = House::new(ledger.base.calendar, &mut company);
    let mut written: Vec<Written> = notes
        .into_iter()
        .map(|note| {
            let mut draw = Draw::nth(key, Stream::Style, stream_of(&note));
            write(
                note,
                ledger.base.display,
                &house,
                identity,
                config,
                &mut draw,
            )
        })
        .collect();
    company.shuffle(&mut written);
    written
}

/// A number for the note's own stream that no other note changes (FNV-1a; the last bit is left for the company's).
fn stream_of(note: &Note) -> u32 {
    let prefix = match note.prefix {
        Prefix::UsGaap => b'u',
        Prefix::Srt => b's',
        Prefix::Ticker => b't',
    };
    let bytes = std::iter::once(prefix).chain(note.stem.bytes());
    bytes.fold(0x811c_9dc5_u32, |hash, byte| {
        (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193)
    }) >> 1
}

fn write(
    mut note: Note,
    company: Display,
    house: &House,
    identity: &Identity,
    config: &SynthConfig,
    draw: &mut Draw,
) -> Written {
    if house.oldest_first {
        order::oldest_first(&mut note);
    }
    phrases::apply(&mut note, house);
    order::thin(&mut note, config, draw);
    order::lead(&mut note, config, draw);
    labels::repeat(&mut note, config, draw);
    cells::blank_nils(&mut note, draw);
    let mut display = company;
    let mut is_mismatched = units::is_mismatched(config, draw);
    if is_mismatched {
        match units::in_thousands(&note, company, draw) {
            Some((fine, thousands)) => (note, display) = (fine, thousands),
            None => is_mismatched = false,
        }
    }
    cells::mark_gaps(&mut note, draw);

    // A scale unlike the company's must be stated, and some tables have no other place for it.
    let has_description = !draw.chance(config.missing_metadata_pct) || is_mismatched;
    let place = units::place(&note, display, has_description, is_mismatched, draw);
    let headers = headers::write(&note, display, place, has_description, house, config, draw);
    let labels = labels::write(&note, house, config, draw);
    let cells = Cells::new(&note, display, house, config, draw);
    let mut rows = Vec::with_capacity(note.rows.len() * headers.columns.len());
    for (r, label) in labels.into_iter().enumerate() {
        rows.push(Value::text(label));
        for c in 0..note.columns.len() {
            rows.push(Value::text(cells.text(&note, r, c)));
        }
    }
    let description =
        units::description(&note, display, place, headers.years_are_lost, house, draw);
    let is_scaled = !matches!(place, units::Place::Nowhere | units::Place::NotNeeded);
    let table = Table {
        name: names::table(&note, identity),
        columns: headers.columns,
        rows,
        description: if has_description {
            description
        } else {
            String::new()
        },
        scale: if is_scaled {
            scale_word(display.scale)
        } else {
            ""
        }
        .to_owned(),
        extra: serde_json::Map::new(),
    };
    Written {
        note,
        table,
        display,
        scale_stated: place.is_stated(),
    }
}

/// The plural word of a scale, as headers and descriptions have it.
pub(crate) fn scale_words(scale: Scale) -> &'static str {
    match scale {
        Scale::One => "dollars",
        Scale::Thousand => "thousands",
        Scale::Million => "millions",
        Scale::Billion => "billions",
    }
}

/// The word that [`Table::scale`] uses.
fn scale_word(scale: Scale) -> &'static str {
    match scale {
        Scale::One => "",
        Scale::Thousand => "thousand",
        Scale::Million => "million",
        Scale::Billion => "billion",
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

#[cfg(test)]
mod tests;
