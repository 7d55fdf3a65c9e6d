//! Assigns labels to the instructions that lack them.

use tpo_types::{ChatReply, Failure, Instruction};

use super::answer;
use super::ask::{Labeler, Questions};
use super::categories::CategoryList;
use super::excerpt::excerpt;
use super::label::Label;
use super::prompts;
use super::row::LabelRow;
use super::rows::LabelRows;

/// Rows that are labeled before their number is reported.
const ROWS_PER_BATCH: usize = 128;
/// Characters that are shown of an instruction.
const MAX_CHARS: usize = 4000;

/// Assigns a category and a complexity, independently, to the rows that lack them. Without
/// `categories` no category is assigned. `on_progress` is called with the number of rows of every
/// batch.
pub fn assign(
    labeler: &Labeler<'_>,
    rows: &mut LabelRows,
    categories: Option<&CategoryList>,
    on_progress: &mut dyn FnMut(usize),
) -> Result<(), Failure> {
    for batch in rows.0.chunks_mut(ROWS_PER_BATCH) {
        if let Some(categories) = categories {
            let task = Task {
                label: |row| &mut row.category,
                prompt: &|text| prompts::category(text, categories),
                read: &|reply| {
                    let index = answer::category(reply, categories)?;
                    Ok(categories[index].name.clone())
                },
            };
            task.run(labeler, batch)?;
        }
        let task = Task {
            label: |row| &mut row.complexity,
            prompt: &prompts::complexity,
            read: &answer::complexity,
        };
        task.run(labeler, batch)?;
        on_progress(batch.len());
    }
    Ok(())
}

/// One label: where it is, how it is asked for, and how a reply is read.
struct Task<'a, T> {
    label: fn(&mut LabelRow) -> &mut Label<T>,
    prompt: &'a dyn Fn(&str) -> String,
    read: &'a dyn Fn(&ChatReply) -> Result<T, String>,
}

impl<T: PartialEq> Task<'_, T> {
    /// Labels the rows that lack this label.
    fn run(&self, labeler: &Labeler<'_>, rows: &mut [LabelRow]) -> Result<(), Failure> {
        let mut open: Vec<&mut LabelRow> = rows
            .iter_mut()
            .filter_map(|row| (*(self.label)(row) == Label::Open).then_some(row))
            .collect();
        let prompts = open.iter_mut().map(|row| self.ask_about(row)).collect();
        let questions = Questions {
            prompts,
            max_new_tokens: labeler.max_new_tokens,
        };
        let outcomes = labeler.ask(&questions, self.read)?;
        for (row, outcome) in open.into_iter().zip(outcomes) {
            *(self.label)(row) = outcome.into();
        }
        Ok(())
    }

    fn ask_about(&self, row: &mut LabelRow) -> String {
        let instruction: &Instruction = &row.instruction;
        let shown = excerpt(instruction, MAX_CHARS);
        row.is_shortened = shown.is_shortened;
        (self.prompt)(&shown.text)
    }
}
