//! Scoring responses: judges of one response or of two, panels of judges, the models that judges
//! ask, the stand-alone judge commands, and labels of instructions, which a model gives.
//!
//! [`Scoring`] is the trait. It has three implementations: [`Pointwise`], [`Pairwise`] and
//! [`Panel`]. [`open_judges`] turns a configuration into one of them. Nothing here depends on runs:
//! a run and the stand-alone commands score with the same code.

mod alias;
mod config;
mod guarded;
pub mod labeling;
mod models;
mod open;
mod pairwise;
mod panel;
mod pointwise;
mod scoring;
pub mod standalone;
mod unscored;

pub use config::{JudgeConfig, MemberConfig, PluginConfig};
pub use guarded::GuardedScoring;
pub use models::{ModelBinding, Models, Replies};
pub use open::{LoadedPlugin, OpenedJudges, check_models_are_used, open_judges};
pub use pairwise::{Pairwise, Tournament};
pub use panel::{Member, Panel};
pub use pointwise::Pointwise;
pub use scoring::{
    ComparisonMetrics, ComparisonOutcome, InterJudgeAgreement, InterJudgeMetrics, JudgeMetrics,
    JudgeOutput, ScoreScale, Scoring, Tally,
};
