//! Everything that the stages call, opened once per run: plugins, sampler and trainer.

use std::sync::Arc;

use tpo_host::Plugins;
use tpo_judge::{LoadedPlugin, PluginConfig, Scoring, open_judges};
use tpo_lm::sample::LocalSampler;
use tpo_train::LocalTrainer;
use tpo_types::{
    BoundModel, Checkpoint, Failure, ModelService, PairSelector, PluginIdentity, PluginRole,
    ResponseParser, Sampler, ThoughtTemplate, Trainer,
};

use crate::config::RunConfig;

/// Opens a sampler on a policy.
pub type OpenSampler = Box<dyn Fn(&Checkpoint) -> Result<Box<dyn Sampler>, Failure>>;

/// What implements the stages of a run.
pub struct Pipeline {
    /// Renders instructions.
    pub template: Box<dyn ThoughtTemplate>,
    /// Splits completions.
    pub parser: Box<dyn ResponseParser>,
    /// Scores responses.
    pub scoring: Box<dyn Scoring>,
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

impl Pipeline {
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
        let judges = open_judges(&config.judge, plugins)?;
        loaded.extend(judges.plugins);
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
            scoring: judges.scoring,
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
