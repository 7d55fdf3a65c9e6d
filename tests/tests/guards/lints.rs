//! Unsafe code, printing and reading arguments are in the files that ARCHITECTURE.md lists, and no
//! crate is without the workspace's lints.

use std::collections::BTreeSet;

use crate::metadata::members;
use crate::rust_source::{RustSource, Token};
use crate::tree::{files, quoted, read};
use crate::use_tree::read_tree;

/// Macros that print.
const MACROS: [&str; 5] = ["print", "println", "eprint", "eprintln", "dbg"];
/// Functions and types of `std::io` and `std::env` that print or read arguments.
const ITEMS: [&str; 8] = [
    "stdout",
    "stderr",
    "Stdout",
    "Stderr",
    "StdoutLock",
    "StderrLock",
    "args",
    "args_os",
];
/// Modules that must not be renamed, or their functions could not be recognized.
const MODULES: [&str; 2] = ["io", "env"];

#[test]
fn every_crate_has_the_lints_of_the_workspace() {
    let without: Vec<String> = members()
        .into_iter()
        .map(|member| member.path + "/Cargo.toml")
        .filter(|path| {
            let manifest: toml::Table = toml::from_str(&read(path)).expect("TOML");
            let lints = manifest.get("lints");
            lints.and_then(|lints| lints.get("workspace")) != Some(&toml::Value::Boolean(true))
        })
        .collect();
    assert!(
        without.is_empty(),
        "add `[lints]` with `workspace = true` to {}",
        without.join(", ")
    );
}

#[test]
fn unsafe_code_is_where_the_list_says() {
    let named = listed("### Unsafe code");
    let found: BTreeSet<String> = sources(&["core", "plugins", "judges", "tests"])
        .filter(|(_, source)| allows_unsafe_code(&source.tokens))
        .map(|(path, _)| path)
        .collect();
    assert_eq!(
        named, found,
        "the list in ARCHITECTURE.md (left) is not where unsafe code is"
    );
}

#[test]
fn only_tpo_cli_and_listed_files_print() {
    let named = listed("### Printing");
    let build_scripts: BTreeSet<String> = members()
        .into_iter()
        .filter_map(|member| member.build_script)
        .collect();
    let found: BTreeSet<String> = sources(&["core", "plugins", "judges"])
        // A build script prints for cargo.
        .filter(|(path, _)| !build_scripts.contains(path) && !path.starts_with("core/tpo-cli/"))
        .filter(|(path, _)| !path.split('/').any(|part| part == "tests"))
        .filter(|(_, source)| prints(&source.tokens))
        .map(|(path, _)| path)
        .collect();
    assert_eq!(
        named, found,
        "the list in ARCHITECTURE.md (left) is not what prints"
    );
}

/// Whether unsafe code is allowed, in whatever attribute, or written.
fn allows_unsafe_code(tokens: &[Token]) -> bool {
    let text = |at: usize| tokens.get(at).map_or("", |token| token.text.as_str());
    (0..tokens.len()).any(|at| match text(at) {
        "unsafe_code" => at < 2 || !["deny", "forbid"].contains(&text(at - 2)),
        // The type of a pointer to an unsafe function is not unsafe code.
        "unsafe" if text(at + 1) == "fn" => text(at + 2) != "(",
        "unsafe" => ["{", "(", "impl", "trait"].contains(&text(at + 1)),
        _ => false,
    })
}

/// Whether the code prints or reads arguments, or imports what does.
fn prints(tokens: &[Token]) -> bool {
    let text = |at: usize| tokens.get(at).map_or("", |token| token.text.as_str());
    (0..tokens.len()).any(|at| {
        let before = at.checked_sub(1).map_or("", text);
        match text(at) {
            "use" => {
                let mut paths = Vec::new();
                read_tree(tokens, at + 1, &[], &mut paths);
                paths
                    .iter()
                    .any(|(path, alias)| imports_printing(path, alias.is_some()))
            }
            name if MACROS.contains(&name) => text(at + 1) == "!",
            name if ITEMS.contains(&name) => {
                let is_called = text(at + 1) == "(" && ![".", "fn"].contains(&before);
                let is_of_std = before == ":" && at > 2 && MODULES.contains(&text(at - 3));
                is_called || is_of_std
            }
            _ => {
                tokens[at].is_literal
                    && ["/dev/std", "/dev/tty", "/dev/fd"]
                        .iter()
                        .any(|path| text(at).contains(path))
            }
        }
    })
}

fn imports_printing(path: &[String], is_renamed: bool) -> bool {
    let last = path.last().map_or("", String::as_str);
    let parent = path.iter().rev().nth(1).map_or("", String::as_str);
    let is_module = MODULES.contains(&last) || last == "self" && MODULES.contains(&parent);
    MACROS.contains(&last)
        || ITEMS.contains(&last) && MODULES.contains(&parent)
        || is_module && is_renamed
}

fn sources(directories: &[&str]) -> impl Iterator<Item = (String, RustSource)> {
    directories
        .iter()
        .flat_map(|directory| files(directory, &["rs"]))
        // Templates have places to fill in.
        .filter(|path| !path.starts_with("core/tpo-author/templates"))
        .map(|path| (path.display().to_string(), RustSource::parse(&read(&path))))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_way_to_print_is_seen() {
        for code in [
            "fn f() { print!(\"\"); }",
            "fn f() { std::eprint!(\"\"); }",
            "fn f() { dbg!(1); }",
            "use std::println as say;",
            "use std::io::stdout as out;",
            "use std::{fs, io::{self, Write, stderr}};",
            "use std::io as x;",
            "use std::io::{self as x};",
            "fn f() { let out = std::io::stdout; }",
            "fn f() { stdout().flush(); }",
            "fn f() -> std::io::Stdout { todo!() }",
            "fn f() { std::env::args().count(); }",
            "use std::env::args_os;",
            "fn f() { File::create(\"/dev/stdout\"); }",
        ] {
            assert!(prints(&RustSource::parse(code).tokens), "{code}");
        }
        for code in [
            "fn f() { command.stdout(Stdio::piped()).args([1]); }",
            "fn f() { let stdout = output.stdout; }",
            "fn f() { cli::stdout::add_to_linker(1); }",
            "impl cli::stdout::Host for Wasi {}",
            "use std::io::{self, Write};",
        ] {
            assert!(!prints(&RustSource::parse(code).tokens), "{code}");
        }
    }

    #[test]
    fn every_way_to_allow_unsafe_code_is_seen() {
        for code in [
            "#[allow(clippy::x, unsafe_code)] fn f() {}",
            "#![allow(unsafe_code)]",
            "#![cfg_attr(unix, allow(dead_code, unsafe_code, reason = \"x\"))]",
            "#[expect(unsafe_code)] fn f() {}",
            "fn f() { unsafe { g() } }",
            "unsafe fn f() {}",
            "#[unsafe(no_mangle)] fn f() {}",
        ] {
            assert!(
                allows_unsafe_code(&RustSource::parse(code).tokens),
                "{code}"
            );
        }
        let denied = RustSource::parse("#![deny(unsafe_code)]");
        assert!(!allows_unsafe_code(&denied.tokens));
    }
}
