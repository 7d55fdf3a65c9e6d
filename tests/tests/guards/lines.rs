//! No line of Rust is wider than 100 columns, except where a literal or a table is.

use std::collections::BTreeMap;
use std::str::FromStr;

use proc_macro2::{TokenStream, TokenTree};

use crate::tree::{files, read};

const MAX_WIDTH: usize = 100;

/// Where literals end, by their lines: the column, or none if the literal runs on to the next line.
type LiteralEnds = BTreeMap<usize, Option<usize>>;

#[test]
fn lines_have_at_most_100_columns() {
    let mut wide = Vec::new();
    for path in ["core", "plugins", "judges", "tests", "examples"]
        .into_iter()
        .flat_map(|directory| files(directory, &["rs"]))
        // Templates have places to fill in, and bindings are generated.
        .filter(|path| !path.starts_with("core/tpo-author/templates"))
        .filter(|path| !path.ends_with("bindings.rs"))
    {
        for line in wide_lines(&read(&path)) {
            wide.push(format!("{}:{line}", path.display()));
        }
    }
    assert!(
        wide.is_empty(),
        "{} lines are too wide:\n{}",
        wide.len(),
        wide.join("\n")
    );
}

fn wide_lines(text: &str) -> Vec<usize> {
    let wide: Vec<(usize, &str)> = text
        .lines()
        .zip(1..)
        .filter(|(line, _)| line.chars().count() > MAX_WIDTH)
        .map(|(line, number)| (number, line))
        .collect();
    if wide.is_empty() {
        return Vec::new();
    }
    let mut ends = LiteralEnds::new();
    collect(TokenStream::from_str(text).expect("Rust"), &mut ends);
    wide.into_iter()
        .filter(|(number, line)| {
            let line = line.trim_start();
            if line.starts_with("//") {
                return !line.trim_start_matches(['/', '!', ' ']).starts_with('|');
            }
            // A literal that ends at the limit may have a comma and brackets after it.
            let end = ends.get(number);
            !end.is_some_and(|end| end.is_none_or(|end| end + 4 > MAX_WIDTH))
        })
        .map(|(number, _)| number)
        .collect()
}

fn collect(stream: TokenStream, ends: &mut LiteralEnds) {
    for tree in stream {
        match tree {
            TokenTree::Group(group) => collect(group.stream(), ends),
            TokenTree::Literal(literal) => {
                let (start, end) = (literal.span().start(), literal.span().end());
                for line in start.line..end.line {
                    ends.insert(line, None);
                }
                let last = ends.entry(end.line).or_insert(Some(0));
                if let Some(column) = last {
                    *column = end.column.max(*column);
                }
            }
            TokenTree::Ident(_) | TokenTree::Punct(_) => {}
        }
    }
}

#[test]
fn only_literals_and_tables_may_be_wide() {
    let long = "x".repeat(MAX_WIDTH);
    assert_eq!(wide_lines(&format!("fn {long}() {{}}\n")), [1]);
    assert_eq!(wide_lines(&format!("\n/// {long}\nfn f() {{}}\n")), [2]);
    for text in [
        format!("const A: &str = \"{long}\";\n"),
        format!("const A: &str = r\"{long}\n{long}\";\n"),
        format!("/// | {long} |\nfn f() {{}}\n"),
    ] {
        assert!(wide_lines(&text).is_empty(), "{text}");
    }
}
