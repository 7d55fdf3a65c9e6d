//! The workspace as cargo sees it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;

use serde_json::Value;
use tpo_tests::root;

use crate::tree::read;

/// A crate of the workspace. All platforms count: what is only built on Windows is built.
pub(crate) struct Member {
    /// Its directory, from the root.
    pub(crate) path: String,
    pub(crate) name: String,
    /// Workspace crates that it or its build script is built from, under whatever name; what only
    /// its tests use is left out.
    pub(crate) imports: BTreeSet<String>,
    /// Workspace crates that only its tests use.
    pub(crate) test_imports: BTreeSet<String>,
    /// Every package that it or its build script is built from, directly or not.
    pub(crate) contains: BTreeSet<String>,
    /// Its build script, from the root.
    pub(crate) build_script: Option<String>,
}

/// The crates of the workspace.
pub(crate) fn members() -> Vec<Member> {
    let metadata = metadata();
    let packages: Vec<&Value> = list(&metadata["packages"]).collect();
    let names: BTreeSet<&str> = packages
        .iter()
        .map(|package| text(&package["name"]))
        .collect();
    let mut graph = locked_packages();
    for package in &packages {
        graph.insert(
            text(&package["name"]).to_owned(),
            dependencies(package, false),
        );
    }
    packages
        .iter()
        .map(|package| {
            let of_workspace = |of_tests| {
                let mut dependencies = dependencies(package, of_tests);
                dependencies.retain(|name| names.contains(name.as_str()));
                dependencies
            };
            let name = text(&package["name"]);
            let build_script = list(&package["targets"])
                .find(|target| list(&target["kind"]).any(|kind| kind == "custom-build"));
            let directory = Path::new(text(&package["manifest_path"])).parent();
            Member {
                path: from_root(directory.expect("a directory")),
                name: name.to_owned(),
                imports: of_workspace(false),
                test_imports: of_workspace(true),
                contains: reached(&graph, name),
                build_script: build_script.map(|script| from_root(text(&script["src_path"]))),
            }
        })
        .collect()
}

/// The packages that a manifest names, by their own names: those of all platforms, with those of
/// the build script, or those of the tests.
fn dependencies(package: &Value, of_tests: bool) -> BTreeSet<String> {
    list(&package["dependencies"])
        .filter(|dependency| (dependency["kind"] == "dev") == of_tests)
        .map(|dependency| text(&dependency["name"]).to_owned())
        .collect()
}

/// What each package of `Cargo.lock` is built from. Unlike `cargo metadata`, it names the packages
/// of all platforms without downloading them.
fn locked_packages() -> BTreeMap<String, BTreeSet<String>> {
    let lock: toml::Table = toml::from_str(&read("Cargo.lock")).expect("TOML");
    let mut graph: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for package in lock["package"].as_array().expect("packages") {
        let dependencies = package.get("dependencies").and_then(toml::Value::as_array);
        let names = dependencies.into_iter().flatten().map(|dependency| {
            // A version follows where there are several.
            let dependency = dependency.as_str().expect("a name");
            dependency.split(' ').next().unwrap_or_default().to_owned()
        });
        let name = package["name"].as_str().expect("a name");
        graph.entry(name.to_owned()).or_default().extend(names);
    }
    graph
}

fn reached(graph: &BTreeMap<String, BTreeSet<String>>, start: &str) -> BTreeSet<String> {
    let mut seen = BTreeSet::new();
    let mut open = vec![start];
    while let Some(name) = open.pop() {
        for dependency in graph.get(name).into_iter().flatten() {
            if seen.insert(dependency.clone()) {
                open.push(dependency);
            }
        }
    }
    seen
}

fn metadata() -> Value {
    let output = Command::new("cargo")
        .args(["metadata", "--format-version", "1", "--no-deps"])
        .args(["--locked", "--offline"])
        .current_dir(root())
        .output()
        .expect("cargo runs");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    serde_json::from_slice(&output.stdout).expect("cargo metadata is JSON")
}

fn from_root(path: impl AsRef<Path>) -> String {
    let path = path.as_ref().strip_prefix(root());
    path.expect("a path in the repository")
        .display()
        .to_string()
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}
