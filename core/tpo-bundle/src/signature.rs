//! Signatures of bundles: detached ed25519 signatures, each in an artifact next to its bundle.
//!
//! A signature covers the bundle's digest and repository, so it is not valid in another repository.
//! It identifies the publisher; it does not mean that a component is safe.

mod keys;

use ed25519_dalek::Signature;
use serde::{Deserialize, Serialize};
use tpo_types::{Digest, Failure, FailureKind};

use crate::artifact::{Artifact, Descriptor};
use crate::reference::BundleReference;
use crate::registry::Registry;

pub use keys::{PublicKey, SecretKey, keygen};

const SIGNATURE: &str = "application/vnd.tpo.signature.v1";
const SIGNATURE_LAYER: &str = "application/vnd.tpo.signature.v1+json";
const EMPTY: &str = "application/vnd.oci.empty.v1+json";
const MAX_SIGNATURE: u64 = 4 << 10;

/// Content of a signature's layer.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Signed {
    key: PublicKey,
    /// In hex.
    signature: String,
}

/// The tag of a bundle's signature; registries need no support for signatures.
fn tag(digest: &Digest) -> String {
    format!("sha256-{}.sig", digest.hex())
}

fn statement(reference: &BundleReference, digest: &Digest) -> Vec<u8> {
    format!(
        "tpo bundle signature v1\n{}\n{digest}\n",
        reference.full_repository()
    )
    .into_bytes()
}

/// Signs the bundle `digest` and uploads the signature.
pub(crate) fn publish(
    registry: &Registry,
    reference: &BundleReference,
    digest: &Digest,
    key: &SecretKey,
) -> Result<(), Failure> {
    let signature = hex::encode(key.sign(&statement(reference, digest)).to_bytes());
    let signed = Signed {
        key: key.public(),
        signature,
    };
    // Two strings always serialize.
    let layer = serde_json::to_vec(&signed).expect("a signature is JSON");
    let config = b"{}";
    registry.push_blob(config)?;
    registry.push_blob(&layer)?;
    let layers = vec![Descriptor::of(SIGNATURE_LAYER, &layer, None)];
    let artifact = Artifact::new(
        Some(SIGNATURE),
        Descriptor::of(EMPTY, config, None),
        layers,
        [].into(),
    );
    registry.push_manifest(&artifact.to_bytes(), &tag(digest))
}

/// The signer of the bundle `digest`, if it is signed. An invalid signature is an error.
pub(crate) fn fetch(
    registry: &Registry,
    reference: &BundleReference,
    digest: &Digest,
) -> Result<Option<PublicKey>, Failure> {
    let Some(raw) = registry.manifest(&tag(digest))? else {
        return Ok(None);
    };
    let subject = format!("the signature of `{reference}`");
    let refuse = |what: &str| {
        Failure::new(FailureKind::Integrity, format!("{subject} {what}"))
            .hint("do not use the bundle")
    };
    let artifact = Artifact::parse(&raw.bytes, &subject)?;
    let layer = match artifact.layers.as_slice() {
        [layer] if layer.media_type == SIGNATURE_LAYER && layer.size <= MAX_SIGNATURE => layer,
        _ => return Err(refuse("has an unsupported format")),
    };
    let mut bytes = Vec::new();
    registry.blob(layer, &mut bytes)?;
    let signed: Signed = serde_json::from_slice(&bytes)
        .map_err(|error| refuse("cannot be parsed").because(error))?;
    let mut signature = [0; 64];
    hex::decode_to_slice(&signed.signature, &mut signature)
        .map_err(|error| refuse("cannot be parsed").because(error))?;
    if !signed.key.verifies(
        &statement(reference, digest),
        &Signature::from_bytes(&signature),
    ) {
        return Err(refuse(&format!("was not made with the key {}", signed.key)));
    }
    Ok(Some(signed.key))
}
