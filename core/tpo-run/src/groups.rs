//! What flows through the stages: one instruction with everything made of it so far.
//!
//! Each stage takes a group apart no further than it must and passes the whole on, so an
//! instruction, its prompt and its candidates are never matched up again.

use tpo_types::{
    Candidate, CandidateGroupView, CandidateView, Completion, Instruction, PreferencePair, Prompt,
    ResponseGroup, Selection,
};

/// An instruction, rendered and tokenized.
#[derive(Debug, Clone)]
pub(crate) struct Rendered<'a> {
    /// The task.
    pub instruction: &'a Instruction,
    /// What the thought template made of it.
    pub prompt: Prompt,
    /// The prompt's tokens, prefill included.
    pub token_ids: Vec<u32>,
}

/// A rendered instruction and its completions.
#[derive(Debug, Clone)]
pub(crate) struct SampledGroup<'a> {
    /// What was sampled from.
    pub rendered: Rendered<'a>,
    /// In the order of their indices. `K` long.
    pub completions: Vec<Completion>,
}

/// A rendered instruction and its candidates, before and after they are judged.
#[derive(Debug, Clone)]
pub(crate) struct CandidateGroup<'a> {
    /// What was sampled from.
    pub rendered: Rendered<'a>,
    /// In the order of their indices: the `K` that were asked for, then those that were sampled
    /// because too few of them parsed.
    pub candidates: Vec<Candidate>,
}

impl CandidateGroup<'_> {
    /// The instruction's id.
    pub(crate) fn id(&self) -> &str {
        &self.rendered.instruction.id
    }

    /// What a judge is shown: the instruction and the responses of the candidates that parsed.
    pub(crate) fn responses(&self) -> ResponseGroup<'_> {
        ResponseGroup {
            instruction: self.rendered.instruction,
            responses: self.response_of_each().flatten().collect(),
        }
    }

    /// The response of each candidate; none of a malformed one.
    pub(crate) fn response_of_each(&self) -> impl Iterator<Item = Option<&str>> {
        let candidates = self.candidates.iter();
        candidates.map(|candidate| Some(candidate.parts()?.response.as_str()))
    }

    /// The indices of the candidates that parsed, in the order of [`Self::responses`].
    pub(crate) fn parsed(&self) -> Vec<usize> {
        (0..self.candidates.len())
            .filter(|index| self.candidates[*index].parts().is_some())
            .collect()
    }

    /// What a pair selector is shown.
    pub(crate) fn view(&self) -> CandidateGroupView<'_> {
        CandidateGroupView {
            instruction_id: self.id(),
            candidates: self.candidates.iter().map(CandidateView::of).collect(),
        }
    }
}

/// What stands for each of the `num_samples` completions that were asked for: itself, or for a
/// malformed one the next of those that were sampled again and parsed. Completions of two models
/// with the same random numbers thus stay side by side.
///
/// `parsed` has an item per completion, none for a malformed one.
pub(crate) fn replaced<T>(
    parsed: impl IntoIterator<Item = Option<T>>,
    num_samples: usize,
) -> Vec<Option<T>> {
    let mut all = parsed.into_iter();
    let mut asked_for: Vec<Option<T>> = all.by_ref().take(num_samples).collect();
    asked_for.resize_with(num_samples, || None);
    let mut again = all.flatten();
    for malformed in asked_for.iter_mut().filter(|one| one.is_none()) {
        *malformed = again.next();
    }
    asked_for
}

/// A judged group and what was selected from it.
#[derive(Debug, Clone)]
pub(crate) struct SelectedGroup<'a> {
    /// The candidates.
    pub group: CandidateGroup<'a>,
    /// The pairs among them, or why there are none.
    pub selection: Selection,
}

impl SelectedGroup<'_> {
    /// The selected pairs, as indices into the candidates.
    pub(crate) fn pairs(&self) -> &[PreferencePair] {
        match &self.selection {
            Selection::Pairs(pairs) => pairs,
            Selection::Dropped(_) => &[],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_completion_that_parsed_keeps_its_place() {
        let samples = [None, Some('b'), None, Some('d'), None, Some('f')];
        assert_eq!(replaced(samples, 3), [Some('d'), Some('b'), Some('f')]);
        assert_eq!(replaced(samples, 2), [Some('d'), Some('b')]);
        assert_eq!(replaced([None, Some('b')], 2), [None, Some('b')]);
        assert_eq!(replaced([Some('a')], 2), [Some('a'), None]);
    }
}
