//! The corpora that the tests look at, each made once.

use std::sync::{Arc, LazyLock};

use finqa_core::Corpus;
use finqa_core::corpus::Pick;
use finqa_core::sql::SqlBackend;
use finqa_sqlite::{BackendConfig, SqliteBackend};
use finqa_synth::SynthConfig;

/// A part of the synthetic corpus of seed 0 in memory: companies of each named split, all where no number stands.
pub(crate) fn part(config: SynthConfig, picks: &[(&str, Option<u32>)]) -> Arc<Corpus> {
    let corpus = finqa_synth::corpus(0, config).unwrap();
    let picks: Vec<Pick> = picks
        .iter()
        .map(|(split, max_companies)| Pick {
            split: (*split).to_owned(),
            max_companies: *max_companies,
        })
        .collect();
    Arc::new(finqa_data::materialise(&corpus, &picks).unwrap())
}

pub(crate) fn backend() -> Arc<dyn SqlBackend> {
    Arc::new(SqliteBackend::new(BackendConfig::default()).unwrap())
}

/// Both evaluation splits and 30 companies of `val`.
pub(crate) static FILINGS: LazyLock<Arc<Corpus>> = LazyLock::new(|| {
    let splits = [("val", Some(30)), ("eval290", None), ("reason79", None)];
    part(SynthConfig::default(), &splits)
});

/// Companies of `train` of every level.
pub(crate) static LEVELS: LazyLock<Vec<(String, Arc<Corpus>)>> = LazyLock::new(|| {
    (1..=5)
        .map(|level| {
            let config = SynthConfig::preset(level).unwrap();
            (
                format!("level {level}"),
                part(config, &[("train", Some(8))]),
            )
        })
        .collect()
});

/// The small world, with questions about two tables.
pub(crate) static TINY: LazyLock<Arc<Corpus>> = LazyLock::new(|| {
    let config = SynthConfig {
        multi_table_pct: 30,
        ..SynthConfig::tiny()
    };
    let splits = [
        ("val", Some(10)),
        ("eval290", None),
        ("reason79", None),
        ("train", Some(10)),
    ];
    part(config, &splits)
});

/// All of them by name.
pub(crate) fn all() -> impl Iterator<Item = (&'static str, &'static Arc<Corpus>)> {
    [("filings", &*FILINGS), ("tiny", &*TINY)]
        .into_iter()
        .chain(LEVELS.iter().map(|(name, corpus)| (name.as_str(), corpus)))
}
