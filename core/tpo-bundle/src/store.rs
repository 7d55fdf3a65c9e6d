//! The store of downloaded bundles.

use std::path::Path;

use tpo_types::{Digest, Failure, FailureKind};

use crate::access::Access;
use crate::artifact::Artifact;
use crate::blobs::{Blobs, BundleDirectory, Staging};
use crate::bundle::Bundle;
use crate::reference::BundleReference;
use crate::registry::Registry;
use crate::signature::{self, PublicKey};
use crate::surface::Surface;

/// Downloaded bundles by digest, and the access to registries for missing ones.
#[derive(Debug)]
pub struct BundleStore {
    directory: BundleDirectory,
    access: Access,
}

/// A bundle that was downloaded and checked, but is not in the store yet. It is deleted on drop.
pub(crate) struct Fetched {
    pub(crate) bundle: Bundle,
    pub(crate) surfaces: Vec<Surface>,
    pub(crate) signer: Option<PublicKey>,
    staging: Staging,
}

impl BundleStore {
    /// Opens the store in `<data directory>/bundles`; creates it if necessary and denies access to
    /// other users.
    pub fn open(data_directory: &Path) -> Result<Self, Failure> {
        Ok(Self {
            directory: BundleDirectory::open(data_directory)?,
            access: Access::default(),
        })
    }

    /// Replaces the access to registries.
    #[must_use]
    pub fn with_access(self, access: Access) -> Self {
        Self { access, ..self }
    }

    pub(crate) fn access(&self) -> &Access {
        &self.access
    }

    pub(crate) fn blobs(&self) -> &Blobs {
        self.directory.blobs()
    }

    /// Downloads a bundle and checks all of it: first sizes, then digests, then content.
    pub(crate) fn fetch(&self, reference: &BundleReference) -> Result<Fetched, Failure> {
        let registry = Registry::open(reference, &self.access)?;
        let raw = registry
            .manifest(&reference.tag_or_digest())?
            .ok_or_else(|| {
                Failure::new(
                    FailureKind::Input,
                    format!("the registry has no `{reference}`"),
                )
                .hint("check the name and the tag")
            })?;
        let subject = format!("`{reference}`");
        let staging = self.directory.stage()?;
        staging.put(&raw.bytes)?;
        for blob in Artifact::parse(&raw.bytes, &subject)?.blobs(&subject)? {
            let mut download = staging.file()?;
            registry.blob(blob, &mut download.file)?;
            staging.name(&download.path, &blob.digest)?;
        }
        let bundle = Bundle::open(
            staging.blobs(),
            raw.digest,
            raw.bytes.len() as u64,
            &subject,
        )?;
        let surfaces = bundle.check(staging.blobs(), &subject)?;
        let signer = signature::fetch(&registry, reference, &raw.digest)?;
        Ok(Fetched {
            bundle,
            surfaces,
            signer,
            staging,
        })
    }

    /// Moves a downloaded bundle into the store.
    pub(crate) fn keep(&self, fetched: Fetched) -> Result<Bundle, Failure> {
        fetched
            .staging
            .keep(&self.directory, &fetched.bundle.digest)?;
        Ok(fetched.bundle)
    }

    /// A bundle of the store, if all of its files are there. Components are not read.
    pub(crate) fn stored(
        &self,
        digest: Digest,
        size: u64,
        subject: &str,
    ) -> Result<Option<Bundle>, Failure> {
        if !self.blobs().has(&digest) {
            return Ok(None);
        }
        let bundle = Bundle::open(self.blobs(), digest, size, subject)?;
        // If a file was removed, the whole bundle is downloaded again.
        let blobs = bundle
            .parts
            .iter()
            .flat_map(|part| std::iter::once(&part.component).chain(&part.schema));
        let is_complete = blobs.into_iter().all(|blob| self.blobs().has(&blob.digest));
        Ok(is_complete.then_some(bundle))
    }
}
