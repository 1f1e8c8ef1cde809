//! What can be wrong with a configuration.

/// Result of this crate.
pub type Result<T> = std::result::Result<T, SynthError>;

/// Why a generator cannot be made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SynthError {
    /// A knob has a value that it cannot have.
    #[error("SynthConfig.{field} is {value}; it must be {allowed}")]
    Config {
        /// The field.
        field: &'static str,
        /// The value seen.
        value: String,
        /// What would be right.
        allowed: String,
    },
    /// The configuration is no JSON object of known fields.
    #[error("the configuration cannot be read: {0}")]
    Json(String),
}
