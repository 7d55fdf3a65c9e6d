//! Signatures: trusted at first sight, missed ever after.

use std::fs;

use tempfile::TempDir;
use tpo_bundle::{Mode, PublicKey, PublishOptions, SecretKey};
use tpo_types::FailureKind;

use crate::author::{Author, User, anonymous, said};
use crate::server::Server;

struct Keys(TempDir);

impl Keys {
    fn new() -> Self {
        Self(TempDir::new().unwrap())
    }

    fn make(&self, name: &str) -> PublicKey {
        tpo_bundle::keygen(&self.0.path().join(name)).unwrap()
    }

    /// Publishes under a tag that may be taken, signed or not.
    fn publish(&self, version: &str, reference: &str, key: Option<&str>) {
        let key = key.map(|name| SecretKey::read(&self.0.path().join(name)).unwrap());
        let options = PublishOptions {
            key,
            move_tag: true,
            ..anonymous()
        };
        tpo_bundle::publish(
            Author::judge(version).path(),
            &reference.parse().unwrap(),
            &options,
        )
        .unwrap();
    }
}

#[test]
fn who_signed_first_has_to_sign_again() {
    let server = Server::start();
    let keys = Keys::new();
    let (alice, mallory) = (keys.make("alice"), keys.make("mallory"));
    let name = server.name("strict:stable");
    keys.publish("1.0.0", &name, Some("alice"));
    let mut user = User::new();
    assert_eq!(
        user.add(&name, &[], Mode::Default).unwrap().pin.signer,
        Some(alice.clone())
    );
    user.reopen();
    assert!(user.lock_text().contains(&format!("signer = \"{alice}\"")));
    assert_eq!(user.problems(Mode::Default), Vec::<String>::new());
    keys.publish("1.0.1", &name, Some("alice"));
    user.update(&name, false).unwrap();
    user.reopen();

    for (version, key, who) in [
        ("1.0.2", Some("mallory"), format!("signed by {mallory}")),
        ("1.0.3", None, "not signed".into()),
    ] {
        keys.publish(version, &name, key);
        let stored = user.stored();
        let failure = user.update(&name, false).unwrap_err();
        assert_eq!(failure.kind(), FailureKind::Integrity);
        let what = format!("is {who}; it used to be signed by {alice}");
        assert!(failure.to_string().ends_with(&what), "{failure}");
        assert!(said(&failure).contains(&format!("`tpo plugin update {name} --accept-signer`")));
        // Another tag of the same repository is held to the same signer.
        let other = server.name(&format!("strict:{version}"));
        keys.publish(version, &other, key);
        assert_eq!(
            user.add(&other, &[], Mode::Default).unwrap_err().kind(),
            FailureKind::Integrity
        );
        assert_eq!(user.stored(), stored);
        assert!(!user.lock.is_changed());
    }
    keys.publish("1.0.2", &name, None);
    let updated = user.update(&name, true).unwrap();
    assert_eq!(
        (updated.before.signer, updated.now.pin.signer),
        (Some(alice), Some(mallory))
    );
}

#[test]
fn a_signature_is_for_one_bundle_in_one_place() {
    let server = Server::start();
    let keys = Keys::new();
    let alice = keys.make("alice");
    let name = server.name("strict:1.0.0");
    keys.publish("1.0.0", &name, Some("alice"));
    let mut user = User::new();
    let pin = user.add(&name, &[], Mode::Default).unwrap().pin;
    user.reopen();

    // The blob of the signature, found as the registry keeps it: a text that names the key.
    let tag = format!("sha256-{}.sig", pin.digest.hex());
    let link = server
        .repository("strict")
        .join("_manifests/tags")
        .join(&tag)
        .join("current/link");
    let manifest = fs::read_to_string(&link).unwrap();
    let manifest =
        fs::read_to_string(server.blob(manifest.strip_prefix("sha256:").unwrap())).unwrap();
    let manifest: serde_json::Value = serde_json::from_str(&manifest).unwrap();
    assert_eq!(manifest["artifactType"], "application/vnd.tpo.signature.v1");
    let blob = server.blob(
        manifest["layers"][0]["digest"]
            .as_str()
            .unwrap()
            .strip_prefix("sha256:")
            .unwrap(),
    );
    assert!(
        fs::read_to_string(blob)
            .unwrap()
            .contains(&alice.to_string())
    );

    // A signature that is carried to another bundle is refused, not taken for none.
    keys.publish("1.0.1", &server.name("strict:1.0.1"), None);
    let moved = Author::judge("1.0.1")
        .publish(&server.name("strict:1.0.1"))
        .digest;
    let tags = server.repository("strict").join("_manifests/tags");
    let stolen = tags
        .join(format!("sha256-{}.sig", moved.hex()))
        .join("current");
    fs::create_dir_all(&stolen).unwrap();
    fs::copy(&link, stolen.join("link")).unwrap();
    let failure = User::new()
        .add(&server.name("strict:1.0.1"), &[], Mode::Default)
        .unwrap_err();
    assert_eq!(failure.kind(), FailureKind::Integrity);
    assert!(
        failure
            .to_string()
            .ends_with(&format!("was not made with the key {alice}")),
        "{failure}"
    );

    // One that vanishes is seen by `verify`.
    fs::remove_dir_all(tags.join(&tag)).unwrap();
    let problems = user.problems(Mode::Default);
    assert_eq!(problems.len(), 1);
    assert!(problems[0].contains("is now not signed; it was pinned with a signature of ed25519:"));
}

#[test]
fn a_key_is_kept_to_oneself() {
    let keys = Keys::new();
    let public = keys.make("key");
    let path = keys.0.path().join("key");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(
            fs::metadata(&path).unwrap().permissions().mode() & 0o777,
            0o600
        );
    }
    let key = SecretKey::read(&path).unwrap();
    assert_eq!(key.public(), public);
    assert_eq!(public.to_string().parse::<PublicKey>().unwrap(), public);
    let secret = fs::read_to_string(&path).unwrap();
    assert!(!format!("{key:?}").contains(secret.trim().rsplit(':').next().unwrap()));
    assert!(
        said(&tpo_bundle::keygen(&path).unwrap_err())
            .contains("existing keys are never overwritten")
    );
    assert_ne!(keys.make("other"), public);
    fs::write(&path, "tpo-secret-key:ed25519:12").unwrap();
    assert!(said(&SecretKey::read(&path).unwrap_err()).contains("does not contain a signing key"));
    for bad in [
        "",
        "ed25519:",
        "ed25519:00",
        &format!("ed25519:{}", "0".repeat(64)),
        "x\u{1b}[2J",
    ] {
        let failure = bad.parse::<PublicKey>().expect_err(bad);
        assert!(failure.to_string().ends_with("is not a public key"));
    }
}
