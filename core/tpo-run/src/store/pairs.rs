//! Selected pairs, and the instructions that gave none.

use rusqlite::{Row, params};
use tpo_types::{Completion, Failure, Instruction, Prompt, Selection};

use super::{Store, from_json, query_failed};
use crate::groups::SelectedGroup;
use crate::slice::Slice;

/// One side of a stored pair.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct StoredSide {
    /// The whole assistant turn.
    pub text: String,
    /// The judge's score; none where the completion is malformed.
    pub score: Option<f64>,
}

/// A pair with its instruction and texts.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct StoredPair {
    /// The slice it was selected from.
    pub slice: String,
    /// The task.
    pub instruction: Instruction,
    /// The rendered prompt.
    pub prompt: Prompt,
    /// The better side.
    pub chosen: StoredSide,
    /// The worse side.
    pub rejected: StoredSide,
}

impl Store {
    /// Records the selections of a slice, in place of earlier ones.
    pub(crate) fn put_selections(
        &self,
        slice: &Slice,
        groups: &[SelectedGroup<'_>],
    ) -> Result<(), Failure> {
        let slice = slice.to_string();
        self.transaction(|| {
            self.execute("DELETE FROM pairs WHERE slice = ?1", [&slice])?;
            self.execute("DELETE FROM drops WHERE slice = ?1", [&slice])?;
            groups
                .iter()
                .try_for_each(|selected| self.insert_selection(&slice, selected))
        })
    }

    fn insert_selection(&self, slice: &str, selected: &SelectedGroup<'_>) -> Result<(), Failure> {
        let id = selected.group.id();
        match &selected.selection {
            Selection::Dropped(reason) => self.execute(
                "INSERT INTO drops (slice, instruction_id, reason) VALUES (?1, ?2, ?3)",
                params![slice, id, reason],
            ),
            Selection::Pairs(pairs) => pairs.iter().try_for_each(|pair| {
                let (chosen, rejected) = (pair.chosen() as i64, pair.rejected() as i64);
                self.execute(
                    "INSERT INTO pairs (slice, instruction_id, chosen, rejected) \
                     VALUES (?1, ?2, ?3, ?4)",
                    params![slice, id, chosen, rejected],
                )
            }),
        }
    }

    /// Every pair, in the order of the iterations and of the data set.
    pub(crate) fn pairs(&self) -> Result<Vec<StoredPair>, Failure> {
        let sql = "SELECT p.slice, i.body, r.prompt, c.body, j.score, d.body, k.score FROM pairs p \
             JOIN instructions i ON i.id = p.instruction_id \
             JOIN prompts r ON r.slice = p.slice AND r.instruction_id = p.instruction_id \
             JOIN completions c ON c.slice = p.slice AND c.instruction_id = p.instruction_id AND \
             c.sample = p.chosen \
             JOIN completions d ON d.slice = p.slice AND d.instruction_id = p.instruction_id AND \
             d.sample = p.rejected \
             LEFT JOIN judgments j ON j.slice = p.slice AND j.instruction_id = p.instruction_id \
             AND j.sample = p.chosen \
             LEFT JOIN judgments k ON k.slice = p.slice AND k.instruction_id = p.instruction_id \
             AND k.sample = p.rejected \
             ORDER BY i.position, p.slice, p.chosen, p.rejected";
        self.rows(sql, params![], |row| Ok(read_pair(row)))?
            .into_iter()
            .collect()
    }
}

fn read_pair(row: &Row<'_>) -> Result<StoredPair, Failure> {
    Ok(StoredPair {
        slice: text(row, 0)?,
        instruction: from_json("an instruction", &text(row, 1)?)?,
        prompt: from_json("a prompt", &text(row, 2)?)?,
        chosen: read_side(row, 3, 4)?,
        rejected: read_side(row, 5, 6)?,
    })
}

fn read_side(row: &Row<'_>, body: usize, score: usize) -> Result<StoredSide, Failure> {
    let completion: Completion = from_json("a completion", &text(row, body)?)?;
    Ok(StoredSide {
        text: completion.text,
        score: row.get(score).map_err(query_failed)?,
    })
}

fn text(row: &Row<'_>, column: usize) -> Result<String, Failure> {
    row.get(column).map_err(query_failed)
}
