//! The columns of an episode, as `docs/spec/trajectories.md` lists them.

use std::sync::Arc;

use arrow_array::{Array, ArrayRef, RecordBatch, RecordBatchOptions};
use arrow_schema::{Field, Schema};
use finqa_core::behaviour::{Check, Flag};
use finqa_core::rubric::Dimension;
use finqa_core::trajectory::{
    CallRecord, CriterionRecord, EpisodeRecord, MessageRecord, TurnRecord,
};

use super::cells::{Cell, Row, array_of, field_of, read_into, row};

row!(CriterionRecord {
    id,
    dim,
    weight,
    score,
    applicable,
    reason
});
row!(CallRecord {
    turn,
    tool,
    status,
    error,
    company,
    table,
    rows,
    tool_ms
});
row!(MessageRecord { id, name, content });
row!(TurnRecord {
    action,
    tool_calls,
    length_limited,
    num_tokens,
    reward,
    messages
});

/// The columns that are fields of [`EpisodeRecord`] under their own names, in two parts: between them stand those of
/// the dimensions, checks and flags.
macro_rules! episode_columns {
    (before: $($before:ident),*; after: $($after:ident),* $(;)?) => {
        fn fields() -> Vec<Field> {
            let mut fields = vec![
                $(field_of::<EpisodeRecord, _>(stringify!($before), |e| &e.$before)),*
            ];
            let number = |prefix: &str, name: &str| {
                Field::new(format!("{prefix}_{name}"), Option::<f32>::data_type(), true)
            };
            fields.extend(Dimension::SCORED.iter().map(|d| number("dimension", d.name())));
            fields.extend(Check::ALL.iter().map(|c| number("check", c.name())));
            fields.extend(Flag::ALL.iter().map(|flag| {
                Field::new(format!("flag_{}", flag.name()), bool::data_type(), false)
            }));
            fields.extend([$(field_of::<EpisodeRecord, _>(stringify!($after), |e| &e.$after)),*]);
            fields
        }

        /// The arrays of the columns that are wanted; one flag for each of [`fields`].
        fn arrays(episodes: &[EpisodeRecord], wanted: &[bool]) -> Vec<ArrayRef> {
            let rows = episodes.iter();
            let mut arrays = Vec::new();
            let mut wanted = wanted.iter();
            // What is not wanted is not made: whole turns are most of an episode.
            let mut add = |make: &dyn Fn() -> ArrayRef| {
                if wanted.next() == Some(&true) {
                    arrays.push(make());
                }
            };
            $(add(&|| array_of::<EpisodeRecord, _>(rows.clone(), |e| &e.$before));)*
            for i in 0..Dimension::SCORED.len() {
                add(&|| Cell::array(rows.clone().map(|e| &e.dimensions[i])));
            }
            for i in 0..Check::COUNT {
                add(&|| Cell::array(rows.clone().map(|e| &e.checks[i])));
            }
            for &flag in Flag::ALL {
                let is_set = |e: &EpisodeRecord| if has(e, flag) { &true } else { &false };
                add(&|| Cell::array(rows.clone().map(is_set)));
            }
            $(add(&|| array_of::<EpisodeRecord, _>(rows.clone(), |e| &e.$after));)*
            arrays
        }

        fn read_fields<'c>(
            episodes: &mut [EpisodeRecord],
            column: &impl Fn(&str) -> Option<&'c dyn Array>,
        ) -> Result<(), String> {
            $(read_into(episodes, stringify!($before), column(stringify!($before)), |e| &mut e.$before)?;)*
            $(read_into(episodes, stringify!($after), column(stringify!($after)), |e| &mut e.$after)?;)*
            Ok(())
        }
    };
}

episode_columns! {
    before: episode, policy, policy_step, task_id, task_index, split, question_type, level, num_tables, companies,
        question, truth, env_id, group, seed, started_ms, duration_ms, tool_ms, status, truncation_reason, submission,
        is_correct, outcome, reward, answer_reason, wrong_answer, failure, failures, process, num_turns, num_calls,
        num_errors, num_prompt_tokens, num_completion_tokens;
    after: criteria, calls, prompt, turns;
}

const fn has(episode: &EpisodeRecord, flag: Flag) -> bool {
    episode.flags >> flag as u8 & 1 == 1
}

/// The schema of a file of episodes.
pub fn schema() -> Schema {
    Schema::new(fields())
}

/// Episodes as rows.
///
/// # Panics
/// Never: the arrays are made by the schema's own list.
pub fn to_batch(episodes: &[EpisodeRecord]) -> RecordBatch {
    batch_where(episodes, |_| true)
}

/// The columns `names` of episodes as rows, in the order of the schema.
pub(super) fn to_batch_of(episodes: &[EpisodeRecord], names: &[&str]) -> RecordBatch {
    batch_where(episodes, |name| names.contains(&name))
}

fn batch_where(episodes: &[EpisodeRecord], is_wanted: impl Fn(&str) -> bool) -> RecordBatch {
    let mut fields = fields();
    let wanted: Vec<bool> = fields.iter().map(|field| is_wanted(field.name())).collect();
    fields.retain(|field| is_wanted(field.name()));
    // Without a column only this says how many rows there are.
    let count = RecordBatchOptions::new().with_row_count(Some(episodes.len()));
    RecordBatch::try_new_with_options(
        Arc::new(Schema::new(fields)),
        arrays(episodes, &wanted),
        &count,
    )
    .expect("schema and arrays come from one list")
}

/// Rows as episodes. Columns that are not there leave their fields at the defaults.
///
/// # Errors
/// Names the column that holds something else than it should.
pub fn from_batch(batch: &RecordBatch) -> Result<Vec<EpisodeRecord>, String> {
    let mut episodes = vec![EpisodeRecord::default(); batch.num_rows()];
    let column = |name: &str| batch.column_by_name(name).map(|column| &**column);
    read_fields(&mut episodes, &column)?;
    let numbers = |prefix: &str, name: &str| -> Result<Option<Vec<Option<f32>>>, String> {
        let name = format!("{prefix}_{name}");
        column(&name)
            .map(Cell::read)
            .transpose()
            .map_err(|reason| format!("column {name:?} {reason}"))
    };
    for (i, dimension) in Dimension::SCORED.iter().enumerate() {
        for (episode, score) in episodes.iter_mut().zip(
            numbers("dimension", dimension.name())?
                .into_iter()
                .flatten(),
        ) {
            episode.dimensions[i] = score;
        }
    }
    for (i, check) in Check::ALL.iter().enumerate() {
        for (episode, score) in episodes
            .iter_mut()
            .zip(numbers("check", check.name())?.into_iter().flatten())
        {
            episode.checks[i] = score;
        }
    }
    for &flag in Flag::ALL {
        let name = format!("flag_{}", flag.name());
        let Some(array) = column(&name) else {
            continue;
        };
        let set: Vec<bool> =
            Cell::read(array).map_err(|reason| format!("column {name:?} {reason}"))?;
        for (episode, set) in episodes.iter_mut().zip(set) {
            episode.flags |= u32::from(set) << flag as u8;
        }
    }
    Ok(episodes)
}
