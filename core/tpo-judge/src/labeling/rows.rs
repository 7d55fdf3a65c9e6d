//! The rows of the input, with the labels that the rows of an earlier output have.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::fs;
use std::io;
use std::path::Path;

use tpo_types::text::escape;
use tpo_types::{Failure, FailureKind, RowProblem, parse_rows};

use super::files::{LabelFiles, replace};
use super::label::Label;
use super::row::{LabelRow, Present};

/// The rows of the input in their order.
#[derive(Debug)]
pub struct LabelRows(pub(super) Vec<LabelRow>);

impl LabelRows {
    /// Reads the input, and the output if it exists. A row that is in the output has the labels
    /// that it has there, edited or not; the others have those of the input. With `overwrite`, no
    /// row has a label yet.
    ///
    /// Of the output only labels are taken. So that nothing else that was edited there is lost, a
    /// row of it that differs from the input in anything else is an error.
    pub fn read(files: &LabelFiles, overwrite: bool) -> Result<Self, Failure> {
        let present = if overwrite {
            Present::Drop
        } else {
            Present::Keep
        };
        let input = fs::read(&files.input).map_err(|error| unreadable(&files.input, error))?;
        let mut rows = parse(&input, &files.input, present)?;
        if rows.is_empty() {
            let what = format!("{} holds no instruction", files.input.display());
            return Err(Failure::new(FailureKind::Input, what).hint(
                r#"one JSON object per line, for example {"id": "1", "prompt": "Name a color."}"#,
            ));
        }
        match fs::read(&files.output) {
            Ok(output) => {
                let labeled = parse(&output, &files.output, present)?;
                take_labels(&mut rows, labeled, files)?;
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(unreadable(&files.output, error)),
        }
        Ok(Self(rows))
    }

    /// The number of rows.
    #[expect(clippy::len_without_is_empty, reason = "there is at least one row")]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// How many rows have no category yet.
    pub fn without_category(&self) -> usize {
        let rows = self.0.iter();
        rows.filter(|row| row.category == Label::Open).count()
    }

    /// Writes the rows with their labels, in one step.
    pub fn write(self, output: &Path) -> Result<(), Failure> {
        let lines: String = self.0.into_iter().map(|row| row.text() + "\n").collect();
        replace(output, lines.as_bytes())
    }
}

/// Parses a file of rows with unique ids.
fn parse(bytes: &[u8], path: &Path, present: Present) -> Result<Vec<LabelRow>, Failure> {
    // Where it is not UTF-8, `parse_rows` says so.
    let text = std::str::from_utf8(bytes).unwrap_or_default();
    let lines: Vec<&str> = text.trim_start_matches('\u{feff}').lines().collect();
    let mut first_line_of: HashMap<String, usize> = HashMap::new();
    parse_rows(bytes, &path.display().to_string(), |line, fields| {
        let row = LabelRow::parse(line, lines[line - 1], fields, present)?;
        match first_line_of.entry(row.id().to_owned()) {
            Entry::Occupied(first) => Err(RowProblem::new(format!(
                "id `{}` is already used in line {}",
                escape(row.id()),
                first.get()
            ))),
            Entry::Vacant(new) => {
                new.insert(line);
                Ok(row)
            }
        }
    })
}

/// Takes the labels of an earlier output.
fn take_labels(
    rows: &mut [LabelRow],
    labeled: Vec<LabelRow>,
    files: &LabelFiles,
) -> Result<(), Failure> {
    let mut by_id: HashMap<String, &mut LabelRow> = rows
        .iter_mut()
        .map(|row| (row.id().to_owned(), row))
        .collect();
    for found in labeled {
        let id = escape(found.id());
        let Some(row) = by_id.get_mut(found.id()) else {
            return Err(foreign(
                files,
                found.line,
                &format!("id `{id}` is not in the input"),
            ));
        };
        if let Some(field) = difference(row, &found) {
            let what = format!("`{}` of id `{id}` is not that of the input", escape(&field));
            return Err(foreign(files, found.line, &what));
        }
        row.category = found.category;
        row.complexity = found.complexity;
    }
    Ok(())
}

/// A field, other than the labels, that two rows do not have in common.
fn difference(row: &LabelRow, found: &LabelRow) -> Option<String> {
    let differs = |name: &&String| row.others.get(*name) != found.others.get(*name);
    let mut names = row.others.keys().chain(found.others.keys());
    names.find(differs).cloned()
}

fn foreign(files: &LabelFiles, line: usize, what: &str) -> Failure {
    let (output, input) = (files.output.display(), files.input.display());
    Failure::new(FailureKind::Input, format!("{output}:{line}: {what}"))
        .because(Failure::new(
            FailureKind::Input,
            format!(
                "an output that exists is continued: only its `category` and `complexity` are \
                 read, and the rest must be that of `{input}`"
            ),
        ))
        .hint("give another `--output`, or make the two files agree; nothing was changed")
}

fn unreadable(path: &Path, error: io::Error) -> Failure {
    let what = format!("cannot read instructions from `{}`", path.display());
    Failure::new(FailureKind::Input, what)
        .because(error)
        .hint("the path is relative to the working directory")
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Place {
        directory: tempfile::TempDir,
    }

    impl Place {
        fn new(input: &str, output: Option<&str>) -> Self {
            let directory = tempfile::tempdir().expect("a directory");
            fs::write(directory.path().join("in.jsonl"), input).expect("a file");
            if let Some(output) = output {
                fs::write(directory.path().join("out.jsonl"), output).expect("a file");
            }
            Self { directory }
        }

        fn files(&self) -> LabelFiles {
            let path = |name: &str| self.directory.path().join(name);
            LabelFiles::new(&path("in.jsonl"), &path("out.jsonl"), None).expect("files")
        }

        fn read(&self, overwrite: bool) -> Result<LabelRows, String> {
            LabelRows::read(&self.files(), overwrite).map_err(|failure| failure.to_string())
        }

        fn refusal(&self) -> String {
            let told = self.read(false).expect_err("a refusal");
            told.rsplit('/').next().unwrap_or_default().to_owned()
        }
    }

    #[test]
    fn a_row_has_the_labels_of_the_output_or_else_those_of_the_input() {
        let input = "{\"id\": \"a\", \"prompt\": \"x\", \"category\": \"old\", \"n\": 1.50}\n\
                     {\"prompt\": \"y\"}\n{\"id\": 7, \"prompt\": \"z\", \"category\": null}\n\
                     {\"id\": \"b\", \"prompt\": \"w\", \"category\": \"old\"}\n\
                     {\"id\": \"c\", \"prompt\": \"v\", \"category\": \"old\"}\n";
        let output = "{\"prompt\": \"y\", \"complexity\": 2}\n\
                      {\"id\": \"a\", \"prompt\": \"x\", \"category\": \"new\", \"n\": 1.5}\n\
                      {\"id\": \"c\", \"prompt\": \"v\"}\n";
        let place = Place::new(input, Some(output));
        let rows = place.read(false).expect("rows");
        assert_eq!((rows.len(), rows.without_category()), (5, 3));
        rows.write(&place.files().output).expect("written");
        let written = fs::read_to_string(place.files().output).expect("a file");
        assert_eq!(
            written,
            "{\"id\": \"a\", \"prompt\": \"x\", \"category\": \"new\", \"n\": 1.50}\n\
             {\"prompt\": \"y\", \"complexity\": 2}\n\
             {\"id\": 7, \"prompt\": \"z\", \"category\": null}\n\
             {\"id\": \"b\", \"prompt\": \"w\", \"category\": \"old\"}\n\
             {\"id\": \"c\", \"prompt\": \"v\"}\n"
        );
        let rows = place.read(true).expect("rows");
        assert_eq!(rows.without_category(), 5);
    }

    #[test]
    fn an_output_of_other_rows_is_refused() {
        let input = "{\"id\": \"a\", \"prompt\": \"x\"}";
        for (output, why) in [
            (
                "{\"id\": \"b\", \"prompt\": \"x\"}",
                "out.jsonl:1: id `b` is not in the input",
            ),
            (
                "\n{\"id\": \"a\", \"prompt\": \"other\"}",
                "out.jsonl:2: `prompt` of id `a` is not that of the input",
            ),
            (
                "{\"id\": \"a\", \"prompt\": \"x\", \"note\": \"mine\"}",
                "out.jsonl:1: `note` of id `a` is not that of the input",
            ),
            (
                "{\"id\": \"a\", \"prompt\": \"x\"}\n{\"id\": \"a\", \"prompt\": \"x\"}",
                "out.jsonl:2:1: id `a` is already used in line 1",
            ),
            (
                "{\"id\": \"a\", \"prompt\": \"x\", \"complexity\": 6}",
                "out.jsonl:1:1: `complexity` is `6`, not a whole number from 1 to 5; remove it to \
                 have the row labeled",
            ),
            (
                "{\"id\": \"a\", \"prompt\": \"x\", \"category\": \" \"}",
                "out.jsonl:1:1: `category` is `\\\" \\\"`, not the name of a category; remove it \
                 to have the row labeled",
            ),
        ] {
            assert_eq!(Place::new(input, Some(output)).refusal(), why);
        }
    }

    #[test]
    fn bad_input_is_refused() {
        assert_eq!(
            Place::new("\n", None).refusal(),
            "in.jsonl holds no instruction"
        );
        let twice = "{\"prompt\": \"x\"}\n{\"prompt\": \"x\"}";
        assert!(
            Place::new(twice, None)
                .refusal()
                .contains("is already used in line 1")
        );
        let label = "{\"prompt\": \"x\", \"category\": 3}";
        assert!(
            Place::new(label, None)
                .refusal()
                .contains("`category` is `3`")
        );
        assert!(Place::new(label, None).read(true).is_ok());
    }
}
