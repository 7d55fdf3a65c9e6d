//! Hidden states of conversations. A prefix that several of them share is prefilled once.
//!
//! A conversation is always split before its last turn, and the two parts are computed separately,
//! whether or not the prefix is shared. So a state depends on its request alone, bit for bit.

use std::ops::Range;

use tpo_types::{EmbedRequest, HiddenStates, ModelError, ModelOutcome};

use crate::kernels::rope::Rotary;
use crate::model::Model;
use crate::sample::cache::KvCache;
use crate::sample::engine::{Engine, PromptFeed, SuffixFeed};

/// Tokens that are computed at the same time, unless a single text has more.
const MAX_TOKENS: usize = 2048;

/// A conversation as tokens.
#[derive(Debug)]
struct EncodedText {
    number: usize,
    ids: Vec<u32>,
    /// Tokens before the last turn; at least one.
    cut: usize,
    /// The tokens whose states are requested.
    positions: Vec<usize>,
}

/// A requested state.
struct WantedState {
    /// Index of the request.
    number: usize,
    /// Index among the request's positions.
    which: usize,
    /// Row of the current forward pass.
    row: usize,
}

/// A text whose last turn is computed after its cached prefix.
#[derive(Clone, Copy)]
struct Suffix<'a> {
    text: &'a EncodedText,
    prefix: &'a KvCache,
}

/// The states that each request asks for; outcome `i` is that of request `i`.
pub(super) fn embed(
    engine: &mut Engine,
    model: &Model,
    requests: &[EmbedRequest],
) -> Vec<ModelOutcome<HiddenStates>> {
    let mut outcomes: Vec<ModelOutcome<HiddenStates>> = Vec::with_capacity(requests.len());
    let mut texts = Vec::new();
    for (number, request) in requests.iter().enumerate() {
        match tokenize(model, number, request) {
            Ok(text) => {
                outcomes.push(Ok(vec![Vec::new(); text.positions.len()]));
                texts.push(text);
            }
            Err(error) => outcomes.push(Err(error)),
        }
    }
    let longest = texts.iter().map(|text| text.ids.len()).max().unwrap_or(0);
    let rotary = engine.rotary(longest);
    let groups: Vec<&[EncodedText]> = texts.chunk_by(|a, b| a.shared() == b.shared()).collect();
    let mut rest = groups.as_slice();
    while !rest.is_empty() {
        let (now, later) = rest.split_at(fitting(rest.iter().map(|group| group[0].cut)));
        compute(engine, &rotary, now, &mut outcomes);
        rest = later;
    }
    outcomes
}

/// Computes the states of groups of texts with the same prefix.
fn compute(
    engine: &mut Engine,
    rotary: &Rotary,
    groups: &[&[EncodedText]],
    outcomes: &mut [ModelOutcome<HiddenStates>],
) {
    let mut caches: Vec<KvCache> = groups
        .iter()
        .map(|group| engine.pages().cache(group[0].cut))
        .collect();
    let feeds = groups
        .iter()
        .zip(&mut caches)
        .map(|(group, cache)| PromptFeed {
            ids: group[0].shared(),
            cache,
        });
    let mut feeds: Vec<PromptFeed<'_>> = feeds.collect();
    let mut wanted = Vec::new();
    let mut start = 0;
    for group in groups {
        wanted.extend(
            group
                .iter()
                .flat_map(|text| text.wanted(0..text.cut, start)),
        );
        start += group[0].cut;
    }
    store(
        outcomes,
        &wanted,
        engine.prefill_hidden(rotary, &mut feeds, &rows(&wanted)),
    );

    let texts = groups
        .iter()
        .zip(&caches)
        .flat_map(|(group, prefix)| group.iter().map(move |text| Suffix { text, prefix }));
    let suffixes: Vec<Suffix<'_>> = texts
        .filter(|Suffix { text, .. }| text.positions.iter().any(|at| *at >= text.cut))
        .collect();
    let mut rest = suffixes.as_slice();
    while !rest.is_empty() {
        let (now, later) = rest.split_at(fitting(
            rest.iter().map(|suffix| suffix.text.last_turn().len()),
        ));
        extend(engine, rotary, now, outcomes);
        rest = later;
    }
}

/// Computes the states of last turns after their cached prefixes.
fn extend(
    engine: &mut Engine,
    rotary: &Rotary,
    suffixes: &[Suffix<'_>],
    outcomes: &mut [ModelOutcome<HiddenStates>],
) {
    let mut caches: Vec<KvCache> = suffixes
        .iter()
        .map(|suffix| engine.pages().cache(suffix.text.last_turn().len()))
        .collect();
    let mut feeds: Vec<SuffixFeed<'_>> = suffixes
        .iter()
        .zip(&mut caches)
        .map(|(Suffix { text, prefix }, own)| SuffixFeed {
            ids: text.last_turn(),
            prompt_len: text.cut,
            prompt: prefix,
            own,
        })
        .collect();
    let mut wanted = Vec::new();
    let mut start = 0;
    for Suffix { text, .. } in suffixes {
        wanted.extend(text.wanted(text.cut..text.ids.len(), start));
        start += text.last_turn().len();
    }
    store(
        outcomes,
        &wanted,
        engine.extend_hidden(rotary, &mut feeds, &rows(&wanted)),
    );
}

impl EncodedText {
    /// The prefix that texts of one instruction share.
    fn shared(&self) -> &[u32] {
        &self.ids[..self.cut]
    }

    fn last_turn(&self) -> &[u32] {
        &self.ids[self.cut..]
    }

    /// The requested states of some of its tokens, whose rows begin at `start`.
    fn wanted(&self, tokens: Range<usize>, start: usize) -> impl Iterator<Item = WantedState> {
        let first = tokens.start;
        let wanted = self
            .positions
            .iter()
            .enumerate()
            .filter(move |(_, at)| tokens.contains(at));
        wanted.map(move |(which, at)| WantedState {
            number: self.number,
            which,
            row: start + at - first,
        })
    }
}

fn rows(wanted: &[WantedState]) -> Vec<usize> {
    wanted.iter().map(|state| state.row).collect()
}

/// Stores the requested states. `states` is (wanted, D).
fn store(outcomes: &mut [ModelOutcome<HiddenStates>], wanted: &[WantedState], states: &[f32]) {
    let width = states.len() / wanted.len().max(1);
    for (wanted, state) in wanted.iter().zip(states.chunks_exact(width.max(1))) {
        if let Ok(states) = &mut outcomes[wanted.number] {
            states[wanted.which] = state.to_vec();
        }
    }
}

/// How many texts of these lengths are computed at the same time.
fn fitting(lengths: impl Iterator<Item = usize>) -> usize {
    let mut tokens = 0;
    let fits = lengths.take_while(|length| {
        tokens += length;
        tokens <= MAX_TOKENS
    });
    fits.count().max(1)
}

fn tokenize(
    model: &Model,
    number: usize,
    request: &EmbedRequest,
) -> Result<EncodedText, ModelError> {
    let invalid = |what: String| ModelError::InvalidRequest(what);
    let ids = model
        .text
        .encode_conversation(&request.messages)
        .map_err(|failure| invalid(failure.to_string()))?;
    let context = model.spec.max_positions;
    if ids.is_empty() || ids.len() > context {
        return Err(invalid(format!(
            "the conversation has {} tokens; the model takes 1 to {context}",
            ids.len()
        )));
    }
    let position = |pattern: &Vec<u32>| {
        if pattern.is_empty() {
            return Ok(ids.len() - 1);
        }
        let found = ids
            .windows(pattern.len())
            .rposition(|window| window == pattern.as_slice());
        found.ok_or_else(|| {
            invalid(format!(
                "the tokens {pattern:?} are not in the conversation"
            ))
        })
    };
    let positions = request
        .positions
        .iter()
        .map(position)
        .collect::<Result<_, _>>()?;
    Ok(EncodedText {
        number,
        cut: cut(model, request, &ids),
        ids,
        positions,
    })
}

/// The length of the prefix that a conversation shares with the prompt for its last turn.
fn cut(model: &Model, request: &EmbedRequest, ids: &[u32]) -> usize {
    let before = request
        .messages
        .split_last()
        .map_or(&[][..], |(_, before)| before);
    // If the template rejects such a prompt, there is no prefix to share.
    let prompt = model.text.encode_prompt(before, None).unwrap_or_default();
    let common = ids.iter().zip(&prompt).take_while(|(a, b)| a == b).count();
    common.max(1)
}

#[cfg(test)]
mod tests;
