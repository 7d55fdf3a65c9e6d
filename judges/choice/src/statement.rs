//! Statements of an answer: `\boxed{B}`, "the answer is B", "B is the correct option", "I choose
//! B".
//!
//! The last one counts, so that a response may correct itself. Denials, assumptions and questions
//! are no statements.

use crate::reader::{Answer, Reader};
use crate::token::{BOXED, LINE_END};

/// Words and marks between the word that announces an answer and the answer.
const LINKS: &str = "is are was be : = > → - – —";
const SENTENCE_ENDS: &str = ". ? ! ; \n";
/// Words that deny.
pub(crate) const DENIALS: &str = "not isn't aren't wasn't can't cannot couldn't won't wouldn't \
    shouldn't doesn't don't neither nor never none";
/// Words that change what is announced: "if the answer is B", "the wrong answer is B".
const RESERVATIONS: &str =
    "no if suppose assume assuming whether unless wrong incorrect worst other another false";
/// Words between a choice, or "it", and "is".
const AUXILIARIES: &str = "would should must seems appears to has";
/// Words between "is" and "correct".
const ADVERBS: &str =
    "the my both all clearly therefore thus definitely indeed obviously actually probably";
const CHOICE_WORDS: &str = "answer choice option one response statement fit match solution";
/// Words that may follow "B is correct", unlike "correct about the date".
const REASONS: &str = "because since as given and so due here while whereas";
/// Words that may come before "B is correct", unlike "vitamin B".
const LEADS: &str = "\
    option choice answer letter statement that so thus therefore hence and or only then since \
    because actually think \
    believe say but means";
const FIRST_PERSON: &str = "i i'd i'll i'm let's";

impl Reader<'_> {
    /// The last statement of an answer.
    pub(crate) fn stated(&self) -> Option<Answer> {
        (0..self.lexemes.len())
            .rev()
            .find_map(|at| self.statement(at))
    }

    /// The statement of the word at a place, or of "B is correct" with the choice at that place.
    fn statement(&self, at: usize) -> Option<Answer> {
        let stated = match self.text(at) {
            // The first of "\boxed{A} or \boxed{B}" states both.
            BOXED if self.is_any_before(at, "and or") && self.is_any_before(at - 1, "}") => None,
            BOXED => self.named(at + 1),
            "answer" | "answers" | "ans" => self.announced(at, at + 1, 12),
            "choice" | "option" | "selection" | "guess" => self.announced(at, at + 1, 4),
            "correct" | "right" | "best" if self.is_word(at + 1) => self.announced(at, at + 2, 4),
            "choose" | "chose" | "pick" | "picked" | "select" | "selected" => self.chosen(at),
            "with" if self.is_any_before(at, "go going") => self.chosen(at),
            "for" if self.is_any_before(at, "opt opting vote") => self.chosen(at),
            "it" | "it's" => self.identified(at),
            _ => None,
        };
        stated.or_else(|| self.approved(at))
    }

    fn is_any_before(&self, at: usize, texts: &str) -> bool {
        at > 0 && self.is_any(at - 1, texts)
    }

    /// The last `count` words before a place, up to the next mark.
    fn words_before(&self, at: usize, count: usize) -> impl Iterator<Item = usize> {
        (at.saturating_sub(count)..at)
            .rev()
            .take_while(|at| self.is_word(*at))
    }

    /// Whether what a word announces is denied or only assumed.
    fn is_reserved(&self, at: usize) -> bool {
        self.words_before(at, 3)
            .any(|at| self.is_any(at, RESERVATIONS) || self.is_any(at, DENIALS))
    }

    /// "The correct answer to this question is B": the word at `by` announces it, and the answer
    /// follows within `reach` words and marks from `from` on.
    fn announced(&self, by: usize, from: usize, reach: usize) -> Option<Answer> {
        if self.is_reserved(by) || self.is_any(from, "choices options") || self.has_approved(by) {
            return None;
        }
        if self.text(from) == LINE_END {
            return self.named(from);
        }
        let mut at = from;
        while at < from + reach && !self.ends_sentence(at) {
            if self.is_any(at, DENIALS) {
                return self.instead(at);
            }
            if self.label(at).is_some() {
                return None;
            }
            if self.is_link(at)
                && let Some(answer) = self.named(at + 1)
            {
                return Some(answer);
            }
            if self.text(at) == "(" {
                // "Paris (B)" names a choice; "(one letter)" is skipped.
                let close = (at..from + reach).find(|at| self.text(*at) == ")")?;
                if close == at + 2 && self.label(at + 1).is_some() {
                    return self.answer(at + 1);
                }
                at = close;
            }
            at += 1;
        }
        None
    }

    /// Whether a sentence ends here, and not only its quotation: "the answer to "Which?" is B".
    fn ends_sentence(&self, at: usize) -> bool {
        self.is_any(at, SENTENCE_ENDS) && !(self.text(at) == "?" && self.text(at + 1) == "is")
    }

    fn is_link(&self, at: usize) -> bool {
        // A hyphen inside a word is no link.
        let is_hyphen = || {
            self.text(at) == "-"
                && self.lexemes[at].touches
                && self.lexemes.get(at + 1).is_some_and(|t| t.touches)
        };
        self.is_any(at, LINKS) && !is_hyphen()
    }

    /// "Not A but B".
    fn instead(&self, denial: usize) -> Option<Answer> {
        let but = (denial..denial + 8)
            .take_while(|at| !self.is_any(*at, SENTENCE_ENDS))
            .find(|at| self.text(*at) == "but")?;
        self.named(but + 1)
    }

    /// Whether the sentence has approved a choice before the word: "B is the best answer: A is too
    /// long".
    fn has_approved(&self, at: usize) -> bool {
        let before = (at.saturating_sub(12)..at)
            .rev()
            .take_while(|at| !self.is_any(*at, SENTENCE_ENDS));
        before.into_iter().any(|at| self.approved(at).is_some())
    }

    /// "I would choose B".
    fn chosen(&self, by: usize) -> Option<Answer> {
        let is_mine = self
            .words_before(by, 4)
            .any(|at| self.is_any(at, FIRST_PERSON));
        if is_mine && !self.is_reserved(by) {
            self.named(by + 1)
        } else {
            None
        }
    }

    /// "It must be B": a label at the end of a statement.
    fn identified(&self, by: usize) -> Option<Answer> {
        let link = if self.text(by) == "it" {
            self.after(by + 1, AUXILIARIES)
        } else {
            by
        };
        if self.is_reserved(by) || link > by && !self.is_any(link, "is be") {
            return None;
        }
        let at = self.after(self.after(link + 1, ADVERBS), "option choice ( [");
        self.label(at)?;
        if self.is_word(at + 1) && !self.is_any(at + 1, REASONS) {
            None
        } else {
            self.answer(at)
        }
    }

    /// "B is the correct answer", with the label at a place.
    fn approved(&self, at: usize) -> Option<Answer> {
        let is_lead = at == 0 || !self.is_word(at - 1) || self.is_any(at - 1, LEADS);
        let is_hyphened = at > 0 && self.text(at - 1) == "-" && self.lexemes[at].touches;
        let label = self.label(at).filter(|_| is_lead && !is_hyphened)?;
        let link = self.after(self.end_of_choice(at)?, AUXILIARIES);
        if !self.is_any(link, "is are be") || !self.is_approval(self.after(link + 1, ADVERBS)) {
            return None;
        }
        let joint = self.text(at.saturating_sub(1));
        let joins = at > 1 && (joint == "or" || joint == "and" && self.text(link) == "are");
        let is_other = |at: usize| self.label(at).is_some_and(|other| other != label);
        let joins_another = joins && (is_other(at - 2) || at > 2 && is_other(at - 3));
        Some(if joins_another {
            Answer::Several
        } else {
            Answer::Choice(label)
        })
    }

    /// Whether "correct", "the best option" or similar words begin at a place.
    fn is_approval(&self, at: usize) -> bool {
        match self.text(at) {
            "correct" | "right" => {
                let is_the_one = at > 0 && self.text(at - 1) == "the";
                is_the_one
                    || !self.is_word(at + 1)
                    || self.is_any(at + 1, REASONS)
                    || self.is_any(at + 1, CHOICE_WORDS)
            }
            "best" | "most" | "only" | "final" => {
                let choice = (at + 1..at + 4).find(|at| self.is_any(*at, CHOICE_WORDS));
                choice.is_some_and(|choice| {
                    !self
                        .words_before(choice, 3)
                        .any(|at| self.is_any(at, RESERVATIONS))
                })
            }
            "answer" => true,
            _ => false,
        }
    }
}
