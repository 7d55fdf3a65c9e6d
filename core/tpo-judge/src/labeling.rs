//! Labels of instructions: a model proposes categories, then assigns one of them and a complexity
//! to each instruction, as in the paper's appendix.
//!
//! This needs a bound model, whose replies are saved, and no judge: a request that was answered is
//! never sent again, so labeling that was interrupted continues where it was. A reply that cannot
//! be read leaves the instruction without the label, with the reason; there is no default label.

mod answer;
mod ask;
mod assign;
mod categories;
mod complexity;
mod excerpt;
mod files;
mod label;
mod names;
mod prompts;
mod propose;
mod raw_fields;
mod row;
mod rows;
mod summary;

pub use ask::Labeler;
pub use assign::assign;
pub use categories::{Category, CategoryList};
pub use complexity::Complexity;
pub use files::LabelFiles;
pub use propose::{Proposal, propose};
pub use rows::LabelRows;
pub use summary::{CategoryCount, ComplexityCount, LabelCounts, LabelSummary, UnlabeledRow};
