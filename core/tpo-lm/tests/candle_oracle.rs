//! A second opinion on the forward pass: the Llama of candle-transformers, on the same checkpoint.
//!
//! It shares no code with the decoder: other operations, other memory, its own reading of the
//! configuration.
#![expect(
    clippy::unwrap_used,
    reason = "a missing fixture should stop the test where it is read"
)]

use std::path::{Path, PathBuf};

use candle_core::{DType, Device, Tensor};
use candle_nn::VarBuilder;
use candle_transformers::models::llama::{Cache, Llama, LlamaConfig};
use tpo_lm::decoder::Decoder;

/// Logits that follow each prefix of `ids`. (T, V)
fn candle_logits(directory: &Path, ids: &[u32]) -> Vec<Vec<f32>> {
    let device = Device::Cpu;
    let config: LlamaConfig =
        serde_json::from_slice(&std::fs::read(directory.join("config.json")).unwrap()).unwrap();
    let config = config.into_config(false);
    let weights = std::fs::read(directory.join("model.safetensors")).unwrap();
    let weights = VarBuilder::from_buffered_safetensors(weights, DType::F32, &device).unwrap();
    let model = Llama::load(weights, &config).unwrap();
    let mut cache = Cache::new(true, DType::F32, &config, &device).unwrap();
    let step = |(position, id): (usize, &u32)| {
        let token = Tensor::new(&[[*id]], &device).unwrap();
        let logits = model.forward(&token, position, &mut cache).unwrap();
        logits.flatten_all().unwrap().to_vec1::<f32>().unwrap()
    };
    ids.iter().enumerate().map(step).collect()
}

#[test]
fn logits_are_those_of_candle_transformers() {
    let directory =
        PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/models/tiny-llama");
    let policy = tpo_lm::load::load(&directory).unwrap();
    let ids: Vec<u32> = (0..48)
        .map(|i| (i * 37 + 11) % policy.spec.vocab_size as u32)
        .collect();
    let ours = Decoder::new(&policy.spec, &policy.params, None).logits(&ids);
    for (ours, theirs) in ours
        .chunks_exact(policy.spec.vocab_size)
        .zip(candle_logits(&directory, &ids))
    {
        let worst = ours
            .iter()
            .zip(&theirs)
            .map(|(a, b)| (a - b).abs())
            .fold(0.0, f32::max);
        assert!(worst < 1e-4, "{worst}");
    }
}
