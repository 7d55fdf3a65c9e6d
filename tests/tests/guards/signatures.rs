//! Functions that other files call have named structs in their signatures, not tuples. Iterators
//! may have pairs of a key and a value.

use crate::rust_source::{RustSource, Token};
use crate::tree::{files, read};

#[test]
fn no_tuple_is_in_a_signature_that_other_files_see() {
    let mut found = Vec::new();
    for path in ["core", "plugins", "judges"]
        .into_iter()
        .flat_map(|directory| files(directory, &["rs"]))
        .filter(|path| !path.starts_with("core/tpo-author/templates"))
        .filter(|path| !path.components().any(|part| part.as_os_str() == "tests"))
        // What the tests of several crates share.
        .filter(|path| !path.starts_with("plugins/pairing/src/testing.rs"))
    {
        let mut tokens = RustSource::parse(&read(&path)).tokens;
        tokens.retain(|token| !token.is_test);
        for line in with_tuples(&tokens) {
            found.push(format!("{}:{line}", path.display()));
        }
    }
    assert!(
        found.is_empty(),
        "use named structs instead of tuples:\n{}",
        found.join("\n")
    );
}

/// The lines of the functions with any `pub` whose parameters or results have a tuple.
fn with_tuples(tokens: &[Token]) -> Vec<usize> {
    let text = |at: usize| tokens.get(at).map_or("", |token| token.text.as_str());
    let mut lines = Vec::new();
    for at in (0..tokens.len()).filter(|at| text(*at) == "pub") {
        // `pub`, or `pub(...)`.
        let mut next = if text(at + 1) == "(" { at + 4 } else { at + 1 };
        while ["const", "async", "unsafe"].contains(&text(next)) {
            next += 1;
        }
        if text(next) != "fn" {
            continue;
        }
        let end = (next..tokens.len())
            .find(|at| ["{", ";", "where"].contains(&text(*at)))
            .unwrap_or(tokens.len());
        if has_tuple(&tokens[next..end]) {
            lines.push(tokens[at].line);
        }
    }
    lines
}

/// Whether a type in parentheses has a comma in it. The parameters of a closure are no tuple, and
/// neither are those of the function itself.
fn has_tuple(signature: &[Token]) -> bool {
    let text = |at: usize| signature.get(at).map_or("", |token| token.text.as_str());
    // Of every open bracket, whether a comma in it makes a tuple.
    let mut open = Vec::new();
    let (mut angles, mut is_past_parameters) = (0, false);
    for at in 0..signature.len() {
        let before = at.checked_sub(1).map_or("", text);
        match text(at) {
            "<" => angles += 1,
            ">" if !["-", "="].contains(&before) => angles -= 1,
            "(" if angles == 0 && !is_past_parameters => {
                is_past_parameters = true;
                open.push(false);
            }
            "(" => open.push(["(", "<", ",", ":", ">", "&", "mut", "["].contains(&before)),
            "[" => open.push(false),
            ")" | "]" => {
                open.pop();
            }
            "," if open.last() == Some(&true) && text(at + 1) != ")" => return true,
            _ => {}
        }
    }
    false
}

#[test]
fn tuples_are_seen() {
    for code in [
        "pub fn f() -> (u8, u8) {}",
        "pub(crate) fn f(a: (u8, u8)) {}",
        "pub fn f() -> Result<Vec<(usize, u8)>, E> {}",
        "pub fn f(a: &[(&str, u8)]) {}",
        "pub fn f(a: impl Fn(usize) -> (u8, u8)) {}",
    ] {
        assert_eq!(with_tuples(&RustSource::parse(code).tokens), [1], "{code}");
    }
    for code in [
        "fn f() -> (u8, u8) {}",
        "pub fn f(a: impl Fn(u8, u8), b: &mut dyn FnMut(u8, u8)) -> () {}",
        "pub fn f<A, B>(a: A, b: HashMap<A, B>,) -> [u8; 2] { g((1, 2)) }",
        "pub fn f(a: impl Iterator<Item = (String, u8)>) {}",
    ] {
        let lines = with_tuples(&RustSource::parse(code).tokens);
        assert!(lines.is_empty(), "{code}");
    }
}
