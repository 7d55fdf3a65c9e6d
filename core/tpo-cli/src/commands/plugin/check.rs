//! `tpo plugin check`: validates a plugin without running it on any input.

use std::path::Path;

use tpo_bundle::Package;
use tpo_host::{Capabilities, Plugins};
use tpo_types::Failure;

use crate::arguments::CheckArguments;
use crate::printer::Printer;
use crate::text::printable;

pub(super) fn run(arguments: &CheckArguments, printer: Printer) -> Result<(), Failure> {
    let host = arguments.load.host_config()?;
    let path = Path::new(&arguments.plugin);
    if !path.is_dir() {
        return component(&Plugins::new(host)?, &arguments.plugin, printer);
    }
    let package = Package::read(path)?;
    printer.data(&format!(
        "bundle {} {}",
        package.manifest.name, package.manifest.version
    ));
    let plugins = Plugins::new(host)?;
    for part in &package.manifest.components {
        component(
            &plugins,
            &path.join(part.file.as_str()).display().to_string(),
            printer,
        )?;
    }
    let capabilities: Vec<String> = package.capabilities().into_iter().collect();
    let capabilities = if capabilities.is_empty() {
        "none".to_owned()
    } else {
        capabilities.join(", ")
    };
    printer.data(&format!("  grants needed: {capabilities}"));
    Ok(())
}

/// Loads and describes one component, which checks its exports, imports, code and metadata.
pub(super) fn component(plugins: &Plugins, source: &str, printer: Printer) -> Result<(), Failure> {
    let inspection = plugins.check(source)?;
    let roles: Vec<&str> = inspection.roles.iter().map(|role| role.as_str()).collect();
    let reach = match &inspection.capabilities {
        Capabilities::Everything => "native code, not sandboxed".to_owned(),
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
                "no host interfaces".into()
            } else {
                own.join(", ")
            };
            format!("imports {own}, and {wasi} stubbed WASI interfaces")
        }
    };
    printer.data(&printable(&format!(
        "ok     {source}: {} {}\n  roles: {}\n  {reach}\n  {} bytes, sha256 {}",
        inspection.identity.name,
        inspection.identity.version,
        roles.join(", "),
        inspection.bytes,
        inspection.identity.sha256,
    )));
    Ok(())
}
