//! Hidden states of conversations. What several of them begin with is read once.

use tpo_types::{EmbedRequest, HiddenStates, ModelError};

use crate::kernels::rope::Rotary;
use crate::policy::Policy;
use crate::sample::cache::KvCache;
use crate::sample::engine::{Engine, PromptFeed, SuffixFeed};

/// A shorter common beginning is not worth a pass of its own.
const MIN_SHARED: usize = 16;
/// Tokens that are read at the same time, unless a single text has more.
const MAX_TOKENS: usize = 2048;

/// A conversation as tokens.
struct Text {
    number: usize,
    ids: Vec<u32>,
    /// Where states are wanted.
    positions: Vec<usize>,
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
    for group in texts.chunk_by(|a, b| common(&a.ids, &b.ids) >= MIN_SHARED) {
        let shared = shared_len(group);
        let prefix = &group[0].ids[..shared];
        let mut cache = engine.cache(shared);
        let wanted: Vec<(usize, usize, usize)> = wanted(group).filter(|(_, _, at)| *at < shared).collect();
        let mut rows: Vec<usize> = wanted.iter().map(|(_, _, at)| *at).collect();
        rows.sort_unstable();
        rows.dedup();
        let states = engine.read_hidden(&rotary, PromptFeed { ids: prefix, cache: &mut cache }, &rows);
        let width = policy.spec.hidden_size;
        for (number, which, at) in wanted {
            let row = rows.partition_point(|row| *row < at);
            put(&mut outcomes, number, which, &states[row * width..][..width]);
        }
        let mut rest = group;
        while !rest.is_empty() {
            let (now, later) = rest.split_at(fitting(rest, shared));
            follow(engine, &rotary, (&cache, shared), now, &mut outcomes);
            rest = later;
        }
    }
    outcomes
}

/// Reads what follows the shared beginning of some texts.
fn follow(
    engine: &mut Engine,
    rotary: &Rotary,
    (prompt, prompt_len): (&KvCache, usize),
    texts: &[Text],
    outcomes: &mut [Result<HiddenStates, ModelError>],
) {
    let mut caches: Vec<KvCache> = texts.iter().map(|text| engine.cache(text.ids.len() - prompt_len)).collect();
    let mut feeds: Vec<SuffixFeed<'_>> = texts
        .iter()
        .zip(&mut caches)
        .map(|(text, own)| SuffixFeed { ids: &text.ids[prompt_len..], prompt_len, prompt, own })
        .collect();
    let mut start = 0;
    let mut places = Vec::new();
    for text in texts {
        let after = text.positions.iter().enumerate().filter(|(_, at)| **at >= prompt_len);
        places.extend(after.map(|(which, at)| (text.number, which, start + at - prompt_len)));
        start += text.ids.len() - prompt_len;
    }
    let rows: Vec<usize> = places.iter().map(|(_, _, row)| *row).collect();
    let states = engine.follow_hidden(rotary, &mut feeds, &rows);
    let width = states.len() / rows.len().max(1);
    for ((number, which, _), state) in places.into_iter().zip(states.chunks_exact(width.max(1))) {
        put(outcomes, number, which, state);
    }
}

/// How many texts are read at the same time.
fn fitting(texts: &[Text], shared: usize) -> usize {
    let mut tokens = 0;
    let fits = texts.iter().take_while(|text| {
        tokens += text.ids.len() - shared;
        tokens <= MAX_TOKENS
    });
    fits.count().max(1)
}

/// Number of the text, which of its positions, and that position.
fn wanted(texts: &[Text]) -> impl Iterator<Item = (usize, usize, usize)> {
    texts.iter().flat_map(|text| text.positions.iter().enumerate().map(|(which, at)| (text.number, which, *at)))
}

fn put(outcomes: &mut [Result<HiddenStates, ModelError>], number: usize, which: usize, state: &[f32]) {
    if let Ok(states) = &mut outcomes[number] {
        states[which] = state.to_vec();
    }
}

/// Tokens that all texts begin with. Each keeps a token of its own.
fn shared_len(texts: &[Text]) -> usize {
    let first = &texts[0].ids;
    let shared = texts[1..].iter().map(|text| common(first, &text.ids)).min().unwrap_or(first.len());
    let shortest = texts.iter().map(|text| text.ids.len()).min().unwrap_or(0);
    shared.min(shortest - 1)
}

fn common(a: &[u32], b: &[u32]) -> usize {
    a.iter().zip(b).take_while(|(a, b)| a == b).count()
}

fn tokenize(policy: &Policy, number: usize, request: &EmbedRequest) -> Result<Text, ModelError> {
    let invalid = |what: String| ModelError::InvalidRequest(what);
    let ids = policy.text.encode_conversation(&request.messages).map_err(|failure| invalid(failure.to_string()))?;
    let context = policy.spec.max_positions;
    if ids.is_empty() || ids.len() > context {
        return Err(invalid(format!("the conversation has {} tokens; the model takes 1 to {context}", ids.len())));
    }
    let position = |pattern: &Vec<u32>| {
        if pattern.is_empty() {
            return Ok(ids.len() - 1);
        }
        let found = ids.windows(pattern.len()).rposition(|window| window == pattern.as_slice());
        found.ok_or_else(|| invalid(format!("the tokens {pattern:?} are not in the conversation")))
    };
    let positions = request.positions.iter().map(position).collect::<Result<_, _>>()?;
    Ok(Text { number, ids, positions })
}
