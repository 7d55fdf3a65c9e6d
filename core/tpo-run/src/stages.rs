//! The stages of a run, opened once: four plugins, and how to open a sampler and a trainer.

use std::sync::Arc;

use serde_json::{Map, Value};
use tpo_host::{Plugins, Wanted};
use tpo_lm::sample::LocalSampler;
use tpo_train::LocalTrainer;
use tpo_types::{
    Checkpoint, Failure, Judge, Kind, PairSelector, PairwiseJudge, PluginIdentity, PluginRole, ResponseParser, Sampler,
    ThoughtTemplate, Trainer,
};

use crate::config::{PluginConfig, RunConfig, ThoughtConfig};

/// How responses get their scores.
pub enum Scoring {
    /// The judge gives each a score.
    Pointwise(Box<dyn Judge>),
    /// The judge compares two at a time; preferences become scores by [`crate::bradley_terry`].
    Pairwise(Box<dyn PairwiseJudge>),
}

/// Opens a sampler on a policy.
pub type OpenSampler = Box<dyn Fn(&Checkpoint) -> Result<Box<dyn Sampler>, Failure>>;

/// Which code plays a role, and with what configuration.
pub struct Cast {
    /// The role.
    pub role: PluginRole,
    /// The code.
    pub plugin: PluginIdentity,
    /// Its configuration.
    pub config: Map<String, Value>,
}

/// Everything an iteration calls.
pub struct Stages {
    /// Renders instructions.
    pub template: Box<dyn ThoughtTemplate>,
    /// Splits completions.
    pub parser: Box<dyn ResponseParser>,
    /// Scores responses.
    pub scoring: Scoring,
    /// Chooses pairs.
    pub selector: Box<dyn PairSelector>,
    /// Opens a sampler on a policy. A sampler holds the weights, so it lives only while it is needed.
    pub open_sampler: OpenSampler,
    /// Trains on pairs.
    pub trainer: Box<dyn Trainer>,
    /// Who plays which role.
    pub cast: Vec<Cast>,
    /// The models that judges may ask: alias and identity.
    pub models: Vec<(String, String)>,
}

impl Stages {
    /// Loads and configures the plugins that `config` names.
    pub fn open(config: &RunConfig, plugins: &Plugins) -> Result<Self, Failure> {
        let ThoughtConfig { plugin, config: settings, on_error, .. } = &config.thought;
        let thought = PluginConfig { plugin: plugin.clone(), config: settings.clone(), on_error: *on_error };
        let parser = config.parser.as_ref().unwrap_or(&thought);
        if !config.models.is_empty() && !plugins.asks_for_models(&config.judge.plugin)? {
            let what = format!("`models` binds models, and the judge `{}` asks for none", config.judge.plugin);
            return Err(
                Failure::new(Kind::Usage, what).hint("remove the table `models`, or use a judge that asks for a model")
            );
        }
        let mut cast = Vec::new();
        let mut record = |role, plugin: &PluginIdentity, named: &PluginConfig| {
            cast.push(Cast { role, plugin: plugin.clone(), config: named.config.clone() });
        };

        let template = with(&thought, |wanted| plugins.thought_template(wanted))?;
        record(PluginRole::ThoughtTemplate, template.identity(), &thought);
        let parsing = with(parser, |wanted| plugins.response_parser(wanted))?;
        record(PluginRole::ResponseParser, parsing.identity(), parser);
        let scoring = if plugins.roles(&config.judge.plugin)?.contains(&PluginRole::PairwiseJudge) {
            let pairwise = with(&config.judge, |wanted| plugins.pairwise_judge(wanted))?;
            record(PluginRole::PairwiseJudge, pairwise.identity(), &config.judge);
            Scoring::Pairwise(Box::new(pairwise))
        } else {
            let pointwise = with(&config.judge, |wanted| plugins.judge(wanted))?;
            record(PluginRole::Judge, pointwise.identity(), &config.judge);
            Scoring::Pointwise(Box::new(pointwise))
        };
        let selecting = with(&config.selector, |wanted| plugins.pair_selector(wanted))?;
        record(PluginRole::PairSelector, selecting.identity(), &config.selector);

        Ok(Self {
            template: Box::new(template),
            parser: Box::new(parsing),
            scoring,
            selector: Box::new(selecting),
            open_sampler: Box::new(|policy| {
                Ok(Box::new(LocalSampler::new(Arc::new(tpo_lm::load::load(&policy.path)?))))
            }),
            trainer: Box::new(LocalTrainer::new(config.train.clone(), config.seed)),
            cast,
            models: plugins.models(),
        })
    }
}

fn with<T>(named: &PluginConfig, load: impl FnOnce(&Wanted<'_>) -> Result<T, Failure>) -> Result<T, Failure> {
    let config = Value::Object(named.config.clone());
    load(&Wanted { source: &named.plugin, config: &config, on_error: named.on_error })
}
