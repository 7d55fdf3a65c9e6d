//! What is published, read by programs that know nothing of tpo: Python's standard library, and
//! `skopeo`.
//!
//! And the other way round: a component that was published without tpo.

use std::fs;
use std::path::Path;
use std::process::Command;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use tempfile::TempDir;
use tpo_bundle::{ArtifactLayout, Mode, PublishOptions, Published};
use tpo_types::{Digest, FailureKind};

use crate::author::{Author, User, anonymous, component, said};
use crate::debian;
use crate::server::Server;

fn python(server: &Server, repository: &str, tag: &str) -> Value {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/registry/read.py");
    let output = Command::new("python3")
        .arg(script)
        .args([&server.address(), repository, tag])
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    serde_json::from_slice(&output.stdout).unwrap()
}

fn content(blob: &Value) -> Vec<u8> {
    STANDARD.decode(blob["content"].as_str().unwrap()).unwrap()
}

fn as_component(author: &Author, reference: &str) -> Published {
    let options = PublishOptions {
        layout: ArtifactLayout::Wasm,
        ..anonymous()
    };
    tpo_bundle::publish(author.path(), &reference.parse().unwrap(), &options).unwrap()
}

#[test]
fn a_bundle_is_an_ordinary_artifact() {
    let server = Server::start();
    let author = Author::pair("1.0.0");
    let published = author.publish(&server.name("judges/pair:1.0.0"));
    let read = python(&server, "judges/pair", "1.0.0");
    assert_eq!(read["digest"], published.digest.to_string());
    assert_eq!(read["artifactType"], "application/vnd.tpo.bundle.v1");
    let blobs = read["blobs"].as_array().unwrap();
    let kinds: Vec<[&Value; 2]> = blobs
        .iter()
        .map(|blob| [&blob["type"], &blob["title"]])
        .collect();
    let expected = json!([
        ["application/vnd.tpo.bundle.config.v1+json", null],
        [
            "application/vnd.tpo.bundle.manifest.v1+toml",
            "tpo-plugin.toml"
        ],
        ["application/wasm", "out/judge.wasm"],
        ["application/wasm", "out/format.wasm"],
        ["application/schema+json", "judge.schema.json"],
        ["text/markdown", "README.md"],
    ]);
    assert_eq!(serde_json::to_value(kinds).unwrap(), expected);
    for blob in &blobs[1..] {
        let file = author.path().join(blob["title"].as_str().unwrap());
        assert_eq!(content(blob), fs::read(file).unwrap());
    }
    // What it exports and imports is known without downloading a component.
    let config: Value = serde_json::from_slice(&content(&blobs[0])).unwrap();
    assert_eq!(config["name"], "strict-judge");
    let imports = config["components"][0]["imports"].as_array().unwrap();
    assert!(
        imports.contains(&json!("tpo:plugin/model@0.1.0")),
        "{imports:?}"
    );
}

#[test]
fn a_single_component_has_the_layout_that_wkg_reads() {
    let server = Server::start();
    let author = Author::judge("1.0.0");
    let name = server.name("judges/strict:1.0.0");
    let published = as_component(&author, &name);
    let read = python(&server, "judges/strict", "1.0.0");
    assert_eq!(read["digest"], published.digest.to_string());
    assert_eq!(read["artifactType"], Value::Null);
    let bytes = component("judge-plugin", "1.0.0");
    let [config, layer] = read["blobs"].as_array().unwrap().as_slice() else {
        panic!("{read}")
    };
    assert_eq!(
        (config["type"].as_str(), layer["type"].as_str()),
        (
            Some("application/vnd.wasm.config.v0+json"),
            Some("application/wasm")
        )
    );
    assert_eq!(content(layer), bytes);
    let config: Value = serde_json::from_slice(&content(config)).unwrap();
    let expected = json!({
        "created": "1970-01-01T00:00:00Z",
        "architecture": "wasm",
        "os": "wasip2",
        "layerDigests": [Digest::of(&bytes).to_string()],
        "component": {
            "exports": ["tpo:plugin/metadata@0.1.0", "tpo:plugin/judge@0.1.0"],
            "imports": ["tpo:plugin/log@0.1.0", "tpo:plugin/types@0.1.0"],
            "target": null,
        },
    });
    assert_eq!(config, expected);
    assert_eq!(as_component(&Author::judge("1.0.0"), &name), published);

    // tpo loses nothing on the way.
    let mut user = User::new();
    let resolved = user.resolve(&name, Mode::Default).unwrap();
    assert_eq!(resolved.read().unwrap(), bytes);
    assert_eq!(
        (
            resolved.name.as_str(),
            resolved.manifest.unwrap().version.to_string()
        ),
        ("strict", "1.0.0".into())
    );
    assert_eq!(user.problems(Mode::Default), Vec::<String>::new());
    let options = PublishOptions {
        layout: ArtifactLayout::Wasm,
        ..anonymous()
    };
    let failure = tpo_bundle::publish(
        Author::pair("1.0.0").path(),
        &name.parse().unwrap(),
        &options,
    )
    .unwrap_err();
    assert_eq!(failure.kind(), FailureKind::Usage);
    assert!(said(&failure).contains(
        "has several components, which the layout of a single component does not support"
    ));
}

#[test]
fn skopeo_copies_both_layouts_and_the_copy_is_the_same() {
    let server = Server::start();
    let published = [
        Author::pair("1.0.0").publish(&server.name("pair:1.0.0")),
        as_component(&Author::judge("1.0.0"), &server.name("strict:1.0.0")),
    ];
    let (program, root) = debian::program(
        "skopeo",
        &["skopeo", "libdevmapper1.02.1", "libgpgme11", "libassuan0"],
    );
    let libraries =
        ["usr/lib", "lib"].map(|directory| root.join(directory).join("x86_64-linux-gnu"));
    let place = TempDir::new().unwrap();
    let policy = place.path().join("policy.json");
    fs::write(
        &policy,
        r#"{"default": [{"type": "insecureAcceptAnything"}]}"#,
    )
    .unwrap();
    for (bundle, name) in published.iter().zip(["pair:1.0.0", "strict:1.0.0"]) {
        let copy = place.path().join(bundle.digest.hex());
        let output = Command::new(&program)
            .env("LD_LIBRARY_PATH", std::env::join_paths(&libraries).unwrap())
            .arg("--policy")
            .arg(&policy)
            .args([
                "copy",
                "--src-tls-verify=false",
                &format!("docker://{}/{name}", server.address()),
            ])
            .arg(format!("oci:{}:copy", copy.display()))
            .output()
            .unwrap();
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        let index: Value =
            serde_json::from_slice(&fs::read(copy.join("index.json")).unwrap()).unwrap();
        assert_eq!(index["manifests"][0]["digest"], bundle.digest.to_string());
        let blobs = fs::read_dir(copy.join("blobs/sha256")).unwrap();
        let size: u64 = blobs
            .map(|blob| blob.unwrap().metadata().unwrap().len())
            .sum();
        assert_eq!(size, bundle.size);
    }
}
