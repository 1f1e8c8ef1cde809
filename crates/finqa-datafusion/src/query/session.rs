//! One query: its tables, its planning and its run.

use std::collections::{BTreeSet, HashMap};
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use datafusion::arrow::datatypes::SchemaRef;
use datafusion::catalog::view::ViewTable;
use datafusion::common::{Result as DataFusionResult, plan_datafusion_err};
use datafusion::datasource::file_format::parquet::ParquetFormat;
use datafusion::datasource::listing::{
    ListingOptions, ListingTable, ListingTableConfig, ListingTableUrl,
};
use datafusion::execution::context::{SQLOptions, SessionContext};
use datafusion::execution::disk_manager::{DiskManagerBuilder, DiskManagerMode};
use datafusion::execution::memory_pool::{
    GreedyMemoryPool, MemoryConsumer, MemoryPool, MemoryReservation, TrackConsumersPool,
};
use datafusion::execution::runtime_env::{RuntimeEnv, RuntimeEnvBuilder};
use datafusion::execution::{SessionState, SessionStateBuilder};
use datafusion::logical_expr::LogicalPlan;
use datafusion::prelude::SessionConfig;
use futures_util::StreamExt as _;

use super::checks::{NoFixedSizes, columns_differ, no_collecting_windows};
use super::files::{OnlyRuns, ROOT};
use super::folder::{Opening, Runs};
use super::functions::{LEFT_OUT, bootstrap_interval_function, pass_at_k_function};
use super::holding::{CountWhatIsHeld, overhead};
use super::relations::{FILES, find};
use super::yielding::YieldAfterJoins;
use super::{Limits, QueryError, QueryResult, RunFolder};
use crate::runtime::block_on;

/// Longest SQL text: what people write is far shorter, and planning takes time for every character.
const MAX_SQL_BYTES: usize = 1 << 20;

/// Runs one query over `runs`.
///
/// `keep_going` is asked ten times a second; the query ends soon after it says no.
///
/// # Errors
/// [`QueryError`]; whatever the reason, no thread is left behind holding memory for longer than its current batch.
pub fn query(
    sql: &str,
    runs: &[RunFolder],
    limits: &Limits,
    keep_going: &mut dyn FnMut() -> bool,
) -> Result<QueryResult, QueryError> {
    if sql.len() > MAX_SQL_BYTES {
        return Err(QueryError::Sql(format!(
            "the SQL has {} bytes; the limit is {MAX_SQL_BYTES}",
            sql.len()
        )));
    }
    let (sql, limits, folders) = (sql.to_string(), *limits, runs.to_vec());
    let stop = Arc::new(AtomicBool::new(false));
    let stopped = Arc::clone(&stop);
    // What a crash left may be long: it is recovered within the time and memory of the query.
    let work = async move {
        let pool: Arc<dyn MemoryPool> = Arc::new(TrackConsumersPool::new(
            GreedyMemoryPool::new(limits.memory_bytes),
            NonZeroUsize::MIN,
        ));
        let opening = Opening {
            limits: &limits,
            pool: &pool,
            stop: &stopped,
        };
        let runs = Runs::open(&folders, &opening)?;
        Session::new(runs, pool, &limits)?.run(&sql, &limits).await
    };
    let done = block_on(work, limits.timeout, keep_going);
    stop.store(true, Ordering::Relaxed);
    done?
}

/// Columns of a table or view: names and types.
///
/// # Errors
/// If there is none of that name.
pub fn columns(relation: &str) -> Result<SchemaRef, QueryError> {
    let sql = format!("SELECT * FROM \"{}\" LIMIT 0", relation.replace('"', ""));
    query(&sql, &[], &Limits::default(), &mut || true).map(|result| result.schema)
}

struct Session {
    /// Plans the views, with all functions.
    inside: SessionContext,
    /// Plans what was asked.
    outside: SessionContext,
    /// What the runs take of the memory.
    _held: MemoryReservation,
}

impl Session {
    fn new(runs: Runs, pool: Arc<dyn MemoryPool>, limits: &Limits) -> Result<Self, QueryError> {
        let failed = |e| QueryError::of(&e, limits.memory_bytes);
        let Runs { files, about, held } = runs;
        let environment = RuntimeEnvBuilder::new()
            .with_object_store_registry(Arc::new(OnlyRuns(Arc::new(files))))
            .with_memory_pool(pool)
            .with_disk_manager_builder(
                DiskManagerBuilder::default().with_mode(DiskManagerMode::Disabled),
            )
            .build_arc()
            .map_err(failed)?;
        let inside = SessionContext::new_with_state(state(&environment, |_, _| true));
        let outside = SessionContext::new_with_state(state(&environment, |name, aliases| {
            let left_out = |name: &str| LEFT_OUT.contains(&name);
            !left_out(name) && !aliases.iter().any(|name| left_out(name))
        }));
        for context in [&inside, &outside] {
            context.register_udf(pass_at_k_function());
            context.register_udaf(bootstrap_interval_function());
        }
        register_files(&inside).map_err(failed)?;
        for (name, batch) in about {
            outside.register_batch(name, batch).map_err(failed)?;
        }
        Ok(Self {
            inside,
            outside,
            _held: held,
        })
    }

    async fn run(&self, sql: &str, limits: &Limits) -> Result<QueryResult, QueryError> {
        let failed = |e| QueryError::of(&e, limits.memory_bytes);
        let plan = self.plan(sql).await.map_err(failed)?;
        only_queries()
            .verify_plan(&plan)
            .map_err(|e| QueryError::Refused(e.strip_backtrace()))?;
        no_collecting_windows(&plan).map_err(failed)?;
        columns_differ(&plan).map_err(failed)?;
        let frame = self
            .outside
            .execute_logical_plan(plan)
            .await
            .map_err(failed)?;
        let mut stream = frame.execute_stream().await.map_err(failed)?;
        let held =
            MemoryConsumer::new("the result").register(&self.outside.runtime_env().memory_pool);
        let schema = stream.schema();
        let each = overhead(&schema);
        let mut batches = Vec::new();
        let mut num_rows = 0;
        while let Some(batch) = stream.next().await {
            let batch = batch.map_err(failed)?;
            num_rows += batch.num_rows();
            if let Some(most) = limits.max_rows.filter(|&most| num_rows > most) {
                return Err(QueryError::TooManyRows(most));
            }
            held.try_grow(batch.get_array_memory_size() + each)
                .map_err(failed)?;
            batches.push(batch);
        }
        Ok(QueryResult {
            schema,
            batches: batches.into(),
        })
    }

    /// Plans `sql` after making the views that it names.
    async fn plan(&self, sql: &str) -> DataFusionResult<LogicalPlan> {
        let state = self.outside.state();
        let statement = state.sql_to_statement(sql, &state.config_options().sql_parser.dialect)?;
        let mut wanted = BTreeSet::new();
        for reference in state.resolve_table_references(&statement)? {
            name_all(reference.table(), &mut wanted);
        }
        for relation in super::RELATIONS.iter() {
            if relation.sql.is_empty() || !wanted.contains(relation.name) {
                continue;
            }
            let plan = self
                .inside
                .state()
                .create_logical_plan(&relation.sql)
                .await?;
            let view = Arc::new(ViewTable::new(plan, Some(relation.sql.clone())));
            self.inside
                .register_table(relation.name, Arc::<ViewTable>::clone(&view))?;
            self.outside.register_table(relation.name, view)?;
        }
        self.outside.state().statement_to_plan(statement).await
    }
}

/// `name` and, if it is one of ours, all that it is made of.
fn name_all(name: &str, wanted: &mut BTreeSet<&'static str>) {
    let Some(relation) = find(name) else { return };
    if !wanted.insert(relation.name) {
        return;
    }
    let words = relation
        .sql
        .split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    for word in words {
        name_all(word, wanted);
    }
}

fn only_queries() -> SQLOptions {
    SQLOptions::new()
        .with_allow_ddl(false)
        .with_allow_dml(false)
        .with_allow_statements(false)
}

/// `keep` is asked for every function by its name and the others that it has.
fn state(environment: &Arc<RuntimeEnv>, keep: impl Fn(&str, &[String]) -> bool) -> SessionState {
    let mut config = SessionConfig::new().with_information_schema(false);
    let options = config.options_mut();
    // Views are the whole of what is defined; a recursion would have no end that memory or rows could see.
    options.execution.enable_recursive_ctes = false;
    // Whole turns and prompts are only read for the rows that are left.
    options.execution.parquet.pushdown_filters = true;
    options.execution.parquet.reorder_filters = true;
    // Every reader of Arrow knows large strings; views are newer.
    options.optimizer.expand_views_at_output = true;
    let mut builder = SessionStateBuilder::new_with_default_features()
        .with_config(config)
        .with_runtime_env(Arc::clone(environment))
        .with_table_factories(HashMap::new())
        .with_table_functions(HashMap::new())
        .with_type_planner(Arc::new(NoFixedSizes))
        .with_physical_optimizer_rule(Arc::new(YieldAfterJoins))
        .with_physical_optimizer_rule(Arc::new(CountWhatIsHeld(Arc::clone(
            &environment.memory_pool,
        ))));
    if let Some(functions) = builder.scalar_functions() {
        functions.retain(|function| keep(function.name(), function.aliases()));
    }
    if let Some(functions) = builder.higher_order_functions() {
        functions.retain(|function| keep(function.name(), function.aliases()));
    }
    builder.build()
}

fn register_files(context: &SessionContext) -> DataFusionResult<()> {
    let url = ListingTableUrl::parse(ROOT)?;
    let run = (
        "run".to_string(),
        datafusion::arrow::datatypes::DataType::Utf8,
    );
    let options = ListingOptions::new(Arc::new(ParquetFormat::default()))
        .with_file_extension(".parquet")
        .with_table_partition_cols(vec![run]);
    let config = ListingTableConfig::new(url)
        .with_listing_options(options)
        .with_schema(Arc::new(finqa_data::trajectories::schema()));
    let table = ListingTable::try_new(config)?;
    context
        .register_table(FILES, Arc::new(table))?
        .map_or(Ok(()), |_| {
            Err(plan_datafusion_err!("{FILES} exists already"))
        })
}
