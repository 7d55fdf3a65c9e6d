//! ARCHITECTURE.md's table of crates is what the tree is: dependencies between crates, and
//! dependencies that a crate must not have.

use std::collections::{BTreeMap, BTreeSet};

use crate::metadata::members;
use crate::rust_source::RustSource;
use crate::tree::{files, quoted, read};

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

/// The table and `cargo metadata` know only members.
#[test]
fn every_crate_is_a_member_of_the_workspace() {
    let members: BTreeSet<String> = members().into_iter().map(|member| member.path).collect();
    for manifest in ["core", "plugins", "judges"]
        .into_iter()
        .flat_map(|directory| files(directory, &["toml"]))
        .filter(|path| path.ends_with("Cargo.toml"))
    {
        let directory = manifest.parent().expect("a directory").display();
        assert!(
            members.contains(&directory.to_string()),
            "{directory} is not a member of the workspace"
        );
    }
}

/// A module of another crate's file would be an arrow that no manifest names.
#[test]
fn no_module_is_in_another_crate() {
    for path in ["core", "plugins", "judges"]
        .into_iter()
        .flat_map(|directory| files(directory, &["rs"]))
        .filter(|path| !path.starts_with("core/tpo-author/templates"))
    {
        let tokens = RustSource::parse(&read(&path)).tokens;
        let is_path_attribute = tokens
            .windows(3)
            .any(|three| three[0].text == "[" && three[1].text == "path" && three[2].text == "=");
        assert!(!is_path_attribute, "{} has `#[path]`", path.display());
    }
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
