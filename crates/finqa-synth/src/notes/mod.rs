//! The kinds of tables, and which of them a company has.
//!
//! A kind is one function from books to a [`Note`]. To add one, write the function beside its relatives and name it
//! in that file's `KINDS`. A note without rows says that the company has no such thing; it is not shown.

mod acquisitions;
mod assets;
mod awards;
mod balances;
mod comprehensive;
mod debt;
mod intangibles;
mod investments;
mod layouts;
mod leases;
mod obligations;
mod operations;
mod parts;
mod pension;
mod reserves;
mod results;
mod rows;
mod shares;
mod summaries;
mod taxes;
mod trim;
mod variants;

#[cfg(test)]
mod agree_test;

use crate::config::SynthConfig;
use crate::draw::{Draw, Key, Stream};
use crate::identity::Identity;
use crate::ledger::Ledger;
use crate::note::{Note, Prefix};

#[cfg(test)]
mod checks;

/// A kind of table.
pub(crate) struct Kind {
    pub(crate) stem: &'static str,
    /// How many companies of a hundred have it; 0 for industries without such a thing.
    pub(crate) presence_pct: fn(&Identity) -> u32,
    pub(crate) make: Make,
}

/// Makes a note; `draw` is the note's own stream and decides only what to show, never what is in the books.
pub(crate) type Make = fn(&Ledger, &Identity, &mut Draw) -> Note;

/// Every kind, by area. The order is part of the seed: append, never insert.
const AREAS: [&[Kind]; 17] = [
    operations::KINDS,
    debt::KINDS,
    leases::KINDS,
    pension::KINDS,
    obligations::KINDS,
    results::KINDS,
    taxes::KINDS,
    shares::KINDS,
    awards::KINDS,
    assets::KINDS,
    intangibles::KINDS,
    balances::KINDS,
    reserves::KINDS,
    comprehensive::KINDS,
    investments::KINDS,
    acquisitions::KINDS,
    summaries::KINDS,
];

/// Kinds that every company shows if its books have such a thing: questions across tables start from them. Fewer than
/// the fewest tables that a configuration may ask for.
const NEEDED: [&str; 7] = [
    "DisaggregationOfRevenue",
    "ScheduleOfIncomeBeforeIncomeTaxDomesticAndForeign",
    "ScheduleOfComponentsOfIncomeTaxExpenseBenefit",
    "InterestCostComponents",
    "LeaseCost",
    "ScheduleOfMaturitiesOfLongTermDebt",
    "LesseeOperatingLeaseLiabilityMaturity",
];

/// The notes of a company: from `min_tables` to `max_tables` of them as far as there are kinds.
pub(crate) fn of_company(
    key: Key,
    config: &SynthConfig,
    identity: &Identity,
    ledger: &Ledger,
) -> Vec<Note> {
    let kinds: Vec<&Kind> = AREAS.iter().flat_map(|area| area.iter()).collect();
    let mut draw = Draw::new(key, Stream::Selection);
    let target = count(config, &mut draw);
    let mut notes = Vec::with_capacity(target);
    for i in ranked(&kinds, config, identity, &mut draw) {
        if notes.len() == target {
            break;
        }
        let mut own = Draw::nth(key, Stream::Selection, i as u32 + 1);
        let mut note = (kinds[i].make)(ledger, identity, &mut own);
        debug_assert_eq!(note.stem, kinds[i].stem);
        // Kinds that are made to be mistaken for others are there as often as the variants of this module.
        let confusing = note.twin_of.is_some() || variants::is_quarterly(&note);
        if confusing && !own.chance(config.distractor_pct) {
            continue;
        }
        if !note.rows.is_empty() {
            trim::years(
                &mut note,
                ledger.base.calendar.latest_year,
                config.max_years as usize,
            );
            notes.push(note);
        }
    }
    variants::add(&mut notes, key, config, target);
    tag(&mut notes, config, &mut draw);
    notes
}

/// How many tables a company has: the mean of two even draws, so that the middle is likelier than the ends.
fn count(config: &SynthConfig, draw: &mut Draw) -> usize {
    let span = (config.max_tables - config.min_tables) as usize + 1;
    let twice = draw.below(span) + draw.below(span) + 1;
    config.min_tables as usize + (twice / 2).min(span - 1)
}

/// Indices of kinds in the order in which places are given away: needed ones, those that the company's chances and
/// the neighbours by name bring in, and the rest for companies that would have too few.
fn ranked(
    kinds: &[&Kind],
    config: &SynthConfig,
    identity: &Identity,
    draw: &mut Draw,
) -> Vec<usize> {
    let presence: Vec<u32> = kinds.iter().map(|k| (k.presence_pct)(identity)).collect();
    let mut has: Vec<bool> = presence.iter().map(|p| draw.chance(*p)).collect();
    for group in variants::NEIGHBOURS {
        let both = draw.chance(config.distractor_pct);
        let members = || (0..kinds.len()).filter(|&i| group.contains(&kinds[i].stem));
        if both && members().any(|i| has[i]) {
            members().for_each(|i| has[i] = presence[i] > 0);
        }
    }
    let mut rest: Vec<usize> = (0..kinds.len()).filter(|&i| presence[i] > 0).collect();
    draw.shuffle(&mut rest);
    let rank = |i: usize| {
        let needed = NEEDED.iter().position(|stem| *stem == kinds[i].stem);
        // Whether it is shown in the end, distractors decide.
        if kinds[i].stem == variants::QUARTERLY {
            return NEEDED.len();
        }
        needed.unwrap_or(NEEDED.len() + 1 + usize::from(!has[i]))
    };
    // A stable sort: within a rank the shuffle decides.
    rest.sort_by_key(|&i| rank(i));
    rest
}

/// Gives `custom_tag_pct` of the tables the company's own prefix.
fn tag(notes: &mut [Note], config: &SynthConfig, draw: &mut Draw) {
    let jitter = draw.range(-5, 5);
    let percent = match config.custom_tag_pct {
        end @ (0 | 100) => i64::from(end),
        inside => (i64::from(inside) + jitter).clamp(0, 100),
    };
    let wanted = (notes.len() as i64 * percent + 50) / 100;
    let own = notes.iter().filter(|n| n.prefix == Prefix::Ticker).count() as i64;
    // Kinds that are custom by nature keep their tag up to a twentieth above what is wanted.
    let spare = if percent == 0 {
        0
    } else {
        notes.len() as i64 / 20
    };
    let mut missing = if own > wanted {
        (wanted + spare - own).min(0)
    } else {
        wanted - own
    };
    let mut order: Vec<usize> = (0..notes.len()).collect();
    draw.shuffle(&mut order);
    // A twin stands beside a standard table as long as others can give way.
    let originals: Vec<&str> = notes.iter().filter_map(|n| n.twin_of).collect();
    order.sort_by_key(|&i| originals.contains(&notes[i].stem));
    for i in order {
        let note = &mut notes[i];
        if missing > 0 && note.prefix != Prefix::Ticker {
            note.prefix = Prefix::Ticker;
            missing -= 1;
        } else if missing < 0 && note.prefix == Prefix::Ticker {
            note.prefix = Prefix::UsGaap;
            missing += 1;
        }
    }
}

#[cfg(test)]
mod tests;
