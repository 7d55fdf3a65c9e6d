//! One iteration of Thought Preference Optimization (arXiv 2410.10630, section 2), from a policy to
//! the next.
//!
//! As in the paper: K completions per instruction under the thought prompt, a judge that sees
//! responses only, best against worst, DPO on the whole completion, disjoint instructions per
//! iteration, each iteration from the last one's model. Unlike the paper: the reference
//! log-probabilities are the ones recorded while sampling, because the policy that samples is the
//! reference; and a thought may be closed by force, those tokens being left out of the loss.

use tpo_judge::JudgeMetrics;
use tpo_types::{
    CandidateGroup, CandidateGroupView, CandidateView, Checkpoint, Failure, FailureKind,
    FinishReason, PreferencePair, Selected, Selection, Side, StepMetrics, TrainingPair,
};

use crate::checkpoints;
use crate::directory::RunDirectory;
use crate::figures::{
    IterationFigures, Reasons, SampleFigures, SelectorFigures, TrainFigures, count,
};
use crate::progress::{Event, Stage};
use crate::run::Run;
use crate::sampling::Rendered;
use crate::slice::Slice;

/// Malformed or unscored completions shown when an iteration gives no pair.
const SHOWN_COMPLETIONS: usize = 3;

impl Run<'_> {
    /// Samples, parses, judges, selects and trains; gives back the next policy.
    pub(crate) fn iterate(
        &self,
        iteration: usize,
        policy: &Checkpoint,
    ) -> Result<Checkpoint, Failure> {
        let slice = Slice::Train(iteration);
        let instructions = self.plan.instructions_of(iteration);

        let mut sampler = (self.stages.open_sampler)(policy)?;
        let prompts = self.render(slice, instructions, &*sampler)?;
        let identity = self.identity_after(iteration - 1)?;
        let k = self.plan.config.sampling.num_samples;
        let completions = self.sample((slice, &identity), &prompts, k, &mut *sampler)?;
        let candidates = self.parse(completions, &*sampler)?;
        // The sampler's copy of the weights leaves memory before training begins.
        drop(sampler);
        let (judged, judge) = self.judge(slice, instructions, candidates)?;
        let selected = self.select(slice, &judged)?;
        let (checkpoint, sha256, steps) =
            self.train(iteration, policy, &prompts, &judged, &selected.selections)?;

        let figures = figures(iteration, &judged, judge, &selected, steps);
        self.store.put_iteration(
            iteration,
            &RunDirectory::checkpoint_name(iteration),
            &sha256,
            &figures,
        )?;
        (self.observer)(&Event::IterationEnded(&figures));
        Ok(checkpoint)
    }

    /// Chooses the pairs of a slice.
    fn select(&self, slice: Slice, groups: &[CandidateGroup]) -> Result<Selected, Failure> {
        let views: Vec<CandidateGroupView<'_>> = groups
            .iter()
            .map(|group| CandidateGroupView {
                instruction_id: &group.instruction_id,
                candidates: group.candidates.iter().map(CandidateView::of).collect(),
            })
            .collect();
        let selected = self.stages.selector.select(&views)?;
        let rows: Vec<(&str, &Selection)> = groups
            .iter()
            .map(|group| group.instruction_id.as_str())
            .zip(&selected.selections)
            .collect();
        self.store.put_selections(slice, &rows)?;
        Ok(selected)
    }

    /// Trains the policy on the selected pairs and makes the result a checkpoint.
    fn train(
        &self,
        iteration: usize,
        policy: &Checkpoint,
        prompts: &[Rendered<'_>],
        groups: &[CandidateGroup],
        selections: &[Selection],
    ) -> Result<(Checkpoint, String, TrainFigures), Failure> {
        let pairs = training_pairs(prompts, groups, selections);
        if pairs.is_empty() {
            return Err(no_pairs(iteration, groups, selections));
        }
        let config = &self.plan.config.train;
        let total_steps = config.total_steps(pairs.len());
        self.began(Stage::Train, Slice::Train(iteration), total_steps, 0);
        self.store.clear_steps(iteration)?;
        let path = self
            .plan
            .directory
            .root()
            .join(RunDirectory::checkpoint_name(iteration));
        let partial = checkpoints::begin(&path)?;
        let mut steps: Vec<StepMetrics> = Vec::new();
        self.stages
            .trainer
            .train(policy, &pairs, &partial, &mut |metrics| {
                self.store.put_step(iteration, metrics)?;
                let before = steps.last().map_or(0, |last| last.num_tokens);
                self.item_done((metrics.num_tokens - before) as usize);
                steps.push(metrics.clone());
                Ok(())
            })?;
        let sha256 = checkpoints::commit(&partial, &path)?;
        (self.observer)(&Event::StageEnded);
        Ok((
            Checkpoint::at(path),
            sha256,
            TrainFigures::of(&steps, total_steps / config.num_train_epochs),
        ))
    }
}

fn figures(
    iteration: usize,
    groups: &[CandidateGroup],
    judge: JudgeMetrics,
    selected: &Selected,
    train: TrainFigures,
) -> IterationFigures {
    let of_group = |(group, selection)| {
        chosen_pairs(selection)
            .iter()
            .map(move |pair| (group, *pair))
    };
    let pairs: Vec<(&CandidateGroup, PreferencePair)> = groups
        .iter()
        .zip(&selected.selections)
        .flat_map(of_group)
        .collect();
    IterationFigures {
        iteration,
        sampled: SampleFigures::of(groups),
        pairs: pairs.len(),
        drops: drop_reasons(&selected.selections),
        selector: SelectorFigures::of(&pairs, &selected.figures),
        judge,
        train,
    }
}

fn chosen_pairs(selection: &Selection) -> &[PreferencePair] {
    match selection {
        Selection::Pairs(pairs) => pairs,
        Selection::Dropped(_) => &[],
    }
}

fn drop_reasons(selections: &[Selection]) -> Reasons {
    count(selections.iter().filter_map(|selection| match selection {
        Selection::Dropped(reason) => Some(reason),
        Selection::Pairs(_) => None,
    }))
}

/// The pairs as tokens. Groups stand in the order of the prompts.
fn training_pairs(
    prompts: &[Rendered<'_>],
    groups: &[CandidateGroup],
    selections: &[Selection],
) -> Vec<TrainingPair> {
    let mut training = Vec::new();
    for ((rendered, group), selection) in prompts.iter().zip(groups).zip(selections) {
        for pair in chosen_pairs(selection) {
            let side = |index: usize| side_of(&group.candidates[index].completion);
            training.push(TrainingPair {
                id: group.instruction_id.clone(),
                prompt_ids: rendered.token_ids.clone(),
                chosen: side(pair.chosen()),
                rejected: side(pair.rejected()),
            });
        }
    }
    training
}

fn side_of(completion: &tpo_types::Completion) -> Side {
    let loss_mask: Vec<bool> = completion.forced.iter().map(|forced| !forced).collect();
    let counted = completion
        .log_probs
        .iter()
        .zip(&loss_mask)
        .filter(|(_, counts)| **counts);
    Side {
        token_ids: completion.token_ids.clone(),
        reference_log_prob: counted.map(|(log_prob, _)| f64::from(*log_prob)).sum(),
        loss_mask,
    }
}

/// The table of reasons and some raw completions: what a user needs to see why nothing can be
/// trained on.
fn no_pairs(iteration: usize, groups: &[CandidateGroup], selections: &[Selection]) -> Failure {
    let mut what = format!("iteration {iteration} gives no pair");
    let mut table = |title: &str, reasons: &Reasons| {
        for (reason, count) in reasons {
            what.push_str(&format!("\n  {count:>6} {title}: {reason}"));
        }
    };
    let sampled = SampleFigures::of(groups);
    table("instructions dropped", &drop_reasons(selections));
    table("completions malformed", &sampled.malformed);
    table("responses unscored", &sampled.unscored);
    let all = groups.iter().flat_map(|group| {
        group
            .candidates
            .iter()
            .map(move |candidate| (group, candidate))
    });
    for (group, candidate) in all.take(SHOWN_COMPLETIONS) {
        let end = match candidate.completion.finish {
            FinishReason::Stop => "ended its turn",
            FinishReason::Length => "ran out of tokens",
        };
        what.push_str(&format!(
            "\n--- a completion of `{}` ({end}):\n{}",
            group.instruction_id, candidate.completion.text
        ));
    }
    Failure::new(FailureKind::Plugin, what).hint(
        "malformed: try a prefill, `thought.max_tokens` or another preset; ties: raise \
            `sampling.num_samples` or use a \
         finer judge; unscored: see the judge's README for what it needs",
    )
}
