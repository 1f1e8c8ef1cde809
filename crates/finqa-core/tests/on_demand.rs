//! Corpora whose companies are made when somebody asks for them.

#[path = "support/numbered.rs"]
mod numbered;

use std::sync::atomic::Ordering;
use std::sync::{Arc, Barrier};

use finqa_core::corpus::{
    Corpus, CorpusInfo, CorpusSource, DEFAULT_CACHED_COMPANIES, Made, Pick, SplitRange,
};
use finqa_core::{Error, Task};
use numbered::{ENDLESS_COMPANIES, Numbered};
use proptest::prelude::*;

fn corpus() -> Corpus {
    Numbered::new().corpus(DEFAULT_CACHED_COMPANIES)
}

#[test]
fn splits_are_numbered_one_after_the_other() {
    let corpus = corpus();
    let splits = [("eval", Some(290)), ("pairs", Some(79)), ("train", None)];
    assert_eq!(
        corpus.splits(),
        splits.map(|(name, n)| (name.to_string(), n))
    );
    assert!(corpus.is_endless());
    assert_eq!(
        corpus.num_tasks(),
        290 + 79 + 4 * ENDLESS_COMPANIES as usize
    );
    assert_eq!(corpus.num_companies(), 41 + ENDLESS_COMPANIES as usize);
    for (task, split, company) in [
        (0, "eval", 0),
        (13, "eval", 0),
        (14, "eval", 1),
        (289, "eval", 19),
        (290, "pairs", 20),
        (368, "pairs", 40),
        (369, "train", 41),
        (373, "train", 42),
    ] {
        let found = corpus.task(task).unwrap();
        assert_eq!(found.split.0, split, "task {task}");
        assert_eq!(corpus.made_with(task), Some(company));
        assert_eq!(corpus.task_companies(task).unwrap()[0], company);
        assert_eq!(corpus.task_index(&found.id), Some(task as usize));
    }
    let last = corpus.num_tasks() as u32 - 1;
    assert_eq!(
        corpus.made_with(last),
        Some(corpus.num_companies() as u32 - 1)
    );
    assert!(corpus.task(last).is_ok());
}

#[test]
fn what_was_never_made_is_not_found() {
    let corpus = corpus();
    let (tasks, companies) = (corpus.num_tasks() as u32, corpus.num_companies() as u32);
    assert!(matches!(corpus.task(tasks), Err(Error::UnknownTask { .. })));
    assert!(matches!(
        corpus.company(companies),
        Err(Error::UnknownCompany { .. })
    ));
    for id in ["", "0", "0/14", "1/13", "99999999/0", "x/1"] {
        assert_eq!(corpus.task_index(id), None, "{id:?}");
    }
    // "company_01" is read as number 1 by the source; it is no company's name all the same.
    for name in ["", "company", "company_01", "company_99999999"] {
        assert_eq!(corpus.company_index(name), None, "{name:?}");
    }
    assert_eq!(corpus.company_index("COMPANY_77"), Some(77));
    assert_eq!(corpus.made_with(tasks), None);
}

#[test]
fn every_list_of_an_endless_split_needs_a_number() {
    let corpus = corpus();
    let text = |e: Error| e.to_string();
    let train = "split \"train\" of corpus \"numbered\" is endless: give a number of";
    let errors = [
        text(corpus.task_indices(Some("train"), None).unwrap_err()),
        text(corpus.task_indices(None, None).unwrap_err()),
        text(corpus.company_indices(Some("train"), 5, None).unwrap_err()),
        text(corpus.company_indices(None, 0, None).unwrap_err()),
        text(corpus.take(&[pick("train", None)]).unwrap_err()),
    ];
    for error in errors {
        assert!(error.starts_with(train), "{error}");
    }
    assert_eq!(
        text(corpus.task_indices(Some("test"), None).unwrap_err()),
        "no split \"test\" in corpus \"numbered\"; its splits are eval, pairs, train"
    );
    assert!(text(corpus.stored().unwrap_err()).contains("on demand"));
    assert_eq!(
        corpus.task_indices(Some("train"), Some(3)).unwrap(),
        [369, 370, 371]
    );
    assert_eq!(corpus.task_indices(None, Some(400)).unwrap().len(), 400);
    assert_eq!(corpus.task_indices(Some("pairs"), None).unwrap().len(), 79);
    let far = corpus
        .company_indices(Some("train"), 1_000_000, Some(1_000_002))
        .unwrap();
    assert_eq!(far, [1_000_041, 1_000_042]);
    assert!(
        corpus
            .company_indices(Some("eval"), 5, Some(2))
            .unwrap()
            .is_empty()
    );
}

fn pick(split: &str, max_companies: Option<u32>) -> Pick {
    Pick {
        split: split.into(),
        max_companies,
    }
}

#[test]
fn taken_companies_come_with_the_tasks_that_ask_about_nobody_else() {
    let corpus = corpus();
    let part = corpus
        .take(&[pick("train", Some(600)), pick("eval", None)])
        .unwrap();
    assert_eq!((part.companies.len(), part.tasks.len()), (620, 2690));
    assert_eq!(part.num_left_out, 0);
    assert_eq!(part.companies[0].name, "company_41");
    let all = corpus.take(&[pick("pairs", None)]).unwrap();
    assert_eq!((all.tasks.len(), all.num_left_out), (79, 0));
    let some = corpus.take(&[pick("pairs", Some(4))]).unwrap();
    assert_eq!(some.companies.len(), 4);
    // A task of the fourth company looks at the fifth, too.
    assert_eq!((some.tasks.len(), some.num_left_out), (14, 1));
    let stored = Corpus::from_shared(CorpusInfo::default(), some.companies, some.tasks).unwrap();
    let again = stored.take(&[pick("pairs", Some(2))]).unwrap();
    assert_eq!(again.companies.len(), 2);
    assert!(
        again
            .tasks
            .iter()
            .all(|task| task.companies[0] != "company_22")
    );
    let twice = corpus.take(&[pick("eval", Some(1)), pick("eval", None)]);
    assert!(twice.unwrap_err().to_string().contains("picked twice"));
}

#[test]
fn eight_threads_see_the_same_tasks_in_any_order_and_with_any_cache() {
    let indices: Vec<u32> = (0..4000u32).map(|i| i * 7919 % 400_000).collect();
    let expected: Vec<Arc<Task>> = {
        let corpus = Numbered::new().corpus(1_000_000);
        indices.iter().map(|&i| corpus.task(i).unwrap()).collect()
    };
    for max_cached in [1, 64] {
        let corpus = Numbered::new().corpus(max_cached);
        std::thread::scope(|scope| {
            for thread in 0..8 {
                let (corpus, indices, expected) = (&corpus, &indices, &expected);
                scope.spawn(move || {
                    for k in 0..indices.len() {
                        // Every thread has an order of its own.
                        let k = (k * (2 * thread + 1) + 501 * thread) % indices.len();
                        assert_eq!(corpus.task(indices[k]).unwrap(), expected[k]);
                    }
                });
            }
        });
    }
}

#[test]
fn threads_that_ask_for_one_company_have_it_made_once() {
    let source = Numbered::new();
    let made = Arc::clone(&source.made);
    let corpus = source.corpus(64);
    let barrier = Barrier::new(8);
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                for company in 41..91 {
                    barrier.wait();
                    corpus.company(company).unwrap();
                }
            });
        }
    });
    assert_eq!(made.load(Ordering::Relaxed), 50);
}

/// A source that breaks one promise.
struct Broken {
    inner: Numbered,
    breaks: fn(&mut Made),
}

impl CorpusSource for Broken {
    fn splits(&self) -> &[SplitRange] {
        self.inner.splits()
    }
    fn make(&self, company: u32) -> finqa_core::Result<Made> {
        let mut made = self.inner.make(company)?;
        (self.breaks)(&mut made);
        Ok(made)
    }
    fn company_of_name(&self, name: &str) -> Option<u32> {
        self.inner.company_of_name(name)
    }
    fn company_of_task(&self, id: &str) -> Option<u32> {
        self.inner.company_of_task(id)
    }
    fn longest_table_rows(&self) -> usize {
        2
    }
}

#[test]
fn a_company_that_breaks_a_promise_is_an_error_that_says_which() {
    type Breaks = fn(&mut Made);
    let cases: [(Breaks, &str); 8] = [
        (
            |m| m.company.name = "company_7".into(),
            "is not found again",
        ),
        (|m| drop(m.tasks.pop()), "it has 13 tasks; 14 are needed"),
        (|m| m.tasks[1].id = m.tasks[0].id.clone(), "appears twice"),
        (|m| m.tasks[1].id = "5/1".into(), "id is not found again"),
        (
            |m| m.tasks[0].split.0 = "train".into(),
            "it must be \"eval\"",
        ),
        (
            |m| m.tasks[0].companies = vec!["company_2".into()],
            "must be one of them",
        ),
        (
            |m| m.tasks[0].companies.push("company_30".into()),
            "no company of its split",
        ),
        (
            |m| {
                let table = &mut m.company.tables[0];
                table.rows.extend(table.rows.clone());
            },
            "4 rows",
        ),
    ];
    for (breaks, expected) in cases {
        let source = Broken {
            inner: Numbered::new(),
            breaks,
        };
        let info = CorpusInfo::default();
        let corpus = Corpus::from_source(info, Box::new(source), 8).unwrap();
        let error = corpus.task(0).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
        assert!(corpus.company(0).is_err());
    }
}

/// A source of ranges only.
struct Ranges(Vec<SplitRange>);

impl CorpusSource for Ranges {
    fn splits(&self) -> &[SplitRange] {
        &self.0
    }
    fn make(&self, _: u32) -> finqa_core::Result<Made> {
        Err(Error::InvalidConfig("nothing to make".into()))
    }
    fn company_of_name(&self, _: &str) -> Option<u32> {
        None
    }
    fn company_of_task(&self, _: &str) -> Option<u32> {
        None
    }
    fn longest_table_rows(&self) -> usize {
        0
    }
}

#[test]
fn ranges_that_do_not_fit_are_refused() {
    let split = |name: &str, tasks: (u32, u32), companies: (u32, u32), endless| SplitRange {
        name: name.into(),
        first_task: tasks.0,
        num_tasks: tasks.1,
        first_company: companies.0,
        num_companies: companies.1,
        endless,
    };
    let a = || split("a", (0, 10), (0, 2), false);
    let cases = [
        (
            vec![a(), split("a", (10, 1), (2, 1), false)],
            "appears twice",
        ),
        (
            vec![a(), split("b", (11, 1), (2, 1), false)],
            "must start at 10 and 2",
        ),
        (vec![split("a", (0, 0), (0, 1), false)], "no tasks"),
        (
            vec![
                split("a", (0, 1), (0, 1), true),
                split("b", (1, 1), (1, 1), false),
            ],
            "endless splits come last",
        ),
        (
            vec![split("a", (0, 1 << 31), (0, 1), true)],
            "indices end at 2147483647",
        ),
    ];
    for (ranges, expected) in cases {
        let made = Corpus::from_source(CorpusInfo::default(), Box::new(Ranges(ranges)), 1);
        let error = made.unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    }
}

#[test]
fn a_stream_of_companies_is_not_kept() {
    let corpus = Numbered::new().corpus(100);
    let mut seen = Vec::new();
    for company in 41..20_041 {
        seen.push(Arc::downgrade(&corpus.company(company).unwrap()));
    }
    let alive = seen.iter().filter(|c| c.strong_count() > 0).count();
    assert!((1..=104).contains(&alive), "{alive} companies are alive");
}

proptest! {
    #[test]
    fn tasks_and_companies_of_a_range_agree(tasks in 1u32..5000, companies in 1u32..600, first in 0u32..1000) {
        let range = SplitRange {
            name: String::new(), first_task: first, num_tasks: tasks,
            first_company: first / 2, num_companies: companies, endless: false,
        };
        let mut next = range.first_task;
        let (least, most) = (tasks / companies, tasks.div_ceil(companies));
        for company in range.companies() {
            let mine = range.tasks_of(company);
            prop_assert_eq!(mine.start, next);
            prop_assert!((least..=most).contains(&(mine.len() as u32)));
            for task in mine.clone() {
                prop_assert_eq!(range.company_of(task), company);
            }
            next = mine.end;
        }
        prop_assert_eq!(next, range.tasks().end);
    }
}
