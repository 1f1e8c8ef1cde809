//! A built-in corpus: invented companies with tables as filings have them, made by code.
//!
//! Company `i` of a seed depends on nothing but version, seed and `i`. Only integers are used, so every platform gives
//! the same bytes. The same revenue, pretax income, tax, interest and debt stand behind all tables of a company.
//! [`company`] is the seam: a richer generator replaces it and keeps [`corpus`].

mod draw;
mod grid;
mod ledger;
mod names;
mod questions;
mod tables;

use std::collections::BTreeMap;
use std::path::PathBuf;

use finqa_core::{Company, Corpus, CorpusInfo, CorpusLimits, Task};

use crate::error::{DataError, Result};
use crate::hash::hash_of;

/// Raised whenever the same seed gives another table or task.
pub const VERSION: u32 = 1;
/// Companies of the default corpus.
pub const DEFAULT_NUM_COMPANIES: u32 = 512;

/// Makes a corpus of `num_companies` companies: eight to twelve tables and four to six tasks each, splits `train`,
/// `val` and `test` by company (8 : 1 : 1).
///
/// # Errors
/// [`DataError::Corpus`] if names or ids collide, which tests rule out for the first 40,000 companies.
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let corpus = finqa_data::builtin::corpus(7, 10)?;
/// let splits: Vec<String> = corpus.splits().into_iter().map(|(name, _)| name).collect();
/// assert_eq!(splits, ["train", "val", "test"]);
/// assert!(corpus.stored()?.tasks().iter().all(|task| task.gold.is_some()));
/// # Ok(())
/// # }
/// ```
pub fn corpus(seed: u64, num_companies: u32) -> Result<Corpus> {
    let (mut companies, mut tasks) = (Vec::with_capacity(num_companies as usize), Vec::new());
    for index in 0..num_companies {
        let (company, questions) = company(seed, index);
        companies.push(company);
        tasks.extend(questions);
    }
    let name = format!("builtin-v{VERSION}-s{seed}-n{num_companies}");
    let info = CorpusInfo {
        layout: "builtin".to_owned(),
        version: VERSION,
        content_hash: hash_of(&companies, &tasks),
        licence: "Apache-2.0".to_owned(),
        refused: BTreeMap::new(),
        limits: CorpusLimits::default(),
        name: name.clone(),
    };
    Corpus::new(info, companies, tasks).map_err(|source| DataError::Corpus {
        path: PathBuf::from(name),
        source,
    })
}

/// Company `index` of `seed` with its tasks, independent of every other company.
pub fn company(seed: u64, index: u32) -> (Company, Vec<Task>) {
    let identity = names::identity(seed, index);
    let ledger = ledger::Ledger::new(seed, index);
    let written = tables::of_company(seed, index, &identity, &ledger);
    let tasks = questions::of_company(seed, index, &identity.slug, split(index), &written);
    let tables = written.into_iter().map(|w| w.table).collect();
    (
        Company {
            name: identity.slug,
            tables,
        },
        tasks,
    )
}

/// Companies 8 and 9 of every ten are for validation and test.
fn split(index: u32) -> &'static str {
    match index % 10 {
        8 => "val",
        9 => "test",
        _ => "train",
    }
}
