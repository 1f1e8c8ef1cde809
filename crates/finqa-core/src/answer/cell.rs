//! Numbers as filings print them in table cells.

use super::normalize::is_dash;
use super::unit::is_currency;

/// Currency codes that stand before or behind a number.
const CODES: [&str; 12] = [
    "USD", "EUR", "GBP", "JPY", "CHF", "CAD", "AUD", "CNY", "RMB", "INR", "RM", "Rs",
];

/// Units that may stand behind a number; they do not change its value.
const UNITS: [&str; 8] = ["%", "％", "x", "bps", "bp", "pp", "pts", "pt"];

/// The number that a table cell shows, as a plain decimal for the calculator.
///
/// Takes currency signs and codes, grouping, minus signs and parentheses, a percent sign (inside or outside the
/// parentheses; the number stays a percentage), "x", "bps", "pp" and "pt" behind the number, a dash for zero, and
/// footnote marks behind the number ("1,234 (1)", "5.0*"). `None` if the cell is no number, or more than one.
///
/// ```
/// use finqa_core::answer::cell_number;
///
/// assert_eq!(cell_number("$ (1,234)").as_deref(), Some("-1234"));
/// assert_eq!(cell_number("(4.5)%").as_deref(), Some("-4.5"));
/// assert_eq!(cell_number("—").as_deref(), Some("0"));
/// assert_eq!(cell_number("1,234 (1)").as_deref(), Some("1234"));
/// assert_eq!(cell_number("N/A"), None);
/// ```
pub fn cell_number(cell: &str) -> Option<String> {
    let mut rest = cell.trim();
    let (mut is_minus, mut is_open) = (false, false);
    loop {
        if let Some(next) = after_currency(rest) {
            rest = next;
        } else if let Some(next) = rest.strip_prefix(is_dash).filter(|_| !is_minus) {
            (rest, is_minus) = (next.trim_start(), true);
        } else if let Some(next) = rest.strip_prefix('(').filter(|_| !is_open) {
            (rest, is_open) = (next.trim_start(), true);
        } else {
            break;
        }
    }
    let is_negative = is_minus || is_open;
    let digits = match digits(rest) {
        // "(-5)" could mean either.
        Some(_) if is_minus && is_open => return None,
        Some((digits, next)) => {
            rest = next.trim_start();
            digits
        }
        // A dash, or two, for nil.
        None if is_minus => {
            rest = rest.strip_prefix(is_dash).unwrap_or(rest).trim_start();
            "0".to_owned()
        }
        None => return None,
    };
    loop {
        if let Some(next) = after_unit(rest).or_else(|| after_currency(rest)) {
            rest = next;
        } else if let Some(next) = rest.strip_prefix(')').filter(|_| is_open) {
            (rest, is_open) = (next.trim_start(), false);
        } else {
            break;
        }
    }
    if is_open || !is_footnotes(rest) {
        return None;
    }
    let is_zero = digits.bytes().all(|b| matches!(b, b'0' | b'.'));
    Some(if is_negative && !is_zero {
        format!("-{digits}")
    } else {
        digits
    })
}

fn after_currency(text: &str) -> Option<&str> {
    // Up to two letters belong to the sign: "US$", "A$", "HK$".
    let letters = text
        .bytes()
        .take(2)
        .take_while(u8::is_ascii_uppercase)
        .count();
    for start in [0, letters] {
        if let Some(rest) =
            text[start..].strip_prefix(|c| if start == 0 { is_currency(c) } else { c == '$' })
        {
            return Some(rest.trim_start());
        }
    }
    CODES
        .iter()
        .find_map(|code| Some(word_end(text.strip_prefix(code)?)?.trim_start()))
}

fn after_unit(text: &str) -> Option<&str> {
    UNITS.iter().find_map(|unit| {
        let rest = text.strip_prefix(unit)?;
        Some(
            if unit.is_ascii() && *unit != "%" {
                word_end(rest)?
            } else {
                rest
            }
            .trim_start(),
        )
    })
}

/// The text, unless a letter goes on with the word before it.
fn word_end(rest: &str) -> Option<&str> {
    (!rest.starts_with(char::is_alphabetic)).then_some(rest)
}

/// The decimal at the start of a text without its grouping, and what follows it.
fn digits(text: &str) -> Option<(String, &str)> {
    let end = text
        .find(|c: char| !c.is_ascii_digit() && c != ',')
        .unwrap_or(text.len());
    let whole = &text[..end];
    let mut groups = whole.split(',');
    let first = groups.next().unwrap_or("");
    let is_grouped = whole.contains(',');
    if is_grouped
        && (first.is_empty()
            || first.len() > 3
            || first.starts_with('0')
            || groups.any(|g| g.len() != 3))
    {
        return None;
    }
    let mut rest = &text[end..];
    let mut fraction = "";
    if let Some(point) = rest.strip_prefix('.') {
        let end = point
            .find(|c: char| !c.is_ascii_digit())
            .unwrap_or(point.len());
        (fraction, rest) = point.split_at(end);
        if fraction.is_empty() || rest.starts_with([',', '.']) {
            return None;
        }
    }
    if whole.is_empty() && fraction.is_empty() {
        return None;
    }
    let plain = whole.replace(',', "");
    let plain = plain.trim_start_matches('0');
    let plain = if plain.is_empty() { "0" } else { plain };
    let number = if fraction.is_empty() {
        plain.to_owned()
    } else {
        format!("{plain}.{fraction}")
    };
    Some((number, rest))
}

/// Whether nothing but footnote marks follows: "*", "†", "(1)", "(a)", "[2]", a raised digit.
fn is_footnotes(text: &str) -> bool {
    let mut rest = text.trim_start();
    while let Some(c) = rest.chars().next() {
        let close = match c {
            '(' => ')',
            '[' => ']',
            '*' | '†' | '‡' | '§' | '¹' | '²' | '³' | '⁴'..='⁹' => {
                rest = rest[c.len_utf8()..].trim_start();
                continue;
            }
            _ => return false,
        };
        let Some((mark, next)) = rest[1..].split_once(close) else {
            return false;
        };
        let is_number = (1..=2).contains(&mark.len()) && mark.bytes().all(|b| b.is_ascii_digit());
        let is_letter = mark.len() == 1 && mark.bytes().all(|b| b.is_ascii_alphabetic());
        if !is_number && !is_letter {
            return false;
        }
        rest = next.trim_start();
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_of_filings_are_read() {
        for (cell, want) in [
            ("1,234", "1234"),
            ("$ 1,234", "1234"),
            ("$  1,452.4", "1452.4"),
            ("$ (1,234)", "-1234"),
            ("($1,234.50)", "-1234.50"),
            ("(56)", "-56"),
            ("-56", "-56"),
            ("\u{2212} 56", "-56"),
            ("-$56", "-56"),
            ("$-56", "-56"),
            ("—", "0"),
            ("–", "0"),
            ("-", "0"),
            ("--", "0"),
            ("$ —", "0"),
            ("— %", "0"),
            ("(—)", "0"),
            ("-0.0", "0.0"),
            ("21.0%", "21.0"),
            ("21.0 %", "21.0"),
            ("(4.5)%", "-4.5"),
            ("(4.5%)", "-4.5"),
            ("(4.5) %", "-4.5"),
            ("€ 19", "19"),
            ("RM 21", "21"),
            ("US$ 21", "21"),
            ("A$ 5", "5"),
            ("HK$5", "5"),
            ("5 USD", "5"),
            ("£(7)", "-7"),
            ("1,234 (1)", "1234"),
            ("(1,234) (a)", "-1234"),
            ("5.0*", "5.0"),
            ("5¹", "5"),
            ("4 bps", "4"),
            ("4.2x", "4.2"),
            (".5", "0.5"),
            ("007", "7"),
            ("2023", "2023"),
        ] {
            assert_eq!(cell_number(cell).as_deref(), Some(want), "{cell:?}");
        }
    }

    #[test]
    fn other_cells_are_no_numbers() {
        for cell in [
            "",
            " ",
            "N/A",
            "NM",
            "*",
            "$",
            "()",
            "(",
            "(5",
            "5)",
            "12,34",
            "0,5",
            "1.2.3",
            "1 234",
            "5 (123)",
            "(-5)",
            "2022 to 2023",
            "Revenue",
            "1e5",
            "1/2",
            "5.",
            "—5—",
            "RMX 5",
            "5 xx",
            "9 million",
            "(5) (6,000)",
            ",",
        ] {
            assert_eq!(cell_number(cell), None, "{cell:?}");
        }
    }
}
