//! Numbers, cells and expressions, read and computed without the code under test.

use num_bigint::BigInt;
use num_rational::BigRational;
use num_traits::{Signed, Zero};

/// A decimal like "-12.50".
pub(crate) fn decimal(text: &str) -> Option<BigRational> {
    let negative = text.starts_with('-');
    let digits = text.trim_start_matches('-');
    let (int, frac) = digits.split_once('.').unwrap_or((digits, ""));
    if int.len() + frac.len() == 0 || !(int.bytes().chain(frac.bytes())).all(|b| b.is_ascii_digit())
    {
        return None;
    }
    let scaled: BigInt = format!("{int}{frac}").parse().ok()?;
    let value = BigRational::new(scaled, BigInt::from(10).pow(frac.len() as u32));
    Some(if negative { -value } else { value })
}

/// What a cell shows, read by taking every mark away.
pub(crate) fn shown(cell: &str) -> Option<BigRational> {
    let dash = |c| matches!(c, '—' | '–' | '−');
    let plain: String = cell
        .replace(dash, "-")
        .chars()
        .filter(|c| !" ,%$€£¥AURMS".contains(*c))
        .collect();
    if plain == "-" {
        return Some(BigRational::zero());
    }
    match plain.strip_prefix('(').and_then(|p| p.strip_suffix(')')) {
        Some(inside) => decimal(inside).map(|v| -v),
        None => decimal(&plain),
    }
}

/// Evaluates a gold expression; the calculator's language as far as gold programs use it.
pub(crate) fn evaluate(expression: &str, operands: &[BigRational]) -> BigRational {
    let mut tokens = Tokens {
        rest: expression,
        operands,
    };
    let value = tokens.sum();
    assert!(
        tokens.rest.trim().is_empty(),
        "{expression}: rest {:?}",
        tokens.rest
    );
    value
}

struct Tokens<'a> {
    rest: &'a str,
    operands: &'a [BigRational],
}

impl Tokens<'_> {
    fn eat(&mut self, token: &str) -> bool {
        let rest = self.rest.trim_start();
        match rest.strip_prefix(token) {
            Some(after) => {
                self.rest = after;
                true
            }
            None => false,
        }
    }

    fn sum(&mut self) -> BigRational {
        let mut value = self.product();
        loop {
            if self.eat("+") {
                value += self.product();
            } else if self.eat("-") {
                value -= self.product();
            } else {
                return value;
            }
        }
    }

    fn product(&mut self) -> BigRational {
        let mut value = self.power();
        loop {
            // A power is no product; `power` has eaten it before.
            if self.eat("*") {
                value *= self.power();
            } else if self.eat("/") {
                value /= self.power();
            } else {
                return value;
            }
        }
    }

    fn power(&mut self) -> BigRational {
        let base = self.atom();
        if self.eat("**") {
            let exponent = self.atom();
            assert!(exponent.is_integer());
            return base.pow(i32::try_from(exponent.to_integer()).unwrap());
        }
        base
    }

    fn atom(&mut self) -> BigRational {
        for (name, larger) in [("max(", true), ("min(", false)] {
            if self.eat(name) {
                let mut best = self.sum();
                while self.eat(",") {
                    let next = self.sum();
                    if (next > best) == larger {
                        best = next;
                    }
                }
                assert!(self.eat(")"));
                return best;
            }
        }
        if self.eat("(") {
            let value = self.sum();
            assert!(
                self.eat(")"),
                "no closing parenthesis before {:?}",
                self.rest
            );
            return value;
        }
        if self.eat("{") {
            let (index, rest) = self.rest.split_once('}').unwrap();
            self.rest = rest;
            return self.operands[index.parse::<usize>().unwrap()].clone();
        }
        let rest = self.rest.trim_start();
        let end = rest
            .find(|c: char| !(c.is_ascii_digit() || c == '.'))
            .unwrap_or(rest.len());
        self.rest = &rest[end..];
        decimal(&rest[..end]).unwrap_or_else(|| panic!("a number was expected at {rest:?}"))
    }
}

/// Rounds half away from zero and writes `decimals` digits.
pub(crate) fn written(value: &BigRational, decimals: u8) -> String {
    let scaled =
        (value * BigRational::from_integer(BigInt::from(10).pow(u32::from(decimals)))).round();
    let digits = scaled.to_integer().abs().to_string();
    let width = usize::from(decimals) + 1;
    let digits = format!("{digits:0>width$}");
    let (int, frac) = digits.split_at(digits.len() - usize::from(decimals));
    let sign = if scaled.is_negative() { "-" } else { "" };
    if decimals == 0 {
        format!("{sign}{int}")
    } else {
        format!("{sign}{int}.{frac}")
    }
}
