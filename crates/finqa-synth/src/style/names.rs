//! Names of tables and columns.

use std::collections::HashSet;

use crate::identity::Identity;
use crate::note::{Note, Prefix};

/// The name of a table: the tag of a filing with `:` and `-` made `_`.
pub(super) fn table(note: &Note, identity: &Identity) -> String {
    let prefix = match note.prefix {
        Prefix::UsGaap => "us_gaap",
        Prefix::Srt => "srt",
        Prefix::Ticker => &identity.ticker,
    };
    format!("{prefix}_{}TableTextBlock", note.stem)
}

/// Lower-case words joined by underscores: "Year Ended June 30, 2024" is `year_ended_june_30_2024`.
pub(super) fn slug(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars().flat_map(char::to_lowercase) {
        if c.is_alphanumeric() {
            out.push(c);
        } else if !out.is_empty() && !out.ends_with('_') && !matches!(c, '\'' | '’') {
            out.push('_');
        }
    }
    out.truncate(out.trim_end_matches('_').len());
    out
}

/// Column names that are not empty and unlike each other without regard to case: `col_1`, `total_2`.
pub(super) fn columns(titles: Vec<String>) -> Vec<String> {
    let mut seen = HashSet::new();
    let mut out: Vec<String> = Vec::with_capacity(titles.len());
    for (i, title) in titles.into_iter().enumerate() {
        let base = if title.is_empty() {
            format!("col_{i}")
        } else {
            title
        };
        let mut name = base.clone();
        let mut n = 2;
        while !seen.insert(name.to_lowercase()) {
            name = format!("{base}_{n}");
            n += 1;
        }
        out.push(name);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slugs_are_words_and_underscores() {
        for (text, want) in [
            ("Year Ended June 30, 2024", "year_ended_june_30_2024"),
            ("R&D (net)", "r_d_net"),
            ("Plan's assets", "plans_assets"),
            ("2024", "2024"),
            ("", ""),
        ] {
            assert_eq!(slug(text), want);
        }
    }

    #[test]
    fn columns_have_names_of_their_own() {
        let names = |titles: &[&str]| columns(titles.iter().map(|t| (*t).to_owned()).collect());
        assert_eq!(names(&["", "2024", ""]), ["col_0", "2024", "col_2"]);
        assert_eq!(
            names(&["item", "Fair value", "fair value", "fair value_2"]),
            ["item", "Fair value", "fair value_2", "fair value_2_2"]
        );
    }
}
