//! What an evaluation calls: the plugins, and where the models are.

use std::collections::{BTreeMap, BTreeSet};

use tpo_host::Plugins;
use tpo_judge::{ScoreScale, check_models_are_used};
use tpo_lm::token_units::TokenUnits;
use tpo_types::{Checkpoint, Failure};

use super::plan::EvaluationPlan;
use super::subject::{Answers, Subject};
use crate::pipeline::{JudgeModels, RunJudge, ThoughtFormat};
use crate::token_units::differences_in_tokens;

/// The models and plugins of an evaluation.
pub struct OpenedEvaluation {
    /// One per subject: the model and its thought prompt; none for recorded responses.
    pub(super) models: Vec<Option<OpenedModel>>,
    /// The judges by name.
    pub(super) judges: BTreeMap<String, RunJudge>,
    /// The models that judges may ask.
    pub(super) judge_models: JudgeModels,
    /// What the user should know of the models, one sentence each.
    pub notes: Vec<String>,
}

/// A model and the thought prompt that it answers with.
pub(super) struct OpenedModel {
    /// Where the model's files are.
    pub checkpoint: Checkpoint,
    /// Digest of the files.
    pub identity: String,
    /// Digest of the model that it was trained from, if it is one of a run.
    pub trained_from: Option<String>,
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
                trained_from: sampled.trained_from.clone(),
                thought: ThoughtFormat::open(
                    &thought.template(),
                    thought.parser.as_ref(),
                    plugins,
                )?,
            }));
        }
        let judge_models = JudgeModels::of(plugins);
        Ok(Self {
            notes: notes(plan, &models, &judge_models)?,
            models,
            judges,
            judge_models,
        })
    }
}

/// On models that are the same, on judges that ask a model that is evaluated, and on models whose
/// tokens are not those of the first.
fn notes(
    plan: &EvaluationPlan,
    models: &[Option<OpenedModel>],
    judge_models: &JudgeModels,
) -> Result<Vec<String>, Failure> {
    let subjects = plan.subjects.iter().zip(models);
    let sampled: Vec<(&Subject, &OpenedModel)> = subjects
        .filter_map(|(subject, model)| Some((subject, model.as_ref()?)))
        .collect();
    let instructions = plan
        .sets
        .first()
        .map_or(&[] as &[_], |set| &set.instructions);
    let mut notes = Vec::new();
    for (at, (subject, model)) in sampled.iter().enumerate() {
        let mut judges = judge_models.bound.iter();
        let related = judges.find_map(|judge| {
            let how = if judge.identity == model.identity {
                "the model"
            } else if model.trained_from.as_ref() == Some(&judge.identity) {
                "the base model of the model"
            } else {
                return None;
            };
            Some((&judge.alias, how))
        });
        if let Some((alias, how)) = related {
            notes.push(format!(
                "the model `{alias}` that judges ask is {how} `{}` that is evaluated: its scores \
                 favor its own answers",
                subject.name
            ));
        }
        for (other, opened) in &sampled[..at] {
            let budgets = [subject, other].map(|one| one.thought_budget());
            if opened.identity == model.identity
                && model
                    .thought
                    .asks_the_same(&opened.thought, instructions, budgets)?
            {
                notes.push(format!(
                    "`{}` and `{}` are the same model with the same thought prompt: they answer \
                     alike",
                    other.name, subject.name
                ));
                break;
            }
        }
    }
    let Some(((first, first_model), others)) = sampled.split_first() else {
        return Ok(notes);
    };
    let mut told = BTreeSet::from([first_model.identity.as_str()]);
    let others = others.iter().filter(|(_, one)| told.insert(&one.identity));
    let others: Vec<_> = others.collect();
    if others.is_empty() {
        return Ok(notes);
    }
    let of_first = TokenUnits::of(&first_model.checkpoint.path)?;
    for (subject, model) in others {
        let own = TokenUnits::of(&model.checkpoint.path)?;
        notes.extend(differences_in_tokens(
            &subject.name,
            &own,
            &first.name,
            &of_first,
        ));
    }
    Ok(notes)
}
