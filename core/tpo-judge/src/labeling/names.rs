//! Names of categories as models write them: case, punctuation and markdown do not count.

/// The words of a text in lower case; `&` is `and`.
pub(super) fn words(text: &str) -> Vec<String> {
    text.to_lowercase()
        .replace('&', " and ")
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_owned)
        .collect()
}

/// Whether two names cannot be told apart.
pub(super) fn same(one: &str, other: &str) -> bool {
    words(one) == words(other)
}

/// A name in a text.
struct Mention {
    /// The index of the name.
    name: usize,
    /// Its first word.
    start: usize,
    /// The word after its last.
    end: usize,
}

/// Which of the names, given by their words, are in a text, each once and in order. A name that is
/// only a part of a longer one is not.
pub(super) fn mentioned(text: &[String], names: &[Vec<String>]) -> Vec<usize> {
    let mut mentions = Vec::new();
    for (name, words) in names.iter().enumerate() {
        let places = text.windows(words.len().max(1)).enumerate();
        for (start, _) in places.filter(|(_, window)| window == words) {
            mentions.push(Mention {
                name,
                start,
                end: start + words.len(),
            });
        }
    }
    let is_whole = |mention: &Mention| {
        !mentions.iter().any(|other| {
            other.name != mention.name && other.start <= mention.start && mention.end <= other.end
        })
    };
    let mut found: Vec<usize> = mentions
        .iter()
        .filter(|mention| is_whole(mention))
        .map(|mention| mention.name)
        .collect();
    found.sort_unstable();
    found.dedup();
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_compared_by_their_words() {
        assert!(same("Math & Calculations", "**math and calculations**"));
        assert!(same("1. Études", "\"1 études\""));
        assert!(!same("Math", "Maths"));
    }

    #[test]
    fn a_name_within_a_longer_one_is_not_mentioned() {
        let names: Vec<Vec<String>> = ["Writing", "Creative Writing", "Writing Tools"]
            .iter()
            .map(|name| words(name))
            .collect();
        let found = |text: &str| mentioned(&words(text), &names);
        assert_eq!(found("It is creative writing."), [1]);
        assert_eq!(found("Writing, or creative writing"), [0, 1]);
        assert_eq!(found("rewriting"), [0; 0]);
        // Either of two could be meant.
        assert_eq!(found("creative writing tools"), [1, 2]);
        assert_eq!(found(""), [0; 0]);
    }
}
