//! What an importer returns.

use std::collections::BTreeMap;

use finqa_core::{Company, Task};

/// The outcome of reading one source.
#[derive(Debug, Clone, Default)]
pub struct Imported {
    /// Companies with their tables.
    pub companies: Vec<Company>,
    /// Tasks about them.
    pub tasks: Vec<Task>,
    /// Records of the source that became neither task nor table: reason -> count.
    pub refused: BTreeMap<String, u32>,
    /// The same records one by one.
    pub refusals: Vec<Refusal>,
    /// Licence of the data, empty if unknown.
    pub licence: String,
}

/// A record of the source that was not used, or not used as it stands.
#[derive(Debug, Clone, Default)]
pub struct Refusal {
    /// Which record ("acme/debt", "tasks.csv line 7").
    pub record: String,
    /// Stable `snake_case` reason, the key of [`Imported::refused`].
    pub reason: String,
    /// What was seen and what would be right.
    pub detail: String,
}
