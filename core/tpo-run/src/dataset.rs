//! Reads instructions from JSONL.
//!
//! A row has `id`, one of `prompt`, `instruction` or `messages`, and optionally `category` and
//! `reference`; every other field becomes metadata that plugins see. A bad row is an error with its
//! file, line and column, never skipped.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use serde_json::{Map, Value};
use sha2::{Digest, Sha256};
use tpo_types::{Failure, FailureKind, Instruction, Message, MessageRole};

/// How many bad rows one error lists.
const LISTED_ROWS: usize = 20;
/// A row longer than this is refused: it is more likely a broken file than an instruction. In
/// bytes.
const MAX_ROW_BYTES: usize = 1 << 20;

/// Reads a file of instructions.
pub fn read(path: &Path) -> Result<Vec<Instruction>, Failure> {
    let text = read_text(
        path,
        "`data.train` and `data.validation` are taken relative to the configuration file",
    )?;
    parse(&text, &path.display().to_string())
}

/// The text of a file of rows; `hint` goes with a failure to read it.
pub(crate) fn read_text(path: &Path, hint: &str) -> Result<String, Failure> {
    let bytes = std::fs::read(path).map_err(|error| {
        Failure::new(
            FailureKind::Input,
            format!("cannot read rows from `{}`", path.display()),
        )
        .because(error)
        .hint(hint)
    })?;
    let text = std::str::from_utf8(&bytes).map_err(|error| {
        let line = bytes[..error.valid_up_to()]
            .iter()
            .filter(|&&byte| byte == b'\n')
            .count()
            + 1;
        Failure::new(
            FailureKind::Input,
            format!("{}:{line}: not UTF-8", path.display()),
        )
        .because(error)
        .hint("convert the file to UTF-8")
    })?;
    Ok(text.trim_start_matches('\u{feff}').to_owned())
}

/// Parses the text of a file; `name` stands for the file in messages.
pub fn parse(text: &str, name: &str) -> Result<Vec<Instruction>, Failure> {
    let mut first_line_of: HashMap<String, usize> = HashMap::new();
    let instructions = parse_rows(text, name, |line, fields| {
        let instruction = take_instruction(fields)?;
        match first_line_of.insert(instruction.id.clone(), line) {
            Some(first) => Err(Problem::row(format!(
                "id `{}` is already used in line {first}",
                instruction.id
            ))),
            None => Ok(instruction),
        }
    })?;
    if instructions.is_empty() {
        return Err(
            Failure::new(FailureKind::Input, format!("{name} holds no instruction")).hint(
                r#"one JSON object per line, for example {"id": "1", "prompt": "Name a color."}"#,
            ),
        );
    }
    Ok(instructions)
}

/// Parses every row of a text, given its line and its fields. All bad rows are told together.
pub(crate) fn parse_rows<T>(
    text: &str,
    name: &str,
    mut parse: impl FnMut(usize, Map<String, Value>) -> Result<T, Problem>,
) -> Result<Vec<T>, Failure> {
    let mut rows = Vec::new();
    let mut problems = Vec::new();
    for (row, line) in text
        .lines()
        .zip(1..)
        .filter(|(row, _)| !row.trim().is_empty())
    {
        match fields(row).and_then(|fields| parse(line, fields)) {
            Err(Problem { column, reason }) => {
                problems.push(format!("{name}:{line}:{column}: {reason}"));
            }
            Ok(row) => rows.push(row),
        }
    }
    if problems.is_empty() {
        Ok(rows)
    } else {
        Err(refuse(name, &problems))
    }
}

fn refuse(name: &str, problems: &[String]) -> Failure {
    let mut what = if problems.len() == 1 {
        problems[0].clone()
    } else {
        format!(
            "{} bad rows in {name}:\n{}",
            problems.len(),
            problems[..problems.len().min(LISTED_ROWS)].join("\n")
        )
    };
    if problems.len() > LISTED_ROWS {
        what.push_str("\n...");
    }
    Failure::new(FailureKind::Input, what).hint("mend or remove these rows; nothing was run")
}

/// What is wrong with a row.
pub(crate) struct Problem {
    column: usize,
    reason: String,
}

impl Problem {
    pub(crate) fn row(reason: impl Into<String>) -> Self {
        Self {
            column: 1,
            reason: reason.into(),
        }
    }
}

fn fields(row: &str) -> Result<Map<String, Value>, Problem> {
    if row.len() > MAX_ROW_BYTES {
        return Err(Problem::row(format!(
            "the row has {} bytes, more than {MAX_ROW_BYTES}",
            row.len()
        )));
    }
    let value: Value = serde_json::from_str(row).map_err(|error| Problem {
        column: error.column().max(1),
        // serde_json ends its text with its own line and column, which count from this row.
        reason: error
            .to_string()
            .split(" at line ")
            .next()
            .unwrap_or_default()
            .to_owned(),
    })?;
    match value {
        Value::Object(fields) => Ok(fields),
        _ => Err(Problem::row("the row is not a JSON object")),
    }
}

/// The instruction that the fields of a row describe.
pub(crate) fn take_instruction(mut fields: Map<String, Value>) -> Result<Instruction, Problem> {
    let messages = take_messages(&mut fields)?;
    let id = match take_text(&mut fields, "id")? {
        Some(id) if !id.trim().is_empty() => id,
        Some(_) => return Err(Problem::row("`id` is empty")),
        None => content_id(&messages),
    };
    Ok(Instruction {
        id,
        messages,
        category: take_text(&mut fields, "category")?,
        reference: take_text(&mut fields, "reference")?,
        metadata: fields.into_iter().collect::<BTreeMap<_, _>>(),
    })
}

fn take_messages(fields: &mut Map<String, Value>) -> Result<Vec<Message>, Problem> {
    let mut given = Vec::new();
    for key in ["prompt", "instruction", "messages"] {
        if let Some(value) = fields.remove(key) {
            given.push((key, value));
        }
    }
    let messages = match given.as_slice() {
        [] => {
            return Err(Problem::row(
                "none of `prompt`, `instruction` and `messages` is given",
            ));
        }
        [(key, Value::String(text))] if *key != "messages" => vec![Message::user(text)],
        [(key @ ("messages" | "prompt"), value @ Value::Array(_))] => {
            serde_json::from_value(value.clone()).map_err(|error| {
                Problem::row(format!(
                    "`{key}` is not a list of {{role, content}}: {error}"
                ))
            })?
        }
        [(key, _)] => return Err(Problem::row(format!("`{key}` has the wrong type"))),
        [(first, _), (second, _), ..] => {
            return Err(Problem::row(format!(
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
        }) => Err(Problem::row("the instruction is empty")),
        _ => Err(Problem::row("the last message is not the user's")),
    }
}

fn take_text(fields: &mut Map<String, Value>, key: &str) -> Result<Option<String>, Problem> {
    match fields.remove(key) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(Value::Number(number)) if key == "id" => Ok(Some(number.to_string())),
        Some(other) => Err(Problem::row(format!("`{key}` is {other}, not a string"))),
    }
}

/// An id for a row that has none: the same conversation always gets the same one.
fn content_id(messages: &[Message]) -> String {
    let mut hash = Sha256::new();
    for message in messages {
        hash.update(message.role.as_str());
        hash.update([0]);
        hash.update(&message.content);
        hash.update([0]);
    }
    hash.finalize()[..8]
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(text: &str) -> String {
        parse(text, "rows.jsonl")
            .expect_err("the rows are bad")
            .to_string()
    }

    #[test]
    fn other_fields_become_metadata() {
        let rows = parse(
            r#"{"id": "a", "prompt": "Hi", "category": "chat", "constraints": [1], "license": "MIT"}"#,
            "rows.jsonl",
        )
        .expect("a good row");
        assert_eq!(rows[0].messages, [Message::user("Hi")]);
        assert_eq!(rows[0].category.as_deref(), Some("chat"));
        assert_eq!(
            rows[0].metadata.keys().collect::<Vec<_>>(),
            ["constraints", "license"]
        );
    }

    #[test]
    fn a_row_without_id_is_named_by_its_content() {
        let ids = |text| {
            parse(text, "x")
                .expect("good")
                .into_iter()
                .map(|row| row.id)
                .collect::<Vec<_>>()
        };
        assert_eq!(
            ids(r#"{"instruction": "Hi"}"#),
            ids(r#"{"prompt": "Hi", "category": "other"}"#)
        );
    }

    #[test]
    fn bad_rows_are_named_by_file_line_and_column() {
        assert_eq!(
            refusal("{\"prompt\": \"a\"}\n{\"prompt\": }"),
            "rows.jsonl:2:12: expected value"
        );
        assert_eq!(
            refusal("[1]"),
            "rows.jsonl:1:1: the row is not a JSON object"
        );
        assert_eq!(
            refusal("{}"),
            "rows.jsonl:1:1: none of `prompt`, `instruction` and `messages` is given"
        );
        assert_eq!(
            refusal(r#"{"prompt": "  "}"#),
            "rows.jsonl:1:1: the instruction is empty"
        );
        assert_eq!(
            refusal(r#"{"prompt": 3}"#),
            "rows.jsonl:1:1: `prompt` has the wrong type"
        );
        let twice = "{\"id\": \"a\", \"prompt\": \"x\"}\n\n{\"id\": \"a\", \"prompt\": \"y\"}";
        assert_eq!(
            refusal(twice),
            "rows.jsonl:3:1: id `a` is already used in line 1"
        );
    }

    #[test]
    fn many_bad_rows_are_listed_together() {
        let text = "{}\n".repeat(30);
        let refusal = refusal(&text);
        assert!(refusal.starts_with("30 bad rows in rows.jsonl:\nrows.jsonl:1:1: "));
        assert_eq!(refusal.lines().count(), 1 + LISTED_ROWS + 1);
    }
}
