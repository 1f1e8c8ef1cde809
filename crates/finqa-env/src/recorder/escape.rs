//! JSON texts and numbers into a buffer.

use serde::Serialize;

/// Appends `value` as JSON.
pub(super) fn json<T: Serialize + ?Sized>(out: &mut Vec<u8>, value: &T) {
    // Texts and numbers into memory: there is nothing that could fail.
    let _ = serde_json::to_writer(out, value);
}

/// Appends a JSON text.
pub(super) fn text(out: &mut Vec<u8>, text: &str) {
    json(out, text);
}
