//! The audit finds nothing that must not be.

use finqa_policy::audit::{Class, class_of};
use finqa_policy::{AuditOptions, audit};

use crate::worlds::{all, backend};

#[test]
fn the_audit_finds_no_failure_and_no_known_wrong_answer_accepted() {
    for (name, corpus) in all() {
        let report = audit(corpus, &backend(), &AuditOptions::default(), &mut |_| true).unwrap();
        assert_eq!(report.num_failed(), 0, "{name}: {}", report.to_markdown());
        for (mode, wrong) in [
            ("strict", report.wrong_strict),
            ("openenv", report.wrong_openenv),
        ] {
            assert_eq!(wrong.accepted, 0, "{name} {mode}: {}", report.to_markdown());
            assert!(wrong.tried > report.tasks.len(), "{name} {mode}: {wrong:?}");
        }
        let warnings: usize = report
            .counts()
            .iter()
            .filter(|(code, _)| class_of(code) == Class::Warning)
            .map(|(_, n)| n)
            .sum();
        println!(
            "{name}: {} tasks, {} known wrong answers, {:?}",
            report.tasks.len(),
            report.wrong_strict.tried,
            report.counts()
        );
        // A warning wants a look; the generator is to give few reasons for one.
        assert!(
            warnings * 50 <= report.tasks.len(),
            "{name}: {}",
            report.to_markdown()
        );
    }
}
