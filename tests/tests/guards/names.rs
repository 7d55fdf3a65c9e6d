//! One name, one meaning: no two types have the same name.

use std::collections::{BTreeMap, BTreeSet};

use crate::rust_source::{RustSource, Token};
use crate::tree::{files, read};

/// Names that several types may have, and why.
const ALLOWED: [(&str, &str); 7] = [
    ("Config", "every plugin's own configuration has this name"),
    (
        "Judge",
        "the stage of a run, and the trait that its plugin implements",
    ),
    ("PairSelector", "likewise"),
    ("PairwiseJudge", "likewise"),
    ("ResponseParser", "likewise"),
    ("ThoughtTemplate", "likewise"),
    (
        "Component",
        "a macro of the SDK defines the type that implements the trait",
    ),
];

#[test]
fn no_two_types_have_one_name() {
    let mut places: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for path in ["core", "plugins", "judges"]
        .into_iter()
        .flat_map(|directory| files(directory, &["rs"]))
        .filter(|path| !path.starts_with("core/tpo-author/templates"))
        .filter(|path| !path.components().any(|part| part.as_os_str() == "tests"))
        .filter(|path| !path.ends_with("tests.rs"))
        // Generated from the contract, whose names are those of `tpo-types`.
        .filter(|path| !path.ends_with("bindings.rs"))
    {
        let source = RustSource::parse(&read(&path));
        let mut tokens = source.tokens;
        tokens.retain(|token| !token.is_test);
        for name in types(&tokens) {
            let places = places.entry(name).or_default();
            places.insert(path.display().to_string());
        }
    }
    assert!(places.len() > 300, "the types were not found");
    let wrong: Vec<String> = places
        .iter()
        .filter(|(name, places)| {
            places.len() > 1 && !ALLOWED.iter().any(|(allowed, _)| allowed == name)
        })
        .map(|(name, places)| format!("{name}: {places:?}"))
        .collect();
    assert!(
        wrong.is_empty(),
        "types with the same name:\n{}",
        wrong.join("\n")
    );
    for (name, why) in ALLOWED {
        let count = places.get(name).map_or(0, BTreeSet::len);
        assert!(
            count > 0,
            "`{name}` is allowed twice ({why}) and does not exist"
        );
    }
}

/// The structs, enums, traits and unions that are defined, whatever their visibility. Associated
/// types and aliases are not types of their own.
fn types(tokens: &[Token]) -> impl Iterator<Item = String> {
    tokens
        .windows(2)
        .filter(|pair| ["struct", "enum", "trait", "union"].contains(&pair[0].text.as_str()))
        .map(|pair| pair[1].text.clone())
        .filter(|name| name.starts_with(char::is_uppercase))
}
