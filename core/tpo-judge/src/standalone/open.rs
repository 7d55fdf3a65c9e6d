//! Opens the judge of a stand-alone command.

use std::path::Path;
use std::sync::Arc;

use tpo_host::{HostConfig, Plugins};
use tpo_types::{Failure, ModelService};

use super::config::StandaloneJudgeConfig;
use crate::guarded::GuardedScoring;
use crate::models::{Models, Replies};
use crate::open::{LoadedPlugin, OpenedJudges, check_models_are_used, open_judges};
use crate::scoring::Scoring;

/// A judge without a run.
pub struct StandaloneJudge {
    /// Scores responses with it.
    pub scoring: Box<dyn Scoring>,
    /// Its plugins.
    pub plugins: Vec<LoadedPlugin>,
    /// The models that it may ask, if any are bound.
    pub models: Option<Arc<dyn ModelService>>,
    /// The largest fraction of unscored responses that is tolerated.
    pub max_unscored: f64,
}

impl StandaloneJudge {
    /// Scoring that stops when too many responses are unscored.
    pub fn guarded(&self) -> GuardedScoring<'_> {
        GuardedScoring {
            scoring: &*self.scoring,
            models: self.models.as_deref(),
            max_unscored: self.max_unscored,
        }
    }
}

/// Opens the judges of a configuration. Replies of their models are cached in the file `replies`,
/// by default in the user's data directory; `on_status` is called with a message per download.
/// `host` says how plugins are loaded; its models and limits are replaced by the configuration's.
pub fn open(
    config: &StandaloneJudgeConfig,
    replies: Option<&Path>,
    host: HostConfig,
    on_status: &dyn Fn(&str),
) -> Result<StandaloneJudge, Failure> {
    let models = if config.models.is_empty() {
        None
    } else {
        let replies = match replies {
            Some(path) => path.to_owned(),
            None => Models::default_replies()?,
        };
        let models = Models::bind(&config.models, Replies::Kept(&replies), on_status)?;
        Some(Arc::new(models) as Arc<dyn ModelService>)
    };
    let plugins = Plugins::new(HostConfig {
        models: models.clone(),
        limits: config.limits.clone(),
        ..host
    })?;
    check_models_are_used([&config.judge], &plugins)?;
    let OpenedJudges {
        scoring,
        plugins: loaded,
    } = open_judges(&config.judge, &plugins)?;
    Ok(StandaloneJudge {
        scoring,
        plugins: loaded,
        models,
        max_unscored: config.judge.max_unscored,
    })
}
