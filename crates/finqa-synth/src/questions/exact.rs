//! Exact fractions, and the rounding that decides what an answer is.

/// A reduced fraction with a positive denominator. Every operation is `None` when it leaves 128 bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ratio {
    n: i128,
    d: i128,
}

impl Ratio {
    /// `n / d`; `None` if `d` is 0.
    pub fn new(n: i128, d: i128) -> Option<Self> {
        if d == 0 {
            return None;
        }
        let common = gcd(n.unsigned_abs(), d.unsigned_abs()) as i128;
        let sign = if d < 0 { -1 } else { 1 };
        Some(Self {
            n: sign * n / common,
            d: sign * d / common,
        })
    }

    /// A whole number.
    pub const fn whole(n: i128) -> Self {
        Self { n, d: 1 }
    }

    /// `units` of 10^-decimals.
    pub(crate) fn scaled(units: i64, decimals: u8) -> Self {
        Self::new(units.into(), 10i128.pow(decimals.into())).unwrap_or(Self::whole(0))
    }

    /// The sum.
    pub fn plus(self, other: Self) -> Option<Self> {
        let left = self.n.checked_mul(other.d)?;
        let right = other.n.checked_mul(self.d)?;
        Self::new(left.checked_add(right)?, self.d.checked_mul(other.d)?)
    }

    /// The difference.
    pub fn minus(self, other: Self) -> Option<Self> {
        self.plus(other.negated())
    }

    /// The product.
    pub fn times(self, other: Self) -> Option<Self> {
        Self::new(self.n.checked_mul(other.n)?, self.d.checked_mul(other.d)?)
    }

    /// The quotient; `None` for a divisor of 0.
    pub fn over(self, other: Self) -> Option<Self> {
        Self::new(self.n.checked_mul(other.d)?, self.d.checked_mul(other.n)?)
    }

    /// The same with the other sign.
    pub const fn negated(self) -> Self {
        Self {
            n: -self.n,
            d: self.d,
        }
    }

    /// Without its sign.
    pub const fn absolute(self) -> Self {
        Self {
            n: self.n.abs(),
            d: self.d,
        }
    }

    /// Whether it is above 0.
    pub const fn is_positive(self) -> bool {
        self.n > 0
    }

    /// Whether it is 0.
    pub const fn is_zero(self) -> bool {
        self.n == 0
    }

    /// Whether it is greater than `other`; also false where that cannot be decided.
    pub fn exceeds(self, other: Self) -> bool {
        self.minus(other).is_some_and(Self::is_positive)
    }

    /// In units of 10^-decimals, rounded half away from zero. `None` for a tie, where binary floating point might round
    /// the other way.
    pub fn rounded(self, decimals: u8) -> Option<i128> {
        let scaled = self
            .n
            .unsigned_abs()
            .checked_mul(10u128.pow(decimals.into()))?;
        let d = self.d.unsigned_abs();
        let (quotient, rest) = (scaled / d, scaled % d);
        if rest * 2 == d {
            return None;
        }
        let rounded = (quotient + u128::from(rest * 2 > d)) as i128;
        Some(if self.n < 0 { -rounded } else { rounded })
    }
}

/// `((a / b)^(1/n) - 1) * 100` in hundredths, decided in integers: the one `k` with
/// `(20000 + 2k - 1)^n < (a / b) * 20000^n < (20000 + 2k + 1)^n`. `None` for ties, quotients that are not positive,
/// growth above tenfold a year.
pub(crate) fn compound_growth(a: Ratio, b: Ratio, n: u32) -> Option<i128> {
    const ONE: i128 = 20_000;
    let quotient = a.over(b)?;
    if n == 0 || !quotient.is_positive() {
        return None;
    }
    let right = quotient.n.checked_mul(ONE.checked_pow(n)?)?;
    let left = |odd: i128| odd.checked_pow(n)?.checked_mul(quotient.d);
    // Largest k whose lower bound is not above the quotient.
    let (mut low, mut high) = (-10_000i128, 90_000i128);
    while low < high {
        let middle = (low + high + 1).div_euclid(2);
        if left(ONE + 2 * middle - 1)? <= right {
            low = middle;
        } else {
            high = middle - 1;
        }
    }
    let lower = left(ONE + 2 * low - 1)?;
    let upper = left(ONE + 2 * low + 1)?;
    (lower < right && right < upper).then_some(low)
}

fn gcd(mut a: u128, mut b: u128) -> u128 {
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a.max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ratio(n: i128, d: i128) -> Ratio {
        Ratio::new(n, d).unwrap()
    }

    #[test]
    fn rounding_is_half_away_and_refuses_ties() {
        for (n, d, decimals, want) in [
            (1, 3, 3, Some(333)),
            (2, 3, 3, Some(667)),
            (-2, 3, 3, Some(-667)),
            (1, -3, 3, Some(-333)),
            (1, 2000, 3, None),
            (12_345, 10, 1, Some(12_345)),
        ] {
            assert_eq!(ratio(n, d).rounded(decimals), want, "{n}/{d}");
        }
        assert_eq!(Ratio::new(1, 0), None);
    }

    #[test]
    fn roots_are_decided_in_integers() {
        for (a, b, n, want) in [
            (121, 100, 2, Some(1000)),
            (100, 121, 2, Some(-909)),
            (2, 1, 3, Some(2599)),
            (1, 16, 4, Some(-5000)),
            (1, 1, 3, Some(0)),
            // (1.00005)^2 is a tie at two decimals of a percent.
            (20_001 * 20_001, 20_000 * 20_000, 2, None),
            (-1, 2, 2, None),
        ] {
            let got = compound_growth(Ratio::whole(a), Ratio::whole(b), n);
            assert_eq!(got, want, "{a}/{b} over {n} years");
        }
    }

    #[test]
    fn roots_agree_with_floats_away_from_ties() {
        for a in (1..4000i128).step_by(7) {
            for n in 2..5 {
                let exact = compound_growth(Ratio::whole(a), Ratio::whole(997), n).unwrap();
                let float = ((a as f64 / 997.0).powf(1.0 / f64::from(n)) - 1.0) * 10_000.0;
                assert!((exact as f64 - float).abs() < 0.500_001, "{a} {n}");
            }
        }
    }
}
