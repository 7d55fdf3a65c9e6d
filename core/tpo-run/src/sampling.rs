//! From instructions to judged candidates: the stages that training and validation share.

use std::collections::HashMap;

use tpo_types::{
    Candidate, CandidateGroup, Completion, Failure, FailureKind, Instruction, ModelService,
    ParseOutcome, Prompt, RenderOutcome, RenderRequest, ResponseGroup, SampleId, SampleJob,
    Sampler,
};

use crate::progress::{Event, Stage};
use crate::run::Run;
use crate::scoring::{Asked, Duel, JudgeFigures, Judged};
use crate::slice::Slice;
use crate::store::{Made, to_json};
use crate::unscored::Guard;

/// An instruction, rendered and as tokens.
#[derive(Debug)]
pub(crate) struct Rendered<'a> {
    /// The task.
    pub instruction: &'a Instruction,
    /// What the model is fed.
    pub prompt: Prompt,
    /// The same as tokens.
    pub token_ids: Vec<u32>,
}

/// Responses that a judge is asked about in one call.
const AT_ONCE: usize = 4096;
/// The same for a judge that asks models, which may take long or be out of reach. As many as a
/// server may be asked at once.
const AT_ONCE_WITH_MODELS: usize = 256;

/// The completions of one instruction, in the order of their indices.
pub(crate) type Completions = Vec<(String, Vec<Completion>)>;

impl Run<'_> {
    /// Renders the instructions of a slice and turns them into tokens.
    pub(crate) fn render<'a>(
        &self,
        slice: Slice,
        instructions: &'a [Instruction],
        sampler: &dyn Sampler,
    ) -> Result<Vec<Rendered<'a>>, Failure> {
        let thought_budget = self.plan.params.max_thought_tokens;
        let requests: Vec<RenderRequest<'_>> = instructions
            .iter()
            .map(|instruction| RenderRequest {
                instruction,
                thought_budget: thought_budget.map(|tokens| tokens as u32),
            })
            .collect();
        let outcomes = self.stages.template.render(&requests)?;
        let mut rendered = Vec::with_capacity(instructions.len());
        for (instruction, outcome) in instructions.iter().zip(outcomes) {
            let prompt = match outcome {
                RenderOutcome::Prompt(prompt) => prompt,
                RenderOutcome::Unrendered(reason) => {
                    let what = format!(
                        "the thought template cannot render `{}`: {reason}",
                        instruction.id
                    );
                    return Err(Failure::new(FailureKind::Plugin, what)
                        .hint("remove the instruction, or use a template that takes it"));
                }
            };
            let token_ids = sampler.encode(&prompt)?;
            rendered.push(Rendered {
                instruction,
                prompt,
                token_ids,
            });
        }
        let rows: Vec<_> = rendered
            .iter()
            .map(|row| {
                (
                    row.instruction.id.as_str(),
                    &row.prompt,
                    row.token_ids.as_slice(),
                )
            })
            .collect();
        self.store.put_prompts(slice, &rows)?;
        Ok(rendered)
    }

    /// Samples `k` completions per prompt from the policy of that identity; those that are there
    /// already are taken.
    pub(crate) fn sample(
        &self,
        (slice, policy): (Slice, &str),
        prompts: &[Rendered<'_>],
        k: usize,
        sampler: &mut dyn Sampler,
    ) -> Result<Completions, Failure> {
        let name = self.name_of_completions(slice, policy, prompts, k);
        let mut have = self.known_completions(slice, &name)?;
        let taken = have.len();
        let jobs: Vec<SampleJob<'_>> = prompts
            .iter()
            .map(|rendered| SampleJob {
                prompt: &rendered.prompt,
                prompt_ids: &rendered.token_ids,
                samples: (0..k)
                    .filter(|index| !have.contains_key(&(rendered.instruction.id.clone(), *index)))
                    .map(|index| self.sample_id(slice, &rendered.instruction.id, index))
                    .collect(),
            })
            .filter(|job| !job.samples.is_empty())
            .collect();
        let missing: usize = jobs.iter().map(|job| job.samples.len()).sum();
        self.began(
            Stage::Sample,
            slice,
            prompts.len() * k,
            prompts.len() * k - missing,
        );
        sampler.sample(&jobs, &self.plan.params, &mut |id, completion| {
            self.store.put_completion(id, &completion)?;
            self.item_done(completion.token_ids.len());
            have.insert((id.instruction_id.clone(), id.index), completion);
            Ok(())
        })?;
        (self.observer)(&Event::StageEnded);
        let made = Made {
            name,
            items: prompts.len() * k,
            taken,
            seen: "{}".into(),
        };
        self.store.put_made(slice, Stage::Sample, &made)?;
        collect(prompts, k, have)
    }

    fn sample_id(&self, slice: Slice, instruction_id: &str, index: usize) -> SampleId {
        SampleId {
            seed: self.plan.config.seed,
            slice: slice.to_string(),
            instruction_id: instruction_id.to_owned(),
            index,
        }
    }

    /// Splits completions into thought and response.
    pub(crate) fn parse(
        &self,
        completions: Completions,
        sampler: &dyn Sampler,
    ) -> Result<Vec<CandidateGroup>, Failure> {
        let flat: Vec<&Completion> = completions
            .iter()
            .flat_map(|(_, completions)| completions)
            .collect();
        let mut outcomes = self.stages.parser.parse(&flat)?.into_iter();
        let mut groups = Vec::with_capacity(completions.len());
        for (instruction_id, completions) in completions {
            let parsed = completions.into_iter().zip(outcomes.by_ref());
            let candidates =
                parsed.map(|(completion, outcome)| candidate(completion, outcome, sampler));
            groups.push(CandidateGroup {
                instruction_id,
                candidates: candidates.collect::<Result<_, _>>()?,
            });
        }
        Ok(groups)
    }

    /// Asks the judge for its word on every parsed response, and records it.
    pub(crate) fn judge(
        &self,
        slice: Slice,
        instructions: &[Instruction],
        mut groups: Vec<CandidateGroup>,
    ) -> Result<(Vec<CandidateGroup>, JudgeFigures), Failure> {
        let by_id: HashMap<&str, &Instruction> = instructions
            .iter()
            .map(|row| (row.id.as_str(), row))
            .collect();
        let asked: Vec<ResponseGroup<'_>> = groups
            .iter()
            .map(|group| ResponseGroup {
                instruction: by_id[group.instruction_id.as_str()],
                responses: responses(group),
            })
            .collect();
        let total = asked.iter().map(|group| group.responses.len()).sum();
        let name = self.name_of_judgments(&asked);
        let known = self.known_judgments(slice, &name, &groups)?;
        let taken = if known.is_some() { total } else { 0 };
        self.began(Stage::Judge, slice, total, taken);
        let (judgments, figures) = if let Some(known) = known {
            known
        } else {
            let judged = self.ask(&asked)?;
            self.record_duels(slice, &groups, &judged.duels)?;
            let figures = judged.figures();
            (judged.judgments, figures)
        };
        for (group, judgments) in groups.iter_mut().zip(judgments) {
            let parsed = group
                .candidates
                .iter_mut()
                .filter(|candidate| candidate.parts().is_some());
            for (candidate, judgment) in parsed.zip(judgments) {
                candidate.judgment = Some(judgment);
            }
        }
        self.store.put_groups(slice, &groups)?;
        self.store.put_made(
            slice,
            Stage::Judge,
            &Made {
                name,
                items: total,
                taken,
                seen: to_json(&figures),
            },
        )?;
        (self.observer)(&Event::StageEnded);
        Ok((groups, figures))
    }

    /// Asks in parts, so that a judge that fails on most of what it is asked is noticed before it
    /// was asked everything.
    fn ask(&self, asked: &Asked<'_>) -> Result<Judged, Failure> {
        let at_once = if self.stages.models.is_empty() {
            AT_ONCE
        } else {
            AT_ONCE_WITH_MODELS
        };
        let lender = self.stages.lender.as_deref();
        let replies = || lender.map(ModelService::take_given).unwrap_or_default();
        // What configuring the judges was answered is none of its judgments.
        replies();
        let mut guard = Guard::of(self.plan.config.judge.max_unscored);
        let (mut judged, mut rest) = (Judged::default(), asked);
        while !rest.is_empty() {
            let (part, later) = rest.split_at(groups_of(rest, at_once));
            let said = self.stages.scoring.judge(part)?;
            said.judgments
                .iter()
                .flatten()
                .for_each(|_| self.item_done(0));
            guard.see(said.judgments.iter().flatten(), replies());
            if let Err(failure) = guard.check() {
                // Whoever goes on from here has mended something, and the old replies would only
                // stop the run again.
                lender.map_or(Ok(()), |lender| lender.forget(&guard.replies()))?;
                return Err(failure);
            }
            judged.append(said);
            rest = later;
        }
        Ok(judged)
    }

    /// Records comparisons under the samples that were compared.
    fn record_duels(
        &self,
        slice: Slice,
        groups: &[CandidateGroup],
        duels: &[Duel],
    ) -> Result<(), Failure> {
        let samples: Vec<Vec<usize>> = groups.iter().map(parsed).collect();
        let rows = duels.iter().map(|duel| {
            let samples = &samples[duel.group];
            let id = groups[duel.group].instruction_id.as_str();
            (id, samples[duel.first], samples[duel.second], &duel.verdict)
        });
        self.store.put_preferences(slice, &rows.collect::<Vec<_>>())
    }

    pub(crate) fn began(&self, stage: Stage, slice: Slice, total: usize, done: usize) {
        (self.observer)(&Event::StageBegan {
            stage,
            slice: slice.to_string(),
            total,
            done,
        });
    }

    pub(crate) fn item_done(&self, tokens: usize) {
        (self.observer)(&Event::ItemDone { tokens });
    }
}

/// How many of the first groups have that many responses together; one at least.
fn groups_of(asked: &Asked<'_>, responses: usize) -> usize {
    let mut sum = 0;
    let enough = asked.iter().position(|group| {
        sum += group.responses.len();
        sum >= responses
    });
    enough.map_or(asked.len(), |last| last + 1)
}

fn responses(group: &CandidateGroup) -> Vec<&str> {
    group
        .candidates
        .iter()
        .filter_map(|candidate| Some(candidate.parts()?.response.as_str()))
        .collect()
}

/// Which of a group's candidates have a response.
fn parsed(group: &CandidateGroup) -> Vec<usize> {
    let candidates = group.candidates.iter().enumerate();
    candidates
        .filter(|(_, candidate)| candidate.parts().is_some())
        .map(|(sample, _)| sample)
        .collect()
}

fn candidate(
    completion: Completion,
    outcome: ParseOutcome,
    sampler: &dyn Sampler,
) -> Result<Candidate, Failure> {
    let tokens = |text: &str| sampler.count_tokens(text).map(|count| count as u32);
    let (thought_tokens, response_tokens) = match &outcome {
        ParseOutcome::Parsed(parts) => (
            parts.thought.as_deref().map_or(Ok(0), tokens)?,
            tokens(&parts.response)?,
        ),
        ParseOutcome::Malformed(_) => (0, completion.token_ids.len() as u32),
    };
    Ok(Candidate {
        completion,
        outcome,
        thought_tokens,
        response_tokens,
        judgment: None,
    })
}

/// Puts the completions in the order of the prompts and of their indices.
fn collect(
    prompts: &[Rendered<'_>],
    k: usize,
    mut have: HashMap<(String, usize), Completion>,
) -> Result<Completions, Failure> {
    let mut all = Vec::with_capacity(prompts.len());
    for rendered in prompts {
        let id = &rendered.instruction.id;
        let mut completions = Vec::with_capacity(k);
        for index in 0..k {
            completions.push(have.remove(&(id.clone(), index)).ok_or_else(|| {
                Failure::new(
                    FailureKind::Bug,
                    format!("the sampler did not write completion {index} of `{id}`"),
                )
            })?);
        }
        all.push((id.clone(), completions));
    }
    Ok(all)
}
