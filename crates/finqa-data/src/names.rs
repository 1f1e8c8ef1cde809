//! Names of tables and columns: never empty, unique without regard to case.

use std::collections::HashSet;

/// Makes column names usable without touching their spelling: an empty one becomes `col_<index>`, a repeated one
/// (SQL ignores case) gets `_2`, `_3`, … A year stays the string it is.
///
/// rLLM's reader calls an empty header `col_<index>` too; `pandas.read_json` turns such tables into dates, which is
/// the corruption that this rule avoids.
pub(crate) fn columns(raw: impl IntoIterator<Item = String>) -> Vec<String> {
    let mut names = Unique::default();
    raw.into_iter()
        .enumerate()
        .map(|(i, name)| {
            let name = if name.trim().is_empty() {
                format!("col_{i}")
            } else {
                name
            };
            names.take(name)
        })
        .collect()
}

/// Hands out names that are unique without regard to case.
#[derive(Default)]
pub(crate) struct Unique {
    seen: HashSet<String>,
}

impl Unique {
    /// `name`, or `name_2`, `name_3`, … if it is taken.
    pub(crate) fn take(&mut self, name: String) -> String {
        if self.seen.insert(name.to_lowercase()) {
            return name;
        }
        let mut n = 2u32;
        loop {
            let candidate = format!("{name}_{n}");
            if self.seen.insert(candidate.to_lowercase()) {
                return candidate;
            }
            n += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(names: &[&str]) -> Vec<String> {
        columns(names.iter().map(|s| (*s).to_owned()))
    }

    #[test]
    fn empty_headers_become_col_index() {
        assert_eq!(of(&["", "2024", " "]), ["col_0", "2024", "col_2"]);
    }

    #[test]
    fn repeats_get_a_number_and_case_does_not_count() {
        assert_eq!(
            of(&["Total", "total", "TOTAL"]),
            ["Total", "total_2", "TOTAL_3"]
        );
        assert_eq!(of(&["a_2", "a", "a"]), ["a_2", "a", "a_3"]);
    }
}
