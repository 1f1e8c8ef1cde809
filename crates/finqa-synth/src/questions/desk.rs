//! The desk at which questions about a company are made: its tables and who else bears a name.

use std::collections::{BTreeMap, BTreeSet};

use super::View;
use super::sheet::{At, Sheet};
use crate::draw::Draw;
use crate::note::{Label, Role};

/// A company's tables with an index of the names of their rows.
pub(crate) struct Desk<'a> {
    pub(crate) view: &'a View<'a>,
    pub(crate) sheets: Vec<Sheet<'a>>,
    /// Rows by every name that they have, folded.
    names: BTreeMap<String, Vec<(usize, usize)>>,
    /// The same names, one a line, and which lengths they have.
    all_names: String,
    name_lengths: BTreeSet<usize>,
    /// How many tables have a topic.
    topics: BTreeMap<&'static str, usize>,
}

/// How a question calls a row.
#[derive(Clone, Debug)]
pub(crate) struct Name {
    pub(crate) text: String,
    /// The name alone could mean a row of another table.
    pub(crate) needs_topic: bool,
}

/// Words that say nothing without their table: a label of such words alone is asked about with the topic.
const GENERIC: [&str; 60] = [
    "1",
    "2",
    "3",
    "4",
    "5",
    "a",
    "after",
    "amount",
    "amounts",
    "and",
    "at",
    "average",
    "balance",
    "basic",
    "beginning",
    "between",
    "by",
    "closing",
    "cost",
    "current",
    "deferred",
    "diluted",
    "domestic",
    "due",
    "end",
    "ending",
    "federal",
    "five",
    "foreign",
    "granted",
    "gross",
    "in",
    "interest",
    "less",
    "level",
    "local",
    "long",
    "more",
    "net",
    "non",
    "of",
    "one",
    "opening",
    "other",
    "over",
    "period",
    "short",
    "state",
    "subtotal",
    "ten",
    "term",
    "than",
    "the",
    "thereafter",
    "three",
    "through",
    "to",
    "total",
    "up",
    "year",
];

/// Tables whose parts are called by other things than what they measure: "operating lease liabilities" is a tax asset
/// among the deferred taxes, "Europe" revenue or property, "research and development" a share of some cost.
const TOPICAL: [&str; 28] = [
    "AccruedLiabilitiesByFunction",
    "DisaggregationOfRevenue",
    "InventoryByRegion",
    "LeaseCostByFunction",
    "LongLivedAssetsByGeographicAreas",
    "NetBenefitCostByFunction",
    "ReclassificationOutOfAccumulatedOtherComprehensiveIncome",
    "ReconciliationOfSegmentOperatingIncomeToIncomeBeforeIncomeTaxes",
    "RevenueByContractDuration",
    "RevenueByCustomerType",
    "RevenueBySegment",
    "RevenueFromExternalCustomersByGeographicAreas",
    "ScheduleOfAccumulatedOtherComprehensiveIncomeLoss",
    "ScheduleOfAllocationOfPlanAssets",
    "ScheduleOfCashFlowSupplementalDisclosures",
    "ScheduleOfChangesInFairValueOfPlanAssets",
    "ScheduleOfComponentsOfIncomeTaxExpenseBenefit",
    "ScheduleOfDeferredTaxAssetsAndLiabilities",
    "ScheduleOfEffectiveIncomeTaxRateReconciliation",
    "ScheduleOfEmployeeServiceShareBasedCompensationAllocationOfRecognizedPeriodCosts",
    "ScheduleOfFairValueAssetsAndLiabilitiesMeasuredOnRecurringBasis",
    "ScheduleOfIncomeBeforeIncomeTaxDomesticAndForeign",
    "ScheduleOfNotionalAmountsOfOutstandingDerivativePositions",
    "ScheduleOfRecognizedIdentifiedAssetsAcquiredAndLiabilitiesAssumed",
    "ScheduleOfRevenuesFromExternalCustomersAndLongLivedAssetsByGeographicalAreas",
    "SummaryOfChangesInNetDeferredTaxes",
    "SummaryOfRevenueBySalesChannel",
    "SummaryOfSegmentRevenueAndOperatingIncome",
];

impl<'a> Desk<'a> {
    pub(crate) fn new(view: &'a View<'a>) -> Self {
        let sheets: Vec<Sheet<'a>> = view
            .tables
            .iter()
            .enumerate()
            .map(|(i, written)| Sheet::new(written, i))
            .collect();
        let mut names: BTreeMap<String, Vec<(usize, usize)>> = BTreeMap::new();
        let mut topics = BTreeMap::new();
        for sheet in &sheets {
            *topics.entry(sheet.written.note.topic).or_default() += 1;
            for (r, row) in sheet.rows().iter().enumerate() {
                if row.role == Role::Section {
                    continue;
                }
                for name in names_of(&row.label) {
                    let rows = names.entry(fold(name)).or_default();
                    if rows.last() != Some(&(sheet.index, r)) {
                        rows.push((sheet.index, r));
                    }
                }
            }
        }
        let all_names = names.keys().map(String::as_str).collect::<Vec<_>>();
        Self {
            view,
            sheets,
            all_names: all_names.join("\n"),
            name_lengths: names.keys().map(String::len).collect(),
            names,
            topics,
        }
    }

    pub(crate) fn sheet(&self, at: At) -> &Sheet<'a> {
        &self.sheets[at.table]
    }

    /// The topic of a table, if no other table of the company has the same.
    pub(crate) fn topic(&self, table: usize) -> Option<&'static str> {
        let topic = self.sheets[table].written.note.topic;
        (self.topics.get(topic) == Some(&1)).then_some(topic)
    }

    /// Other rows of the company that a name could mean.
    pub(crate) fn namesakes(
        &self,
        name: &str,
        own: (usize, usize),
    ) -> impl Iterator<Item = (usize, usize)> {
        self.names
            .get(&fold(name))
            .into_iter()
            .flatten()
            .copied()
            .filter(move |other| *other != own)
    }

    /// Whether a row of the company has this name (folded), or one that holds it or lies in it; names of one word lie
    /// in too many to count.
    pub(crate) fn has_name_like(&self, folded: &str) -> bool {
        // A name that lies in it begins and ends anywhere within a word, too, so every part is looked up.
        self.all_names.contains(folded)
            || self.name_lengths.iter().any(|&length| {
                (0..(folded.len() + 1).saturating_sub(length)).any(|from| {
                    folded
                        .get(from..from + length)
                        .is_some_and(|part| part.contains(' ') && self.names.contains_key(part))
                })
            })
    }

    /// Rows of other tables that share a name with a row.
    pub(crate) fn relatives(&self, table: usize, row: usize) -> Vec<(usize, usize)> {
        let label = &self.sheets[table].rows()[row].label;
        let mut out: Vec<(usize, usize)> = names_of(label)
            .flat_map(|name| self.namesakes(name, (table, row)))
            .filter(|(other, _)| *other != table)
            .collect();
        out.sort_unstable();
        out.dedup();
        out
    }

    /// The same without the idea behind it, for labels of a report.
    pub(crate) fn plain_name(&self, table: usize, row: usize, draw: &mut Draw) -> Option<Name> {
        self.name_of(table, row, draw, false)
    }

    /// A name for a row: its label 45 %, a synonym 40 %, the idea behind it 15 %, as far as there are such and the
    /// level of paraphrase allows them. `None` if no name tells it from the other rows.
    pub(crate) fn name(&self, table: usize, row: usize, draw: &mut Draw) -> Option<Name> {
        self.name_of(table, row, draw, true)
    }

    fn name_of(
        &self,
        table: usize,
        row: usize,
        draw: &mut Draw,
        with_concept: bool,
    ) -> Option<Name> {
        let sheet = &self.sheets[table];
        let this = &sheet.rows()[row];
        if let Some(name) = due_name(sheet, row) {
            return Some(Name {
                text: name,
                needs_topic: true,
            });
        }
        let label = &this.label;
        let level = self.view.config.paraphrase_level;
        let synonym = (level >= 2 && !label.also.is_empty()).then_some(label.also);
        let concept =
            (with_concept && level >= 3 && is_noun_phrase(label.concept)).then_some(label.concept);
        let wanted = draw.weighted(&[45, 40, 15]);
        let also = synonym.map(|also| draw.pick(also));
        let verbatim = label.text.as_str();
        let order = match wanted {
            0 => [Some(verbatim), also, None],
            1 => [also, concept, Some(verbatim)],
            _ => [concept, also, Some(verbatim)],
        };
        let mut names = order
            .into_iter()
            .flatten()
            .filter_map(|text| self.unambiguous(table, row, text));
        // Most people take the name that needs no further words.
        if wanted < 2 && draw.chance(60) {
            names.min_by_key(|name| (name.needs_topic, name.text.split(' ').count()))
        } else {
            names.next()
        }
    }

    fn unambiguous(&self, table: usize, row: usize, text: &str) -> Option<Name> {
        let sheet = &self.sheets[table];
        let folded = fold(text);
        let mut needs_topic = TOPICAL.contains(&sheet.written.note.stem)
            && sheet.rows()[row].role == Role::Part
            || is_lease_schedule(sheet)
                && !folded.contains("operating")
                && !folded.contains("finance")
            || is_generic(text)
            || matches!(sheet.rows()[row].role, Role::Opening | Role::Closing)
            || sheet.rows()[row].due.is_some();
        let mut name = text.trim_end_matches(':').to_owned();
        if folded == "total" {
            "the total".clone_into(&mut name);
        }
        let mut twins = false;
        for (other, other_row) in self.namesakes(text, (table, row)) {
            if other == table {
                twins = true;
                // Only the heading above tells two rows of one name apart.
                if sheet.section(row).is_none() || sheet.section(row) == sheet.section(other_row) {
                    return None;
                }
            } else {
                needs_topic = true;
            }
        }
        if let Some(section) = sheet.section(row).filter(|_| twins) {
            let heading = sheet.rows()[section].label.text.trim_end_matches(':');
            name = format!("{name} under \"{heading}\"");
        }
        if needs_topic && self.topic(table).is_none() {
            return None;
        }
        Some(Name {
            text: name,
            needs_topic,
        })
    }
}

/// Schedules of operating and of finance leases are alike.
fn is_lease_schedule(sheet: &Sheet<'_>) -> bool {
    sheet.written.note.stem.ends_with("LeaseLiabilityMaturity")
}

/// Whether a name says nothing without its table.
pub(crate) fn is_generic(name: &str) -> bool {
    let folded = fold(name);
    !folded.contains(' ')
        || folded
            .split(' ')
            .all(|word| GENERIC.contains(&word.trim_end_matches('s')) || GENERIC.contains(&word))
}

/// Whether the idea behind a row stands where a noun stands: "what lenders are owed" does not fit "the share of …".
fn is_noun_phrase(concept: &str) -> bool {
    let first = concept.split(' ').next().unwrap_or_default();
    !["", "what", "how", "everything", "all", "money", "cash"].contains(&first)
}

/// Every way to call a row.
fn names_of(label: &Label) -> impl Iterator<Item = &str> {
    std::iter::once(label.text.as_str())
        .chain(label.also.iter().copied())
        .chain((!label.concept.is_empty()).then_some(label.concept))
}

/// A row of a schedule by years, named by its years.
fn due_name(sheet: &Sheet<'_>, row: usize) -> Option<String> {
    let this = &sheet.rows()[row];
    if let Some(due) = this.due {
        let repeats = sheet.rows().iter().filter(|r| r.due == Some(due)).count() > 1;
        return Some(if repeats || !this.label.text.contains(&due.to_string()) {
            format!("the amount for {}", this.label.text)
        } else {
            format!("the amount due in fiscal {due}")
        });
    }
    let last = sheet.rows()[..row].iter().rev().find_map(|r| r.due)?;
    ["thereafter", "after", "later", "beyond"]
        .iter()
        .any(|w| this.label.text.starts_with(w))
        .then(|| format!("the amount due after fiscal {last}"))
}

/// A name for comparison.
pub(crate) fn fold(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    for word in name
        .split(|c: char| !c.is_alphanumeric())
        .filter(|w| !w.is_empty())
    {
        if !out.is_empty() {
            out.push(' ');
        }
        out.extend(word.chars().flat_map(char::to_lowercase));
    }
    out
}
