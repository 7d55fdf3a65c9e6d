//! The weights as one flat array, and the range of each tensor in it.
//!
//! Tensors with the same input are adjacent (q, k, v; gate, up), so each group is one matrix and
//! one product, and every Hugging Face tensor is still a contiguous slice. Gradients and optimizer
//! moments have the same [`Layout`], so an optimizer step is a loop over flat arrays.

use std::ops::Range;
use std::sync::Arc;

use crate::spec::ModelSpec;

/// One tensor in a flat array.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The Hugging Face name, for example `model.layers.0.self_attn.q_proj.weight`.
    pub name: String,
    /// Sizes, outermost first.
    pub shape: Vec<usize>,
    /// The range of its values.
    pub range: Range<usize>,
}

/// The ranges of one block's tensors.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BlockLayout {
    /// RMS norm before attention. (D)
    pub input_norm: Range<usize>,
    /// Stacked q, k and v rows. `(qkv_width, D)`
    pub qkv: Range<usize>,
    /// Their biases. `(qkv_width)`, or empty.
    pub qkv_bias: Range<usize>,
    /// Per-head norm of queries. `(head_dim)`, or empty.
    pub q_norm: Range<usize>,
    /// Per-head norm of keys. `(head_dim)`, or empty.
    pub k_norm: Range<usize>,
    /// Output projection. `(D, q_width)`
    pub o: Range<usize>,
    /// RMS norm before the MLP. (D)
    pub post_norm: Range<usize>,
    /// gate, then up rows. (2 * intermediate, D)
    pub gate_up: Range<usize>,
    /// Down projection. (D, intermediate)
    pub down: Range<usize>,
}

/// The ranges of a model's tensors.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layout {
    /// Every tensor, in the order of the array.
    pub entries: Vec<Entry>,
    /// Token embedding. (V, D)
    pub embed: Range<usize>,
    /// The blocks.
    pub blocks: Vec<BlockLayout>,
    /// The final norm. (D)
    pub final_norm: Range<usize>,
    /// Output head. (V, D); the same range as `embed` when tied.
    pub lm_head: Range<usize>,
}

impl Layout {
    /// The layout of a model.
    pub fn of(spec: &ModelSpec) -> Self {
        let mut builder = Builder::default();
        let (d, f, v) = (spec.hidden_size, spec.intermediate_size, spec.vocab_size);
        let embed = builder.push("model.embed_tokens.weight", &[v, d]);
        let blocks = (0..spec.num_layers)
            .map(|index| builder.block(spec, index, d, f))
            .collect();
        let final_norm = builder.push("model.norm.weight", &[d]);
        let lm_head = if spec.tie_word_embeddings {
            embed.clone()
        } else {
            builder.push("lm_head.weight", &[v, d])
        };
        Self {
            entries: builder.entries,
            embed,
            blocks,
            final_norm,
            lm_head,
        }
    }

    /// Number of values.
    pub fn len(&self) -> usize {
        self.entries.last().map_or(0, |entry| entry.range.end)
    }

    /// Whether there are no values.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The tensor of that name.
    pub fn entry(&self, name: &str) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.name == name)
    }
}

#[derive(Default)]
struct Builder {
    entries: Vec<Entry>,
    end: usize,
}

impl Builder {
    fn push(&mut self, name: impl Into<String>, shape: &[usize]) -> Range<usize> {
        let range = self.end..self.end + shape.iter().product::<usize>();
        self.end = range.end;
        self.entries.push(Entry {
            name: name.into(),
            shape: shape.to_vec(),
            range: range.clone(),
        });
        range
    }

    /// Adjacent tensors, named `{prefix}{part}{suffix}`.
    fn push_all(
        &mut self,
        prefix: &str,
        suffix: &str,
        parts: &[(&str, Vec<usize>)],
    ) -> Range<usize> {
        let start = self.end;
        for (part, shape) in parts {
            self.push(format!("{prefix}{part}{suffix}"), shape);
        }
        start..self.end
    }

    fn block(&mut self, spec: &ModelSpec, index: usize, d: usize, f: usize) -> BlockLayout {
        let (q, kv, hd) = (spec.q_width(), spec.kv_width(), spec.head_dim);
        let at = format!("model.layers.{index}.");
        let attn = format!("{at}self_attn.");
        let mlp = format!("{at}mlp.");
        let nothing = |end: usize| end..end;
        let input_norm = self.push(format!("{at}input_layernorm.weight"), &[d]);
        let qkv = self.push_all(
            &attn,
            ".weight",
            &[
                ("q_proj", vec![q, d]),
                ("k_proj", vec![kv, d]),
                ("v_proj", vec![kv, d]),
            ],
        );
        let qkv_bias = if spec.qkv_bias {
            self.push_all(
                &attn,
                ".bias",
                &[
                    ("q_proj", vec![q]),
                    ("k_proj", vec![kv]),
                    ("v_proj", vec![kv]),
                ],
            )
        } else {
            nothing(self.end)
        };
        let [q_norm, k_norm] = ["q_norm", "k_norm"].map(|name| {
            if spec.qk_norm {
                self.push(format!("{attn}{name}.weight"), &[hd])
            } else {
                nothing(self.end)
            }
        });
        let o = self.push(format!("{attn}o_proj.weight"), &[d, q]);
        let post_norm = self.push(format!("{at}post_attention_layernorm.weight"), &[d]);
        let gate_up = self.push_all(
            &mlp,
            ".weight",
            &[("gate_proj", vec![f, d]), ("up_proj", vec![f, d])],
        );
        let down = self.push(format!("{mlp}down_proj.weight"), &[d, f]);
        BlockLayout {
            input_norm,
            qkv,
            qkv_bias,
            q_norm,
            k_norm,
            o,
            post_norm,
            gate_up,
            down,
        }
    }
}

/// The weights of a model.
#[derive(Debug, Clone)]
pub struct Params {
    /// The ranges of the tensors.
    pub layout: Arc<Layout>,
    /// All values.
    pub values: Vec<f32>,
}

impl Params {
    /// All zeros.
    pub fn zeros(layout: Arc<Layout>) -> Self {
        let values = vec![0.0; layout.len()];
        Self { layout, values }
    }

    /// The values at a range of the layout.
    pub fn at(&self, range: &Range<usize>) -> &[f32] {
        &self.values[range.clone()]
    }
}
