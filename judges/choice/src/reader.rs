//! Recognizes a choice at one place of a text, by its label or by its wording.
//!
//! Which of several places counts is decided elsewhere.

use crate::choices::{Choices, Label, comparable, is_article};
use crate::token::{LINE_END, Lexeme, lexemes};

/// Marks that may come before a choice.
const OPENERS: &str = "( [ { < > : = - – — → # , \n \\boxed";
/// Words that may come before a choice: "the answer is most likely option B".
const INTRODUCTIONS: &str = "\
    the option choice answer letter number statement both either most likely probably definitely \
    clearly obviously \
    indeed therefore thus simply just still actually also rather";
/// How many words and marks may introduce a choice.
const REACH: usize = 12;
const BRACKETS: &str = ") ] }";
/// Marks between a label and the wording of its choice.
const CLOSERS: &str = ") ] } . : - – —";
/// Words that do not follow an article or a pronoun: before one of them, `A` is a label.
const FOLLOWERS: &str = "\
    because since as and or is isn't for due based given which but not so from in with if when \
    while although \
    according rather";
/// Words and marks that join several choices.
const JOINTS: &str = ", and or / &";
/// Words that begin a statement about one choice: "B is wrong".
const PREDICATES: &str = "is was has does can could would will seems says";
/// Words that begin a statement about several choices.
const PLURAL_PREDICATES: &str = "are were aren't do don't have";
/// Words that reject a choice.
const REJECTIONS: &str =
    "isn't wasn't hasn't doesn't can't cannot couldn't wouldn't won't not wrong incorrect false";

/// The choice of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Answer {
    Choice(Label),
    /// Two or more different choices.
    Several,
}

/// A choice that the text names.
#[derive(Debug, Clone, Copy)]
struct Named {
    label: Label,
    /// The place after it.
    end: usize,
    /// Whether it is named by its label, not by its wording.
    is_label: bool,
}

/// A choice whose wording begins at a place.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Said {
    pub(crate) label: Label,
    pub(crate) at: usize,
}

/// A text and the choices that it may name. A place in it is the index of a token.
pub(crate) struct Reader<'a> {
    pub(crate) lexemes: Vec<Lexeme>,
    pub(crate) choices: &'a Choices,
    /// Places of the lexemes that are compared with the choices' wording.
    comparable: Vec<usize>,
}

impl<'a> Reader<'a> {
    pub(crate) fn new(text: &str, choices: &'a Choices) -> Self {
        let lexemes = lexemes(text);
        let comparable = (0..lexemes.len())
            .filter(|at| comparable(&lexemes[*at]))
            .collect();
        Self {
            lexemes,
            choices,
            comparable,
        }
    }

    /// The word or mark at a place; empty after the end.
    pub(crate) fn text(&self, at: usize) -> &str {
        self.lexemes.get(at).map_or("", |token| &token.text)
    }

    pub(crate) fn is_any(&self, at: usize, texts: &str) -> bool {
        self.lexemes
            .get(at)
            .is_some_and(|token| texts.split(' ').any(|text| text == token.text))
    }

    pub(crate) fn is_word(&self, at: usize) -> bool {
        self.lexemes.get(at).is_some_and(|token| token.is_word)
    }

    fn touches(&self, at: usize) -> bool {
        self.lexemes.get(at).is_some_and(|token| token.touches)
    }

    /// The first place from `at` on whose token is none of `texts`.
    pub(crate) fn after(&self, mut at: usize, texts: &str) -> usize {
        while self.is_any(at, texts) {
            at += 1;
        }
        at
    }

    /// The label at a place. "A" and "I" before a word that may follow an article or a pronoun are
    /// no labels, and neither is a part of something longer: `X-ray`, `C++`, `U.S.`, `f(x)`, `5%`.
    pub(crate) fn label(&self, at: usize) -> Option<Label> {
        let token = self.lexemes.get(at).filter(|token| token.is_word)?;
        let label = Label::read(&token.text).filter(|label| self.choices.have(*label))?;
        let is_joined = |at: usize| self.touches(at) && self.is_word(at);
        let is_part = match self.text(at + 1) {
            "+" | "#" | "%" | "^" | "=" => true,
            "(" => self.touches(at + 1),
            "-" | "–" => self.touches(at + 1) && is_joined(at + 2),
            "." => is_joined(at + 2) && self.is_initial(at + 2),
            _ => is_joined(at + 1),
        };
        let may_be_english = ["a", "i"].contains(&token.text.as_str());
        let is_english = may_be_english && self.is_word(at + 1) && !self.is_any(at + 1, FOLLOWERS);
        (!is_part && !is_english).then_some(label)
    }

    fn is_initial(&self, at: usize) -> bool {
        self.is_word(at) && self.text(at).chars().count() == 1
    }

    /// The choice whose wording begins at a place; the longest, if there are several.
    fn said(&self, at: usize) -> Option<Named> {
        let skips_article = is_article(self.text(at)) && self.is_word(at + 1);
        let start = self
            .comparable
            .binary_search(&(at + usize::from(skips_article)))
            .ok()?;
        self.said_from(start).map(|(label, count)| Named {
            label,
            end: self.comparable[start + count - 1] + 1,
            is_label: false,
        })
    }

    /// The choice whose wording is the compared words from index `start` on, and their number.
    fn said_from(&self, start: usize) -> Option<(Label, usize)> {
        let given = &self.comparable[start..];
        let stands = |words: &[String]| {
            !words.is_empty()
                && words.len() <= given.len()
                && words
                    .iter()
                    .zip(given)
                    .all(|(word, at)| *word == self.lexemes[*at].text)
        };
        let said = self
            .choices
            .listed
            .iter()
            .filter(|choice| stands(&choice.words));
        said.max_by_key(|choice| choice.words.len())
            .map(|choice| (choice.label, choice.words.len()))
    }

    /// Every choice whose wording occurs. A wording inside a longer choice's wording does not
    /// count.
    pub(crate) fn all_said(&self) -> Vec<Said> {
        let mut all = Vec::new();
        let mut start = 0;
        while start < self.comparable.len() {
            let at = self.comparable[start];
            match self.said_from(start) {
                // A single letter has no meaning by itself: "vitamin B".
                Some((_, 1)) if matches!(Label::read(self.text(at)), Some(Label::Letter(_))) => {
                    start += 1;
                }
                Some((label, count)) => {
                    all.push(Said { label, at });
                    start += count;
                }
                None => start += 1,
            }
        }
        all
    }

    /// The choice at a place, or after the words that introduce it.
    pub(crate) fn named(&self, at: usize) -> Option<Answer> {
        let is_introduction =
            |at: &usize| self.is_any(*at, OPENERS) || self.is_any(*at, INTRODUCTIONS);
        // A choice's wording may begin with an introducing word: "both of them".
        let start =
            (at..at + REACH).find(|at| self.choice(*at).is_some() || !is_introduction(at))?;
        let is_list = (at..start).any(|at| self.text(at) == LINE_END) && self.lists(start);
        if is_list { None } else { self.answer(start) }
    }

    /// The choice exactly at a place. A label with the wording of another choice is several; a
    /// choice that is rejected or in a question is none.
    pub(crate) fn answer(&self, at: usize) -> Option<Answer> {
        let named = self.choice(at)?;
        let end = match self.explanation(&named) {
            Some(explanation) if explanation.label != named.label => return Some(Answer::Several),
            Some(explanation) => explanation.end,
            None => named.end,
        };
        let end = self.after(end, BRACKETS);
        if self.text(end) == "?" || self.is_rejected(end) {
            return None;
        }
        self.joined(end, named.label)
    }

    /// The choice at a place: by its label, unless a longer wording begins there.
    fn choice(&self, at: usize) -> Option<Named> {
        let label = self.label(at).map(|label| Named {
            label,
            end: at + 1,
            is_label: true,
        });
        let longer = self.said(at).filter(|said| said.end > at + 1);
        longer.or(label).or_else(|| self.said(at))
    }

    /// The choice that follows a named one to explain it: the wording after a label, or the label
    /// in brackets after a wording. The wording of another choice may also begin a sentence about
    /// it.
    fn explanation(&self, named: &Named) -> Option<Named> {
        if !named.is_label {
            let label = self
                .label(named.end + 1)
                .filter(|_| self.text(named.end) == "(")?;
            return Some(Named {
                label,
                end: named.end + 2,
                is_label: true,
            });
        }
        let after = self.after(named.end, CLOSERS);
        let said = self.said(after).filter(|_| after > named.end)?;
        (said.label == named.label || !self.is_word(said.end)).then_some(said)
    }

    /// The place after the choice at a place, and after its explanation, if there is one.
    pub(crate) fn end_of_choice(&self, at: usize) -> Option<usize> {
        let named = self.choice(at)?;
        Some(
            self.after(
                self.explanation(&named)
                    .map_or(named.end, |explanation| explanation.end),
                BRACKETS,
            ),
        )
    }

    /// Whether the choice that ends before a place is rejected.
    fn is_rejected(&self, at: usize) -> bool {
        let denied = |at: usize| self.is_any(at, REJECTIONS);
        self.is_any(at, PREDICATES) && (at + 1..at + 4).any(denied)
            || denied(at) && self.text(at) != "not"
    }

    /// The choice that ends before a place, or several if "and", "or" or a comma joins another one.
    /// None if the sentence continues with a statement about all of them.
    fn joined(&self, at: usize, label: Label) -> Option<Answer> {
        let first = Some(Answer::Choice(label));
        let end = self.after(at, JOINTS);
        let other = self.after(end, "both either option choice ( [ { \\boxed");
        // "D, B. R. Ambedkar" continues with a name.
        let is_name = self.text(other + 1) == "." && self.is_initial(other + 2);
        let other = self
            .choice(other)
            .filter(|other| end > at && other.label != label && !is_name);
        let Some(other) = other else { return first };
        let end = self.after(other.end, BRACKETS);
        let is_either = (at..end).any(|at| self.text(at) == "or");
        if self.is_any(end, PLURAL_PREDICATES) {
            return None;
        }
        if !is_either && (self.is_any(end, PREDICATES) || self.is_rejected(end)) {
            first
        } else {
            Some(Answer::Several)
        }
    }

    /// Whether a list of choices begins at a place: the next marked label that differs is the next
    /// one in order.
    pub(crate) fn lists(&self, at: usize) -> bool {
        let Some(label) = self.label(at) else {
            return false;
        };
        let mut marked = (at + 1..self.lexemes.len())
            .filter(|at| self.is_marked(*at))
            .filter_map(|at| self.label(at));
        marked.find(|other| *other != label) == Some(label.next())
    }

    /// Whether a word is marked like a label in a list: `B)`, or, after a mark or a line break,
    /// `B.` or `B:`.
    fn is_marked(&self, at: usize) -> bool {
        match self.text(at + 1) {
            ")" => self.touches(at + 1),
            "." | ":" => at == 0 || !self.is_word(at - 1),
            _ => false,
        }
    }
}
