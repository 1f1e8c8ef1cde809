//! Exact fractions: machine integers while they fit, big ones beyond. Both give the same values, so which one holds a
//! value is a matter of speed only.

use std::borrow::Cow;
use std::cmp::Ordering;

use num_bigint::BigInt;
use num_rational::BigRational;
use num_traits::{
    FromPrimitive as _, One as _, Pow as _, Signed as _, ToPrimitive as _, Zero as _,
};

use super::small::Small;

#[derive(Clone, Debug)]
pub(super) enum Ratio {
    Small(Small),
    /// May hold values that a small one could hold too.
    Big(Box<BigRational>),
}

/// Takes the small result, or computes the big one.
macro_rules! combine {
    ($name:ident, $operator:tt) => {
        pub(super) fn $name(&self, other: &Self) -> Self {
            if let (Self::Small(a), Self::Small(b)) = (self, other)
                && let Some(small) = a.$name(*b)
            {
                return Self::Small(small);
            }
            Self::of(&*self.big() $operator &*other.big())
        }
    };
}

impl Ratio {
    pub(super) fn integer(value: i64) -> Self {
        Self::Small(Small::integer(value))
    }

    pub(super) fn half() -> Self {
        Self::Small(Small::HALF)
    }

    /// `integer * 10^exponent`.
    pub(super) fn from_decimal(integer: BigInt, exponent: i64) -> Self {
        let power: BigInt = BigInt::from(10).pow(exponent.unsigned_abs());
        Self::of(if exponent < 0 {
            BigRational::new(integer, power)
        } else {
            BigRational::from_integer(integer * power)
        })
    }

    /// The exact value of a float.
    pub(super) fn from_f64(value: f64) -> Self {
        Self::of(BigRational::from_f64(value).unwrap_or_else(BigRational::zero))
    }

    pub(super) fn of(big: BigRational) -> Self {
        Self::Big(Box::new(big))
    }

    pub(super) fn big(&self) -> Cow<'_, BigRational> {
        match self {
            Self::Small(small) => Cow::Owned(BigRational::new_raw(
                small.numer().into(),
                small.denom().into(),
            )),
            Self::Big(big) => Cow::Borrowed(big),
        }
    }

    /// The float nearest to it.
    pub(super) fn to_f64(&self) -> f64 {
        match self {
            Self::Small(small) => small.to_f64(),
            Self::Big(_) => None,
        }
        .or_else(|| self.big().to_f64())
        .unwrap_or(f64::NAN)
    }

    /// A whole number that fits.
    pub(super) fn to_i32(&self) -> Option<i32> {
        if !self.is_integer() {
            return None;
        }
        match self {
            Self::Small(small) => small.numer().try_into().ok(),
            Self::Big(big) => big.numer().to_i32(),
        }
    }

    pub(super) fn is_zero(&self) -> bool {
        match self {
            Self::Small(small) => small.numer() == 0,
            Self::Big(big) => big.is_zero(),
        }
    }

    pub(super) fn is_negative(&self) -> bool {
        match self {
            Self::Small(small) => small.numer() < 0,
            Self::Big(big) => big.is_negative(),
        }
    }

    pub(super) fn is_integer(&self) -> bool {
        match self {
            Self::Small(small) => small.is_integer(),
            Self::Big(big) => big.is_integer(),
        }
    }

    pub(super) fn compare(&self, other: &Self) -> Ordering {
        if let (Self::Small(a), Self::Small(b)) = (self, other)
            && let Some(order) = a.compare(*b)
        {
            return order;
        }
        self.big().cmp(&other.big())
    }

    pub(super) fn negate(self) -> Self {
        match self {
            Self::Small(small) => Self::Small(small.negate()),
            Self::Big(big) => Self::of(-*big),
        }
    }

    combine!(add, +);
    combine!(subtract, -);
    combine!(multiply, *);

    /// Neither this quotient nor [`Self::recip`] is defined for zero.
    pub(super) fn divide(&self, other: &Self) -> Self {
        if let (Self::Small(a), Self::Small(b)) = (self, other)
            && let Some(small) = a.multiply(b.recip())
        {
            return Self::Small(small);
        }
        Self::of(&*self.big() / &*other.big())
    }

    pub(super) fn recip(&self) -> Self {
        match self {
            Self::Small(small) => Self::Small(small.recip()),
            Self::Big(big) => Self::of(big.recip()),
        }
    }

    pub(super) fn floor(&self) -> Self {
        match self {
            Self::Small(small) => Self::Small(small.floor()),
            Self::Big(big) => Self::of(big.floor()),
        }
    }

    pub(super) fn ceil(&self) -> Self {
        self.clone().negate().floor().negate()
    }

    /// Half to even, at `places` decimals.
    pub(super) fn round(&self, places: i32) -> Self {
        if let Self::Small(small) = self
            && let Some(small) = small.round(places)
        {
            return Self::Small(small);
        }
        let power = BigRational::from_integer(BigInt::from(10).pow(places.unsigned_abs()));
        let scale = if places < 0 { power.recip() } else { power };
        let scaled = &*self.big() * &scale;
        let down = scaled.floor();
        let half = BigRational::new(BigInt::one(), BigInt::from(2));
        let up = match (&scaled - &down).cmp(&half) {
            Ordering::Less => false,
            Ordering::Greater => true,
            Ordering::Equal => down.numer().bit(0),
        };
        let whole = if up { down + BigRational::one() } else { down };
        Self::of(whole / scale)
    }

    /// The root, if it is a fraction; the value must not be negative.
    pub(super) fn sqrt(&self) -> Option<Self> {
        match self {
            Self::Small(small) => small.sqrt().map(Self::Small),
            Self::Big(big) => {
                let (numer, denom) = (big.numer().sqrt(), big.denom().sqrt());
                (&(&numer * &numer) == big.numer() && &(&denom * &denom) == big.denom())
                    .then(|| Self::of(BigRational::new(numer, denom)))
            }
        }
    }
}

impl PartialEq for Ratio {
    fn eq(&self, other: &Self) -> bool {
        self.compare(other).is_eq()
    }
}
