//! The stages of a run, opened once: four plugins, and how to open a sampler and a trainer.

use std::sync::Arc;

use tpo_host::Plugins;
use tpo_judge::{LoadedPlugin, OpenedJudges, PluginConfig, Scoring, open_judges};
use tpo_lm::sample::LocalSampler;
use tpo_train::LocalTrainer;
use tpo_types::{
    BoundModel, Checkpoint, Failure, ModelService, PairSelector, PluginIdentity, PluginRole,
    ResponseParser, Sampler, ThoughtTemplate, Trainer,
};

use crate::config::RunConfig;

/// Opens a sampler on a policy.
pub type OpenSampler = Box<dyn Fn(&Checkpoint) -> Result<Box<dyn Sampler>, Failure>>;

/// Everything an iteration calls.
pub struct Stages {
    /// Renders instructions.
    pub template: Box<dyn ThoughtTemplate>,
    /// Splits completions.
    pub parser: Box<dyn ResponseParser>,
    /// Scores responses.
    pub scoring: Box<dyn Scoring>,
    /// Chooses pairs.
    pub selector: Box<dyn PairSelector>,
    /// Opens a sampler on a policy. A sampler holds the weights, so it lives only while it is
    /// needed.
    pub open_sampler: OpenSampler,
    /// Trains on pairs.
    pub trainer: Box<dyn Trainer>,
    /// Who plays which role.
    pub cast: Vec<LoadedPlugin>,
    /// The models that judges may ask, if any are bound.
    pub model_service: Option<Arc<dyn ModelService>>,
    /// What those models are.
    pub models: Vec<BoundModel>,
}

impl Stages {
    /// Loads and configures the plugins that `config` names.
    pub fn open(config: &RunConfig, plugins: &Plugins) -> Result<Self, Failure> {
        let (thought, selector) = (config.thought.plugin(), config.selector.plugin());
        let parser = config.parser.as_ref().unwrap_or(&thought);
        let template = thought.load(|request| plugins.thought_template(request))?;
        let parsing = parser.load(|request| plugins.response_parser(request))?;
        let OpenedJudges {
            scoring,
            plugins: judges,
        } = open_judges(&config.judge, plugins)?;
        let selecting = selector.load(|request| plugins.pair_selector(request))?;

        let mut cast = vec![
            loaded(PluginRole::ThoughtTemplate, template.identity(), &thought),
            loaded(PluginRole::ResponseParser, parsing.identity(), parser),
        ];
        cast.extend(judges);
        cast.push(loaded(
            PluginRole::PairSelector,
            selecting.identity(),
            &selector,
        ));

        Ok(Self {
            template: Box::new(template),
            parser: Box::new(parsing),
            scoring,
            selector: Box::new(selecting),
            open_sampler: Box::new(|policy| {
                Ok(Box::new(LocalSampler::new(Arc::new(tpo_lm::load::load(
                    &policy.path,
                )?))))
            }),
            trainer: Box::new(LocalTrainer::new(config.train.clone(), config.seed)),
            cast,
            model_service: plugins.models().cloned(),
            models: plugins
                .models()
                .map(|service| service.bound())
                .unwrap_or_default(),
        })
    }
}

fn loaded(role: PluginRole, plugin: &PluginIdentity, config: &PluginConfig) -> LoadedPlugin {
    LoadedPlugin {
        role,
        plugin: plugin.clone(),
        config: config.config.clone(),
    }
}
