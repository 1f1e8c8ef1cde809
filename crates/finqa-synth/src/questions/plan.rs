//! How many questions a company has, and of which types.

use crate::config::SynthConfig;
use crate::draw::{Draw, Key, Stream};
use crate::split::SplitName;

/// Types of questions, by how they are made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Kind {
    Composition,
    Growth,
    ContributionShare,
    NetChange,
    Spread,
    Variance,
    Sum,
    Average,
    ByYear,
    MixShift,
    Compound,
    Ladder,
    ExtremeYear,
    ExtremeLabel,
    Lookup,
    Coverage,
    Efficiency,
    YesNo,
    /// The tables do not hold the answer.
    Unanswerable,
    /// More than one table.
    Multi,
}

/// Single-table types in percent, as in the published benchmark of 290 questions; sums to 100.
pub(crate) const WEIGHTS: [(Kind, u32); 17] = [
    (Kind::Composition, 16),
    (Kind::Growth, 16),
    (Kind::ContributionShare, 12),
    (Kind::NetChange, 9),
    (Kind::Spread, 4),
    (Kind::Variance, 3),
    (Kind::Sum, 4),
    (Kind::Average, 3),
    (Kind::ByYear, 6),
    (Kind::MixShift, 6),
    (Kind::Compound, 5),
    (Kind::Ladder, 5),
    (Kind::ExtremeYear, 2),
    (Kind::ExtremeLabel, 2),
    (Kind::Lookup, 4),
    (Kind::Coverage, 2),
    (Kind::Efficiency, 1),
];

/// Yes/no questions of `train` and `val`, percent of the single-table ones: the benchmark has none.
const YES_NO_PCT: u32 = 3;

/// Questions and companies of the fixed splits.
const EVAL290: (u32, u32) = (290, 20);
const REASON79: (u32, u32) = (79, 21);

/// How many companies a split has; `None`: as many as one wants.
pub fn companies_of(split: SplitName, config: &SynthConfig) -> Option<u32> {
    match split {
        SplitName::Train => config.train_companies,
        SplitName::Val => Some(config.val_companies),
        SplitName::Eval290 => Some(EVAL290.1),
        SplitName::Reason79 => Some(REASON79.1),
    }
}

/// How many questions there are about company `index` of a split; 0 beyond the last company of a split of fixed size.
pub fn tasks_of(split: SplitName, index: u32, config: &SynthConfig) -> u32 {
    match split {
        SplitName::Train | SplitName::Val => config.tasks_per_company,
        SplitName::Eval290 => share(EVAL290, index),
        SplitName::Reason79 => share(REASON79, index),
    }
}

/// How many of `total` things fall to company `index` of `companies`; evenly, and none beyond the last company.
fn share((total, companies): (u32, u32), index: u32) -> u32 {
    if index >= companies {
        return 0;
    }
    (index + 1) * total / companies - index * total / companies
}

/// The type of each question of a company, in order.
pub(crate) fn kinds_of(key: Key, config: &SynthConfig) -> Vec<Kind> {
    let n = tasks_of(key.split, key.index, config) as usize;
    match key.split {
        SplitName::Reason79 => vec![Kind::Multi; n],
        SplitName::Eval290 => {
            let start = key.index * EVAL290.0 / EVAL290.1;
            eval_slots(key)
                .into_iter()
                .skip(start as usize)
                .take(n)
                .collect()
        }
        SplitName::Train | SplitName::Val => {
            let mut draw = Draw::nth(key, Stream::Questions, PLAN);
            (0..n).map(|_| mixed(config, &mut draw)).collect()
        }
    }
}

/// Number of the stream that plans; questions have the small numbers.
const PLAN: u32 = u32::MAX;

fn mixed(config: &SynthConfig, draw: &mut Draw) -> Kind {
    let special = [config.unanswerable_pct, config.multi_table_pct];
    match draw.below(100) as u32 {
        x if x < special[0] => Kind::Unanswerable,
        x if x < special[0] + special[1] => Kind::Multi,
        _ if draw.chance(YES_NO_PCT) => Kind::YesNo,
        _ => WEIGHTS[draw.weighted(&WEIGHTS.map(|(_, w)| w))].0,
    }
}

/// The 290 types in the order in which companies take them: exact counts by largest remainder, shuffled by the seed.
fn eval_slots(key: Key) -> Vec<Kind> {
    let mut slots = eval_counts()
        .into_iter()
        .flat_map(|(kind, n)| std::iter::repeat_n(kind, n))
        .collect::<Vec<_>>();
    let all = Key { index: 0, ..key };
    Draw::nth(all, Stream::Questions, PLAN).shuffle(&mut slots);
    slots
}

/// How many questions of each type the split of 290 has.
pub(crate) fn eval_counts() -> Vec<(Kind, usize)> {
    let weights = WEIGHTS.map(|(_, w)| i64::from(w));
    let counts = crate::draw::apportion(EVAL290.0.into(), &weights);
    WEIGHTS
        .iter()
        .zip(counts)
        .map(|((kind, _), n)| (*kind, n as usize))
        .collect()
}

/// What is made instead where a company's tables do not allow a type, first choice first.
pub(crate) fn instead(kind: Kind) -> &'static [Kind] {
    match kind {
        Kind::Ladder | Kind::Composition => &[Kind::ContributionShare, Kind::Lookup],
        Kind::ContributionShare | Kind::MixShift | Kind::Multi | Kind::Unanswerable => {
            &[Kind::Composition, Kind::Growth]
        }
        Kind::Compound | Kind::Variance => &[Kind::Growth, Kind::NetChange],
        Kind::ExtremeYear | Kind::ExtremeLabel => &[Kind::ExtremeLabel, Kind::Lookup],
        Kind::Coverage | Kind::Efficiency => &[Kind::Coverage, Kind::Spread],
        _ => &[Kind::Lookup, Kind::NetChange],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_sum_to_a_hundred() {
        assert_eq!(WEIGHTS.iter().map(|(_, w)| w).sum::<u32>(), 100);
    }

    #[test]
    fn fixed_splits_have_exact_sizes() {
        let config = SynthConfig::default();
        for (split, total, companies, sizes) in [
            (SplitName::Eval290, 290, 20, [14, 15]),
            (SplitName::Reason79, 79, 21, [3, 4]),
        ] {
            assert_eq!(companies_of(split, &config), Some(companies));
            let counts: Vec<u32> = (0..companies)
                .map(|i| tasks_of(split, i, &config))
                .collect();
            assert_eq!(counts.iter().sum::<u32>(), total);
            assert!(counts.iter().all(|n| sizes.contains(n)), "{counts:?}");
            assert_eq!(tasks_of(split, companies, &config), 0);
        }
    }

    #[test]
    fn eval_types_are_exact_for_every_seed() {
        let config = SynthConfig::default();
        for seed in 0..5 {
            let mut all: Vec<Kind> = (0..20)
                .flat_map(|index| {
                    let key = Key {
                        seed,
                        split: SplitName::Eval290,
                        index,
                    };
                    kinds_of(key, &config)
                })
                .collect();
            all.sort_unstable();
            for (kind, weight) in WEIGHTS {
                let n = all.iter().filter(|k| **k == kind).count() as f64;
                let exact = f64::from(weight) * 2.9;
                assert!((n - exact).abs() < 1.0, "{kind:?}: {n} for {exact}");
            }
        }
    }
}
