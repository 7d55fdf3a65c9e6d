//! Whether a sentence uses given words, in any inflection.

use serde::Deserialize;

use super::inflection::is_form_of;
use crate::answer::{ResponseText, words};
use crate::grade::{Grade, RuleCheck};

/// Every concept occurs as a word in some inflection.
#[derive(Deserialize)]
pub(crate) struct Coverage {
    concepts: Vec<String>,
}

impl RuleCheck for Coverage {
    fn grade(&self, answer: &ResponseText) -> Grade {
        let words: Vec<_> = words(&answer.lower).collect();
        let covered = |concept: &&String| {
            let concept = concept.to_lowercase();
            words.iter().any(|word| is_form_of(word, &concept))
        };
        Grade::all(
            self.concepts.iter().filter(covered).count(),
            self.concepts.len(),
        )
    }
}
