//! Exact decimals: what a file writes is what a table shows.

use std::fmt::Write as _;

/// Most digits of a value: more is no amount but a mistake.
const MAX_DIGITS: usize = 30;

/// `units * 10^-decimals`, without trailing zeros behind the point.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Decimal {
    pub(crate) units: i128,
    pub(crate) decimals: u32,
}

impl Decimal {
    /// Reads "-1234.50", "1.5e6"; `None` for anything else (grouping, signs of currency, infinity).
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let (number, exponent) = match text.split_once(['e', 'E']) {
            Some((number, exponent)) => (number, exponent.parse::<i32>().ok()?),
            None => (text, 0),
        };
        let (negative, digits) = match number.as_bytes().first()? {
            b'-' => (true, &number[1..]),
            b'+' => (false, &number[1..]),
            _ => (false, number),
        };
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        if whole.is_empty() && fraction.is_empty() {
            return None;
        }
        let mut units: i128 = 0;
        let mut count = 0;
        for byte in whole.bytes().chain(fraction.bytes()) {
            if !byte.is_ascii_digit() {
                return None;
            }
            count += usize::from(units > 0 || byte != b'0');
            if count > MAX_DIGITS {
                return None;
            }
            units = units * 10 + i128::from(byte - b'0');
        }
        let mut decimals = i32::try_from(fraction.len()).ok()?.checked_sub(exponent)?;
        while decimals > 0 && units % 10 == 0 {
            if units == 0 {
                decimals = 0;
                break;
            }
            units /= 10;
            decimals -= 1;
        }
        while decimals < 0 && units != 0 {
            units = units
                .checked_mul(10)
                .filter(|u| *u < 10i128.pow(MAX_DIGITS as u32))?;
            decimals += 1;
        }
        let decimals = u32::try_from(decimals.max(0))
            .ok()
            .filter(|d| *d as usize <= MAX_DIGITS)?;
        Some(Self {
            units: if negative { -units } else { units },
            decimals,
        })
    }

    /// Whether it is a whole number of 10^power.
    pub(crate) fn is_multiple_of_power(self, power: u32) -> bool {
        self.decimals == 0 && self.units % 10i128.pow(power) == 0
    }

    pub(crate) const fn is_zero(self) -> bool {
        self.units == 0
    }

    pub(crate) const fn negated(self) -> Self {
        Self {
            units: -self.units,
            ..self
        }
    }

    /// Plain text: "-1234.5".
    pub(crate) fn plain(self) -> String {
        let sign = if self.units < 0 { "-" } else { "" };
        let (whole, fraction) = self.parts(0, 0);
        format!("{sign}{whole}{fraction}")
    }

    /// As a table shows it, in units of 10^power: "1,234.5", "(56)", "—" for nothing. At least `least` decimals.
    pub(crate) fn shown(self, power: u32, least: usize) -> String {
        if self.is_zero() {
            return "—".to_owned();
        }
        let (whole, fraction) = self.parts(power, least);
        let mut out = String::with_capacity(whole.len() * 4 / 3 + fraction.len() + 3);
        if self.units < 0 {
            out.push('(');
        }
        for (i, digit) in whole.chars().enumerate() {
            if i > 0 && (whole.len() - i).is_multiple_of(3) {
                out.push(',');
            }
            out.push(digit);
        }
        out.push_str(&fraction);
        if self.units < 0 {
            out.push(')');
        }
        out
    }

    /// Digits before the point, and the point with the digits behind it, without sign.
    fn parts(self, power: u32, least: usize) -> (String, String) {
        let width = (self.decimals + power) as usize;
        let mut digits = String::new();
        // A String takes every write.
        let _ = write!(digits, "{:0>1$}", self.units.unsigned_abs(), width + 1);
        let fraction = digits.split_off(digits.len() - width);
        let mut fraction = fraction.trim_end_matches('0').to_owned();
        while fraction.len() < least {
            fraction.push('0');
        }
        if !fraction.is_empty() {
            fraction.insert(0, '.');
        }
        (digits, fraction)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_are_read_exactly() {
        for (text, want) in [
            ("1234.5000", Some("1234.5")),
            ("-0.10", Some("-0.1")),
            ("1.5e6", Some("1500000")),
            ("2.50E-2", Some("0.025")),
            ("+7", Some("7")),
            (".5", Some("0.5")),
            ("000", Some("0")),
            ("0e9", Some("0")),
            (
                "123456789012345678901234567890",
                Some("123456789012345678901234567890"),
            ),
            ("1234567890123456789012345678901", None),
            ("1e40", None),
            ("1,234", None),
            ("$5", None),
            ("", None),
            ("-", None),
            ("NaN", None),
            ("1e", None),
        ] {
            assert_eq!(
                Decimal::parse(text).map(Decimal::plain).as_deref(),
                want,
                "{text}"
            );
        }
    }

    #[test]
    fn tables_show_grouped_numbers() {
        for (text, power, least, want) in [
            ("1234567", 0, 0, "1,234,567"),
            ("-1234567000", 6, 0, "(1,234.567)"),
            ("5000000", 6, 0, "5"),
            ("500", 3, 0, "0.5"),
            ("2.5", 0, 2, "2.50"),
            ("0", 6, 0, "—"),
            ("-100", 0, 0, "(100)"),
        ] {
            assert_eq!(
                Decimal::parse(text).unwrap().shown(power, least),
                want,
                "{text}"
            );
        }
    }
}
