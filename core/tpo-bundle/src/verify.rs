//! Whether what is pinned is still what it was: here, and in the registry.

use tpo_types::{Failure, FailureKind};

use crate::lock::{Lock, Pin};
use crate::mode::Mode;
use crate::pins;
use crate::registry::Registry;
use crate::signature;
use crate::store::Store;

/// What became of a pin. Without problems, it is as it was.
#[derive(Debug)]
pub struct Verified {
    /// The pin.
    pub pin: Pin,
    /// Everything that is not as it should be.
    pub problems: Vec<Failure>,
}

/// Looks at every pin: its bytes in the store and, where the mode has a network, its tag and its
/// signature.
///
/// Nothing is changed or stored. A bundle that is not in the store is no problem where it could be
/// fetched.
pub fn verify(lock: &Lock, store: &Store, mode: Mode) -> Vec<Verified> {
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

fn check_stored(pin: &Pin, store: &Store, mode: Mode) -> Result<(), Failure> {
    let subject = format!("`{}`", pin.source);
    if store.stored(pin.digest, pin.size, &subject)?.is_none() && mode.has_network() {
        return Ok(());
    }
    let bundle = pins::obtain(&pin.source, pin, store, Mode::Frozen)?;
    bundle.check(store.blobs(), &subject).map(drop)
}

fn check_published(pin: &Pin, registry: &Registry) -> Result<(), Failure> {
    let source = &pin.source;
    let update = format!("what is pinned stays in use; `tpo plugin update {source}` moves the pin");
    match registry.manifest(&source.wanted())? {
        Some(raw) if raw.digest == pin.digest => Ok(()),
        Some(raw) => {
            let what = format!(
                "the tag of `{source}` was moved: it names {}, and the pin {}",
                raw.digest, pin.digest
            );
            Err(Failure::new(FailureKind::Integrity, what).hint(update))
        }
        None => Err(Failure::new(
            FailureKind::Integrity,
            format!("the registry no longer has `{source}`"),
        )
        .hint("what is pinned stays in use here, and cannot be fetched elsewhere")),
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
    let now = now.map_or_else(|| "by nobody".to_owned(), |now| format!("by {now}"));
    let what = format!(
        "`{}` is now signed {now}; it was pinned with the signature of {signer}",
        pin.source
    );
    Err(Failure::new(FailureKind::Integrity, what).hint("ask its author what happened"))
}
