//! Reads the schema of every table and understands none: a reward for touching tables must not be farmed.

use std::collections::VecDeque;

use finqa_core::tool::{ToolKind, Toolbox};

use super::draw::Draw;
use super::listing::table_names;
use super::{Scene, Script};
use crate::actions::call;
use crate::gold::submit;

/// Calls of one message: as many as an environment runs by default, so that 45 tables fit into its turns.
const CALLS_PER_MESSAGE: usize = 8;

pub(super) struct SpamTables {
    draw: Draw,
    /// The company whose listing was asked for last.
    company: usize,
    listing_asked: bool,
    infos: VecDeque<String>,
}

impl SpamTables {
    pub(super) fn new(draw: Draw) -> Self {
        Self {
            draw,
            company: 0,
            listing_asked: false,
            infos: VecDeque::new(),
        }
    }
}

/// Companies that the list tool can be asked about: without a company argument only the first.
fn num_companies(scene: &Scene<'_>) -> usize {
    if takes_company(scene.tools) {
        scene.task.companies.len()
    } else {
        1
    }
}

fn takes_company(tools: &Toolbox) -> bool {
    tools
        .specs()
        .iter()
        .any(|s| s.kind == ToolKind::ListTables && s.param_type("company_name").is_some())
}

impl Script for SpamTables {
    fn variant(&self) -> &'static str {
        "every_table"
    }

    fn act(&mut self, scene: &Scene<'_>, observation: &str) -> String {
        if std::mem::take(&mut self.listing_asked) {
            let company = &scene.task.companies[self.company];
            self.company += 1;
            self.infos
                .extend(table_names(observation).iter().filter_map(|table| {
                    let values = [("company_name", company.as_str()), ("table_name", table)];
                    call(scene.tools, ToolKind::TableInfo, &values)
                }));
        }
        if !self.infos.is_empty() {
            let n = self.infos.len().min(CALLS_PER_MESSAGE);
            return self.infos.drain(..n).collect::<Vec<_>>().join("\n");
        }
        if self.company < num_companies(scene) {
            self.listing_asked = true;
            let company = ("company_name", scene.task.companies[self.company].as_str());
            if let Some(message) = call(scene.tools, ToolKind::ListTables, &[company]) {
                return message;
            }
        }
        submit(scene.tools, &self.draw.invented())
    }
}
