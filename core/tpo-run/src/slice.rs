//! Which part of a run an item belongs to.
//!
//! Training instructions are split across the iterations in disjoint slices, so that no iteration
//! trains on an instruction that an earlier one has seen. The instructions of a validation set are
//! sampled with every model that is measured on it.

use std::fmt;

use tpo_lm::rng::Counter;
use tpo_types::{Failure, FailureKind, Instruction};

use crate::model_version::ModelVersion;

/// One pass over some instructions with one policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Slice {
    /// The training instructions of an iteration, sampled with the policy of the iteration before.
    /// From 1.
    Train(usize),
    /// A validation set, sampled with one model.
    Validation {
        /// The name of the set.
        set: String,
        /// The model that is measured.
        model: ModelVersion,
    },
    /// A set of an evaluation, answered by a model with a thought prompt.
    Evaluation {
        /// The name of the set.
        set: String,
        /// Digest of the model, the thought prompt and the sampling settings: what answers.
        answers: String,
    },
}

/// A slice with its instructions, and how many completions they get.
#[derive(Debug, Clone)]
pub struct Pass<'a> {
    /// Which slice.
    pub slice: Slice,
    /// Its instructions.
    pub instructions: &'a [Instruction],
    /// Completions per instruction.
    pub num_samples: usize,
    /// How often completions are sampled again where too few parse.
    pub resample: usize,
}

impl Slice {
    /// The stream of random numbers that its completions are sampled with. All models that are
    /// measured on a set share one, so that they differ less by chance.
    pub(crate) fn stream(&self) -> String {
        match self {
            Self::Train(_) => self.to_string(),
            Self::Validation { set, .. } | Self::Evaluation { set, .. } => set.clone(),
        }
    }
}

impl fmt::Display for Slice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Train(iteration) => write!(f, "train-{iteration}"),
            Self::Evaluation { set, answers } => write!(f, "{set}/{answers}"),
            Self::Validation { set, model } if model.is_base() => write!(f, "{set}/base"),
            Self::Validation { set, model } => {
                write!(f, "{set}/{}.{}", model.iteration, model.step)
            }
        }
    }
}

/// The training instructions in the order in which they are split across the iterations: a
/// permutation that only the seed decides. A file is often sorted by topic or source, and every
/// iteration should see all of it.
pub fn shuffled(train: Vec<Instruction>, seed: u64) -> Vec<Instruction> {
    let order = Counter::new(seed, "instructions").permutation(train.len());
    let mut train: Vec<Option<Instruction>> = train.into_iter().map(Some).collect();
    order
        .into_iter()
        .filter_map(|index| train[index].take())
        .collect()
}

/// The training instructions of an iteration (from 1), `size` each.
pub fn of_iteration(train: &[Instruction], iteration: usize, size: usize) -> &[Instruction] {
    &train[(iteration - 1) * size..iteration * size]
}

/// How many instructions each iteration gets: `wanted`, or an equal part of all.
pub fn size_of(
    available: usize,
    iterations: usize,
    wanted: Option<usize>,
) -> Result<usize, Failure> {
    let size = wanted.unwrap_or(available / iterations);
    if size == 0 || size * iterations > available {
        let needed = size.max(1) * iterations;
        return Err(Failure::new(
            FailureKind::Usage,
            format!(
                "{iterations} iterations need {needed} training instructions, and there are \
                {available}"
            ),
        )
        .hint(
            "lower `iterations` or `data.instructions_per_iteration`, or give more \
            instructions",
        ));
    }
    Ok(size)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn only_the_seed_decides_which_iteration_gets_an_instruction() {
        let instruction = |index: usize| Instruction {
            id: index.to_string(),
            messages: Vec::new(),
            category: None,
            reference: None,
            metadata: BTreeMap::default(),
        };
        let dealt = |seed| {
            let dealt = shuffled((0..50).map(instruction).collect(), seed);
            dealt.into_iter().map(|one| one.id).collect::<Vec<_>>()
        };
        assert_eq!(dealt(1), dealt(1));
        assert_ne!(dealt(1), dealt(2));
        let in_order: Vec<String> = (0..50).map(|index| index.to_string()).collect();
        let mut sorted = dealt(1);
        assert_ne!(sorted, in_order);
        sorted.sort_by_key(|id| id.parse::<usize>().expect("a number"));
        assert_eq!(sorted, in_order);
    }

    #[test]
    fn slices_are_disjoint_and_never_short() {
        assert_eq!(size_of(10, 3, None).expect("enough"), 3);
        assert_eq!(size_of(10, 3, Some(2)).expect("enough"), 2);
        let refusal = size_of(10, 3, Some(4)).expect_err("too few").to_string();
        assert_eq!(
            refusal,
            "3 iterations need 12 training instructions, and there are 10"
        );
        assert!(size_of(2, 3, None).is_err());
    }
}
