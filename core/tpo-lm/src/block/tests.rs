//! The hand-written gradient against candle's autograd, over a block written with candle's
//! primitive operations.

use std::collections::BTreeMap;
use std::sync::Arc;

use candle_core::{D, DType, Device, Result, Tensor, Var};
use candle_nn::ops::{sigmoid, softmax};

use super::linear::Linears;
use super::vjp::{Backward, BlockGradient, RotaryPack};
use super::{Activations, Backend, Block, Scratch};
use crate::family::FAMILIES;
use crate::kernels::attention::{Heads, attend};
use crate::kernels::gemm::Write;
use crate::kernels::linear::Products;
use crate::kernels::rope::Rotary;
use crate::pack::{Pack, Sequence, Stretch};
use crate::params::{Layout, Params};
use crate::projection::FusedProjection;
use crate::rng::Counter;
use crate::spec::ModelSpec;

fn spec(qkv_bias: bool, qk_norm: bool) -> ModelSpec {
    ModelSpec {
        family: &FAMILIES[0],
        vocab_size: 3,
        hidden_size: 24,
        intermediate_size: 20,
        num_layers: 1,
        num_heads: 6,
        num_kv_heads: 2,
        head_dim: 8,
        rms_norm_eps: 1e-5,
        rope_theta: 100.0,
        rope_scaling: None,
        max_positions: 128,
        tie_word_embeddings: true,
        qkv_bias,
        qk_norm,
        eos_token_ids: Vec::new(),
        bos_token_id: None,
    }
}

fn random(len: usize, purpose: &str) -> Vec<f32> {
    let counter = Counter::new(5, purpose);
    (0..len)
        .map(|at| (2.0 * counter.unit(at as u64) - 1.0) as f32)
        .collect()
}

struct PackBackend<'a> {
    linears: Linears<'a>,
    pack: &'a Pack,
}

impl Backend for PackBackend<'_> {
    fn multiply(
        &mut self,
        _: usize,
        projection: FusedProjection,
        x: &[f32],
        y: &mut [f32],
        write: Write,
    ) {
        self.linears.multiply(projection, x, y, write);
    }

    fn attend(&mut self, _: usize, qkv: &[f32], out: &mut [f32], lse: &mut [f32]) {
        attend(Heads::of(self.linears.spec), self.pack, qkv, out, lse);
    }
}

/// The block over one sequence, from primitive operations only: candle's fused ones have no
/// gradient.
struct Oracle<'a> {
    spec: &'a ModelSpec,
    weights: BTreeMap<String, Var>,
}

impl Oracle<'_> {
    fn weight(&self, name: &str) -> &Tensor {
        &self.weights[&format!("model.layers.0.{name}")]
    }

    fn norm(&self, x: &Tensor, name: &str) -> Result<Tensor> {
        let mean_square = x.sqr()?.mean_keepdim(D::Minus1)?;
        let inverse = (mean_square + f64::from(self.spec.rms_norm_eps))?
            .sqrt()?
            .recip()?;
        x.broadcast_mul(&inverse)?.broadcast_mul(self.weight(name))
    }

    /// Heads of a projection, normed and rotated where the model does that. `(heads, T, head_dim)`
    fn heads(&self, x: &Tensor, part: &str, heads: usize) -> Result<Tensor> {
        let mut y = x.matmul(&self.weight(&format!("self_attn.{part}_proj.weight")).t()?)?;
        if self.spec.qkv_bias {
            y = y.broadcast_add(self.weight(&format!("self_attn.{part}_proj.bias")))?;
        }
        let mut y = y.reshape((x.dim(0)?, heads, self.spec.head_dim))?;
        if part != "v" {
            if self.spec.qk_norm {
                y = self.norm(&y, &format!("self_attn.{part}_norm.weight"))?;
            }
            y = self.rotate(&y)?;
        }
        y.transpose(0, 1)?.contiguous()
    }

    fn rotate(&self, y: &Tensor) -> Result<Tensor> {
        let half = self.spec.head_dim / 2;
        let angle =
            |t: usize, i: usize| t as f32 * self.spec.rope_theta.powf(-(i as f32) / half as f32);
        let angles = (0..y.dim(0)?).flat_map(|t| (0..half).map(move |i| angle(t, i)));
        let angles = Tensor::from_iter(angles, &Device::Cpu)?.reshape((y.dim(0)?, 1, half))?;
        let (cos, sin) = (angles.cos()?, angles.sin()?);
        let (a, b) = (y.narrow(2, 0, half)?, y.narrow(2, half, half)?);
        let first = (a.broadcast_mul(&cos)? - b.broadcast_mul(&sin)?)?;
        let second = (b.broadcast_mul(&cos)? + a.broadcast_mul(&sin)?)?;
        Tensor::cat(&[first, second], 2)
    }

    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        let (tokens, spec) = (x.dim(0)?, self.spec);
        let normed = self.norm(x, "input_layernorm.weight")?;
        let q = self.heads(&normed, "q", spec.num_heads)?;
        let shared = |heads: Tensor| {
            let shape = (spec.num_kv_heads, spec.group_size(), tokens, spec.head_dim);
            heads.unsqueeze(1)?.broadcast_as(shape)?.reshape((
                spec.num_heads,
                tokens,
                spec.head_dim,
            ))
        };
        let k = shared(self.heads(&normed, "k", spec.num_kv_heads)?)?;
        let v = shared(self.heads(&normed, "v", spec.num_kv_heads)?)?;
        let hidden = |at: usize| {
            if at % tokens > at / tokens {
                f32::NEG_INFINITY
            } else {
                0.0
            }
        };
        let mask = Tensor::from_iter((0..tokens * tokens).map(hidden), &Device::Cpu)?
            .reshape((tokens, tokens))?;
        let scores = (q.matmul(&k.t()?)? / (spec.head_dim as f64).sqrt())?.broadcast_add(&mask)?;
        let attended = softmax(&scores, D::Minus1)?.matmul(&v)?.transpose(0, 1)?;
        let attended = attended.reshape((tokens, spec.q_width()))?;
        let post_attention =
            (x + attended.matmul(&self.weight("self_attn.o_proj.weight").t()?)?)?;
        let normed = self.norm(&post_attention, "post_attention_layernorm.weight")?;
        let gate = normed.matmul(&self.weight("mlp.gate_proj.weight").t()?)?;
        let up = normed.matmul(&self.weight("mlp.up_proj.weight").t()?)?;
        let gated = ((&gate * sigmoid(&gate)?)? * up)?;
        &post_attention + gated.matmul(&self.weight("mlp.down_proj.weight").t()?)?
    }
}

/// `out`, `d_x` and the gradient of every tensor under its name, of `sum(d_out * block(x))`.
struct Outcome {
    out: Vec<f32>,
    d_x: Vec<f32>,
    gradients: BTreeMap<String, Vec<f32>>,
}

fn by_candle(
    spec: &ModelSpec,
    params: &Params,
    pack: &Pack,
    x: &[f32],
    d_out: &[f32],
) -> Result<Outcome> {
    let matrix = |values: &[f32]| {
        Tensor::from_slice(values, (pack.num_tokens(), spec.hidden_size), &Device::Cpu)
    };
    let mut weights = BTreeMap::new();
    for entry in &params.layout.entries {
        let tensor = Tensor::from_slice(
            params.at(&entry.range),
            entry.shape.as_slice(),
            &Device::Cpu,
        )?;
        weights.insert(entry.name.clone(), Var::from_tensor(&tensor)?);
    }
    let oracle = Oracle { spec, weights };
    let x = Var::from_tensor(&matrix(x)?)?;
    // Each stretch as the end of its sequence, the prompt computed again for each.
    let stretches = pack.groups().iter().flat_map(|group| &group.stretches);
    let outs = stretches.map(|Stretch { prompt, rows }| {
        let rows = x.narrow(0, rows.start, rows.len())?;
        let sequence = Tensor::cat(&[x.narrow(0, prompt.start, prompt.len())?, rows.clone()], 0)?;
        let out = oracle.forward(&sequence)?;
        out.narrow(0, prompt.len(), rows.dim(0)?)
    });
    let out = Tensor::cat(&outs.collect::<Result<Vec<_>>>()?, 0)?;
    let store = (&out * matrix(d_out)?)?.sum_all()?.backward()?;
    let flat = |tensor: &Tensor| tensor.flatten_all()?.to_dtype(DType::F32)?.to_vec1::<f32>();
    let mut gradients = BTreeMap::new();
    for (name, var) in &oracle.weights {
        if let Some(gradient) = store.get(var) {
            gradients.insert(name.clone(), flat(gradient)?);
        }
    }
    let d_x = store.get(&x).map(flat).transpose()?.unwrap_or_default();
    Ok(Outcome {
        out: flat(&out)?,
        d_x,
        gradients,
    })
}

fn by_hand(spec: &ModelSpec, params: &Params, pack: &Pack, x: &[f32], d_out: &[f32]) -> Outcome {
    let linears = Linears {
        spec,
        params,
        adapter: None,
        index: 0,
        products: Products::F32,
    };
    let rotary = Rotary::new(spec, pack.num_tokens());
    let block = Block::new(spec, params, 0);
    let (mut saved, mut scratch) = (Activations::default(), Scratch::default());
    let mut out = vec![0.0; x.len()];
    let tokens = RotaryPack {
        pack,
        rotary: &rotary,
    };
    block.forward(
        &mut PackBackend { linears, pack },
        tokens.positions(),
        x,
        &mut out,
        &mut saved,
        &mut scratch,
    );
    let mut d_x = d_out.to_vec();
    let mut trained = vec![0.0; params.layout.len()];
    let mut gradient = BlockGradient {
        d_x: &mut d_x,
        trained: &mut trained,
    };
    block.vjp(
        &linears,
        tokens,
        x,
        &mut saved,
        &mut Backward::default(),
        &mut gradient,
    );
    let entries = params.layout.entries.iter();
    let gradients = entries
        .map(|entry| (entry.name.clone(), trained[entry.range.clone()].to_vec()))
        .collect();
    Outcome {
        out,
        d_x,
        gradients,
    }
}

fn assert_close(what: &str, actual: &[f32], expected: &[f32]) {
    assert_eq!(actual.len(), expected.len(), "{what}");
    let norm = expected
        .iter()
        .map(|value| value * value)
        .sum::<f32>()
        .sqrt();
    let difference = actual
        .iter()
        .zip(expected)
        .map(|(a, e)| (a - e) * (a - e))
        .sum::<f32>()
        .sqrt();
    assert!(
        difference < 1e-5 * norm,
        "{what}: relative error {:e}",
        difference / norm
    );
}

#[test]
fn the_gradient_is_that_of_autograd() {
    for (qkv_bias, qk_norm) in [(false, false), (true, false), (false, true), (true, true)] {
        let spec = spec(qkv_bias, qk_norm);
        let layout = Arc::new(Layout::of(&spec));
        let params = Params {
            values: random(layout.len(), "weights"),
            layout,
        };
        // The first sequence is longer than a block of queries; the second is a single token;
        // of the others, three share a prompt of more than one block.
        let sequences = [(150, 1), (1, 0), (9, 3), (90, 70), (140, 70), (71, 70)];
        let sequences = sequences.map(|(len, scored_from)| (vec![0; len], scored_from));
        let sequences: Vec<_> = sequences
            .iter()
            .map(|(ids, scored_from)| Sequence {
                ids,
                scored_from: *scored_from,
            })
            .collect();
        let pack = Pack::new(&sequences);
        assert_eq!(pack.num_tokens(), 150 + 1 + 9 + 70 + 20 + 70 + 1);
        let x = random(pack.num_tokens() * spec.hidden_size, "x");
        let d_out = random(x.len(), "d_out");

        let hand = by_hand(&spec, &params, &pack, &x, &d_out);
        let candle = by_candle(&spec, &params, &pack, &x, &d_out).expect("candle computes");
        assert_close("out", &hand.out, &candle.out);
        assert_close("d_x", &hand.d_x, &candle.d_x);
        assert!(candle.gradients.len() >= 9, "candle gave too few gradients");
        for (name, expected) in &candle.gradients {
            assert_close(name, &hand.gradients[name], expected);
        }
    }
}
