//! One value of a report: read, compared and computed with exactly. What rubrics need of the strict rules.

use num_bigint::BigUint;
use num_rational::BigRational;
use num_traits::Signed as _;

use super::number::{Number, compare};
use super::scan::{Reading, read};
use super::strict::{compare_values, single_text};
use super::{AnswerSpec, Op, Reason, Scale, Unit};

/// A value as submitted.
#[derive(Clone, Debug)]
pub(crate) enum Value {
    /// A number in the slot's unit and scale.
    Number(Number),
    /// A label, or yes or no: its normalised text.
    Text(String),
}

impl Value {
    pub(crate) const fn number(&self) -> Option<&Number> {
        match self {
            Self::Number(number) => Some(number),
            Self::Text(_) => None,
        }
    }
}

/// Reads `text` under `spec` and compares it with `truth`, if there is one.
///
/// The value is what the text says, right or wrong; `Err` if it says none.
pub(crate) fn read_and_compare(
    text: &str,
    truth: Option<&str>,
    decimals: Option<u8>,
    spec: &AnswerSpec,
) -> Result<(Value, Reason), Reason> {
    let text = single_text(text)?;
    if matches!(spec.unit, Unit::Text | Unit::Bool | Unit::Absent) {
        if text.trim().is_empty() {
            return Err(Reason::OffText);
        }
        let reason = match truth {
            Some(truth) => compare_values(&text, &single_text(truth)?, spec),
            None => Reason::OffText,
        };
        return Ok((Value::Text(text.into_owned()), reason));
    }
    let Reading { value, in_full } = read(&text, spec.unit, spec.scale, spec.signed_change)?;
    let Some(truth) = truth else {
        return Ok((Value::Number(value), Reason::OffValue));
    };
    let Some(truth) = truth_number(truth, decimals, spec) else {
        return Ok((Value::Number(value), Reason::UnreadableTruth));
    };
    let first = compare(&value, &truth, spec.op);
    if !first.is_right()
        && let Some(full) = in_full
    {
        let second = compare(&full, &truth, spec.op);
        if second.is_right() {
            return Ok((Value::Number(full), second));
        }
    }
    Ok((Value::Number(value), first))
}

/// A slot's true number: of a derived value with `decimals`, rounded to them.
pub(crate) fn truth_number(truth: &str, decimals: Option<u8>, spec: &AnswerSpec) -> Option<Number> {
    let text = single_text(truth).ok()?;
    let number = read(&text, spec.unit, spec.scale, spec.signed_change)
        .ok()?
        .value;
    Some(match decimals {
        Some(decimals) if spec.op == Op::Derived => match number.with_decimals(decimals) {
            Some(number) => number,
            None => rounded(&number.to_ratio(), decimals),
        },
        _ => number,
    })
}

/// Whether a submitted number agrees with a computed one, as it would have to agree with a truth of `decimals` digits.
pub(crate) fn agrees(
    submitted: &Number,
    computed: &BigRational,
    op: Op,
    decimals: Option<u8>,
) -> bool {
    let computed = match decimals {
        Some(decimals) if op == Op::Derived => rounded(computed, decimals),
        _ => Number::from_ratio(computed),
    };
    compare(submitted, &computed, op).is_right()
}

/// Decimals written in a truth, in the question's unit; `None` for a fraction or no number.
pub(crate) fn written_decimals(truth: &str, unit: Unit, scale: Scale) -> Option<u8> {
    let text = single_text(truth).ok()?;
    let number = read(&text, unit, scale, false).ok()?.value;
    u8::try_from(number.decimals()?.max(0)).ok()
}

/// Half away from zero at `decimals` digits behind the point.
fn rounded(value: &BigRational, decimals: u8) -> Number {
    let power = BigUint::from(10u8).pow(u32::from(decimals));
    let twice = (value.numer().magnitude() * power) << 1u8;
    let below = value.denom().magnitude();
    let integer = (twice + below) / (below << 1u8);
    Number::decimal(value.is_negative(), integer, decimals)
}
