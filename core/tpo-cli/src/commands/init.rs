//! `tpo init`: creates a commented configuration and sample instructions.

use std::fs;
use std::path::Path;

use tpo_types::{Failure, FailureKind};

use crate::arguments::InitArguments;
use crate::printer::Printer;

/// The quickstart example, file by file.
const EXAMPLE: [(&str, &str); 4] = [
    (
        "tpo.toml",
        include_str!("../../../../examples/quickstart/tpo.toml"),
    ),
    (
        "train.jsonl",
        include_str!("../../../../examples/quickstart/train.jsonl"),
    ),
    (
        "validation.jsonl",
        include_str!("../../../../examples/quickstart/validation.jsonl"),
    ),
    (
        "LICENSE-data.md",
        include_str!("../../../../examples/quickstart/LICENSE-data.md"),
    ),
];

/// What to do if a file already exists.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Existing {
    /// Keep it: the user may have changed it.
    Keep,
    /// Fail and write nothing.
    Refuse,
}

pub(crate) fn run(arguments: &InitArguments, printer: Printer) -> Result<(), Failure> {
    write_example(&arguments.directory, Existing::Refuse)?;
    let config = arguments.directory.join("tpo.toml");
    printer.status(&format!(
        "wrote {}; start training with `tpo run {0}`",
        config.display()
    ));
    Ok(())
}

/// Writes the example to a directory.
pub(crate) fn write_example(directory: &Path, existing: Existing) -> Result<(), Failure> {
    if let Some((name, _)) = EXAMPLE
        .iter()
        .find(|(name, _)| directory.join(name).exists())
        && existing == Existing::Refuse
    {
        return Err(Failure::new(
            FailureKind::Usage,
            format!("`{}` already exists", directory.join(name).display()),
        )
        .hint("choose an empty directory, for example `tpo init my-run`"));
    }
    for (name, content) in EXAMPLE {
        let path = directory.join(name);
        if path.exists() {
            continue;
        }
        fs::create_dir_all(directory)
            .and_then(|()| fs::write(&path, content))
            .map_err(|error| {
                Failure::new(
                    FailureKind::Resources,
                    format!("cannot write `{}`", path.display()),
                )
                .because(error)
            })?;
    }
    Ok(())
}
