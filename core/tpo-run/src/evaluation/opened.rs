//! What an evaluation calls: the plugins, and where the models are.

use std::collections::BTreeMap;

use tpo_host::Plugins;
use tpo_judge::{ScoreScale, check_models_are_used};
use tpo_types::{Checkpoint, Failure};

use super::plan::EvaluationPlan;
use super::subject::Answers;
use crate::pipeline::{JudgeModels, RunJudge, ThoughtFormat};

/// The models and plugins of an evaluation.
pub struct OpenedEvaluation {
    /// One per subject: the model and its thought prompt; none for recorded responses.
    pub(super) models: Vec<Option<OpenedModel>>,
    /// The judges by name.
    pub(super) judges: BTreeMap<String, RunJudge>,
    /// The models that judges may ask.
    pub(super) judge_models: JudgeModels,
}

/// A model and the thought prompt that it answers with.
pub(super) struct OpenedModel {
    /// Where the model's files are.
    pub checkpoint: Checkpoint,
    /// Digest of the files.
    pub identity: String,
    /// Renders instructions and splits completions.
    pub thought: ThoughtFormat,
}

impl OpenedEvaluation {
    /// Whether a judge only says which of two responses is better.
    pub fn compares(&self, judge: &str) -> bool {
        let judge = self.judges.get(judge);
        judge.is_some_and(|judge| judge.scoring.scale() == ScoreScale::WithinGroup)
    }

    /// Fetches the models of a plan and loads its plugins. `on_status` is told what is fetched.
    pub fn open(
        plan: &EvaluationPlan,
        plugins: &Plugins,
        on_status: &dyn Fn(&str),
    ) -> Result<Self, Failure> {
        check_models_are_used(plan.config.judges.values(), plugins)?;
        let judges = plan.config.judges.iter().map(|(name, config)| {
            let judge = RunJudge::open(config, plugins)?;
            Ok((name.clone(), judge))
        });
        let judges = judges.collect::<Result<_, Failure>>()?;
        let mut identities: BTreeMap<String, String> = BTreeMap::new();
        let mut models = Vec::new();
        for subject in &plan.subjects {
            let Answers::Sampled(sampled) = &subject.answers else {
                models.push(None);
                continue;
            };
            let path = tpo_lm::fetch::resolve(&sampled.source, on_status)?;
            let identity = match identities.get(&sampled.source) {
                Some(identity) => identity.clone(),
                None => tpo_lm::local_model::identity(&path)?,
            };
            identities.insert(sampled.source.clone(), identity.clone());
            let thought = &sampled.thought;
            models.push(Some(OpenedModel {
                checkpoint: Checkpoint::at(path),
                identity,
                thought: ThoughtFormat::open(
                    &thought.template(),
                    thought.parser.as_ref(),
                    plugins,
                )?,
            }));
        }
        Ok(Self {
            models,
            judges,
            judge_models: JudgeModels::of(plugins),
        })
    }
}
