//! Prints what the synthetic corpus is held to, point by point, with the figures behind each:
//! `cargo run --release -p finqa-policy --example acceptance [COMPANIES]`.
//!
//! COMPANIES (10,000) are looked at for the identities of the books. The statistics of tables (G6) and the classifier
//! (G8) need the published files and stand in `benches/realism`. Exit code 1 if a point fails.
#![expect(clippy::print_stdout, reason = "it prints")]
#![expect(clippy::unwrap_used, reason = "a check that cannot run must fail")]

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, OnceLock};
use std::time::Instant;

use finqa_core::answer::AnswerMode;
use finqa_core::corpus::Pick;
use finqa_core::sql::SqlBackend;
use finqa_core::{Company, Corpus, ToolProfile};
use finqa_data::{ExportLayout, ExportOptions, LoadOptions, export, load};
use finqa_policy::{
    AuditOptions, DemonstrateOptions, Demonstrations, PolicyKind, ValidateOptions, audit, validate,
};
use finqa_sqlite::{BackendConfig, SqliteBackend};
use finqa_synth::{Generator, SplitName, SynthConfig};

struct Report {
    failed: u32,
}

impl Report {
    fn line(&mut self, point: &str, passed: bool, figures: &str) {
        self.failed += u32::from(!passed);
        let word = if passed { "pass" } else { "FAIL" };
        println!("{point:<4} {word}  {figures}");
    }
}

fn backend() -> Arc<dyn SqlBackend> {
    Arc::new(SqliteBackend::new(BackendConfig::default()).unwrap())
}

fn sample() -> Arc<Corpus> {
    let corpus = finqa_synth::corpus(0, SynthConfig::default()).unwrap();
    let pick = |split: &str, max_companies| Pick {
        split: split.to_owned(),
        max_companies,
    };
    let picks = [
        pick("val", Some(30)),
        pick("eval290", None),
        pick("reason79", None),
        pick("train", Some(40)),
    ];
    Arc::new(finqa_data::materialise(&corpus, &picks).unwrap())
}

/// Share of the tasks that a script gets right in a profile, and calls that failed.
fn right(corpus: &Arc<Corpus>, kind: PolicyKind, tool_profile: ToolProfile) -> (usize, usize, u32) {
    let options = DemonstrateOptions {
        policies: vec![kind],
        tool_profile,
        max_turns: Some(64),
        ..DemonstrateOptions::default()
    };
    let (mut all, mut good, mut errors) = (0, 0, 0);
    for demo in Demonstrations::new(corpus, &backend(), options).unwrap() {
        let task = corpus.task(corpus.task_index(&demo.task_id).unwrap() as u32);
        let task = task.unwrap();
        // A profile without an argument for the company reaches one company.
        if tool_profile == ToolProfile::Compact && task.companies.len() > 1 {
            continue;
        }
        let submission = demo.submission.as_deref().unwrap_or_default();
        let modes = [AnswerMode::Strict, AnswerMode::OpenEnv];
        let is_right = |m: &AnswerMode| task.score(submission, *m).is_correct;
        all += 1;
        errors += demo.num_errors;
        good += usize::from(if kind.needs_gold() {
            modes.iter().all(is_right)
        } else {
            modes.iter().any(is_right)
        });
    }
    (good, all, errors)
}

/// The numbers of each table, sorted.
fn tables(company: &Company) -> impl Iterator<Item = Vec<&str>> {
    company.tables.iter().filter_map(|table| {
        let mut numbers: Vec<&str> = table
            .rows
            .iter()
            .filter_map(|v| v.as_str())
            .filter(|text| text.bytes().filter(u8::is_ascii_digit).count() > 1)
            .collect();
        numbers.sort_unstable();
        (numbers.len() >= 6).then_some(numbers)
    })
}

fn identities(report: &mut Report, companies: u32) {
    let generator = Generator::new(11, SynthConfig::default()).unwrap();
    let broken: usize = SplitName::ALL
        .into_iter()
        .map(|split| {
            let each = 0..companies / 4;
            each.map(|i| generator.violations(split, i).len())
                .sum::<usize>()
        })
        .sum();
    let figures = format!(
        "identities of the books and sums of the tables: {broken} broken in {companies} companies"
    );
    report.line("G1", broken == 0, &figures);
    let forward: Vec<_> = (0..40)
        .map(|i| generator.company(SplitName::Train, i))
        .collect();
    let again = Generator::new(11, SynthConfig::default()).unwrap();
    let other = (0..40_u32)
        .rev()
        .filter(|&i| again.company(SplitName::Train, i) != forward[i as usize]);
    let other = other.count();
    let figures = format!(
        "same companies in reverse order: {other} of 40 differ (hashes: finqa-synth/tests/pinned.rs)"
    );
    report.line("G2", other == 0, &figures);
}

fn played(report: &mut Report, corpus: &Arc<Corpus>) {
    for (kind, least, most) in [
        (PolicyKind::Gold, 1.0, 1.0),
        (PolicyKind::Recovery, 1.0, 1.0),
        (PolicyKind::Guess, 0.0, 0.005),
        (PolicyKind::Random, 0.0, 0.02),
        (PolicyKind::SpamTables, 0.0, 0.02),
        (PolicyKind::Immediate, 0.0, 0.0),
    ] {
        let mut told = Vec::new();
        let mut passed = true;
        for profile in ToolProfile::ALL {
            let (good, all, errors) = right(corpus, kind, profile);
            let share = good as f64 / all as f64;
            passed &= (least..=most).contains(&share) && (kind != PolicyKind::Gold || errors == 0);
            told.push(format!("{} {good}/{all} ({errors} errors)", profile.name()));
        }
        let figures = format!("{} right: {}", kind.name(), told.join(", "));
        report.line("G3", passed, &figures);
    }
}

fn splits(report: &mut Report, corpus: &Corpus) {
    let stored = corpus.stored().unwrap();
    let mut owners: BTreeMap<Vec<&str>, BTreeSet<&str>> = BTreeMap::new();
    let (mut names, mut prefixes) = (BTreeMap::new(), BTreeMap::new());
    let mut shared = 0;
    for split in ["val", "eval290", "reason79", "train"] {
        for index in corpus.company_indices(Some(split), 0, None).unwrap() {
            let company = &stored.companies()[index as usize];
            for numbers in tables(company) {
                owners.entry(numbers).or_default().insert(split);
            }
            shared += u32::from(names.insert(&company.name, split).is_some());
            for table in &company.tables {
                let prefix = table.name.split('_').next().unwrap_or_default();
                let taken = prefixes.insert(prefix, split);
                let is_own = !["us", "srt"].contains(&prefix);
                shared += u32::from(is_own && taken.is_some_and(|other| other != split));
            }
        }
    }
    let twice = owners.values().filter(|own| own.len() > 1).count();
    let figures = format!(
        "{} tables: {twice} in two splits; companies and tickers in two splits: {shared}",
        owners.len()
    );
    report.line("G4", twice == 0 && shared == 0, &figures);

    let mut counts: BTreeMap<&str, BTreeMap<&str, u32>> = BTreeMap::new();
    let mut types: BTreeMap<&str, u32> = BTreeMap::new();
    for task in stored.tasks() {
        let of_split = counts.entry(&task.split.0).or_default();
        *of_split.entry(&task.companies[0]).or_default() += 1;
        if task.split.0 == "eval290" || task.split.0 == "reason79" {
            *types.entry(&task.question_type).or_default() += 1;
        }
    }
    for (split, total, companies) in [("eval290", 290, 20), ("reason79", 79, 21)] {
        let own = &counts[split];
        let sum: u32 = own.values().sum();
        let (least, most) = (own.values().min().unwrap(), own.values().max().unwrap());
        let figures = format!(
            "{split}: {sum} tasks over {} companies, {least} to {most} each",
            own.len()
        );
        report.line("G5", sum == total && own.len() == companies, &figures);
    }
    let types: Vec<String> = types.iter().map(|(t, n)| format!("{t} {n}")).collect();
    println!("           types: {}", types.join(", "));

    let mut seen = BTreeSet::new();
    let again = stored
        .tasks()
        .iter()
        .filter(|t| !seen.insert((&t.companies, &t.question)))
        .count();
    let figures = format!(
        "{} tasks: {again} texts asked twice of a company",
        stored.tasks().len()
    );
    report.line("G7", again == 0, &figures);
}

fn checked(report: &mut Report, corpus: &Arc<Corpus>) {
    let found = audit(corpus, &backend(), &AuditOptions::default(), &mut |_| true).unwrap();
    let (strict, openenv) = (found.wrong_strict, found.wrong_openenv);
    let figures = format!(
        "audit: {} tasks, {} failed, {} with warnings; known wrong answers accepted: strict {} of {}, openenv {} of {}",
        found.tasks.len(),
        found.num_failed(),
        found.num_warned(),
        strict.accepted,
        strict.tried,
        openenv.accepted,
        openenv.tried
    );
    let passed = found.num_failed() == 0 && strict.accepted + openenv.accepted == 0;
    report.line("G9", passed, &figures);
    for layout in [ExportLayout::OpenEnv, ExportLayout::Rllm] {
        let folder = tempfile::tempdir().unwrap();
        let dir = folder.path().join("out");
        let written = export(corpus, &dir, layout, &ExportOptions::default()).unwrap();
        let again = load(&dir, None, &LoadOptions::default()).unwrap().corpus;
        let kept = [
            "question",
            "truth",
            "columns",
            "cells",
            "unit_hint",
            "question_type",
        ];
        let passed = kept
            .iter()
            .all(|what| !written.not_kept.contains_key(*what))
            && again.num_tasks() == written.num_tasks;
        let figures = format!(
            "{}: {} tasks and {} tables come back equal; left out {:?}; no place for {:?}",
            layout.name(),
            written.num_tasks,
            written.num_tables,
            written.left_out,
            written.not_kept
        );
        report.line("G10", passed, &figures);
    }
}

/// Seconds that this thread has had a processor, so that others on the machine do not count; wall time where the
/// system does not tell.
fn cpu_s() -> f64 {
    static START: OnceLock<Instant> = OnceLock::new();
    let told = std::fs::read_to_string("/proc/thread-self/schedstat").ok();
    let nanoseconds = told.and_then(|t| t.split(' ').next()?.parse::<f64>().ok());
    let wall = START.get_or_init(Instant::now).elapsed().as_secs_f64();
    nanoseconds.map_or(wall, |n| n / 1e9)
}

fn speed() {
    let generator = Generator::new(3, SynthConfig::default()).unwrap();
    let start = cpu_s();
    let made: usize = (0..300)
        .map(|i| generator.tables(SplitName::Train, i).tables.len())
        .sum();
    let s = cpu_s() - start;
    println!(
        "speed      processor time, one thread; tables alone: {:.0} companies/s, {:.0} tables/s",
        300.0 / s,
        made as f64 / s
    );
    let config = SynthConfig {
        train_companies: Some(100),
        val_companies: 1,
        ..SynthConfig::default()
    };
    let start = cpu_s();
    let corpus = Arc::new(finqa_synth::corpus(3, config).unwrap());
    let checks = validate(
        &corpus,
        &backend(),
        &ValidateOptions::default(),
        &mut |_| true,
    )
    .unwrap();
    let companies = corpus.num_companies() as f64;
    let s = cpu_s() - start;
    println!(
        "           with guarded tasks, SQLite images and executed gold programs: {:.0} companies/s, {:.0} tasks/s",
        companies / s,
        checks.len() as f64 / s
    );
}

fn main() {
    let companies = std::env::args()
        .nth(1)
        .map_or(10_000, |n| n.parse().unwrap());
    let mut report = Report { failed: 0 };
    let corpus = sample();
    println!(
        "Synthetic corpus, version {}, seed 0, level 3\n",
        finqa_synth::VERSION
    );
    identities(&mut report, companies);
    played(&mut report, &corpus);
    splits(&mut report, &corpus);
    println!(
        "G6         distributions beside those of published files: benches/realism/measure.py"
    );
    println!("G8         a classifier between generated and real: benches/realism/tell_apart.py");
    checked(&mut report, &corpus);
    speed();
    if report.failed > 0 {
        println!("\n{} points failed", report.failed);
        std::process::exit(1);
    }
}
