//! `tpo plugin publish`, `add`, `update`, `remove`, `verify` and `keygen`: plugins by where they
//! are published.

use tpo_bundle::{Added, BundleStore, Layout, Lock, Pin, PublishOptions, SecretKey};
use tpo_types::{Failure, FailureKind};

use crate::arguments::{
    AddArguments, KeygenArguments, PublishArguments, RemoveArguments, UpdateArguments,
    VerifyArguments,
};
use crate::printer::Printer;
use crate::text::printable;

pub(crate) fn publish(arguments: &PublishArguments, printer: Printer) -> Result<(), Failure> {
    let options = PublishOptions {
        layout: if arguments.wasm {
            Layout::Wasm
        } else {
            Layout::Bundle
        },
        key: arguments.key.as_deref().map(SecretKey::read).transpose()?,
        move_tag: arguments.move_tag,
        ..PublishOptions::default()
    };
    let published = tpo_bundle::publish(&arguments.directory, &arguments.reference, &options)?;
    printer.data(&published.reference.to_string());
    printer.talk(&format!(
        "published {} bytes; `tpo plugin add {}` pins it",
        published.size, published.reference
    ));
    Ok(())
}

pub(crate) fn add(arguments: &AddArguments, printer: Printer) -> Result<(), Failure> {
    let mut lock = Lock::open(&arguments.lock.lock)?;
    let mode = arguments.lock.mode.mode();
    let added = tpo_bundle::add(
        &arguments.reference,
        &arguments.grant,
        &mut lock,
        &store()?,
        mode,
    )?;
    save(&mut lock)?;
    printer.talk(&asked(&added));
    printer.data(&line(&added.pin));
    Ok(())
}

pub(crate) fn update(arguments: &UpdateArguments, printer: Printer) -> Result<(), Failure> {
    let mut lock = Lock::open(&arguments.lock.lock)?;
    let UpdateArguments {
        reference,
        grant,
        accept_signer,
        ..
    } = arguments;
    let mode = arguments.lock.mode.mode();
    let updated = tpo_bundle::update(reference, grant, *accept_signer, &mut lock, &store()?, mode)?;
    save(&mut lock)?;
    if updated.before.digest == updated.now.pin.digest {
        printer.talk("the tag still names what is pinned");
    } else {
        printer.talk(&format!(
            "moved from {} to {}",
            updated.before.digest, updated.now.pin.digest
        ));
    }
    printer.talk(&asked(&updated.now));
    printer.data(&line(&updated.now.pin));
    Ok(())
}

pub(crate) fn remove(arguments: &RemoveArguments, printer: Printer) -> Result<(), Failure> {
    let mut lock = Lock::open(&arguments.lock.lock)?;
    let removed = tpo_bundle::remove(&arguments.reference, &mut lock, arguments.lock.mode.mode())?;
    save(&mut lock)?;
    printer.talk(&format!(
        "`{}` is no longer pinned; what was fetched stays for other projects",
        removed.source
    ));
    Ok(())
}

pub(crate) fn verify(arguments: &VerifyArguments, printer: Printer) -> Result<(), Failure> {
    let lock = Lock::open(&arguments.lock.lock)?;
    let mut problems = 0;
    for verified in tpo_bundle::verify(&lock, &store()?, arguments.lock.mode.mode()) {
        let state = if verified.problems.is_empty() {
            "ok    "
        } else {
            "FAILED"
        };
        printer.data(&format!("{state} {}", line(&verified.pin)));
        for problem in &verified.problems {
            problems += 1;
            printer.failure(problem);
        }
    }
    if problems == 0 {
        return Ok(());
    }
    let what = format!(
        "{problems} of the checks of `{}` fail",
        arguments.lock.lock.display()
    );
    Err(Failure::new(FailureKind::Integrity, what))
}

pub(crate) fn keygen(arguments: &KeygenArguments, printer: Printer) -> Result<(), Failure> {
    let public = tpo_bundle::keygen(&arguments.file)?;
    printer.talk(&format!(
        "the secret key is in `{}`; keep it. The public key:",
        arguments.file.display()
    ));
    printer.data(&public.to_string());
    Ok(())
}

fn store() -> Result<BundleStore, Failure> {
    BundleStore::open(&tpo_lm::paths::data_dir()?)
}

fn save(lock: &mut Lock) -> Result<(), Failure> {
    if lock.is_changed() {
        lock.save()
    } else {
        Ok(())
    }
}

fn line(pin: &Pin) -> String {
    let signer = pin.signer.as_ref().map_or_else(
        || "unsigned".to_owned(),
        |signer| format!("signed by {signer}"),
    );
    format!("{} {} ({signer})", pin.source, pin.digest)
}

/// The permissions that a bundle requests.
fn asked(added: &Added) -> String {
    if added.requests.is_empty() {
        return "it requests no permissions".into();
    }
    let grants = added.requests.iter().map(|request| {
        let reason = request.reason.as_deref().unwrap_or("no reason is given");
        format!(
            "granted to `{}`: `{}` ({})",
            request.component,
            request.import,
            printable(reason)
        )
    });
    grants.collect::<Vec<_>>().join("\n")
}
