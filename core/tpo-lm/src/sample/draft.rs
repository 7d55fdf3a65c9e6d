//! A completion being written: the rules that make a token out of logits and end the text.
//!
//! Knows nothing of batches or caches. Its randomness is drawn by position from its own key, so it
//! writes the same whatever is written beside it.

use std::ops::Range;

use tpo_types::{
    Completion, Failure, FailureKind, FinishReason, Prompt, SampleId, SampleJob, SamplingParams,
};

use super::choose::choose;
use crate::kernels::softmax::log_sum_exp;
use crate::policy::Policy;
use crate::rng::Counter;

/// The likeliest tokens at one position and the logarithms of their probabilities, likeliest first.
pub(crate) type TopLogProbs = Vec<(u32, f32)>;

/// A completion that has ended.
#[derive(Debug)]
pub(crate) struct Written {
    pub completion: Completion,
    /// One per token, unless none were asked for.
    pub top_log_probs: Vec<TopLogProbs>,
}

/// What holds for every completion of one prompt.
#[derive(Debug)]
pub(crate) struct Rules<'a> {
    policy: &'a Policy,
    params: &'a SamplingParams,
    prompt: &'a Prompt,
    /// The prompt's last token.
    last_prompt_id: Option<u32>,
    /// What is forced when the thought has used up its budget.
    marker: Option<Marker>,
    /// How many of the likeliest tokens are kept per position.
    top: usize,
    /// Tokens at the end in which a stop string that has just been completed must lie; 0 without
    /// stop strings.
    stop_window: usize,
}

/// The response marker, where there is a budget for thoughts.
#[derive(Debug)]
struct Marker {
    /// Its text without the white space around it.
    text: String,
    ids: Vec<u32>,
    /// Tokens after which it is forced.
    budget: usize,
}

/// A completion being written.
#[derive(Debug)]
pub(crate) struct Draft {
    /// Names it.
    pub id: SampleId,
    random: Counter,
    token_ids: Vec<u32>,
    log_probs: Vec<f32>,
    top_log_probs: Vec<TopLogProbs>,
    forced: Vec<bool>,
    /// Tokens of the marker that are still to be forced.
    to_force: Range<usize>,
    /// Whether the response has begun, or has been made to.
    responding: bool,
    /// Whether the marker was forced and nothing but white space follows it yet: ending the turn
    /// there would be a thought without a response.
    blank: bool,
}

impl<'a> Rules<'a> {
    /// The rules for a prompt's completions.
    pub(crate) fn new(
        policy: &'a Policy,
        params: &'a SamplingParams,
        top: usize,
        job: &SampleJob<'a>,
    ) -> Result<Self, Failure> {
        let prompt = job.prompt;
        let marker = match (&prompt.response_marker, params.max_thought_tokens) {
            (Some(text), Some(budget)) => Some(Marker {
                text: text.trim().to_owned(),
                ids: policy.text.encode(text)?,
                budget,
            }),
            _ => None,
        };
        // Every token has at least one byte, but for the special ones.
        let longest = prompt.stop.iter().map(String::len).max();
        let stop_window = longest.map_or(0, |bytes| bytes + 4);
        Ok(Self {
            policy,
            params,
            prompt,
            last_prompt_id: job.prompt_ids.last().copied(),
            marker,
            top,
            stop_window,
        })
    }

    /// The text of a completion's tokens, as it follows the prompt.
    fn text(&self, ids: &[u32]) -> Result<String, Failure> {
        let codec = &self.policy.text;
        let Some(last) = self
            .last_prompt_id
            .filter(|_| self.prompt.prefill.is_some())
        else {
            return codec.decode(ids, true);
        };
        // Some tokenizers drop a space at the start of a text, so what follows a prefill is decoded
        // behind a token of it.
        let before = codec.decode(&[last], true)?;
        let all: Vec<u32> = std::iter::once(last).chain(ids.iter().copied()).collect();
        match codec.decode(&all, true)?.strip_prefix(&before) {
            Some(text) => Ok(text.to_owned()),
            None => codec.decode(ids, true),
        }
    }

    /// The whole assistant turn.
    fn whole(&self, text: &str) -> String {
        format!(
            "{}{text}",
            self.prompt.prefill.as_deref().unwrap_or_default()
        )
    }

    /// The logits, with ending the turn ruled out. (V)
    fn without_end(&self, logits: &[f32]) -> Vec<f32> {
        let mut logits = logits.to_vec();
        for id in &self.policy.spec.eos_token_ids {
            logits[*id as usize] = f32::NEG_INFINITY;
        }
        logits
    }

    /// Where the first stop string begins.
    fn find_stop(&self, text: &str) -> Option<usize> {
        self.prompt
            .stop
            .iter()
            .filter(|stop| !stop.is_empty())
            .filter_map(|stop| text.find(stop))
            .min()
    }
}

impl Draft {
    /// Nothing yet.
    pub(crate) fn new(id: SampleId, rules: &Rules<'_>) -> Self {
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
            blank: false,
        }
    }

    /// How many tokens it has.
    pub(crate) fn len(&self) -> usize {
        self.token_ids.len()
    }

    /// Its last token. There is one once it has been advanced.
    pub(crate) fn last_id(&self) -> u32 {
        *self
            .token_ids
            .last()
            .expect("a draft in a batch has been advanced")
    }

    /// Adds the token that follows, given its logits (V); returns the completion if that ends it.
    pub(crate) fn advance(
        &mut self,
        rules: &Rules<'_>,
        logits: &[f32],
        weights: &mut Vec<f32>,
    ) -> Result<Option<Written>, Failure> {
        let ends_turn = |id: u32| rules.policy.spec.eos_token_ids.contains(&id);
        let over_budget = rules
            .marker
            .as_ref()
            .is_some_and(|marker| self.len() >= marker.budget);
        if over_budget {
            self.respond(rules)?;
        }
        let log_sum = log_sum_exp(logits);
        if !log_sum.is_finite() {
            let what = format!(
                "the policy's logits for instruction `{}` are not finite",
                self.id.instruction_id
            );
            return Err(Failure::new(FailureKind::Numeric, what)
                .hint("train again from the last model with a lower learning rate"));
        }
        let mut id = 0;
        if self.to_force.is_empty() {
            let unit = self.random.unit(self.len() as u64);
            id = choose(logits, rules.params, unit, weights);
            if self.blank {
                if ends_turn(id) {
                    id = choose(&rules.without_end(logits), rules.params, unit, weights);
                }
                self.blank = rules.policy.text.decode(&[id], false)?.trim().is_empty();
            } else if ends_turn(id) {
                self.respond(rules)?;
            }
        }
        let forced = match (self.to_force.next(), &rules.marker) {
            (Some(at), Some(marker)) => {
                id = marker.ids[at];
                true
            }
            _ => false,
        };
        self.token_ids.push(id);
        self.log_probs.push(logits[id as usize] - log_sum);
        if rules.top > 0 {
            self.top_log_probs
                .push(top_log_probs(logits, log_sum, rules.top));
        }
        self.forced.push(forced);
        self.ending(rules, !forced && ends_turn(id))
    }

    /// Has the marker forced, unless the text already contains it. Happens once.
    fn respond(&mut self, rules: &Rules<'_>) -> Result<(), Failure> {
        let Some(marker) = rules.marker.as_ref().filter(|_| !self.responding) else {
            return Ok(());
        };
        self.responding = true;
        let text = rules.whole(&rules.text(&self.token_ids)?);
        if !text.contains(&marker.text) {
            self.to_force = 0..marker.ids.len();
            self.blank = true;
        }
        Ok(())
    }

    /// The completion, if the last token ends it.
    fn ending(&mut self, rules: &Rules<'_>, ended_turn: bool) -> Result<Option<Written>, Failure> {
        if ended_turn {
            let text = rules.text(&self.token_ids[..self.len() - 1])?;
            return Ok(Some(self.complete(rules, &text, FinishReason::Stop)));
        }
        let window = &self.token_ids[self.len().saturating_sub(rules.stop_window)..];
        if rules.stop_window > 0
            && rules
                .find_stop(&rules.policy.text.decode(window, true)?)
                .is_some()
        {
            let text = rules.text(&self.token_ids)?;
            if let Some(cut) = rules.find_stop(&text) {
                return Ok(Some(self.complete(rules, &text[..cut], FinishReason::Stop)));
            }
        }
        if self.len() < rules.params.max_new_tokens {
            return Ok(None);
        }
        let text = rules.text(&self.token_ids)?;
        Ok(Some(self.complete(rules, &text, FinishReason::Length)))
    }

    fn complete(&mut self, rules: &Rules<'_>, text: &str, finish: FinishReason) -> Written {
        let completion = Completion {
            token_ids: std::mem::take(&mut self.token_ids),
            log_probs: std::mem::take(&mut self.log_probs),
            forced: std::mem::take(&mut self.forced),
            text: rules.whole(text),
            finish,
        };
        Written {
            completion,
            top_log_probs: std::mem::take(&mut self.top_log_probs),
        }
    }
}

fn top_log_probs(logits: &[f32], log_sum: f32, count: usize) -> TopLogProbs {
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
        .map(|id| (id, logits[id as usize] - log_sum))
        .collect()
}
