//! Reads the instructions of a run.

use std::borrow::Cow;
use std::collections::HashMap;
use std::path::Path;

use serde_json::Value;
use tpo_types::{Failure, FailureKind, Instruction, RowFields, RowProblem, parse_rows};

/// Reads a file of instructions. Their ids must be unique.
pub fn read(path: &Path) -> Result<Vec<Instruction>, Failure> {
    parse(&bytes(path)?, &path.display().to_string())
}

/// Reads a file of instructions whose rows another project published: JSONL or a JSON array.
/// `convert` makes each row one of ours.
pub(crate) fn read_published(
    path: &Path,
    convert: &dyn Fn(&mut RowFields) -> Result<(), RowProblem>,
) -> Result<Vec<Instruction>, Failure> {
    let name = path.display().to_string();
    parse_converted(&lines(&bytes(path)?, &name)?, &name, convert)
}

/// The rows of a file as JSONL: those of a JSON array become one line each.
pub(crate) fn lines<'a>(bytes: &'a [u8], name: &str) -> Result<Cow<'a, [u8]>, Failure> {
    if bytes.trim_ascii_start().first() != Some(&b'[') {
        return Ok(Cow::Borrowed(bytes));
    }
    let rows: Vec<Value> = serde_json::from_slice(bytes).map_err(|error| {
        Failure::new(FailureKind::Input, format!("{name} is not a JSON array")).because(error)
    })?;
    let rows: Vec<String> = rows.iter().map(Value::to_string).collect();
    Ok(Cow::Owned(rows.join("\n").into_bytes()))
}

fn bytes(path: &Path) -> Result<Vec<u8>, Failure> {
    std::fs::read(path).map_err(|error| {
        Failure::new(
            FailureKind::Input,
            format!("cannot read instructions from `{}`", path.display()),
        )
        .because(error)
        .hint("paths of a configuration are relative to its file")
    })
}

/// Parses the bytes of a file; `name` stands for the file in messages.
pub fn parse(bytes: &[u8], name: &str) -> Result<Vec<Instruction>, Failure> {
    parse_converted(bytes, name, &|_| Ok(()))
}

fn parse_converted(
    bytes: &[u8],
    name: &str,
    convert: &dyn Fn(&mut RowFields) -> Result<(), RowProblem>,
) -> Result<Vec<Instruction>, Failure> {
    let mut first_line_of: HashMap<String, usize> = HashMap::new();
    let instructions = parse_rows(bytes, name, |line, mut fields| {
        convert(&mut fields)?;
        let instruction = Instruction::from_fields(fields)?;
        match first_line_of.insert(instruction.id.clone(), line) {
            Some(first) => Err(RowProblem::new(format!(
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

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(text: &str) -> String {
        parse(text.as_bytes(), "rows.jsonl")
            .expect_err("the rows are bad")
            .to_string()
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
}
