//! Which rows of two models belong together.

use std::collections::HashMap;

use tpo_types::rounding;

use crate::estimate::{Row, group, instruction_means};
use crate::refusal::Refusal;

/// How much one model's mean outcome exceeds another's on one instruction.
#[derive(Debug, Clone, PartialEq)]
pub struct Difference {
    /// Identity of the instruction.
    pub instruction: String,
    /// Its cluster, as the first model's rows have it.
    pub cluster: Option<String>,
    /// Mean outcome of the first model minus that of the second.
    pub difference: f64,
}

/// Two models' outcomes, paired by instruction.
#[derive(Debug, Clone, PartialEq)]
pub struct Pairing {
    /// In the order of the first model's rows.
    pub differences: Vec<Difference>,
    /// Instructions that only one of the models has.
    pub unpaired: usize,
    /// Instructions of both models that one of them has no score for.
    pub unscored: usize,
}

impl Pairing {
    /// The differences alone.
    pub fn values(&self) -> Vec<f64> {
        self.differences.iter().map(|row| row.difference).collect()
    }

    /// The differences by cluster; an instruction without one is a cluster of its own.
    pub fn clusters(&self) -> Vec<Vec<f64>> {
        let rows = self.differences.iter();
        group(rows.map(|row| (row.cluster.as_deref(), row.difference)))
    }
}

/// Pairs rows by instruction, with the mean over samples on either side.
///
/// Refuses what [`instruction_means`] refuses, and rows without an instruction in common.
pub fn pair(first: &[Row], second: &[Row]) -> Result<Pairing, Refusal> {
    let a = instruction_means(first)?;
    let b = instruction_means(second)?;
    let of_b: HashMap<&str, f64> = b
        .means
        .iter()
        .map(|row| (row.instruction.as_str(), row.mean))
        .collect();
    let differences: Vec<Difference> = a
        .means
        .into_iter()
        .filter_map(|row| {
            let other = of_b.get(row.instruction.as_str())?;
            Some(Difference {
                difference: rounding::difference(row.mean, *other),
                instruction: row.instruction,
                cluster: row.cluster,
            })
        })
        .collect();
    if differences.is_empty() {
        return Err(Refusal::Empty);
    }
    let names: std::collections::HashSet<&str> =
        first.iter().map(|row| row.instruction.as_str()).collect();
    let shared = second
        .iter()
        .filter(|row| names.contains(row.instruction.as_str()))
        .count();
    Ok(Pairing {
        unpaired: first.len() + second.len() - 2 * shared,
        unscored: shared - differences.len(),
        differences,
    })
}
