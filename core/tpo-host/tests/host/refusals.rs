//! What is refused before it runs, and what the user is told.

use serde_json::json;
use tpo_host::{HostConfig, Plugins};
use wit_parser::Resolve;

use crate::guests::{FRAME, Guest};
use crate::{told, wanted};

/// What a user is told who wants `source` as a judge.
#[track_caller]
fn refused(source: &str) -> String {
    told(
        Plugins::new(HostConfig::default())
            .unwrap()
            .judge(&wanted(source, &json!({}))),
    )
}

/// A component without content that exports and imports instances of the given names.
fn named(exports: &[&str], imports: &[&str]) -> Guest {
    let imports: String = imports
        .iter()
        .map(|name| format!(r#"(import "{name}" (instance))"#))
        .collect();
    let exports: String = exports
        .iter()
        .map(|name| format!(r#"(export "{name}" (instance $empty))"#))
        .collect();
    Guest::text(&format!(
        "(component {imports} (component $c) (instance $empty (instantiate $c)) {exports})"
    ))
}

const JUDGE: &[&str] = &["tpo:plugin/metadata@0.1.0", "tpo:plugin/judge@0.1.0"];

#[test]
fn a_file_that_is_not_there() {
    let told = refused("nowhere/judge.wasm");
    assert!(
        told.starts_with("Input: plugin `nowhere/judge.wasm` cannot be read\ncause: "),
        "{told}"
    );
    assert!(
        told.ends_with("hint: the path is taken from the working directory"),
        "{told}"
    );
}

#[test]
fn a_name_that_is_not_built_in() {
    assert_eq!(
        refused("rulez"),
        "Usage: there is no built-in plugin `rulez`\nhint: did you mean `rules`?"
    );
    assert_eq!(
        refused("helpsteer"),
        format!(
            "Usage: there is no built-in plugin `helpsteer`\n\
             hint: the built-in plugins are {}; a file is given as a path, for example `./helpsteer.wasm`",
            tpo_host::builtin::names().collect::<Vec<_>>().join(", ")
        )
    );
}

#[test]
fn a_file_that_is_too_large() {
    let guest = Guest::file("guest.wasm", &[]);
    std::fs::File::options()
        .write(true)
        .open(guest.path())
        .unwrap()
        .set_len((32 << 20) + 1)
        .unwrap();
    assert_eq!(
        refused(&guest.source()),
        "Plugin: plugin `guest.wasm` is larger than 32 MiB\nhint: strip it, build it with \
            optimization for size, or \
         raise `limits.component_mib`"
    );
}

#[test]
fn a_file_that_is_no_component() {
    let precompiled = {
        let component = wat::parse_str("(component)").unwrap();
        wasmtime::Engine::default()
            .precompile_component(&component)
            .unwrap()
    };
    let rust = "build it with `--target wasm32-wasip2`";
    let cases: &[(&[u8], &str, &str)] = &[
        (
            b"\0asm\x01\0\0\0",
            "is a core module, not a component",
            rust,
        ),
        (
            &precompiled,
            "is compiled code, which tpo cannot check",
            "give the `.wasm` that it was compiled from",
        ),
        (
            b"\x7fELF\x02\x01\x01",
            "(sha256 ...) is a native library: it could do whatever you can do",
            "build a component, or trust it with `--allow-native`",
        ),
        (
            b"(component)",
            "is WebAssembly text, not a component",
            "assemble it first, for example with `wasm-tools parse`",
        ),
        (b"", "is not a WebAssembly component", rust),
        (b"#!/bin/sh\n", "is not a WebAssembly component", rust),
    ];
    for (bytes, what, hint) in cases {
        let guest = Guest::file("guest.wasm", bytes);
        assert_eq!(
            refused(&guest.source()),
            format!("Plugin: `guest.wasm` {what}\nhint: {hint}")
        );
    }
}

#[test]
fn a_component_that_is_damaged() {
    let mut bytes = std::fs::read(Guest::judge("unreachable").path()).unwrap();
    bytes.truncate(bytes.len() / 2);
    let told = refused(&Guest::file("guest.wasm", &bytes).source());
    assert!(
        told.starts_with(
            "Plugin: `guest.wasm` (sha256 ...) is not a well-formed component\ncause: unexpected end"
        ),
        "{told}"
    );
}

#[test]
fn a_component_without_a_role() {
    assert_eq!(
        refused(&named(&["acme:x/y@1.0.0"], &[]).source()),
        "Plugin: `guest.wasm` (sha256 ...) exports acme:x/y@1.0.0; a plugin exports \
            a role such as tpo:plugin/judge@0.1.0\n\
         hint: the roles are thought-template, response-parser, judge, \
         pairwise-judge, pair-selector"
    );
    assert_eq!(
        refused(
            &named(
                &["tpo:plugin/metadata@0.1.0", "tpo:plugin/oracle@0.1.0"],
                &[]
            )
            .source()
        ),
        "Plugin: `guest.wasm` (sha256 ...) exports `tpo:plugin/oracle@0.1.0`, which is not a role of \
            tpo:plugin 0.1\n\
         hint: the roles are thought-template, response-parser, judge, pairwise-judge, \
         pair-selector"
    );
    assert_eq!(
        refused(&named(&["tpo:plugin/judge@0.1.0"], &[]).source()),
        "Plugin: `guest.wasm` (sha256 ...) does not export `tpo:plugin/metadata`\n\
         hint: build it for one of the worlds of `wit/worlds.wit`: all of them export it"
    );
}

#[test]
fn a_component_of_another_version() {
    assert_eq!(
        refused(
            &named(
                &["tpo:plugin/metadata@0.3.0", "tpo:plugin/judge@0.3.0"],
                &[]
            )
            .source()
        ),
        "Plugin: `guest.wasm` (sha256 ...) was built for tpo:plugin 0.3.0; this tpo supports 0.1\n\
         hint: rebuild it with the `wit/` of this tpo, or use a tpo of that version"
    );
}

#[test]
fn a_component_in_the_wrong_role() {
    assert_eq!(
        refused("best-worst"),
        "Plugin: `best-worst` (sha256 ...) is a pair-selector, not a judge\nhint: use it with \
            `--selector`"
    );
    assert_eq!(
        refused("thought-markers"),
        "Plugin: `thought-markers` (sha256 ...) is a thought-template and a response-parser, not \
            a judge\n\
         hint: use it with `--thought` or `--parser`"
    );
}

#[test]
fn a_component_that_wants_more_than_it_gets() {
    let network = "a plugin has no network: it sees nothing but its input";
    let files = "a plugin has no files: put what it needs into its configuration or compile it in";
    let clock = "a plugin has no clock: the same input must give the same outcomes";
    let wasi = "tpo provides only the part of WASI 0.2 that a standard library needs to start";
    for (import, why) in [
        ("wasi:sockets/tcp@0.2.6", network),
        ("wasi:sockets/ip-name-lookup@0.2.6", network),
        ("wasi:http/outgoing-handler@0.2.10", network),
        ("wasi:keyvalue/store@0.2.0-draft", wasi),
        ("wasi:nn/inference@0.2.0-rc-2024-10-28", wasi),
        ("wasi:config/store@0.2.0-draft", wasi),
        ("wasi:cli/environment@0.3.0", wasi),
        ("wasi:filesystem/types@0.2.6", files),
        ("wasi:filesystem/preopens@0.2.6", files),
        ("wasi:clocks/wall-clock@0.2.6", clock),
        ("wasi:clocks/monotonic-clock@0.2.6", clock),
        ("acme:gpu/device@1.0.0", "tpo does not provide it"),
        ("secrets", "tpo does not provide it"),
    ] {
        assert_eq!(
            refused(&named(JUDGE, &[import]).source()),
            format!(
                "Plugin: `guest.wasm` (sha256 ...) imports `{import}`, and {why}\n\
                 hint: build it without; besides WASI a plugin may import `tpo:plugin/log`"
            )
        );
    }
    assert_eq!(
        refused(&named(JUDGE, &["tpo:plugin/model@0.1.0"]).source()),
        "Plugin: `guest.wasm` (sha256 ...) imports `tpo:plugin/model@0.1.0`, which this run does \
            not provide\nhint: bind a model in the run's configuration, for example \
            `[models.judge]` with `source = \"smollm2-135m\"`"
    );
    assert_eq!(
        refused(&named(JUDGE, &["tpo:plugin/disk@0.1.0"]).source()),
        "Plugin: `guest.wasm` (sha256 ...) imports `tpo:plugin/disk@0.1.0`, which tpo:plugin 0.1 \
            does not have"
    );
}

#[test]
fn a_component_of_an_edited_contract() {
    let drifted =
        "Plugin: `guest.wasm` (sha256 ...) does not have the types of the contract\ncause: ";
    let hint = "hint: it was built from an edited copy of the contract; build it from the `wit/` \
        of this tpo";
    let function = r#"(func (export "tpo:plugin/judge@0.1.0#score") (param i32 i32) (result i32) unreachable)"#;
    let judge = Guest::component(
        &edited("responses: list<string>,"),
        "judge-plugin",
        &format!("{FRAME}{function})"),
    );
    let told = refused(&judge.source());
    assert!(told.starts_with(drifted) && told.ends_with(hint), "{told}");
    let difference = "the component has `weight: f64` in `record group` of `judge`";
    assert!(told.contains(difference), "{told}");
    let told = refused(&named(JUDGE, &[]).source());
    assert!(told.starts_with(drifted) && told.ends_with(hint), "{told}");
}

/// The contract with one more field after `line`.
fn edited(line: &str) -> Resolve {
    let mut text = String::new();
    for id in [
        "types", "log", "metadata", "judge", "model", "selector", "thought", "worlds",
    ] {
        let file = format!("{}/../../wit/{id}.wit", env!("CARGO_MANIFEST_DIR"));
        text += &std::fs::read_to_string(file)
            .unwrap()
            .replace(line, &format!("{line} weight: f64,"));
    }
    let mut contract = Resolve::default();
    contract.push_str("edited.wit", &text).unwrap();
    contract
}

#[test]
fn a_configuration_that_is_no_table() {
    let plugins = Plugins::new(HostConfig::default()).unwrap();
    let told = told(plugins.judge(&wanted("rules", &json!([1]))));
    assert_eq!(
        told,
        "Usage: the configuration of judge `rules` is not a table"
    );
}
