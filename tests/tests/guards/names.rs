//! One name, one meaning: no two public types have the same name, and no two types of one crate
//! that several of its files see.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use crate::rust_source::{RustSource, Token};
use crate::tree::{files, read};

/// Names that several types may have, and why.
const ALLOWED: [(&str, &str); 6] = [
    ("Config", "every plugin's own configuration has this name"),
    (
        "Judge",
        "the stage of a run, and the trait that its plugin implements",
    ),
    ("PairSelector", "likewise"),
    ("PairwiseJudge", "likewise"),
    ("ResponseParser", "likewise"),
    ("ThoughtTemplate", "likewise"),
];

/// Who sees a type.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Visibility {
    /// Only its file and those below it.
    Private,
    /// Files of its crate.
    Crate,
    Public,
}

/// Where the types of one name are defined.
#[derive(Default)]
struct Places {
    /// The crates with a public one.
    public: BTreeSet<String>,
    /// Of each crate, the files with one that other files see.
    seen: BTreeMap<String, BTreeSet<String>>,
}

#[test]
fn no_two_types_have_one_name() {
    let mut types: BTreeMap<String, Places> = BTreeMap::new();
    for path in ["core", "plugins", "judges"]
        .into_iter()
        .flat_map(|directory| files(directory, &["rs"]))
        .filter(|path| !path.starts_with("core/tpo-author/templates"))
        .filter(|path| !path.components().any(|part| part.as_os_str() == "tests"))
        .filter(|path| !path.ends_with("tests.rs"))
        // Generated from the contract, whose names are those of `tpo-types`.
        .filter(|path| !path.ends_with("bindings.rs"))
    {
        let mut tokens = RustSource::parse(&read(&path)).tokens;
        tokens.retain(|token| !token.is_test);
        for (name, visibility) in defined(&tokens) {
            let places = types.entry(name).or_default();
            if visibility == Visibility::Public {
                places.public.insert(crate_of(&path));
            }
            if visibility != Visibility::Private {
                let files = places.seen.entry(crate_of(&path)).or_default();
                files.insert(path.display().to_string());
            }
        }
    }
    assert!(types.len() > 300, "the types were not found");
    let wrong: Vec<String> = types
        .iter()
        .filter(|(name, _)| !ALLOWED.iter().any(|(allowed, _)| allowed == name))
        .flat_map(|(name, places)| {
            let public = Some(&places.public).filter(|crates| crates.len() > 1);
            let seen = places.seen.values().filter(|files| files.len() > 1);
            public
                .into_iter()
                .chain(seen)
                .map(move |places| format!("{name}: {places:?}"))
        })
        .collect();
    assert!(
        wrong.is_empty(),
        "types with the same name:\n{}",
        wrong.join("\n")
    );
    for (name, why) in ALLOWED {
        assert!(
            types.contains_key(name),
            "`{name}` may be there twice ({why}), and is not there"
        );
    }
}

fn crate_of(path: &Path) -> String {
    let parts: Vec<_> = path.components().take(2).collect();
    parts
        .iter()
        .map(|part| part.as_os_str().to_string_lossy())
        .collect::<Vec<_>>()
        .join("/")
}

/// The structs, enums, traits and unions that are defined. Associated types and aliases are not
/// types of their own.
fn defined(tokens: &[Token]) -> impl Iterator<Item = (String, Visibility)> {
    let text = |at: usize| tokens.get(at).map_or("", |token| token.text.as_str());
    (0..tokens.len())
        .filter(move |at| ["struct", "enum", "trait", "union"].contains(&text(*at)))
        .filter(move |at| text(at + 1).starts_with(char::is_uppercase))
        .map(move |at| {
            let before = at.checked_sub(1).map_or("", text);
            let visibility = match before {
                "pub" => Visibility::Public,
                // `pub(crate)`
                ")" if at > 3 && text(at - 4) == "pub" => Visibility::Crate,
                _ => Visibility::Private,
            };
            (text(at + 1).to_owned(), visibility)
        })
}
