//! `tpo plugin new` and `tpo plugin build`: create a project and build its component.

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

pub(super) fn new(arguments: &NewArguments, printer: Printer) -> Result<(), Failure> {
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
    printer.status(&format!(
        "wrote {} files; next: `tpo plugin build {}`, then see README.md",
        files.len(),
        directory.display()
    ));
    Ok(())
}

/// The plugin is named after its directory.
fn name_of(directory: &Path) -> Result<Name, Failure> {
    let last = directory
        .file_name()
        .and_then(|name| name.to_str())
        .unwrap_or_default();
    last.parse().map_err(|error: Failure| {
        Failure::new(
            FailureKind::Usage,
            format!(
                "`{}` does not end in a valid plugin name",
                directory.display()
            ),
        )
        .because(error)
    })
}

/// Builds a component and checks it as `tpo plugin check` does.
pub(super) fn build(arguments: &BuildArguments, printer: Printer) -> Result<(), Failure> {
    let progress = |what: &str| printer.status(what);
    let built = tpo_author::build(&arguments.directory, &plugins::tools_dir()?, &progress)?;
    if !built.tool_output.trim().is_empty() {
        printer.status(printable(&built.tool_output).trim_end());
    }
    let plugins = Plugins::new(arguments.load.host_config()?)?;
    check::component(&plugins, &built.component.display().to_string(), printer)
}
