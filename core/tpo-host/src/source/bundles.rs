//! Plugins that are named by where they are published.
//!
//! `tpo-bundle` publishes, pins and stores; here a reference only becomes the bytes that the lock
//! file pins.

use std::path::PathBuf;

use tpo_bundle::{BundleReference, BundleStore, Lock, Mode, Resolved};
use tpo_types::Failure;

/// Where the bundles of this process are pinned and kept.
#[derive(Debug, Clone)]
pub struct Bundles {
    /// The lock file. A reference that it has no pin for is added where the mode allows it.
    pub lock: PathBuf,
    /// The directory of the content store.
    pub store: PathBuf,
    /// Whether the lock file may change, and registries may be contacted.
    pub mode: Mode,
}

impl Bundles {
    pub(crate) fn resolve(&self, reference: &BundleReference) -> Result<Resolved, Failure> {
        let mut lock = Lock::open(&self.lock)?;
        let resolved = tpo_bundle::resolve(
            reference,
            &mut lock,
            &BundleStore::open(&self.store)?,
            self.mode,
        )?;
        if lock.is_changed() {
            lock.save()?;
        }
        Ok(resolved)
    }
}
