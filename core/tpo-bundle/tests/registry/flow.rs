//! The whole way with a real registry: published by one, used by another.

use std::fs;

use tpo_bundle::{Mode, Package};
use tpo_types::{Digest, FailureKind, PluginRole};

use crate::author::{Author, User, anonymous, said};
use crate::server::Server;

#[test]
fn what_one_publishes_another_uses_by_name() {
    let server = Server::start();
    let author = Author::pair("1.2.0");
    let published = author.publish(&server.name("judges/strict"));
    assert_eq!(
        published.reference.to_string(),
        format!(
            "{}@{}",
            server.name("judges/strict:1.2.0"),
            published.digest
        )
    );
    // The same directory is the same bundle, wherever and whenever.
    let again = Author::pair("1.2.0").publish(&server.name("judges/strict:1.2.0"));
    assert_eq!(again, published);

    let mut user = User::new();
    let name = server.name("judges/strict:1.2.0");
    let added = user.add(&name, &["model"], Mode::Default).unwrap();
    assert_eq!(added.pin.digest, published.digest);
    assert_eq!(added.requests.len(), 1);
    assert_eq!(
        added.requests[0].reason.as_deref(),
        Some("It asks for a second opinion.")
    );
    user.reopen();

    let resolved = user
        .resolve(&format!("{name}#asking"), Mode::Default)
        .unwrap();
    let bytes = fs::read(author.path().join("out/judge.wasm")).unwrap();
    assert_eq!(fs::read(&resolved.path).unwrap(), bytes);
    assert_eq!(
        (resolved.sha256, resolved.size),
        (Digest::of(&bytes), bytes.len() as u64)
    );
    assert_eq!(resolved.read().unwrap(), bytes);
    let component = resolved.component().unwrap();
    assert_eq!(
        (component.roles.as_slice(), component.config.len()),
        (&[PluginRole::Judge][..], 1)
    );
    assert_eq!(
        resolved.config_schema,
        Some(serde_json::json!({"type": "object"}))
    );
    assert_eq!(resolved.grants, ["tpo:plugin/model".to_owned()].into());
    assert_eq!(
        resolved.reference.to_string(),
        format!(
            "{}@{}#asking",
            server.name("judges/strict"),
            published.digest
        )
    );

    // Without a component, it is not clear which.
    let failure = user.resolve(&name, Mode::Default).unwrap_err();
    assert!(said(&failure).ends_with(
        "has several components [append `#` and the name of a component to the reference: asking, \
         format]"
    ));
    let failure = user
        .resolve(&format!("{name}#strict"), Mode::Default)
        .unwrap_err();
    assert!(said(&failure).contains("has no component `strict`"));
    assert_eq!(user.problems(Mode::Default), Vec::<String>::new());
    assert!(!user.lock.is_changed());
}

#[cfg(unix)]
#[test]
fn the_store_is_closed_to_others() {
    use std::os::unix::fs::PermissionsExt;
    let user = User::new();
    for directory in ["data/bundles", "data/bundles/sha256"] {
        let mode = fs::metadata(user.place.path().join(directory))
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o700, "{directory}");
    }
}

#[test]
fn a_tag_that_moves_moves_no_pin() {
    let server = Server::start();
    let name = server.name("strict:stable");
    let first = Author::judge("1.0.0").publish(&name);
    let mut user = User::new();
    user.add(&name, &[], Mode::Default).unwrap();
    user.reopen();

    let failure = tpo_bundle::publish(
        Author::judge("1.0.1").path(),
        &name.parse().unwrap(),
        &anonymous(),
    )
    .unwrap_err();
    assert_eq!(failure.kind(), FailureKind::Usage);
    assert!(said(&failure).contains("is already published"));
    let second = Author::judge("1.0.1").move_tag(&name);
    assert_ne!(first.digest, second.digest);

    let problems = user.problems(Mode::Default);
    assert_eq!(problems.len(), 1);
    assert!(problems[0].contains(&format!(
        "was moved to {}; the pin is {}",
        second.digest, first.digest
    )));
    assert_eq!(
        user.add(&name, &[], Mode::Default).unwrap().pin.digest,
        first.digest
    );
    assert_eq!(
        user.resolve(&name, Mode::Default)
            .unwrap()
            .reference
            .digest(),
        Some(&first.digest)
    );
    // Whoever has only the lock file gets what is pinned, not what the tag names.
    let mut other = User::new();
    fs::copy(user.lock_path(), other.lock_path()).unwrap();
    other.reopen_unsaved();
    assert_eq!(
        other
            .resolve(&name, Mode::Locked)
            .unwrap()
            .reference
            .digest(),
        Some(&first.digest)
    );
    // A digest in the reference that is not the pinned one is a contradiction.
    let failure = user
        .resolve(&second.reference.to_string(), Mode::Default)
        .unwrap_err();
    assert_eq!(failure.kind(), FailureKind::Integrity);
    assert!(!user.lock.is_changed());

    let updated = user.update(&name, false).unwrap();
    assert_eq!(
        (updated.before.digest, updated.now.pin.digest),
        (first.digest, second.digest)
    );
    user.reopen();
    assert_eq!(
        user.resolve(&name, Mode::Frozen)
            .unwrap()
            .reference
            .digest(),
        Some(&second.digest)
    );
    assert_eq!(user.problems(Mode::Default), Vec::<String>::new());
}

#[test]
fn a_byte_flipped_in_the_registry_is_refused() {
    let server = Server::start();
    let name = server.name("strict:1.0.0");
    let published = Author::judge("1.0.0").publish(&name);
    let component = Digest::of(crate::author::component("judge-plugin", "1.0.0"));
    for hex in [component.hex(), published.digest.hex()] {
        let path = server.blob(&hex);
        let good = fs::read(&path).unwrap();
        let mut bad = good.clone();
        bad[good.len() / 2] ^= 1;
        fs::write(&path, &bad).unwrap();
        let mut user = User::new();
        let failure = user
            .add(&published.reference.to_string(), &[], Mode::Default)
            .unwrap_err();
        assert!(
            matches!(
                failure.kind(),
                FailureKind::Integrity | FailureKind::Network
            ),
            "{}",
            said(&failure)
        );
        assert_eq!(user.stored(), Vec::<String>::new());
        assert_eq!(user.lock.pins().count(), 0);
        fs::write(&path, &good).unwrap();
    }
    User::new().add(&name, &[], Mode::Default).unwrap();
}

#[test]
fn without_a_registry_the_lock_file_is_enough() {
    let mut server = Server::start();
    let name = server.name("strict:1.0.0");
    Author::judge("1.0.0").publish(&name);
    let mut user = User::new();
    user.add(&name, &[], Mode::Default).unwrap();
    user.reopen();
    server.stop();

    for mode in [Mode::Default, Mode::Locked, Mode::Offline, Mode::Frozen] {
        assert!(user.resolve(&name, mode).is_ok(), "{mode:?}");
    }
    assert_eq!(user.problems(Mode::Offline), Vec::<String>::new());
    let problems = user.problems(Mode::Default);
    assert!(problems[0].contains("does not respond"), "{problems:?}");

    // What is not in the store cannot be had, and both ways of saying so are told apart.
    let mut other = User::new();
    fs::copy(user.lock_path(), other.lock_path()).unwrap();
    other.reopen_unsaved();
    let offline = other.resolve(&name, Mode::Offline).unwrap_err();
    assert!(
        said(&offline).contains("`--offline` does not allow contacting its registry"),
        "{}",
        said(&offline)
    );
    let down = other.resolve(&name, Mode::Default).unwrap_err();
    assert_eq!(down.kind(), FailureKind::Network);
    assert!(said(&down).contains("does not respond"), "{}", said(&down));
    assert_eq!(other.problems(Mode::Offline).len(), 1);
}

#[test]
fn a_file_of_the_store_that_changes_is_noticed_at_the_next_use() {
    let server = Server::start();
    let name = server.name("strict:1.0.0");
    let published = Author::judge("1.0.0").publish(&name);
    let mut user = User::new();
    let path = user.resolve(&name, Mode::Default).unwrap().path;
    let manifest = path.with_file_name(published.digest.hex());
    for path in [&path, &manifest] {
        let good = fs::read(path).unwrap();
        let mut bad = good.clone();
        bad[good.len() / 2] ^= 1;
        for bytes in [bad, good[1..].to_vec(), [&good[..], b"x"].concat()] {
            fs::write(path, bytes).unwrap();
            let failure = user.resolve(&name, Mode::Default).unwrap_err();
            assert_eq!(failure.kind(), FailureKind::Integrity);
            assert!(
                failure.to_string().contains("is damaged: it has "),
                "{failure}"
            );
            assert_eq!(user.problems(Mode::Offline).len(), 1);
        }
        // The advice of the message works.
        fs::remove_file(path).unwrap();
        assert!(user.resolve(&name, Mode::Offline).is_err());
        user.resolve(&name, Mode::Locked).unwrap();
        assert_eq!(fs::read(path).unwrap(), good);
    }
}

/// What is done to a good directory.
type Change = Box<dyn Fn(&Author)>;

#[test]
fn a_component_that_does_not_keep_its_manifest_is_not_published() {
    let refusal = |change: &Change| {
        let author = Author::pair("1.0.0");
        Package::read(author.path()).unwrap();
        change(&author);
        said(&Package::read(author.path()).unwrap_err())
    };
    let replace = |from: &'static str, to: &'static str| {
        move |author: &Author| {
            let text = fs::read_to_string(author.path().join("tpo-plugin.toml")).unwrap();
            assert!(text.contains(from), "{from}");
            author.write("tpo-plugin.toml", text.replacen(from, to, 1).as_bytes());
        }
    };
    let with =
        |file: &'static str, bytes: Vec<u8>| move |author: &Author| author.write(file, &bytes);
    let text = |text: &str| wat::parse_str(text).unwrap();
    let new =
        r#"(component (import "x" (instance $i)) (export "tpo:plugin/judge@0.2.0" (instance $i)))"#;
    let without = |author: &Author| fs::remove_file(author.path().join("out/judge.wasm")).unwrap();
    let cases: [(Change, &str); 9] = [
        (
            Box::new(replace("[\"judge\"]", "[\"pairwise-judge\"]")),
            "component `asking` is declared to be a pairwise-judge, but exports \
                tpo:plugin/metadata@0.1.0, \
             tpo:plugin/judge@0.1.0",
        ),
        (
            Box::new(replace(", \"response-parser\"", "")),
            "component `format` exports the role response-parser, which its manifest does not \
                declare",
        ),
        (
            Box::new(replace(
                "import = \"tpo:plugin/model\"",
                "import = \"tpo:plugin/web\"",
            )),
            "component `asking` imports `tpo:plugin/model`, but the manifest does not request that \
             permission [add to `tpo-plugin.toml`",
        ),
        (
            Box::new(with(
                "out/judge.wasm",
                crate::author::component("judge-plugin", ""),
            )),
            "the manifest requests permission for `tpo:plugin/model`, which no component imports",
        ),
        (
            Box::new(with("out/judge.wasm", text("(module)"))),
            "`out/judge.wasm` is a core module, not a component",
        ),
        (
            Box::new(with("out/judge.wasm", text(new))),
            "component `asking` was built for tpo:plugin 0.2.0, not 0.1",
        ),
        (
            Box::new(without),
            "`tpo-plugin.toml` names `out/judge.wasm`, but there is no",
        ),
        (
            Box::new(with("judge.schema.json", b"[]".to_vec())),
            "the configuration schema of `asking` is not a JSON object",
        ),
        (
            Box::new(with("judge.schema.json", vec![b' '; 300 << 10])),
            "is larger than 262144 bytes",
        ),
    ];
    for (change, what) in cases {
        let said = refusal(&change);
        assert!(said.contains(what), "{said}\nand not: {what}");
    }
    let empty = tempfile::tempdir().unwrap();
    assert!(said(&Package::read(empty.path()).unwrap_err()).contains("there is no"));
}

#[test]
fn a_tag_says_the_version_or_nothing() {
    let author = Author::judge("1.0.0");
    let refusal = |name: &str| {
        let failure =
            tpo_bundle::publish(author.path(), &name.parse().unwrap(), &anonymous()).unwrap_err();
        assert_eq!(failure.kind(), FailureKind::Usage);
        failure.to_string()
    };
    // None of these reaches a registry: there is none.
    assert_eq!(
        refusal("oci://127.0.0.1:9/a:2.0.0"),
        "the tag is `2.0.0`, but the bundle has version 1.0.0"
    );
    assert!(refusal("oci://127.0.0.1:9/a#strict").contains("only a whole bundle can be published"));
    let digest = Digest::of(b"");
    assert!(
        refusal(&format!("oci://127.0.0.1:9/a@{digest}"))
            .contains("only a whole bundle can be published")
    );
    author.manifest(
        "1.0.0+x",
        "[[component]]\nname = \"a\"\nfile = \"judge.wasm\"\nroles = [\"judge\"]\n",
    );
    assert_eq!(
        refusal("oci://127.0.0.1:9/a"),
        "version `1.0.0+x` has build metadata, which a tag cannot contain"
    );
}
