//! An instruction from the fields of a row.
//!
//! A row has `id`, one of `prompt`, `instruction` or `messages`, and optionally `category` and
//! `reference`; every other field becomes metadata that plugins see.

use serde_json::Value;

use super::{Instruction, Message, MessageRole};
use crate::digest::Digest;
use crate::rows::{RowFields, RowProblem};

impl Instruction {
    /// The instruction that the fields of a row describe.
    pub fn from_fields(mut fields: RowFields) -> Result<Self, RowProblem> {
        let messages = take_messages(&mut fields)?;
        let id = match take_text(&mut fields, "id")? {
            Some(id) if !id.trim().is_empty() => id,
            Some(_) => return Err(RowProblem::new("`id` is empty")),
            None => content_id(&messages),
        };
        Ok(Self {
            id,
            messages,
            category: take_text(&mut fields, "category")?,
            reference: take_text(&mut fields, "reference")?,
            metadata: fields.into_iter().collect(),
        })
    }
}

fn take_messages(fields: &mut RowFields) -> Result<Vec<Message>, RowProblem> {
    let mut given = Vec::new();
    for key in ["prompt", "instruction", "messages"] {
        if let Some(value) = fields.remove(key) {
            given.push((key, value));
        }
    }
    let messages = match given.as_slice() {
        [] => {
            return Err(RowProblem::new(
                "none of `prompt`, `instruction` and `messages` is given",
            ));
        }
        [(key, Value::String(text))] if *key != "messages" => vec![Message::user(text)],
        [(key @ ("messages" | "prompt"), value @ Value::Array(_))] => {
            serde_json::from_value(value.clone()).map_err(|error| {
                RowProblem::new(format!(
                    "`{key}` is not a list of {{role, content}}: {error}"
                ))
            })?
        }
        [(key, _)] => return Err(RowProblem::new(format!("`{key}` has the wrong type"))),
        [(first, _), (second, _), ..] => {
            return Err(RowProblem::new(format!(
                "`{first}` and `{second}` are both given; keep one"
            )));
        }
    };
    match messages.last() {
        Some(Message {
            role: MessageRole::User,
            content,
        }) if !content.trim().is_empty() => Ok(messages),
        Some(Message {
            role: MessageRole::User,
            ..
        }) => Err(RowProblem::new("the instruction is empty")),
        _ => Err(RowProblem::new("the last message is not the user's")),
    }
}

fn take_text(fields: &mut RowFields, key: &str) -> Result<Option<String>, RowProblem> {
    match fields.remove(key) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(Value::Number(number)) if key == "id" => Ok(Some(number.to_string())),
        Some(other) => Err(RowProblem::new(format!("`{key}` is {other}, not a string"))),
    }
}

/// An id for a row that has none: the same conversation always gets the same one.
fn content_id(messages: &[Message]) -> String {
    let mut text = String::new();
    for message in messages {
        text += &format!("{}\0{}\0", message.role.as_str(), message.content);
    }
    let mut id = Digest::of(text).hex();
    id.truncate(16);
    id
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rows::parse_rows;

    fn parse(text: &str) -> Vec<Instruction> {
        parse_rows(text.as_bytes(), "rows.jsonl", |_, fields| {
            Instruction::from_fields(fields)
        })
        .expect("good rows")
    }

    #[test]
    fn other_fields_become_metadata() {
        let rows = parse(
            r#"{"id": "a", "prompt": "Hi", "category": "chat", "constraints": [1], "license": "MIT"}"#,
        );
        assert_eq!(rows[0].messages, [Message::user("Hi")]);
        assert_eq!(rows[0].category.as_deref(), Some("chat"));
        assert_eq!(
            rows[0].metadata.keys().collect::<Vec<_>>(),
            ["constraints", "license"]
        );
    }

    #[test]
    fn a_row_without_id_is_named_by_its_content() {
        let id = |text: &str| parse(text)[0].id.clone();
        assert_eq!(
            id(r#"{"instruction": "Hi"}"#),
            id(r#"{"prompt": "Hi", "category": "other"}"#)
        );
    }
}
