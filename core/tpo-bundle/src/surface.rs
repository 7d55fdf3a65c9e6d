//! The exports and imports of a component, read without compiling it.
//!
//! Names determine which roles a component has and what it requests, so only names are read.

use std::collections::BTreeSet;

use tpo_types::{Failure, FailureKind, PluginRole};
use wasmparser::{BinaryReaderError, Parser, Payload};

/// The package of the contract.
const PACKAGE: &str = "tpo:plugin/";
/// Imports that need no grant.
const FREE: [&str; 2] = ["log", "types"];
/// The most imports and exports of a component.
const MAX_NAMES: usize = 1000;

/// Names of the exports and imports of a component, in its order.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Surface {
    /// For example `tpo:plugin/judge@0.1.0`.
    pub exports: Vec<String>,
    /// For example `tpo:plugin/model@0.1.0`.
    pub imports: Vec<String>,
}

impl Surface {
    /// Reads the names of `component`. `subject` names it in messages.
    pub fn of(component: &[u8], subject: &str) -> Result<Self, Failure> {
        let refuse = |what: &str| Failure::new(FailureKind::Plugin, format!("{subject} is {what}"));
        if Parser::is_core_wasm(component) {
            return Err(refuse("a core module, not a component")
                .hint("build it with `--target wasm32-wasip2`"));
        }
        if !Parser::is_component(component) {
            return Err(refuse("not a WebAssembly component")
                .hint("build it with `--target wasm32-wasip2`"));
        }
        let surface = Self::read(component)
            .map_err(|error| refuse("not a well-formed component").because(error))?;
        surface.ok_or_else(|| {
            refuse(&format!(
                "a component with more than {MAX_NAMES} imports and exports"
            ))
        })
    }

    /// Returns nothing if there are too many names, without collecting them.
    fn read(component: &[u8]) -> Result<Option<Self>, BinaryReaderError> {
        let mut surface = Self::default();
        let mut names = 0;
        // Components and modules nest; only the names of the outermost one count.
        let mut depth = 0;
        for payload in Parser::new(0).parse_all(component) {
            let payload = payload?;
            names += match &payload {
                Payload::ComponentImportSection(section) if depth == 1 => section.count() as usize,
                Payload::ComponentExportSection(section) if depth == 1 => section.count() as usize,
                _ => 0,
            };
            if names > MAX_NAMES {
                return Ok(None);
            }
            match payload {
                Payload::Version { .. } => depth += 1,
                Payload::End(_) => depth -= 1,
                Payload::ComponentImportSection(section) if depth == 1 => {
                    for import in section {
                        surface.imports.push(import?.name.name.into());
                    }
                }
                Payload::ComponentExportSection(section) if depth == 1 => {
                    for export in section {
                        surface.exports.push(export?.name.name.into());
                    }
                }
                _ => {}
            }
        }
        Ok(Some(surface))
    }

    /// The roles that it exports, whatever their version.
    pub fn roles(&self) -> BTreeSet<PluginRole> {
        contract_names(&self.exports)
            .filter_map(|(interface, _)| PluginRole::named(interface))
            .collect()
    }

    /// Imports of the contract that must be granted, without version: for example
    /// `tpo:plugin/model`.
    pub fn capabilities(&self) -> BTreeSet<String> {
        let asked =
            contract_names(&self.imports).filter(|(interface, _)| !FREE.contains(interface));
        asked
            .map(|(interface, _)| format!("{PACKAGE}{interface}"))
            .collect()
    }

    /// The versions of the contract that it was built for; several only if it was composed of
    /// components.
    pub fn contract_versions(&self) -> BTreeSet<&str> {
        contract_names(&self.exports)
            .chain(contract_names(&self.imports))
            .map(|(_, version)| version)
            .collect()
    }
}

/// Interface and version of every name that belongs to the contract.
fn contract_names(names: &[String]) -> impl Iterator<Item = (&str, &str)> {
    names.iter().filter_map(|name| {
        let name = name.strip_prefix(PACKAGE)?;
        Some(name.split_once('@').unwrap_or((name, "")))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn surface(text: &str) -> Result<Surface, Failure> {
        Surface::of(
            &wat::parse_str(text).expect("text of WebAssembly"),
            "`x.wasm`",
        )
    }

    #[test]
    fn only_the_outermost_names_count() {
        let surface = surface(
            r#"(component
                (import "tpo:plugin/log@0.1.0" (instance))
                (import "tpo:plugin/model@0.1.2" (instance $model))
                (component (import "wasi:cli/run@0.2.0" (instance)))
                (core module (func (export "inner")))
                (export "tpo:plugin/judge@0.1.0" (instance $model)))"#,
        )
        .expect("a component");
        assert_eq!(
            surface.imports,
            ["tpo:plugin/log@0.1.0", "tpo:plugin/model@0.1.2"]
        );
        assert_eq!(surface.roles(), [PluginRole::Judge].into());
        assert_eq!(
            surface.capabilities(),
            ["tpo:plugin/model".to_owned()].into()
        );
        assert_eq!(surface.contract_versions(), ["0.1.0", "0.1.2"].into());
    }

    #[test]
    fn other_files_are_refused() {
        assert_eq!(
            surface("(module)").expect_err("a module").to_string(),
            "`x.wasm` is a core module, not a component"
        );
        let said = |bytes: &[u8]| {
            Surface::of(bytes, "it")
                .expect_err("no component")
                .to_string()
        };
        assert_eq!(said(b"\x7fELF"), "it is not a WebAssembly component");
        let mut cut = wat::parse_str("(component (core module))").expect("text of WebAssembly");
        cut.truncate(cut.len() - 3);
        assert_eq!(said(&cut), "it is not a well-formed component");
    }
}
