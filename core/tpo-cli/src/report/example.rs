//! One instruction, answered before and after training.

use tpo_run::store::Example;
use tpo_types::Parts;

use crate::text::{indented, printable};

/// The instruction, and what the base model and the last one think and answer.
pub(crate) fn example_text(example: &Example) -> String {
    let messages = &example.instruction.messages;
    let instruction = messages.last().map_or("", |message| &message.content);
    format!(
        "one instruction before and after training:\n  instruction: {}\n{}{}",
        indented(&printable(instruction)),
        answer("base model", &example.before),
        answer("last model", &example.after)
    )
}

fn answer(model: &str, parts: &Parts) -> String {
    let thought = parts.thought.as_deref().unwrap_or("(none)");
    format!(
        "  {model}\n    thought:  {}\n    response: {}\n",
        indented(&printable(thought.trim())),
        indented(&printable(parts.response.trim()))
    )
}
