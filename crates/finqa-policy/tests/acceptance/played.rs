//! What every script is worth.

use std::collections::BTreeMap;
use std::sync::Arc;

use finqa_core::answer::{AnswerMode, Unit};
use finqa_core::chat::{Demonstration, Role};
use finqa_core::rubric::{RubricOptions, score_rubric};
use finqa_core::{Corpus, Task, ToolProfile};
use finqa_policy::{DemonstrateOptions, Demonstrations, PolicyKind};

use crate::worlds::{FILINGS, all, backend};

const MODES: [AnswerMode; 2] = [AnswerMode::Strict, AnswerMode::OpenEnv];

/// Every task of a corpus with its episode.
pub(crate) fn played(
    corpus: &Arc<Corpus>,
    kind: PolicyKind,
    tool_profile: ToolProfile,
) -> Vec<(Arc<Task>, Demonstration)> {
    let options = DemonstrateOptions {
        policies: vec![kind],
        tool_profile,
        max_turns: Some(64),
        ..DemonstrateOptions::default()
    };
    let tasks = corpus.stored().unwrap().tasks();
    let demos: Vec<_> = Demonstrations::new(corpus, &backend(), options)
        .unwrap()
        .collect();
    assert_eq!(demos.len(), tasks.len(), "{}", kind.name());
    let episodes = tasks.iter().cloned().zip(demos);
    // Without an argument for the company, only one company can be asked about.
    let can = |task: &Task| tool_profile != ToolProfile::Compact || task.companies.len() == 1;
    episodes.filter(|(task, _)| can(task)).collect()
}

/// What is wrong with a gold episode; empty if nothing is.
pub(crate) fn faults_of_gold(task: &Task, demo: &Demonstration) -> Vec<String> {
    let mut faults = Vec::new();
    let mut fault = |text: String| {
        faults.push(format!("{} {:?}: {text}", task.id, task.question));
    };
    let Some(submission) = &demo.submission else {
        fault(format!("nothing was submitted ({})", demo.verdict));
        return faults;
    };
    if demo.num_errors > 0 {
        let errors = demo
            .messages
            .iter()
            .filter(|m| m.role == Role::Tool && m.content.starts_with("Error"));
        fault(format!(
            "failed calls: {:?}",
            errors.map(|m| m.content.as_str()).collect::<Vec<_>>()
        ));
    }
    if (demo.reward - 1.0).abs() > f32::EPSILON {
        fault(format!(
            "reward {} for {submission:?}, truth {:?} ({})",
            demo.reward, task.truth, demo.verdict
        ));
    }
    for mode in MODES {
        let verdict = task.score(submission, mode);
        if !verdict.is_correct {
            fault(format!(
                "{submission:?} is not {:?} in mode {} ({})",
                task.truth,
                mode.name(),
                verdict.reason
            ));
        }
        if let Some(rubric) = &task.rubric {
            let scored = score_rubric(submission, rubric, &RubricOptions::of(mode));
            if scored.score < 1.0 {
                fault(format!("rubric score {} for {submission}", scored.score));
            }
        }
    }
    if !is_truth(submission, task) {
        fault(format!("{submission:?} is not written as {:?}", task.truth));
    }
    faults
}

/// Whether a submission says what the truth says, word for word but for the box.
fn is_truth(submission: &str, task: &Task) -> bool {
    let plain = |text: &str| {
        let text = text.trim();
        text.strip_prefix("\\boxed{")
            .and_then(|t| t.strip_suffix('}'))
            .unwrap_or(text)
            // A dash is a zero without decimals.
            .split(' ')
            .map(|word| {
                let number = word.trim_end_matches(|c: char| !c.is_ascii_digit());
                match number {
                    "0.0" | "0.00" | "0.000" => format!("0{}", &word[number.len()..]),
                    _ => word.to_owned(),
                }
            })
            .collect::<Vec<_>>()
            .join(" ")
    };
    // Words for "not to be had" are many.
    task.answer.unit == Unit::Absent || plain(submission) == plain(&task.truth)
}

fn none_of(faults: &[String], of: usize, what: &str) {
    assert!(
        faults.is_empty(),
        "{what}: {} faults in {of} episodes:\n{}",
        faults.len(),
        faults[..faults.len().min(12)].join("\n")
    );
}

#[test]
fn gold_is_right_in_every_profile_and_mode_without_a_failed_call() {
    for profile in ToolProfile::ALL {
        for (name, corpus) in all() {
            let episodes = played(corpus, PolicyKind::Gold, profile);
            let faults: Vec<String> = episodes
                .iter()
                .flat_map(|(task, demo)| faults_of_gold(task, demo))
                .collect();
            none_of(
                &faults,
                episodes.len(),
                &format!("{name}, {}", profile.name()),
            );
            println!("{name}, {}: {} right", profile.name(), episodes.len());
        }
    }
}

/// A query result without rows.
fn is_empty_result(text: &str) -> bool {
    text == "[]" || text.ends_with("\n (no rows)")
}

#[test]
fn recovery_slips_and_is_right_in_every_profile() {
    for profile in ToolProfile::ALL {
        for (name, corpus) in all() {
            let episodes = played(corpus, PolicyKind::Recovery, profile);
            let mut variants: BTreeMap<&str, usize> = BTreeMap::new();
            let mut faults = Vec::new();
            for (task, demo) in &episodes {
                *variants.entry(demo.variant.as_str()).or_default() += 1;
                let tool = demo.messages.iter().filter(|m| m.role == Role::Tool);
                let slipped =
                    demo.num_errors > 0 || tool.clone().any(|m| is_empty_result(&m.content));
                if !slipped || (demo.reward - 1.0).abs() > f32::EPSILON {
                    faults.push(format!(
                        "{} {:?}: {} slipped {slipped}, reward {} ({}) {:?}, truth {:?}",
                        task.id,
                        task.question,
                        demo.variant,
                        demo.reward,
                        demo.verdict,
                        demo.submission,
                        task.truth
                    ));
                }
            }
            none_of(
                &faults,
                episodes.len(),
                &format!("{name}, {}", profile.name()),
            );
            println!("{name}, {}: {variants:?}", profile.name());
        }
    }
}

/// Share of the tasks that a script gets right, and the tasks.
fn right(episodes: &[(Arc<Task>, Demonstration)]) -> (f64, Vec<String>) {
    let mut lucky = Vec::new();
    for (task, demo) in episodes {
        let submission = demo.submission.as_deref().unwrap_or_default();
        if MODES.iter().any(|m| task.score(submission, *m).is_correct) {
            lucky.push(format!(
                "{submission:?} for {:?} {:?}",
                task.truth, task.question
            ));
        }
    }
    (lucky.len() as f64 / episodes.len() as f64, lucky)
}

#[test]
fn whoever_does_not_look_is_wrong() {
    for profile in ToolProfile::ALL {
        for (kind, most) in [
            (PolicyKind::Random, 0.02),
            (PolicyKind::SpamTables, 0.02),
            (PolicyKind::Guess, 0.005),
            (PolicyKind::Immediate, 0.0),
        ] {
            let episodes = played(&FILINGS, kind, profile);
            let (share, lucky) = right(&episodes);
            let what = format!("{} {}: {share:.4}", kind.name(), profile.name());
            assert!(share <= most, "{what}: {lucky:#?}");
            let mean = episodes
                .iter()
                .map(|(_, d)| f64::from(d.reward))
                .sum::<f64>();
            println!(
                "{what} right, mean reward {:.4}",
                mean / episodes.len() as f64
            );
        }
    }
}

#[test]
fn an_invented_number_is_named_where_there_is_no_answer() {
    for kind in [
        PolicyKind::Guess,
        PolicyKind::Immediate,
        PolicyKind::SpamTables,
    ] {
        let mut seen = 0;
        for (name, corpus) in all() {
            for (task, demo) in played(corpus, kind, ToolProfile::Rllm) {
                if task.answer.unit == Unit::Absent {
                    seen += 1;
                    assert!(demo.reward.abs() < f32::EPSILON, "{name} {}", task.id);
                    let submission = demo.submission.unwrap();
                    assert_eq!(
                        demo.verdict, "invented_number",
                        "{name} {}: {submission:?}",
                        task.id
                    );
                    for mode in MODES {
                        assert!(!task.score(&submission, mode).is_correct, "{submission}");
                    }
                }
            }
        }
        assert!(seen > 30, "{seen} questions without an answer");
    }
}
