//! Functions and constants.

use super::number::Number;
use super::ratio::Ratio;
use super::{division_by_zero, domain_error};
use crate::error::ToolError;

/// What error texts list.
pub(super) const NAMES: &str = "abs, min, max, sum, avg, mean, round, sqrt, exp, ln, log, log10, log2, pow, floor, ceil, pi, e";

/// Value of a constant.
pub(super) fn constant(name: &str) -> Option<Number> {
    match name {
        "pi" => Some(Number::Float(std::f64::consts::PI)),
        "e" => Some(Number::Float(std::f64::consts::E)),
        _ => None,
    }
}

/// How many arguments a function takes: least and most.
pub(super) fn arity(name: &str) -> Option<(usize, usize)> {
    Some(match name {
        "abs" | "sqrt" | "exp" | "ln" | "log10" | "log2" | "floor" | "ceil" => (1, 1),
        "round" | "log" => (1, 2),
        "pow" => (2, 2),
        "min" | "max" | "sum" | "avg" | "mean" | "average" => (1, usize::MAX),
        _ => return None,
    })
}

/// Whether a comma in the argument can only group thousands.
pub(super) fn takes_one(name: &str) -> bool {
    arity(name) == Some((1, 1))
}

/// Applies a function; the number of arguments fits [`arity`].
pub(super) fn apply(name: &str, arguments: &[Number]) -> Result<Number, ToolError> {
    let Some(first) = arguments.first() else {
        return Err(domain_error(format_args!("{name}() needs an argument")));
    };
    match name {
        "abs" => Ok(if first.is_negative() {
            first.clone().negate()
        } else {
            first.clone()
        }),
        "min" => Ok(pick(first, arguments, std::cmp::Ordering::Less)),
        "max" => Ok(pick(first, arguments, std::cmp::Ordering::Greater)),
        "sum" => sum(arguments),
        "avg" | "mean" | "average" => {
            sum(arguments)?.divide(&Number::integer(arguments.len() as i64))
        }
        "round" => first.round(places(arguments.get(1))?),
        "floor" => first.floor(),
        "ceil" => first.ceil(),
        "sqrt" => first.sqrt(),
        "pow" => first.power(arguments.get(1).unwrap_or(first)),
        "exp" => {
            if first.is_zero() {
                return Ok(Number::integer(1));
            }
            Number::float(libm::exp(first.to_f64()))
        }
        "ln" => logarithm(first, None),
        "log10" => logarithm(first, Some(&Number::integer(10))),
        "log2" => logarithm(first, Some(&Number::integer(2))),
        "log" => logarithm(first, arguments.get(1)),
        _ => Err(domain_error(format_args!("{name} is no function"))),
    }
}

fn pick(first: &Number, arguments: &[Number], better: std::cmp::Ordering) -> Number {
    let mut best = first;
    for candidate in arguments {
        if candidate.compare(best) == better {
            best = candidate;
        }
    }
    best.clone()
}

fn sum(arguments: &[Number]) -> Result<Number, ToolError> {
    arguments
        .iter()
        .try_fold(Number::integer(0), |total, next| total.add(next))
}

fn places(argument: Option<&Number>) -> Result<i32, ToolError> {
    let Some(number) = argument else { return Ok(0) };
    let whole = match number {
        Number::Exact(r) => r.to_i32(),
        Number::Float(_) => None,
    };
    whole.filter(|n| (-30..=30).contains(n)).ok_or_else(|| {
        domain_error("round(x, places) takes a whole number of places from -30 to 30")
    })
}

/// Natural logarithm, or to a base; exact where the argument is a whole power of the base.
fn logarithm(x: &Number, base: Option<&Number>) -> Result<Number, ToolError> {
    if x.is_zero() || x.is_negative() {
        return Err(domain_error(
            "a logarithm needs a number above 0; check the sign",
        ));
    }
    let Some(base) = base else {
        return if *x == Number::integer(1) {
            Ok(Number::integer(0))
        } else {
            Number::float(libm::log(x.to_f64()))
        };
    };
    if base.is_zero() || base.is_negative() {
        return Err(domain_error("log(x, base) needs a base above 0"));
    }
    if *base == Number::integer(1) {
        return Err(division_by_zero());
    }
    if let (Number::Exact(x), Number::Exact(base)) = (x, base)
        && let Some(power) = whole_power(x, base)
    {
        return Ok(Number::integer(power));
    }
    let value = if *base == Number::integer(10) {
        libm::log10(x.to_f64())
    } else if *base == Number::integer(2) {
        libm::log2(x.to_f64())
    } else {
        libm::log(x.to_f64()) / libm::log(base.to_f64())
    };
    Number::float(value)
}

/// The whole `n` with `base^n == x`, if there is one: the float logarithm proposes it, exact arithmetic decides.
fn whole_power(x: &Ratio, base: &Ratio) -> Option<i64> {
    let guess = libm::log(x.to_f64()) / libm::log(base.to_f64());
    if !guess.is_finite() || guess.abs() > 1100.0 {
        return None;
    }
    let guess = guess.round() as i64;
    let power = Number::Exact(base.clone())
        .power(&Number::integer(guess.abs()))
        .ok()?;
    let wanted = if guess.is_negative() {
        x.recip()
    } else {
        x.clone()
    };
    (power == Number::Exact(wanted)).then_some(guess)
}
