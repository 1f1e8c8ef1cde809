//! The derivations that TAT-QA writes beside arithmetic answers: `(44.1-56.7)/56.7`, `[(4+4)/2] - [(2+3)/2]`.

use num_traits::{One, Signed};

use super::super::qa::expr::{Expr, Literal, MAX_LEAVES, Op};
use super::super::qa::number::{self, Number};

/// What a number alone in parentheses means: annotators write `(13)` for 13 and, copying a cell, for −13.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Parentheses {
    Grouping,
    Negative,
}

struct Parser<'a> {
    rest: &'a str,
    parentheses: Parentheses,
    depth: u8,
}

/// Deepest nesting that is read.
const MAX_DEPTH: u8 = 32;

/// Reads a derivation; the error says what stands where no operator or number was expected.
pub(super) fn parse(text: &str, parentheses: Parentheses) -> Result<Expr<Literal>, String> {
    // Counted before parsing: a long sum is a deep tree.
    let operators = text
        .matches(['+', '-', '–', '−', '*', '×', 'x', '/', '÷'])
        .count();
    if operators > MAX_LEAVES {
        return Err(format!("more than {MAX_LEAVES} operators"));
    }
    let mut parser = Parser {
        rest: text,
        parentheses,
        depth: 0,
    };
    let expr = parser.sum()?;
    if parser.peek().is_some() {
        return Err(format!("{:?} was not expected", parser.rest));
    }
    Ok(expr)
}

impl Parser<'_> {
    fn peek(&mut self) -> Option<char> {
        self.rest = self.rest.trim_start();
        self.rest.chars().next()
    }

    fn take(&mut self, c: char) -> bool {
        let found = self.peek() == Some(c);
        if found {
            self.rest = &self.rest[c.len_utf8()..];
        }
        found
    }

    fn operator(&mut self, choices: &[(char, Op)]) -> Option<Op> {
        choices
            .iter()
            .find(|(c, _)| self.take(*c))
            .map(|(_, op)| *op)
    }

    fn sum(&mut self) -> Result<Expr<Literal>, String> {
        const OPS: [(char, Op); 4] = [
            ('+', Op::Add),
            ('-', Op::Sub),
            ('–', Op::Sub),
            ('−', Op::Sub),
        ];
        let mut left = self.product()?;
        while let Some(op) = self.operator(&OPS) {
            left = Expr::bin(op, left, self.product()?);
        }
        Ok(left)
    }

    fn product(&mut self) -> Result<Expr<Literal>, String> {
        const OPS: [(char, Op); 5] = [
            ('*', Op::Mul),
            ('×', Op::Mul),
            ('x', Op::Mul),
            ('/', Op::Div),
            ('÷', Op::Div),
        ];
        let mut left = self.unary()?;
        while let Some(op) = self.operator(&OPS) {
            left = Expr::bin(op, left, self.unary()?);
        }
        Ok(left)
    }

    fn unary(&mut self) -> Result<Expr<Literal>, String> {
        if self.depth >= MAX_DEPTH {
            return Err("nested too deeply".to_owned());
        }
        self.depth += 1;
        let result = if self.take('-') || self.take('–') || self.take('−') {
            self.unary().map(|e| Expr::Neg(Box::new(e)))
        } else {
            self.atom()
        };
        self.depth -= 1;
        result
    }

    fn atom(&mut self) -> Result<Expr<Literal>, String> {
        while self.take('$') || self.take('€') || self.take('£') {}
        for (open, close) in [('(', ')'), ('[', ']')] {
            if self.take(open) {
                let inner = self.sum()?;
                if !self.take(close) {
                    return Err(format!("{close:?} is missing before {:?}", self.rest));
                }
                let percent = self.take('%');
                return Ok(match inner {
                    Expr::Leaf(mut literal) if open == '(' => {
                        literal.number.percent |= percent;
                        let negative = self.parentheses == Parentheses::Negative;
                        let leaf = Expr::Leaf(literal);
                        if negative {
                            Expr::Neg(Box::new(leaf))
                        } else {
                            leaf
                        }
                    }
                    other => other,
                });
            }
        }
        let digit = |c: char| c.is_ascii_digit() || c == ',' || c == '.';
        let end = self.rest.find(|c| !digit(c)).unwrap_or(self.rest.len());
        let (text, rest) = self.rest.split_at(end);
        let mut number = number::read(text)
            .ok_or_else(|| format!("a number was expected at {:?}", self.rest))?;
        self.rest = rest;
        number.percent = self.take('%');
        Ok(Expr::Leaf(Literal { number, at: None }))
    }
}

/// Numbers that convert units or count periods even where no average shows it.
fn is_factor(number: &Number) -> bool {
    let v = &number.value;
    number.decimals == 0
        && (*v >= number::whole(2) && *v <= number::whole(12)
            || [100, 365, 1000, 1_000_000]
                .iter()
                .any(|n| *v == number::whole(*n)))
}

fn is_conversion(number: &Number) -> bool {
    [100, 1000, 1_000_000]
        .iter()
        .any(|n| number.value == number::whole(*n))
}

fn terms<L>(expr: &Expr<L>) -> i64 {
    match expr {
        Expr::Bin(Op::Add | Op::Sub, a, b) => terms(a) + terms(b),
        _ => 1,
    }
}

/// Turns the numbers that stand for no cell into constants: the divisor of an average, `* 100`, `- 1`.
///
/// `shown` says whether a cell shows the number; small factors that no cell shows are constants too.
pub(super) fn constants(expr: Expr<Literal>, shown: &impl Fn(&Literal) -> bool) -> Expr<Literal> {
    let Expr::Bin(op, a, b) = expr else {
        return match expr {
            Expr::Neg(a) => Expr::Neg(Box::new(constants(*a, shown))),
            other => other,
        };
    };
    let constant = |side: &Expr<Literal>, other: &Expr<Literal>, right: bool| -> bool {
        let Expr::Leaf(l) = side else { return false };
        let n = &l.number;
        // `/ (2019 - 2017 + 1)`: years are no amounts.
        if matches!(op, Op::Add | Op::Sub) && number::is_year(&n.text()) && !shown(l) {
            return true;
        }
        match op {
            Op::Div if !right => n.value.is_one() && n.decimals == 0 && !shown(l),
            Op::Div if right => {
                is_factor(n) && terms(other) > 1 && n.value == number::whole(terms(other))
                    || is_conversion(n)
                    || is_factor(n) && !shown(l)
            }
            Op::Mul => is_conversion(n) || is_factor(n) && !shown(l),
            Op::Sub if right => n.value.is_one() && n.decimals == 0 && other.is_quotient(),
            Op::Sub | Op::Add => {
                (n.value.is_one() || is_conversion(n)) && n.value.is_positive() && !shown(l)
            }
            _ => false,
        }
    };
    let (const_a, const_b) = (constant(&a, &b, false), constant(&b, &a, true));
    let side = |e: Expr<Literal>, is_constant: bool| match e {
        Expr::Leaf(l) if is_constant => Expr::Const(l.number.value),
        other => constants(other, shown),
    };
    Expr::bin(op, side(*a, const_a), side(*b, const_b))
}

/// A label for the kind of calculation, in the words of the published question types.
pub(super) fn question_type<L: PartialEq>(expr: &Expr<L>) -> &'static str {
    match expr {
        Expr::Bin(Op::Mul | Op::Div, a, b) if matches!(&**b, Expr::Const(c) if is_hundred(c)) => {
            question_type(a)
        }
        Expr::Bin(Op::Sub, a, b)
            if matches!(&**b, Expr::Const(c) if c.is_one()) && a.is_quotient() =>
        {
            "Growth - YoY"
        }
        Expr::Bin(Op::Div, a, b) if b.is_const() && a.is_additive() => "Average",
        Expr::Bin(Op::Div, a, b) => match &**a {
            Expr::Bin(Op::Sub, _, old) if old == b => "Growth - YoY",
            _ => "Financial Ratio - Composition",
        },
        Expr::Bin(Op::Sub, ..) if expr.is_additive() => "Net Change",
        Expr::Bin(Op::Add, ..) if expr.is_additive() => "Sum",
        Expr::Leaf(_) => "Lookup",
        _ => "Arithmetic",
    }
}

fn is_hundred(c: &super::super::qa::Exact) -> bool {
    *c == number::whole(100)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shape(text: &str) -> (String, &'static str) {
        let parsed = parse(text, Parentheses::Grouping).unwrap();
        let expr = constants(parsed, &|_| false);
        let mut seen: Vec<Literal> = Vec::new();
        let cells = expr.replace(&mut |l: &Literal| {
            let i = seen.iter().position(|s| s == l).unwrap_or_else(|| {
                seen.push(l.clone());
                seen.len() - 1
            });
            Expr::Leaf(i)
        });
        (cells.text().unwrap(), question_type(&expr))
    }

    #[test]
    fn derivations_of_every_kind() {
        for (text, gold, kind) in [
            ("(44.1-56.7)/56.7", "({0} - {1}) / {1}", "Growth - YoY"),
            ("126 / 67 - 1", "{0} / {1} - 1", "Growth - YoY"),
            ("(9.9% - 8.9%) * 100", "({0} - {1}) * 100", "Net Change"),
            (
                "- (197 + 101 + 206) / 3",
                "(0 - ({0} + {1} + {2})) / 3",
                "Average",
            ),
            (
                "[(166+178)/2] - [(57+44)/2]",
                "({0} + {1}) / 2 - ({2} + {3}) / 2",
                "Arithmetic",
            ),
            ("$37,390 - 543", "{0} - {1}", "Net Change"),
        ] {
            assert_eq!(shape(text), (gold.to_owned(), kind), "{text}");
        }
    }

    #[test]
    fn what_is_no_derivation_says_where() {
        let error = parse("60.3 million + 5", Parentheses::Grouping).unwrap_err();
        assert!(error.contains("million"), "{error}");
        assert!(parse("(1 + 2", Parentheses::Grouping).is_err());
        assert!(parse(&"1+".repeat(100_000), Parentheses::Grouping).is_err());
        assert!(parse(&"(".repeat(100), Parentheses::Grouping).is_err());
    }
}
