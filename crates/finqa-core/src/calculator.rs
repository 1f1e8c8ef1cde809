//! The calculator tool.

use crate::error::{ToolError, ToolErrorCode};

/// Evaluates an arithmetic expression and writes the result.
///
/// # Errors
/// A [`ToolError`] with a `calc_…` code and a text that helps the policy to correct itself.
pub fn calculate(expression: &str) -> Result<String, ToolError> {
    Err(ToolError::new(ToolErrorCode::CalcSyntax, expression))
}
