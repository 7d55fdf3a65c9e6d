//! The running of a batch: which completions are written, when a prompt is read, when memory is let
//! go.

use std::collections::VecDeque;

use rayon::prelude::*;
use tpo_types::{Failure, SampleId, SampleJob, SamplingParams};

use super::cache::KvCache;
use super::sequence_state::{SequenceState, DecodeRules, Generated};
use super::engine::{Engine, PromptFeed, TokenFeed};
use crate::kernels::rope::Rotary;
use crate::policy::Policy;

/// Completions that are written at the same time. More rows make better use of each weight read
/// from memory, but at this many arithmetic is already the limit.
const MAX_ROWS: usize = 64;

/// Tokens of prompts that are read at the same time, unless a single prompt has more.
const MAX_PROMPT_TOKENS: usize = 2048;

/// Numbers in all caches together: 4 GiB.
const MAX_CACHED: usize = 1 << 30;

/// All that is asked for, and how far it is.
pub(crate) struct Batch<'a> {
    engine: &'a mut Engine,
    jobs: &'a [SampleJob<'a>],
    /// One per job.
    rules: Vec<DecodeRules<'a>>,
    rotary: Rotary,
    max_new_tokens: usize,
    /// What has not begun: the job, and which of its samples.
    waiting: VecDeque<(usize, &'a SampleId)>,
    /// One per job: its prompt, from when it is read until its last completion has ended.
    prompts: Vec<Option<CachedPrompt>>,
    /// What is being written, in the order of the jobs.
    rows: Vec<Row>,
    /// Caches of completions that have ended, for those that begin.
    free_caches: Vec<KvCache>,
}

/// A prompt that has been read.
struct CachedPrompt {
    cache: KvCache,
    /// Logits after its last token, from which each completion's first token is chosen. (V)
    logits: Vec<f32>,
}

/// A completion that has ended.
type Ended = (SampleId, Generated);

/// A completion being written.
struct Row {
    job: usize,
    state: SequenceState,
    own: KvCache,
}

impl<'a> Batch<'a> {
    /// A batch in which nothing has begun; `top` of the likeliest tokens are kept per position.
    pub(crate) fn new(
        engine: &'a mut Engine,
        policy: &'a Policy,
        jobs: &'a [SampleJob<'a>],
        params: &'a SamplingParams,
        top: usize,
    ) -> Result<Self, Failure> {
        let rules = jobs
            .iter()
            .map(|job| DecodeRules::new(policy, params, top, job))
            .collect::<Result<_, _>>()?;
        let longest = jobs
            .iter()
            .map(|job| job.prompt_ids.len())
            .max()
            .unwrap_or(0);
        let samples = jobs
            .iter()
            .enumerate()
            .flat_map(|(job, of)| of.samples.iter().map(move |id| (job, id)));
        Ok(Self {
            rotary: engine.rotary(longest + params.max_new_tokens),
            engine,
            jobs,
            rules,
            max_new_tokens: params.max_new_tokens,
            waiting: samples.collect(),
            prompts: jobs.iter().map(|_| None).collect(),
            rows: Vec::new(),
            free_caches: Vec::new(),
        })
    }

    /// Writes everything.
    pub(crate) fn run(
        mut self,
        sink: &mut dyn FnMut(&SampleId, Generated) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        while !self.waiting.is_empty() || !self.rows.is_empty() {
            let entering = self.admit();
            self.prefill(&entering);
            let mut ended = self.begin(entering)?;
            ended.extend(self.decode()?);
            self.evict_prompts();
            for (id, written) in ended {
                sink(&id, written)?;
            }
        }
        Ok(())
    }

    /// Takes from the waiting as many as there is room for; at least one when nothing is being
    /// written.
    fn admit(&mut self) -> Vec<(usize, &'a SampleId)> {
        // A completion's cache grows by doubling.
        let own = self
            .engine
            .cache_size(self.max_new_tokens.next_power_of_two());
        let prompt = |job: usize| self.engine.cache_size(self.jobs[job].prompt_ids.len());
        let read = (0..self.jobs.len()).filter(|job| self.prompts[*job].is_some());
        let mut cached = self.rows.len() * own + read.map(prompt).sum::<usize>();
        let mut entering: Vec<(usize, &SampleId)> = Vec::new();
        while let Some((job, id)) = self.waiting.front().copied() {
            let is_new =
                self.prompts[job].is_none() && entering.last().is_none_or(|(last, _)| *last != job);
            cached += own + if is_new { prompt(job) } else { 0 };
            let rows = self.rows.len() + entering.len();
            if rows >= MAX_ROWS || (rows > 0 && cached > MAX_CACHED) {
                break;
            }
            entering.push((job, id));
            self.waiting.pop_front();
        }
        entering
    }

    /// Reads the prompts of what enters, unless they have been read.
    fn prefill(&mut self, entering: &[(usize, &SampleId)]) {
        let mut unread: Vec<usize> = entering
            .iter()
            .map(|(job, _)| *job)
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
            .map(|job| self.engine.cache(ids(*job).len()))
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

    /// Writes the first token of what enters; returns what has ended with it.
    fn begin(&mut self, entering: Vec<(usize, &SampleId)>) -> Result<Vec<Ended>, Failure> {
        let mut rows: Vec<Row> = Vec::new();
        for (job, id) in entering {
            let own = self.free_caches.pop().unwrap_or_else(|| self.engine.cache(0));
            rows.push(Row {
                job,
                state: SequenceState::new(id.clone(), &self.rules[job]),
                own,
            });
        }
        let logits: Vec<&[f32]> = rows
            .iter()
            .map(|row| cached_prompt(&self.prompts, row.job).logits.as_slice())
            .collect();
        let outcomes = advance(&self.rules, &mut rows, &logits)?;
        Ok(self.settle(rows, outcomes))
    }

    /// Takes everything that is being written one token further; returns what has ended with it.
    fn decode(&mut self) -> Result<Vec<Ended>, Failure> {
        let mut rows = std::mem::take(&mut self.rows);
        if rows.is_empty() {
            return Ok(Vec::new());
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
        Ok(self.settle(rows, outcomes))
    }

    /// Keeps the rows that go on and the caches of those that have ended.
    fn settle(&mut self, rows: Vec<Row>, outcomes: Vec<Option<Generated>>) -> Vec<Ended> {
        let mut ended = Vec::new();
        for (row, outcome) in rows.into_iter().zip(outcomes) {
            if let Some(written) = outcome {
                ended.push((row.state.id, written));
                self.free_caches.push(row.own);
            } else {
                self.rows.push(row);
            }
        }
        ended
    }

    /// Lets go of prompts whose completions have all ended.
    fn evict_prompts(&mut self) {
        let next = self
            .waiting
            .front()
            .map_or(self.jobs.len(), |(job, _)| *job);
        let written: Vec<usize> = self.rows.iter().map(|row| row.job).collect();
        for (job, prompt) in self.prompts.iter_mut().enumerate().take(next) {
            if !written.contains(&job) {
                *prompt = None;
            }
        }
    }
}

fn cached_prompt(prompts: &[Option<CachedPrompt>], job: usize) -> &CachedPrompt {
    prompts[job]
        .as_ref()
        .expect("a prompt is read before its completions begin and kept until they end")
}

/// Adds a token to each row from its logits.
fn advance(
    rules: &[DecodeRules<'_>],
    rows: &mut [Row],
    logits: &[&[f32]],
) -> Result<Vec<Option<Generated>>, Failure> {
    rows.par_iter_mut()
        .zip(logits)
        .map_init(Vec::new, |weights, (row, logits)| {
            row.state.advance(&rules[row.job], logits, weights)
        })
        .collect()
}
