//! Where a plugin comes from: inside the binary, or a file.
//!
//! Nothing is understood here but the first bytes, and those only to say what a file is that is no
//! component.

use std::borrow::Cow;
use std::error::Error;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use serde_json::{Map, Value};
use tpo_bundle::{BundleReference, Resolved, Surface};
use tpo_types::text::sanitize;
use tpo_types::{Digest, Failure, FailureKind};
use wasmparser::Parser;
use wasmtime::Engine;

use crate::builtin;
use crate::crash::Drift;
use crate::drift;
use crate::limits::Limits;

/// The longest refusal, in bytes. Names in a component may have a hundred kilobytes.
const REFUSAL_BYTES: usize = 2000;

/// Whether a name is that of a file: it has a separator or an extension. Any other name is that of
/// a built-in component.
fn is_path(name: &str) -> bool {
    name.contains(['/', '.', std::path::MAIN_SEPARATOR])
}

/// The name of a plugin as it is called from anywhere, given where relative paths begin.
pub fn anchored(name: &str, base: &Path) -> String {
    let is_file = !BundleReference::has_scheme(name) && is_path(name);
    if is_file {
        base.join(name).display().to_string()
    } else {
        name.to_owned()
    }
}

/// What a plugin's bytes are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    Component,
    /// A shared library for some machine.
    Native,
}

/// A plugin's bytes and where they came from.
pub(crate) struct Source {
    pub(crate) form: Form,
    /// `built-in`, the path, or the reference at its digest.
    pub(crate) origin: String,
    /// The name of a built-in component, the path of any other.
    pub(crate) name: String,
    pub(crate) bytes: Cow<'static, [u8]>,
    /// In hex.
    pub(crate) sha256: String,
    /// What its bundle configures where the user does not.
    defaults: Map<String, Value>,
}

impl Source {
    /// The plugin called `name`.
    pub(crate) fn open(name: &str, limits: &Limits) -> Result<Self, Failure> {
        let (form, origin, bytes) = if is_path(name) {
            let bytes = read(Path::new(name), u64::from(limits.component_mib) << 20)?;
            (form(name, &bytes)?, name, bytes.into())
        } else {
            (
                Form::Component,
                "built-in",
                builtin::component(name)
                    .ok_or_else(|| unknown(name))?
                    .into(),
            )
        };
        let sha256 = Digest::of(&bytes).hex();
        Ok(Self {
            form,
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
                    format!("the configuration of `{name}` is no JSON"),
                )
                .because(error));
            }
        };
        Ok(Self {
            form: Form::Component,
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

    /// The user's configuration over the bundle's. What is no table stays as it is, to be refused.
    pub(crate) fn with_defaults(&self, config: &Value) -> Value {
        let Value::Object(given) = config else {
            return config.clone();
        };
        let mut all = self.defaults.clone();
        all.extend(given.clone());
        Value::Object(all)
    }

    /// How messages call this component before it has said its name.
    pub(crate) fn subject(&self) -> String {
        format!("`{}` (sha256 {})", self.name, &self.sha256[..12])
    }

    /// The refusal of a component whose types are not the contract's: `error` says so, and this how
    /// they differ.
    pub(crate) fn drifted(&self, error: impl Into<Box<dyn Error + Send + Sync>>) -> Failure {
        let differences = drift::differences(&self.bytes);
        let failure = self.refusal(Drift.to_string()).hint(Drift::HINT);
        if differences.is_empty() {
            return failure.because(error);
        }
        let told = sanitize(&differences.join("\n"), REFUSAL_BYTES);
        failure.because(Failure::new(FailureKind::Plugin, told).because(error))
    }

    /// A refusal of this component; `what` goes on from its name, and may quote what the component
    /// says.
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
        "built in are {names}; a file is given as a path, for example `./{name}.wasm`"
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
    // says.
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

/// What a file is, or why it is no plugin.
fn form(name: &str, bytes: &[u8]) -> Result<Form, Failure> {
    let refuse = |what: &str, hint: &str| {
        Err(Failure::new(FailureKind::Plugin, format!("`{name}` is {what}")).hint(hint))
    };
    let starts_with_any = |magics: &[&[u8]]| magics.iter().any(|magic| bytes.starts_with(magic));
    if Parser::is_component(bytes) {
        Ok(Form::Component)
    } else if Engine::detect_precompiled(bytes).is_some() {
        // Looks like a library, and must never be taken for one.
        refuse(
            "compiled code, which tpo cannot check",
            "give the `.wasm` that it was compiled from",
        )
    } else if starts_with_any(&[b"\x7fELF", b"\xcf\xfa\xed\xfe", b"\xca\xfe\xba\xbe", b"MZ"]) {
        Ok(Form::Native)
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
