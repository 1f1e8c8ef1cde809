//! Python 3.11's reading of numbers: `str.strip`, `float(str)` and `float(Fraction(str))`.
//!
//! OpenEnv's reward is Python, so what counts as a number there is what Python takes: underscores between digits,
//! decimal digits of every script, `nan` and `inf`. Rules from the Python 3.11 documentation of `float` and
//! `fractions.Fraction`; the digit table is Unicode 14's, which that version ships.

use std::borrow::Cow;

use num_bigint::BigUint;
use num_traits::{ToPrimitive, Zero};

/// Python refuses to turn longer digit strings into an int (`sys.int_info.default_max_str_digits`).
const MAX_INT_DIGITS: usize = 4300;

/// First digit (zero) of each run of ten decimal digits outside ASCII, ascending.
const DECIMAL_ZEROS: [u32; 65] = [
    0x0660, 0x06F0, 0x07C0, 0x0966, 0x09E6, 0x0A66, 0x0AE6, 0x0B66, 0x0BE6, 0x0C66, 0x0CE6, 0x0D66,
    0x0DE6, 0x0E50, 0x0ED0, 0x0F20, 0x1040, 0x1090, 0x17E0, 0x1810, 0x1946, 0x19D0, 0x1A80, 0x1A90,
    0x1B50, 0x1BB0, 0x1C40, 0x1C50, 0xA620, 0xA8D0, 0xA900, 0xA9D0, 0xA9F0, 0xAA50, 0xABF0, 0xFF10,
    0x104A0, 0x10D30, 0x11066, 0x110F0, 0x11136, 0x111D0, 0x112F0, 0x11450, 0x114D0, 0x11650,
    0x116C0, 0x11730, 0x118E0, 0x11950, 0x11C50, 0x11D50, 0x11DA0, 0x16A60, 0x16AC0, 0x16B50,
    0x1D7CE, 0x1D7D8, 0x1D7E2, 0x1D7EC, 0x1D7F6, 0x1E140, 0x1E2F0, 0x1E950, 0x1FBF0,
];

/// What `float(Fraction(text))` comes to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum FractionResult {
    /// A float.
    Value(f64),
    /// `ValueError` or `ZeroDivisionError`.
    Invalid,
    /// `OverflowError`: the quotient is no float.
    Overflow,
}

/// The value of a decimal digit of any script (`\d`, `unicodedata.decimal`).
pub(super) fn decimal_digit(c: char) -> Option<u8> {
    if c.is_ascii() {
        return c.is_ascii_digit().then(|| c as u8 - b'0');
    }
    let code = c as u32;
    let at = DECIMAL_ZEROS.partition_point(|&zero| zero <= code);
    let zero = *DECIMAL_ZEROS.get(at.checked_sub(1)?)?;
    u8::try_from(code - zero).ok().filter(|&digit| digit < 10)
}

/// `str.isspace` for one character: Unicode white space and the four ASCII separators.
pub(super) fn is_space(c: char) -> bool {
    c.is_whitespace() || ('\u{1c}'..='\u{1f}').contains(&c)
}

/// `str.strip()`.
pub(super) fn strip(text: &str) -> &str {
    text.trim_matches(is_space)
}

/// `str.lstrip()`.
pub(super) fn strip_start(text: &str) -> &str {
    text.trim_start_matches(is_space)
}

/// `float(text)`; `None` where Python raises `ValueError`.
pub(super) fn float(text: &str) -> Option<f64> {
    let ascii = to_ascii(text)?;
    let body = ascii.trim_matches([' ', '\t', '\n', '\u{b}', '\u{c}', '\r']);
    let plain = without_underscores(body)?;
    plain.parse().ok()
}

/// Digits and spaces of other scripts as ASCII; `None` if anything else is outside ASCII.
fn to_ascii(text: &str) -> Option<Cow<'_, str>> {
    if text.is_ascii() {
        return Some(Cow::Borrowed(text));
    }
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_ascii() {
            out.push(c);
        } else if is_space(c) {
            out.push(' ');
        } else {
            out.push(char::from(b'0' + decimal_digit(c)?));
        }
    }
    Some(Cow::Owned(out))
}

/// Drops underscores that stand between two digits; `None` if one stands elsewhere.
fn without_underscores(text: &str) -> Option<Cow<'_, str>> {
    if !text.contains('_') {
        return Some(Cow::Borrowed(text));
    }
    let bytes = text.as_bytes();
    for (i, _) in text.match_indices('_') {
        let before = i.checked_sub(1).and_then(|j| bytes.get(j));
        let after = bytes.get(i + 1);
        if !(before.is_some_and(u8::is_ascii_digit) && after.is_some_and(u8::is_ascii_digit)) {
            return None;
        }
    }
    Some(Cow::Owned(text.replace('_', "")))
}

/// `float(Fraction(text))` for a text with a slash.
pub(super) fn fraction(text: &str) -> FractionResult {
    let body = strip(text);
    let (negative, body) = match body.as_bytes().first() {
        Some(b'-') => (true, &body[1..]),
        Some(b'+') => (false, &body[1..]),
        _ => (false, body),
    };
    let Some((above, below)) = body.split_once('/') else {
        return FractionResult::Invalid;
    };
    let (Some(above), Some(below)) = (integer(above), integer(below)) else {
        return FractionResult::Invalid;
    };
    if below.is_zero() {
        return FractionResult::Invalid;
    }
    match quotient(&above, &below) {
        Some(value) => FractionResult::Value(if negative { -value } else { value }),
        None => FractionResult::Overflow,
    }
}

/// `int(text)` for digits with single underscores between them.
fn integer(text: &str) -> Option<BigUint> {
    let mut digits = Vec::with_capacity(text.len().min(MAX_INT_DIGITS));
    let mut last_is_digit = false;
    for c in text.chars() {
        if c == '_' {
            if !last_is_digit {
                return None;
            }
            last_is_digit = false;
        } else {
            digits.push(decimal_digit(c)?);
            last_is_digit = true;
            if digits.len() > MAX_INT_DIGITS {
                return None;
            }
        }
    }
    if last_is_digit {
        BigUint::from_radix_be(&digits, 10)
    } else {
        None
    }
}

/// `above / below` as Python divides integers: rounded once, half to even; `None` if it overflows.
fn quotient(above: &BigUint, below: &BigUint) -> Option<f64> {
    const EXACT: u64 = 1 << 53;
    if let (Some(a), Some(b)) = (above.to_u64(), below.to_u64())
        && a <= EXACT
        && b <= EXACT
    {
        return Some(a as f64 / b as f64);
    }
    if above.is_zero() {
        return Some(0.0);
    }
    // Scale so that the integer quotient has 55 or 56 bits, or fewer if the result is subnormal: then the last kept
    // bit and a sticky bit for the remainder decide the rounding once.
    let size = above.bits() as i64 - below.bits() as i64;
    let shift = (size - 55).max(-1076);
    let (above, below) = if shift >= 0 {
        (above.clone(), below << shift as u64)
    } else {
        (above << shift.unsigned_abs(), below.clone())
    };
    let whole = &above / &below;
    let sticky = u64::from(&whole * &below != above);
    let bits = whole.to_u64()?;
    // A double holds 53 bits, and none below 2^-1074.
    let drop = (64 - i64::from(bits.leading_zeros()) - 53)
        .max(-1074 - shift)
        .max(0) as u32;
    let kept = bits.checked_shr(drop).unwrap_or(0);
    let rest = (bits - (kept << drop)) << 1 | sticky;
    let half = 1u64 << drop;
    let rounded = kept + u64::from(rest > half || (rest == half && kept & 1 == 1));
    let value = scale(rounded, shift + i64::from(drop));
    value.is_finite().then_some(value)
}

/// `bits * 2^exponent`, where the product is a float or overflows.
fn scale(bits: u64, exponent: i64) -> f64 {
    let mut value = bits as f64;
    let mut left = exponent.clamp(-2200, 2200) as i32;
    // Two steps, since 2^exponent alone can lie outside the floats; neither rounds.
    while left > 1000 {
        value *= 2f64.powi(1000);
        left -= 1000;
    }
    if left < -1022 {
        // `bits` has at most 53 bits and the product is a multiple of 2^-1074, so this division is exact.
        value *= 2f64.powi(-53);
        left += 53;
        return value * 2f64.powi(left);
    }
    value * 2f64.powi(left)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn float_reads_what_python_reads() {
        for (text, value) in [
            ("1_000", 1000.0),
            (" 3.5\n", 3.5),
            ("1e1_0", 1e10),
            ("３７", 37.0),
            ("٣٧", 37.0),
            ("5.", 5.0),
            (".5", 0.5),
            ("+Infinity", f64::INFINITY),
            ("-iNf", f64::NEG_INFINITY),
            ("1e999", f64::INFINITY),
            ("\u{3000}7\u{a0}", 7.0),
        ] {
            assert_eq!(float(text), Some(value), "{text:?}");
        }
        assert!(float("nan").is_some_and(f64::is_nan));
        for text in [
            "", "_1", "1_", "1__0", "1_e5", "1e", ".", "0x10", "1 2", "−5", "1,0", "in_f", "½",
        ] {
            assert_eq!(float(text), None, "{text:?}");
        }
    }

    #[test]
    fn fraction_reads_what_python_reads() {
        for (text, value) in [
            ("1/2", 0.5),
            (" +3/4 ", 0.75),
            ("-1/8", -0.125),
            ("1_0/4", 2.5),
        ] {
            assert_eq!(fraction(text), FractionResult::Value(value), "{text:?}");
        }
        for text in [
            "1 / 2", "1/0", "1/-2", "1.5/2", "/2", "1/", "1/2/3", "1_/2", "- 1/2",
        ] {
            assert_eq!(fraction(text), FractionResult::Invalid, "{text:?}");
        }
        let huge = "9".repeat(400);
        assert_eq!(fraction(&format!("{huge}/1")), FractionResult::Overflow);
        assert_eq!(
            fraction(&format!("{}/1", "9".repeat(4301))),
            FractionResult::Invalid
        );
        assert_eq!(fraction(&format!("1/{huge}")), FractionResult::Value(0.0));
        assert_eq!(
            fraction(&format!("{huge}/{huge}")),
            FractionResult::Value(1.0)
        );
    }

    #[test]
    fn quotients_are_rounded_once() {
        // A power of two below the smallest normal float, and the smallest subnormal itself.
        for power in [1074u64, 1073, 1060, 1022, 900] {
            let below = BigUint::from(1u8) << power;
            let want = (0..power).fold(1.0f64, |x, _| x / 2.0);
            assert_eq!(
                quotient(&BigUint::from(1u8), &below),
                Some(want),
                "2^-{power}"
            );
        }
        let max = BigUint::from((1u64 << 53) - 1) << 971u32;
        assert_eq!(quotient(&max, &BigUint::from(1u8)), Some(f64::MAX));
        assert_eq!(
            quotient(&(BigUint::from(1u8) << 1024u32), &BigUint::from(1u8)),
            None
        );
        // 2^53 + 1 lies half way between two floats: even wins.
        assert_eq!(
            quotient(&BigUint::from((1u64 << 53) + 1), &BigUint::from(1u8)),
            Some(9_007_199_254_740_992.0)
        );
    }
}
