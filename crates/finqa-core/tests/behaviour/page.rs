//! The tables of `docs/spec/behaviour.md` are those of the code.

use finqa_core::behaviour::{CHECK_REASONS, Check, Failure, Flag, WrongAnswer};

const PAGE: &str = include_str!("../../../../docs/spec/behaviour.md");

/// The rows below a table's header, name and meaning.
fn table(header: &str) -> Vec<(String, String)> {
    let start = PAGE
        .find(&format!("| {header} | meaning |\n"))
        .unwrap_or_else(|| panic!("no table of {header}"));
    PAGE[start..]
        .lines()
        .skip(2)
        .take_while(|line| line.starts_with("| "))
        .map(|line| {
            let (name, meaning) = line
                .trim_matches(['|', ' '])
                .split_once(" | ")
                .expect("two cells");
            (name.trim_matches('`').to_owned(), meaning.to_owned())
        })
        .collect()
}

fn is_on_the_page(header: &str, names: Vec<(&str, &str)>) {
    let names: Vec<(String, String)> = names
        .into_iter()
        .map(|(name, meaning)| (name.to_owned(), meaning.to_owned()))
        .collect();
    assert_eq!(table(header), names);
}

#[test]
fn names_and_meanings_are_those_of_the_page() {
    is_on_the_page(
        "check",
        Check::ALL.iter().map(|c| (c.name(), c.meaning())).collect(),
    );
    is_on_the_page(
        "flag",
        Flag::ALL.iter().map(|f| (f.name(), f.meaning())).collect(),
    );
    is_on_the_page(
        "failure",
        Failure::ALL
            .iter()
            .map(|f| (f.name(), f.meaning()))
            .collect(),
    );
    is_on_the_page(
        "kind",
        WrongAnswer::ALL
            .iter()
            .map(|w| (w.name(), w.meaning()))
            .collect(),
    );
    is_on_the_page("reason", CHECK_REASONS.to_vec());
}

#[test]
fn every_check_has_a_section() {
    for check in Check::ALL {
        assert!(
            PAGE.contains(&format!("\n### {}\n", check.name())),
            "{check:?}"
        );
    }
}

#[test]
fn every_failure_has_its_condition() {
    let start = PAGE.find("| failure | is shown if |").expect("the table");
    let conditions = PAGE[start..].split("\n\n").next().unwrap_or_default();
    let is_between = |f: Failure| (Failure::WrongYear..=Failure::Rounding).contains(&f);
    for failure in Failure::ALL {
        let is_told = conditions.contains(&format!("`{}`", failure.name()));
        assert!(is_told || is_between(*failure), "{failure:?}");
    }
}
