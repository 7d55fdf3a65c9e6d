//! Conversions that more than one role or import needs.

use tpo_types::text::sanitize;
use tpo_types::{Instruction, Message, MessageRole};

use crate::contract::bindings::tpo::plugin::types;

/// The longest reason of an item that is kept, in bytes. Reasons are counted, so they are short
/// phrases.
const REASON_BYTES: usize = 200;
/// The longest rationale that is kept, in bytes.
const RATIONALE_BYTES: usize = 64 << 10;

/// The role of a message, by its name in the contract.
pub(crate) fn message_role(name: &str) -> Option<MessageRole> {
    [
        MessageRole::System,
        MessageRole::User,
        MessageRole::Assistant,
    ]
    .into_iter()
    .find(|role| role.as_str() == name)
}

pub(crate) fn instruction(instruction: &Instruction) -> types::Instruction {
    let message = |message: &Message| types::Message {
        role: message.role.as_str().into(),
        content: message.content.clone(),
    };
    types::Instruction {
        id: instruction.id.clone(),
        messages: instruction.messages.iter().map(message).collect(),
        category: instruction.category.clone(),
        reference: instruction.reference.clone(),
        metadata: instruction
            .metadata
            .iter()
            .map(|(name, value)| (name.clone(), value.to_string()))
            .collect(),
    }
}

/// About how many bytes an instruction takes.
pub(crate) fn instruction_bytes(instruction: &types::Instruction) -> usize {
    let text: usize = instruction
        .messages
        .iter()
        .map(|message| message.content.len())
        .sum();
    text + instruction.reference.as_ref().map_or(0, String::len)
}

/// A guest's reason for an item.
pub(crate) fn reason(text: &str) -> String {
    sanitize(text, REASON_BYTES)
}

/// A guest's explanation for people.
pub(crate) fn rationale(text: Option<String>) -> Option<String> {
    text.map(|text| sanitize(&text, RATIONALE_BYTES))
}
