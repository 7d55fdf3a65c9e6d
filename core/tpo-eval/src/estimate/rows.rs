//! Outcomes as they are measured: several samples per instruction, some of them unscored.

use std::collections::HashSet;

use crate::refusal::{Refusal, all_finite};

/// The outcomes of one instruction.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// Identity of the instruction: what rows of two models are paired by.
    pub instruction: String,
    /// Instructions with the same name here are not independent of each other.
    pub cluster: Option<String>,
    /// One outcome per sample; none where the judge failed, which is not a loss.
    pub samples: Vec<Option<f64>>,
}

/// The mean outcome of one instruction over its scored samples.
#[derive(Debug, Clone, PartialEq)]
pub struct InstructionMean {
    /// Identity of the instruction.
    pub instruction: String,
    /// Its cluster.
    pub cluster: Option<String>,
    /// Mean over its scored samples.
    pub mean: f64,
}

/// Instructions with a mean, and how many have none.
#[derive(Debug, Clone, PartialEq)]
pub struct InstructionMeans {
    /// Means in the order of the rows.
    pub means: Vec<InstructionMean>,
    /// Instructions without a single scored sample.
    pub unscored: usize,
}

impl InstructionMeans {
    /// The means alone.
    pub fn values(&self) -> Vec<f64> {
        self.means.iter().map(|row| row.mean).collect()
    }

    /// The means grouped by cluster, in order of first appearance; an instruction without a cluster
    /// is one of its own.
    pub fn clusters(&self) -> Vec<Vec<f64>> {
        let keyed = self.means.iter();
        group(keyed.map(|row| (row.cluster.as_deref(), row.mean)))
    }
}

/// The mean of each instruction over its samples, the first step of every statistic here: samples
/// of one instruction are not independent.
///
/// Refuses outcomes that are not finite, two rows of one instruction, and rows without a score.
pub fn instruction_means(rows: &[Row]) -> Result<InstructionMeans, Refusal> {
    let mut seen = HashSet::new();
    let mut means = Vec::new();
    for row in rows {
        if !seen.insert(row.instruction.as_str()) {
            return Err(Refusal::Duplicate);
        }
        let scored: Vec<f64> = row.samples.iter().copied().flatten().collect();
        all_finite(&scored)?;
        if !scored.is_empty() {
            means.push(InstructionMean {
                instruction: row.instruction.clone(),
                cluster: row.cluster.clone(),
                mean: scored.iter().sum::<f64>() / scored.len() as f64,
            });
        }
    }
    if means.is_empty() {
        return Err(Refusal::Empty);
    }
    let unscored = rows.len() - means.len();
    Ok(InstructionMeans { means, unscored })
}

/// Values by key in order of first appearance; a value without a key is a group of its own.
pub(crate) fn group<'a>(keyed: impl Iterator<Item = (Option<&'a str>, f64)>) -> Vec<Vec<f64>> {
    let mut places = std::collections::HashMap::new();
    let mut groups: Vec<Vec<f64>> = Vec::new();
    for (key, value) in keyed {
        let place = match key {
            Some(key) => *places.entry(key).or_insert(groups.len()),
            None => groups.len(),
        };
        if place == groups.len() {
            groups.push(Vec::new());
        }
        groups[place].push(value);
    }
    groups
}
