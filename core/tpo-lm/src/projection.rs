//! The matrices of a block: the seven modules that Hugging Face names, and the four products that
//! they are computed as.

use std::ops::Range;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tpo_types::{Failure, FailureKind};

use crate::params::BlockLayout;
use crate::spec::ModelSpec;

/// A matrix of a block that a LoRA adapter can have a term for, by its Hugging Face module.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the names of the Hugging Face modules")]
pub enum TargetModule {
    QProj,
    KProj,
    VProj,
    OProj,
    GateProj,
    UpProj,
    DownProj,
}

impl TargetModule {
    /// Every projection of a block.
    pub const ALL: [Self; 7] = [
        Self::QProj,
        Self::KProj,
        Self::VProj,
        Self::OProj,
        Self::GateProj,
        Self::UpProj,
        Self::DownProj,
    ];

    /// The last part of the module's name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::QProj => "q_proj",
            Self::KProj => "k_proj",
            Self::VProj => "v_proj",
            Self::OProj => "o_proj",
            Self::GateProj => "gate_proj",
            Self::UpProj => "up_proj",
            Self::DownProj => "down_proj",
        }
    }

    /// Rows of its matrix.
    pub(crate) fn outputs(self, spec: &ModelSpec) -> usize {
        match self {
            Self::QProj => spec.q_width(),
            Self::KProj | Self::VProj => spec.kv_width(),
            Self::GateProj | Self::UpProj => spec.intermediate_size,
            Self::OProj | Self::DownProj => spec.hidden_size,
        }
    }
}

impl FromStr for TargetModule {
    type Err = Failure;

    fn from_str(name: &str) -> Result<Self, Failure> {
        let found = Self::ALL.into_iter().find(|module| module.as_str() == name);
        found.ok_or_else(|| {
            let known = Self::ALL.map(Self::as_str).join(", ");
            Failure::new(
                FailureKind::Usage,
                format!("no module of the model is called `{name}`"),
            )
            .hint(format!("known modules: {known}"))
        })
    }
}

/// One of the four products of a block. Modules with the same input are one matrix.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FusedProjection {
    /// Queries, keys and values.
    Qkv,
    /// Attention's output.
    Output,
    /// Gate and up of the MLP.
    GateUp,
    /// Down of the MLP.
    Down,
}

impl FusedProjection {
    /// All of them, in the order they are used.
    pub(crate) const ALL: [Self; 4] = [Self::Qkv, Self::Output, Self::GateUp, Self::Down];

    /// The range of its matrix in a block's layout.
    pub(crate) fn range(self, block: &BlockLayout) -> &Range<usize> {
        match self {
            Self::Qkv => &block.qkv,
            Self::Output => &block.o,
            Self::GateUp => &block.gate_up,
            Self::Down => &block.down,
        }
    }

    /// Width of its input.
    pub(crate) fn inputs(self, spec: &ModelSpec) -> usize {
        match self {
            Self::Qkv | Self::GateUp => spec.hidden_size,
            Self::Output => spec.q_width(),
            Self::Down => spec.intermediate_size,
        }
    }

    /// The modules whose rows make up its matrix, from top to bottom.
    pub(crate) fn modules(self) -> &'static [TargetModule] {
        match self {
            Self::Qkv => &[
                TargetModule::QProj,
                TargetModule::KProj,
                TargetModule::VProj,
            ],
            Self::Output => &[TargetModule::OProj],
            Self::GateUp => &[TargetModule::GateProj, TargetModule::UpProj],
            Self::Down => &[TargetModule::DownProj],
        }
    }

    /// The module that holds its modules, for example `self_attn`.
    pub(crate) fn parent(self) -> &'static str {
        match self {
            Self::Qkv | Self::Output => "self_attn",
            Self::GateUp | Self::Down => "mlp",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modules_are_spelled_alike_everywhere() {
        for module in TargetModule::ALL {
            assert_eq!(serde_json::json!(module), module.as_str());
            assert_eq!(
                module.as_str().parse::<TargetModule>().expect("known"),
                module
            );
        }
    }
}
