//! Responses of a model that does not run here, from a file.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use serde_json::Value;
use tpo_types::{Failure, FailureKind, Instruction, RowFields, RowProblem, parse_rows};

use crate::dataset;

/// Missing responses that an error names.
const SHOWN: usize = 3;

/// The responses of a file.
#[derive(Debug)]
pub struct RecordedResponses {
    path: PathBuf,
    /// By the instruction's id, for rows that have one.
    by_id: HashMap<String, Vec<String>>,
    /// By the instruction's text.
    by_text: HashMap<String, Vec<String>>,
}

/// One row: which instruction, and the response.
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
        let mut recorded = Self {
            path: path.to_owned(),
            by_id: HashMap::new(),
            by_text: HashMap::new(),
        };
        for row in rows {
            for (key, map) in [
                (&row.id, &mut recorded.by_id),
                (&row.text, &mut recorded.by_text),
            ] {
                if let Some(key) = key {
                    let responses: &mut Vec<String> = map.entry(key.clone()).or_default();
                    responses.push(row.response.clone());
                }
            }
        }
        Ok(recorded)
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The responses to an instruction, by its id, else by its text.
    pub(super) fn of(&self, instruction: &Instruction) -> &[String] {
        let by_text = || {
            let last = instruction.messages.last()?;
            self.by_text.get(last.content.trim())
        };
        self.by_id
            .get(&instruction.id)
            .or_else(by_text)
            .map_or(&[], Vec::as_slice)
    }

    /// Whether the file answers a set: all of its instructions with as many responses as are asked
    /// for, or none of them at all. Anything between is refused.
    pub(super) fn answers(
        &self,
        set: &str,
        instructions: &[Instruction],
        num_samples: usize,
    ) -> Result<bool, Failure> {
        let missing: Vec<&str> = instructions
            .iter()
            .filter(|instruction| self.of(instruction).len() < num_samples)
            .map(|instruction| instruction.id.as_str())
            .collect();
        if missing.is_empty() || instructions.iter().all(|one| self.of(one).is_empty()) {
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
