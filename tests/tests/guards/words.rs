//! No text that a user or an author reads has a word of `tests/retired-words.txt`.

use std::collections::BTreeSet;

use tpo_tests::Workplace;

use crate::rust_source::RustSource;
use crate::tree::{files, read};

/// A word or phrase that is no longer used.
struct Retired {
    words: String,
    /// What to write.
    better: String,
}

/// A text, in lower case and with single spaces, and the line that each byte of it comes from.
#[derive(Default)]
struct Text {
    source: String,
    words: String,
    lines: Vec<usize>,
}

#[test]
fn no_retired_word_is_used() {
    let retired = retired();
    let mut found = Vec::new();
    for text in help().chain(documents()).chain(sources()) {
        for Retired { words, better } in &retired {
            for line in text.find(words) {
                found.push(format!("{}:{line}: `{words}`; write {better}", text.source));
            }
        }
    }
    assert!(
        found.is_empty(),
        "{} retired words:\n{}",
        found.len(),
        found.join("\n")
    );
}

fn retired() -> Vec<Retired> {
    read("tests/retired-words.txt")
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .map(|line| {
            let (words, better) = line.split_once(" -> ").unwrap_or((line, "it plainly"));
            Retired {
                words: words.to_lowercase(),
                better: better.to_owned(),
            }
        })
        .collect()
}

/// The help of every command, and the schema.
fn help() -> impl Iterator<Item = Text> {
    let here = Workplace::new();
    let mut texts = vec![Text::of("tpo schema", &here.succeeds(&["schema"]).stdout)];
    let mut open: Vec<Vec<String>> = vec![Vec::new()];
    while let Some(command) = open.pop() {
        let mut arguments: Vec<&str> = command.iter().map(String::as_str).collect();
        arguments.push("--help");
        let help = here.succeeds(&arguments).stdout;
        texts.push(Text::of(&format!("tpo {}", arguments.join(" ")), &help));
        open.extend(subcommands(&help).map(|name| [command.as_slice(), &[name]].concat()));
    }
    assert!(texts.len() > 10, "the help of commands was not found");
    texts.into_iter()
}

fn subcommands(help: &str) -> impl Iterator<Item = String> {
    help.lines()
        .skip_while(|line| *line != "Commands:")
        .skip(1)
        .take_while(|line| !line.is_empty())
        .filter(|line| line.starts_with("  ") && !line.starts_with("   "))
        .filter_map(|line| line.split_whitespace().next())
        .filter(|name| *name != "help")
        .map(str::to_owned)
}

fn documents() -> impl Iterator<Item = Text> {
    let pages = [
        "README.md",
        "ARCHITECTURE.md",
        "CONTRIBUTING.md",
        "CHANGELOG.md",
        "SECURITY.md",
    ];
    let mut paths: BTreeSet<_> = pages.into_iter().map(Into::into).collect();
    for directory in ["docs", "core", "plugins", "judges", "examples"] {
        paths.extend(files(directory, &["md"]));
    }
    paths.extend(files("wit", &["wit"]));
    paths.extend(files(
        "core/tpo-author/templates",
        &["rs", "py", "js", "c", "go", "jsonl"],
    ));
    paths
        .into_iter()
        .map(|path| Text::of(&path.display().to_string(), &read(&path)))
}

/// The string literals and doc comments of the Rust sources, tests included.
fn sources() -> impl Iterator<Item = Text> {
    ["core", "plugins", "judges"]
        .into_iter()
        .flat_map(|directory| files(directory, &["rs"]))
        .filter(|path| !path.starts_with("core/tpo-author/templates"))
        .map(|path| {
            let mut text = Text {
                source: path.display().to_string(),
                ..Text::default()
            };
            let tokens = RustSource::parse(&read(&path)).tokens;
            for (at, token) in tokens
                .iter()
                .enumerate()
                .filter(|(_, token)| token.is_literal)
            {
                // A sentence runs on from one line of a comment to the next.
                let is_comment = at > 1 && tokens[at - 2].text == "doc";
                if !is_comment {
                    text.push("\u{0}", token.line);
                }
                text.push(
                    &token.text.replace("\\n", " ").replace("\\\n", " "),
                    token.line,
                );
                text.push(if is_comment { " " } else { "\u{0}" }, token.line);
            }
            text
        })
}

impl Text {
    fn of(source: &str, text: &str) -> Self {
        let mut made = Self {
            source: source.to_owned(),
            ..Self::default()
        };
        for (line, text) in text.lines().enumerate() {
            made.push(text.trim_start().trim_start_matches("///"), line + 1);
            made.push(" ", line + 1);
        }
        made
    }

    fn push(&mut self, text: &str, line: usize) {
        let mut line = line;
        for character in text.chars().flat_map(char::to_lowercase) {
            line += usize::from(character == '\n');
            let character = if character.is_whitespace() {
                ' '
            } else {
                character
            };
            // The quotes around a line of a doc comment are not part of the sentence.
            if character == '"' || character == ' ' && self.words.ends_with(' ') {
                continue;
            }
            self.words.push(character);
            self.lines.resize(self.words.len(), line);
        }
    }

    /// The lines on which the words stand, whole words only.
    fn find(&self, words: &str) -> impl Iterator<Item = usize> {
        self.words
            .match_indices(words)
            .filter(move |(at, _)| {
                let before = self.words[..*at].chars().next_back();
                let after = self.words[at + words.len()..].chars().next();
                !before.is_some_and(char::is_alphanumeric)
                    && !after.is_some_and(char::is_alphanumeric)
            })
            .map(|(at, _)| self.lines[at])
    }
}
