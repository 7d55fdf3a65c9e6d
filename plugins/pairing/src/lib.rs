//! What the pair selectors share: the worth of a candidate after length control, the search for
//! `rho`, and the pair of best against worst.
//!
//! A selector says which pairs it takes at a given length control. This crate computes what that
//! needs once per call, finds the smallest control at which the chosen sides are not longer, and
//! builds the selections. It must not depend on any selector.

mod best_worst;
mod contrasts;
mod excess;
mod hash;
mod length_control;
mod length_unit;
mod plan;
#[cfg(any(test, feature = "testing"))]
pub mod properties;
mod rho;
mod scored;
mod selection;
mod sides;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
mod z_score;

pub use best_worst::best_against_worst;
pub use excess::{mean_excess, response_excess, thought_excess};
pub use length_control::LengthControl;
pub use length_unit::LengthUnit;
pub use plan::one_pair_per_group;
pub use rho::Rho;
pub use scored::{ScoredCandidate, ScoredGroup};
pub use selection::{report, selection};
pub use sides::Sides;
