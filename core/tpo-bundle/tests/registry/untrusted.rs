//! Registries and bundles that are in order on the outside: contradictions within, other tools'
//! artifacts, and logins.

use std::fs;

use serde_json::json;
use tempfile::TempDir;
use tpo_bundle::{Access, Credentials, Mode, PublishOptions};
use tpo_types::{Digest, FailureKind};

use crate::author::{Author, User, component, nobody, said};
use crate::hostile::{TIMEOUT, is_manifest, manifest_becomes, refused, registry, user};
use crate::stand_in::{Reply, StandIn};

#[test]
fn a_bundle_that_contradicts_itself_is_refused() {
    let registry = registry();
    // A good bundle's configuration says other things than this one's manifest.
    Author::judge("1.0.1").publish(&registry.name("strict:1.0.1"));
    let other = registry.manifest("strict", "1.0.1");
    manifest_becomes(&registry, |manifest| {
        manifest["config"] = other["config"].clone();
    });
    refused(
        &registry,
        FailureKind::Integrity,
        "disagrees with `tpo-plugin.toml` and the components",
    );
    // A component that its manifest does not describe.
    let asking = Author::pair("1.0.0");
    asking.publish(&registry.name("strict:pair"));
    let pair = registry.manifest("strict", "pair");
    manifest_becomes(&registry, |manifest| {
        let mut layer = pair["layers"][1].clone();
        layer["annotations"] = manifest["layers"][1]["annotations"].clone();
        manifest["layers"][1] = layer;
    });
    let mut user = user();
    let failure = user
        .add(&registry.name("strict:1.0.0"), &[], Mode::Default)
        .unwrap_err();
    assert_eq!(failure.kind(), FailureKind::Plugin);
    assert!(said(&failure).contains(
        "component `strict` imports `tpo:plugin/model`, but the manifest does not request that"
    ));
    assert_eq!(user.stored(), Vec::<String>::new());
}

#[test]
fn a_component_with_the_configuration_of_another_is_refused() {
    let registry = StandIn::start();
    let options = PublishOptions {
        layout: tpo_bundle::ArtifactLayout::Wasm,
        access: nobody(),
        ..PublishOptions::default()
    };
    for version in ["1.0.0", "1.0.1"] {
        let reference = registry.name(&format!("strict:{version}")).parse().unwrap();
        tpo_bundle::publish(Author::judge(version).path(), &reference, &options).unwrap();
    }
    let other = registry.manifest("strict", "1.0.1");
    manifest_becomes(&registry, |manifest| {
        manifest["config"] = other["config"].clone();
    });
    refused(
        &registry,
        FailureKind::Integrity,
        "its configuration blob describes another component",
    );
}

#[test]
fn a_component_that_was_published_without_tpo_is_usable() {
    let registry = StandIn::start();
    let author = Author::judge("1.0.0");
    author.write("judge.wasm", &component("model-judge-plugin", ""));
    author.manifest(
        "1.0.0",
        "[[component]]\nname = \"strict\"\nfile = \"judge.wasm\"\nroles = \
        [\"judge\"]\n[[permission]]\nimport = \"tpo:plugin/model\"\nwhy = \"x\"\n",
    );
    let options = PublishOptions {
        layout: tpo_bundle::ArtifactLayout::Wasm,
        access: nobody(),
        ..PublishOptions::default()
    };
    tpo_bundle::publish(
        author.path(),
        &registry.name("strict:1.0.0").parse().unwrap(),
        &options,
    )
    .unwrap();
    // What other tools write has no manifest of ours.
    manifest_becomes(&registry, |manifest| {
        *manifest = {
            let mut bare = manifest.clone();
            bare.as_object_mut().unwrap().remove("annotations");
            bare["layers"][0]
                .as_object_mut()
                .unwrap()
                .remove("annotations");
            bare
        }
    });
    let mut user = user();
    let name = registry.name("strict:1.0.0");
    let failure = user.add(&name, &[], Mode::Default).unwrap_err();
    assert!(
        said(&failure)
            .contains("requests `tpo:plugin/model` without a reason, which is not granted")
    );
    user.add(&name, &["model"], Mode::Default).unwrap();
    let resolved = user.resolve(&name, Mode::Frozen).unwrap();
    assert!(resolved.manifest.is_none() && resolved.component().is_none());
    assert_eq!(resolved.name.as_str(), "component");
    // Something else in the same layout is not a plugin.
    let path = format!("/v2/strict/blobs/{}", resolved.sha256);
    let bytes = wat::parse_str("(component)").unwrap();
    let mut manifest = registry.manifest("strict", "1.0.0");
    manifest["layers"][0]["digest"] = json!(Digest::of(&bytes));
    manifest["layers"][0]["size"] = json!(bytes.len());
    manifest.as_object_mut().unwrap().remove("annotations");
    let manifest = serde_json::to_vec(&manifest).unwrap();
    let wanted = path.replace(
        &resolved.sha256.to_string(),
        &Digest::of(&bytes).to_string(),
    );
    registry.fail(move |request, _| {
        if request.path == wanted {
            return Some(Reply::new("200 OK", &bytes));
        }
        is_manifest(request).then(|| Reply::manifest(&manifest))
    });
    let failure = User::with(nobody())
        .add(&name, &[], Mode::Default)
        .unwrap_err();
    assert!(
        said(&failure).contains("exports nothing, which is not a role [a plugin exports"),
        "{}",
        said(&failure)
    );
}

#[test]
fn docker_s_credentials_are_used_where_they_are_asked_for() {
    let registry = registry();
    let place = TempDir::new().unwrap();
    let config = place.path().join("config.json");
    let login = |text: String| {
        fs::write(&config, text).unwrap();
        let access = Access {
            credentials: Credentials::File(config.clone()),
            timeout: TIMEOUT,
        };
        let mut user = User::with(access);
        user.add(&registry.name("strict:1.0.0"), &[], Mode::Default)
    };
    // "me:secret", and a token server in the registry itself that gives a token for it.
    let known = format!(
        r#"{{"auths": {{"{}": {{"auth": "bWU6c2VjcmV0"}}}}}}"#,
        registry.address()
    );
    let basic = "Basic bWU6c2VjcmV0";
    registry.fail(move |request, _| {
        let ask =
            Reply::new("401 Unauthorized", b"").header("WWW-Authenticate", "Basic realm=\"x\"");
        (request.authorization.as_deref() != Some(basic)).then_some(ask)
    });
    login(known.clone()).unwrap();
    assert!(login("{}".into()).is_err());
    let realm = format!("http://{}/token", registry.address());
    registry.fail(move |request, _| {
        let challenge = format!("Bearer realm=\"{realm}\",service=\"s\"");
        let ask = Reply::new("401 Unauthorized", b"").header("WWW-Authenticate", challenge);
        let authorization = request.authorization.as_deref();
        if request.path == "/token?scope=repository:strict:pull&service=s" {
            let is_me = authorization == Some(basic);
            return Some(if is_me {
                Reply::new("200 OK", br#"{"token": "t"}"#)
            } else {
                Reply::new("401 Unauthorized", b"")
            });
        }
        (authorization != Some("Bearer t")).then_some(ask)
    });
    login(known.clone()).unwrap();
    let realm = format!("http://{}/token", registry.address());
    registry.fail(move |request, _| {
        let challenge = format!("Bearer realm=\"{realm}\",service=\"s\"");
        let ask = Reply::new("401 Unauthorized", b"").header("WWW-Authenticate", challenge);
        if request.path == "/token" {
            let form =
                "grant_type=refresh_token&client_id=tpo&refresh_token=r%2B&scope=repository:strict:pull&service=s";
            assert_eq!(request.method, "POST");
            assert_eq!(request.body, form.as_bytes());
            return Some(Reply::new("200 OK", br#"{"access_token": "t"}"#));
        }
        (request.authorization.as_deref() != Some("Bearer t")).then_some(ask)
    });
    login(format!(
        r#"{{"auths": {{"{}": {{"identitytoken": "r+"}}}}}}"#,
        registry.address()
    ))
    .unwrap();
    let failure =
        login(r#"{"auths": {"other.example": {"auth": "bWU6c2VjcmV0"}}}"#.into()).unwrap_err();
    assert_eq!(failure.kind(), FailureKind::Network);
    // A file that cannot be understood is said, not passed over; nor is a password ever.
    let failure = login("{".into()).unwrap_err();
    assert_eq!(failure.kind(), FailureKind::Input);
    assert!(said(&failure).contains("cannot be read from `"));
    registry.fail(|_, _| {
        Some(Reply::new("401 Unauthorized", b"").header("WWW-Authenticate", "Basic realm=\"x\""))
    });
    let failure = login(known).unwrap_err();
    assert!(
        said(&failure).contains("the credentials of `docker login` were sent")
            && !said(&failure).contains("secret")
    );
}
