//! Runs side by side: which settings differ, which instructions they share, and how their models
//! compare on those.
//!
//! Everything is read from the run stores; nothing is written. What cannot be compared is a
//! [`NotCompared`] with a reason.

mod inputs;
mod judge_identity;
mod judged;
mod named;
mod not_compared;
mod paired;
mod run;
mod sampling;
mod settings;
mod shared;
mod tokens;

pub use judged::{JudgedPair, judge_pair};
pub use named::{NamedModel, RunName, labels};
pub use not_compared::NotCompared;
pub use paired::{base_answers_that_differ, pair_models};
pub use run::{ComparedRun, RecordedSet};
pub use sampling::sampling_differences;
pub use settings::{differing_components, differing_settings};
pub use shared::{SharedSet, shared_set};
pub use tokens::TokenUse;
