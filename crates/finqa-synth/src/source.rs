//! The corpus of a generator: companies are made when somebody asks for them.

use finqa_core::corpus::{CorpusSource, DEFAULT_CACHED_COMPANIES, SplitRange};
use finqa_core::{Corpus, CorpusInfo, CorpusLimits};
use sha2::{Digest, Sha256};

use crate::VERSION;
use crate::config::{SynthConfig, World};
use crate::error::{Result, SynthError};
use crate::generator::Generator;
use crate::identity;
use crate::questions::{companies_of, tasks_of};
use crate::split::SplitName;
use crate::tiny;

/// Companies of `train` that have an index if there is no limit: more than anybody plays, and few enough that with 64
/// tasks each their indices fit in 31 bits.
const ENDLESS_COMPANIES: u32 = 10_000_000;

/// Rows that no table has. Up to this length a query has the default budget, so corpora with and without their longest
/// table play alike.
const MAX_TABLE_ROWS: usize = 10_000;

/// The synthetic corpus of a seed: splits `val`, `eval290` (20 companies, 290 tasks), `reason79` (21 companies, 79
/// tasks) and `train` (endless unless the configuration says otherwise), in both worlds.
///
/// Making it costs nothing; a company is made when a task of it is asked for, and those used last are kept. The content
/// hash covers version, seed and configuration, from which everything follows.
///
/// # Errors
/// [`SynthError::Config`] for a knob out of range.
///
/// ```
/// use finqa_synth::{SynthConfig, corpus};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let corpus = corpus(0, SynthConfig::tiny())?;
/// assert_eq!(corpus.splits()[3], ("train".to_string(), Some(32_000)));
/// let task = corpus.task(20_000)?;
/// assert_eq!(corpus.task_index(&task.id), Some(20_000));
/// # Ok(())
/// # }
/// ```
pub fn corpus(seed: u64, config: SynthConfig) -> Result<Corpus> {
    let generator = Generator::new(seed, config)?;
    let world = match generator.config().world {
        World::Filing => "synthetic",
        World::Tiny => "synthetic-tiny",
    };
    let info = CorpusInfo {
        name: format!("{world}-v{VERSION}-s{seed}"),
        layout: "synthetic".to_owned(),
        version: VERSION,
        content_hash: content_hash(&generator)?,
        licence: "Apache-2.0".to_owned(),
        refused: std::collections::BTreeMap::new(),
        limits: CorpusLimits::default(),
    };
    let source = Source {
        splits: ranges(generator.config()),
        generator,
    };
    Corpus::from_source(info, Box::new(source), DEFAULT_CACHED_COMPANIES).map_err(|e| {
        SynthError::Config {
            field: "val_companies",
            value: e.to_string(),
            allowed: "small enough for 2^31 - 1 tasks".into(),
        }
    })
}

/// SHA-256 over version, seed and every knob, lower-case hex.
fn content_hash(generator: &Generator) -> Result<String> {
    let config =
        serde_json::to_string(generator.config()).map_err(|e| SynthError::Json(e.to_string()))?;
    let text = format!("finqa-synth\n{VERSION}\n{}\n{config}\n", generator.seed());
    Ok(crate::hex(&Sha256::digest(text)))
}

/// Companies and tasks of a split, and whether it is endless.
fn size(split: SplitName, config: &SynthConfig) -> (u32, u32, bool) {
    let each = |companies: u32| (companies, companies * config.tasks_per_company);
    match split {
        SplitName::Val => {
            let (companies, tasks) = each(config.val_companies);
            (companies, tasks, false)
        }
        SplitName::Eval290 | SplitName::Reason79 => {
            let companies = companies_of(split, config).unwrap_or_default();
            let tasks = (0..companies).map(|index| tasks_of(split, index, config));
            (companies, tasks.sum(), false)
        }
        SplitName::Train => {
            let (companies, tasks) = each(config.train_companies.unwrap_or(ENDLESS_COMPANIES));
            (companies, tasks, config.train_companies.is_none())
        }
    }
}

fn ranges(config: &SynthConfig) -> Vec<SplitRange> {
    let (mut first_task, mut first_company) = (0, 0);
    SplitName::ALL
        .into_iter()
        .map(|split| {
            let (num_companies, num_tasks, endless) = size(split, config);
            let range = SplitRange {
                name: split.name().to_owned(),
                first_task,
                num_tasks,
                first_company,
                num_companies,
                endless,
            };
            first_task += num_tasks;
            first_company += num_companies;
            range
        })
        .collect()
}

impl Generator {
    /// Tasks that company `index` of a split must have: `tasks_per_company`, or its share of the split's fixed number
    /// (14 or 15 of 290, 3 or 4 of 79).
    pub fn num_tasks(&self, split: SplitName, index: u32) -> u32 {
        tasks_of(split, index, self.config())
    }
}

struct Source {
    generator: Generator,
    splits: Vec<SplitRange>,
}

impl Source {
    /// Index in the corpus of company `index` of a split.
    fn in_corpus(&self, split: &str, index: u32) -> Option<u32> {
        let range = self.splits.iter().find(|range| range.name == split)?;
        (index < range.num_companies).then_some(range.first_company + index)
    }
}

impl CorpusSource for Source {
    fn splits(&self) -> &[SplitRange] {
        &self.splits
    }

    fn make(&self, company: u32) -> finqa_core::Result<finqa_core::Made> {
        let found = self.splits.iter().find_map(|range| {
            let split = SplitName::ALL
                .into_iter()
                .find(|s| s.name() == range.name)?;
            let inside = range.companies().contains(&company);
            inside.then(|| (split, company - range.first_company))
        });
        let (split, index) = found.ok_or_else(|| {
            finqa_core::Error::InvalidConfig(format!("no split has a company {company}"))
        })?;
        let made = self.generator.company(split, index);
        Ok(finqa_core::Made {
            company: made.company,
            tasks: made.tasks,
        })
    }

    fn company_of_name(&self, name: &str) -> Option<u32> {
        let name = name.to_lowercase();
        match self.generator.config().world {
            World::Filing => {
                let key = identity::find(self.generator.seed(), &name)?;
                self.in_corpus(key.split.name(), key.index)
            }
            World::Tiny => {
                let (split, index) = tiny::find(&name)?;
                self.in_corpus(split.name(), index)
            }
        }
    }

    fn company_of_task(&self, id: &str) -> Option<u32> {
        // `train-17-5f3a…`: split, company, content hash.
        let mut parts = id.split('-');
        let (split, index) = (parts.next()?, parts.next()?);
        self.in_corpus(split, index.parse().ok()?)
    }

    fn longest_table_rows(&self) -> usize {
        MAX_TABLE_ROWS
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tiny() -> Corpus {
        corpus(0, SynthConfig::tiny()).unwrap()
    }

    #[test]
    fn splits_have_the_published_sizes_and_train_has_no_end() {
        let filings = corpus(0, SynthConfig::default()).unwrap();
        let expected = [
            ("val", Some(1024)),
            ("eval290", Some(290)),
            ("reason79", Some(79)),
            ("train", None),
        ];
        assert_eq!(filings.splits(), expected.map(|(s, n)| (s.to_string(), n)));
        let generator = Generator::new(0, SynthConfig::default()).unwrap();
        for (split, companies, counts) in [
            (SplitName::Eval290, 20, 14..=15),
            (SplitName::Reason79, 21, 3..=4),
        ] {
            let of_each: Vec<u32> = (0..companies)
                .map(|i| generator.num_tasks(split, i))
                .collect();
            assert!(of_each.iter().all(|n| counts.contains(n)), "{of_each:?}");
            let sum: u32 = of_each.iter().sum();
            assert_eq!(
                sum as usize,
                filings
                    .task_indices(Some(split.name()), None)
                    .unwrap()
                    .len()
            );
        }
    }

    #[test]
    fn the_largest_configuration_fits() {
        let config = SynthConfig {
            tasks_per_company: 64,
            val_companies: 100_000,
            ..SynthConfig::default()
        };
        assert!(corpus(0, config).unwrap().is_endless());
    }

    #[test]
    fn every_task_of_the_evaluation_splits_is_found_again() {
        let corpus = corpus(0, SynthConfig::default()).unwrap();
        for split in ["eval290", "reason79"] {
            for index in corpus.task_indices(Some(split), None).unwrap() {
                let task = corpus.task(index).unwrap();
                assert_eq!(corpus.task_index(&task.id), Some(index as usize));
                let companies = corpus.task_companies(index).unwrap();
                assert_eq!(companies.len(), task.companies.len());
                assert_eq!(Some(companies[0]), corpus.made_with(index), "{}", task.id);
            }
        }
        let far = corpus.task(corpus.num_tasks() as u32 - 1).unwrap();
        assert_eq!(corpus.task_index(&far.id), Some(corpus.num_tasks() - 1));
    }

    #[test]
    fn ids_and_names_lead_back() {
        let corpus = tiny();
        for index in [0, 1, 15, 16, 3199, 3200, 3489, 3490, 3568, 3569, 35_568] {
            let task = corpus.task(index).unwrap();
            assert_eq!(corpus.task_index(&task.id), Some(index as usize));
            let company = corpus.task_companies(index).unwrap()[0];
            assert_eq!(corpus.company(company).unwrap().name, task.companies[0]);
            assert_eq!(Some(company), corpus.made_with(index));
        }
        for wrong in [
            "",
            "train",
            "train-",
            "train-0",
            "train-0-",
            "train-99999-00",
            "eval290-20-00",
        ] {
            assert_eq!(corpus.task_index(wrong), None, "{wrong}");
        }
        for wrong in [
            "",
            "train",
            "train2000",
            "train00",
            "eval20",
            "eval2900",
            "reason79",
            "7",
            "traim7",
        ] {
            assert_eq!(corpus.company_index(wrong), None, "{wrong}");
        }
        assert_eq!(
            corpus.company_index("TRAIN1999"),
            Some(200 + 20 + 21 + 1999)
        );
    }

    #[test]
    fn the_hash_follows_seed_and_knobs() {
        let hash = |seed, config| corpus(seed, config).unwrap().info().content_hash.clone();
        let base = hash(0, SynthConfig::default());
        assert_eq!(base, hash(0, SynthConfig::default()));
        assert_eq!(base.len(), 64);
        let other = SynthConfig {
            dash_pct: 94,
            ..SynthConfig::default()
        };
        assert_ne!(base, hash(1, SynthConfig::default()));
        assert_ne!(base, hash(0, other));
    }
}
