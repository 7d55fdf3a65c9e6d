//! The stages of an iteration, one file each. A stage is a function from its input to its output;
//! it records what it made in the run store.

mod answer;
mod compare;
mod judge;
mod one_per_item;
mod parse;
mod render;
mod resample;
mod sample;
mod select;
mod train;
mod validate;

pub(crate) use answer::answer;
pub(crate) use compare::compare;
pub(crate) use judge::judge;
pub(crate) use parse::parse;
pub(crate) use render::render;
pub(crate) use resample::resample;
pub(crate) use sample::sample;
pub(crate) use select::select;
pub(crate) use train::train;
pub(crate) use validate::validate;
