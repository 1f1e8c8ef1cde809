//! Shares: how many, what they earn, what is paid for and with them.

mod awards;
mod dividends;
mod shares;

pub(crate) use awards::Awards;
pub(crate) use dividends::Dividends;
pub(crate) use shares::Shares;

use finqa_core::answer::Scale;

use super::{Base, Income};
use crate::draw::{Draw, Key, Stream};
use crate::identity::Identity;
use crate::note::Display;

/// Everything about the company's own stock.
#[derive(Clone, Debug)]
pub(crate) struct Equity {
    pub(crate) shares: Shares,
    pub(crate) dividends: Dividends,
    pub(crate) awards: Awards,
}

impl Equity {
    pub(crate) fn new(key: Key, identity: &Identity, base: &Base, income: &Income) -> Self {
        let mut draw = Draw::new(key, Stream::Equity);
        let shares = Shares::new(identity, base, income, &mut draw);
        let dividends = Dividends::new(identity, base, income, &shares, &mut draw);
        let awards = Awards::new(identity.industry, base, &shares, &mut draw);
        Self {
            shares,
            dividends,
            awards,
        }
    }

    pub(crate) fn violations(&self, base: &Base, income: &Income) -> Vec<String> {
        let mut out = self.shares.violations(base, income);
        out.extend(self.dividends.violations(base));
        out.extend(self.awards.violations());
        out
    }
}

/// Powers of ten of one unit of money and of one unit of shares.
fn exponents(display: Display) -> (u32, u32) {
    let scale = match display.scale {
        Scale::One => 0,
        Scale::Thousand => 3,
        Scale::Million => 6,
        Scale::Billion => 9,
    };
    (
        scale - u32::from(display.decimals),
        scale - u32::from(display.share_decimals),
    )
}

/// Money for one share in cents, rounded half away from zero.
pub(crate) fn per_share_cents(money: i64, shares: i64, display: Display) -> i64 {
    let (money_exponent, share_exponent) = exponents(display);
    let cents = i128::from(money) * 100 * 10i128.pow(money_exponent);
    divide(cents, i128::from(shares) * 10i128.pow(share_exponent))
}

/// What shares cost or bring at so many cents each, rounded half away from zero to the money unit.
pub(crate) fn amount(shares: i64, cents: i64, display: Display) -> i64 {
    let (money_exponent, share_exponent) = exponents(display);
    let product = i128::from(shares) * i128::from(cents) * 10i128.pow(share_exponent);
    divide(product, 100 * 10i128.pow(money_exponent))
}

/// How many shares so much money buys at so many cents each, rounded.
fn shares_for(money: i64, cents: i64, display: Display) -> i64 {
    let (money_exponent, share_exponent) = exponents(display);
    let exact = i128::from(money) * 100 * 10i128.pow(money_exponent);
    divide(exact, i128::from(cents.max(1)) * 10i128.pow(share_exponent))
}

/// Rounded half away from zero; the divisor is positive.
fn divide(value: i128, by: i128) -> i64 {
    let rounded = (value.abs() + by / 2) / by;
    (rounded * value.signum()) as i64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn money_and_shares_keep_their_units() {
        let display = Display {
            scale: Scale::Million,
            decimals: 0,
            share_decimals: 1,
        };
        // 1,234 million dollars over 300.5 million shares.
        assert_eq!(per_share_cents(1234, 3005, display), 411);
        assert_eq!(per_share_cents(-1234, 3005, display), -411);
        assert_eq!(amount(3005, 411, display), 1235);
        assert_eq!(shares_for(1235, 411, display), 3005);
    }
}
