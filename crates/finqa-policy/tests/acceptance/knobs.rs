//! Every knob does what it says at its ends, and the questions stay answerable.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use finqa_core::answer::Unit;
use finqa_core::gold::GoldAnswer;
use finqa_core::{Corpus, Table, Task, ToolProfile};
use finqa_policy::PolicyKind;
use finqa_synth::{HeaderStyle, LabelStyle, SqlStrictness, SynthConfig, UnitHint};

use crate::played::{faults_of_gold, played};
use crate::worlds::part;

/// Companies made with each setting.
const COMPANIES: u32 = 5;

/// A figure of a corpus.
type Figure = fn(&Corpus) -> f64;

/// A knob, set low and high, and what that must do to a figure.
struct Knob {
    name: &'static str,
    low: fn(&mut SynthConfig),
    high: fn(&mut SynthConfig),
    figure: Figure,
    /// Least and most of the figure with the knob set low, then high.
    wanted: [(f64, f64); 2],
}

fn tables(corpus: &Corpus) -> impl Iterator<Item = &Table> {
    let companies = corpus.stored().unwrap().companies();
    companies.iter().flat_map(|c| &c.tables)
}

fn tasks(corpus: &Corpus) -> impl Iterator<Item = &Task> {
    corpus.stored().unwrap().tasks().iter().map(|t| &**t)
}

/// Share of what is looked at that has a property; 0 if there is nothing.
fn share<T>(all: impl Iterator<Item = T>, has: impl Fn(&T) -> bool) -> f64 {
    let (mut n, mut with) = (0_u32, 0_u32);
    for one in all {
        n += 1;
        with += u32::from(has(&one));
    }
    f64::from(with) / f64::from(n.max(1))
}

fn text(table: &Table, row: usize, column: usize) -> &str {
    table.row(row)[column].as_str().unwrap_or_default()
}

fn labels(table: &Table) -> impl Iterator<Item = &str> {
    (0..table.num_rows()).map(|r| text(table, r, 0))
}

fn cells(table: &Table) -> impl Iterator<Item = &str> {
    let width = table.columns.len();
    (0..table.num_rows()).flat_map(move |r| (1..width).map(move |c| text(table, r, c)))
}

/// Years that a table's headers name.
fn years(table: &Table) -> usize {
    let found = |header: &String| {
        header
            .split(|c: char| !c.is_ascii_digit())
            .find(|d| d.len() == 4 && d.starts_with("20"))
            .map(str::to_owned)
    };
    let years: BTreeSet<String> = table.columns.iter().filter_map(found).collect();
    years.len()
}

fn tables_a_company(corpus: &Corpus) -> f64 {
    tables(corpus).count() as f64 / f64::from(COMPANIES)
}

/// Cells that a number is worked out from; the largest of a group is sought among all of it.
fn operands(task: &Task) -> usize {
    match task.gold.as_ref().map(|g| &g.answer) {
        Some(GoldAnswer::Number { operands, .. }) => operands.len(),
        _ => 0,
    }
}

/// Rows of the gold query that the question calls by the label in the table.
fn is_verbatim(task: &Task) -> bool {
    let folded = |s: &str| s.to_lowercase().replace(['_', ':'], " ");
    let question = folded(&task.question);
    let asked = task.gold.iter().flat_map(|g| &g.queries);
    let literals = asked.flat_map(|q| q.sql.split('\'').skip(1).step_by(2));
    let mut found = literals.map(|l| question.contains(folded(l).trim()));
    found.next().is_some_and(|first| first && found.all(|f| f))
}

const KNOBS: &[Knob] = &[
    Knob {
        name: "min_tables, max_tables",
        low: |c| (c.min_tables, c.max_tables) = (8, 8),
        high: |c| (c.min_tables, c.max_tables) = (45, 45),
        figure: tables_a_company,
        wanted: [(8.0, 8.0), (38.0, 45.0)],
    },
    Knob {
        name: "distractor_pct",
        low: |c| c.distractor_pct = 0,
        high: |c| c.distractor_pct = 100,
        figure: |corpus| {
            // A twin has the name of a published tag under the company's own prefix.
            let neighbours = |t: &&Table| {
                [
                    "FinanceLease",
                    "Quarterly",
                    "AndLongLivedAssets",
                    "ReclassificationOut",
                ]
                .iter()
                .any(|part| t.name.contains(part))
            };
            share(tables(corpus), neighbours)
        },
        wanted: [(0.0, 0.05), (0.05, 0.3)],
    },
    Knob {
        name: "custom_tag_pct",
        low: |c| c.custom_tag_pct = 0,
        high: |c| c.custom_tag_pct = 100,
        figure: |corpus| {
            share(tables(corpus), |t| {
                !t.name.starts_with("us_gaap_") && !t.name.starts_with("srt_")
            })
        },
        wanted: [(0.0, 0.0), (1.0, 1.0)],
    },
    Knob {
        name: "header_style",
        low: |c| c.header_style = HeaderStyle::Cleaned,
        high: |c| c.header_style = HeaderStyle::Filing,
        figure: |corpus| share(tables(corpus), |t| t.columns[0] == "col_0"),
        wanted: [(0.0, 0.05), (0.6, 0.9)],
    },
    Knob {
        name: "label_style: snake",
        low: |c| c.label_style = LabelStyle::Original,
        high: |c| c.label_style = LabelStyle::Snake,
        figure: |corpus| share(tables(corpus).flat_map(labels), |l| l.contains('_')),
        wanted: [(0.0, 0.0), (0.6, 1.0)],
    },
    Knob {
        name: "label_style: original",
        low: |c| c.label_style = LabelStyle::Lower,
        high: |c| c.label_style = LabelStyle::Original,
        figure: |corpus| {
            share(tables(corpus).flat_map(labels), |l| {
                l.starts_with(|c: char| c.is_uppercase())
            })
        },
        wanted: [(0.0, 0.05), (0.8, 1.0)],
    },
    Knob {
        name: "unit_hint",
        low: |c| {
            (c.unanswerable_pct, c.multi_table_pct) = (0, 0);
            c.unit_hint = UnitHint::WhenNeeded;
        },
        high: |c| {
            (c.unanswerable_pct, c.multi_table_pct) = (0, 0);
            c.unit_hint = UnitHint::Always;
        },
        figure: |corpus| {
            let amounts = tasks(corpus).filter(|t| t.answer.unit == Unit::Amount);
            share(amounts, |t| {
                let scales = ["illions", "in thousands", "$ thousands", "thousands of"];
                scales.iter().any(|s| t.unit_hint.contains(s))
            })
        },
        wanted: [(0.0, 0.3), (0.8, 1.0)],
    },
    Knob {
        name: "unit_mismatch_pct",
        low: |c| c.unit_mismatch_pct = 0,
        high: |c| c.unit_mismatch_pct = 100,
        figure: |corpus| {
            // Companies whose tables are in several scales.
            share(corpus.stored().unwrap().companies().iter(), |company| {
                let scales: BTreeSet<&str> = company
                    .tables
                    .iter()
                    .map(|t| t.scale.as_str())
                    .filter(|s| ["thousand", "million", "billion"].contains(s))
                    .collect();
                scales.len() > 1
            })
        },
        wanted: [(0.0, 0.0), (0.6, 1.0)],
    },
    Knob {
        name: "restated_pct",
        low: |c| c.restated_pct = 0,
        high: |c| c.restated_pct = 100,
        figure: |corpus| {
            share(corpus.stored().unwrap().companies().iter(), |company| {
                company.tables.iter().any(|t| {
                    let restated = |s: &str| s.contains("restate") || s.contains("recast");
                    t.columns.iter().any(|c| restated(c)) || restated(&t.description)
                })
            })
        },
        wanted: [(0.0, 0.0), (0.8, 1.0)],
    },
    Knob {
        name: "dash_pct",
        low: |c| c.dash_pct = 0,
        high: |c| c.dash_pct = 100,
        figure: |corpus| {
            let plain = |cell: &str| cell.trim_start_matches(['$', ' ']).to_owned();
            let zeros = tables(corpus).flat_map(cells).map(plain);
            let zeros = zeros.filter(|c| ["0", "-", "–", "—"].contains(&c.as_str()));
            share(zeros, |c| c != "0")
        },
        wanted: [(0.0, 0.0), (1.0, 1.0)],
    },
    Knob {
        name: "repeated_label_pct",
        low: |c| c.repeated_label_pct = 0,
        high: |c| (c.repeated_label_pct, c.section_pct) = (100, 100),
        figure: |corpus| {
            share(tables(corpus), |t| {
                let mut seen = BTreeSet::new();
                labels(t).any(|l| !seen.insert(l))
            })
        },
        wanted: [(0.0, 0.25), (0.05, 1.0)],
    },
    Knob {
        name: "section_pct",
        low: |c| c.section_pct = 0,
        high: |c| c.section_pct = 100,
        figure: |corpus| {
            share(tables(corpus), |t| {
                (0..t.num_rows()).any(|r| (1..t.columns.len()).all(|c| text(t, r, c).is_empty()))
            })
        },
        wanted: [(0.0, 0.2), (0.3, 1.0)],
    },
    Knob {
        name: "paraphrase_level",
        low: |c| {
            c.multi_table_pct = 0;
            c.paraphrase_level = 1;
        },
        high: |c| {
            c.multi_table_pct = 0;
            c.paraphrase_level = 3;
        },
        figure: |corpus| share(tasks(corpus), |t| !is_verbatim(t)),
        wanted: [(0.0, 0.6), (0.4, 1.0)],
    },
    Knob {
        name: "max_operands",
        low: |c| (c.max_operands, c.multi_table_pct) = (2, 0),
        high: |c| (c.max_operands, c.multi_table_pct) = (5, 0),
        figure: |corpus| tasks(corpus).map(operands).max().unwrap_or_default() as f64,
        wanted: [(2.0, 2.0), (4.0, 6.0)],
    },
    Knob {
        name: "max_hops",
        low: |c| (c.max_hops, c.multi_table_pct, c.unanswerable_pct) = (2, 100, 0),
        high: |c| (c.max_hops, c.multi_table_pct, c.unanswerable_pct) = (4, 100, 0),
        figure: |corpus| {
            let hops = |t: &Task| t.gold.as_ref().map_or(0, |g| g.tables().len());
            tasks(corpus).map(hops).max().unwrap_or_default() as f64
        },
        wanted: [(2.0, 2.0), (3.0, 4.0)],
    },
    Knob {
        name: "max_years",
        low: |c| c.max_years = 2,
        high: |c| c.max_years = 5,
        // Columns of years to come are no years shown.
        figure: |corpus| share(tables(corpus), |t| years(t) > 2),
        wanted: [(0.0, 0.05), (0.25, 0.7)],
    },
    Knob {
        name: "decimals",
        low: |c| c.decimals = Some(0),
        high: |c| c.decimals = Some(2),
        // Tables of amounts: those in millions, by their scale.
        figure: |corpus| {
            let amounts = tables(corpus)
                .filter(|t| t.scale == "million")
                .flat_map(|t| &t.rows)
                .filter_map(|cell| cell.as_str())
                .filter(|text| text.contains(|c: char| c.is_ascii_digit()) && text.contains(','));
            share(amounts, |text| {
                text.trim_end_matches(')')
                    .rsplit('.')
                    .next()
                    .map_or(0, str::len)
                    == 2
            })
        },
        wanted: [(0.0, 0.05), (0.5, 1.0)],
    },
    Knob {
        name: "missing_metadata_pct",
        low: |c| c.missing_metadata_pct = 0,
        high: |c| c.missing_metadata_pct = 100,
        figure: |corpus| share(tables(corpus), |t| t.description.is_empty()),
        wanted: [(0.0, 0.0), (0.9, 1.0)],
    },
    Knob {
        name: "sql_strictness",
        low: |c| c.sql_strictness = SqlStrictness::Both,
        high: |c| c.sql_strictness = SqlStrictness::Rllm,
        figure: |corpus| {
            let asked = tasks(corpus).flat_map(|t| t.gold.iter().flat_map(|g| &g.queries));
            share(asked, |q| q.sql.contains(" LIMIT "))
        },
        wanted: [(0.0, 0.0), (0.3, 0.9)],
    },
    Knob {
        name: "unanswerable_pct",
        low: |c| c.unanswerable_pct = 0,
        high: |c| c.unanswerable_pct = 100,
        figure: |corpus| share(tasks(corpus), |t| t.question_type == "Unanswerable"),
        wanted: [(0.0, 0.0), (1.0, 1.0)],
    },
    Knob {
        name: "multi_table_pct",
        low: |c| (c.multi_table_pct, c.unanswerable_pct) = (0, 0),
        high: |c| (c.multi_table_pct, c.unanswerable_pct) = (100, 0),
        figure: |corpus| {
            share(tasks(corpus), |t| {
                t.question_type.starts_with("multi_table")
            })
        },
        wanted: [(0.0, 0.0), (1.0, 1.0)],
    },
    Knob {
        name: "tasks_per_company",
        low: |c| c.tasks_per_company = 1,
        high: |c| c.tasks_per_company = 64,
        figure: |corpus| tasks(corpus).count() as f64 / f64::from(COMPANIES),
        wanted: [(1.0, 1.0), (64.0, 64.0)],
    },
];

fn made(set: fn(&mut SynthConfig)) -> Arc<Corpus> {
    let mut config = SynthConfig::default();
    set(&mut config);
    part(config, &[("train", Some(COMPANIES))])
}

#[test]
fn every_knob_has_its_effect_and_gold_stays_right() {
    let mut faults = Vec::new();
    for knob in KNOBS {
        for (end, set, (least, most)) in [
            ("low", knob.low, knob.wanted[0]),
            ("high", knob.high, knob.wanted[1]),
        ] {
            let corpus = made(set);
            let figure = (knob.figure)(&corpus);
            println!("{:<24} {end:<5} {figure:.3}", knob.name);
            if !(least..=most).contains(&figure) {
                faults.push(format!(
                    "{} {end}: {figure} is not in {least}..={most}",
                    knob.name
                ));
            }
            // The guard of the profile is what `sql_strictness` leaves.
            let episodes = played(&corpus, PolicyKind::Gold, ToolProfile::Rllm);
            faults.extend(episodes.iter().flat_map(|(task, demo)| {
                let own = faults_of_gold(task, demo);
                own.into_iter().map(|f| format!("{} {end}: {f}", knob.name))
            }));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn a_curriculum_deals_levels_and_gold_stays_right() {
    let config = SynthConfig {
        curriculum: Some([1, 1, 1, 1, 1]),
        ..SynthConfig::default()
    };
    let corpus = part(config, &[("train", Some(30))]);
    let mut levels: BTreeMap<u8, usize> = BTreeMap::new();
    for task in tasks(&corpus) {
        *levels.entry(task.level).or_default() += 1;
    }
    assert_eq!(levels.len(), 5, "{levels:?}");
    let faults: Vec<String> = played(&corpus, PolicyKind::Gold, ToolProfile::Rllm)
        .iter()
        .flat_map(|(task, demo)| faults_of_gold(task, demo))
        .collect();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}
