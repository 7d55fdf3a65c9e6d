//! No two modules that stand beside each other need each other, directly or through others.
//!
//! A module and the directory of its name are one; a module and its own children may use each
//! other.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use crate::rust_source::{RustSource, Token};
use crate::tree::{files, read};
use crate::use_tree::read_tree;

/// A module by its path in the crate; the crate's root has none.
type Module = Vec<String>;

/// A crate's modules, each with the paths that its code names.
#[derive(Debug, Default)]
struct Modules(BTreeMap<Module, Names>);

/// What one module's code names.
#[derive(Debug, Default)]
struct Names {
    file: String,
    /// Absolute paths inside the crate, with the line.
    paths: Vec<(Module, usize)>,
    /// What `use` brings in: the name here, and the absolute path of what it stands for.
    imported: BTreeMap<String, Module>,
    /// Lines that bring in all names of a module above, or that module under another name: paths
    /// through them could not be followed.
    hidden: Vec<usize>,
}

/// A module that names another, both beside each other.
type Arrow = (Module, Module);

#[test]
fn modules_have_no_circles() {
    let mut circles = Vec::new();
    for source in crates() {
        let modules = Modules::read(&source);
        circles.extend(modules.hidden());
        circles.extend(modules.circles());
    }
    assert!(
        circles.is_empty(),
        "modules that depend on each other in a circle:\n{}",
        circles.join("\n\n")
    );
}

/// The source directories of the workspace's crates, and those of tests with several files.
fn crates() -> BTreeSet<String> {
    ["core", "plugins", "judges", "tests"]
        .into_iter()
        .flat_map(|directory| files(directory, &["rs"]))
        .filter(|path| path.ends_with("src/lib.rs") || path.ends_with("main.rs"))
        .filter_map(|path| {
            path.parent()
                .map(|directory| directory.display().to_string())
        })
        .collect()
}

impl Modules {
    fn read(source_directory: &str) -> Self {
        let mut sources = BTreeMap::new();
        let mut of_tests = Vec::new();
        for path in files(source_directory, &["rs"]) {
            let module = module_of(path.strip_prefix(source_directory).expect("inside"));
            let mut source = RustSource::parse(&read(&path));
            source.tokens.retain(|token| !token.is_test);
            for name in &source.test_modules {
                of_tests.push([module.as_slice(), std::slice::from_ref(name)].concat());
            }
            sources.insert(module, (path.display().to_string(), source));
        }
        sources.retain(|module, _| !of_tests.iter().any(|test| module.starts_with(test)));
        let known: BTreeSet<Module> = sources.keys().cloned().collect();
        Self(
            sources
                .into_iter()
                .map(|(module, (file, source))| {
                    let names = Names::collect(file, &module, &source.tokens, &known);
                    (module, names)
                })
                .collect(),
        )
    }

    /// One line per `use` that hides paths.
    fn hidden(&self) -> impl Iterator<Item = String> {
        self.0.values().flat_map(|names| {
            let file = &names.file;
            names
                .hidden
                .iter()
                .map(move |line| format!("{file}:{line} hides what it uses; name the modules"))
        })
    }

    /// Each circle as one line, with the places that make it.
    fn circles(&self) -> Vec<String> {
        let arrows = self.arrows();
        let mut circles = Vec::new();
        let mut seen = BTreeSet::new();
        for start in arrows.keys().map(|(from, _)| from) {
            let circle: BTreeSet<&Module> = arrows
                .keys()
                .map(|(_, to)| to)
                .filter(|to| reaches(&arrows, start, to) && reaches(&arrows, to, start))
                .collect();
            if circle.is_empty() || !seen.insert(circle.clone()) {
                continue;
            }
            let places: Vec<String> = arrows
                .iter()
                .filter(|((from, to), _)| circle.contains(from) && circle.contains(to))
                .map(|((from, to), place)| {
                    format!("  {} -> {} ({place})", from.join("::"), to.join("::"))
                })
                .collect();
            circles.push(places.join("\n"));
        }
        circles
    }

    /// Arrows between modules beside each other, each with one place that makes it.
    fn arrows(&self) -> BTreeMap<Arrow, String> {
        let mut arrows = BTreeMap::new();
        for (from, names) in &self.0 {
            for (path, line) in &names.paths {
                let Some(to) = self.defined_in(path, 0) else {
                    continue;
                };
                let shared = from
                    .iter()
                    .zip(&to)
                    .take_while(|(left, right)| left == right)
                    .count();
                if shared < from.len() && shared < to.len() {
                    let arrow = (from[..=shared].to_vec(), to[..=shared].to_vec());
                    arrows
                        .entry(arrow)
                        .or_insert_with(|| format!("{}:{line}", names.file));
                }
            }
        }
        arrows
    }

    /// The module that defines what a path names; what is passed on with `use` is followed.
    fn defined_in(&self, path: &[String], depth: usize) -> Option<Module> {
        let length = (0..=path.len())
            .rev()
            .find(|&length| self.0.contains_key(&path[..length]))?;
        let module = path[..length].to_vec();
        let passed_on = path
            .get(length)
            .and_then(|name| self.0[&module].imported.get(name))
            .filter(|target| depth < 8 && !path.starts_with(target));
        match passed_on {
            Some(target) => {
                let rest = &path[length + 1..];
                self.defined_in(&[target.as_slice(), rest].concat(), depth + 1)
            }
            None => Some(module),
        }
    }
}

impl Names {
    fn collect(file: String, module: &Module, tokens: &[Token], known: &BTreeSet<Module>) -> Self {
        let mut names = Self {
            file,
            ..Self::default()
        };
        let mut at = 0;
        // The module of the tokens here, and the depth of braces at which each of them ends.
        let (mut here, mut depth, mut ends) = (module.clone(), 0, Vec::new());
        while at < tokens.len() {
            match tokens[at].text.as_str() {
                "{" => {
                    if at > 1 && tokens[at - 2].text == "mod" {
                        here.push(tokens[at - 1].text.clone());
                        ends.push(depth);
                    }
                    depth += 1;
                }
                "}" => {
                    depth -= 1;
                    if ends.last() == Some(&depth) {
                        ends.pop();
                        here.pop();
                    }
                }
                _ => {}
            }
            let is_use = tokens[at].text == "use";
            if !is_use && !is_start_of_path(tokens, at) {
                at += 1;
                continue;
            }
            let start = if is_use { at + 1 } else { at };
            let mut paths = Vec::new();
            let end = read_tree(tokens, start, &[], &mut paths);
            for (path, alias) in paths {
                let Some(absolute) = absolute(&path, &here, known) else {
                    continue;
                };
                let line = tokens[at].line;
                let is_whole = alias.is_some() || path.last().is_some_and(|name| name == "*");
                if is_use && is_whole && here.starts_with(&absolute) {
                    names.hidden.push(line);
                }
                if is_use && let Some(name) = alias.or_else(|| absolute.last().cloned()) {
                    names.imported.insert(name, absolute.clone());
                }
                names.paths.push((absolute, line));
            }
            at = end.max(at + 1);
        }
        names
    }
}

fn is_start_of_path(tokens: &[Token], at: usize) -> bool {
    let text = |at: usize| tokens.get(at).map_or("", |token| token.text.as_str());
    ["crate", "super", "self"].contains(&text(at))
        && text(at + 1) == ":"
        && text(at + 2) == ":"
        // Inside a longer path it is no start. A type follows a single colon.
        && !(at > 1 && text(at - 1) == ":" && text(at - 2) == ":")
}

/// A path from the crate's root; none if it leads out of the crate.
fn absolute(path: &[String], module: &Module, known: &BTreeSet<Module>) -> Option<Module> {
    let mut base = module.clone();
    let mut rest = path;
    match path.first()?.as_str() {
        "crate" => {
            base.clear();
            rest = &path[1..];
        }
        "self" => rest = &path[1..],
        "super" => {}
        child => {
            base.push(child.to_owned());
            return known.contains(&base).then(|| {
                base.extend(path[1..].iter().cloned());
                base
            });
        }
    }
    while rest.first().is_some_and(|segment| segment == "super") {
        base.pop();
        rest = &rest[1..];
    }
    let names = rest
        .iter()
        .filter(|name| !["self", "*"].contains(&name.as_str()));
    base.extend(names.cloned());
    Some(base)
}

fn module_of(path: &Path) -> Module {
    let mut module: Module = path
        .with_extension("")
        .components()
        .map(|part| part.as_os_str().to_string_lossy().into_owned())
        .collect();
    if module
        .last()
        .is_some_and(|name| ["lib", "main", "mod"].contains(&name.as_str()))
    {
        module.pop();
    }
    module
}

fn reaches(arrows: &BTreeMap<Arrow, String>, from: &Module, to: &Module) -> bool {
    let mut seen = BTreeSet::new();
    let mut open = vec![from];
    while let Some(module) = open.pop() {
        for (_, next) in arrows.keys().filter(|(start, _)| start == module) {
            if next == to {
                return true;
            }
            if seen.insert(next) {
                open.push(next);
            }
        }
    }
    false
}
