//! Reading query results the way a careful policy does: from the text that the tool returned.

use serde_json::{Map, Value};

/// The rows of a query result: JSON records, or the lines of the compact style. Cells in column order, as text.
///
/// Returns `None` if the text is neither (an error text, say).
pub fn rows(observation: &str) -> Option<Vec<Vec<String>>> {
    let text = observation.trim_start();
    if text.starts_with('[') {
        // A note on rows that were cut may stand behind the records.
        let mut values =
            serde_json::Deserializer::from_str(text).into_iter::<Vec<Map<String, Value>>>();
        let records = values.next()?.ok()?;
        return Some(
            records
                .into_iter()
                .map(|r| r.into_iter().map(|(_, v)| cell(v)).collect())
                .collect(),
        );
    }
    if text.starts_with("Error") {
        return None;
    }
    let mut lines = text.lines();
    lines.next()?;
    Some(
        lines
            // A remark stands at the margin, records one blank in; an empty result says so in place of records.
            .filter(|line| !line.starts_with('(') && line.trim() != "(no rows)")
            .map(|line| {
                line.split(" | ")
                    .map(|cell| cell.trim().to_string())
                    .collect()
            })
            .collect(),
    )
}

fn cell(value: Value) -> String {
    match value {
        Value::String(s) => s,
        Value::Null => String::new(),
        other => other.to_string(),
    }
}

/// Rounds a plain decimal half away from zero to `decimals` digits behind the point.
///
/// Text that is no plain decimal comes back unchanged.
pub fn round_decimal(text: &str, decimals: usize) -> String {
    let (sign, digits) = match text.strip_prefix('-') {
        Some(rest) => ("-", rest),
        None => ("", text),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let plain = |s: &str| s.bytes().all(|b| b.is_ascii_digit());
    if whole.is_empty() || !plain(whole) || !plain(fraction) {
        return text.to_string();
    }
    let mut kept: Vec<u8> = whole
        .bytes()
        .chain(
            fraction
                .bytes()
                .chain(std::iter::repeat(b'0'))
                .take(decimals),
        )
        .collect();
    let up = fraction
        .as_bytes()
        .get(decimals)
        .is_some_and(|d| *d >= b'5');
    if up {
        let mut i = kept.len();
        loop {
            if i == 0 {
                kept.insert(0, b'1');
                break;
            }
            i -= 1;
            if kept[i] == b'9' {
                kept[i] = b'0';
            } else {
                kept[i] += 1;
                break;
            }
        }
    }
    let point = kept.len() - decimals;
    let zero = kept.iter().all(|d| *d == b'0');
    let mut out = String::with_capacity(kept.len() + 2);
    out.push_str(if zero { "" } else { sign });
    // Digits only, so every byte is a character.
    out.extend(kept[..point].iter().map(|b| *b as char));
    if decimals > 0 {
        out.push('.');
        out.extend(kept[point..].iter().map(|b| *b as char));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounding_is_half_away_from_zero() {
        for (text, decimals, expected) in [
            ("1.005", 2, "1.01"),
            ("-1.005", 2, "-1.01"),
            ("0.5", 0, "1"),
            ("-0.4", 0, "0"),
            ("99.995", 2, "100.00"),
            ("12", 2, "12.00"),
            ("0.20394", 3, "0.204"),
            ("nonsense", 2, "nonsense"),
        ] {
            assert_eq!(round_decimal(text, decimals), expected, "{text}");
        }
    }

    #[test]
    fn records_and_compact_lines_read_the_same() {
        let json = rows("[{\"item\":\"a\",\"2024\":\"$ 5\"},{\"item\":\"b\",\"2024\":null}]\n(showing the first 2 of 9 rows)").unwrap();
        assert_eq!(json, vec![vec!["a", "$ 5"], vec!["b", ""]]);
        assert_eq!(
            rows("item | 2024\n a | $ 5\n b | ").unwrap(),
            vec![vec!["a", "$ 5"], vec!["b", ""]]
        );
        assert_eq!(
            rows("item | 2024\n (no rows)").unwrap(),
            Vec::<Vec<String>>::new()
        );
        assert_eq!(rows("Error: no such column"), None);
    }
}
