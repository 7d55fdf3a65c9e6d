//! Where a plugin comes from: inside the binary, a bundle, or a file.
//!
//! Only the first bytes are interpreted here, to say what a file is that is not a component.

pub mod builtin;
pub(crate) mod bundles;

use std::borrow::Cow;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use serde_json::{Map, Value};
use tpo_bundle::{BundleReference, Resolved, Surface};
use tpo_types::text::sanitize;
use tpo_types::{Digest, Failure, FailureKind};
use wasmparser::Parser;
use wasmtime::Engine;

use crate::limits::Limits;

/// The longest refusal, in bytes. A name in a component can take a hundred kilobytes.
const REFUSAL_BYTES: usize = 2000;

/// Whether a name is that of a file: it has a separator or an extension. Any other name is that of
/// a built-in component.
fn is_path(name: &str) -> bool {
    name.contains(['/', '.', std::path::MAIN_SEPARATOR])
}

/// Whether the name of a plugin is the path of a file: not a built-in name and not a reference to a
/// registry.
pub fn is_file(name: &str) -> bool {
    !BundleReference::has_scheme(name) && is_path(name)
}

/// The name of a plugin with a relative path resolved against `base`.
pub fn resolve_relative(name: &str, base: &Path) -> String {
    if is_file(name) {
        base.join(name).display().to_string()
    } else {
        name.to_owned()
    }
}

/// What a plugin's bytes are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BinaryFormat {
    Component,
    /// A shared library for some machine.
    Native,
}

/// A plugin's bytes and where they came from.
pub(crate) struct Source {
    pub(crate) format: BinaryFormat,
    /// `built-in`, the path, or the reference at its digest.
    pub(crate) origin: String,
    /// The name of a built-in component, the path of any other.
    pub(crate) name: String,
    pub(crate) bytes: Cow<'static, [u8]>,
    /// In hex.
    pub(crate) sha256: String,
    /// The configuration from its bundle, where the user gives none.
    defaults: Map<String, Value>,
}

impl Source {
    /// The plugin called `name`.
    pub(crate) fn open(name: &str, limits: &Limits) -> Result<Self, Failure> {
        let (format, origin, bytes) = if is_path(name) {
            let bytes = read(Path::new(name), u64::from(limits.component_mib) << 20)?;
            (format_of(name, &bytes)?, name, bytes.into())
        } else {
            (
                BinaryFormat::Component,
                "built-in",
                builtin::component(name)
                    .ok_or_else(|| unknown(name))?
                    .into(),
            )
        };
        let sha256 = Digest::of(&bytes).hex();
        Ok(Self {
            format,
            origin: origin.into(),
            name: name.into(),
            bytes,
            sha256,
            defaults: Map::new(),
        })
    }

    /// The component of a bundle, which is called `name`.
    pub(crate) fn of_bundle(
        name: &str,
        resolved: &Resolved,
        limits: &Limits,
    ) -> Result<Self, Failure> {
        let max_mib = u64::from(limits.component_mib);
        if resolved.size > max_mib << 20 {
            return Err(too_large(name, max_mib));
        }
        let table = resolved
            .component()
            .map(|component| serde_json::to_value(&component.config));
        let defaults = match table.transpose() {
            Ok(Some(Value::Object(defaults))) => defaults,
            Ok(_) => Map::new(),
            Err(error) => {
                return Err(Failure::new(
                    FailureKind::Bug,
                    format!("the configuration of `{name}` is not JSON"),
                )
                .because(error));
            }
        };
        Ok(Self {
            format: BinaryFormat::Component,
            origin: resolved.reference.to_string(),
            name: name.into(),
            bytes: resolved.read()?.into(),
            sha256: resolved.sha256.hex(),
            defaults,
        })
    }

    /// What the component exports and imports.
    pub(crate) fn surface(&self) -> Result<Surface, Failure> {
        Surface::of(&self.bytes, &self.subject())
    }

    /// The user's configuration over the bundle's. Anything but a table stays as it is, to be
    /// refused.
    pub(crate) fn with_defaults(&self, config: &Value) -> Value {
        let Value::Object(given) = config else {
            return config.clone();
        };
        let mut all = self.defaults.clone();
        all.extend(given.clone());
        Value::Object(all)
    }

    /// What messages call this component before its own name is known.
    pub(crate) fn subject(&self) -> String {
        format!("`{}` (sha256 {})", self.name, &self.sha256[..12])
    }

    /// A refusal of this component. `what` follows its name, and may quote the component.
    pub(crate) fn refusal(&self, what: impl AsRef<str>) -> Failure {
        Failure::new(
            FailureKind::Plugin,
            format!(
                "{} {}",
                self.subject(),
                sanitize(what.as_ref(), REFUSAL_BYTES)
            ),
        )
    }
}

fn unknown(name: &str) -> Failure {
    let failure = Failure::new(
        FailureKind::Usage,
        format!("there is no built-in plugin `{name}`"),
    );
    if let Some(nearest) = builtin::nearest(name) {
        return failure.hint(format!("did you mean `{nearest}`?"));
    }
    let names = builtin::names().collect::<Vec<_>>().join(", ");
    failure.hint(format!(
        "the built-in plugins are {names}; a file is given as a path, for example `./{name}.wasm`"
    ))
}

fn read(path: &Path, max_bytes: u64) -> Result<Vec<u8>, Failure> {
    let cannot_read = |error: io::Error| {
        let failure = Failure::new(
            FailureKind::Input,
            format!("plugin `{}` cannot be read", path.display()),
        );
        let missing = error.kind() == io::ErrorKind::NotFound;
        let failure = failure.because(error);
        if missing {
            failure.hint("the path is taken from the working directory")
        } else {
            failure
        }
    };
    let mut bytes = Vec::new();
    // One byte more tells a file that is too large from one that just fits, whatever its metadata
    // is.
    File::open(path)
        .and_then(|file| file.take(max_bytes + 1).read_to_end(&mut bytes))
        .map_err(cannot_read)?;
    if bytes.len() as u64 > max_bytes {
        return Err(too_large(&path.display().to_string(), max_bytes >> 20));
    }
    Ok(bytes)
}

fn too_large(name: &str, max_mib: u64) -> Failure {
    Failure::new(
        FailureKind::Plugin,
        format!("plugin `{name}` is larger than {max_mib} MiB"),
    )
    .hint("strip it, build it with optimization for size, or raise `limits.component_mib`")
}

/// What a file is, or why it is not a plugin.
fn format_of(name: &str, bytes: &[u8]) -> Result<BinaryFormat, Failure> {
    let refuse = |what: &str, hint: &str| {
        Err(Failure::new(FailureKind::Plugin, format!("`{name}` is {what}")).hint(hint))
    };
    let starts_with_any = |magics: &[&[u8]]| magics.iter().any(|magic| bytes.starts_with(magic));
    if Parser::is_component(bytes) {
        Ok(BinaryFormat::Component)
    } else if Engine::detect_precompiled(bytes).is_some() {
        // It looks like a library, and must never be loaded as one.
        refuse(
            "compiled code, which tpo cannot check",
            "give the `.wasm` that it was compiled from",
        )
    } else if starts_with_any(&[b"\x7fELF", b"\xcf\xfa\xed\xfe", b"\xca\xfe\xba\xbe", b"MZ"]) {
        Ok(BinaryFormat::Native)
    } else if Parser::is_core_wasm(bytes) {
        refuse(
            "a core module, not a component",
            "build it with `--target wasm32-wasip2`",
        )
    } else if bytes.trim_ascii_start().starts_with(b"(") {
        refuse(
            "WebAssembly text, not a component",
            "assemble it first, for example with `wasm-tools parse`",
        )
    } else {
        refuse(
            "not a WebAssembly component",
            "build it with `--target wasm32-wasip2`",
        )
    }
}
