//! Low-rank adapters (Hu et al., "LoRA", arXiv 2106.09685): small terms `alpha / r * B A` beside
//! frozen matrices.
//!
//! Tensors carry PEFT's names and shapes, so an adapter is read and written by any tool that knows
//! them. Their order is this crate's own: the `A`s of matrices with the same input stand on top of
//! each other and are multiplied as one.

use std::ops::Range;

use serde::{Deserialize, Serialize};
use tpo_types::{Failure, FailureKind};

use crate::block::Projection;
use crate::kernels::gemm::{Matrix, MatrixMut, Threads, Write, linear, product};
use crate::params::{Entry, Params};
use crate::rng::Counter;
use crate::spec::ModelSpec;

/// Shape of an adapter.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LoraConfig {
    /// Rank of each term.
    pub r: usize,
    /// The terms are scaled by `alpha / r`.
    pub alpha: f32,
    /// Which projections have a term, by the last part of their module's name, for example
    /// `q_proj`.
    pub target_modules: Vec<String>,
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
    blocks: Vec<Vec<(Projection, LowRank)>>,
}

/// The terms of one product.
#[derive(Debug, Clone)]
pub(crate) struct LowRank {
    /// The `A`s on top of each other. (width, in)
    pub a: Range<usize>,
    /// Rows of all `A`s: `r` per part.
    pub width: usize,
    /// One part per module that has a term.
    pub parts: Vec<Part>,
}

/// One module's part of the terms of a product.
#[derive(Debug, Clone)]
pub(crate) struct Part {
    /// Its `B`. (out, r)
    pub b: Range<usize>,
    /// Its rows of the stacked `A`s, which are columns of `x A^T`.
    pub inner: Range<usize>,
    /// The columns of the product's output that are the module's.
    pub outputs: Range<usize>,
}

impl Adapter {
    /// An adapter of zeros, to be filled from a file.
    pub fn zeros(spec: &ModelSpec, config: LoraConfig) -> Result<Self, Failure> {
        check(spec, &config)?;
        let mut adapter = Self {
            config,
            entries: Vec::new(),
            values: Vec::new(),
            blocks: Vec::new(),
        };
        for index in 0..spec.num_layers {
            let terms = Projection::ALL.into_iter();
            let terms = terms.filter_map(|projection| {
                Some((projection, adapter.push(spec, index, projection)?))
            });
            let terms = terms.collect();
            adapter.blocks.push(terms);
        }
        adapter.values = vec![0.0; adapter.entries.last().map_or(0, |entry| entry.range.end)];
        Ok(adapter)
    }

    /// A fresh adapter as PEFT makes it: `A` uniform in `+-1 / sqrt(in)` (Kaiming with `a =
    /// sqrt(5)`), `B` zero, so that it changes nothing until it is trained.
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
                for part in &low_rank.parts {
                    let rows = part.outputs.start * inputs..part.outputs.end * inputs;
                    let b = Matrix::new(&self.values[part.b.clone()], self.config.r);
                    // The rows of the stacked `A`s that are this part's.
                    let a = a.t().columns(&part.inner).t();
                    let weight = MatrixMut::new(&mut weight[rows], inputs);
                    product(weight, Write::Add(self.scale()), b, a, Threads::All);
                }
            }
        }
        merged
    }

    /// What the terms are multiplied by: `alpha / r`.
    pub(crate) fn scale(&self) -> f32 {
        self.config.alpha / self.config.r as f32
    }

    /// The terms of one product of a block.
    pub(crate) fn low_rank(&self, block: usize, projection: Projection) -> Option<&LowRank> {
        self.blocks[block]
            .iter()
            .find(|(of, _)| *of == projection)
            .map(|(_, low_rank)| low_rank)
    }

    /// `x A^T` with all of a product's `A`s. `x` is (T, in), the result (T, width).
    pub(crate) fn inner(&self, low_rank: &LowRank, x: &[f32], inputs: usize) -> Vec<f32> {
        let mut inner = vec![0.0; x.len() / inputs * low_rank.width];
        linear(
            &mut inner,
            Write::Set,
            x,
            &self.values[low_rank.a.clone()],
            inputs,
        );
        inner
    }

    /// Appends the tensors of one product's terms; none where the product has no targeted module.
    fn push(&mut self, spec: &ModelSpec, index: usize, projection: Projection) -> Option<LowRank> {
        let r = self.config.r;
        let parent = match projection {
            Projection::Qkv | Projection::Output => "self_attn",
            Projection::GateUp | Projection::Down => "mlp",
        };
        let mut targeted = Vec::new();
        let mut start = 0;
        for (module, rows) in projection.modules(spec) {
            if self
                .config
                .target_modules
                .iter()
                .any(|target| target == module)
            {
                targeted.push((
                    format!("base_model.model.model.layers.{index}.{parent}.{module}"),
                    start..start + rows,
                ));
            }
            start += rows;
        }
        let inputs = projection.inputs(spec);
        let a = targeted
            .iter()
            .map(|(name, _)| self.push_entry(format!("{name}.lora_A.weight"), [r, inputs]));
        let a = a.reduce(|first, last| first.start..last.end)?;
        let parts = targeted
            .into_iter()
            .enumerate()
            .map(|(part, (name, outputs))| Part {
                b: self.push_entry(format!("{name}.lora_B.weight"), [outputs.len(), r]),
                inner: part * r..(part + 1) * r,
                outputs,
            });
        let parts: Vec<_> = parts.collect();
        Some(LowRank {
            a,
            width: parts.len() * r,
            parts,
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

/// Refuses a shape that makes no adapter of this model.
fn check(spec: &ModelSpec, config: &LoraConfig) -> Result<(), Failure> {
    let known: Vec<&str> = Projection::ALL
        .iter()
        .flat_map(|projection| projection.modules(spec))
        .map(|(module, _)| module)
        .collect();
    let known_names = format!("known modules: {}", known.join(", "));
    if config.r == 0 {
        return Err(
            Failure::new(FailureKind::Usage, "an adapter of rank 0 trains nothing")
                .hint("set `r` to 1 or more"),
        );
    }
    if config.target_modules.is_empty() {
        return Err(Failure::new(
            FailureKind::Usage,
            "an adapter without target modules trains nothing",
        )
        .hint(known_names));
    }
    match config
        .target_modules
        .iter()
        .find(|target| !known.contains(&target.as_str()))
    {
        Some(unknown) => Err(Failure::new(
            FailureKind::Usage,
            format!("no module of the model is called `{unknown}`"),
        )
        .hint(known_names)),
        None => Ok(()),
    }
}
