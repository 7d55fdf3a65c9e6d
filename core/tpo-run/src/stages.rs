//! The stages of a run, opened once: four plugins, and how to open a sampler and a trainer.

use std::sync::Arc;

use serde_json::{Map, Value};
use tpo_host::{PluginRequest, Plugins};
use tpo_lm::sample::LocalSampler;
use tpo_train::LocalTrainer;
use tpo_types::{
    Checkpoint, Failure, FailureKind, ModelService, PairSelector, PluginIdentity, PluginRole,
    ResponseParser, Sampler, ThoughtTemplate, Trainer,
};

use crate::config::{JudgeConfig, PANEL, PluginConfig, RunConfig};
use crate::panel::{Member, Panel};
use crate::scoring::Scoring;
use crate::tournament::Tournament;

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
    /// Opens a sampler on a policy. A sampler holds the weights, so it lives only while it is
    /// needed.
    pub open_sampler: OpenSampler,
    /// Trains on pairs.
    pub trainer: Box<dyn Trainer>,
    /// Who plays which role.
    pub cast: Vec<Cast>,
    /// Who lends models to the judges, if any are bound.
    pub lender: Option<Arc<dyn ModelService>>,
    /// The models that judges may ask: alias and identity.
    pub models: Vec<(String, String)>,
}

impl Stages {
    /// Loads and configures the plugins that `config` names.
    pub fn open(config: &RunConfig, plugins: &Plugins) -> Result<Self, Failure> {
        let (thought, selector) = (config.thought.plugin(), config.selector.plugin());
        let parser = config.parser.as_ref().unwrap_or(&thought);
        let mut cast = Vec::new();
        let mut record = |role, plugin: &PluginIdentity, named: &PluginConfig| {
            cast.push(Cast {
                role,
                plugin: plugin.clone(),
                config: named.config.clone(),
            });
        };

        let template = with(&thought, |wanted| plugins.thought_template(wanted))?;
        record(PluginRole::ThoughtTemplate, template.identity(), &thought);
        let parsing = with(parser, |wanted| plugins.response_parser(wanted))?;
        record(PluginRole::ResponseParser, parsing.identity(), parser);
        let (scoring, judges) = open_scoring(&config.judge, !config.models.is_empty(), plugins)?;
        for (role, identity, named) in &judges {
            record(*role, identity, named);
        }
        let selecting = with(&selector, |wanted| plugins.pair_selector(wanted))?;
        record(PluginRole::PairSelector, selecting.identity(), &selector);

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
            lender: plugins.models().cloned(),
            models: plugins
                .models()
                .map(|lender| lender.bound())
                .unwrap_or_default(),
        })
    }
}

/// A judge that has been opened: its role, which code it is, and what the user named.
pub type OpenJudge = (PluginRole, PluginIdentity, PluginConfig);

/// Opens the judges of a configuration; `models` says whether any are bound.
pub fn open_scoring(
    judge: &JudgeConfig,
    models: bool,
    plugins: &Plugins,
) -> Result<(Scoring, Vec<OpenJudge>), Failure> {
    let named = judge.plugins();
    let mut asks = false;
    for judge in &named {
        asks |= plugins.asks_for_models(&judge.plugin)?;
    }
    if models && !asks {
        let what = format!(
            "`models` binds models, and the judge `{}` asks for none",
            judge.plugin
        );
        return Err(Failure::new(FailureKind::Usage, what)
            .hint("unbind them, or use a judge that asks for a model"));
    }
    let mut judges = Vec::new();
    let mut scorings = Vec::new();
    for (named, tournament) in named.into_iter().zip(judge.tournaments()) {
        let (scoring, role, identity) = open_judge(&named, tournament, plugins)?;
        scorings.push(scoring);
        judges.push((role, identity, named));
    }
    if judge.plugin != PANEL {
        let only = scorings
            .pop()
            .ok_or_else(|| Failure::new(FailureKind::Bug, "a judge was not opened"))?;
        return Ok((only, judges));
    }
    let members = judge.panel.iter().zip(scorings).zip(&judges).map(
        |((member, scoring), (_, identity, _))| Member {
            name: member.name.clone().unwrap_or_else(|| identity.name.clone()),
            weight: member.weight,
            categories: member.categories.clone(),
            scoring,
        },
    );
    Ok((Scoring::Panel(Panel::new(members.collect())?), judges))
}

fn open_judge(
    named: &PluginConfig,
    tournament: Option<Tournament>,
    plugins: &Plugins,
) -> Result<(Scoring, PluginRole, PluginIdentity), Failure> {
    if plugins
        .roles(&named.plugin)?
        .contains(&PluginRole::PairwiseJudge)
    {
        let judge = with(named, |wanted| plugins.pairwise_judge(wanted))?;
        let identity = judge.identity().clone();
        Ok((
            Scoring::Pairwise(Box::new(judge), tournament.unwrap_or_default()),
            PluginRole::PairwiseJudge,
            identity,
        ))
    } else if tournament.is_some() {
        let what = format!(
            "`tournament` has no effect on `{}`: it scores responses one by one",
            named.plugin
        );
        Err(Failure::new(FailureKind::Usage, what)
            .hint("remove the key, or use a pairwise judge, such as `self-taught`"))
    } else {
        let judge = with(named, |wanted| plugins.judge(wanted))?;
        let identity = judge.identity().clone();
        Ok((
            Scoring::Pointwise(Box::new(judge)),
            PluginRole::Judge,
            identity,
        ))
    }
}

fn with<T>(
    named: &PluginConfig,
    load: impl FnOnce(&PluginRequest<'_>) -> Result<T, Failure>,
) -> Result<T, Failure> {
    let config = Value::Object(named.config.clone());
    load(&PluginRequest {
        source: &named.plugin,
        config: &config,
        on_error: named.on_error,
    })
}
