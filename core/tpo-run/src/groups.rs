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
            responses: self
                .candidates
                .iter()
                .filter_map(|candidate| Some(candidate.parts()?.response.as_str()))
                .collect(),
        }
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
