//! The number formats that a model is sampled with.

use std::fmt;

use pulp::{Arch, Simd, WithSimd};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tpo_types::{Failure, FailureKind};

use crate::NUMERICS;
use crate::kernels::amx;

/// The number format of the products in sampling.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Precision {
    /// 32-bit floating point. Runs everywhere.
    F32,
    /// Three products of the `bf16` halves of each number.
    Bf16x3,
    /// 16-bit weights, per output channel, and 24-bit activations, per token, as planes of 8-bit
    /// numbers.
    Int16,
    /// `bf16` weights and activations.
    Bf16,
    /// 8-bit weights, per output channel, and 16-bit activations, per token.
    Int8,
}

/// A precision by name, or the choice of one on the machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PrecisionChoice {
    /// The fastest on this machine whose probabilities are like those of `f32`.
    Auto,
    /// 32-bit floating point. Runs everywhere.
    F32,
    /// Three products of the `bf16` halves of each number: probabilities like those of `f32`.
    /// Needs Intel AMX.
    Bf16x3,
    /// 16-bit weights and 24-bit activations: probabilities like those of `f32`. Needs Intel AMX.
    Int16,
    /// `bf16` weights and activations. Needs Intel AMX.
    Bf16,
    /// 8-bit weights and 16-bit activations. Needs Intel AMX.
    Int8,
}

impl Precision {
    /// Every format.
    pub const ALL: [Self; 5] = [Self::F32, Self::Bf16x3, Self::Int16, Self::Bf16, Self::Int8];

    /// Fails if this machine cannot compute in the format.
    pub fn check(self) -> Result<(), Failure> {
        let missing = match self {
            Self::F32 => None,
            Self::Bf16x3 | Self::Int16 | Self::Bf16 | Self::Int8 => amx::missing(),
        };
        missing.map_or(Ok(()), |reason| {
            let what = format!("this machine cannot sample in the precision `{self}`: {reason}");
            Err(Failure::new(FailureKind::Resources, what)
                .hint("use the precision `f32`, or `auto` for the fastest that is like it"))
        })
    }

    /// The fastest format on this machine whose probabilities are like those of `f32`.
    pub fn fastest_like_f32() -> Self {
        if amx::missing().is_none() {
            Self::Bf16x3
        } else {
            Self::F32
        }
    }

    /// The engine that samples in this format on this machine: what decides its numbers, besides
    /// the model. Part of every key under which completions are used again.
    pub fn engine(self) -> String {
        let instructions = match self {
            Self::F32 => Arch::new().dispatch(InstructionSet),
            Self::Bf16x3 | Self::Int16 | Self::Bf16 | Self::Int8 => "amx",
        };
        format!("{self}, {instructions}, revision {NUMERICS}")
    }
}

impl fmt::Display for Precision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::F32 => "f32",
            Self::Bf16x3 => "bf16x3",
            Self::Int16 => "int16",
            Self::Bf16 => "bf16",
            Self::Int8 => "int8",
        })
    }
}

impl PrecisionChoice {
    /// The precision. Fails if this machine does not have it.
    pub fn resolve(self) -> Result<Precision, Failure> {
        let precision = match self {
            Self::Auto => Precision::fastest_like_f32(),
            Self::F32 => Precision::F32,
            Self::Bf16x3 => Precision::Bf16x3,
            Self::Int16 => Precision::Int16,
            Self::Bf16 => Precision::Bf16,
            Self::Int8 => Precision::Int8,
        };
        precision.check()?;
        Ok(precision)
    }
}

/// The instruction set that kernels are compiled for on this machine.
struct InstructionSet;

impl WithSimd for InstructionSet {
    type Output = &'static str;

    fn with_simd<S: Simd>(self, _: S) -> &'static str {
        match (S::IS_SCALAR, S::F32_LANES) {
            (true, _) => "scalar",
            (false, 16) => "avx512",
            (false, 8) => "avx2",
            (false, _) => "128-bit vectors",
        }
    }
}
