//! Who published a bundle: a detached ed25519 signature, in an artifact of its own beside the
//! bundle.
//!
//! What is signed is the bundle's digest together with the place it was published at, so a
//! signature cannot be carried to another repository. A signature says who, never that a component
//! is good.

mod keys;

use ed25519_dalek::Signature;
use serde::{Deserialize, Serialize};
use tpo_types::{Digest, Failure, Kind};

use crate::artifact::{Artifact, Descriptor};
use crate::reference::Reference;
use crate::registry::Registry;

pub use keys::{PublicKey, SecretKey, keygen};

const SIGNATURE: &str = "application/vnd.tpo.signature.v1";
const SIGNATURE_LAYER: &str = "application/vnd.tpo.signature.v1+json";
const EMPTY: &str = "application/vnd.oci.empty.v1+json";
const MAX_SIGNATURE: u64 = 4 << 10;

/// What the layer of a signature holds.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Signed {
    /// Who.
    key: PublicKey,
    /// In hex.
    signature: String,
}

/// Registries need not know of signatures: they stand under a tag that follows from the digest.
fn tag(digest: &Digest) -> String {
    format!("sha256-{}.sig", digest.hex())
}

fn statement(reference: &Reference, digest: &Digest) -> Vec<u8> {
    format!("tpo bundle signature v1\n{}\n{digest}\n", reference.place()).into_bytes()
}

/// Signs the bundle `digest` and uploads the signature.
pub(crate) fn publish(
    registry: &Registry,
    reference: &Reference,
    digest: &Digest,
    key: &SecretKey,
) -> Result<(), Failure> {
    let signature = hex::encode(key.sign(&statement(reference, digest)).to_bytes());
    let signed = Signed {
        key: key.public(),
        signature,
    };
    // Two texts: nothing that JSON could not hold.
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

/// Who signed the bundle `digest`; nobody if there is no signature. A signature that is wrong is an
/// error.
pub(crate) fn fetch(
    registry: &Registry,
    reference: &Reference,
    digest: &Digest,
) -> Result<Option<PublicKey>, Failure> {
    let Some(raw) = registry.manifest(&tag(digest))? else {
        return Ok(None);
    };
    let subject = format!("the signature of `{reference}`");
    let refuse = |what: &str| {
        Failure::new(Kind::Integrity, format!("{subject} {what}")).hint("do not use the bundle")
    };
    let artifact = Artifact::parse(&raw.bytes, &subject)?;
    let layer = match artifact.layers.as_slice() {
        [layer] if layer.media_type == SIGNATURE_LAYER && layer.size <= MAX_SIGNATURE => layer,
        _ => return Err(refuse("is of a kind that tpo does not know")),
    };
    let mut bytes = Vec::new();
    registry.blob(layer, &mut bytes)?;
    let signed: Signed =
        serde_json::from_slice(&bytes).map_err(|error| refuse("cannot be read").because(error))?;
    let mut signature = [0; 64];
    hex::decode_to_slice(&signed.signature, &mut signature)
        .map_err(|error| refuse("cannot be read").because(error))?;
    if !signed.key.verifies(
        &statement(reference, digest),
        &Signature::from_bytes(&signature),
    ) {
        return Err(refuse(&format!("is not that of {}", signed.key)));
    }
    Ok(Some(signed.key))
}
