//! The words of a mined question. Plain on purpose, as those of `finqa-gym data author`: who wants others rewrites
//! them, the program stays.

use finqa_core::Table;

/// A period as a question says it: "in 2024", "in the third quarter of 2024".
pub(super) fn period(period: i32) -> String {
    let (year, quarter) = (period / 10, period % 10);
    let nth = ["", "first", "second", "third", "fourth"];
    match quarter {
        0 => year.to_string(),
        q => format!("the {} quarter of {year}", nth[q as usize]),
    }
}

/// What a question calls a table: the start of its description ("balance sheet of Acme"), or its name as words.
pub(super) fn table(table: &Table) -> String {
    let name = table
        .name
        .strip_prefix("us_gaap_")
        .or_else(|| table.name.strip_prefix("ifrs_"))
        .unwrap_or(&table.name);
    let name = name
        .trim_end_matches("TableTextBlock")
        .trim_end_matches("TextBlock");
    match name.strip_suffix("_quarterly") {
        Some(name) => format!("quarterly {}", words(name)),
        None => words(name),
    }
}

/// What a question calls a row. A member of a dimension is no figure by itself.
pub(super) fn row(table: &Table, text: &str) -> String {
    let of_members = table.name.contains("_by_");
    let is_total = text.trim().eq_ignore_ascii_case("total");
    match (of_members, is_total) {
        (_, true) => "the total".to_owned(),
        (true, false) => format!("the figure for {}", text.trim()),
        (false, false) => label(text),
    }
}

/// A name as words: "IncomeStatement_quarterly" is "income statement quarterly".
fn words(name: &str) -> String {
    let mut out = String::with_capacity(name.len() + 8);
    let mut before: Option<char> = None;
    for c in name.chars() {
        let starts =
            c.is_uppercase() && before.is_some_and(|b| b.is_lowercase() || b.is_ascii_digit());
        if (starts || c == '_') && !out.ends_with(' ') {
            out.push(' ');
        }
        if c != '_' {
            out.extend(c.to_lowercase());
        }
        before = Some(c);
    }
    out.trim().to_owned()
}

/// A label inside a sentence: "Total assets" is "total assets", "EBITDA margin" stays.
pub(super) fn label(label: &str) -> String {
    let label = label.trim().trim_end_matches(':');
    let mut chars = label.chars();
    match (chars.next(), chars.next()) {
        (Some(first), Some(second)) if first.is_uppercase() && second.is_lowercase() => {
            first.to_lowercase().collect::<String>() + &label[first.len_utf8()..]
        }
        _ => label.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_labels_read_as_words() {
        assert_eq!(
            words("IncomeStatement_quarterly"),
            "income statement quarterly"
        );
        assert_eq!(words("sales"), "sales");
        assert_eq!(label("Total assets"), "total assets");
        assert_eq!(label("EBITDA margin:"), "EBITDA margin");
        assert_eq!(period(20243), "the third quarter of 2024");
        assert_eq!(period(20240), "2024");
    }
}
