//! Hidden states of conversations. What several of them begin with is read once.
//!
//! A conversation is cut where its last turn begins, and both parts are read apart, whatever else
//! is asked. So a state is a function of its request, to the bit: it is kept under the request, and
//! a run that was killed ends in the same bytes.

use std::ops::Range;

use tpo_types::{EmbedRequest, HiddenStates, ModelError};

use crate::kernels::rope::Rotary;
use crate::policy::Policy;
use crate::sample::cache::KvCache;
use crate::sample::engine::{Engine, PromptFeed, SuffixFeed};

/// Tokens that are read at the same time, unless a single text has more.
const MAX_TOKENS: usize = 2048;

/// A conversation as tokens.
#[derive(Debug)]
struct Text {
    number: usize,
    ids: Vec<u32>,
    /// Tokens before the last turn; at least one.
    cut: usize,
    /// Where states are wanted.
    positions: Vec<usize>,
}

/// A state that is wanted: of which request, which of its positions, and in which row of what is
/// being read.
struct WantedState {
    number: usize,
    which: usize,
    row: usize,
}

/// The states that each request asks for; outcome i belongs to request i.
pub(super) fn embed(
    engine: &mut Engine,
    policy: &Policy,
    requests: &[EmbedRequest],
) -> Vec<Result<HiddenStates, ModelError>> {
    let mut outcomes: Vec<Result<HiddenStates, ModelError>> = Vec::with_capacity(requests.len());
    let mut texts = Vec::new();
    for (number, request) in requests.iter().enumerate() {
        match tokenize(policy, number, request) {
            Ok(text) => {
                outcomes.push(Ok(vec![Vec::new(); text.positions.len()]));
                texts.push(text);
            }
            Err(error) => outcomes.push(Err(error)),
        }
    }
    let longest = texts.iter().map(|text| text.ids.len()).max().unwrap_or(0);
    let rotary = engine.rotary(longest);
    let groups: Vec<&[Text]> = texts.chunk_by(|a, b| a.shared() == b.shared()).collect();
    let mut rest = groups.as_slice();
    while !rest.is_empty() {
        let (now, later) = rest.split_at(fitting(rest.iter().map(|group| group[0].cut)));
        read(engine, &rotary, now, &mut outcomes);
        rest = later;
    }
    outcomes
}

/// Reads groups of texts, each of which begins alike.
fn read(
    engine: &mut Engine,
    rotary: &Rotary,
    groups: &[&[Text]],
    outcomes: &mut [Result<HiddenStates, ModelError>],
) {
    let mut caches: Vec<KvCache> = groups
        .iter()
        .map(|group| engine.cache(group[0].cut))
        .collect();
    let feeds = groups
        .iter()
        .zip(&mut caches)
        .map(|(group, cache)| PromptFeed {
            ids: group[0].shared(),
            cache,
        });
    let mut feeds: Vec<PromptFeed<'_>> = feeds.collect();
    let mut places = Vec::new();
    let mut start = 0;
    for group in groups {
        places.extend(
            group
                .iter()
                .flat_map(|text| text.places(0..text.cut, start)),
        );
        start += group[0].cut;
    }
    put(
        outcomes,
        &places,
        engine.prefill_hidden(rotary, &mut feeds, &rows(&places)),
    );

    let texts = groups
        .iter()
        .zip(&caches)
        .flat_map(|(group, cache)| group.iter().map(move |text| (text, cache)));
    let texts: Vec<(&Text, &KvCache)> = texts
        .filter(|(text, _)| text.positions.iter().any(|at| *at >= text.cut))
        .collect();
    let mut rest = texts.as_slice();
    while !rest.is_empty() {
        let (now, later) =
            rest.split_at(fitting(rest.iter().map(|(text, _)| text.last_turn().len())));
        follow(engine, rotary, now, outcomes);
        rest = later;
    }
}

/// Reads the last turns of texts behind what has been read of them.
fn follow(
    engine: &mut Engine,
    rotary: &Rotary,
    texts: &[(&Text, &KvCache)],
    outcomes: &mut [Result<HiddenStates, ModelError>],
) {
    let mut caches: Vec<KvCache> = texts
        .iter()
        .map(|(text, _)| engine.cache(text.last_turn().len()))
        .collect();
    let mut feeds: Vec<SuffixFeed<'_>> = texts
        .iter()
        .zip(&mut caches)
        .map(|((text, prompt), own)| SuffixFeed {
            ids: text.last_turn(),
            prompt_len: text.cut,
            prompt,
            own,
        })
        .collect();
    let mut places = Vec::new();
    let mut start = 0;
    for (text, _) in texts {
        places.extend(text.places(text.cut..text.ids.len(), start));
        start += text.last_turn().len();
    }
    put(
        outcomes,
        &places,
        engine.extend_hidden(rotary, &mut feeds, &rows(&places)),
    );
}

impl Text {
    /// What the texts of one instruction begin with.
    fn shared(&self) -> &[u32] {
        &self.ids[..self.cut]
    }

    fn last_turn(&self) -> &[u32] {
        &self.ids[self.cut..]
    }

    /// The states that are wanted of some of its tokens, where these are the rows from `start`.
    fn places(&self, tokens: Range<usize>, start: usize) -> impl Iterator<Item = WantedState> {
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

fn rows(places: &[WantedState]) -> Vec<usize> {
    places.iter().map(|place| place.row).collect()
}

/// `states` are those of the places. (places, D)
fn put(outcomes: &mut [Result<HiddenStates, ModelError>], places: &[WantedState], states: &[f32]) {
    let width = states.len() / places.len().max(1);
    for (place, state) in places.iter().zip(states.chunks_exact(width.max(1))) {
        if let Ok(states) = &mut outcomes[place.number] {
            states[place.which] = state.to_vec();
        }
    }
}

/// How many of the pieces of these lengths are read at the same time.
fn fitting(lengths: impl Iterator<Item = usize>) -> usize {
    let mut tokens = 0;
    let fits = lengths.take_while(|length| {
        tokens += length;
        tokens <= MAX_TOKENS
    });
    fits.count().max(1)
}

fn tokenize(policy: &Policy, number: usize, request: &EmbedRequest) -> Result<Text, ModelError> {
    let invalid = |what: String| ModelError::InvalidRequest(what);
    let ids = policy
        .text
        .encode_conversation(&request.messages)
        .map_err(|failure| invalid(failure.to_string()))?;
    let context = policy.spec.max_positions;
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
    Ok(Text {
        number,
        cut: cut(policy, request, &ids),
        ids,
        positions,
    })
}

/// How many tokens a conversation has in common with the prompt for its last turn.
fn cut(policy: &Policy, request: &EmbedRequest, ids: &[u32]) -> usize {
    let before = request
        .messages
        .split_last()
        .map_or(&[][..], |(_, before)| before);
    // A template that refuses to write such a prompt leaves nothing that could be shared.
    let prompt = policy.text.encode_prompt(before, None).unwrap_or_default();
    let common = ids.iter().zip(&prompt).take_while(|(a, b)| a == b).count();
    common.max(1)
}

#[cfg(test)]
mod tests;
