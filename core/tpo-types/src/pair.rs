//! The pairs that a selector chooses.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Two different candidates of one group, by index into it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct PreferencePair {
    chosen: usize,
    rejected: usize,
}

impl PreferencePair {
    /// The pair; none if both sides are the same candidate.
    pub fn new(chosen: usize, rejected: usize) -> Option<Self> {
        (chosen != rejected).then_some(Self { chosen, rejected })
    }

    /// Index of the better candidate.
    pub fn chosen(self) -> usize {
        self.chosen
    }

    /// Index of the worse candidate.
    pub fn rejected(self) -> usize {
        self.rejected
    }
}

/// The selection from one group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Selection {
    /// At least one pair.
    Pairs(Vec<PreferencePair>),
    /// No pair; a short reason, which reports count.
    Dropped(String),
}

/// The selections from all groups of an iteration.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Selected {
    /// One per group.
    pub selections: Vec<Selection>,
    /// Numbers that the selector reports, such as `rho`, each the mean over the groups that it is
    /// reported for.
    pub metrics: BTreeMap<String, f64>,
}
