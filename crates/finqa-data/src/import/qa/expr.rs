//! Arithmetic expressions over literals (as data sets write them) and over cells (as gold programs do).

use num_rational::BigRational;
use num_traits::Zero;

use super::number::{self, Number};

/// An operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Op {
    Add,
    Sub,
    Mul,
    Div,
    Pow,
}

impl Op {
    fn symbol(self) -> &'static str {
        match self {
            Self::Add => "+",
            Self::Sub => "-",
            Self::Mul => "*",
            Self::Div => "/",
            Self::Pow => "**",
        }
    }

    fn level(self) -> u8 {
        match self {
            Self::Add | Self::Sub => 1,
            Self::Mul | Self::Div => 2,
            Self::Pow => 3,
        }
    }
}

/// A function over several arguments.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fun {
    Min,
    Max,
}

/// An expression whose leaves are of type `L`.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Expr<L> {
    Leaf(L),
    Const(BigRational),
    Neg(Box<Expr<L>>),
    Bin(Op, Box<Expr<L>>, Box<Expr<L>>),
    Call(Fun, Vec<Expr<L>>),
}

impl<L> Expr<L> {
    pub(crate) fn bin(op: Op, a: Self, b: Self) -> Self {
        Self::Bin(op, Box::new(a), Box::new(b))
    }

    /// `self * factor`, where a division by the same factor is undone instead.
    pub(crate) fn times(self, factor: i64) -> Self {
        match self {
            Self::Bin(Op::Div, a, b) if matches!(&*b, Self::Const(c) if *c == number::whole(factor)) => {
                *a
            }
            other => Self::bin(Op::Mul, other, Self::Const(number::whole(factor))),
        }
    }

    /// `self / divisor`, where a multiplication by the same divisor is undone instead.
    pub(crate) fn divided_by(self, divisor: i64) -> Self {
        match self {
            Self::Bin(Op::Mul, a, b) if matches!(&*b, Self::Const(c) if *c == number::whole(divisor)) => {
                *a
            }
            other => Self::bin(Op::Div, other, Self::Const(number::whole(divisor))),
        }
    }

    /// Calls `f` on every leaf, left to right.
    pub(crate) fn each_leaf<'a>(&'a self, f: &mut impl FnMut(&'a L)) {
        match self {
            Self::Leaf(l) => f(l),
            Self::Const(_) => {}
            Self::Neg(a) => a.each_leaf(f),
            Self::Bin(_, a, b) => {
                a.each_leaf(f);
                b.each_leaf(f);
            }
            Self::Call(_, args) => args.iter().for_each(|a| a.each_leaf(f)),
        }
    }

    /// Replaces every leaf by an expression, left to right.
    pub(crate) fn replace<M>(&self, f: &mut impl FnMut(&L) -> Expr<M>) -> Expr<M> {
        match self {
            Self::Leaf(l) => f(l),
            Self::Const(c) => Expr::Const(c.clone()),
            Self::Neg(a) => match a.replace(f) {
                Expr::Neg(inner) => *inner,
                other => Expr::Neg(Box::new(other)),
            },
            Self::Bin(op, a, b) => {
                let left = a.replace(f);
                Expr::bin(*op, left, b.replace(f))
            }
            Self::Call(fun, args) => Expr::Call(*fun, args.iter().map(|a| a.replace(f)).collect()),
        }
    }

    /// The exact value; `None` for a division by zero or a power that is no small whole number.
    pub(crate) fn value(&self, leaf: &impl Fn(&L) -> BigRational) -> Option<BigRational> {
        Some(match self {
            Self::Leaf(l) => leaf(l),
            Self::Const(c) => c.clone(),
            Self::Neg(a) => -a.value(leaf)?,
            Self::Bin(op, a, b) => applied(*op, a.value(leaf)?, b.value(leaf)?)?,
            Self::Call(fun, args) => {
                let values = args
                    .iter()
                    .map(|a| a.value(leaf))
                    .collect::<Option<Vec<_>>>()?;
                match fun {
                    Fun::Min => values.into_iter().min()?,
                    Fun::Max => values.into_iter().max()?,
                }
            }
        })
    }

    /// Nothing but sums and differences of leaves: the value is as exact as the leaves are.
    pub(crate) fn is_additive(&self) -> bool {
        match self {
            Self::Leaf(_) => true,
            Self::Neg(a) => a.is_additive(),
            Self::Bin(Op::Add | Op::Sub, a, b) => a.is_additive() && b.is_additive(),
            Self::Call(_, args) => args.iter().all(Self::is_additive),
            _ => false,
        }
    }

    /// A division whose divisor has a leaf in it: a ratio, not an average.
    pub(crate) fn is_quotient(&self) -> bool {
        match self {
            Self::Neg(a) => a.is_quotient(),
            Self::Bin(Op::Div, _, b) => !b.is_const(),
            Self::Bin(Op::Add | Op::Sub, a, b) => {
                (a.is_quotient() || a.is_const()) && (b.is_quotient() || b.is_const())
            }
            Self::Bin(Op::Mul, a, b) => {
                a.is_quotient() && b.is_const() || a.is_const() && b.is_quotient()
            }
            _ => false,
        }
    }

    /// How many leaves and constants there are.
    pub(crate) fn size(&self) -> usize {
        match self {
            Self::Leaf(_) | Self::Const(_) => 1,
            Self::Neg(a) => a.size(),
            Self::Bin(_, a, b) => a.size() + b.size(),
            Self::Call(_, args) => args.iter().map(Self::size).sum(),
        }
    }

    /// No leaf at all.
    pub(crate) fn is_const(&self) -> bool {
        let mut any = false;
        self.each_leaf(&mut |_| any = true);
        !any
    }

    /// Multiplying every leaf by ten multiplies the value by ten.
    pub(crate) fn is_linear(&self) -> bool {
        match self {
            Self::Leaf(_) => true,
            Self::Const(c) => c.is_zero(),
            Self::Neg(a) => a.is_linear(),
            Self::Bin(Op::Add | Op::Sub, a, b) => a.is_linear() && b.is_linear(),
            Self::Bin(Op::Mul, a, b) => {
                a.is_linear() && b.is_const() || a.is_const() && b.is_linear()
            }
            Self::Bin(Op::Div, a, b) => a.is_linear() && b.is_const(),
            Self::Bin(Op::Pow, ..) => false,
            Self::Call(_, args) => args.iter().all(Self::is_linear),
        }
    }
}

/// Largest result of a power, in bits: hundreds of digits, but no exhausted memory.
const MAX_POWER_BITS: u64 = 4096;

/// Most numbers that a derivation may use. Longer ones are broken, and steps that repeat steps grow without bound.
pub(crate) const MAX_LEAVES: usize = 256;

/// `left op right`, if it has a value.
fn applied(op: Op, left: BigRational, right: BigRational) -> Option<BigRational> {
    Some(match op {
        Op::Add => left + right,
        Op::Sub => left - right,
        Op::Mul => left * right,
        Op::Div if right.is_zero() => return None,
        Op::Div => left / right,
        Op::Pow => {
            let exponent: i32 = right
                .is_integer()
                .then(|| right.to_integer())?
                .try_into()
                .ok()?;
            let bits = left.numer().bits() + left.denom().bits();
            let size = bits.saturating_mul(u64::from(exponent.unsigned_abs()));
            if size > MAX_POWER_BITS || (exponent < 0 && left.is_zero()) {
                return None;
            }
            left.pow(exponent)
        }
    })
}

impl Expr<usize> {
    /// The text of a gold program: leaf `i` is `{i}`.
    ///
    /// A negated cell is written `(0 - {i})` and a power has its base in parentheses, so that a negative cell put in
    /// as plain text does not change the meaning.
    pub(crate) fn text(&self) -> Option<String> {
        self.write(0)
    }

    fn write(&self, outer: u8) -> Option<String> {
        Some(match self {
            Self::Leaf(i) => format!("{{{i}}}"),
            Self::Const(c) => {
                let text = number::plain(c)?;
                match text.strip_prefix('-') {
                    Some(positive) => format!("(0 - {positive})"),
                    None => text,
                }
            }
            Self::Neg(a) => format!("(0 - {})", a.write(2)?),
            Self::Bin(op, a, b) => {
                let level = op.level();
                let left = match (op, &**a) {
                    (Op::Pow, Self::Leaf(i)) => format!("({{{i}}})"),
                    _ => a.write(level)?,
                };
                let text = format!("{left} {} {}", op.symbol(), b.write(level + 1)?);
                if level < outer {
                    format!("({text})")
                } else {
                    text
                }
            }
            Self::Call(fun, args) => {
                let args = args
                    .iter()
                    .map(|a| a.write(0))
                    .collect::<Option<Vec<_>>>()?;
                let name = match fun {
                    Fun::Min => "min",
                    Fun::Max => "max",
                };
                format!("{name}({})", args.join(", "))
            }
        })
    }
}

/// A number in a written derivation.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Literal {
    /// The number as read; percentages in points.
    pub(crate) number: Number,
    /// The cell that it is known to be; else it is looked for by value.
    pub(crate) at: Option<(usize, usize)>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gold_text_keeps_its_meaning_with_negative_cells() {
        let cell = |i| Expr::Leaf(i);
        let e = Expr::bin(
            Op::Div,
            Expr::bin(Op::Sub, cell(0), Expr::Neg(Box::new(cell(1)))),
            Expr::bin(Op::Mul, cell(1), cell(2)),
        );
        assert_eq!(e.text().unwrap(), "({0} - (0 - {1})) / ({1} * {2})");
        let p: Expr<usize> = Expr::bin(Op::Pow, cell(0), Expr::Const(number::whole(2)));
        assert_eq!(p.text().unwrap(), "({0}) ** 2");
        assert_eq!(cell(0).times(100).divided_by(100), cell(0));
    }
}
