//! The choices of an instruction: their labels and, if the data set's row lists them, their
//! wording.

use serde::Deserialize;
use tpo_plugin::Instruction;

use crate::token::{Lexeme, lexemes};

/// Marks that change the meaning of a text: `x > 2` is not `x < 2`.
const OPERATORS: [&str; 13] = [
    "+", "<", ">", "=", "%", "^", "/", "≤", "≥", "≠", "×", "÷", "°",
];

/// The label of a choice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Label {
    /// In lower case.
    Letter(u8),
    Number(u8),
}

impl Label {
    /// A label from a word in lower case: one letter, or a number of at most two digits.
    pub(crate) fn read(word: &str) -> Option<Self> {
        match word.as_bytes() {
            [letter @ b'a'..=b'z'] => Some(Self::Letter(*letter)),
            [b'0'..=b'9'] | [b'0'..=b'9', b'0'..=b'9'] => word.parse().ok().map(Self::Number),
            _ => None,
        }
    }

    /// The label of the next choice in a list.
    pub(crate) fn next(self) -> Self {
        match self {
            Self::Letter(letter) => Self::Letter(letter + 1),
            Self::Number(number) => Self::Number(number + 1),
        }
    }
}

/// A choice that the row lists.
#[derive(Debug)]
pub(crate) struct Listed {
    pub(crate) label: Label,
    /// Its wording, as [`comparable`] words; empty if another choice has the same wording.
    pub(crate) words: Vec<String>,
}

/// The choices of one instruction.
#[derive(Debug)]
pub(crate) struct Choices {
    /// The choices that the row lists. If there are none, every letter is a label, or every number.
    pub(crate) listed: Vec<Listed>,
    is_numbered: bool,
}

/// The formats in which rows list choices.
#[derive(Deserialize)]
#[serde(untagged)]
enum Field {
    Texts(Vec<String>),
    Rows(Vec<ChoiceRow>),
    Columns {
        label: Vec<String>,
        text: Vec<String>,
    },
}

#[derive(Deserialize)]
struct ChoiceRow {
    label: String,
    text: String,
}

impl Choices {
    /// The choices that `field` of the row lists. If it lists none, the instruction's text decides
    /// whether choices are numbered. The error is the phrase for `unscored`.
    pub(crate) fn of(instruction: &Instruction, field: &str) -> Result<Self, &'static str> {
        let unreadable = "unreadable choices";
        let rows = match instruction.field(field).map_err(|_| unreadable)? {
            None => Vec::new(),
            Some(Field::Texts(texts)) => {
                let letters = ('A'..='Z').map(String::from);
                if texts.len() > letters.clone().count() {
                    return Err(unreadable);
                }
                letters
                    .zip(texts)
                    .map(|(label, text)| ChoiceRow { label, text })
                    .collect()
            }
            Some(Field::Rows(rows)) => rows,
            Some(Field::Columns { label, text }) if label.len() == text.len() => label
                .into_iter()
                .zip(text)
                .map(|(label, text)| ChoiceRow { label, text })
                .collect(),
            Some(Field::Columns { .. }) => return Err(unreadable),
        };
        let listed: Option<Vec<Listed>> = rows.iter().map(Listed::read).collect();
        let mut choices = Self {
            listed: listed.ok_or(unreadable)?,
            is_numbered: is_numbered(&instruction.text()),
        };
        if (1..choices.listed.len()).any(|at| {
            choices.listed[..at]
                .iter()
                .any(|c| c.label == choices.listed[at].label)
        }) {
            return Err(unreadable);
        }
        choices.clear_same_wording();
        Ok(choices)
    }

    /// Whether a choice may have this label.
    pub(crate) fn have(&self, label: Label) -> bool {
        if self.listed.is_empty() {
            return matches!(label, Label::Number(_)) == self.is_numbered;
        }
        self.listed.iter().any(|choice| choice.label == label)
    }

    /// Clears the wording of choices that differ only in what is not compared.
    fn clear_same_wording(&mut self) {
        let all: Vec<Vec<String>> = self
            .listed
            .iter()
            .map(|choice| choice.words.clone())
            .collect();
        for choice in &mut self.listed {
            if all.iter().filter(|words| **words == choice.words).count() > 1 {
                choice.words.clear();
            }
        }
    }
}

impl Listed {
    fn read(row: &ChoiceRow) -> Option<Self> {
        let label = lexemes(&row.label);
        let mut words = label.iter().filter(|token| token.is_word);
        let (Some(word), None) = (words.next(), words.next()) else {
            return None;
        };
        let words = lexemes(&row.text)
            .into_iter()
            .filter(comparable)
            .map(|token| token.text)
            .collect();
        Some(Self {
            label: Label::read(&word.text)?,
            words,
        })
    }
}

/// Whether a token is compared: words except English articles, and operators.
pub(crate) fn comparable(token: &Lexeme) -> bool {
    if token.is_word {
        !is_article(&token.text)
    } else {
        OPERATORS.contains(&token.text.as_str())
    }
}

/// Whether a word in lower case is an English article.
pub(crate) fn is_article(word: &str) -> bool {
    ["a", "an", "the"].contains(&word)
}

/// Whether a text labels its first two choices with numbers (`1.`, `1)` or `1:`), and not with
/// letters.
fn is_numbered(text: &str) -> bool {
    let lexemes = lexemes(text);
    let marks = |label: &str| {
        lexemes.windows(2).any(|pair| {
            pair[0].text == label && pair[1].touches && [".", ")", ":"].contains(&&*pair[1].text)
        })
    };
    marks("1") && marks("2") && !(marks("a") && marks("b"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn instruction(text: &str, choices: &str) -> Instruction {
        let message = tpo_plugin::Message {
            role: "user".into(),
            content: text.into(),
        };
        let metadata = vec![("choices".into(), choices.into())];
        Instruction {
            messages: vec![message],
            metadata,
            ..Instruction::default()
        }
    }

    #[test]
    fn rows_list_choices_in_three_forms() {
        for field in [
            r#"["The cat", "dogs"]"#,
            r#"{"label": ["A", "B"], "text": ["The cat", "dogs"]}"#,
            r#"[{"label": "(A)", "text": "The cat"}, {"label": "B", "text": "dogs"}]"#,
        ] {
            let choices = Choices::of(&instruction("", field), "choices").expect(field);
            let listed: Vec<_> = choices
                .listed
                .iter()
                .map(|choice| (choice.label, choice.words.join(" ")))
                .collect();
            assert_eq!(
                listed,
                [
                    (Label::Letter(b'a'), "cat".into()),
                    (Label::Letter(b'b'), "dogs".into())
                ],
                "{field}"
            );
        }
    }

    #[test]
    fn what_is_no_list_of_choices_is_unreadable() {
        let many = format!("[{}]", vec![r#""x""#; 27].join(", "));
        for field in [
            "3",
            "[1, 2]",
            r#"{"label": ["A"], "text": ["x", "y"]}"#,
            r#"{"label": ["A", "A"], "text": ["x", "y"]}"#,
            r#"{"label": ["yes", "no"], "text": ["x", "y"]}"#,
            &many,
        ] {
            assert_eq!(
                Choices::of(&instruction("", field), "choices").err(),
                Some("unreadable choices"),
                "{field}"
            );
        }
    }

    #[test]
    fn choices_that_say_the_same_are_known_by_their_labels_only() {
        let field = r#"["x - 1", "x – 1", "x + 1", "-1", "1"]"#;
        let choices = Choices::of(&instruction("", field), "choices").expect("choices");
        let words: Vec<_> = choices
            .listed
            .iter()
            .map(|choice| choice.words.join(" "))
            .collect();
        assert_eq!(words, ["", "", "x + 1", "-1", "1"]);
    }

    #[test]
    fn an_instruction_says_whether_its_choices_are_numbered() {
        let numbered = |text: &str| {
            Choices::of(&instruction(text, "null"), "choices")
                .expect(text)
                .have(Label::Number(2))
        };
        assert!(numbered("Which?\n1. cat\n2. dog") && numbered("Which? (1) cat (2) dog"));
        assert!(!numbered("What is 1 + 1?") && !numbered("1. Read.\n2. Choose:\nA. cat\nB. dog"));
    }
}
