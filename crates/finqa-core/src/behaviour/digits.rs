//! Numbers in a text, found quickly: what tools returned and what was submitted are compared as floats.
//!
//! The exact reading of answers ([`crate::answer`]) decides what is right. Here the question is only whether a number
//! was seen somewhere, over kilobytes of results, so nothing is allocated and nothing is exact beyond 53 bits.

/// A number as written.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Written {
    /// Magnitude; signs are not looked at.
    pub(super) value: f64,
    /// Digits behind the point, less the exponent.
    pub(super) decimals: i32,
    /// Digits from the first one that is not 0.
    pub(super) significant: u32,
    /// Four plain digits from 1900 to 2099.
    pub(super) is_year: bool,
    /// A letter or underscore stands directly before it: a part of a name ("Q3", "us_gaap_2").
    pub(super) is_glued: bool,
    /// Where it stands.
    pub(super) start: usize,
    /// Where what follows it starts.
    pub(super) end: usize,
}

/// The first number at or behind byte `from`.
pub(super) fn next_number(text: &[u8], from: usize) -> Option<Written> {
    let first = next_digit(text, from)?;
    let is_digit = |i: usize| text.get(i).is_some_and(u8::is_ascii_digit);
    let before = |by: usize| first.checked_sub(by).map(|i| text[i]);
    // ".5" starts with its point, but "1.2.3" and "v.5" do not.
    let has_bare_point = before(1) == Some(b'.')
        && first > from
        && before(2).is_none_or(|b| !b.is_ascii_alphanumeric() && b != b'.');
    let start = first - usize::from(has_bare_point);
    let is_name = |b: u8| b.is_ascii_alphabetic() || b == b'_' || b >= 0x80;
    // "COVID-19": a dash between a word and digits joins them. Bytes of other scripts are letters, dashes or blanks.
    let is_glued = match start.checked_sub(1).map(|i| text[i]) {
        Some(b'-') => before(2).is_some_and(|b| b.is_ascii_alphanumeric()),
        Some(b) => is_name(b) && b < 0x80,
        None => false,
    };
    let mut digits = Digits::default();
    let mut at = first;
    if !has_bare_point {
        while is_digit(at) {
            digits.push(text[at]);
            at += 1;
            let groups = text.get(at) == Some(&b',')
                && (1..=3).all(|k| is_digit(at + k))
                && !is_digit(at + 4);
            at += usize::from(groups);
        }
    }
    let plain = at - first;
    let is_year = plain == 4
        && !has_bare_point
        && matches!(&text[first..at], [b'1', b'9', ..] | [b'2', b'0', ..]);
    let mut is_whole = true;
    if has_bare_point || (text.get(at) == Some(&b'.') && is_digit(at + 1)) {
        is_whole = false;
        at += usize::from(!has_bare_point);
        let point = at;
        while is_digit(at) {
            digits.push(text[at]);
            at += 1;
        }
        digits.exponent -= (at - point) as i32;
    }
    if matches!(text.get(at), Some(b'e' | b'E')) {
        let is_signed = matches!(text.get(at + 1), Some(b'+' | b'-'));
        let mut stop = at + 1 + usize::from(is_signed);
        if is_digit(stop) {
            let mut exponent = 0;
            while is_digit(stop) {
                exponent = (exponent * 10 + i32::from(text[stop] - b'0')).min(400);
                stop += 1;
            }
            is_whole = false;
            digits.exponent += if text[at + 1] == b'-' {
                -exponent
            } else {
                exponent
            };
            at = stop;
        }
    }
    Some(Written {
        value: scaled(digits.mantissa as f64, digits.exponent + digits.dropped),
        decimals: -digits.exponent,
        significant: digits.significant,
        is_year: is_year && is_whole,
        is_glued,
        start,
        end: at,
    })
}

#[derive(Default)]
struct Digits {
    mantissa: u64,
    exponent: i32,
    significant: u32,
    /// Digits that did not fit.
    dropped: i32,
}

impl Digits {
    fn push(&mut self, digit: u8) {
        let digit = u64::from(digit - b'0');
        if self.significant > 0 || digit > 0 {
            self.significant += 1;
        }
        // 18 digits fit; a float holds less.
        if self.mantissa < 100_000_000_000_000_000 {
            self.mantissa = self.mantissa * 10 + digit;
        } else {
            self.dropped += 1;
        }
    }
}

/// The first digit at or behind `from`, eight bytes at a time.
fn next_digit(text: &[u8], from: usize) -> Option<usize> {
    const ONES: u64 = u64::MAX / 255;
    let mut at = from;
    while let Some(chunk) = text.get(at..).and_then(<[u8]>::first_chunk::<8>) {
        // Digits become 0 to 9, and a byte below 10 borrows from its highest bit.
        let word = u64::from_le_bytes(*chunk) ^ (ONES * 0x30);
        let below_ten = word.wrapping_sub(ONES * 10) & !word & (ONES * 0x80);
        if below_ten != 0 {
            // The lowest marked byte is exact; a borrow can only mark bytes above it.
            return Some(at + below_ten.trailing_zeros() as usize / 8);
        }
        at += 8;
    }
    let rest = text.get(at..)?;
    rest.iter().position(u8::is_ascii_digit).map(|i| at + i)
}

/// `value` times 10^`exponent`.
pub(crate) fn scaled(value: f64, exponent: i32) -> f64 {
    const POWERS: [f64; 23] = [
        1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16,
        1e17, 1e18, 1e19, 1e20, 1e21, 1e22,
    ];
    let mut left = exponent.unsigned_abs() as usize;
    let mut value = value;
    while left > 0 {
        let step = left.min(22);
        value = if exponent > 0 {
            value * POWERS[step]
        } else {
            value / POWERS[step]
        };
        left -= step;
        if value == 0.0 || !value.is_finite() {
            break;
        }
    }
    value
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(text: &str) -> Vec<Written> {
        let mut found = Vec::new();
        let mut at = 0;
        while let Some(number) = next_number(text.as_bytes(), at) {
            at = number.end;
            found.push(number);
        }
        found
    }

    fn values(text: &str) -> Vec<f64> {
        all(text).into_iter().map(|n| n.value).collect()
    }

    #[test]
    fn numbers_of_results_are_found() {
        for (text, want) in [
            (
                r#"[{"item":"Revenue","2024":"$ 1,234.5"}]"#,
                &[2024.0, 1234.5][..],
            ),
            ("(56) of .5, 5. and -0.25%", &[56.0, 0.5, 5.0, 0.25]),
            ("17.026989809969705", &[17.026_989_809_969_705]),
            ("1.5e42 2E-3 3e", &[1.5e42, 2e-3, 3.0]),
            (
                "1,234,567 12,34 1,2345",
                &[1_234_567.0, 12.0, 34.0, 1.0, 2345.0],
            ),
            ("no digit at all, in more than eight bytes", &[]),
            ("\u{2014} \u{ff11}\u{2212}7", &[7.0]),
            ("", &[]),
            (
                "12345678901234567890123",
                &[12_345_678_901_234_567_890_123.0],
            ),
        ] {
            let got = values(text);
            assert_eq!(got.len(), want.len(), "{text}: {got:?}");
            for (got, want) in got.iter().zip(want) {
                assert!((got - want).abs() <= want.abs() * 1e-15, "{text}: {got}");
            }
        }
    }

    #[test]
    fn writing_is_told() {
        let one = |text: &str| all(text)[0];
        assert_eq!((one("0.0460").decimals, one("0.0460").significant), (4, 3));
        assert_eq!((one("1,500").decimals, one("2.5e3").decimals), (0, -2));
        assert!(one("in 2024:").is_year && !one("2,024").is_year && !one("2024.0").is_year);
        for (text, is_glued) in [
            ("Q3", true),
            ("us_gaap_2", true),
            ("COVID-19", true),
            ("$3", false),
            ("-3", false),
            ("(3", false),
            ("\u{2014}3", false),
        ] {
            assert_eq!(one(text).is_glued, is_glued, "{text}");
        }
    }

    #[test]
    fn every_position_in_a_chunk_is_seen() {
        for at in 0..40 {
            for digit in b'0'..=b'9' {
                for filler in [b'/', b':', b' ', b'\x7f', 0xb0, 0xff] {
                    let mut text = vec![filler; 40];
                    text[at] = digit;
                    assert_eq!(next_digit(&text, 0), Some(at), "{filler}");
                    assert_eq!(next_digit(&text, at + 1), None);
                }
            }
        }
    }
}
