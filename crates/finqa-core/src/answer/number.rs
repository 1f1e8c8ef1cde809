//! Exact numbers: how they are written, and when two agree.

use std::cmp::Ordering;

use num_bigint::{BigInt, BigUint};
use num_rational::BigRational;
use num_traits::{One, Signed, ToPrimitive as _, Zero};

use super::{Op, Reason};

/// Longest literal, counted in digits. Filings need 15; the bound keeps products of integers small.
const MAX_DIGITS: usize = 400;
/// Largest magnitude of a written exponent: nothing is ever expanded beyond 10^±(400 + 400).
const MAX_EXPONENT: i32 = 400;

/// `±mantissa / denominator * 10^exponent`, with what its writing says about its precision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Number {
    pub(super) negative: bool,
    mantissa: BigUint,
    /// `None` for 1.
    denominator: Option<BigUint>,
    exponent: i32,
    significant: usize,
}

/// A literal in a text: a number or why it is none, and whether it is written like a year.
#[derive(Clone, Debug)]
pub(super) struct Literal {
    pub(super) value: Result<Number, Reason>,
    pub(super) is_year: bool,
}

/// Reads the literal at the start of `bytes`, which is a digit, or a point with a digit behind it. Returns its length.
///
/// It is as long as digits, commas and points go on, so that a malformed one is not read in pieces.
pub(super) fn literal(bytes: &[u8]) -> (Literal, usize) {
    let is_digit = |i: usize| bytes.get(i).is_some_and(u8::is_ascii_digit);
    let digits_from = |mut i: usize| {
        while is_digit(i) {
            i += 1;
        }
        i
    };
    let mut end = digits_from(0);
    let mut grouped = false;
    while bytes.get(end) == Some(&b',') && end > 0 && is_digit(end + 1) {
        grouped = true;
        end = digits_from(end + 1);
    }
    let whole = &bytes[..end];
    let mut fraction: &[u8] = &[];
    if bytes.get(end) == Some(&b'.') && is_digit(end + 1) {
        let stop = digits_from(end + 1);
        fraction = &bytes[end + 1..stop];
        end = stop;
    }
    let mut malformed = grouped && !is_well_grouped(whole);
    while matches!(bytes.get(end), Some(b',' | b'.')) && is_digit(end + 1) {
        malformed = true;
        end = digits_from(end + 1);
    }
    let mut exponent = Some(0);
    if matches!(bytes.get(end), Some(b'e' | b'E')) {
        let signed = matches!(bytes.get(end + 1), Some(b'+' | b'-'));
        let start = end + 1 + usize::from(signed);
        if is_digit(start) {
            let stop = digits_from(start);
            exponent = small_integer(&bytes[start..stop])
                .map(|e| if bytes[end + 1] == b'-' { -e } else { e });
            end = stop;
            while matches!(bytes.get(end), Some(b',' | b'.')) && is_digit(end + 1) {
                malformed = true;
                end = digits_from(end + 1);
            }
        }
    }
    let is_plain = !grouped && fraction.is_empty() && whole.len() == end;
    let is_year = is_plain && end == 4 && (whole.starts_with(b"19") || whole.starts_with(b"20"));
    let mut denominator = None;
    if bytes.get(end) == Some(&b'/') && is_digit(end + 1) {
        let stop = digits_from(end + 1);
        malformed |= !is_plain;
        denominator = Some(&bytes[end + 1..stop]);
        end = stop;
        // "1/2/3" and "1/2.5" are no fractions.
        while matches!(bytes.get(end), Some(b'/' | b',' | b'.')) && is_digit(end + 1) {
            malformed = true;
            end = digits_from(end + 1);
        }
    }
    let value = if malformed {
        Err(Reason::MalformedNumber)
    } else {
        build(whole, fraction, denominator, exponent)
    };
    (
        Literal {
            value,
            is_year: is_year && denominator.is_none(),
        },
        end,
    )
}

fn build(
    whole: &[u8],
    fraction: &[u8],
    below: Option<&[u8]>,
    exponent: Option<i32>,
) -> Result<Number, Reason> {
    let too_long =
        whole.len() + fraction.len() > MAX_DIGITS || below.is_some_and(|b| b.len() > MAX_DIGITS);
    let Some(exponent) = exponent.filter(|_| !too_long) else {
        return Err(Reason::NumberTooLong);
    };
    let mut digits = Vec::with_capacity(whole.len() + fraction.len());
    digits.extend(
        whole
            .iter()
            .chain(fraction)
            .filter(|&&b| b != b',')
            .map(|b| b - b'0'),
    );
    let significant = digits
        .iter()
        .position(|&d| d != 0)
        .map_or(0, |first| digits.len() - first);
    let denominator = match below {
        None => None,
        Some(below) => {
            let below = integer(&below.iter().map(|b| b - b'0').collect::<Vec<_>>());
            if below.is_zero() {
                return Err(Reason::MalformedNumber);
            }
            Some(below)
        }
    };
    let exponent = exponent - fraction.len() as i32;
    Ok(Number {
        negative: false,
        mantissa: integer(&digits),
        denominator,
        exponent,
        significant,
    })
}

/// Groups of three behind a first group of one to three that no zero starts.
fn is_well_grouped(digits: &[u8]) -> bool {
    digits.split(|&b| b == b',').enumerate().all(|(i, group)| {
        if i == 0 {
            (1..=3).contains(&group.len()) && group[0] != b'0'
        } else {
            group.len() == 3
        }
    })
}

/// The value of digits 0 to 9, the most significant first.
fn integer(digits: &[u8]) -> BigUint {
    if digits.len() <= 19 {
        return digits
            .iter()
            .fold(0u64, |n, &d| n * 10 + u64::from(d))
            .into();
    }
    BigUint::from_radix_be(digits, 10).unwrap_or_default()
}

/// An exponent within bounds.
fn small_integer(digits: &[u8]) -> Option<i32> {
    let mut value = 0;
    for digit in digits {
        value = value * 10 + i32::from(digit - b'0');
        if value > MAX_EXPONENT {
            return None;
        }
    }
    Some(value)
}

fn power_of_ten(exponent: i32) -> BigUint {
    match u32::try_from(exponent) {
        Ok(small @ ..=19) => 10u64.pow(small).into(),
        Ok(large) => BigUint::from(10u8).pow(large),
        Err(_) => BigUint::one(),
    }
}

impl Number {
    /// `±mantissa * 10^-decimals`.
    pub(super) fn decimal(negative: bool, mantissa: BigUint, decimals: u8) -> Self {
        let significant = if mantissa.is_zero() {
            0
        } else {
            mantissa.to_string().len()
        };
        Self {
            negative,
            mantissa,
            denominator: None,
            exponent: -i32::from(decimals),
            significant,
        }
    }

    /// The same value written with `decimals` digits behind the point; `None` if it has more, or is a fraction.
    pub(super) fn with_decimals(&self, decimals: u8) -> Option<Self> {
        let more = usize::try_from(i32::from(decimals) - self.decimals()?).ok()?;
        Some(Self {
            negative: self.negative,
            mantissa: &self.mantissa * power_of_ten(more as i32),
            denominator: None,
            exponent: -i32::from(decimals),
            significant: if self.mantissa.is_zero() {
                0
            } else {
                self.significant + more
            },
        })
    }

    /// A fraction, which has no last decimal.
    pub(super) fn from_ratio(ratio: &BigRational) -> Self {
        Self {
            negative: ratio.is_negative(),
            mantissa: ratio.numer().magnitude().clone(),
            denominator: Some(ratio.denom().magnitude().clone()),
            exponent: 0,
            significant: 0,
        }
    }

    /// The exact value.
    pub(crate) fn to_ratio(&self) -> BigRational {
        let mut above = BigInt::from(&self.mantissa * power_of_ten(self.exponent));
        if self.negative {
            above = -above;
        }
        let below = power_of_ten(-self.exponent);
        let below = match &self.denominator {
            Some(denominator) => denominator * below,
            None => below,
        };
        BigRational::new(above, below.into())
    }

    pub(crate) fn is_zero(&self) -> bool {
        self.mantissa.is_zero()
    }

    /// The number times 10^`by`, its written digits kept: "4.63%" is 0.0463 with four decimals.
    pub(super) fn shifted(mut self, by: i32) -> Self {
        self.exponent += by;
        self
    }

    /// Whether the magnitude is at least 10^`exponent`.
    pub(super) fn reaches(&self, exponent: i32) -> bool {
        let low = self.exponent.min(exponent);
        let below = self.denominator.clone().unwrap_or_else(BigUint::one);
        &self.mantissa * power_of_ten(self.exponent - low) >= below * power_of_ten(exponent - low)
    }

    /// Decimals as written (negative for "12 billion" in millions); `None` for a fraction, which is exact.
    pub(super) const fn decimals(&self) -> Option<i32> {
        if self.denominator.is_some() {
            None
        } else {
            Some(-self.exponent)
        }
    }

    /// Numerator over the common denominator of both numbers and 10^`low`.
    fn over_common(&self, other: &Self, low: i32) -> BigInt {
        let mut value = &self.mantissa * power_of_ten(self.exponent - low);
        if let Some(below) = &other.denominator {
            value *= below;
        }
        let value = BigInt::from(value);
        if self.negative { -value } else { value }
    }

    pub(crate) fn equals(&self, other: &Self) -> bool {
        let low = self.exponent.min(other.exponent);
        self.over_common(other, low) == other.over_common(self, low)
    }

    /// Magnitude, decimals as written (`None` for a fraction) and significant digits.
    pub(crate) fn approximate(&self) -> (f64, Option<i32>, u32) {
        let above = self.mantissa.to_f64().unwrap_or(f64::MAX);
        let below = match &self.denominator {
            Some(below) => below.to_f64().unwrap_or(f64::MAX),
            None => 1.0,
        };
        let value = crate::behaviour::scaled(above / below, self.exponent);
        (value, self.decimals(), self.significant as u32)
    }

    /// Exact text: a decimal with the written digits, or a reduced fraction.
    pub(crate) fn to_text(&self) -> String {
        let sign = if self.negative && !self.is_zero() {
            "-"
        } else {
            ""
        };
        let (mantissa, exponent) = match &self.denominator {
            None => (self.mantissa.clone(), self.exponent),
            Some(below) => {
                let mut above = BigInt::from(self.mantissa.clone());
                let mut below = BigInt::from(below.clone());
                above *= BigInt::from(power_of_ten(self.exponent));
                below *= BigInt::from(power_of_ten(-self.exponent));
                let ratio = BigRational::new(above, below);
                let Some(decimals) = finite_decimals(ratio.denom()) else {
                    return format!("{sign}{ratio}");
                };
                let scaled = ratio * BigInt::from(power_of_ten(decimals));
                (scaled.to_integer().magnitude().clone(), -decimals)
            }
        };
        if exponent >= 0 {
            return format!("{sign}{}", mantissa * power_of_ten(exponent));
        }
        let decimals = exponent.unsigned_abs() as usize;
        let digits = format!(
            "{mantissa:0>width$}",
            mantissa = mantissa.to_string(),
            width = decimals + 1
        );
        let (whole, fraction) = digits.split_at(digits.len() - decimals);
        format!("{sign}{whole}.{fraction}")
    }
}

/// Decimals of 1/`denominator`; `None` if they never end.
fn finite_decimals(denominator: &BigInt) -> Option<i32> {
    let mut rest = denominator.abs();
    let mut counts = [0, 0];
    for (prime, count) in [2u8, 5].into_iter().zip(&mut counts) {
        while (&rest % prime).is_zero() {
            rest /= prime;
            *count += 1;
        }
    }
    rest.is_one().then(|| counts[0].max(counts[1]))
}

/// Compares a submission with the truth, both in the question's unit.
pub(super) fn compare(predicted: &Number, truth: &Number, op: Op) -> Reason {
    if predicted.equals(truth) {
        return Reason::Equal;
    }
    let signs_differ =
        predicted.negative != truth.negative && !predicted.is_zero() && !truth.is_zero();
    if op == Op::Derived && !signs_differ && within_rounding(predicted, truth) {
        let is_coarser = match (predicted.decimals(), truth.decimals()) {
            (Some(p), Some(t)) => p < t,
            (Some(_), None) => true,
            (None, _) => false,
        };
        let enough = !is_coarser || predicted.significant >= 3;
        return if enough {
            Reason::Rounded
        } else {
            Reason::TooFewDigits
        };
    }
    if signs_differ {
        let flipped = Number {
            negative: truth.negative,
            ..predicted.clone()
        };
        return if flipped.equals(truth) {
            Reason::WrongSign
        } else {
            Reason::OffValue
        };
    }
    let slipped = [2, -2, 3, -3, 6, -6]
        .iter()
        .any(|&by| predicted.clone().shifted(by).equals(truth));
    if slipped && !truth.is_zero() {
        Reason::WrongScale
    } else {
        Reason::OffValue
    }
}

/// With dt and dp the decimals written in the truth and in the submission: |p − t| ≤ ½·10^−dt, and ½·10^−dp more if
/// dp < dt. A fraction has no last decimal, so it adds nothing.
fn within_rounding(predicted: &Number, truth: &Number) -> bool {
    let (dp, dt) = (predicted.decimals(), truth.decimals());
    let coarser = dp.filter(|&p| dt.is_none_or(|t| p < t));
    // Everything over one denominator: 10^low, one digit below the last written one for the halves.
    let low = [
        Some(predicted.exponent),
        Some(truth.exponent),
        dt.map(|d| -d - 1),
        coarser.map(|d| -d - 1),
    ]
    .into_iter()
    .flatten()
    .min()
    .unwrap_or(0);
    let difference = (predicted.over_common(truth, low) - truth.over_common(predicted, low)).abs();
    let mut bound = BigUint::zero();
    for decimals in [dt, coarser].into_iter().flatten() {
        bound += power_of_ten(-decimals - 1 - low) * 5u8;
    }
    for below in [&predicted.denominator, &truth.denominator]
        .into_iter()
        .flatten()
    {
        bound *= below;
    }
    difference.magnitude().cmp(&bound) != Ordering::Greater
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(text: &str) -> Number {
        let (negative, digits) = text
            .strip_prefix('-')
            .map_or((false, text), |rest| (true, rest));
        let (literal, length) = literal(digits.as_bytes());
        assert_eq!(length, digits.len(), "{text:?} is read to its end");
        Number {
            negative,
            ..literal.value.expect("a number")
        }
    }

    #[test]
    fn malformed_literals_are_read_whole() {
        for text in [
            "12,34.5", "0,232", "1,2345", "1234,567", "1.2.3", "1,234,5", "1/0", "1/2/3", "1.5/2",
            "1e3/2", "6,28", "1e2.5",
        ] {
            let (literal, length) = literal(text.as_bytes());
            assert_eq!(literal.value, Err(Reason::MalformedNumber), "{text:?}");
            assert_eq!(length, text.len(), "{text:?}");
        }
    }

    #[test]
    fn huge_literals_cost_nothing() {
        for text in ["1e999999999", "1e-99999999999999999999", "0e401"] {
            assert_eq!(
                literal(text.as_bytes()).0.value,
                Err(Reason::NumberTooLong),
                "{text:?}"
            );
        }
        let long = "1".repeat(401);
        assert_eq!(literal(long.as_bytes()).0.value, Err(Reason::NumberTooLong));
    }

    #[test]
    fn text_is_exact() {
        for (text, want) in [
            ("1,234.50", "1234.50"),
            ("-0", "0"),
            ("-0.050", "-0.050"),
            ("12e3", "12000"),
            ("2.32e-1", "0.232"),
            ("1/2", "0.5"),
            ("-2/6", "-1/3"),
            ("7/1", "7"),
            (".5", "0.5"),
        ] {
            assert_eq!(number(text).to_text(), want, "{text:?}");
        }
    }

    #[test]
    fn rounding_follows_the_written_decimals() {
        for (predicted, truth, want) in [
            ("0.0455", "0.046", Reason::Rounded),
            ("0.0454", "0.046", Reason::OffValue),
            ("25.1", "25.144", Reason::Rounded),
            ("25.15", "25.144", Reason::OffValue),
            ("0.23", "0.232", Reason::TooFewDigits),
            ("1/3", "0.333", Reason::Rounded),
            ("0.333", "1/3", Reason::Rounded),
            ("0.33", "1/3", Reason::TooFewDigits),
            ("0.334", "1/3", Reason::OffValue),
            ("334/1000", "1/3", Reason::OffValue),
            ("-0.232", "0.232", Reason::WrongSign),
            ("23.2", "0.232", Reason::WrongScale),
            ("0.004", "0.00", Reason::Rounded),
            ("0", "0.4", Reason::TooFewDigits),
            ("0.50", "1/2", Reason::Equal),
        ] {
            assert_eq!(
                compare(&number(predicted), &number(truth), Op::Derived),
                want,
                "{predicted} {truth}"
            );
        }
        assert_eq!(
            compare(&number("12346"), &number("12345.67"), Op::Exact),
            Reason::OffValue
        );
    }
}
