//! Facts of filings in the layout of the SEC's financial statement data sets: a stand-in for the real files, to
//! measure and test with what reads them.
//!
//! Four tables, each a text of tab-separated lines: `sub` (filings), `num` (facts), `pre` (where a statement shows a
//! fact) and `tag` (what a fact is called). The companies are invented; what their statements state adds up. As in the
//! real files a year is stated by several filings, amendments repeat facts and change a few, and some values are
//! missing.

mod books;
mod items;
mod report;
mod rows;

use std::io::{self, Write};

use crate::draw::{Draw, Key, Stream};
use crate::split::SplitName;
use books::Books;
use report::{Filing, filings_of};
use rows::Sink;

/// Companies that are written together, in the order of their filing dates: facts of one company do not stand
/// together in a data set, and memory does not grow with its size.
const BLOCK: usize = 256;

/// What is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FilingsConfig {
    /// Facts (rows of `num`) that there are at least; companies are written as a whole.
    pub num_facts: u64,
    /// Another seed makes other companies.
    pub seed: u64,
}

/// Where the tables go.
pub struct FilingFiles<W> {
    /// `sub.tsv`: filings.
    pub sub: W,
    /// `num.tsv`: facts.
    pub num: W,
    /// `pre.tsv`: presentation.
    pub pre: W,
    /// `tag.tsv`: tags.
    pub tag: W,
}

/// What was written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FilingsWritten {
    /// Companies.
    pub num_companies: u64,
    /// Filings (rows of `sub`).
    pub num_filings: u64,
    /// Facts (rows of `num`).
    pub num_facts: u64,
    /// Rows of `pre`.
    pub num_presented: u64,
    /// Rows of `tag`.
    pub num_tags: u64,
}

/// Writes the four tables. The same configuration gives the same bytes.
///
/// `progress` is called with the facts written so far, every few hundred companies; returning false stops early with
/// [`io::ErrorKind::Interrupted`].
///
/// # Errors
/// What writing fails with.
///
/// ```
/// use finqa_synth::filings::{FilingFiles, FilingsConfig, write};
///
/// # fn main() -> std::io::Result<()> {
/// let mut files = FilingFiles { sub: Vec::new(), num: Vec::new(), pre: Vec::new(), tag: Vec::new() };
/// let config = FilingsConfig { num_facts: 1000, seed: 0 };
/// let written = write(&config, &mut files, &mut |_| true)?;
/// let lines = files.num.iter().filter(|byte| **byte == b'\n').count() as u64;
/// assert_eq!(lines, written.num_facts + 1);
/// # Ok(())
/// # }
/// ```
pub fn write<W: Write>(
    config: &FilingsConfig,
    files: &mut FilingFiles<W>,
    progress: &mut dyn FnMut(u64) -> bool,
) -> io::Result<FilingsWritten> {
    let mut sink = Sink::new(files)?;
    let mut next = 0;
    let mut planned = 0;
    while planned < config.num_facts {
        let mut block: Vec<Books> = Vec::with_capacity(BLOCK);
        while block.len() < BLOCK && planned < config.num_facts {
            let key = Key {
                seed: config.seed,
                split: SplitName::Train,
                index: next,
            };
            let books = Books::new(key);
            planned += filings_of(&books)
                .iter()
                .map(|filing| filing.num_facts(&books))
                .sum::<u64>();
            block.push(books);
            next += 1;
        }
        write_block(&block, &mut sink)?;
        if !progress(sink.written.num_facts) {
            return Err(io::Error::new(
                io::ErrorKind::Interrupted,
                "stopped before all facts were written",
            ));
        }
    }
    sink.finish(u64::from(next))
}

fn write_block<W: Write>(block: &[Books], sink: &mut Sink<'_, W>) -> io::Result<()> {
    let mut filings: Vec<(&Books, Filing)> = block
        .iter()
        .flat_map(|books| filings_of(books).into_iter().map(move |f| (books, f)))
        .collect();
    filings.sort_by_key(|(books, filing)| (filing.filed, books.cik, filing.number));
    for (books, filing) in &filings {
        sink.filing(books, filing)?;
    }
    Ok(())
}

/// The stream of one purpose and company.
fn draw_of(key: Key, n: u32) -> Draw {
    Draw::nth(key, Stream::Filings, n)
}
