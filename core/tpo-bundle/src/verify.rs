//! Checks that pinned bundles are unchanged, locally and in the registry.

use tpo_types::{Failure, FailureKind};

use crate::lock::{Lock, Pin};
use crate::mode::Mode;
use crate::pins;
use crate::registry::Registry;
use crate::signature;
use crate::store::BundleStore;

/// The result of checking a pin.
#[derive(Debug)]
pub struct Verified {
    /// The pin.
    pub pin: Pin,
    /// What is wrong; empty if nothing has changed.
    pub problems: Vec<Failure>,
}

/// Checks every pin: its bytes in the store and, if registries may be contacted, its tag and its
/// signature.
///
/// Changes nothing. A bundle that is not in the store is a problem only if it cannot be downloaded.
pub fn verify(lock: &Lock, store: &BundleStore, mode: Mode) -> Vec<Verified> {
    let problems = |pin: &Pin| {
        let mut problems = Vec::new();
        problems.extend(check_stored(pin, store, mode).err());
        if mode.has_network() {
            match Registry::open(&pin.source, store.access()) {
                Ok(registry) => {
                    problems.extend(check_published(pin, &registry).err());
                    problems.extend(check_signature(pin, &registry).err());
                }
                Err(failure) => problems.push(failure),
            }
        }
        problems
    };
    lock.pins()
        .map(|pin| Verified {
            pin: pin.clone(),
            problems: problems(pin),
        })
        .collect()
}

fn check_stored(pin: &Pin, store: &BundleStore, mode: Mode) -> Result<(), Failure> {
    let subject = format!("`{}`", pin.source);
    if store.stored(pin.digest, pin.size, &subject)?.is_none() && mode.has_network() {
        return Ok(());
    }
    let bundle = pins::obtain(&pin.source, pin, store, Mode::Frozen)?;
    bundle.check(store.blobs(), &subject).map(drop)
}

fn check_published(pin: &Pin, registry: &Registry) -> Result<(), Failure> {
    let source = &pin.source;
    let update =
        format!("the pinned version stays in use; `tpo plugin update {source}` updates the pin");
    match registry.manifest(&source.tag_or_digest())? {
        Some(raw) if raw.digest == pin.digest => Ok(()),
        Some(raw) => {
            let what = format!(
                "the tag of `{source}` was moved to {}; the pin is {}",
                raw.digest, pin.digest
            );
            Err(Failure::new(FailureKind::Integrity, what).hint(update))
        }
        None => Err(Failure::new(
            FailureKind::Integrity,
            format!("the registry no longer has `{source}`"),
        )
        .hint("the downloaded version stays usable here, but cannot be downloaded elsewhere")),
    }
}

fn check_signature(pin: &Pin, registry: &Registry) -> Result<(), Failure> {
    let now = signature::fetch(registry, &pin.source, &pin.digest)?;
    let Some(signer) = pin
        .signer
        .as_ref()
        .filter(|signer| now.as_ref() != Some(signer))
    else {
        return Ok(());
    };
    let now = now.map_or_else(|| "not signed".to_owned(), |now| format!("signed by {now}"));
    let what = format!(
        "`{}` is now {now}; it was pinned with a signature of {signer}",
        pin.source
    );
    Err(Failure::new(FailureKind::Integrity, what).hint("ask its author what happened"))
}
