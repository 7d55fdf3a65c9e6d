//! Decoders of any shape against a plain one in `f64`: head widths, groups, odd sizes, biases and
//! norms, in every precision.

use proptest::prelude::*;

use super::*;
use crate::decoder::Decoder;
use crate::family::FAMILIES;
use crate::fixtures;
use crate::params::Layout;
use crate::precision::TrainPrecision;
use crate::rng::Counter;
use crate::spec::ModelSpec;

/// A shape that some family could have.
fn shapes() -> impl Strategy<Value = ModelSpec> {
    let widths = (
        prop::sample::select(vec![32, 40, 64, 80, 96, 128, 160, 256]),
        1usize..=2,
        1usize..=8,
    );
    let sizes = (9usize..90, 1usize..120, 20usize..300);
    (widths, sizes, any::<[bool; 3]>()).prop_map(|(widths, sizes, flags)| {
        let ((head_dim, num_kv_heads, group), (hidden_size, intermediate_size, vocab_size)) =
            (widths, sizes);
        ModelSpec {
            family: &FAMILIES[0],
            vocab_size,
            hidden_size,
            intermediate_size,
            num_layers: 2,
            num_heads: num_kv_heads * group,
            num_kv_heads,
            head_dim,
            rms_norm_eps: 1e-5,
            rope_theta: 10_000.0,
            rope_scaling: None,
            max_positions: 256,
            tie_word_embeddings: flags[0],
            qkv_bias: flags[1],
            qk_norm: flags[2],
            eos_token_ids: Vec::new(),
            bos_token_id: None,
        }
    })
}

/// A model of that shape with random weights, of a size that keeps activations near 1.
fn model(spec: ModelSpec) -> Model {
    let layout = Arc::new(Layout::of(&spec));
    let counter = Counter::new(3, "shapes");
    let mut params = Params::zeros(Arc::clone(&layout));
    for entry in &layout.entries {
        let inputs = entry.shape.last().copied().unwrap_or(1) as f64;
        let (size, center) = match entry.shape.len() {
            1 if entry.name.ends_with("norm.weight") => (0.2, 1.0),
            1 => (0.2, 0.0),
            _ => ((3.0 / inputs).sqrt(), 0.0),
        };
        for at in entry.range.clone() {
            let unit = 2.0 * counter.unit(at as u64) - 1.0;
            params.values[at] = (center + size * unit) as f32;
        }
    }
    Model {
        spec,
        params,
        ..crate::load::load(&fixtures::model("tiny-llama")).expect("it loads")
    }
}

/// The logits after every token, by the definition. (T, V)
struct Plain<'a> {
    spec: &'a ModelSpec,
    params: &'a Params,
}

impl Plain<'_> {
    fn logits(&self, ids: &[u32]) -> Vec<Vec<f64>> {
        let (spec, layout) = (self.spec, &self.params.layout);
        let row = |id: &u32| {
            let start = layout.embed.start + *id as usize * spec.hidden_size;
            self.values(&(start..start + spec.hidden_size))
        };
        let mut x: Vec<Vec<f64>> = ids.iter().map(row).collect();
        for block in &layout.blocks {
            let attended = self.attention(block, &x);
            add(&mut x, &attended);
            let fed_forward = x.iter().map(|x| {
                let normed = self.norm(x, &block.post_norm);
                let gate_up = self.linear(&block.gate_up, &normed);
                let (gate, up) = gate_up.split_at(spec.intermediate_size);
                let gated = gate.iter().zip(up);
                let gated: Vec<f64> = gated.map(|(g, u)| g / (1.0 + (-g).exp()) * u).collect();
                self.linear(&block.down, &gated)
            });
            let fed_forward: Vec<Vec<f64>> = fed_forward.collect();
            add(&mut x, &fed_forward);
        }
        x.iter()
            .map(|x| self.linear(&layout.lm_head, &self.norm(x, &layout.final_norm)))
            .collect()
    }

    fn attention(&self, block: &crate::params::BlockLayout, x: &[Vec<f64>]) -> Vec<Vec<f64>> {
        let spec = self.spec;
        let (dim, q_width, kv_width) = (spec.head_dim, spec.q_width(), spec.kv_width());
        let projected = x.iter().enumerate().map(|(position, x)| {
            let mut qkv = self.linear(&block.qkv, &self.norm(x, &block.input_norm));
            for (value, bias) in qkv.iter_mut().zip(self.values(&block.qkv_bias)) {
                *value += bias;
            }
            for (head, values) in qkv[..q_width + kv_width].chunks_exact_mut(dim).enumerate() {
                if spec.qk_norm {
                    let is_query = head < spec.num_heads;
                    let weight = if is_query {
                        &block.q_norm
                    } else {
                        &block.k_norm
                    };
                    values.copy_from_slice(&self.norm(values, weight));
                }
                rotate(values, position, f64::from(spec.rope_theta));
            }
            qkv
        });
        let qkv: Vec<Vec<f64>> = projected.collect();
        let output = qkv.iter().enumerate().map(|(now, row)| {
            let mut out = Vec::new();
            for head in 0..spec.num_heads {
                let query = &row[head * dim..][..dim];
                let key = q_width + head / spec.group_size() * dim;
                let scores = qkv[..=now].iter().map(|row| dot(query, &row[key..][..dim]));
                let weights = scores.map(|score| (score / (dim as f64).sqrt()).exp());
                let weights: Vec<f64> = weights.collect();
                let sum: f64 = weights.iter().sum();
                out.extend((0..dim).map(|at| {
                    let values = weights.iter().zip(&qkv);
                    let weighted = values.map(|(w, row)| w * row[key + kv_width + at]);
                    weighted.sum::<f64>() / sum
                }));
            }
            self.linear(&block.o, &out)
        });
        output.collect()
    }

    fn values(&self, range: &std::ops::Range<usize>) -> Vec<f64> {
        self.params
            .at(range)
            .iter()
            .map(|value| f64::from(*value))
            .collect()
    }

    fn linear(&self, weight: &std::ops::Range<usize>, x: &[f64]) -> Vec<f64> {
        let rows = self.params.at(weight).chunks_exact(x.len());
        rows.map(|row| row.iter().zip(x).map(|(w, x)| f64::from(*w) * x).sum())
            .collect()
    }

    fn norm(&self, x: &[f64], weight: &std::ops::Range<usize>) -> Vec<f64> {
        let mean_square = dot(x, x) / x.len() as f64;
        let inverse = (mean_square + f64::from(self.spec.rms_norm_eps))
            .sqrt()
            .recip();
        let weight = self.values(weight);
        x.iter().zip(weight).map(|(x, w)| x * inverse * w).collect()
    }
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

fn add(x: &mut [Vec<f64>], more: &[Vec<f64>]) {
    for (x, more) in x.iter_mut().flatten().zip(more.iter().flatten()) {
        *x += more;
    }
}

fn rotate(head: &mut [f64], position: usize, theta: f64) {
    let half = head.len() / 2;
    for at in 0..half {
        let angle = position as f64 * theta.powf(-(at as f64) / half as f64);
        let (a, b) = (head[at], head[half + at]);
        head[at] = a * angle.cos() - b * angle.sin();
        head[half + at] = b * angle.cos() + a * angle.sin();
    }
}

/// Token `index` of a text.
fn token(spec: &ModelSpec, text: usize, index: usize) -> u32 {
    let unit = Counter::new(text as u64, "text").unit(index as u64);
    (unit * spec.vocab_size as f64) as u32
}

/// The largest difference from the plain logits.
fn off(logits: &[f32], plain: &[f64]) -> f64 {
    let differences = logits
        .iter()
        .zip(plain)
        .map(|(a, b)| (f64::from(*a) - b).abs());
    differences.fold(0.0, f64::max)
}

/// Decodes a few completions of one prompt, and compares every logit.
fn check_sampling(model: &Arc<Model>, precision: Precision, prompt_len: usize, rows: usize) {
    const NEW: usize = 3;
    let most = match precision {
        Precision::F32 => 2e-4,
        Precision::Bf16x3 | Precision::Int16 => 1e-3,
        Precision::Bf16 | Precision::Int8 => 0.3,
    };
    let plain = Plain {
        spec: &model.spec,
        params: &model.params,
    };
    let prompt: Vec<u32> = (0..prompt_len)
        .map(|at| token(&model.spec, 0, at))
        .collect();
    let mut engine = Engine::new(Arc::clone(model), precision);
    let rotary = engine.rotary(prompt_len + NEW);
    let mut cache = engine.pages().cache(prompt_len);
    let feed = PromptFeed {
        ids: &prompt,
        cache: &mut cache,
    };
    let first = engine.prefill(&rotary, &mut [feed]).to_vec();
    let expected = plain.logits(&prompt);
    let error = off(&first, &expected[prompt_len - 1]);
    assert!(error < most, "{precision}, prompt: {error}");

    let mut own: Vec<KvCache> = (0..rows).map(|_| engine.pages().cache(NEW)).collect();
    let mut decoded: Vec<Vec<Vec<f32>>> = vec![Vec::new(); rows];
    for index in 0..NEW {
        let feeds = own.iter_mut().enumerate().map(|(row, own)| TokenFeed {
            id: token(&model.spec, 1 + row, index),
            prompt_len,
            index,
            prompt: &cache,
            own,
        });
        let logits = engine.decode(&rotary, &mut feeds.collect::<Vec<_>>());
        for (row, logits) in logits.chunks_exact(model.spec.vocab_size).enumerate() {
            decoded[row].push(logits.to_vec());
        }
    }
    for (row, decoded) in decoded.iter().enumerate() {
        let tokens = (0..NEW).map(|index| token(&model.spec, 1 + row, index));
        let ids: Vec<u32> = prompt.iter().copied().chain(tokens).collect();
        let expected = plain.logits(&ids);
        for (index, logits) in decoded.iter().enumerate() {
            let error = off(logits, &expected[prompt_len + index]);
            assert!(
                error < most,
                "{precision}, row {row}, token {index}: {error}"
            );
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn every_shape_gives_the_logits_of_a_plain_decoder(
        spec in shapes(), prompt_len in 1usize..70, rows in 1usize..5,
    ) {
        let model = Arc::new(model(spec));
        for precision in Precision::ALL {
            if precision.check().is_ok() {
                check_sampling(&model, precision, prompt_len, rows);
            }
        }
        let ids: Vec<u32> = (0..prompt_len).map(|at| token(&model.spec, 0, at)).collect();
        let plain = Plain { spec: &model.spec, params: &model.params };
        let expected: Vec<f64> = plain.logits(&ids).concat();
        for precision in TrainPrecision::ALL {
            if precision.check().is_ok() {
                let decoder = Decoder::new(&model.spec, &model.params, None);
                let error = off(&decoder.in_precision(precision).logits(&ids), &expected);
                let most = match precision {
                    TrainPrecision::F32 => 2e-4,
                    TrainPrecision::Bf16x3 => 1e-3,
                    TrainPrecision::Bf16 => 0.3,
                };
                prop_assert!(error < most, "training, {precision}: {error}");
            }
        }
    }
}
