//! ARCHITECTURE.md's table of crates is what the tree is: dependencies between crates, and
//! dependencies that a crate must not have.

use std::collections::{BTreeMap, BTreeSet};

use crate::metadata::members;
use crate::tree::{quoted, read};

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
