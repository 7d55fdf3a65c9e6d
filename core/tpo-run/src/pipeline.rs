//! Everything that the stages call, opened once per run: plugins, sampler and trainer.

use std::collections::BTreeMap;
use std::sync::Arc;

use tpo_host::Plugins;
use tpo_judge::{
    GuardedScoring, JudgeConfig, LoadedPlugin, OpenedJudges, PluginConfig, ScoreScale, Scoring,
    check_models_are_used, open_judges,
};
use tpo_lm::precision::Precision;
use tpo_lm::sample::LocalSampler;
use tpo_train::LocalTrainer;
use tpo_types::{
    BoundModel, Checkpoint, Completion, Failure, FinishReason, Instruction, ModelService,
    PairSelector, PluginIdentity, PluginRole, RenderOutcome, RenderRequest, ResponseParser,
    Sampler, ScoreRange, ThoughtTemplate, Trainer,
};

use crate::config::{RunConfig, ThoughtConfig};
use crate::plan::RunPlan;

/// Opens a sampler on a policy.
pub type OpenSampler = Box<dyn Fn(&Checkpoint) -> Result<Box<dyn Sampler>, Failure>>;

/// What implements the stages of a run.
pub struct Pipeline {
    /// Renders instructions and splits completions.
    pub thought: ThoughtFormat,
    /// Scores the responses to training instructions, and to those of validation sets without a
    /// judge of their own.
    pub judge: RunJudge,
    /// The judges of the validation sets that have their own, by the name of the set.
    pub validation_judges: BTreeMap<String, RunJudge>,
    /// Selects pairs.
    pub selector: Box<dyn PairSelector>,
    /// Opens a sampler on a policy. A sampler holds the weights, so it lives only as long as it is
    /// needed.
    pub open_sampler: OpenSampler,
    /// Trains on pairs.
    pub trainer: Box<dyn Trainer>,
    /// Which plugin plays which role.
    pub plugins: Vec<LoadedPlugin>,
    /// The models that judges may ask.
    pub models: JudgeModels,
}

/// What renders instructions and splits completions.
pub struct ThoughtFormat {
    /// Renders instructions.
    pub template: Box<dyn ThoughtTemplate>,
    /// Splits completions.
    pub parser: Box<dyn ResponseParser>,
    /// The plugins of both.
    pub plugins: Vec<LoadedPlugin>,
}

impl ThoughtFormat {
    /// Loads a thought template, and its own parser unless there is another one.
    pub(crate) fn open(
        thought: &ThoughtConfig,
        parser: Option<&PluginConfig>,
        plugins: &Plugins,
    ) -> Result<Self, Failure> {
        let thought = thought.plugin();
        let parser = parser.unwrap_or(&thought);
        let template = thought.load(|request| plugins.thought_template(request))?;
        let parsing = parser.load(|request| plugins.response_parser(request))?;
        Ok(Self {
            plugins: vec![
                record(PluginRole::ThoughtTemplate, template.identity(), &thought),
                record(PluginRole::ResponseParser, parsing.identity(), parser),
            ],
            template: Box::new(template),
            parser: Box::new(parsing),
        })
    }
}

impl ThoughtFormat {
    /// Whether both make the same prompts of some instructions, with the same budget where there is
    /// a thought, and split completions alike.
    pub(crate) fn asks_the_same(
        &self,
        other: &Self,
        instructions: &[Instruction],
        budgets: [Option<usize>; 2],
    ) -> Result<bool, Failure> {
        let prompts = self.prompts(instructions, budgets[0])?;
        let has_thought = prompts.iter().any(|outcome| match outcome {
            RenderOutcome::Prompt(prompt) => prompt.response_marker.is_some(),
            RenderOutcome::Unrendered(_) => false,
        });
        Ok((!has_thought || budgets[0] == budgets[1])
            && prompts == other.prompts(instructions, budgets[1])?
            && self.splits_as(other)?)
    }

    /// The prompts of some instructions, with a budget of thought tokens if it is limited.
    pub(crate) fn prompts(
        &self,
        instructions: &[Instruction],
        budget: Option<usize>,
    ) -> Result<Vec<RenderOutcome>, Failure> {
        let requests: Vec<RenderRequest<'_>> = instructions
            .iter()
            .map(|instruction| RenderRequest {
                instruction,
                thought_budget: budget.map(|tokens| tokens as u32),
            })
            .collect();
        self.template.render(&requests)
    }

    /// Whether both are one parser that splits the same way. What a setting does is the parser's
    /// own matter, so both are shown completions with every text of either configuration, such as
    /// markers.
    fn splits_as(&self, other: &Self) -> Result<bool, Failure> {
        let (Some(own), Some(of_other)) = (self.parser_plugin(), other.parser_plugin()) else {
            return Ok(false);
        };
        if own.plugin.sha256 != of_other.plugin.sha256 {
            return Ok(false);
        }
        if own.config == of_other.config {
            return Ok(true);
        }
        let configs = [&own.config, &of_other.config];
        let keys = || configs.into_iter().flat_map(|config| config.keys());
        // What numbers, lists and tables do to a text cannot be guessed.
        let is_plain = |key: &String| {
            configs.into_iter().all(|config| match config.get(key) {
                Some(value) => value.is_string() || value.is_boolean(),
                None => true,
            })
        };
        if keys().any(|key| own.config.get(key) != of_other.config.get(key) && !is_plain(key)) {
            return Ok(false);
        }
        let texts: Vec<&str> = configs
            .into_iter()
            .flat_map(|config| config.values())
            .filter_map(|value| value.as_str())
            .collect();
        let mut completions = vec!["A thought. An answer.".to_owned()];
        for first in &texts {
            completions.push(format!("{first} one"));
            completions.push(format!("zero {first} one"));
            for second in &texts {
                completions.push(format!("zero {first} one {second} two"));
                completions.push(format!("{first}\none\n{second}\ntwo"));
            }
        }
        let completions: Vec<Completion> = completions
            .into_iter()
            .map(|text| Completion {
                token_ids: Vec::new(),
                log_probs: Vec::new(),
                forced: Vec::new(),
                text,
                finish: FinishReason::Stop,
            })
            .collect();
        let completions: Vec<&Completion> = completions.iter().collect();
        Ok(self.parser.parse(&completions)? == other.parser.parse(&completions)?)
    }

    fn parser_plugin(&self) -> Option<&LoadedPlugin> {
        let mut plugins = self.plugins.iter();
        plugins.find(|loaded| loaded.role == PluginRole::ResponseParser)
    }
}

/// The models that judges may ask.
#[derive(Default)]
pub struct JudgeModels {
    /// Answers; none if no model is bound.
    pub service: Option<Arc<dyn ModelService>>,
    /// The models by alias and identity.
    pub bound: Vec<BoundModel>,
}

impl JudgeModels {
    pub(crate) fn of(plugins: &Plugins) -> Self {
        let service = plugins.models().cloned();
        Self {
            bound: service
                .as_ref()
                .map(|service| service.bound())
                .unwrap_or_default(),
            service,
        }
    }

    /// A warning if a judge asks the model that is trained: such a judge prefers its own answers.
    pub(crate) fn self_judging(&self, base_identity: &str) -> Option<String> {
        let mut models = self.bound.iter();
        let model = models.find(|model| model.identity == base_identity)?;
        Some(format!(
            "the model `{}` that judges ask is the model that is trained: its scores favor its own \
             answers; use another model, or a validation set with an independent judge",
            model.alias
        ))
    }

    /// Scoring with a judge that stops when too many responses are unscored.
    pub(crate) fn guarded<'a>(&'a self, judge: &'a RunJudge) -> GuardedScoring<'a> {
        GuardedScoring {
            scoring: &*judge.scoring,
            models: self.service.as_deref(),
            max_unscored: judge.config.max_unscored,
        }
    }
}

/// Opens a sampler on a policy on this machine.
pub(crate) fn open_local_sampler(
    policy: &Checkpoint,
    precision: Precision,
) -> Result<Box<dyn Sampler>, Failure> {
    let model = tpo_lm::load::load(&policy.path)?;
    Ok(Box::new(LocalSampler::new(Arc::new(model), precision)?))
}

/// A judge of a run.
pub struct RunJudge {
    /// Its settings.
    pub config: JudgeConfig,
    /// Scores responses with it.
    pub scoring: Box<dyn Scoring>,
    /// Its plugins.
    pub plugins: Vec<LoadedPlugin>,
}

impl RunJudge {
    pub(crate) fn open(config: &JudgeConfig, plugins: &Plugins) -> Result<Self, Failure> {
        let OpenedJudges {
            scoring,
            plugins: loaded,
        } = open_judges(config, plugins)?;
        Ok(Self {
            config: config.clone(),
            scoring,
            plugins: loaded,
        })
    }

    /// The range of its scores, if its judges say so.
    pub(crate) fn score_range(&self) -> Option<ScoreRange> {
        match self.scoring.scale() {
            ScoreScale::Absolute(range) => range,
            ScoreScale::WithinGroup => None,
        }
    }
}

impl Pipeline {
    /// The judge of a validation set.
    pub(crate) fn validation_judge(&self, set: &str) -> &RunJudge {
        self.validation_judges.get(set).unwrap_or(&self.judge)
    }

    /// A warning if a judge asks the model that would be trained.
    pub fn self_judging(&self, base: &Checkpoint) -> Result<Option<String>, Failure> {
        if self.models.bound.is_empty() {
            return Ok(None);
        }
        let identity = tpo_lm::local_model::identity(&base.path)?;
        Ok(self.models.self_judging(&identity))
    }

    /// Whether two plans, with their pipelines, differ in nothing that a thought prompt decides:
    /// every training instruction becomes the same prompt, with the same budget where there is a
    /// thought, and completions are split alike.
    pub fn asks_the_same(
        &self,
        plan: &RunPlan,
        other: &Self,
        other_plan: &RunPlan,
    ) -> Result<bool, Failure> {
        let budgets = [plan, other_plan].map(|plan| plan.params.max_thought_tokens);
        self.thought
            .asks_the_same(&other.thought, &plan.train, budgets)
    }

    /// Loads and configures the plugins that `config` names.
    pub fn open(config: &RunConfig, plugins: &Plugins) -> Result<Self, Failure> {
        let precision = config.engine.precision.resolve()?;
        let selector = config.selector.plugin();
        let thought = ThoughtFormat::open(&config.thought, config.parser.as_ref(), plugins)?;
        let mut loaded = thought.plugins.clone();
        let own_judges = config.validation.iter().filter_map(|set| {
            let judge = set.judge.as_ref()?;
            Some((set.name.clone(), judge))
        });
        let own_judges: Vec<(String, &JudgeConfig)> = own_judges.collect();
        check_models_are_used(
            own_judges
                .iter()
                .map(|(_, judge)| *judge)
                .chain([&config.judge]),
            plugins,
        )?;
        let judge = RunJudge::open(&config.judge, plugins)?;
        loaded.extend(judge.plugins.iter().cloned());
        let validation_judges = own_judges
            .into_iter()
            .map(|(set, judge)| Ok((set, RunJudge::open(judge, plugins)?)))
            .collect::<Result<BTreeMap<_, _>, Failure>>()?;
        for judge in validation_judges.values() {
            loaded.extend(judge.plugins.iter().cloned());
        }
        let selecting = selector.load(|request| plugins.pair_selector(request))?;
        loaded.push(record(
            PluginRole::PairSelector,
            selecting.identity(),
            &selector,
        ));

        Ok(Self {
            thought,
            judge,
            validation_judges,
            selector: Box::new(selecting),
            open_sampler: Box::new(move |policy| open_local_sampler(policy, precision)),
            trainer: Box::new(LocalTrainer::new(config.train.clone(), config.seed)),
            plugins: loaded,
            models: JudgeModels::of(plugins),
        })
    }
}

fn record(role: PluginRole, identity: &PluginIdentity, config: &PluginConfig) -> LoadedPlugin {
    LoadedPlugin {
        role,
        plugin: identity.clone(),
        config: config.config.clone(),
    }
}
