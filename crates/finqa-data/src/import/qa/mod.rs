//! What the TAT-QA and the FinQA importer share: tables out of rows of strings, numbers, expressions, the search for
//! the cells that a derivation uses, and the SQL that fetches them.

pub(crate) mod expr;
pub(crate) mod grid;
pub(crate) mod header;
pub(crate) mod locate;
pub(crate) mod number;
pub(crate) mod records;
pub(crate) mod rounding;
pub(crate) mod spec;
pub(crate) mod split;
pub(crate) mod sql;
pub(crate) mod words;

pub(crate) use num_rational::BigRational as Exact;
