//! Opens the judge of a stand-alone command.

use std::path::Path;
use std::sync::Arc;

use tpo_host::{HostConfig, Plugins};
use tpo_types::{Failure, ModelService};

use super::config::StandaloneJudgeConfig;
use crate::models::Models;
use crate::open::{check_models_are_used, open_judges};
use crate::scoring::Scoring;

/// Opens the judges of a configuration. Replies of their models are cached in the file `replies`,
/// by default in the user's data directory; `on_status` is called with a message per download.
/// `host` says how plugins are loaded; its models and limits are replaced by the configuration's.
pub fn open(
    config: &StandaloneJudgeConfig,
    replies: Option<&Path>,
    host: HostConfig,
    on_status: &dyn Fn(&str),
) -> Result<Box<dyn Scoring>, Failure> {
    let models = if config.models.is_empty() {
        None
    } else {
        let replies = match replies {
            Some(path) => path.to_owned(),
            None => Models::default_replies()?,
        };
        let models = Models::bind(&config.models, &replies, on_status)?;
        Some(Arc::new(models) as Arc<dyn ModelService>)
    };
    let plugins = Plugins::new(HostConfig {
        models,
        limits: config.limits.clone(),
        ..host
    })?;
    check_models_are_used([&config.judge], &plugins)?;
    Ok(open_judges(&config.judge, &plugins)?.scoring)
}
