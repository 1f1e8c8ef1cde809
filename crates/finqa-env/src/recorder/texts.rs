//! Texts that repeat: each is written once to a file and then called by its number.

use rustc_hash::FxHashMap;
use twox_hash::XxHash3_128;

use super::escape::text as escape;

/// Shorter texts are written where they stand.
const MIN_BYTES: usize = 64;
/// Bytes of texts after which all are forgotten, here and by the reader, which holds them in memory.
const MAX_BYTES: usize = 32 << 20;

/// The texts of one file.
#[derive(Default)]
pub(super) struct Texts {
    numbers: FxHashMap<u128, u32>,
    tasks: FxHashMap<u32, u32>,
    next: u32,
    bytes: usize,
    /// Those of the line under way, as JSON texts with commas between them.
    new: Vec<u8>,
}

impl Texts {
    /// Forgets everything if it has become too much; whether it has.
    pub(super) fn forget_if_full(&mut self) -> bool {
        if self.bytes < MAX_BYTES {
            return false;
        }
        *self = Self {
            new: std::mem::take(&mut self.new),
            ..Self::default()
        };
        true
    }

    /// Writes `text` to `out` as a JSON text, or the number that it goes by.
    pub(super) fn write(&mut self, out: &mut Vec<u8>, text: &str) {
        if text.len() < MIN_BYTES {
            escape(out, text);
            return;
        }
        let key = XxHash3_128::oneshot(text.as_bytes());
        let known = self.numbers.get(&key).copied();
        let number = known.unwrap_or_else(|| {
            let number = self.add(text);
            self.numbers.insert(key, number);
            number
        });
        super::line::number(out, number);
    }

    /// The number of the text about a task, which `make` writes if the task is new.
    pub(super) fn task(&mut self, index: u32, make: impl FnOnce() -> String) -> u32 {
        if let Some(&number) = self.tasks.get(&index) {
            return number;
        }
        let number = self.add(&make());
        self.tasks.insert(index, number);
        number
    }

    fn add(&mut self, text: &str) -> u32 {
        if !self.new.is_empty() {
            self.new.push(b',');
        }
        escape(&mut self.new, text);
        self.bytes += text.len();
        self.next += 1;
        self.next - 1
    }

    /// Moves the new texts to `out`.
    pub(super) fn take_new(&mut self, out: &mut Vec<u8>) {
        if !self.new.is_empty() {
            out.extend_from_slice(b",\"texts\":[");
            out.append(&mut self.new);
            out.push(b']');
        }
    }
}
