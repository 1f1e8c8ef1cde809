//! The kinds of tables, and which of them a company has.
//!
//! A kind is one function from books to a [`Note`]. To add one, write the function beside its relatives and name it
//! in that file's `KINDS`.

mod acquisitions;
mod assets;
mod awards;
mod balances;
mod comprehensive;
mod debt;
mod intangibles;
mod investments;
mod layouts;
mod operations;
mod reserves;
mod results;
mod rows;
mod shares;
mod taxes;

use crate::config::SynthConfig;
use crate::draw::{Draw, Key, Stream};
use crate::identity::Identity;
use crate::ledger::Ledger;
use crate::note::Note;

#[cfg(test)]
mod checks;

/// A kind of table.
pub(crate) struct Kind {
    pub(crate) stem: &'static str,
    /// How many companies of a hundred have it; 0 for industries without such a thing.
    pub(crate) presence_pct: fn(&Identity) -> u32,
    pub(crate) make: Make,
}

/// Makes a note; `draw` is the note's own stream and decides only what to show, never what is in the books.
pub(crate) type Make = fn(&Ledger, &Identity, &mut Draw) -> Note;

/// Every kind, by area. The order is part of the seed: append, never insert.
const AREAS: [&[Kind]; 13] = [
    operations::KINDS,
    debt::KINDS,
    results::KINDS,
    taxes::KINDS,
    shares::KINDS,
    awards::KINDS,
    assets::KINDS,
    intangibles::KINDS,
    balances::KINDS,
    reserves::KINDS,
    comprehensive::KINDS,
    investments::KINDS,
    acquisitions::KINDS,
];

/// The notes of a company.
pub(crate) fn of_company(
    key: Key,
    _config: &SynthConfig,
    identity: &Identity,
    ledger: &Ledger,
) -> Vec<Note> {
    let mut selection = Draw::new(key, Stream::Selection);
    let mut notes = Vec::new();
    for (i, kind) in AREAS.iter().flat_map(|area| area.iter()).enumerate() {
        if selection.chance((kind.presence_pct)(identity)) {
            let mut draw = Draw::nth(key, Stream::Selection, i as u32 + 1);
            let note = (kind.make)(ledger, identity, &mut draw);
            debug_assert_eq!(note.stem, kind.stem);
            notes.push(note);
        }
    }
    notes
}
