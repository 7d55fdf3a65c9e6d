//! From a reference to the file of a component: what makes `oci://...` usable wherever a plugin is
//! named.

use std::collections::BTreeSet;
use std::path::PathBuf;

use serde_json::Value;
use tpo_types::{Digest, Failure};

use crate::blobs::Blobs;
use crate::lock::{Lock, Pin};
use crate::manifest::{Component, Manifest};
use crate::mode::Mode;
use crate::name::Name;
use crate::pins;
use crate::reference::Reference;
use crate::store::Store;
use crate::surface::Surface;

/// A component that is here, pinned, and may do what it asks for.
#[derive(Debug, Clone)]
pub struct Resolved {
    /// The bundle, at its digest, and the component: exactly these bytes, for records.
    pub reference: Reference,
    /// The component's name in its bundle.
    pub name: Name,
    /// Its file in the content store.
    pub path: PathBuf,
    /// Of its bytes; they had it when this was made.
    pub sha256: Digest,
    /// In bytes.
    pub size: u64,
    /// What it exports and imports.
    pub surface: Surface,
    /// What it was granted, without versions.
    pub grants: BTreeSet<String>,
    /// What the bundle's author says; none of a component that was published without tpo.
    pub manifest: Option<Manifest>,
    /// The JSON Schema of its configuration, where the bundle has one.
    pub config_schema: Option<Value>,
    blobs: Blobs,
}

impl Resolved {
    /// What the author says of this component.
    pub fn component(&self) -> Option<&Component> {
        self.manifest.as_ref()?.component(&self.name)
    }

    /// The component's bytes, whose digest is taken once more: what is read here is what was
    /// pinned.
    pub fn read(&self) -> Result<Vec<u8>, Failure> {
        self.blobs.read(&self.sha256, self.size)
    }
}

/// The component that a reference names. Where the lock file has no pin for it, it is added,
/// without any grants.
pub fn resolve(
    reference: &Reference,
    lock: &mut Lock,
    store: &Store,
    mode: Mode,
) -> Result<Resolved, Failure> {
    let pin: Pin = match pins::pinned(reference, lock)? {
        Some(pin) => pin.clone(),
        None => pins::add(reference, &[], lock, store, mode)?.pin,
    };
    let bundle = pins::obtain(reference, &pin, store, mode)?;
    let part = bundle.part(reference.component(), &format!("`{reference}`"))?;
    let surface = part.surface(store.blobs())?;
    pins::check_use(reference, &pin, &bundle, &part.name, &surface)?;
    Ok(Resolved {
        reference: pin.source.at(pin.digest).with_component(part.name.clone()),
        name: part.name.clone(),
        path: store.blobs().path(&part.component.digest),
        sha256: part.component.digest,
        size: part.component.size,
        surface,
        grants: pin.grants,
        config_schema: part.config_schema(store.blobs())?,
        manifest: bundle.manifest.clone(),
        blobs: store.blobs().clone(),
    })
}
