//! Reports and the catalogue of what is set against each other.

use finqa_core::answer::AnswerMode;

use crate::{Generator, SplitName, SynthConfig};

#[test]
fn known_wrong_reports_are_wrong() {
    let generator = Generator::new(0, SynthConfig::default()).unwrap();
    let (mut reports, mut wrong) = (0, 0);
    for index in 0..21 {
        for task in generator.company(SplitName::Reason79, index).tasks {
            assert!(task.rubric.is_some(), "{}", task.question);
            for mode in [AnswerMode::Strict, AnswerMode::OpenEnv] {
                let right = task.score(&task.truth, mode);
                assert!(right.is_correct, "{}", task.truth);
                for known in &task.known_wrong {
                    let verdict = task.score(&known.answer, mode);
                    assert!(!verdict.is_correct, "{} {known:?}", task.truth);
                }
            }
            reports += 1;
            wrong += task.known_wrong.len();
            assert!(
                (3..=8).contains(&task.known_wrong.len()),
                "{}",
                task.question
            );
        }
    }
    println!("{reports} reports, {wrong} known wrong");
    assert_eq!(reports, 79);
}
