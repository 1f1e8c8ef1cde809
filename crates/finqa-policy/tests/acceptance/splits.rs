//! Counts, and what no two splits share.

use std::collections::{BTreeMap, BTreeSet};

use finqa_core::{Company, Corpus, Task, Value};
use finqa_synth::SynthConfig;

use crate::worlds::{FILINGS, TINY, part};

fn of_split<'a>(corpus: &'a Corpus, split: &'a str) -> impl Iterator<Item = &'a Task> {
    let tasks = corpus.stored().unwrap().tasks().iter();
    tasks.map(|t| &**t).filter(move |t| t.split.0 == split)
}

#[test]
fn the_fixed_splits_have_the_published_sizes() {
    for corpus in [&FILINGS, &TINY] {
        for (split, total, companies, sizes) in
            [("eval290", 290, 20, [14, 15]), ("reason79", 79, 21, [3, 4])]
        {
            let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
            for task in of_split(corpus, split) {
                *counts.entry(&task.companies[0]).or_default() += 1;
            }
            assert_eq!(counts.values().sum::<usize>(), total);
            assert_eq!(counts.len(), companies);
            assert!(counts.values().all(|n| sizes.contains(n)), "{counts:?}");
        }
    }
}

/// Weights of the benchmark of 290 questions, percent, by the words that question types begin with.
const WEIGHTS: [(&[&str], f64); 13] = [
    (&["Financial Ratio - Composition"], 16.0),
    (&["Growth - YoY"], 16.0),
    (&["Contribution Share"], 12.0),
    (&["Net Change"], 9.0),
    (&["Spread", "Variance"], 7.0),
    (&["Sum", "Average"], 7.0),
    (&["Values by Year"], 6.0),
    (&["Mix Shift"], 6.0),
    (&["CAGR"], 5.0),
    (&["Duration Ladder"], 5.0),
    (&["Maximum/Minimum"], 4.0),
    (&["Lookup"], 4.0),
    (&["Coverage", "Efficiency"], 3.0),
];

#[test]
fn question_types_come_as_often_as_in_the_benchmarks() {
    let mut left = 290;
    for (types, percent) in WEIGHTS {
        let n = of_split(&FILINGS, "eval290")
            .filter(|t| types.iter().any(|own| t.question_type.starts_with(own)))
            .count();
        left -= n;
        let wanted = percent * 2.9;
        // Types of two kinds are rounded twice.
        let most = types.len() as f64;
        assert!(
            (n as f64 - wanted).abs() <= most,
            "{types:?}: {n} for {wanted}"
        );
    }
    assert_eq!(left, 0, "questions of other types");

    let mut multi: BTreeMap<&str, usize> = BTreeMap::new();
    for task in of_split(&FILINGS, "reason79") {
        let tables: BTreeSet<_> = task.gold.iter().flat_map(|g| g.tables()).collect();
        assert!(tables.len() > 1, "{}: {tables:?}", task.id);
        assert!(task.question_type.starts_with("multi_table"));
        assert!(task.rubric.is_some(), "{} has no rubric", task.id);
        *multi.entry(&task.question_type).or_default() += 1;
    }
    println!("{multi:?}");
    assert!(multi.len() >= 5, "{multi:?}");
    assert!(multi.values().all(|n| *n <= 79 / 2), "{multi:?}");
}

#[test]
fn no_question_of_a_company_has_two_truths() {
    for corpus in [&FILINGS, &TINY] {
        let mut seen: BTreeMap<(&[String], &str), &Task> = BTreeMap::new();
        for task in corpus.stored().unwrap().tasks() {
            if let Some(other) = seen.insert((&task.companies, &task.question), task) {
                panic!("{} and {} ask {:?}", other.id, task.id, task.question);
            }
        }
    }
}

/// What must belong to one split of one seed only.
#[derive(Default)]
struct Marks {
    slugs: BTreeSet<String>,
    stems: BTreeSet<String>,
    tickers: BTreeSet<String>,
    /// Tables as the sorted multiset of their numbers.
    tables: BTreeSet<Vec<String>>,
    asked: BTreeSet<(String, String)>,
}

/// Words in front of custom tags that are no ticker.
const PREFIXES: [&str; 2] = ["us", "srt"];

impl Marks {
    fn of<'a>(
        companies: impl Iterator<Item = &'a Company>,
        tasks: impl Iterator<Item = &'a Task>,
    ) -> Self {
        let mut marks = Self::default();
        for company in companies {
            marks.slugs.insert(company.name.clone());
            // Odd slugs (`at_t`) begin with parts of a word that mean nothing alone.
            if let Some(stem) = company.name.split('_').next().filter(|s| s.len() > 4) {
                marks.stems.insert(stem.to_owned());
            }
            for table in &company.tables {
                if let Some((prefix, _)) = table.name.split_once('_')
                    && !PREFIXES.contains(&prefix)
                {
                    marks.tickers.insert(prefix.to_owned());
                }
                let mut numbers: Vec<String> = table
                    .rows
                    .iter()
                    .map(|v| match v {
                        Value::Integer(n) => n.to_string(),
                        other => other.as_str().unwrap_or_default().to_owned(),
                    })
                    .filter(|text| text.bytes().filter(u8::is_ascii_digit).count() > 1)
                    .collect();
                numbers.sort_unstable();
                // A table of a few small numbers may come twice by chance.
                if numbers.len() >= 6 {
                    marks.tables.insert(numbers);
                }
            }
        }
        for task in tasks {
            marks.asked.insert((task.user_query(), task.truth.clone()));
        }
        marks
    }

    /// What two have in common.
    fn shared(&self, other: &Self) -> Vec<String> {
        let mut out: Vec<String> = Vec::new();
        out.extend(
            self.slugs
                .intersection(&other.slugs)
                .map(|s| format!("slug {s}")),
        );
        out.extend(
            self.tables
                .intersection(&other.tables)
                .map(|s| format!("table {s:?}")),
        );
        out.extend(
            self.asked
                .intersection(&other.asked)
                .map(|s| format!("question {s:?}")),
        );
        out
    }

    /// What splits must not have in common, of whatever seeds.
    fn shared_across_splits(&self, other: &Self) -> Vec<String> {
        let mut out = self.shared(other);
        out.extend(
            self.stems
                .intersection(&other.stems)
                .map(|s| format!("stem {s}")),
        );
        out.extend(
            self.tickers
                .intersection(&other.tickers)
                .map(|s| format!("ticker {s}")),
        );
        out
    }
}

#[test]
fn splits_and_seeds_share_no_company_table_or_question() {
    let config = SynthConfig::default();
    let train = part(config.clone(), &[("train", Some(40))]);
    let mut marks: Vec<(&str, Marks)> = ["val", "eval290", "reason79"]
        .into_iter()
        .map(|split| {
            let stored = FILINGS.stored().unwrap();
            let range = FILINGS.company_indices(Some(split), 0, None).unwrap();
            let companies = range.iter().map(|i| &*stored.companies()[*i as usize]);
            (split, Marks::of(companies, of_split(&FILINGS, split)))
        })
        .collect();
    let stored = train.stored().unwrap();
    let companies = stored.companies().iter().map(|c| &**c);
    marks.push(("train", Marks::of(companies, of_split(&train, "train"))));
    for (split, own) in &marks {
        assert!(own.tickers.len() > 5 && own.tables.len() > 100, "{split}");
    }
    for (i, (a, own)) in marks.iter().enumerate() {
        for (b, other) in &marks[..i] {
            let shared = own.shared_across_splits(other);
            assert!(shared.is_empty(), "{a} and {b}: {shared:?}");
        }
    }
    // Another seed deals the same names anew, but no company, table or question comes again.
    let generator = finqa_synth::Generator::new(1, config).unwrap();
    let made: Vec<_> = (0..40)
        .map(|i| generator.company(finqa_synth::SplitName::Train, i))
        .collect();
    let tasks = made.iter().flat_map(|m| &m.tasks);
    let other = Marks::of(made.iter().map(|m| &m.company), tasks);
    for (split, own) in &marks {
        let shared = if *split == "train" {
            own.shared(&other)
        } else {
            own.shared_across_splits(&other)
        };
        assert!(
            shared.is_empty(),
            "{split} and train of another seed: {shared:?}"
        );
    }
}
