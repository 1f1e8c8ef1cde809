//! Names of rows must be unambiguous: in every kind of table, whoever wrote it.

use std::collections::{BTreeMap, BTreeSet};

use super::of_company;
use crate::config::SynthConfig;
use crate::draw::Key;
use crate::identity::identity;
use crate::ledger::Ledger;
use crate::note::Role;
use crate::split::SplitName;

#[test]
fn other_names_of_a_row_name_no_other_row_of_its_table() {
    let config = SynthConfig::default();
    let mut ambiguous = BTreeSet::new();
    for index in 0..600 {
        let key = Key {
            seed: 2,
            split: SplitName::Train,
            index,
        };
        let identity = identity(key);
        let ledger = Ledger::new(key, &identity);
        for note in of_company(key, &config, &identity, &ledger) {
            let mut owner: BTreeMap<String, Vec<usize>> = BTreeMap::new();
            for (r, row) in note.rows.iter().enumerate() {
                if row.role == Role::Section {
                    continue;
                }
                let label = &row.label;
                let names = [label.text.as_str(), label.concept];
                let names = names.into_iter().chain(label.also.iter().copied());
                for name in names.filter(|n| !n.is_empty()) {
                    owner.entry(name.to_lowercase()).or_default().push(r);
                }
            }
            for (name, rows) in owner {
                // The text of a label may repeat (sections); what stands for it may not.
                let repeated_text = rows
                    .iter()
                    .all(|&r| note.rows[r].label.text.to_lowercase() == name);
                if rows.len() > 1 && !repeated_text {
                    ambiguous.insert(format!("{}: {name:?}", note.stem));
                }
            }
        }
    }
    assert!(ambiguous.is_empty(), "{ambiguous:#?}");
}
