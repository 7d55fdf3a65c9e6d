//! Where a text names a choice: by its label, or by what it says.
//!
//! It knows what can stand for a choice at one place of a text, and not which of the places counts.

use crate::choices::{Choices, Label, comparable, is_article};
use crate::token::{LINE_END, Token, tokens};

/// Marks that stand before a choice where one is named.
const OPENERS: &str = "( [ { < > : = - – — → # , \n \\boxed";
/// Words that stand before a choice where one is named: "the answer is most likely option B".
const INTRODUCTIONS: &str = "\
    the option choice answer letter number statement both either most likely probably definitely \
    clearly obviously \
    indeed therefore thus simply just still actually also rather";
/// How many words and marks may introduce a choice.
const REACH: usize = 12;
const BRACKETS: &str = ") ] }";
/// Marks between a label and what its choice says.
const CLOSERS: &str = ") ] } . : - – —";
/// Words that follow no English article and no pronoun: with one of them behind it, `A` is a label.
const FOLLOWERS: &str = "\
    because since as and or is isn't for due based given which but not so from in with if when \
    while although \
    according rather";
/// What joins several choices.
const JOINTS: &str = ", and or / &";
/// What begins to say something of one choice: "B is wrong".
const PREDICATES: &str = "is was has does can could would will seems says";
/// What says something of several choices.
const PLURAL_PREDICATES: &str = "are were aren't do don't have";
/// What says that a choice is not the one.
const DISMISSALS: &str =
    "isn't wasn't hasn't doesn't can't cannot couldn't wouldn't won't not wrong incorrect false";

/// What a text commits to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Answer {
    Choice(Label),
    /// Two different choices or more.
    Several,
}

/// A choice that is named, and the place behind it.
#[derive(Debug, Clone, Copy)]
struct Named {
    label: Label,
    end: usize,
    /// By its label, and not by what it says.
    is_label: bool,
}

/// A text and the choices that it may name.
pub(crate) struct Reader<'a> {
    pub(crate) tokens: Vec<Token>,
    pub(crate) choices: &'a Choices,
    /// Places of what is compared with the choices' words.
    comparable: Vec<usize>,
}

impl<'a> Reader<'a> {
    pub(crate) fn new(text: &str, choices: &'a Choices) -> Self {
        let tokens = tokens(text);
        let comparable = (0..tokens.len())
            .filter(|at| comparable(&tokens[*at]))
            .collect();
        Self {
            tokens,
            choices,
            comparable,
        }
    }

    /// The word or mark at a place; empty behind the end.
    pub(crate) fn text(&self, at: usize) -> &str {
        self.tokens.get(at).map_or("", |token| &token.text)
    }

    pub(crate) fn is_any(&self, at: usize, texts: &str) -> bool {
        self.tokens
            .get(at)
            .is_some_and(|token| texts.split(' ').any(|text| text == token.text))
    }

    pub(crate) fn is_word(&self, at: usize) -> bool {
        self.tokens.get(at).is_some_and(|token| token.is_word)
    }

    fn touches(&self, at: usize) -> bool {
        self.tokens.get(at).is_some_and(|token| token.touches)
    }

    /// The first place from `at` on that is none of `texts`.
    pub(crate) fn behind(&self, mut at: usize, texts: &str) -> usize {
        while self.is_any(at, texts) {
            at += 1;
        }
        at
    }

    /// The label that stands at a place by itself. "A" and "I" before a word that may follow an
    /// article or a pronoun are none, and neither is a part of something longer: `X-ray`, `C++`,
    /// `U.S.`, `f(x)`, `5%`.
    pub(crate) fn label(&self, at: usize) -> Option<Label> {
        let token = self.tokens.get(at).filter(|token| token.is_word)?;
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

    /// The choice whose words stand at a place: the one with most, if several do.
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

    /// The choice whose words are those from the `start`th on, and how many they are.
    fn said_from(&self, start: usize) -> Option<(Label, usize)> {
        let given = &self.comparable[start..];
        let stands = |words: &[String]| {
            !words.is_empty()
                && words.len() <= given.len()
                && words
                    .iter()
                    .zip(given)
                    .all(|(word, at)| *word == self.tokens[*at].text)
        };
        let said = self
            .choices
            .listed
            .iter()
            .filter(|choice| stands(&choice.words));
        said.max_by_key(|choice| choice.words.len())
            .map(|choice| (choice.label, choice.words.len()))
    }

    /// Every choice whose words occur, each with the place. What is said inside the words of a
    /// longer choice is not said.
    pub(crate) fn all_said(&self) -> Vec<(Label, usize)> {
        let mut all = Vec::new();
        let mut start = 0;
        while start < self.comparable.len() {
            let at = self.comparable[start];
            match self.said_from(start) {
                // A letter says nothing by itself: "vitamin B".
                Some((_, 1)) if matches!(Label::read(self.text(at)), Some(Label::Letter(_))) => {
                    start += 1;
                }
                Some((label, count)) => {
                    all.push((label, at));
                    start += count;
                }
                None => start += 1,
            }
        }
        all
    }

    /// What is named at a place or behind what introduces it.
    pub(crate) fn named(&self, at: usize) -> Option<Answer> {
        let is_introduction =
            |at: &usize| self.is_any(*at, OPENERS) || self.is_any(*at, INTRODUCTIONS);
        // A choice may begin with an introducing word: "both of them".
        let start =
            (at..at + REACH).find(|at| self.choice(*at).is_some() || !is_introduction(at))?;
        let is_list = (at..start).any(|at| self.text(at) == LINE_END) && self.lists(start);
        if is_list { None } else { self.answer(start) }
    }

    /// What is named exactly at a place. A label with what another choice says names both; a choice
    /// that is dismissed or asked for is not named.
    pub(crate) fn answer(&self, at: usize) -> Option<Answer> {
        let named = self.choice(at)?;
        let end = match self.explanation(&named) {
            Some(explanation) if explanation.label != named.label => return Some(Answer::Several),
            Some(explanation) => explanation.end,
            None => named.end,
        };
        let end = self.behind(end, BRACKETS);
        if self.text(end) == "?" || self.is_dismissed(end) {
            return None;
        }
        self.joined(end, named.label)
    }

    /// The choice at a place: by the label, unless more words are those of a choice.
    fn choice(&self, at: usize) -> Option<Named> {
        let label = self.label(at).map(|label| Named {
            label,
            end: at + 1,
            is_label: true,
        });
        let longer = self.said(at).filter(|said| said.end > at + 1);
        longer.or(label).or_else(|| self.said(at))
    }

    /// The choice that explains a named one: what is said behind a label, or the label in brackets
    /// behind what is said. What another choice says may as well begin a sentence about it.
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
        let behind = self.behind(named.end, CLOSERS);
        let said = self.said(behind).filter(|_| behind > named.end)?;
        (said.label == named.label || !self.is_word(said.end)).then_some(said)
    }

    /// The place behind the choice at a place, and behind what explains it if that follows.
    pub(crate) fn end_of_choice(&self, at: usize) -> Option<usize> {
        let named = self.choice(at)?;
        Some(
            self.behind(
                self.explanation(&named)
                    .map_or(named.end, |explanation| explanation.end),
                BRACKETS,
            ),
        )
    }

    /// Whether what ends before a place is said not to be it.
    fn is_dismissed(&self, at: usize) -> bool {
        let denied = |at: usize| self.is_any(at, DISMISSALS);
        self.is_any(at, PREDICATES) && (at + 1..at + 4).any(denied)
            || denied(at) && self.text(at) != "not"
    }

    /// The choice that ends before a place, or several where "and", "or" or a comma joins another
    /// one. None where the sentence goes on to say something of all of them.
    fn joined(&self, at: usize, label: Label) -> Option<Answer> {
        let first = Some(Answer::Choice(label));
        let end = self.behind(at, JOINTS);
        let other = self.behind(end, "both either option choice ( [ { \\boxed");
        // "D, B. R. Ambedkar" goes on with a name.
        let is_name = self.text(other + 1) == "." && self.is_initial(other + 2);
        let other = self
            .choice(other)
            .filter(|other| end > at && other.label != label && !is_name);
        let Some(other) = other else { return first };
        let end = self.behind(other.end, BRACKETS);
        let is_either = (at..end).any(|at| self.text(at) == "or");
        if self.is_any(end, PLURAL_PREDICATES) {
            return None;
        }
        if !is_either && (self.is_any(end, PREDICATES) || self.is_dismissed(end)) {
            first
        } else {
            Some(Answer::Several)
        }
    }

    /// Whether choices are listed from a place on: the next other label that is marked is the next
    /// label.
    pub(crate) fn lists(&self, at: usize) -> bool {
        let Some(label) = self.label(at) else {
            return false;
        };
        let mut marked = (at + 1..self.tokens.len())
            .filter(|at| self.is_marked(*at))
            .filter_map(|at| self.label(at));
        marked.find(|other| *other != label) == Some(label.next())
    }

    /// Whether a word has the mark of a label in a list: `B)`, or behind a mark or an end of a line
    /// `B.` or `B:`.
    fn is_marked(&self, at: usize) -> bool {
        match self.text(at + 1) {
            ")" => self.touches(at + 1),
            "." | ":" => at == 0 || !self.is_word(at - 1),
            _ => false,
        }
    }
}
