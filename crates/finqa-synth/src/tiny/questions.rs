//! Lookup and change over one table; total and gap over two.

use std::collections::HashSet;

use finqa_core::answer::{AnswerSpec, Multi, Op, Scale, Unit};
use finqa_core::gold::{CellRef, Gold, GoldAnswer, GoldQuery};
use finqa_core::task::KnownWrong;
use finqa_core::{Mistake, Split, Task};
use sha2::{Digest, Sha256};

use super::{Sheet, YEARS};
use crate::config::SynthConfig;
use crate::draw::{Draw, Key, Stream};
use crate::split::SplitName;

/// What is asked; cells are (sheet, item, year).
struct Asked {
    kind: &'static str,
    question: String,
    cells: Vec<(usize, usize, usize)>,
    expression: &'static str,
    value: i64,
    wrong: Vec<(i64, Mistake)>,
}

pub(super) fn of_company(
    key: Key,
    config: &SynthConfig,
    company: &str,
    sheets: &[Sheet],
    num_tasks: u32,
) -> Vec<Task> {
    let mut draw = Draw::new(key, Stream::Questions);
    let (mut tasks, mut asked) = (Vec::new(), HashSet::new());
    // Three tables of nine cells give far more than the 64 questions that a company may have.
    while tasks.len() < num_tasks as usize {
        let multi = match key.split {
            SplitName::Eval290 => false,
            SplitName::Reason79 => true,
            SplitName::Train | SplitName::Val => draw.chance(config.multi_table_pct),
        };
        let candidate = match (multi, draw.below(2)) {
            (false, 0) => lookup(sheets, &mut draw),
            (false, _) => change(sheets, &mut draw),
            (true, choice) => two_tables(sheets, choice == 0, &mut draw),
        };
        // Equal, or within the 1 % that OpenEnv's rule allows.
        let close = |v: i64| (v - candidate.value).abs() * 100 <= candidate.value.abs();
        let ambiguous = candidate.wrong.iter().any(|(v, _)| close(*v));
        if !ambiguous && asked.insert(candidate.question.clone()) {
            tasks.push(task(key, config, company, sheets, candidate));
        }
    }
    tasks
}

fn year(sheet: &Sheet, y: usize) -> i64 {
    sheet.first_year + y as i64
}

/// Cells of another year and of another item, by their value.
fn near(sheet: &Sheet, item: usize, y: usize) -> Vec<(i64, Mistake)> {
    let years = (0..YEARS).filter(|other| *other != y);
    let items = (0..sheet.items.len()).filter(|other| *other != item);
    years
        .map(|other| (sheet.values[other][item], Mistake::WrongYear))
        .chain(items.map(|other| (sheet.values[y][other], Mistake::SiblingRow)))
        .collect()
}

fn lookup(sheets: &[Sheet], draw: &mut Draw) -> Asked {
    let s = draw.below(sheets.len());
    let sheet = &sheets[s];
    let (item, y) = (draw.below(sheet.items.len()), draw.below(YEARS));
    Asked {
        kind: "Lookup",
        question: format!("what is {} in {} ?", sheet.items[item], year(sheet, y)),
        cells: vec![(s, item, y)],
        expression: "{0}",
        value: sheet.values[y][item],
        wrong: near(sheet, item, y),
    }
}

fn change(sheets: &[Sheet], draw: &mut Draw) -> Asked {
    let s = draw.below(sheets.len());
    let sheet = &sheets[s];
    let item = draw.below(sheet.items.len());
    let old = draw.below(YEARS - 1);
    let new = old + 1 + draw.below(YEARS - 1 - old);
    let of = |item: usize| sheet.values[new][item] - sheet.values[old][item];
    let value = of(item);
    let mut wrong = vec![(-value, Mistake::Sign)];
    wrong.extend(
        (0..sheet.items.len())
            .filter(|i| *i != item)
            .map(|i| (of(i), Mistake::SiblingRow)),
    );
    Asked {
        kind: "Net Change",
        question: format!(
            "change of {} from {} to {} ?",
            sheet.items[item],
            year(sheet, old),
            year(sheet, new)
        ),
        cells: vec![(s, item, new), (s, item, old)],
        expression: "{0} - {1}",
        value,
        wrong,
    }
}

fn two_tables(sheets: &[Sheet], total: bool, draw: &mut Draw) -> Asked {
    let one = draw.below(sheets.len());
    let other = (one + 1 + draw.below(sheets.len() - 1)) % sheets.len();
    let y = draw.below(YEARS);
    let (i, j) = (
        draw.below(sheets[one].items.len()),
        draw.below(sheets[other].items.len()),
    );
    let (left, right) = (sheets[one].values[y][i], sheets[other].values[y][j]);
    let (names, year) = (
        (sheets[one].items[i], sheets[other].items[j]),
        year(&sheets[one], y),
    );
    let apply = |l: i64, r: i64| if total { l + r } else { l - r };
    let value = apply(left, right);
    let mut wrong = vec![(left, Mistake::PartOrTotal), (right, Mistake::PartOrTotal)];
    wrong.extend(
        near(&sheets[one], i, y)
            .into_iter()
            .map(|(v, m)| (apply(v, right), m)),
    );
    wrong.extend(
        near(&sheets[other], j, y)
            .into_iter()
            .map(|(v, m)| (apply(left, v), m)),
    );
    if !total {
        wrong.push((-value, Mistake::Sign));
    }
    Asked {
        kind: if total {
            "multi_table - Total"
        } else {
            "multi_table - Gap"
        },
        question: if total {
            format!("total of {} and {} in {year} ?", names.0, names.1)
        } else {
            format!("gap of {} over {} in {year} ?", names.0, names.1)
        },
        cells: vec![(one, i, y), (other, j, y)],
        expression: if total { "{0} + {1}" } else { "{0} - {1}" },
        value,
        wrong,
    }
}

fn task(key: Key, config: &SynthConfig, company: &str, sheets: &[Sheet], asked: Asked) -> Task {
    // One query a cell: what a small model can write.
    let queries = asked
        .cells
        .iter()
        .map(|&(s, item, y)| {
            let sheet = &sheets[s];
            GoldQuery {
                company: company.to_owned(),
                table: sheet.name.to_owned(),
                sql: format!(
                    "SELECT {} FROM {} WHERE {} = {}",
                    sheet.headers[item],
                    sheet.name,
                    sheet.key,
                    year(sheet, y)
                ),
            }
        })
        .collect();
    let operands = (0..asked.cells.len() as u16)
        .map(|query| CellRef {
            query,
            row: 0,
            column: 0,
        })
        .collect();
    let mut wrong = asked.wrong;
    wrong.sort_unstable();
    wrong.dedup_by_key(|(value, _)| *value);
    let digest = Sha256::digest(format!("{company}\n{}", asked.question));
    let hash = crate::hex(&digest[..6]);
    Task {
        id: format!("{}-{}-{hash}", key.split.name(), key.index),
        split: Split(key.split.name().to_owned()),
        companies: vec![company.to_owned()],
        question: asked.question,
        question_type: asked.kind.to_owned(),
        unit_hint: String::new(),
        truth: format!("\\boxed{{{}}}", asked.value),
        answer: AnswerSpec {
            unit: Unit::Count,
            scale: Scale::One,
            op: Op::Exact,
            multi: Multi::Single,
            signed_change: false,
            aliases: Vec::new(),
        },
        gold: Some(Gold {
            queries,
            answer: GoldAnswer::Number {
                expression: asked.expression.to_owned(),
                operands,
                decimals: None,
                suffix: String::new(),
            },
        }),
        source: format!("synthetic-tiny/{}", crate::VERSION),
        level: config.level,
        known_wrong: wrong
            .into_iter()
            .map(|(value, mistake)| KnownWrong {
                answer: format!("\\boxed{{{value}}}"),
                mistake,
            })
            .collect(),
        ..Task::default()
    }
}

#[cfg(test)]
mod tests {
    use finqa_core::answer::{AnswerMode, score_answer};

    use super::*;
    use crate::config::World;

    #[test]
    fn every_question_has_one_answer_and_stays_small() {
        let config = SynthConfig {
            world: World::Tiny,
            multi_table_pct: 40,
            ..SynthConfig::default()
        };
        let mut kinds = HashSet::new();
        for index in 0..300 {
            let key = Key {
                seed: 5,
                split: SplitName::Train,
                index,
            };
            let made = super::super::company(key, &config, 16);
            assert_eq!(made.tasks.len(), 16);
            let questions: HashSet<&str> = made.tasks.iter().map(|t| t.question.as_str()).collect();
            assert_eq!(questions.len(), 16);
            for task in &made.tasks {
                kinds.insert(task.question_type.clone());
                let value: i64 = task.truth[7..task.truth.len() - 1].parse().unwrap();
                assert!((-99..=200).contains(&value), "{}", task.truth);
                for mode in [AnswerMode::Strict, AnswerMode::OpenEnv] {
                    let score =
                        |text: &str| score_answer(text, &task.truth, &task.answer, mode).score;
                    assert!(score(&task.truth) > 0.0, "{}", task.truth);
                    for wrong in &task.known_wrong {
                        assert!(
                            score(&wrong.answer) < 1.0,
                            "{}: {}",
                            task.truth,
                            wrong.answer
                        );
                    }
                }
            }
        }
        assert_eq!(kinds.len(), 4, "{kinds:?}");
    }

    #[test]
    fn splits_that_measure_ask_one_kind() {
        let config = SynthConfig {
            world: World::Tiny,
            ..SynthConfig::default()
        };
        for (split, multi) in [(SplitName::Eval290, false), (SplitName::Reason79, true)] {
            let made = super::super::company(
                Key {
                    seed: 0,
                    split,
                    index: 3,
                },
                &config,
                15,
            );
            assert!(
                made.tasks
                    .iter()
                    .all(|t| t.question_type.starts_with("multi_table") == multi)
            );
        }
    }
}
