//! `tpo plugin list` and `tpo plugin inspect`.

use std::path::Path;

use serde_json::{Value, json};
use tpo_host::{Capabilities, Inspection, Plugins, builtin};
use tpo_types::{Failure, PluginRole};

use crate::arguments::{InspectArguments, LockFlags, OutputFormat, Trust};
use crate::plugins;
use crate::printer::Printer;
use crate::text::{printable, printable_json};

pub(super) fn list(format: OutputFormat, printer: Printer) -> Result<(), Failure> {
    let built_in_only = Trust {
        allow_native: false,
        lock: LockFlags {
            locked: false,
            offline: true,
            frozen: false,
        },
    };
    let plugins = Plugins::new(plugins::host_config(
        built_in_only,
        Path::new(tpo_bundle::LOCK_FILE),
    )?)?;
    let mut inspections = Vec::new();
    for name in builtin::names() {
        inspections.push(plugins.inspect(name)?);
    }
    match format {
        OutputFormat::Json => {
            printer.data(&printable_json(&inspections.iter().map(as_json).collect()));
        }
        OutputFormat::Text => {
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

pub(super) fn inspect(arguments: &InspectArguments, printer: Printer) -> Result<(), Failure> {
    let host = plugins::host_config(arguments.trust, Path::new(tpo_bundle::LOCK_FILE))?;
    let inspection = Plugins::new(host)?.inspect(&arguments.plugin)?;
    printer.data(&match arguments.format {
        OutputFormat::Json => printable_json(&as_json(&inspection)),
        OutputFormat::Text => as_text(&inspection),
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
    let imports = match &inspection.capabilities {
        Capabilities::Imports(imports) => imports.join("\n          "),
        Capabilities::Everything => "native code, not sandboxed".into(),
    };
    let schema = serde_json::to_string_pretty(&inspection.config_schema).unwrap_or_default();
    let lines = [
        format!("name      {}", identity.name),
        format!("version   {}", identity.version),
        format!("summary   {}", inspection.summary),
        format!("license   {}", inspection.license),
        format!("roles     {}", role_list(&inspection.roles)),
        format!("source    {}", identity.source),
        format!("size      {} bytes", inspection.bytes),
        format!("sha256    {}", identity.sha256),
        format!("imports   {imports}"),
        format!("configuration (JSON Schema):\n{schema}"),
    ];
    printable(&lines.join("\n"))
}

fn role_list(roles: &[PluginRole]) -> String {
    roles
        .iter()
        .map(|role| role.as_str())
        .collect::<Vec<_>>()
        .join(", ")
}
