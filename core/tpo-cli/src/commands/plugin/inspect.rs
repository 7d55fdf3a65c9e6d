//! `tpo plugin list` and `tpo plugin inspect`.

use std::path::Path;

use serde_json::{Value, json};
use tpo_host::{Capabilities, Inspection, Plugins, builtin};
use tpo_types::{Failure, PluginRole};

use crate::arguments::{Format, InspectArguments, ModeFlags, Trust};
use crate::plugins;
use crate::printer::Printer;
use crate::text::{printable, printable_json};

pub(crate) fn list(format: Format, printer: Printer) -> Result<(), Failure> {
    let nothing_else = Trust {
        allow_native: false,
        mode: ModeFlags {
            locked: false,
            offline: true,
            frozen: false,
        },
    };
    let plugins = Plugins::new(plugins::setup(
        nothing_else,
        Path::new(tpo_bundle::LOCK_FILE),
    )?)?;
    let mut inspections = Vec::new();
    for name in builtin::names() {
        inspections.push(plugins.inspect(name)?);
    }
    match format {
        Format::Json => printer.data(&printable_json(&inspections.iter().map(as_json).collect())),
        Format::Text => {
            for inspection in &inspections {
                printer.data(&format!(
                    "{:18} {:34} {}",
                    printable(&inspection.identity.name),
                    role_list(&inspection.roles),
                    printable(&inspection.summary)
                ));
            }
        }
    }
    Ok(())
}

pub(crate) fn inspect(arguments: &InspectArguments, printer: Printer) -> Result<(), Failure> {
    let setup = plugins::setup(arguments.trust, Path::new(tpo_bundle::LOCK_FILE))?;
    let inspection = Plugins::new(setup)?.inspect(&arguments.plugin)?;
    printer.data(&match arguments.format {
        Format::Json => printable_json(&as_json(&inspection)),
        Format::Text => as_text(&inspection),
    });
    Ok(())
}

fn as_json(inspection: &Inspection) -> Value {
    json!({
        "name": inspection.identity.name,
        "version": inspection.identity.version,
        "sha256": inspection.identity.sha256,
        "source": inspection.identity.source,
        "summary": inspection.summary,
        "license": inspection.license,
        "roles": inspection.roles.iter().map(|role| role.as_str()).collect::<Vec<_>>(),
        "native": inspection.capabilities == Capabilities::Everything,
        "imports": match &inspection.capabilities {
            Capabilities::Imports(imports) => json!(imports),
            Capabilities::Everything => Value::Null,
        },
        "bytes": inspection.bytes,
        "config_schema": inspection.config_schema,
    })
}

fn as_text(inspection: &Inspection) -> String {
    let identity = &inspection.identity;
    let schema = serde_json::to_string_pretty(&inspection.config_schema).unwrap_or_default();
    printable(&format!(
        "name      {}\nversion   {}\nsummary   {}\nlicense   {}\nroles     {}\nsource    {}\nsize      {} bytes\n\
         sha256    {}\nimports   {}\nconfiguration (JSON Schema):\n{schema}",
        identity.name,
        identity.version,
        inspection.summary,
        inspection.license,
        role_list(&inspection.roles),
        identity.source,
        inspection.bytes,
        identity.sha256,
        match &inspection.capabilities {
            Capabilities::Imports(imports) => imports.join("\n          "),
            Capabilities::Everything => "native code: it can do whatever you can do".into(),
        },
    ))
}

fn role_list(roles: &[PluginRole]) -> String {
    roles
        .iter()
        .map(|role| role.as_str())
        .collect::<Vec<_>>()
        .join(", ")
}
