//! From instructions to judged candidates: the stages that training and validation share.

use std::collections::HashMap;

use tpo_judge::{ComparisonOutcome, GuardedScoring, JudgeMetrics, JudgeOutput};
use tpo_types::{
    Candidate, CandidateGroup, Completion, Failure, FailureKind, Instruction, ParseOutcome, Prompt,
    RenderOutcome, RenderRequest, ResponseGroup, SampleId, SampleJob, Sampler,
};

use crate::progress::{Event, Stage};
use crate::run::Run;
use crate::slice::Slice;
use crate::store::{Made, to_json};

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
    ) -> Result<(Vec<CandidateGroup>, JudgeMetrics), Failure> {
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
            let judged = self.score(&asked)?;
            self.record_comparisons(slice, &groups, &judged.comparisons)?;
            let figures = judged.metrics();
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

    /// Scores the responses, and stops the run when too many are unscored.
    fn score(&self, groups: &[ResponseGroup<'_>]) -> Result<JudgeOutput, Failure> {
        let scoring = GuardedScoring {
            scoring: &*self.stages.scoring,
            models: self.stages.model_service.as_deref(),
            max_unscored: self.plan.config.judge.max_unscored,
        };
        scoring.score(groups, &|responses| {
            for _ in 0..responses {
                self.item_done(0);
            }
        })
    }

    /// Records comparisons under the samples that were compared.
    fn record_comparisons(
        &self,
        slice: Slice,
        groups: &[CandidateGroup],
        comparisons: &[ComparisonOutcome],
    ) -> Result<(), Failure> {
        let samples: Vec<Vec<usize>> = groups.iter().map(parsed).collect();
        let rows = comparisons.iter().map(|comparison| {
            let samples = &samples[comparison.group];
            let id = groups[comparison.group].instruction_id.as_str();
            (
                id,
                samples[comparison.first],
                samples[comparison.second],
                &comparison.verdict,
            )
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
