//! A tiny language model that has an opinion, for judges that ask one.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::{Workplace, fixture};

/// A tiny model that has an opinion: among its most probable tokens are often `A` and `B`, and it
/// reads long prompts. Models of another `loudness` have other opinions; 30 is a good one.
pub fn opinionated(here: &Workplace, name: &str, loudness: f32) -> PathBuf {
    opinionated_about(["A", "B"], here, name, loudness)
}

/// The same with two other tokens.
pub fn opinionated_about(
    tokens: [&str; 2],
    here: &Workplace,
    name: &str,
    loudness: f32,
) -> PathBuf {
    let model = here.path(name);
    fs::create_dir_all(&model).expect("a directory");
    for file in fs::read_dir(fixture("models/tiny-llama")).expect("the model") {
        let file = file.expect("a file");
        fs::copy(file.path(), model.join(file.file_name())).expect("a copy");
    }
    let json = |name: &str| -> Value {
        serde_json::from_slice(&fs::read(model.join(name)).expect("a file")).expect("JSON")
    };
    let mut config = json("config.json");
    config["max_position_embeddings"] = json!(1 << 14);
    fs::write(model.join("config.json"), config.to_string()).expect("a file");
    let vocabulary = &json("tokenizer.json")["model"]["vocab"];
    let rows: Vec<usize> = tokens
        .iter()
        .map(|token| vocabulary[token].as_u64().expect("a token") as usize)
        .collect();
    louder(&model.join("model.safetensors"), &rows, loudness);
    model
}

/// Multiplies tensors, and of the embedding, which is the output layer too, some rows.
fn louder(weights: &Path, rows: &[usize], loudness: f32) {
    let mut bytes = fs::read(weights).expect("the weights");
    let header = u64::from_le_bytes(bytes[..8].try_into().expect("eight bytes")) as usize;
    let tensors: Value = serde_json::from_slice(&bytes[8..8 + header]).expect("JSON");
    let mut multiply = |name: &str, row: Option<usize>, factor: f32| {
        let tensor = &tensors[name];
        assert_eq!(tensor["dtype"], "F32", "{name}");
        let number = |value: &Value| value.as_u64().expect("a number") as usize;
        let (mut begin, mut end) = (
            number(&tensor["data_offsets"][0]),
            number(&tensor["data_offsets"][1]),
        );
        if let Some(row) = row {
            let bytes = number(&tensor["shape"][1]) * 4;
            begin += row * bytes;
            end = begin + bytes;
        }
        for value in bytes[8 + header + begin..8 + header + end].chunks_exact_mut(4) {
            let louder = f32::from_le_bytes(value.try_into().expect("four bytes")) * factor;
            value.copy_from_slice(&louder.to_le_bytes());
        }
    };
    // What it says is mostly one of these tokens, and follows from what it has read rather than
    // from the last token.
    for row in rows {
        multiply("model.embed_tokens.weight", Some(*row), loudness);
    }
    for layer in 0..2 {
        multiply(
            &format!("model.layers.{layer}.self_attn.q_proj.weight"),
            None,
            100.0,
        );
        multiply(
            &format!("model.layers.{layer}.self_attn.o_proj.weight"),
            None,
            loudness,
        );
    }
    fs::write(weights, bytes).expect("a file");
}
