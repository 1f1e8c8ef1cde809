//! What a script reads off a listing of tables, and off a question.

/// The table names that the list tool returned: a JSON list, or a name a line. Empty for an error text.
pub(super) fn table_names(observation: &str) -> Vec<String> {
    let text = observation.trim();
    if text.starts_with('[') {
        return serde_json::from_str(text).unwrap_or_default();
    }
    if text.starts_with("Error") {
        return Vec::new();
    }
    text.lines()
        .map(|line| line.trim().to_owned())
        .filter(|line| !line.is_empty())
        .collect()
}

/// Words of a question that may name something, in order, lower case: at least four letters and no word of asking.
pub(super) fn keywords(question: &str) -> Vec<String> {
    const ASKING: [&str; 24] = [
        "what",
        "which",
        "were",
        "that",
        "with",
        "from",
        "much",
        "many",
        "does",
        "year",
        "years",
        "fiscal",
        "company",
        "answer",
        "give",
        "between",
        "percentage",
        "percent",
        "change",
        "total",
        "amount",
        "value",
        "ended",
        "million",
    ];
    question
        .split(|c: char| !c.is_alphabetic())
        .map(str::to_lowercase)
        .filter(|word| word.chars().count() > 3 && !ASKING.contains(&word.as_str()))
        .collect()
}

/// The last year that a question names, if it names one.
pub(super) fn year(question: &str) -> Option<&str> {
    question
        .split(|c: char| !c.is_ascii_digit())
        .rfind(|word| word.len() == 4 && (word.starts_with("19") || word.starts_with("20")))
}

/// The name that shares most words with the question; of several, the one at place `tie` modulo their number.
pub(super) fn right_looking<'a>(
    names: &'a [String],
    words: &[String],
    tie: usize,
) -> Option<&'a str> {
    let hits = |name: &String| {
        let name = name.to_lowercase();
        words.iter().filter(|w| name.contains(w.as_str())).count()
    };
    let best = names.iter().map(hits).max()?;
    let equal: Vec<&String> = names.iter().filter(|name| hits(name) == best).collect();
    Some(equal[tie % equal.len()])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_listings_read_the_same() {
        assert_eq!(table_names("[\"a\", \"b c\"]"), ["a", "b c"]);
        assert_eq!(table_names(" a\n b c"), ["a", "b c"]);
        assert!(table_names("Error: no").is_empty());
    }

    #[test]
    fn the_table_that_shares_words_looks_right() {
        let names: Vec<String> = ["leases", "long_term_debt", "debt"].map(Into::into).into();
        let words = keywords("What was long-term debt in fiscal 2023?");
        assert_eq!(words, ["long", "term", "debt"]);
        assert_eq!(right_looking(&names, &words, 5), Some("long_term_debt"));
        assert_eq!(year("From 2022 to 2023?"), Some("2023"));
        assert_eq!(year("In 123456?"), None);
    }
}
