//! From a configuration to scoring.

use serde_json::{Map, Value};
use tpo_host::Plugins;
use tpo_types::{Failure, FailureKind, PluginIdentity, PluginRole};

use crate::alias;
use crate::config::{JudgeConfig, MemberConfig};
use crate::pairwise::Pairwise;
use crate::panel::{Member, Panel};
use crate::pointwise::Pointwise;
use crate::scoring::Scoring;

/// A plugin that was loaded into a role.
#[derive(Debug, Clone)]
pub struct LoadedPlugin {
    /// The role.
    pub role: PluginRole,
    /// The plugin.
    pub plugin: PluginIdentity,
    /// Its configuration.
    pub config: Map<String, Value>,
}

/// The judges of a configuration.
pub struct OpenedJudges {
    /// Scores responses with them.
    pub scoring: Box<dyn Scoring>,
    /// Their plugins.
    pub plugins: Vec<LoadedPlugin>,
}

/// Opens the judges of a configuration.
pub fn open_judges(config: &JudgeConfig, plugins: &Plugins) -> Result<OpenedJudges, Failure> {
    let judges = config.judges();
    let mut loaded = Vec::new();
    let mut members = Vec::new();
    for judge in judges {
        alias::check(&judge, plugins)?;
        let OpenedJudge { scoring, plugin } = open(&judge, plugins)?;
        members.push(Member {
            name: judge.name.unwrap_or_else(|| plugin.plugin.name.clone()),
            weight: judge.weight,
            categories: judge.categories,
            scoring,
        });
        loaded.push(plugin);
    }
    Ok(OpenedJudges {
        scoring: if config.is_panel() {
            Box::new(Panel::new(members)?)
        } else {
            // Without a panel there is exactly one judge.
            members.swap_remove(0).scoring
        },
        plugins: loaded,
    })
}

/// Refuses models that none of the judges asks for.
pub fn check_models_are_used<'a>(
    judges: impl IntoIterator<Item = &'a JudgeConfig>,
    plugins: &Plugins,
) -> Result<(), Failure> {
    if plugins.models().is_none() {
        return Ok(());
    }
    let mut names = Vec::new();
    for judge in judges {
        for member in judge.judges() {
            if plugins.asks_for_models(&member.plugin)? {
                return Ok(());
            }
            names.push(format!("`{}`", member.plugin));
        }
    }
    let what = format!(
        "`models` binds models, and no judge asks for one ({})",
        names.join(", ")
    );
    Err(Failure::new(FailureKind::Usage, what)
        .hint("unbind them, or use a judge that asks for a model"))
}

/// One judge.
struct OpenedJudge {
    scoring: Box<dyn Scoring>,
    plugin: LoadedPlugin,
}

fn open(judge: &MemberConfig, plugins: &Plugins) -> Result<OpenedJudge, Failure> {
    let roles = plugins.roles(&judge.plugin)?;
    if roles.contains(&PluginRole::PairwiseJudge) {
        open_pairwise(judge, plugins)
    } else {
        open_pointwise(judge, plugins)
    }
}

fn open_pairwise(judge: &MemberConfig, plugins: &Plugins) -> Result<OpenedJudge, Failure> {
    let opened = judge
        .plugin()
        .load(|request| plugins.pairwise_judge(request))?;
    Ok(OpenedJudge {
        plugin: LoadedPlugin {
            role: PluginRole::PairwiseJudge,
            plugin: opened.identity().clone(),
            config: judge.config.clone(),
        },
        scoring: Box::new(Pairwise::new(opened, judge.tournament.unwrap_or_default())),
    })
}

fn open_pointwise(judge: &MemberConfig, plugins: &Plugins) -> Result<OpenedJudge, Failure> {
    if judge.tournament.is_some() {
        let what = format!(
            "`tournament` has no effect on `{}`: it scores responses one by one",
            judge.plugin
        );
        return Err(Failure::new(FailureKind::Usage, what)
            .hint("remove the key, or use a pairwise judge, such as `self-taught`"));
    }
    let opened = judge.plugin().load(|request| plugins.judge(request))?;
    Ok(OpenedJudge {
        plugin: LoadedPlugin {
            role: PluginRole::Judge,
            plugin: opened.identity().clone(),
            config: judge.config.clone(),
        },
        scoring: Box::new(Pointwise::new(opened)),
    })
}
