//! The two layouts of facts: how a row is read, or why it is not.

use std::collections::HashMap;

use super::filings::{Filings, Use, key_of};
use super::mapping::{Mapping, ROLES};
use super::number::Decimal;
use super::period::{date, period};
use super::rows::Wanted;

/// A fact that is kept.
#[derive(Debug)]
pub(super) struct Fact<'a> {
    pub(super) filing: u32,
    pub(super) tag: &'a str,
    /// Taxonomy ("us-gaap"); empty for a company's own tags and where there is none.
    pub(super) taxonomy: &'a str,
    pub(super) date: i32,
    pub(super) quarters: i32,
    pub(super) unit: &'a str,
    pub(super) segments: &'a str,
    pub(super) value: Decimal,
    pub(super) label: &'a str,
    pub(super) statement: &'a str,
}

impl Fact<'_> {
    /// Bytes of its texts.
    pub(super) const fn text_bytes(&self) -> usize {
        self.tag.len()
            + self.taxonomy.len()
            + self.unit.len()
            + self.segments.len()
            + self.label.len()
            + self.statement.len()
    }
}

/// Why a row is no fact that is kept.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Not {
    /// It was not asked for, or has no place here.
    LeftOut(&'static str),
    /// It cannot be read: reason, and the value seen.
    Bad(&'static str, String),
}

/// How rows are read.
#[derive(Clone, Debug)]
pub(super) enum Layout {
    Sec,
    Plain(Mapping),
}

const NUM: [(&str, bool); 9] = [
    ("adsh", true),
    ("tag", true),
    ("version", false),
    ("ddate", true),
    ("qtrs", true),
    ("uom", true),
    ("segments", false),
    ("coreg", false),
    ("value", true),
];

impl Layout {
    pub(super) const fn name(&self) -> &'static str {
        match self {
            Self::Sec => "sec",
            Self::Plain(_) => "plain",
        }
    }

    /// The columns of a file of facts.
    pub(super) fn wanted(&self) -> Vec<Wanted<'_>> {
        match self {
            Self::Sec => NUM
                .map(|(name, required)| Wanted { name, required })
                .to_vec(),
            Self::Plain(mapping) => {
                let names = mapping.names().into_iter().enumerate();
                names
                    .map(|(role, name)| Wanted {
                        name,
                        required: mapping.is_named(role),
                    })
                    .collect()
            }
        }
    }

    /// Reads the fields of [`Layout::wanted`].
    pub(super) fn fact<'a>(
        &self,
        fields: &[Option<&'a str>],
        filings: &Filings,
    ) -> Result<Fact<'a>, Not> {
        match self {
            Self::Sec => sec(fields, filings),
            Self::Plain(_) => plain(fields, filings),
        }
    }
}

fn need<'a>(fields: &[Option<&'a str>], place: usize, what: &'static str) -> Result<&'a str, Not> {
    fields
        .get(place)
        .copied()
        .flatten()
        .ok_or_else(|| Not::Bad("field_missing", format!("has no {what}")))
}

/// The filing, if its facts are wanted.
fn used(filings: &Filings, key: &str, shown: &str) -> Result<u32, Not> {
    let Some((index, filing)) = filings.find(key) else {
        return Err(Not::Bad(
            "unknown_filing",
            format!("filing {shown:?} is not in sub"),
        ));
    };
    match filing.usage {
        Use::Keep => Ok(index),
        Use::OtherForm => Err(Not::LeftOut("other_form")),
        Use::OtherCompany => Err(Not::LeftOut("other_company")),
    }
}

fn number(text: Option<&str>) -> Result<Decimal, Not> {
    let text = text.ok_or(Not::LeftOut("no_value"))?;
    Decimal::parse(text).ok_or_else(|| {
        Not::Bad(
            "value_is_no_number",
            format!("value is {text:?}, a decimal is needed"),
        )
    })
}

fn length(text: &str) -> Result<i32, Not> {
    let read = text
        .parse::<f64>()
        .ok()
        .filter(|q| q.fract() == 0.0 && (0.0..1000.0).contains(q));
    read.map(|q| q as i32).ok_or_else(|| {
        Not::Bad(
            "quarters_unreadable",
            format!("quarters is {text:?}, a whole number from 0 is needed"),
        )
    })
}

fn sec<'a>(fields: &[Option<&'a str>], filings: &Filings) -> Result<Fact<'a>, Not> {
    let adsh = need(fields, 0, "adsh")?;
    let filing = used(filings, adsh, adsh)?;
    if fields[7].is_some() {
        return Err(Not::LeftOut("co_registrant"));
    }
    let value = number(fields[8])?;
    let day = need(fields, 3, "ddate")?;
    let version = fields[2].unwrap_or("");
    Ok(Fact {
        filing,
        tag: need(fields, 1, "tag")?,
        // A company's own tag has the number of its filing for version.
        taxonomy: version.split_once('/').map_or("", |(taxonomy, _)| taxonomy),
        date: date(day).ok_or_else(|| {
            Not::Bad(
                "date_unreadable",
                format!("ddate is {day:?}, YYYYMMDD is needed"),
            )
        })?,
        quarters: length(need(fields, 4, "qtrs")?)?,
        unit: need(fields, 5, "uom")?,
        segments: fields[6].unwrap_or(""),
        value,
        label: "",
        statement: "",
    })
}

fn plain<'a>(fields: &[Option<&'a str>], filings: &Filings) -> Result<Fact<'a>, Not> {
    let [
        company,
        tag,
        day,
        value,
        unit,
        number_of,
        _,
        _,
        quarters,
        segments,
        label,
        statement,
    ] = *fields
    else {
        return Err(Not::Bad(
            "field_missing",
            "has other columns than the mapping".into(),
        ));
    };
    let company = company.ok_or_else(|| Not::Bad("field_missing", "has no company".into()))?;
    let number_of = number_of.unwrap_or("");
    let filing = used(filings, &key_of(company, number_of), number_of)?;
    let value = number(value)?;
    let day = day.ok_or_else(|| Not::Bad("field_missing", "has no period".into()))?;
    let (date, implied) = period(day).ok_or_else(|| {
        Not::Bad(
            "date_unreadable",
            format!("period is {day:?}; a date, a year or a quarter (2024Q3) is needed"),
        )
    })?;
    let stated = quarters.map(length).transpose()?;
    Ok(Fact {
        filing,
        tag: tag.ok_or_else(|| Not::Bad("field_missing", "has no tag".into()))?,
        taxonomy: "",
        date,
        quarters: implied.or(stated).unwrap_or(4),
        unit: unit.unwrap_or("USD"),
        segments: segments.unwrap_or(""),
        value,
        label: label.unwrap_or(""),
        statement: statement.unwrap_or(""),
    })
}

/// Filings of a plain layout as its rows name them: (company, number) -> (date, form).
#[derive(Debug, Default)]
pub(super) struct Named {
    filings: HashMap<(String, String), (i32, String)>,
}

impl Named {
    /// Columns that say which filing a row is of.
    pub(super) fn wanted(mapping: &Mapping) -> [Wanted<'_>; 4] {
        let names = mapping.names();
        ["company", "filing", "filed", "form"].map(|role| {
            let place = ROLES.iter().position(|r| *r == role).unwrap_or_default();
            Wanted {
                name: names[place],
                required: mapping.is_named(place),
            }
        })
    }

    /// Notes the filing of a row; how many bytes that took.
    pub(super) fn note(&mut self, fields: &[Option<&str>]) -> usize {
        let [Some(company), number, filed, form] = *fields else {
            return 0;
        };
        let key = (company.to_owned(), number.unwrap_or("").to_owned());
        let filed = filed.and_then(date).unwrap_or(0);
        if let Some(known) = self.filings.get_mut(&key) {
            // A filing whose rows differ in their date is of the latest.
            known.0 = known.0.max(filed);
            return 0;
        }
        let bytes = 200 + 3 * (key.0.len() + key.1.len());
        self.filings
            .insert(key, (filed, form.unwrap_or("").to_owned()));
        bytes
    }

    pub(super) fn into_filings(self) -> Vec<(String, String, i32, String)> {
        let mut out: Vec<_> = self
            .filings
            .into_iter()
            .map(|((c, n), (filed, form))| (c, n, filed, form))
            .collect();
        out.sort();
        out
    }
}
