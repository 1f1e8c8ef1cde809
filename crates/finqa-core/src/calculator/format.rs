//! Writing a result as a decimal.

use std::cmp::Ordering;

use num_bigint::{BigInt, BigUint};
use num_rational::BigRational;
use num_traits::{One as _, Pow as _, Signed as _, Zero as _};

use super::number::Number;
use super::ratio::Ratio;
use super::small::{Small, power_of_ten};

/// Significant digits up to which a value is written exactly.
const EXACT_DIGITS: i64 = 30;
/// Significant digits of a value that is rounded: as many as tell every float apart.
const ROUNDED_DIGITS: i64 = 17;
/// Values whose first digit has a place in this range are written without an exponent.
const PLAIN_PLACES: std::ops::Range<i64> = -20..30;

/// Writes a number: see [`super::calculate`].
pub(super) fn write(number: &Number) -> String {
    match number {
        Number::Exact(ratio) if ratio.is_zero() => "0".to_string(),
        Number::Exact(Ratio::Small(small)) => {
            write_small(*small).unwrap_or_else(|| write_ratio(&Ratio::Small(*small).big()))
        }
        Number::Exact(Ratio::Big(big)) => write_ratio(big),
        Number::Float(x) if *x == 0.0 => "0".to_string(),
        Number::Float(x) => {
            // The shortest digits that read back as the same float.
            let text = format!("{:e}", x.abs());
            let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
            layout(
                *x < 0.0,
                &mantissa.replace('.', ""),
                exponent.parse().unwrap_or(0),
            )
        }
    }
}

/// Writes a fraction that is not zero.
fn write_ratio(ratio: &BigRational) -> String {
    let (n, d) = (ratio.numer().magnitude(), ratio.denom().magnitude());
    let place = first_place(ratio);
    let exact = scaled(n, d, EXACT_DIGITS - 1 - place);
    let (digits, place) = if exact.1.is_zero() {
        (exact.0.to_string(), place)
    } else {
        rounded(n, d, place)
    };
    layout(ratio.is_negative(), &digits, place)
}

/// [`write_ratio`] in machine integers; `None` where they do not hold a step of it.
fn write_small(small: Small) -> Option<String> {
    let negative = small.numer() < 0;
    let (n, d) = (small.numer().unsigned_abs(), small.denom().unsigned_abs());
    let guess = i64::from(n.ilog10()) - i64::from(d.ilog10());
    let (left, right) = shifted(n, d, -guess)?;
    let place = if left < right { guess - 1 } else { guess };
    if !PLAIN_PLACES.contains(&place) {
        return None;
    }
    if let Some(decimals) = decimals(d)
        && decimals <= EXACT_DIGITS - 1 - place
    {
        let (dividend, divisor) = shifted(n, d, decimals)?;
        return Some(layout(negative, &text(dividend / divisor), place));
    }
    let (dividend, divisor) = shifted(n, d, ROUNDED_DIGITS - 1 - place)?;
    let down = dividend / divisor;
    let rest = dividend - down * divisor;
    // A tie has one digit more than these and was written exactly above.
    let up = rest > divisor - rest;
    let digits = text(down + u128::from(up));
    let carried = i64::from(digits.len() as i64 > ROUNDED_DIGITS);
    Some(layout(negative, &digits, place + carried))
}

/// Two integers whose quotient is `n / d * 10^shift`.
fn shifted(n: u128, d: u128, shift: i64) -> Option<(u128, u128)> {
    let power = power_of_ten(shift.unsigned_abs())?.unsigned_abs();
    Some(if shift < 0 {
        (n, d.checked_mul(power)?)
    } else {
        (n.checked_mul(power)?, d)
    })
}

/// How many decimals a reduced fraction with denominator `d` has; `None` if they never end.
fn decimals(d: u128) -> Option<i64> {
    let twos = d.trailing_zeros();
    let mut rest = d >> twos;
    let mut fives = 0;
    while rest > 1 {
        if !rest.is_multiple_of(5) {
            return None;
        }
        rest /= 5;
        fives += 1;
    }
    Some(i64::from(twos.max(fives)))
}

/// An integer in decimal; most have at most 17 digits, which 64 bits hold and write faster.
fn text(value: u128) -> String {
    u64::try_from(value).map_or_else(|_| value.to_string(), |value| value.to_string())
}

/// The power of ten of the first significant digit of a ratio that is not zero.
fn first_place(ratio: &BigRational) -> i64 {
    let (numer, denom) = (ratio.numer().magnitude(), ratio.denom().magnitude());
    let guess = numer.to_string().len() as i64 - denom.to_string().len() as i64;
    // The lengths leave two candidates: n/d lies in 10^(guess-1) .. 10^(guess+1).
    let (quotient, _) = scaled(numer, denom, -guess);
    if quotient.is_zero() { guess - 1 } else { guess }
}

/// Quotient and rest of `numer * 10^shift / denom`.
fn scaled(numer: &BigUint, denom: &BigUint, shift: i64) -> (BigUint, BigUint) {
    let power: BigUint = BigUint::from(10_u32).pow(shift.unsigned_abs());
    let (dividend, divisor) = if shift < 0 {
        (numer.clone(), denom * power)
    } else {
        (numer * power, denom.clone())
    };
    let quotient = &dividend / &divisor;
    let rest = dividend - &quotient * divisor;
    (quotient, rest)
}

/// Digits rounded half to even, and the place of the first one.
fn rounded(numer: &BigUint, denom: &BigUint, place: i64) -> (String, i64) {
    let shift = ROUNDED_DIGITS - 1 - place;
    let (quotient, _) = scaled(numer, denom, shift);
    let ten = BigInt::from(10);
    let power = BigRational::from_integer(ten.pow(shift.unsigned_abs()));
    let scale = if shift < 0 { power.recip() } else { power };
    let exact = BigRational::new(numer.clone().into(), denom.clone().into()) * scale;
    let rest = exact - BigRational::from_integer(quotient.clone().into());
    let up = match rest.cmp(&BigRational::new(BigInt::one(), BigInt::from(2))) {
        Ordering::Less => false,
        Ordering::Greater => true,
        Ordering::Equal => quotient.bit(0),
    };
    let digits = if up {
        quotient + BigUint::one()
    } else {
        quotient
    }
    .to_string();
    // 99…9 rounds up to 100…0, one digit longer.
    let carried = i64::from(digits.len() as i64 > ROUNDED_DIGITS);
    (digits, place + carried)
}

/// Puts the point, or the exponent, where it belongs.
fn layout(negative: bool, digits: &str, place: i64) -> String {
    let digits = digits.trim_end_matches('0');
    let mut out = String::with_capacity(digits.len() + 8);
    if negative {
        out.push('-');
    }
    if !PLAIN_PLACES.contains(&place) {
        let (first, rest) = digits.split_at(1);
        out.push_str(first);
        if !rest.is_empty() {
            out.push('.');
            out.push_str(rest);
        }
        out.push('e');
        out.push_str(&place.to_string());
    } else if place < 0 {
        out.push_str("0.");
        out.extend(std::iter::repeat_n('0', (-place - 1) as usize));
        out.push_str(digits);
    } else {
        let whole = place as usize + 1;
        if digits.len() <= whole {
            out.push_str(digits);
            out.extend(std::iter::repeat_n('0', whole - digits.len()));
        } else {
            out.push_str(&digits[..whole]);
            out.push('.');
            out.push_str(&digits[whole..]);
        }
    }
    out
}
