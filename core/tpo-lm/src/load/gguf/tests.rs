//! Tiny GGUF files, written here the way llama.cpp's converter writes them, against the models they
//! were made from.

use std::collections::HashMap;
use std::fs::{self, File};
use std::path::{Path, PathBuf};

use candle_core::quantized::gguf_file::{self, Value};
use candle_core::quantized::{GgmlDType, QTensor};
use candle_core::{Device, Tensor};
use serde_json::Value as Json;
use tempfile::TempDir;
use tpo_types::{FailureKind, Message};

use super::names;
use crate::fixtures::model;
use crate::load::load;
use crate::model::Model;
use crate::spec::Llama3RopeScaling;

/// What goes into a file.
struct GgufBuilder {
    metadata: HashMap<String, Value>,
    tensors: HashMap<String, QTensor>,
}

impl GgufBuilder {
    /// A tiny model as the converter would write it.
    fn of(name: &str, dtype: GgmlDType) -> Self {
        let policy = load(&model(name)).expect("the fixture loads");
        let architecture = name.trim_start_matches("tiny-").trim_end_matches('3');
        let architecture = if name == "tiny-qwen3" {
            "qwen3"
        } else {
            architecture
        };
        let tensors = policy.params.layout.entries.iter().map(|entry| {
            let mut values = policy.params.at(&entry.range).to_vec();
            if names::is_interleaved(policy.spec.family, &entry.name) {
                interleave(&mut values, policy.spec.head_dim, policy.spec.hidden_size);
            }
            let tensor =
                Tensor::from_vec(values, entry.shape.as_slice(), &Device::Cpu).expect("a tensor");
            let dtype = if entry.shape.len() == 1 {
                GgmlDType::F32
            } else {
                dtype
            };
            (
                names::in_gguf(&entry.name),
                QTensor::quantize(&tensor, dtype).expect("quantizes"),
            )
        });
        Self {
            tensors: tensors.collect(),
            metadata: metadata(&policy, name, architecture),
        }
    }

    fn set(mut self, key: &str, value: Value) -> Self {
        self.metadata.insert(key.to_owned(), value);
        self
    }

    fn write(&self, directory: &TempDir) -> PathBuf {
        let path = directory.path().join("tiny.gguf");
        let mut metadata: Vec<(&str, &Value)> = self
            .metadata
            .iter()
            .map(|(key, value)| (key.as_str(), value))
            .collect();
        metadata.sort_by_key(|(key, _)| *key);
        let mut tensors: Vec<(&str, &QTensor)> = self
            .tensors
            .iter()
            .map(|(name, tensor)| (name.as_str(), tensor))
            .collect();
        tensors.sort_by_key(|(name, _)| *name);
        gguf_file::write(
            &mut File::create(&path).expect("is created"),
            &metadata,
            &tensors,
        )
        .expect("is written");
        path
    }

    fn load(&self) -> Model {
        let directory = TempDir::new().expect("a temporary directory");
        load(&self.write(&directory)).expect("loads")
    }

    fn refusal(&self) -> (String, String) {
        let directory = TempDir::new().expect("a temporary directory");
        refusal(&self.write(&directory))
    }
}

fn refusal(path: &Path) -> (String, String) {
    let failure = load(path).expect_err("is refused");
    assert_eq!(failure.kind(), FailureKind::Input);
    let file = fs::canonicalize(path)
        .expect("is there")
        .display()
        .to_string();
    (
        failure.to_string().replace(&file, "FILE"),
        failure.nearest_hint().unwrap_or_default().to_owned(),
    )
}

/// What the converter does to queries and keys of the architecture `llama`.
fn interleave(values: &mut [f32], head_dim: usize, width: usize) {
    for head in values.chunks_exact_mut(head_dim * width) {
        let halves = head.to_vec();
        for (row, values) in halves.chunks_exact(width).enumerate() {
            let to = row % (head_dim / 2) * 2 + row / (head_dim / 2);
            head[to * width..(to + 1) * width].copy_from_slice(values);
        }
    }
}

fn texts<'a>(items: impl Iterator<Item = &'a str>) -> Value {
    Value::Array(items.map(|item| Value::String(item.to_owned())).collect())
}

fn metadata(policy: &Model, name: &str, architecture: &str) -> HashMap<String, Value> {
    let spec = &policy.spec;
    let file = |file: &str| -> Json {
        serde_json::from_slice(&fs::read(model(name).join(file)).expect("is there"))
            .expect("is JSON")
    };
    let (tokenizer, config) = (file("tokenizer.json"), file("tokenizer_config.json"));
    let mut tokens: Vec<(&str, u64)> = tokenizer["model"]["vocab"]
        .as_object()
        .expect("a vocabulary")
        .iter()
        .map(|(token, id)| (token.as_str(), id.as_u64().expect("an id")))
        .collect();
    tokens.sort_by_key(|(_, id)| *id);
    let merges = tokenizer["model"]["merges"]
        .as_array()
        .expect("merges")
        .iter()
        .map(|merge| {
            Value::String(format!(
                "{} {}",
                merge[0].as_str().expect("a part"),
                merge[1].as_str().expect("a part")
            ))
        });
    let kinds = (0..tokens.len()).map(|id| Value::I32(if id < 3 { 3 } else { 1 }));
    let size = |size: usize| Value::U32(size.try_into().expect("fits"));
    let of = |key: &str| format!("{architecture}.{key}");
    HashMap::from([
        (
            "general.architecture".to_owned(),
            Value::String(architecture.to_owned()),
        ),
        (of("block_count"), size(spec.num_layers)),
        (of("context_length"), size(spec.max_positions)),
        (of("embedding_length"), size(spec.hidden_size)),
        (of("feed_forward_length"), size(spec.intermediate_size)),
        (of("attention.head_count"), size(spec.num_heads)),
        (of("attention.head_count_kv"), size(spec.num_kv_heads)),
        (of("attention.key_length"), size(spec.head_dim)),
        (
            of("attention.layer_norm_rms_epsilon"),
            Value::F32(spec.rms_norm_eps),
        ),
        (of("rope.freq_base"), Value::F32(spec.rope_theta)),
        (
            "tokenizer.ggml.model".to_owned(),
            Value::String("gpt2".to_owned()),
        ),
        (
            "tokenizer.ggml.pre".to_owned(),
            Value::String("gpt-2".to_owned()),
        ),
        (
            "tokenizer.ggml.tokens".to_owned(),
            texts(tokens.iter().map(|(token, _)| *token)),
        ),
        (
            "tokenizer.ggml.token_type".to_owned(),
            Value::Array(kinds.collect()),
        ),
        (
            "tokenizer.ggml.merges".to_owned(),
            Value::Array(merges.collect()),
        ),
        ("tokenizer.ggml.bos_token_id".to_owned(), Value::U32(1)),
        ("tokenizer.ggml.eos_token_id".to_owned(), Value::U32(2)),
        ("tokenizer.ggml.padding_token_id".to_owned(), Value::U32(2)),
        (
            "tokenizer.chat_template".to_owned(),
            Value::String(config["chat_template"].as_str().expect("one").to_owned()),
        ),
    ])
}

#[test]
fn every_family_loads_as_from_hugging_face_files() {
    for name in ["tiny-llama", "tiny-qwen2", "tiny-qwen3"] {
        let (gguf, files) = (
            GgufBuilder::of(name, GgmlDType::F32).load(),
            load(&model(name)).expect("loads"),
        );
        assert_eq!(gguf.spec, files.spec);
        assert_eq!(gguf.params.values, files.params.values, "{name}");
        let messages = [Message::user("naïve 12 → 34")];
        let prompt = |policy: &Model| {
            policy
                .text
                .encode_prompt(&messages, Some("Here is"))
                .expect("encodes")
        };
        assert_eq!(prompt(&gguf), prompt(&files));
    }
}

#[test]
fn quantized_tensors_widen() {
    let exact = load(&model("tiny-llama")).expect("loads").params;
    // How far a value may move, as a share of the largest value of its tensor.
    for (dtype, share) in [
        (GgmlDType::F16, 0.001),
        (GgmlDType::BF16, 0.004),
        (GgmlDType::Q8_0, 0.005),
        (GgmlDType::Q4_0, 0.13),
        (GgmlDType::Q4_1, 0.07),
    ] {
        let widened = GgufBuilder::of("tiny-llama", dtype).load().params;
        for entry in &exact.layout.entries {
            let (exact, widened) = (exact.at(&entry.range), widened.at(&entry.range));
            let largest = exact
                .iter()
                .fold(0.0_f32, |most, value| most.max(value.abs()));
            let moved = exact
                .iter()
                .zip(widened)
                .fold(0.0_f32, |most, (a, b)| most.max((a - b).abs()));
            assert!(
                moved <= share * largest,
                "{dtype:?} {}: {moved} of {largest}",
                entry.name
            );
            assert!(
                moved > 0.0 || entry.shape.len() == 1,
                "{dtype:?} {} is not quantized",
                entry.name
            );
        }
    }
}

#[test]
fn rows_go_back_to_where_they_were() {
    let original: Vec<f32> = (0_u8..48).map(f32::from).collect();
    let mut values = original.clone();
    interleave(&mut values, 8, 3);
    assert_ne!(values, original);
    assert_eq!(values[..6], [0.0, 1.0, 2.0, 12.0, 13.0, 14.0]);
    names::deinterleave(&mut values, 8, 3);
    assert_eq!(values, original);
}

#[test]
fn stretched_rotation_is_recognized_or_refused() {
    let with_factors = |factors: Vec<f32>| {
        let mut builder = GgufBuilder::of("tiny-llama", GgmlDType::F32)
            .set("llama.rope.freq_base", Value::F32(500_000.0));
        let tensor = Tensor::new(factors, &Device::Cpu).expect("a tensor");
        let tensor = QTensor::quantize(&tensor, GgmlDType::F32).expect("stays");
        builder
            .tensors
            .insert("rope_freqs.weight".to_owned(), tensor);
        builder
    };
    // By llama.cpp's converter, for `factor` 32 and a head of 16.
    let mut factors = vec![1.0, 1.0, 1.0, 1.0, 3.292_262, 32.0, 32.0, 32.0];
    let stretched = Llama3RopeScaling {
        factor: 32.0,
        low_freq_factor: 1.0,
        high_freq_factor: 4.0,
        original_max_positions: 8192,
    };
    assert_eq!(
        with_factors(factors.clone()).load().spec.rope_scaling,
        Some(stretched)
    );
    factors[4] = 3.3;
    assert_eq!(
        with_factors(factors).refusal().0,
        "`FILE`: `rope_freqs.weight` does not match Llama 3's RoPE scaling"
    );
}

#[test]
fn a_wanted_first_token_is_written_once() {
    let first = |builder: GgufBuilder| {
        let policy = builder.load();
        policy
            .text
            .encode_prompt(&[Message::user("x")], None)
            .expect("encodes")[..2]
            .to_vec()
    };
    let template = |text: &str| Value::String(text.to_owned());
    let builder = || {
        GgufBuilder::of("tiny-llama", GgmlDType::F32)
            .set("tokenizer.ggml.bos_token_id", Value::U32(0))
    };
    let wanting = || builder().set("tokenizer.ggml.add_bos_token", Value::Bool(true));
    // 0 is `<|endoftext|>`, 1 is `<|im_start|>`.
    assert_eq!(first(builder())[0], 1);
    assert_eq!(first(wanting()), [0, 1]);
    let writes_it = "{{ bos_token }}<|im_start|>{{ messages[0].content }}";
    assert_eq!(
        first(wanting().set("tokenizer.chat_template", template(writes_it))),
        [0, 1]
    );
}

#[test]
fn what_cannot_be_run_is_refused() {
    let text = |value: &str| Value::String(value.to_owned());
    let of = |key: &str, value: Value| {
        GgufBuilder::of("tiny-llama", GgmlDType::F32)
            .set(key, value)
            .refusal()
    };

    let (what, hint) = of("general.architecture", text("gemma3"));
    assert_eq!(
        what,
        "`FILE` is of architecture `gemma3`, which is not supported"
    );
    assert_eq!(hint, "supported: llama, qwen2, qwen3");
    let (what, _) = of("llama.rope.scaling.type", text("yarn"));
    assert_eq!(what, "`FILE`: RoPE scaling `yarn` is not supported");
    let (what, _) = of("llama.rope.dimension_count", Value::U32(8));
    assert_eq!(what, "`FILE` rotates only 8 of 16 values per head");
    let (what, _) = of("llama.expert_count", Value::U32(8));
    assert_eq!(
        what,
        "`FILE` is a mixture of 8 experts, which is not supported"
    );
    let (what, _) = of(
        "llama.attention.head_count",
        Value::Array(vec![Value::U32(4), Value::U32(4)]),
    );
    assert_eq!(
        what,
        "metadata key `llama.attention.head_count` of `FILE` is not a non-negative integer of 32 \
            bits"
    );
    let (what, _) = of("llama.embedding_length", Value::U32(32));
    assert_eq!(
        what,
        "tensor `token_embd.weight` of `FILE` has shape [512, 64], not [512, 32]"
    );
    let (what, hint) = of("tokenizer.ggml.model", text("llama"));
    assert_eq!(
        what,
        "`FILE` has a tokenizer of kind `llama`, which is not supported"
    );
    assert!(
        hint.contains("use the model's Hugging Face directory"),
        "{hint}"
    );
    let (what, hint) = of("tokenizer.ggml.pre", text("tekken"));
    assert_eq!(
        what,
        "`FILE` splits text by the rule `tekken`, which is not supported"
    );
    assert!(
        hint.starts_with("supported: gpt-2, smollm, qwen2, llama-bpe"),
        "{hint}"
    );
    let (what, _) = of("tokenizer.ggml.eos_token_id", Value::U32(512));
    assert_eq!(
        what,
        "`FILE`: end-of-turn token 512 is outside the vocabulary of 512"
    );
}

#[test]
fn incomplete_files_are_refused() {
    let builder = || GgufBuilder::of("tiny-llama", GgmlDType::F32);
    let mut without_key = builder();
    without_key.metadata.remove("llama.block_count");
    assert_eq!(
        without_key.refusal().0,
        "`FILE` has no metadata key `llama.block_count`"
    );

    let mut without_tensor = builder();
    without_tensor.tensors.remove("blk.1.ffn_up.weight");
    assert_eq!(
        without_tensor.refusal().0,
        "`FILE` has no tensor `blk.1.ffn_up.weight`"
    );

    let mut with_unexpected = builder();
    let bias = Tensor::new(vec![0.0_f32; 64], &Device::Cpu).expect("a tensor");
    let bias = QTensor::quantize(&bias, GgmlDType::F32).expect("stays");
    with_unexpected
        .tensors
        .insert("blk.0.attn_q.bias".to_owned(), bias);
    assert_eq!(
        with_unexpected.refusal().0,
        "tensor `blk.0.attn_q.bias` of `FILE` is unexpected in this architecture"
    );

    let directory = TempDir::new().expect("a temporary directory");
    let path = builder().write(&directory);
    let size = fs::metadata(&path).expect("is there").len();
    let file = fs::OpenOptions::new()
        .write(true)
        .open(&path)
        .expect("opens");
    file.set_len(size - 1000).expect("is cut");
    let (what, hint) = refusal(&path);
    assert!(what.starts_with("`FILE` is damaged: tensor `"), "{what}");
    assert!(hint.contains("download the file again"), "{hint}");
    file.set_len(2000).expect("is cut");
    assert_eq!(refusal(&path).0, "`FILE` is damaged");
    fs::write(&path, "not a model").expect("is written");
    assert_eq!(refusal(&path).0, "`FILE` is damaged");
}

#[test]
fn a_file_that_makes_the_reader_panic_is_refused() {
    let builder =
        GgufBuilder::of("tiny-llama", GgmlDType::F32).set("general.alignment", Value::U32(0));
    assert_eq!(builder.refusal().0, "`FILE` is damaged");
}
