//! `tpo init`: creates a commented configuration and sample instructions.

use std::fs;
use std::path::{Path, absolute};

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

/// The name of the example's run, as it is written.
const NAME: &str = "name = \"quickstart\"";

/// What to do if a file already exists.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Existing {
    /// Keep it: the user may have changed it.
    Keep,
    /// Fail and write nothing.
    Refuse,
}

pub(crate) fn run(arguments: &InitArguments, printer: Printer) -> Result<(), Failure> {
    let name = run_name(&arguments.directory);
    write_example(&arguments.directory, &name, Existing::Refuse)?;
    let config = arguments.directory.join("tpo.toml");
    printer.status(&format!(
        "wrote {}; start training with `tpo run {0}`",
        config.display()
    ));
    Ok(())
}

/// The name of a run: that of its directory, unless that would have to be quoted.
fn run_name(directory: &Path) -> String {
    let directory = absolute(directory).unwrap_or_else(|_| directory.to_owned());
    let name = directory.file_name().and_then(|name| name.to_str());
    let is_plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    name.filter(|name| name.chars().all(is_plain))
        .unwrap_or("my-run")
        .to_owned()
}

/// Writes the example to a directory, as a run called `name`.
pub(crate) fn write_example(
    directory: &Path,
    name: &str,
    existing: Existing,
) -> Result<(), Failure> {
    if let Some((file, _)) = EXAMPLE
        .iter()
        .find(|(file, _)| directory.join(file).exists())
        && existing == Existing::Refuse
    {
        return Err(Failure::new(
            FailureKind::Usage,
            format!("`{}` already exists", directory.join(file).display()),
        )
        .hint("choose an empty directory, for example `tpo init my-run`"));
    }
    let named = format!("name = \"{name}\"");
    for (file, content) in EXAMPLE {
        let path = directory.join(file);
        if path.exists() {
            continue;
        }
        fs::create_dir_all(directory)
            .and_then(|()| fs::write(&path, content.replace(NAME, &named)))
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
