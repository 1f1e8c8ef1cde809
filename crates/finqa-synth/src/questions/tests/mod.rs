mod gold;
mod notes;
mod reports;
mod splits;

use crate::config::SynthConfig;
use crate::draw::Key;
use crate::identity::identity;
use crate::ledger::Ledger;
use crate::note::Note;
use crate::questions::View;
use crate::split::SplitName;
use crate::style::write_all;

/// Lets `see` look at a company that has `notes` and nothing else.
fn with_notes(index: u32, config: &SynthConfig, notes: Vec<Note>, see: impl FnOnce(&View<'_>)) {
    let key = Key {
        seed: 7,
        split: SplitName::Train,
        index,
    };
    let identity = identity(key);
    let ledger = Ledger::new(key, &identity);
    let tables = write_all(notes, key, &ledger, &identity, config);
    see(&View {
        key,
        config,
        identity: &identity,
        ledger: &ledger,
        tables: &tables,
    });
}
