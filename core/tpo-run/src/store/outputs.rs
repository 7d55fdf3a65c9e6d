//! Which completions and judgments are complete, and what they depend on.

use rusqlite::{OptionalExtension, params};
use tpo_types::Failure;

use super::{Store, query_failed};
use crate::progress::Stage;
use crate::slice::Slice;

/// The complete output of a stage for one slice.
#[derive(Debug)]
pub(crate) struct StageOutput {
    /// Digest of everything that the output depends on.
    pub cache_key: String,
    /// Items in all.
    pub items: usize,
    /// Items that were there already or were copied from another run.
    pub reused: usize,
    /// What was measured while the items were made, as JSON.
    pub stats: String,
}

impl Store {
    /// Records that a stage is complete for a slice.
    pub(crate) fn put_stage_output(
        &self,
        slice: &Slice,
        stage: Stage,
        output: &StageOutput,
    ) -> Result<(), Failure> {
        self.execute(
            "INSERT OR REPLACE INTO stage_outputs (slice, stage, cache_key, items, reused, stats) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            params![
                slice.to_string(),
                stage.as_str(),
                output.cache_key,
                output.items as i64,
                output.reused as i64,
                output.stats
            ],
        )
    }

    /// The output of a stage for a slice, if it is complete.
    pub(crate) fn stage_output(
        &self,
        slice: &Slice,
        stage: Stage,
    ) -> Result<Option<StageOutput>, Failure> {
        self.connection
            .query_row(
                "SELECT cache_key, items, reused, stats FROM stage_outputs \
                 WHERE slice = ?1 AND stage = ?2",
                params![slice.to_string(), stage.as_str()],
                |row| {
                    Ok(StageOutput {
                        cache_key: row.get(0)?,
                        items: row.get::<_, i64>(1)? as usize,
                        reused: row.get::<_, i64>(2)? as usize,
                        stats: row.get(3)?,
                    })
                },
            )
            .optional()
            .map_err(query_failed)
    }
}
