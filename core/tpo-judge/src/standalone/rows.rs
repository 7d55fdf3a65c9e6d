//! Instructions with their responses, as data sets write them.
//!
//! A row has the fields of an instruction, and one of: `responses`; `response_a` and `response_b`;
//! `chosen` and `rejected`, as texts or as conversations; `response`, `completion` or `output`; or
//! `messages` that end with the assistant's turn. `label` (`a`, `b` or `tie`) says which of two
//! responses humans prefer.

use std::path::Path;

use serde_json::Value;
use tpo_types::{
    Failure, FailureKind, Instruction, Preference, ResponseGroup, RowFields, RowProblem, parse_rows,
};

/// Rows that are judged before their results are handed over.
pub(super) const ROWS_PER_BATCH: usize = 256;

/// An instruction and its responses.
#[derive(Debug, Clone, PartialEq)]
pub struct ResponseRow {
    /// The task.
    pub instruction: Instruction,
    /// The responses to it.
    pub responses: Vec<String>,
    /// Which of two responses humans prefer, if known.
    pub label: Option<Preference>,
}

impl ResponseRow {
    /// What a judge is given.
    pub(super) fn group(&self) -> ResponseGroup<'_> {
        ResponseGroup {
            instruction: &self.instruction,
            responses: self.responses.iter().map(String::as_str).collect(),
        }
    }
}

/// Reads a file of rows.
pub fn read(path: &Path) -> Result<Vec<ResponseRow>, Failure> {
    let name = path.display().to_string();
    let bytes = std::fs::read(path).map_err(|error| {
        Failure::new(
            FailureKind::Input,
            format!("cannot read responses from `{name}`"),
        )
        .because(error)
        .hint("the path is relative to the working directory")
    })?;
    parse(&bytes, &name)
}

/// Reads a file of rows. It is an error if none has a label.
pub fn read_labeled(path: &Path) -> Result<Vec<ResponseRow>, Failure> {
    let rows = read(path)?;
    if rows.iter().all(|row| row.label.is_none()) {
        let what = format!("`{}` has no labels", path.display());
        return Err(Failure::new(FailureKind::Input, what).hint(
            "give `response_a`, `response_b` and `label` (`a`, `b` or `tie`), or `chosen` and \
             `rejected`",
        ));
    }
    Ok(rows)
}

fn parse(bytes: &[u8], name: &str) -> Result<Vec<ResponseRow>, Failure> {
    let rows = parse_rows(bytes, name, |_, fields| row(fields))?;
    if rows.is_empty() {
        return Err(
            Failure::new(FailureKind::Input, format!("{name} holds no response")).hint(
                "one JSON object per line, for example \
                 {\"prompt\": \"Name a color.\", \"response\": \"Red.\"}",
            ),
        );
    }
    Ok(rows)
}

fn row(mut fields: RowFields) -> Result<ResponseRow, RowProblem> {
    let label = label(&mut fields)?;
    let (responses, is_preference) = responses(&mut fields)?;
    let label = label.or(is_preference.then_some(Preference::First));
    if label.is_some() && responses.len() != 2 {
        return Err(RowProblem::new(format!(
            "`label` is about two responses, and there are {}",
            responses.len()
        )));
    }
    Ok(ResponseRow {
        instruction: Instruction::from_fields(fields)?,
        responses,
        label,
    })
}

fn label(fields: &mut RowFields) -> Result<Option<Preference>, RowProblem> {
    match fields.remove("label") {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(label)) => match label.as_str() {
            "a" => Ok(Some(Preference::First)),
            "b" => Ok(Some(Preference::Second)),
            "tie" => Ok(Some(Preference::Tie)),
            other => Err(RowProblem::new(format!(
                "`label` is `{other}`, not `a`, `b` or `tie`"
            ))),
        },
        Some(other) => Err(RowProblem::new(format!(
            "`label` is {other}, not `a`, `b` or `tie`"
        ))),
    }
}

/// The responses, and whether the first is known to be the better of two.
fn responses(fields: &mut RowFields) -> Result<(Vec<String>, bool), RowProblem> {
    if let Some(all) = fields.remove("responses") {
        let responses: Vec<String> = serde_json::from_value(all).map_err(|error| {
            RowProblem::new(format!("`responses` is not a list of texts: {error}"))
        })?;
        return if responses.is_empty() {
            Err(RowProblem::new("`responses` is empty"))
        } else {
            Ok((responses, false))
        };
    }
    for (first, second, is_preference) in [
        ("response_a", "response_b", false),
        ("chosen", "rejected", true),
    ] {
        match (fields.remove(first), fields.remove(second)) {
            (None, None) => {}
            (Some(a), Some(b)) => {
                let responses = vec![response(first, a, fields)?, response(second, b, fields)?];
                return Ok((responses, is_preference));
            }
            _ => {
                return Err(RowProblem::new(format!(
                    "`{first}` and `{second}` belong together"
                )));
            }
        }
    }
    for key in ["response", "completion", "output"] {
        if let Some(value) = fields.remove(key) {
            return Ok((vec![response(key, value, fields)?], false));
        }
    }
    match fields.remove("messages") {
        Some(messages) => Ok((vec![response("messages", messages, fields)?], false)),
        None => Err(RowProblem::new(
            "there is no response: give `response`, `responses` or `chosen` and `rejected`",
        )),
    }
}

/// A response as a text, or as the last turn of a conversation. The turns before it become the
/// prompt, unless there is one.
fn response(key: &str, value: Value, fields: &mut RowFields) -> Result<String, RowProblem> {
    let mut turns = match value {
        Value::String(text) => return Ok(text),
        Value::Array(turns) => turns,
        _ => {
            return Err(RowProblem::new(format!(
                "`{key}` is neither a text nor a conversation"
            )));
        }
    };
    let last = turns.pop().filter(|turn| turn["role"] == "assistant");
    let Some(Value::String(text)) = last.map(|mut turn| turn["content"].take()) else {
        return Err(RowProblem::new(format!(
            "`{key}` does not end with a turn of the assistant"
        )));
    };
    let has_prompt = ["prompt", "instruction", "messages"]
        .iter()
        .any(|key| fields.contains_key(*key));
    if !turns.is_empty() && !has_prompt {
        fields.insert("messages".into(), Value::Array(turns));
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(text: &str) -> ResponseRow {
        parse(text.as_bytes(), "rows.jsonl")
            .expect("a good row")
            .remove(0)
    }

    fn refusal(text: &str) -> String {
        parse(text.as_bytes(), "rows.jsonl")
            .expect_err("a bad row")
            .to_string()
    }

    #[test]
    fn the_formats_of_data_sets_are_read() {
        let same = [
            r#"{"prompt": "Q", "responses": ["yes", "no"], "label": "a"}"#,
            r#"{"prompt": "Q", "response_a": "yes", "response_b": "no", "label": "a"}"#,
            r#"{"prompt": "Q", "chosen": "yes", "rejected": "no"}"#,
            r#"{"chosen": [{"role": "user", "content": "Q"}, {"role": "assistant", "content": "yes"}],
               "rejected": [{"role": "user", "content": "Q"}, {"role": "assistant", "content": "no"}]}"#,
            r#"{"prompt": "Q", "chosen": [{"role": "user", "content": "Q"}, {"role": "assistant", "content": "yes"}],
               "rejected": [{"role": "user", "content": "Q"}, {"role": "assistant", "content": "no"}]}"#,
        ];
        for text in same {
            let row = one(&text.replace('\n', ""));
            assert_eq!(row.responses, ["yes", "no"], "{text}");
            assert_eq!(row.label, Some(Preference::First), "{text}");
            assert_eq!(row.instruction.messages[0].content, "Q", "{text}");
            assert_eq!(row.instruction.messages.len(), 1, "{text}");
        }
        for text in [
            r#"{"instruction": "Q", "output": "yes"}"#,
            r#"{"prompt": "Q", "completion": "yes"}"#,
            r#"{"messages": [{"role": "user", "content": "Q"}, {"role": "assistant", "content": "yes"}]}"#,
        ] {
            assert_eq!(
                (one(text).responses, one(text).label),
                (vec!["yes".to_owned()], None),
                "{text}"
            );
        }
    }

    #[test]
    fn what_is_missing_is_said() {
        for (text, why) in [
            (r#"{"prompt": "Q"}"#, "there is no response"),
            (
                r#"{"prompt": "Q", "chosen": "a"}"#,
                "`chosen` and `rejected` belong together",
            ),
            (
                r#"{"prompt": "Q", "response": "a", "label": "a"}"#,
                "`label` is about two responses, and there are 1",
            ),
            (
                r#"{"prompt": "Q", "responses": ["a", "b"], "label": "A"}"#,
                "`label` is `A`, not `a`, `b` or `tie`",
            ),
            (
                r#"{"response": "a"}"#,
                "none of `prompt`, `instruction` and `messages` is given",
            ),
            (
                r#"{"messages": [{"role": "user", "content": "Q"}]}"#,
                "does not end with a turn of the assistant",
            ),
        ] {
            assert!(
                refusal(text).starts_with("rows.jsonl:1:1: ") && refusal(text).contains(why),
                "{}",
                refusal(text)
            );
        }
    }
}
