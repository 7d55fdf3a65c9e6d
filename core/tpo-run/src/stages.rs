//! The stages of a run, opened once: four plugins, and how to open a sampler and a trainer.

use std::sync::Arc;

use serde_json::{Map, Value};
use tpo_host::Plugins;
use tpo_lm::sample::LocalSampler;
use tpo_train::LocalTrainer;
use tpo_types::{
    Checkpoint, Failure, Judge, PairSelector, PairwiseJudge, PluginIdentity, PluginRole, ResponseParser, Sampler,
    ThoughtTemplate, Trainer,
};

use crate::config::RunConfig;

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
}

impl Stages {
    /// Loads and configures the plugins that `config` names.
    pub fn open(config: &RunConfig) -> Result<Self, Failure> {
        let plugins = Plugins::new(config.limits.clone())?;
        let thought = (&config.thought.plugin, &config.thought.config);
        let parser = config.parser.as_ref().map_or(thought, |parser| (&parser.plugin, &parser.config));
        let judge = (&config.judge.plugin, &config.judge.config);
        let selector = (&config.selector.plugin, &config.selector.config);
        let mut cast = Vec::new();
        let mut record = |role, plugin: &PluginIdentity, config: &Map<String, Value>| {
            cast.push(Cast { role, plugin: plugin.clone(), config: config.clone() });
        };

        let template = plugins.thought_template(thought.0, &json(thought.1))?;
        record(PluginRole::ThoughtTemplate, template.identity(), thought.1);
        let parsing = plugins.response_parser(parser.0, &json(parser.1))?;
        record(PluginRole::ResponseParser, parsing.identity(), parser.1);
        let scoring = if plugins.roles(judge.0)?.contains(&PluginRole::PairwiseJudge) {
            let pairwise = plugins.pairwise_judge(judge.0, &json(judge.1))?;
            record(PluginRole::PairwiseJudge, pairwise.identity(), judge.1);
            Scoring::Pairwise(Box::new(pairwise))
        } else {
            let pointwise = plugins.judge(judge.0, &json(judge.1))?;
            record(PluginRole::Judge, pointwise.identity(), judge.1);
            Scoring::Pointwise(Box::new(pointwise))
        };
        let selecting = plugins.pair_selector(selector.0, &json(selector.1))?;
        record(PluginRole::PairSelector, selecting.identity(), selector.1);

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
        })
    }
}

fn json(config: &Map<String, Value>) -> Value {
    Value::Object(config.clone())
}
