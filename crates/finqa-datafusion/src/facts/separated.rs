//! Rows of TSV and CSV.
//!
//! A quotation mark that nobody closes makes one record of all that stands behind it. It costs its own line: a record of
//! several lines that is too long, that does not fit the header or that is open at the end of the file is given up, and
//! reading goes on with its second line.

use std::fs::File;
use std::io::{self, BufRead as _, BufReader, ErrorKind, Read, Seek, SeekFrom};
use std::path::Path;

use finqa_data::DataError;

use super::error::Result;
use super::rows::{BUFFER, MAX_RECORD_BYTES, Row, Take, Wanted, open, places, too_long};

/// A file that gives no more bytes than are left to the record.
struct Bounded {
    file: File,
    left: u64,
}

impl Read for Bounded {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        if self.left == 0 {
            return Err(ErrorKind::FileTooLarge.into());
        }
        let most = usize::try_from(self.left).unwrap_or(bytes.len());
        let most = most.min(bytes.len());
        let n = self.file.read(&mut bytes[..most])?;
        self.left -= n as u64;
        Ok(n)
    }
}

impl Seek for Bounded {
    fn seek(&mut self, place: SeekFrom) -> io::Result<u64> {
        self.file.seek(place)
    }
}

/// Reads a file whose fields are parted by `separator`.
pub(super) fn separated(
    path: &Path,
    separator: u8,
    wanted: &[Wanted<'_>],
    take: &mut Take<'_>,
) -> Result<()> {
    let file = open(path)?;
    let num_bytes = file.metadata().map_err(|e| DataError::io(path, e))?.len();
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(separator)
        // Tab-separated files of the SEC quote nothing: a quotation mark in a footnote is one.
        .quoting(separator == b',')
        .flexible(true)
        .buffer_capacity(BUFFER)
        .from_reader(Bounded {
            file,
            left: MAX_RECORD_BYTES,
        });
    let failed = |e: csv::Error| match e.into_kind() {
        csv::ErrorKind::Io(e) if e.kind() == ErrorKind::FileTooLarge => {
            DataError::record(path, "header", too_long())
        }
        csv::ErrorKind::Io(e) => DataError::io(path, e),
        other => DataError::record(path, "text", format!("{other:?}")),
    };
    let header: Vec<String> = reader
        .byte_headers()
        .map_err(failed)?
        .iter()
        .map(|name| {
            let name = String::from_utf8_lossy(name);
            name.trim_start_matches('\u{feff}').trim().to_owned()
        })
        .collect();
    let places = places(path, wanted, &header)?;
    // The reader takes the line feed behind a carriage return for the start of the next record, and counts it there.
    let uncounted = u64::from(is_line_feed(path, reader.position().byte())?);
    let mut record = csv::ByteRecord::new();
    let mut fields: Vec<Option<&str>>;
    loop {
        reader.get_mut().left = MAX_RECORD_BYTES;
        let is_too_long = match reader.read_byte_record(&mut record) {
            Ok(false) => return Ok(()),
            Ok(true) => false,
            Err(e) if is_too_large(&e) => true,
            Err(e) => return Err(failed(e).into()),
        };
        // Also of a record that could not be read: it is set before the first byte.
        let start = record
            .position()
            .cloned()
            .unwrap_or_else(csv::Position::new);
        let line = start.line() + uncounted;
        let has_lines = separator == b',' && record.as_slice().contains(&b'\n');
        let broken = if is_too_long {
            Some(too_long())
        } else if record.len() != header.len() {
            Some(format!(
                "has {} fields, the header has {}",
                record.len(),
                header.len()
            ))
        } else if has_lines && reader.position().byte() == num_bytes && is_open(&record, path)? {
            Some("has a quotation mark that nobody closes".to_owned())
        } else if std::str::from_utf8(record.as_slice()).is_err() {
            Some("is not UTF-8".to_owned())
        } else {
            None
        };
        let goes_on = if let Some(reason) = broken {
            if is_too_long || has_lines {
                // The mark that opened this record may be a slip: what stands in the lines behind is not lost with it.
                let mut next = next_line(path, &start)?;
                // As the reader would have come there: before the line feed that it has not counted.
                let byte = next.byte() - uncounted;
                next.set_line(next.line() - uncounted).set_byte(byte);
                let place = SeekFrom::Start(next.byte());
                reader.seek_raw(place, next).map_err(failed)?;
            }
            take(line, Row::Broken(reason))?
        } else {
            fields = places
                .iter()
                .map(|place| {
                    let text = std::str::from_utf8(record.get((*place)?)?).ok()?.trim();
                    (!text.is_empty()).then_some(text)
                })
                .collect();
            take(line, Row::Fields(&fields))?
        };
        if !goes_on {
            return Ok(());
        }
    }
}

fn is_line_feed(path: &Path, place: u64) -> Result<bool> {
    let mut file = open(path)?;
    let mut byte = Vec::new();
    file.seek(SeekFrom::Start(place))
        .and_then(|_| file.take(1).read_to_end(&mut byte))
        .map_err(|e| DataError::io(path, e))?;
    Ok(byte == b"\n")
}

fn is_too_large(error: &csv::Error) -> bool {
    matches!(error.kind(), csv::ErrorKind::Io(e) if e.kind() == ErrorKind::FileTooLarge)
}

/// Whether the last record of a file is still open there: its last field has several lines and no mark behind.
fn is_open(record: &csv::ByteRecord, path: &Path) -> Result<bool> {
    if !record
        .iter()
        .next_back()
        .is_some_and(|field| field.contains(&b'\n'))
    {
        return Ok(false);
    }
    let failed = |e| DataError::io(path, e);
    let mut file = open(path)?;
    let num_bytes = file.seek(SeekFrom::End(0)).map_err(failed)?;
    let mut tail = Vec::new();
    // A mark and the end of its line.
    file.seek(SeekFrom::Start(num_bytes.saturating_sub(3)))
        .and_then(|_| file.read_to_end(&mut tail))
        .map_err(failed)?;
    Ok(!tail.trim_ascii_end().ends_with(b"\""))
}

/// Where the line behind the first one of the record at `start` begins.
fn next_line(path: &Path, start: &csv::Position) -> Result<csv::Position> {
    let failed = |e| DataError::io(path, e);
    let mut file = BufReader::new(open(path)?);
    let (mut byte, mut line) = (start.byte(), start.line());
    file.seek(SeekFrom::Start(byte)).map_err(failed)?;
    // The place of a record may be before the end of the last one.
    loop {
        let seen = file.fill_buf().map_err(failed)?;
        match seen.first() {
            Some(b'\r' | b'\n') => {
                line += u64::from(seen[0] == b'\n');
                file.consume(1);
                byte += 1;
            }
            _ => break,
        }
    }
    byte += file.skip_until(b'\n').map_err(failed)? as u64;
    let mut next = start.clone();
    next.set_byte(byte).set_line(line + 1);
    Ok(next)
}
