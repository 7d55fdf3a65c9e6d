//! Responses of a model that does not run here, from a file.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use serde_json::Value;
use tpo_types::text::sanitize;
use tpo_types::{Failure, FailureKind, Instruction, RowFields, RowProblem, parse_rows};

use crate::dataset;

/// Missing responses that an error names.
const SHOWN: usize = 3;

/// The responses of a file.
#[derive(Debug)]
pub struct RecordedResponses {
    path: PathBuf,
    rows: Vec<RecordedRow>,
    /// The rows of an instruction's id, and of its text.
    by_key: HashMap<String, Vec<usize>>,
}

/// One row: which instruction, and the response.
#[derive(Debug)]
struct RecordedRow {
    id: Option<String>,
    text: Option<String>,
    response: String,
}

impl RecordedResponses {
    /// Reads a file of responses.
    pub(super) fn read(path: &Path) -> Result<Self, Failure> {
        let name = path.display().to_string();
        let bytes = std::fs::read(path).map_err(|error| {
            Failure::new(
                FailureKind::Input,
                format!("cannot read the responses `{name}`"),
            )
            .because(error)
        })?;
        let lines = dataset::lines(&bytes, &name)?;
        let rows = parse_rows(&lines, &name, |_, fields| RecordedRow::of(fields))?;
        let mut by_key: HashMap<String, Vec<usize>> = HashMap::new();
        for (index, row) in rows.iter().enumerate() {
            let keys = [row.id.as_ref(), row.text.as_ref()];
            for key in keys.into_iter().flatten() {
                by_key.entry(key.clone()).or_default().push(index);
            }
        }
        Ok(Self {
            path: path.to_owned(),
            rows,
            by_key,
        })
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The responses to an instruction: those of the rows with its id, or its text in rows without
    /// an id. A row that has both must have both right.
    pub(super) fn of(&self, instruction: &Instruction) -> Vec<&str> {
        let text = instruction.messages.last().map(|one| one.content.trim());
        let rows_of = |key: &str| self.by_key.get(key).map_or(&[] as &[_], Vec::as_slice);
        let mut indices: Vec<usize> = rows_of(&instruction.id).to_vec();
        indices.extend(
            text.into_iter()
                .flat_map(|text| rows_of(text).iter().copied()),
        );
        indices.sort_unstable();
        indices.dedup();
        let rows = indices.into_iter().map(|index| &self.rows[index]);
        rows.filter(|row| {
            let has_id = row.id.as_ref().is_none_or(|id| *id == instruction.id);
            let has_text = row.text.as_deref().is_none_or(|own| Some(own) == text);
            has_id && has_text
        })
        .map(|row| row.response.as_str())
        .collect()
    }

    /// Whether the file answers a set: all of its instructions with as many responses as are asked
    /// for, or none of them at all. Anything between is refused.
    pub(super) fn answers(
        &self,
        set: &str,
        instructions: &[Instruction],
        num_samples: usize,
    ) -> Result<bool, Failure> {
        let responses: Vec<Vec<&str>> = instructions.iter().map(|one| self.of(one)).collect();
        if let Some(surplus) = responses.iter().position(|one| one.len() > num_samples) {
            let what = format!(
                "`{}` has {} responses to `{}` of `{set}`, more than `num_samples` ({num_samples})",
                self.path.display(),
                responses[surplus].len(),
                sanitize(&instructions[surplus].id, 60)
            );
            return Err(Failure::new(FailureKind::Input, what).hint(
                "raise `num_samples`, or keep as many rows; rows without an id answer every \
                 instruction with their text",
            ));
        }
        let missing: Vec<&str> = instructions
            .iter()
            .zip(&responses)
            .filter(|(_, responses)| responses.len() < num_samples)
            .map(|(instruction, _)| instruction.id.as_str())
            .collect();
        if missing.is_empty() || responses.iter().all(Vec::is_empty) {
            return Ok(missing.is_empty());
        }
        let shown: Vec<String> = missing
            .iter()
            .take(SHOWN)
            .map(|id| format!("`{id}`"))
            .collect();
        Err(Failure::new(
            FailureKind::Input,
            format!(
                "`{}` does not have {num_samples} responses to {} of the {} instructions of \
                 `{set}`: {}{}",
                self.path.display(),
                missing.len(),
                instructions.len(),
                shown.join(", "),
                if missing.len() > SHOWN { ", ..." } else { "" }
            ),
        )
        .hint("complete the file, or evaluate on the instructions that it answers"))
    }
}

impl RecordedRow {
    fn of(mut fields: RowFields) -> Result<Self, RowProblem> {
        let mut text = |keys: &[&str]| {
            keys.iter().find_map(|key| match fields.remove(*key) {
                Some(Value::String(text)) => Some(text),
                Some(Value::Number(number)) if *key == "id" => Some(number.to_string()),
                _ => None,
            })
        };
        let id = text(&["id"]);
        let instruction = text(&["prompt", "instruction"]).map(|text| text.trim().to_owned());
        let response = text(&["response", "output"])
            .ok_or_else(|| RowProblem::new("neither `response` nor `output` is given as text"))?;
        if id.is_none() && instruction.is_none() {
            return Err(RowProblem::new(
                "none of `id`, `prompt` and `instruction` is given as text",
            ));
        }
        Ok(Self {
            id,
            text: instruction,
            response,
        })
    }
}
