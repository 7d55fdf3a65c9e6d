//! The number formats that a model is sampled and trained with.

use std::fmt;

use pulp::{Arch, Simd, WithSimd};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tpo_types::{Failure, FailureKind};

use crate::NUMERICS;
use crate::kernels::halves::Halves;
use crate::kernels::linear::Products;
use crate::kernels::tile_format::TileFormat;
use crate::kernels::tile_unit::{self, TileUnit};

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
    /// 16-bit weights and 24-bit activations: probabilities like those of `f32`. Needs Intel AMX
    /// or AVX-512 VNNI.
    Int16,
    /// `bf16` weights and activations. Needs Intel AMX or AVX-512 BF16.
    Bf16,
    /// 8-bit weights and 16-bit activations. Needs Intel AMX or AVX-512 VNNI.
    Int8,
}

impl Precision {
    /// Every format.
    pub const ALL: [Self; 5] = [Self::F32, Self::Bf16x3, Self::Int16, Self::Bf16, Self::Int8];

    /// Fails if this machine cannot compute in the format.
    pub fn check(self) -> Result<(), Failure> {
        refuse(self.tiles().and_then(tile_unit::missing), "sample", self)
    }

    /// The tiles that hold the numbers; none of `f32`.
    pub(crate) fn tiles(self) -> Option<TileFormat> {
        match self {
            Self::F32 => None,
            Self::Bf16x3 => Some(TileFormat::Bf16x3),
            Self::Int16 => Some(TileFormat::Int16),
            Self::Bf16 => Some(TileFormat::Bf16),
            Self::Int8 => Some(TileFormat::Int8),
        }
    }

    /// The fastest format on this machine whose probabilities are like those of `f32`.
    pub fn fastest_like_f32() -> Self {
        if Self::Bf16x3.check().is_ok() {
            Self::Bf16x3
        } else {
            Self::F32
        }
    }

    /// The same format in training; none if training does not have it.
    pub fn in_training(self) -> Option<TrainPrecision> {
        match self {
            Self::F32 => Some(TrainPrecision::F32),
            Self::Bf16x3 => Some(TrainPrecision::Bf16x3),
            Self::Bf16 => Some(TrainPrecision::Bf16),
            Self::Int16 | Self::Int8 => None,
        }
    }

    /// The engine that samples in this format on this machine: what decides its numbers, besides
    /// the model. Part of every key under which completions are used again.
    pub fn engine(self) -> String {
        let instructions = instructions(self.tiles());
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

/// The number format of the products with a model's matrices in training. Sums, norms, attention,
/// gradients and the optimizer are `f32`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TrainPrecision {
    /// 32-bit floating point. Runs everywhere.
    F32,
    /// Three products of the `bf16` halves of each number.
    Bf16x3,
    /// `bf16` weights, activations and derivatives.
    Bf16,
}

/// A training precision by name, or the choice of one on the machine.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum TrainPrecisionChoice {
    /// The fastest on this machine whose gradients are like those of `f32`.
    Auto,
    /// 32-bit floating point. Runs everywhere.
    #[default]
    F32,
    /// Three products of the `bf16` halves of each number: gradients like those of `f32`. Needs
    /// Intel AMX.
    Bf16x3,
    /// `bf16` weights, activations and derivatives, as mixed precision training has them. Needs
    /// Intel AMX or AVX-512 BF16.
    Bf16,
}

impl TrainPrecision {
    /// Every format.
    pub const ALL: [Self; 3] = [Self::F32, Self::Bf16x3, Self::Bf16];

    /// Fails if this machine cannot compute in the format.
    pub fn check(self) -> Result<(), Failure> {
        refuse(self.tiles().and_then(tile_unit::missing), "train", self)
    }

    fn tiles(self) -> Option<TileFormat> {
        match self {
            Self::F32 => None,
            Self::Bf16x3 => Some(TileFormat::Bf16x3),
            Self::Bf16 => Some(TileFormat::Bf16),
        }
    }

    /// The engine that trains in this format on this machine: what decides its numbers, besides
    /// the model and the pairs.
    pub fn engine(self) -> String {
        let instructions = instructions(self.tiles());
        format!("{self}, {instructions}, revision {NUMERICS}")
    }

    pub(crate) fn products(self) -> Products {
        match self {
            Self::F32 => Products::F32,
            Self::Bf16x3 => Products::Tiles(Halves::Two),
            Self::Bf16 => Products::Tiles(Halves::One),
        }
    }
}

impl fmt::Display for TrainPrecision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::F32 => "f32",
            Self::Bf16x3 => "bf16x3",
            Self::Bf16 => "bf16",
        })
    }
}

impl TrainPrecisionChoice {
    /// Whether it is the default, which configurations leave out.
    pub fn is_default(&self) -> bool {
        *self == Self::default()
    }

    /// The precision. Fails if this machine does not have it.
    pub fn resolve(self) -> Result<TrainPrecision, Failure> {
        let precision = match self {
            Self::Auto if TrainPrecision::Bf16x3.check().is_ok() => TrainPrecision::Bf16x3,
            Self::Auto | Self::F32 => TrainPrecision::F32,
            Self::Bf16x3 => TrainPrecision::Bf16x3,
            Self::Bf16 => TrainPrecision::Bf16,
        };
        precision.check()?;
        Ok(precision)
    }
}

/// Fails if something that the precision needs is missing.
fn refuse(missing: Option<&str>, verb: &str, precision: impl fmt::Display) -> Result<(), Failure> {
    missing.map_or(Ok(()), |reason| {
        let what = format!("this machine cannot {verb} in the precision `{precision}`: {reason}");
        Err(Failure::new(FailureKind::Resources, what)
            .hint("use the precision `f32`, or `auto` for the fastest that is like it"))
    })
}

/// The instructions that multiply numbers of a format on this machine; none stands for `f32`.
fn instructions(tiles: Option<TileFormat>) -> &'static str {
    match tiles {
        None => Arch::new().dispatch(InstructionSet),
        // An engine is named after its precision was checked.
        Some(format) => TileUnit::of(format).map_or("none", |unit| unit.name()),
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
