//! The disciplined policy that makes one mistake, notices it in what comes back, and repairs it.

use std::collections::VecDeque;

use finqa_core::gold::{Gold, GoldQuery};
use finqa_core::task::Task;
use finqa_core::tool::{ToolKind, Toolbox};
use finqa_core::{Company, Corpus, Table, Value};

use super::draw::Draw;
use super::listing::keywords;
use super::{Scene, Script};
use crate::access;
use crate::actions::call;
use crate::gold::GoldRun;
use crate::select::{self, quoted, text_literal};

/// A mistake and the messages that make and answer it, put before one message of the gold run.
struct Slip {
    variant: &'static str,
    /// The gold message before which it happens; `None`: before the first.
    before: Option<String>,
    /// What is sent: the mistake, then what the policy does about it before it goes on.
    detour: Vec<String>,
}

pub(super) struct Recovery {
    gold: GoldRun,
    variant: &'static str,
    before: Option<String>,
    detour: VecDeque<String>,
    /// Messages that go out before the gold run is asked again.
    queue: VecDeque<String>,
}

/// Ways to slip; each says `None` where the task leaves no room for it.
const SLIPS: [fn(&Ground<'_>, &mut Draw) -> Option<Slip>; 4] =
    [wrong_table, wrong_column, wrong_label, missing_argument];

impl Recovery {
    pub(super) fn new(corpus: &Corpus, tools: &Toolbox, task: &Task, mut draw: Draw) -> Self {
        let slip = task.gold.as_ref().and_then(|gold| {
            let ground = Ground {
                corpus,
                tools,
                task,
                gold,
            };
            let first = draw.below(SLIPS.len());
            (0..SLIPS.len()).find_map(|i| SLIPS[(first + i) % SLIPS.len()](&ground, &mut draw))
        });
        let (variant, before, detour) = slip.map_or(("no_gold", None, Vec::new()), |s| {
            (s.variant, s.before, s.detour)
        });
        let mut run = Self {
            gold: GoldRun::new(task),
            variant,
            before,
            detour: detour.into(),
            queue: VecDeque::new(),
        };
        if run.before.is_none() {
            run.queue = std::mem::take(&mut run.detour);
        }
        run
    }
}

impl Script for Recovery {
    fn variant(&self) -> &'static str {
        self.variant
    }

    fn act(&mut self, scene: &Scene<'_>, observation: &str) -> String {
        if let Some(next) = self.queue.pop_front() {
            return next;
        }
        // A gold run that has asked for nothing yet does not look at what came back.
        let message = self.gold.act(scene.task, scene.tools, observation);
        if self.before.as_deref() == Some(&message)
            && let Some(mistake) = self.detour.pop_front()
        {
            self.before = None;
            self.queue.append(&mut self.detour);
            self.queue.push_back(message);
            return mistake;
        }
        message
    }
}

/// What a slip is made from.
struct Ground<'a> {
    corpus: &'a Corpus,
    tools: &'a Toolbox,
    task: &'a Task,
    gold: &'a Gold,
}

impl<'a> Ground<'a> {
    fn company(&self, name: &str) -> Option<std::sync::Arc<Company>> {
        access::company(self.corpus, name)
    }

    /// One of the gold queries.
    fn query(&self, draw: &mut Draw) -> Option<&'a GoldQuery> {
        draw.pick(&self.gold.queries)
    }

    /// The message that asks `sql` of the table of `query`.
    fn ask(&self, query: &GoldQuery, sql: &str) -> Option<String> {
        let values = [
            ("company_name", query.company.as_str()),
            ("table_name", &query.table),
            ("query", sql),
        ];
        call(self.tools, ToolKind::SqlQuery, &values)
    }
}

/// Queries a table by a misremembered name before anything is listed.
fn wrong_table(ground: &Ground<'_>, draw: &mut Draw) -> Option<Slip> {
    let query = ground.query(draw);
    let company_name = query.map_or(ground.task.companies[0].as_str(), |q| &q.company);
    let company = ground.company(company_name)?;
    let words = keywords(&ground.task.question);
    let mut names: Vec<String> = Vec::new();
    if let Some(query) = query {
        let bare = query
            .table
            .trim_start_matches("us_gaap_")
            .trim_end_matches("TableTextBlock");
        names.extend([
            bare.to_owned(),
            format!("{bare}Table"),
            format!("{}_details", query.table),
        ]);
    }
    names.push(words.iter().take(2).cloned().collect::<Vec<_>>().join("_"));
    names.extend(["income_statement", "balance_sheet", "financial_data"].map(String::from));
    names.retain(|name| !name.is_empty() && company.table(name).is_none());
    let name = draw.pick(&names)?;
    let word = draw.pick(&words).map_or("total", String::as_str);
    let sql = format!(
        "SELECT value FROM {} WHERE item LIKE '%{word}%'",
        quoted(name)
    );
    let values = [
        ("company_name", company_name),
        ("table_name", name),
        ("query", &sql),
    ];
    Some(Slip {
        variant: "wrong_table",
        before: None,
        detour: vec![call(ground.tools, ToolKind::SqlQuery, &values)?],
    })
}

/// Has read the schema and still names a column that is not there.
fn wrong_column(ground: &Ground<'_>, draw: &mut Draw) -> Option<Slip> {
    let query = ground.query(draw)?;
    let company = ground.company(&query.company)?;
    let list = select::columns(&query.sql)?;
    let right = list.last()?;
    let name = right.unquoted();
    let digits = name
        .split(|c: char| !c.is_ascii_digit())
        .find(|d| d.len() == 4);
    let mut names = match digits {
        Some(year) => ["fiscal_", "fy", "year_"]
            .map(|p| format!("{p}{year}"))
            .to_vec(),
        None => ["amount", "value", "total_amount"]
            .map(String::from)
            .to_vec(),
    };
    names.retain(|n| {
        let is_there = |t: &Table| t.columns.iter().any(|c| c.eq_ignore_ascii_case(n));
        !company.tables.iter().any(is_there)
    });
    let wrong = draw.pick(&names)?;
    // Unquoted: a name in double quotes could be taken for a text.
    let sql = format!(
        "{}{wrong}{}",
        &query.sql[..right.start],
        &query.sql[right.end()..]
    );
    Some(Slip {
        variant: "wrong_column",
        before: Some(ground.ask(query, &query.sql)?),
        detour: vec![ground.ask(query, &sql)?],
    })
}

/// Filters by a label that matches nothing, looks the labels up, and asks again.
fn wrong_label(ground: &Ground<'_>, draw: &mut Draw) -> Option<Slip> {
    let query = ground.query(draw)?;
    let company = ground.company(&query.company)?;
    let table = company.table(&query.table)?;
    let before_filter = select::without_filter(&query.sql)?;
    let labels: Vec<String> = (0..table.num_rows())
        .filter_map(|row| match &table.row(row)[0] {
            Value::Text(label) if !label.trim().is_empty() => Some(label.to_string()),
            Value::Integer(year) => Some(year.to_string()),
            _ => None,
        })
        .collect();
    let wanted = select::literals(&query.sql)
        .into_iter()
        .find(|text| labels.contains(text));
    let label = match wanted {
        Some(label) => label,
        None => labels.first()?.clone(),
    };
    let mut names = if label.bytes().all(|b| b.is_ascii_digit()) {
        vec![format!("FY{label}"), format!("fiscal {label}")]
    } else {
        vec![
            capitalized(&label),
            label.to_uppercase(),
            format!("Total {label}"),
            format!("{label}, net"),
        ]
    };
    names.retain(|name| !labels.contains(name));
    let wrong = draw.pick(&names)?;
    let column = quoted(&table.columns[0]);
    let filtered = format!("{before_filter} WHERE {column} = {}", text_literal(wrong));
    let listing = format!(
        "SELECT {column} FROM {} WHERE {column} IS NOT NULL",
        quoted(&table.name)
    );
    Some(Slip {
        variant: "wrong_label",
        before: Some(ground.ask(query, &query.sql)?),
        detour: vec![ground.ask(query, &filtered)?, ground.ask(query, &listing)?],
    })
}

fn capitalized(text: &str) -> String {
    text.split(' ')
        .map(|word| {
            let mut chars = word.chars();
            chars.next().map_or(String::new(), |first| {
                first.to_uppercase().chain(chars).collect()
            })
        })
        .collect::<Vec<_>>()
        .join(" ")
}

/// Calls a tool without one of its arguments.
fn missing_argument(ground: &Ground<'_>, draw: &mut Draw) -> Option<Slip> {
    let query = ground.query(draw)?;
    let company = ("company_name", query.company.as_str());
    let table = ("table_name", query.table.as_str());
    let (before, mistake) = if draw.below(2) == 0 {
        (
            call(ground.tools, ToolKind::TableInfo, &[company, table]),
            call(ground.tools, ToolKind::TableInfo, &[company]),
        )
    } else {
        (
            ground.ask(query, &query.sql),
            call(ground.tools, ToolKind::SqlQuery, &[company, table]),
        )
    };
    Some(Slip {
        variant: "missing_argument",
        before: Some(before?),
        detour: vec![mistake?],
    })
}
