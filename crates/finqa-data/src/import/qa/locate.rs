//! The cells that the numbers of a derivation stand for.
//!
//! A number is looked for by value (sign ignored). Where several cells show it, the one wins whose label, column and
//! section the question names best, and which shares a row or a column with the other operands.

use std::collections::BTreeSet;

use super::Exact;
use super::expr::{Expr, Literal, Op};
use super::grid::Grid;
use super::number;
use super::words;

/// An expression over cells of one table.
#[derive(Clone, Debug)]
pub(crate) struct Bound {
    /// Leaf `i` is `cells[i]`.
    pub(crate) expr: Expr<usize>,
    /// (row, column) of each operand.
    pub(crate) cells: Vec<(usize, usize)>,
    /// Whether the derivation writes each operand with a percent sign.
    pub(crate) percent: Vec<bool>,
}

impl Bound {
    /// Every operand counts: no cell can change without changing the value. In `(a + b) / 2 - (b + c) / 2` the
    /// middle one does not.
    pub(crate) fn uses_every_cell(&self, grid: &Grid) -> bool {
        let with = |changed: Option<(usize, i64)>| {
            self.expr.value(&|&i| {
                let (r, c) = self.cells[i];
                let value = grid
                    .number(r, c)
                    .map(|n| n.value.clone())
                    .unwrap_or_default();
                match changed {
                    Some((at, by)) if at == i => value + number::whole(by),
                    _ => value,
                }
            })
        };
        // Two directions, because a minimum only feels a fall and a maximum only a rise.
        (0..self.cells.len()).all(|i| {
            [100_000_007, -100_000_007]
                .into_iter()
                .any(|by| with(Some((i, by))) != with(None))
        })
    }

    /// The exact value that the cells give.
    pub(crate) fn value(&self, grid: &Grid) -> Option<Exact> {
        self.expr.value(&|&i| {
            let (r, c) = self.cells[i];
            grid.number(r, c)
                .map(|n| n.value.clone())
                .unwrap_or_default()
        })
    }

    /// One of the cells shows a percentage.
    pub(crate) fn shows_percent(&self, grid: &Grid) -> bool {
        self.cells
            .iter()
            .any(|&(r, c)| grid.number(r, c).is_some_and(|n| n.percent))
    }
}

/// What the search goes by.
pub(crate) struct Clues<'a> {
    pub(crate) question: &'a str,
    /// Rows that an annotator marked.
    pub(crate) rows: &'a BTreeSet<usize>,
}

/// The cells that show the literal's number, with either sign.
pub(crate) fn candidates(grid: &Grid, literal: &Literal) -> Vec<(usize, usize)> {
    if let Some(at) = literal.at {
        return vec![at];
    }
    let wanted = &literal.number.value;
    grid.numeric_cells()
        .filter(|(_, n)| n.value == *wanted || -n.value.clone() == *wanted)
        .map(|(at, _)| at)
        .collect()
}

/// Marks direct terms of one sum with one number, in the order of the leaves: equal terms of a sum are different
/// cells (`(5 + 5) / 2`), equal numbers elsewhere are the same one (`(a - b) / b`).
fn sums<L>(expr: &Expr<L>, own: usize, next: &mut usize, out: &mut Vec<usize>) {
    match expr {
        Expr::Leaf(_) => out.push(own),
        Expr::Const(_) => {}
        Expr::Neg(a) => sums(a, own, next, out),
        Expr::Bin(op, a, b) => {
            // `x / x` of two equal numbers is a part of a whole that is all of it: two cells, if there are two.
            let leaves = matches!((&**a, &**b), (Expr::Leaf(_), Expr::Leaf(_)));
            if *op == Op::Div && leaves {
                *next += 1;
                out.extend([*next, *next]);
                return;
            }
            for side in [a, b] {
                if matches!(op, Op::Add | Op::Sub) {
                    sums(side, own, next, out);
                } else {
                    *next += 1;
                    sums(side, *next, next, out);
                }
            }
        }
        Expr::Call(_, args) => {
            *next += 1;
            let group = *next;
            for arg in args {
                sums(arg, group, next, out);
            }
        }
    }
}

/// Puts cells in the place of literals; the error is the first literal that no cell shows.
pub(crate) fn bind<'a>(
    grid: &Grid,
    expr: &'a Expr<Literal>,
    clues: &Clues<'_>,
) -> Result<Bound, &'a Literal> {
    let mut leaves = Vec::new();
    expr.each_leaf(&mut |l| leaves.push(l));
    let mut groups = Vec::new();
    sums(expr, 0, &mut 0, &mut groups);
    let question = words::tokens(clues.question);
    let options: Vec<Vec<(usize, usize)>> = leaves.iter().map(|l| candidates(grid, l)).collect();
    if let Some(i) = options.iter().position(Vec::is_empty) {
        return Err(leaves[i]);
    }
    let mut chosen: Vec<Option<(usize, usize)>> = options
        .iter()
        .map(|o| if let [one] = o[..] { Some(one) } else { None })
        .collect();
    for i in 0..leaves.len() {
        if chosen[i].is_some() {
            continue;
        }
        let taken: Vec<(usize, usize)> = (0..leaves.len())
            .filter(|&j| j != i && groups[j] == groups[i])
            .filter_map(|j| chosen[j])
            .collect();
        let same = (0..i).find(|&j| leaves[j].number == leaves[i].number && groups[j] != groups[i]);
        if let Some(cell) = same.and_then(|j| chosen[j]).filter(|c| !taken.contains(c)) {
            chosen[i] = Some(cell);
            continue;
        }
        let score = |at: (usize, usize)| {
            let others = || chosen.iter().flatten().filter(|c| **c != at);
            let mut s = grid.fit(&question, at);
            s += f64::from(u8::from(others().any(|c| c.0 == at.0))) * 0.75;
            s += f64::from(u8::from(others().any(|c| c.1 == at.1))) * 0.75;
            s += f64::from(u8::from(clues.rows.contains(&at.0))) * 2.0;
            let same_sign = grid
                .number(at.0, at.1)
                .is_some_and(|n| n.value == leaves[i].number.value);
            s + f64::from(u8::from(same_sign)) * 0.3
                - f64::from(u8::from(taken.contains(&at))) * 100.0
        };
        // The first of equal scores wins, so the order of the table decides.
        let mut best = options[i][0];
        for &at in &options[i][1..] {
            if score(at) > score(best) {
                best = at;
            }
        }
        chosen[i] = Some(best);
    }
    let mut cells: Vec<(usize, usize)> = Vec::new();
    let mut percent = Vec::new();
    let mut next = 0;
    let expr = expr.replace(&mut |literal: &Literal| {
        let at = chosen[next].unwrap_or_default();
        next += 1;
        let index = cells.iter().position(|c| *c == at).unwrap_or_else(|| {
            cells.push(at);
            percent.push(literal.number.percent);
            cells.len() - 1
        });
        let negated = grid
            .number(at.0, at.1)
            .is_some_and(|n| n.value != literal.number.value);
        let leaf = Expr::Leaf(index);
        if negated {
            Expr::Neg(Box::new(leaf))
        } else {
            leaf
        }
    });
    Ok(Bound {
        expr,
        cells,
        percent,
    })
}
