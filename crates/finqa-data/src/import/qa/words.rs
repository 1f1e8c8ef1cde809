//! Words of questions, labels and headers.

/// Words that carry no meaning for finding a cell.
const STOP: [&str; 30] = [
    "the", "a", "an", "of", "in", "on", "at", "to", "from", "for", "and", "or", "is", "was",
    "were", "are", "what", "which", "how", "much", "many", "by", "as", "with", "between", "did",
    "does", "s", "be", "that",
];

/// Lower-case words and numbers, without stop words and plural endings.
pub(crate) fn tokens(text: &str) -> Vec<String> {
    text.to_lowercase()
        .split(|c: char| !c.is_alphanumeric())
        .filter(|w| !w.is_empty() && !STOP.contains(w))
        .map(|w| {
            let plural = w.len() > 3 && w.ends_with('s') && !w.ends_with("ss");
            (if plural { &w[..w.len() - 1] } else { w }).to_owned()
        })
        .collect()
}

/// Which part of `wanted` occurs in `given`, from 0 to 1; 0 for an empty `wanted`.
pub(crate) fn covered(wanted: &[String], given: &[String]) -> f64 {
    if wanted.is_empty() {
        return 0.0;
    }
    wanted.iter().filter(|w| given.contains(w)).count() as f64 / wanted.len() as f64
}

/// Trims, turns every kind of blank into one space and drops zero-width characters.
pub(crate) fn collapse(text: &str) -> String {
    let visible: String = text
        .chars()
        .filter(|c| !matches!(c, '\u{200b}'..='\u{200d}' | '\u{feff}'))
        .collect();
    visible.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A text reduced to what the strict comparison of labels looks at: lower case, no articles, no punctuation.
pub(crate) fn label_key(text: &str) -> String {
    text.to_lowercase()
        .split(|c: char| !c.is_alphanumeric())
        .filter(|w| !matches!(*w, "" | "a" | "an" | "the"))
        .collect::<Vec<_>>()
        .join(" ")
}

/// A label without footnote marks at its end: `"Net income (1)(2)"` is `"Net income"`.
pub(crate) fn without_footnotes(label: &str) -> &str {
    let mut rest = label.trim_end();
    loop {
        let Some(open) = rest.strip_suffix(')').and_then(|r| r.rfind('(')) else {
            return rest;
        };
        let inner = &rest[open + 1..rest.len() - 1];
        let mark = inner.trim();
        let short = mark.chars().count() <= 2 && !mark.is_empty();
        if !short || !mark.chars().all(|c| c.is_ascii_alphanumeric() || c == '*') {
            return rest;
        }
        rest = rest[..open].trim_end();
    }
}
