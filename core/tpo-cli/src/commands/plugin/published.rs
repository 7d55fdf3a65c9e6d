//! `tpo plugin publish`, `add`, `update`, `remove`, `verify` and `keygen`: published plugins and
//! the lock file.

use tpo_bundle::{Added, ArtifactLayout, BundleStore, Lock, Pin, PublishOptions, SecretKey};
use tpo_types::{Failure, FailureKind};

use crate::arguments::{
    AddArguments, KeygenArguments, PublishArguments, RemoveArguments, UpdateArguments,
    VerifyArguments,
};
use crate::printer::Printer;
use crate::text::printable;

pub(super) fn publish(arguments: &PublishArguments, printer: Printer) -> Result<(), Failure> {
    let options = PublishOptions {
        layout: if arguments.wasm {
            ArtifactLayout::Wasm
        } else {
            ArtifactLayout::Bundle
        },
        key: arguments.key.as_deref().map(SecretKey::read).transpose()?,
        move_tag: arguments.move_tag,
        ..PublishOptions::default()
    };
    let published = tpo_bundle::publish(&arguments.directory, &arguments.reference, &options)?;
    printer.data(&published.reference.to_string());
    printer.status(&format!(
        "published {} bytes; pin it with `tpo plugin add {}`",
        published.size, published.reference
    ));
    Ok(())
}

pub(super) fn add(arguments: &AddArguments, printer: Printer) -> Result<(), Failure> {
    let mut lock = Lock::open(&arguments.lock.file)?;
    let mode = arguments.lock.flags.mode();
    let added = tpo_bundle::add(
        &arguments.reference,
        &arguments.grant,
        &mut lock,
        &store()?,
        mode,
    )?;
    save(&mut lock)?;
    printer.status(&granted(&added));
    printer.data(&line(&added.pin));
    Ok(())
}

pub(super) fn update(arguments: &UpdateArguments, printer: Printer) -> Result<(), Failure> {
    let mut lock = Lock::open(&arguments.lock.file)?;
    let UpdateArguments {
        reference,
        grant,
        accept_signer,
        ..
    } = arguments;
    let mode = arguments.lock.flags.mode();
    let updated = tpo_bundle::update(reference, grant, *accept_signer, &mut lock, &store()?, mode)?;
    save(&mut lock)?;
    if updated.before.digest == updated.now.pin.digest {
        printer.status("the pin is up to date");
    } else {
        printer.status(&format!(
            "updated from {} to {}",
            updated.before.digest, updated.now.pin.digest
        ));
    }
    printer.status(&granted(&updated.now));
    printer.data(&line(&updated.now.pin));
    Ok(())
}

pub(super) fn remove(arguments: &RemoveArguments, printer: Printer) -> Result<(), Failure> {
    let mut lock = Lock::open(&arguments.lock.file)?;
    let removed = tpo_bundle::remove(&arguments.reference, &mut lock, arguments.lock.flags.mode())?;
    save(&mut lock)?;
    printer.status(&format!(
        "`{}` is no longer pinned; its files stay in the store for other projects",
        removed.source
    ));
    Ok(())
}

pub(super) fn verify(arguments: &VerifyArguments, printer: Printer) -> Result<(), Failure> {
    let lock = Lock::open(&arguments.lock.file)?;
    let mut problems = 0;
    for verified in tpo_bundle::verify(&lock, &store()?, arguments.lock.flags.mode()) {
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
        "{problems} checks of `{}` failed",
        arguments.lock.file.display()
    );
    Err(Failure::new(FailureKind::Integrity, what))
}

pub(super) fn keygen(arguments: &KeygenArguments, printer: Printer) -> Result<(), Failure> {
    let public = tpo_bundle::keygen(&arguments.file)?;
    printer.status(&format!(
        "wrote the secret key to `{}`; keep it safe. The public key is:",
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

/// What a bundle is granted, before it runs for the first time.
fn granted(added: &Added) -> String {
    if added.requests.is_empty() {
        return "it requests no imports".into();
    }
    let grants = added.requests.iter().map(|request| {
        let reason = request.reason.as_deref().unwrap_or("no reason given");
        format!(
            "granted `{1}` to `{0}`; reason: {2}",
            request.component,
            request.import,
            printable(reason)
        )
    });
    grants.collect::<Vec<_>>().join("\n")
}
