//! The test vectors of evaluation.md, which were computed with numpy and scipy from the
//! definitions; numbers in the names are its sections.

mod arena;
mod checkpoints;
mod comparisons;

/// Numbers that the reference prints with six decimals.
#[track_caller]
fn near(got: f64, want: f64) {
    assert!((got - want).abs() < 1e-6, "{got} is not {want}");
}
