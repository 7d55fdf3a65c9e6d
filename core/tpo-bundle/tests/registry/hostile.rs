//! A registry that is broken or lies, in twelve ways and some more: nothing of it is taken.

use std::fs;
use std::io::Write;
use std::time::{Duration, Instant};

use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value, json};
use tpo_bundle::{Access, Mode};
use tpo_types::{Digest, Failure, FailureKind};

use crate::author::{Author, User, component, nobody, said};
use crate::stand_in::{Reply, Request, StandIn};

pub(crate) const TIMEOUT: Duration = Duration::from_millis(400);

/// Somebody who has no time.
pub(crate) fn user() -> User {
    User::with(Access {
        timeout: TIMEOUT,
        ..nobody()
    })
}

/// A registry with a good bundle in it.
pub(crate) fn registry() -> StandIn {
    let registry = StandIn::start();
    Author::judge("1.0.0").publish(&registry.name("strict:1.0.0"));
    registry
}

/// The address of the component.
fn wasm() -> String {
    format!(
        "/v2/strict/blobs/{}",
        Digest::of(component("judge-plugin", "1.0.0"))
    )
}

/// Adds the bundle, which has to fail and to leave nothing.
pub(crate) fn refused(registry: &StandIn, kind: FailureKind, what: &str) -> Failure {
    let mut user = user();
    let failure = user
        .add(&registry.name("strict:1.0.0"), &[], Mode::Default)
        .expect_err(what);
    assert_eq!(user.stored(), Vec::<String>::new(), "{what}");
    assert_eq!(user.lock.pins().count(), 0, "{what}");
    let said = said(&failure);
    assert!(said.contains(what), "{said}\nand not: {what}");
    assert!(
        failure.kind() == kind && matches!(kind.exit_code(), 5 | 6),
        "{:?}: {said}",
        failure.kind()
    );
    failure
}

/// Answers for the component are made from the true ones.
fn component_becomes(registry: &StandIn, change: impl Fn(&Reply) -> Reply + Send + 'static) {
    let path = wasm();
    registry.fail(move |request, truth| (request.path == path).then(|| change(truth)));
}

/// The manifest is another one, with the digest that it really has.
pub(crate) fn manifest_becomes(registry: &StandIn, change: impl FnOnce(&mut Value)) {
    let mut manifest = registry.manifest("strict", "1.0.0");
    change(&mut manifest);
    let bytes = serde_json::to_vec(&manifest).unwrap();
    registry.fail(move |request, _| is_manifest(request).then(|| Reply::manifest(&bytes)));
}

pub(crate) fn is_manifest(request: &Request) -> bool {
    request.path.ends_with("/manifests/1.0.0")
}

#[test]
fn the_good_bundle_is_taken() {
    // All of the others differ from this in their fault only.
    let registry = registry();
    let mut user = user();
    user.add(&registry.name("strict:1.0.0"), &[], Mode::Default)
        .unwrap();
    assert_eq!(user.stored().len(), 4);
}

#[cfg(unix)]
#[test]
fn what_a_killed_download_left_is_swept_up_later() {
    let registry = registry();
    let mut user = user();
    let root = user.place.path().join("data/bundles");
    let day = Duration::from_hours(24);
    for (name, age) in [("incoming-old", day * 2), ("incoming-new", Duration::ZERO)] {
        fs::create_dir(root.join(name)).unwrap();
        let directory = fs::File::open(root.join(name)).unwrap();
        directory
            .set_modified(std::time::SystemTime::now() - age)
            .unwrap();
    }
    user.add(&registry.name("strict:1.0.0"), &[], Mode::Default)
        .unwrap();
    let left: Vec<String> = user
        .stored()
        .into_iter()
        .filter(|name| name.starts_with("incoming"))
        .collect();
    assert_eq!(left, ["incoming-new"]);
}

#[test]
fn fault_1_a_moved_tag() {
    let registry = registry();
    let name = registry.name("strict:1.0.0");
    let mut owner = user();
    owner.add(&name, &[], Mode::Default).unwrap();
    owner.reopen();
    Author::judge("1.0.0-fake").move_tag(&registry.name("strict:stable"));
    // Even under the digest that is pinned, the other bundle is given.
    let other = serde_json::to_vec(&registry.manifest("strict", "stable")).unwrap();
    registry.fail(move |request, _| {
        let is_main = request.path.contains("/manifests/") && !request.path.contains("/sha256-");
        is_main.then(|| Reply::manifest(&other))
    });
    let mut user = user();
    fs::copy(owner.lock_path(), user.lock_path()).unwrap();
    user.reopen_unsaved();
    let failure = user.resolve(&name, Mode::Default).unwrap_err();
    assert_eq!(failure.kind(), FailureKind::Integrity);
    assert!(
        failure
            .to_string()
            .contains("sent bytes with the digest sha256:"),
        "{failure}"
    );
    assert_eq!(user.stored(), Vec::<String>::new());
    assert!(owner.problems(Mode::Default)[0].contains("was moved to"));
}

#[test]
fn fault_2_a_flipped_byte() {
    let registry = registry();
    component_becomes(&registry, |truth| {
        let mut reply = truth.clone();
        reply.body[100] ^= 1;
        reply
    });
    refused(
        &registry,
        FailureKind::Integrity,
        "sent bytes with the digest sha256:",
    );
}

#[test]
fn fault_2_a_manifest_that_is_not_what_its_header_says() {
    let registry = registry();
    registry.fail(|request, truth| {
        let header = Digest::of(b"").to_string();
        let reply = || Reply {
            headers: Vec::new(),
            ..truth.clone()
        };
        let media_type = truth
            .headers
            .first()
            .map(|(_, value)| value.clone())
            .unwrap_or_default();
        let changed = || {
            reply()
                .header("Content-Type", media_type)
                .header("Docker-Content-Digest", header)
        };
        is_manifest(request).then(changed)
    });
    refused(
        &registry,
        FailureKind::Integrity,
        &format!(", not {}", Digest::of(b"")),
    );
}

#[test]
fn fault_3_too_short() {
    let registry = registry();
    component_becomes(&registry, |truth| Reply {
        length: None,
        body: truth.body[..500].to_vec(),
        ..truth.clone()
    });
    refused(
        &registry,
        FailureKind::Integrity,
        "sent only 500 bytes, not ",
    );
    // The connection breaks before everything that was announced has come.
    component_becomes(&registry, |truth| Reply {
        body: truth.body[..500].to_vec(),
        ..truth.clone()
    });
    refused(
        &registry,
        FailureKind::Network,
        "stopped in the middle of its response",
    );
}

#[test]
fn fault_4_too_long() {
    let registry = registry();
    component_becomes(&registry, |truth| Reply {
        length: None,
        body: [&truth.body[..], b"x"].concat(),
        ..truth.clone()
    });
    refused(&registry, FailureKind::Integrity, "sent more bytes, not ");
    // A manifest without end.
    registry.fail(|request, truth| {
        is_manifest(request).then(|| Reply {
            length: None,
            body: vec![b' '; 1 << 20],
            ..truth.clone()
        })
    });
    refused(
        &registry,
        FailureKind::Integrity,
        "sends more than 262144 bytes",
    );
}

#[test]
fn fault_5_a_lie_about_the_size() {
    let registry = registry();
    let size = component("judge-plugin", "1.0.0").len();
    manifest_becomes(&registry, |manifest| {
        manifest["layers"][1]["size"] = json!(size + 1);
    });
    refused(
        &registry,
        FailureKind::Integrity,
        &format!("sends {size} bytes, not {}", size + 1),
    );
    manifest_becomes(&registry, |manifest| {
        manifest["layers"][1]["size"] = json!(4u64 << 30);
    });
    refused(
        &registry,
        FailureKind::Integrity,
        "has a `application/wasm` of 4294967296 bytes; at most 33554432 are allowed",
    );
    assert_eq!(
        registry.seen().len(),
        1,
        "something was downloaded: {:?}",
        registry.seen()
    );
    manifest_becomes(&registry, |manifest| {
        manifest["layers"][1]["size"] = json!(-1);
    });
    refused(
        &registry,
        FailureKind::Integrity,
        "has an invalid OCI manifest",
    );
}

#[test]
fn fault_6_a_wrong_media_type() {
    let registry = registry();
    registry.fail(|request, truth| {
        is_manifest(request)
            .then(|| Reply::new("200 OK", &truth.body).header("Content-Type", "text/html"))
    });
    refused(
        &registry,
        FailureKind::Integrity,
        "answered with the media type `text/html`, not",
    );
    registry.fail(|request, truth| {
        let index = "application/vnd.oci.image.index.v1+json";
        is_manifest(request)
            .then(|| Reply::new("200 OK", &truth.body).header("Content-Type", index))
    });
    refused(
        &registry,
        FailureKind::Integrity,
        "answered with the media type `application/vnd.oci.image.index.v1+json`, not",
    );
    manifest_becomes(&registry, |manifest| {
        manifest["artifactType"] = json!("application/vnd.other\u{1b}[2J");
    });
    let failure = refused(
        &registry,
        FailureKind::Integrity,
        "neither a bundle nor a component",
    );
    assert!(!failure.to_string().contains('\u{1b}'));
}

#[test]
fn fault_7_layers_twice_or_unknown() {
    let registry = registry();
    let twice = |index: usize| {
        move |manifest: &mut Value| {
            let layer = manifest["layers"][index].clone();
            manifest["layers"].as_array_mut().unwrap().push(layer);
        }
    };
    manifest_becomes(&registry, twice(0));
    refused(
        &registry,
        FailureKind::Integrity,
        "has 2 layers with a `tpo-plugin.toml` instead of one",
    );
    manifest_becomes(&registry, twice(1));
    refused(
        &registry,
        FailureKind::Integrity,
        "has two layers for `judge.wasm`",
    );
    manifest_becomes(&registry, |manifest| {
        let mut layer = manifest["layers"][1].clone();
        layer["annotations"]["org.opencontainers.image.title"] = json!("../../.bashrc");
        manifest["layers"].as_array_mut().unwrap().push(layer);
    });
    refused(
        &registry,
        FailureKind::Integrity,
        "has layers that its `tpo-plugin.toml` does not name",
    );
    manifest_becomes(&registry, |manifest| {
        let mut layer = manifest["layers"][1].clone();
        layer["mediaType"] = json!("application/vnd.oci.image.layer.v1.tar+gzip");
        manifest["layers"].as_array_mut().unwrap().push(layer);
    });
    refused(
        &registry,
        FailureKind::Integrity,
        "has a layer of the unsupported media type `application/vnd.oci.image.layer.v1.tar+gzip`",
    );
    manifest_becomes(&registry, |manifest| {
        let config = manifest["config"].clone();
        manifest["layers"].as_array_mut().unwrap().push(config);
    });
    refused(
        &registry,
        FailureKind::Integrity,
        "has a layer of the unsupported media type `application/vnd.tpo.bundle.config.v1+json`",
    );
    manifest_becomes(&registry, |manifest| {
        (0..40).for_each(|_| twice(1)(manifest));
    });
    refused(
        &registry,
        FailureKind::Integrity,
        "has 42 layers; at most 34 are allowed",
    );
    manifest_becomes(&registry, |manifest| manifest["layers"] = json!([]));
    refused(
        &registry,
        FailureKind::Integrity,
        "has 0 layers with a `tpo-plugin.toml` instead of one",
    );
}

#[test]
fn fault_8_a_bomb() {
    let registry = registry();
    let bomb = || {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        (0..256).for_each(|_| encoder.write_all(&vec![0; 1 << 20]).unwrap());
        encoder.finish().unwrap()
    };
    let bytes = bomb();
    assert!(bytes.len() < 1 << 20);
    component_becomes(&registry, move |_| {
        Reply::new("200 OK", &bytes).header("Content-Encoding", "gzip")
    });
    refused(&registry, FailureKind::Integrity, "sent more bytes, not ");
    let bytes = bomb();
    registry.fail(move |request, _| {
        let reply = || Reply::manifest(&bytes).header("Content-Encoding", "gzip");
        is_manifest(request).then(reply)
    });
    refused(
        &registry,
        FailureKind::Integrity,
        "sends more than 262144 bytes",
    );
    // Many small ones inside of each other.
    let deep = "[".repeat(100_000);
    registry.fail(move |request, _| is_manifest(request).then(|| Reply::manifest(deep.as_bytes())));
    refused(
        &registry,
        FailureKind::Integrity,
        "has an invalid OCI manifest",
    );
}

#[test]
fn fault_9_a_redirect_to_elsewhere() {
    let registry = registry();
    let elsewhere = StandIn::start();
    Author::judge("1.0.0").publish(&elsewhere.name("strict:1.0.0"));
    elsewhere.fail(|_, _| None);
    let target = format!("http://{}{}", elsewhere.address(), wasm());
    component_becomes(&registry, move |_| {
        Reply::new("307 Temporary Redirect", b"").header("Location", target.clone())
    });
    refused(&registry, FailureKind::Network, "which is not followed");
    for location in [
        "file:///etc/passwd",
        "//evil.example/x",
        "",
        "http://127.0.0.1:1/",
    ] {
        component_becomes(&registry, move |_| {
            Reply::new("302 Found", b"").header("Location", location)
        });
        refused(&registry, FailureKind::Network, "which is not followed");
    }
    // A manifest is what a tag means: who gives it is who was asked.
    let target = format!("http://{}/v2/strict/manifests/1.0.0", elsewhere.address());
    registry.fail(move |request, _| {
        is_manifest(request)
            .then(|| Reply::new("301 Moved Permanently", b"").header("Location", target.clone()))
    });
    refused(&registry, FailureKind::Network, "which is not followed");
    assert_eq!(elsewhere.seen(), Vec::<String>::new());
    registry.fail(|request, _| {
        let reply = Reply::new("302 Found", b"").header("Location", "/v2/strict/manifests/stable");
        is_manifest(request).then_some(reply)
    });
    refused(&registry, FailureKind::Network, "which is not followed");
    let path = wasm();
    component_becomes(&registry, move |_| {
        Reply::new("302 Found", b"").header("Location", path.clone())
    });
    refused(
        &registry,
        FailureKind::Network,
        "redirects more than 3 times",
    );
}

#[test]
fn fault_10_no_permission() {
    let registry = registry();
    for status in ["401 Unauthorized", "403 Forbidden"] {
        registry.fail(move |_, _| {
            Some(Reply::new(status, b"{}").header("WWW-Authenticate", "Basic realm=\"x\""))
        });
        let what = format!("answered {status}");
        let failure = refused(&registry, FailureKind::Network, &what);
        let hint = format!(
            "no credentials were sent; run `docker login {}` ",
            registry.address()
        );
        assert!(
            failure
                .nearest_hint()
                .is_some_and(|text| text.starts_with(&hint)),
            "{}",
            said(&failure)
        );
    }
    for challenge in [
        "",
        "Digest x",
        "Bearer realm=\"http://evil.example/token\"",
        "Bearer realm=\"",
        "\u{1}",
    ] {
        registry.fail(move |_, _| {
            Some(Reply::new("401 Unauthorized", b"").header("WWW-Authenticate", challenge))
        });
        let what = if challenge.contains("evil") {
            "passwords are only sent over `https`"
        } else {
            ""
        };
        refused(&registry, FailureKind::Network, what);
    }
}

#[test]
fn fault_11_three_times_500() {
    let registry = registry();
    registry.fail(|_, _| Some(Reply::new("500 Internal Server Error", b"")));
    let failure = refused(
        &registry,
        FailureKind::Network,
        "answered 500 Internal Server Error",
    );
    assert_eq!(
        failure.nearest_hint(),
        Some("tpo tried 3 times; try again later")
    );
    assert_eq!(registry.seen(), vec!["GET /v2/strict/manifests/1.0.0"; 3]);
    // A fault that passes is not seen.
    let count = std::sync::atomic::AtomicUsize::new(0);
    registry.fail(move |_, _| {
        let is_early = count.fetch_add(1, std::sync::atomic::Ordering::Relaxed) < 2;
        is_early.then(|| Reply::new("503 Service Unavailable", b""))
    });
    user()
        .add(&registry.name("strict:1.0.0"), &[], Mode::Default)
        .unwrap();
}

#[test]
fn fault_12_silence() {
    let registry = registry();
    let stall = Duration::from_secs(20);
    let start = Instant::now();
    component_becomes(&registry, move |truth| Reply {
        stall,
        ..truth.clone()
    });
    refused(
        &registry,
        FailureKind::Network,
        "stopped in the middle of its response",
    );
    // Much is announced, so much time is allowed; silence is not.
    let size = 16 << 20;
    manifest_becomes(&registry, |manifest| {
        manifest["layers"][1]["size"] = json!(size);
    });
    let (path, bytes) = (wasm(), vec![0; size]);
    registry.also(move |request, truth| {
        let reply = || Reply {
            stall,
            ..Reply::new("200 OK", &bytes)
        };
        (request.path == path && truth.status == "200 OK").then(reply)
    });
    refused(
        &registry,
        FailureKind::Network,
        "stopped in the middle of its response",
    );
    registry.fail(move |_, _| {
        std::thread::sleep(Duration::from_secs(3));
        None
    });
    refused(&registry, FailureKind::Network, "does not respond");
    assert!(
        start.elapsed() < Duration::from_secs(10),
        "{:?}",
        start.elapsed()
    );
}
