//! Numbers of the calculator: exact rationals while they are small, 64-bit floats otherwise.

use std::borrow::Cow;
use std::cmp::Ordering;

use num_bigint::BigInt;
use num_rational::BigRational;
use num_traits::{One as _, Signed as _, ToPrimitive as _, Zero as _};

use super::ratio::Ratio;
use super::small::Small;
use super::{division_by_zero, domain_error, overflow};
use crate::error::ToolError;

/// Bits up to which numerator and denominator are kept exact: room for every integer below 2^1024.
const MAX_EXACT_BITS: u64 = 1100;

/// A finite value below 2^1024 in magnitude.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Number {
    Exact(Ratio),
    Float(f64),
}

impl Number {
    /// `integer * 10^exponent`.
    pub(super) fn from_decimal(integer: BigInt, exponent: i64) -> Result<Self, ToolError> {
        if integer.is_zero() {
            return Ok(Self::integer(0));
        }
        // The integer has at most 1024 digits, so beyond these bounds the size is certain.
        if exponent > 400 {
            return Err(overflow());
        }
        if exponent < -2048 {
            return Ok(Self::integer(0));
        }
        Self::exact(Ratio::from_decimal(integer, exponent))
    }

    /// The same for an integer of at most 38 digits.
    pub(super) fn from_small_decimal(integer: u128, exponent: i64) -> Result<Self, ToolError> {
        match Small::from_decimal(integer, exponent) {
            Some(small) => Ok(Self::Exact(Ratio::Small(small))),
            None => Self::from_decimal(integer.into(), exponent),
        }
    }

    pub(super) fn integer(value: i64) -> Self {
        Self::Exact(Ratio::integer(value))
    }

    pub(super) fn truth(value: bool) -> Self {
        Self::integer(value.into())
    }

    /// Keeps a ratio exact if it is small enough.
    pub(super) fn exact(ratio: Ratio) -> Result<Self, ToolError> {
        let Ratio::Big(big) = &ratio else {
            return Ok(Self::Exact(ratio));
        };
        let (numer, denom) = (big.numer().bits(), big.denom().bits());
        if numer <= MAX_EXACT_BITS && denom <= MAX_EXACT_BITS {
            // At most 2^1100 here; only whole numbers near the bound need the comparison.
            if numer.saturating_sub(denom) >= 1023 && !ratio.to_f64().is_finite() {
                return Err(overflow());
            }
            return Ok(Self::Exact(ratio));
        }
        Self::float(big.to_f64().unwrap_or(f64::INFINITY))
    }

    /// A float that must be finite; a caller that knows of a domain error checks before.
    pub(super) fn float(value: f64) -> Result<Self, ToolError> {
        if value.is_finite() {
            Ok(Self::Float(value))
        } else {
            Err(overflow())
        }
    }

    pub(super) fn to_f64(&self) -> f64 {
        match self {
            Self::Exact(r) => r.to_f64(),
            Self::Float(x) => *x,
        }
    }

    /// The value as a ratio; exact for floats too, since every float is one.
    fn to_ratio(&self) -> Cow<'_, Ratio> {
        match self {
            Self::Exact(r) => Cow::Borrowed(r),
            Self::Float(x) => Cow::Owned(Ratio::from_f64(*x)),
        }
    }

    pub(super) fn into_ratio(self) -> BigRational {
        self.to_ratio().big().into_owned()
    }

    pub(super) fn is_zero(&self) -> bool {
        match self {
            Self::Exact(r) => r.is_zero(),
            Self::Float(x) => *x == 0.0,
        }
    }

    pub(super) fn is_negative(&self) -> bool {
        match self {
            Self::Exact(r) => r.is_negative(),
            Self::Float(x) => *x < 0.0,
        }
    }

    pub(super) fn compare(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Exact(a), Self::Exact(b)) => a.compare(b),
            _ => self.to_f64().total_cmp(&other.to_f64()),
        }
    }

    pub(super) fn negate(self) -> Self {
        match self {
            Self::Exact(r) => Self::Exact(r.negate()),
            // 0.0 - x and not -x: there is no negative zero here.
            Self::Float(x) => Self::Float(0.0 - x),
        }
    }

    pub(super) fn add(&self, other: &Self) -> Result<Self, ToolError> {
        match (self, other) {
            (Self::Exact(a), Self::Exact(b)) => Self::exact(a.add(b)),
            _ => Self::float(self.to_f64() + other.to_f64()),
        }
    }

    pub(super) fn subtract(&self, other: &Self) -> Result<Self, ToolError> {
        match (self, other) {
            (Self::Exact(a), Self::Exact(b)) => Self::exact(a.subtract(b)),
            _ => Self::float(self.to_f64() - other.to_f64()),
        }
    }

    pub(super) fn multiply(&self, other: &Self) -> Result<Self, ToolError> {
        match (self, other) {
            (Self::Exact(a), Self::Exact(b)) => Self::exact(a.multiply(b)),
            _ => Self::float(self.to_f64() * other.to_f64()),
        }
    }

    pub(super) fn divide(&self, other: &Self) -> Result<Self, ToolError> {
        if other.is_zero() {
            return Err(division_by_zero());
        }
        match (self, other) {
            (Self::Exact(a), Self::Exact(b)) => Self::exact(a.divide(b)),
            _ => Self::float(self.to_f64() / other.to_f64()),
        }
    }

    /// Quotient rounded down.
    pub(super) fn floor_divide(&self, other: &Self) -> Result<Self, ToolError> {
        self.divide(other)?.floor()
    }

    /// What [`Self::floor_divide`] leaves; has the sign of the divisor, as in Python.
    pub(super) fn modulo(&self, other: &Self) -> Result<Self, ToolError> {
        if other.is_zero() {
            return Err(division_by_zero());
        }
        if let (Self::Exact(a), Self::Exact(b)) = (self, other) {
            return Self::exact(a.subtract(&b.multiply(&a.divide(b).floor())));
        }
        let (a, b) = (self.to_f64(), other.to_f64());
        let rest = libm::fmod(a, b);
        Self::float(if rest != 0.0 && (rest < 0.0) != (b < 0.0) {
            rest + b
        } else {
            rest
        })
    }

    pub(super) fn floor(&self) -> Result<Self, ToolError> {
        Self::exact(self.to_ratio().floor())
    }

    pub(super) fn ceil(&self) -> Result<Self, ToolError> {
        Self::exact(self.to_ratio().ceil())
    }

    /// Rounds half to even at `places` decimals (-30 to 30).
    pub(super) fn round(&self, places: i32) -> Result<Self, ToolError> {
        Self::exact(self.to_ratio().round(places))
    }

    pub(super) fn power(&self, exponent: &Self) -> Result<Self, ToolError> {
        if let (Self::Exact(base), Self::Exact(power)) = (self, exponent) {
            if base.is_zero() {
                return if power.is_negative() {
                    Err(division_by_zero())
                } else {
                    Ok(Self::truth(power.is_zero()))
                };
            }
            if power.is_integer() {
                return integer_power(base, power);
            }
            if *power == Ratio::half() {
                return self.sqrt();
            }
        }
        let (base, power) = (self.to_f64(), exponent.to_f64());
        if base == 0.0 && power < 0.0 {
            return Err(division_by_zero());
        }
        let value = libm::pow(base, power);
        if value.is_nan() {
            return Err(domain_error(
                "a negative number has no real power with a fractional exponent; use abs(…) or check the sign",
            ));
        }
        Self::float(value)
    }

    /// Square root, exact for squares of rationals.
    pub(super) fn sqrt(&self) -> Result<Self, ToolError> {
        if self.is_negative() {
            return Err(domain_error(
                "the square root of a negative number is not real; check the sign",
            ));
        }
        if let Self::Exact(r) = self
            && let Some(root) = r.sqrt()
        {
            return Self::exact(root);
        }
        Self::float(libm::sqrt(self.to_f64()))
    }
}

/// Exact while the result stays small; its size is known before it is computed.
fn integer_power(base: &Ratio, power: &Ratio) -> Result<Number, ToolError> {
    let signed = |grown: Ratio| {
        if power.is_negative() {
            grown.recip()
        } else {
            grown
        }
    };
    if let Ratio::Small(small) = base
        && let Some(n) = power.to_i32()
        && let Some(grown) = small.power(n.unsigned_abs())
    {
        return Ok(Number::Exact(signed(Ratio::Small(grown))));
    }
    let (base, exponent) = (base.big(), power.big());
    let exponent = exponent.numer();
    if base.numer().magnitude().is_one() && base.denom().is_one() {
        return Ok(if base.is_negative() && exponent.bit(0) {
            Number::integer(-1)
        } else {
            Number::integer(1)
        });
    }
    let bits = base.numer().bits().max(base.denom().bits());
    if let Some(n) = exponent
        .magnitude()
        .to_u64()
        .filter(|n| bits.saturating_mul(*n) <= MAX_EXACT_BITS + bits)
    {
        return Number::exact(signed(Ratio::of((*base).pow(n as i32))));
    }
    let magnitude = libm::pow(
        base.abs().to_f64().unwrap_or(f64::INFINITY),
        exponent.to_f64().unwrap_or(f64::INFINITY),
    );
    Number::float(if base.is_negative() && exponent.bit(0) {
        0.0 - magnitude
    } else {
        magnitude
    })
}
