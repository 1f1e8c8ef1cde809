//! What the tests of facts and mining share.
#![allow(dead_code, reason = "each test file uses a part")]

use std::fmt::Write as _;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, RecordBatch, StringArray};
use datafusion::parquet::arrow::ArrowWriter;
use finqa_core::{Corpus, Table};
use finqa_data::{FilingsConfig, LoadOptions, write_filings};

/// A generated data set of at least so many facts.
pub(crate) fn sample(folder: &Path, num_facts: u64, seed: u64) -> PathBuf {
    let path = folder.join("facts");
    write_filings(&path, &FilingsConfig { num_facts, seed }, &mut |_| true)
        .expect("it works in a test");
    path
}

pub(crate) fn load(path: &Path) -> Arc<Corpus> {
    Arc::new(
        finqa_data::load(path, None, &LoadOptions::default())
            .expect("it works in a test")
            .corpus,
    )
}

/// The cells of a row behind its label.
pub(crate) fn row(table: &Table, label: &str) -> Vec<String> {
    let found = (0..table.num_rows()).find(|r| table.row(*r)[0].as_str() == Some(label));
    let found = found.unwrap_or_else(|| panic!("no row {label:?} in {}", table.name));
    table.row(found)[1..]
        .iter()
        .map(|cell| cell.as_str().expect("it works in a test").to_owned())
        .collect()
}

/// Writes the tables of a data set in another format.
pub(crate) fn convert(from: &Path, to: &Path, format: &str) {
    fs::create_dir(to).expect("it works in a test");
    for name in ["sub", "num", "pre", "tag"] {
        let text =
            fs::read_to_string(from.join(format!("{name}.tsv"))).expect("it works in a test");
        let target = to.join(format!("{name}.{format}"));
        if matches!(format, "tsv" | "txt") {
            fs::write(target, text).expect("it works in a test");
            continue;
        }
        let mut lines = text
            .lines()
            .map(|line| line.split('\t').collect::<Vec<_>>());
        let header = lines.next().expect("it works in a test");
        let rows: Vec<Vec<&str>> = lines.collect();
        match format {
            "csv" => {
                let mut writer = csv::Writer::from_path(target).expect("it works in a test");
                writer.write_record(&header).expect("it works in a test");
                for row in rows {
                    writer.write_record(row).expect("it works in a test");
                }
            }
            "jsonl" => {
                let mut out = String::new();
                for row in rows {
                    let object: serde_json::Map<String, serde_json::Value> = header
                        .iter()
                        .zip(&row)
                        .filter(|(_, cell)| !cell.is_empty())
                        .map(|(name, cell)| {
                            // Numbers as numbers, except what would lose its zeros.
                            let number =
                                cell.parse::<i64>().ok().filter(|n| n.to_string() == *cell);
                            (
                                (*name).to_owned(),
                                number.map_or_else(|| (*cell).into(), serde_json::Value::from),
                            )
                        })
                        .collect();
                    writeln!(out, "{}", serde_json::Value::from(object))
                        .expect("it works in a test");
                }
                fs::write(target, out).expect("it works in a test");
            }
            _ => parquet(&target, &header, &rows),
        }
    }
}

fn parquet(target: &Path, header: &[&str], rows: &[Vec<&str>]) {
    let columns: Vec<(&str, ArrayRef)> = header
        .iter()
        .enumerate()
        .map(|(i, name)| {
            let cells = rows
                .iter()
                .map(|row| Some(row[i]).filter(|cell| !cell.is_empty()));
            (*name, Arc::new(cells.collect::<StringArray>()) as ArrayRef)
        })
        .collect();
    let batch = RecordBatch::try_from_iter_with_nullable(
        columns
            .into_iter()
            .map(|(name, column)| (name, column, true)),
    )
    .expect("it works in a test");
    let file = File::create(target).expect("it works in a test");
    let mut writer = ArrowWriter::try_new(file, batch.schema(), None).expect("it works in a test");
    writer.write(&batch).expect("it works in a test");
    writer.close().expect("it works in a test");
}

/// A data set of one company, written by hand.
pub(crate) struct Facts {
    sub: String,
    num: String,
}

impl Facts {
    pub(crate) fn new() -> Self {
        Self {
            sub: "adsh\tcik\tname\tfye\tform\tperiod\tfy\tfp\tfiled\n".into(),
            num: "adsh\ttag\tversion\tddate\tqtrs\tuom\tsegments\tcoreg\tvalue\tfootnote\n".into(),
        }
    }

    pub(crate) fn filing(&mut self, adsh: &str, form: &str, year: i32, filed: i32) {
        writeln!(
            self.sub,
            "{adsh}\t1\tACME CORP\t1231\t{form}\t{year}1231\t{year}\tFY\t{filed}"
        )
        .expect("it works in a test");
    }

    pub(crate) fn fact(&mut self, adsh: &str, tag: &str, date: i32, quarters: i32, value: &str) {
        writeln!(
            self.num,
            "{adsh}\t{tag}\tus-gaap/2022\t{date}\t{quarters}\tUSD\t\t\t{value}\t"
        )
        .expect("it works in a test");
    }

    /// A line of facts as it is.
    pub(crate) fn raw(&mut self, line: &str) {
        writeln!(self.num, "{line}").expect("it works in a test");
    }

    pub(crate) fn write(&self, folder: &Path) -> PathBuf {
        let path = folder.join("facts");
        fs::create_dir(&path).expect("it works in a test");
        fs::write(path.join("sub.tsv"), &self.sub).expect("it works in a test");
        fs::write(path.join("num.tsv"), &self.num).expect("it works in a test");
        path
    }
}
