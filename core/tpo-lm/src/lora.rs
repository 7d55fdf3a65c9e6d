//! Low-rank adapters (Hu et al., "LoRA", arXiv 2106.09685): small terms `alpha / r * B A` added
//! to frozen matrices.
//!
//! Tensors have PEFT's names and shapes, so other tools can read and write them. Their order is
//! this crate's own: the `A`s of modules with the same input are stacked and multiplied as one.

use std::collections::BTreeSet;
use std::ops::Range;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tpo_types::{Failure, FailureKind};

use crate::kernels::gemm::{Matrix, MatrixMut, Threads, Write, product};
use crate::kernels::linear::Products;
use crate::params::{Entry, Params};
use crate::projection::{FusedProjection, TargetModule};
use crate::rng::Counter;
use crate::spec::ModelSpec;

/// Shape of a LoRA adapter.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct LoraConfig {
    /// Rank of the LoRA matrices.
    #[schemars(range(min = 1, max = 4096))]
    pub r: usize,
    /// LoRA scaling: the adapter's output is multiplied by `alpha / r`.
    #[schemars(range(min = 0.001, max = 65_536.0))]
    pub alpha: f32,
    /// Modules to add LoRA to.
    #[schemars(length(min = 1))]
    pub target_modules: BTreeSet<TargetModule>,
}

impl Default for LoraConfig {
    fn default() -> Self {
        Self {
            r: 16,
            alpha: 32.0,
            target_modules: TargetModule::ALL.into(),
        }
    }
}

/// An adapter's shape and weights.
#[derive(Debug, Clone)]
pub struct Adapter {
    /// Its shape.
    pub config: LoraConfig,
    /// Its tensors under PEFT's names: `lora_A` is (r, in), `lora_B` is (out, r).
    pub entries: Vec<Entry>,
    /// Their values, in the order of `entries`.
    pub values: Vec<f32>,
    /// Block by block, the terms of each of its products.
    blocks: Vec<Vec<(FusedProjection, LowRank)>>,
}

/// The terms of one product.
#[derive(Debug, Clone)]
pub(crate) struct LowRank {
    /// The stacked `A`s. (width, in)
    pub a: Range<usize>,
    /// Rows of all `A`s: `r` per module.
    pub width: usize,
    /// The targeted modules.
    pub modules: Vec<ModuleTerm>,
}

/// One module's low-rank term.
#[derive(Debug, Clone)]
pub(crate) struct ModuleTerm {
    /// Its `B`. (out, r)
    pub b: Range<usize>,
    /// Its rows of the stacked `A`s, which are columns of `x A^T`.
    pub inner: Range<usize>,
    /// Its columns of the product's output.
    pub outputs: Range<usize>,
}

impl Adapter {
    /// An adapter of zeros, to be filled from a file. Fails with [`FailureKind::Usage`] if it would
    /// have no weights.
    pub fn zeros(spec: &ModelSpec, config: LoraConfig) -> Result<Self, Failure> {
        check(&config)?;
        let mut adapter = Self {
            config,
            entries: Vec::new(),
            values: Vec::new(),
            blocks: Vec::new(),
        };
        for index in 0..spec.num_layers {
            let terms = FusedProjection::ALL.into_iter();
            let terms = terms.filter_map(|projection| {
                Some((projection, adapter.push(spec, index, projection)?))
            });
            let terms = terms.collect();
            adapter.blocks.push(terms);
        }
        adapter.values = vec![0.0; adapter.entries.last().map_or(0, |entry| entry.range.end)];
        Ok(adapter)
    }

    /// A new adapter, initialized as in PEFT: `A` uniform in `+-1 / sqrt(in)` (Kaiming with `a =
    /// sqrt(5)`), `B` zero, so that it has no effect until it is trained.
    pub fn init(spec: &ModelSpec, config: LoraConfig, seed: u64) -> Result<Self, Failure> {
        let mut adapter = Self::zeros(spec, config)?;
        for entry in adapter
            .entries
            .iter()
            .filter(|entry| entry.name.ends_with("lora_A.weight"))
        {
            let uniform = Counter::new(seed, &entry.name);
            let bound = 1.0 / (entry.shape[1] as f64).sqrt();
            for (at, value) in adapter.values[entry.range.clone()].iter_mut().enumerate() {
                *value = ((2.0 * uniform.unit(at as u64) - 1.0) * bound) as f32;
            }
        }
        Ok(adapter)
    }

    /// The weights with the adapter's terms added: `W + alpha / r * B A`.
    pub fn merged(&self, params: &Params) -> Params {
        let mut merged = params.clone();
        for (block, terms) in params.layout.blocks.iter().zip(&self.blocks) {
            for (projection, low_rank) in terms {
                let inputs = low_rank.a.len() / low_rank.width;
                let weight = &mut merged.values[projection.range(block).clone()];
                let a = Matrix::new(&self.values[low_rank.a.clone()], inputs);
                for module in &low_rank.modules {
                    let rows = module.outputs.start * inputs..module.outputs.end * inputs;
                    let b = Matrix::new(&self.values[module.b.clone()], self.config.r);
                    // The module's rows of the stacked `A`s.
                    let a = a.t().columns(&module.inner).t();
                    let weight = MatrixMut::new(&mut weight[rows], inputs);
                    product(weight, Write::Add(self.scale()), b, a, Threads::All);
                }
            }
        }
        merged
    }

    /// The scaling of the terms: `alpha / r`.
    pub(crate) fn scale(&self) -> f32 {
        self.config.alpha / self.config.r as f32
    }

    /// The terms of one product of a block.
    pub(crate) fn low_rank(&self, block: usize, projection: FusedProjection) -> Option<&LowRank> {
        self.blocks[block]
            .iter()
            .find(|(of, _)| *of == projection)
            .map(|(_, low_rank)| low_rank)
    }

    /// `x A^T` with all of a product's `A`s, in `f32`: it is a small part of the arithmetic. `x` is
    /// (T, in), the result (T, width).
    pub(crate) fn inner(&self, low_rank: &LowRank, x: &[f32], inputs: usize) -> Vec<f32> {
        let mut inner = vec![0.0; x.len() / inputs * low_rank.width];
        let a = &self.values[low_rank.a.clone()];
        Products::F32.linear(&mut inner, Write::Set, x, a, inputs);
        inner
    }

    /// Appends the tensors of one product's terms; none if none of its modules is targeted.
    fn push(
        &mut self,
        spec: &ModelSpec,
        index: usize,
        projection: FusedProjection,
    ) -> Option<LowRank> {
        let r = self.config.r;
        let parent = projection.parent();
        let mut targeted = Vec::new();
        let mut start = 0;
        for module in projection.modules() {
            let end = start + module.outputs(spec);
            if self.config.target_modules.contains(module) {
                let module = module.as_str();
                targeted.push((
                    format!("base_model.model.model.layers.{index}.{parent}.{module}"),
                    start..end,
                ));
            }
            start = end;
        }
        let inputs = projection.inputs(spec);
        let a = targeted
            .iter()
            .map(|(name, _)| self.push_entry(format!("{name}.lora_A.weight"), [r, inputs]))
            .reduce(|first, last| first.start..last.end)?;
        let modules: Vec<ModuleTerm> = targeted
            .into_iter()
            .enumerate()
            .map(|(number, (name, outputs))| ModuleTerm {
                b: self.push_entry(format!("{name}.lora_B.weight"), [outputs.len(), r]),
                inner: number * r..(number + 1) * r,
                outputs,
            })
            .collect();
        Some(LowRank {
            a,
            width: modules.len() * r,
            modules,
        })
    }

    fn push_entry(&mut self, name: String, shape: [usize; 2]) -> Range<usize> {
        let start = self.entries.last().map_or(0, |entry| entry.range.end);
        let range = start..start + shape[0] * shape[1];
        self.entries.push(Entry {
            name,
            shape: shape.to_vec(),
            range: range.clone(),
        });
        range
    }
}

/// Fails if an adapter of this shape has no weights.
fn check(config: &LoraConfig) -> Result<(), Failure> {
    if config.r == 0 {
        return Err(
            Failure::new(FailureKind::Usage, "an adapter of rank 0 trains nothing")
                .hint("set `r` to 1 or more"),
        );
    }
    if config.target_modules.is_empty() {
        let known = TargetModule::ALL.map(TargetModule::as_str).join(", ");
        return Err(Failure::new(
            FailureKind::Usage,
            "an adapter without target modules trains nothing",
        )
        .hint(format!("known modules: {known}")));
    }
    Ok(())
}
