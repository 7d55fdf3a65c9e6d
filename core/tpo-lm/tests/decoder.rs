//! The decoder against transformers and PEFT: logits, log-probabilities and every gradient of a DPO
//! loss.
#![expect(
    clippy::unwrap_used,
    reason = "golden files that lack a field should stop the test where it is read"
)]

mod support;

use support::{Golden, families, ids, numbers, relative_error};
use tpo_lm::decoder::{Checkpointing, Decoder, TrainingBuffers};
use tpo_lm::lora::{Adapter, LoraConfig};
use tpo_lm::pack::{Pack, Sequence};
use tpo_lm::projection::TargetModule;

/// The sides of every golden pair: all prompt and completion ids, where the completion starts, and
/// its loss mask.
struct Side {
    ids: Vec<u32>,
    start: usize,
    mask: Vec<f32>,
    reference: f64,
    log_prob: f64,
}

/// Chosen and rejected of every pair, in turn.
fn sides(golden: &Golden, log_probs: &serde_json::Value) -> Vec<Side> {
    let dpo = &golden.json["dpo"];
    let mut sides = Vec::new();
    for (index, pair) in dpo["pairs"].as_array().unwrap().iter().enumerate() {
        for side in ["chosen", "rejected"] {
            let mut all = ids(&pair["prompt_ids"]);
            let start = all.len();
            all.extend(ids(&pair[format!("{side}_ids")]));
            let mask = numbers(&pair[format!("{side}_mask")])
                .into_iter()
                .map(|bit| bit as f32)
                .collect();
            let reference = numbers(&dpo["reference_log_probs"][side])[index];
            sides.push(Side {
                ids: all,
                start,
                mask,
                reference,
                log_prob: numbers(&log_probs[side])[index],
            });
        }
    }
    sides
}

fn pack(sides: &[Side]) -> Pack {
    let sequences: Vec<_> = sides
        .iter()
        .map(|side| Sequence {
            ids: &side.ids,
            scored_from: side.start,
        })
        .collect();
    Pack::new(&sequences)
}

/// The derivative of `mean(-log sigmoid(beta * margin))` by each token's log-probability, from the
/// formula.
fn d_dpo(golden: &Golden, sides: &[Side], sums: &[f64]) -> Vec<f32> {
    let beta = golden.json["dpo"]["beta"].as_f64().unwrap();
    let pairs = sides.len() as f64 / 2.0;
    let mut d_log_probs = Vec::new();
    for (pair, sums) in sides.chunks_exact(2).zip(sums.chunks_exact(2)) {
        let margin = beta * ((sums[0] - pair[0].reference) - (sums[1] - pair[1].reference));
        let d = -beta / (1.0 + margin.exp()) / pairs;
        d_log_probs.extend(pair[0].mask.iter().map(|bit| bit * d as f32));
        d_log_probs.extend(pair[1].mask.iter().map(|bit| -bit * d as f32));
    }
    d_log_probs
}

fn sums(pack: &Pack, sides: &[Side], log_probs: &[f32]) -> Vec<f64> {
    let sum = |(index, side): (usize, &Side)| {
        let counted = log_probs[pack.scored(index)].iter().zip(&side.mask);
        counted
            .map(|(log_prob, bit)| f64::from(log_prob * bit))
            .sum()
    };
    sides.iter().enumerate().map(sum).collect()
}

/// Runs the golden DPO step and compares log-probability sums and every gradient.
fn check_gradients(
    golden: &Golden,
    decoder: Decoder<'_>,
    log_probs: &serde_json::Value,
    prefix: &str,
) {
    let sides = sides(golden, log_probs);
    let pack = pack(&sides);
    let mut buffers = TrainingBuffers::default();
    let mut gradients = [Checkpointing::Off, Checkpointing::On].map(|keep| {
        let tape = decoder.forward(&pack, keep, &mut buffers);
        assert_eq!(
            tape.log_probs(),
            decoder.log_probs(&pack),
            "training and scoring must agree to the bit"
        );
        let sums = sums(&pack, &sides, tape.log_probs());
        for (sum, side) in sums.iter().zip(&sides) {
            assert!(
                (sum - side.log_prob).abs() < 1e-4 * side.mask.len() as f64,
                "{sum} is not {}",
                side.log_prob
            );
        }
        let d_log_probs = d_dpo(golden, &sides, &sums);
        let mut gradient = vec![0.0; decoder.trainable_len()];
        decoder.backward(tape, &d_log_probs, &mut gradient);
        gradient
    });
    assert!(
        gradients[0] == gradients[1],
        "recomputing must not change a bit"
    );
    let gradient = std::mem::take(&mut gradients[0]);

    let mut expected = vec![0.0; gradient.len()];
    golden.fill(decoder.trainable(), &mut expected, prefix);
    for entry in decoder.trainable() {
        let (actual, expected) = (
            &gradient[entry.range.clone()],
            &expected[entry.range.clone()],
        );
        assert!(
            actual.iter().all(|value| value.is_finite()),
            "{} is not finite",
            entry.name
        );
        assert!(
            actual.iter().any(|value| *value != 0.0),
            "{} has no gradient",
            entry.name
        );
        let error = relative_error(actual, expected);
        assert!(error < 1e-4, "{}: relative error {error:e}", entry.name);
    }
}

#[test]
fn logits_and_log_probs_match_transformers() {
    for family in families() {
        let golden = Golden::read(&family);
        let decoder = Decoder::new(&golden.policy.spec, &golden.policy.params, None);
        let ids = ids(&golden.json["logits"]["input_ids"]);
        let logits = decoder.logits(&ids);
        for (actual, expected) in logits.iter().zip(golden.tensor("logits")) {
            assert!(
                (actual - expected).abs() < 1e-4,
                "{family}: logit {actual}, not {expected}"
            );
        }
        let log_probs = decoder.log_probs(&Pack::new(&[Sequence {
            ids: &ids,
            scored_from: 1,
        }]));
        let expected = numbers(&golden.json["logits"]["token_log_probs"]);
        assert_eq!(log_probs.len(), expected.len());
        for (actual, expected) in log_probs.iter().zip(expected) {
            assert!(
                (f64::from(*actual) - expected).abs() < 1e-4,
                "{family}: {actual}, not {expected}"
            );
        }
    }
}

#[test]
fn full_gradients_match_transformers() {
    for family in families() {
        let golden = Golden::read(&family);
        let decoder = Decoder::new(&golden.policy.spec, &golden.policy.params, None);
        check_gradients(&golden, decoder, &golden.json["dpo"]["log_probs"], "grad.");
    }
}

fn golden_adapter(golden: &Golden) -> Adapter {
    let lora = &golden.json["lora"];
    let modules = lora["target_modules"].as_array().unwrap().iter();
    let config = LoraConfig {
        r: lora["rank"].as_u64().unwrap() as usize,
        alpha: lora["alpha"].as_f64().unwrap() as f32,
        target_modules: modules
            .map(|module| module.as_str().unwrap().parse().unwrap())
            .collect(),
    };
    let mut adapter = Adapter::zeros(&golden.policy.spec, config).unwrap();
    golden.fill(&adapter.entries.clone(), &mut adapter.values, "lora.");
    adapter
}

#[test]
fn adapter_gradients_match_peft() {
    for family in families() {
        let golden = Golden::read(&family);
        let adapter = golden_adapter(&golden);
        let decoder = Decoder::new(&golden.policy.spec, &golden.policy.params, Some(&adapter));
        check_gradients(
            &golden,
            decoder,
            &golden.json["lora"]["log_probs"],
            "lora_grad.",
        );
    }
}

#[test]
fn a_merged_adapter_computes_the_same() {
    for family in families() {
        let golden = Golden::read(&family);
        let adapter = golden_adapter(&golden);
        let merged = adapter.merged(&golden.policy.params);
        let ids = ids(&golden.json["logits"]["input_ids"]);
        let beside =
            Decoder::new(&golden.policy.spec, &golden.policy.params, Some(&adapter)).logits(&ids);
        let inside = Decoder::new(&golden.policy.spec, &merged, None).logits(&ids);
        let error = relative_error(&inside, &beside);
        assert!(error < 1e-5, "{family}: relative error {error:e}");
    }
}

#[test]
fn gradients_of_two_passes_add_up() {
    let golden = Golden::read("qwen2");
    let decoder = Decoder::new(&golden.policy.spec, &golden.policy.params, None);
    let sides = sides(&golden, &golden.json["dpo"]["log_probs"]);
    // One memory for packs of different lengths.
    let mut buffers = TrainingBuffers::default();
    let mut run = |sides: &[Side], gradient: &mut [f32]| {
        let pack = pack(sides);
        let d_log_probs: Vec<f32> = (0..pack.num_scored()).map(|at| (at as f32).cos()).collect();
        decoder.backward(
            decoder.forward(&pack, Checkpointing::Off, &mut buffers),
            &d_log_probs,
            gradient,
        );
    };
    let mut once = vec![0.0; decoder.trainable_len()];
    run(&sides[..1], &mut once);
    let mut twice = vec![0.0; decoder.trainable_len()];
    run(&sides[..1], &mut twice);
    run(&sides[..1], &mut twice);
    let doubled: Vec<f32> = once.iter().map(|value| 2.0 * value).collect();
    assert!(relative_error(&twice, &doubled) < 1e-6);
}

#[test]
fn sequences_of_a_pack_do_not_see_each_other() {
    let golden = Golden::read("llama");
    let decoder = Decoder::new(&golden.policy.spec, &golden.policy.params, None);
    let sides = sides(&golden, &golden.json["dpo"]["log_probs"]);
    let together = pack(&sides);
    let together_log_probs = decoder.log_probs(&together);
    for (index, side) in sides.iter().enumerate() {
        let alone = decoder.log_probs(&pack(std::slice::from_ref(side)));
        for (alone, together) in alone
            .iter()
            .zip(&together_log_probs[together.scored(index)])
        {
            assert!((alone - together).abs() < 1e-5);
        }
    }
}

#[test]
fn a_fresh_adapter_changes_nothing_and_only_its_b_has_a_gradient() {
    let golden = Golden::read("qwen3");
    let config = LoraConfig {
        r: 2,
        alpha: 4.0,
        target_modules: [TargetModule::VProj, TargetModule::DownProj].into(),
    };
    let adapter = Adapter::init(&golden.policy.spec, config, 1).unwrap();
    let names: Vec<&str> = adapter
        .entries
        .iter()
        .take(2)
        .map(|entry| entry.name.as_str())
        .collect();
    assert_eq!(
        names[0],
        "base_model.model.model.layers.0.self_attn.v_proj.lora_A.weight"
    );
    assert_eq!(
        names[1],
        "base_model.model.model.layers.0.self_attn.v_proj.lora_B.weight"
    );

    let ids = ids(&golden.json["logits"]["input_ids"]);
    let decoder = Decoder::new(&golden.policy.spec, &golden.policy.params, Some(&adapter));
    assert_eq!(
        decoder.logits(&ids),
        Decoder::new(&golden.policy.spec, &golden.policy.params, None).logits(&ids)
    );

    let pack = Pack::new(&[Sequence {
        ids: &ids,
        scored_from: 9,
    }]);
    let mut gradient = vec![0.0; decoder.trainable_len()];
    decoder.backward(
        decoder.forward(&pack, Checkpointing::On, &mut TrainingBuffers::default()),
        &vec![1.0; pack.num_scored()],
        &mut gradient,
    );
    for entry in decoder.trainable() {
        let moves = gradient[entry.range.clone()]
            .iter()
            .any(|value| *value != 0.0);
        assert_eq!(
            moves,
            entry.name.ends_with("lora_B.weight"),
            "{}",
            entry.name
        );
    }
}

#[test]
fn an_unknown_target_module_is_refused_by_name() {
    let failure = "c_attn".parse::<TargetModule>().unwrap_err();
    assert_eq!(
        failure.to_string(),
        "no module of the model is called `c_attn`"
    );
    assert!(failure.nearest_hint().unwrap().contains("gate_proj"));
}
