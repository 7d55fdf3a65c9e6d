//! What a component exports and imports, read without compiling anything.

use wasmparser::{BinaryReaderError, Parser, Payload};

/// The names on the outside of a component.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Surface {
    pub(crate) exports: Vec<String>,
    pub(crate) imports: Vec<String>,
}

impl Surface {
    pub(crate) fn of(component: &[u8]) -> Result<Self, BinaryReaderError> {
        let mut surface = Self::default();
        // Components and modules nest; only the outermost one's names are visible.
        let mut depth = 0;
        for payload in Parser::new(0).parse_all(component) {
            match payload? {
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
        Ok(surface)
    }
}
