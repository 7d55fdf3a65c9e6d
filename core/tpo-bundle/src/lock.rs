//! The lock file `tpo.lock`: the digest that each reference is pinned to, and its grants.
//!
//! The file is made for version control: sorted, deterministic, and written only if it changes.
//! A pinned tag is never resolved again.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use tpo_types::{Digest, Failure, FailureKind};

use crate::manifest::ContractVersion;
use crate::name::Name;
use crate::reference::BundleReference;
use crate::signature::PublicKey;

/// Name of the lock file.
pub const LOCK_FILE: &str = "tpo.lock";
/// Version of the file's format; files of other versions are refused.
const VERSION: u32 = 1;
const HEAD: &str = "# Written by tpo; only `tpo plugin update` moves a pin.\n";

/// The pins of a project.
#[derive(Debug, Clone)]
pub struct Lock {
    path: PathBuf,
    pins: BTreeMap<String, Pin>,
    /// Content of the file when it was read; none if there was no file.
    before: Option<String>,
}

/// What a reference is pinned to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Pin {
    /// The reference, with a tag or a digest and without a component.
    pub source: BundleReference,
    /// The digest of the bundle's OCI manifest.
    pub digest: Digest,
    /// Size of the OCI manifest, in bytes.
    pub size: u64,
    /// Version of the contract that the components are built for.
    pub contract: ContractVersion,
    /// The imports that were granted, without version.
    #[serde(default)]
    pub grants: BTreeSet<String>,
    /// Who signed it when it was added, or the last signer that the user accepted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signer: Option<PublicKey>,
    /// The components, in the bundle's order.
    #[serde(rename = "component")]
    pub components: Vec<PinnedComponent>,
}

/// A component's size and digest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct PinnedComponent {
    /// Its name in the bundle.
    pub name: Name,
    /// Digest of its bytes.
    pub sha256: Digest,
    /// Size in bytes.
    pub size: u64,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    version: u32,
    #[serde(rename = "plugin", default)]
    plugins: Vec<Pin>,
}

/// Parsed first, so that a file of another version is not reported as malformed.
#[derive(Deserialize)]
struct Versioned {
    version: u32,
}

impl Lock {
    /// Reads the file. A missing file has no pins.
    pub fn open(path: &Path) -> Result<Self, Failure> {
        let before = read(path)?;
        let pins = before
            .as_deref()
            .map(|text| parse(text, path))
            .transpose()?
            .unwrap_or_default();
        Ok(Self {
            path: path.to_owned(),
            pins,
            before,
        })
    }

    /// Every pin, sorted by source.
    pub fn pins(&self) -> impl Iterator<Item = &Pin> {
        self.pins.values()
    }

    /// The pin of a reference, whatever digest the reference itself has.
    pub fn pin(&self, reference: &BundleReference) -> Option<&Pin> {
        self.pins.get(&reference.source().to_string())
    }

    /// Whether there are changes to save.
    pub fn is_changed(&self) -> bool {
        let is_new = self.before.is_none() && self.pins.is_empty();
        !is_new && self.before.as_deref() != Some(&self.to_text())
    }

    /// Writes the file atomically if there are changes. Fails if another process has changed it
    /// since it was read.
    pub fn save(&mut self) -> Result<(), Failure> {
        if !self.is_changed() {
            return Ok(());
        }
        let shown = self.path.display().to_string();
        if read(&self.path)? != self.before {
            return Err(Failure::new(
                FailureKind::InUse,
                format!("`{shown}` was changed by another process"),
            )
            .hint("run the command again"));
        }
        let text = self.to_text();
        let directory = self
            .path
            .parent()
            .filter(|parent| !parent.as_os_str().is_empty())
            .unwrap_or(Path::new("."));
        write(directory, &self.path, &text).map_err(|error| {
            Failure::new(FailureKind::Resources, format!("cannot write `{shown}`")).because(error)
        })?;
        self.before = Some(text);
        Ok(())
    }

    pub(crate) fn set(&mut self, pin: Pin) {
        self.pins.insert(pin.source.to_string(), pin);
    }

    pub(crate) fn take(&mut self, reference: &BundleReference) -> Option<Pin> {
        self.pins.remove(&reference.source().to_string())
    }

    /// The message that there is no pin for a reference.
    pub(crate) fn no_pin_message(&self, reference: &BundleReference) -> String {
        let path = self.path.display();
        match self.before {
            Some(_) => format!("`{path}` has no pin for `{}`", reference.source()),
            None => format!(
                "there is no `{path}` with a pin for `{}`",
                reference.source()
            ),
        }
    }

    fn to_text(&self) -> String {
        let document = Document {
            version: VERSION,
            plugins: self.pins.values().cloned().collect(),
        };
        // Strings, numbers and lists of them always serialize.
        let body = toml::to_string(&document).expect("a lock file is TOML");
        format!("{HEAD}{body}")
    }
}

fn parse(text: &str, path: &Path) -> Result<BTreeMap<String, Pin>, Failure> {
    let shown = path.display();
    let damaged = |error: toml::de::Error| {
        Failure::new(FailureKind::Input, format!("`{shown}` is not a lock file"))
            .because(error)
            .hint("restore it from version control, or delete it and add the plugins again")
    };
    let versioned: Versioned = toml::from_str(text).map_err(damaged)?;
    if versioned.version != VERSION {
        let what = format!(
            "`{shown}` has format version {}; this version of tpo reads {VERSION}",
            versioned.version
        );
        return Err(
            Failure::new(FailureKind::Input, what).hint("use the version of tpo that wrote it")
        );
    }
    let document: Document = toml::from_str(text).map_err(damaged)?;
    let mut pins = BTreeMap::new();
    for pin in document.plugins {
        let source = pin.source.to_string();
        if pin.source.source() != pin.source {
            return Err(Failure::new(
                FailureKind::Input,
                format!(
                    "`{shown}`: `{source}` cannot be pinned; a pin has a tag or a digest, and no \
                     component"
                ),
            ));
        }
        if pins.insert(source.clone(), pin).is_some() {
            return Err(Failure::new(
                FailureKind::Input,
                format!("`{shown}` has two pins for `{source}`"),
            ));
        }
    }
    Ok(pins)
}

fn read(path: &Path) -> Result<Option<String>, Failure> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(Failure::new(
            FailureKind::Input,
            format!("cannot read `{}`", path.display()),
        )
        .because(error)),
    }
}

fn write(directory: &Path, path: &Path, text: &str) -> io::Result<()> {
    let mut file = tempfile::Builder::new()
        .prefix(".tpo.lock.")
        .tempfile_in(directory)?;
    file.write_all(text.as_bytes())?;
    file.as_file().sync_all()?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        // The file is under version control, so it is readable like other source files.
        file.as_file()
            .set_permissions(fs::Permissions::from_mode(0o644))?;
    }
    file.persist(path)?;
    Ok(())
}
