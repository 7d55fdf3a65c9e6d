//! Which part of a run an item belongs to.
//!
//! Training instructions are split across the iterations in disjoint slices, so that no iteration
//! trains on an instruction that an earlier one has seen. The validation instructions are sampled
//! before the first iteration and after each.

use std::fmt;

use tpo_types::{Failure, FailureKind, Instruction};

/// One pass over a set of instructions with one policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Slice {
    /// The training instructions of an iteration, sampled with the policy of the iteration before.
    /// From 1.
    Train(usize),
    /// The validation instructions, sampled with the policy after an iteration; 0 is the base
    /// model.
    Validation(usize),
}

impl fmt::Display for Slice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Train(iteration) => write!(f, "train-{iteration}"),
            Self::Validation(iteration) => write!(f, "validation-{iteration}"),
        }
    }
}

/// The training instructions of an iteration (from 1), `size` each, in the order of the data set.
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
    use super::*;

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
