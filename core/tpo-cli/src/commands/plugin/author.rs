//! `tpo plugin new` and `tpo plugin build`: from nothing to a component.

use std::path::Path;

use tpo_author::Project;
use tpo_bundle::Name;
use tpo_host::Plugins;
use tpo_types::{Failure, FailureKind};

use super::check;
use crate::arguments::{BuildArguments, NewArguments};
use crate::plugins;
use crate::printer::Printer;
use crate::text::printable;

pub(crate) fn new(arguments: &NewArguments, printer: Printer) -> Result<(), Failure> {
    let NewArguments {
        directory,
        lang,
        role,
    } = arguments;
    let name = name_of(directory)?;
    let files = tpo_author::create(&Project {
        directory,
        name: &name,
        language: *lang,
        role: *role,
    })?;
    printer.talk(&format!(
        "wrote {} files; build it with `tpo plugin build {}`, and its README.md says what then",
        files.len(),
        directory.display()
    ));
    Ok(())
}

/// The plugin is called like its directory.
fn name_of(directory: &Path) -> Result<Name, Failure> {
    let last = directory
        .file_name()
        .and_then(|name| name.to_str())
        .unwrap_or_default();
    last.parse().map_err(|error: Failure| {
        Failure::new(
            FailureKind::Usage,
            format!("`{}` does not end in a plugin's name", directory.display()),
        )
        .because(error)
    })
}

/// What is built is looked at as `tpo plugin check` would.
pub(crate) fn build(arguments: &BuildArguments, printer: Printer) -> Result<(), Failure> {
    let progress = |what: &str| printer.talk(what);
    let built = tpo_author::build(&arguments.directory, &plugins::tools_dir()?, &progress)?;
    if !built.tool_output.trim().is_empty() {
        printer.talk(printable(&built.tool_output).trim_end());
    }
    let plugins = Plugins::new(arguments.trial.setup()?)?;
    check::component(&plugins, &built.component.display().to_string(), printer)
}
