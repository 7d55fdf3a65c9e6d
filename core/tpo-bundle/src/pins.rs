//! Adding, updating and removing pins: nothing else changes the lock file.

use std::collections::BTreeSet;

use tpo_types::{Failure, FailureKind};

use crate::bundle::Bundle;
use crate::grants::{self, PermissionRequest};
use crate::lock::{Lock, Pin, PinnedComponent};
use crate::manifest::ContractVersion;
use crate::mode::Mode;
use crate::name::Name;
use crate::reference::BundleReference;
use crate::signature::PublicKey;
use crate::store::{BundleStore, Fetched};
use crate::surface::Surface;

/// A bundle that is pinned and downloaded.
#[derive(Debug)]
pub struct Added {
    /// The pin in the lock file.
    pub pin: Pin,
    /// The bundle.
    pub bundle: Bundle,
    /// The permissions that its components request.
    pub requests: Vec<PermissionRequest>,
}

/// An updated pin.
#[derive(Debug)]
pub struct Updated {
    /// The old pin.
    pub before: Pin,
    /// The new pin and its bundle.
    pub now: Added,
}

/// Pins a reference and downloads its bundle. An existing pin keeps its digest; `grants` are added
/// to it.
///
/// Checks the permissions of all components, or of the one that the reference names.
pub fn add(
    reference: &BundleReference,
    grants: &[String],
    lock: &mut Lock,
    store: &BundleStore,
    mode: Mode,
) -> Result<Added, Failure> {
    let given = grants::with_package(grants);
    let Some(pin) = pinned(reference, lock)?.cloned() else {
        mode.require_change(|| lock.no_pin_message(reference))?;
        mode.require_network(reference)?;
        let fetched = store.fetch(reference)?;
        check_signer(
            reference,
            known_signer(reference, lock),
            fetched.signer.as_ref(),
        )?;
        return pin_fetched(
            reference,
            fetched,
            given.clone(),
            &given,
            "add",
            lock,
            store,
        );
    };
    let bundle = obtain(reference, &pin, store, mode)?;
    let surfaces = bundle.check(store.blobs(), &format!("`{reference}`"))?;
    let requests = grants::permission_requests(&bundle, &surfaces);
    grants::check_requested(&given, &requests, reference)?;
    let granted: BTreeSet<String> = pin.grants.union(&given).cloned().collect();
    grants::check_granted(
        requests_of(&requests, reference, &bundle)?,
        &granted,
        reference,
        "add",
    )?;
    let pin = Pin {
        grants: granted,
        ..pin
    };
    if lock.pin(reference) != Some(&pin) {
        mode.require_change(|| {
            format!("the lock file does not contain the new grants of `{reference}`")
        })?;
        lock.set(pin.clone());
    }
    Ok(Added {
        pin,
        bundle,
        requests,
    })
}

/// Updates a pin to its tag's current digest, or to the digest of the reference. Grants are kept if
/// they are still requested.
///
/// A different signer, or none, is an error unless `accept_signer`.
pub fn update(
    reference: &BundleReference,
    grants: &[String],
    accept_signer: bool,
    lock: &mut Lock,
    store: &BundleStore,
    mode: Mode,
) -> Result<Updated, Failure> {
    let Some(before) = lock.pin(reference).cloned() else {
        return Err(
            Failure::new(FailureKind::Usage, lock.no_pin_message(reference))
                .hint(format!("`tpo plugin add {reference}` pins it")),
        );
    };
    mode.require_change(|| format!("an update changes the pin of `{}`", before.source))?;
    mode.require_network(reference)?;
    let fetched = store.fetch(reference)?;
    if !accept_signer {
        check_signer(reference, before.signer.as_ref(), fetched.signer.as_ref())?;
    }
    let given = grants::with_package(grants);
    let granted = before.grants.union(&given).cloned().collect();
    let now = pin_fetched(reference, fetched, granted, &given, "update", lock, store)?;
    Ok(Updated { before, now })
}

/// Removes a pin. The bundle stays in the store for other projects.
pub fn remove(reference: &BundleReference, lock: &mut Lock, mode: Mode) -> Result<Pin, Failure> {
    mode.require_change(|| format!("the lock file pins `{}`", reference.source()))?;
    let missing = lock.no_pin_message(reference);
    lock.take(reference).ok_or_else(|| {
        let pins: Vec<String> = lock.pins().map(|pin| format!("`{}`", pin.source)).collect();
        let hint = if pins.is_empty() {
            "it has no pins".into()
        } else {
            format!("the pins are {}", pins.join(", "))
        };
        Failure::new(FailureKind::Usage, missing).hint(hint)
    })
}

/// The pin of a reference. If the reference has a digest, the pin must have the same one.
pub(crate) fn pinned<'a>(
    reference: &BundleReference,
    lock: &'a Lock,
) -> Result<Option<&'a Pin>, Failure> {
    let Some(pin) = lock.pin(reference) else {
        return Ok(None);
    };
    match reference.digest() {
        Some(digest) if *digest != pin.digest => {
            let what = format!(
                "`{reference}` is pinned to a different digest, {}",
                pin.digest
            );
            Err(Failure::new(FailureKind::Integrity, what)
                .hint(format!("`tpo plugin update {reference}` changes the pin")))
        }
        _ => Ok(Some(pin)),
    }
}

/// The bundle of a pin, from the store or else by its digest from the registry.
pub(crate) fn obtain(
    reference: &BundleReference,
    pin: &Pin,
    store: &BundleStore,
    mode: Mode,
) -> Result<Bundle, Failure> {
    let subject = format!("`{reference}`");
    let bundle = if let Some(bundle) = store.stored(pin.digest, pin.size, &subject)? {
        bundle
    } else {
        mode.require_network(reference)?;
        // The digest identifies the bundle; its signer was checked when it was pinned.
        let fetched = store.fetch(&pin.source.at(pin.digest))?;
        check_pin(reference, pin, &fetched.bundle)?;
        store.keep(fetched)?
    };
    check_pin(reference, pin, &bundle)?;
    Ok(bundle)
}

/// Checks that the lock file was not edited to disagree with the bundle it pins.
fn check_pin(reference: &BundleReference, pin: &Pin, bundle: &Bundle) -> Result<(), Failure> {
    let differs = |what: String| {
        Err(Failure::new(
            FailureKind::Integrity,
            format!("the lock file disagrees with `{reference}`: {what}"),
        )
        .hint("restore the lock file from version control, or remove the pin and add it again"))
    };
    let actual = components(bundle);
    if pin.size != bundle.size {
        return differs(format!(
            "its manifest has {} bytes, not {}",
            bundle.size, pin.size
        ));
    }
    for (want, got) in pin.components.iter().zip(&actual) {
        if want != got {
            let name = &want.name;
            return differs(format!(
                "component `{name}` is pinned with {} ({} bytes), but `{}` has {} ({} bytes)",
                want.sha256, want.size, got.name, got.sha256, got.size
            ));
        }
    }
    if pin.components.len() != actual.len() {
        return differs(format!(
            "it has {} components, not {}",
            actual.len(),
            pin.components.len()
        ));
    }
    Ok(())
}

fn pin_fetched(
    reference: &BundleReference,
    fetched: Fetched,
    granted: BTreeSet<String>,
    given: &BTreeSet<String>,
    command: &str,
    lock: &mut Lock,
    store: &BundleStore,
) -> Result<Added, Failure> {
    let requests = grants::permission_requests(&fetched.bundle, &fetched.surfaces);
    grants::check_requested(given, &requests, reference)?;
    grants::check_granted(
        requests_of(&requests, reference, &fetched.bundle)?,
        &granted,
        reference,
        command,
    )?;
    // A grant that is no longer requested would silently apply to a later version.
    let grants = granted
        .into_iter()
        .filter(|grant| requests.iter().any(|request| request.import == *grant))
        .collect();
    let signer = fetched.signer.clone();
    let bundle = store.keep(fetched)?;
    let pin = Pin {
        source: reference.source(),
        digest: bundle.digest,
        size: bundle.size,
        contract: bundle
            .manifest
            .as_ref()
            .map_or(ContractVersion::V0_1, |manifest| manifest.contract),
        grants,
        signer,
        components: components(&bundle),
    };
    lock.set(pin.clone());
    Ok(Added {
        pin,
        bundle,
        requests,
    })
}

fn components(bundle: &Bundle) -> Vec<PinnedComponent> {
    let pinned = |part: &crate::bundle::BundledComponent| PinnedComponent {
        name: part.name.clone(),
        sha256: part.component.digest,
        size: part.component.size,
    };
    bundle.parts.iter().map(pinned).collect()
}

/// The requests of the component that a reference names, or of all components.
fn requests_of<'a>(
    requests: &'a [PermissionRequest],
    reference: &BundleReference,
    bundle: &Bundle,
) -> Result<impl Iterator<Item = &'a PermissionRequest>, Failure> {
    let name: Option<Name> = reference.component().cloned();
    if name.is_some() {
        bundle.part(name.as_ref(), &format!("`{reference}`"))?;
    }
    Ok(requests
        .iter()
        .filter(move |request| name.as_ref().is_none_or(|name| request.component == *name)))
}

/// The signer of other tags of the same repository, who must also sign a new tag.
fn known_signer<'a>(reference: &BundleReference, lock: &'a Lock) -> Option<&'a PublicKey> {
    lock.pins()
        .filter(|pin| pin.source.full_repository() == reference.full_repository())
        .find_map(|pin| pin.signer.as_ref())
}

/// Trust on first use: later releases must have the signer of the first.
fn check_signer(
    reference: &BundleReference,
    known: Option<&PublicKey>,
    now: Option<&PublicKey>,
) -> Result<(), Failure> {
    let Some(known) = known.filter(|known| now != Some(known)) else {
        return Ok(());
    };
    let now = now.map_or_else(|| "not signed".to_owned(), |now| format!("signed by {now}"));
    let what = format!("`{reference}` is {now}; it used to be signed by {known}");
    Err(Failure::new(FailureKind::Integrity, what).hint(format!(
        "ask its author; if the change is intended, run `tpo plugin update {} --accept-signer`",
        reference.source()
    )))
}

/// Checks the grants of one component on each use.
pub(crate) fn check_use(
    reference: &BundleReference,
    pin: &Pin,
    bundle: &Bundle,
    name: &Name,
    surface: &Surface,
) -> Result<(), Failure> {
    let surfaces: Vec<Surface> = bundle
        .parts
        .iter()
        .map(|part| {
            if part.name == *name {
                surface.clone()
            } else {
                Surface::default()
            }
        })
        .collect();
    let requests = grants::permission_requests(bundle, &surfaces);
    grants::check_granted(requests.iter(), &pin.grants, reference, "add")
}
