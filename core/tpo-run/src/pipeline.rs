//! Everything that the stages call, opened once per run: plugins, sampler and trainer.

use std::collections::BTreeMap;
use std::sync::Arc;

use tpo_host::Plugins;
use tpo_judge::{
    GuardedScoring, JudgeConfig, LoadedPlugin, OpenedJudges, PluginConfig, Scoring,
    check_models_are_used, open_judges,
};
use tpo_lm::sample::LocalSampler;
use tpo_train::LocalTrainer;
use tpo_types::{
    BoundModel, Checkpoint, Failure, ModelService, PairSelector, PluginIdentity, PluginRole,
    ResponseParser, Sampler, ThoughtTemplate, Trainer,
};

use crate::config::RunConfig;
use crate::slice::Slice;

/// Opens a sampler on a policy.
pub type OpenSampler = Box<dyn Fn(&Checkpoint) -> Result<Box<dyn Sampler>, Failure>>;

/// What implements the stages of a run.
pub struct Pipeline {
    /// Renders instructions.
    pub template: Box<dyn ThoughtTemplate>,
    /// Splits completions.
    pub parser: Box<dyn ResponseParser>,
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
    /// The models that judges may ask, if any are bound.
    pub model_service: Option<Arc<dyn ModelService>>,
    /// The same models by alias and identity.
    pub models: Vec<BoundModel>,
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
    fn open(config: &JudgeConfig, plugins: &Plugins) -> Result<Self, Failure> {
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
}

impl Pipeline {
    /// The judge of a slice.
    pub(crate) fn judge_of(&self, slice: &Slice) -> &RunJudge {
        match slice {
            Slice::Train(_) => &self.judge,
            Slice::Validation { set, .. } => self.validation_judges.get(set).unwrap_or(&self.judge),
        }
    }

    /// Scoring with one of its judges that stops when too many responses are unscored.
    pub(crate) fn guarded<'a>(&'a self, judge: &'a RunJudge) -> GuardedScoring<'a> {
        GuardedScoring {
            scoring: &*judge.scoring,
            models: self.model_service.as_deref(),
            max_unscored: judge.config.max_unscored,
        }
    }

    /// Loads and configures the plugins that `config` names.
    pub fn open(config: &RunConfig, plugins: &Plugins) -> Result<Self, Failure> {
        let (thought, selector) = (config.thought.plugin(), config.selector.plugin());
        let parser = config.parser.as_ref().unwrap_or(&thought);

        let template = thought.load(|request| plugins.thought_template(request))?;
        let mut loaded = vec![record(
            PluginRole::ThoughtTemplate,
            template.identity(),
            &thought,
        )];
        let parsing = parser.load(|request| plugins.response_parser(request))?;
        loaded.push(record(
            PluginRole::ResponseParser,
            parsing.identity(),
            parser,
        ));
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

        let model_service = plugins.models().cloned();
        Ok(Self {
            template: Box::new(template),
            parser: Box::new(parsing),
            judge,
            validation_judges,
            selector: Box::new(selecting),
            open_sampler: Box::new(|policy| {
                let model = tpo_lm::load::load(&policy.path)?;
                Ok(Box::new(LocalSampler::new(Arc::new(model))))
            }),
            trainer: Box::new(LocalTrainer::new(config.train.clone(), config.seed)),
            plugins: loaded,
            models: model_service
                .as_ref()
                .map(|service| service.bound())
                .unwrap_or_default(),
            model_service,
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
