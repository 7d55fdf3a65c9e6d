//! `tpo plugin check`: everything that can be said of a plugin without asking it anything.

use std::path::Path;

use tpo_bundle::Package;
use tpo_host::{Capabilities, Plugins};
use tpo_types::Failure;

use crate::arguments::CheckArguments;
use crate::printer::Printer;
use crate::text::printable;

pub(crate) fn run(arguments: &CheckArguments, printer: Printer) -> Result<(), Failure> {
    let setup = arguments.trial.setup()?;
    let path = Path::new(&arguments.plugin);
    if !path.is_dir() {
        return component(&Plugins::new(setup)?, &arguments.plugin, printer);
    }
    let package = Package::read(path)?;
    printer.data(&format!(
        "bundle {} {}",
        package.manifest.name, package.manifest.version
    ));
    let plugins = Plugins::new(setup)?;
    for part in &package.manifest.components {
        component(
            &plugins,
            &path.join(part.file.as_str()).display().to_string(),
            printer,
        )?;
    }
    let asks: Vec<String> = package.capabilities().into_iter().collect();
    let asks = if asks.is_empty() {
        "nothing".to_owned()
    } else {
        asks.join(", ")
    };
    printer.data(&format!("  a user has to grant it: {asks}"));
    Ok(())
}

/// Loads and describes one component: its outside, its imports, its code and its own words are
/// looked at on the way.
pub(super) fn component(plugins: &Plugins, source: &str, printer: Printer) -> Result<(), Failure> {
    let inspection = plugins.check(source)?;
    let roles: Vec<&str> = inspection.roles.iter().map(|role| role.as_str()).collect();
    let reach = match &inspection.capabilities {
        Capabilities::Everything => "native code: it can do whatever you can do".to_owned(),
        Capabilities::Imports(imports) => {
            let wasi = imports
                .iter()
                .filter(|import| import.starts_with("wasi:"))
                .count();
            let own: Vec<&str> = imports
                .iter()
                .filter(|import| !import.starts_with("wasi:"))
                .map(String::as_str)
                .collect();
            let own = if own.is_empty() {
                "nothing of the contract".into()
            } else {
                own.join(", ")
            };
            format!("imports {own}, and {wasi} interfaces of the empty WASI")
        }
    };
    printer.data(&printable(&format!(
        "ok     {source}: {} {}\n  plays {}\n  {reach}\n  {} bytes, sha256 {}",
        inspection.identity.name,
        inspection.identity.version,
        roles.join(", "),
        inspection.bytes,
        inspection.identity.sha256,
    )));
    Ok(())
}
