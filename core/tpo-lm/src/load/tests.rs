//! Every form of model loads to the same values, and every kind of damage is refused by name.

use std::collections::HashMap;
use std::error::Error;
use std::fs;
use std::path::Path;

use candle_core::{DType, Device, Tensor};
use serde_json::json;
use tempfile::TempDir;
use tpo_types::FailureKind;

use super::load;
use crate::fixtures::{copy, edit_json, model, tiny_models};
use crate::params::Params;
use crate::spec::Llama3RopeScaling;

type Tensors = HashMap<String, Tensor>;

fn tensors(file: &Path) -> Tensors {
    candle_core::safetensors::load(file, &Device::Cpu).expect("the fixture's weights load")
}

fn edit_weights(directory: &Path, edit: impl FnOnce(&mut Tensors)) {
    let file = directory.join("model.safetensors");
    let mut tensors = tensors(&file);
    edit(&mut tensors);
    candle_core::safetensors::save(&tensors, file).expect("the weights can be written");
}

fn assert_values(params: &Params, expected: &Tensors) {
    for entry in &params.layout.entries {
        let tensor = expected[&entry.name].to_dtype(DType::F32).expect("widens");
        let expected = tensor
            .flatten_all()
            .and_then(|flat| flat.to_vec1::<f32>())
            .expect("is f32");
        assert_eq!(params.at(&entry.range), expected, "{}", entry.name);
    }
}

/// The refusal's text with its causes, and its hint. File names are those of a temporary directory,
/// which is cut off.
fn refusal(path: &Path) -> (String, String) {
    let failure = load(path)
        .err()
        .unwrap_or_else(|| panic!("{} loads", path.display()));
    assert_eq!(failure.kind(), FailureKind::Input);
    let mut text = failure.to_string();
    let mut cause = failure.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    let root = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let text = text
        .replace(&format!("{}/", root.display()), "")
        .replace(&root.display().to_string(), "DIR");
    (text, failure.nearest_hint().unwrap_or_default().to_owned())
}

fn refused(fixture: &str, damage: impl FnOnce(&Path)) -> (String, String) {
    let directory = copy(fixture);
    damage(directory.path());
    refusal(directory.path())
}

fn refused_config(fixture: &str, edit: impl FnOnce(&mut serde_json::Value)) -> (String, String) {
    refused(fixture, |directory| {
        edit_json(&directory.join("config.json"), edit);
    })
}

#[test]
fn every_tiny_model_loads_with_the_values_of_its_file() {
    for name in tiny_models() {
        let policy = load(&model(&name)).expect("the fixture loads");
        let mut expected = tensors(&model(&name).join("model.safetensors"));
        assert_eq!(
            expected.contains_key("lm_head.weight"),
            !policy.spec.tie_word_embeddings
        );
        assert_values(&policy.params, &expected);
        expected.retain(|name, _| policy.params.layout.entry(name).is_none());
        assert!(expected.is_empty(), "{name} has more tensors: {expected:?}");
        assert!(policy.adapter.is_none() && policy.source.is_absolute());
    }
}

#[test]
fn configurations_become_specs() {
    let specs = ["tiny-llama", "tiny-qwen2", "tiny-qwen3", "tiny-llama3"]
        .map(|name| load(&model(name)).expect("the fixture loads").spec);
    let [llama, qwen2, qwen3, llama3] = &specs;
    assert_eq!(
        specs.each_ref().map(|spec| spec.family.model_type),
        ["llama", "qwen2", "qwen3", "llama"]
    );
    assert_eq!(
        (llama.vocab_size, llama.hidden_size, llama.intermediate_size),
        (512, 64, 128)
    );
    assert_eq!(
        (
            llama.num_layers,
            llama.num_heads,
            llama.num_kv_heads,
            llama.head_dim
        ),
        (2, 4, 2, 16)
    );
    assert_eq!(
        (
            llama.max_positions,
            &llama.eos_token_ids,
            llama.bos_token_id
        ),
        (512, &vec![2], Some(1))
    );
    assert_eq!(
        (llama.rope_theta, llama.rms_norm_eps, llama.rope_scaling),
        (1e4, 1e-5, None)
    );
    assert_eq!(
        (llama.tie_word_embeddings, llama.qkv_bias, llama.qk_norm),
        (true, false, false)
    );
    assert_eq!(
        (qwen2.tie_word_embeddings, qwen2.qkv_bias, qwen2.qk_norm),
        (false, true, false)
    );
    assert_eq!(
        (qwen3.tie_word_embeddings, qwen3.qkv_bias, qwen3.qk_norm),
        (true, false, true)
    );
    assert_eq!((qwen3.head_dim, qwen3.rope_theta), (32, 1e6));
    let stretched = Llama3RopeScaling {
        factor: 8.0,
        low_freq_factor: 1.0,
        high_freq_factor: 4.0,
        original_max_positions: 64,
    };
    assert_eq!(llama3.rope_scaling, Some(stretched));
}

#[test]
fn keys_of_transformers_4_are_read() {
    let directory = copy("tiny-llama3");
    edit_json(&directory.path().join("config.json"), |config| {
        let rope = config["rope_parameters"].take();
        config["rope_theta"] = rope["rope_theta"].clone();
        config["rope_scaling"] = rope;
        config
            .as_object_mut()
            .expect("an object")
            .remove("rope_parameters");
    });
    let spec = load(directory.path()).expect("loads").spec;
    assert_eq!(spec, load(&model("tiny-llama3")).expect("loads").spec);
}

#[test]
fn a_window_shortens_the_context() {
    let directory = copy("tiny-llama");
    edit_json(&directory.path().join("config.json"), |config| {
        config["architectures"] = json!(["MistralForCausalLM"]);
        config["sliding_window"] = json!(128);
    });
    let spec = load(directory.path()).expect("loads").spec;
    assert_eq!(
        (spec.family.model_type, spec.max_positions),
        ("mistral", 128)
    );
}

#[test]
fn every_end_of_turn_counts() {
    let directory = copy("tiny-llama");
    edit_json(&directory.path().join("generation_config.json"), |config| {
        config["eos_token_id"] = json!([0, 5]);
    });
    // The last one is the tokenizer's.
    assert_eq!(
        load(directory.path()).expect("loads").spec.eos_token_ids,
        [0, 5, 2]
    );
}

#[test]
fn narrow_types_widen() {
    for dtype in [DType::F16, DType::BF16] {
        let directory = copy("tiny-qwen2");
        edit_weights(directory.path(), |tensors| {
            for tensor in tensors.values_mut() {
                *tensor = tensor.to_dtype(dtype).expect("narrows");
            }
        });
        let policy = load(directory.path()).expect("loads");
        assert_values(
            &policy.params,
            &tensors(&directory.path().join("model.safetensors")),
        );
    }
}

#[test]
fn shards_load_as_one_file() {
    let directory = copy("tiny-qwen2");
    let whole = directory.path().join("model.safetensors");
    let (first, second): (Tensors, Tensors) = tensors(&whole)
        .into_iter()
        .partition(|(name, _)| name.starts_with("model.layers.0"));
    let mut map = json!({});
    for (shard, name) in [
        (&first, "model-00001-of-00002.safetensors"),
        (&second, "model-00002-of-00002.safetensors"),
    ] {
        candle_core::safetensors::save(shard, directory.path().join(name)).expect("is written");
        for tensor in shard.keys() {
            map[tensor] = json!(name);
        }
    }
    let index = json!({ "metadata": {}, "weight_map": map }).to_string();
    fs::write(directory.path().join("model.safetensors.index.json"), index).expect("is written");
    let expected = tensors(&whole);
    fs::remove_file(whole).expect("is removed");
    assert_values(&load(directory.path()).expect("loads").params, &expected);

    fs::remove_file(directory.path().join("model-00002-of-00002.safetensors")).expect("is removed");
    let (text, _) = refusal(directory.path());
    assert!(
        text.starts_with("cannot read `model-00002-of-00002.safetensors`: "),
        "{text}"
    );
}

#[test]
fn paths_without_a_model_are_refused() {
    let (text, hint) = refusal(Path::new("no/such/model"));
    assert!(text.starts_with("there is no model at `DIR`: "), "{text}");
    assert!(
        hint.starts_with("give a `.gguf` file, a directory"),
        "{hint}"
    );
    let empty = TempDir::new().expect("a temporary directory");
    assert_eq!(refusal(empty.path()).0, "`DIR` has no `config.json`");
}

#[test]
fn unsupported_configurations_are_refused() {
    let (text, hint) = refused_config("tiny-llama", |config| {
        config["architectures"] = json!(["GemmaForCausalLM"]);
    });
    assert_eq!(
        text,
        "`config.json` is of architecture `GemmaForCausalLM`, which is not supported"
    );
    assert_eq!(
        hint,
        "supported: LlamaForCausalLM, MistralForCausalLM, Qwen2ForCausalLM, Qwen3ForCausalLM"
    );

    let (text, hint) = refused_config("tiny-llama", |config| {
        config["rope_parameters"]["rope_type"] = json!("yarn");
    });
    assert_eq!(
        text,
        "`config.json`: RoPE with rope type `yarn` is not supported"
    );
    assert_eq!(hint, "supported rope types: `default`, `llama3`");

    for (key, value, reason) in [
        (
            "hidden_act",
            json!("gelu"),
            "`hidden_act` is `gelu`, not `silu`",
        ),
        ("attention_bias", json!(true), "`attention_bias` is true"),
        ("mlp_bias", json!(true), "`mlp_bias` is true"),
        (
            "quantization_config",
            json!({ "bits": 4 }),
            "`quantization_config`: its weights are quantized",
        ),
    ] {
        let (text, _) = refused_config("tiny-llama", |config| config[key] = value);
        assert_eq!(
            text,
            format!("`config.json`: {reason}, which is not supported")
        );
    }
}

#[test]
fn malformed_configurations_are_refused() {
    let (text, _) = refused("tiny-llama", |directory| {
        fs::write(directory.join("config.json"), "{").expect("is written");
    });
    assert!(
        text.starts_with("`config.json` is malformed: EOF"),
        "{text}"
    );

    let (text, _) = refused_config("tiny-llama", |config| {
        config
            .as_object_mut()
            .expect("an object")
            .remove("hidden_size");
    });
    assert_eq!(
        text,
        "`config.json` does not describe a model: missing field `hidden_size`"
    );

    for (key, value, reason) in [
        (
            "num_attention_heads",
            json!(0),
            "number of heads 0 is not between 1 and 4194304",
        ),
        (
            "num_key_value_heads",
            json!(3),
            "4 heads do not share 3 key heads evenly",
        ),
        (
            "head_dim",
            json!(15),
            "head width 15 is odd, which RoPE does not allow",
        ),
        (
            "rms_norm_eps",
            json!(0.0),
            "norm epsilon 0 is not a positive number",
        ),
        (
            "hidden_size",
            json!(1_u64 << 40),
            "hidden size 1099511627776 is not between 1 and 4194304",
        ),
    ] {
        let (text, _) = refused_config("tiny-llama", |config| config[key] = value);
        assert_eq!(text, format!("`config.json`: {reason}"));
    }
}

#[test]
fn weights_that_do_not_fit_are_refused() {
    let weights =
        |edit: fn(&mut Tensors)| refused("tiny-llama", |directory| edit_weights(directory, edit)).0;
    let norm = "model.norm.weight";

    let text = weights(|tensors| drop(tensors.remove("model.norm.weight")));
    assert_eq!(text, format!("`model.safetensors` has no tensor `{norm}`"));

    let text = weights(|tensors| {
        tensors.insert(
            "model.norm.weight".to_owned(),
            Tensor::zeros(65, DType::F32, &Device::Cpu).expect("zeros"),
        );
    });
    assert_eq!(
        text,
        format!("tensor `{norm}` of `model.safetensors` has shape [65], not [64]")
    );

    let text = weights(|tensors| {
        tensors.insert(
            "model.norm.weight".to_owned(),
            Tensor::zeros(64, DType::F64, &Device::Cpu).expect("zeros"),
        );
    });
    assert_eq!(
        text,
        format!("tensor `{norm}` of `model.safetensors` has the unsupported type F64")
    );

    let text = weights(|tensors| {
        let mut values = vec![1.0_f32; 64];
        values[7] = f32::NAN;
        tensors.insert(
            "model.norm.weight".to_owned(),
            Tensor::new(values, &Device::Cpu).expect("a tensor"),
        );
    });
    assert_eq!(
        text,
        format!("tensor `{norm}` of `model.safetensors` holds NaN at index 7")
    );

    let text = weights(|tensors| {
        let bias = Tensor::zeros(64, DType::F32, &Device::Cpu).expect("zeros");
        tensors.insert("model.layers.0.self_attn.q_proj.bias".to_owned(), bias);
    });
    assert_eq!(
        text,
        "tensor `model.layers.0.self_attn.q_proj.bias` of `DIR` is unexpected in this architecture"
    );
}

#[test]
fn redundant_tensors_are_ignored() {
    let directory = copy("tiny-llama");
    edit_weights(directory.path(), |tensors| {
        tensors.insert(
            "lm_head.weight".to_owned(),
            tensors["model.embed_tokens.weight"].clone(),
        );
        let frequencies = Tensor::zeros(8, DType::F32, &Device::Cpu).expect("zeros");
        tensors.insert(
            "model.layers.0.self_attn.rotary_emb.inv_freq".to_owned(),
            frequencies,
        );
    });
    load(directory.path()).expect("loads");
}

#[test]
fn truncated_weights_are_refused() {
    for (keep, reason) in [
        (4, "it is shorter than a header"),
        (100, "its header is longer than the file"),
        (429_000, "it has 429000 bytes, not the 429336 of its header"),
    ] {
        let (text, hint) = refused("tiny-llama", |directory| {
            let file = fs::OpenOptions::new()
                .write(true)
                .open(directory.join("model.safetensors"))
                .expect("opens");
            file.set_len(keep).expect("is cut");
        });
        assert_eq!(text, format!("`model.safetensors` is damaged: {reason}"));
        assert!(hint.contains("download the file again"), "{hint}");
    }
}

#[test]
fn tokenizers_that_do_not_fit_are_refused() {
    let (text, _) = refused("tiny-llama", |directory| {
        fs::remove_file(directory.join("tokenizer.json")).expect("is removed");
    });
    assert_eq!(text, "`tokenizer.json` is missing");

    let (text, _) = refused("tiny-llama", |directory| {
        edit_json(&directory.join("tokenizer.json"), |json| {
            json["added_tokens"][0]["content"] = json!("<|more|>");
        });
    });
    assert_eq!(
        text,
        "the tokenizer of `DIR` has token 512, but the embedding has only 512 rows"
    );

    let (text, _) = refused("tiny-llama", |directory| {
        // A merge that is longer than every token makes the tokenizer library panic.
        edit_json(&directory.join("tokenizer.json"), |json| {
            json["model"]["merges"][0] = json!(["Here", "respond".repeat(9)]);
        });
    });
    assert!(text.starts_with("`tokenizer.json` is damaged"), "{text}");
}

#[test]
fn a_model_that_cannot_end_its_turn_is_refused() {
    let (text, hint) = refused("tiny-llama", |directory| {
        edit_json(&directory.join("config.json"), |config| {
            config["eos_token_id"] = json!(null);
        });
        edit_json(&directory.join("tokenizer_config.json"), |config| {
            config["eos_token"] = json!(null);
        });
        fs::remove_file(directory.join("special_tokens_map.json")).expect("is removed");
        fs::remove_file(directory.join("generation_config.json")).expect("is removed");
    });
    assert_eq!(text, "`DIR` has no end-of-turn token");
    assert_eq!(hint, "set `eos_token_id` in its `generation_config.json`");
}
