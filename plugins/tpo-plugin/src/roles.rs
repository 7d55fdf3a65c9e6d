//! The roles, a file each: its records, its trait, and the macro that exports it.
//!
//! Templates and parsers handle one item at a time: the SDK does the batching, so they cannot
//! return a wrong number of outcomes. Judges get the whole batch because models serve requests in
//! batches; selectors get it because they may limit a fraction of all pairs.

mod export_macros;
#[doc(hidden)]
pub mod judge;
#[doc(hidden)]
pub mod pair_selector;
#[doc(hidden)]
pub mod pairwise_judge;
#[doc(hidden)]
pub mod response_parser;
#[doc(hidden)]
pub mod thought_template;

pub use judge::{Group, Judge, Judgment, Scored, each_response};
pub use pair_selector::{
    Candidate, CandidateGroup, CandidateStatus, Pair, PairSelector, Selection,
};
pub use pairwise_judge::{Comparison, PairwiseJudge, Preference, Strength, Verdict};
pub use response_parser::{Completion, Parts, ResponseParser};
pub use thought_template::{Prompt, RenderRequest, ThoughtTemplate};
