//! Counts, ids, wording and the guard over many companies.

use std::collections::{BTreeMap, BTreeSet};

use finqa_core::Task;

use crate::draw::Key;
use crate::questions::guard::{is_accepted, is_right};
use crate::questions::plan::{Kind, companies_of, eval_counts, kinds_of, tasks_of};
use crate::{Generator, SplitName, SynthConfig};

fn generator(seed: u64) -> Generator {
    Generator::new(seed, SynthConfig::default()).unwrap()
}

fn tasks(generator: &Generator, split: SplitName, companies: u32) -> Vec<Vec<Task>> {
    (0..companies)
        .map(|i| generator.company(split, i).tasks)
        .collect()
}

/// The label that tasks of a kind bear.
fn label(kind: Kind) -> &'static str {
    match kind {
        Kind::Composition => "Financial Ratio - Composition",
        Kind::Growth => "Growth - YoY",
        Kind::ContributionShare => "Contribution Share",
        Kind::NetChange => "Net Change",
        Kind::Spread => "Spread",
        Kind::Variance => "Variance",
        Kind::Sum => "Sum",
        Kind::Average => "Average",
        Kind::ByYear => "Values by Year",
        Kind::MixShift => "Mix Shift",
        Kind::Compound => "CAGR",
        Kind::Ladder => "Duration Ladder",
        Kind::ExtremeYear => "Maximum/Minimum - Year",
        Kind::ExtremeLabel => "Maximum/Minimum - Label",
        Kind::Lookup => "Lookup",
        Kind::Coverage => "Coverage",
        Kind::Efficiency => "Efficiency",
        Kind::YesNo => "Yes/No",
        Kind::Unanswerable => "Unanswerable",
        Kind::Multi => "multi_table",
    }
}

#[test]
fn the_fixed_split_has_its_types_exactly() {
    let all = tasks(&generator(0), SplitName::Eval290, 20).concat();
    assert_eq!(all.len(), 290);
    let counts: Vec<(Kind, usize, usize)> = eval_counts()
        .into_iter()
        .map(|(kind, wanted)| {
            let own = all.iter().filter(|t| t.question_type == label(kind));
            (kind, own.count(), wanted)
        })
        .collect();
    assert!(
        counts.iter().all(|(_, n, wanted)| n.abs_diff(*wanted) <= 1),
        "type, made, wanted: {counts:?}"
    );
}

#[test]
fn every_company_has_its_number_of_tasks() {
    let config = SynthConfig::default();
    let generator = generator(1);
    let mut replaced: BTreeMap<Kind, (u32, u32)> = BTreeMap::new();
    for (split, companies) in [
        (SplitName::Train, 120),
        (SplitName::Eval290, 20),
        (SplitName::Reason79, 21),
    ] {
        for (index, own) in tasks(&generator, split, companies).iter().enumerate() {
            let key = Key {
                seed: 1,
                split,
                index: index as u32,
            };
            assert_eq!(own.len() as u32, tasks_of(split, index as u32, &config));
            for (task, kind) in own.iter().zip(kinds_of(key, &config)) {
                let counts = replaced.entry(kind).or_default();
                counts.0 += 1;
                counts.1 += u32::from(!task.question_type.starts_with(label(kind)));
            }
        }
    }
    println!("asked for, made as another type: {replaced:?}");
    for (kind, (all, other)) in replaced {
        assert!(
            other * 20 <= all,
            "{kind:?}: {other} of {all} became another type"
        );
    }
}

#[test]
fn no_mistake_is_taken_for_right() {
    let generator = generator(2);
    for task in tasks(&generator, SplitName::Train, 60).concat() {
        if task.rubric.is_some() {
            continue;
        }
        assert!(is_right(&task.truth, &task.truth, &task.answer), "{task:?}");
        assert!(!task.known_wrong.is_empty(), "{}", task.question);
        for wrong in &task.known_wrong {
            assert!(
                !is_accepted(&wrong.answer, &task.truth, &task.answer),
                "{} {} {wrong:?}",
                task.question,
                task.truth
            );
        }
    }
}

#[test]
fn ids_and_texts_are_unique() {
    let generator = generator(3);
    let mut ids = BTreeSet::new();
    for own in tasks(&generator, SplitName::Train, 60) {
        let mut texts = BTreeSet::new();
        for task in own {
            assert!(task.id.starts_with("train-"), "{}", task.id);
            assert!(ids.insert(task.id.clone()), "{}", task.id);
            assert!(texts.insert(task.question.clone()), "{}", task.question);
        }
    }
}

#[test]
fn a_company_is_the_same_in_any_order() {
    let generator = generator(4);
    let forward: Vec<_> = (0..6)
        .map(|i| generator.company(SplitName::Val, i))
        .collect();
    for i in (0..6).rev() {
        assert_eq!(generator.company(SplitName::Val, i), forward[i as usize]);
    }
}

#[test]
fn questions_have_the_measured_lengths() {
    let all = tasks(&generator(5), SplitName::Train, 80).concat();
    let mut lengths: Vec<usize> = all
        .iter()
        .filter(|t| t.rubric.is_none())
        .map(|t| t.question.split(' ').count())
        .collect();
    lengths.sort_unstable();
    let at = |percent: usize| lengths[lengths.len() * percent / 100];
    println!("words p10 {} median {} p90 {}", at(10), at(50), at(90));
    assert!(at(10) >= 7 && at(90) <= 24, "p10 {} p90 {}", at(10), at(90));
    for task in &all {
        let text = &task.question;
        let clean = !text.contains("  ")
            && !text.contains(['{', '}'])
            && !text.contains(" ,")
            && !text.contains(" ?");
        assert!(clean, "{text}");
        assert!(
            text.ends_with(['?', '.']) || task.rubric.is_some(),
            "{text}"
        );
        assert!(
            !task.unit_hint.contains(['{', '}']) || task.rubric.is_some(),
            "{}",
            task.unit_hint
        );
    }
}

#[test]
fn wording_varies() {
    let all = tasks(&generator(6), SplitName::Train, 80).concat();
    let mut openings: BTreeMap<String, usize> = BTreeMap::new();
    for task in &all {
        let words: Vec<&str> = task.question.split(' ').take(3).collect();
        *openings.entry(words.join(" ")).or_default() += 1;
    }
    let most = openings.values().max().copied().unwrap_or_default();
    assert!(openings.len() > 100, "{}", openings.len());
    assert!(most * 6 < all.len(), "{most} of {}", all.len());
}

#[test]
fn train_has_no_end_and_the_rest_has() {
    let config = SynthConfig::default();
    assert_eq!(companies_of(SplitName::Train, &config), None);
    assert_eq!(companies_of(SplitName::Val, &config), Some(64));
}
