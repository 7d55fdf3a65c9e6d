//! No line is wider than 100 columns.

use crate::tree::{files, read};

const MAX_WIDTH: usize = 100;

/// Files whose lines cannot be broken, and why.
const EXCEPTIONS: [(&str, &str); 0] = [];

#[test]
fn lines_have_at_most_100_columns() {
    let mut wide = Vec::new();
    for path in ["core", "plugins", "judges", "tests", "examples"]
        .into_iter()
        .flat_map(|directory| files(directory, &["rs", "sql", "wit", "h"]))
        .chain(files("wit", &["wit"]))
    {
        let name = path.display().to_string();
        if EXCEPTIONS.iter().any(|(exception, _)| *exception == name) {
            continue;
        }
        for (line, text) in read(&path).lines().enumerate() {
            let width = text.chars().count();
            if width > MAX_WIDTH {
                wide.push(format!("{name}:{}: {width} columns", line + 1));
            }
        }
    }
    assert!(
        wide.is_empty(),
        "{} lines are too wide:\n{}",
        wide.len(),
        wide.join("\n")
    );
}
