//! The cells of a page that a FinQA program works with.

use super::super::qa::expr::{Expr, Literal, Op};
use super::super::qa::locate::{self, Bound, Clues};
use super::super::qa::number::{self, Number};
use super::super::qa::words;
use super::Sheet;
use super::question::{Question, Refused, refused};

impl Question<'_> {
    /// Cells for the numbers of an expression.
    pub(super) fn bind(&self, sheet: &Sheet, expr: &Expr<Literal>) -> Result<Bound, Refused> {
        let expr = self.given(sheet, expr);
        let marked = sheet.marked(&self.evidence);
        let clues = Clues {
            question: &self.text,
            rows: &marked,
        };
        let bound = locate::bind(&sheet.grid, &expr, &clues).map_err(|l| Refused {
            reason: "operand_only_in_text",
            detail: format!(
                "no cell shows {}, which {:?} uses",
                l.number.text(),
                self.program
            ),
        })?;
        if bound.cells.is_empty() {
            return refused(
                "operand_only_in_text",
                format!("{:?} uses no cell", self.program),
            );
        }
        // Small numbers stand in many cells: without a marked row they are the paragraph's, not the table's.
        if marked.is_empty() {
            let mut small = false;
            expr.each_leaf(&mut |l| {
                small |= l.number.text().chars().filter(char::is_ascii_digit).count() < 3;
            });
            if small {
                return refused(
                    "operand_only_in_text",
                    "the evidence is marked in the text, not in the table",
                );
            }
        }
        Ok(bound)
    }

    /// Numbers that no cell shows are constants if the question gives them or if they are 1 or 100; and the other
    /// way round, a constant beside a number of the table is a cell if the same row shows it (`divide(637, const_5)`
    /// with a cell 5.0).
    fn given(&self, sheet: &Sheet, expr: &Expr<Literal>) -> Expr<Literal> {
        let cells = |l: &Literal| locate::candidates(&sheet.grid, l);
        match expr {
            Expr::Leaf(l) if cells(l).is_empty() => {
                let shown = l.number.text();
                let asked = self
                    .text
                    .split(|c: char| !(c.is_ascii_digit() || ".%".contains(c)));
                let given = shown == "1"
                    || shown == "100"
                    || asked.into_iter().any(|w| w.trim_end_matches('.') == shown);
                if given && !l.number.percent {
                    Expr::Const(l.number.value.clone())
                } else {
                    expr.clone()
                }
            }
            Expr::Bin(Op::Div, a, b) => match (&**a, &**b) {
                (Expr::Leaf(l), Expr::Const(c))
                    if *c != number::whole(1) && *c != number::whole(100) =>
                {
                    let wanted = Literal {
                        number: Number {
                            value: c.clone(),
                            percent: false,
                            currency: false,
                            decimals: 0,
                        },
                        at: None,
                    };
                    let rows: Vec<usize> = cells(l).iter().map(|at| at.0).collect();
                    let other = cells(&wanted).into_iter().find(|at| rows.contains(&at.0));
                    let right = other.map_or_else(
                        || (**b).clone(),
                        |at| {
                            Expr::Leaf(Literal {
                                at: Some(at),
                                ..wanted
                            })
                        },
                    );
                    Expr::bin(Op::Div, self.given(sheet, a), right)
                }
                _ => Expr::bin(Op::Div, self.given(sheet, a), self.given(sheet, b)),
            },
            Expr::Bin(op, a, b) => Expr::bin(*op, self.given(sheet, a), self.given(sheet, b)),
            other => other.clone(),
        }
    }
}

/// Every operand is a percentage in the table.
pub(super) fn all_percent(bound: &Bound, sheet: &Sheet) -> bool {
    bound
        .cells
        .iter()
        .all(|&(r, c)| sheet.grid.number(r, c).is_some_and(|n| n.percent))
}

/// The same expression with the numbers that the program writes as percentages divided by 100.
pub(super) fn in_fractions(bound: &Bound) -> Bound {
    let expr = bound.expr.replace(&mut |&i: &usize| {
        let leaf = Expr::Leaf(i);
        if bound.percent[i] {
            Expr::bin(Op::Div, leaf, Expr::Const(number::whole(100)))
        } else {
            leaf
        }
    });
    Bound {
        expr,
        ..bound.clone()
    }
}

/// The numeric cells of the row that a program names by its tokenised label.
pub(super) fn row_cells(sheet: &Sheet, label: &str) -> Option<Vec<Literal>> {
    let key = words::label_key(label);
    let named = |o: &Option<usize>| {
        o.and_then(|o| sheet.labels.get(o))
            .is_some_and(|l| words::label_key(l) == key)
    };
    let row = sheet.origin.iter().position(named)?;
    let cells: Vec<Literal> = (1..sheet.grid.num_columns())
        .filter_map(|c| {
            let number = sheet.grid.number(row, c)?.clone();
            Some(Literal {
                number,
                at: Some((row, c)),
            })
        })
        .collect();
    (!cells.is_empty()).then_some(cells)
}
