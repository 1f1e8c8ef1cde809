//! The number that a cell or an answer of a filing shows, exactly.

use num_bigint::BigInt;
use num_rational::BigRational;
use num_traits::{Signed, Zero};

/// A number with the marks that it was written with.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Number {
    /// The value; percentages in points (`"21.0%"` is 21).
    pub(crate) value: BigRational,
    /// A percent sign stood beside it.
    pub(crate) percent: bool,
    /// A currency sign or code stood before it.
    pub(crate) currency: bool,
    /// Digits after the point, as written.
    pub(crate) decimals: u8,
}

/// A whole number as a rational.
pub(crate) fn whole(n: i64) -> BigRational {
    BigRational::from_integer(BigInt::from(n))
}

/// `10^n`.
pub(crate) fn power_of_ten(n: u8) -> BigInt {
    BigInt::from(10u8).pow(u32::from(n))
}

/// Currency signs and codes that filings write before a number, longest first.
const CURRENCIES: [&str; 12] = [
    "US$", "A$", "C$", "HK$", "S$", "RMB", "RM", "$", "€", "£", "¥", "₹",
];

/// Longest number that is read; filings have no longer ones.
const MAX_DIGITS: usize = 40;

fn is_dash(c: char) -> bool {
    matches!(c, '-' | '–' | '—' | '−' | '‐' | '‑')
}

/// Reads a cell: `"$ (1,234)"` is −1234, `"—"` is 0, `"21.0%"` is 21; `None` if it is no number.
pub(crate) fn read(cell: &str) -> Option<Number> {
    let mut rest = cell.trim();
    let mut number = Number {
        value: BigRational::zero(),
        percent: false,
        currency: false,
        decimals: 0,
    };
    let mut negative = false;
    let mut parenthesis = false;
    // Sign, currency and parenthesis come in any order before the digits, each at most once.
    loop {
        rest = rest.trim_start();
        if let Some(code) = CURRENCIES.iter().find(|c| rest.starts_with(**c)) {
            if number.currency {
                return None;
            }
            number.currency = true;
            rest = &rest[code.len()..];
        } else if rest.starts_with('(') {
            if parenthesis || negative {
                return None;
            }
            parenthesis = true;
            rest = &rest[1..];
        } else if let Some(c) = rest.chars().next().filter(|&c| is_dash(c)) {
            if negative || parenthesis {
                return None;
            }
            rest = rest[c.len_utf8()..].trim_start();
            if rest.is_empty() || rest == "%" {
                number.percent = rest == "%";
                return Some(number);
            }
            negative = true;
        } else {
            break;
        }
    }
    let end = rest
        .find(|c: char| !(c.is_ascii_digit() || c == ',' || c == '.'))
        .unwrap_or(rest.len());
    let (digits, mut tail) = rest.split_at(end);
    let (value, decimals) = digits_value(digits)?;
    tail = tail.trim_start();
    if let Some(t) = tail.strip_prefix('%') {
        number.percent = true;
        tail = t.trim_start();
    }
    if parenthesis {
        tail = tail.strip_prefix(')')?.trim_start();
        if let Some(t) = tail.strip_prefix('%') {
            if number.percent {
                return None;
            }
            number.percent = true;
            tail = t.trim_start();
        }
    }
    if !tail.is_empty() {
        return None;
    }
    number.value = if negative || parenthesis {
        -value
    } else {
        value
    };
    number.decimals = decimals;
    Some(number)
}

/// The value of `1,234.50` or `.455` and its digits after the point; groups of three only.
fn digits_value(digits: &str) -> Option<(BigRational, u8)> {
    let (int, frac) = digits.split_once('.').unwrap_or((digits, ""));
    if frac.contains(['.', ',']) || (int.is_empty() && frac.is_empty()) {
        return None;
    }
    if int.contains(',') {
        let mut groups = int.split(',');
        let first = groups.next().unwrap_or_default();
        if !(1..=3).contains(&first.len()) || groups.any(|g| g.len() != 3) {
            return None;
        }
    }
    if digits.len() > MAX_DIGITS {
        return None;
    }
    let decimals = u8::try_from(frac.len()).ok()?;
    let all: String = int
        .chars()
        .filter(char::is_ascii_digit)
        .chain(frac.chars())
        .collect();
    let scaled: BigInt = all.parse().ok()?;
    Some((BigRational::new(scaled, power_of_ten(decimals)), decimals))
}

impl Number {
    /// The number as plain text with the digits that were written, `%` kept, currency and grouping dropped.
    pub(crate) fn text(&self) -> String {
        let scaled = &self.value * BigRational::from_integer(power_of_ten(self.decimals));
        let percent = if self.percent { "%" } else { "" };
        format!(
            "{}{percent}",
            with_decimals(&scaled.to_integer(), self.decimals)
        )
    }
}

/// A four-digit year from 1900 to 2099, with nothing else.
pub(crate) fn is_year(text: &str) -> bool {
    let t = text.trim();
    t.len() == 4
        && (t.starts_with("19") || t.starts_with("20"))
        && t.bytes().all(|b| b.is_ascii_digit())
}

/// The value as a plain decimal, if it has one of at most 12 digits after the point.
pub(crate) fn plain(value: &BigRational) -> Option<String> {
    (0..=12).find_map(|d| {
        let scaled = value * BigRational::from_integer(power_of_ten(d));
        scaled
            .is_integer()
            .then(|| with_decimals(&scaled.to_integer(), d))
    })
}

/// `scaled / 10^decimals` as text.
fn with_decimals(scaled: &BigInt, decimals: u8) -> String {
    let digits = scaled.abs().to_string();
    let d = usize::from(decimals);
    let padded = format!("{digits:0>width$}", width = d + 1);
    let (int, frac) = padded.split_at(padded.len() - d);
    let sign = if scaled.is_negative() { "-" } else { "" };
    if d == 0 {
        format!("{sign}{int}")
    } else {
        format!("{sign}{int}.{frac}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(cell: &str) -> Option<String> {
        read(cell).and_then(|n| plain(&n.value))
    }

    #[test]
    fn cells_as_filings_write_them() {
        for (cell, value) in [
            ("$ (1,234)", "-1234"),
            ("$(181)", "-181"),
            ("($77)", "-77"),
            ("(62)%", "-62"),
            ("(0.4%)", "-0.4"),
            ("—", "0"),
            ("$ –", "0"),
            ("-%", "0"),
            ("21.0%", "21"),
            ("-8.7", "-8.7"),
            (".455", "0.455"),
            ("A$ 1,000.50", "1000.5"),
        ] {
            assert_eq!(shown(cell).as_deref(), Some(value), "{cell}");
        }
    }

    #[test]
    fn a_dash_of_any_kind_is_a_zero() {
        for cell in ["—", "–", "-", "$ —", "$–", "—%", " - "] {
            assert_eq!(shown(cell).as_deref(), Some("0"), "{cell}");
        }
    }

    #[test]
    fn what_is_no_number() {
        for cell in [
            "",
            "N/A",
            "12 months",
            "1,23",
            "(5",
            "5)",
            "-(5)",
            "1.2.3",
            "2014 a",
            "$",
        ] {
            assert_eq!(read(cell), None, "{cell}");
        }
    }
}
