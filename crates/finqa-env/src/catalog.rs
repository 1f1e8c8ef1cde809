//! Texts of list and info tools, made once per company and shared by every episode about it.

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

use finqa_core::corpus::DEFAULT_CACHED_COMPANIES;
use finqa_core::once_lru::OnceLru;
use finqa_core::table_info::{table_info_text, table_names_text};
use finqa_core::tool::ToolProfile;
use finqa_core::{Company, Corpus, Result};

/// The texts of one company.
pub struct CompanyTexts {
    /// The company.
    pub company: Arc<Company>,
    /// What the list tool says.
    pub names: Arc<str>,
    infos: Box<[OnceLock<Arc<str>>]>,
    table_index: HashMap<Box<str>, u16>,
    profile: ToolProfile,
}

impl CompanyTexts {
    fn new(company: Arc<Company>, profile: ToolProfile) -> Self {
        let names = table_names_text(&company, profile).into();
        let infos = company.tables.iter().map(|_| OnceLock::new()).collect();
        let table_index = company
            .tables
            .iter()
            .enumerate()
            .map(|(i, table)| (table.name.to_lowercase().into_boxed_str(), i as u16))
            .collect();
        Self {
            company,
            names,
            infos,
            table_index,
            profile,
        }
    }

    /// Index of a table by name: case, surrounding blanks and a `.json` suffix are ignored, as rLLM does.
    pub fn table(&self, name: &str) -> Option<u16> {
        let exact = |name: &str| self.table_index.get(name).copied();
        let in_index_form = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_';
        if name.bytes().all(in_index_form) {
            return exact(name);
        }
        let lower = name.trim().to_lowercase();
        exact(&lower).or_else(|| lower.strip_suffix(".json").and_then(exact))
    }

    /// What the info tool says of table `index`.
    pub fn info(&self, index: u16) -> &Arc<str> {
        let index = usize::from(index);
        self.infos[index].get_or_init(|| {
            table_info_text(&self.company, &self.company.tables[index], self.profile).into()
        })
    }
}

/// The texts of the companies of a corpus, made when first needed. An episode holds those that it needs.
pub struct Catalog {
    corpus: Arc<Corpus>,
    profile: ToolProfile,
    texts: Texts,
}

enum Texts {
    /// Of a stored corpus: kept as long as the companies themselves.
    All(Box<[OnceLock<Arc<CompanyTexts>>]>),
    /// Of companies that are made on demand: there may be no end of them.
    Recent(OnceLru<Arc<CompanyTexts>>),
}

impl Catalog {
    /// An empty catalog.
    pub fn new(corpus: Arc<Corpus>, profile: ToolProfile) -> Self {
        let texts = match corpus.as_stored() {
            Some(stored) => {
                Texts::All(stored.companies().iter().map(|_| OnceLock::new()).collect())
            }
            None => Texts::Recent(OnceLru::new(DEFAULT_CACHED_COMPANIES)),
        };
        Self {
            corpus,
            profile,
            texts,
        }
    }

    /// The texts of company `index` of the corpus.
    ///
    /// # Errors
    /// As [`Corpus::company`].
    pub fn company(&self, index: u32) -> Result<Arc<CompanyTexts>> {
        let make = |company| Arc::new(CompanyTexts::new(company, self.profile));
        match &self.texts {
            Texts::All(texts) => {
                let company = self.corpus.company(index)?;
                let text = texts[index as usize].get_or_init(|| make(company));
                Ok(Arc::clone(text))
            }
            Texts::Recent(texts) => {
                texts.get_or_make(index, || self.corpus.company(index).map(make))
            }
        }
    }

    /// Whether the texts of company `index` are at hand.
    pub(crate) fn has(&self, index: u32) -> bool {
        match &self.texts {
            Texts::All(texts) => texts.get(index as usize).is_some_and(|t| t.get().is_some()),
            Texts::Recent(texts) => texts.get(index).is_some(),
        }
    }
}
