//! Whether an exact value is the number that a data set wrote down, by the strict rule.
//!
//! Source of the rule: the answer rules, mode `strict`, number 6: half a unit of the last written digit.

use num_bigint::BigInt;
use num_rational::BigRational;
use num_traits::Signed;

use super::number::{Number, power_of_ten};

/// Rounds half away from zero to `decimals` digits after the point.
pub(crate) fn round(value: &BigRational, decimals: u8) -> BigRational {
    let unit = BigRational::from_integer(power_of_ten(decimals));
    (value * &unit).round() / unit
}

/// The number of digits with which `value` must be submitted to be right against `written`; `None` if it is not.
///
/// Usually the digits that `written` has. Where the data set rounded an exact half down, one more digit keeps the
/// submission within half a unit.
pub(crate) fn decimals_to_submit(value: &BigRational, written: &Number) -> Option<u8> {
    let half = BigRational::new(
        BigInt::from(1),
        BigInt::from(2) * power_of_ten(written.decimals),
    );
    [written.decimals, written.decimals + 1]
        .into_iter()
        .find(|&d| {
            let rounded = round(value, d);
            rounded.is_negative() == written.value.is_negative()
                && (&rounded - &written.value).abs() <= half
        })
}

#[cfg(test)]
mod tests {
    use super::super::number::read;
    use super::*;

    fn digits(value: &str, written: &str) -> Option<u8> {
        decimals_to_submit(&read(value).unwrap().value, &read(written).unwrap())
    }

    #[test]
    fn written_answers_are_roundings() {
        assert_eq!(digits("56.197", "56"), Some(0));
        assert_eq!(digits("56.6", "56"), None);
        assert_eq!(digits("0.125", "0.13"), Some(2));
        assert_eq!(digits("0.125", "0.12"), Some(3));
        assert_eq!(digits("-3.2", "3"), None);
    }
}
