//! Tiny models, golden files and pairs, for the tests of this crate.

#![allow(
    dead_code,
    reason = "every test binary compiles this module and uses its own part of it"
)]

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use safetensors::SafeTensors;
use serde_json::Value;
use tpo_lm::decoder::Decoder;
use tpo_lm::model::Model;
use tpo_lm::pack::{Pack, Sequence};
use tpo_lm::params::Entry;
use tpo_train::{LocalTrainer, TrainConfig};
use tpo_types::{
    Checkpoint, Failure, FailureKind, Side, StepMetrics, TrainObserver, TrainRequest, Trainer,
    TrainingPair,
};

/// The repository's `tests` directory.
pub(crate) fn tests_directory() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests")
}

/// The families that have golden numbers.
pub(crate) fn families() -> Vec<String> {
    let golden = std::fs::read_dir(tests_directory().join("golden")).expect("golden files");
    let mut families: Vec<String> = golden
        .filter_map(|entry| {
            let name = entry.expect("an entry").file_name();
            Some(name.to_str()?.strip_suffix(".safetensors")?.to_owned())
        })
        .collect();
    families.sort();
    assert!(families.len() >= 4, "{families:?}");
    families
}

/// Directory of a tiny model, for example `tiny-llama`.
pub(crate) fn model(name: &str) -> PathBuf {
    tests_directory().join("fixtures/models").join(name)
}

/// A tiny model in memory.
pub(crate) fn load(name: &str) -> Model {
    tpo_lm::load::load(&model(name)).expect("a tiny model")
}

/// A decoder of a policy.
pub(crate) fn decoder(policy: &Model) -> Decoder<'_> {
    Decoder::new(&policy.spec, &policy.params, policy.adapter.as_ref())
}

/// What PyTorch computed for one family; see `tests/golden/make_goldens.py`.
pub(crate) struct Golden {
    /// Numbers.
    pub(crate) json: Value,
    tensors: BTreeMap<String, Vec<f32>>,
}

impl Golden {
    /// The files of that name.
    pub(crate) fn read(name: &str) -> Self {
        let file = |extension| {
            tests_directory()
                .join("golden")
                .join(name)
                .with_extension(extension)
        };
        let json = std::fs::read_to_string(file("json")).expect("golden numbers");
        let tensors = std::fs::read(file("safetensors")).expect("golden tensors");
        let tensors = SafeTensors::deserialize(&tensors).expect("golden tensors");
        let values = |bytes: &[u8]| {
            bytes
                .as_chunks()
                .0
                .iter()
                .map(|word| f32::from_le_bytes(*word))
                .collect()
        };
        let tensors = tensors
            .iter()
            .map(|(name, tensor)| (name.to_owned(), values(tensor.data())))
            .collect();
        Self {
            json: serde_json::from_str(&json).expect("golden numbers"),
            tensors,
        }
    }

    /// A number, by JSON pointer.
    pub(crate) fn number(&self, pointer: &str) -> f64 {
        self.json
            .pointer(pointer)
            .and_then(Value::as_f64)
            .unwrap_or_else(|| panic!("no number at {pointer}"))
    }

    /// A tensor's values.
    pub(crate) fn tensor(&self, name: &str) -> &[f32] {
        self.tensors
            .get(name)
            .unwrap_or_else(|| panic!("no golden tensor {name}"))
    }

    /// The pairs that the losses are of.
    pub(crate) fn pairs(&self) -> Vec<TrainingPair> {
        let rows = self.json["dpo"]["pairs"].as_array().expect("pairs");
        let pair = |(index, row): (usize, &Value)| {
            let side = |name: &str| Side {
                token_ids: ids(&row[format!("{name}_ids")]),
                loss_mask: ids(&row[format!("{name}_mask")])
                    .iter()
                    .map(|counts| *counts == 1)
                    .collect(),
                reference_log_prob: self
                    .number(&format!("/dpo/reference_log_probs/{name}/{index}")),
            };
            TrainingPair {
                id: format!("pair-{index}"),
                prompt_ids: ids(&row["prompt_ids"]),
                chosen: side("chosen"),
                rejected: side("rejected"),
            }
        };
        rows.iter().enumerate().map(pair).collect()
    }
}

fn ids(value: &Value) -> Vec<u32> {
    serde_json::from_value(value.clone()).expect("token ids")
}

/// `|actual - expected| / |expected|`, over all values.
pub(crate) fn relative_error(actual: &[f32], expected: &[f32]) -> f64 {
    assert_eq!(actual.len(), expected.len());
    let square = |value: f64| value * value;
    let norm = |values: &mut dyn Iterator<Item = f64>| values.map(square).sum::<f64>().sqrt();
    let distance = norm(
        &mut actual
            .iter()
            .zip(expected)
            .map(|(a, e)| f64::from(*a) - f64::from(*e)),
    );
    distance / norm(&mut expected.iter().map(|value| f64::from(*value)))
}

/// The tensor that is farthest off, and by how much.
pub(crate) fn worst<'a>(
    entries: &'a [Entry],
    actual: &[f32],
    expected: impl Fn(&str) -> &'a [f32],
) -> (f64, &'a str) {
    let error = |entry: &'a Entry| {
        (
            relative_error(&actual[entry.range.clone()], expected(&entry.name)),
            entry.name.as_str(),
        )
    };
    entries
        .iter()
        .map(error)
        .max_by(|left, right| left.0.total_cmp(&right.0))
        .expect("tensors")
}

/// Pairs of made-up tokens whose reference is the policy itself. The sides differ in length, and
/// some tokens are forced.
pub(crate) fn made_up_pairs(policy: &Model, count: u32) -> Vec<TrainingPair> {
    (0..count)
        .map(|index| made_up_pair(policy, index))
        .collect()
}

fn made_up_pair(policy: &Model, index: u32) -> TrainingPair {
    let tokens = |salt: u32, len: u32| {
        (0..len)
            .map(|at| 3 + (at * 37 + salt * 101) % 400)
            .collect::<Vec<u32>>()
    };
    let prompt_ids = tokens(index, 5 + index % 3);
    let side = |salt: u32, len: u32| {
        let token_ids = tokens(salt, len);
        let loss_mask: Vec<bool> = (0..len).map(|at| at % 7 != 3).collect();
        let reference_log_prob = log_prob(policy, &prompt_ids, &token_ids, &loss_mask);
        Side {
            token_ids,
            loss_mask,
            reference_log_prob,
        }
    };
    let (chosen, rejected) = (
        side(2 * index + 51, 9 + index % 5),
        side(2 * index + 52, 12),
    );
    TrainingPair {
        id: format!("made-up-{index}"),
        prompt_ids: prompt_ids.clone(),
        chosen,
        rejected,
    }
}

/// The log-probability of a completion's counted tokens, computed on its own.
pub(crate) fn log_prob(
    policy: &Model,
    prompt_ids: &[u32],
    token_ids: &[u32],
    loss_mask: &[bool],
) -> f64 {
    let ids = [prompt_ids, token_ids].concat();
    let pack = Pack::new(&[Sequence {
        ids: &ids,
        scored_from: prompt_ids.len(),
    }]);
    let log_probs = decoder(policy).log_probs(&pack);
    log_probs
        .iter()
        .zip(loss_mask)
        .filter(|(_, counts)| **counts)
        .map(|(log_prob, _)| f64::from(*log_prob))
        .sum()
}

/// Records a training whose checkpoints are all written to one directory.
pub(crate) struct Recorder {
    into: PathBuf,
    pub(crate) steps: Vec<StepMetrics>,
    /// The steps after which a checkpoint was written.
    pub(crate) written: Vec<usize>,
    /// Fail at this step.
    pub(crate) fail_at: Option<usize>,
    /// End the training after the checkpoint of this step.
    pub(crate) stop_at: Option<usize>,
    /// Ask the trainer to compute the reference itself.
    pub(crate) recompute_reference: bool,
}

impl Recorder {
    pub(crate) fn new(into: &Path) -> Self {
        Self {
            into: into.to_owned(),
            steps: Vec::new(),
            written: Vec::new(),
            fail_at: None,
            stop_at: None,
            recompute_reference: false,
        }
    }

    pub(crate) fn train(
        &mut self,
        config: TrainConfig,
        seed: u64,
        from: &Path,
        pairs: &[TrainingPair],
        checkpoint_steps: &[usize],
    ) -> Result<(), Failure> {
        let request = TrainRequest {
            recompute_reference: self.recompute_reference,
            policy: &Checkpoint::at(from),
            pairs,
            checkpoint_steps: &checkpoint_steps.iter().copied().collect(),
        };
        LocalTrainer::new(config, seed).train(&request, self)
    }
}

impl TrainObserver for Recorder {
    fn step_done(&mut self, metrics: &StepMetrics) -> Result<(), Failure> {
        if self.fail_at == Some(metrics.step) {
            return Err(Failure::new(FailureKind::Resources, "stopped"));
        }
        self.steps.push(metrics.clone());
        Ok(())
    }

    fn checkpoint_directory(&mut self) -> Result<PathBuf, Failure> {
        Ok(self.into.clone())
    }

    fn checkpoint_written(&mut self, step: usize) -> Result<ControlFlow<()>, Failure> {
        self.written.push(step);
        Ok(if self.stop_at == Some(step) {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        })
    }
}

/// Trains and writes the last checkpoint to `into`.
pub(crate) fn train_into(
    config: TrainConfig,
    seed: u64,
    from: &Path,
    pairs: &[TrainingPair],
    into: &Path,
) -> Result<Vec<StepMetrics>, Failure> {
    let last = config.total_steps(pairs.len());
    let mut recorder = Recorder::new(into);
    recorder.train(config, seed, from, pairs, &[last])?;
    Ok(recorder.steps)
}
