//! Texts of list and info tools, made once per company and shared by every episode about it.

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

use finqa_core::table_info::{table_info_text, table_names_text};
use finqa_core::tool::ToolProfile;
use finqa_core::{Company, Corpus};

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

/// The texts of all companies of a corpus, made when first needed.
pub struct Catalog {
    corpus: Arc<Corpus>,
    profile: ToolProfile,
    companies: Box<[OnceLock<Arc<CompanyTexts>>]>,
}

impl Catalog {
    /// An empty catalog.
    pub fn new(corpus: Arc<Corpus>, profile: ToolProfile) -> Self {
        let companies = corpus.companies().iter().map(|_| OnceLock::new()).collect();
        Self {
            corpus,
            profile,
            companies,
        }
    }

    /// The texts of company `index`.
    pub fn company(&self, index: usize) -> &Arc<CompanyTexts> {
        self.companies[index].get_or_init(|| {
            Arc::new(CompanyTexts::new(
                Arc::clone(&self.corpus.companies()[index]),
                self.profile,
            ))
        })
    }
}
