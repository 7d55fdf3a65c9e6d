//! The lock file: what it says, when it may change, and what it grants.

use std::fs;

use tpo_bundle::{Lock, Mode};
use tpo_types::{Failure, FailureKind};

use crate::author::{Author, User, said};
use crate::server::Server;

#[test]
fn the_file_is_sorted_and_the_same_for_the_same_pins() {
    let server = Server::start();
    let names = [
        server.name("b/strict:1.0.0"),
        server.name("a/strict:1.0.0"),
        server.name("a/pair:2.0.0"),
    ];
    Author::judge("1.0.0").publish(&names[0]);
    Author::judge("1.0.0").publish(&names[1]);
    Author::pair("2.0.0").publish(&names[2]);
    let (mut one, mut other) = (User::new(), User::new());
    for name in &names {
        one.add(
            name,
            if name.contains("pair") {
                &["model"]
            } else {
                &[]
            },
            Mode::Default,
        )
        .unwrap();
    }
    for name in names.iter().rev() {
        other
            .add(
                name,
                if name.contains("pair") {
                    &["tpo:plugin/model"]
                } else {
                    &[]
                },
                Mode::Default,
            )
            .unwrap();
        other.reopen();
    }
    one.reopen();
    assert_eq!(one.lock_text(), other.lock_text());
    let sources: Vec<String> = one.lock.pins().map(|pin| pin.source.to_string()).collect();
    assert_eq!(
        sources,
        [names[2].clone(), names[1].clone(), names[0].clone()]
    );
    let text = one.lock_text();
    assert!(
        text.starts_with("# Written by tpo; only `tpo plugin update` moves a pin.\nversion = 1\n"),
        "{text}"
    );
    assert!(
        text.contains("contract = \"0.1\"\ngrants = [\"tpo:plugin/model\"]\n"),
        "{text}"
    );

    let before = fs::metadata(one.lock_path()).unwrap().modified().unwrap();
    one.add(&names[0], &[], Mode::Default).unwrap();
    one.lock.save().unwrap();
    assert_eq!(
        fs::metadata(one.lock_path()).unwrap().modified().unwrap(),
        before,
        "it is written without need"
    );

    tpo_bundle::remove(&names[2].parse().unwrap(), &mut one.lock, Mode::Default).unwrap();
    one.reopen();
    assert!(!one.lock_text().contains("pair"));
    let failure =
        tpo_bundle::remove(&names[2].parse().unwrap(), &mut one.lock, Mode::Default).unwrap_err();
    assert!(said(&failure).contains(&format!(
        "has no pin for `{}` [the pins are `{}`",
        names[2], names[1]
    )));
}

#[test]
fn the_flags_mean_what_they_mean_in_cargo() {
    let server = Server::start();
    let name = server.name("strict:1.0.0");
    Author::judge("1.0.0").publish(&name);
    let mut user = User::new();
    let refused = |result: Result<tpo_bundle::Resolved, Failure>, kind: FailureKind, what: &str| {
        let failure = result.expect_err(what);
        assert_eq!(failure.kind(), kind);
        assert!(said(&failure).contains(what), "{}", said(&failure));
    };
    // Without a lock file.
    refused(
        user.resolve(&name, Mode::Locked),
        FailureKind::Usage,
        "there is no `",
    );
    refused(
        user.resolve(&name, Mode::Frozen),
        FailureKind::Usage,
        "and `--frozen` does not allow changing the lock file",
    );
    refused(
        user.resolve(&name, Mode::Offline),
        FailureKind::Network,
        "and `--offline` does not allow contacting its registry",
    );
    assert!(user.stored().is_empty() && !user.lock_path().exists());
    // With a lock file for something else.
    let other = server.name("strict:latest");
    Author::judge("1.0.0").publish(&other);
    user.resolve(&other, Mode::Default).unwrap();
    user.reopen();
    refused(
        user.resolve(&name, Mode::Locked),
        FailureKind::Usage,
        "has no pin for `",
    );
    // With the right one, and an empty store.
    user.resolve(&name, Mode::Default).unwrap();
    user.reopen();
    let mut fresh = User::new();
    fs::copy(user.lock_path(), fresh.lock_path()).unwrap();
    fresh.reopen_unsaved();
    refused(
        fresh.resolve(&name, Mode::Frozen),
        FailureKind::Network,
        "and `--frozen` does not allow contacting its registry",
    );
    fresh.resolve(&name, Mode::Locked).unwrap();
    fresh.resolve(&name, Mode::Frozen).unwrap();
    assert!(!fresh.lock.is_changed());
    // What changes the file is refused, also where it would not need a registry.
    for mode in [Mode::Locked, Mode::Frozen] {
        let reference = name.parse().unwrap();
        assert!(tpo_bundle::remove(&reference, &mut fresh.lock, mode).is_err());
        assert!(
            tpo_bundle::update(&reference, &[], false, &mut fresh.lock, &fresh.store, mode)
                .is_err()
        );
    }
    assert_eq!(Mode::of_flags(false, false, true), Mode::Frozen);
    assert_eq!(Mode::of_flags(true, true, false), Mode::Frozen);
    assert_eq!(Mode::of_flags(true, false, false), Mode::Locked);
    assert_eq!(Mode::of_flags(false, true, false), Mode::Offline);
}

#[test]
fn what_a_component_asks_for_has_to_be_granted() {
    let server = Server::start();
    let name = server.name("pair:1.0.0");
    Author::pair("1.0.0").publish(&name);
    let mut user = User::new();
    let line = format!("to grant it: `tpo plugin add {name} --grant tpo:plugin/model`");
    for result in [
        user.add(&name, &[], Mode::Default).map(drop),
        user.resolve(&name, Mode::Default).map(drop),
    ] {
        let failure = result.unwrap_err();
        assert_eq!(failure.kind(), FailureKind::Plugin);
        assert_eq!(failure.nearest_hint(), Some(line.as_str()));
        assert!(
            failure
                .to_string()
                .contains("component `asking` of `oci://")
                && failure.to_string().ends_with(
                    "requests `tpo:plugin/model` (\"It asks for a second opinion.\"), which is not \
                     granted"
                ),
            "{failure}"
        );
    }
    assert!(user.stored().is_empty() && user.lock.pins().count() == 0);
    // A grant that nobody asks for has no effect, and that is an error.
    let failure = user
        .add(&name, &["model", "net"], Mode::Default)
        .unwrap_err();
    assert_eq!(
        said(&failure),
        format!(
            "`tpo:plugin/net` is granted, but no component of `{name}` requests it [it requests \
             `tpo:plugin/model`]"
        )
    );

    // The component that asks for nothing can be used alone, and that grants the other one nothing.
    user.add(&format!("{name}#format"), &[], Mode::Default)
        .unwrap();
    user.reopen();
    user.resolve(&format!("{name}#format"), Mode::Frozen)
        .unwrap();
    let failure = user
        .resolve(&format!("{name}#asking"), Mode::Default)
        .unwrap_err();
    assert!(said(&failure).contains(&format!(
        "`tpo plugin add {name}#asking --grant tpo:plugin/model`"
    )));
    assert!(user.add(&name, &["model"], Mode::Locked).is_err());
    user.add(&name, &["model"], Mode::Default).unwrap();
    user.reopen();
    user.resolve(&format!("{name}#asking"), Mode::Frozen)
        .unwrap();

    // A grant is for what is asked: when nothing is, it goes.
    let text = fs::read_to_string(Author::judge("1.0.0").path().join("tpo-plugin.toml")).unwrap();
    assert!(!text.contains("permission"));
    Author::judge("1.0.0").move_tag(&name);
    let updated = user.update(&name, false).unwrap();
    assert!(updated.now.pin.grants.is_empty() && !updated.before.grants.is_empty());
    // And when it is asked again, it is asked again.
    Author::pair("1.0.0").move_tag(&name);
    let failure = user.update(&name, false).unwrap_err();
    assert!(said(&failure).contains(&format!(
        "`tpo plugin update {name} --grant tpo:plugin/model`"
    )));
    assert_eq!(user.lock.pins().next().unwrap(), &updated.now.pin);
}

#[test]
fn a_lock_file_that_says_other_things_than_the_bundle_is_refused() {
    let server = Server::start();
    let name = server.name("strict:1.0.0");
    Author::judge("1.0.0").publish(&name);
    let mut user = User::new();
    user.resolve(&name, Mode::Default).unwrap();
    user.reopen();
    let good = user.lock_text();
    let component = tpo_types::Digest::of(crate::author::component("judge-plugin", "1.0.0"));
    let other = tpo_types::Digest::of(b"other");
    let size = crate::author::component("judge-plugin", "1.0.0").len();
    let cases = [
        (
            component.to_string(),
            other.to_string(),
            FailureKind::Integrity,
            "component `strict` is pinned with",
        ),
        (
            format!("size = {size}"),
            "size = 7".to_owned(),
            FailureKind::Integrity,
            "(7 bytes), but `strict` has",
        ),
        (
            "\"strict\"".to_owned(),
            "\"loose\"".to_owned(),
            FailureKind::Integrity,
            "component `loose` is pinned with",
        ),
        (
            "version = 1\n".to_owned(),
            "version = 2\n".to_owned(),
            FailureKind::Input,
            "has format version 2; this version of tpo reads 1",
        ),
        (
            "contract = \"0.1\"".to_owned(),
            String::new(),
            FailureKind::Input,
            "is not a lock file: ",
        ),
        (
            "contract".to_owned(),
            "contrakt".to_owned(),
            FailureKind::Input,
            "is not a lock file: ",
        ),
        (
            ":1.0.0\"".to_owned(),
            ":1.0.0#strict\"".to_owned(),
            FailureKind::Input,
            "cannot be pinned",
        ),
    ];
    for (from, to, kind, what) in cases {
        assert!(good.contains(&from), "{from}");
        fs::write(user.lock_path(), good.replacen(&from, &to, 1)).unwrap();
        let failure = Lock::open(&user.lock_path())
            .and_then(|mut lock| {
                tpo_bundle::resolve(&name.parse()?, &mut lock, &user.store, Mode::Default)
            })
            .expect_err(what);
        assert_eq!(failure.kind(), kind, "{what}");
        assert!(said(&failure).contains(what), "{}", said(&failure));
    }
    let twice = format!("{good}{}", &good[good.find("[[plugin]]").unwrap()..]);
    fs::write(user.lock_path(), twice).unwrap();
    assert!(said(&Lock::open(&user.lock_path()).unwrap_err()).contains("has two pins for"));

    // Also where the bundle has to be fetched first: it is not kept.
    let mut fresh = User::new();
    let manifest_size = user.lock.pins().next().unwrap().size;
    fs::write(
        fresh.lock_path(),
        good.replacen(&format!("size = {manifest_size}"), "size = 7", 1),
    )
    .unwrap();
    fresh.reopen_unsaved();
    let failure = fresh.resolve(&name, Mode::Default).unwrap_err();
    assert_eq!(failure.kind(), FailureKind::Integrity);
    assert!(
        said(&failure).contains(&format!("its manifest has {manifest_size} bytes, not 7")),
        "{}",
        said(&failure)
    );
    assert!(fresh.stored().is_empty());

    // Two processes do not lose each other's pins.
    fs::write(user.lock_path(), &good).unwrap();
    user.reopen_unsaved();
    tpo_bundle::remove(&name.parse().unwrap(), &mut user.lock, Mode::Default).unwrap();
    fs::write(user.lock_path(), format!("{good}\n")).unwrap();
    assert_eq!(user.lock.save().unwrap_err().kind(), FailureKind::InUse);
}
