//! A folder into a registry.

use std::path::Path;

use semver::Version;
use tpo_types::{Digest, Failure, Kind};

use crate::access::Access;
use crate::artifact::Layout;
use crate::package::Package;
use crate::reference::Reference;
use crate::registry::Registry;
use crate::signature::{self, SecretKey};

/// How to publish.
#[derive(Debug, Default)]
pub struct PublishOptions {
    /// How the artifact is laid out.
    pub layout: Layout,
    /// Who signs it; nobody where there is none.
    pub key: Option<SecretKey>,
    /// Whether a tag that names another bundle may be moved to this one.
    pub move_tag: bool,
    /// How the registry is reached.
    pub access: Access,
}

/// What was published.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Published {
    /// Its name, with tag and digest.
    pub reference: Reference,
    /// The digest of its OCI manifest.
    pub digest: Digest,
    /// Bytes of manifest and blobs.
    pub size: u64,
}

/// Publishes the bundle in `directory`. A reference without a tag gets the bundle's version.
///
/// The same folder always gives the same digest, so publishing it twice changes nothing.
pub fn publish(
    directory: &Path,
    reference: &Reference,
    options: &PublishOptions,
) -> Result<Published, Failure> {
    let package = Package::read(directory)?;
    let reference = tagged(reference, &package.manifest.version)?;
    let tag = reference.wanted();
    let (artifact, blobs) = package.lay_out(options.layout)?;
    // What would be refused on the way back is refused here.
    artifact.blobs(&format!("`{}`", directory.display()))?;
    let bytes = artifact.to_bytes();
    let digest = Digest::of(&bytes);
    let registry = Registry::open(&reference, &options.access)?;
    match registry.manifest(&tag)? {
        Some(raw) if raw.digest != digest && !options.move_tag => {
            let what = format!("`{reference}` is already published, as {}", raw.digest);
            return Err(Failure::new(Kind::Usage, what).hint(
                "raise `version` and publish under a new tag; moving a tag breaks everybody \
                    who has it pinned",
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
            let what = format!(
                "the registry took `{reference}`, but gives another bundle under that name"
            );
            return Err(Failure::new(Kind::Integrity, what)
                .hint("somebody else may be publishing: look before using it"));
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
fn tagged(reference: &Reference, version: &Version) -> Result<Reference, Failure> {
    let refuse = |what: String, hint: &str| Err(Failure::new(Kind::Usage, what).hint(hint));
    if reference.digest().is_some() || reference.component().is_some() {
        let what =
            format!("`{reference}` names a digest or a component, and a whole bundle is published");
        return refuse(what, "give host, repository and tag only");
    }
    if !version.build.is_empty() {
        let what = format!("version `{version}` has build metadata, which no tag can hold");
        return refuse(what, "leave out what follows the `+`");
    }
    match reference
        .written_tag()
        .map(|tag| (tag, Version::parse(tag)))
    {
        None => Ok(reference.with_tag(&version.to_string())),
        Some((tag, Ok(named))) if named != *version => refuse(
            format!("the tag is `{tag}`, and the bundle has version {version}"),
            "make them agree",
        ),
        Some(_) => Ok(reference.clone()),
    }
}
