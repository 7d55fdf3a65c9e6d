//! Nothing in the repository has a word of `tests/retired-words.txt`: no text, no comment and no
//! name, of which each part counts as a word.

use tpo_tests::Workplace;

use crate::tree::{files, read};

/// The kinds of files that people write. Fixtures and recorded golden numbers are left out.
const EXTENSIONS: [&str; 17] = [
    "c", "cff", "go", "h", "js", "json", "jsonl", "md", "py", "rs", "sh", "snap", "sql", "toml",
    "wat", "wit", "yml",
];

/// A word or phrase that is no longer used.
struct Retired {
    words: String,
    /// What to write.
    better: String,
}

/// A text as lower-case words with single spaces, and the line that each byte of it comes from.
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
    for text in help().chain(sources()) {
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

fn sources() -> impl Iterator<Item = Text> {
    // The walk leaves hidden directories out.
    ["", ".ci", ".cargo", ".github"]
        .into_iter()
        .flat_map(|directory| files(directory, &EXTENSIONS))
        .filter(|path| {
            !(path.starts_with("tests/golden") && path.extension() == Some("json".as_ref()))
        })
        .map(|path| Text::of(&path.display().to_string(), &read(&path)))
}

impl Text {
    fn of(source: &str, text: &str) -> Self {
        let mut made = Self {
            source: source.to_owned(),
            ..Self::default()
        };
        for (line, text) in text.lines().enumerate() {
            // A sentence runs on from one line of a comment or a literal to the next.
            let text = text
                .trim_start_matches(|c: char| c.is_whitespace() || "/!#-*>;".contains(c))
                .trim_end_matches('\\');
            let text = ["\\n", "\\t", "\\r"]
                .iter()
                .fold(text.to_owned(), |text, escape| text.replace(escape, " "));
            made.push(&text, line + 1);
            made.push(" ", line + 1);
        }
        made
    }

    /// Appends a text. `snake_case`, `CamelCase` and numbers are split into words.
    fn push(&mut self, text: &str, line: usize) {
        let characters: Vec<char> = text.chars().collect();
        for (at, &character) in characters.iter().enumerate() {
            let before = at.checked_sub(1).map_or(' ', |at| characters[at]);
            let after = characters.get(at + 1).copied().unwrap_or(' ');
            let starts_word = character.is_uppercase()
                && (before.is_lowercase() || before.is_uppercase() && after.is_lowercase())
                || character.is_numeric() != before.is_numeric()
                    && character.is_alphanumeric()
                    && before.is_alphanumeric();
            if starts_word {
                self.push_character(' ', line);
            }
            for character in character.to_lowercase() {
                let is_space = character.is_whitespace() || character == '_';
                self.push_character(if is_space { ' ' } else { character }, line);
            }
        }
    }

    fn push_character(&mut self, character: char, line: usize) {
        if character == ' ' && self.words.ends_with(' ') {
            return;
        }
        self.words.push(character);
        self.lines.resize(self.words.len(), line);
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_found_in_texts_and_names() {
        for text in [
            "the old word",
            "r\"old word\" b\"old word\"",
            "let old_word = 1;",
            "struct OldWord;",
            "enum HTTPOldWord {}",
            "old_word2",
            "// an old\n// word",
            "\"an old \\\n    word\"",
            "-- an old\n-- word",
            "an old\\nword",
            "\"one\\told word\"",
        ] {
            let found: Vec<usize> = Text::of("it", text).find("old word").collect();
            assert_eq!(found.len(), text.matches("ld").count(), "{text}");
        }
        let text = Text::of("it", "bold words; old, word; an\nold\nword");
        assert_eq!(text.find("old word").collect::<Vec<_>>(), [2]);
    }
}
