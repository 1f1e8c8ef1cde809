//! A source for tests: companies that carry their number in name and cells. Shared by the tests of several crates.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use finqa_core::answer::AnswerSpec;
use finqa_core::corpus::{Corpus, CorpusInfo, CorpusSource, Made, SplitRange};
use finqa_core::table::{Company, Table, Value};
use finqa_core::task::{Split, Task};

/// Companies of the endless split.
pub(crate) const ENDLESS_COMPANIES: u32 = 1 << 20;

/// Splits `eval` (20 companies, 290 tasks), `pairs` (21 companies, 79 tasks, every fourth about two companies) and
/// `train` (endless, 4 tasks a company).
pub(crate) struct Numbered {
    splits: Vec<SplitRange>,
    /// Times that a company was made.
    pub(crate) made: Arc<AtomicU32>,
}

impl Numbered {
    pub(crate) fn new() -> Self {
        let mut splits: Vec<SplitRange> = Vec::new();
        for (name, num_companies, num_tasks) in [
            ("eval", 20, 290),
            ("pairs", 21, 79),
            ("train", ENDLESS_COMPANIES, ENDLESS_COMPANIES * 4),
        ] {
            let (first_task, first_company) = splits
                .last()
                .map_or((0, 0), |s| (s.tasks().end, s.companies().end));
            splits.push(SplitRange {
                name: name.into(),
                first_task,
                num_tasks,
                first_company,
                num_companies,
                endless: name == "train",
            });
        }
        Self {
            splits,
            made: Arc::default(),
        }
    }

    /// A corpus of it that keeps `max_cached_companies`.
    pub(crate) fn corpus(self, max_cached_companies: usize) -> Corpus {
        let info = CorpusInfo {
            name: "numbered".into(),
            content_hash: "numbered-1".into(),
            ..CorpusInfo::default()
        };
        Corpus::from_source(info, Box::new(self), max_cached_companies).expect("valid splits")
    }
}

fn number(text: &str, before: &str) -> Option<u32> {
    text.to_lowercase().strip_prefix(before)?.parse().ok()
}

impl CorpusSource for Numbered {
    fn splits(&self) -> &[SplitRange] {
        &self.splits
    }

    fn make(&self, index: u32) -> finqa_core::Result<Made> {
        self.made.fetch_add(1, Ordering::Relaxed);
        let split = &self.splits[self.splits.partition_point(|s| s.companies().end <= index)];
        let name = format!("company_{index}");
        let cells = ["sales", &(index + 10).to_string(), "costs", "4"].map(Value::text);
        let columns = vec!["item".to_string(), "2024".to_string()];
        let table = Table::new(&name, "income", columns, cells.to_vec())?;
        let tasks = split
            .tasks_of(index)
            .map(|task| {
                let mut companies = vec![name.clone()];
                if split.name == "pairs" && task % 4 == 0 {
                    let next = split.first_company + (index + 1 - split.first_company) % 21;
                    companies.push(format!("company_{next}"));
                }
                Task {
                    id: format!("{index}/{task}"),
                    split: Split(split.name.clone()),
                    companies,
                    question: format!("What were the sales of company {index}?"),
                    truth: (index + 10).to_string(),
                    answer: AnswerSpec::default(),
                    ..Task::default()
                }
            })
            .collect();
        Ok(Made {
            company: Company {
                name,
                tables: vec![table],
            },
            tasks,
        })
    }

    fn company_of_name(&self, name: &str) -> Option<u32> {
        number(name, "company_")
    }

    fn company_of_task(&self, id: &str) -> Option<u32> {
        number(id.split_once('/')?.0, "")
    }

    fn longest_table_rows(&self) -> usize {
        2
    }
}
