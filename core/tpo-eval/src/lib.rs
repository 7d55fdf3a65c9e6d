//! The statistics of fair comparisons between models.
//!
//! Pure functions over outcomes that were measured elsewhere: no files, no models, no judges. What
//! cannot be computed is a [`Refusal`] with a reason.
//!
//! `tests/simulation` shows what the intervals and verdicts are worth: ten thousand evaluations per
//! world with a known truth.

#![expect(
    clippy::float_cmp,
    reason = "ties, ends of scales and equal values are exact"
)]

pub mod agreement;
pub mod alarm;
pub mod alpaca;
pub mod arena;
mod bootstrap;
pub mod checkpoints;
pub mod correlation;
mod dirichlet;
mod distributions;
pub mod estimate;
mod interval;
mod liblinear;
mod linear;
mod logistic;
mod mersenne;
pub mod multiple;
pub mod paired;
pub mod power;
mod random;
pub mod rates;
mod refusal;
mod scale;
pub mod sign_flip;
mod units;
pub mod win_rate;

pub use interval::{CONFIDENCE, Interval, IntervalMethod, MANY};
pub use refusal::Refusal;
pub use scale::{Ends, Scale};
