//! What the instances of a component hold before any of their code runs, besides memories and
//! tables.
//!
//! The engine keeps globals, passive element segments and a record per import and per function that
//! can be called indirectly for every instance, and tells nobody how much that is. A component of a
//! megabyte can make it gigabytes, so it is counted here from the component's text and charged to
//! its memory. Nothing is compiled for it.

use wasmparser::{
    BinaryReaderError, ElementItems, ElementKind, Encoding, ExternalKind, Instance, Parser, Payload,
};

/// A global, or an element of a passive segment.
const VALUE_BYTES: usize = 16;
/// A function that is imported or can be called indirectly, or another import.
const RECORD_BYTES: usize = 32;

/// At most so many bytes are held by all instances that `component` is made of. The engine allows
/// no more than `max_instances`.
pub(crate) fn bytes(component: &[u8], max_instances: usize) -> Result<usize, BinaryReaderError> {
    let (mut largest, mut instances) = (0, 0_usize);
    let mut depth = 0;
    let mut module: Option<Module> = None;
    for payload in Parser::new(0).parse_all(component) {
        match payload? {
            Payload::Version {
                encoding: Encoding::Module,
                ..
            } => module = Some(Module::default()),
            Payload::Version {
                encoding: Encoding::Component,
                ..
            } => depth += 1,
            Payload::End(_) => match module.take() {
                Some(module) => largest = largest.max(module.bytes()),
                None => depth -= 1,
            },
            Payload::InstanceSection(section) => {
                for instance in section {
                    let is_made = matches!(instance?, Instance::Instantiate { .. });
                    // How often a nested component is instantiated is not looked at.
                    instances += if depth > 1 {
                        max_instances
                    } else {
                        usize::from(is_made)
                    };
                }
            }
            payload => {
                if let Some(module) = &mut module {
                    module.read(payload)?;
                }
            }
        }
    }
    Ok(largest.saturating_mul(instances.min(max_instances)))
}

/// What one instance of a core module holds.
#[derive(Default)]
struct Module {
    imports: usize,
    functions: usize,
    globals: usize,
    exports: usize,
    elements: usize,
    passive_elements: usize,
}

impl Module {
    fn read(&mut self, payload: Payload<'_>) -> Result<(), BinaryReaderError> {
        match payload {
            Payload::ImportSection(section) => self.imports += section.count() as usize,
            Payload::FunctionSection(section) => self.functions += section.count() as usize,
            Payload::GlobalSection(section) => self.globals += section.count() as usize,
            Payload::ExportSection(section) => {
                for export in section {
                    self.exports += usize::from(export?.kind == ExternalKind::Func);
                }
            }
            Payload::ElementSection(section) => {
                for segment in section {
                    let segment = segment?;
                    let count = match segment.items {
                        ElementItems::Functions(items) => items.count(),
                        ElementItems::Expressions(_, items) => items.count(),
                    } as usize;
                    self.elements += count;
                    if matches!(segment.kind, ElementKind::Passive) {
                        self.passive_elements += count;
                    }
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn bytes(&self) -> usize {
        // A function is only called indirectly if something names it.
        let named = self
            .functions
            .min(self.elements + self.exports + self.globals);
        (self.imports + named) * RECORD_BYTES + (self.globals + self.passive_elements) * VALUE_BYTES
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes_of(text: &str) -> usize {
        bytes(&wat::parse_str(text).expect("text of WebAssembly"), 100).expect("a component")
    }

    #[test]
    fn every_instance_has_its_own() {
        let module = "(core module $m (global i64 (i64.const 1)) (func) (func (export \"f\")) \
            (table 1 funcref)
            (elem funcref (ref.null func) (ref.null func)))";
        let one = bytes_of(&format!(
            "(component {module} (core instance (instantiate $m)))"
        ));
        assert_eq!(one, 3 * VALUE_BYTES + 2 * RECORD_BYTES);
        let instance = "(core instance (instantiate $m))";
        assert_eq!(
            bytes_of(&format!("(component {module} {instance} {instance})")),
            2 * one
        );
        assert_eq!(bytes_of(&format!("(component {module})")), 0);
    }

    #[test]
    fn nested_components_count_as_many_as_there_may_be() {
        let nested = "(component (core module $m (global i64 (i64.const 1))) (core instance \
            (instantiate $m)))";
        assert_eq!(
            bytes_of(&format!("(component {nested})")),
            100 * VALUE_BYTES
        );
    }
}
