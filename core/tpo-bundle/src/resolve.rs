//! Resolves `oci://...` references to files of components.

use std::collections::BTreeSet;
use std::path::PathBuf;

use serde_json::Value;
use tpo_types::{Digest, Failure};

use crate::blobs::Blobs;
use crate::lock::{Lock, Pin};
use crate::manifest::{BundleManifest, ManifestComponent};
use crate::mode::Mode;
use crate::name::Name;
use crate::pins;
use crate::reference::BundleReference;
use crate::store::BundleStore;
use crate::surface::Surface;

/// A component that is downloaded, pinned, and has the permissions it requests.
#[derive(Debug, Clone)]
pub struct Resolved {
    /// The bundle by digest, and the component: identifies exactly these bytes, for records.
    pub reference: BundleReference,
    /// The component's name in its bundle.
    pub name: Name,
    /// Its file in the content store.
    pub path: PathBuf,
    /// Digest of its bytes, checked when this was resolved.
    pub sha256: Digest,
    /// Size in bytes.
    pub size: u64,
    /// Its exports and imports.
    pub surface: Surface,
    /// The imports that were granted, without version.
    pub grants: BTreeSet<String>,
    /// None if the component was published without tpo.
    pub manifest: Option<BundleManifest>,
    /// The JSON Schema of its configuration, if the bundle has one.
    pub config_schema: Option<Value>,
    blobs: Blobs,
}

impl Resolved {
    /// The manifest's entry for this component.
    pub fn component(&self) -> Option<&ManifestComponent> {
        self.manifest.as_ref()?.component(&self.name)
    }

    /// Reads the component's bytes and checks their digest again.
    pub fn read(&self) -> Result<Vec<u8>, Failure> {
        self.blobs.read(&self.sha256, self.size)
    }
}

/// Resolves a reference. If the lock file has no pin for it, one is added without grants.
pub fn resolve(
    reference: &BundleReference,
    lock: &mut Lock,
    store: &BundleStore,
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
