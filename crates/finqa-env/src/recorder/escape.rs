//! JSON texts and numbers into a buffer.

use serde::Serialize;

/// Appends `value` as JSON.
pub(super) fn json<T: Serialize + ?Sized>(out: &mut Vec<u8>, value: &T) {
    // Texts and numbers into memory: there is nothing that could fail.
    let _ = serde_json::to_writer(out, value);
}

const ONES: u64 = u64::from_ne_bytes([0x01; 8]);
const HIGH: u64 = u64::from_ne_bytes([0x80; 8]);

/// The high bit of the lowest byte in `word` that JSON wants escaped; bits above it say nothing.
const fn escaped(word: u64) -> u64 {
    const fn zeros(word: u64) -> u64 {
        word.wrapping_sub(ONES) & !word
    }
    let control = word.wrapping_sub(ONES * 0x20) & !word;
    let quote = zeros(word ^ (ONES * b'"' as u64));
    let backslash = zeros(word ^ (ONES * b'\\' as u64));
    (control | quote | backslash) & HIGH
}

/// Appends a JSON text. Texts are most of a record, so they are looked at eight bytes at a time.
pub(super) fn text(out: &mut Vec<u8>, text: &str) {
    let bytes = text.as_bytes();
    out.reserve(bytes.len() + 2);
    out.push(b'"');
    let (mut start, mut i) = (0, 0);
    while i < bytes.len() {
        if let Some(word) = bytes[i..].first_chunk::<8>() {
            let found = escaped(u64::from_le_bytes(*word));
            if found == 0 {
                i += 8;
                continue;
            }
            i += found.trailing_zeros() as usize / 8;
        } else if !matches!(bytes[i], 0..0x20 | b'"' | b'\\') {
            i += 1;
            continue;
        }
        out.extend_from_slice(&bytes[start..i]);
        escape(out, bytes[i]);
        i += 1;
        start = i;
    }
    out.extend_from_slice(&bytes[start..]);
    out.push(b'"');
}

fn escape(out: &mut Vec<u8>, byte: u8) {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    let short = match byte {
        b'\n' => b'n',
        b'\r' => b'r',
        b'\t' => b't',
        0x08 => b'b',
        0x0c => b'f',
        b'"' | b'\\' => byte,
        _ => {
            out.extend_from_slice(b"\\u00");
            out.push(HEX[usize::from(byte >> 4)]);
            out.push(HEX[usize::from(byte & 15)]);
            return;
        }
    };
    out.extend_from_slice(&[b'\\', short]);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    fn escaped(text: &str) -> String {
        let mut out = Vec::new();
        super::text(&mut out, text);
        String::from_utf8(out).unwrap_or_default()
    }

    #[test]
    fn every_byte_is_escaped_as_serde_does_at_every_place() {
        for byte in 0..128_u8 {
            for place in 0..20 {
                let mut text = "abcdefghijklmnopqrst".to_owned();
                text.insert(place, char::from(byte));
                assert_eq!(escaped(&text), serde_json::json!(text).to_string());
            }
        }
    }

    proptest! {
        #[test]
        fn texts_are_escaped_as_serde_does(text in "[\\x00-\\x7f\u{e9}\u{1F600}]{0,40}") {
            prop_assert_eq!(escaped(&text), serde_json::json!(text).to_string());
        }
    }
}
