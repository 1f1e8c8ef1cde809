//! Files for the tests, written into temporary folders.

use std::fs;
use std::path::Path;

use finqa_core::corpus::Pick;
use finqa_core::{Company, Corpus, Table, Value};
use finqa_data::{LoadOptions, Loaded, SynthConfig, load, materialise, synthetic};

/// The first companies of splits of the synthetic corpus, with six tasks each.
pub(crate) fn synthetic_part(picks: &[(&str, u32)]) -> Corpus {
    let config = SynthConfig {
        tasks_per_company: 6,
        ..SynthConfig::default()
    };
    let picks: Vec<_> = picks.iter().map(|(s, n)| Pick::first(*s, *n)).collect();
    materialise(&synthetic(0, config).unwrap(), &picks).unwrap()
}

/// Writes files given as (relative path, content).
pub(crate) fn write(root: &Path, files: &[(&str, &str)]) {
    for (path, content) in files {
        let path = root.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }
}

/// Loads with detection and default options.
pub(crate) fn loaded(root: &Path) -> Loaded {
    load(root, None, &LoadOptions::default()).unwrap()
}

/// The text of the error that loading gives.
pub(crate) fn load_error(root: &Path) -> String {
    load(root, None, &LoadOptions::default())
        .unwrap_err()
        .to_string()
}

pub(crate) fn company<'a>(corpus: &'a Corpus, name: &str) -> &'a Company {
    &corpus.stored().unwrap().companies()[corpus.company_index(name).unwrap()]
}

pub(crate) fn table<'a>(corpus: &'a Corpus, company_name: &str, name: &str) -> &'a Table {
    company(corpus, company_name).table(name).unwrap()
}

/// Cells of a row as text; NULL is `None`.
pub(crate) fn row(table: &Table, row: usize) -> Vec<Option<&str>> {
    table.row(row).iter().map(Value::as_str).collect()
}

/// How often a reason was counted.
pub(crate) fn refused(loaded: &Loaded, reason: &str) -> u32 {
    let counted = loaded
        .corpus
        .info()
        .refused
        .get(reason)
        .copied()
        .unwrap_or(0);
    let listed = loaded
        .refusals
        .iter()
        .filter(|r| r.reason == reason)
        .count();
    assert_eq!(
        counted as usize, listed,
        "{reason} is counted and listed alike"
    );
    counted
}
