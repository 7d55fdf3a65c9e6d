//! A row: an instruction, its labels, and its fields as they are written in the file.

use serde_json::{Value, json};
use tpo_types::text::escape;
use tpo_types::{Instruction, RowFields, RowProblem};

use super::complexity::Complexity;
use super::label::Label;
use super::raw_fields::RawFields;

pub(super) const CATEGORY: &str = "category";
pub(super) const COMPLEXITY: &str = "complexity";

/// A row: an instruction and its labels.
#[derive(Debug)]
pub(super) struct LabelRow {
    pub(super) instruction: Instruction,
    pub(super) category: Label<String>,
    pub(super) complexity: Label<Complexity>,
    /// Whether the model was shown a part of the instruction only.
    pub(super) is_shortened: bool,
    /// All fields but the labels.
    pub(super) others: RowFields,
    fields: RawFields,
    /// Where the row is in its file, from 1.
    pub(super) line: usize,
}

/// What to do with labels that rows have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Present {
    /// They stay.
    Keep,
    /// They are made again.
    Drop,
}

impl LabelRow {
    /// Parses a row. `text` is the row as it is written, in line `line`, and `others` its fields.
    pub(super) fn parse(
        line: usize,
        text: &str,
        mut others: RowFields,
        present: Present,
    ) -> Result<Self, RowProblem> {
        let fields = RawFields::parse(text)?;
        let (category, complexity) = (others.remove(CATEGORY), others.remove(COMPLEXITY));
        let instruction = Instruction::from_fields(others.clone())?;
        let (category, complexity) = match present {
            Present::Keep => (read_category(category)?, read_complexity(complexity)?),
            Present::Drop => (None, None),
        };
        Ok(Self {
            instruction,
            category: Label::of_row(category),
            complexity: Label::of_row(complexity),
            is_shortened: false,
            others,
            fields,
            line,
        })
    }

    /// The instruction's id.
    pub(super) fn id(&self) -> &str {
        &self.instruction.id
    }

    /// The row with its labels as one line of JSON.
    pub(super) fn text(mut self) -> String {
        match self.category.value() {
            Some(category) => self.fields.set(CATEGORY, &json!(category)),
            None => self.fields.clear(CATEGORY),
        }
        match self.complexity.value() {
            Some(complexity) => self.fields.set(COMPLEXITY, &json!(complexity)),
            None => self.fields.clear(COMPLEXITY),
        }
        self.fields.to_string()
    }
}

fn read_category(value: Option<Value>) -> Result<Option<String>, RowProblem> {
    match value {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(category)) if !category.trim().is_empty() => Ok(Some(category)),
        Some(other) => Err(RowProblem::new(format!(
            "`category` is `{}`, not the name of a category; remove it to have the row labeled",
            escape(&other.to_string())
        ))),
    }
}

fn read_complexity(value: Option<Value>) -> Result<Option<Complexity>, RowProblem> {
    let Some(value) = value.filter(|value| !value.is_null()) else {
        return Ok(None);
    };
    let complexity = value.as_f64().and_then(Complexity::from_number);
    complexity.map(Some).ok_or_else(|| {
        RowProblem::new(format!(
            "`complexity` is `{}`, not a whole number from 1 to 5; remove it to have the row \
             labeled",
            escape(&value.to_string())
        ))
    })
}
