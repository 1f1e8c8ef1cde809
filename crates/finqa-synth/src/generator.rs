//! From (seed, configuration, split, index) to a company with its tasks.

use finqa_core::{Company, Task};

use crate::config::{SynthConfig, World};
use crate::draw::Key;
use crate::error::Result;
use crate::identity::{Identity, identity};
use crate::ledger::Ledger;
use crate::notes;
use crate::questions::{self, View, tasks_of};
use crate::split::SplitName;
use crate::style::{Written, write_all};
use crate::tiny;

/// A company and the questions about it.
#[derive(Clone, Debug, PartialEq)]
pub struct Made {
    /// The company with its tables.
    pub company: Company,
    /// Its tasks, in order.
    pub tasks: Vec<Task>,
}

/// Makes companies; cheap to make and to clone.
#[derive(Clone, Debug)]
pub struct Generator {
    seed: u64,
    config: SynthConfig,
}

impl Generator {
    /// A generator.
    ///
    /// # Errors
    /// [`crate::SynthError::Config`] for a knob out of range.
    pub fn new(seed: u64, config: SynthConfig) -> Result<Self> {
        config.check()?;
        Ok(Self { seed, config })
    }

    /// The seed.
    pub fn seed(&self) -> u64 {
        self.seed
    }

    /// The configuration.
    pub fn config(&self) -> &SynthConfig {
        &self.config
    }

    /// Company `index` of a split with its tasks, independent of every other company.
    pub fn company(&self, split: SplitName, index: u32) -> Made {
        if self.config.world == World::Tiny {
            let num_tasks = tasks_of(split, index, &self.config);
            return tiny::company(self.key(split, index), &self.config, num_tasks);
        }
        let config = self.config.of_company(self.key(split, index));
        let parts = Parts::new(self.key(split, index), &config);
        let other = |index: u32, see: &mut dyn FnMut(&View<'_>)| {
            let config = self.config.of_company(self.key(split, index));
            let parts = Parts::new(self.key(split, index), &config);
            see(&parts.view(&config));
        };
        let tasks = questions::of_company(&parts.view(&config), &other);
        Made {
            company: parts.company(),
            tasks,
        }
    }

    /// The same company without questions, which are most of the work.
    pub fn tables(&self, split: SplitName, index: u32) -> Company {
        if self.config.world == World::Tiny {
            return tiny::tables(self.key(split, index));
        }
        let key = self.key(split, index);
        Parts::new(key, &self.config.of_company(key)).company()
    }

    /// Identities of the books and sums of the tables that do not hold; empty for every company.
    pub fn violations(&self, split: SplitName, index: u32) -> Vec<String> {
        let key = self.key(split, index);
        let parts = Parts::new(key, &self.config.of_company(key));
        let mut out = parts.ledger.violations();
        out.extend(parts.written.iter().flat_map(|w| w.note.violations()));
        out
    }

    fn key(&self, split: SplitName, index: u32) -> Key {
        Key {
            seed: self.seed,
            split,
            index,
        }
    }
}

/// What a company is made of.
struct Parts {
    key: Key,
    identity: Identity,
    ledger: Ledger,
    written: Vec<Written>,
}

impl Parts {
    fn new(key: Key, config: &SynthConfig) -> Self {
        let identity = identity(key);
        let ledger = Ledger::shown(key, &identity, config.decimals);
        let notes = notes::of_company(key, config, &identity, &ledger);
        let written = write_all(notes, key, &ledger, &identity, config);
        Self {
            key,
            identity,
            ledger,
            written,
        }
    }

    fn view<'a>(&'a self, config: &'a SynthConfig) -> View<'a> {
        View {
            key: self.key,
            config,
            identity: &self.identity,
            ledger: &self.ledger,
            tables: &self.written,
        }
    }

    fn company(&self) -> Company {
        Company {
            name: self.identity.slug.clone(),
            tables: self.written.iter().map(|w| w.table.clone()).collect(),
        }
    }
}
