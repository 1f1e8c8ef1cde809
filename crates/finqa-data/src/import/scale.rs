//! The scale that a text states: "in millions", "`$ in thousands`", "`2024_usd_millions`".

use finqa_core::answer::Scale;

/// The one scale stated in `texts`; `None` if there is none or several.
///
/// "shares in thousands" beside "in millions" states two, and guessing which one belongs to a cell would be worse
/// than asking for the bare number.
pub(crate) fn stated<'a>(texts: impl IntoIterator<Item = &'a str>) -> Option<Scale> {
    let mut found = None;
    for text in texts {
        let lower = text.to_lowercase();
        for word in lower.split(|c: char| !c.is_alphanumeric()) {
            let scale = match word {
                "thousands" => Scale::Thousand,
                "millions" => Scale::Million,
                "billions" => Scale::Billion,
                _ => continue,
            };
            if found.is_some_and(|f| f != scale) {
                return None;
            }
            found = Some(scale);
        }
    }
    found
}

/// The word that [`finqa_core::Table::scale`] uses.
pub(crate) fn word(scale: Scale) -> &'static str {
    match scale {
        Scale::One => "",
        Scale::Thousand => "thousand",
        Scale::Million => "million",
        Scale::Billion => "billion",
    }
}

/// The scale that a word names ("millions", "mm" is not one).
pub(crate) fn named(word: &str) -> Option<Scale> {
    match word.trim().to_lowercase().trim_end_matches('s') {
        "" | "one" | "unit" => Some(Scale::One),
        "thousand" => Some(Scale::Thousand),
        "million" => Some(Scale::Million),
        "billion" => Some(Scale::Billion),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_scale_counts_two_do_not() {
        assert_eq!(
            stated(["components_of_income_in_millions"]),
            Some(Scale::Million)
        );
        assert_eq!(
            stated(["Dollars in Thousands", "2024"]),
            Some(Scale::Thousand)
        );
        assert_eq!(stated(["in millions, shares in thousands"]), None);
        assert_eq!(stated(["3 million customers"]), None);
    }
}
