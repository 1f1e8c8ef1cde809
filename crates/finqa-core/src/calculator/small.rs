//! Fractions of machine integers: what nearly every expression needs. Each operation gives the exact result, or `None`
//! where a step of it leaves 128 bits.

use std::cmp::Ordering;

/// Powers of ten below 2^127.
pub(super) const POWERS_OF_TEN: [i128; 39] = {
    let mut powers = [1; 39];
    let mut i = 1;
    while i < powers.len() {
        powers[i] = powers[i - 1] * 10;
        i += 1;
    }
    powers
};

/// 10 to a power, if it is below 2^127.
pub(super) fn power_of_ten(exponent: u64) -> Option<i128> {
    POWERS_OF_TEN.get(usize::try_from(exponent).ok()?).copied()
}

/// A fraction in lowest terms, its denominator above 0, its numerator above `i128::MIN`; zero is 0/1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Small {
    numer: i128,
    denom: i128,
}

impl Small {
    pub(super) const HALF: Self = Self { numer: 1, denom: 2 };

    pub(super) const fn integer(value: i64) -> Self {
        Self {
            numer: value as i128,
            denom: 1,
        }
    }

    /// From terms that have no common divisor.
    fn reduced(numer: i128, denom: i128) -> Option<Self> {
        (numer != i128::MIN).then_some(Self { numer, denom })
    }

    /// `integer * 10^exponent`.
    pub(super) fn from_decimal(integer: u128, exponent: i64) -> Option<Self> {
        let mut numer = i128::try_from(integer).ok()?;
        if numer == 0 {
            return Some(Self::integer(0));
        }
        if exponent >= 0 {
            let power = power_of_ten(exponent.unsigned_abs())?;
            return Self::reduced(numer.checked_mul(power)?, 1);
        }
        // Only 2 and 5 divide a power of ten.
        let mut denom = power_of_ten(exponent.unsigned_abs())?;
        let twos = numer.trailing_zeros().min(denom.trailing_zeros());
        numer >>= twos;
        denom >>= twos;
        if let (Ok(mut n), Ok(mut d)) = (u64::try_from(numer), u64::try_from(denom)) {
            while n % 5 == 0 && d % 5 == 0 {
                n /= 5;
                d /= 5;
            }
            (numer, denom) = (n.into(), d.into());
        } else {
            while numer % 5 == 0 && denom % 5 == 0 {
                numer /= 5;
                denom /= 5;
            }
        }
        Self::reduced(numer, denom)
    }

    pub(super) fn numer(self) -> i128 {
        self.numer
    }

    pub(super) fn denom(self) -> i128 {
        self.denom
    }

    pub(super) fn is_integer(self) -> bool {
        self.denom == 1
    }

    pub(super) fn negate(self) -> Self {
        Self {
            numer: -self.numer,
            denom: self.denom,
        }
    }

    /// The float nearest to it, where one division of floats gives it.
    pub(super) fn to_f64(self) -> Option<f64> {
        const EXACT: i128 = 1 << f64::MANTISSA_DIGITS;
        (self.numer.abs() <= EXACT && self.denom <= EXACT)
            .then(|| self.numer as f64 / self.denom as f64)
    }

    pub(super) fn compare(self, other: Self) -> Option<Ordering> {
        if self.denom == other.denom {
            return Some(self.numer.cmp(&other.numer));
        }
        let left = self.numer.checked_mul(other.denom)?;
        Some(left.cmp(&other.numer.checked_mul(self.denom)?))
    }

    pub(super) fn add(self, other: Self) -> Option<Self> {
        // Knuth, The Art of Computer Programming, vol. 2, 4.5.1: the terms stay small and come out reduced.
        let shared = gcd(self.denom, other.denom);
        let (left, right) = (self.denom / shared, other.denom / shared);
        let sum = (self.numer.checked_mul(right)?).checked_add(other.numer.checked_mul(left)?)?;
        if sum == i128::MIN {
            return None;
        }
        let common = gcd(sum, shared);
        Self::reduced(sum / common, left.checked_mul(other.denom / common)?)
    }

    pub(super) fn subtract(self, other: Self) -> Option<Self> {
        self.add(other.negate())
    }

    pub(super) fn multiply(self, other: Self) -> Option<Self> {
        let (first, second) = (gcd(self.numer, other.denom), gcd(other.numer, self.denom));
        Self::reduced(
            (self.numer / first).checked_mul(other.numer / second)?,
            (self.denom / second).checked_mul(other.denom / first)?,
        )
    }

    /// 1 divided by it; it must not be zero.
    pub(super) fn recip(self) -> Self {
        Self {
            numer: self.numer.signum() * self.denom,
            denom: self.numer.abs(),
        }
    }

    pub(super) fn floor(self) -> Self {
        Self {
            numer: self.numer.div_euclid(self.denom),
            denom: 1,
        }
    }

    /// Half to even, at `places` decimals.
    pub(super) fn round(self, places: i32) -> Option<Self> {
        let power = Self {
            numer: power_of_ten(places.unsigned_abs().into())?,
            denom: 1,
        };
        let scale = if places < 0 { power.recip() } else { power };
        let scaled = self.multiply(scale)?;
        let (down, rest) = (
            scaled.numer.div_euclid(scaled.denom),
            scaled.numer.rem_euclid(scaled.denom),
        );
        let up = match rest.cmp(&(scaled.denom - rest)) {
            Ordering::Less => false,
            Ordering::Greater => true,
            Ordering::Equal => down & 1 == 1,
        };
        Self::reduced(down + i128::from(up), 1)?.multiply(scale.recip())
    }

    pub(super) fn power(self, exponent: u32) -> Option<Self> {
        Self::reduced(
            self.numer.checked_pow(exponent)?,
            self.denom.checked_pow(exponent)?,
        )
    }

    /// The root, if it is a fraction; it must not be negative.
    pub(super) fn sqrt(self) -> Option<Self> {
        let (numer, denom) = (self.numer.checked_isqrt()?, self.denom.checked_isqrt()?);
        (numer * numer == self.numer && denom * denom == self.denom)
            .then_some(Self { numer, denom })
    }
}

/// Greatest common divisor of the magnitudes; `b` is above 0 and `a` above `i128::MIN`.
fn gcd(a: i128, b: i128) -> i128 {
    let (mut a, mut b) = (a.unsigned_abs(), b.unsigned_abs());
    // One is by far the most common denominator.
    if a == 1 || b == 1 {
        return 1;
    }
    loop {
        if let (Ok(a), Ok(b)) = (u64::try_from(a), u64::try_from(b)) {
            return gcd_64(a, b).into();
        }
        if b == 0 {
            // At most the smaller of two magnitudes below 2^127.
            return a as i128;
        }
        (a, b) = (b, a % b);
    }
}

/// Stein's algorithm: shifts and differences only.
fn gcd_64(mut a: u64, mut b: u64) -> u64 {
    if a == 0 || b == 0 {
        return a | b;
    }
    let twos = (a | b).trailing_zeros();
    a >>= a.trailing_zeros();
    b >>= b.trailing_zeros();
    while a != b {
        let difference = a.abs_diff(b);
        a = a.min(b);
        b = difference >> difference.trailing_zeros();
    }
    a << twos
}
