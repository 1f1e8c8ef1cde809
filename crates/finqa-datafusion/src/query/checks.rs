//! What a query may not be, though every part of it is known: seen before it runs.

use std::collections::BTreeSet;

use datafusion::arrow::datatypes::FieldRef;
use datafusion::common::tree_node::{TreeNode as _, TreeNodeRecursion};
use datafusion::common::{Result, plan_err};
use datafusion::logical_expr::planner::TypePlanner;
use datafusion::logical_expr::{Expr, LogicalPlan, WindowFunctionDefinition};
use datafusion::sql::sqlparser::ast::{ArrayElemTypeDef, DataType};

/// Refuses types whose values have a size that the query names: one null of `INT[2000000000]` takes 8 GB.
#[derive(Debug)]
pub(super) struct NoFixedSizes;

impl TypePlanner for NoFixedSizes {
    fn plan_type_field(&self, of: &DataType) -> Result<Option<FieldRef>> {
        if let DataType::Array(ArrayElemTypeDef::SquareBracket(item, Some(_))) = of {
            return plan_err!("{of} is a list of fixed size, which is not allowed; use {item}[]");
        }
        Ok(None) // DataFusion's own
    }
}

/// Aggregates whose value holds everything they saw: over a window, everything for every row.
const COLLECTING: [&str; 3] = ["array_agg", "bootstrap_interval", "string_agg"];

/// Refuses windows that would hold everything for every row.
pub(super) fn no_collecting_windows(plan: &LogicalPlan) -> Result<()> {
    plan.apply_with_subqueries(|node| {
        node.apply_expressions(|expression| {
            expression.apply(|part| {
                if let Expr::WindowFunction(window) = part
                    && let WindowFunctionDefinition::AggregateUDF(of) = &window.fun
                    && COLLECTING.contains(&of.name())
                {
                    return plan_err!(
                        "{}(…) OVER would hold all rows for every row, which is not allowed; use GROUP BY",
                        of.name()
                    );
                }
                Ok(TreeNodeRecursion::Continue)
            })
        })
    })
    .map(|_| ())
}

/// Refuses a result of which two columns have one name: rows that are read by name would lose one of them.
pub(super) fn columns_differ(plan: &LogicalPlan) -> Result<()> {
    let mut seen = BTreeSet::new();
    for field in plan.schema().fields() {
        if !seen.insert(field.name()) {
            return plan_err!(
                "two columns of the result are called {:?}; name them apart with AS, as in a.{} AS {}_a",
                field.name(),
                field.name(),
                field.name()
            );
        }
    }
    Ok(())
}
