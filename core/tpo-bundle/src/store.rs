//! The content store of a data directory, and how it is filled.

use std::path::Path;

use tpo_types::{Digest, Failure, Kind};

use crate::access::Access;
use crate::artifact::Artifact;
use crate::blobs::{Blobs, Shelf, Staging};
use crate::bundle::Bundle;
use crate::reference::Reference;
use crate::registry::Registry;
use crate::signature::{self, PublicKey};
use crate::surface::Surface;

/// Where bundles are kept, by their digests, and how registries are reached for those that are not
/// there.
#[derive(Debug)]
pub struct Store {
    shelf: Shelf,
    access: Access,
}

/// A bundle that was downloaded and checked, and that nobody else sees yet. Dropped, it leaves
/// nothing behind.
pub(crate) struct Fetched {
    pub(crate) bundle: Bundle,
    pub(crate) surfaces: Vec<Surface>,
    pub(crate) signer: Option<PublicKey>,
    staging: Staging,
}

impl Store {
    /// The store in `<data directory>/bundles`, which is made if it is not there and closed to
    /// other users.
    pub fn open(data_directory: &Path) -> Result<Self, Failure> {
        Ok(Self {
            shelf: Shelf::open(data_directory)?,
            access: Access::default(),
        })
    }

    /// Reaches registries in another way.
    #[must_use]
    pub fn with_access(self, access: Access) -> Self {
        Self { access, ..self }
    }

    pub(crate) fn access(&self) -> &Access {
        &self.access
    }

    pub(crate) fn blobs(&self) -> &Blobs {
        self.shelf.blobs()
    }

    /// Downloads a bundle and checks all of it. In this order: size, digest, and only then meaning.
    pub(crate) fn fetch(&self, reference: &Reference) -> Result<Fetched, Failure> {
        let registry = Registry::open(reference, &self.access)?;
        let raw = registry.manifest(&reference.wanted())?.ok_or_else(|| {
            Failure::new(Kind::Input, format!("the registry has no `{reference}`"))
                .hint("check name and tag")
        })?;
        let subject = format!("`{reference}`");
        let staging = self.shelf.stage()?;
        staging.put(&raw.bytes)?;
        for blob in Artifact::parse(&raw.bytes, &subject)?.blobs(&subject)? {
            let (mut file, path) = staging.file()?;
            registry.blob(blob, &mut file)?;
            staging.name(&path, &blob.digest)?;
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

    /// Makes a downloaded bundle one of the store's.
    pub(crate) fn keep(&self, fetched: Fetched) -> Result<Bundle, Failure> {
        fetched.staging.keep(&self.shelf, &fetched.bundle.digest)?;
        Ok(fetched.bundle)
    }

    /// A bundle of the store, as far as its OCI manifest and its own go; none if it is not there.
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
        // A file that somebody removed is fetched again with the rest.
        let blobs = bundle
            .parts
            .iter()
            .flat_map(|part| std::iter::once(&part.component).chain(&part.schema));
        let is_whole = blobs.into_iter().all(|blob| self.blobs().has(&blob.digest));
        Ok(is_whole.then_some(bundle))
    }
}
