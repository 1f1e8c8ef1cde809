//! Well-formed calls of random tools with random arguments.

use finqa_core::Corpus;
use finqa_core::tool::Toolbox;

use super::draw::Draw;
use super::{Scene, Script};
use crate::access;
use crate::actions::call_of;
use crate::gold::submit;

/// Messages before the answer.
const NUM_CALLS: u32 = 5;

pub(super) struct Random {
    draw: Draw,
    turn: u32,
}

impl Random {
    pub(super) fn new(draw: Draw) -> Self {
        Self { draw, turn: 0 }
    }
}

impl Script for Random {
    fn variant(&self) -> &'static str {
        "random_calls"
    }

    fn act(&mut self, scene: &Scene<'_>, _observation: &str) -> String {
        self.turn += 1;
        if self.turn > NUM_CALLS {
            return submit(scene.tools, &self.draw.invented());
        }
        random_call(
            scene.tools,
            scene.corpus,
            &scene.task.companies[0],
            &mut self.draw,
        )
    }
}

/// A call of a random tool; some of the names that it uses exist.
fn random_call(tools: &Toolbox, corpus: &Corpus, company: &str, draw: &mut Draw) -> String {
    let spec = &tools.specs()[draw.below(tools.specs().len())];
    let mut table = "no_such_table".to_owned();
    let mut column = "item".to_owned();
    if let Some(found) = access::company(corpus, company)
        && !found.tables.is_empty()
        && draw.below(4) > 0
    {
        let chosen = &found.tables[draw.below(found.tables.len())];
        table.clone_from(&chosen.name);
        column.clone_from(&chosen.columns[draw.below(chosen.columns.len())]);
    }
    let quoted = |name: &str| format!("\"{}\"", name.replace('"', "\"\""));
    let sql = format!(
        "SELECT {} FROM {} LIMIT {}",
        quoted(&column),
        quoted(&table),
        1 + draw.below(5)
    );
    let expression = format!("{} / {}", draw.below(10_000), draw.below(100));
    call_of(
        spec,
        &[
            ("company_name", company),
            ("table_name", &table),
            ("query", &sql),
            ("expression", &expression),
            ("answer", &draw.invented()),
        ],
    )
}
