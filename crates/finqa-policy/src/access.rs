//! Where this crate looks for a company that may not be there.

use std::sync::Arc;

use finqa_core::{Company, Corpus};

/// A company by name, without regard to case.
pub(crate) fn company(corpus: &Corpus, name: &str) -> Option<Arc<Company>> {
    let index = corpus.company_index(name)?;
    corpus.company(index as u32).ok()
}
