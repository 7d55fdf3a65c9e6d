//! Adding, moving and removing pins: the only ways in which the lock file changes.

use std::collections::BTreeSet;

use tpo_types::{Failure, FailureKind};

use crate::bundle::Bundle;
use crate::grants::{self, Ask};
use crate::lock::{Lock, Pin, PinnedComponent};
use crate::manifest::Contract;
use crate::mode::Mode;
use crate::name::Name;
use crate::reference::Reference;
use crate::signature::PublicKey;
use crate::store::{Fetched, Store};
use crate::surface::Surface;

/// A bundle that is pinned and in the store.
#[derive(Debug)]
pub struct Added {
    /// What the lock file now says.
    pub pin: Pin,
    /// The bundle.
    pub bundle: Bundle,
    /// What its components ask for.
    pub asks: Vec<Ask>,
}

/// Where a pin was, and where it is now.
#[derive(Debug)]
pub struct Updated {
    /// What the lock file said.
    pub before: Pin,
    /// What it says now, and the bundle.
    pub now: Added,
}

/// Pins a reference and fetches its bundle. An existing pin stays where it is; `grants` are added
/// to it.
///
/// Every component asks for its grants here, or only the one that the reference names.
pub fn add(
    reference: &Reference,
    grants: &[String],
    lock: &mut Lock,
    store: &Store,
    mode: Mode,
) -> Result<Added, Failure> {
    let given = grants::in_full(grants);
    let Some(pin) = pinned(reference, lock)?.cloned() else {
        mode.require_change(|| lock.lacks(reference))?;
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
            (lock, store),
        );
    };
    let bundle = obtain(reference, &pin, store, mode)?;
    let surfaces = bundle.check(store.blobs(), &format!("`{reference}`"))?;
    let asks = grants::asks(&bundle, &surfaces);
    grants::check_wanted(&given, &asks, reference)?;
    let granted: BTreeSet<String> = pin.grants.union(&given).cloned().collect();
    grants::check_granted(
        concerned(&asks, reference, &bundle)?,
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
            format!("the lock file does not grant what `{reference}` is to get")
        })?;
        lock.set(pin.clone());
    }
    Ok(Added { pin, bundle, asks })
}

/// Moves a pin to what its tag names now, or to the digest of the reference. Grants stay as far as
/// they are still asked for.
///
/// Another signer than before, or none, is an error unless `accept_signer`.
pub fn update(
    reference: &Reference,
    grants: &[String],
    accept_signer: bool,
    lock: &mut Lock,
    store: &Store,
    mode: Mode,
) -> Result<Updated, Failure> {
    let Some(before) = lock.pin(reference).cloned() else {
        return Err(Failure::new(FailureKind::Usage, lock.lacks(reference))
            .hint(format!("`tpo plugin add {reference}` pins it")));
    };
    mode.require_change(|| format!("an update moves the pin of `{}`", before.source))?;
    mode.require_network(reference)?;
    let fetched = store.fetch(reference)?;
    if !accept_signer {
        check_signer(reference, before.signer.as_ref(), fetched.signer.as_ref())?;
    }
    let given = grants::in_full(grants);
    let granted = before.grants.union(&given).cloned().collect();
    let now = pin_fetched(reference, fetched, granted, &given, "update", (lock, store))?;
    Ok(Updated { before, now })
}

/// Removes a pin. What the store has of it stays, for other projects.
pub fn remove(reference: &Reference, lock: &mut Lock, mode: Mode) -> Result<Pin, Failure> {
    mode.require_change(|| format!("the lock file pins `{}`", reference.source()))?;
    let missing = lock.lacks(reference);
    lock.take(reference).ok_or_else(|| {
        let pins: Vec<String> = lock.pins().map(|pin| format!("`{}`", pin.source)).collect();
        let hint = if pins.is_empty() {
            "it has none".into()
        } else {
            format!("it has {}", pins.join(", "))
        };
        Failure::new(FailureKind::Usage, missing).hint(hint)
    })
}

/// The pin of a reference, which has to be for the same digest if the reference has one.
pub(crate) fn pinned<'a>(
    reference: &Reference,
    lock: &'a Lock,
) -> Result<Option<&'a Pin>, Failure> {
    let Some(pin) = lock.pin(reference) else {
        return Ok(None);
    };
    match reference.digest() {
        Some(wanted) if *wanted != pin.digest => {
            let what = format!(
                "`{reference}` is pinned to {}, not to the digest that it names",
                pin.digest
            );
            Err(Failure::new(FailureKind::Integrity, what)
                .hint(format!("`tpo plugin update {reference}` moves the pin")))
        }
        _ => Ok(Some(pin)),
    }
}

/// The bundle of a pin: from the store, else by its digest from the registry.
pub(crate) fn obtain(
    reference: &Reference,
    pin: &Pin,
    store: &Store,
    mode: Mode,
) -> Result<Bundle, Failure> {
    let subject = format!("`{reference}`");
    let bundle = if let Some(bundle) = store.stored(pin.digest, pin.size, &subject)? {
        bundle
    } else {
        mode.require_network(reference)?;
        // The digest says what comes, whoever signed it: that was settled when it was pinned.
        let fetched = store.fetch(&pin.source.at(pin.digest))?;
        check_pin(reference, pin, &fetched.bundle)?;
        store.keep(fetched)?
    };
    check_pin(reference, pin, &bundle)?;
    Ok(bundle)
}

/// Refuses a lock file that was edited into saying other things than the bundle it pins.
fn check_pin(reference: &Reference, pin: &Pin, bundle: &Bundle) -> Result<(), Failure> {
    let differs = |what: String| {
        Err(Failure::new(
            FailureKind::Integrity,
            format!("the lock file contradicts `{reference}`: {what}"),
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
                "component `{name}` is pinned with {} and {} bytes, and `{}` has {} and {} bytes",
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
    reference: &Reference,
    fetched: Fetched,
    granted: BTreeSet<String>,
    given: &BTreeSet<String>,
    verb: &str,
    (lock, store): (&mut Lock, &Store),
) -> Result<Added, Failure> {
    let asks = grants::asks(&fetched.bundle, &fetched.surfaces);
    grants::check_wanted(given, &asks, reference)?;
    grants::check_granted(
        concerned(&asks, reference, &fetched.bundle)?,
        &granted,
        reference,
        verb,
    )?;
    // A grant that is no longer asked for would come back unseen with a later version.
    let grants = granted
        .into_iter()
        .filter(|grant| asks.iter().any(|ask| ask.import == *grant))
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
            .map_or(Contract::V0_1, |manifest| manifest.contract),
        grants,
        signer,
        components: components(&bundle),
    };
    lock.set(pin.clone());
    Ok(Added { pin, bundle, asks })
}

fn components(bundle: &Bundle) -> Vec<PinnedComponent> {
    let pinned = |part: &crate::bundle::Part| PinnedComponent {
        name: part.name.clone(),
        sha256: part.component.digest,
        size: part.component.size,
    };
    bundle.parts.iter().map(pinned).collect()
}

/// The requests of the component that a reference names, or of all.
fn concerned<'a>(
    asks: &'a [Ask],
    reference: &Reference,
    bundle: &Bundle,
) -> Result<impl Iterator<Item = &'a Ask>, Failure> {
    let name: Option<Name> = reference.component().cloned();
    if name.is_some() {
        bundle.part(name.as_ref(), &format!("`{reference}`"))?;
    }
    Ok(asks
        .iter()
        .filter(move |ask| name.as_ref().is_none_or(|name| ask.component == *name)))
}

/// Who signed other releases of the same repository: a new tag has to come from them too.
fn known_signer<'a>(reference: &Reference, lock: &'a Lock) -> Option<&'a PublicKey> {
    lock.pins()
        .filter(|pin| pin.source.place() == reference.place())
        .find_map(|pin| pin.signer.as_ref())
}

/// Trust on first use: who signed once has to sign again.
fn check_signer(
    reference: &Reference,
    known: Option<&PublicKey>,
    now: Option<&PublicKey>,
) -> Result<(), Failure> {
    let Some(known) = known.filter(|known| now != Some(known)) else {
        return Ok(());
    };
    let now = now.map_or_else(|| "by nobody".to_owned(), |now| format!("by {now}"));
    let what = format!("`{reference}` is signed {now}; so far it was signed by {known}");
    Err(Failure::new(FailureKind::Integrity, what).hint(format!(
        "ask its author; only if the change is meant: `tpo plugin update {} --accept-signer`",
        reference.source()
    )))
}

/// What a surface of one component asks for; for checks on each use.
pub(crate) fn check_use(
    reference: &Reference,
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
    let asks = grants::asks(bundle, &surfaces);
    grants::check_granted(asks.iter(), &pin.grants, reference, "add")
}
