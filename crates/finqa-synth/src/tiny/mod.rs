//! A world for models of about a million parameters: short names, numbers of two digits, years as rows.
//!
//! What makes a small model fail on filings (long names, many tokens a number) is gone; what has to be learned is
//! left: tables go by one of four names, the key column by one of four, items carry a suffix that differs from table
//! to table. A blind query is right about one time in six; list and schema make it certain. Which item belongs to
//! which topic never changes, so it can be learned.

mod questions;
mod words;

use finqa_core::{Company, Table, Task, Value};

use crate::config::SynthConfig;
use crate::draw::{Draw, Key, Stream};
use crate::generator::Made;
use crate::split::SplitName;
use words::{KEYS, SUFFIXES, TOPICS, Topic};

/// Rows of every table.
const YEARS: usize = 3;

/// A table with what questions need to know.
struct Sheet {
    /// Items of the topic that are columns, in column order.
    items: Vec<&'static str>,
    /// Column of item `i`.
    headers: Vec<String>,
    key: &'static str,
    name: &'static str,
    /// First year; years ascend.
    first_year: i64,
    /// `values[year][item]`, 10 to 99.
    values: Vec<Vec<i64>>,
}

/// Company `key` with `num_tasks` tasks.
pub(crate) fn company(key: Key, config: &SynthConfig, num_tasks: u32) -> Made {
    let mut draw = Draw::new(key, Stream::Tiny);
    let sheets = sheets(&mut draw);
    let name = name(key);
    let tasks: Vec<Task> = questions::of_company(key, config, &name, &sheets, num_tasks);
    Made {
        company: Company {
            name,
            tables: sheets.iter().map(Sheet::table).collect(),
        },
        tasks,
    }
}

/// The tables alone.
pub(crate) fn tables(key: Key) -> Company {
    let sheets = sheets(&mut Draw::new(key, Stream::Tiny));
    Company {
        name: name(key),
        tables: sheets.iter().map(Sheet::table).collect(),
    }
}

/// What companies of a split are called, before their number: words without digits.
const fn word(split: SplitName) -> &'static str {
    match split {
        SplitName::Train => "train",
        SplitName::Val => "val",
        SplitName::Eval290 => "eval",
        SplitName::Reason79 => "reason",
    }
}

fn name(key: Key) -> String {
    format!("{}{}", word(key.split), key.index)
}

/// Split and index of the company that would have a name: `train17` is company 17 of `train`.
pub(crate) fn find(name: &str) -> Option<(SplitName, u32)> {
    let digits = name.find(|c: char| c.is_ascii_digit())?;
    let split = SplitName::ALL
        .into_iter()
        .find(|split| word(*split) == &name[..digits])?;
    Some((split, name[digits..].parse().ok()?))
}

fn sheets(draw: &mut Draw) -> Vec<Sheet> {
    let first_year = draw.range(2016, 2020);
    let num_topics = 3 + draw.below(4);
    let mut topics: Vec<&'static Topic> = draw.choose(&TOPICS.each_ref(), num_topics);
    draw.shuffle(&mut topics);
    topics
        .into_iter()
        .map(|topic| {
            let name = topic.tables[draw.weighted(&[40, 20, 20, 20])];
            let key = KEYS[draw.weighted(&[40, 20, 20, 20])];
            let suffix = SUFFIXES[draw.weighted(&[40, 20, 20, 20])];
            let mut items = draw.choose(&topic.items, 3);
            draw.shuffle(&mut items);
            let values = (0..YEARS)
                .map(|_| items.iter().map(|_| draw.range(10, 99)).collect())
                .collect();
            Sheet {
                headers: items.iter().map(|item| format!("{item}{suffix}")).collect(),
                items,
                key,
                name,
                first_year,
                values,
            }
        })
        .collect()
}

impl Sheet {
    fn table(&self) -> Table {
        let mut columns = vec![self.key.to_owned()];
        columns.extend(self.headers.iter().cloned());
        let rows = (0..YEARS)
            .flat_map(|y| {
                std::iter::once(Value::Integer(self.first_year + y as i64))
                    .chain(self.values[y].iter().map(|v| Value::Integer(*v)))
            })
            .collect();
        Table {
            name: self.name.to_owned(),
            columns,
            rows,
            description: String::new(),
            scale: String::new(),
            extra: serde_json::Map::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn every_word_means_one_thing() {
        let mut seen = HashSet::new();
        for topic in &TOPICS {
            for word in topic.tables.iter().chain(&topic.items) {
                assert!(seen.insert(*word), "{word}");
            }
        }
        for key in KEYS {
            assert!(seen.insert(key), "{key}");
        }
    }

    #[test]
    fn a_blind_guess_is_seldom_right() {
        let (mut hits, n) = (0, 3000);
        for index in 0..n {
            let key = Key {
                seed: 1,
                split: SplitName::Train,
                index,
            };
            let sheet = &sheets(&mut Draw::new(key, Stream::Tiny))[0];
            let is_first = TOPICS.iter().any(|topic| topic.tables[0] == sheet.name);
            hits += u32::from(is_first && sheet.headers[0] == sheet.items[0]);
        }
        // 0.4 x 0.4 = 0.16, the key column left out because a wrong one is seldom needed.
        assert!(
            (0.12..0.20).contains(&(f64::from(hits) / f64::from(n))),
            "{hits} of {n}"
        );
    }

    #[test]
    fn tables_are_valid_and_the_same_every_time() {
        for index in 0..200 {
            let key = Key {
                seed: 3,
                split: SplitName::Val,
                index,
            };
            let company = tables(key);
            assert!((3..=6).contains(&company.tables.len()));
            for table in &company.tables {
                table.check(&company.name).unwrap();
                assert_eq!(table.num_rows(), YEARS);
            }
            assert_eq!(company, tables(key));
        }
    }
}
