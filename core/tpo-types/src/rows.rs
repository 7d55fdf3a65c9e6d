//! Rows of JSON Lines. A bad row is an error with its file, line and column, never skipped.

use serde_json::{Map, Value};

use crate::{Failure, FailureKind};

/// How many bad rows one error lists.
const LISTED_ROWS: usize = 20;
/// A longer row is refused: it is more likely a broken file than an instruction. In bytes.
const MAX_ROW_BYTES: usize = 1 << 20;

/// The fields of a row.
pub type RowFields = Map<String, Value>;

/// What is wrong with a row.
#[derive(Debug)]
pub struct RowProblem {
    column: usize,
    reason: String,
}

impl RowProblem {
    /// A problem of the row as a whole.
    pub fn new(reason: impl Into<String>) -> Self {
        Self {
            column: 1,
            reason: reason.into(),
        }
    }
}

/// Parses the rows of a file that holds `bytes`; `name` stands for the file in messages. `parse` is
/// given the line, from 1, and the fields of each row. One error lists all bad rows.
pub fn parse_rows<T>(
    bytes: &[u8],
    name: &str,
    mut parse: impl FnMut(usize, RowFields) -> Result<T, RowProblem>,
) -> Result<Vec<T>, Failure> {
    let mut rows = Vec::new();
    let mut problems = Vec::new();
    for (row, line) in text(bytes, name)?.lines().zip(1..) {
        if row.trim().is_empty() {
            continue;
        }
        match fields(row).and_then(|fields| parse(line, fields)) {
            Ok(row) => rows.push(row),
            Err(RowProblem { column, reason }) => {
                problems.push(format!("{name}:{line}:{column}: {reason}"));
            }
        }
    }
    if problems.is_empty() {
        Ok(rows)
    } else {
        Err(refuse(name, &problems))
    }
}

/// The text of a file, without a byte order mark.
fn text<'a>(bytes: &'a [u8], name: &str) -> Result<&'a str, Failure> {
    let text = std::str::from_utf8(bytes).map_err(|error| {
        let line = bytes[..error.valid_up_to()]
            .iter()
            .filter(|&&byte| byte == b'\n')
            .count()
            + 1;
        Failure::new(FailureKind::Input, format!("{name}:{line}: not UTF-8"))
            .because(error)
            .hint("convert the file to UTF-8")
    })?;
    Ok(text.trim_start_matches('\u{feff}'))
}

fn fields(row: &str) -> Result<RowFields, RowProblem> {
    if row.len() > MAX_ROW_BYTES {
        return Err(RowProblem::new(format!(
            "the row has {} bytes, more than {MAX_ROW_BYTES}",
            row.len()
        )));
    }
    let value: Value = serde_json::from_str(row).map_err(|error| RowProblem {
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
        _ => Err(RowProblem::new("the row is not a JSON object")),
    }
}

fn refuse(name: &str, problems: &[String]) -> Failure {
    let what = if let [only] = problems {
        only.clone()
    } else {
        let listed = &problems[..problems.len().min(LISTED_ROWS)];
        let more = if listed.len() < problems.len() {
            "\n..."
        } else {
            ""
        };
        format!(
            "{} bad rows in {name}:\n{}{more}",
            problems.len(),
            listed.join("\n")
        )
    };
    Failure::new(FailureKind::Input, what).hint("fix or remove these rows; nothing was run")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_bad_rows_are_listed_together() {
        let text = "[]\n".repeat(30);
        let refusal = parse_rows(text.as_bytes(), "rows.jsonl", |_, _| Ok(()))
            .expect_err("bad rows")
            .to_string();
        assert!(refusal.starts_with("30 bad rows in rows.jsonl:\nrows.jsonl:1:1: "));
        assert_eq!(refusal.lines().count(), 1 + LISTED_ROWS + 1);
    }
}
