//! A completion while it is sampled: how logits become a token, and when the completion ends.
//!
//! Each token is drawn with a random number that depends only on the completion's id and the
//! token's index, so a completion is the same in any batch.

use std::ops::Range;

use tpo_types::{
    Completion, Failure, FailureKind, FinishReason, Prompt, SampleId, SampleJob, SamplingParams,
};

use super::sample_token::sample_token;
use crate::kernels::softmax::log_sum_exp;
use crate::model::Model;
use crate::rng::Counter;

/// The most probable tokens at one position and their log-probabilities, in descending order.
pub(crate) type TopLogProbs = Vec<(u32, f32)>;

/// A finished completion.
#[derive(Debug)]
pub(crate) struct Generated {
    pub completion: Completion,
    /// One per token; empty if none were requested.
    pub top_log_probs: Vec<TopLogProbs>,
}

/// What all completions of a prompt share.
#[derive(Debug)]
pub(crate) struct DecodeRules<'a> {
    model: &'a Model,
    params: &'a SamplingParams,
    prompt: &'a Prompt,
    /// The prompt's last token.
    last_prompt_id: Option<u32>,
    /// The tokens that every completion begins with.
    trained_prefill_ids: Vec<u32>,
    /// Their text, in bytes.
    trained_prefill_len: usize,
    /// Forced at the end of the thought budget.
    marker: Option<ForcedMarker>,
    /// How many of the most probable tokens are kept per position.
    top: usize,
    /// A stop string that has just been completed lies within this many last tokens; 0 without stop
    /// strings.
    stop_window: usize,
}

/// The response marker, if there is a thought budget.
#[derive(Debug)]
struct ForcedMarker {
    /// Its text, trimmed.
    text: String,
    ids: Vec<u32>,
    /// Tokens after which it is forced.
    budget: usize,
}

/// A completion while it is sampled.
#[derive(Debug)]
pub(crate) struct SequenceState {
    pub id: SampleId,
    random: Counter,
    token_ids: Vec<u32>,
    log_probs: Vec<f32>,
    top_log_probs: Vec<TopLogProbs>,
    forced: Vec<bool>,
    /// Tokens of the marker that are still to be forced.
    to_force: Range<usize>,
    /// Whether the response has begun, or the marker has been forced.
    responding: bool,
    /// Whether the marker was forced and only white space follows it yet. The turn must not end
    /// there: that would be a thought without a response.
    response_is_blank: bool,
}

impl<'a> DecodeRules<'a> {
    /// The rules for a prompt's completions. Fails if the prompt's trained prefill leaves no token
    /// of `max_new_tokens`.
    pub(crate) fn new(
        model: &'a Model,
        params: &'a SamplingParams,
        top: usize,
        job: &SampleJob<'a>,
    ) -> Result<Self, Failure> {
        let prompt = job.prompt;
        let marker = match (&prompt.response_marker, params.max_thought_tokens) {
            (Some(text), Some(budget)) => Some(ForcedMarker {
                text: text.trim().to_owned(),
                ids: model.text.encode(text)?,
                budget,
            }),
            _ => None,
        };
        // Every token but the special ones has at least one byte.
        let longest = prompt.stop.iter().map(String::len).max();
        let stop_window = longest.map_or(0, |bytes| bytes + 4);
        let mut rules = Self {
            model,
            params,
            prompt,
            last_prompt_id: job.prompt_ids.last().copied(),
            trained_prefill_ids: trained_prefill_ids(model, job)?,
            trained_prefill_len: 0,
            marker,
            top,
            stop_window,
        };
        let (len, most) = (rules.trained_prefill_ids.len(), params.max_new_tokens);
        if len >= most {
            let what = format!(
                "the trained prefill has {len} tokens and leaves none of `max_new_tokens` = {most}"
            );
            return Err(Failure::new(FailureKind::Input, what).hint("raise `max_new_tokens`"));
        }
        rules.trained_prefill_len = rules.text(&rules.trained_prefill_ids)?.len();
        Ok(rules)
    }

    /// The text of a completion's tokens, as it follows the prompt.
    fn text(&self, ids: &[u32]) -> Result<String, Failure> {
        let codec = &self.model.text;
        let Some(last) = self
            .last_prompt_id
            .filter(|_| self.prompt.prefill.is_some())
        else {
            return codec.decode(ids, true);
        };
        // Some tokenizers drop a space at the start of a text, so tokens that follow a prefill are
        // decoded after its last token.
        let before = codec.decode(&[last], true)?;
        let all: Vec<u32> = std::iter::once(last).chain(ids.iter().copied()).collect();
        match codec.decode(&all, true)?.strip_prefix(&before) {
            Some(text) => Ok(text.to_owned()),
            None => codec.decode(ids, true),
        }
    }

    /// The whole assistant turn: prefill and completion.
    fn turn(&self, text: &str) -> String {
        format!(
            "{}{text}",
            self.prompt.prefill.as_deref().unwrap_or_default()
        )
    }

    /// The logits, with the end-of-turn tokens excluded. (V)
    fn without_end(&self, logits: &[f32]) -> Vec<f32> {
        let mut logits = logits.to_vec();
        for id in &self.model.spec.eos_token_ids {
            logits[*id as usize] = f32::NEG_INFINITY;
        }
        logits
    }

    /// The offset of the first stop string.
    fn find_stop(&self, text: &str) -> Option<usize> {
        self.prompt
            .stop
            .iter()
            .filter(|stop| !stop.is_empty())
            .filter_map(|stop| text.find(stop))
            .min()
    }
}

fn trained_prefill_ids(model: &Model, job: &SampleJob<'_>) -> Result<Vec<u32>, Failure> {
    let prompt = job.prompt;
    let Some(trained) = &prompt.trained_prefill else {
        return Ok(Vec::new());
    };
    let prefill = format!("{}{trained}", prompt.prefill.as_deref().unwrap_or_default());
    let whole = model.text.encode_prompt(&prompt.messages, Some(&prefill))?;
    match whole.strip_prefix(job.prompt_ids) {
        Some(ids) => Ok(ids.to_vec()),
        // A merge across the border would change the prompt's last token.
        None => model.text.encode(trained),
    }
}

impl SequenceState {
    /// A completion without tokens.
    pub(crate) fn new(id: SampleId, rules: &DecodeRules<'_>) -> Self {
        let random = Counter::of_sample(&id);
        Self {
            id,
            random,
            token_ids: Vec::new(),
            log_probs: Vec::new(),
            top_log_probs: Vec::new(),
            forced: Vec::new(),
            to_force: 0..0,
            responding: rules.marker.is_none(),
            response_is_blank: false,
        }
    }

    /// How many tokens it has.
    pub(crate) fn len(&self) -> usize {
        self.token_ids.len()
    }

    /// Its last token. There is one after the first [`SequenceState::advance`].
    pub(crate) fn last_id(&self) -> u32 {
        *self
            .token_ids
            .last()
            .expect("a sequence in a batch has been advanced")
    }

    /// Adds a token, given the logits (V) after the last one; returns the completion if this token
    /// ends it. `weights` is scratch.
    pub(crate) fn advance(
        &mut self,
        rules: &DecodeRules<'_>,
        logits: &[f32],
        weights: &mut Vec<f32>,
    ) -> Result<Option<Generated>, Failure> {
        let row_lse = log_sum_exp(logits);
        if !row_lse.is_finite() {
            let what = format!(
                "the policy's logits for instruction `{}` are not finite",
                self.id.instruction_id
            );
            return Err(Failure::new(FailureKind::Numeric, what)
                .hint("train the last model again with a lower learning rate"));
        }
        let next = match rules.trained_prefill_ids.get(self.len()) {
            Some(id) => Next::given(*id, false),
            None => self.next(rules, logits, weights)?,
        };
        self.token_ids.push(next.id);
        self.log_probs.push(logits[next.id as usize] - row_lse);
        if rules.top > 0 {
            self.top_log_probs
                .push(top_log_probs(logits, row_lse, rules.top));
        }
        self.forced.push(next.forced);
        if self.len() <= rules.trained_prefill_ids.len() {
            return Ok(None);
        }
        self.finish_if_ended(rules, next.ends_turn)
    }

    /// The next token: a forced one of the marker, or a sampled one.
    fn next(
        &mut self,
        rules: &DecodeRules<'_>,
        logits: &[f32],
        weights: &mut Vec<f32>,
    ) -> Result<Next, Failure> {
        let ends_turn = |id: u32| rules.model.spec.eos_token_ids.contains(&id);
        let over_budget = rules
            .marker
            .as_ref()
            .is_some_and(|marker| self.len() >= marker.budget);
        if over_budget {
            self.force_marker(rules)?;
        }
        let mut id = 0;
        if self.to_force.is_empty() {
            let unit = self.random.unit(self.len() as u64);
            id = sample_token(logits, rules.params, unit, weights);
            if self.response_is_blank {
                if ends_turn(id) {
                    id = sample_token(&rules.without_end(logits), rules.params, unit, weights);
                }
                let text = rules.model.text.decode(&[id], false)?;
                self.response_is_blank = text.trim().is_empty();
            } else if ends_turn(id) {
                self.force_marker(rules)?;
            }
        }
        Ok(match (self.to_force.next(), &rules.marker) {
            (Some(at), Some(marker)) => Next::given(marker.ids[at], true),
            _ => Next {
                id,
                forced: false,
                ends_turn: ends_turn(id),
            },
        })
    }

    /// Begins to force the marker, unless the text already contains it. Has an effect only once.
    fn force_marker(&mut self, rules: &DecodeRules<'_>) -> Result<(), Failure> {
        let Some(marker) = rules.marker.as_ref().filter(|_| !self.responding) else {
            return Ok(());
        };
        self.responding = true;
        let text = rules.turn(&rules.text(&self.token_ids)?);
        if !text.contains(&marker.text) {
            self.to_force = 0..marker.ids.len();
            self.response_is_blank = true;
        }
        Ok(())
    }

    /// The completion, if the last token ends it.
    fn finish_if_ended(
        &mut self,
        rules: &DecodeRules<'_>,
        ended_turn: bool,
    ) -> Result<Option<Generated>, Failure> {
        if ended_turn {
            let text = rules.text(&self.token_ids[..self.len() - 1])?;
            return Ok(Some(self.finish(rules, &text, FinishReason::Stop)));
        }
        let window = self.len().saturating_sub(rules.stop_window);
        let window = &self.token_ids[window.max(rules.trained_prefill_ids.len())..];
        if rules.stop_window > 0
            && rules
                .find_stop(&rules.model.text.decode(window, true)?)
                .is_some()
        {
            let text = rules.text(&self.token_ids)?;
            let sampled = text.get(rules.trained_prefill_len..).unwrap_or_default();
            if let Some(at) = rules.find_stop(sampled) {
                let cut = rules.trained_prefill_len + at;
                return Ok(Some(self.finish(rules, &text[..cut], FinishReason::Stop)));
            }
        }
        if self.len() < rules.params.max_new_tokens {
            return Ok(None);
        }
        let text = rules.text(&self.token_ids)?;
        Ok(Some(self.finish(rules, &text, FinishReason::Length)))
    }

    fn finish(&mut self, rules: &DecodeRules<'_>, text: &str, finish: FinishReason) -> Generated {
        let completion = Completion {
            token_ids: std::mem::take(&mut self.token_ids),
            log_probs: std::mem::take(&mut self.log_probs),
            forced: std::mem::take(&mut self.forced),
            text: rules.turn(text),
            finish,
        };
        Generated {
            completion,
            top_log_probs: std::mem::take(&mut self.top_log_probs),
        }
    }
}

/// The token to add.
struct Next {
    id: u32,
    forced: bool,
    /// Whether it was sampled and ends the turn.
    ends_turn: bool,
}

impl Next {
    /// A token that was not sampled.
    fn given(id: u32, forced: bool) -> Self {
        Self {
            id,
            forced,
            ends_turn: false,
        }
    }
}

fn top_log_probs(logits: &[f32], row_lse: f32, count: usize) -> TopLogProbs {
    let mut ids: Vec<u32> = (0..logits.len() as u32).collect();
    let likelier = |a: &u32, b: &u32| {
        logits[*b as usize]
            .total_cmp(&logits[*a as usize])
            .then(a.cmp(b))
    };
    if count < ids.len() {
        ids.select_nth_unstable_by(count, likelier);
        ids.truncate(count);
    }
    ids.sort_unstable_by(likelier);
    ids.into_iter()
        .map(|id| (id, logits[id as usize] - row_lse))
        .collect()
}
