//! The calculator tool: arithmetic, and nothing but arithmetic.
//!
//! Values are exact rationals as long as they stay small ([`number`]); roots, logarithms and fractional powers are
//! 64-bit floats from a pure-Rust libm, so that the same expression gives the same bytes on every machine. The
//! language is described in `docs/spec/tools.md`, section "Calculator"; it follows what rLLM's calculator takes and
//! what models write, without the evaluator that let models read files there.

#[cfg(test)]
mod agreement;
mod eval;
mod format;
mod functions;
mod lexer;
mod number;
mod ratio;
mod small;

use num_rational::BigRational;

use crate::error::{ToolError, ToolErrorCode};

/// Longest expression, in bytes.
pub const MAX_EXPRESSION_BYTES: usize = 4096;
/// Deepest nesting of parentheses, calls, signs and powers.
pub const MAX_DEPTH: usize = 64;

/// What closes every syntax error: a shape that works.
const SHAPE: &str = "Write one arithmetic expression, for example (1234.5 - 1100) / 1100 * 100.";

/// Evaluates an arithmetic expression and writes the result as a decimal.
///
/// The result is exact if it has at most 30 significant digits, else rounded to 17; a value outside
/// 10^-20 .. 10^30 is written with an exponent (`1.5e42`). Comparisons give `1` or `0`.
///
/// # Errors
/// A [`ToolError`] with a text that helps the policy to correct itself:
/// [`ToolErrorCode::CalcSyntax`] names the place and the text that could not be read,
/// [`ToolErrorCode::CalcDivisionByZero`], [`ToolErrorCode::CalcOverflow`] (a step is 2^1024 or more),
/// [`ToolErrorCode::CalcDomain`] (root or logarithm of a negative number, …).
///
/// # Examples
/// ```
/// use finqa_core::calculator::calculate;
///
/// assert_eq!(calculate("0.1 + 0.2")?, "0.3");
/// assert_eq!(calculate("($1,699.7 − 1,452.4) ÷ 1,452.4 × 100")?, "17.026989809969705");
/// # Ok::<(), finqa_core::ToolError>(())
/// ```
pub fn calculate(expression: &str) -> Result<String, ToolError> {
    if expression.len() > MAX_EXPRESSION_BYTES {
        return Err(ToolError::new(
            ToolErrorCode::CalcSyntax,
            format!(
                "Error: the expression has {} bytes; at most {MAX_EXPRESSION_BYTES} are read. Split it into steps.",
                expression.len()
            ),
        ));
    }
    let tokens = lexer::tokenize(expression)?;
    let value = eval::evaluate(expression, &tokens)?;
    Ok(format::write(&value))
}

/// The exact value of an expression of ours, not of a policy's; a float counts as the fraction that it is.
///
/// # Errors
/// As [`calculate`].
pub(crate) fn evaluate_exactly(expression: &str) -> Result<BigRational, ToolError> {
    let tokens = lexer::tokenize(expression)?;
    Ok(eval::evaluate(expression, &tokens)?.into_ratio())
}

/// Whether a name means a function or a constant.
pub(crate) fn is_reserved(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    name == "of" || functions::arity(&name).is_some() || functions::constant(&name).is_some()
}

/// A syntax error at byte `at` of `expression`; `what` says what was expected or is wrong there.
fn syntax_error(expression: &str, at: usize, what: &str) -> ToolError {
    let place = expression.get(..at).unwrap_or(expression);
    let position = place.chars().count() + 1;
    let rest = expression.get(at..).unwrap_or("").trim_end();
    let mut seen: String = rest.chars().take(20).collect();
    if seen.len() < rest.len() {
        seen.push('…');
    }
    let message = if seen.is_empty() {
        format!("Error: at the end of the expression: {what}. {SHAPE}")
    } else {
        format!("Error: at character {position}, before {seen:?}: {what}. {SHAPE}")
    };
    ToolError::new(ToolErrorCode::CalcSyntax, message)
}

fn division_by_zero() -> ToolError {
    ToolError::new(
        ToolErrorCode::CalcDivisionByZero,
        "Error: division by zero. Check the divisor: a parsed cell may be empty or a dash.",
    )
}

fn overflow() -> ToolError {
    ToolError::new(
        ToolErrorCode::CalcOverflow,
        "Error: the result or a step of it is larger than 1.79e308. Use smaller numbers or exponents.",
    )
}

fn domain_error(what: impl std::fmt::Display) -> ToolError {
    ToolError::new(ToolErrorCode::CalcDomain, format!("Error: {what}."))
}
