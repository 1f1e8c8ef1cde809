//! Filings and the companies that made them: small beside the facts, so they are held in memory.

use std::collections::{BTreeMap, HashMap, HashSet};

use datafusion::execution::memory_pool::MemoryReservation;
use finqa_core::suggest::nearest;

use super::error::{FactsError, Result};
use super::options::IngestOptions;
use super::period::{Calendar, date};
use super::report::{Example, IngestReport};
use super::rows::{Row, Wanted, read};
use super::sources::{Sources, short};

/// What is done with the facts of a filing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Use {
    Keep,
    OtherForm,
    OtherCompany,
}

/// A filing.
#[derive(Clone, Debug)]
pub(super) struct Filing {
    /// Its number ("0000320193-24-000123"); empty if filings have none.
    pub(super) number: String,
    pub(super) company: u32,
    /// YYYYMMDD; 0 if unknown.
    pub(super) filed: i32,
    pub(super) usage: Use,
}

/// A company.
#[derive(Clone, Debug)]
pub(super) struct Filer {
    /// Name in the corpus.
    pub(super) slug: String,
    /// As its latest filing writes it.
    pub(super) name: String,
    pub(super) calendar: Calendar,
    /// The calendar is not known and follows from the facts.
    pub(super) infers_calendar: bool,
}

/// All filings. Companies are in the order of their names in the corpus.
#[derive(Debug, Default)]
#[expect(
    clippy::struct_field_names,
    reason = "filings and companies are what there are all of"
)]
pub(super) struct Filings {
    pub(super) filings: Vec<Filing>,
    pub(super) companies: Vec<Filer>,
    by_number: HashMap<String, u32>,
}

/// What a filing says of its company.
struct Said {
    key: String,
    name: String,
    filed: i32,
    form: String,
    number: String,
    fye: Option<i32>,
    period: Option<i32>,
    fiscal_year: Option<i32>,
}

const SUB: [(&str, bool); 8] = [
    ("adsh", true),
    ("cik", true),
    ("name", true),
    ("form", true),
    ("filed", true),
    ("fye", false),
    ("period", false),
    ("fy", false),
];

impl Filings {
    /// Reads the `sub` files of the SEC's layout. Filings that cannot be read are noted in `report`; their facts are
    /// then of an unknown filing.
    pub(super) fn read(
        sources: &Sources,
        options: &IngestOptions,
        held: &MemoryReservation,
        report: &mut IngestReport,
    ) -> Result<Self> {
        let wanted = SUB.map(|(name, required)| Wanted { name, required });
        let mut said: Vec<Said> = Vec::new();
        let mut seen: HashSet<String> = HashSet::new();
        for path in &sources.filings {
            let mut failed = None;
            read(path, &wanted, &mut |line, row| {
                let parsed = match &row {
                    Row::Broken(reason) => Err(reason.clone()),
                    Row::Fields(fields) => filing(fields),
                };
                match parsed {
                    // Data sets of following quarters may overlap.
                    Ok(filing) if seen.insert(filing.number.clone()) => {
                        let bytes = 200 + 3 * filing.number.len() + 2 * filing.name.len();
                        if let Err(e) = held.try_grow(bytes) {
                            failed = Some(FactsError::of(e, options.memory_bytes));
                            return Ok(false);
                        }
                        said.push(filing);
                    }
                    Ok(_) => {}
                    Err(detail) => {
                        let at = format!("{} line {line}", short(path));
                        report
                            .bad_filings
                            .add(options.max_examples, || Example { at, detail });
                    }
                }
                Ok(true)
            })?;
            if let Some(error) = failed {
                return Err(error);
            }
        }
        Self::of(said, options, |_, number| number.to_owned())
    }

    /// Filings of a plain layout, as its rows name them: (company, number, filed, form).
    pub(super) fn of_rows(
        named: impl IntoIterator<Item = (String, String, i32, String)>,
        options: &IngestOptions,
    ) -> Result<Self> {
        let said = named
            .into_iter()
            .map(|(company, number, filed, form)| Said {
                key: company.clone(),
                name: company,
                filed,
                form,
                number,
                fye: None,
                period: None,
                fiscal_year: None,
            })
            .collect();
        Self::of(said, options, key_of)
    }

    fn of(
        mut said: Vec<Said>,
        options: &IngestOptions,
        key_of: fn(&str, &str) -> String,
    ) -> Result<Self> {
        said.sort_by(|a, b| (a.filed, &a.number, &a.key).cmp(&(b.filed, &b.number, &b.key)));
        // The latest filing says what a company is called and when its years end.
        let mut latest: BTreeMap<&str, (&str, Option<i32>)> = BTreeMap::new();
        let mut years: BTreeMap<&str, (i32, i32)> = BTreeMap::new();
        for filing in &said {
            let entry = latest.entry(&filing.key).or_default();
            *entry = (&filing.name, filing.fye.or(entry.1));
            if filing.form.starts_with("10-K")
                && let (Some(period), Some(year)) = (filing.period, filing.fiscal_year)
            {
                years.insert(&filing.key, (period, year));
            }
        }
        let names = latest.iter().map(|(key, (name, _))| (*key, *name));
        let mut companies = slugs(names);
        companies.sort();
        let wanted = wanted(&companies, options)?;
        let index: HashMap<&str, u32> = companies
            .iter()
            .enumerate()
            .map(|(i, (_, key))| (*key, i as u32))
            .collect();
        let filers = companies
            .iter()
            .map(|(slug, key)| {
                let (name, fye) = latest[key];
                let period = years.get(key).copied();
                let end_month = fye
                    .or(period.map(|(date, _)| date / 100 % 100))
                    .unwrap_or(12);
                Filer {
                    slug: slug.clone(),
                    name: name.to_owned(),
                    calendar: Calendar {
                        end_month,
                        offset: period.map_or(0, |(date, year)| offset(date, year, end_month)),
                    },
                    infers_calendar: fye.is_none() && period.is_none(),
                }
            })
            .collect();
        let filings: Vec<Filing> = said
            .iter()
            .map(|filing| {
                let company = index[filing.key.as_str()];
                Filing {
                    number: filing.number.clone(),
                    company,
                    filed: filing.filed,
                    usage: if wanted.as_ref().is_some_and(|w| !w.contains(&company)) {
                        Use::OtherCompany
                    } else if options.keeps_form(&filing.form) {
                        Use::Keep
                    } else {
                        Use::OtherForm
                    },
                }
            })
            .collect();
        let by_number = said
            .iter()
            .enumerate()
            .map(|(i, filing)| (key_of(&filing.key, &filing.number), i as u32))
            .collect();
        Ok(Self {
            filings,
            companies: filers,
            by_number,
        })
    }

    /// The filing of a number; of a plain layout, of company and number.
    pub(super) fn find(&self, key: &str) -> Option<(u32, &Filing)> {
        let index = *self.by_number.get(key)?;
        Some((index, &self.filings[index as usize]))
    }

    pub(super) fn company(&self, index: u32) -> &Filer {
        &self.companies[index as usize]
    }
}

/// Names in the corpus of (key, name), each once.
fn slugs<'a>(
    companies: impl Iterator<Item = (&'a str, &'a str)> + Clone,
) -> Vec<(String, &'a str)> {
    let mut counts: HashMap<String, u32> = HashMap::new();
    for (_, name) in companies.clone() {
        *counts.entry(slug(name)).or_default() += 1;
    }
    // A name of one company stays what it is, whatever others are renamed to.
    let mut taken: HashSet<String> = counts
        .iter()
        .filter(|(_, count)| **count == 1)
        .map(|(name, _)| name.clone())
        .collect();
    companies
        .map(|(key, name)| {
            let plain = slug(name);
            if counts[&plain] == 1 {
                return (plain, key);
            }
            // Two companies of one name are told apart by their keys, if these are numbers and no other spellings.
            let base = if slug(key) == plain {
                plain
            } else {
                format!("{plain}_{}", slug(key))
            };
            let mut name = base.clone();
            let mut number = 2;
            while !taken.insert(name.clone()) {
                name = format!("{base}_{number}");
                number += 1;
            }
            (name, key)
        })
        .collect()
}

/// How a filing of a plain layout is found: its number means something only beside its company.
pub(super) fn key_of(company: &str, number: &str) -> String {
    format!("{company}\n{number}")
}

fn filing(fields: &[Option<&str>]) -> std::result::Result<Said, String> {
    let [number, cik, name, form, filed, fye, period, year] = fields else {
        return Err("has other columns than sub".into());
    };
    let need = |value: Option<&str>, column: &str| {
        value
            .map(str::to_owned)
            .ok_or_else(|| format!("has no {column}"))
    };
    let filed = need(*filed, "filed")?;
    let filed = date(&filed).ok_or_else(|| format!("filed is {filed:?}, no date YYYYMMDD"))?;
    let month = fye
        .and_then(|text| text.parse::<i32>().ok())
        .map(|day| day / 100);
    Ok(Said {
        key: need(*cik, "cik")?.trim_start_matches('0').to_owned(),
        name: need(*name, "name")?,
        filed,
        form: need(*form, "form")?,
        number: need(*number, "adsh")?,
        fye: month.filter(|m| (1..=12).contains(m)),
        period: period.and_then(date),
        fiscal_year: year.and_then(|text| text.parse().ok()),
    })
}

/// Number of a fiscal year less the calendar year in which it ends.
fn offset(period: i32, fiscal_year: i32, end_month: i32) -> i32 {
    let month = period / 100 % 100;
    // A year that ends in January by its books and in December by the calendar, or the other way round.
    let ends = period / 10_000
        + match (month, end_month) {
            (12, 1) => 1,
            (1, 12) => -1,
            _ => 0,
        };
    (fiscal_year - ends).clamp(-1, 1)
}

/// Indices of the companies that were asked for; `None` for all.
fn wanted(companies: &[(String, &str)], options: &IngestOptions) -> Result<Option<HashSet<u32>>> {
    if options.companies.is_empty() {
        return Ok(None);
    }
    options
        .companies
        .iter()
        .map(|asked| {
            let number = asked.trim_start_matches('0');
            let found = companies
                .iter()
                .position(|(slug, key)| slug.eq_ignore_ascii_case(asked) || *key == number);
            found
                .map(|i| i as u32)
                .ok_or_else(|| FactsError::UnknownCompany {
                    name: asked.clone(),
                    hint: near(asked, companies),
                })
        })
        .collect::<Result<HashSet<u32>>>()
        .map(Some)
}

fn near(asked: &str, companies: &[(String, &str)]) -> String {
    let names: Vec<&str> = companies.iter().map(|(slug, _)| slug.as_str()).collect();
    let near = nearest(asked, names.iter().copied(), 3);
    if near.is_empty() {
        format!(
            "; there are {} companies, named like {:?}",
            names.len(),
            names.first().unwrap_or(&"")
        )
    } else {
        format!("; near are {}", near.join(", "))
    }
}

/// A name as tools take it: "ACME CORP /DE/" is `acme_corp_de`.
pub(super) fn slug(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    for c in name.chars() {
        if c.is_alphanumeric() {
            out.extend(c.to_lowercase());
        } else if !out.ends_with('_') && !out.is_empty() {
            out.push('_');
        }
    }
    let out = out.trim_end_matches('_');
    if out.is_empty() {
        "company".to_owned()
    } else {
        out.to_owned()
    }
}
