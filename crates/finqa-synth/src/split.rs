//! The splits and their sizes.

/// A split of the corpus.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum SplitName {
    /// Single- and multi-table questions for training; unlimited.
    Train,
    /// The same mixture about other companies.
    Val,
    /// 290 single-table questions about 20 companies: the size of the published single-table benchmark.
    Eval290,
    /// 79 multi-table questions about 21 companies: the size of the published reasoning benchmark.
    Reason79,
}

impl SplitName {
    /// All, in the order in which a corpus lists them.
    pub const ALL: [Self; 4] = [Self::Val, Self::Eval290, Self::Reason79, Self::Train];

    /// The name in tasks.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Train => "train",
            Self::Val => "val",
            Self::Eval290 => "eval290",
            Self::Reason79 => "reason79",
        }
    }

    /// A number that enters the seed; never changes.
    pub(crate) const fn code(self) -> u32 {
        match self {
            Self::Train => 1,
            Self::Val => 2,
            Self::Eval290 => 3,
            Self::Reason79 => 4,
        }
    }
}
