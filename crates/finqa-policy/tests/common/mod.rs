//! The corpus that most tests play.

use std::sync::Arc;

use finqa_core::Corpus;
use finqa_core::corpus::Pick;
use finqa_data::{SynthConfig, materialise, synthetic};

/// The first companies of splits of the synthetic corpus, with five tasks each.
pub(crate) fn synthetic_part(picks: &[(&str, u32)]) -> Arc<Corpus> {
    let config = SynthConfig {
        tasks_per_company: 5,
        ..SynthConfig::default()
    };
    let picks: Vec<_> = picks.iter().map(|(s, n)| Pick::first(*s, *n)).collect();
    Arc::new(materialise(&synthetic(0, config).unwrap(), &picks).unwrap())
}
