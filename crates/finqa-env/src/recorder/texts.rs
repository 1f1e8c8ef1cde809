//! The texts of records. They stand behind the JSON object of a record as they are, without escapes; one that repeats is
//! written once to a file and then called by its number.

use finqa_core::behaviour::TableKey;
use rustc_hash::FxHashMap;
use twox_hash::XxHash3_128;

use super::line::json;

/// Shorter texts are written every time.
const MIN_BYTES: usize = 64;
/// Bytes of numbered texts after which all are forgotten, here and by the reader, which holds them in memory.
const MAX_BYTES: usize = 32 << 20;

/// The numbered texts of one file.
#[derive(Default)]
pub(super) struct Texts {
    numbers: FxHashMap<u128, u32>,
    tasks: FxHashMap<u32, u32>,
    tables: FxHashMap<TableKey, u32>,
    next: u32,
    bytes: usize,
    /// Those that are new in the record under way, one behind the other, and their lengths.
    new: Vec<u8>,
    new_lengths: Vec<u32>,
}

impl Texts {
    /// Forgets everything if it has become too much; whether it has.
    pub(super) fn forget_if_full(&mut self) -> bool {
        if self.bytes < MAX_BYTES {
            return false;
        }
        *self = Self::default();
        true
    }

    /// The texts of one record: those that get no number go to `own`.
    pub(super) fn of_record<'a>(&'a mut self, own: &'a mut Vec<u8>) -> RecordTexts<'a> {
        RecordTexts { file: self, own }
    }

    /// The member with the lengths of the new texts.
    pub(super) fn write_lengths(&mut self, out: &mut Vec<u8>) {
        if !self.new_lengths.is_empty() {
            out.extend_from_slice(b",\"texts\":");
            json(out, &self.new_lengths);
            self.new_lengths.clear();
        }
    }

    /// The new texts.
    pub(super) fn write_new(&mut self, out: &mut Vec<u8>) {
        out.append(&mut self.new);
    }

    fn add(&mut self, text: &str) -> u32 {
        self.new.extend_from_slice(text.as_bytes());
        self.new_lengths.push(text.len() as u32);
        self.bytes += text.len();
        self.next += 1;
        self.next - 1
    }
}

/// The texts of the record under way.
pub(super) struct RecordTexts<'a> {
    file: &'a mut Texts,
    own: &'a mut Vec<u8>,
}

impl RecordTexts<'_> {
    /// Keeps `text` and writes to `out` how to find it: its number, or how long it is, as a negative number. An empty
    /// text is `""`.
    pub(super) fn write(&mut self, out: &mut Vec<u8>, text: &str) {
        if text.len() < MIN_BYTES {
            return self.write_own(out, text);
        }
        let key = XxHash3_128::oneshot(text.as_bytes());
        let known = self.file.numbers.get(&key).copied();
        let number = known.unwrap_or_else(|| {
            let number = self.file.add(text);
            self.file.numbers.insert(key, number);
            number
        });
        json(out, &number);
    }

    /// The same for a text that will hardly come again.
    pub(super) fn write_own(&mut self, out: &mut Vec<u8>, text: &str) {
        if text.is_empty() {
            out.extend_from_slice(b"\"\"");
        } else {
            self.own.extend_from_slice(text.as_bytes());
            json(out, &-(text.len() as i64));
        }
    }

    /// The number of the text about a task, which `make` writes if the task is new.
    pub(super) fn task(&mut self, index: u32, make: impl FnOnce() -> String) -> u32 {
        if let Some(&number) = self.file.tasks.get(&index) {
            return number;
        }
        let number = self.file.add(&make());
        self.file.tasks.insert(index, number);
        number
    }

    /// The number of a table's name.
    pub(super) fn table(&mut self, key: TableKey, name: &str) -> u32 {
        if let Some(&number) = self.file.tables.get(&key) {
            return number;
        }
        let number = self.file.add(name);
        self.file.tables.insert(key, number);
        number
    }
}
