//! The knobs of the generator.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use crate::draw::{Draw, Key, Stream};
use crate::error::{Result, SynthError};

/// Which world is made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum World {
    /// 10-K companies.
    #[default]
    Filing,
    /// Small companies with small numbers, for models of about a million parameters.
    Tiny,
}

/// How headers are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HeaderStyle {
    /// Cleaned names as in the published corpora: `2024`, `december_31_2024`, label column `category`.
    #[default]
    Cleaned,
    /// As filings have them: the label column has no name in 76 % of tables (measured on TAT-QA), so it is `col_0`.
    Filing,
}

/// How labels are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LabelStyle {
    /// Original case 45 %, lower with blanks 35 %, snake 20 %, one style a table.
    #[default]
    Mixed,
    /// `Total current`.
    Original,
    /// `total current`.
    Lower,
    /// `total_current`.
    Snake,
}

/// When a question states the unit that it wants.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UnitHint {
    /// Always.
    #[default]
    Always,
    /// Only where the table does not state it.
    WhenNeeded,
}

/// Whose SQL guards gold queries must pass.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SqlStrictness {
    /// OpenEnv's and rLLM's.
    #[default]
    Both,
    /// OpenEnv's.
    Openenv,
    /// rLLM's.
    Rllm,
}

/// Settings of the generator; percentages are whole numbers from 0 to 100.
///
/// [`SynthConfig::default`] is level 3, which mirrors what was measured on published corpora.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SynthConfig {
    /// Which world.
    pub world: World,
    /// Level that the settings were taken from, 1 to 5; 0 for none. Stamped into tasks.
    pub level: u8,
    /// Fewest tables of a company.
    pub min_tables: u32,
    /// Most tables of a company.
    pub max_tables: u32,
    /// Companies with neighbours by name and twins with another cut, percent of the possible ones.
    pub distractor_pct: u32,
    /// Tables under a custom tag of the company, percent.
    pub custom_tag_pct: u32,
    /// How headers are written.
    pub header_style: HeaderStyle,
    /// How labels are written.
    pub label_style: LabelStyle,
    /// When questions state the unit.
    pub unit_hint: UnitHint,
    /// Tables shown in another scale than the company's, percent.
    pub unit_mismatch_pct: u32,
    /// Companies with a restated prior year, percent.
    pub restated_pct: u32,
    /// Zeros written as a dash, percent of zeros.
    pub dash_pct: u32,
    /// Tables with a repeated label, percent.
    pub repeated_label_pct: u32,
    /// Tables with headings inside (section rows), percent: twice as many of those whose rows fall into groups, a
    /// third as many of the others; 0 and 100 are exact only for tables with groups that labels can do without.
    pub section_pct: u32,
    /// How far questions are from the table's words: 1 verbatim labels, 2 also synonyms, 3 also concepts.
    pub paraphrase_level: u8,
    /// Most operands of a question.
    pub max_operands: u32,
    /// Most tables of a multi-table question.
    pub max_hops: u32,
    /// Most years shown in a table.
    pub max_years: u32,
    /// Digits after the point of the amounts of companies that report in millions, 0 to 2; `None`: 0, 1 or 2 in 75, 20
    /// and 5 of 100 companies. Companies that report in thousands have none.
    pub decimals: Option<u8>,
    /// Tables without a description, percent.
    pub missing_metadata_pct: u32,
    /// Whose SQL guards gold queries pass.
    pub sql_strictness: SqlStrictness,
    /// Questions that the tables cannot answer, percent of `train` and `val`.
    pub unanswerable_pct: u32,
    /// Multi-table questions, percent of `train` and `val`.
    pub multi_table_pct: u32,
    /// Questions about each company of `train` and `val`.
    pub tasks_per_company: u32,
    /// Companies of `train`; `None`: unlimited.
    pub train_companies: Option<u32>,
    /// Companies of `val`.
    pub val_companies: u32,
    /// A curriculum: how many companies of levels 1 to 5, as weights. Each company then has the knobs of its level's
    /// preset; sizes (`tasks_per_company`, `train_companies`, `val_companies`) stay as given here.
    pub curriculum: Option<[u32; 5]>,
}

impl Default for SynthConfig {
    fn default() -> Self {
        Self {
            world: World::Filing,
            level: 3,
            min_tables: 20,
            max_tables: 45,
            distractor_pct: 60,
            custom_tag_pct: 30,
            header_style: HeaderStyle::Cleaned,
            label_style: LabelStyle::Mixed,
            unit_hint: UnitHint::Always,
            unit_mismatch_pct: 4,
            restated_pct: 10,
            dash_pct: 95,
            repeated_label_pct: 15,
            section_pct: 33,
            paraphrase_level: 3,
            max_operands: 5,
            max_hops: 4,
            max_years: 5,
            decimals: None,
            missing_metadata_pct: 3,
            sql_strictness: SqlStrictness::Both,
            unanswerable_pct: 5,
            multi_table_pct: 20,
            tasks_per_company: 16,
            train_companies: None,
            val_companies: 64,
            curriculum: None,
        }
    }
}

impl SynthConfig {
    /// The settings of a level from 1 (few tables, verbatim labels, one table a question) to 5 (most tables under
    /// custom tags, headers as filings have them, restated years, units often elsewhere). Level 3 mirrors what was
    /// measured.
    ///
    /// # Errors
    /// [`SynthError::Config`] for another level.
    ///
    /// ```
    /// use finqa_synth::SynthConfig;
    ///
    /// assert_eq!(SynthConfig::preset(3)?, SynthConfig::default());
    /// assert!(SynthConfig::preset(1)?.max_tables < SynthConfig::preset(5)?.min_tables);
    /// # Ok::<(), finqa_synth::SynthError>(())
    /// ```
    pub fn preset(level: u8) -> Result<Self> {
        let base = Self::default();
        Ok(match level {
            1 => Self {
                level,
                min_tables: 8,
                max_tables: 12,
                distractor_pct: 0,
                custom_tag_pct: 10,
                label_style: LabelStyle::Lower,
                unit_mismatch_pct: 0,
                restated_pct: 0,
                repeated_label_pct: 0,
                section_pct: 0,
                paraphrase_level: 1,
                max_operands: 2,
                max_hops: 2,
                max_years: 3,
                missing_metadata_pct: 0,
                unanswerable_pct: 0,
                multi_table_pct: 0,
                ..base
            },
            2 => Self {
                level,
                min_tables: 12,
                max_tables: 22,
                distractor_pct: 30,
                custom_tag_pct: 20,
                unit_mismatch_pct: 0,
                restated_pct: 0,
                repeated_label_pct: 5,
                section_pct: 20,
                paraphrase_level: 2,
                max_operands: 3,
                max_hops: 2,
                missing_metadata_pct: 0,
                unanswerable_pct: 3,
                multi_table_pct: 10,
                ..base
            },
            3 => base,
            4 => Self {
                level,
                min_tables: 26,
                distractor_pct: 80,
                custom_tag_pct: 45,
                unit_hint: UnitHint::WhenNeeded,
                unit_mismatch_pct: 10,
                restated_pct: 25,
                repeated_label_pct: 25,
                section_pct: 50,
                missing_metadata_pct: 8,
                unanswerable_pct: 8,
                multi_table_pct: 35,
                ..base
            },
            5 => Self {
                level,
                min_tables: 32,
                distractor_pct: 100,
                custom_tag_pct: 70,
                header_style: HeaderStyle::Filing,
                unit_hint: UnitHint::WhenNeeded,
                unit_mismatch_pct: 20,
                restated_pct: 50,
                repeated_label_pct: 35,
                section_pct: 70,
                missing_metadata_pct: 15,
                unanswerable_pct: 10,
                multi_table_pct: 50,
                ..base
            },
            _ => {
                return Err(SynthError::Config {
                    field: "level",
                    value: level.to_string(),
                    allowed: "from 1 to 5".into(),
                });
            }
        })
    }

    /// The small world: three to six tables of nine two-digit numbers, for models of about a million parameters.
    ///
    /// Play it in tool profile `compact`. 2,000 companies for training, 200 for validation.
    pub fn tiny() -> Self {
        Self {
            world: World::Tiny,
            level: 0,
            min_tables: 8,
            max_tables: 8,
            unanswerable_pct: 0,
            multi_table_pct: 0,
            train_companies: Some(2000),
            val_companies: 200,
            ..Self::default()
        }
    }

    /// The settings of one company: its level's, if there is a curriculum.
    pub(crate) fn of_company(&self, key: Key) -> Cow<'_, Self> {
        let Some(weights) = &self.curriculum else {
            return Cow::Borrowed(self);
        };
        let level = Draw::new(key, Stream::Level).weighted(weights) as u8 + 1;
        let preset = Self::preset(level).unwrap_or_default();
        Cow::Owned(Self {
            tasks_per_company: self.tasks_per_company,
            train_companies: self.train_companies,
            val_companies: self.val_companies,
            curriculum: self.curriculum,
            ..preset
        })
    }

    /// Reads a JSON object; fields that are not there have their defaults.
    ///
    /// # Errors
    /// [`SynthError::Json`] for unknown fields or wrong types, [`SynthError::Config`] for values out of range.
    pub fn from_json(text: &str) -> Result<Self> {
        let config: Self =
            serde_json::from_str(text).map_err(|e| SynthError::Json(e.to_string()))?;
        config.check()?;
        Ok(config)
    }

    /// Checks every field.
    ///
    /// # Errors
    /// [`SynthError::Config`] naming the first field that is out of range.
    pub fn check(&self) -> Result<()> {
        let within = |field, value: u32, low: u32, high: u32| {
            if (low..=high).contains(&value) {
                Ok(())
            } else {
                Err(SynthError::Config {
                    field,
                    value: value.to_string(),
                    allowed: format!("from {low} to {high}"),
                })
            }
        };
        for (field, value) in [
            ("distractor_pct", self.distractor_pct),
            ("custom_tag_pct", self.custom_tag_pct),
            ("unit_mismatch_pct", self.unit_mismatch_pct),
            ("restated_pct", self.restated_pct),
            ("dash_pct", self.dash_pct),
            ("repeated_label_pct", self.repeated_label_pct),
            ("section_pct", self.section_pct),
            ("missing_metadata_pct", self.missing_metadata_pct),
            ("unanswerable_pct", self.unanswerable_pct),
            ("multi_table_pct", self.multi_table_pct),
        ] {
            within(field, value, 0, 100)?;
        }
        within("level", self.level.into(), 0, 5)?;
        within("min_tables", self.min_tables, 8, 45)?;
        within("max_tables", self.max_tables, self.min_tables, 45)?;
        within("paraphrase_level", self.paraphrase_level.into(), 1, 3)?;
        within("max_operands", self.max_operands, 2, 5)?;
        within("max_hops", self.max_hops, 2, 4)?;
        within("max_years", self.max_years, 2, 5)?;
        within("decimals", self.decimals.unwrap_or_default().into(), 0, 2)?;
        within("tasks_per_company", self.tasks_per_company, 1, 64)?;
        within("val_companies", self.val_companies, 1, 100_000)?;
        if let Some(weights) = self.curriculum {
            let sum: u64 = weights.iter().map(|w| u64::from(*w)).sum();
            if sum == 0 || sum > 1_000_000 {
                return Err(SynthError::Config {
                    field: "curriculum",
                    value: format!("{weights:?}"),
                    allowed: "five weights that add up to 1 to 1,000,000".into(),
                });
            }
        }
        if let Some(n) = self.train_companies {
            within("train_companies", n, 1, 10_000_000)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::split::SplitName;

    #[test]
    fn presets_are_valid_and_travel_as_json() {
        let mut all: Vec<SynthConfig> = (1..=5).map(|l| SynthConfig::preset(l).unwrap()).collect();
        all.push(SynthConfig::tiny());
        for config in all {
            config.check().unwrap();
            let text = serde_json::to_string(&config).unwrap();
            assert_eq!(SynthConfig::from_json(&text).unwrap(), config);
        }
        assert!(SynthConfig::preset(6).is_err());
    }

    #[test]
    fn a_wrong_knob_is_named() {
        for (json, told) in [
            (
                r#"{"restated_pct": 101}"#,
                "SynthConfig.restated_pct is 101; it must be from 0 to 100",
            ),
            (
                r#"{"min_tables": 40, "max_tables": 30}"#,
                "SynthConfig.max_tables is 30; it must be from 40 to 45",
            ),
            (r#"{"curriculum": [0, 0, 0, 0, 0]}"#, "five weights"),
            (r#"{"tables": 3}"#, "unknown field `tables`"),
        ] {
            let error = SynthConfig::from_json(json).unwrap_err().to_string();
            assert!(error.contains(told), "{error}");
        }
    }

    #[test]
    fn a_curriculum_mixes_levels_by_weight() {
        let config = SynthConfig {
            curriculum: Some([3, 1, 0, 0, 0]),
            tasks_per_company: 7,
            ..SynthConfig::default()
        };
        let mut counts = [0; 6];
        for index in 0..2000 {
            let key = Key {
                seed: 0,
                split: SplitName::Train,
                index,
            };
            let own = config.of_company(key);
            assert_eq!(own.tasks_per_company, 7);
            counts[usize::from(own.level)] += 1;
        }
        assert!(
            (1400..1600).contains(&counts[1]) && counts[1] + counts[2] == 2000,
            "{counts:?}"
        );
    }
}
