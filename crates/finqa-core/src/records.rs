//! Rows of a query as JSON records.
