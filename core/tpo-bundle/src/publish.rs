//! Publishes a directory to a registry.

use std::path::Path;

use semver::Version;
use tpo_types::{Digest, Failure, FailureKind};

use crate::access::Access;
use crate::artifact::ArtifactLayout;
use crate::package::{BuiltArtifact, Package};
use crate::reference::BundleReference;
use crate::registry::Registry;
use crate::signature::{self, SecretKey};

/// Options of [`publish`].
#[derive(Debug, Default)]
pub struct PublishOptions {
    /// The layout of the artifact.
    pub layout: ArtifactLayout,
    /// The key to sign with, if any.
    pub key: Option<SecretKey>,
    /// Whether an existing tag may be moved to this bundle.
    pub move_tag: bool,
    /// How to reach the registry.
    pub access: Access,
}

/// A published bundle.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Published {
    /// Its reference, with tag and digest.
    pub reference: BundleReference,
    /// The digest of its OCI manifest.
    pub digest: Digest,
    /// Size of manifest and blobs, in bytes.
    pub size: u64,
}

/// Publishes the bundle in `directory`. A reference without a tag gets the bundle's version.
///
/// The same directory always gives the same digest, so publishing it again changes nothing.
pub fn publish(
    directory: &Path,
    reference: &BundleReference,
    options: &PublishOptions,
) -> Result<Published, Failure> {
    let package = Package::read(directory)?;
    let reference = tagged(reference, &package.manifest.version)?;
    let tag = reference.tag_or_digest();
    let BuiltArtifact { artifact, blobs } = package.to_artifact(options.layout)?;
    // Refuse now what would be refused on download.
    artifact.blobs(&format!("`{}`", directory.display()))?;
    let bytes = artifact.to_bytes();
    let digest = Digest::of(&bytes);
    let registry = Registry::open(&reference, &options.access)?;
    match registry.manifest(&tag)? {
        Some(raw) if raw.digest != digest && !options.move_tag => {
            let what = format!("`{reference}` is already published as {}", raw.digest);
            return Err(Failure::new(FailureKind::Usage, what).hint(
                "increase `version` and publish under a new tag; moving a tag breaks everyone who \
                 pinned it",
            ));
        }
        _ => {}
    }
    for blob in &blobs {
        registry.push_blob(blob)?;
    }
    registry.push_manifest(&bytes, &tag)?;
    match registry.manifest(&tag)? {
        Some(raw) if raw.digest == digest => {}
        _ => {
            let what =
                format!("the registry accepted `{reference}`, but returns a different bundle");
            return Err(Failure::new(FailureKind::Integrity, what)
                .hint("someone else may be publishing at the same time: check before using it"));
        }
    }
    if let Some(key) = &options.key {
        signature::publish(&registry, &reference, &digest, key)?;
    }
    let size = bytes.len() + blobs.iter().map(Vec::len).sum::<usize>();
    Ok(Published {
        reference: reference.pinned(digest),
        digest,
        size: size as u64,
    })
}

/// The reference with the tag to publish under.
fn tagged(reference: &BundleReference, version: &Version) -> Result<BundleReference, Failure> {
    let refuse = |what: String, hint: &str| Err(Failure::new(FailureKind::Usage, what).hint(hint));
    if reference.digest().is_some() || reference.component().is_some() {
        let what = format!(
            "`{reference}` has a digest or a component; only a whole bundle can be published"
        );
        return refuse(what, "give only host, repository and tag");
    }
    if !version.build.is_empty() {
        let what = format!("version `{version}` has build metadata, which a tag cannot contain");
        return refuse(what, "remove the `+` and what follows");
    }
    match reference
        .explicit_tag()
        .map(|tag| (tag, Version::parse(tag)))
    {
        None => Ok(reference.with_tag(&version.to_string())),
        Some((tag, Ok(named))) if named != *version => refuse(
            format!("the tag is `{tag}`, but the bundle has version {version}"),
            "make them agree",
        ),
        Some(_) => Ok(reference.clone()),
    }
}
