//! Continuous batching: which completions are decoded, when a prompt is prefilled, when memory is
//! freed.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::ops::ControlFlow;

use tpo_types::{Failure, SampleId, SampleJob, SamplingParams};

use super::cache::KvCache;
use super::engine::{Engine, PromptFeed, TokenFeed};
use super::sequence_state::{DecodeRules, Generated, SequenceState};
use crate::kernels::rope::Rotary;
use crate::kernels::team;
use crate::model::Model;

/// Completions that are decoded at the same time. More rows would use each weight that is read from
/// memory more often, but with this many, arithmetic is already the limit.
const MAX_ROWS: usize = 64;

/// Tokens of prompts that are prefilled at the same time, unless a single prompt has more.
const MAX_PROMPT_TOKENS: usize = 2048;

/// Numbers in all caches together: 4 GiB.
const MAX_CACHED: usize = 1 << 30;

/// The jobs of one call, and the state of their completions.
pub(crate) struct Batch<'a> {
    engine: &'a mut Engine,
    jobs: &'a [SampleJob<'a>],
    /// One per job.
    rules: Vec<DecodeRules<'a>>,
    rotary: Rotary,
    max_new_tokens: usize,
    /// Completions that have not started.
    waiting: VecDeque<WaitingSequence<'a>>,
    /// One per job: its prompt, from its prefill until its last completion has ended.
    prompts: Vec<Option<CachedPrompt>>,
    /// Completions that are being decoded, in the order of the jobs.
    rows: Vec<RunningSequence>,
}

/// A prefilled prompt.
struct CachedPrompt {
    cache: KvCache,
    /// Logits after its last token, for each completion's first token. (V)
    logits: Vec<f32>,
}

/// A completion that has not started.
#[derive(Clone, Copy)]
struct WaitingSequence<'a> {
    job: usize,
    id: &'a SampleId,
}

/// A finished completion.
struct Finished {
    id: SampleId,
    generated: Generated,
}

/// A completion that is being decoded.
struct RunningSequence {
    job: usize,
    state: SequenceState,
    own: KvCache,
}

impl<'a> Batch<'a> {
    /// A batch that has not started; the `top` most probable tokens are kept per position.
    pub(crate) fn new(
        engine: &'a mut Engine,
        model: &'a Model,
        jobs: &'a [SampleJob<'a>],
        params: &'a SamplingParams,
        top: usize,
    ) -> Result<Self, Failure> {
        let rules = jobs
            .iter()
            .map(|job| DecodeRules::new(model, params, top, job))
            .collect::<Result<_, _>>()?;
        let longest = jobs
            .iter()
            .map(|job| job.prompt_ids.len())
            .max()
            .unwrap_or(0);
        let samples = jobs
            .iter()
            .enumerate()
            .flat_map(|(job, of)| of.samples.iter().map(move |id| WaitingSequence { job, id }));
        Ok(Self {
            rotary: engine.rotary(longest + params.max_new_tokens),
            engine,
            jobs,
            rules,
            max_new_tokens: params.max_new_tokens,
            waiting: samples.collect(),
            prompts: jobs.iter().map(|_| None).collect(),
            rows: Vec::new(),
        })
    }

    /// Samples every completion, until `sink` breaks.
    pub(crate) fn run<B>(
        mut self,
        sink: &mut dyn FnMut(&SampleId, Generated) -> ControlFlow<B>,
    ) -> Result<ControlFlow<B>, Failure> {
        while !self.waiting.is_empty() || !self.rows.is_empty() {
            let admitted = self.admit();
            self.prefill(&admitted);
            let mut finished = self.start(admitted)?;
            finished.extend(self.decode()?);
            self.evict_prompts();
            for Finished { id, generated } in finished {
                if let ControlFlow::Break(value) = sink(&id, generated) {
                    return Ok(ControlFlow::Break(value));
                }
            }
        }
        Ok(ControlFlow::Continue(()))
    }

    /// Takes waiting completions as long as there is room; at least one if none is being decoded.
    fn admit(&mut self) -> Vec<WaitingSequence<'a>> {
        let pages = self.engine.pages();
        let own = pages.size(self.max_new_tokens);
        let prompt = |job: usize| pages.size(self.jobs[job].prompt_ids.len());
        let prefilled = (0..self.jobs.len()).filter(|job| self.prompts[*job].is_some());
        let mut cached = self.rows.len() * own + prefilled.map(prompt).sum::<usize>();
        let mut admitted: Vec<WaitingSequence<'_>> = Vec::new();
        while let Some(next) = self.waiting.front().copied() {
            let is_new = self.prompts[next.job].is_none()
                && admitted.last().is_none_or(|last| last.job != next.job);
            cached += own + if is_new { prompt(next.job) } else { 0 };
            let rows = self.rows.len() + admitted.len();
            if rows >= MAX_ROWS || (rows > 0 && cached > MAX_CACHED) {
                break;
            }
            admitted.push(next);
            self.waiting.pop_front();
        }
        admitted
    }

    /// Prefills the prompts of new completions that are not cached yet.
    fn prefill(&mut self, admitted: &[WaitingSequence<'_>]) {
        let mut unread: Vec<usize> = admitted
            .iter()
            .map(|waiting| waiting.job)
            .filter(|job| self.prompts[*job].is_none())
            .collect();
        unread.dedup();
        let mut rest = unread.as_slice();
        while !rest.is_empty() {
            let mut tokens = 0;
            let fits = rest.iter().take_while(|job| {
                tokens += self.jobs[**job].prompt_ids.len();
                tokens <= MAX_PROMPT_TOKENS
            });
            let (now, later) = rest.split_at(fits.count().max(1));
            self.prefill_together(now);
            rest = later;
        }
    }

    fn prefill_together(&mut self, jobs: &[usize]) {
        let ids = |job: usize| self.jobs[job].prompt_ids;
        let mut caches: Vec<KvCache> = jobs
            .iter()
            .map(|job| self.engine.pages().cache(ids(*job).len()))
            .collect();
        let feeds = jobs.iter().zip(&mut caches).map(|(job, cache)| PromptFeed {
            ids: ids(*job),
            cache,
        });
        let logits = self
            .engine
            .prefill(&self.rotary, &mut feeds.collect::<Vec<_>>());
        let vocabulary = logits.len() / jobs.len();
        for ((job, cache), logits) in jobs.iter().zip(caches).zip(logits.chunks_exact(vocabulary)) {
            self.prompts[*job] = Some(CachedPrompt {
                cache,
                logits: logits.to_vec(),
            });
        }
    }

    /// Adds the first token of new completions; returns those that it finishes.
    fn start(&mut self, admitted: Vec<WaitingSequence<'_>>) -> Result<Vec<Finished>, Failure> {
        let mut rows: Vec<RunningSequence> = Vec::new();
        for WaitingSequence { job, id } in admitted {
            rows.push(RunningSequence {
                job,
                state: SequenceState::new(id.clone(), &self.rules[job]),
                own: self.engine.pages().cache(0),
            });
        }
        let logits: Vec<&[f32]> = rows
            .iter()
            .map(|row| cached_prompt(&self.prompts, row.job).logits.as_slice())
            .collect();
        let outcomes = advance(&self.rules, &mut rows, &logits)?;
        Ok(self.retire(rows, outcomes))
    }

    /// Decodes one token of each completion; returns those that it finishes.
    fn decode(&mut self) -> Result<Vec<Finished>, Failure> {
        let mut rows = std::mem::take(&mut self.rows);
        if rows.is_empty() {
            return Ok(Vec::new());
        }
        for row in &mut rows {
            self.engine.pages().reserve(&mut row.own, row.state.len());
        }
        let prompts = &self.prompts;
        let feeds = rows.iter_mut().map(|row| TokenFeed {
            id: row.state.last_id(),
            prompt_len: self.jobs[row.job].prompt_ids.len(),
            index: row.state.len() - 1,
            prompt: &cached_prompt(prompts, row.job).cache,
            own: &mut row.own,
        });
        let logits = self
            .engine
            .decode(&self.rotary, &mut feeds.collect::<Vec<_>>());
        let logits: Vec<&[f32]> = logits.chunks_exact(logits.len() / rows.len()).collect();
        let outcomes = advance(&self.rules, &mut rows, &logits)?;
        Ok(self.retire(rows, outcomes))
    }

    /// Keeps unfinished rows, and the caches of finished ones.
    fn retire(
        &mut self,
        rows: Vec<RunningSequence>,
        outcomes: Vec<Option<Generated>>,
    ) -> Vec<Finished> {
        let mut finished = Vec::new();
        for (row, outcome) in rows.into_iter().zip(outcomes) {
            if let Some(generated) = outcome {
                finished.push(Finished {
                    id: row.state.id,
                    generated,
                });
                self.engine.pages().recycle(row.own);
            } else {
                self.rows.push(row);
            }
        }
        finished
    }

    /// Frees prompts whose completions have all ended.
    fn evict_prompts(&mut self) {
        let next = self
            .waiting
            .front()
            .map_or(self.jobs.len(), |waiting| waiting.job);
        let active: Vec<usize> = self.rows.iter().map(|row| row.job).collect();
        for (job, prompt) in self.prompts.iter_mut().enumerate().take(next) {
            if !active.contains(&job)
                && let Some(prompt) = prompt.take()
            {
                self.engine.pages().recycle(prompt.cache);
            }
        }
    }
}

fn cached_prompt(prompts: &[Option<CachedPrompt>], job: usize) -> &CachedPrompt {
    prompts[job]
        .as_ref()
        .expect("a prompt is cached from its first completion to its last")
}

thread_local! {
    /// Scratch of [`SequenceState::advance`].
    static WEIGHTS: RefCell<Vec<f32>> = RefCell::default();
}

/// Adds a token to each row from its logits.
fn advance(
    rules: &[DecodeRules<'_>],
    rows: &mut [RunningSequence],
    logits: &[&[f32]],
) -> Result<Vec<Option<Generated>>, Failure> {
    let mut outcomes: Vec<_> = rows.iter().map(|_| Ok(None)).collect();
    let tasks = rows.iter_mut().zip(logits).zip(&mut outcomes);
    team::for_each(tasks, |((row, logits), outcome)| {
        WEIGHTS.with_borrow_mut(|weights| {
            *outcome = row.state.advance(&rules[row.job], logits, weights);
        });
    });
    outcomes.into_iter().collect()
}
