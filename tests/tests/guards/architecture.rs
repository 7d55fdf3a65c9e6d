//! ARCHITECTURE.md's tables are what the tree is: dependencies between crates, dependencies that a
//! crate must not have, files with unsafe code, files that print.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;

use serde_json::Value;
use tpo_tests::root;

use crate::tree::{files, quoted, read};

/// A workspace crate as cargo sees it.
struct Member {
    /// Its directory, from the root.
    path: String,
    name: String,
    /// Workspace crates that it is built from; what only its tests use is left out.
    imports: BTreeSet<String>,
    /// Workspace crates that only its tests use.
    test_imports: BTreeSet<String>,
    /// Every package that becomes part of it, directly or not.
    contains: BTreeSet<String>,
}

/// A row of the table of crates.
struct Row {
    imports: BTreeSet<String>,
    must_not_depend_on: BTreeSet<String>,
}

#[test]
fn crates_import_what_the_table_names() {
    let rows = rows();
    let members = members();
    let mut wrong = Vec::new();
    for member in &members {
        let directory = member.path.split('/').next().unwrap_or_default();
        let Some(row) = rows
            .get(&member.path)
            .or_else(|| rows.get(&format!("{directory}/*")))
        else {
            wrong.push(format!("{} has no row", member.path));
            continue;
        };
        for import in member.imports.difference(&row.imports) {
            wrong.push(format!(
                "{} imports {import}, which its row does not name",
                member.path
            ));
        }
        for import in row.imports.difference(&member.imports) {
            wrong.push(format!(
                "{} does not import {import}, which its row names",
                member.path
            ));
        }
        for package in member.contains.intersection(&row.must_not_depend_on) {
            wrong.push(format!(
                "{} depends on {package}, which its row forbids",
                member.path
            ));
        }
    }
    for path in rows.keys().filter(|path| !path.ends_with("/*")) {
        if !members.iter().any(|member| member.path == *path) {
            wrong.push(format!("{path} has a row and is not in the workspace"));
        }
    }
    assert!(
        wrong.is_empty(),
        "ARCHITECTURE.md and Cargo.toml disagree:\n{}",
        wrong.join("\n")
    );
}

#[test]
fn plugins_and_judges_do_not_depend_on_the_core() {
    let members = members();
    let core: BTreeSet<String> = members
        .iter()
        .filter(|member| member.path.starts_with("core/"))
        .map(|member| member.name.clone())
        .collect();
    for guest in members
        .iter()
        .filter(|member| member.path.starts_with("plugins/") || member.path.starts_with("judges/"))
    {
        let all: BTreeSet<String> = guest.contains.union(&guest.test_imports).cloned().collect();
        let reached: Vec<&String> = all.intersection(&core).collect();
        assert!(reached.is_empty(), "{} depends on {reached:?}", guest.path);
    }
}

#[test]
fn unsafe_code_is_where_the_list_says() {
    let named = listed("### Unsafe code");
    let found: BTreeSet<String> = rust_files()
        .filter(|(_, text)| text.contains("unsafe_code,") || text.contains("(unsafe_code"))
        .map(|(path, _)| path)
        .collect();
    assert_eq!(
        named, found,
        "the list in ARCHITECTURE.md (left) is not what allows unsafe code"
    );
}

#[test]
fn only_tpo_cli_and_listed_files_print() {
    const MARKS: [&str; 5] = [
        "stdout()",
        "stderr()",
        "println!(",
        "eprintln!(",
        "env::args",
    ];
    let named = listed("### Printing");
    let found: BTreeSet<String> = rust_files()
        // A build script prints for cargo.
        .filter(|(path, _)| !path.ends_with("build.rs") && !path.starts_with("core/tpo-cli/"))
        .filter(|(_, text)| MARKS.iter().any(|mark| text.contains(mark)))
        .map(|(path, _)| path)
        .collect();
    assert_eq!(
        named, found,
        "the list in ARCHITECTURE.md (left) is not what prints"
    );
}

/// Paths and texts of the sources of the core, the plugins and the judges, tests aside.
fn rust_files() -> impl Iterator<Item = (String, String)> {
    ["core", "plugins", "judges"]
        .into_iter()
        .flat_map(|directory| files(directory, &["rs"]))
        .filter(|path| !path.components().any(|part| part.as_os_str() == "tests"))
        .map(|path| (path.display().to_string(), read(&path)))
}

/// The files that a section of ARCHITECTURE.md names at the starts of its list items.
fn listed(heading: &str) -> BTreeSet<String> {
    let text = read("ARCHITECTURE.md");
    let section = text
        .split_once(heading)
        .unwrap_or_else(|| panic!("ARCHITECTURE.md has no `{heading}`"))
        .1;
    section
        .lines()
        .skip(1)
        .take_while(|line| !line.starts_with('#'))
        .filter(|line| line.starts_with("- `"))
        .filter_map(|line| quoted(line).next())
        .map(str::to_owned)
        .collect()
}

/// The table of crates, by directory.
fn rows() -> BTreeMap<String, Row> {
    let text = read("ARCHITECTURE.md");
    let rows: BTreeMap<String, Row> = text
        .lines()
        .skip_while(|line| !line.starts_with("| crate | holds | imports | must not depend on |"))
        .skip(2)
        .take_while(|line| line.starts_with('|'))
        .flat_map(|line| {
            let cells: Vec<&str> = line.split('|').collect();
            let [_, paths, _, imports, must_not_depend_on, _] = cells.as_slice() else {
                panic!("not four cells: {line}");
            };
            let set = |cell| quoted(cell).map(str::to_owned).collect();
            quoted(paths)
                .map(|path| {
                    let row = Row {
                        imports: set(imports),
                        must_not_depend_on: set(must_not_depend_on),
                    };
                    (path.to_owned(), row)
                })
                .collect::<Vec<_>>()
        })
        .collect();
    assert!(!rows.is_empty(), "ARCHITECTURE.md has no table of crates");
    rows
}

fn members() -> Vec<Member> {
    let metadata = metadata();
    let packages: BTreeMap<&str, &Value> = list(&metadata["packages"])
        .map(|package| (text(&package["id"]), package))
        .collect();
    let ids: BTreeSet<&str> = list(&metadata["workspace_members"]).map(text).collect();
    let names: BTreeSet<String> = ids
        .iter()
        .map(|id| text(&packages[id]["name"]).to_owned())
        .collect();
    let root = root();
    ids.iter()
        .map(|id| {
            let package = packages[id];
            let dependencies = |of_tests: bool| {
                list(&package["dependencies"])
                    .filter(|dependency| (dependency["kind"] == "dev") == of_tests)
                    .map(|dependency| text(&dependency["name"]).to_owned())
                    .filter(|name| names.contains(name))
                    .collect()
            };
            let directory = Path::new(text(&package["manifest_path"]))
                .parent()
                .and_then(|directory| directory.strip_prefix(&root).ok())
                .expect("a directory of the repository");
            Member {
                path: directory.display().to_string(),
                name: text(&package["name"]).to_owned(),
                imports: dependencies(false),
                test_imports: dependencies(true),
                contains: contained(&metadata, &packages, id),
            }
        })
        .collect()
}

/// The packages that become part of a package, on the platform of this machine.
fn contained(metadata: &Value, packages: &BTreeMap<&str, &Value>, id: &str) -> BTreeSet<String> {
    let nodes: BTreeMap<&str, &Value> = list(&metadata["resolve"]["nodes"])
        .map(|node| (text(&node["id"]), node))
        .collect();
    let mut seen = BTreeSet::new();
    let mut open = vec![id];
    while let Some(id) = open.pop() {
        for dependency in list(&nodes[id]["deps"]) {
            let is_normal = list(&dependency["dep_kinds"]).any(|kind| kind["kind"].is_null());
            let id = text(&dependency["pkg"]);
            if is_normal && seen.insert(id) {
                open.push(id);
            }
        }
    }
    seen.iter()
        .map(|id| text(&packages[id]["name"]).to_owned())
        .collect()
}

fn metadata() -> Value {
    let host = output(Command::new("rustc").arg("-vV"));
    let host = host
        .lines()
        .find_map(|line| line.strip_prefix("host: "))
        .expect("rustc names its host");
    let metadata = output(
        Command::new("cargo")
            .args(["metadata", "--format-version", "1", "--locked", "--offline"])
            .args(["--filter-platform", host])
            .current_dir(root()),
    );
    serde_json::from_str(&metadata).expect("cargo metadata is JSON")
}

fn output(command: &mut Command) -> String {
    let output = command.output().expect("a Rust toolchain");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    String::from_utf8(output.stdout).expect("UTF-8")
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}
