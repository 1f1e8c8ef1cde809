//! Candidates: which cells make a question, by SQL over the cells.

use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, AsArray, Int64Array};
use datafusion::arrow::datatypes::{DataType, Int32Type, Int64Type};
use datafusion::catalog::streaming::StreamingTable;
use datafusion::common::ScalarValue;
use datafusion::error::Result as EngineResult;
use datafusion::execution::memory_pool::FairSpillPool;
use datafusion::execution::runtime_env::RuntimeEnvBuilder;
use datafusion::logical_expr::{ColumnarValue, ScalarUDF, Volatility, create_udf};
use datafusion::physical_plan::streaming::PartitionStream;
use datafusion::prelude::{SessionConfig, SessionContext};
use finqa_core::Corpus;
use futures_util::StreamExt as _;

use super::MineOptions;
use super::cells::Cells;
use crate::facts::{FactsError, Result};

/// Kinds of tasks.
pub const KINDS: [&str; 8] = [
    "lookup",
    "net_change",
    "growth",
    "share",
    "sum",
    "average",
    "ratio",
    "max_year",
];

/// Candidates drawn of each kind and company for each task that is wanted: some will be dropped.
const SPARE: u32 = 3;

/// Cells of a candidate, each (table, row, column).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Candidate {
    pub(super) company: u32,
    pub(super) kind: &'static str,
    pub(super) cells: Vec<(usize, usize, usize)>,
}

/// The rows that make a candidate of a kind: `company`, `a_tbl`, `a_line`, `a_col`, and `b_…`, `c_…` where it has more
/// cells.
///
/// The newest value comes first. Shares and sums are asked only of rows that add up to the total below them, found by
/// counting the totals above each row: what stands between two totals is a block.
fn sql(kind: &str) -> &'static str {
    match kind {
        "lookup" => {
            "SELECT company, tbl AS a_tbl, line AS a_line, col AS a_col FROM cells WHERE value <> 0"
        }
        "net_change" => {
            "SELECT a.company, a.tbl AS a_tbl, a.line AS a_line, a.col AS a_col, b.tbl AS b_tbl, b.line AS b_line, \
             b.col AS b_col FROM cells a JOIN cells b ON a.company = b.company AND a.tbl = b.tbl AND a.line = b.line \
             AND a.period = b.period + 10 WHERE a.measure IN (0, 2) AND a.value <> 0 AND b.value <> 0 \
             AND a.value <> b.value"
        }
        "growth" => {
            "SELECT a.company, a.tbl AS a_tbl, a.line AS a_line, a.col AS a_col, b.tbl AS b_tbl, b.line AS b_line, \
             b.col AS b_col FROM cells a JOIN cells b ON a.company = b.company AND a.tbl = b.tbl AND a.line = b.line \
             AND a.period = b.period + 10 WHERE a.measure IN (0, 1, 2) AND a.value > 0 AND b.value > 0 \
             AND a.value <> b.value AND a.value < 10 * b.value"
        }
        "share" => {
            "WITH blocks AS (SELECT *, SUM(is_total) OVER (PARTITION BY company, tbl, col ORDER BY line) - is_total \
             AS block FROM cells WHERE measure = 0), \
             sums AS (SELECT company, tbl, col, block, SUM(value * (1 - is_total)) AS parts, SUM(value * is_total) AS \
             whole, MAX(line * is_total) AS total_line, SUM(is_total) AS totals, COUNT(*) AS n FROM blocks \
             GROUP BY company, tbl, col, block) \
             SELECT p.company, p.tbl AS a_tbl, p.line AS a_line, p.col AS a_col, s.tbl AS b_tbl, s.total_line AS \
             b_line, s.col AS b_col FROM blocks p JOIN sums s ON p.company = s.company AND p.tbl = s.tbl AND p.col = \
             s.col AND p.block = s.block WHERE s.totals = 1 AND s.n >= 3 AND ABS(s.parts - s.whole) <= 1e-9 * \
             ABS(s.whole) AND p.is_total = 0 AND p.value > 0 AND p.value < s.whole"
        }
        "sum" => {
            "WITH blocks AS (SELECT *, SUM(is_total) OVER (PARTITION BY company, tbl, col ORDER BY line) - is_total \
             AS block FROM cells WHERE measure = 0), \
             sums AS (SELECT company, tbl, col, block, SUM(value * (1 - is_total)) AS parts, SUM(value * is_total) AS \
             whole, SUM(is_total) AS totals, COUNT(*) AS n FROM blocks GROUP BY company, tbl, col, block) \
             SELECT p.company, p.tbl AS a_tbl, p.line AS a_line, p.col AS a_col, q.tbl AS b_tbl, q.line AS b_line, \
             q.col AS b_col FROM blocks p JOIN blocks q ON p.company = q.company AND p.tbl = q.tbl AND p.col = q.col \
             AND p.block = q.block AND p.line < q.line JOIN sums s ON p.company = s.company AND p.tbl = s.tbl AND \
             p.col = s.col AND p.block = s.block WHERE s.totals = 1 AND s.n >= 4 AND ABS(s.parts - s.whole) <= 1e-9 * \
             ABS(s.whole) AND p.is_total = 0 AND q.is_total = 0 AND p.value > 0 AND q.value > 0"
        }
        "average" => {
            "SELECT a.company, a.tbl AS a_tbl, a.line AS a_line, a.col AS a_col, b.tbl AS b_tbl, b.line AS b_line, \
             b.col AS b_col, c.tbl AS c_tbl, c.line AS c_line, c.col AS c_col FROM cells a JOIN cells b ON a.company \
             = b.company AND a.tbl = b.tbl AND a.line = b.line AND a.period = b.period + 10 JOIN cells c ON a.company \
             = c.company AND a.tbl = c.tbl AND a.line = c.line AND a.period = c.period + 20 WHERE a.measure IN (0, 2) \
             AND a.value > 0 AND b.value > 0 AND c.value > 0 AND a.value <> b.value"
        }
        "ratio" => {
            "SELECT a.company, a.tbl AS a_tbl, a.line AS a_line, a.col AS a_col, b.tbl AS b_tbl, b.line AS b_line, \
             b.col AS b_col FROM cells a JOIN cells b ON a.company = b.company AND a.period = b.period AND a.tbl <> \
             b.tbl AND a.scale = b.scale WHERE a.measure = 0 AND b.measure = 0 AND a.role IN (1, 3) AND b.role IN \
             (2, 3) AND a.value > 0 AND b.value > 0 AND a.value < 100 * b.value AND b.value < 100 * a.value"
        }
        _ => {
            // The row's newest cell stands for it; how far the maximum leads is seen when the task is made.
            "SELECT company, tbl AS a_tbl, line AS a_line, MIN(col) AS a_col FROM cells WHERE period % 10 = 0 AND \
             measure IN (0, 1, 2) AND value > 0 GROUP BY company, tbl, line HAVING COUNT(*) >= 3"
        }
    }
}

/// Draws candidates of every kind, company by company in the order in which they are to be tried.
pub(super) async fn find(corpus: &Arc<Corpus>, options: &MineOptions) -> Result<Vec<Candidate>> {
    let failed = |e| FactsError::of(e, options.memory_bytes);
    let context = context(corpus, options).map_err(failed)?;
    let mut out = Vec::new();
    for (number, kind) in KINDS.iter().enumerate() {
        if options.kinds.is_empty() || options.kinds.iter().any(|k| k == kind) {
            of_kind(&context, kind, number, options, &mut out)
                .await
                .map_err(failed)?;
        }
    }
    Ok(out)
}

fn context(corpus: &Arc<Corpus>, options: &MineOptions) -> EngineResult<SessionContext> {
    let environment = RuntimeEnvBuilder::new()
        .with_memory_pool(Arc::new(FairSpillPool::new(options.memory_bytes)))
        .build_arc()?;
    let config = SessionConfig::new()
        .with_target_partitions(1)
        .with_information_schema(false);
    let context = SessionContext::new_with_config_rt(config, environment);
    let cells = Cells::new(corpus);
    let schema = Arc::clone(cells.schema());
    context.register_table(
        "cells",
        Arc::new(StreamingTable::try_new(schema, vec![Arc::new(cells)])?),
    )?;
    context.register_udf(mix_function());
    Ok(context)
}

async fn of_kind(
    context: &SessionContext,
    kind: &'static str,
    number: usize,
    options: &MineOptions,
    out: &mut Vec<Candidate>,
) -> EngineResult<()> {
    let inner = sql(kind);
    let cells = ["a", "b", "c"]
        .iter()
        .take_while(|cell| inner.contains(&format!("{cell}_tbl")));
    let cells: Vec<&str> = cells.copied().collect();
    let columns: Vec<String> = cells
        .iter()
        .flat_map(|cell| ["tbl", "line", "col"].map(|part| format!("{cell}_{part}")))
        .collect();
    let listed = columns.join(", ");
    let seed = (options.seed ^ ((number as u64) << 56)) as i64;
    let last = if cells.len() > 1 { "b" } else { "a" };
    let most = options.per_company.saturating_mul(SPARE);
    // Tables take turns, so that a long one does not crowd out the others.
    let sql = format!(
        "WITH found AS ({inner}), drawn AS (SELECT *, mix({seed}, company, a_tbl * 65536 + {last}_tbl, a_line * 65536 \
         + {last}_line, a_col * 65536 + {last}_col) AS dice FROM found), turns AS (SELECT *, ROW_NUMBER() OVER \
         (PARTITION BY company, a_tbl ORDER BY dice, {listed}) AS turn FROM drawn), ranked AS (SELECT *, ROW_NUMBER() \
         OVER (PARTITION BY company ORDER BY turn, dice, {listed}) AS place FROM turns) SELECT company, {listed} FROM \
         ranked WHERE place <= {most} ORDER BY company, place"
    );
    let mut stream = context.sql(&sql).await?.execute_stream().await?;
    while let Some(batch) = stream.next().await {
        let batch = batch?;
        let columns: Vec<_> = batch
            .columns()
            .iter()
            .map(|column| {
                let cast = datafusion::arrow::compute::cast(column, &DataType::Int32)?;
                Ok(cast.as_primitive::<Int32Type>().clone())
            })
            .collect::<EngineResult<_>>()?;
        for row in 0..batch.num_rows() {
            let at = |column: usize| columns[column].value(row) as usize;
            out.push(Candidate {
                company: at(0) as u32,
                kind,
                cells: (0..cells.len())
                    .map(|i| (at(3 * i + 1), at(3 * i + 2), at(3 * i + 3)))
                    .collect(),
            });
        }
    }
    Ok(())
}

/// `mix(a, b, c, d, e)`: a number that looks random and follows from its arguments alone.
fn mix_function() -> ScalarUDF {
    create_udf(
        "mix",
        vec![DataType::Int64; 5],
        DataType::Int64,
        Volatility::Immutable,
        Arc::new(|arguments: &[ColumnarValue]| {
            let arrays = ColumnarValue::values_to_arrays(arguments)?;
            let rows = arrays.first().map_or(0, Array::len);
            let columns: Vec<&Int64Array> = arrays
                .iter()
                .map(AsArray::as_primitive::<Int64Type>)
                .collect();
            let mixed = (0..rows).map(|row| {
                let all = columns.iter().map(|column| column.value(row) as u64);
                // The sign bit stays clear: SQL sorts signed numbers.
                (mix(all) >> 1) as i64
            });
            let out: ArrayRef = Arc::new(mixed.collect::<Int64Array>());
            if rows == 1
                && arguments
                    .iter()
                    .all(|a| matches!(a, ColumnarValue::Scalar(_)))
            {
                return Ok(ColumnarValue::Scalar(ScalarValue::try_from_array(&out, 0)?));
            }
            Ok(ColumnarValue::Array(out))
        }),
    )
}

/// SplitMix64 over several numbers.
pub(super) fn mix(numbers: impl IntoIterator<Item = u64>) -> u64 {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    for number in numbers {
        state = (state ^ number).wrapping_add(0x9e37_79b9_7f4a_7c15);
        state = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        state = (state ^ (state >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        state ^= state >> 31;
    }
    state
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mixing_depends_on_every_number_and_their_order() {
        let one = mix([1, 2, 3]);
        assert_eq!(one, mix([1, 2, 3]));
        for other in [[1, 3, 2], [1, 2, 4], [0, 2, 3]] {
            assert_ne!(one, mix(other));
        }
    }
}
