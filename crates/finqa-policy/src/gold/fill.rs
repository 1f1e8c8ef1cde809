//! Putting numbers and texts into the places that a program leaves for them.

use finqa_core::calculator::calculate;

/// A place in a program's text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place<'a> {
    /// `{3}`: an operand.
    Operand(usize),
    /// `${name}`: a value worked out before.
    Value(&'a str),
}

/// Replaces every place in `text`; `None` if `with` has nothing for one of them.
///
/// Braces around anything but an index, without a dollar sign, are plain text.
pub(super) fn fill(text: &str, with: impl Fn(Place<'_>) -> Option<String>) -> Option<String> {
    let mut out = String::with_capacity(text.len() + 16);
    let mut rest = text;
    while let Some(open) = rest.find('{') {
        let (before, inside) = (&rest[..open], &rest[open + 1..]);
        let Some(close) = inside.find('}') else { break };
        let word = &inside[..close];
        let (before, place) = match before.strip_suffix('$') {
            Some(before) => (before, Some(Place::Value(word))),
            None => (before, word.parse().ok().map(Place::Operand)),
        };
        out.push_str(before);
        if let Some(place) = place {
            out.push_str(&with(place)?);
        } else {
            out.push('{');
            out.push_str(word);
            out.push('}');
        }
        rest = &inside[close + 1..];
    }
    out.push_str(rest);
    Some(out)
}

/// The place that an expression consists of, if it is nothing else: no calculator is needed for it.
pub(super) fn bare(expression: &str) -> Option<Place<'_>> {
    let expression = expression.trim();
    let named = expression.strip_prefix('$');
    let word = named
        .unwrap_or(expression)
        .strip_prefix('{')?
        .strip_suffix('}')?;
    if named.is_some() {
        return (!word.contains(['{', '}'])).then_some(Place::Value(word));
    }
    word.parse().ok().map(Place::Operand)
}

/// A number as it stands in an expression: negative ones in parentheses.
pub(super) fn in_expression(number: &str) -> String {
    if number.starts_with('-') {
        format!("({number})")
    } else {
        number.to_owned()
    }
}

/// Whether the exact value of `left` is greater than that of `right`; `None` if one of them has none.
pub(super) fn is_greater(left: &str, right: &str) -> Option<bool> {
    calculate(&format!("({left}) > ({right})"))
        .ok()
        .map(|truth| truth == "1")
}

/// The place of the largest (or smallest) of `expressions`, compared exactly. `None` if two share it: then no name is
/// the answer.
pub(super) fn extreme(expressions: &[String], largest: bool) -> Option<usize> {
    let beats = |a: usize, b: usize| {
        if largest {
            is_greater(&expressions[a], &expressions[b])
        } else {
            is_greater(&expressions[b], &expressions[a])
        }
    };
    let mut best = 0;
    for i in 1..expressions.len() {
        if beats(i, best)? {
            best = i;
        }
    }
    for i in (0..expressions.len()).filter(|&i| i != best) {
        if !beats(best, i)? {
            return None;
        }
    }
    (!expressions.is_empty()).then_some(best)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_told_apart() {
        let with = |place: Place<'_>| match place {
            Place::Operand(i) => Some(format!("<{i}>")),
            Place::Value("x") => Some("[x]".into()),
            Place::Value(_) => None,
        };
        for (text, want) in [
            ("{0}/{10}", Some("<0>/<10>")),
            ("${x}: {1}", Some("[x]: <1>")),
            ("$ ${x} {a} {", Some("$ [x] {a} {")),
            ("${y}", None),
            ("nothing", Some("nothing")),
        ] {
            assert_eq!(fill(text, with).as_deref(), want, "{text}");
        }
    }

    #[test]
    fn only_a_place_by_itself_is_bare() {
        for (expression, want) in [
            ("{0}", Some(Place::Operand(0))),
            (" {12} ", Some(Place::Operand(12))),
            ("${total}", Some(Place::Value("total"))),
            ("-{0}", None),
            ("{0}+{1}", None),
            ("${a}+${b}", None),
            ("{a}", None),
            ("5", None),
        ] {
            assert_eq!(bare(expression), want, "{expression}");
        }
    }

    #[test]
    fn extremes_are_exact_and_unique() {
        let of = |list: &[&str], largest| {
            let list: Vec<String> = list.iter().map(|&s| s.to_owned()).collect();
            extreme(&list, largest)
        };
        // Floats cannot tell the first two apart.
        let near = [
            "9007199254740993",
            "9007199254740992",
            "(-9007199254740993)",
        ];
        assert_eq!(of(&near, true), Some(0));
        assert_eq!(of(&near, false), Some(2));
        assert_eq!(of(&["1/3", "0.33333333333333333333"], true), Some(0));
        assert_eq!(of(&["1", "2/2", "0"], true), None);
        assert_eq!(of(&["1", "2/2", "0"], false), Some(2));
        assert_eq!(of(&["1", "1/0"], true), None);
        assert_eq!(of(&[], true), None);
    }
}
