//! `tpo compare`: runs side by side. The runs are copies of one tiny run whose outcomes are
//! replaced by known ones, so that every number can be counted by hand.

mod crafted;
mod judged;
mod reports;
mod shared;
mod unusable;
